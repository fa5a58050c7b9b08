package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrLeaseLost ends an owner's context when its partition may pass to another replica.
var ErrLeaseLost = errors.New("the partition's lease is lost")

func newMark() string { return rand.Text()[:8] }

// lease is a partition that this replica holds: its goroutine, keep, renews it and runs the owner.
type lease struct {
	owners *owners
	number int
	key    string
	ending bool // asked to give up; belongs to owners.run

	stop     context.CancelFunc // asks keep to end in an orderly way
	stopping context.Context
	standing context.Context // ends when the lease may no longer be relied on
	lose     context.CancelCauseFunc
	fence    *time.Timer // ends standing, unless a renewal comes before
	revision uint64
	released bool // written by keep before it ends
}

func newLease(o *owners, number int) *lease {
	l := &lease{owners: o, number: number, key: fmt.Sprint(leaseKey, number)}
	l.stopping, l.stop = context.WithCancel(context.Background())
	l.standing, l.lose = context.WithCancelCause(context.Background())
	return l
}

func (l *lease) giveUp() {
	l.ending = true
	l.stop()
}

// length is how long a claim or renewal holds for its owner, from before it was sent: a fifth less than for the others.
func (l *lease) length() time.Duration { return l.owners.stream.options.Lease * 4 / 5 }

// held notes that the lease was written with a request sent at the given time.
func (l *lease) held(sent time.Time, revision uint64) {
	l.revision = revision
	l.fence = time.AfterFunc(time.Until(sent.Add(l.length())), func() { l.lose(ErrLeaseLost) })
}

// keep runs the owner until the lease is given up or lost, and releases it.
func (l *lease) keep() {
	s := l.owners.stream
	s.noteOwned(l.number, true)
	s.log.Debug("event stream partition owned", "partition", l.number)
	owner := make(chan struct{})
	go func() {
		defer close(owner)
		l.work()
	}()
	renewal := time.NewTicker(s.options.Lease / 3)
	defer renewal.Stop()
	for working := true; working; {
		select {
		case <-renewal.C:
			l.renew()
		case <-owner:
			working = false
		}
	}
	l.fence.Stop()
	if l.standing.Err() == nil {
		l.release()
	} else {
		s.log.Warn("event stream partition lost", "partition", l.number, "error", context.Cause(l.standing))
	}
	l.lose(ErrLeaseLost)
	s.noteOwned(l.number, false)
	l.owners.ended <- l
}

const (
	reopenFirst  = 100 * time.Millisecond
	reopenAtMost = 5 * time.Second
)

// work calls the owner, again and again while the lease stands.
func (l *lease) work() {
	pause := reopenFirst
	for l.stopping.Err() == nil && l.standing.Err() == nil {
		began := time.Now()
		err := l.open()
		if l.stopping.Err() != nil || l.standing.Err() != nil {
			return
		}
		if time.Since(began) > reopenAtMost {
			pause = reopenFirst
		}
		l.owners.stream.log.Error("event stream partition stopped; it is opened again", "partition", l.number, "after", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-l.stopping.Done():
		case <-l.standing.Done():
		}
		pause = min(2*pause, reopenAtMost)
		l.confirm()
	}
}

// open runs the owner once.
func (l *lease) open() error {
	ctx, cancel := context.WithCancelCause(l.standing)
	defer cancel(context.Canceled)
	defer context.AfterFunc(l.stopping, func() { cancel(context.Canceled) })()
	p := l.owners.stream.newPartition(ctx, l.number)
	defer p.close()
	return l.owners.own(ctx, p)
}

// confirm asks the server whether the lease is still this replica's before the owner starts again; an owner that met a
// conflict may have been replaced.
func (l *lease) confirm() {
	if l.stopping.Err() != nil || l.standing.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.standing, l.owners.stream.options.Lease/3)
	defer cancel()
	entry, err := l.owners.bucket.Get(ctx, l.key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || err == nil && string(entry.Value()) != l.owners.identity {
		l.lose(ErrLeaseLost)
	}
}

// renew writes the lease anew. Without an answer it is tried again at the next tick, until the fence falls.
func (l *lease) renew() {
	if l.standing.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.standing, l.owners.stream.options.Lease/3)
	defer cancel()
	sent := time.Now()
	revision, err := l.owners.bucket.Update(ctx, l.key, []byte(l.owners.identity), l.revision)
	if isConflict(err) {
		// An earlier renewal may have arrived although its answer did not.
		entry, lookErr := l.owners.bucket.Get(ctx, l.key)
		if errors.Is(lookErr, jetstream.ErrKeyNotFound) || lookErr == nil && string(entry.Value()) != l.owners.identity {
			l.lose(ErrLeaseLost)
			return
		}
		if lookErr == nil {
			sent = time.Now()
			revision, err = l.owners.bucket.Update(ctx, l.key, []byte(l.owners.identity), entry.Revision())
		}
	}
	if err != nil {
		return
	}
	l.revision = revision
	if l.fence.Stop() {
		l.fence.Reset(time.Until(sent.Add(l.length())))
	}
}

// release lets another replica take the partition at once.
func (l *lease) release() {
	ctx, cancel := context.WithTimeout(context.Background(), l.owners.stream.options.Lease/3)
	defer cancel()
	err := l.owners.bucket.Delete(ctx, l.key, jetstream.LastRevision(l.revision))
	l.released = err == nil
	if err != nil {
		l.owners.stream.log.Debug("event stream lease not released", "partition", l.number, "error", err)
	}
}

// isConflict reports whether a write was refused because the entry has changed.
func isConflict(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}
