package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/rules"
	"playcaller/store"
)

// job is the work on one message: first the documents of all keys it touches are changed in memory, then what somebody
// could notice is written, then runs are advanced and written, and at last what they ask for is published.
type job struct {
	o    *owner
	lane stream.Lane
	seq  uint64

	accounts  []*touched
	decisions []*store.Doc[store.Decision]
	changes   []*store.Doc[store.Change]
	fired     []string       // playbooks that rules started, counted against storms
	told      []string       // playbooks of whose storm ops are told
	out       []stream.Event // to be published once all is written
	carried   []*run         // whose effects are in out
	everyone  []addressed    // likewise, for partitions

	gatherings []*gathering // of playbooks that this message concerns
	toDraw     []string     // channels with new messages
	switched   bool         // the partition judges by another book
}

// touched is an account that the message concerns.
type touched struct {
	a *account
	c change
	f *rules.Facts
}

// message works one message. An error means that nothing of it may be believed: the partition starts again from its
// checkpoint.
func (o *owner) message(ctx context.Context, m stream.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w.activity.Add(1)
	defer o.w.activity.Add(1) // again at the end: what is published meanwhile is news to whoever rested already
	j := &job{o: o, lane: m.Lane, seq: m.Seq}
	order, byKey := group(m.Events)
	for _, key := range order {
		at := place{o.n, m.Lane, m.Seq, key}
		if o.w.failures.hopeless(at) {
			if err := o.park(ctx, at, byKey[key]); err != nil {
				return err
			}
			continue
		}
		if err := j.key(ctx, key, byKey[key]); err != nil {
			o.w.storms.undo(j.fired, j.told)
			return o.w.failures.note(at, err)
		}
	}
	if err := j.finish(ctx); err != nil {
		o.w.storms.undo(j.fired, j.told)
		for _, key := range order {
			err = o.w.failures.note(place{o.n, m.Lane, m.Seq, key}, err)
		}
		return err
	}
	if m.Lane == stream.Now {
		o.read.Now = m.Seq
	} else {
		o.read.Bulk = m.Seq
	}
	if j.switched && o.w.o.Switched != nil {
		o.w.o.Switched(o.n, o.cp.Value.Book)
	}
	return nil
}

// group sorts the events of a message by key, in the order in which keys first come.
func group(events []stream.Event) (order []string, byKey map[string][]stream.Event) {
	byKey = map[string][]stream.Event{}
	for _, ev := range events {
		if _, ok := byKey[ev.Key]; !ok {
			order = append(order, ev.Key)
		}
		byKey[ev.Key] = append(byKey[ev.Key], ev)
	}
	return order, byKey
}

// key takes the events of one key into memory. A panic becomes an error, so that one bad event cannot stop a partition.
func (j *job) key(ctx context.Context, key string, events []stream.Event) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	of, name := inbox.Split(key)
	switch of {
	case "account":
		return j.account(ctx, name, events)
	case "person":
		return j.person(ctx, name, events)
	case "channel":
		return j.channel(ctx, name, events)
	case "playbook":
		return j.playbook(ctx, name, events)
	case "feeds":
		return j.feeds(ctx, events)
	case inbox.Everywhere:
		return j.everywhere(ctx, events)
	}
	return fmt.Errorf("nobody knows the key %q", key)
}

// account applies events to one account, judges it, and advances its runs.
func (j *job) account(ctx context.Context, id string, events []stream.Event) error {
	a, err := j.o.account(ctx, id)
	if err != nil {
		return err
	}
	t := &touched{a: a, c: change{at: a.doc.Value.At}}
	done := j.has(a.doc.Value.Seq)
	overdue := a.doc.Value.Due
	for _, ev := range events {
		if done { // the document has it; the runs may not, nor what is known of the feeds
			if err := j.o.applyAgain(&t.c, ev); err != nil {
				return err
			}
			continue
		}
		if err := j.o.apply(a, &t.c, ev); err != nil {
			return err
		}
	}
	if err := j.o.w.hearOthers(ctx); err != nil {
		return err
	}
	t.c.again = done
	if !done && !overdue.IsZero() && !overdue.After(t.c.at) { // its time came before the wake did, which will find nothing left to do
		t.c.all, t.c.woken = true, true
	}
	if at := events[len(events)-1].At; done && at.After(t.c.at) {
		t.c.at = at
	}
	return j.settle(ctx, t, done)
}

// settle judges a touched account and puts it on the list of those to be finished.
func (j *job) settle(ctx context.Context, t *touched, done bool) error {
	a := t.a
	if t.c.at.Before(a.doc.Value.At) { // what came in by the other lane was later
		t.c.at = a.doc.Value.At
	}
	a.doc.Value.At = t.c.at
	t.f = j.o.book.Rules.Facts(&a.doc.Value.Account, &a.history, t.c.at)
	j.o.prepare(t.f, a.doc.Key)
	if !done {
		j.o.spread(a, &t.c, t.f)
		j.o.reach(a, &t.c, t.f)
		at := fmt.Sprintf("%03d-%d-%020d", j.o.n, j.lane, j.seq)
		for _, d := range j.o.judge(a, &t.c, t.f, at) {
			j.decisions = append(j.decisions, &store.Doc[store.Decision]{Key: store.DecisionKey(d), Value: d})
			if d.Outcome == rules.Fired && j.o.startsAtOnce(d.Playbook) {
				j.fired = append(j.fired, d.Playbook)
			}
		}
		for i, c := range t.c.changes {
			c.Account = a.doc.Key
			j.changes = append(j.changes, &store.Doc[store.Change]{Key: fmt.Sprintf("%s|%s-%03d", a.doc.Key, at, i), Value: c})
		}
		j.mark(&a.doc.Value.Seq)
		a.dirty = true
	}
	if err := j.announce(t); err != nil {
		return err
	}
	if err := j.o.play(ctx, j, t); err != nil {
		return err
	}
	for _, d := range t.lateDecisions(fmt.Sprintf("%03d-%d-%020d", j.o.n, j.lane, j.seq)) {
		j.decisions = append(j.decisions, &store.Doc[store.Decision]{Key: store.DecisionKey(d), Value: d})
	}
	j.accounts = append(j.accounts, t)
	return nil
}

// has reports whether a document has taken this message in already.
func (j *job) has(s store.Seq) bool {
	if j.lane == stream.Now {
		return s.Now >= j.seq
	}
	return s.Bulk >= j.seq
}

// mark notes in a document that it has taken this message in.
func (j *job) mark(s *store.Seq) {
	if j.lane == stream.Now {
		s.Now = max(s.Now, j.seq)
	} else {
		s.Bulk = max(s.Bulk, j.seq)
	}
}

// finish writes what somebody could notice, in an order that a crash between any two writes cannot harm: decisions, then
// accounts with what they intend, then runs with what they ask for; then it publishes that, and notes that it has.
func (j *job) finish(ctx context.Context) error {
	o := j.o
	if err := writeAnyway(ctx, o.w.o.Records.Decisions, j.decisions); err != nil {
		return err
	}
	if err := writeAnyway(ctx, o.w.o.Records.Changes, j.changes); err != nil {
		return err
	}
	var soon, all []*account
	for _, t := range j.accounts {
		all = append(all, t.a)
		if t.c.said || len(t.a.doc.Value.Intents) > 0 {
			soon = append(soon, t.a)
		}
		if t.a.dirty {
			o.dirty[t.a] = struct{}{}
		}
	}
	if err := o.writeAccounts(ctx, soon); err != nil {
		return err
	}
	if err := o.writeRuns(ctx, all); err != nil {
		return err
	}
	if err := j.writeGatherings(ctx, false); err != nil {
		return err
	}
	if len(j.out) > 0 {
		if err := o.w.o.Stream.Publish(ctx, stream.Now, j.out...); err != nil {
			return err
		}
	}
	for _, a := range j.everyone {
		if err := o.w.o.Stream.PublishTo(ctx, a.partition, stream.Now, a.event); err != nil {
			return err
		}
	}
	if err := j.writeGatherings(ctx, true); err != nil {
		return err
	}
	for _, r := range j.carried {
		r.doc.Value.Effects, r.dirty = nil, true
	}
	for _, t := range j.accounts {
		v := &t.a.doc.Value
		if len(v.Intents) > 0 {
			v.Intents, t.a.dirty = nil, true
			o.dirty[t.a] = struct{}{}
		}
		o.letGo(t.a)
	}
	for _, name := range j.toDraw {
		o.handOver(name)
	}
	return nil
}

// publish puts an event on the list of those that go out once all is written.
func (j *job) publish(key, kind string, t *touched, id string, content any) error {
	ev, err := inbox.Event(key, kind, t.c.at, content)
	if err != nil {
		return err
	}
	ev.ID = id
	j.out = append(j.out, ev)
	return nil
}

// account returns the account in memory, read from the store or made.
func (o *owner) account(ctx context.Context, id string) (*account, error) {
	if a := o.accounts[id]; a != nil {
		return a, nil
	}
	doc, err := o.w.o.Records.Accounts.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		doc, err = store.Doc[store.Account]{Key: id, Value: store.Account{ID: id, Partition: o.n, Account: rules.Account{ID: id}}}, nil
	}
	if err != nil {
		return nil, err
	}
	return o.remember(ctx, doc)
}

// remember takes an account's document, and its open runs, into memory.
func (o *owner) remember(ctx context.Context, doc store.Doc[store.Account]) (*account, error) {
	a := &account{doc: doc, runs: map[string]*run{}}
	if err := a.unpack(); err != nil {
		return nil, err
	}
	if doc.Version > 0 {
		if err := o.recall(ctx, a); err != nil {
			return nil, err
		}
	}
	o.accounts[doc.Key] = a
	o.due.set(inbox.AccountKey(doc.Key), doc.Value.Due)
	return a, nil
}

// recall reads the account's open runs, and notes the end of those that ended just before a crash.
func (o *owner) recall(ctx context.Context, a *account) error {
	open, err := o.w.o.Records.Runs.Find(ctx, store.Query{Field: "open", Equal: a.doc.Key})
	if err != nil {
		return err
	}
	for _, d := range open {
		a.runs[d.Key] = &run{doc: d}
	}
	for _, id := range a.doc.Value.Open {
		if a.runs[id] != nil {
			continue
		}
		d, err := o.w.o.Records.Runs.Get(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // intended, and not begun before the crash: its intent is in the document
		}
		if err != nil {
			return err
		}
		if len(d.Value.Effects) > 0 {
			a.runs[id] = &run{doc: d}
		}
		a.ended(&d.Value, o.book)
	}
	return nil
}

// writeAnyway writes records of what was decided. One that is there already was written before a crash, perhaps by facts
// that were others: what counts is what is decided now.
func writeAnyway[T any](ctx context.Context, docs *store.Docs[T], records []*store.Doc[T]) error {
	conflicts, err := docs.BulkReplace(ctx, records)
	if err != nil {
		return err
	}
	for _, r := range records {
		if !slices.Contains(conflicts, r.Key) {
			continue
		}
		old, err := docs.Get(ctx, r.Key)
		if err != nil {
			return err
		}
		r.Version = old.Version
		if err := docs.Replace(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (o *owner) writeAccounts(ctx context.Context, changed []*account) error {
	for _, a := range changed {
		if err := a.pack(); err != nil {
			return err
		}
		a.doc.Value.Open = a.unfinished()
	}
	err := writeAll(ctx, o.w.o.Records.Accounts, changed, func(a *account) *store.Doc[store.Account] { return &a.doc })
	for _, a := range changed {
		a.doc.Value.History, a.doc.Value.Seen = nil, nil
		a.dirty = a.dirty && err != nil
	}
	return err
}

// letGo forgets runs that have ended and are written as they are, and sees to it that the document forgets them too.
func (o *owner) letGo(a *account) {
	for id, r := range a.runs {
		if r.unfinished() {
			continue
		}
		delete(a.runs, id)
		if slices.Contains(a.doc.Value.Open, id) {
			a.dirty = true
		}
	}
	if a.dirty || slices.ContainsFunc(slices.Collect(maps.Values(a.runs)), (*run).isDirty) {
		o.dirty[a] = struct{}{}
	}
}

func (o *owner) writeRuns(ctx context.Context, of []*account) error {
	var changed []*run
	for _, a := range of {
		for _, r := range a.runs {
			if r.dirty {
				changed = append(changed, r)
			}
		}
	}
	err := writeAll(ctx, o.w.o.Records.Runs, changed, func(r *run) *store.Doc[store.Run] { return &r.doc })
	for _, r := range changed {
		r.dirty = err != nil
	}
	return err
}
func (r *run) isDirty() bool { return r.dirty }
