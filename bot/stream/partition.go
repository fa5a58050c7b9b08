package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Partition is one partition in the hands of its owner. Start comes first, once. Start and the reading methods are
// for one goroutine; Publish and Purge are for any. Everything fails once the owner's context has ended.
type Partition struct {
	stream *Stream
	number int
	ctx    context.Context
	cancel context.CancelCauseFunc

	readers [lanes]*reader // nil before Start
	held    *fetched       // a Bulk message set aside because something came in on Now
	pumps   sync.WaitGroup
	purging [lanes]sync.Mutex
}

func (s *Stream) newPartition(ctx context.Context, number int) *Partition {
	p := &Partition{stream: s, number: number}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	return p
}

// close ends reading and waits for its goroutines.
func (p *Partition) close() {
	p.cancel(ErrClosed)
	p.pumps.Wait()
	for _, l := range p.lanes() {
		l.reading.Store(false)
	}
}

func (p *Partition) lanes() [lanes]*lane { return p.stream.partitions[p.number] }

// Number returns the partition's number.
func (p *Partition) Number() int { return p.number }

// Start begins reading after the sequences of a checkpoint: the last of each lane that need not be read again, and the
// incarnation they belong to; 0, 0 and "" where there is no checkpoint. The error is ErrForeign when the stream is
// another one, and ErrGap when it no longer has all that follows the checkpoint; Ready then fails until Start succeeds.
func (p *Partition) Start(ctx context.Context, now, bulk uint64, incarnation string) error {
	if p.readers != [lanes]*reader{} {
		return fmt.Errorf("partition %d is started already", p.number)
	}
	if incarnation != "" && incarnation != p.stream.incarnation {
		return p.refuse(&CheckpointError{Partition: p.number, Lane: Now, Checkpoint: now,
			Incarnation: incarnation, Stream: p.stream.incarnation, Err: ErrForeign})
	}
	after := [lanes]uint64{now, bulk}
	var readers [lanes]*reader
	for _, l := range p.lanes() {
		handle, state, err := p.look(ctx, l)
		if err != nil {
			return err
		}
		if last := after[l.lane]; state.FirstSeq > last+1 || state.LastSeq < last {
			return p.refuse(&CheckpointError{Partition: p.number, Lane: l.lane, Checkpoint: last,
				First: state.FirstSeq, Last: state.LastSeq, Err: ErrGap})
		}
		readers[l.lane] = newReader(p, l, handle, after[l.lane])
	}
	for _, r := range readers {
		r.lane.reading.Store(true)
		r.lane.read.Store(r.after)
		p.pumps.Go(r.pump)
	}
	p.readers = readers
	p.stream.noteReadable(p.number, nil)
	return nil
}

// refuse keeps what stands in the way of reading for Ready.
func (p *Partition) refuse(err error) error {
	p.stream.noteReadable(p.number, err)
	return err
}

// Oldest returns the lowest checkpoint that Start accepts: reading from it gives every message still kept. A repair
// that accepts the loss of what is missing begins there.
func (p *Partition) Oldest(ctx context.Context) (now, bulk uint64, incarnation string, err error) {
	var at [lanes]uint64
	for _, l := range p.lanes() {
		_, state, err := p.look(ctx, l)
		if err != nil {
			return 0, 0, "", err
		}
		at[l.lane] = max(state.FirstSeq, 1) - 1
	}
	return at[Now], at[Bulk], p.stream.incarnation, nil
}

// look returns a handle to the lane's stream and its state as the server has it now. It asks again for a while where
// a cluster does not answer, as it never will to what it was asked between two leaders.
func (p *Partition) look(ctx context.Context, l *lane) (jetstream.Stream, jetstream.StreamState, error) {
	ctx, cancel := p.within(ctx)
	defer cancel()
	var handle jetstream.Stream
	err := patiently(ctx, func(ctx context.Context) (err error) {
		handle, err = p.stream.js.Stream(ctx, l.stream)
		return err
	})
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil, jetstream.StreamState{}, p.refuse(&CheckpointError{Partition: p.number, Lane: l.lane, Err: ErrForeign,
			Incarnation: p.stream.incarnation, Stream: "deleted"})
	case err != nil:
		return nil, jetstream.StreamState{}, p.unavailable(ctx, err)
	}
	state := handle.CachedInfo().State
	raise(&l.last, state.LastSeq)
	return handle, state, nil
}

// within returns a context that ends with the caller's and with the ownership.
func (p *Partition) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if p.ctx.Err() != nil { // at once: AfterFunc runs beside the caller, who would have begun by then
		cancel(context.Cause(p.ctx))
	}
	stop := context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })
	return ctx, func() { stop(); cancel(context.Canceled) }
}

func (p *Partition) unavailable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("%w (partition %d): %w", ErrUnavailable, p.number, err)
}

// Next returns the next message of the Now lane, or that of the Bulk lane while Now has none, and waits while both have
// none. Its error is the cause of the context's end, why the partition is no longer owned, or ErrGap.
func (p *Partition) Next(ctx context.Context) (Message, error) {
	if err := p.readable(); err != nil {
		return Message{}, err
	}
	for {
		if m, ok, err := p.take(); ok || err != nil {
			return m, err
		}
		now, bulk := p.readers[Now], p.readers[Bulk].fetched
		if p.held != nil || now.behind() {
			bulk = nil
		}
		select {
		case f := <-now.fetched:
			return p.deliver(f)
		case f := <-bulk:
			p.held = &f
		case <-ctx.Done():
			return Message{}, context.Cause(ctx)
		case <-p.ctx.Done():
			return Message{}, context.Cause(p.ctx)
		}
	}
}

// TryNext is Next without the wait: false when no message is at hand, which is not yet to be caught up.
func (p *Partition) TryNext() (Message, bool, error) {
	if err := p.readable(); err != nil {
		return Message{}, false, err
	}
	return p.take()
}

func (p *Partition) readable() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if p.readers[Now] == nil {
		return fmt.Errorf("partition %d is read before it was started", p.number)
	}
	return nil
}

// take returns the message that is next, if it has been fetched. A Bulk message waits while Now is known to have one.
func (p *Partition) take() (Message, bool, error) {
	now, bulk := p.readers[Now], p.readers[Bulk]
	select {
	case f := <-now.fetched:
		m, err := p.deliver(f)
		return m, err == nil, err
	default:
	}
	if now.behind() {
		return Message{}, false, nil
	}
	if p.held == nil {
		select {
		case f := <-bulk.fetched:
			p.held = &f
		default:
			return Message{}, false, nil
		}
	}
	f := *p.held
	p.held = nil
	m, err := p.deliver(f)
	return m, err == nil, err
}

func (p *Partition) deliver(f fetched) (Message, error) {
	if f.err != nil {
		p.cancel(f.err)
		return Message{}, p.refuse(f.err)
	}
	p.readers[f.message.Lane].lane.read.Store(f.message.Seq)
	return f.message, nil
}

// CaughtUp reports whether every message that was durable when CaughtUp was called has been returned by Next or
// TryNext. With a cluster it asks the server, and is false when that does not answer.
func (p *Partition) CaughtUp() bool {
	if p.readable() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(p.ctx, ackTimeout)
	defer cancel()
	for _, r := range p.readers {
		if r.lane.unread() > 0 || r.lane.writer.atWork() {
			return false
		}
		if p.stream.sole() && !r.lane.unsure.Load() {
			continue
		}
		info, err := r.handle.Info(ctx)
		if err != nil {
			return false
		}
		raise(&r.lane.last, info.State.LastSeq)
		if r.lane.unread() > 0 {
			return false
		}
	}
	return true
}

// Publish writes the events to this partition, whatever their keys.
func (p *Partition) Publish(ctx context.Context, lane Lane, events ...Event) error {
	ctx, cancel := p.within(ctx)
	defer cancel()
	return p.stream.PublishTo(ctx, p.number, lane, events...)
}

// A purge rewrites the lane's index and syncs it, 4 ms on a fast disk, so small ones are put together: it waits until
// so many messages are to go, or until so long after the one before, in real time.
const (
	purgeMessages = 64
	purgeEvery    = 5 * time.Second
)

// Purge removes the lane's messages below the sequence, which must be that of a saved checkpoint. The message at the
// checkpoint stays. Calls that follow closely may leave their work to a later one.
func (p *Partition) Purge(ctx context.Context, lane Lane, upTo uint64) error {
	if lane >= lanes || p.readers[lane] == nil {
		return fmt.Errorf("partition %d, %v is purged before it was started", p.number, lane)
	}
	r := p.readers[lane]
	if read := r.lane.read.Load(); upTo > read {
		return fmt.Errorf("%v: refusing to purge up to %d, read only to %d", r.lane, upTo, read)
	}
	p.purging[lane].Lock()
	defer p.purging[lane].Unlock()
	if upTo <= r.purged || upTo-r.purged < purgeMessages && time.Since(r.purgedAt) < purgeEvery {
		return nil
	}
	ctx, cancel := p.within(ctx)
	defer cancel()
	if err := r.handle.Purge(ctx, jetstream.WithPurgeSequence(upTo)); err != nil {
		return p.unavailable(ctx, fmt.Errorf("purging: %w", err))
	}
	r.purged, r.purgedAt = upTo, time.Now()
	return nil
}
