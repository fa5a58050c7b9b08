package stream

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ownership is a model of one partition and its owner: what was published, how far it has been read and purged.
type ownership struct {
	stream    *Stream
	partition *Partition
	number    int
	published [lanes][]string
	read      [lanes]int
	purged    [lanes]int // the checkpoint last purged to
	count     int
}

func (o *ownership) publish(t *rapid.T, test *testing.T) {
	l := Lane(rapid.IntRange(0, 1).Draw(t, "lane"))
	o.count++
	publish(test, o.stream, o.number, l, event("a", o.count))
	o.published[l] = append(o.published[l], fmt.Sprintf("%v %d: %d", l, len(o.published[l])+1, o.count))
}

// next reads what the model says is next, if anything is.
func (o *ownership) next(t *rapid.T, test *testing.T) {
	for l := range o.published {
		if o.read[l] == len(o.published[l]) {
			continue
		}
		got, want := said(next(test, o.partition)), o.published[l][o.read[l]]
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
		o.read[l]++
		return
	}
	if m, ok, err := o.partition.TryNext(); ok || err != nil {
		t.Fatalf("got %q and %v, want nothing", said(m), err)
	}
}

func (o *ownership) purge(t *rapid.T, test *testing.T) {
	l := Lane(rapid.IntRange(0, 1).Draw(t, "lane"))
	upTo := rapid.IntRange(o.purged[l], o.read[l]).Draw(t, "checkpoint")
	if err := o.partition.Purge(within(test), l, uint64(upTo)); err != nil {
		t.Fatal(err)
	}
	o.purged[l] = upTo
}

// takeOver has a new owner begin at a checkpoint that lies anywhere between what is purged and what is read.
func (o *ownership) takeOver(t *rapid.T, test *testing.T) {
	if o.partition != nil {
		o.partition.close()
	}
	for l := range o.read {
		o.read[l] = rapid.IntRange(o.purged[l], o.read[l]).Draw(t, "checkpoint")
	}
	o.partition = o.stream.newPartition(within(test), o.number)
	if err := o.partition.Start(within(test), uint64(o.read[Now]), uint64(o.read[Bulk]), o.stream.Incarnation()); err != nil {
		t.Fatal(err)
	}
}

func (o *ownership) check(t *rapid.T) {
	unread := len(o.published[Now]) + len(o.published[Bulk]) - o.read[Now] - o.read[Bulk]
	if got, want := o.partition.CaughtUp(), unread == 0; got != want {
		t.Fatalf("caught up: got %v with %d messages unread", got, unread)
	}
}

func TestReadingAgreesWithAModelThroughPurgesAndTakeOvers(t *testing.T) {
	s := open(t, Options{Partitions: 16})
	models := make([]*ownership, s.Partitions())
	turn := 0
	rapid.Check(t, func(rt *rapid.T) {
		turn++
		o := models[turn%len(models)]
		if o == nil {
			o = &ownership{stream: s, number: turn % len(models)}
			models[o.number] = o
		}
		o.takeOver(rt, t)
		defer func() { o.partition.close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"publish":   func(rt *rapid.T) { o.publish(rt, t) },
			"read":      func(rt *rapid.T) { o.next(rt, t) },
			"purge":     func(rt *rapid.T) { o.purge(rt, t) },
			"take over": func(rt *rapid.T) { o.takeOver(rt, t) },
			"":          o.check,
		})
	})
}

func TestSmallPurgesArePutTogether(t *testing.T) {
	s := open(t, Options{})
	for n := range 200 {
		publish(t, s, 0, Bulk, event("a", n))
	}
	p := start(t, s, 0, 0, 0)
	for range 200 {
		next(t, p)
	}
	oldest := func() uint64 {
		_, bulk, _, err := p.Oldest(within(t))
		if err != nil {
			t.Fatal(err)
		}
		return bulk + 1
	}
	for _, c := range []struct {
		name         string
		upTo, oldest uint64
	}{
		{"the first is done", 10, 10},
		{"a few more messages wait", 20, 10},
		{"many do not", 100, 100},
		{"an older checkpoint changes nothing", 50, 100},
	} {
		if err := p.Purge(within(t), Bulk, c.upTo); err != nil {
			t.Fatal(err)
		}
		if got := oldest(); got != c.oldest {
			t.Errorf("%s: the oldest message is %d, want %d", c.name, got, c.oldest)
		}
	}
	p.readers[Bulk].purgedAt = time.Time{}
	if err := p.Purge(within(t), Bulk, 101); err != nil {
		t.Fatal(err)
	}
	if got := oldest(); got != 101 {
		t.Errorf("what waited was not purged in the end: the oldest message is %d", got)
	}
}
