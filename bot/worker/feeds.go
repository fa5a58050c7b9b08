package worker

import (
	"context"
	"fmt"
	"maps"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/rules"
	"playcaller/store"
)

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
