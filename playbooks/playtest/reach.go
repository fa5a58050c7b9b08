package playtest

import (
	"fmt"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// reach says what to write into the playbook's test file to walk a place: an example, with
// times to be put right.
func reach(book *playbooks.Book, p *playbooks.Playbook, place *Place) string {
	id, rest, _ := strings.Cut(place.ID, ".")
	if cond, clause, ok := strings.Cut(place.ID, "#"); ok {
		_, truth, _ := strings.Cut(clause, "/")
		return clauseReach(p, cond, truth, place)
	}
	switch id {
	case "stop_when":
		return "a test in which it becomes true while the play is open, by series or do: [{at: +5d 10:00, set: {…}}], and expect: [{at: +5d 10:01, outcome: …}]"
	case "variant":
		return fmt.Sprintf("a test with an account that fits it: accounts: {NAME: {…}} so that %s, and expect: [{at: +0d 09:00, step: …}]", variantIf(p, rest))
	case "outcome":
		name, _, _ := strings.Cut(rest, ".")
		return fmt.Sprintf("a test that ends so: expect: [{at: +30d 09:00, outcome: %s, messages: [{to: …, what: told}]}]", name)
	}
	s := stepOf(p, id)
	if s == nil {
		return ""
	}
	if rest == "branch.unknown" {
		return unknownReach(book, s)
	}
	return stepReach(s, rest)
}

// clauseReach is reach for a clause being true or false.
func clauseReach(p *playbooks.Playbook, cond, truth string, place *Place) string {
	source := strings.TrimSuffix(place.What, ", "+truth)
	_, source, _ = strings.Cut(source, ": ")
	where := "a test with accounts and series by which"
	switch {
	case cond == "when":
		where = "a test with accounts and series by which, on some day,"
	case cond == "audience":
		where = "a test in which the rule holds (when), and by accounts or series"
	case cond == "resolve":
		where = "a test in which a play is open, and by series or {at: …, signal: …, value: …}"
	case strings.Contains(cond, ".form."):
		where = "a test in which the handoff is filled in (fields: {…}), or the account such, that"
	case strings.HasPrefix(cond, "stop_when"):
		where = "a test in which, while a play is open,"
	case !strings.HasPrefix(cond, "variant"):
		step, _, _ := strings.Cut(cond, ".")
		where = fmt.Sprintf("a test in which, when the play is at %s,", step)
	}
	return fmt.Sprintf("%s %s is %s", where, source, truth)
}

// stepReach is reach for something of a step.
func stepReach(s *playbooks.Step, what string) string {
	after := func(d rules.Period) string {
		days := d.Days
		if d.WorkingDays > 0 {
			days = d.WorkingDays*7/5 + 2
		}
		return fmt.Sprintf("+%dd 09:00", max(days, 1))
	}
	answer, isAnswer := strings.CutPrefix(what, "answers.")
	switch {
	case isAnswer && s.Ask != nil:
		return fmt.Sprintf("do: [{at: +1d 10:00, answer: %s%s}], at a time when the play is at %s", answer, with(s.Ask, answer), s.ID)
	case what == "done":
		return fmt.Sprintf("do: [{at: +1d 10:00, click: done}], at a time when the play is at %s", s.ID)
	case what == "otherwise" && s.Webhook != nil:
		return "a test in which the other system does not take the call, and expect: [{at: +1d 10:00, step: …}]"
	case what == "otherwise":
		return fmt.Sprintf("do nothing at %s for %s, and expect: [{at: %s, %s}]", s.ID, s.Otherwise.After, after(s.Otherwise.After), leads(s.Otherwise.Then))
	case what == "escalate":
		return fmt.Sprintf("do nothing at %s for %s, and expect: [{at: %s, escalated: …}]", s.ID, s.Escalate.After, after(s.Escalate.After))
	case what == "approved":
		return fmt.Sprintf("do: [{at: +1d 10:00, click: done}, {at: +1d 11:00, click: approve, by: …}], at a time when the play is at %s", s.ID)
	case what == "refused":
		return fmt.Sprintf("do: [{at: +1d 10:00, click: done}, {at: +1d 11:00, click: refuse, by: …, reason: Not yet}], at a time when the play is at %s", s.ID)
	case what == "approve.late":
		return fmt.Sprintf("do: [{at: +1d 10:00, click: done}] at %s, nothing for %s, and expect: [{at: %s, step: …}]", s.ID, s.Approve.Within, after(s.Approve.Within))
	case what == "met":
		return fmt.Sprintf("series by which %s becomes true while the play waits at %s", s.Wait.Until, s.ID)
	case what == "waited":
		return fmt.Sprintf("a test that goes on past the wait at %s: expect: [{at: +30d 09:00, …}]", s.ID)
	case what == "branch.else":
		return fmt.Sprintf("a test in which none of the conditions of %s holds when the play comes there", s.ID)
	case strings.HasPrefix(what, "branch."):
		return fmt.Sprintf("accounts and series by which that holds when the play comes to %s, and nothing written before it does", s.ID)
	case s.Kind == playbooks.HandoffStep:
		return handoffReach(what)
	}
	return fmt.Sprintf("a test that comes to %s", s.ID)
}

// stopped is for how many days a feed must have been silent, at least, that a test calls
// stopped: longer than the 48 hours and the weekend of a signal that says nothing of it.
const stopped = 14

// unknownReach is reach for a branch whose conditions cannot be judged. How long a feed must
// be silent for that is what its signal says (fresh), and a day more.
func unknownReach(book *playbooks.Book, s *playbooks.Step) string {
	days, of := stopped, ""
	for _, b := range s.Branch {
		if b.If == nil {
			continue
		}
		for _, name := range b.If.Signals() {
			if def := book.Signal(name); def != nil && def.Fresh > 0 {
				if silent := int((def.Fresh+24*time.Hour-1)/(24*time.Hour)) + 1; silent > days {
					days, of = silent, name
				}
			}
		}
	}
	text := fmt.Sprintf("a test in which the data that %s reads are missing when the play comes there: a series that ends in _x%d, which is a feed that has stopped", s.ID, days)
	if of != "" {
		text += fmt.Sprintf("; %s counts as stopped only after %d days of silence (fresh in signals.yaml), so where the play is past %s by then, no test can come to it", of, days-1, s.ID)
	}
	return text
}

// handoffReach is reach for what can happen to a handoff.
func handoffReach(what string) string {
	switch what {
	case "accepted":
		return "do: [{at: +1d 10:00, click: accept, by: …}], once the form was sent (click: submit)"
	case "declined":
		return "do: [{at: +1d 10:00, click: decline, by: …, reason: …}], once the form was sent (click: submit)"
	case "withdrawn":
		return "do: [{at: +1d 10:00, click: withdraw, by: …, reason: They changed their mind}]"
	case "asked_back":
		return "do: [{at: +1d 10:00, click: ask_back, text: Who is the champion?}], once the form was sent (click: submit)"
	case "fill.late":
		return "send nothing (no click: submit), and expect: [{at: +5d 09:00, escalated: …}]"
	}
	return "send the form (click: submit), do nothing more, and expect: [{at: +5d 09:00, escalated: …}]"
}

// with is what an answer's modal asks for, filled in.
func with(ask *playbooks.Ask, answer string) string {
	examples := map[string]string{"date": "2027-05-01", "amount": "100", "person": "ID", "reason": "A reason", "text": "A few words"}
	for i := range ask.Answers {
		a := &ask.Answers[i]
		if a.ID != answer || len(a.Collect) == 0 {
			continue
		}
		var values []string
		for _, c := range a.Collect {
			values = append(values, c.Name+": "+examples[c.Kind])
		}
		return ", with: {" + strings.Join(values, ", ") + "}"
	}
	return ""
}

// leads is what to expect where a target leads.
func leads(t playbooks.Target) string {
	switch {
	case t.Outcome != "":
		return "outcome: " + t.Outcome
	case t.Step != "":
		return "step: " + t.Step
	}
	return "step: …"
}

func variantIf(p *playbooks.Playbook, name string) string {
	for i := range p.Variants {
		if v := &p.Variants[i]; v.Name == name && v.If != nil {
			return v.If.String()
		}
	}
	return "no other variant fits"
}

func stepOf(p *playbooks.Playbook, id string) *playbooks.Step {
	for _, s := range stepsOf(p) {
		if s.ID == id {
			return s
		}
	}
	return nil
}
