package worker

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// ops does what CS Ops ask for in this partition: they pause and resume playbooks, stop and move runs, and decide on what
// is held back or only listed.
func (j *job) ops(ctx context.Context, t *touched, ops inbox.Ops) error {
	order, err := j.o.order(ops, t.c)
	if err != nil || order == nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(j.o.accounts)) {
		a := j.o.accounts[id]
		at := &touched{a: a, c: change{at: t.c.at}}
		done := j.has(a.doc.Value.Seq)
		if !order(j, at, done) {
			continue
		}
		if err := j.settle(ctx, at, done); err != nil {
			return err
		}
	}
	return nil
}

// An order is carried out on one account, before it is judged and its runs are played. It reports whether it concerns the
// account. done says that the account's document has taken it in already.
type order func(j *job, t *touched, done bool) bool

// order notes an order in the partition's checkpoint and returns what it means for an account; nil where it means nothing.
func (o *owner) order(ops inbox.Ops, c change) (order, error) {
	cp := &o.cp.Value
	everybody := func(_ *job, t *touched, _ bool) bool {
		t.c.all = true
		return true
	}
	switch ops.What {
	case inbox.Pause:
		cp.Paused = with(cp.Paused, ops.Playbook, true)
		return everybody, nil
	case inbox.Resume:
		cp.Paused = without(cp.Paused, ops.Playbook)
		o.calm(ops.Playbook, c)
		return everybody, nil
	case inbox.Storm:
		cp.Storms = with(cp.Storms, ops.Playbook, true)
		o.w.storms.tell(ops.Playbook) // whoever asked for it has told ops
		return nil, nil
	case inbox.List:
		o.calm(ops.Playbook, c)
		return func(_ *job, t *touched, done bool) bool {
			t.c.all = o.listHeld(t.a, ops.Playbook, done)
			return t.c.all
		}, nil
	case inbox.Begin:
		return func(_ *job, t *touched, done bool) bool { return o.beginListed(t, ops, done) }, nil
	case inbox.Move:
		return func(j *job, t *touched, _ bool) bool { return j.moveRuns(t, ops) }, nil
	case inbox.Stop:
		return func(_ *job, t *touched, _ bool) bool { return stopRuns(t, ops) }, nil
	}
	return nil, fmt.Errorf("ops cannot %q; they can pause, resume, stop, move, list and start", ops.What)
}

// calm ends a storm. That is kept: a process that knew nothing of it would find the same storm again, of which ops were asked.
func (o *owner) calm(playbook string, c change) {
	o.cp.Value.Storms = without(o.cp.Value.Storms, playbook)
	o.cp.Value.Lifted = with(o.cp.Value.Lifted, playbook, c.at)
	o.w.storms.lift(playbook, c.at)
}

// listHeld counts what a storm holds back as true already: its episode has no run. It reports whether there was any.
func (o *owner) listHeld(a *account, playbook string, done bool) bool {
	found := false
	for key, s := range a.doc.Value.States {
		if of, _ := store.SplitRuleKey(key); of != playbook || s.Phase != rules.Pending || s.Reason != rules.OverStormLimit {
			continue
		}
		if found = true; !done {
			s.Without = rules.AlreadyTrue
			a.doc.Value.States[key] = s
		}
	}
	return found
}

// beginListed starts runs of a playbook where its rule held already when it was switched on.
func (o *owner) beginListed(t *touched, ops inbox.Ops, done bool) bool {
	found := false
	o.listed(t.a, ops.Playbook, func(subject string, s rules.RuleState) {
		if found = true; !done {
			o.applyStart(t.a, &t.c, inbox.Start{Account: t.a.doc.Key, Playbook: ops.Playbook, Subject: subject, By: ops.By,
				ID: fmt.Sprintf("listed/%s/%s/%d", ops.Playbook, subject, s.Episode)})
		}
	})
	return found
}

// stopRuns stops one run, or every open run of a playbook.
func stopRuns(t *touched, ops inbox.Ops) bool {
	for _, r := range t.a.open() {
		if v := &r.doc.Value; v.ID == ops.Run || ops.Run == "" && v.Playbook == ops.Playbook {
			t.c.runs = append(t.c.runs, playbooks.Event{Kind: playbooks.StoppedRun, At: t.c.at, By: ops.By, Run: v.ID, Reason: ops.Reason})
		}
	}
	return len(t.c.runs) > 0
}

// moveRuns takes the open runs of a playbook to the book that accounts are judged by, where their step is still there.
func (j *job) moveRuns(t *touched, ops inbox.Ops) bool {
	found := false
	for _, r := range t.a.open() {
		v := &r.doc.Value
		if v.Playbook != ops.Playbook {
			continue
		}
		moved, stays := v.MoveTo(j.o.book, playbooks.Event{At: t.c.at, By: ops.By})
		if stays != "" || moved.Book == v.Book {
			continue
		}
		v.Run, r.dirty, r.job, found = moved, true, j, true
		j.mark(&v.Seq)
		j.o.takeOver(t, v)
	}
	return found
}

// takeOver makes a run that was moved one of the present rule's: as long as that would not have ended it, the episode that
// the rule waits with is the run's.
func (o *owner) takeOver(t *touched, v *store.Run) {
	rule := o.book.Rules.Rule(v.Playbook)
	key := store.RuleKey(v.Playbook, v.Subject)
	s, ok := t.a.doc.Value.States[key]
	if rule == nil || !ok || v.Episode <= 0 || s.Fingerprint != rule.Fingerprint || s.Phase == rules.Firing {
		return
	}
	at := t.c.at
	if at.Before(t.a.doc.Value.At) {
		at = t.a.doc.Value.At
	}
	f := o.book.Rules.Facts(&t.a.doc.Value.Account, &t.a.history, at)
	o.prepare(f, t.a.doc.Key)
	f.ForContract(v.Subject)
	over := rule.When.Truth(f) == rules.False
	if rule.Resolve != nil {
		over = rule.Resolve.Truth(f) == rules.True
	}
	if over {
		return
	}
	s.Phase, s.Since, s.Episode, s.Recorded = rules.Firing, v.Began, v.Episode, v.Episode
	s.Outcome, s.Reason, s.Without = rules.Fired, "", ""
	t.a.doc.Value.States[key] = s
	t.c.said = true
}

// without returns a copy of a map with one entry less.
func without[V any](m map[string]V, key string) map[string]V {
	changed := maps.Clone(m)
	delete(changed, key)
	return changed
}
