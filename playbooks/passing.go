package playbooks

import (
	"encoding/json"
	"time"

	"playcaller/rules"
)

// Passed returns what a PassOn effect of one run means for another open run of the
// account: whoever took over has from now on what was Args["from"]'s. ok is false for a
// run in which that person has nothing, and for the one of the effect itself.
func (e *Effect) Passed(other *Run, by string, now time.Time) (ev Event, ok bool) {
	from, _ := e.Args["from"].(string)
	if !other.Open() || other.ID == by || !other.involves(from) {
		return Event{}, false
	}
	return Event{Kind: HandedOn, At: now, By: e.Person, Run: other.ID, From: from, Person: e.Person}, true
}

// involves reports whether the run asks a person, or will: it is their play, or it waits
// for them.
func (r *Run) involves(who string) bool {
	if who == "" {
		return false
	}
	v, h := r.Current(), r.Handoff
	return r.Assignee == who || r.Also == who || v != nil && (v.Assignee == who || v.awaits(who)) ||
		h != nil && h.Decided.IsZero() && (h.Sales == who || h.Accepter == who)
}

// awaits reports whether a person is asked to approve the visit.
func (v *Visit) awaits(approver string) bool {
	return v.Approval == "asked" && v.Approver == approver
}

// before returns whose the account was until somebody accepted it: who played the role
// that changes hands. Where the role was the accepter's already, or nobody's, it is whose
// the account was when the run began, who plays the role that hands over, or who did it.
func (a *advance) before(form *Form) string {
	h, then := a.run.Handoff, ""
	if form.Role == "owner" {
		then = a.run.At.Owner
	}
	account := a.account()
	if account == nil {
		account = &rules.Account{}
	}
	day := a.day("")
	for _, who := range []string{rolePlayer(account, form.Role, day), then, rolePlayer(account, form.From, day), h.Sales} {
		if p := a.env.Team.Person(who); p != nil {
			who = p.ID
		}
		if who != "" && who != h.Accepter {
			return who
		}
	}
	return ""
}

// refuseHandedOn judges whether the run has anything of who had the account.
func (a *advance) refuseHandedOn() *Refusal {
	p := a.env.Team.Person(a.event.Person)
	if p == nil {
		return refuse(RefusedPerson, "person", a.event.Person)
	}
	return when(p.ID == a.event.From || !a.run.involves(a.event.From), RefusedNotCurrent)
}

// handedOn gives all that the run has of one person to another: the play, whatever step
// it is at, and the step where it is theirs. An answer that can be taken back stays so.
func (a *advance) handedOn() {
	from, to := a.event.From, a.env.Team.Person(a.event.Person).ID
	v, step, r := a.run.Current(), a.step(), a.run
	theirs := v != nil && (v.Assignee == from || a.standsIn(v, step, from))
	approves := v != nil && v.awaits(from) && v.By != to
	also := r.Also == from && to != r.Assignee
	r.pass(from, to)
	if u := r.Undo; u != nil {
		var before Run
		if err := json.Unmarshal(u.Before, &before); err == nil {
			before.pass(from, to)
			r.Undo = &Undo{Until: u.Until, By: u.By, Before: marshal(before), Held: u.Held}
		}
	}
	a.log("log.handed_on", "person", to, "from", from)
	quiet := r.Held != "" || !r.SnoozedUntil.IsZero()
	switch {
	case v == nil || step == nil:
	case v.Kind == HandoffStep:
		if theirs {
			a.turn(to, map[HandoffState]string{HandoffDraft: NudgeFill, HandoffSent: NudgeHandoff, HandoffAskedBack: NudgeAskedBack}[r.Handoff.State],
				a.questionBack()...)
		}
	case v.Approval == "asked":
		if theirs {
			v.Assignee = to
		}
		if approves {
			v.Approver = to
			a.nudge(to, NudgeApproval)
		}
	case theirs:
		v.Assignee, v.Escalated, r.TakenBy = to, noTime, ""
		if (v.Kind == AskStep || v.Kind == TaskStep) && !quiet {
			a.hand(step, "")
		}
	case also && v.Kind == AskStep && step.To == nil && !quiet:
		a.nudge(to, NudgeQuestion)
	}
}

// standsIn reports whether the visit waits for somebody who answers for a person, while
// that one is away: it is the play's own step, and the play is that person's.
func (a *advance) standsIn(v *Visit, step *Step, who string) bool {
	if step == nil || step.To != nil || step.Attach != nil || a.run.Assignee != who || a.run.TakenBy != "" ||
		v.Kind != AskStep && v.Kind != TaskStep {
		return false
	}
	return a.player(step) == v.Assignee && a.present(who) == v.Assignee
}

// pass gives the play, and what is open in it, from one person to another.
func (r *Run) pass(from, to string) {
	if r.Assignee == from {
		r.Assignee = to
	}
	if r.Also == from {
		r.Also = to
	}
	if r.Also == r.Assignee {
		r.Also = ""
	}
	if v := r.Current(); v != nil && v.Assignee == from && v.Kind != HandoffStep {
		v.Assignee = to
	}
	if h := r.Handoff; h != nil && h.Decided.IsZero() {
		if h.Sales == from {
			h.Sales = to
		}
		if h.Accepter == from {
			h.Accepter, h.Proposed = to, false
		}
	}
}

// questionBack names the latest question of a handoff that was asked back, for a nudge.
func (a *advance) questionBack() []any {
	if h := a.run.Handoff; h.State == HandoffAskedBack {
		return []any{"question", len(h.Questions) - 1}
	}
	return nil
}
