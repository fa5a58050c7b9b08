package backtest

import (
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A pair plays accounts by a book and, where there is one, by the book it is compared
// with: day by day side by side, so that of every firing the other can say at once why
// it did not fire.
type pair struct {
	o        *Options
	book     *playbooks.Book
	now, old *player // old is nil where nothing is compared
}

// newPair returns a pair whose players know of peers what a survey found; nil where the
// book asks nothing of them.
func newPair(book *playbooks.Book, o *Options, peers [2]*spreads) *pair {
	p := &pair{o: o, book: book, now: newPlayer(book, o)}
	p.now.among(peers[after])
	if o.Against != nil {
		p.old = newPlayer(o.Against, o)
		p.old.among(peers[before])
	}
	return p
}

// play plays one account.
func (p *pair) play(in Input) *Result {
	slices.SortStableFunc(in.Signals, byTime)
	r := &Result{Account: in.Account.ID, Name: in.Account.Name, Zone: in.Account.TimeZone, End: in.End, Owner: p.owner(&in.Account)}
	from, to := p.o.span(&in)
	if len(in.Signals) > 0 {
		r.Since = rules.DateOf(in.Signals[0].At.In(zoneOf(&in.Account)))
	}
	if to < from {
		return r
	}
	r.Days = int(to-from) + 1
	p.now.crowd = nil
	if p.old != nil {
		p.old.crowd = nil
	}
	p.pass(in, r, from, to)
	p.chance(&in, r, from, to)
	return r
}

// pass lets the days of an account pass.
func (p *pair) pass(in Input, r *Result, from, to rules.Date) {
	p.now.begin(in.Account, in.Signals, from)
	if p.old != nil {
		p.old.begin(in.Account, in.Signals, from)
	}
	for day := from; day <= to; day++ {
		had, before := len(p.now.episodes), 0
		p.now.day(day)
		if p.old == nil {
			continue
		}
		before = len(p.old.episodes)
		p.old.day(day)
		p.explain(p.old, p.now.episodes[had:])
		p.explain(p.now, p.old.episodes[before:])
	}
	r.Episodes, r.Counts, r.Refused = list(p.now.episodes), p.now.counts, p.now.refused
	r.played[after].held = p.now.held
	if p.old != nil {
		r.Before, r.played[before].held = list(p.old.episodes), p.old.held
	}
}

// again plays an account once more, now that it is known what others mean for it.
func (p *pair) again(in Input, r *Result, crowds [2]*crowd) {
	slices.SortStableFunc(in.Signals, byTime)
	p.now.crowd = crowds[after]
	r.played[after].key = crowds[after].parts[r.Account].key()
	if p.old != nil {
		p.old.crowd = crowds[before]
		r.played[before].key = crowds[before].parts[r.Account].key()
	}
	from, to := p.o.span(&in)
	p.pass(in, r, from, to)
}

// span returns the days that an account is played: all of them, but none after its end.
func (o *Options) span(in *Input) (from, to rules.Date) {
	from, to = o.From, o.To
	if in.End.Kind == Churned && in.End.On != 0 {
		to = min(to, in.End.On)
	}
	return from, to
}

// owner returns who has an account on the last day.
func (p *pair) owner(a *rules.Account) string {
	if who := p.book.Team.Resolve("owner", a, "", p.o.To); who != nil {
		return who.ID
	}
	return ""
}

func list(all []*Episode) []Episode {
	var some []Episode
	for _, e := range all {
		some = append(some, *e)
	}
	return some
}

// explain lets a player say of episodes of the other why it has none of its own.
func (p *pair) explain(other *player, episodes []*Episode) {
	for _, e := range episodes {
		if e.episode > 0 {
			e.Why = other.why(e)
		}
	}
}

// chance plays quiet copies of the account; see Quiet. What a copy brings that has no
// spread at all is no chance but how the account is: a rule on its level, or on dates.
func (p *pair) chance(in *Input, r *Result, from, to rules.Date) {
	rounds := p.rounds(in.Account.ID)
	if rounds == 0 {
		return
	}
	still := map[string]int{}
	for _, e := range p.copy(in, from, to, nil) {
		still[RuleName(e)]++
	}
	for round := range rounds {
		left := maps.Clone(still)
		random := rand.New(rand.NewPCG(p.o.Seed, hashOf(in.Account.ID)+uint64(round)))
		for _, e := range p.copy(in, from, to, random) {
			if left[RuleName(e)]--; left[RuleName(e)] < 0 {
				r.Chance = append(r.Chance, Episode{Playbook: e.Playbook, Person: e.Person, Prompted: e.Prompted, Severity: e.Severity, Draft: e.Draft})
			}
		}
		r.Quiet += int(to-from) + 1
	}
}

// copy plays a quiet copy, and returns what fired of what reads signals.
func (p *pair) copy(in *Input, from, to rules.Date, random *rand.Rand) []*Episode {
	p.now.crowd = nil
	p.now.begin(in.Account, Quiet(in, p.book, p.o.Heard, from-WarmUp, to, random), from)
	for day := from; day <= to; day++ {
		p.now.day(day)
	}
	return slices.DeleteFunc(p.now.episodes, func(e *Episode) bool { return !p.now.reads(e.Playbook) })
}

// reads reports whether a playbook's rule reads any signal: dates are no chance.
func (p *player) reads(playbook string) bool {
	rule := p.world.Book.Rules.Rule(playbook)
	return rule != nil && len(rule.Signals()) > 0
}

// rounds returns how many quiet copies of an account are played.
func (p *pair) rounds(account string) int {
	want, all := p.o.Chance, p.o.Accounts
	if want == 0 {
		want = usualChance
	}
	switch {
	case want < 0:
		return 0
	case all <= 0:
		return 1
	case all <= want:
		return min(max(1, (want+all/2)/all), 100)
	}
	random := rand.New(rand.NewPCG(p.o.Seed, ^hashOf(account)))
	if random.Float64() < float64(want)/float64(all) {
		return 1
	}
	return 0
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// endOf returns when the last day of a back-test ends for an episode's account.
func (o *Options) endOf(e *Episode) time.Time { return (o.To + 1).In(e.location()) }
