package backtest

import (
	"fmt"
	"strings"

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
	f := p.account.Facts
	f.Reset(&p.account.Data, &p.account.History, e.Fired)
	f.SetFeed(p.world.Feed)
	f.ForContract(e.Subject)
	when := rule.When.Eval(f)
	audience := rules.Verdict{Truth: rules.True}
	if rule.Audience != nil {
		audience = rule.Audience.Eval(f)
	}
	switch {
	case when.Truth == rules.False:
		return clauses(WhyFalse, "", rules.False, when)
	case audience.Truth == rules.False:
		return clauses(WhyAudience, "outside the audience: ", rules.False, audience)
	case when.Truth == rules.Unknown:
		return &Why{WhyUnknown, strings.Join(when.Missing, "; "), values(when.Clauses)}
	case audience.Truth == rules.Unknown:
		return &Why{WhyUnknown, "the audience cannot be told: " + strings.Join(audience.Missing, "; "), values(audience.Clauses)}
	}
	since := rules.DateOf(stand.State.HeldSince.In(p.zone))
	switch d := stand.Decision; {
	case d.Outcome == rules.Waits:
		return &Why{WhyPending, fmt.Sprintf("it has held since %s, and must for %s", since, rule.For), values(when.Clauses)}
	case d.Outcome == rules.Suppressed:
		return &Why{WhySuppressed, strings.TrimSpace(strings.ReplaceAll(string(d.Reason), "_", " ") + " " + d.Detail), values(when.Clauses)}
	}
	return &Why{WhyRunning, fmt.Sprintf("it had fired already: its condition has held since %s", since), values(when.Clauses)}
}

// clauses names those that are to blame for a condition's truth, with what they read.
func clauses(kind, before string, truth rules.Truth, v rules.Verdict) *Why {
	w := &Why{Kind: kind, Values: values(v.Clauses)}
	var to []string
	for _, c := range w.Values {
		if c.Truth == truth {
			text := c.Clause + " does not hold"
			if c.Read != "" {
				text += ": " + c.Read
			}
			to = append(to, text)
		}
	}
	if len(to) == 0 { // a negation: every clause has its part
		for _, c := range w.Values {
			to = append(to, fmt.Sprintf("%s is %s", c.Clause, c.Truth))
		}
	}
	w.Text = before + strings.Join(to, "; ")
	return w
}
