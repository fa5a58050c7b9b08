package stream

import (
	"errors"
	"fmt"
	"time"
)

// Errors that a caller decides by, with errors.Is.
var (
	// ErrFull says that the lane holds its part of MaxBytes, which ends when its owner has worked and purged, or that the
	// disk has no more to spare.
	ErrFull = errors.New("the event stream is full")
	// ErrUnavailable says that an event could not be made durable: no server, no leader, no disk. It may or may not
	// be in the stream; publishing it again with the same ID is safe.
	ErrUnavailable = errors.New("the event stream is unavailable")
	// ErrClosed says that the stream has been closed.
	ErrClosed = errors.New("the event stream is closed")
	// ErrTooLarge says that a single event does not fit into a message.
	ErrTooLarge = errors.New("the event is too large")
	// ErrGap says that events after the checkpoint are no longer in the stream.
	ErrGap = errors.New("the event stream has a gap after the checkpoint")
	// ErrForeign says that the checkpoint was made on another stream.
	ErrForeign = errors.New("the event stream is not the one the checkpoint was made on")
	// ErrLocked says that another process uses the data directory.
	ErrLocked = errors.New("the data directory is in use")
)

// CheckpointError says why a partition cannot be read on from a checkpoint. errors.Is sees ErrGap or ErrForeign in it.
type CheckpointError struct {
	Partition  int
	Lane       Lane
	Checkpoint uint64 // the last sequence that was worked

	// First and Last are the sequences that the stream still has, for ErrGap.
	First, Last uint64
	// Incarnation is the checkpoint's and Stream the stream's own, for ErrForeign.
	Incarnation, Stream string

	Err error
}

func (e *CheckpointError) Error() string {
	const repair = "restore the stream's directory and the database from one backup, " +
		"or accept the loss of what is missing: start once with serve --accept-loss"
	if errors.Is(e.Err, ErrForeign) {
		return fmt.Sprintf("partition %d: %v: the checkpoint is of %s, the stream is %s; %s",
			e.Partition, e.Err, e.Incarnation, e.Stream, repair)
	}
	return fmt.Sprintf("partition %d, lane %v: %v: worked to %d, the stream has %d to %d; %s",
		e.Partition, e.Lane, e.Err, e.Checkpoint, e.First, e.Last, repair)
}

func (e *CheckpointError) Unwrap() error { return e.Err }

// PublishError says which of the events given to Publish are durable and why the others may not be.
type PublishError struct {
	// Durable has one entry per event given, true where the event is known to be in the stream.
	Durable []bool
	// Err is the first failure; errors.Is sees ErrFull, ErrUnavailable, ErrTooLarge, ErrClosed or the context's error
	// in it.
	Err error
}

func (e *PublishError) Error() string {
	durable := 0
	for _, ok := range e.Durable {
		if ok {
			durable++
		}
	}
	return fmt.Sprintf("%d of %d events published: %v", durable, len(e.Durable), e.Err)
}

func (e *PublishError) Unwrap() error { return e.Err }

// RetryAfter suggests how long to wait before publishing again after the error, for an HTTP Retry-After; false when
// trying again cannot help.
func RetryAfter(err error) (time.Duration, bool) {
	switch {
	case errors.Is(err, ErrFull):
		return retryAfterFull, true
	case errors.Is(err, ErrUnavailable):
		return retryAfterOutage, true
	}
	return 0, false
}
