package playbooks

import "time"

// maxFirings bounds the timers that one Tick works off; what is still due is left
// to the next.
const maxFirings = 200

// tick lets everything that is due happen, in order of time.
func (a *advance) tick() {
	for range maxFirings {
		due := -1
		for i, t := range a.run.Timers {
			if !t.At.After(a.now) && (due < 0 || t.At.Before(a.run.Timers[due].At)) {
				due = i
			}
		}
		if due < 0 {
			return
		}
		t := a.run.Timers[due]
		a.run.Timers = append(a.run.Timers[:due:due], a.run.Timers[due+1:]...)
		a.changed, a.passed = true, nil
		a.fire(t)
	}
}

// fire lets one timer happen.
func (a *advance) fire(t Timer) {
	if t.Kind == UndoTimer {
		a.settle()
		return
	}
	v, step := a.run.Current(), a.step()
	if v == nil || v.N != t.Visit || step == nil {
		return
	}
	switch t.Kind {
	case RemindTimer, EscalateTimer, RepeatTimer, TakenTimer:
		a.speak(t, v, step)
	case OverdueTimer:
		a.overdue(v)
	case OtherwiseTimer:
		a.giveUp(v, step)
	case WaitTimer:
		v.Answer = "waited"
		a.log("log.waited")
		a.follow(step.Then, step)
	case SnoozeTimer:
		a.run.SnoozedUntil = noTime
		a.log("log.snooze_over", "person", v.Assignee)
		v.Assignee = a.present(v.Assignee)
		a.hand(step, NudgeSnoozeOver)
	case ApproveTimer:
		a.approvalLate(t, v, step)
	}
}

// speak lets a timer happen that tells the assignee, or somebody about them, when
// the assignee works.
func (a *advance) speak(t Timer, v *Visit, step *Step) {
	cal := a.calendar(v.Assignee)
	if at := cal.NextWorking(a.now); at.After(a.now) {
		a.set(t.Kind, at, t.N)
		return
	}
	switch t.Kind {
	case RemindTimer:
		v.Reminded++
		a.log("log.reminded", "person", v.Assignee)
		a.nudge(v.Assignee, NudgeReminder, "count", v.Reminded)
	case RepeatTimer:
		v.Reminded++
		a.log("log.asked_again", "person", v.Assignee)
		a.quote(step) // what it tells is of today
		a.nudge(v.Assignee, nudgeFor(step.Kind), "count", v.Reminded)
		a.set(RepeatTimer, a.nextRepeat(step, cal), 0)
	case TakenTimer:
		a.log("log.asked_outcome", "person", v.Assignee)
		a.nudge(v.Assignee, NudgeOutcome)
	case EscalateTimer:
		a.escalate(v, step)
	}
}

// escalate asks for help.
func (a *advance) escalate(v *Visit, step *Step) {
	e := a.escalation(step)
	if step.Kind == HandoffStep {
		e = a.handoffTurn().Late
	}
	if e == nil {
		return
	}
	who := a.resolve(e.To, v.Assignee)
	if who == "" || who == v.Assignee {
		a.log("log.nobody_to_ask", "role", e.To)
		return
	}
	v.Escalated = a.now
	a.log("log.escalated", "person", who, "assignee", v.Assignee)
	a.nudge(who, NudgeEscalation, "assignee", v.Assignee, "since", v.Delivered)
}

// overdue notes that a task's date is over, and tells its assignee where the
// severity is high; others find it on their list.
func (a *advance) overdue(v *Visit) {
	a.log("log.overdue", "person", v.Assignee)
	if a.run.Severity == High {
		v.Reminded++
		a.nudge(v.Assignee, NudgeOverdue, "due", v.Due)
	}
}

// giveUp leaves a step that nobody has answered.
func (a *advance) giveUp(v *Visit, step *Step) {
	if step.Kind == WebhookStep {
		a.callFailed(step, "")
		return
	}
	v.Answer = "timeout"
	if step.Kind == TaskStep {
		a.log("log.not_done", "person", v.Assignee)
	} else {
		a.log("log.unanswered", "person", v.Assignee)
	}
	if isMilestoneStep(step.ID) {
		a.enterAfter(step) // the journey goes on, and what is late has playbooks of its own
		return
	}
	a.follow(a.otherwise(step).Then, nil)
}

// approvalLate reminds the approver once, and then gives the step up.
func (a *advance) approvalLate(t Timer, v *Visit, step *Step) {
	if t.N > 0 || v.Approver == "" {
		a.log("log.not_approved", "person", v.Approver)
		a.tellNotApproved(v, NudgeNotApproved, "approver", v.Approver)
		a.follow(a.otherwise(step).Then, nil)
		return
	}
	a.log("log.reminded", "person", v.Approver)
	a.nudge(v.Approver, NudgeApproval)
	a.set(ApproveTimer, a.approvalDue(step, v.Approver), t.N+1)
}

func (a *advance) approvalDue(step *Step, approver string) time.Time {
	within := defaultWithin
	if step.Approve != nil && !step.Approve.Within.IsZero() {
		within = step.Approve.Within
	}
	cal := a.calendar(approver)
	return cal.NextWorking(cal.Add(a.now, within))
}
