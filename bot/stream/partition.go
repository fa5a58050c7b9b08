package stream

import (
	"context"
	"errors"
)

// Partition is one partition in the hands of its owner. Start comes first; its reading methods are for one goroutine,
// Publish and Purge for any.
type Partition struct{}

// Number returns the partition's number.
func (p *Partition) Number() int { return 0 }

// Start begins reading after the sequences of a checkpoint: the last of each lane that need not be read again, and the
// incarnation they belong to; 0, 0 and "" where there is no checkpoint. The error is ErrForeign when the stream is
// another one, and ErrGap when it no longer has all that follows the checkpoint.
func (p *Partition) Start(ctx context.Context, now, bulk uint64, incarnation string) error {
	return errors.ErrUnsupported
}

// Next returns the next message of the Now lane, or that of the Bulk lane while Now has none, and waits while both have
// none. Its error is the context's, ErrGap, or ErrClosed.
func (p *Partition) Next(ctx context.Context) (Message, error) { return Message{}, errors.ErrUnsupported }

// TryNext is Next without the wait: false when no message is at hand, which is not yet to be caught up.
func (p *Partition) TryNext() (Message, bool, error) { return Message{}, false, errors.ErrUnsupported }

// CaughtUp reports whether every message that was durable when CaughtUp was called has been returned by Next or TryNext.
func (p *Partition) CaughtUp() bool { return false }

// Publish writes the events to this partition, whatever their keys.
func (p *Partition) Publish(ctx context.Context, lane Lane, events ...Event) error {
	return errors.ErrUnsupported
}

// Purge removes the lane's messages up to and including the sequence, which must be at or below a saved checkpoint.
func (p *Partition) Purge(ctx context.Context, lane Lane, upTo uint64) error {
	return errors.ErrUnsupported
}
