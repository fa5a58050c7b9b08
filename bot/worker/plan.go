package worker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// A Plan says what switching to another book would do to the accounts as they stand.
type Plan struct {
	At   time.Time `json:"at"`   // business time
	From string    `json:"from"` // hash of the book that accounts are judged by
	To   string    `json:"to"`

	Accounts  int               `json:"accounts"` // that were judged
	Playbooks []PlannedPlaybook `json:"playbooks"`
	People    []PlannedPerson   `json:"people"`
}

// A PlannedPlaybook is what a switch does by one playbook. Those for which it does nothing are left out.
type PlannedPlaybook struct {
	Playbook string `json:"playbook"`
	Change   string `json:"change,omitempty"` // new, changed or removed; "" where only what it shares with others is another

	Starts   []PlannedAccount `json:"starts,omitempty"`
	Listed   []PlannedAccount `json:"listed,omitempty"`   // held already when switched on: existing: list or ignore
	Waits    []PlannedAccount `json:"waits,omitempty"`    // would start later if nothing changes
	Lapses   []PlannedAccount `json:"lapses,omitempty"`   // waited to start, and would not any more
	Held     []PlannedAccount `json:"held,omitempty"`     // the rule holds, and something keeps it from starting
	Unknown  []PlannedAccount `json:"unknown,omitempty"`  // could be told, and could not be told any more
	Resolves []PlannedAccount `json:"resolves,omitempty"` // open runs whose rule would be over
	Ends     []PlannedAccount `json:"ends,omitempty"`     // silent plays that end, because their playbook is no draft any more
	Keeps    []PlannedAccount `json:"keeps,omitempty"`    // open runs that go on by the version they began with

	Limit int  `json:"limit,omitempty"` // starts at once, at most
	Asks  bool `json:"asks,omitempty"`  // it would start more than its limit, so ops are asked first
}

// A PlannedAccount is one account (and subject) for which a playbook would do something.
type PlannedAccount struct {
	Account string         `json:"account"`
	Name    string         `json:"name,omitempty"`
	Subject string         `json:"subject,omitempty"`
	Person  string         `json:"person,omitempty"` // whose play it would be, or is
	Until   time.Time      `json:"until,omitzero"`   // waits: when it would start; held: until when, where that is known
	Reason  rules.Reason   `json:"reason,omitempty"` // held: why; starts: storm_limit where it is held back already
	Detail  string         `json:"detail,omitempty"` // held: as of a decision
	Then    *rules.Hold    `json:"then,omitempty"`   // waits: what would keep it from starting at Until
	Run     string         `json:"run,omitempty"`    // resolves, keeps
	Step    string         `json:"step,omitempty"`   // keeps: where it is
	Stays   playbooks.Stay `json:"stays,omitempty"`  // keeps: why it could not be moved to the new version
}

// A PlannedPerson is what a switch would ask of a person.
type PlannedPerson struct {
	Person string `json:"person"`
	Now    int    `json:"now"`               // questions and tasks at once
	Week   int    `json:"week"`              // those, and what would start within seven days if nothing changes
	Budget int    `json:"budget"`            // new questions a day
	High   int    `json:"high,omitempty"`    // of Week, those of high severity, which no budget holds back
	By     []Work `json:"by"`                // Week, by playbook
	Name   string `json:"name,omitempty"`    // in English
	NameJA string `json:"name_ja,omitempty"` // in Japanese
}

// Work is how much of one playbook there is for a person.
type Work struct {
	Playbook string `json:"playbook"`
	Count    int    `json:"count"`
}

// planned is how far Plan looks ahead.
const planned = 7 * 24 * time.Hour

// Plan says what switching to a book would do to the accounts as they stand at a time, without changing anything: the code
// that judges them is the worker's own, on copies. Partitions that are not worked here are read from the store.
func (w *Worker) Plan(ctx context.Context, book *playbooks.Book, at time.Time) (Plan, error) {
	whole := &planning{w: w.shadow(book, at), book: book, at: at, by: map[string]*PlannedPlaybook{}, people: map[string]*PlannedPerson{}}
	whole.plan = Plan{At: at, From: w.Present().Hash, To: book.Hash}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	err := w.partitions(ctx, func(n int, cp store.Checkpoint, o *owner) error {
		g.Go(func() error {
			one := &planning{w: whole.w, book: book, at: at, by: map[string]*PlannedPlaybook{}, people: map[string]*PlannedPerson{}}
			err := w.within(ctx, n, cp, o, func(o *owner) error { return one.vetted(ctx, o) })
			mu.Lock()
			defer mu.Unlock()
			whole.add(one)
			return err
		})
		return nil
	})
	if err := errors.Join(err, g.Wait()); err != nil {
		return Plan{}, err
	}
	return whole.result(), nil
}

// add adds what the switch would do to other partitions.
func (p *planning) add(o *planning) {
	p.plan.Accounts += o.plan.Accounts
	if o.plan.From != "" {
		p.plan.From = o.plan.From
	}
	for name, of := range o.by {
		to := p.of(name)
		to.Change = cmp.Or(to.Change, of.Change)
		for i, list := range to.lists() {
			*list = append(*list, *of.lists()[i]...)
		}
	}
	for who, of := range o.people {
		for _, work := range of.By {
			p.person(who).add(work)
		}
		to := p.person(who)
		to.Now, to.Week, to.High = to.Now+of.Now, to.Week+of.Week, to.High+of.High
	}
}

// lists are the accounts for which a playbook would do something, by what that is.
func (p *PlannedPlaybook) lists() []*[]PlannedAccount {
	return []*[]PlannedAccount{&p.Starts, &p.Listed, &p.Waits, &p.Lapses, &p.Held, &p.Unknown, &p.Resolves, &p.Ends, &p.Keeps}
}

// shadow returns a worker that knows what this one knows and can be asked what it would do. Nothing of it is limited by
// storms.
func (w *Worker) shadow(book *playbooks.Book, at time.Time) *Worker {
	s := &Worker{o: w.o, books: w.books, storms: storms{lifted: map[string]time.Time{}}}
	s.feeds.at, s.feeds.out = w.feeds.now()
	w.away.mu.RLock()
	s.away.by = maps.Clone(w.away.by)
	w.away.mu.RUnlock()
	for name := range book.Playbooks {
		s.storms.lifted[name] = at
	}
	return s
}

// planning is a Plan being made.
type planning struct {
	w      *Worker // a shadow
	book   *playbooks.Book
	at     time.Time
	plan   Plan
	by     map[string]*PlannedPlaybook
	people map[string]*PlannedPerson
}

// MayStorm reports whether switching from one book to another could start more of a playbook than its limit allows.
func MayStorm(from, to *playbooks.Book) bool {
	diff := compareBooks(from, to)
	return slices.ContainsFunc(diff.rules, func(r *rules.Rule) bool { return to.Playbooks[r.Playbook].Limit.N > 0 })
}

// Changes returns which playbooks are new, changed or removed in another book (by name: "new", "changed", "removed"), and
// whether what they share is another.
func Changes(from, to *playbooks.Book) (by map[string]string, shared bool) {
	diff := compareBooks(from, to)
	for _, name := range []string{playbooks.SignalsFile, playbooks.SegmentsFile, playbooks.JourneyFile, playbooks.TeamFile, playbooks.HandoffFile} {
		shared = shared || !bytes.Equal(from.Files[name], to.Files[name])
	}
	return diff.changed, shared
}

// vetted is partition for a book that nobody has judged by yet: a panic becomes an error.
func (p *planning) vetted(ctx context.Context, o *owner) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("planning by book %.12s: panic: %v\n%s", p.book.Hash, r, debug.Stack())
		}
	}()
	return p.partition(ctx, o)
}

// partition adds what the switch would do to one partition.
func (p *planning) partition(ctx context.Context, o *owner) error {
	p.plan.From = o.cp.Value.Book
	diff := compareBooks(o.book, p.book)
	shadow := &owner{w: p.w, n: o.n, book: p.book, cp: o.cp, switchedOn: diff.on()}
	for name, how := range diff.changed {
		p.of(name).Change = how
	}
	f := p.book.Rules.Facts(nil, nil, p.at)
	p.w.feeds.tell(f)
	to, back := rules.NewCarrier(o.book.Rules.Compiler, p.book.Rules.Compiler), rules.NewCarrier(p.book.Rules.Compiler, o.book.Rules.Compiler)
	for _, id := range slices.Sorted(maps.Keys(o.accounts)) {
		a := o.accounts[id]
		if !a.doc.Value.Known {
			continue
		}
		p.plan.Accounts++
		to.Carry(&a.history) // what was worked out by the one book need not be by the other
		t := &touched{a: a.copy(), c: change{at: p.at, only: diff.rules}, f: f}
		if t.c.at.Before(a.doc.Value.At) {
			t.c.at = a.doc.Value.At
		}
		t.a.forgetDrafts(diff.real)
		f.SetPeers(o.peersOf(a.doc.Key))
		f.Reset(&t.a.doc.Value.Account, &a.history, t.c.at)
		for _, d := range shadow.judge(t.a, &t.c, f, "") {
			p.decided(shadow, t, d.Decision)
		}
		p.waiting(shadow, t, a.doc.Value.States, diff)
		err := p.runs(ctx, shadow, t, diff)
		back.Carry(&a.history)
		if err != nil {
			return err
		}
	}
	return nil
}

// copy returns an account that can be judged without changing the one that is kept.
func (a *account) copy() *account {
	c := &account{doc: a.doc, history: a.history, runs: a.runs, zone: a.zone}
	v := &c.doc.Value
	v.States, v.Untils = maps.Clone(v.States), maps.Clone(v.Untils)
	v.Intents = slices.Clone(v.Intents)
	return c
}

func (p *planning) of(playbook string) *PlannedPlaybook {
	if p.by[playbook] == nil {
		p.by[playbook] = &PlannedPlaybook{Playbook: playbook}
	}
	return p.by[playbook]
}

// decided adds a decision that the switch would make.
func (p *planning) decided(o *owner, t *touched, d rules.Decision) {
	of, one := p.of(d.Playbook), t.named(d.Subject)
	switch {
	case d.Outcome == rules.Fired:
		one.Person = p.asks(o, t, d)
		of.Starts = append(of.Starts, one)
		p.counts(d.Playbook, one.Person, true)
	case d.Reason == rules.OverStormLimit: // until ops have looked
		one.Person, one.Reason = p.asks(o, t, d), d.Reason
		of.Starts = append(of.Starts, one)
	case d.Reason == rules.AlreadyTrue:
		one.Person = p.asks(o, t, d)
		of.Listed = append(of.Listed, one)
	case d.Outcome == rules.Suppressed && d.Reason != rules.OutsideAudience && d.Reason != rules.AlreadyRunning:
		one.Reason, one.Detail, one.Until = d.Reason, d.Detail, d.Until
		of.Held = append(of.Held, one)
	case d.Outcome == rules.Unknowable && t.a.doc.Value.States[store.RuleKey(d.Playbook, d.Subject)].Episode > 0:
		of.Unknown = append(of.Unknown, one)
	}
}

func (t *touched) named(subject string) PlannedAccount {
	return PlannedAccount{Account: t.a.doc.Key, Name: t.a.doc.Value.Account.Name, Subject: subject}
}

// waiting adds what would begin to wait for its `for`, and what would cease to.
func (p *planning) waiting(o *owner, t *touched, before map[string]rules.RuleState, diff bookChange) {
	for _, rule := range diff.rules {
		for _, subject := range subjects(rule, &t.a.doc.Value.Account, t.f.Today()) {
			key := store.RuleKey(rule.Playbook, subject)
			was, is := before[key], t.a.doc.Value.States[key]
			waited := was.Phase == rules.Pending && was.Outcome == rules.Waits
			waits := is.Phase == rules.Pending && is.Outcome == rules.Waits
			of, one := p.of(rule.Playbook), t.named(subject)
			switch {
			case t.a.plays(rule.Playbook, subject): // what it waits for is played already
			case waits && (!waited || was.HeldSince != is.HeldSince):
				t.f.ForContract(subject)
				_, d, _ := rule.Judge(is, t.f, o.circumstances(t.a, t.f, rule, subject, o.adder(&t.a.doc.Value, t.f)))
				one.Until, one.Then = t.a.doc.Value.Untils[key], d.Then
				one.Person = p.asks(o, t, rules.Decision{Playbook: rule.Playbook, Subject: subject, Episode: is.Episode})
				of.Waits = append(of.Waits, one)
				if one.startsBy(p.at.Add(planned)) {
					p.counts(rule.Playbook, one.Person, false)
				}
			case waited && !waits && is.Phase == rules.Inactive:
				of.Lapses = append(of.Lapses, one)
			}
		}
	}
}

// startsBy reports whether what waits would have started by a time, if nothing changes.
func (a *PlannedAccount) startsBy(at time.Time) bool {
	if a.Then != nil && (a.Then.Until.IsZero() || a.Then.Until.After(at)) {
		return false
	}
	return !a.Until.After(at)
}

// runs adds what becomes of the account's open runs.
func (p *planning) runs(ctx context.Context, o *owner, t *touched, diff bookChange) error {
	for _, r := range t.a.open() {
		v := r.doc.Value
		if diff.changed[v.Playbook] == "" && v.Book == o.cp.Value.Book {
			continue
		}
		one := t.named(v.Subject)
		one.Run, one.Step, one.Person = v.ID, v.Step, v.Assignee
		if wasDraft(o.book, &v) {
			of := p.of(v.Playbook)
			of.Ends = append(of.Ends, one)
			continue
		}
		over := false
		if rule := o.book.Rules.Rule(v.Playbook); rule != nil && diff.changed[v.Playbook] != "" {
			var err error
			if over, err = o.over(ctx, t, &v); err != nil {
				return err
			}
		}
		of := p.of(v.Playbook)
		if over {
			of.Resolves = append(of.Resolves, one)
			continue
		}
		_, one.Stays = v.MoveTo(p.book, playbooks.Event{At: p.at})
		of.Keeps = append(of.Keeps, one)
	}
	return nil
}

// asks returns the person whom a run would ask first, by beginning it on a copy; "" where it would ask nobody.
func (p *planning) asks(o *owner, t *touched, d rules.Decision) string {
	playbook := p.book.Playbooks[d.Playbook]
	r := playbook.NewRun(p.book.Hash, t.a.doc.Key, d.Subject, d.Episode)
	r.StartedBy = "rule"
	t.f.ForContract(d.Subject)
	r.At = playbooks.Snap(t.f)
	r, _ = playbook.Advance(r, playbooks.Event{Kind: playbooks.Begin, At: t.c.at, Run: r.ID}, playbooks.Env{Book: p.book, Team: o.team(), Facts: t.f})
	t.f.ForContract("")
	if v := r.Current(); v != nil && v.Assignee != "" {
		return v.Assignee
	}
	return r.Assignee
}

// counts adds a prompt to what a person would be asked.
func (p *planning) counts(playbook, person string, now bool) {
	pb := p.book.Playbooks[playbook]
	if person == "" || pb.Draft {
		return
	}
	one := p.person(person)
	if one.Week++; now {
		one.Now++
	}
	if pb.Severity == playbooks.High {
		one.High++
	}
	one.add(Work{playbook, 1})
}

// person returns what is planned of a person so far.
func (p *planning) person(id string) *PlannedPerson {
	one := p.people[id]
	if one == nil {
		one = &PlannedPerson{Person: id, Budget: budget(p.book.Team.Person(id))}
		if known := p.book.Team.Person(id); known != nil {
			one.Name, one.NameJA = known.Name.In("en"), known.Name.In("ja")
		}
		p.people[id] = one
	}
	return one
}

func (p *PlannedPerson) add(w Work) {
	if i := slices.IndexFunc(p.By, func(have Work) bool { return have.Playbook == w.Playbook }); i >= 0 {
		p.By[i].Count += w.Count
		return
	}
	p.By = append(p.By, w)
}

// result puts the plan together, sorted by name.
func (p *planning) result() Plan {
	p.plan.Playbooks, p.plan.People = []PlannedPlaybook{}, []PlannedPerson{}
	for _, name := range slices.Sorted(maps.Keys(p.by)) {
		of := p.by[name]
		if pb := p.book.Playbooks[name]; pb != nil && pb.Limit.N > 0 {
			of.Limit = pb.Limit.N
			of.Asks = len(of.Starts) > of.Limit || slices.ContainsFunc(of.Starts, func(a PlannedAccount) bool { return a.Reason != "" })
		}
		for _, list := range of.lists() {
			slices.SortFunc(*list, func(a, b PlannedAccount) int {
				return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Run, b.Run))
			})
		}
		if of.Change != "" || of.touches() {
			p.plan.Playbooks = append(p.plan.Playbooks, *of)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(p.people)) {
		slices.SortFunc(p.people[who].By, func(a, b Work) int { return cmp.Compare(a.Playbook, b.Playbook) })
		p.plan.People = append(p.plan.People, *p.people[who])
	}
	return p.plan
}

func (p *PlannedPlaybook) touches() bool {
	return slices.ContainsFunc(p.lists(), func(list *[]PlannedAccount) bool { return len(*list) > 0 })
}

// Batches hands over what is known of every account, a partition at a time: take is called for each of its accounts by id
// while they are held, done afterwards. It ends where done returns false. What take is given must not be kept.
func (w *Worker) Batches(ctx context.Context, take func(v *store.Account, h *rules.History), done func() bool) error {
	err := w.partitions(ctx, func(n int, cp store.Checkpoint, o *owner) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := w.within(ctx, n, cp, o, func(o *owner) error {
			for _, id := range slices.Sorted(maps.Keys(o.accounts)) {
				take(&o.accounts[id].doc.Value, &o.accounts[id].history)
			}
			return nil
		})
		if err == nil && !done() {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// errEnough ends Batches early.
var errEnough = errors.New("enough")
