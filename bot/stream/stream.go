// Package stream is the event log: everything that happens to a key is an event in it, durable before it is
// acknowledged, and read in order by the one replica that owns the key's partition.
//
// # Shape
//
// Keys are hashed to partitions, whose number is fixed when the stream is made. A partition has two lanes: Now, for
// what people wait for, and Bulk, for signals. Each lane is a JetStream stream of its own, so that
//
//   - its sequences have no holes: the event after n is n+1, and whatever else arrives is a gap, seen at once;
//   - it has a bound of its own (DiscardNew, MaxBytes): an import that fills Bulk leaves Now open, without which no
//     worker could publish what it needs to work the import off;
//   - purging it below the checkpoint drops whole files from its front;
//   - synced writes of one batch to several partitions run side by side, and in a cluster have different leaders.
//
// One JetStream stream for all would give each of that up, and takes longer to sync (5.5 ms against 4.4 ms for one
// message in each of 32 partitions on two cores); in return it would be made 0.2 s faster. Opening all lanes again
// takes 25 ms.
//
// The message at the checkpoint itself is never purged. It shows, after whatever happened to the disk, that the stream
// still reaches as far as the checkpoint says.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Lane is one of the two queues of a partition.
type Lane uint8

const (
	// Now is for what people wait for: clicks, commands, deliveries and due times. It is always read first.
	Now Lane = iota
	// Bulk is for signals and imports.
	Bulk

	lanes = 2
)

// String returns "now" or "bulk".
func (l Lane) String() string {
	switch l {
	case Now:
		return "now"
	case Bulk:
		return "bulk"
	}
	return fmt.Sprintf("Lane(%d)", uint8(l))
}

// Event is one thing that happened to one key. The stream knows no more of it than this.
type Event struct {
	// Key says whom the event is about, such as "account:acme", "channel:C0123" or "playbook:login-drop". Events of one
	// key and lane are read in the order in which they were published, by one owner.
	Key string
	// Kind says what happened; the names and what Data holds belong to the worker.
	Kind string
	// At is the business time of publication. A zero At is set from Options.Clock by Publish.
	At time.Time
	// ID, where it is set, makes a publication of the same event on its partition and lane within DuplicateWindow one
	// event. It costs the event a message of its own.
	ID string
	// Data is the content, JSON by convention. It is carried as it is.
	Data json.RawMessage
}

// Message is a batch of events of one partition and lane: all of them are durable, or none.
type Message struct {
	Partition int
	Lane      Lane
	// Seq counts the messages of a partition's lane from 1, without a hole, and is what a checkpoint names.
	Seq uint64
	// Incarnation names the stream that the sequence belongs to.
	Incarnation string
	// Events are in the order in which they were published. Their Data share one buffer.
	Events []Event
	// Published is the real time at which the server stored the message.
	Published time.Time
}

// DuplicateWindow is how long an event's ID is remembered, in real time. After a restart of the server only the IDs
// of events that are not yet purged are.
const DuplicateWindow = 2 * time.Minute

// Stream is the event log. Its methods may be called concurrently.
type Stream struct {
	options     Options
	log         *slog.Logger
	embedded    *server.Server // nil with Options.URL and Options.Conn
	room        *room          // nil with Options.URL and Options.Conn
	conn        *nats.Conn
	js          jetstream.JetStream
	incarnation string
	partitions  [][lanes]*lane
	payload     int // most bytes of events in a message

	closing    context.Context // ends when Close begins
	close      context.CancelFunc
	gone       chan struct{}  // closed with the connection
	publishing sync.WaitGroup // calls and writers under way
	closeOnce  sync.Once

	mu         sync.Mutex
	stopped    chan struct{} // of the current Run: closed when it has returned; nil without one
	owned      map[int]bool
	failure    error // the last failure to publish, until something is published again
	failedAt   time.Time
	unreadable map[int]error // partitions that could not start, or met a gap
}

// Open starts the embedded server, or connects to the one named, and makes the streams that are missing.
func Open(ctx context.Context, o Options) (*Stream, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Stream{options: o, log: o.Logger, gone: make(chan struct{}), owned: map[int]bool{}, unreadable: map[int]error{}}
	s.closing, s.close = context.WithCancel(context.Background())
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// Partitions returns the number of partitions, fixed when the stream was made.
func (s *Stream) Partitions() int { return len(s.partitions) }

// PartitionOf returns the partition that the key belongs to, in [0, Partitions()).
func (s *Stream) PartitionOf(key string) int { return int(hashKey(key) % uint64(len(s.partitions))) }

// hashKey is 64-bit FNV-1a. It may never change: it says where the events of a key already are.
func hashKey(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return h ^ h>>32
}

// Incarnation names this stream as distinct from any made before or after it, in part or in whole.
func (s *Stream) Incarnation() string { return s.incarnation }

// Replica returns the name by which this process takes leases.
func (s *Stream) Replica() string { return s.options.Replica }

// failureHolds is how long a failed publication speaks against readiness while nothing else is published.
const failureHolds = 15 * time.Second

// Ready returns nil while events can be published and read, and what is wrong otherwise, with the way to repair.
func (s *Stream) Ready() error {
	if s.closing.Err() != nil {
		return ErrClosed
	}
	if !s.conn.IsConnected() {
		return fmt.Errorf("%w: not connected to %s", ErrUnavailable, s.options.where())
	}
	if err := s.broken(""); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil && time.Since(s.failedAt) < failureHolds {
		return fmt.Errorf("the last publication failed: %w", s.failure)
	}
	for number := range len(s.partitions) {
		if err := s.unreadable[number]; err != nil {
			return err
		}
	}
	return nil
}

// Pending counts the messages not yet returned to their owners, over all partitions. Of partitions that this replica
// does not read, it counts all that are not yet purged.
func (s *Stream) Pending(ctx context.Context) (now, bulk uint64, err error) {
	if !s.sole() {
		if err := s.refresh(ctx); err != nil {
			return 0, 0, err
		}
	}
	for _, pair := range s.partitions {
		now += pair[Now].unread()
		bulk += pair[Bulk].unread()
	}
	return now, bulk, nil
}

// sole reports whether nobody but this process can publish.
func (s *Stream) sole() bool { return s.embedded != nil }

// Close ends Run, waits for publications under way, and ends the connection and the embedded server. Publishing and
// reading fail with ErrClosed from then on. When ctx ends first, what is under way is cut off.
func (s *Stream) Close(ctx context.Context) error {
	var err error
	s.closeOnce.Do(func() {
		s.mu.Lock()
		s.close()
		stopped := s.stopped
		s.mu.Unlock()
		idle := make(chan struct{})
		go func() {
			if stopped != nil {
				<-stopped
			}
			s.publishing.Wait()
			close(idle)
		}()
		select {
		case <-idle:
		case <-ctx.Done():
			err = fmt.Errorf("closing the event stream: work under way was cut off: %w", context.Cause(ctx))
		}
		s.disconnect()
	})
	return err
}
