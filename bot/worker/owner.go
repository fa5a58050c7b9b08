package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// owner is one tenure of one partition: the documents of its keys in memory, and how far its lanes have been read.
type owner struct {
	w *Worker
	p *stream.Partition
	n int

	mu         sync.Mutex // guards what follows: held while a message is worked, and by reads
	accounts   map[string]*account
	people     map[string]*person
	channels   map[string]*channel
	gatherings map[string]*gathering // by playbook
	peers      playbooks.Peers       // what accounts add to the features of their peers
	terms      string                // in which the book asks of peers
	learnt     int64                 // version of the other partitions' spreads that peers knows
	peersWhole bool                  // every other partition's, in the same terms
	feedsSeen  time.Time             // when the watch over feeds last looked
	spreadNews bool                  // something of peers has changed since the others were told
	spreadAt   time.Time             // business time at which the partition's own was last written
	book       *playbooks.Book
	switchedOn map[string]bool // playbooks that are new, while a book is switched to
	cp         store.Doc[store.Checkpoint]
	read       store.Seq // the last message of each lane that has been worked
	dirty      map[document]struct{}
	due        dueQueue
	woken      map[string]time.Time // wakes published and not read back yet
	current    bool                 // has caught up once: what is read from now on is new

	drawing   *drawing
	began     time.Time // real time at which the tenure began
	swept     bool      // what an earlier tenure left uncertain has been handed over
	woke      time.Time // real time of the last look at what is due
	nextFlush time.Time // real time before which series alone need not be written

	round  atomic.Int64 // the round of Rest that the owner was last found resting in
	asked  atomic.Int64
	cancel atomic.Pointer[context.CancelFunc] // ends the present wait
	failed atomic.Pointer[error]
}

// document is anything held in memory that is written in batches.
type document interface{ isDirty() bool }

func newOwner(w *Worker, p *stream.Partition) *owner {
	o := &owner{w: w, p: p, n: p.Number(),
		accounts: map[string]*account{}, people: map[string]*person{}, channels: map[string]*channel{},
		dirty: map[document]struct{}{}, woken: map[string]time.Time{}, began: time.Now()}
	o.round.Store(-1) // has found nothing to do in no round yet
	return o
}

// work reads and works messages until ctx ends or something fails that only starting again can mend.
func (o *owner) work(ctx context.Context) (err error) {
	defer func() {
		if err != nil && ctx.Err() == nil {
			o.failed.Store(&err)
		}
	}()
	if err := o.load(ctx); err != nil {
		return err
	}
	drawCtx, stop := context.WithCancel(ctx)
	o.drawing = newDrawing(drawCtx, o.w)
	defer o.drawing.wait()
	defer stop()

	if err := o.start(ctx); err != nil {
		return err
	}
	o.failed.Store(nil)
	for ctx.Err() == nil {
		m, ok, err := o.p.TryNext()
		if err != nil {
			return err
		}
		if !ok {
			if m, ok, err = o.pause(ctx); err != nil {
				break
			}
		}
		if ok {
			if err := o.message(ctx, m); err != nil {
				return err
			}
		}
		if err := errors.Join(o.wakeIfDue(ctx), o.flushIfDue(ctx)); err != nil {
			return err
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return errors.Join(err, o.lastFlush(ctx))
}

// start begins reading at the checkpoint. Where the stream cannot go on from there, that is an error with the way to repair
// it, unless the loss of what is missing was accepted.
func (o *owner) start(ctx context.Context) error {
	cp := &o.cp.Value
	err := o.p.Start(ctx, cp.Now, cp.Bulk, cp.Incarnation)
	foreign := errors.Is(err, stream.ErrForeign)
	if !o.w.o.AcceptLoss || !foreign && !errors.Is(err, stream.ErrGap) {
		return err
	}
	o.w.o.Logger.Warn("the loss of events is accepted", "partition", o.n, "error", err)
	if cp.Now, cp.Bulk, cp.Incarnation, err = o.p.Oldest(ctx); err != nil {
		return err
	}
	if foreign { // sequences of another stream say nothing of this one
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, a := range o.accounts {
			a.doc.Value.Seq, a.dirty = store.Seq{}, true
			o.dirty[a] = struct{}{}
			for _, r := range a.runs {
				r.doc.Value.Seq, r.dirty = store.Seq{}, true
			}
		}
		for _, p := range o.people {
			p.doc.Value.Seq, p.dirty = store.Seq{}, true
			o.dirty[p] = struct{}{}
		}
		for _, c := range o.channels {
			c.doc.Value.Seq, c.dirty = store.Seq{}, true
			o.dirty[c] = struct{}{}
		}
		if err := errors.Join(o.disown(ctx), o.write(ctx)); err != nil {
			return err
		}
	}
	if err := o.saveCheckpoint(ctx); err != nil {
		return err
	}
	return o.p.Start(ctx, cp.Now, cp.Bulk, cp.Incarnation)
}

// lastFlush writes what is in memory when the tenure ends, unless the partition is somebody else's by now.
func (o *owner) lastFlush(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), stream.ErrLeaseLost) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flush(ctx)
}

// uncaught is how long an owner that has not caught up waits, in real time, before it looks again.
const uncaught = 5 * time.Millisecond

// pause is called when no message is at hand. If all have been worked it does what was waiting for that, and otherwise
// waits for a message, the next write or a poke.
func (o *owner) pause(ctx context.Context) (stream.Message, bool, error) {
	asked := o.asked.Load() // before the look at the stream, so that what was published before Rest asked is worked by its answer
	caughtUp := o.p.CaughtUp()
	if caughtUp {
		busy, err := o.caughtUp(ctx, asked)
		if err != nil || busy {
			return stream.Message{}, false, err
		}
	}
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	o.cancel.Store(&cancel) // before the look at the clock, so that a poke after it is not lost
	limit := o.waitFor()
	if !caughtUp { // a message is on its way, or a publication that may fail
		limit = min(limit, uncaught)
	}
	timer := time.AfterFunc(limit, cancel)
	defer timer.Stop()
	if o.asked.Load() != asked { // asked between the check and now
		return stream.Message{}, false, nil
	}
	m, err := o.p.Next(wait)
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		return stream.Message{}, false, nil
	}
	return m, err == nil, err
}

// caughtUp does what must not happen while old messages are read again, and reports whether that made new ones. If not, it
// answers the round of Rest that was asked.
func (o *owner) caughtUp(ctx context.Context, asked int64) (busy bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.current {
		o.current = true
		if err := o.recover(ctx); err != nil {
			return false, err
		}
	}
	o.sharePeers()
	o.scheduleFeeds()
	if busy, err = o.wake(ctx); err != nil || busy {
		return busy, err
	}
	if !o.swept && o.settled() {
		o.swept = true
		for name := range o.channels {
			o.handOver(name)
		}
	}
	if o.round.Load() != asked && (o.swept || !o.unsettled()) {
		o.round.Store(asked)
	}
	return false, nil
}

// wakeIfDue looks at what is due about once a second while there is always another message, as during an import.
func (o *owner) wakeIfDue(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.current || time.Since(o.woke) < time.Second {
		return nil
	}
	_, err := o.wake(ctx)
	return err
}

// wakesAtOnce bounds the wakes of one message, so that a click need not wait for all that midnight brings.
const wakesAtOnce = 20

// wake publishes a wake for keys whose time has come.
func (o *owner) wake(ctx context.Context) (bool, error) {
	o.woke = time.Now()
	now := o.w.o.Clock.Now()
	var events []stream.Event
	for len(events) < wakesAtOnce {
		key, at, ok := o.due.peek()
		if !ok || at.After(now) {
			break
		}
		o.due.pop()
		if at.Equal(o.woken[key]) || o.w.failures.gaveUp(key, at) {
			continue
		}
		ev, err := inbox.Event(key, inbox.WakeKind, at, inbox.Wake{Due: at})
		if err != nil {
			return false, err
		}
		events = append(events, ev)
		o.woken[key] = at
	}
	if len(events) == 0 {
		return false, nil
	}
	return true, o.p.Publish(ctx, stream.Now, events...)
}

// waitFor is how long, in real time, the owner may wait for a message.
func (o *owner) waitFor() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	wait := 15 * time.Second
	if len(o.dirty) > 0 {
		wait = min(wait, time.Until(o.nextFlush))
	}
	if _, at, ok := o.due.peek(); ok {
		wait = min(wait, at.Sub(o.w.o.Clock.Now()))
	}
	if o.current && !o.swept {
		wait = min(wait, time.Until(o.began.Add(o.w.o.PostTimeout)))
	}
	return max(wait, time.Millisecond)
}

// poke ends a wait, so that the clock is looked at again.
func (o *owner) poke() {
	if cancel := o.cancel.Load(); cancel != nil {
		(*cancel)()
	}
}

// ask begins a round: the owner answers by round once it has found nothing to do.
func (o *owner) ask() {
	o.asked.Add(1)
	o.poke()
}

func (o *owner) resting() bool { return o.round.Load() == o.asked.Load() }

func (o *owner) nextDue() (time.Time, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, at, ok := o.due.peek()
	return at, ok
}

func (o *owner) trouble() error {
	if err := o.failed.Load(); err != nil {
		return fmt.Errorf("partition %d: %w", o.n, *err)
	}
	return nil
}

// release lets go of what other parts of the program do for this tenure.
func (o *owner) release() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for name := range o.channels {
		o.w.o.Sender.Drop(ctx, inbox.ChannelKey(name))
	}
}

// flushIfDue writes changed documents when they are old or many.
func (o *owner) flushIfDue(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.dirty) == 0 && !o.behind() && !o.owesSpread() {
		return nil
	}
	if len(o.dirty) < o.w.o.FlushAt && time.Now().Before(o.nextFlush) {
		return nil
	}
	return o.flush(ctx)
}

// behind reports whether messages have been worked that the checkpoint does not say.
func (o *owner) behind() bool {
	return o.read.Now > o.cp.Value.Now || o.read.Bulk > o.cp.Value.Bulk
}

// Writing what many accounts with long memories hold takes long, and nothing else of the partition happens meanwhile: an owner
// spends at most one part in flushShare of its time on it, unless it would write less often than every slowestFlush times
// Options.FlushEvery.
const (
	flushShare   = 10
	slowestFlush = 10
)

// flush writes every changed document, then the checkpoint, then lets the stream forget what lies below it.
func (o *owner) flush(ctx context.Context) error {
	began := time.Now()
	defer func() {
		o.nextFlush = began.Add(min(max(o.w.o.FlushEvery, flushShare*time.Since(began)), slowestFlush*o.w.o.FlushEvery))
	}()
	if len(o.dirty) == 0 && !o.behind() && !o.owesSpread() {
		return nil
	}
	if err := errors.Join(o.write(ctx), o.writeSpread(ctx)); err != nil {
		return err
	}
	return o.checkpoint(ctx)
}

// write writes every changed document.
func (o *owner) write(ctx context.Context) error {
	var accounts []*account
	var people []*person
	var channels []*channel
	for d := range o.dirty {
		switch d := d.(type) {
		case *account:
			accounts = append(accounts, d)
		case *person:
			people = append(people, d)
		case *channel:
			channels = append(channels, d)
		}
	}
	if err := o.writeAccounts(ctx, accounts); err != nil {
		return err
	}
	if err := o.writeRuns(ctx, accounts); err != nil {
		return err
	}
	if err := writeAll(ctx, o.w.o.Records.People, people, func(p *person) *store.Doc[store.Person] { return &p.doc }); err != nil {
		return err
	}
	if err := writeAll(ctx, o.w.o.Records.Channels, channels, func(c *channel) *store.Doc[store.Channel] { return &c.doc }); err != nil {
		return err
	}
	clear(o.dirty)
	for _, a := range accounts {
		o.letGo(a)
	}
	return nil
}

// checkpoint saves how far the partition has been worked. All that is in memory must have been written.
func (o *owner) checkpoint(ctx context.Context) error {
	v := &o.cp.Value
	v.Now, v.Bulk = max(v.Now, o.read.Now), max(v.Bulk, o.read.Bulk)
	v.Incarnation = o.w.o.Stream.Incarnation()
	v.Feeds, v.Outages = o.w.feeds.of(o.n)
	if err := o.saveCheckpoint(ctx); err != nil {
		return err
	}
	if v.Now > 0 {
		if err := o.p.Purge(ctx, stream.Now, v.Now); err != nil {
			return err
		}
	}
	if v.Bulk > 0 {
		return o.p.Purge(ctx, stream.Bulk, v.Bulk)
	}
	return nil
}

func (o *owner) saveCheckpoint(ctx context.Context) error {
	if o.cp.Version == 0 {
		return o.w.o.Records.Checkpoints.Insert(ctx, &o.cp)
	}
	return o.w.o.Records.Checkpoints.Replace(ctx, &o.cp)
}

// writeAll writes documents and makes a conflict an error: somebody else has the partition.
func writeAll[D document, T any](ctx context.Context, docs *store.Docs[T], changed []D, doc func(D) *store.Doc[T]) error {
	batch := make([]*store.Doc[T], len(changed))
	for i, d := range changed {
		batch[i] = doc(d)
	}
	conflicts, err := docs.BulkReplace(ctx, batch)
	if err != nil {
		return err
	}
	if len(conflicts) > 0 {
		return fmt.Errorf("%d documents, %q among them: %w", len(conflicts), conflicts[0], store.ErrConflict)
	}
	return nil
}
