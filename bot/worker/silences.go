package worker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"playcaller/rules"
	"playcaller/store"
)

// feeds knows of every partition when anything of a signal last arrived for its accounts, and when nothing did for longer
// than it should. A feed was out while it was silent in all of them: an outage is not fifty dropping accounts. What
// partitions of other replicas have heard is known as they last wrote it; whatever they heard since can only make an
// outage shorter, so that accounts are unknown for a moment at worst, and never taken for dropping.
type feeds struct {
	mu   sync.RWMutex
	by   map[int]map[string]*rules.FeedLog // by partition and signal: Outages are the partition's own silences, oldest first
	defs map[string]rules.SignalDef
	at   map[string]time.Time      // the latest of all partitions; replaced, never changed
	out  map[string][]rules.Outage // replaced, never changed

	learnt  time.Time // business time of the last look at what other replicas have heard
	suspect bool      // there may have been an outage that they know better
}

// mostSilences bounds what a partition remembers of one signal.
const mostSilences = 60

// forever is when a silence ends that goes on.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// heard notes that something of a signal arrived for an account of a partition. A silence before it, or around it where it is
// read again after a stop, ends there; the time before anything was first heard is a silence, too.
func (f *feeds) heard(partition int, def rules.SignalDef, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log(partition, def.Name)
	ended := false
	if at.After(log.Last) {
		if ended = tooLong(log.Last, at, def); ended {
			log.Outages = append(log.Outages, rules.Outage{From: log.Last, To: at})
		}
		log.Last = at
		f.latest(def.Name, at)
	} else {
		for i, o := range log.Outages {
			if o.From.Before(at) && at.Before(o.To) {
				log.Outages, ended = slices.Insert(slices.Delete(log.Outages, i, i+1), i, halves(o, at, def)...), true
				break
			}
		}
	}
	if !ended {
		return
	}
	f.declare(def)
	before := len(f.out[def.Name])
	common := f.decide(def.Name)
	f.suspect = f.suspect || len(f.out[def.Name]) > before
	forget(log, common, at)
}

// log returns what a partition knows of a signal. f.mu is held.
func (f *feeds) log(partition int, signal string) *rules.FeedLog {
	logs := f.by[partition]
	if logs == nil {
		if logs = map[string]*rules.FeedLog{}; f.by == nil {
			f.by = map[int]map[string]*rules.FeedLog{}
		}
		f.by[partition] = logs
	}
	if logs[signal] == nil {
		logs[signal] = &rules.FeedLog{}
	}
	return logs[signal]
}

func (f *feeds) latest(signal string, at time.Time) {
	if at.After(f.at[signal]) {
		f.at = with(f.at, signal, at)
	}
}

// declare notes how long a feed may be silent. f.mu is held.
func (f *feeds) declare(def rules.SignalDef) {
	if f.defs == nil {
		f.defs = map[string]rules.SignalDef{}
	}
	f.defs[def.Name] = def
}

// redeclare notes how long the feeds of a book may be silent: what was an outage may be none by it.
func (f *feeds) redeclare(defs []rules.SignalDef) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, def := range defs {
		if known, ok := f.defs[def.Name]; ok && known.Kind == def.Kind && known.Fresh == def.Fresh {
			continue
		}
		f.declare(def)
		f.decide(def.Name)
	}
}

// tooLong reports whether a silence is an outage; the zero time is before anything was heard.
func tooLong(from, to time.Time, def rules.SignalDef) bool {
	if from.IsZero() {
		from = to.AddDate(-10, 0, 0)
	}
	log := rules.FeedLog{Last: from}
	log.Heard(to, def)
	return len(log.Outages) > 0
}

// halves returns what is left of a silence in which something was heard after all.
func halves(o rules.Outage, at time.Time, def rules.SignalDef) []rules.Outage {
	return slices.DeleteFunc([]rules.Outage{{From: o.From, To: at}, {From: at, To: o.To}}, func(o rules.Outage) bool { return !tooLong(o.From, o.To, def) })
}

// decide works out when a feed was out: while no partition heard of it. It returns what partitions' silences have in common, the
// time before the feed was first heard of included. f.mu is held.
func (f *feeds) decide(signal string) []rules.Outage {
	silent := []rules.Outage{{To: forever}}
	for _, logs := range f.by {
		if log := logs[signal]; log != nil && !log.Last.IsZero() {
			silent = common(silent, append(slices.Clip(log.Outages), rules.Outage{From: log.Last, To: forever}))
		}
	}
	silent = slices.DeleteFunc(silent, func(o rules.Outage) bool { return o.To.Equal(forever) || !tooLong(o.From, o.To, f.defs[signal]) })
	out := silent
	if len(out) > 0 && out[0].From.IsZero() {
		out = out[1:]
	}
	if !slices.Equal(out, f.out[signal]) {
		f.out = with(f.out, signal, slices.Clone(out))
	}
	return silent
}

// common returns what two lists of silences have in common. Both are sorted, and none of a list overlap.
func common(a, b []rules.Outage) []rules.Outage {
	var all []rules.Outage
	for len(a) > 0 && len(b) > 0 {
		from, to := a[0].From, a[0].To
		if b[0].From.After(from) {
			from = b[0].From
		}
		if b[0].To.Before(to) {
			to = b[0].To
		}
		if from.Before(to) {
			all = append(all, rules.Outage{From: from, To: to})
		}
		if a[0].To.Before(b[0].To) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return all
}

// forget drops silences of a partition during which others heard of the feed, and those of more than 400 days ago: an
// outage they cannot be part of any more. What is not known of others yet may be a part.
func forget(log *rules.FeedLog, common []rules.Outage, now time.Time) {
	oldest := now.AddDate(0, 0, -rules.KeepDays)
	log.Outages = slices.DeleteFunc(log.Outages, func(own rules.Outage) bool {
		return own.To.Before(oldest) || !slices.ContainsFunc(common, func(o rules.Outage) bool { return !o.From.Before(own.From) && !o.To.After(own.To) })
	})
	log.Outages = slices.Delete(log.Outages, 0, max(0, len(log.Outages)-mostSilences))
}

// last returns when anything of a signal last arrived, for any account.
func (f *feeds) last(signal string) time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.at[signal]
}

// now returns when each signal last arrived for any account, and its outages, as of one moment. The maps must not be changed.
func (f *feeds) now() (at map[string]time.Time, out map[string][]rules.Outage) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.at, f.out
}

// tell makes facts know of feeds as of one moment: that a feed is back, and that it was out, is told at once or not at all.
func (f *feeds) tell(facts *rules.Facts) {
	at, out := f.now()
	facts.SetFeed(func(signal string) time.Time { return at[signal] })
	facts.SetOutages(out)
}

// outages returns every signal's; the map must not be changed.
func (f *feeds) outages() map[string][]rules.Outage {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.out
}

// of returns what a partition knows, for its checkpoint.
func (f *feeds) of(partition int) (last map[string]time.Time, silences map[string][]rules.Outage) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	last = map[string]time.Time{}
	for signal, log := range f.by[partition] {
		if log.Last.IsZero() {
			continue
		}
		if last[signal] = log.Last; len(log.Outages) > 0 {
			if silences == nil {
				silences = map[string][]rules.Outage{}
			}
			silences[signal] = slices.Clone(log.Outages)
		}
	}
	return last, silences
}

// learn takes what partitions have written in the place of what was known of them, unless this process has heard more: what a
// partition heard before it was begun anew is no less true.
func (f *feeds) learn(written ...store.Checkpoint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, cp := range written {
		for signal, at := range cp.Feeds {
			if at.Before(f.log(cp.Partition, signal).Last) {
				continue
			}
			*f.log(cp.Partition, signal) = rules.FeedLog{Last: at, Outages: slices.Clone(cp.Outages[signal])}
			f.latest(signal, at)
		}
	}
	for signal := range f.at {
		f.decide(signal)
	}
}

// news reports whether it is time to look at what other replicas have heard.
func (f *feeds) news(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	due := f.suspect || now.Sub(f.learnt) >= hearEvery
	if due {
		f.suspect, f.learnt = false, now
	}
	return due
}

// hearEvery is how much business time passes between two looks at what other replicas have heard, where nothing makes them
// necessary.
const hearEvery = 15 * time.Minute

// hearOthers takes in what other replicas have heard now and then, and whenever a feed seems to have been out.
func (w *Worker) hearOthers(ctx context.Context) error {
	if !w.feeds.news(w.o.Clock.Now()) {
		return nil
	}
	if w.alone() {
		return nil
	}
	return errors.Join(w.learnFeeds(ctx), w.learnSpreads(ctx))
}

// alone reports whether this replica works all partitions.
func (w *Worker) alone() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.owners) == w.o.Stream.Partitions()
}

// works reports whether this replica works a partition.
func (w *Worker) works(partition int) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.owners[partition] != nil
}

// learnFeeds reads what the partitions that are not worked here have noted of the feeds.
func (w *Worker) learnFeeds(ctx context.Context) error {
	var others []store.Checkpoint
	for d, err := range w.o.Records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		if !w.works(d.Value.Partition) {
			others = append(others, d.Value)
		}
	}
	w.feeds.learn(others...)
	return nil
}

// learnArrivals takes in what the partition has noted of the feeds, and what its accounts know beyond that: they are written
// before the checkpoint is. The messages in between are read again, and tell when else something was heard.
func (o *owner) learnArrivals() {
	o.w.feeds.learn(o.cp.Value)
	o.w.feeds.redeclare(o.book.Signals)
	for _, a := range o.accounts {
		for _, s := range a.history.Signals() {
			if def := o.book.Signal(s); def != nil {
				o.w.feeds.heard(o.n, *def, a.history.LastArrival(s))
			}
		}
	}
}

// hearAgain notes the arrivals of a message that the account's document has taken in already: the partition's log may not
// have.
func (o *owner) hearAgain(signals []rules.Signal, at time.Time) {
	for _, s := range signals {
		if def := o.book.Signal(s.Signal); def != nil {
			o.w.feeds.heard(o.n, *def, at)
		}
	}
}
