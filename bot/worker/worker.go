// Package worker does the work: one event of one key at a time it applies signals, judges rules, advances runs and saves
// what came of it.
//
// Every partition of the stream has one owner, which holds the documents of the partition's keys in memory. A change that
// somebody could notice — a rule's state, a run — is written before anything is done because of it; series alone are
// written in batches. The checkpoint moves only past what is written, so that after a crash the stream is read again from
// there, and each document's own sequence tells what it has taken in already.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/sender"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// Options configures New. All are required but those with a default.
type Options struct {
	Stream  *stream.Stream
	Records store.Records
	Sender  Sender
	Draw    Draw
	Book    *playbooks.Book // judged by until the stream says otherwise
	Call    Call            // nil: no other system is configured
	Clock   clockwork.Clock // business time
	Logger  *slog.Logger    // slog.Default where nil

	// Switched is called once a partition of this replica judges by another book; nil: nobody wants to know.
	Switched func(partition int, book string)

	// PostTimeout is how long a request to Slack of a process that was killed may still be on its way, in real time.
	PostTimeout time.Duration

	// AcceptLoss goes on where the stream no longer has what follows a checkpoint, or is another one: what it lacks is lost.
	AcceptLoss bool

	FlushEvery time.Duration // real time between writes of changed series, up to ten times as much where they take long; 1 s where 0
	FlushAt    int           // that many changed accounts are written at once; 500 where 0
}

// Sender sends what a channel's outbox holds; *sender.Sender does.
type Sender interface {
	Enqueue(queue string, items ...sender.Item)
	Drop(ctx context.Context, queue string)
	Pending() int
}

// Draw makes the message that an outgoing names, as things stand now. It returns false where there is nothing to show
// any more.
type Draw func(ctx context.Context, channel string, out store.Outgoing) (sender.Item, bool, error)

// Worker owns partitions of the stream and does what their events ask for.
type Worker struct {
	o     Options
	books *books

	mu     sync.RWMutex
	owners map[int]*owner

	activity atomic.Int64 // grows with everything that is done
	drawing  atomic.Int64 // messages between the outbox and the sender
	failures failures
	feeds    feeds
	away     away
	storms   storms
	spreads  spreads
	untold   atomic.Bool // see Untold
	counts   Counts
}

// New returns a worker that begins when Run is called.
func New(o Options) *Worker {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Call == nil {
		o.Call = func(_ context.Context, system string, _ store.Outgoing) error {
			return fmt.Errorf("%w: no webhook %q is configured", ErrRefused, system)
		}
	}
	if o.FlushEvery == 0 {
		o.FlushEvery = time.Second
	}
	if o.FlushAt == 0 {
		o.FlushAt = 500
	}
	w := &Worker{o: o, books: newBooks(o.Records, o.Book), owners: map[int]*owner{}, failures: failures{seen: map[place]int{}, last: map[place]string{}}}
	w.untold.Store(true)
	return w
}

// Run works until ctx ends; what is in memory by then has been written when it returns.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.learn(ctx); ctx.Err() != nil {
		return nil // asked to stop before anything began
	} else if err != nil {
		return err
	}
	return w.o.Stream.Run(ctx, w.own)
}

// learn reads what every partition needs to know of the others before the first of them is worked: who is away, and when
// anything of a signal last came in.
func (w *Worker) learn(ctx context.Context) error {
	for d, err := range w.o.Records.People.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		w.away.set(d.Value)
	}
	if err := w.learnSpreads(ctx); err != nil {
		return err
	}
	return w.learnFeeds(ctx)
}

// own is one tenure of one partition.
func (w *Worker) own(ctx context.Context, p *stream.Partition) error {
	o := newOwner(w, p)
	w.mu.Lock()
	w.owners[o.n] = o
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		if w.owners[o.n] == o {
			delete(w.owners, o.n)
		}
		w.mu.Unlock()
		o.release()
	}()
	err := o.work(ctx)
	if err != nil && ctx.Err() == nil {
		level := slog.LevelWarn
		if errors.Is(err, stream.ErrGap) || errors.Is(err, stream.ErrForeign) {
			level = slog.LevelError
		}
		w.o.Logger.Log(ctx, level, "partition is read again from its checkpoint", "partition", o.n, "error", err)
	}
	return err
}

// Poke makes owners look at the clock again; for clocks that can be turned.
func (w *Worker) Poke() {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, o := range w.owners {
		o.poke()
	}
}

// NextDue returns the earliest business time at which something is to be done although nothing happens; false where
// there is none.
func (w *Worker) NextDue() (time.Time, bool) {
	w.mu.RLock()
	owners := slices.Collect(maps.Values(w.owners)) // who holds its partition may wait for w.mu
	w.mu.RUnlock()
	var next time.Time
	for _, o := range owners {
		if at, ok := o.nextDue(); ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, !next.IsZero()
}

// Rest waits until the worker has nothing left to do at the present business time: every event has been worked, every
// due time met, every message sent.
func (w *Worker) Rest(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	before := int64(-1)
	for {
		if at := w.activity.Load(); at != before || !w.resting() {
			if before != at {
				before = at
				w.ask()
			}
		} else if w.still() && w.activity.Load() == before {
			return nil
		} else {
			before = -1
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the bot did not come to rest: %s: %w", w.busy(), ctx.Err())
		}
	}
}

// ask makes every owner say when it finds nothing to do.
func (w *Worker) ask() {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, o := range w.owners {
		o.ask()
	}
}

// still reports whether nothing is on its way to Slack.
func (w *Worker) still() bool { return w.drawing.Load() == 0 && w.o.Sender.Pending() == 0 }

// resting reports whether every owner has found nothing to do since it was last asked.
func (w *Worker) resting() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if len(w.owners) < w.o.Stream.Partitions() {
		return false
	}
	for _, o := range w.owners {
		if !o.resting() {
			return false
		}
	}
	return true
}

// busy says what keeps the worker from resting.
func (w *Worker) busy() string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	working := 0
	for _, o := range w.owners {
		if !o.resting() {
			working++
		}
	}
	return fmt.Sprintf("%d messages wait for Slack, %d of %d partitions have work", w.o.Sender.Pending(), working, len(w.owners))
}

// Ready returns nil while this replica works its partitions, and what is wrong otherwise.
func (w *Worker) Ready() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, o := range w.owners {
		if err := o.trouble(); err != nil {
			return err
		}
	}
	return nil
}
