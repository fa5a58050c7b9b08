package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/bot/slackapp"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// reads answers what HTTP and Slack ask, from the worker's memory where this replica has the account, else from the store.
type reads struct {
	records store.Records
	worker  *worker.Worker
	book    func() *playbooks.Book
}

// seen is a copy of an account that may be kept.
type seen struct {
	doc     store.Account
	history *rules.History
}

// look copies an account. It is store.ErrNotFound where nothing is known of it.
func (r *reads) look(ctx context.Context, id string) (seen, error) {
	var s seen
	var err error
	found := r.worker.View(id, func(v *store.Account, h *rules.History, _ *playbooks.Book) {
		s.doc = *v
		s.doc.States, s.doc.Snoozes = copied(v.States), copied(v.Snoozes)
		s.doc.Open, s.doc.Contacts = slices.Clone(v.Open), slices.Clone(v.Contacts)
		s.doc.Untils, s.doc.Ended, s.doc.Intents, s.doc.Started = nil, nil, nil, nil // the worker's own
		s.doc.History, err = h.MarshalBinary()
	})
	if !found {
		d, err := r.records.Accounts.Get(ctx, id)
		if err != nil {
			return s, err
		}
		s.doc = d.Value
	}
	if err != nil {
		return s, err
	}
	s.history = &rules.History{}
	if len(s.doc.History) > 0 {
		err = s.history.UnmarshalBinary(s.doc.History)
	}
	return s, err
}

func copied[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// forHTTP are the reads of intake.
type forHTTP struct{ *reads }

// Account implements intake.Reads.
func (r forHTTP) Account(ctx context.Context, id string) (store.Account, error) {
	s, err := r.look(ctx, id)
	return s.doc, err
}

// Series implements intake.Reads.
func (r forHTTP) Series(ctx context.Context, account, signal, by string, from, to rules.Date) ([]rules.DayValue, error) {
	s, err := r.look(ctx, account)
	if err != nil {
		return nil, err
	}
	return s.history.Days(signal, by, from, to), nil
}

// Decisions implements intake.Reads.
func (r forHTTP) Decisions(ctx context.Context, account, playbook string, limit int) ([]store.Decision, error) {
	return r.decisions(ctx, account, playbook, limit)
}

func (r *reads) decisions(ctx context.Context, account, playbook string, limit int) ([]store.Decision, error) {
	q := store.Query{Field: "account", From: account + "|", To: account + "}", Desc: true, Limit: limit}
	if playbook != "" {
		q = store.Query{Field: "rule", From: account + "|" + playbook + "|", To: account + "|" + playbook + "}", Desc: true, Limit: limit}
	}
	docs, err := r.records.Decisions.Find(ctx, q)
	return values(docs), err
}

// Runs implements intake.Reads.
func (r forHTTP) Runs(ctx context.Context, account string, limit int) ([]store.Run, error) {
	docs, err := r.records.Runs.Find(ctx, store.Query{Field: "account", Equal: account})
	runs := values(docs)
	slices.SortFunc(runs, func(a, b store.Run) int { return b.Began.Compare(a.Began) })
	return runs[:min(len(runs), limit)], err
}

// Run implements intake.Reads.
func (r forHTTP) Run(ctx context.Context, id string) (store.Run, error) {
	d, err := r.records.Runs.Get(ctx, id)
	return d.Value, err
}

func values[T any](docs []store.Doc[T]) []T {
	all := make([]T, len(docs))
	for i, d := range docs {
		all[i] = d.Value
	}
	return all
}

// forSlack are the reads of slackapp, to which a thing that is not there is nil.
type forSlack struct{ *reads }

// Account implements slackapp.Reads.
func (r forSlack) Account(ctx context.Context, id string) (*rules.Account, error) {
	var a rules.Account
	known := false
	if r.worker.View(id, func(v *store.Account, _ *rules.History, _ *playbooks.Book) { a, known = v.Account, v.Known }) {
		if !known {
			return nil, nil
		}
		return &a, nil
	}
	d, err := r.records.Accounts.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !d.Value.Known {
		return nil, nil
	}
	return &d.Value.Account, err
}

// FindAccounts implements slackapp.Reads.
func (r forSlack) FindAccounts(_ context.Context, words, person string, limit int) ([]*rules.Account, error) {
	type match struct {
		a    rules.Account
		rank int
	}
	var found []match
	words = strings.ToLower(strings.TrimSpace(words))
	r.worker.Each(func(v *store.Account) bool {
		if rank, ok := fits(&v.Account, words, person); ok && v.Known {
			found = append(found, match{v.Account, rank})
		}
		return true
	})
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.a.Name, b.a.Name), cmp.Compare(a.a.ID, b.a.ID))
	})
	all := make([]*rules.Account, 0, limit)
	for i := range found[:min(limit, len(found))] {
		all = append(all, &found[i].a)
	}
	return all, nil
}

// fits ranks how well an account fits what somebody typed: 0 is best. Without words the person's own accounts fit.
func fits(a *rules.Account, words, person string) (int, bool) {
	if words == "" {
		return 0, person == "" || slices.ContainsFunc(a.Roles, func(r rules.Role) bool { return r.Person == person && r.To == 0 })
	}
	id, name := strings.ToLower(a.ID), strings.ToLower(a.Name)
	switch {
	case id == words || name == words:
		return 0, true
	case strings.HasPrefix(id, words) || strings.HasPrefix(name, words):
		return 1, true
	case strings.Contains(id, words) || strings.Contains(name, words):
		return 2, true
	}
	return 0, false
}

// Run implements slackapp.Reads.
func (r forSlack) Run(ctx context.Context, id string) (*playbooks.Run, error) {
	d, err := r.records.Runs.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &d.Value.Run, err
}

// AccountRuns implements slackapp.Reads.
func (r forSlack) AccountRuns(ctx context.Context, account string) ([]*playbooks.Run, error) {
	docs, err := r.records.Runs.Find(ctx, store.Query{Field: "account", Equal: account})
	if err != nil {
		return nil, err
	}
	runs := slices.DeleteFunc(inner(docs), func(r *playbooks.Run) bool { return r.Draft }) // those are for ops
	slices.SortFunc(runs, func(a, b *playbooks.Run) int {
		if a.Open() != b.Open() {
			if a.Open() {
				return -1
			}
			return 1
		}
		return b.Began.Compare(a.Began)
	})
	return runs, nil
}

// Kept implements slackapp.Reads.
func (r forSlack) Kept(ctx context.Context, account string) (slackapp.Kept, error) {
	s, err := r.look(ctx, account)
	if errors.Is(err, store.ErrNotFound) {
		return slackapp.Kept{}, nil
	}
	kept := slackapp.Kept{Snoozes: map[string]time.Time{}}
	for playbook, snooze := range s.doc.Snoozes {
		kept.Snoozes[playbook] = snooze.Until
	}
	for _, c := range s.doc.Contacts {
		kept.Contacts = append(kept.Contacts, slackapp.Contact{At: c.At, By: c.By, Text: c.Text})
	}
	return kept, err
}

// OpenRuns implements slackapp.Reads.
func (r forSlack) OpenRuns(ctx context.Context, person string) ([]*playbooks.Run, error) {
	docs, err := r.records.Runs.Find(ctx, store.Query{Field: "turn", Equal: person})
	if err != nil {
		return nil, err
	}
	second, err := r.records.Runs.Find(ctx, store.Query{Field: "second", Equal: person})
	if err != nil {
		return nil, err
	}
	for _, d := range second {
		if !slices.ContainsFunc(docs, func(other store.Doc[store.Run]) bool { return other.Key == d.Key }) {
			docs = append(docs, d)
		}
	}
	runs := inner(docs)
	slices.SortFunc(runs, func(a, b *playbooks.Run) int { return a.Began.Compare(b.Began) })
	return runs, nil
}

func inner(docs []store.Doc[store.Run]) []*playbooks.Run {
	runs := make([]*playbooks.Run, len(docs))
	for i := range docs {
		runs[i] = &docs[i].Value.Run
	}
	return runs
}

// Book implements slackapp.Reads.
func (r forSlack) Book(ctx context.Context, hash string) (*playbooks.Book, error) {
	if hash == "" {
		return r.book(), nil
	}
	return r.worker.Book(ctx, hash)
}

// Team implements slackapp.Reads.
func (r forSlack) Team(context.Context) (*playbooks.Team, error) {
	return r.worker.Team(r.book()), nil
}

// Facts implements slackapp.Reads.
func (r forSlack) Facts(ctx context.Context, account, book string, at time.Time) (*rules.Facts, error) {
	s, err := r.look(ctx, account)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := r.Book(ctx, book)
	if err != nil {
		return nil, err
	}
	f := b.Rules.Facts(&s.doc.Account, s.history, at)
	f.SetFeed(r.worker.Feed)
	f.SetOutages(r.worker.Outages())
	f.SetPeers(r.worker.Peers(account))
	return f, nil
}

// Decisions implements slackapp.Reads. In place of each rule's newest one stands what the rule says at this moment: what was
// recorded may since have been put off, or be about to start.
func (r forSlack) Decisions(ctx context.Context, account, playbook string) ([]rules.Decision, error) {
	all, err := r.decisions(ctx, account, playbook, 500)
	if err != nil {
		return nil, err
	}
	var out []rules.Decision
	had := map[string]bool{}
	for _, d := range all {
		key := store.RuleKey(d.Playbook, d.Subject)
		if playbook == "" && had[key] {
			continue
		}
		if had[key] {
			out = append(out, d.Decision)
			continue
		}
		had[key] = true
		now, ok := r.now(d.Decision)
		if out = append(out, now); ok && playbook != "" && (now.Outcome != d.Outcome || now.Reason != d.Reason) {
			out = append(out, d.Decision)
		}
	}
	return out, nil
}

// now judges anew what was decided; ok is false where nothing can be: the book has no such rule any more, or another replica
// has the account.
func (r forSlack) now(d rules.Decision) (now rules.Decision, ok bool) {
	all, err := r.worker.Explain(d.Account, d.Playbook, time.Time{})
	if err != nil {
		return d, false
	}
	i := slices.IndexFunc(all, func(one rules.Decision) bool { return one.Subject == d.Subject })
	if i < 0 {
		return d, false
	}
	return all[i], true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
