package backtest

import (
	"context"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"playcaller/playbooks"
)

// What a back-test does at most so that plays follow from what others were held back or
// told of in one message: so many rounds, and so many accounts played once more, or a
// tenth of them where that is more. In practice it takes two or three rounds; a book
// whose limits are passed every day would take many.
const (
	maxRounds = 8
	maxAgain  = 1000
)

// A field is all that a back-test plays: the accounts, by a book and the one that it is
// compared with, and what came of them.
type field struct {
	o       *Options
	book    *playbooks.Book
	inputs  iter.Seq2[Input, error]
	workers int
	spreads [2]*spreads // of features over peers, by side
	results []*Result   // by account
}

// crowds works out what accounts mean for each other.
func (f *field) crowds() (c [2]*crowd) {
	c[after] = newCrowd(f.book, f.o, f.results, after)
	if f.o.Against != nil {
		c[before] = newCrowd(f.o.Against, f.o, f.results, before)
	}
	return c
}

// together lets accounts be played as others allow it: with storm limits that all of
// them count against, and with groups. Accounts for which that changes something are
// played once more, which may change it for others; until nothing changes. It returns
// what they mean for each other then, and how many accounts were not played with that.
func (f *field) together(ctx context.Context) (c [2]*crowd, left int, err error) {
	c = f.crowds()
	for again, round := 0, 0; ; round++ {
		changed := map[string]*Result{}
		for _, r := range f.results {
			if r.played[after].key != c[after].parts[r.Account].key() ||
				c[before] != nil && r.played[before].key != c[before].parts[r.Account].key() {
				changed[r.Account] = r
			}
		}
		again += len(changed)
		if len(changed) == 0 || round == maxRounds || again > max(maxAgain, len(f.results)/10) {
			f.apply(c)
			return c, len(changed), nil
		}
		if err := f.again(ctx, changed, c); err != nil {
			f.apply(c)
			return c, len(changed), err
		}
		c = f.crowds()
	}
}

// again plays some accounts once more.
func (f *field) again(ctx context.Context, changed map[string]*Result, c [2]*crowd) error {
	work := make(chan Input, f.workers)
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		left := len(changed)
		for in, err := range f.inputs {
			if err != nil {
				return err
			}
			if changed[in.Account.ID] == nil {
				continue
			}
			select {
			case work <- in:
			case <-inner.Done():
				return inner.Err()
			}
			if left--; left == 0 {
				return nil
			}
		}
		return nil
	})
	for range f.workers {
		g.Go(func() error {
			p := newPair(f.book, f.o, f.spreads)
			for in := range work {
				p.again(in, changed[in.Account.ID], c)
			}
			return nil
		})
	}
	return g.Wait()
}

// apply lets those results that were not played with what others mean for them be as
// near to it as can be told without playing them.
func (f *field) apply(c [2]*crowd) {
	for side, b := range []*playbooks.Book{f.book, f.o.Against} {
		if b == nil {
			continue
		}
		next := func(person string, at time.Time) time.Time { return b.Team.Calendar(person).NextWorking(at) }
		for _, r := range f.results {
			c[side].apply(r, side, next)
		}
	}
}
