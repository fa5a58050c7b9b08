package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAFullLaneSaysSoAndRecovers(t *testing.T) {
	s := open(t, Options{MaxBytes: 4 * lanes * minLaneBytes})
	big := Event{Key: "a", Kind: "signal", Data: []byte(`"` + strings.Repeat("x", 20<<10) + `"`)}
	var err error
	published := 0
	for err == nil {
		if err = s.PublishTo(within(t), 0, Bulk, big); err == nil {
			published++
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want %v", err, ErrFull)
	}
	if after, ok := RetryAfter(err); !ok || after <= 0 {
		t.Errorf("no time to retry after: %v", after)
	}
	if err := s.Ready(); err != nil {
		t.Errorf("a full lane makes the stream unready: %v", err)
	}
	publish(t, s, 0, Now, event("a", 1))
	publish(t, s, 1, Bulk, big)

	p := start(t, s, 0, 0, 0)
	for range published + 1 {
		next(t, p)
	}
	if err := p.Purge(within(t), Bulk, uint64(published)); err != nil {
		t.Fatal(err)
	}
	publish(t, s, 0, Bulk, big)
	if got := next(t, p); got.Seq != uint64(published)+1 {
		t.Errorf("message %d follows %d", got.Seq, published)
	}
}

func TestADiskWithoutRoomStopsPublishingUntilThereIsSome(t *testing.T) {
	s := open(t, Options{})
	room := func(free uint64) {
		s.room.mu.Lock()
		defer s.room.mu.Unlock()
		s.room.free, s.room.checked = func(string) (uint64, error) { return free, nil }, time.Time{}
	}
	room(20 << 20)
	err := s.PublishTo(within(t), 0, Bulk, event("a", 1))
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "20 MiB left") {
		t.Errorf("bulk: got %v, want %v", err, ErrFull)
	}
	publish(t, s, 0, Now, event("a", 1))
	room(10 << 20)
	if err := s.PublishTo(within(t), 0, Now, event("a", 2)); !errors.Is(err, ErrFull) {
		t.Errorf("now: got %v, want %v", err, ErrFull)
	}
	room(100 << 20)
	publish(t, s, 0, Bulk, event("a", 3))
	publish(t, s, 0, Now, event("a", 3))
}

func TestAPartlyPublishedBatchNamesWhatIsDurable(t *testing.T) {
	s := open(t, Options{MaxBytes: 4 * lanes * minLaneBytes, Partitions: 4})
	full, free := keyOf(s, 0), keyOf(s, 1)
	big := Event{Key: full, Kind: "signal", Data: []byte(`"` + strings.Repeat("x", 20<<10) + `"`)}
	var err error
	for err == nil {
		err = s.Publish(within(t), Bulk, big)
	}
	err = s.Publish(within(t), Bulk, event(free, 1), big, event(free, 2))
	var partly *PublishError
	if !errors.As(err, &partly) || !errors.Is(err, ErrFull) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]bool{true, false, true}, partly.Durable); diff != "" {
		t.Error(diff)
	}
}

// keyOf returns a key of the partition.
func keyOf(s *Stream, partition int) string {
	for i := 0; ; i++ {
		if key := fmt.Sprintf("account:%d", i); s.PartitionOf(key) == partition {
			return key
		}
	}
}

func TestAnIDIsPublishedOnce(t *testing.T) {
	s := open(t, Options{})
	odd := "a line\nand 日本 " + strings.Repeat("x", 200)
	for range 3 {
		publish(t, s, 0, Now, Event{Key: "a", Kind: "answer", ID: "click-1"}, Event{Key: "a", Kind: "answer", ID: odd}, event("a", 7))
	}
	p := start(t, s, 0, 0, 0)
	counts := map[string]int{}
	for !p.CaughtUp() {
		for _, e := range next(t, p).Events {
			counts[e.ID]++
		}
	}
	if diff := cmp.Diff(map[string]int{"click-1": 1, odd: 1, "": 3}, counts); diff != "" {
		t.Error(diff)
	}
}

func TestLargeBatchesAreSplitAndLargeEventsRefused(t *testing.T) {
	s := open(t, Options{MaxPayload: 1 << 20})
	var events []Event
	for n := range 30 {
		events = append(events, Event{Key: "a", Kind: "signal", Data: []byte(fmt.Sprintf(`"%d %s"`, n, strings.Repeat("x", 50<<10)))})
	}
	events = append(events, Event{Key: "a", Kind: "signal", Data: []byte(`"30 ` + strings.Repeat("x", 900<<10) + `"`)})
	publish(t, s, 0, Bulk, events...)
	p := start(t, s, 0, 0, 0)
	n := 0
	for !p.CaughtUp() {
		m := next(t, p)
		if len(m.Events) > 6 {
			t.Errorf("a message of %d events is larger than it should be", len(m.Events))
		}
		for _, e := range m.Events {
			if want := fmt.Sprintf(`"%d `, n); !strings.HasPrefix(string(e.Data), want) {
				t.Fatalf("got %.8s, want %s", e.Data, want)
			}
			n++
		}
	}
	if n != 31 {
		t.Errorf("read %d events of 31", n)
	}
	err := s.Publish(within(t), Bulk, event("b", 1), Event{Key: "a", Data: make([]byte, 1<<20)})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
	if _, ok := RetryAfter(err); ok {
		t.Error("trying a large event again cannot help")
	}
}

func TestClosingWhilePublishing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	durable := make([]int, 8)
	var group sync.WaitGroup
	began := make(chan struct{}, len(durable))
	for who := range durable {
		group.Go(func() {
			for n := 0; ; n++ {
				err := s.PublishTo(context.Background(), 0, Lane(who%2), event(fmt.Sprint(who), n))
				if n == 0 {
					began <- struct{}{}
				}
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
				durable[who]++
			}
		})
	}
	for range durable {
		<-began
	}
	shut(t, s)
	group.Wait()
	if err := s.Ready(); !errors.Is(err, ErrClosed) {
		t.Errorf("ready says %v", err)
	}

	s = open(t, Options{Dir: dir})
	p := start(t, s, 0, 0, 0)
	got := make([]int, len(durable))
	for !p.CaughtUp() {
		for _, e := range next(t, p).Events {
			who, _ := strconv.Atoi(e.Key)
			got[who]++
		}
	}
	if diff := cmp.Diff(durable, got); diff != "" {
		t.Errorf("acknowledged and read differ: %s", diff)
	}
}

func TestAnAbandonedPublicationReturnsAtOnce(t *testing.T) {
	s := open(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := s.PublishTo(ctx, 0, Now, event("a", 1))
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
