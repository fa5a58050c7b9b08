package playbooks

import (
	"slices"
	"time"

	"playcaller/rules"
)

// Delays that no playbook file sets: a step that never reaches its person is given
// up ten working days later than one that did, and whoever said that they were on
// it is asked after two how it went.
var (
	undelivered = Delay{WorkingDays: 10}
	afterTaken  = Delay{WorkingDays: 2}
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
	} else if step.Attach != nil && step.Attach.By != nil {
		who = firstOf(a.person(step.Attach.By, ""), who)
	} else if m := a.milestone(step.ID); m != nil && m.Owner != "" {
		who = firstOf(a.resolve(m.Owner, who), who)
	}
	return a.present(who)
}

// hand lets the assignee of the current visit know that it is their turn; what
// says how, or "" as the step's kind says. Who caused it by their own doing has it
// in front of them already.
func (a *advance) hand(step *Step, what string) {
	a.quote(step)
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
	for i, after := range a.reminders(step, cal) {
		a.set(RemindTimer, cal.NextWorking(cal.Add(a.now, after)), i)
	}
	if step.Repeat != nil {
		a.set(RepeatTimer, a.nextRepeat(step, cal), 0)
	}
	if e := a.escalation(step); e != nil && v.Escalated.IsZero() {
		a.set(EscalateTimer, a.lateBy(step, e.After, cal), 0)
	}
	a.set(OtherwiseTimer, a.lastMoment(step, cal), 0)
}

// setDue sets when a task is due: on its milestone's date, or so long after its
// delivery. A date that somebody else has left to the assignee, or moved, holds for
// as long as the assignee works on it, unless that is over already or the book counts
// it in hours or calendar days.
func (a *advance) setDue(step *Step, cal Calendar) {
	v := a.run.Current()
	if v.Due.After(a.now) {
		until, after := cal.Until(cal.Day(v.Due)), step.Task.Due
		if until.After(a.now) && (after.IsZero() || after.WorkingDays > 0) {
			v.Due = until.UTC()
		}
	} else {
		v.Due = noTime
		if day := a.milestoneDue(step.ID); day != 0 {
			v.Due = cal.Until(day)
		}
		if !step.Task.Due.IsZero() {
			v.Due = cal.Due(a.now, step.Task.Due)
		}
		if !v.Due.IsZero() && !v.Due.After(a.now) {
			v.Due = cal.Due(a.now, Delay{WorkingDays: 1}) // its date is over already
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
	at := a.pastDue(step, a.otherwise(step).After, cal)
	if step.Repeat != nil {
		if day, ok := a.date(a.playbook.Deadline); ok {
			if _, close := cal.Open(day); close.After(at) {
				at = close
			}
		}
	}
	return at
}

// lateBy returns when somebody is asked for help: so long after the delivery, but
// nobody is late with a task before it is due.
func (a *advance) lateBy(step *Step, after Delay, cal Calendar) time.Time {
	return cal.NextWorking(a.pastDue(step, after, cal))
}

// pastDue returns when a period after the delivery is over, or after the due date
// where that is later. A day that a task is due on counts as a day, whatever is left
// of it after working hours: two working days after a Tuesday are a Thursday, at the
// hour at which the task was given.
func (a *advance) pastDue(step *Step, after Delay, cal Calendar) time.Time {
	at, due := cal.Add(a.now, after), a.run.Current().Due
	if at.After(due) { // always where there is none
		return at
	}
	if step.Task != nil && step.Task.Due.WorkingDays > 0 {
		if hour := cal.Add(a.now, step.Task.Due); cal.Day(hour) == cal.Day(due) {
			if at = cal.Add(hour, after); at.After(due) {
				return at
			}
		}
	}
	return cal.Add(due, after)
}

// reminders returns the delays after which a step reminds. What repeats its
// question needs none; and a task with time left is not reminded of by the team's
// usual reminders, only by its own.
func (a *advance) reminders(step *Step, cal Calendar) []Delay {
	if step.Repeat != nil {
		return nil
	}
	due := a.run.Current().Due
	if a.env.Team == nil || due.IsZero() || !slices.Equal(step.Remind, a.env.Team.Reminders[a.run.Severity]) {
		return step.Remind
	}
	return slices.DeleteFunc(slices.Clone(step.Remind), func(after Delay) bool {
		return !cal.Add(a.now, after).After(due)
	})
}

// escalation returns whom a step asks for help, and when; nil for nobody. What the
// step itself does not say was filled in when the book was loaded; the tasks of
// milestones, which stand in no playbook, do as the team usually does.
func (a *advance) escalation(step *Step) *Escalate {
	if step.Escalate == nil && isMilestoneStep(step.ID) && a.env.Team != nil {
		return a.env.Team.Escalations[a.run.Severity]
	}
	return step.Escalate
}

// otherwise returns what becomes of a step that nobody answers.
func (a *advance) otherwise(step *Step) Otherwise {
	o := Otherwise{After: defaultOtherwise, Then: Target{Outcome: Unanswered}}
	if step.Otherwise == nil {
		return o
	}
	if !step.Otherwise.After.IsZero() {
		o.After = step.Otherwise.After
	}
	if step.Otherwise.Then != (Target{}) {
		o.Then = step.Otherwise.Then
	}
	return o
}

// nextRepeat returns when a question is asked again: so often, and more often
// shortly before the deadline.
func (a *advance) nextRepeat(step *Step, cal Calendar) time.Time {
	at := cal.NextWorking(cal.Add(a.now, step.Repeat.Every))
	if deadline, ok := a.date(a.playbook.Deadline); ok && !step.Repeat.LastEvery.IsZero() {
		stretch := cal.Back(deadline, step.Repeat.Last)
		if cal.Day(a.now) >= stretch {
			at = cal.NextWorking(cal.Add(a.now, step.Repeat.LastEvery))
		}
		for day := 1; cal.Day(a.now) < stretch && cal.Day(at) > stretch; day++ { // the last stretch is not slept through
			if begins := cal.Add(a.now, Delay{WorkingDays: day}); cal.Day(begins) >= stretch {
				at = begins
				break
			}
		}
	}
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
// that the accepted handoff gives it, or the account's; 0 for none.
func (a *advance) milestoneDue(step string) rules.Date {
	m := a.milestone(step)
	if m == nil {
		return 0
	}
	if day := a.dated(m); day != 0 {
		return day
	}
	if acc := a.account(); acc != nil {
		return acc.Milestones[m.ID].Due
	}
	return 0
}

// quote keeps what the expressions of a step's text come to now.
func (a *advance) quote(step *Step) {
	var text Text
	switch {
	case step.Ask != nil:
		text = step.Ask.Text
	case step.Task != nil:
		text = step.Task.Text
	}
	v, f := a.run.Current(), a.facts()
	if v != nil && f != nil && step.Attach != nil && v.Attached == nil { // once it is there it does not change: somebody may have approved it
		v.Attached = map[string]string{}
		for _, lang := range []string{"en", "ja"} {
			if t := step.Attach.Text.In(lang); t != nil {
				v.Attached[lang] = t.Render(f, lang)
			}
		}
	}
	if v == nil || f == nil || text.IsZero() || v.Said != nil && (a.event.Kind == Reassigned || a.event.Kind == HandedOn) { // it is the same question
		return
	}
	said := map[string][]string{}
	for _, lang := range []string{"en", "ja"} {
		if t := text.In(lang); t != nil && !t.Plain() {
			said[lang] = t.Written(f, lang)
		}
	}
	if len(said) > 0 {
		v.Said = said
	}
}
