package backtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// why says why the player's book did not fire when the other's episode began, as its
// rules see the account at that time.
func (p *player) why(e *Episode) *Why {
	rule := p.world.Book.Rules.Rule(e.Playbook)
	stand := p.world.Standing(p.account, e.Playbook, e.Subject)
	if rule == nil || stand == nil {
		return &Why{Kind: WhyAbsent, Text: fmt.Sprintf("there is no playbook %s", e.Playbook)}
	}
	defer func(now time.Time) { p.world.Now = now }(p.world.Now)
	p.world.Now = e.Fired
	f := p.account.Facts
	f.Reset(&p.account.Data, &p.account.History, e.Fired)
	p.world.SetFeeds(f)
	f.ForContract(e.Subject)
	when := rule.When.Eval(f)
	audience := rules.Verdict{Truth: rules.True}
	if rule.Audience != nil {
		audience = rule.Audience.Eval(f)
	}
	switch {
	case when.Truth == rules.False:
		return clauses(WhyFalse, "", when, e.Values)
	case audience.Truth == rules.False:
		return clauses(WhyAudience, "outside the audience: ", audience, nil)
	case when.Truth == rules.Unknown:
		return &Why{WhyUnknown, strings.Join(when.Missing, "; "), values(when.Clauses)}
	case audience.Truth == rules.Unknown:
		return &Why{WhyUnknown, "the audience cannot be told: " + strings.Join(audience.Missing, "; "), values(audience.Clauses)}
	}
	since := rules.DateOf(stand.State.HeldSince.In(p.zone))
	switch d := stand.Decision; {
	case d.Outcome == rules.Waits:
		return &Why{WhyPending, fmt.Sprintf("its condition holds since %s, and must for %s", since, rule.For), values(when.Clauses)}
	case d.Outcome == rules.Suppressed:
		return &Why{WhySuppressed, suppressed(d), values(when.Clauses)}
	}
	return &Why{WhyRunning, fmt.Sprintf("it had fired already: its condition has held since %s", since), values(when.Clauses)}
}

// suppressed writes what held a rule back, and until when.
func suppressed(d rules.Decision) string {
	text := strings.ReplaceAll(string(d.Reason), "_", " ")
	switch {
	case d.Detail == "":
		return text
	case d.Reason == rules.Inhibited:
		return text + " by " + d.Detail
	}
	return text + " until " + d.Detail
}

// clauses names those that are to blame for a condition that does not hold, with what
// they read. A clause that stands in the other book too, and came to the same there, is
// no reason for the difference.
func clauses(kind, before string, v rules.Verdict, there []Value) *Why {
	w := &Why{Kind: kind, Values: values(v.Clauses)}
	shared := func(c Value) bool {
		return slices.ContainsFunc(there, func(o Value) bool { return o.Clause == c.Clause && o.Truth == c.Truth })
	}
	var to, all []string
	for _, c := range w.Values {
		if c.Truth != rules.False {
			continue
		}
		text := c.Clause + " does not hold"
		if c.Read != "" {
			text += ": " + c.Read
		}
		all = append(all, text)
		if !shared(c) {
			to = append(to, text)
		}
	}
	if len(to) == 0 {
		to = all
	}
	if len(to) == 0 { // a negation: every clause has its part
		for _, c := range w.Values {
			to = append(to, fmt.Sprintf("%s is %s", c.Clause, c.Truth))
		}
	}
	w.Text = before + strings.Join(to, "; ")
	return w
}
