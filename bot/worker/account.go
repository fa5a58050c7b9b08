package worker

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// maxContacts is how many written-down contacts an account's document keeps.
const maxContacts = 200

// account is an account in memory: its document with the series unpacked, and its open runs.
type account struct {
	doc     store.Doc[store.Account]
	history rules.History
	seen    rules.Seen
	runs    map[string]*run
	zone    *time.Location
	dirty   bool
}

func (a *account) isDirty() bool { return a.dirty }

// run is an open run in memory, or one that has ended and is not written yet.
type run struct {
	doc   store.Doc[store.Run]
	dirty bool
	job   *job // the last that changed it
}

// location returns the account's time zone; UTC where it has none, or one that is not known here.
func (a *account) location() *time.Location {
	if a.zone == nil {
		a.zone = time.UTC
		if name := a.doc.Value.Account.TimeZone; name != "" {
			if loc, err := time.LoadLocation(name); err == nil {
				a.zone = loc
			}
		}
	}
	return a.zone
}

// open returns the open runs, the oldest first; of those that began together the more severe, and of several contracts the one
// that ends first.
func (a *account) open() []*run {
	var open []*run
	for _, r := range a.runs {
		if r.doc.Value.Open() {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, func(x, y *run) int {
		r, q := &x.doc.Value, &y.doc.Value
		return cmp.Or(r.Began.Compare(q.Began), cmp.Compare(urgency[q.Severity], urgency[r.Severity]), cmp.Compare(a.contractEnd(r.Subject), a.contractEnd(q.Subject)),
			strings.Compare(x.doc.Key, y.doc.Key))
	})
	return open
}

// urgency orders severities.
var urgency = map[playbooks.Severity]int{playbooks.Low: 1, playbooks.Medium: 2, playbooks.High: 3}

// contractEnd returns the last day of a contract; 0 where it is not known.
func (a *account) contractEnd(id string) rules.Date {
	for _, c := range a.doc.Value.Account.Contracts {
		if c.ID == id {
			return c.End
		}
	}
	return 0
}

// unfinished reports whether the run is open, or not written yet, or wants something that may not have been done.
func (r *run) unfinished() bool {
	return r.doc.Value.Open() || r.dirty || len(r.doc.Value.Effects) > 0
}

// unfinished returns the ids of the runs that must be read again after a crash.
func (a *account) unfinished() []string {
	var ids []string
	for id, r := range a.runs {
		if r.unfinished() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// pack brings the series into the document before it is written.
func (a *account) pack() error {
	var err error
	if a.doc.Value.History, err = a.history.MarshalBinary(); err != nil {
		return err
	}
	a.doc.Value.Seen, err = a.seen.MarshalBinary()
	return err
}

// unpack is the reverse of pack.
func (a *account) unpack() error {
	v := &a.doc.Value
	if len(v.History) > 0 {
		if err := a.history.UnmarshalBinary(v.History); err != nil {
			return fmt.Errorf("series of account %q: %w", v.ID, err)
		}
	}
	if len(v.Seen) > 0 {
		if err := a.seen.UnmarshalBinary(v.Seen); err != nil {
			return fmt.Errorf("signal ids of account %q: %w", v.ID, err)
		}
	}
	v.History, v.Seen = nil, nil
	return nil
}

// A change is what the events of one message mean for one account, beyond what they did to its document.
type change struct {
	at      time.Time // business time
	signals map[string]bool
	all     bool          // every rule must be judged
	only    []*rules.Rule // these must be, whatever else
	woken   bool
	runs    []playbooks.Event
	posted  []inbox.Posted
	again   bool // the document had taken the message in before a crash; the runs may not have
	changes []store.Change
	storms  []string // playbooks that more accounts at once would have started than their limit allows
	said    bool     // something was added that must be written soon

	late    map[string]map[rules.Date]bool // by signal: days that were over when data of them came
	lateFor []lateNote
}

// apply takes one event into the account's document. Events for its runs are put aside.
func (o *owner) apply(a *account, c *change, ev stream.Event) error {
	if ev.At.After(c.at) {
		c.at = ev.At
	}
	v := &a.doc.Value
	switch ev.Kind {
	case inbox.SignalsKind:
		var signals []rules.Signal
		if err := read(ev, &signals); err != nil {
			return err
		}
		o.applySignals(a, c, signals, ev.At)
	case inbox.AccountKind:
		return o.applyAccount(a, c, ev)
	case inbox.StartKind:
		var s inbox.Start
		if err := read(ev, &s); err != nil {
			return err
		}
		o.applyStart(a, c, s)
	case inbox.SnoozeKind:
		var s inbox.Snooze
		if err := read(ev, &s); err != nil {
			return err
		}
		if v.Snoozes == nil {
			v.Snoozes = map[string]store.Snooze{}
		}
		v.Snoozes[s.Playbook] = store.Snooze{Until: s.Until, By: s.By}
		if s.Until.IsZero() {
			delete(v.Snoozes, s.Playbook)
		}
		c.all, c.said = true, true
	case inbox.NoteKind:
		var n inbox.Note
		if err := read(ev, &n); err != nil {
			return err
		}
		v.Contacts = append(v.Contacts, store.Contact{At: ev.At, By: n.By, Text: n.Text})
		v.Contacts = v.Contacts[max(0, len(v.Contacts)-maxContacts):]
		o.countContact(a, c, ev.At)
		c.said = true
	case inbox.SetKind:
		var s inbox.Set
		if err := read(ev, &s); err != nil {
			return err
		}
		if err := set(&v.Account, s, ev.At, a.location()); err != nil {
			return err
		}
		c.changes = append(c.changes, store.Change{At: ev.At, By: s.By, Change: ev.Data})
		c.all, c.said = true, true
	case inbox.WakeKind:
		var w inbox.Wake
		if err := read(ev, &w); err != nil {
			return err
		}
		delete(o.woken, ev.Key)
		if w.Due.Equal(v.Due) {
			c.woken, c.all = true, true
		} else {
			o.due.set(ev.Key, v.Due)
		}
	case inbox.GatheredKind:
		var g inbox.Gathered
		if err := read(ev, &g); err != nil {
			return err
		}
		o.applyGathered(a, c, g)
	case inbox.RunKind, inbox.PostedKind:
		return c.put(ev)
	default:
		return fmt.Errorf("an account knows no event of kind %q", ev.Kind)
	}
	return nil
}

// applyAgain takes from an event that the account's document has taken in what other documents may not have.
func (o *owner) applyAgain(c *change, ev stream.Event) error {
	switch ev.Kind {
	case inbox.RunKind, inbox.PostedKind:
		return c.put(ev)
	case inbox.SignalsKind:
		var signals []rules.Signal
		if err := read(ev, &signals); err != nil {
			return err
		}
		o.hearAgain(signals, ev.At)
	}
	return nil
}

// put puts aside an event for one of the account's runs.
func (c *change) put(ev stream.Event) error {
	if ev.At.After(c.at) {
		c.at = ev.At
	}
	if ev.Kind == inbox.PostedKind {
		var p inbox.Posted
		if err := read(ev, &p); err != nil {
			return err
		}
		c.posted = append(c.posted, p)
		return nil
	}
	var e playbooks.Event
	if err := read(ev, &e); err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = ev.At
	}
	c.runs = append(c.runs, e)
	return nil
}

func read(ev stream.Event, into any) error {
	if err := json.Unmarshal(ev.Data, into); err != nil {
		return fmt.Errorf("event %s for %s: %w", ev.Kind, ev.Key, err)
	}
	return nil
}

// applySignals adds signals to the series. What a series refuses was not known to be wrong at intake: it is counted, and
// the others stand.
func (o *owner) applySignals(a *account, c *change, signals []rules.Signal, at time.Time) {
	if c.signals == nil {
		c.signals = map[string]bool{}
	}
	for _, s := range signals {
		def := o.book.Signal(s.Signal)
		if def == nil {
			o.w.counts.Refused.Add(1)
			continue
		}
		if s.ID != "" && !a.seen.Add(s.ID, at) {
			o.w.counts.Duplicates.Add(1)
			continue
		}
		ch, err := a.history.Apply(s, *def, a.location(), at)
		if err != nil {
			o.w.counts.Refused.Add(1)
			o.w.o.Logger.Warn("signal refused", "account", a.doc.Key, "error", err)
			continue
		}
		c.signals[s.Signal] = true
		c.noteLate(ch)
		o.w.counts.Applied.Add(1)
		o.w.feeds.heard(o.n, *def, at)
	}
	a.dirty = true
}

// contacts is the signal that a book may declare for contacts with the account; what people write down counts in it.
const contacts = "contacts"

// countContact lets rules see a contact that somebody wrote down, where the book declares a signal for contacts.
func (o *owner) countContact(a *account, c *change, at time.Time) {
	def := o.book.Signal(contacts)
	if def == nil || def.Kind != rules.Count {
		return
	}
	s := rules.Signal{Account: a.doc.Value.ID, Signal: contacts, Value: 1, At: at}
	if def.Dimension != "" {
		s.By = "note"
	}
	o.applySignals(a, c, []rules.Signal{s}, at)
}

// applyAccount merges what is newly known of the account.
func (o *owner) applyAccount(a *account, c *change, ev stream.Event) error {
	v := &a.doc.Value
	merged, err := merge(v.Account, ev.Data, rules.DateOf(ev.At.In(a.location())))
	if err != nil {
		return fmt.Errorf("account %q: %w", a.doc.Key, err)
	}
	merged.ID = v.ID
	if merged.Stage != v.Account.Stage || merged.StageSince.IsZero() && merged.Stage != "" {
		if merged.StageSince.Equal(v.Account.StageSince) {
			merged.StageSince = ev.At
		}
	}
	c.changes = append(c.changes, store.Change{At: ev.At, Change: ev.Data})
	v.Account, v.Known, a.zone = merged, true, nil
	c.all, c.said = true, true
	return nil
}

// applyStart decides on a run that no rule asked for. It respects snoozes and open runs.
func (o *owner) applyStart(a *account, c *change, s inbox.Start) {
	v := &a.doc.Value
	if o.book.Playbooks[s.Playbook] == nil {
		o.w.o.Logger.Warn("asked to start an unknown playbook", "account", v.ID, "playbook", s.Playbook, "by", s.By)
		return
	}
	if why := o.refusesStart(a, c, s); why != "" {
		o.w.o.Logger.Info("a playbook is not started", "account", v.ID, "playbook", s.Playbook, "by", s.By, "reason", why)
		return
	}
	if s.ID != "" {
		v.Started = append(v.Started, s.ID)
		v.Started = v.Started[max(0, len(v.Started)-maxStarted):]
	}
	v.Starts++
	v.Intents = append(v.Intents, store.Intent{Playbook: s.Playbook, Subject: s.Subject, Episode: -v.Starts, At: c.at, By: s.By,
		Form: s.Form, Fields: s.Fields, Draft: s.Draft})
	c.said = true
}

// maxStarted is how many ids of start requests an account's document keeps, to recognise a repetition.
const maxStarted = 50

// refusesStart says why a run that is asked for does not start, or "".
func (o *owner) refusesStart(a *account, c *change, s inbox.Start) string {
	v := &a.doc.Value
	same := func(playbook, subject string) bool { return playbook == s.Playbook && subject == s.Subject }
	switch {
	case s.ID != "" && slices.Contains(v.Started, s.ID):
		return "the request was met before"
	case slices.ContainsFunc(a.open(), func(r *run) bool { return same(r.doc.Value.Playbook, r.doc.Value.Subject) }),
		slices.ContainsFunc(v.Intents, func(i store.Intent) bool { return same(i.Playbook, i.Subject) }):
		return string(rules.AlreadyRunning)
	case s.Form == "" && o.snoozed(a, s.Playbook).After(c.at):
		return string(rules.Snoozed)
	case s.Form == "" && (o.cp.Value.Paused[""] || o.cp.Value.Paused[s.Playbook]):
		return string(rules.Paused)
	case o.book.Team.Person(s.By) == nil && s.Form == "" && // a person knows what they do; another play does not
		o.book.Playbooks[s.Playbook].OutsidePilot(o.book.Team, &v.Account, rules.DateOf(c.at.In(a.location()))):
		return string(rules.OutsidePilot)
	}
	return ""
}

// snoozed returns until when a playbook is snoozed on the account; the zero time where it is not.
func (o *owner) snoozed(a *account, playbook string) time.Time {
	until := a.doc.Value.Snoozes[""].Until
	if own := a.doc.Value.Snoozes[playbook].Until; own.After(until) {
		until = own
	}
	return until
}

// judge judges the rules that the change concerns, and returns the decisions to be recorded.
func (o *owner) judge(a *account, c *change, f *rules.Facts, at string) []store.Decision {
	v := &a.doc.Value
	if !v.Known {
		return nil
	}
	var decisions []store.Decision
	if v.States == nil {
		v.States = map[string]rules.RuleState{}
	}
	concerned := o.concerned(c)
	if len(concerned) == 0 {
		return nil
	}
	add := o.adder(v, f)
	for _, rule := range concerned {
		for _, subject := range subjects(rule, &v.Account, f.Today()) {
			key := store.RuleKey(rule.Playbook, subject)
			f.ForContract(subject)
			state, d, changed := rule.Judge(v.States[key], f, o.circumstances(a, f, rule, subject, add))
			v.States[key] = state
			if v.Untils == nil {
				v.Untils = map[string]time.Time{}
			}
			if delete(v.Untils, key); d.Until.After(c.at) {
				v.Untils[key] = d.Until
			}
			if !changed {
				continue
			}
			c.said = true
			decisions = append(decisions, store.Decision{Decision: d, Seq: at})
			if d.Reason == rules.OverStormLimit {
				c.storms = append(c.storms, rule.Playbook)
			}
			if d.Outcome == rules.Fired {
				if o.startsAtOnce(rule.Playbook) {
					o.w.storms.note(rule.Playbook, c.at)
				}
				v.Intents = append(v.Intents, store.Intent{Playbook: rule.Playbook, Subject: subject, Episode: d.Episode,
					At: c.at, By: "rule", Fired: d.Clauses})
			}
		}
	}
	return decisions
}

// reach marks the milestones that an expression of journey.yaml now finds reached.
func (o *owner) reach(a *account, c *change, f *rules.Facts) {
	v := &a.doc.Value
	if !c.all || !v.Known || o.book.Journey == nil {
		return
	}
	f.ForContract("")
	for _, m := range o.book.Journey.Milestones {
		have := v.Account.Milestones[m.ID]
		if m.Reached == nil || !have.Reached.IsZero() || m.Reached.Truth(f) != rules.True {
			continue
		}
		have.Reached, have.By = c.at, "rule"
		v.Account.Milestones = with(v.Account.Milestones, m.ID, have)
		c.said = true
	}
}

// adder returns how time passes for the account's owner.
func (o *owner) adder(v *store.Account, f *rules.Facts) func(time.Time, rules.Period) time.Time {
	var who string
	if p := o.team().Resolve("owner", &v.Account, "", f.Today()); p != nil {
		who = p.ID
	}
	return o.book.Team.Calendar(who).Add
}

// concerned returns the rules that must be judged.
func (o *owner) concerned(c *change) []*rules.Rule {
	if c.all {
		return o.book.Rules.Rules
	}
	concerned := slices.Clone(c.only)
	for signal := range c.signals {
		for _, r := range o.book.Rules.Touched(signal) {
			if !slices.Contains(concerned, r) {
				concerned = append(concerned, r)
			}
		}
	}
	return concerned
}

// subjects returns what a rule is judged for: the account itself, or each of its contracts that has not ended.
func subjects(rule *rules.Rule, a *rules.Account, today rules.Date) []string {
	if rule.ForEach != "contract" {
		return []string{""}
	}
	var ids []string
	for _, k := range a.Contracts {
		if k.End == 0 || k.End >= today {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func (o *owner) circumstances(a *account, f *rules.Facts, rule *rules.Rule, subject string, add func(time.Time, rules.Period) time.Time) rules.Circumstances {
	v := &a.doc.Value
	c := rules.Circumstances{
		LastRunEnded: v.Ended[store.RuleKey(rule.Playbook, subject)],
		SnoozedUntil: o.snoozed(a, rule.Playbook),
		Paused:       o.cp.Value.Paused[""] || o.cp.Value.Paused[rule.Playbook],
		StormHeld:    o.stormy(rule.Playbook, f.Now()),
		SwitchedOn:   o.switchedOn[rule.Playbook],
		Add:          add,
	}
	if p := o.book.Playbooks[rule.Playbook]; p != nil && len(p.Pilot) > 0 {
		c.OutsidePilot = p.OutsidePilot(o.book.Team, &v.Account, f.Today())
	}
	for _, r := range a.runs {
		if !r.doc.Value.Open() || wasDraft(o.book, &r.doc.Value) {
			continue
		}
		if r.doc.Value.Playbook == rule.Playbook && r.doc.Value.Subject == subject {
			c.OpenRun = true
		}
		if slices.Contains(rule.InhibitedBy, r.doc.Value.Playbook) && !r.doc.Value.Draft {
			c.Inhibitor = r.doc.Value.Playbook
		}
	}
	for _, all := range [][]store.Intent{v.Intents, v.Waiting} {
		for _, i := range all {
			c.OpenRun = c.OpenRun || i.Playbook == rule.Playbook && i.Subject == subject
		}
	}
	for _, name := range rule.InhibitedBy {
		if p := o.book.Playbooks[name]; v.States[name].Phase == rules.Firing && (p == nil || !p.Draft) {
			c.Inhibitor = name
		}
	}
	return c
}

// schedule sets when the account must be looked at again: at a rule's next date, a run's, the end of a snooze, after the
// hour where the book asks for hours, or the next midnight, when features of whole days change.
func (o *owner) schedule(a *account, c *change) {
	v := &a.doc.Value
	due := (rules.DateOf(c.at.In(a.location())) + 1).In(a.location())
	earlier := func(t time.Time) {
		if !t.IsZero() && t.After(c.at) && t.Before(due) {
			due = t
		}
	}
	earlier(o.book.Rules.NextHour(&a.history, c.at))
	for t := range maps.Values(v.Untils) {
		earlier(t)
	}
	for s := range maps.Values(v.Snoozes) {
		earlier(s.Until)
	}
	for _, r := range a.runs {
		if d := r.doc.Value.Due(); !d.IsZero() && r.doc.Value.Open() {
			if !d.After(c.at) { // fell due while this message was worked
				d = c.at.Add(time.Nanosecond)
			}
			earlier(d)
		}
	}
	if !due.Equal(v.Due) {
		v.Due, a.dirty = due, true
	}
	o.due.set(inbox.AccountKey(v.ID), due)
}
