package backtest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// deliver lets prompts come when the live bot would hand them over: what comes for a
// person at one time is one message, and questions over their daily budget wait for
// the next working day, but for those of high severity. It returns every person's
// postbox.
func deliver(team *playbooks.Team, episodes []Episode) map[string]postbox {
	boxes := map[string]postbox{}
	by := map[string][]*Episode{}
	for i := range episodes {
		if e := &episodes[i]; e.prompt() {
			by[e.Person] = append(by[e.Person], e)
		}
	}
	for person, all := range by {
		slices.SortStableFunc(all, func(a, b *Episode) int {
			return cmp.Or(a.Prompted.Compare(b.Prompted), strings.Compare(a.Account, b.Account), strings.Compare(RuleName(a), RuleName(b)))
		})
		p := postbox{calendar: team.Calendar(person), budget: budgetOf(team, person)}
		p.pass(all)
		boxes[person] = p
	}
	return boxes
}

// budgetOf returns how many new questions a day a person is given.
func budgetOf(team *playbooks.Team, person string) int {
	if p := team.Person(person); p != nil && p.Budget > 0 {
		return p.Budget
	}
	return usualBudget
}

// A postbox holds what waits for a person.
type postbox struct {
	calendar playbooks.Calendar
	budget   int

	queue []*Episode
	day   rules.Date // that given is of
	given int        // questions that count against the budget
	due   time.Time  // when the queue is looked at again; zero where it is empty

	messages int        // handed over
	over     int        // days on which the budget was not enough
	overAt   rules.Date // the last of them
}

// pass lets all prompts, which are in order of time, come in and be handed over.
func (p *postbox) pass(all []*Episode) {
	for len(all) > 0 || len(p.queue) > 0 {
		now := p.due
		if len(all) > 0 && (now.IsZero() || !now.Before(all[0].Prompted)) {
			now = all[0].Prompted
		}
		for len(all) > 0 && !all[0].Prompted.After(now) {
			p.queue, all = append(p.queue, all[0]), all[1:]
		}
		if p.hand(now) {
			p.messages++
		}
	}
}

// hand hands over what the budget allows, high severity first.
func (p *postbox) hand(now time.Time) (some bool) {
	if day := p.calendar.Day(now); day != p.day {
		p.day, p.given = day, 0
	}
	slices.SortStableFunc(p.queue, func(a, b *Episode) int { return weight(b) - weight(a) })
	var later []*Episode
	for _, e := range p.queue {
		if e.budgeted() {
			if p.given >= p.budget {
				later = append(later, e)
				continue
			}
			p.given++
		}
		some = true
		if !e.Prompted.Equal(now) {
			e.Prompted, e.Late = now, true
		}
	}
	p.queue, p.due = later, time.Time{}
	if len(later) > 0 {
		if p.overAt != p.day {
			p.over, p.overAt = p.over+1, p.day
		}
		_, end := p.calendar.Open(p.day)
		if p.due = p.calendar.NextWorking(end); !p.due.After(now) { // somebody who never works is not kept waiting
			p.due = now.Add(24 * time.Hour)
		}
	}
	return some
}

// budgeted reports whether a prompt is one of the new things that a daily budget bounds.
func (e *Episode) budgeted() bool {
	return e.Asks == playbooks.NudgeQuestion && e.Severity != string(playbooks.High)
}

func weight(e *Episode) int {
	switch playbooks.Severity(e.Severity) {
	case playbooks.High:
		return 2
	case playbooks.Medium:
		return 1
	}
	return 0
}
