package worker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/rules"
	"playcaller/store"
)

// feeds knows when anything of a signal last arrived, for any account, and when nothing did for longer than it should: an
// outage is not fifty dropping accounts.
type feeds struct {
	mu  sync.RWMutex
	at  map[string]time.Time
	out map[string][]rules.Outage // replaced, never changed
}

// heard notes that something of a signal arrived.
func (f *feeds) heard(signal string, at time.Time) {
	f.arrived(rules.SignalDef{Name: signal, Kind: rules.Gauge}, at)
}

// arrived notes likewise, with the signal's declaration, by which a silence before may have been an outage.
func (f *feeds) arrived(def rules.SignalDef, at time.Time) {
	if !at.After(f.last(def.Name)) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	log := rules.FeedLog{Last: f.at[def.Name], Outages: slices.Clone(f.out[def.Name])}
	log.Heard(at, def)
	f.at = with(f.at, def.Name, log.Last)
	if len(log.Outages) != len(f.out[def.Name]) || len(log.Outages) > 0 && log.Outages[len(log.Outages)-1] != f.out[def.Name][len(log.Outages)-1] {
		f.out = with(f.out, def.Name, log.Outages)
	}
}

// learn takes in the outages that another process has noticed, or this one before it was started again.
func (f *feeds) learn(outages map[string][]rules.Outage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for signal, all := range outages {
		merged := slices.Clone(f.out[signal])
		for _, o := range all {
			if !slices.Contains(merged, o) {
				merged = append(merged, o)
			}
		}
		if len(merged) == len(f.out[signal]) {
			continue
		}
		slices.SortFunc(merged, func(a, b rules.Outage) int { return a.From.Compare(b.From) })
		f.out = with(f.out, signal, merged)
	}
}

func (f *feeds) last(signal string) time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.at[signal]
}

// outages returns every signal's; the map must not be changed.
func (f *feeds) outages() map[string][]rules.Outage {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.out
}

// copy returns when each signal last arrived.
func (f *feeds) copy() map[string]time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return maps.Clone(f.at)
}

// learnFeeds reads what every partition has noted of the feeds.
func (w *Worker) learnFeeds(ctx context.Context) error {
	for d, err := range w.o.Records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		for signal, at := range d.Value.Feeds {
			w.feeds.heard(signal, at)
		}
		w.feeds.learn(d.Value.Outages)
	}
	return nil
}

// The watch over feeds is kept by the partition of its key, which wakes it like an account.
const (
	feedKey   = "feeds:watch"
	lookAgain = time.Hour // at a feed that has stopped, whether it is back
)

// The kinds of messages about feeds.
const (
	FeedStopped = "feed_stopped" // Text is the signal, At when it was last heard of
	FeedBack    = "feed_back"    // Text is the signal, At when it was heard of again; Began when it had stopped
)

func (o *owner) watchesFeeds() bool { return o.n == o.w.o.Stream.PartitionOf(feedKey) }

// scheduleFeeds sets when the watch looks next: when the first feed will have been silent for longer than it should.
func (o *owner) scheduleFeeds() {
	if !o.watchesFeeds() {
		return
	}
	if o.feedsSeen.IsZero() {
		o.feedsSeen = o.w.o.Clock.Now()
	}
	var due time.Time
	earlier := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	for _, def := range o.book.Signals {
		last := o.w.feeds.last(def.Name)
		switch {
		case def.Fresh == 0 || last.IsZero():
		case o.cp.Value.Silent[def.Name].IsZero():
			earlier(last.Add(def.Fresh + time.Minute))
		default:
			earlier(o.feedsSeen.Add(lookAgain))
		}
	}
	o.due.set(feedKey, due)
}

// feeds works a wake of the watch: ops are told once of a feed that has stopped for all accounts, and once when it is back.
func (j *job) feeds(ctx context.Context, events []stream.Event) error {
	o := j.o
	if j.lane != stream.Now || j.seq <= o.cp.Value.Now || !o.watchesFeeds() {
		return nil
	}
	t := &touched{c: change{at: events[len(events)-1].At}}
	delete(o.woken, feedKey)
	o.feedsSeen = t.c.at
	if err := o.w.learnFeeds(ctx); err != nil { // what other processes have heard
		return err
	}
	for _, def := range o.book.Signals {
		if def.Fresh == 0 {
			continue
		}
		last, silent := o.w.feeds.last(def.Name), o.cp.Value.Silent[def.Name]
		switch {
		case last.IsZero():
		case silent.IsZero() && t.c.at.Sub(last) > def.Fresh:
			o.cp.Value.Silent = with(o.cp.Value.Silent, def.Name, last)
			if err := j.tellOfFeed(t, FeedStopped, def, last, last); err != nil {
				return err
			}
		case !silent.IsZero() && last.After(silent):
			silence := maps.Clone(o.cp.Value.Silent)
			delete(silence, def.Name)
			o.cp.Value.Silent = silence
			if err := j.tellOfFeed(t, FeedBack, def, last, silent); err != nil {
				return err
			}
		}
	}
	o.scheduleFeeds()
	return nil
}

func (j *job) tellOfFeed(t *touched, kind string, def rules.SignalDef, at, since time.Time) error {
	out := store.Outgoing{Key: fmt.Sprintf("ops/%s/%s/%d", kind, def.Name, since.Unix()), Kind: kind, Text: def.Name, At: at, Began: since}
	return j.publish(inbox.ChannelKey(opsPlace(j.o.book.Team)), inbox.SendKind, t, out.Key, out)
}
