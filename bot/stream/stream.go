package stream

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/nats-io/nats.go"
)

// Lane is one of the two queues of a partition.
type Lane uint8

const (
	// Now is for what people wait for: clicks, commands, deliveries and due times. It is always read first.
	Now Lane = iota
	// Bulk is for signals and imports.
	Bulk
)

// Event is one thing that happened to one key. The stream knows no more of it than this.
type Event struct {
	// Key says whom the event is about, such as "account:acme", "channel:C0123" or "playbook:login-drop". Events of one
	// key and lane are read in the order in which they were published, by one owner.
	Key string
	// Kind says what happened; the names and what Data holds belong to the worker.
	Kind string
	// At is the business time of publication. A zero At is set from Options.Clock by Publish.
	At time.Time
	// ID, where it is set, makes a publication of the same event on its partition and lane within DuplicateWindow one event.
	ID string
	// Data is the content, JSON by convention. It is carried as it is.
	Data json.RawMessage
}

// Message is a batch of events of one partition and lane, as it was published: all of its events are durable, or none.
type Message struct {
	Partition int
	Lane      Lane
	// Seq grows along a partition's lane, and is what a checkpoint names. It is at least 1; numbers may be skipped.
	Seq uint64
	// Incarnation names the stream that the sequence belongs to.
	Incarnation string
	Events      []Event
	// Published is the real time at which the server stored the message.
	Published time.Time
}

// Options configures Open. Zero fields take the defaults named at each.
type Options struct {
	// Dir is where the embedded server keeps its files. It is used only without URL and Conn.
	Dir string
	// URL names a NATS cluster to use in place of the embedded server, such as "nats://a:4222,nats://b:4222".
	URL string
	// Conn is an existing connection to use in place of both; Close leaves it open.
	Conn *nats.Conn
	// Name begins the names of everything made in JetStream; "playcaller" by default.
	Name string
	// Partitions is the number of partitions of a stream yet to be made; 32 by default. That of an existing one stands.
	Partitions int
	// MaxBytes bounds the messages kept, both lanes together; 4 GiB by default. A quarter is the Now lane's own.
	MaxBytes int64
	// MaxPayload bounds one message in bytes; 8 MiB by default, or less where the server says so.
	MaxPayload int
	// Replicas is the number of servers that keep each message; 1 by default, 3 is usual in a cluster.
	Replicas int
	// Replica names this process among those that share the partitions; by default host name and a random end.
	Replica string
	// Lease is how long a partition stays with an owner that has gone silent, in real time; 5 s by default. A lease is renewed
	// about three times while it lasts.
	Lease time.Duration
	// Clock gives events their business time; the real clock by default.
	Clock clockwork.Clock
	// Logger hears of reconnections and leases; slog.Default by default.
	Logger *slog.Logger
}

// Stream is the event log. Its methods may be called concurrently.
type Stream struct{}

// Open starts the embedded server, or connects to the one named, and makes the streams that are missing.
func Open(ctx context.Context, o Options) (*Stream, error) { return nil, errors.ErrUnsupported }

// Publish writes the events to their keys' partitions, one message for each partition touched, and returns when all of
// them are durable. Otherwise the error is a *PublishError, which names those that are.
func (s *Stream) Publish(ctx context.Context, lane Lane, events ...Event) error {
	return errors.ErrUnsupported
}

// PublishTo is Publish with the partition given, whatever the keys.
func (s *Stream) PublishTo(ctx context.Context, partition int, lane Lane, events ...Event) error {
	return errors.ErrUnsupported
}

// Partitions returns the number of partitions, fixed when the stream was made.
func (s *Stream) Partitions() int { return 0 }

// PartitionOf returns the partition that the key belongs to, in [0, Partitions()).
func (s *Stream) PartitionOf(key string) int { return 0 }

// Incarnation names this stream as distinct from any made before or after it.
func (s *Stream) Incarnation() string { return "" }

// Replica returns the name by which this process takes leases.
func (s *Stream) Replica() string { return "" }

// Owned returns the numbers of the partitions that this replica owns now, in order.
func (s *Stream) Owned() []int { return nil }

// Run claims this replica's share of the partitions and calls own in a goroutine for each one it holds. The context of
// own ends before the lease can pass to another replica. When own returns while the lease still stands, it is called anew
// with a fresh Partition after a short back-off. Run returns when ctx has ended, all own calls have returned, and the
// leases are released.
func (s *Stream) Run(ctx context.Context, own func(ctx context.Context, p *Partition) error) error {
	return errors.ErrUnsupported
}

// Ready returns nil while events can be published and read, and what is wrong otherwise, with the way to repair.
func (s *Stream) Ready() error { return errors.ErrUnsupported }

// Pending counts the messages kept in each lane that their owners have not purged, over all partitions.
func (s *Stream) Pending(ctx context.Context) (now, bulk uint64, err error) {
	return 0, 0, errors.ErrUnsupported
}

// Close ends the connection and the embedded server. Publishing and reading fail with ErrClosed from then on.
func (s *Stream) Close(ctx context.Context) error { return errors.ErrUnsupported }
