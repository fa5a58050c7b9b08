package stream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
)

// shared starts a server for several replicas and returns a way to connect to it.
func shared(t *testing.T) (dial func() *nats.Conn) {
	t.Helper()
	host := open(t, Options{Partitions: 1, Name: "host"})
	return func() *nats.Conn {
		conn, err := nats.Connect("", nats.InProcessServer(host.embedded), nats.ReconnectBufSize(-1))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		return conn
	}
}

// replica is a stream being run, and what its owners saw.
type replica struct {
	*Stream
	name string
	conn *nats.Conn
	stop func()

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	holds   map[int]context.Context
	log     *ledger
}

// ledger has what happened over all replicas, in order.
type ledger struct {
	mu   sync.Mutex
	seen []happening
}

type happening struct {
	replica   string
	partition int
	began     bool
}

func (l *ledger) note(replica string, partition int, began bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, happening{replica, partition, began})
}

// overlaps returns the partitions that had two owners at a time.
func (l *ledger) overlaps() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	holder := map[int]string{}
	var twice []int
	for _, h := range l.seen {
		switch {
		case h.began && holder[h.partition] != "":
			twice = append(twice, h.partition)
		case h.began:
			holder[h.partition] = h.replica
		case holder[h.partition] == h.replica:
			holder[h.partition] = ""
		}
	}
	return twice
}

// run starts a replica whose owners hold their partition until they must not.
func run(t *testing.T, name string, l *ledger, o Options) *replica {
	t.Helper()
	o.Replica = name
	if o.Partitions == 0 {
		o.Partitions = 32
	}
	r := &replica{name: name, conn: o.Conn, changed: make(chan struct{}), holds: map[int]context.Context{}, log: l}
	r.Stream = open(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, r.own) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func (r *replica) own(ctx context.Context, p *Partition) error {
	r.change(func() { r.holds[p.Number()] = ctx; r.log.note(r.name, p.Number(), true) })
	<-ctx.Done()
	r.change(func() { delete(r.holds, p.Number()); r.log.note(r.name, p.Number(), false) })
	return ctx.Err()
}

func (r *replica) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits for the replica to hold n partitions.
func (r *replica) until(t *testing.T, n int) {
	t.Helper()
	ctx := within(t)
	for {
		r.mu.Lock()
		held, changed := len(r.holds), r.changed
		r.mu.Unlock()
		if held == n {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("%s holds %d partitions, want %d", r.name, held, n)
		}
	}
}

func TestASingleReplicaOwnsEverythingAtOnce(t *testing.T) {
	r := run(t, "a", &ledger{}, Options{Lease: 24 * time.Hour})
	r.until(t, 32) // far sooner than any lease could end
	if got := r.Owned(); len(got) != 32 || !slices.IsSorted(got) {
		t.Errorf("owned: %v", got)
	}
	r.stop()
	if got := r.Owned(); len(got) != 0 {
		t.Errorf("still owned after Run: %v", got)
	}
}

func TestTwoReplicasShareEvenlyAndHandOver(t *testing.T) {
	dial, seen := shared(t), &ledger{}
	a := run(t, "a", seen, Options{Conn: dial()})
	a.until(t, 32)
	b := run(t, "b", seen, Options{Conn: dial()})
	b.until(t, 16)
	a.until(t, 16)
	both := append(a.Owned(), b.Owned()...)
	slices.Sort(both)
	want := make([]int, 32)
	for i := range want {
		want[i] = i
	}
	if diff := cmp.Diff(want, both); diff != "" {
		t.Error(diff)
	}
	a.stop()
	b.until(t, 32)
	if twice := seen.overlaps(); len(twice) > 0 {
		t.Errorf("partitions %v had two owners at a time", twice)
	}
}

func TestThreeReplicasShareElevenElevenTen(t *testing.T) {
	dial, seen := shared(t), &ledger{}
	var all []*replica
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, run(t, name, seen, Options{Conn: dial()}))
	}
	all[0].until(t, 11)
	all[1].until(t, 11)
	all[2].until(t, 10)
	if twice := seen.overlaps(); len(twice) > 0 {
		t.Errorf("partitions %v had two owners at a time", twice)
	}
}

func TestASilentOwnerIsFencedBeforeAnotherTakesOver(t *testing.T) {
	dial, seen := shared(t), &ledger{}
	const lease = 5 * time.Second // a fifth of it is what a slow machine may take to stop the silent owner
	a := run(t, "a", seen, Options{Conn: dial(), Lease: lease})
	a.until(t, 32)
	b := run(t, "b", seen, Options{Conn: dial(), Lease: lease})
	b.until(t, 16)
	a.until(t, 16)
	a.conn.Close()
	b.until(t, 32)
	a.until(t, 0)
	if twice := seen.overlaps(); len(twice) > 0 {
		t.Errorf("partitions %v had two owners at a time", twice)
	}
}

func TestAnOwnerThatFailsStartsAgainWithItsLease(t *testing.T) {
	s := open(t, Options{Partitions: 1})
	ctx, cancel := context.WithCancel(within(t))
	calls := 0
	err := s.Run(ctx, func(ctx context.Context, p *Partition) error {
		if calls++; calls < 3 {
			return errors.New("the document has another version")
		}
		if err := p.Start(ctx, 0, 0, ""); err != nil {
			t.Error(err)
		}
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestAnOwnerWhoseLeaseIsTakenIsStopped(t *testing.T) {
	dial := shared(t)
	r := run(t, "a", &ledger{}, Options{Conn: dial(), Partitions: 1, Lease: 3 * time.Second})
	r.until(t, 1)
	bucket, err := r.js.KeyValue(within(t), r.options.Name+"-leases")
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	held := r.holds[0]
	r.mu.Unlock()
	if _, err := bucket.Put(within(t), leaseKey+"0", []byte("somebody.else")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-held.Done():
	case <-within(t).Done():
		t.Fatal("the owner goes on without a lease")
	}
	if cause := context.Cause(held); !errors.Is(cause, ErrLeaseLost) {
		t.Errorf("stopped because of %v", cause)
	}
	r.until(t, 1) // somebody else says no more
}

func TestReadingEndsWithTheOwnership(t *testing.T) {
	s := open(t, Options{Partitions: 1})
	ctx, cancel := context.WithCancel(within(t))
	var p *Partition
	err := s.Run(ctx, func(ctx context.Context, owned *Partition) error {
		p = owned
		if err := p.Start(ctx, 0, 0, ""); err != nil {
			return err
		}
		publish(t, s, 0, Now, event("a", 1), event("a", 2))
		if _, err := p.Next(ctx); err != nil {
			return err
		}
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, s, 0, Now, event("a", 3))
	if m, err := p.Next(within(t)); err == nil {
		t.Errorf("read %v after the ownership had ended", m)
	}
	if _, ok, err := p.TryNext(); ok || err == nil {
		t.Error("read after the ownership had ended")
	}
	if p.CaughtUp() {
		t.Error("caught up without owning")
	}
	if err := p.Publish(within(t), Now, event("a", 4)); err == nil {
		t.Error("published after the ownership had ended")
	}
}

func TestClosingEndsRun(t *testing.T) {
	s := open(t, Options{})
	owned := make(chan struct{}, s.Partitions())
	done := make(chan error, 1)
	go func() {
		done <- s.Run(context.Background(), func(ctx context.Context, p *Partition) error {
			owned <- struct{}{}
			<-ctx.Done()
			return nil
		})
	}()
	<-owned
	shut(t, s)
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}
