package playbooks

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"playcaller/rules"
)

// answer works in what a person did at the current step. Check has made sure that
// the step takes it.
func (a *advance) answer() {
	v, step := a.run.Current(), a.step()
	if a.event.Kind == Answered && a.second() {
		a.secondAnswer()
		return
	}
	if v == nil || step == nil {
		return
	}
	switch a.event.Kind {
	case Answered:
		a.answered(v, step)
	case Done:
		a.undoable()
		a.done(v, step)
	case Taken:
		a.taken(v, step)
	case Checked:
		a.checked(v, step)
	case SnoozedRun:
		a.snoozed(v)
	case Dismissed:
		a.undoable()
		a.finished(v, NotAProblem)
		v.Reason = a.event.Reason
		a.log("log.dismissed", "reason", a.event.Reason, "text", a.event.Text)
		a.end(NotAProblem)
	case Reassigned:
		a.reassigned(v, step)
	case Moved:
		a.moved(v, step)
	case Approved:
		a.undoable()
		v.Approval, v.Approver = "approved", firstOf(a.event.By, v.Approver)
		a.log("log.approved")
		a.afterApproval(v, step)
	case Refused:
		a.undoable()
		v.Approval, v.Approver = "refused", firstOf(a.event.By, v.Approver)
		reason := firstOf(a.event.Reason, a.event.Text)
		a.log("log.refused", "reason", reason)
		a.tellNotApproved(v, NudgeRefused, "approver", v.Approver, "reason", reason)
		denied := step.Approve.Denied
		if denied == (Target{}) {
			denied = Target{Outcome: Unanswered}
		}
		a.follow(denied, nil)
	}
}

// What a Nudge tells whoever asked for an approval that they do not get.
const (
	NudgeRefused     = "refused"
	NudgeNotApproved = "not_approved" // nobody decided in time
)

// tellNotApproved tells whose matter a visit is now that it is not approved, and who
// asked for it, unless they have passed the account on since.
func (a *advance) tellNotApproved(v *Visit, what string, args ...any) {
	if who := a.present(a.successor(v.Assignee)); who != v.By {
		a.nudge(who, what, append(slices.Clone(args), "by", v.By)...)
		if a.successor(v.By) != v.By || a.handedOnBy(v.By) {
			return
		}
	}
	a.nudge(v.By, what, args...)
}

// successor returns whose a matter is that was the account's owner's when the run
// began: the owner's of today. Anybody else's matter stays theirs.
func (a *advance) successor(who string) string {
	account := a.account()
	if account == nil || who == "" || who != a.run.At.Owner {
		return who
	}
	if p := a.env.Team.Person(rolePlayer(account, "owner", a.day(who))); p != nil {
		return p.ID
	}
	return who
}

// handedOnBy reports whether a person has given what they had in the run to another.
func (a *advance) handedOnBy(who string) bool {
	return slices.ContainsFunc(a.run.Log, func(e Entry) bool { return e.What == "log.handed_on" && e.Args["from"] == who })
}

// finished notes who answered a visit, and how.
func (a *advance) finished(v *Visit, answer string) {
	v.Answer, v.By = answer, a.event.By
	if v.Delivered.IsZero() {
		v.Delivered = a.now // whoever answers has it
	}
	a.run.SnoozedUntil = noTime
}

func (a *advance) answered(v *Visit, step *Step) {
	choice := step.Ask.Answer(a.event.Answer)
	a.undoable()
	a.finished(v, choice.ID)
	v.Reason = a.event.Reason
	values, _ := a.collected(choice)
	for name, value := range values {
		if a.run.Values == nil {
			a.run.Values = map[string]any{}
		}
		a.run.Values[name] = value
	}
	v.Collected = cloneMap(values)
	a.prepared = false
	a.log("log.answered", "answer", choice.ID)
	a.approveOr(step)
}

// done finishes a task. A text for the customer that needs an approval is approved
// before it is sent, so that the first Done asks for that and the second says that it
// was sent.
func (a *advance) done(v *Visit, step *Step) {
	switch {
	case step.Attach == nil:
		a.finished(v, "done")
		a.log("log.done")
	case step.Approve != nil && v.Approval == "":
		v.By = a.event.By
		a.approveOr(step)
		return
	default:
		a.finished(v, "done")
		a.log("log.sent")
		a.carryOut(step)
		return
	}
	a.approveOr(step)
}

// afterApproval carries an approved step out; a text for the customer goes back to
// whoever sends it, as a visit of its own: a second click on what asked for the
// approval must not say that it was sent.
func (a *advance) afterApproval(v *Visit, step *Step) {
	if step.Attach == nil || v.Answer != "" {
		a.carryOut(step)
		return
	}
	v.Answer = "approved"
	a.leave()
	a.run.Visits = append(a.run.Visits, Visit{N: len(a.run.Visits), Step: v.Step, Kind: v.Kind, Entered: a.now,
		Assignee: v.Assignee, Said: v.Said, Attached: v.Attached, Due: v.Due, FirstDue: v.FirstDue, Checked: v.Checked, Approval: "approved"})
	a.hand(step, "")
}

// approveOr asks for the approval that a step needs, or carries its result out.
func (a *advance) approveOr(step *Step) {
	if step.Approve == nil {
		a.carryOut(step)
		return
	}
	v := a.run.Current()
	a.dropVisit(v.N)
	v.Approval = "asked"
	v.Approver = a.resolve(step.Approve.By, v.By)
	if v.Approver == v.By && v.By != "" {
		v.Approval = "approved"
		a.log("log.approved")
		a.afterApproval(v, step)
		return
	}
	if v.Approver == "" && a.env.Team != nil && a.env.Team.DefaultOwner != v.By {
		v.Approver = a.present(a.env.Team.DefaultOwner)
	}
	if v.Approver == "" {
		a.log("log.nobody_to_ask", "role", step.Approve.By)
	} else {
		a.log("log.approval_asked", "person", v.Approver)
		a.nudge(v.Approver, NudgeApproval)
	}
	a.set(ApproveTimer, a.approvalDue(step, v.Approver), 0)
}

// carryOut does what the answer of the current visit says, and goes on.
func (a *advance) carryOut(step *Step) {
	v := a.run.Current()
	if step.Kind != AskStep {
		if m := a.milestone(step.ID); m != nil {
			a.emit(Effect{Kind: SetIt, Field: "milestone." + m.ID, Value: true, Person: v.By})
			a.log("log.milestone", "milestone", m.ID)
		}
		a.follow(step.Then, step)
		return
	}
	choice := step.Ask.Answer(v.Answer)
	if choice == nil {
		a.follow(Target{Outcome: Unclear}, nil)
		return
	}
	a.assign(choice.Set, false)
	if choice.Start != "" {
		a.start(choice.Start)
	}
	if until := a.snoozeUntil(choice, v); !until.IsZero() {
		a.emit(Effect{Kind: Snooze, Scope: "playbook", Playbook: a.run.Playbook, Until: until})
		a.log("log.snoozed_playbook", "until", a.calendar(v.By).Day(until))
	}
	a.follow(choice.Then, step)
}

// snoozeUntil returns until when an answer snoozes the playbook: a collected date,
// or so long from now; the zero time for an answer that does not.
func (a *advance) snoozeUntil(choice *Answer, v *Visit) time.Time {
	if choice.Snooze == "" {
		return noTime
	}
	cal := a.calendar(v.By)
	if s, ok := v.Collected[choice.Snooze].(string); ok {
		if day, err := rules.ParseDate(s); err == nil {
			return day.In(cal.Location()).UTC()
		}
	}
	if p, err := rules.ParsePeriod(choice.Snooze); err == nil {
		return cal.Add(a.now, p).UTC()
	}
	return noTime
}

// secondAnswer keeps what the second person said of a step that was answered.
func (a *advance) secondAnswer() {
	v := &a.run.Visits[a.event.Visit]
	if v.Others == nil {
		v.Others = map[string]OtherAnswer{}
	}
	choice := a.playbook.step(a.env.Book, a.run.Variant, v.Step).Ask.Answer(a.event.Answer)
	values, _ := a.collected(choice)
	v.Others[a.event.By] = OtherAnswer{Answer: a.event.Answer, At: a.now, Reason: a.event.Reason, Collected: values}
	what := "log.also_differs"
	if a.event.Answer == v.Answer {
		what = "log.also_agrees"
	}
	a.log(what, "answer", a.event.Answer, "first", v.Answer, "person", v.By)
	a.run.Log[len(a.run.Log)-1].Step = v.Step
}

// taken notes that somebody is on it: they are asked how it went, and until then
// nobody is reminded.
func (a *advance) taken(v *Visit, step *Step) {
	a.run.TakenBy, a.run.SnoozedUntil = a.event.By, noTime
	v.Assignee = a.event.By
	if v.Delivered.IsZero() {
		a.given(step)
	}
	a.drop(RemindTimer, EscalateTimer, RepeatTimer, SnoozeTimer, TakenTimer)
	cal := a.calendar(v.Assignee)
	ask := cal.Add(a.now, afterTaken)
	a.set(TakenTimer, ask, 0)
	a.prolong(cal.Add(ask, a.otherwise(step).After))
	a.log("log.taken")
}

func (a *advance) checked(v *Visit, step *Step) {
	items := make([]int, 0, len(a.event.Items))
	for _, i := range a.event.Items {
		if i >= 0 && i < len(step.Task.Checklist) && !slices.Contains(items, i) {
			items = append(items, i)
		}
	}
	slices.Sort(items)
	if slices.Equal(items, v.Checked) {
		return
	}
	v.Checked = items
	a.log("log.checked", "count", len(items), "of", len(step.Task.Checklist))
}

func (a *advance) snoozed(v *Visit) {
	a.undoable()
	cal := a.calendar(v.Assignee)
	until := cal.NextWorking(a.event.Until)
	a.dropVisit(v.N)
	a.run.TakenBy = ""
	a.run.SnoozedUntil = until.UTC()
	a.set(SnoozeTimer, until, 0)
	a.log("log.snoozed", "until", cal.Day(until))
}

func (a *advance) reassigned(v *Visit, step *Step) {
	to := a.event.Person
	if p := a.env.Team.Person(to); p != nil {
		to = p.ID
	}
	if v.Kind == HandoffStep {
		a.reassignHandoff(to)
		return
	}
	waits := v.Kind == WaitStep || v.Kind == WebhookStep
	if v.Assignee == a.run.Assignee || waits {
		a.run.Assignee = to
	}
	v.Assignee, v.Escalated = to, noTime
	a.run.TakenBy = ""
	a.log("log.reassigned", "person", to, "text", a.event.Text)
	if waits || !a.run.SnoozedUntil.IsZero() || a.run.Held != "" {
		return
	}
	a.hand(step, "")
}

// moved gives a step more time: a task another due date, a question or a handoff
// a day on which it is asked about again. Help is asked for only after that.
func (a *advance) moved(v *Visit, step *Step) {
	cal, before := a.calendar(v.Assignee), v.Due
	v.Due, v.Escalated = a.event.Until.UTC(), noTime
	a.log("log.moved", "due", cal.Day(v.Due), "from", dayOrNone(cal, before), "reason", firstOf(a.event.Reason, a.event.Text))
	if v.Delivered.IsZero() || !a.run.SnoozedUntil.IsZero() || a.run.Held != "" {
		return // the clocks start when it is given
	}
	a.drop(OverdueTimer, RemindTimer, EscalateTimer, RepeatTimer)
	late := a.escalation(step)
	switch step.Kind {
	case TaskStep:
		a.set(OverdueTimer, v.Due, 0)
	case HandoffStep:
		late = a.handoffTurn().Late
		fallthrough
	default:
		a.set(RemindTimer, cal.NextWorking(v.Due), v.Reminded)
	}
	if late != nil {
		a.set(EscalateTimer, a.lateBy(step, late.After, cal), 0)
	}
	a.prolong(cal.Add(v.Due, a.otherwise(step).After))
}

func dayOrNone(cal Calendar, at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return cal.Day(at)
}

// collected returns the values given with an answer, as a run keeps them, or why
// they will not do.
func (a *advance) collected(choice *Answer) (map[string]any, *Refusal) {
	if len(choice.Collect) == 0 {
		return nil, nil
	}
	values := make(map[string]any, len(choice.Collect))
	for _, c := range choice.Collect {
		given, ok := a.event.Collected[c.Name]
		if s, isText := given.(string); !ok || given == nil || isText && strings.TrimSpace(s) == "" {
			return nil, refuse(RefusedMissing, "name", c.Name, "kind", c.Kind)
		}
		value, ok := a.normal(c.Kind, given)
		if !ok {
			return nil, refuse(RefusedValue, "name", c.Name, "kind", c.Kind)
		}
		if c.Name == choice.Snooze {
			if r := a.dateAhead(value); r != nil {
				return nil, r
			}
		}
		values[c.Name] = value
	}
	return values, nil
}

// normal returns a collected value as a run keeps it; ok is false where it is not
// of its kind.
func (a *advance) normal(kind string, given any) (value any, ok bool) {
	text, isText := given.(string)
	text = strings.TrimSpace(text)
	switch kind {
	case "date":
		if d, isDate := given.(rules.Date); isDate {
			return d.String(), d != 0
		}
		d, err := rules.ParseDate(text)
		return d.String(), isText && err == nil
	case "amount":
		switch n := given.(type) {
		case float64:
			return n, !math.IsNaN(n) && !math.IsInf(n, 0)
		case int:
			return float64(n), true
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
		return n, isText && err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
	case "person":
		if p := a.env.Team.Person(text); p != nil {
			return p.ID, true
		}
		return nil, false
	}
	return text, isText
}

// dateAhead refuses a date to snooze until that is over or far away.
func (a *advance) dateAhead(value any) *Refusal {
	s, _ := value.(string)
	day, err := rules.ParseDate(s)
	if err != nil {
		return nil
	}
	return ahead(a.calendar(a.event.By), a.event.At, day.In(a.calendar(a.event.By).Location()))
}

// ahead refuses a time that is over, or more than a year ahead.
func ahead(cal Calendar, now, at time.Time) *Refusal {
	switch {
	case !at.After(now):
		return refuse(RefusedPast, "date", cal.Day(at).String())
	case at.After(now.AddDate(1, 0, 1)):
		return refuse(RefusedFar, "date", cal.Day(at).String())
	}
	return nil
}
