package playbooks

import (
	"slices"
	"strings"

	"playcaller/rules"
)

// milestoneStep begins the ids of the steps that stand for milestones of the
// journey; ids of a playbook's own steps hold no dot.
const milestoneStep = "milestone."

// Step returns the step of that id as a run plays it: the playbook's own, as the
// run's variant replaces it, or the task of a milestone ("milestone.kickoff") that
// follows an accepted handoff. It is nil where there is none.
func (b *Book) Step(run *Run, id string) *Step {
	p := b.Playbooks[run.Playbook]
	if p == nil {
		return nil
	}
	return p.step(b, run.Variant, id)
}

func (p *Playbook) step(b *Book, variant, id string) *Step {
	for i := range p.Variants {
		if p.Variants[i].Name != variant {
			continue
		}
		for _, s := range p.Variants[i].Steps {
			if s.ID == id {
				return s
			}
		}
	}
	for _, s := range p.Steps {
		if s.ID == id {
			return s
		}
	}
	if name, ok := strings.CutPrefix(id, milestoneStep); ok && b != nil {
		if m := b.Journey.Milestone(name); m != nil && m.Task != nil {
			return &Step{ID: id, Kind: TaskStep, Task: &Task{Text: *m.Task}}
		}
	}
	return nil
}

// eachStep calls f with every step, those of variants too.
func (p *Playbook) eachStep(f func(*Step)) {
	for _, s := range p.Steps {
		f(s)
	}
	for i := range p.Variants {
		for _, s := range p.Variants[i].Steps {
			f(s)
		}
	}
}

// ChooseVariant returns the variant that an account plays; ok is false where the
// playbook has variants and none of them holds, which is outside the audience.
// The variant is nil for a playbook without variants.
func (p *Playbook) ChooseVariant(f *rules.Facts) (v *Variant, ok bool) {
	for i := range p.Variants {
		v := &p.Variants[i]
		if v.If == nil || f != nil && v.If.Truth(f) == rules.True {
			return v, true
		}
	}
	return nil, len(p.Variants) == 0
}

// begin chooses the variant and the person and enters the first step, unless the
// run is held behind another from the start.
func (a *advance) begin() {
	r := a.run
	if r.Began.IsZero() {
		r.Began = a.now
	}
	if r.At.Owner == "" && r.At.Stage == "" {
		r.At = Snap(a.env.Facts)
	}
	r.Channel = a.playbook.Channel
	a.logBeginning()
	v, ok := a.playbook.ChooseVariant(a.facts())
	if !ok {
		a.log("log.no_variant")
		a.end(Stopped)
		return
	}
	if v != nil {
		r.Variant = v.Name
	}
	if r.Assignee == "" {
		r.Assignee = a.person(a.playbook.Assign, "owner")
	}
	r.Assignee = a.present(r.Assignee)
	if a.playbook.Also != nil {
		if also := a.person(a.playbook.Also, ""); also != r.Assignee {
			r.Also = also
		}
	}
	if a.event.Other != "" {
		r.Held = a.event.Other
		a.log("log.held", "run", r.Held)
		return
	}
	a.enterFirst()
}

func (a *advance) logBeginning() {
	switch by := a.run.StartedBy; {
	case by == "rule" || by == "":
		a.log("log.fired")
	case a.env.Team.Person(by) != nil:
		a.log("log.begun_by", "person", by)
	default:
		a.log("log.begun_by_run", "run", by)
	}
}

// enterFirst enters the step that the run's variant begins with.
func (a *advance) enterFirst() {
	if a.stopped() {
		return
	}
	for i := range a.playbook.Variants {
		if v := &a.playbook.Variants[i]; v.Name == a.run.Variant && v.Entry != "" {
			a.enter(v.Entry)
			return
		}
	}
	if len(a.playbook.Steps) == 0 {
		a.end(ResolvedOut)
		return
	}
	a.enter(a.playbook.Steps[0].ID)
}

// step returns the step the run is at.
func (a *advance) step() *Step {
	return a.playbook.step(a.env.Book, a.run.Variant, a.run.Step)
}

// follow goes where a target says; the zero target means what the step says, or
// the step after it.
func (a *advance) follow(t Target, from *Step) {
	if t == (Target{}) && from != nil {
		t = from.Then
	}
	switch {
	case t.Outcome != "" && a.milestonesFirst(t.Outcome):
		a.run.Handoff.Outcome = t.Outcome
		a.enterAfter(nil)
	case t.Outcome != "":
		a.end(t.Outcome)
	case t.Step != "":
		a.enter(t.Step)
	default:
		a.enterAfter(from)
	}
}

// enterAfter enters the step written after another. After the last one come the
// milestones of an accepted handoff, and then the end.
func (a *advance) enterAfter(from *Step) {
	if from != nil {
		for _, steps := range a.sequences() {
			at := slices.IndexFunc(steps, func(s *Step) bool { return s.ID == from.ID })
			if at >= 0 && at+1 < len(steps) {
				a.enter(steps[at+1].ID)
				return
			}
		}
	}
	if m := a.nextMilestone(); m != "" {
		a.enter(milestoneStep + m)
		return
	}
	if h := a.run.Handoff; h != nil && h.Outcome != "" {
		a.end(h.Outcome)
		return
	}
	a.end(ResolvedOut)
}

// sequences returns the lists in which a step may have one after it: the
// playbook's, then those of the run's variant.
func (a *advance) sequences() [][]*Step {
	lists := [][]*Step{a.playbook.Steps}
	for i := range a.playbook.Variants {
		if v := &a.playbook.Variants[i]; v.Name == a.run.Variant {
			lists = append(lists, v.Steps)
		}
	}
	return lists
}

// enter begins a visit to a step and, where the step needs nobody, goes on.
func (a *advance) enter(id string) {
	a.leave()
	step := a.playbook.step(a.env.Book, a.run.Variant, id)
	switch {
	case step == nil:
		a.run.Step = ""
		a.log("log.step_gone", "step", id)
		a.end(Unclear)
		return
	case a.passed[id] || len(a.run.Visits) >= maxVisits:
		a.run.Step = ""
		a.log("log.going_round", "step", id)
		a.end(Unclear)
		return
	}
	if a.passed == nil {
		a.passed = map[string]bool{}
	}
	a.passed[id] = true
	a.run.Step = id
	a.run.Visits = append(a.run.Visits, Visit{N: len(a.run.Visits), Step: id, Kind: step.Kind, Entered: a.now})
	a.changed = true
	a.play(step)
}

// play does what a step says on entering it.
func (a *advance) play(step *Step) {
	switch step.Kind {
	case AskStep, TaskStep:
		a.give(step)
	case HandoffStep:
		a.beginHandoff(step)
	case WaitStep:
		a.wait(step)
	case BranchStep:
		a.pass(step, a.branch(step.Branch))
	case SayStep:
		a.say(step)
		a.pass(step, step.Then)
	case SetStep:
		a.assign(step.Set, step.Quiet)
		a.pass(step, step.Then)
	case StartStep:
		a.start(step.Start)
		a.pass(step, step.Then)
	case WebhookStep:
		a.call(step)
	default:
		a.log("log.step_gone", "step", step.ID)
		a.end(Unclear)
	}
}

// pass goes on from a step that needed nobody.
func (a *advance) pass(step *Step, t Target) {
	if v := a.run.Current(); v != nil && v.Answer == "" {
		v.Answer = "passed"
	}
	a.follow(t, step)
}

// branch chooses the target: the first condition that holds, in order. Once a
// condition before it is unknown, a later one does not count: the branch is
// unknown then, and its else says where that leads.
func (a *advance) branch(branches []Branch) Target {
	unknown := false
	for _, b := range branches {
		if b.If == nil {
			if unknown && b.Unknown != nil {
				return *b.Unknown
			}
			return b.Then
		}
		switch a.truth(b.If) {
		case rules.True:
			if !unknown {
				return b.Then
			}
		case rules.Unknown:
			unknown = true
		}
	}
	return Target{Outcome: Unclear}
}

// leave ends the current visit.
func (a *advance) leave() {
	v := a.run.Current()
	if v == nil || !v.Left.IsZero() {
		return
	}
	v.Left = a.now
	a.dropVisit(v.N)
	a.run.TakenBy = ""
	a.run.SnoozedUntil = noTime
}

// end brings the run to an outcome. While the answer that led here can be undone,
// the run is only ending.
func (a *advance) end(outcome string) {
	a.leave()
	a.log("log.ended", "outcome", outcome)
	if def, ok := a.playbook.Outcomes[outcome]; ok && def.Escalate != "" {
		if who := a.resolve(def.Escalate, a.run.Assignee); who != "" {
			a.nudge(who, NudgeTold, "outcome", outcome)
			a.log("log.told", "person", who, "outcome", outcome)
		}
	}
	a.run.Step, a.run.Held, a.run.Outcome = "", "", outcome
	a.run.Timers = slices.DeleteFunc(a.run.Timers, func(t Timer) bool { return t.Kind != UndoTimer })
	if a.run.Undo == nil {
		a.finish()
	}
}

// finish makes an ending final.
func (a *advance) finish() {
	a.run.Ended = a.now
	a.run.Timers = nil
	a.changed = true
}
