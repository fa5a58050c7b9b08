package stream

import (
	"errors"
	"fmt"
	"time"
)

// Errors that a caller decides by, with errors.Is.
var (
	// ErrFull says that the lane holds MaxBytes; it goes away when owners have worked and purged.
	ErrFull = errors.New("the event stream is full")
	// ErrUnavailable says that an event could not be made durable: no server, no leader, no disk. It may or may not be in the
	// stream; publishing it again with the same ID is safe.
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

// PublishError says which of the events given to Publish are durable and why the others may not be.
type PublishError struct {
	// Durable has one entry per event given, true where the event is known to be in the stream.
	Durable []bool
	// Err is the first failure; errors.Is sees ErrFull, ErrUnavailable, ErrTooLarge, ErrClosed or the context's error in it.
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
		return 5 * time.Second, true
	case errors.Is(err, ErrUnavailable):
		return 2 * time.Second, true
	}
	return 0, false
}
