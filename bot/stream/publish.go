package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// messageOverhead is room for a message's headers and subject.
const messageOverhead = 4 << 10

// Publish writes the events to their keys' partitions, one message for each partition touched (more where they are
// large or have an ID), and returns when all of them are durable. Otherwise the error is a *PublishError, which names
// those that are. Events of one partition and lane stand in the stream in the order given.
func (s *Stream) Publish(ctx context.Context, l Lane, events ...Event) error {
	return s.publish(ctx, l, s.PartitionOf, events)
}

// PublishTo is Publish with the partition given, whatever the keys.
func (s *Stream) PublishTo(ctx context.Context, partition int, l Lane, events ...Event) error {
	if partition < 0 || partition >= len(s.partitions) {
		return fmt.Errorf("publishing to partition %d: there are 0 to %d", partition, len(s.partitions)-1)
	}
	return s.publish(ctx, l, func(string) int { return partition }, events)
}

func (s *Stream) publish(ctx context.Context, l Lane, place func(key string) int, events []Event) error {
	if l >= lanes {
		return fmt.Errorf("publishing to %v: there are %v and %v", l, Now, Bulk)
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.room.check(l); err != nil {
		return &PublishError{Durable: make([]bool, len(events)), Err: err}
	}
	call := &call{durable: make([]bool, len(events)), done: make(chan struct{})}
	if err := context.Cause(ctx); err != nil {
		return call.fail(err)
	}
	if err := s.enter(); err != nil {
		return call.fail(err)
	}
	defer s.publishing.Done()
	pieces, err := s.cut(l, place, events, call)
	if err != nil {
		return call.fail(err)
	}
	for _, run := range pieces {
		s.enqueue(run[0].lane, run)
	}
	select {
	case <-call.done:
	case <-ctx.Done():
		call.abandon(context.Cause(ctx))
	case <-s.gone:
		call.abandon(ErrClosed)
	}
	return call.result()
}

// enter counts a publication as under way, or refuses it.
func (s *Stream) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return ErrClosed
	}
	s.publishing.Add(1)
	return nil
}

// cut encodes the events into pieces, listed by partition in the events' order.
func (s *Stream) cut(l Lane, place func(key string) int, events []Event, c *call) ([][]*piece, error) {
	at := s.options.Clock.Now()
	runs := make(map[int][]*piece, min(len(events), len(s.partitions)))
	expect := 64 + 2*len(events)/len(s.partitions)
	for i := range events {
		e := events[i]
		if e.At.IsZero() {
			e.At = at
		}
		size := eventSize(&e)
		if size >= s.payload {
			return nil, fmt.Errorf("%w: %s of %s has %d bytes, a message holds %d", ErrTooLarge, e.Kind, e.Key, size, s.payload)
		}
		number := place(e.Key)
		run := runs[number]
		var p *piece
		if n := len(run); n > 0 {
			p = run[n-1]
		}
		if p == nil || e.ID != "" || p.id != "" || len(p.data)+size > batchBytes {
			p = &piece{call: c, lane: s.partitions[number][l], id: e.ID, data: make([]byte, 1, 1+size*expect/64)}
			p.data[0] = codecVersion
			runs[number] = append(run, p)
			c.remaining++
		}
		p.data = appendEvent(p.data, &e)
		p.events = append(p.events, i)
	}
	all := make([][]*piece, 0, len(runs))
	for _, run := range runs {
		all = append(all, run)
	}
	return all, nil
}

// call is one Publish under way.
type call struct {
	done chan struct{} // closed when remaining reaches 0

	mu        sync.Mutex
	remaining int // pieces not settled
	durable   []bool
	err       error
	abandoned bool
}

// settle records what became of a piece.
func (c *call) settle(p *piece, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.err == nil {
		c.err = err
	}
	if err == nil && !c.abandoned {
		for _, i := range p.events {
			c.durable[i] = true
		}
	}
	if c.remaining--; c.remaining == 0 {
		close(c.done)
	}
}

// abandon ends the wait: what is not settled by now counts as failed.
func (c *call) abandon(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abandoned = true
	if c.remaining > 0 && c.err == nil {
		c.err = err
	}
}

func (c *call) isAbandoned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.abandoned
}

func (c *call) fail(err error) error {
	c.err = err
	return c.result()
}

func (c *call) result() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return nil
	}
	return &PublishError{Durable: c.durable, Err: c.err}
}

// piece is a run of encoded events of one call for one lane.
type piece struct {
	call   *call
	lane   *lane
	id     string // the only event's ID, "" for a run of events without
	data   []byte // as a message
	events []int  // their places in the call
}

// writer is a lane's queue. One goroutine empties it, and exists only while there is something to write: what queues
// up while a message is being synced goes out as the next one, so that publishers share syncs.
type writer struct {
	mu    sync.Mutex
	queue []*piece
	busy  bool
}

func (s *Stream) enqueue(l *lane, run []*piece) {
	w := &l.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, run...)
	if !w.busy {
		w.busy = true
		s.publishing.Add(1) // the caller's own count is still held, so this cannot race with Close
		go s.write(l)
	}
}

// atWork reports whether something is queued or not yet answered.
func (w *writer) atWork() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.busy
}

// maxInFlight bounds the messages of a lane that wait for their acknowledgement at once.
const maxInFlight = 64

// parcel is a message on its way: the pieces in it and the acknowledgement to come.
type parcel struct {
	pieces []*piece
	data   []byte
	ack    jetstream.PubAckFuture
	err    error
}

func (s *Stream) write(l *lane) {
	defer s.publishing.Done()
	for {
		parcels := l.writer.take()
		if parcels == nil {
			return
		}
		for i := range parcels {
			s.send(l, &parcels[i])
		}
		for i := range parcels {
			s.await(l, &parcels[i])
		}
	}
}

// take forms the next messages from the front of the queue: pieces with an ID alone, others together.
func (w *writer) take() []parcel {
	w.mu.Lock()
	defer w.mu.Unlock()
	var parcels []parcel
	taken := 0
	for _, p := range w.queue {
		last := len(parcels) - 1
		joins := last >= 0 && p.id == "" && parcels[last].pieces[0].id == "" && len(parcels[last].data)+len(p.data) <= batchBytes
		if !joins && len(parcels) == maxInFlight {
			break
		}
		taken++
		switch {
		case p.call.isAbandoned():
			p.call.settle(p, ErrUnavailable)
		case joins:
			parcels[last].pieces = append(parcels[last].pieces, p)
			parcels[last].data = append(parcels[last].data, p.data[1:]...)
		default:
			parcels = append(parcels, parcel{pieces: []*piece{p}, data: p.data})
		}
	}
	clear(w.queue[:taken])
	w.queue = w.queue[taken:]
	if len(w.queue) == 0 {
		w.queue = nil
		w.busy = len(parcels) > 0
	}
	return parcels
}

func (s *Stream) send(l *lane, m *parcel) {
	if broken := l.broken.Load(); broken != nil {
		m.err = *broken
		return
	}
	var options []jetstream.PublishOpt
	if id := m.pieces[0].id; id != "" {
		options = append(options, jetstream.WithMsgID(messageID(id)))
	}
	m.ack, m.err = s.js.PublishMsgAsync(&nats.Msg{Subject: l.subject, Data: m.data}, options...)
}

// messageID returns the ID in a form that fits into a header.
func messageID(id string) string {
	plain := len(id) <= 128
	for i := 0; plain && i < len(id); i++ {
		plain = id[i] > ' ' && id[i] < 0x7f
	}
	if plain {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// await waits for the message's acknowledgement and settles its pieces.
func (s *Stream) await(l *lane, m *parcel) {
	if m.err == nil {
		m.err = s.acknowledged(l, m.ack)
	}
	err := publishError(l, m.err)
	if errors.Is(err, ErrUnavailable) {
		l.unsure.Store(true)
	}
	s.noteHealth(err)
	for _, p := range m.pieces {
		p.call.settle(p, err)
	}
}

func (s *Stream) acknowledged(l *lane, ack jetstream.PubAckFuture) error {
	ask := time.NewTimer(askAfter)
	defer ask.Stop()
	for {
		select {
		case ok := <-ack.Ok():
			raise(&l.last, ok.Sequence)
			l.unsure.Store(false)
			return nil
		case err := <-ack.Err():
			return err
		case <-s.gone:
			return ErrClosed
		case <-ask.C:
			if err := s.broken(l.stream); err != nil {
				l.broken.Store(&err)
				return err
			}
		}
	}
}

// noteHealth keeps the last failure for Ready. A full lane is not one: others are open, and it empties by itself.
func (s *Stream) noteHealth(err error) {
	if errors.Is(err, ErrFull) || errors.Is(err, ErrClosed) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.failedAt = err, time.Now()
}

// publishError says in this package's terms why a message was not acknowledged.
func publishError(l *lane, err error) error {
	if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, ErrUnavailable) {
		return err
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch {
		case api.ErrorCode == codeStoreFailed && api.Description == descriptionFull,
			api.ErrorCode == codeInsufficientResources, api.ErrorCode == codeStorageExceeded, api.ErrorCode == codeAccountExceeded:
			return fmt.Errorf("%w (%v): %s", ErrFull, l, api.Description)
		}
	}
	return fmt.Errorf("%w (%v): %w", ErrUnavailable, l, err)
}

// Error codes of JetStream that mean "no room", from nats-server's errors.json.
const (
	codeAccountExceeded       jetstream.ErrorCode = 10002
	codeInsufficientResources jetstream.ErrorCode = 10023
	codeStorageExceeded       jetstream.ErrorCode = 10047
	codeStoreFailed           jetstream.ErrorCode = 10077

	descriptionFull = "maximum bytes exceeded"
)

// retryAfterFull and retryAfterOutage are suggestions to publishers: owners purge about once a second, and a cluster
// chooses a leader within two.
const (
	retryAfterFull   = 5 * time.Second
	retryAfterOutage = 2 * time.Second
)
