package worker

import (
	"context"
	"errors"
	"fmt"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/store"
)

// load reads the checkpoint, and every account, person and channel of the partition.
func (o *owner) load(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := store.CheckpointKey(o.n)
	cp, err := o.w.o.Records.Checkpoints.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		cp = store.Doc[store.Checkpoint]{Key: key, Value: store.Checkpoint{Partition: o.n, Book: o.w.Present().Hash}}
	case err != nil:
		return err
	}
	o.cp = cp
	o.w.storms.learn(&cp.Value)
	if o.book, err = o.w.books.get(ctx, cp.Value.Book); errors.Is(err, errBook) {
		// The switch to the present book stands in the stream and must be reached.
		o.w.o.Logger.Error("the book that accounts were judged by cannot be used any more; the present one is", "partition", o.n, "error", err)
		o.book, err = o.w.Present(), nil
	}
	if err != nil {
		return err
	}
	if err := o.w.books.keep(ctx, o.book, o.w.o.Clock.Now()); err != nil {
		return err
	}
	mine := store.Query{Field: "part", Equal: int64(o.n)}
	for d, err := range o.w.o.Records.Accounts.All(ctx, mine) {
		if err != nil {
			return err
		}
		if _, err := o.remember(ctx, d); err != nil {
			return err
		}
	}
	for d, err := range o.w.o.Records.People.All(ctx, mine) {
		if err != nil {
			return err
		}
		o.people[d.Key] = &person{doc: d}
		o.due.set(inbox.PersonKey(d.Key), d.Value.Due)
		o.w.away.set(d.Value)
	}
	o.learnArrivals()
	o.spreadAll()
	if err := o.loadGatherings(ctx); err != nil {
		return err
	}
	for d, err := range o.w.o.Records.Channels.All(ctx, mine) {
		if err != nil {
			return err
		}
		o.keepChannel(d)
	}
	return nil
}

// recover does, once the stream has been read to its end, what a crash may have left undone: runs that were intended,
// effects that were not carried out, storms of which ops were not told, messages of which it is not known whether they were sent.
func (o *owner) recover(ctx context.Context) error {
	j := &job{o: o, lane: stream.Now, seq: max(o.read.Now, o.cp.Value.Now)}
	for _, a := range o.accounts {
		storms := o.unasked(a)
		pending := len(a.doc.Value.Intents) > 0 || len(storms) > 0
		for _, r := range a.runs {
			pending = pending || len(r.doc.Value.Effects) > 0
		}
		if !pending {
			continue
		}
		t := &touched{a: a, c: change{at: o.w.o.Clock.Now(), again: true, storms: storms}}
		if err := j.settle(ctx, t, true); err != nil {
			return err
		}
	}
	if err := o.recoverGatherings(j); err != nil {
		return err
	}
	if err := j.finish(ctx); err != nil {
		return err
	}
	for name := range o.channels {
		o.handOver(name)
	}
	return nil
}

// everywhere works the events that concern the whole partition.
func (j *job) everywhere(ctx context.Context, events []stream.Event) error {
	o := j.o
	if j.lane != stream.Now || j.seq <= o.cp.Value.Now {
		return nil
	}
	for _, ev := range events {
		t := touched{c: change{at: ev.At}}
		switch ev.Kind {
		case inbox.BookKind:
			var b inbox.Book
			if err := read(ev, &b); err != nil {
				return err
			}
			if err := j.switchBook(ctx, ev, b.Hash); err != nil {
				return err
			}
		case inbox.OpsKind:
			var ops inbox.Ops
			if err := read(ev, &ops); err != nil {
				return err
			}
			if err := j.ops(ctx, &t, ops); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a partition knows no event of kind %q", ev.Kind)
		}
	}
	return nil
}
