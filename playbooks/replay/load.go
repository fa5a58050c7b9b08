package replay

import (
	"playcaller/playbooks"
)

// load counts the open plays by whose turn it is, for a run that may propose somebody; nil
// for others.
func (w *World) load(r *Run) map[string]int {
	if w.Load == nil || !w.Book.Playbooks[r.Playbook].Proposes(&r.Run) {
		return nil
	}
	return w.Load(r)
}

// passOn gives the account's other plays that wait for somebody to whoever took the
// account over.
func (w *World) passOn(a *Account, r *Run, e playbooks.Effect) {
	var events []playbooks.Event
	for _, other := range a.Runs {
		if ev, ok := e.Passed(&other.Run, r.ID, w.Now); ok {
			events = append(events, ev)
		}
	}
	w.Settle(a, Change{Events: events})
}
