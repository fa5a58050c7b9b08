package worker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// Counts are what the worker has done since it was made, for /metrics.
type Counts struct {
	Applied     atomic.Int64 // signals
	Duplicates  atomic.Int64 // signals whose id was known
	Refused     atomic.Int64 // signals that their series would not take
	Parked      atomic.Int64 // events set aside
	Undelivered atomic.Int64 // messages that Slack would not take
}

// Counts returns the worker's counters.
func (w *Worker) Counts() *Counts { return &w.counts }

// away knows who said that they are away, beside what team.yaml says.
type away struct {
	mu sync.RWMutex
	by map[string]playbooks.Away
}

func (a *away) set(p store.Person) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = map[string]playbooks.Away{}
	}
	delete(a.by, p.ID)
	if p.AwayUntil != 0 {
		a.by[p.ID] = playbooks.Away{From: p.AwayFrom, Until: p.AwayUntil, Cover: p.Cover}
	}
}

func (a *away) over(team *playbooks.Team) *playbooks.Team {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for who, away := range maps.All(a.by) {
		team = team.WithAway(who, away)
	}
	return team
}

// team returns today's people, those away included.
func (o *owner) team() *playbooks.Team { return o.w.away.over(o.book.Team) }

// tellOps tells CS Ops of an event that was set aside, once for each key.
func (w *Worker) tellOps(ctx context.Context, key, what, why string) error {
	return w.Tell(ctx, store.Outgoing{Key: "ops/" + key, Kind: "parked", Text: what, Why: clip(why, 500)})
}

// Ops does what CS Ops ask for, in every partition.
func (w *Worker) Ops(ctx context.Context, ops inbox.Ops) error {
	return w.everywhere(ctx, inbox.OpsKind, ops)
}

func (w *Worker) everywhere(ctx context.Context, kind string, content any) error {
	ev, err := inbox.Event(inbox.Everywhere, kind, w.o.Clock.Now(), content)
	if err != nil {
		return err
	}
	for p := range w.o.Stream.Partitions() {
		if err := w.o.Stream.PublishTo(ctx, p, stream.Now, ev); err != nil {
			return err
		}
	}
	return nil
}

// View calls see with an account as it is in memory, its latest signals included, and reports whether this replica has it.
// What see is given must not be kept.
func (w *Worker) View(account string, see func(v *store.Account, h *rules.History, book *playbooks.Book)) bool {
	w.mu.RLock()
	o := w.owners[w.o.Stream.PartitionOf(inbox.AccountKey(account))]
	w.mu.RUnlock()
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accounts[account]
	if a == nil {
		return false
	}
	see(&a.doc.Value, &a.history, o.book)
	return true
}

// Each calls see with every account that this replica has, until it returns false. What see is given must not be kept.
func (w *Worker) Each(see func(v *store.Account) bool) {
	w.mu.RLock()
	owners := slices.Collect(maps.Values(w.owners))
	w.mu.RUnlock()
	for _, o := range owners {
		if !o.each(see) {
			return
		}
	}
}

func (o *owner) each(see func(v *store.Account) bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.accounts {
		if !see(&a.doc.Value) {
			return false
		}
	}
	return true
}

// Feed returns when anything of a signal last arrived.
func (w *Worker) Feed(signal string) time.Time { return w.feeds.last(signal) }

// Outages returns every signal's, for rules.Facts.SetOutages; the map must not be changed.
func (w *Worker) Outages() map[string][]rules.Outage { return w.feeds.outages() }

// Team returns today's people, those away included.
func (w *Worker) Team(book *playbooks.Book) *playbooks.Team { return w.away.over(book.Team) }

// Book returns the book of a hash; the present one for "".
func (w *Worker) Book(ctx context.Context, hash string) (*playbooks.Book, error) {
	if hash == "" {
		hash = w.Present().Hash
	}
	return w.books.get(ctx, hash)
}

// Explain judges a playbook's rule for an account at a time without changing anything: for each of its subjects what the
// decision would be; now for the zero time. It is store.ErrNotFound where this replica has no such account.
func (w *Worker) Explain(account, playbook string, at time.Time) ([]rules.Decision, error) {
	if at.IsZero() {
		at = w.o.Clock.Now()
	}
	w.mu.RLock()
	o := w.owners[w.o.Stream.PartitionOf(inbox.AccountKey(account))]
	w.mu.RUnlock()
	if o == nil {
		return nil, fmt.Errorf("account %q: %w", account, store.ErrNotFound)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accounts[account]
	if a == nil || !a.doc.Value.Known {
		return nil, fmt.Errorf("account %q: %w", account, store.ErrNotFound)
	}
	rule := o.book.Rules.Rule(playbook)
	if rule == nil {
		return nil, nil
	}
	v := &a.doc.Value
	f := o.book.Rules.Facts(&v.Account, &a.history, at)
	o.prepare(f, account)
	var all []rules.Decision
	for _, subject := range subjects(rule, &v.Account, f.Today()) {
		f.ForContract(subject)
		_, d, changed := rule.Judge(v.States[store.RuleKey(playbook, subject)], f, o.circumstances(a, f, rule, subject, o.adder(v, f)))
		if !changed && !d.Since.IsZero() {
			d.At = d.Since // when it was decided
		}
		verdict := rule.When.Eval(f)
		d.Clauses, d.Missing, d.Gaps = verdict.Clauses, verdict.Missing, verdict.Gaps
		if rule.Audience != nil {
			d.Clauses = append(rule.Audience.Eval(f).Clauses, d.Clauses...)
		}
		for _, in := range v.Waiting {
			if p := o.book.Playbooks[playbook]; p != nil && in.Playbook == playbook && in.Subject == subject {
				d.Outcome, d.Reason = rules.Waits, rules.Gathering
				d.Until = in.At.Add(time.Duration(p.Group.Within.Minutes)*time.Minute + time.Duration(p.Group.Within.Days)*24*time.Hour)
			}
		}
		all = append(all, d)
	}
	return all, nil
}
