package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// Effects that the worker itself adds to what a run asks for: the run's card must be drawn again, its thread has news.
const (
	cardEffect playbooks.EffectKind = "card"
	logEffect  playbooks.EffectKind = "log"
)

// play begins the runs that the account intends, and hands every open run what happened: the events meant for it, the end
// of its rule, a time that fell due, and new facts. Then it keeps people from being asked two things of one account.
func (o *owner) play(ctx context.Context, j *job, t *touched) error {
	a := t.a
	for _, intent := range a.doc.Value.Intents {
		if o.gathers(intent) {
			if err := o.gather(j, t, intent); err != nil {
				return err
			}
			continue
		}
		if err := o.begin(ctx, j, t, intent); err != nil {
			return err
		}
	}
	for _, e := range t.c.runs {
		if err := o.deliver(ctx, j, t, e); err != nil {
			return err
		}
	}
	for _, p := range t.c.posted {
		if err := o.posted(ctx, a, p); err != nil {
			return err
		}
	}
	for _, r := range a.open() {
		if err := o.late(ctx, j, t, r); err != nil {
			return err
		}
		if err := o.follow(ctx, j, t, r); err != nil {
			return err
		}
	}
	if err := o.arrange(ctx, j, t); err != nil {
		return err
	}
	for _, r := range a.runs {
		v := &r.doc.Value
		if !v.Open() {
			a.ended(v, o.book)
		}
		r.show()
		if len(v.Effects) == 0 {
			continue
		}
		if err := o.carry(j, t, r); err != nil {
			return err
		}
	}
	o.schedule(a, &t.c)
	return nil
}

// posted notes where a run's card is, also if the run ended while the card was on its way.
func (o *owner) posted(ctx context.Context, a *account, p inbox.Posted) error {
	r := a.runs[p.Run]
	if r == nil {
		d, err := o.w.o.Records.Runs.Get(ctx, p.Run)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		r = &run{doc: d}
		a.runs[p.Run] = r
	}
	if r.doc.Value.Card != p.Post {
		r.doc.Value.Card, r.dirty = p.Post, true
	}
	return nil
}

// ended notes when a run of a rule ended, which is what its cooldown counts from. After one that asked nobody the rule is
// judged anew. A run of a draft counts for as long as the book has it as a draft.
func (a *account) ended(v *store.Run, book *playbooks.Book) {
	if wasDraft(book, v) {
		return
	}
	key := store.RuleKey(v.Playbook, v.Subject)
	if v.Lapsed() {
		if s := a.doc.Value.States[key]; s != s.Withdrawn(v.Episode) {
			a.doc.Value.States, a.dirty = with(a.doc.Value.States, key, s.Withdrawn(v.Episode)), true
		}
		return
	}
	if v.Ended.After(a.doc.Value.Ended[key]) {
		if a.doc.Value.Ended == nil {
			a.doc.Value.Ended = map[string]time.Time{}
		}
		a.doc.Value.Ended[key], a.dirty = v.Ended, true
	}
}

// begin starts an intended run, unless that was done before a crash.
func (o *owner) begin(ctx context.Context, j *job, t *touched, in store.Intent) error {
	id := playbooks.RunID(t.a.doc.Key, in.Playbook, in.Subject, in.Episode)
	if t.a.runs[id] != nil {
		return nil
	}
	d, err := o.w.o.Records.Runs.Get(ctx, id)
	if err == nil {
		t.a.runs[id] = &run{doc: d}
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	p := o.book.Playbooks[in.Playbook]
	if p == nil {
		o.w.o.Logger.Warn("the book no longer has a playbook that was to start", "account", t.a.doc.Key, "playbook", in.Playbook)
		return nil
	}
	nr := p.NewRun(o.book.Hash, t.a.doc.Key, in.Subject, in.Episode)
	nr.StartedBy, nr.Fired = in.By, in.Fired
	t.f.ForContract(in.Subject)
	nr.At = playbooks.Snap(t.f)
	if err := o.w.books.keep(ctx, o.book, in.At); err != nil {
		return err
	}
	r := &run{doc: store.Doc[store.Run]{Key: id, Value: store.Run{Run: nr}}, dirty: true}
	t.a.runs[id] = r
	e := playbooks.Event{Kind: playbooks.Begin, At: in.At, Run: id, Fields: in.Fields, Text: in.Form}
	if in.By != "rule" {
		e.By = in.By
	}
	if err := o.advance(ctx, j, t, r, e); err != nil {
		return err
	}
	if in.Form != "" && !in.Draft {
		e.Kind = playbooks.Submitted
		if v := r.doc.Value.Current(); v != nil {
			e.Visit = v.N
		}
		return o.advance(ctx, j, t, r, e)
	}
	return nil
}

// deliver hands a run an event that was meant for it. A run that has ended, or never was, changes nothing: whoever clicked
// was told so when they did.
func (o *owner) deliver(ctx context.Context, j *job, t *touched, e playbooks.Event) error {
	r := t.a.runs[e.Run]
	if r == nil || j.has(r.doc.Value.Seq) && r.job != j {
		return nil
	}
	return o.advance(ctx, j, t, r, e)
}

// follow tells an open run what it did not hear yet: that its rule no longer holds, that a time fell due, that the facts
// are others.
func (o *owner) follow(ctx context.Context, j *job, t *touched, r *run) error {
	v := &r.doc.Value
	over, err := o.over(ctx, t, v)
	if err != nil {
		return err
	}
	if over {
		v.Over, r.dirty = true, true
		if err := o.advance(ctx, j, t, r, playbooks.Event{Kind: playbooks.RuleEnded, At: t.c.at, Run: v.ID}); err != nil {
			return err
		}
	}
	for range 100 { // each round removes a timer that fell due, and may set others
		if due := v.Due(); !v.Open() || due.IsZero() || due.After(t.c.at) {
			break
		}
		before := v.Version
		if err := o.advance(ctx, j, t, r, playbooks.Event{Kind: playbooks.Tick, At: t.c.at, Run: v.ID}); err != nil {
			return err
		}
		if v.Version == before {
			break
		}
	}
	if !v.Open() || len(t.c.signals) == 0 && !t.c.all && !t.c.again {
		return nil
	}
	return o.advance(ctx, j, t, r, playbooks.Event{Kind: playbooks.Facts, At: t.c.at, Run: v.ID})
}

// over reports whether the rule that began a run no longer holds, which the run has yet to hear. The account's state says so
// where it is the one that the run began with. Where the book has another rule by now, or had one meanwhile, the state is of
// that rule or began anew, and the run's own is asked: a threshold that was changed, or changed back, is no recovery.
func (o *owner) over(ctx context.Context, t *touched, v *store.Run) (bool, error) {
	state := t.a.doc.Value.States[store.RuleKey(v.Playbook, v.Subject)]
	if v.Episode <= 0 || v.Over || state.Phase == rules.Firing && state.Episode == v.Episode {
		return false, nil
	}
	book, err := o.w.books.get(ctx, v.Book)
	if errors.Is(err, errBook) {
		return true, nil // advance sees to it
	}
	if err != nil {
		return false, fmt.Errorf("run %s: %w", v.ID, err)
	}
	p := book.Playbooks[v.Playbook]
	if p == nil || p.Rule == nil || p.Rule.Fingerprint == state.Fingerprint && state.Episode == v.Episode && state.Phase == rules.Resolved {
		return true, nil
	}
	f := book.Rules.Facts(&t.a.doc.Value.Account, &t.a.history, t.c.at)
	o.prepare(f, t.a.doc.Key)
	f.ForContract(v.Subject)
	if p.Rule.Resolve != nil {
		return p.Rule.Resolve.Truth(f) == rules.True, nil
	}
	return p.Rule.When.Truth(f) == rules.False, nil
}

// advance plays one event of a run, and adds to what is to be done because of it.
func (o *owner) advance(ctx context.Context, j *job, t *touched, r *run, e playbooks.Event) error {
	v := &r.doc.Value
	book, err := o.w.books.get(ctx, v.Book)
	if err == nil && book.Playbooks[v.Playbook] == nil {
		err = fmt.Errorf("%w: %.12s has no playbook %q", errBook, v.Book, v.Playbook)
	}
	if errors.Is(err, errBook) {
		o.giveUp(j, r, e.At, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", v.ID, err)
	}
	p := book.Playbooks[v.Playbook]
	f := t.f
	if book != o.book || len(v.Values) > 0 || len(e.Collected) > 0 { // values that a run collected are its own
		f = book.Rules.Facts(&t.a.doc.Value.Account, &t.a.history, t.c.at)
		o.prepare(f, t.a.doc.Key)
	}
	f.ForContract(v.Subject)
	open, err := o.openPlays(ctx, p, &v.Run)
	if err != nil {
		return err
	}
	next, effects := p.Advance(v.Run, e, playbooks.Env{Book: book, Team: o.team(), Facts: f, Load: open})
	if next.Version == v.Version && len(effects) == 0 {
		return nil
	}
	v.Run = next
	v.Effects = append(v.Effects, effects...)
	j.mark(&v.Seq)
	r.dirty, r.job = true, j
	return nil
}

// giveUp ends a run that can no longer be played, so that it does not hold up all that happens to its account.
func (o *owner) giveUp(j *job, r *run, at time.Time, why error) {
	v := &r.doc.Value
	if !v.Open() {
		return
	}
	o.w.o.Logger.Error("a run is ended because it cannot be played any more", "run", v.ID, "account", v.Account, "playbook", v.Playbook, "error", why)
	v.Ended, v.Outcome, v.Step, v.Timers, v.Undo = at, playbooks.Stopped, "", nil, nil
	v.Version++
	v.Log = append(v.Log, playbooks.Entry{At: at, What: "log.stopped", Args: map[string]any{"reason": why.Error()}})
	j.mark(&v.Seq)
	r.dirty, r.job = true, j
}

// arrange keeps one open question per account and person: of the runs that ask the same person the one that asked first
// goes on, the others are held back and shown as evidence on its card; when it is answered, the next one asks.
func (o *owner) arrange(ctx context.Context, j *job, t *touched) error {
	byPerson := map[string][]*run{}
	for _, r := range t.a.open() {
		if asks(&r.doc.Value, t.c.at) {
			who := r.doc.Value.Current().Assignee
			byPerson[who] = append(byPerson[who], r)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(byPerson)) {
		if err := o.queue(ctx, j, t, byPerson[who]); err != nil {
			return err
		}
	}
	return nil
}

// queue lets one of the runs that ask a person go on.
func (o *owner) queue(ctx context.Context, j *job, t *touched, asking []*run) error {
	slices.SortStableFunc(asking, func(x, y *run) int {
		a, b := x.doc.Value.Current(), y.doc.Value.Current()
		if c := a.Entered.Compare(b.Entered); c != 0 || a.Delivered.IsZero() == b.Delivered.IsZero() {
			return c
		}
		if b.Delivered.IsZero() { // what the person has goes before what they have not
			return -1
		}
		return 1
	})
	first := slices.IndexFunc(asking, func(r *run) bool { return r.doc.Value.Held == "" })
	for first < 0 && len(asking) > 0 {
		e := playbooks.Event{Kind: playbooks.Released, At: t.c.at, Run: asking[0].doc.Key}
		if err := o.advance(ctx, j, t, asking[0], e); err != nil {
			return err
		}
		if first = 0; !asks(&asking[0].doc.Value, t.c.at) { // it was needless, so it is the next one's turn
			first, asking = -1, asking[1:]
		}
	}
	for i, r := range asking {
		v := &r.doc.Value
		if i == first || v.Held == asking[first].doc.Key || v.Held == "" && !v.Current().Delivered.IsZero() {
			continue
		}
		if err := o.hold(ctx, j, t, r, asking[first]); err != nil {
			return err
		}
	}
	return nil
}

// asks reports whether a run has a question that somebody could answer now.
func asks(v *store.Run, now time.Time) bool {
	c := v.Current()
	return v.Open() && !v.Draft && c != nil && c.Kind == playbooks.AskStep && c.Answer == "" && c.Left.IsZero() && !v.SnoozedUntil.After(now)
}

// hold makes a run wait behind another's question. What it was about to tell the person is not told.
func (o *owner) hold(ctx context.Context, j *job, t *touched, r, first *run) error {
	e := playbooks.Event{Kind: playbooks.HeldBack, At: t.c.at, Run: r.doc.Key, Other: first.doc.Key}
	if err := o.advance(ctx, j, t, r, e); err != nil {
		return err
	}
	r.doc.Value.Effects = slices.DeleteFunc(slices.Clone(r.doc.Value.Effects), func(e playbooks.Effect) bool { return e.Kind == playbooks.Nudge })
	return o.advance(ctx, j, t, first, playbooks.Event{Kind: playbooks.Joined, At: t.c.at, Run: first.doc.Key,
		Other: r.doc.Key, Playbook: r.doc.Value.Playbook})
}

// carry turns what a run asks for into events. Their ids are the effects' keys, so that doing it again after a crash does
// nothing twice.
func (o *owner) carry(j *job, t *touched, r *run) error {
	v := &r.doc.Value
	for _, e := range v.Effects {
		if err := o.carryOut(j, t, v, e); err != nil {
			return err
		}
	}
	j.carried = append(j.carried, r)
	return nil
}

func (o *owner) carryOut(j *job, t *touched, v *store.Run, e playbooks.Effect) error {
	account := inbox.AccountKey(v.Account)
	if v.Draft {
		return o.drafted(j, t, v, e)
	}
	switch e.Kind {
	case playbooks.StartIt:
		return j.publish(account, inbox.StartKind, t, e.Key, inbox.Start{Account: v.Account, Playbook: e.Playbook, Subject: v.Subject, By: v.ID, ID: e.Key})
	case playbooks.Snooze:
		s := inbox.Snooze{Account: v.Account, By: e.Person, Until: e.Until}
		if e.Scope == "playbook" {
			s.Playbook = v.Playbook
		}
		return j.publish(account, inbox.SnoozeKind, t, e.Key, s)
	case playbooks.SetIt:
		return j.publish(account, inbox.SetKind, t, e.Key, inbox.Set{Field: e.Field, Value: e.Value, By: e.Person})
	}
	if e.Kind == playbooks.PassOn {
		return o.passOn(j, t, v, e)
	}
	out := store.Outgoing{Key: e.Key, Account: v.Account, Run: v.ID, Visit: e.Visit, At: t.c.at, Began: v.Began}
	channel := o.channelOf(v)
	switch e.Kind {
	case playbooks.Nudge:
		return j.publish(inbox.PersonKey(e.Person), inbox.NudgeKind, t, e.Key, store.Line{Key: e.Key, Account: v.Account, Run: v.ID,
			Visit: e.Visit, What: e.What, Severity: string(v.Severity), At: t.c.at, Args: e.Args})
	case playbooks.SayIt:
		out.Kind, out.Effect, channel = "say", &e, o.sayTo(v, e)
	case playbooks.CallIt:
		out.Kind, out.Effect, channel = "webhook", &e, hookChannel(e.System)
	case cardEffect:
		out.Kind, out.Key, out.Version = "card", cardKey(v.ID), whole(e.Value)
	case logEffect:
		out.Kind = "log"
		out.From, out.To = e.Visit, int(whole(e.Value))
	default:
		return fmt.Errorf("run %s asks for %q, which nobody does", v.ID, e.Kind)
	}
	return j.publish(inbox.ChannelKey(channel), inbox.SendKind, t, e.Key, out)
}

// show asks for the card to be drawn again when something visible changed, and for the thread to be told what is new. A run
// that is held back has no card of its own yet.
func (r *run) show() {
	v := &r.doc.Value
	if v.Held != "" || v.Shown == v.Version || v.Shown == 0 && !v.Open() {
		return
	}
	if v.Draft && v.Shown > 0 {
		return // one card is enough to be recorded
	}
	v.Effects = append(v.Effects, playbooks.Effect{Key: fmt.Sprintf("%s/card/%d", v.ID, v.Version), Kind: cardEffect, Value: v.Version})
	if v.Told < len(v.Log) {
		v.Effects = append(v.Effects, playbooks.Effect{Key: fmt.Sprintf("%s/log/%d", v.ID, v.Told), Kind: logEffect, Visit: v.Told, Value: len(v.Log)})
	}
	v.Shown, v.Told, r.dirty = v.Version, len(v.Log), true
}

// whole reads a number that may have been through JSON.
func whole(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int:
		return int64(v)
	case float64:
		return int64(v)
	}
	return 0
}

// cardKey is the outbox key of a run's card.
func cardKey(run string) string { return run + "/card" }

// channelOf names the channel in which a run's card stands.
func (o *owner) channelOf(v *store.Run) string {
	if v.Channel == "dm" || v.Channel == "" {
		return "dm:" + v.Assignee
	}
	return o.book.Team.Channel(v.Channel)
}
