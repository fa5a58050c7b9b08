package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

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
	f.last[at] = err.Error()
	return fmt.Errorf("event for %s (%s lane, %d), attempt %d of %d: %w", at.key, laneName(at.lane), at.seq, f.seen[at], maxFailures, err)
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
		o.w.o.Logger.Error("event set aside after failing three times; see: playcaller parked list", "key", ev.Key, "kind", ev.Kind, "id", id)
	}
	return o.w.tellOps(ctx, "parked/"+laneName(at.lane)+fmt.Sprint(o.n, "/", at.seq), events[0].Key, o.w.failures.why(at))
}

// clip shortens a text to at most n bytes of whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
