package playbooks

import (
	"strings"
)

// Check says why an event changes nothing: a *Refusal with a code of the words
// catalogue, or nil where Advance will act on it. People are answered with it;
// for the clock and the rules it only says that the event is out of date.
func (p *Playbook) Check(run Run, ev Event, env Env) error {
	c := &advance{playbook: p, run: &run, event: ev, env: env, now: ev.At.UTC()}
	if r := c.refusal(); r != nil {
		return r
	}
	return nil
}

// refusal is Check's answer.
func (a *advance) refusal() *Refusal {
	r, ev := a.run, a.event
	begun := r.Version > 0
	switch {
	case ev.Kind == Begin && begun, ev.Kind != Begin && !begun:
		return refuse(RefusedNotCurrent)
	case !r.Open():
		return refuse(RefusedEnded, "outcome", r.Outcome)
	case ev.Kind == Undone:
		return a.refuseUndo()
	case ev.Kind == Answered && a.second():
		return a.refuseSecond()
	case r.Ending() && (a.byPerson() || ev.Kind == Joined || ev.Kind == HeldBack || ev.Kind == Delivered):
		return refuse(RefusedEnded, "outcome", r.Outcome)
	}
	switch ev.Kind {
	case Begin, Tick, Facts, LateData, StoppedRun:
		return nil
	case RuleEnded:
		return when(r.Moot, RefusedNotCurrent)
	case Noted:
		return when(strings.TrimSpace(ev.Text) == "", RefusedText)
	case Joined:
		for _, e := range r.Evidence {
			if e.Run == ev.Other && e.Playbook == ev.Playbook {
				return refuse(RefusedNotCurrent)
			}
		}
		return nil
	case HeldBack:
		v := r.Current()
		asks := v != nil && (v.Kind == AskStep || v.Kind == TaskStep)
		return when(r.Held == ev.Other || !asks || !v.Delivered.IsZero() || v.Approval != "" || !r.SnoozedUntil.IsZero(), RefusedNotCurrent)
	case HandedOn:
		return a.refuseHandedOn()
	case Released:
		return when(r.Held == "", RefusedNotCurrent)
	case Called, CallFailed:
		v := r.Current()
		return when(v == nil || v.N != ev.Visit || v.Kind != WebhookStep || a.step() == nil, RefusedNotCurrent)
	}
	return a.refuseAtStep()
}

func when(wrong bool, code string) *Refusal {
	if wrong {
		return refuse(code)
	}
	return nil
}

func (a *advance) refuseUndo() *Refusal {
	u := a.run.Undo
	switch {
	case u == nil || a.now.After(u.Until):
		return refuse(RefusedUndoOver)
	case u.By != a.event.By:
		return refuse(RefusedUndoOther, "person", u.By)
	}
	return nil
}

// refuseAtStep judges what means one visit: it must be the current one, and its
// step must take it.
func (a *advance) refuseAtStep() *Refusal {
	r, ev, v := a.run, a.event, a.run.Current()
	if v == nil || ev.Visit != v.N {
		return a.overtaken(v)
	}
	step := a.step()
	if step == nil {
		return refuse(RefusedNotCurrent)
	}
	if ev.Kind == Delivered {
		who := firstOf(ev.Person, ev.By)
		return when(!v.Delivered.IsZero() || r.Held != "" || v.Kind == WaitStep || v.Approval == "asked" ||
			!r.SnoozedUntil.IsZero() || who != "" && who != v.Assignee, RefusedNotCurrent)
	}
	if r.Held != "" && ev.Kind != Reassigned {
		return refuse(RefusedHeld)
	}
	if v.Approval == "asked" && ev.Kind != Approved && ev.Kind != Refused {
		return refuse(RefusedApproval, "person", v.Approver)
	}
	return a.refuseKind(v, step)
}

// overtaken says what became of the visit that the event means.
func (a *advance) overtaken(current *Visit) *Refusal {
	if n := a.event.Visit; n >= 0 && n < len(a.run.Visits) {
		if v := &a.run.Visits[n]; v.By != "" && !v.Undone {
			if decided := v.Approval == "approved" || v.Approval == "refused"; decided && (a.event.Kind == Approved || a.event.Kind == Refused) {
				return refuse(RefusedAnswered, "person", v.Approver, "answer", v.Approval, "step", v.Step)
			}
			return refuse(RefusedAnswered, "person", v.By, "answer", v.Answer, "step", v.Step)
		}
	}
	if current == nil && a.run.Held != "" {
		return refuse(RefusedHeld)
	}
	return refuse(RefusedNotCurrent)
}

// refuseKind judges whether the current step takes what the person did.
func (a *advance) refuseKind(v *Visit, step *Step) *Refusal {
	ev := a.event
	asked := v.Kind == AskStep || v.Kind == TaskStep
	switch ev.Kind {
	case Answered:
		if v.Kind != AskStep {
			return refuse(RefusedWrongStep)
		}
		choice := step.Ask.Answer(ev.Answer)
		if choice == nil {
			return refuse(RefusedAnswer, "answer", ev.Answer)
		}
		_, r := a.collected(choice)
		return r
	case Done:
		return when(v.Kind != TaskStep, RefusedWrongStep)
	case Checked:
		return when(v.Kind != TaskStep || len(step.Task.Checklist) == 0, RefusedWrongStep)
	case Taken:
		if a.run.TakenBy == ev.By && ev.By != "" {
			return refuse(RefusedSamePerson, "person", ev.By)
		}
		return when(!asked || ev.By == "", RefusedWrongStep)
	case SnoozedRun:
		if !asked {
			return refuse(RefusedWrongStep)
		}
		return ahead(a.calendar(v.Assignee), a.now, ev.Until)
	case Dismissed:
		return a.refuseDismissal(v)
	case Reassigned:
		return a.refusePerson(v)
	case Moved:
		if !asked && v.Kind != HandoffStep {
			return refuse(RefusedWrongStep)
		}
		return ahead(a.calendar(v.Assignee), a.now, ev.Until)
	case Approved, Refused:
		return a.refuseApproval(v)
	case Submitted, Accepted, AskedBack, Replied, Declined, Withdrawn:
		return a.refuseHandoff(v)
	}
	return refuse(RefusedWrongStep)
}

// DismissReasons are the reasons for "not a problem"; other needs a word.
var DismissReasons = [...]string{"seasonal", "known", "wrong_data", "other"}

func (a *advance) refuseDismissal(v *Visit) *Refusal {
	if v.Kind == HandoffStep {
		return refuse(RefusedWrongStep)
	}
	for _, reason := range DismissReasons {
		if a.event.Reason == reason {
			return when(reason == "other" && strings.TrimSpace(a.event.Text) == "", RefusedText)
		}
	}
	return refuse(RefusedReason)
}

func (a *advance) refusePerson(v *Visit) *Refusal {
	p := a.env.Team.Person(a.event.Person)
	switch {
	case p == nil:
		return refuse(RefusedPerson, "person", a.event.Person)
	case p.ID == v.Assignee:
		return refuse(RefusedSamePerson, "person", p.ID)
	}
	return nil
}

func (a *advance) refuseApproval(v *Visit) *Refusal {
	if v.Approval != "asked" {
		return refuse(RefusedWrongStep)
	}
	if by := a.event.By; by == v.Approver || a.resolve("manager", v.By) == by && by != "" {
		return nil
	}
	return refuse(RefusedNotAllowed, "person", v.Approver)
}

// refuseHandoff judges what may be done to a handoff as it stands.
func (a *advance) refuseHandoff(v *Visit) *Refusal {
	h := a.run.Handoff
	if v.Kind != HandoffStep || h == nil {
		return refuse(RefusedWrongStep)
	}
	if !h.Decided.IsZero() {
		return refuse(RefusedHandoffClosed, "state", string(h.State))
	}
	said := strings.TrimSpace(a.event.Text) != ""
	var turn bool
	switch a.event.Kind {
	case Submitted:
		turn = h.State != HandoffSent || a.event.By == h.Sales // a deal that has changed is sent anew
	case AskedBack:
		if !said && len(a.event.Marked) == 0 {
			return refuse(RefusedText)
		}
		turn = h.State != HandoffDraft
	case Replied:
		if !said && len(a.event.Fields) == 0 {
			return refuse(RefusedText)
		}
		turn = h.State == HandoffAskedBack
	case Accepted:
		if a.event.By == h.Sales && h.Accepter != h.Sales { // whoever hands over does not also take over
			return refuse(RefusedHandoffTurn, "person", h.Accepter)
		}
		turn = h.State != HandoffDraft
	case Declined:
		if !said && a.event.Reason == "" {
			return refuse(RefusedReason)
		}
		turn = h.State != HandoffDraft
	case Withdrawn:
		turn = true
	}
	if !turn {
		return refuse(RefusedHandoffTurn, "person", h.Turn)
	}
	return nil
}

// second reports whether an answer comes after another one to the same visit, from
// one of the two people who may answer.
func (a *advance) second() bool {
	n, r := a.event.Visit, a.run
	if r.Also == "" || n < 0 || n >= len(r.Visits) {
		return false
	}
	v := &r.Visits[n]
	by := a.event.By
	return v.Kind == AskStep && v.By != "" && !v.Undone && by != v.By && (by == r.Also || by == v.Assignee)
}

func (a *advance) refuseSecond() *Refusal {
	v := &a.run.Visits[a.event.Visit]
	step := a.playbook.step(a.env.Book, a.run.Variant, v.Step)
	if step == nil || step.Ask == nil || step.Ask.Answer(a.event.Answer) == nil {
		return refuse(RefusedAnswer, "answer", a.event.Answer)
	}
	if _, ok := v.Others[a.event.By]; ok {
		return refuse(RefusedAnswered, "person", a.event.By, "answer", v.Others[a.event.By].Answer, "step", v.Step)
	}
	_, r := a.collected(step.Ask.Answer(a.event.Answer))
	return r
}
