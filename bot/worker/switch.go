package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// A bookChange is what differs between two books as far as accounts are judged by it.
type bookChange struct {
	changed map[string]string // by playbook: "new", "changed" or "removed"
	real    map[string]bool   // those that were drafts and are none: they are switched on by this
	every   bool              // segments or the journey are others: every rule may say something else
	signals map[string]bool   // those that are declared otherwise
	journey bool              // journey.yaml is another: milestones may be reached
	people  bool              // team.yaml is another
	rules   []*rules.Rule     // of the new book, those that must be judged anew
}

// compareBooks finds what differs by the files that playbooks were read from.
func compareBooks(old, book *playbooks.Book) bookChange {
	other := func(name string) bool { return !bytes.Equal(old.Files[name], book.Files[name]) }
	c := bookChange{changed: map[string]string{}, real: map[string]bool{}, people: other(playbooks.TeamFile), journey: other(playbooks.JourneyFile)}
	c.every = c.journey || other(playbooks.SegmentsFile)
	if other(playbooks.SignalsFile) {
		c.signals = otherSignals(old, book)
	}
	for name, p := range book.Playbooks {
		before := old.Playbooks[name]
		switch {
		case before == nil:
			c.changed[name] = "new"
		case !bytes.Equal(old.Files[before.File], book.Files[p.File]):
			c.changed[name] = "changed"
			if before.Draft && !p.Draft {
				c.real[name] = true
			}
		}
	}
	for name := range old.Playbooks {
		if book.Playbooks[name] == nil {
			c.changed[name] = "removed"
		}
	}
	for _, r := range book.Rules.Rules {
		if c.every || c.changed[r.Playbook] != "" || slices.ContainsFunc(r.InhibitedBy, func(by string) bool { return c.changed[by] != "" }) ||
			slices.ContainsFunc(r.Signals(), func(name string) bool { return c.signals[name] }) {
			c.rules = append(c.rules, r)
		}
	}
	return c
}

// otherSignals returns the signals that two books declare differently.
func otherSignals(old, book *playbooks.Book) map[string]bool {
	others := map[string]bool{}
	for _, def := range book.Signals {
		others[def.Name] = !reflect.DeepEqual(old.Signal(def.Name), &def)
	}
	for _, def := range old.Signals {
		if book.Signal(def.Name) == nil {
			others[def.Name] = true
		}
	}
	return others
}

// on returns the playbooks that are new, or were drafts only.
func (c *bookChange) on() map[string]bool {
	on := map[string]bool{}
	for name, how := range c.changed {
		on[name] = how == "new" || c.real[name]
	}
	return on
}

// switchBook judges the accounts of the partition by another book from here on. What holds already by a rule that is new is
// treated as its playbook's `existing` says. Only rules that changed are judged, and only accounts for which they then say
// something else are touched, so that the others need not wait.
func (j *job) switchBook(ctx context.Context, ev stream.Event, hash string) error {
	o := j.o
	if hash == o.cp.Value.Book {
		return nil
	}
	book, err := o.w.books.get(ctx, hash)
	if err != nil {
		return err
	}
	diff := compareBooks(o.book, book)
	carrier := rules.NewCarrier(o.book.Rules.Compiler, book.Rules.Compiler)
	o.book, o.cp.Value.Book, j.switched = book, hash, true
	o.w.feeds.redeclare(book.Signals)
	o.switchedOn = diff.on()
	defer func() { o.switchedOn = nil }()
	if peerTerms(book) != o.terms {
		if err := o.w.hearSpreads(ctx); err != nil {
			return err
		}
		o.spreadAll()
	}
	f := book.Rules.Facts(nil, nil, ev.At)
	o.w.feeds.tell(f)
	for _, id := range slices.Sorted(maps.Keys(o.accounts)) {
		a := o.accounts[id]
		carrier.Carry(&a.history)
		c := change{at: ev.At, only: diff.rules}
		ends := o.endDrafts(a, &c, diff.real, j.has(a.doc.Value.Seq))
		switch {
		case diff.journey || diff.people && len(a.runs) > 0:
			c.all = true
		case !ends && !o.differs(a, f, c):
			continue
		}
		if err := j.settle(ctx, &touched{a: a, c: c}, j.has(a.doc.Value.Seq)); err != nil {
			return err
		}
	}
	return nil
}

// endDrafts lets the account begin anew with playbooks that are no drafts any more: their silent plays end as what they were,
// and nothing that a draft decided counts, so that what holds already is treated as of a playbook that is new. It reports
// whether the account had anything of them.
func (o *owner) endDrafts(a *account, c *change, real map[string]bool, done bool) bool {
	if len(real) == 0 {
		return false
	}
	found := false
	for _, r := range a.open() {
		if v := &r.doc.Value; v.Draft && real[v.Playbook] {
			c.runs = append(c.runs, playbooks.Event{Kind: playbooks.StoppedRun, At: c.at, Run: v.ID, Reason: playbooks.NoDraft})
			found = true
		}
	}
	if !done {
		found = a.forgetDrafts(real) || found
	}
	return found
}

// forgetDrafts forgets what was decided of the account by playbooks while they were drafts. Episodes go on being counted.
func (a *account) forgetDrafts(real map[string]bool) bool {
	v, found := &a.doc.Value, false
	for key, s := range v.States {
		if playbook, _ := store.SplitRuleKey(key); real[playbook] {
			s.Fingerprint = "" // as if the rule were another
			v.States, found = with(v.States, key, s), true
			v.Ended = without(v.Ended, key)
		}
	}
	return found
}

// wasDraft reports whether a run is of a time when its playbook was a draft, which it is no more.
func wasDraft(book *playbooks.Book, v *store.Run) bool {
	if !v.Draft || book == nil {
		return false
	}
	p := book.Playbooks[v.Playbook]
	return p != nil && !p.Draft
}

// differs reports whether judging some rules would change anything of an account that is worth keeping.
func (o *owner) differs(a *account, f *rules.Facts, c change) bool {
	v := &a.doc.Value
	if !v.Known || len(c.only) == 0 {
		return false
	}
	at := c.at
	if at.Before(v.At) {
		at = v.At
	}
	f.Reset(&v.Account, &a.history, at)
	o.prepare(f, a.doc.Key)
	add := o.adder(v, f)
	for _, rule := range c.only {
		for _, subject := range subjects(rule, &v.Account, f.Today()) {
			key := store.RuleKey(rule.Playbook, subject)
			before := v.States[key]
			f.ForContract(subject)
			after, d, changed := rule.Judge(before, f, o.circumstances(a, f, rule, subject, add))
			if changed && !first(before, d) || before != after && !(idle(before) && idle(after)) || d.Until.After(at) && !d.Until.Equal(v.Untils[key]) {
				return true
			}
		}
	}
	return false
}

// first reports whether a decision only says for the first time that a rule does not hold. It is written down when the account
// is judged next, within a day, so that a new playbook is not first of all a record for every account.
func first(before rules.RuleState, d rules.Decision) bool {
	return before.Outcome == "" && (d.Outcome == rules.Quiet || d.Outcome == rules.Unknowable)
}

// idle reports whether a state says no more than that the rule does not hold.
func idle(s rules.RuleState) bool {
	return (s.Phase == "" || s.Phase == rules.Inactive) && s.HeldSince.IsZero()
}

// SwitchBook makes every partition judge by another book from here on. Runs in flight keep theirs. After an error the present
// book is the one before, although some partitions may have heard of the other: switch again, to either.
func (w *Worker) SwitchBook(ctx context.Context, book *playbooks.Book) error {
	if err := w.books.switchTo(ctx, book, w.judgedBy(ctx, book.Hash), w.o.Clock.Now()); err != nil {
		return err
	}
	if err := w.spreadAhead(ctx, book); err != nil {
		return err
	}
	before := w.books.present.Swap(book)
	if err := w.everywhere(ctx, inbox.BookKind, inbox.Book{Hash: book.Hash}); err != nil {
		w.books.present.CompareAndSwap(book, before)
		return err
	}
	w.untold.Store(true)
	return nil
}

// KeepBook writes the present book down before any partition has been read, so that a start with a bad folder can go on
// with it although this process ends before it has worked on anything.
func (w *Worker) KeepBook(ctx context.Context) error {
	return w.books.keep(ctx, w.Present(), w.o.Clock.Now())
}

// Present returns the book that accounts are judged by, or will be once every partition has heard of it.
func (w *Worker) Present() *playbooks.Book { return w.books.present.Load() }

// judgedBy returns the hash of a book other than the one named that accounts are judged by; "" where there is none.
func (w *Worker) judgedBy(ctx context.Context, not string) string {
	found := ""
	_ = w.partitions(ctx, func(n int, cp store.Checkpoint, _ *owner) error { // what cannot be read is not known
		if found == "" && cp.Book != not {
			found = cp.Book
		}
		return nil
	})
	return found
}

// partitions calls see with every partition's checkpoint, as its owner has it where that is this replica, else as it is in
// the store. Partitions of other replicas, or of none, have no owner here.
func (w *Worker) partitions(ctx context.Context, see func(n int, cp store.Checkpoint, o *owner) error) error {
	seen := map[int]bool{}
	w.mu.RLock()
	owners := slices.Collect(maps.Values(w.owners))
	w.mu.RUnlock()
	slices.SortFunc(owners, func(a, b *owner) int { return a.n - b.n })
	for _, o := range owners {
		o.mu.Lock()
		cp, loaded := o.cp.Value, o.book != nil
		o.mu.Unlock()
		if !loaded {
			continue
		}
		seen[o.n] = true
		if err := see(o.n, cp, o); err != nil {
			return err
		}
	}
	for d, err := range w.o.Records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			return err
		}
		if !seen[d.Value.Partition] {
			if err := see(d.Value.Partition, d.Value, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Settled reports whether every partition judges by the present book.
func (w *Worker) Settled(ctx context.Context) (bool, error) {
	hash, settled := w.Present().Hash, true
	err := w.partitions(ctx, func(_ int, cp store.Checkpoint, _ *owner) error {
		settled = settled && cp.Book == hash
		return nil
	})
	return settled, err
}

// Held returns the playbooks that a storm holds back, and those that ops paused ("" is all of them), sorted.
func (w *Worker) Held(ctx context.Context) (storms, paused []string, err error) {
	err = w.partitions(ctx, func(_ int, cp store.Checkpoint, _ *owner) error {
		storms = slices.AppendSeq(storms, maps.Keys(cp.Storms))
		paused = slices.AppendSeq(paused, maps.Keys(cp.Paused))
		return nil
	})
	slices.Sort(storms)
	slices.Sort(paused)
	return slices.Compact(storms), slices.Compact(paused), err
}

// inside calls see with each partition as an owner has it, which is held meanwhile; one that is not worked here is read from
// the store.
func (w *Worker) inside(ctx context.Context, see func(o *owner) error) error {
	return w.partitions(ctx, func(n int, cp store.Checkpoint, o *owner) error { return w.within(ctx, n, cp, o, see) })
}

// within is inside for one partition.
func (w *Worker) within(ctx context.Context, n int, cp store.Checkpoint, o *owner, see func(o *owner) error) error {
	if o == nil {
		var err error
		if o, err = w.reading(ctx, n, cp); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return see(o)
}

// reading returns a partition as it is in the store, to be looked at only.
func (w *Worker) reading(ctx context.Context, n int, cp store.Checkpoint) (*owner, error) {
	o := &owner{w: w, n: n, accounts: map[string]*account{}, dirty: map[document]struct{}{}, cp: store.Doc[store.Checkpoint]{Value: cp}}
	var err error
	if o.book, err = w.books.get(ctx, cp.Book); errors.Is(err, errBook) {
		o.book, err = w.Present(), nil
	}
	if err != nil {
		return nil, err
	}
	for d, err := range w.o.Records.Accounts.All(ctx, store.Query{Field: "part", Equal: int64(n)}) {
		if err != nil {
			return nil, err
		}
		if _, err := o.remember(ctx, d); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Tell gives CS Ops a message, once for each key. Where team.yaml names no channel for ops, whoever plays the role gets it.
func (w *Worker) Tell(ctx context.Context, out store.Outgoing) error {
	out.At = w.o.Clock.Now()
	ev, err := inbox.Event(inbox.ChannelKey(opsPlace(w.Present().Team)), inbox.SendKind, out.At, out)
	if err != nil {
		return err
	}
	ev.ID = out.Key
	return w.o.Stream.Publish(ctx, stream.Now, ev)
}

// opsPlace is where the bot speaks with CS Ops.
func opsPlace(team *playbooks.Team) string { return team.OpsPlace() }

// Untold reports whether a book was switched to and ops were not told yet of what held already.
func (w *Worker) Untold() bool { return w.untold.Load() }

// TellListed tells ops, once every partition judges by the present book, which accounts its new playbooks only list because
// their rule held already. It does nothing while some partition has yet to switch, or where ops were told before. It is
// durable: what was not told before a stop is told after the next start.
func (w *Worker) TellListed(ctx context.Context) error {
	d, err := w.o.Records.Books.Get(ctx, w.Present().Hash)
	if errors.Is(err, store.ErrNotFound) || err == nil && (d.Value.Told || d.Value.From == "") {
		w.untold.Store(false)
		return nil
	}
	if err != nil {
		return err
	}
	if settled, err := w.Settled(ctx); err != nil || !settled {
		return err
	}
	before, err := w.books.get(ctx, d.Value.From)
	if errors.Is(err, errBook) {
		before, err = w.Present(), nil
	}
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(w.Present().Playbooks)) {
		p := w.Present().Playbooks[name]
		if was := before.Playbooks[name]; was != nil && (!was.Draft || p.Draft) || p.Existing != playbooks.ListExisting && p.Existing != "" {
			continue
		}
		listed, err := w.Listed(ctx, name)
		if err != nil {
			return err
		}
		if len(listed) == 0 {
			continue
		}
		key := fmt.Sprintf("ops/listed/%s/%.12s/%d", name, d.Key, d.Value.Since.UnixNano())
		if err := w.Tell(ctx, store.Outgoing{Key: key, Kind: OpsListed, Text: name}); err != nil {
			return err
		}
	}
	d.Value.Told = true
	if err := w.o.Records.Books.Replace(ctx, &d); err != nil {
		return err
	}
	w.untold.Store(false)
	return nil
}

// OpsListed is the kind of the message to ops that lists for which accounts a playbook's rule held when it was switched on.
// Text is the playbook; whoever draws it asks Listed.
const OpsListed = "listed"

// A Listed is an account that a playbook would play, had its rule not held already when the playbook was switched on.
type Listed struct {
	Account string    `json:"account"`
	Name    string    `json:"name,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Owner   string    `json:"owner,omitempty"` // person id
	Since   time.Time `json:"since"`           // it was listed
}

// Listed returns the accounts that a playbook only lists, and that it does not play meanwhile, by id.
func (w *Worker) Listed(ctx context.Context, playbook string) ([]Listed, error) {
	var all []Listed
	err := w.inside(ctx, func(o *owner) error {
		for _, a := range o.accounts {
			o.listed(a, playbook, func(subject string, s rules.RuleState) {
				l := Listed{Account: a.doc.Key, Name: a.doc.Value.Account.Name, Subject: subject, Since: s.Since}
				if p := o.team().Resolve("owner", &a.doc.Value.Account, "", rules.DateOf(o.w.o.Clock.Now().In(a.location()))); p != nil {
					l.Owner = p.ID
				}
				all = append(all, l)
			})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b Listed) int { return compare(a.Account+"|"+a.Subject, b.Account+"|"+b.Subject) })
	return all, err
}

// listed calls see with every subject of an account that a playbook only lists.
func (o *owner) listed(a *account, playbook string, see func(subject string, s rules.RuleState)) {
	rule := o.book.Rules.Rule(playbook)
	if rule == nil || !a.doc.Value.Known {
		return
	}
	today := rules.DateOf(o.w.o.Clock.Now().In(a.location()))
	for _, subject := range subjects(rule, &a.doc.Value.Account, today) {
		s := a.doc.Value.States[store.RuleKey(playbook, subject)]
		if s.Without != rules.AlreadyTrue || s.Phase != rules.Firing || a.plays(playbook, subject) {
			continue
		}
		see(subject, s)
	}
}

// plays reports whether a run of the playbook is open.
func (a *account) plays(playbook, subject string) bool {
	for _, r := range a.runs {
		if v := &r.doc.Value; v.Open() && v.Playbook == playbook && v.Subject == subject {
			return true
		}
	}
	return false
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
