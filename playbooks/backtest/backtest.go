// Package backtest plays a book over history: when each playbook would have fired, on
// whom and for how long, how many prompts that is for each person and week, how many
// of them chance alone would have brought, what another version of the book would have
// done instead, and - where it is known what became of the accounts - how often the
// book was right.
//
//	report, err := backtest.Run(ctx, book, inputs, backtest.Options{From: from, To: to})
//
// inputs yields one Input for each account: the account as it is known today, and the
// signals that came. FromHistory makes one of an account that a running bot has in
// memory. So what a changed book means for people in the last eight weeks is
//
//	report, err := backtest.Run(ctx, newBook, inputs, backtest.Options{From: to - 55, To: to, Against: oldBook})
//	for _, p := range report.Against.People {
//		p.Person, p.Before, p.After // prompts a week: 2.5, 6.5
//	}
//	report.Against.Headline("en") // "+4.0 prompts a week for Tanaka"
//
// Accounts are played by the same code as in the live bot and in a book's tests
// (package replay): every local midnight, whenever data came, when the account came to
// its stage or a milestone, and when a time falls due. What history does not tell is
// assumed, and Report.Assumptions says so:
//
//   - nobody answers: a question or a task times out as its playbook says. A prompt is
//     the first question or task that a run puts to a person; later steps depend on the
//     answers and are not counted.
//   - an account's fields are those of today, but for what carries a date: roles,
//     contracts, milestones and the time of its present stage.
//   - what holds already on the first day is treated as when a playbook is switched on.
//   - what a rule asks of peers is answered from all accounts, each as it stood at the
//     last of its midnights; the live bot takes it anew then too, and also whenever
//     something is changed on the account. An account that has ended is no peer.
//   - a quiet copy has the peers that its account has: a day on which everybody is busy
//     excuses the copy too.
//   - accounts that fire at once become a group's message, and limits hold over all of
//     them, as in the live bot; ops let go on what a limit holds an hour after they are
//     asked, or when they next work. Quiet copies are each alone.
//   - questions over a person's daily budget come on a later day. That a play's own
//     times count from then is not played.
//
// The package is pure: no clock, no files, no network. The same book, inputs and seed
// give the same report, however many workers there are.
package backtest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"playcaller/playbooks"
	"playcaller/rules"
)

// WarmUp is how many days of data before From a back-test wants, so that baselines
// are known on the first day: eight weeks and the window judged.
const WarmUp = 90

// Options say what is played.
type Options struct {
	From, To  rules.Date // both included, as the account's own days
	Playbooks []string   // only these; every playbook with a rule where empty

	Against *playbooks.Book // another version of the book; nil for none

	// Heard tells on which days anything of a signal came, for any account, so that the
	// silence of one account is not taken for a feed that has stopped. Nil where only
	// each account's own data tell.
	Heard map[string]Days

	// Chance is how many quiet accounts are played for what chance alone brings; see
	// Quiet. 0 means usualChance, a negative number none. Accounts is how many accounts
	// there are, as far as it is known: with more than Chance a seeded share of them is
	// taken, with fewer each is played several times.
	Chance   int
	Accounts int
	Seed     uint64

	Within  int // days before the end of an account within which an alarm is right; 0 means usualWithin
	Workers int // 0 means one for each processor

	Done  func(account string) *Result // what is known from an earlier call; may be nil
	Each  func(*Result) error          // told of every new result, one at a time, in any order; may be nil
	Count func()                       // called after every account; may be nil

	// Surveyed is called after every account of the first of two rounds, which learns how
	// features are spread over accounts' peers. There is one only where a book asks that.
	Surveyed func()
}

// What the options are where nothing is said.
const (
	usualChance = 300
	usualWithin = 90
)

// An Input is one account with its history.
type Input struct {
	Account rules.Account
	Signals []rules.Signal // in any order; At is needed
	End     End
}

// An End is what became of an account.
type End struct {
	Kind string     `json:"kind,omitempty"` // "churned", "renewed", or "" where that is not known
	On   rules.Date `json:"on,omitzero"`
}

// The kinds of ends.
const (
	Churned = "churned"
	Renewed = "renewed"
)

// Validate says what is wrong with the options for a book.
func (o *Options) Validate(book *playbooks.Book) error {
	switch {
	case o.From == 0 || o.To == 0:
		return fmt.Errorf("want the first and the last day")
	case o.To < o.From:
		return fmt.Errorf("from %s to %s: the last day comes before the first; swap them", o.From, o.To)
	case o.To-o.From > 3*366:
		return fmt.Errorf("from %s to %s: at most three years are played at once", o.From, o.To)
	}
	var known []string
	for _, r := range book.Rules.Rules {
		known = append(known, r.Playbook)
	}
	if o.Against != nil {
		for _, r := range o.Against.Rules.Rules {
			known = append(known, r.Playbook)
		}
	}
	for _, name := range o.Playbooks {
		if slices.Contains(known, name) {
			continue
		}
		if p := book.Playbooks[name]; p != nil {
			return fmt.Errorf("playbook %s has no `when`: people, hooks and other playbooks start it, and history does not tell when", name)
		}
		text := fmt.Sprintf("there is no playbook %q", name)
		if near := rules.Nearest(name, known); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		return fmt.Errorf("%s", text)
	}
	if len(known) == 0 {
		return fmt.Errorf("no playbook of the book has a `when`: there is nothing to play")
	}
	return nil
}

// judged returns the rules of a book that are played.
func (o *Options) judged(book *playbooks.Book) []*rules.Rule {
	if len(o.Playbooks) == 0 {
		return book.Rules.Rules
	}
	var some []*rules.Rule
	for _, r := range book.Rules.Rules {
		if slices.Contains(o.Playbooks, r.Playbook) {
			some = append(some, r)
		}
	}
	return some
}

// Run plays a book over history and reports what came of it. Where the context ends
// first, what was played until then is reported too, with the context's error. Another
// error is of the inputs, which are gone over first where a book asks for accounts'
// peers, and again where groups or storm limits change what accounts are told: each time
// they must be the same.
func Run(ctx context.Context, book *playbooks.Book, inputs iter.Seq2[Input, error], o Options) (*Report, error) {
	if err := o.Validate(book); err != nil {
		return nil, err
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	f := &field{o: &o, book: book, inputs: inputs, workers: workers}
	var err error
	if f.spreads, err = o.survey(ctx, book, inputs, workers); err == nil {
		err = f.play(ctx)
	}
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	slices.SortFunc(f.results, func(a, b *Result) int { return cmp.Compare(a.Account, b.Account) })
	crowds, left, again := f.together(ctx)
	if again != nil && ctx.Err() == nil {
		return nil, again
	}
	return newReport(book, &o, f.results, crowds, left), cmp.Or(err, again, ctx.Err())
}

// play plays every account as if it were the only one.
func (f *field) play(ctx context.Context) error {
	o := f.o
	work, results := make(chan Input, f.workers), make(chan *Result, f.workers)
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		return o.feed(inner, f.inputs, work, results)
	})
	players, playing := errgroup.WithContext(inner)
	for range f.workers {
		players.Go(func() error {
			p := newPair(f.book, o, f.spreads)
			for in := range work {
				select {
				case results <- p.play(in):
				case <-playing.Done():
					return playing.Err()
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(results)
		return players.Wait()
	})
	var keep error
	for r := range results {
		if keep == nil && !r.old && o.Each != nil {
			keep = o.Each(r)
		}
		f.results = append(f.results, r)
		if o.Count != nil {
			o.Count()
		}
	}
	return cmp.Or(g.Wait(), keep, ctx.Err())
}

// feed hands the inputs on, but for those whose result is known.
func (o *Options) feed(ctx context.Context, inputs iter.Seq2[Input, error], work chan<- Input, results chan<- *Result) error {
	for in, err := range inputs {
		if err != nil {
			return err
		}
		if o.Done != nil {
			if r := o.Done(in.Account.ID); r != nil {
				r.restore()
				select {
				case results <- r:
					continue
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		select {
		case work <- in:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Days is a set of days.
type Days struct {
	From rules.Date
	Has  []bool // from From on
}

// Add adds a day.
func (d *Days) Add(day rules.Date) {
	if len(d.Has) == 0 {
		d.From = day
	}
	if day < d.From {
		d.Has = append(make([]bool, d.From-day), d.Has...)
		d.From = day
	}
	for int(day-d.From) >= len(d.Has) {
		d.Has = append(d.Has, false)
	}
	d.Has[day-d.From] = true
}

// last returns the last day of the set up to a day, or 0.
func (d *Days) last(day rules.Date) rules.Date {
	for i := min(int(day-d.From), len(d.Has)-1); i >= 0; i-- {
		if d.Has[i] {
			return d.From + rules.Date(i)
		}
	}
	return 0
}

// Series are what is known of an account's signals, by day: a rules.History.
type Series interface {
	Signals() []string
	By(signal string) []string                                    // the values of its dimension
	Days(signal, by string, from, to rules.Date) []rules.DayValue // both included, oldest first
}

// FromHistory makes an Input of an account whose series are in memory. A day's bucket
// comes at its noon, and of an hourly signal what its hours brought in the middle of
// each, as far as they are known. The values of a dimension are kept for rules.KeepByDays only; of
// days before, the whole is known. Distinct users are known only as the number of each
// day, so that over longer windows they are at least those of the busiest day.
func FromHistory(account rules.Account, history Series) Input {
	in := Input{Account: account}
	zone := zoneOf(&account)
	add := func(name, by string, day rules.Date, v float64) {
		in.Signals = append(in.Signals, rules.Signal{Account: account.ID, Signal: name, By: by, Value: v, At: Noon(day, zone), Mode: "set"})
	}
	for _, name := range history.Signals() {
		split := map[rules.Date]float64{} // what the values of the dimension add up to
		for _, by := range history.By(name) {
			for _, d := range history.Days(name, by, rules.MinDate, rules.MaxDate) {
				split[d.Date] += d.Value
			}
		}
		byHour, known := knownByHour(account.ID, name, history, zone)
		for _, d := range history.Days(name, "", rules.MinDate, rules.MaxDate) {
			if of, ok := split[d.Date]; !known[d.Date] && (!ok || d.Value > of) {
				add(name, "", d.Date, d.Value-of)
			}
		}
		for _, by := range history.By(name) {
			for _, d := range history.Days(name, by, rules.MinDate, rules.MaxDate) {
				add(name, by, d.Date, d.Value)
			}
		}
		in.Signals = append(in.Signals, byHour...)
	}
	return in
}

// Noon is when a day's value comes of which nothing but the day is known.
func Noon(day rules.Date, zone *time.Location) time.Time { return day.In(zone).Add(12 * time.Hour) }
