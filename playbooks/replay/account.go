package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// An Account is a customer while it is replayed.
type Account struct {
	ID         string
	Data       rules.Account
	Zone       *time.Location
	History    rules.History
	Facts      *rules.Facts         // of the account
	SwitchedOn bool                 // it is judged for the first time since the book was switched on
	Snoozes    map[string]time.Time // by playbook; "" is the account
	Runs       []*Run               // the oldest first
	Due        time.Time            // when it must be looked at again although nothing happens

	own     *rules.Facts         // of one of its runs
	stands  [][]*Standing        // by rule, as World.Rules has them
	ended   map[string]time.Time // the last run's end, by RuleKey
	intents []intent
	waiting []intent // for it to be known whether they are many
	begun   int64    // runs that no rule asked for
	add     func(time.Time, rules.Period) time.Time
}

// A Standing is where an account stands with one rule, for one subject.
type Standing struct {
	Subject  string
	State    rules.RuleState
	Decision rules.Decision // the latest
	key      string
	until    time.Time // when to judge again although nothing happens
	rested   bool      // the latest decision left all as it was
}

// An intent is a run that is to begin.
type intent struct {
	playbook, subject, by string
	episode               int64
	fired                 []rules.ClauseValue
	fields                map[string]any
	until                 time.Time // where World.Others says what becomes of it: when that is
	grouped               bool
}

// A Change is what an account must be looked at for.
type Change struct {
	All     bool // every rule must be judged
	Signals []string
	Events  []playbooks.Event
}

// RuleKey names a rule's standing.
func RuleKey(playbook, subject string) string { return strings.TrimSuffix(playbook+"/"+subject, "/") }

// NewAccount adds an account to a world. Its History is empty.
func (w *World) NewAccount(data rules.Account) *Account {
	a := &Account{ID: data.ID, Data: data, Zone: ZoneOf(&data), Snoozes: map[string]time.Time{}, ended: map[string]time.Time{},
		stands: make([][]*Standing, len(w.Rules))}
	a.Facts = w.Book.Rules.Facts(&a.Data, &a.History, w.Now)
	a.own = w.Book.Rules.Facts(&a.Data, &a.History, w.Now)
	a.add = func(from time.Time, p rules.Period) time.Time { return w.ownerCalendar(a).Add(from, p) }
	return a
}

// Renew makes an account another one, with nothing of the one before but the memory it takes.
func (w *World) Renew(a *Account, data rules.Account) {
	facts, own, add := a.Facts, a.own, a.add
	*a = Account{ID: data.ID, Data: data, Zone: ZoneOf(&data), Snoozes: map[string]time.Time{}, ended: map[string]time.Time{},
		stands: make([][]*Standing, len(w.Rules)), Facts: facts, own: own, add: add}
}

// ZoneOf returns an account's time zone; UTC where it names none that is known.
func ZoneOf(a *rules.Account) *time.Location {
	loc, err := time.LoadLocation(a.TimeZone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// ownerCalendar is the calendar that an account's periods go by.
func (w *World) ownerCalendar(a *Account) playbooks.Calendar {
	owner := ""
	if p := w.Team.Resolve("owner", &a.Data, "", a.Facts.Today()); p != nil {
		owner = p.ID
	}
	return w.Team.Calendar(owner)
}

// Standing returns where the account stands with a playbook's rule, or nil where that
// was never judged.
func (w *World) Standing(a *Account, playbook, subject string) *Standing {
	i, ok := w.index[playbook]
	if !ok {
		return nil
	}
	for _, s := range a.stands[i] {
		if s.Subject == subject {
			return s
		}
	}
	return nil
}

// Settle judges an account and lets its runs go on: the same doings in the same order
// as the live bot's worker. Afterwards Due says when the account must be looked at again.
func (w *World) Settle(a *Account, c Change) {
	a.Facts.Reset(&a.Data, &a.History, w.Now)
	w.SetFeeds(a.Facts)
	w.peersOf(a, a.Facts)
	if c.All && w.Spread != nil {
		w.Spread(a)
	}
	w.waited(a, &c)
	if c.All {
		w.reach(a)
	}
	w.judge(a, c)
	for _, in := range a.intents {
		w.begin(a, in)
	}
	a.intents = nil
	if len(a.Runs) > 0 {
		w.goOn(a, c)
	}
	w.schedule(a)
}

// reach marks the milestones that an expression of journey.yaml finds reached.
func (w *World) reach(a *Account) {
	if w.Book.Journey == nil {
		return
	}
	for _, m := range w.Book.Journey.Milestones {
		have := a.Data.Milestones[m.ID]
		if m.Reached == nil || !have.Reached.IsZero() || m.Reached.Truth(a.Facts) != rules.True {
			continue
		}
		have.Reached, have.By = w.Now, "rule"
		a.Data.Milestones = with(a.Data.Milestones, m.ID, have)
		w.Happened(a.ID, "milestone %s reached", m.ID)
	}
}

// judge judges the rules that the change concerns.
func (w *World) judge(a *Account, c Change) {
	for i, rule := range w.Rules {
		if !c.All && !touched(w.reads[i], c.Signals) {
			continue
		}
		if rule.ForEach != "contract" {
			w.judgeOne(a, i, "")
			continue
		}
		for _, subject := range contracts(&a.Data, a.Facts.Today()) {
			w.judgeOne(a, i, subject)
		}
	}
}

// touched reports whether a rule reads any of the signals that came.
func touched(reads, came []string) bool {
	return slices.ContainsFunc(came, func(s string) bool { return slices.Contains(reads, s) })
}

// contracts returns those that have not ended.
func contracts(a *rules.Account, today rules.Date) []string {
	var ids []string
	for _, k := range a.Contracts {
		if k.End == 0 || k.End >= today {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func (w *World) judgeOne(a *Account, i int, subject string) {
	rule := w.Rules[i]
	s := a.standing(i, rule.Playbook, subject)
	a.Facts.ForContract(subject)
	if w.Hooks.Judging != nil {
		w.Hooks.Judging(a, rule, s.State)
	}
	if outcome, rests := rule.Rests(&s.State, a.Facts); rests {
		if s.rested && s.Decision.Outcome == outcome {
			s.Decision.At = w.Now
			return
		}
		s.rested, s.until = true, time.Time{}
		s.Decision = rules.Decision{Account: a.ID, Playbook: rule.Playbook, Subject: subject, At: w.Now, Outcome: outcome,
			Episode: s.State.Episode, Since: s.State.Since}
		return
	}
	state, d, changed := rule.Judge(s.State, a.Facts, w.circumstances(a, rule, s))
	s.State, s.Decision, s.until, s.rested = state, d, time.Time{}, false
	if d.Until.After(w.Now) {
		s.until = d.Until
	}
	if !changed {
		return
	}
	if w.Hooks.Decided != nil {
		w.Hooks.Decided(a, s.key, d)
	}
	if d.Reason == rules.OverStormLimit && w.Others == nil {
		w.stormy[rule.Playbook] = true
	}
	if d.Outcome == rules.Fired {
		in := intent{playbook: rule.Playbook, subject: subject, by: "rule", episode: d.Episode, fired: d.Clauses}
		if w.gather(a, in) {
			return
		}
		a.intents = append(a.intents, in)
		if !w.NoStorms && w.Others == nil && !w.silent(rule.Playbook) {
			w.starts[rule.Playbook] = append(w.starts[rule.Playbook], w.Now)
		}
	}
}

func (a *Account) standing(i int, playbook, subject string) *Standing {
	for _, s := range a.stands[i] {
		if s.Subject == subject {
			return s
		}
	}
	s := &Standing{Subject: subject, key: RuleKey(playbook, subject)}
	a.stands[i] = append(a.stands[i], s)
	return s
}

func (w *World) circumstances(a *Account, rule *rules.Rule, s *Standing) rules.Circumstances {
	c := rules.Circumstances{
		SnoozedUntil: a.Snoozed(rule.Playbook),
		StormHeld:    w.storm(a, rule.Playbook, s.Subject),
		SwitchedOn:   a.SwitchedOn,
		Add:          a.add,
	}
	if len(a.ended) > 0 {
		c.LastRunEnded = a.ended[s.key]
	}
	if len(w.Paused) > 0 {
		c.Paused = w.Paused[""] || w.Paused[rule.Playbook]
	}
	if p := w.Book.Playbooks[rule.Playbook]; p != nil && len(p.Pilot) > 0 {
		c.OutsidePilot = p.OutsidePilot(w.Team, &a.Data, a.Facts.Today())
	}
	for _, r := range a.Open() {
		c.OpenRun = c.OpenRun || r.Playbook == rule.Playbook && r.Subject == s.Subject
		if slices.Contains(rule.InhibitedBy, r.Playbook) && !r.Draft {
			c.Inhibitor = r.Playbook
		}
	}
	for _, all := range [][]intent{a.intents, a.waiting} {
		for _, i := range all {
			c.OpenRun = c.OpenRun || i.playbook == rule.Playbook && i.subject == s.Subject
		}
	}
	for _, name := range rule.InhibitedBy {
		if by := w.Standing(a, name, ""); by != nil && by.State.Phase == rules.Firing && !w.silent(name) {
			c.Inhibitor = name
		}
	}
	return c
}

// Snoozed returns until when a playbook is snoozed on the account.
func (a *Account) Snoozed(playbook string) time.Time {
	if len(a.Snoozes) == 0 {
		return time.Time{}
	}
	until := a.Snoozes[""]
	if own := a.Snoozes[playbook]; own.After(until) {
		until = own
	}
	return until
}

// schedule sets when the account must be looked at again.
func (w *World) schedule(a *Account) {
	a.Due = (rules.DateOf(w.Now.In(a.Zone)) + 1).In(a.Zone)
	earlier := func(t time.Time) {
		if t.After(w.Now) && t.Before(a.Due) {
			a.Due = t
		}
	}
	if next := w.Book.Rules.NextHour(&a.History, w.Now); !next.IsZero() {
		earlier(next)
	}
	for _, stands := range a.stands {
		for _, s := range stands {
			earlier(s.until)
		}
	}
	for _, t := range a.Snoozes {
		earlier(t)
	}
	for _, in := range a.waiting {
		earlier(in.until)
	}
	for _, r := range a.Open() {
		if d := r.Due(); !d.IsZero() {
			if !d.After(w.Now) {
				d = w.Now.Add(time.Nanosecond)
			}
			earlier(d)
		}
	}
}

// Open returns the open runs, the oldest first.
func (a *Account) Open() []*Run {
	var open []*Run
	for _, r := range a.Runs {
		if r.Open() {
			open = append(open, r)
		}
	}
	if len(open) > 1 {
		slices.SortStableFunc(open, func(x, y *Run) int { return cmp.Or(x.Began.Compare(y.Began), strings.Compare(x.ID, y.ID)) })
	}
	return open
}

func (a *Account) byID(id string) *Run {
	for _, r := range a.Runs {
		if r.ID == id {
			return r
		}
	}
	return nil
}
