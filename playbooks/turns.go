package playbooks

import (
	"slices"
	"time"

	"playcaller/rules"
)

// Delays where neither the step nor team.yaml says otherwise, in working days:
// high severity reminds after one and asks the manager after two; what nobody
// answers ends after ten; and where a step is never delivered, the run waits ten
// more before it gives up.
var (
	usualReminders  = []Delay{{WorkingDays: 1}}
	usualEscalation = Escalate{After: Delay{WorkingDays: 2}, To: "manager"}
	usualOtherwise  = Otherwise{After: Delay{WorkingDays: 10}, Then: Target{Outcome: Unanswered}}
	undelivered     = Delay{WorkingDays: 10}
	afterTaken      = Delay{WorkingDays: 2}
	usualApproval   = Delay{WorkingDays: 2}
)

// give hands an ask or a task to the person it is for.
func (a *advance) give(step *Step) {
	v := a.run.Current()
	v.Assignee = a.player(step)
	if step.Kind == TaskStep {
		a.log("log.task", "person", v.Assignee)
	} else {
		a.log("log.asked", "person", v.Assignee)
	}
	a.hand(step, "")
}

// player returns who a step is for today: whom it names, else the owner of its
// milestone, else the run's assignee.
func (a *advance) player(step *Step) string {
	who := a.run.Assignee
	if step.To != nil {
		who = firstOf(a.person(step.To, ""), who)
	} else if m := a.milestone(step.ID); m != nil && m.Owner != "" && isMilestoneStep(step.ID) {
		who = firstOf(a.resolve(m.Owner, who), who)
	}
	return a.present(who)
}

// hand lets the assignee of the current visit know that it is their turn; what
// says how, or "" as the step's kind says. Who caused it by their own doing has it
// in front of them already.
func (a *advance) hand(step *Step, what string) {
	v := a.run.Current()
	v.Delivered = noTime
	a.dropVisit(v.N)
	if a.byPerson() && a.event.By == v.Assignee && v.Assignee != "" {
		a.given(step)
		return
	}
	otherwise := a.otherwise(step)
	cal := a.calendar(v.Assignee)
	a.set(OtherwiseTimer, cal.Add(cal.Add(a.now, otherwise.After), undelivered), 0)
	if what == "" {
		what = nudgeFor(step.Kind)
	}
	a.nudge(v.Assignee, what)
	if a.run.Also != "" && step.Kind == AskStep && step.To == nil {
		a.nudge(a.run.Also, what)
	}
}

func nudgeFor(kind StepKind) string {
	switch kind {
	case TaskStep:
		return NudgeTask
	case HandoffStep:
		return NudgeHandoff
	}
	return NudgeQuestion
}

// deliver notes that the assignee was given the step.
func (a *advance) deliver() {
	step := a.step()
	if step == nil {
		return
	}
	v := a.run.Current()
	a.run.Log = append(a.run.Log, Entry{At: a.now, What: "log.delivered", Step: v.Step, Args: map[string]any{"person": v.Assignee}})
	a.given(step)
}

// given starts the clocks of a step that its assignee has: due date, reminders,
// escalation and end.
func (a *advance) given(step *Step) {
	v := a.run.Current()
	v.Delivered = a.now
	a.changed = true
	a.dropVisit(v.N)
	cal := a.calendar(v.Assignee)
	if step.Kind == HandoffStep {
		a.givenHandoff(step, cal)
		return
	}
	if step.Kind == TaskStep {
		a.setDue(step, cal)
	}
	for i, after := range a.reminders(step) {
		a.set(RemindTimer, cal.NextWorking(cal.Add(a.now, after)), i)
	}
	if step.Repeat != nil {
		a.set(RepeatTimer, a.nextRepeat(step, cal), 0)
	}
	if e := a.escalation(step); e != nil && v.Escalated.IsZero() {
		from := a.now
		if step.Escalate == nil && v.Due.After(from) {
			from = v.Due // a task is late only after it is due
		}
		a.set(EscalateTimer, cal.NextWorking(cal.Add(from, e.After)), 0)
	}
	a.set(OtherwiseTimer, a.lastMoment(step, cal), 0)
}

// setDue sets when a task is due: on its milestone's date, or so long after its
// delivery.
func (a *advance) setDue(step *Step, cal Calendar) {
	v := a.run.Current()
	if !v.Due.After(a.now) {
		v.Due = noTime
		if day := a.milestoneDue(step.ID); day != 0 {
			_, v.Due = cal.Open(day)
		}
		if !step.Task.Due.IsZero() {
			v.Due = cal.Add(a.now, step.Task.Due)
		}
		if !v.Due.IsZero() && !v.Due.After(a.now) {
			v.Due = cal.Add(a.now, Delay{WorkingDays: 1}) // its date is over already
		}
		v.Due = v.Due.UTC()
		if v.FirstDue.IsZero() {
			v.FirstDue = v.Due
		}
	}
	if !v.Due.IsZero() {
		a.set(OverdueTimer, v.Due, 0)
	}
}

// lastMoment returns when a step is given up: so long after its delivery, or after
// its due date or the playbook's deadline where those are later.
func (a *advance) lastMoment(step *Step, cal Calendar) time.Time {
	after := a.otherwise(step).After
	at := cal.Add(a.now, after)
	if v := a.run.Current(); !at.After(v.Due) {
		at = cal.Add(v.Due, after)
	}
	if step.Repeat != nil {
		if day, ok := a.date(a.playbook.Deadline); ok {
			if _, close := cal.Open(day); close.After(at) {
				at = close
			}
		}
	}
	return at
}

// reminders returns the delays after which a step reminds. Tasks remind when they
// are due, and what repeats its question needs none.
func (a *advance) reminders(step *Step) []Delay {
	switch {
	case step.Remind != nil:
		return step.Remind
	case step.Repeat != nil || step.Kind == TaskStep:
		return nil
	}
	if a.env.Team != nil {
		if all, ok := a.env.Team.Reminders[a.run.Severity]; ok {
			return all
		}
	}
	if a.run.Severity == High {
		return usualReminders
	}
	return nil
}

// escalation returns whom a step asks for help, and when; nil for nobody.
func (a *advance) escalation(step *Step) *Escalate {
	if step.Escalate != nil {
		return step.Escalate
	}
	if a.env.Team != nil {
		if e, ok := a.env.Team.Escalations[a.run.Severity]; ok {
			return e
		}
	}
	if a.run.Severity == High {
		return &usualEscalation
	}
	return nil
}

// otherwise returns what becomes of a step that nobody answers.
func (a *advance) otherwise(step *Step) Otherwise {
	if step.Otherwise == nil {
		return usualOtherwise
	}
	o := *step.Otherwise
	if o.After.IsZero() {
		o.After = usualOtherwise.After
	}
	if o.Then == (Target{}) {
		o.Then = usualOtherwise.Then
	}
	return o
}

// nextRepeat returns when a question is asked again: so often, and more often
// shortly before the deadline.
func (a *advance) nextRepeat(step *Step, cal Calendar) time.Time {
	every := step.Repeat.Every
	if deadline, ok := a.date(a.playbook.Deadline); ok && !step.Repeat.LastEvery.IsZero() {
		if cal.Day(a.now) >= cal.Back(deadline, step.Repeat.Last) {
			every = step.Repeat.LastEvery
		}
	}
	at := cal.NextWorking(cal.Add(a.now, every))
	if !at.After(a.now) {
		at = cal.Add(a.now, Delay{WorkingDays: 1})
	}
	return at
}

// set adds a timer for the current visit.
func (a *advance) set(kind TimerKind, at time.Time, n int) {
	a.run.Timers = append(a.run.Timers, Timer{At: at.UTC(), Kind: kind, Visit: a.run.Current().N, N: n})
	a.changed = true
}

// drop removes the current visit's timers of some kinds.
func (a *advance) drop(kinds ...TimerKind) {
	v := a.run.Current()
	a.run.Timers = slices.DeleteFunc(a.run.Timers, func(t Timer) bool {
		return t.Visit == v.N && slices.Contains(kinds, t.Kind)
	})
}

// dropVisit removes all timers of a visit; that of undo belongs to the run.
func (a *advance) dropVisit(n int) {
	a.run.Timers = slices.DeleteFunc(a.run.Timers, func(t Timer) bool {
		return t.Visit == n && t.Kind != UndoTimer
	})
}

// timer returns the current visit's timer of a kind.
func (a *advance) timer(kind TimerKind) (t Timer, ok bool) {
	for _, t := range a.run.Timers {
		if t.Kind == kind && t.Visit == a.run.Current().N {
			return t, true
		}
	}
	return Timer{}, false
}

// prolong puts the visit's last moment off to a time, if that is later.
func (a *advance) prolong(to time.Time) {
	if t, ok := a.timer(OtherwiseTimer); ok && !to.After(t.At) {
		return
	}
	a.drop(OtherwiseTimer)
	a.set(OtherwiseTimer, to, 0)
}

// milestoneDue returns the date of the milestone that a step stands for: the one
// an accepted handoff has just set, or the account's; 0 for none.
func (a *advance) milestoneDue(step string) rules.Date {
	m := a.milestone(step)
	if m == nil {
		return 0
	}
	if acc := a.account(); acc != nil && acc.Milestones[m.ID].Due != 0 {
		return acc.Milestones[m.ID].Due
	}
	return a.dated(m)
}
