package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"
)

var businessTime = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// open starts a stream on the directory, with a small number of partitions unless the options say otherwise.
func open(t testing.TB, o Options) *Stream {
	t.Helper()
	if o.Dir == "" && o.Conn == nil {
		o.Dir = t.TempDir()
	}
	if o.Partitions == 0 {
		o.Partitions = 4
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewFakeClockAt(businessTime)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s, err := Open(within(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *Stream) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

// within returns a context that bounds whatever a test waits for. The bound is generous: machines that run tests are slow, and
// a wait ends as soon as what it waits for is there.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start returns a partition as its owner gets it, reading from the checkpoint.
func start(t testing.TB, s *Stream, number int, now, bulk uint64) *Partition {
	t.Helper()
	p := s.newPartition(within(t), number)
	t.Cleanup(p.close)
	if err := p.Start(within(t), now, bulk, ""); err != nil {
		t.Fatal(err)
	}
	return p
}

func event(key string, n int) Event {
	return Event{Key: key, Kind: "signal", Data: []byte(strconv.Itoa(n))}
}

func publish(t testing.TB, s *Stream, partition int, l Lane, events ...Event) {
	t.Helper()
	if err := s.PublishTo(within(t), partition, l, events...); err != nil {
		t.Fatal(err)
	}
}

func next(t testing.TB, p *Partition) Message {
	t.Helper()
	m, err := p.Next(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// said shortens a message to what tests compare: lane, sequence, data.
func said(m Message) string {
	data := make([]string, len(m.Events))
	for i, e := range m.Events {
		data[i] = string(e.Data)
	}
	return fmt.Sprintf("%v %d: %s", m.Lane, m.Seq, strings.Join(data, " "))
}

func TestAnEventArrivesAsItWasPublished(t *testing.T) {
	s := open(t, Options{})
	sent := []Event{
		{Key: "account:acme", Kind: "signal", Data: []byte(`{"logins":3}`)},
		{Key: "account:日本", Kind: "answer", At: businessTime.Add(-time.Hour), ID: "click-1", Data: []byte(`{}`)},
		{Key: "account:acme", Kind: "signal"},
	}
	publish(t, s, 2, Bulk, sent...)
	p := start(t, s, 2, 0, 0)
	var got []Event
	for len(got) < len(sent) {
		m := next(t, p)
		if m.Partition != 2 || m.Lane != Bulk || m.Incarnation != s.Incarnation() || m.Published.IsZero() {
			t.Errorf("the message's envelope is %+v", m)
		}
		got = append(got, m.Events...)
	}
	sent[0].At, sent[2].At = businessTime, businessTime
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
}

func TestABatchIsOneMessageForEachPartitionItTouches(t *testing.T) {
	s := open(t, Options{Partitions: 8})
	var events []Event
	touched := map[int]bool{}
	for i := range 500 {
		key := fmt.Sprintf("account:%d", i%50)
		touched[s.PartitionOf(key)] = true
		events = append(events, event(key, i))
	}
	if err := s.Publish(within(t), Bulk, events...); err != nil {
		t.Fatal(err)
	}
	now, bulk, err := s.Pending(within(t))
	if err != nil || now != 0 || bulk != uint64(len(touched)) {
		t.Errorf("got %d and %d messages (%v), want 0 and %d", now, bulk, err, len(touched))
	}
}

func TestKeysAreSpreadOverPartitionsForGood(t *testing.T) {
	s := open(t, Options{Partitions: 32})
	counts := make([]int, 32)
	for i := range 32_000 {
		counts[s.PartitionOf(fmt.Sprintf("account:%d", i))]++
	}
	for number, n := range counts {
		if n < 800 || n > 1200 {
			t.Errorf("partition %d has %d of 32,000 keys", number, n)
		}
	}
	got := []int{s.PartitionOf("account:acme"), s.PartitionOf("channel:C0123"), s.PartitionOf("person:tanaka")}
	if diff := cmp.Diff([]int{29, 14, 31}, got); diff != "" {
		t.Errorf("keys moved, which loses the order of events already published: %s", diff)
	}
}

func TestOrderHoldsWithinAKeyUnderSixteenPublishers(t *testing.T) {
	const publishers, each = 16, 60
	s := open(t, Options{})
	var group sync.WaitGroup
	for who := range publishers {
		group.Go(func() {
			for n := 0; n < each; {
				size := 1 + rand.IntN(5)
				var batch []Event
				for ; size > 0 && n < each; size-- {
					e := event(fmt.Sprintf("account:%d", who), n)
					if n%7 == 3 {
						e.ID = fmt.Sprintf("%d/%d", who, n)
					}
					batch = append(batch, e)
					n++
				}
				if err := s.Publish(within(t), Bulk, batch...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	seen := map[string]int{}
	for number := range s.Partitions() {
		p := start(t, s, number, 0, 0)
		last := uint64(0)
		for !p.CaughtUp() {
			m := next(t, p)
			if m.Seq != last+1 {
				t.Fatalf("message %d follows %d", m.Seq, last)
			}
			last = m.Seq
			for _, e := range m.Events {
				if got, want := string(e.Data), strconv.Itoa(seen[e.Key]); got != want {
					t.Fatalf("%s: got event %s, want %s", e.Key, got, want)
				}
				seen[e.Key]++
			}
		}
	}
	for who := range publishers {
		if got := seen[fmt.Sprintf("account:%d", who)]; got != each {
			t.Errorf("account:%d has %d events, want %d", who, got, each)
		}
	}
}

func TestNowIsReadBeforeBulk(t *testing.T) {
	s := open(t, Options{})
	for n := range 40 {
		publish(t, s, 0, Bulk, event("a", n))
	}
	for n := range 3 {
		publish(t, s, 0, Now, event("a", n))
	}
	p := start(t, s, 0, 0, 0)
	var got []string
	for range 5 {
		got = append(got, said(next(t, p)))
	}
	publish(t, s, 0, Now, event("a", 99))
	for range 2 {
		got = append(got, said(next(t, p)))
	}
	want := []string{"now 1: 0", "now 2: 1", "now 3: 2", "bulk 1: 0", "bulk 2: 1", "now 4: 99", "bulk 3: 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadingGoesOnFromACheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	for n := range 20 {
		publish(t, s, 1, Bulk, event("a", n))
		publish(t, s, 1, Now, event("a", 100+n))
	}
	incarnation := s.Incarnation()
	shut(t, s)
	s = open(t, Options{Dir: dir})
	p := s.newPartition(within(t), 1)
	t.Cleanup(p.close)
	if err := p.Start(within(t), 20, 17, incarnation); err != nil {
		t.Fatal(err)
	}
	got := []string{said(next(t, p)), said(next(t, p)), said(next(t, p))}
	want := []string{"bulk 18: 17", "bulk 19: 18", "bulk 20: 19"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !p.CaughtUp() {
		t.Error("not caught up after the last message")
	}
	publish(t, s, 1, Bulk, event("a", 20))
	if p.CaughtUp() {
		t.Error("caught up before a message was read")
	}
	if got, want := said(next(t, p)), "bulk 21: 20"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPurgingBelowACheckpointIsNoGap(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	for n := range 10 {
		publish(t, s, 0, Bulk, event("a", n))
	}
	p := start(t, s, 0, 0, 0)
	for range 10 {
		next(t, p)
	}
	if err := p.Purge(within(t), Bulk, 11); err == nil {
		t.Error("purged what was never read")
	}
	if err := p.Purge(within(t), Bulk, 10); err != nil {
		t.Fatal(err)
	}
	p.close()
	shut(t, s)

	s = open(t, Options{Dir: dir})
	if _, bulk, err := s.Pending(within(t)); err != nil || bulk != 0 {
		t.Errorf("%d pending after purging what was read (%v)", bulk, err)
	}
	publish(t, s, 0, Bulk, event("a", 10))
	p = start(t, s, 0, 0, 10)
	if got, want := said(next(t, p)), "bulk 11: 10"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestACheckpointThatTheStreamCannotContinueIsRefused(t *testing.T) {
	s := open(t, Options{})
	for n := range 10 {
		publish(t, s, 0, Bulk, event("a", n))
	}
	p := start(t, s, 0, 0, 0)
	for range 10 {
		next(t, p)
	}
	if err := p.Purge(within(t), Bulk, 7); err != nil {
		t.Fatal(err)
	}
	p.close()
	for _, c := range []struct {
		name        string
		now, bulk   uint64
		incarnation string
		want        error
	}{
		{"the message after the checkpoint is still there", 0, 6, s.Incarnation(), nil},
		{"the message after the checkpoint is purged", 0, 5, s.Incarnation(), ErrGap},
		{"there is no checkpoint although messages are purged", 0, 0, "", ErrGap},
		{"the checkpoint is ahead of the stream", 1, 10, s.Incarnation(), ErrGap},
		{"the checkpoint is of another stream", 0, 10, "somewhere else", ErrForeign},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := s.newPartition(within(t), 0)
			defer p.close()
			err := p.Start(within(t), c.now, c.bulk, c.incarnation)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if ready := s.Ready(); !errors.Is(ready, c.want) {
				t.Errorf("ready says %v", ready)
			}
			if err != nil && !strings.Contains(err.Error(), "restore") {
				t.Errorf("no way to repair in %q", err)
			}
		})
	}
	p = s.newPartition(within(t), 0)
	defer p.close()
	now, bulk, incarnation, err := p.Oldest(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(within(t), now, bulk, incarnation); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(); err != nil {
		t.Errorf("not ready after the repair: %v", err)
	}
	if got, want := said(next(t, p)), "bulk 7: 6"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMessagesThatVanishAfterTheCheckpointAreAGap(t *testing.T) {
	s := open(t, Options{})
	publish(t, s, 0, Bulk, event("a", 0))
	p := start(t, s, 0, 0, 0)
	next(t, p)
	stream, err := s.js.Stream(within(t), s.partitions[0][Bulk].stream)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		publish(t, s, 0, Bulk, event("a", 1+n))
	}
	if err := stream.Purge(within(t)); err != nil {
		t.Fatal(err)
	}
	publish(t, s, 0, Bulk, event("a", 6))
	p.close()
	p = s.newPartition(within(t), 0)
	defer p.close()
	// Start looked before the purge; its reader must find out by itself.
	r := newReader(p, s.partitions[0][Bulk], stream, 1)
	p.readers = [lanes]*reader{newReader(p, s.partitions[0][Now], stream, 0), r}
	r.lane.read.Store(1)
	p.pumps.Go(r.pump)
	if _, err := p.Next(within(t)); !errors.Is(err, ErrGap) {
		t.Errorf("got %v, want %v", err, ErrGap)
	}
	if err := s.Ready(); !errors.Is(err, ErrGap) {
		t.Errorf("ready says %v", err)
	}
}

func TestADeletedDirectoryIsAForeignStream(t *testing.T) {
	first, second := open(t, Options{}), open(t, Options{})
	if first.Incarnation() == second.Incarnation() {
		t.Error("two streams have one incarnation")
	}
	if err := first.js.DeleteStream(within(t), first.partitions[3][Bulk].stream); err != nil {
		t.Fatal(err)
	}
	dir, incarnation := first.options.Dir, first.Incarnation()
	shut(t, first)
	again := open(t, Options{Dir: dir})
	if again.Incarnation() == incarnation {
		t.Error("a lane was lost and the incarnation is the same")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"no place", Options{}, "set a directory"},
		{"a name that JetStream does not take", Options{Dir: "x", Name: "a.b"}, "name \"a.b\""},
		{"too many partitions", Options{Dir: "x", Partitions: 1000}, "1000 partitions"},
		{"no room", Options{Dir: "x", MaxBytes: 1000}, "too small"},
		{"tiny messages", Options{Dir: "x", MaxPayload: 10}, "messages of 10 bytes"},
		{"an even shorter lease", Options{Dir: "x", Lease: time.Millisecond}, "a lease of 1ms"},
		{"copies", Options{Dir: "x", Replicas: 9}, "9 copies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Open(within(t), c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestTheNumberOfPartitionsStands(t *testing.T) {
	dir := t.TempDir()
	shut(t, open(t, Options{Dir: dir, Partitions: 3}))
	if got := open(t, Options{Dir: dir, Partitions: 9}).Partitions(); got != 3 {
		t.Errorf("got %d partitions, want the 3 it was made with", got)
	}
}
