package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/store"
)

// maxFailures is how often an event is tried before it is set aside.
const maxFailures = 3

// place is where in the stream the events of a key are.
type place struct {
	partition int
	lane      stream.Lane
	seq       uint64
	key       string
}

// failures counts how often the events at a place failed for reasons of their own.
type failures struct {
	mu   sync.Mutex
	seen map[place]int
	last map[place]string
	bad  map[string]bool      // keys of which something was set aside: one more attempt is enough
	wake map[string]time.Time // by key: the due time whose wake was set aside
}

// note counts a failure, unless it is one of the store or the stream, which is no fault of the event.
func (f *failures) note(at place, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) ||
		errors.Is(err, store.ErrConflict) || errors.Is(err, stream.ErrUnavailable) || errors.Is(err, stream.ErrFull) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[at]++
	if f.bad[at.key] {
		f.seen[at] = maxFailures
	}
	f.last[at] = err.Error()
	return fmt.Errorf("event for %s (%s lane, %d), attempt %d of %d: %w", at.key, laneName(at.lane), at.seq, f.seen[at], maxFailures, err)
}

// giveUp remembers that events of a key were set aside.
func (f *failures) giveUp(ev stream.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bad == nil {
		f.bad, f.wake = map[string]bool{}, map[string]time.Time{}
	}
	f.bad[ev.Key] = true
	var w inbox.Wake
	if ev.Kind == inbox.WakeKind && read(ev, &w) == nil {
		f.wake[ev.Key] = w.Due
	}
}

// gaveUp reports whether a key's wake for that time was set aside: publishing it again would only fail again.
func (f *failures) gaveUp(key string, due time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.wake[key]
	return ok && at.Equal(due)
}

// hopeless reports whether the events at a place have failed often enough.
func (f *failures) hopeless(at place) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[at] >= maxFailures
}

// why returns the last error of the events at a place.
func (f *failures) why(at place) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last[at]
}

func laneName(l stream.Lane) string {
	if l == stream.Now {
		return "now"
	}
	return "bulk"
}

// park sets events aside that failed too often, with their last error, and lets the partition go on.
func (o *owner) park(ctx context.Context, at place, events []stream.Event) error {
	for i, ev := range events {
		id := fmt.Sprintf("%03d-%s-%020d-%03d-%s", o.n, laneName(at.lane), at.seq, i, clip(at.key, 100))
		d := store.Doc[store.Parked]{Key: id, Value: store.Parked{ID: id, Partition: o.n, Lane: laneName(at.lane), Key: ev.Key, Kind: ev.Kind,
			At: ev.At, Data: ev.Data, Error: o.w.failures.why(at), ParkedAt: o.w.o.Clock.Now()}}
		if err := o.w.o.Records.Parked.Insert(ctx, &d); err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
		o.w.counts.Parked.Add(1)
		o.w.failures.giveUp(ev)
		o.w.o.Logger.Error("event set aside after failing three times; see: playcaller parked list", "key", ev.Key, "kind", ev.Kind, "id", id)
	}
	return o.w.tellOps(ctx, "parked/"+events[0].Key+"/"+events[0].Kind, events[0].Key, o.w.failures.why(at))
}

// clip shortens a text to at most n bytes of whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
