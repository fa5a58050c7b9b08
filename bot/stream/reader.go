package stream

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// reader fetches one lane's messages in order.
//
// It is an ordered consumer: one of the server's that forgets itself, in memory, acknowledging nothing, replaced by a
// new one behind the last message seen whenever anything is amiss. Sequences of a lane have no holes, so that "in
// order, nothing missing, nothing twice" is checked on each message by its number. The client library's own
// OrderedConsumer checks less and cannot be stopped while it tries to reconnect.
type reader struct {
	partition *Partition
	lane      *lane
	handle    jetstream.Stream
	after     uint64 // the last sequence fetched
	fetched   chan fetched

	// Guarded by Partition.purging: everything below purged is purged, at purgedAt.
	purged   uint64
	purgedAt time.Time
}

// fetched is a message, or what ended the reading.
type fetched struct {
	message Message
	err     error
}

// What a reader holds ahead of its owner, in messages: enough to keep it busy over a round trip to a cluster. In
// bytes, batches are bounded by batchBytes, which makes 4 MiB of Bulk at most unless single events are larger.
var fetchAhead = [lanes]int{Now: 64, Bulk: 16}

const (
	// heartbeat is how often the server shows that an idle consumer still exists; two missed ones replace it.
	heartbeat = 2 * time.Second
	// askAgain is how long an idle consumer is asked for the next messages before it is asked again.
	askAgain = 30 * time.Second
	// forgetAfter is when the server drops a consumer whose reader has gone.
	forgetAfter = 2 * askAgain
	// retryAtMost bounds the pause between attempts to read after a failure.
	retryAtMost = 2 * time.Second
)

func newReader(p *Partition, l *lane, handle jetstream.Stream, after uint64) *reader {
	return &reader{partition: p, lane: l, handle: handle, after: after, fetched: make(chan fetched)}
}

// behind reports whether a message is known to be durable that the owner has not been given.
func (r *reader) behind() bool { return r.lane.unread() > 0 }

// pump fetches until the partition's context ends or there is a gap.
func (r *reader) pump() {
	ctx := r.partition.ctx
	pause := 10 * time.Millisecond
	for ctx.Err() == nil {
		before := r.after
		err := r.follow(ctx)
		if errors.Is(err, ErrGap) {
			select {
			case r.fetched <- fetched{err: err}:
			case <-ctx.Done():
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		if r.after > before {
			pause = 10 * time.Millisecond
		}
		r.partition.stream.log.Debug("event stream reader starts again", "partition", r.lane.partition, "lane", r.lane.lane.String(),
			"after", r.after, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, retryAtMost)
	}
}

// errSkipped says that a consumer passed over messages that a new one may still deliver.
var errSkipped = errors.New("the consumer skipped messages")

// follow reads with one consumer until something is amiss.
func (r *reader) follow(ctx context.Context) error {
	attempt, cancel := context.WithTimeout(ctx, ackTimeout) // a cluster between two leaders does not answer at all
	defer cancel()
	consumer, err := r.handle.CreateConsumer(attempt, jetstream.ConsumerConfig{
		AckPolicy:         jetstream.AckNonePolicy,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       r.after + 1,
		InactiveThreshold: forgetAfter,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return err
	}
	defer r.forget(consumer.CachedInfo().Name)
	fresh := true
	for {
		if err := r.batch(ctx, consumer, &fresh); err != nil {
			return err
		}
	}
}

// batch asks the consumer once and passes on what it sends.
//
// The client library's other form, Messages, asks ahead, into a channel that also takes the server's heartbeats: it
// overflows when the owner is slow, and a message dropped at the stream's end is missed by nobody until the next one.
func (r *reader) batch(ctx context.Context, consumer jetstream.Consumer, fresh *bool) error {
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), askAgain) // a deadline of ctx is not for the server
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	most := fetchAhead[r.lane.lane]
	batch, err := consumer.Fetch(most, jetstream.FetchContext(asking), jetstream.FetchHeartbeat(heartbeat),
		jetstream.FetchMaxBytes(int(r.partition.stream.conn.MaxPayload())+messageOverhead))
	if err != nil {
		return err
	}
	got := 0
	for m := range batch.Messages() {
		if err := r.pass(ctx, m, *fresh); err != nil {
			return err
		}
		*fresh = false
		got++
	}
	if err := batch.Error(); err != nil || got == most {
		return err
	}
	// Nothing came for long, or the next message is too large for the rest of the batch: both sides have counted, and
	// may differ.
	attempt, done := context.WithTimeout(ctx, ackTimeout)
	defer done()
	info, err := consumer.Info(attempt)
	if err == nil && info.Delivered.Stream > r.after {
		err = errSkipped
	}
	return err
}

// forget spares the server from keeping the consumer until it notices by itself.
func (r *reader) forget(consumer string) {
	if !r.partition.stream.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = r.handle.DeleteConsumer(ctx, consumer) // it forgets itself in the end
}

// pass hands the message on if it is the next one.
func (r *reader) pass(ctx context.Context, m jetstream.Msg, fresh bool) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	seq := meta.Sequence.Stream
	switch {
	case seq <= r.after:
		return nil
	case seq > r.after+1 && fresh:
		return &CheckpointError{Partition: r.lane.partition, Lane: r.lane.lane, Checkpoint: r.after,
			First: seq, Last: seq + meta.NumPending, Err: ErrGap}
	case seq > r.after+1:
		return errSkipped
	}
	raise(&r.lane.last, seq)
	message := Message{
		Partition: r.lane.partition, Lane: r.lane.lane, Seq: seq,
		Incarnation: r.partition.stream.incarnation, Published: meta.Timestamp,
	}
	if message.Events, err = decodeEvents(m.Data()); err != nil {
		r.partition.stream.log.Error("event stream message cannot be read", "partition", r.lane.partition, "lane", r.lane.lane.String(),
			"seq", seq, "error", err)
		message.Events = []Event{damagedEvent(m.Data(), meta.Timestamp, err)}
	}
	select {
	case r.fetched <- fetched{message: message}:
		r.after = seq
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
