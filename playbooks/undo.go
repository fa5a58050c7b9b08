package playbooks

import (
	"encoding/json"
	"slices"
)

// undoable keeps the run as it is before an answer, and lets the answer's outward
// effects wait for a minute.
func (a *advance) undoable() {
	before := *a.run
	before.Undo, before.Log = nil, nil
	a.run.Undo = &Undo{Until: a.now.Add(undoFor).UTC(), By: a.event.By, Before: marshal(before)}
	a.run.Timers = append(a.run.Timers, Timer{At: a.run.Undo.Until, Kind: UndoTimer, Visit: a.event.Visit})
	a.changed = true
}

// settle makes an answer final: what waited goes out, and a run that was ending
// has ended.
func (a *advance) settle() {
	u := a.run.Undo
	if u == nil {
		return
	}
	a.effects = append(a.effects, u.Held...)
	a.run.Undo = nil
	a.run.Timers = slices.DeleteFunc(a.run.Timers, func(t Timer) bool { return t.Kind == UndoTimer })
	a.changed = true
	if a.run.Outcome != "" {
		a.finish()
	}
}

// undo takes the last answer back: the run is where it was, its effects never go
// out, and what it did meanwhile stays on record. What others added in that minute
// is kept.
func (a *advance) undo() {
	now := *a.run
	var r Run
	if err := json.Unmarshal(now.Undo.Before, &r); err != nil {
		return
	}
	r.Log, r.Version, r.Sent, r.Evidence, r.Moot = now.Log, now.Version, now.Sent, now.Evidence, now.Moot
	old := len(r.Visits) - 1
	again := r.Visits[old].clone()
	again.N = len(now.Visits)
	for i := range r.Timers {
		if r.Timers[i].Visit == old {
			r.Timers[i].Visit = again.N
		}
	}
	r.Visits = now.Visits
	for i := old; i < len(r.Visits); i++ {
		r.Visits[i].Undone = true
		if r.Visits[i].Left.IsZero() {
			r.Visits[i].Left = a.now
		}
	}
	r.Visits = append(r.Visits, again)
	*a.run = r
	a.log("log.undone")
	if a.run.Moot && a.playbook.OnResolve != ContinueOnResolve && !a.run.Answered() {
		a.run.Moot = false
		a.log("log.resolved")
		a.end(ResolvedOut)
		return
	}
	if step := a.step(); step != nil && again.Assignee != now.Visits[old].Assignee && again.Approval == "" && r.Held == "" && r.SnoozedUntil.IsZero() {
		a.hand(step, "") // the account changed hands meanwhile
	}
	a.look()
}
