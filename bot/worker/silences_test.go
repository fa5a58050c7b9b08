package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/rules"
	"playcaller/store"
)

// day is a time of April 2027.
func day(d, hour int) time.Time { return time.Date(2027, 4, d, hour, 0, 0, 0, time.UTC) }

var loginsFeed = rules.SignalDef{Name: "logins", Kind: rules.Count, Fresh: 24 * time.Hour}

// replica is what one of several replicas knows of feeds; it works some of the partitions.
type replica struct {
	feeds
	works []int
}

// written is what the replica's partitions have in the store.
func (r *replica) written() []store.Checkpoint {
	var all []store.Checkpoint
	for _, n := range r.works {
		cp := store.Checkpoint{Partition: n}
		cp.Feeds, cp.Outages = r.of(n)
		all = append(all, cp)
	}
	return all
}

func (r *replica) wantOut(t *testing.T, when string, want ...rules.Outage) {
	t.Helper()
	if diff := cmp.Diff(want, append([]rules.Outage(nil), r.outages()["logins"]...)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// A replica whose accounts are quiet does not take the feed for dead while others' accounts are heard of, nor what it had
// to suspect for true once it knows.
func TestOneReplicasSilenceIsNoOutage(t *testing.T) {
	a, b := &replica{works: []int{0}}, &replica{works: []int{1}}
	for d := 1; d <= 20; d++ {
		b.heard(1, loginsFeed, day(d, 12))
	}
	a.heard(0, loginsFeed, day(1, 10))
	a.learn(b.written()...)
	a.heard(0, loginsFeed, day(20, 10))
	a.wantOut(t, "of a silence of one partition")
	if got := a.last("logins"); !got.Equal(day(20, 12)) {
		t.Errorf("the feed was last heard of %s, want when the other replica did", got)
	}

	late := &replica{works: []int{0}} // knows what the other wrote on the third
	early := &replica{works: []int{1}}
	for d := 1; d <= 3; d++ {
		early.heard(1, loginsFeed, day(d, 12))
	}
	late.heard(0, loginsFeed, day(1, 10))
	late.learn(early.written()...)
	late.heard(0, loginsFeed, day(20, 10))
	if !late.news(day(20, 10)) {
		t.Error("it does not ask what the others know")
	}
	late.wantOut(t, "while the others' news is old", rules.Outage{From: day(3, 12), To: day(20, 10)})
	late.learn(b.written()...)
	late.wantOut(t, "once it is known")
	late.heard(0, loginsFeed, day(22, 10))
	late.wantOut(t, "after the next silence", rules.Outage{From: day(20, 12), To: day(22, 10)})
}

func TestAnOutageOfAllPartitionsIsTheSameForEveryReplica(t *testing.T) {
	a, b := &replica{works: []int{0, 2}}, &replica{works: []int{1, 3}}
	a.heard(0, loginsFeed, day(1, 9))
	a.heard(2, loginsFeed, day(3, 9))
	b.heard(1, loginsFeed, day(2, 9))
	for range 2 { // in whatever order they come to know
		a.learn(b.written()...)
		b.learn(a.written()...)
	}
	b.heard(3, loginsFeed, day(7, 15)) // is heard of for the first time
	a.heard(0, loginsFeed, day(7, 16))
	b.heard(1, loginsFeed, day(8, 9))
	a.heard(2, loginsFeed, day(8, 10))
	out := rules.Outage{From: day(3, 9), To: day(7, 15)}
	b.wantOut(t, "before the others' news", out)
	a.learn(b.written()...)
	b.learn(a.written()...)
	a.wantOut(t, "of the one", out)
	b.wantOut(t, "of the other", out)

	again := &replica{works: []int{0, 1, 2, 3}} // one process takes over all
	again.learn(append(a.written(), b.written()...)...)
	again.wantOut(t, "after a start", out)
}

// What was published during an outage, and is read only afterwards, ends it where it was heard.
func TestWhatIsReadAgainSplitsASilence(t *testing.T) {
	r := &replica{works: []int{0}}
	r.heard(0, loginsFeed, day(1, 9))
	r.heard(0, loginsFeed, day(9, 9))
	r.heard(0, loginsFeed, day(8, 18))
	r.wantOut(t, "less than a day before its end", rules.Outage{From: day(1, 9), To: day(8, 18)})
	r.heard(0, loginsFeed, day(4, 9))
	r.wantOut(t, "in the middle", rules.Outage{From: day(1, 9), To: day(4, 9)}, rules.Outage{From: day(4, 9), To: day(8, 18)})
	loose := loginsFeed
	loose.Fresh = 4 * 24 * time.Hour
	r.redeclare([]rules.SignalDef{loose})
	r.wantOut(t, "once the feed may be silent for longer", rules.Outage{From: day(4, 9), To: day(8, 18)})
}

// A partition that is begun anew from an older checkpoint knows still what it has heard.
func TestWhatWasHeardIsNotForgottenWhereAPartitionBeginsAnew(t *testing.T) {
	r := &replica{works: []int{0, 1}}
	r.heard(0, loginsFeed, day(1, 9))
	r.heard(1, loginsFeed, day(1, 10))
	old := r.written()
	r.heard(0, loginsFeed, day(5, 9))
	r.learn(old[0])
	r.wantOut(t, "after an older checkpoint", rules.Outage{From: day(1, 10), To: day(5, 9)})
}

// Partitions become known one after the other: the time before one was first heard of may be part of an outage.
func TestWhatIsNotKnownYetMayBeSilent(t *testing.T) {
	r := &replica{works: []int{0, 1}}
	r.heard(0, loginsFeed, day(9, 9))
	r.wantOut(t, "while only one is known")
	r.heard(1, loginsFeed, day(5, 9))
	r.wantOut(t, "once both are", rules.Outage{From: day(5, 9), To: day(9, 9)})
}

// A partition remembers no silences during which others heard of the feed: a feed that is rare in each of them is no burden.
func TestSilencesThatCannotMatterAreForgotten(t *testing.T) {
	r := &replica{works: []int{0, 1, 2, 3, 4, 5, 6, 7}}
	for hour := range 24 * 100 {
		r.heard(hour/6%8, loginsFeed, day(1, hour))
	}
	for n, cp := range r.written() {
		if all := cp.Outages["logins"]; len(all) > 1 || len(all) == 1 && !all[0].From.IsZero() { // the one before anything was heard may matter
			t.Errorf("partition %d remembers the silences %v", n, all)
		}
	}
	r.wantOut(t, "of a feed that always came")
}

// Every checkpoint of earlier programs has the outages of all partitions, as of when it was written: read as the partition's own
// they are the same outages.
func TestOutagesThatEarlierProgramsWroteAreKnown(t *testing.T) {
	first, second := rules.Outage{From: day(1, 9), To: day(4, 9)}, rules.Outage{From: day(6, 9), To: day(8, 9)}
	r := &replica{works: []int{0, 1}}
	r.redeclare([]rules.SignalDef{loginsFeed})
	r.learn(store.Checkpoint{Partition: 0, Feeds: map[string]time.Time{"logins": day(9, 9)}, Outages: map[string][]rules.Outage{"logins": {first, second}}},
		store.Checkpoint{Partition: 1, Feeds: map[string]time.Time{"logins": day(5, 9)}, Outages: map[string][]rules.Outage{"logins": {first}}})
	r.wantOut(t, "of what earlier programs wrote", first, second)
	r.heard(1, loginsFeed, day(9, 10))
	r.wantOut(t, "once both are heard of", first, second)
}
