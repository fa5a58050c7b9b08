package playbooks

import (
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

var noTime time.Time

// longestWait bounds a wait that says neither how long nor until which date.
var longestWait = rules.Period{Days: 90}

// say emits the message of a say step; its text is rendered for the reader.
func (a *advance) say(step *Step) {
	e := Effect{Kind: SayIt, Step: step.ID, Channel: step.Say.Channel}
	if e.Channel == "dm" {
		e.Person = a.person(step.To, a.run.Assignee)
	}
	a.emit(e)
	a.log("log.said", "channel", step.Say.Channel)
}

// assign emits the assignments whose value is known. What is set quietly is in the
// record and not in the thread.
func (a *advance) assign(all []Assignment, quiet bool) {
	set, unknown := "log.set", "log.set_unknown"
	if quiet {
		set, unknown = "log.set_quietly", "log.quiet_unknown"
	}
	for _, s := range all {
		var value any
		if f := a.facts(); f != nil && s.Value != nil {
			value, _ = s.Value.Eval(f)
		}
		if value = plain(value); value == nil {
			a.log(unknown, "field", s.Field)
			continue
		}
		field, of := s.Field, value
		if name, isContract := strings.CutPrefix(s.Field, "contract."); isContract {
			id := a.contractID()
			if id == "" {
				a.log(unknown, "field", s.Field)
				continue
			}
			field, of = "contract."+id, map[string]any{name: value}
		}
		a.emit(Effect{Kind: SetIt, Field: field, Value: of})
		a.log(set, "field", s.Field, "value", value)
	}
}

// contractID returns the id of the contract that expressions of the run read: its
// subject, or the account's current one; "" where there is none.
func (a *advance) contractID() string {
	if f := a.facts(); f != nil && f.Contract() != nil {
		return f.Contract().ID
	}
	return ""
}

// start asks for another playbook on this account.
func (a *advance) start(playbook string) {
	a.emit(Effect{Kind: StartIt, Playbook: playbook})
	a.log("log.started", "playbook", playbook)
}

// call asks for a webhook, and waits for what becomes of it.
func (a *advance) call(step *Step) {
	e := Effect{Kind: CallIt, Playbook: a.run.Playbook, System: step.Webhook.Name, Step: step.ID, Until: a.calling(step), Args: map[string]any{}}
	for _, b := range step.Webhook.Body {
		e.Args[b.Name] = a.bodyValue(b)
	}
	a.emit(e)
	a.log("log.calling", "system", e.System)
	a.set(OtherwiseTimer, e.Until, 0)
}

// calling returns when a system that cannot be reached is given up.
func (a *advance) calling(step *Step) time.Time {
	after := defaultCalling
	if step.Otherwise != nil {
		after = step.Otherwise.After
	}
	return a.calendar(a.run.Assignee).Add(a.now, after).UTC()
}

// bodyValue returns what an entry of a webhook's body comes to; nil where it is not
// known.
func (a *advance) bodyValue(b BodyField) any {
	f := a.facts()
	switch {
	case f == nil:
		return nil
	case b.Text != nil:
		return b.Text.Render(f, "en")
	case b.Value != nil:
		value, _ := b.Value.Eval(f)
		return plain(value)
	}
	return nil
}

// called goes on from a webhook that was taken.
func (a *advance) called(step *Step) {
	a.run.Current().Answer = "called"
	a.log("log.called", "system", step.Webhook.Name)
	a.follow(step.Then, step)
}

// callFailed goes where the step says for a system that cannot be reached, or on
// where it says nothing.
func (a *advance) callFailed(step *Step, reason string) {
	a.run.Current().Answer = "failed"
	a.log("log.call_failed", "system", step.Webhook.Name, "reason", reason)
	if step.Otherwise == nil {
		a.follow(step.Then, step)
		return
	}
	a.follow(step.Otherwise.Then, nil)
}

// wait begins a wait, or goes on at once where there is nothing to wait for.
func (a *advance) wait(step *Step) {
	w := step.Wait
	v := a.run.Current()
	v.Assignee = a.run.Assignee
	if w.Until != nil && a.truth(w.Until) == rules.True {
		a.log("log.wait_met")
		a.pass(step, step.Then)
		return
	}
	cal := a.calendar(a.run.Assignee)
	at := cal.Add(a.now, w.For)
	switch {
	case w.Date != nil:
		day, ok := a.date(w.Date)
		if !ok {
			a.log("log.no_date")
			a.pass(step, step.Then)
			return
		}
		at, _ = cal.Open(day)
	case w.For.IsZero() && w.Until != nil:
		at = cal.Add(a.now, longestWait)
	}
	if !at.After(a.now) {
		a.pass(step, step.Then)
		return
	}
	v.Due = at.UTC()
	a.set(WaitTimer, at, 0)
	a.log("log.waiting", "until", cal.Day(at))
}

// date evaluates a date; ok is false where it is unknown.
func (a *advance) date(e *rules.Expr) (rules.Date, bool) {
	f := a.facts()
	if e == nil || f == nil {
		return 0, false
	}
	return e.Date(f)
}

// stopped follows stop_when; it reports whether a condition held.
func (a *advance) stopped() bool {
	for _, b := range a.playbook.StopWhen {
		if b.If == nil || a.truth(b.If) != rules.True {
			continue
		}
		a.log("log.stop_when")
		if b.Then == (Target{}) {
			a.end(ResolvedOut)
		} else {
			a.follow(b.Then, nil)
		}
		return true
	}
	return false
}

// look lets stop_when and a wait's condition see changed facts.
func (a *advance) look() {
	v := a.run.Current()
	if a.run.Outcome != "" || v == nil && a.run.Held == "" {
		return
	}
	if a.onTheWay(v) && a.stopped() {
		return
	}
	step := a.step()
	if v != nil && step != nil && v.Approval == "" && a.reachedAlready(step.ID) {
		v.Answer = "met"
		a.log("log.milestone", "milestone", a.milestone(step.ID).ID)
		a.enterAfter(step)
		return
	}
	if v == nil || step == nil || step.Kind != WaitStep || step.Wait.Until == nil {
		return
	}
	if a.truth(step.Wait.Until) == rules.True {
		v.Answer = "met"
		a.log("log.wait_met")
		a.follow(step.Then, step)
	}
}

// onTheWay reports whether stop_when may still turn the run: not where it stands
// at the step that a stop_when led to.
func (a *advance) onTheWay(v *Visit) bool {
	if v == nil {
		return true
	}
	for _, b := range a.playbook.StopWhen {
		if b.Then.Step == v.Step && b.Then.Step != "" {
			return false
		}
	}
	return true
}

// ruleEnded closes a run that nobody has answered yet, or notes that its rule no
// longer holds.
func (a *advance) ruleEnded() {
	r := a.run
	if r.Outcome != "" {
		r.Moot, a.changed = true, true
		return
	}
	if a.playbook.OnResolve != ContinueOnResolve && !r.Answered() {
		a.log("log.resolved")
		a.end(ResolvedOut)
		return
	}
	r.Moot = true
	a.log("log.moot")
}

// Answered reports whether a person has answered anything of the run, or is on it.
func (r *Run) Answered() bool {
	if r.TakenBy != "" {
		return true
	}
	for i := range r.Visits {
		if v := &r.Visits[i]; v.By != "" && v.Answer != "" && !v.Undone {
			return true
		}
	}
	return false
}

// joined keeps another playbook's firing as evidence.
func (a *advance) joined() {
	a.run.Evidence = append(a.run.Evidence, Evidence{Run: a.event.Other, Playbook: a.event.Playbook, At: a.now})
	a.log("log.evidence", "playbook", a.event.Playbook)
}

// heldBack lets the run wait behind another's question.
func (a *advance) heldBack() {
	a.run.Held = a.event.Other
	if v := a.run.Current(); v != nil {
		a.dropVisit(v.N)
	}
	a.log("log.held", "run", a.event.Other)
}

// lapsed is the line in the log of a run that ended before it asked anybody.
const lapsed = "log.lapsed"

// Lapsed reports whether the run ended because its rule no longer held when its turn
// to ask came. It has asked nobody, so no cooldown counts from its end.
func (r *Run) Lapsed() bool {
	return r.Outcome != "" && slices.ContainsFunc(r.Log, func(e Entry) bool { return e.What == lapsed })
}

// released asks what was held back, if it still holds and nothing has made it needless.
func (a *advance) released() {
	a.run.Held = ""
	if a.holdsNoMore() {
		a.log(lapsed)
		a.end(ResolvedOut)
		return
	}
	a.log("log.released")
	v := a.run.Current()
	if v == nil {
		a.enterFirst()
		return
	}
	if step := a.step(); step != nil && !a.stopped() {
		a.hand(step, "")
	}
}

// holdsNoMore reports whether the rule that began a run, of which nobody has answered
// anything, would not begin it now.
func (a *advance) holdsNoMore() bool {
	rule := a.playbook.Rule
	if rule == nil || rule.When == nil || a.run.Episode <= 0 || a.playbook.OnResolve == ContinueOnResolve || a.run.Answered() {
		return false
	}
	return a.truth(rule.When) == rules.False
}
