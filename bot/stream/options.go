package stream

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/nats-io/nats.go"
)

// Options configures Open. Zero fields take the defaults named at each.
type Options struct {
	// Dir is where the embedded server keeps its files. It is used only without URL and Conn. The caller holds its
	// lock (LockDir).
	Dir string
	// URL names a NATS cluster to use in place of the embedded server, such as "nats://a:4222,nats://b:4222".
	URL string
	// Conn is an existing connection to use in place of both; Close leaves it open.
	Conn *nats.Conn
	// Name begins the names of everything made in JetStream; "playcaller" by default.
	Name string
	// Partitions is the number of partitions of a stream yet to be made; 32 by default. That of an existing one stands.
	Partitions int
	// MaxBytes bounds the messages kept, both lanes together; 4 GiB by default. A quarter is the Now lanes', and each
	// partition has an equal part.
	MaxBytes int64
	// MaxPayload bounds one message in bytes, and with it one event (4 KiB less); 8 MiB by default, or less where the
	// server says so.
	MaxPayload int
	// Replicas is the number of servers that keep each message; 1 by default, 3 is usual in a cluster.
	Replicas int
	// Replica names this process among those that share the partitions; by default host name and a random end.
	Replica string
	// Lease is how long a partition stays with an owner that has gone silent, in real time; 5 s by default. A lease
	// is renewed about three times while it lasts.
	Lease time.Duration
	// Clock gives events their business time; the real clock by default.
	Clock clockwork.Clock
	// Logger hears of reconnections and leases; slog.Default by default.
	Logger *slog.Logger
}

// batchBytes is where a batch of events goes on in a further message. It bounds what a reader fetches ahead.
const batchBytes = 256 << 10

var (
	validName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	notKeyRunes = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

func (o Options) withDefaults() (Options, error) {
	setDefault(&o.Name, "playcaller")
	setDefault(&o.Partitions, 32)
	setDefault(&o.MaxBytes, 4<<30)
	setDefault(&o.MaxPayload, 8<<20)
	setDefault(&o.Replicas, 1)
	setDefault(&o.Lease, 5*time.Second)
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Replica == "" {
		host, _ := os.Hostname()
		o.Replica = host + "-" + rand.Text()[:8]
	}
	o.Replica = notKeyRunes.ReplaceAllString(o.Replica, "_")
	return o, o.check()
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o Options) check() error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("event stream: "+format, args...))
	}
	if o.Dir == "" && o.URL == "" && o.Conn == nil {
		refuse("set a directory for the embedded server, or the URL of a cluster")
	}
	if !validName.MatchString(o.Name) {
		refuse("name %q: use up to 64 letters, digits, '-' and '_'", o.Name)
	}
	if o.Partitions < 1 || o.Partitions > 256 {
		refuse("%d partitions: use 1 to 256", o.Partitions)
	}
	if least := int64(o.Partitions) * lanes * minLaneBytes; o.MaxBytes < least {
		refuse("a bound of %d bytes is too small for %d partitions: use at least %d", o.MaxBytes, o.Partitions, least)
	}
	if o.MaxPayload < 16<<10 || o.MaxPayload > 64<<20 {
		refuse("messages of %d bytes: use 16 KiB to 64 MiB", o.MaxPayload)
	}
	if o.Replicas < 1 || o.Replicas > 5 {
		refuse("%d copies of each message: use 1 to 5", o.Replicas)
	}
	if o.Lease < 100*time.Millisecond {
		refuse("a lease of %v: use at least 100ms", o.Lease)
	}
	return errors.Join(errs...)
}

// minLaneBytes is the least that a lane of a partition is given.
const minLaneBytes = 64 << 10

// laneBytes returns the bound of one partition's lane.
func (o Options) laneBytes(l Lane, partitions int) int64 {
	now := o.MaxBytes / 4
	if l == Now {
		return max(now/int64(partitions), minLaneBytes)
	}
	return max((o.MaxBytes-now)/int64(partitions), minLaneBytes)
}

// where names the server for error texts.
func (o Options) where() string {
	switch {
	case o.Conn != nil:
		return "the given connection"
	case o.URL != "":
		return o.URL
	}
	return "the embedded server in " + o.Dir
}
