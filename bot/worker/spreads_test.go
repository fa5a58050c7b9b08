package worker

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/store"
	"playcaller/store/sqlite"
)

func spreadsOn(t *testing.T, docs ...store.Doc[store.Spread]) *Worker {
	t.Helper()
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &Worker{o: Options{Records: store.In(b)}}
	for _, d := range docs {
		if err := w.o.Records.Spreads.Insert(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// terms returns in the terms of which books a partition's spread is known.
func (s *spreads) terms(partition int) []string {
	var all []string
	for _, of := range s.by[partition] {
		all = append(all, of.terms)
	}
	return all
}

func written(partition int, terms string, at time.Time) store.Spread {
	return store.Spread{Partition: partition, Terms: terms, At: at}
}

// Books that were about to be switched to, and never were, leave what was worked out for them: nobody judges by that.
func TestBooksThatWereLeftAgainDoNotMakePeersUnknown(t *testing.T) {
	docs := []store.Doc[store.Spread]{{Key: store.CheckpointKey(1), Value: written(1, "present", day(1, 9))}}
	for i, terms := range []string{"d-latest", "a", "b", "e"} {
		docs = append(docs, store.Doc[store.Spread]{Key: aheadKey(1, terms), Value: written(1, terms, day(9-i, 9))})
	}
	w := spreadsOn(t, docs...)
	for range 2 {
		if err := w.learnSpreads(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"present", "d-latest"}, w.spreads.terms(1)); diff != "" {
			t.Errorf("the spread of partition 1 is known in the terms of (-want +got):\n%s", diff)
		}
	}
	if _, whole, _, _ := w.spreads.others(0, 2, "present", -1); !whole {
		t.Error("peers are not known although every partition says how its features are spread")
	}
}

func TestWhatIsWorkedOutAheadTakesNotThePlaceOfThePresent(t *testing.T) {
	var s spreads
	s.set(1, "present", nil)
	for _, terms := range []string{"a", "b", "c"} {
		s.ahead(1, terms, nil)
	}
	if diff := cmp.Diff([]string{"present", "c"}, s.terms(1)); diff != "" {
		t.Errorf("ahead of a switch (-want +got):\n%s", diff)
	}
	s.set(1, "c", nil) // it is switched to: others are judged by the one before for a while
	if diff := cmp.Diff([]string{"c", "present"}, s.terms(1)); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
}

func TestAPartitionThatSwitchedLeavesNothingThatWasWorkedOutAhead(t *testing.T) {
	var docs []store.Doc[store.Spread]
	for n := range 12 {
		docs = append(docs, store.Doc[store.Spread]{Key: store.CheckpointKey(n), Value: written(n, "present", day(1, 9))})
		for i := range 3 {
			terms := fmt.Sprintf("%012x", i+0xfffffffffffd)
			docs = append(docs, store.Doc[store.Spread]{Key: aheadKey(n, terms), Value: written(n, terms, day(2, 9))})
		}
	}
	w := spreadsOn(t, docs...)
	if err := w.dropAhead(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	left, err := w.o.Records.Spreads.Find(t.Context(), store.Query{KeysOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	of := func(n int) (keys []string) {
		for _, d := range left {
			if key := store.CheckpointKey(n); d.Key == key || len(d.Key) > len(key) && d.Key[:len(key)+1] == key+"/" {
				keys = append(keys, d.Key)
			}
		}
		return keys
	}
	if got, want := of(1), []string{"p001"}; !slices.Equal(got, want) {
		t.Errorf("of partition 1 there are %q, want %q", got, want)
	}
	for _, n := range []int{0, 2, 10, 11} {
		if got := of(n); len(got) != 4 {
			t.Errorf("of partition %d there are %q, want all", n, got)
		}
	}
}
