package backtest

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// spreads are how the features that a book asks of peers are spread over all accounts
// at any time of a back-test: each account's value is the one at the last of its local
// midnights, which is when the live bot takes it anew. They take a Distribution for
// every group, time zone and day, however many accounts there are.
type spreads struct {
	from rules.Date // the first day that is noted; one before the back-test's first
	days int
	by   map[rules.PeerGroup]map[string][]*rules.Distribution // by time zone and day

	zones     map[string]*time.Location
	midnights []time.Time // of all zones, in order: from one to the next nothing changes
	merged    map[rules.PeerGroup][]atomic.Pointer[rules.Distribution]
}

func newSpreads(o *Options) *spreads {
	return &spreads{from: o.From - 1, days: int(o.To-o.From) + 3, by: map[rules.PeerGroup]map[string][]*rules.Distribution{},
		zones: map[string]*time.Location{}}
}

// asksPeers reports whether a book asks anything of accounts' peers.
func asksPeers(book *playbooks.Book) bool {
	return book != nil && len(book.Rules.Compiler.PeerFeatures()) > 0
}

// add notes what one account adds on a day.
func (s *spreads) add(zone *time.Location, day rules.Date, values []rules.PeerValue) {
	for _, v := range values {
		zones := s.by[v.PeerGroup]
		if zones == nil {
			zones = map[string][]*rules.Distribution{}
			s.by[v.PeerGroup] = zones
		}
		days := zones[zone.String()]
		if days == nil {
			days = make([]*rules.Distribution, s.days)
			zones[zone.String()], s.zones[zone.String()] = days, zone
		}
		i := int(day - s.from)
		if days[i] == nil {
			days[i] = &rules.Distribution{}
		}
		days[i].Add(v.Number, v.Beyond)
	}
}

// join adds what another part of the accounts adds.
func (s *spreads) join(other *spreads) {
	for group, zones := range other.by {
		if s.by[group] == nil {
			s.by[group] = map[string][]*rules.Distribution{}
		}
		for name, days := range zones {
			have := s.by[group][name]
			if have == nil {
				s.by[group][name], s.zones[name] = days, other.zones[name]
				continue
			}
			for i, d := range days {
				if have[i] == nil {
					have[i] = d
				} else {
					have[i].Merge(d)
				}
			}
		}
	}
}

// seal makes the spreads ready to be asked, by several goroutines at once.
func (s *spreads) seal() {
	for _, zone := range s.zones {
		for i := range s.days {
			s.midnights = append(s.midnights, (s.from + rules.Date(i)).In(zone))
		}
	}
	slices.SortFunc(s.midnights, time.Time.Compare)
	s.midnights = slices.CompactFunc(s.midnights, time.Time.Equal)
	s.merged = map[rules.PeerGroup][]atomic.Pointer[rules.Distribution]{}
	for group := range s.by {
		s.merged[group] = make([]atomic.Pointer[rules.Distribution], len(s.midnights))
	}
}

// at returns how a feature is spread over all accounts of a group at a time; nil where
// nothing is known of them. What it returns must not be changed.
func (s *spreads) at(group rules.PeerGroup, now time.Time) *rules.Distribution {
	merged := s.merged[group]
	n, found := slices.BinarySearchFunc(s.midnights, now, time.Time.Compare)
	if !found {
		n--
	}
	if merged == nil || n < 0 {
		return nil
	}
	if d := merged[n].Load(); d != nil {
		return d
	}
	d := &rules.Distribution{}
	for name, days := range s.by[group] {
		if i := int(rules.DateOf(s.midnights[n].In(s.zones[name])) - s.from); i >= 0 && i < len(days) {
			d.Merge(days[i])
		}
	}
	merged[n].Store(d) // whoever else works it out meanwhile finds the same
	return d
}

// survey goes over all accounts and collects how what a book asks of peers is spread.
// Of a book that asks nothing it is nil.
func (o *Options) survey(ctx context.Context, book *playbooks.Book, inputs iter.Seq2[Input, error], workers int) (found [2]*spreads, err error) {
	books := []*playbooks.Book{book, o.Against}
	if !asksPeers(book) && !asksPeers(o.Against) {
		return found, nil
	}
	work := make(chan Input, workers)
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		for in, err := range inputs {
			if err != nil {
				return err
			}
			select {
			case work <- in:
			case <-inner.Done():
				return inner.Err()
			}
		}
		return nil
	})
	parts := make([][]*surveyor, workers)
	counted := make(chan struct{}, workers)
	var players errgroup.Group
	for i := range workers {
		for _, b := range books {
			if asksPeers(b) {
				parts[i] = append(parts[i], newSurveyor(b, o))
			}
		}
		players.Go(func() error {
			for in := range work {
				slices.SortStableFunc(in.Signals, byTime)
				for _, s := range parts[i] {
					s.account(in)
				}
				counted <- struct{}{}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(counted)
		return players.Wait()
	})
	for range counted {
		if o.Surveyed != nil {
			o.Surveyed()
		}
	}
	if err := g.Wait(); err != nil {
		return found, err
	}
	all := make([]*spreads, len(parts[0]))
	for _, part := range parts {
		for k, s := range part {
			if all[k] == nil {
				all[k] = s.spreads
			} else {
				all[k].join(s.spreads)
			}
		}
	}
	for _, s := range all {
		s.seal()
	}
	for side, b := range books {
		if asksPeers(b) {
			found[side], all = all[0], all[1:]
		}
	}
	return found, nil
}

func byTime(a, b rules.Signal) int { return a.At.Compare(b.At) }

// A surveyor notes what accounts add to what a book asks of their peers.
type surveyor struct {
	*player
	spreads *spreads
	reads   []string // the signals that are needed; nil for all
}

func newSurveyor(book *playbooks.Book, o *Options) *surveyor {
	s := &surveyor{newPlayer(book, o), newSpreads(o), []string{}}
	for _, f := range book.Rules.Compiler.PeerFeatures() {
		if f.Segment != "" { // whose condition may read whatever it wants
			s.reads = nil
			return s
		}
		name, _, _ := strings.Cut(f.Feature, ".")
		s.reads = append(s.reads, name)
	}
	return s
}

// account notes an account's values of every day on which it is played.
func (s *surveyor) account(in Input) {
	from, to := s.o.span(&in)
	if to < from {
		return
	}
	if to == s.o.To { // elsewhere the last day is longer
		to++
	}
	signals := in.Signals
	if s.reads != nil {
		signals = slices.DeleteFunc(slices.Clone(signals), func(one rules.Signal) bool { return !slices.Contains(s.reads, one.Signal) })
	}
	s.begin(in.Account, signals, from-1)
	f := s.player.account.Facts
	for day := from - 1; day <= to; day++ {
		s.world.Now = day.In(s.zone)
		s.came()
		n := 0
		for n < len(s.signals) && !s.signals[n].At.After(s.world.Now) {
			s.take(&s.signals[n])
			n++
		}
		s.signals = s.signals[n:]
		f.Reset(&s.player.account.Data, &s.player.account.History, s.world.Now)
		s.world.SetFeeds(f)
		s.spreads.add(s.zone, day, f.PeerValues())
	}
}

// spread takes an account's own values anew at its midnight.
func (p *player) spread(a *replay.Account) {
	if today := rules.DateOf(p.world.Now.In(p.zone)); today != p.peers.day {
		p.peers.day, p.peers.own = today, a.Facts.PeerValues()
	}
}

// peersOf returns an account's peers now, the account itself not among them.
func (p *player) peersOf(*replay.Account) func(rules.PeerGroup) *rules.Distribution {
	return p.peers.of
}

// without takes the account that is played out of the accounts of a group.
func (p *player) without(group rules.PeerGroup) *rules.Distribution {
	all := p.peers.all.at(group, p.world.Now)
	i := slices.IndexFunc(p.peers.own, func(v rules.PeerValue) bool { return v.PeerGroup == group })
	if all == nil || i < 0 {
		return all
	}
	others := all.Clone()
	others.Remove(p.peers.own[i].Number, p.peers.own[i].Beyond)
	return others
}
