package playbooks

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// approve reads who must agree.
func (p *draftPlaybook) approve(n ast.Node) *Approve {
	a := &Approve{Within: defaultWithin}
	p.object(n, "approve",
		field{"by", required, func(n ast.Node) { a.By = p.word(n, "by") }},
		field{"within", optional, func(n ast.Node) { a.Within = p.period(n, "within") }},
		field{"refused", optional, func(n ast.Node) { a.Denied = p.target(n) }},
	)
	if a.Denied == (Target{}) {
		a.Denied = Target{Outcome: Unanswered}
	}
	return a
}

// repeat reads how often a step comes again, and how often near the deadline.
func (p *draftPlaybook) repeat(n ast.Node) *Repeat {
	r := &Repeat{}
	p.object(n, "repeat",
		field{"every", required, func(n ast.Node) { r.Every = p.period(n, "every") }},
		field{"last", optional, func(n ast.Node) {
			p.entries(n, "last", func(key string, k, v ast.Node) {
				last, err := rules.ParsePeriod(key)
				if err != nil || last.IsZero() || !r.Last.IsZero() {
					p.fail(k, "write one line: {5wd: 1wd}", "%q is no length of time before the deadline", key)
				}
				r.Last, r.LastEvery = last, p.period(v, "last")
			})
			if p.nodes.deadline == nil {
				p.fail(n, "add `deadline: contract.end` to the playbook", "last counts back from a deadline, and the playbook has none")
			}
		}},
	)
	return r
}

// escalate reads who is asked for help; `never` switches the team's default off.
func (p *draftPlaybook) escalate(s *draftStep, n ast.Node) {
	if word, flat := scalar(n); flat && word == "never" {
		s.noEscalate = true
		return
	}
	e := &Escalate{}
	p.object(n, "escalate",
		field{"after", required, func(n ast.Node) { e.After = p.period(n, "after") }},
		field{"to", required, func(n ast.Node) { e.To = p.word(n, "to") }},
	)
	s.Escalate = e
}

// otherwise reads where the run goes when nobody answers.
func (p *draftPlaybook) otherwise(n ast.Node) *Otherwise {
	o := &Otherwise{}
	p.object(n, "otherwise",
		field{"after", required, func(n ast.Node) { o.After = p.period(n, "after") }},
		field{"then", required, func(n ast.Node) { o.Then = p.target(n) }},
	)
	return o
}

// settleSilence fills in what happens when nobody answers, from the team's defaults
// and the format's, and reports what would never come about.
func (p *draftPlaybook) settleSilence(s *draftStep) {
	if s.Kind == WebhookStep && s.Otherwise == nil {
		p.hint(s.node, "say it: otherwise: {after: 1h, then: …}", "if %s cannot be reached, the play goes on without it after %s", s.Webhook.Name, inWords(defaultCalling))
	}
	if s.Kind != AskStep && s.Kind != TaskStep && s.Kind != HandoffStep {
		return
	}
	team := p.book.Team
	if s.Otherwise == nil {
		s.Otherwise = &Otherwise{After: defaultOtherwise, Then: Target{Outcome: Unanswered}}
		if s.Task != nil {
			s.Otherwise.After.Days, s.Otherwise.After.Minutes = s.Task.Due.Days, s.Task.Due.Minutes
			s.Otherwise.After.WorkingDays += s.Task.Due.WorkingDays
		}
		if s.ID != "" { // else the name is what is missing
			p.hint(s.node, "say it: otherwise: {after: "+strconv.Itoa(s.Otherwise.After.WorkingDays)+"wd, then: =unanswered}",
				"nobody answers %s: after %s the play ends as unanswered", s.ID, inWords(s.Otherwise.After))
		}
	}
	if s.Handoff != "" {
		return // its form says when reminders are due, and whose turn it is
	}
	end := roughly(s.Otherwise.After)
	if s.Otherwise.After.IsZero() { // it cannot be read, which is told
		end = roughly(Delay{Days: 10_000})
	}
	if !s.hasRemind {
		s.Remind = team.Reminders[p.Severity]
	} else if k := len(s.Remind) - 1; k >= 0 && roughly(s.Remind[k]) >= end {
		p.warn(s.written["remind"], "remind earlier, or let it end later", "the reminder after %s never comes: after %s the play goes on without an answer", s.Remind[k], inWords(s.Otherwise.After))
	}
	if s.Escalate == nil && !s.noEscalate {
		s.Escalate = team.Escalations[p.Severity]
	}
	if s.Task == nil || s.written["otherwise"] == nil || roughly(s.Task.Due) <= end {
		p.checkHelp(s)
	} else {
		p.warn(s.written["otherwise"], "let it end after the due date", "the play goes on after %s, before the task is due (%s)", inWords(s.Otherwise.After), s.Task.Due)
	}
}

// checkHelp warns of somebody who is asked for help when the play goes on already, or in
// the same minute: what they could do has no time left.
func (p *draftPlaybook) checkHelp(s *draftStep) {
	if s.Escalate == nil || s.Escalate.After.IsZero() || s.Otherwise.After.IsZero() || s.Repeat != nil && p.nodes.deadline != nil {
		return // none is, one cannot be read, which is told, or it goes on no earlier than the deadline
	}
	var due Delay
	if s.Task != nil {
		due = s.Task.Due
	}
	asks, goesOn := pastDue(s.Escalate.After, due), pastDue(s.Otherwise.After, due)
	if roughly(asks) < roughly(goesOn) {
		return
	}
	at, mend, ofTeam := s.written["escalate"], "escalate earlier, or let it end later", ""
	if at == nil {
		at, mend = s.written["otherwise"], mend+", or write escalate: never"
		ofTeam = " (the team's default is " + inWords(s.Escalate.After)
		if !due.IsZero() {
			ofTeam += ", and the task is due after " + inWords(due)
		}
		ofTeam += ")"
	}
	if roughly(asks) == roughly(goesOn) {
		p.warn(at, mend, "help is asked for after %s%s, and in the same minute the play goes on without an answer", inWords(asks), ofTeam)
		return
	}
	p.warn(at, mend, "help is never asked for after %s%s: after %s the play goes on without an answer", inWords(asks), ofTeam, inWords(goesOn))
}

// pastDue returns how long after the delivery a period is over that counts from there, or
// from when a task is due where it would be over by then.
func pastDue(after, due Delay) Delay {
	if roughly(after) > roughly(due) {
		return after
	}
	return Delay{Minutes: after.Minutes + due.Minutes, Days: after.Days + due.Days, WorkingDays: after.WorkingDays + due.WorkingDays}
}

// inWords writes a length of time that may have calendar and working days.
func inWords(p Delay) string {
	var parts []string
	if p.Minutes != 0 {
		parts = append(parts, Delay{Minutes: p.Minutes}.String())
	}
	if p.Days != 0 {
		parts = append(parts, Delay{Days: p.Days}.String())
	}
	if p.WorkingDays != 0 {
		parts = append(parts, Delay{WorkingDays: p.WorkingDays}.String())
	}
	return strings.Join(parts, " and ")
}
