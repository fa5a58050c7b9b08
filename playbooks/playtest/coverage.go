package playtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A Coverage says which places of a book's playbooks were walked by tests. The nil
// Coverage notes nothing.
type Coverage struct {
	Playbooks []*PlaybookCoverage // sorted by name
	byName    map[string]*PlaybookCoverage
}

// A PlaybookCoverage is the coverage of one playbook.
type PlaybookCoverage struct {
	Name   string
	Places []Place // by line
	byID   map[string]int
}

// A Place is something of a playbook that a test can walk.
type Place struct {
	ID     string
	File   string
	Line   int
	What   string // "answer seasonal of why", "time-out of why", …
	Reach  string // what to write into the test file to walk it
	Walked bool
}

// NewCoverage returns the coverage of a book before anything was played.
func NewCoverage(book *playbooks.Book) *Coverage {
	c := &Coverage{byName: map[string]*PlaybookCoverage{}}
	for _, p := range book.Playbooks {
		pc := placesOf(book, p)
		c.Playbooks = append(c.Playbooks, pc)
		c.byName[p.Name] = pc
	}
	slices.SortFunc(c.Playbooks, func(a, b *PlaybookCoverage) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// only returns the coverage of the named playbooks, or nil where there are none.
func (c *Coverage) only(names map[string]bool) *Coverage {
	if c == nil || len(names) == 0 {
		return nil
	}
	some := &Coverage{byName: c.byName}
	for _, p := range c.Playbooks {
		if names[p.Name] {
			some.Playbooks = append(some.Playbooks, p)
		}
	}
	return some
}

// Walked returns how many places were walked, of how many.
func (p *PlaybookCoverage) Walked() (walked, all int) {
	for _, place := range p.Places {
		if place.Walked {
			walked++
		}
	}
	return walked, len(p.Places)
}

// Percent returns the share of all places that were walked, 0 to 100; 100 where there
// are none.
func (c *Coverage) Percent() float64 {
	walked, all := 0, 0
	for _, p := range c.Playbooks {
		w, n := p.Walked()
		walked, all = walked+w, all+n
	}
	return percent(walked, all)
}

func percent(walked, all int) float64 {
	if all == 0 {
		return 100
	}
	return 100 * float64(walked) / float64(all)
}

func (c *Coverage) walk(playbook, id string) {
	if pc := c.byName[playbook]; pc != nil {
		if i, ok := pc.byID[id]; ok {
			pc.Places[i].Walked = true
		}
	}
}

// clauses notes which clauses of a condition were true and which false.
func (c *Coverage) clauses(playbook, id string, cond *rules.Condition, f *rules.Facts) {
	if cond == nil || f == nil {
		return
	}
	for i, clause := range cond.Eval(f).Clauses {
		if clause.Truth != rules.Unknown {
			c.walk(playbook, fmt.Sprintf("%s#%d/%s", id, i, clause.Truth))
		}
	}
}

// judged notes what a rule's conditions came to: those that count in its phase.
func (c *Coverage) judged(rule *rules.Rule, s rules.RuleState, f *rules.Facts) {
	if c == nil {
		return
	}
	c.clauses(rule.Playbook, "when", rule.When, f)
	if s.Phase == rules.Firing {
		c.clauses(rule.Playbook, "resolve", rule.Resolve, f)
	}
	if rule.When.Truth(f) == rules.True {
		c.clauses(rule.Playbook, "audience", rule.Audience, f)
	}
}

// advanced notes what an event of a run walked. The facts know the run's values.
func (c *Coverage) advanced(book *playbooks.Book, p *playbooks.Playbook, before, next *playbooks.Run, e playbooks.Event, f *rules.Facts) {
	if c == nil {
		return
	}
	looks := e.Kind == playbooks.Facts || e.Kind == playbooks.Begin || e.Kind == playbooks.Released
	if looks {
		for i, b := range p.StopWhen {
			c.clauses(p.Name, fmt.Sprintf("stop_when.%d", i), b.If, f)
		}
	}
	if e.Kind == playbooks.Begin {
		for i, v := range p.Variants {
			c.clauses(p.Name, "variant."+v.Name, v.If, f)
			if v.Name == next.Variant {
				c.walk(p.Name, "variant."+p.Variants[i].Name)
			}
		}
	}
	if step := book.Step(before, before.Step); looks && step != nil && step.Wait != nil {
		c.clauses(p.Name, step.ID+".until", step.Wait.Until, f)
	}
	c.filled(book, before, next, e, f)
	for i := len(before.Visits); i < len(next.Visits); i++ {
		c.entered(book, p, next, &next.Visits[i], f)
	}
	for _, entry := range next.Log[min(len(before.Log), len(next.Log)):] {
		switch entry.What {
		case "log.escalated":
			id := entry.Step + ".escalate"
			if h := before.Handoff; h != nil && before.Step == entry.Step {
				if v := before.Current(); v != nil && v.Kind == playbooks.HandoffStep {
					id = entry.Step + ".fill.late"
					if h.State == playbooks.HandoffSent {
						id = entry.Step + ".accept.late"
					}
				}
			}
			c.walk(p.Name, id)
		case "log.told":
			c.walk(p.Name, fmt.Sprintf("outcome.%v.escalate", entry.Args["outcome"]))
		case "log.stop_when":
			c.walk(p.Name, "stop_when")
		case "log.not_approved":
			c.walk(p.Name, entry.Step+".approve.late")
		}
	}
}

// filled notes what decided which fields of a handoff are asked, where it was filled in.
func (c *Coverage) filled(book *playbooks.Book, before, next *playbooks.Run, e playbooks.Event, f *rules.Facts) {
	h := next.Handoff
	if h == nil || before.Handoff != nil && e.Kind != playbooks.Submitted && e.Kind != playbooks.Replied {
		return
	}
	step := book.Step(next, next.Step)
	if step == nil || step.Kind != playbooks.HandoffStep {
		return
	}
	book.Forms[h.Kind].Judge(f, next.Subject, h.Fields, func(field *playbooks.Field, _ bool) {
		c.clauses(next.Playbook, step.ID+".form."+field.ID, field.If, f)
	})
	f.ForContract(next.Subject)
}

// entered notes a step's entry, and which way a branch went.
func (c *Coverage) entered(book *playbooks.Book, p *playbooks.Playbook, run *playbooks.Run, v *playbooks.Visit, f *rules.Facts) {
	c.walk(p.Name, v.Step)
	step := book.Step(run, v.Step)
	if step == nil {
		return
	}
	if step.Wait != nil {
		c.clauses(p.Name, step.ID+".until", step.Wait.Until, f)
	}
	if v.Kind != playbooks.BranchStep {
		return
	}
	unknown, taken := false, ""
	for i, b := range step.Branch {
		if b.If == nil {
			if taken == "" {
				taken = "else"
				if unknown {
					taken = "unknown"
				}
			}
			continue
		}
		c.clauses(p.Name, fmt.Sprintf("%s.branch.%d", step.ID, i), b.If, f)
		switch b.If.Truth(f) {
		case rules.True:
			if !unknown && taken == "" {
				taken = fmt.Sprint(i)
			}
		case rules.Unknown:
			unknown = true
		}
	}
	c.walk(p.Name, step.ID+".branch."+taken)
}

// visited notes how the visits of a run ended.
func (c *Coverage) visited(book *playbooks.Book, run *playbooks.Run) {
	for i := range run.Visits {
		v := &run.Visits[i]
		if v.Undone || v.Answer == "" {
			continue
		}
		switch {
		case v.Answer == "timeout", v.Kind == playbooks.WebhookStep && v.Answer == "failed":
			c.walk(run.Playbook, v.Step+".otherwise")
		case v.Kind == playbooks.AskStep:
			c.walk(run.Playbook, v.Step+".answers."+v.Answer)
		default:
			c.walk(run.Playbook, v.Step+"."+v.Answer) // done, waited, met, accepted, …
		}
		if v.Approval == "approved" || v.Approval == "refused" {
			c.walk(run.Playbook, v.Step+"."+v.Approval)
		}
	}
	if h := run.Handoff; h != nil {
		for i := range run.Visits {
			if v := &run.Visits[i]; v.Kind == playbooks.HandoffStep && len(h.Questions) > 0 {
				c.walk(run.Playbook, v.Step+".asked_back")
			}
		}
	}
}

// probe returns facts of nothing, by which a condition lists its clauses.
func probe(book *playbooks.Book) *rules.Facts {
	return book.Rules.Facts(&rules.Account{}, nil, time.Unix(0, 0))
}
