package playtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// An account is a customer while a case is played.
type account struct {
	id         string
	data       rules.Account
	zone       *time.Location
	history    rules.History
	facts, own *rules.Facts   // of the account, and of one of its runs
	arrivals   []rules.Signal // still to come, by time
	switchedOn bool

	states    map[string]rules.RuleState
	decisions map[string]rules.Decision // the latest, by rule
	untils    map[string]time.Time
	ended     map[string]time.Time // the last run's end, by rule
	snoozes   map[string]time.Time // by playbook; "" the account
	intents   []intent
	begun     int64 // runs that no rule asked for
	runs      []*run
	due       time.Time
}

// An intent is a run that is to begin.
type intent struct {
	playbook, subject, by string
	episode               int64
	fired                 []rules.ClauseValue
	fields                map[string]any
}

// A run is a play of a case.
type run struct {
	playbooks.Run
	over    bool // it was told that its rule no longer holds
	posted  bool // its card is in the channel
	effects []playbooks.Effect
	logged  int // entries of its log that the timeline has
}

// A change is what an account must be looked at for.
type change struct {
	all     bool // every rule must be judged
	signals []string
	events  []playbooks.Event
}

// ruleKey names a rule's state.
func ruleKey(playbook, subject string) string { return strings.TrimSuffix(playbook+"/"+subject, "/") }

// settle judges an account and lets its runs go on: the same doings in the same order
// as the live bot's worker.
func (w *world) settle(a *account, c change) {
	a.facts.Reset(&a.data, &a.history, w.now)
	a.facts.SetFeed(w.feed)
	if c.all {
		w.reach(a)
	}
	w.judge(a, c)
	for _, in := range a.intents {
		w.begin(a, in)
	}
	a.intents = nil
	for _, e := range c.events {
		if r := a.byID(e.Run); r != nil {
			w.advance(a, r, e)
		}
	}
	for _, r := range a.open() {
		w.follow(a, c, r)
	}
	w.arrange(a)
	for _, r := range a.runs {
		if !r.Open() && r.Ended.After(a.ended[ruleKey(r.Playbook, r.Subject)]) {
			a.ended[ruleKey(r.Playbook, r.Subject)] = r.Ended
		}
		w.show(a, r)
		w.carry(a, r)
	}
	w.schedule(a)
}

func (w *world) feed(signal string) time.Time { return w.feeds[signal] }

// reach marks the milestones that an expression of journey.yaml finds reached.
func (w *world) reach(a *account) {
	if w.book.Journey == nil {
		return
	}
	a.facts.ForContract("")
	for _, m := range w.book.Journey.Milestones {
		have := a.data.Milestones[m.ID]
		if m.Reached == nil || !have.Reached.IsZero() || m.Reached.Truth(a.facts) != rules.True {
			continue
		}
		have.Reached, have.By = w.now, "rule"
		a.data.Milestones = with(a.data.Milestones, m.ID, have)
		w.happened(a.id, "milestone %s reached", m.ID)
	}
}

// judge judges the rules that the change concerns.
func (w *world) judge(a *account, c change) {
	for _, rule := range w.rules {
		if !c.all && !touched(rule, c.signals) {
			continue
		}
		for _, subject := range subjects(rule, &a.data, a.facts.Today()) {
			w.judgeOne(a, rule, subject)
		}
	}
}

func touched(rule *rules.Rule, signals []string) bool {
	if len(signals) == 0 {
		return false
	}
	return slices.ContainsFunc(rule.Signals(), func(s string) bool { return slices.Contains(signals, s) })
}

func (w *world) judgeOne(a *account, rule *rules.Rule, subject string) {
	key := ruleKey(rule.Playbook, subject)
	a.facts.ForContract(subject)
	before := a.states[key]
	w.coverage.judged(rule, before, a.facts)
	state, d, changed := rule.Judge(before, a.facts, w.circumstances(a, rule, subject))
	a.states[key], a.decisions[key] = state, d
	if delete(a.untils, key); d.Until.After(w.now) {
		a.untils[key] = d.Until
	}
	if !changed {
		return
	}
	w.happened(a.id, "%s %s", key, decided(d, w.shown))
	if d.Reason == rules.OverStormLimit {
		w.stormy[rule.Playbook] = true
	}
	if d.Outcome == rules.Fired {
		w.starts[rule.Playbook] = append(w.starts[rule.Playbook], w.now)
		a.intents = append(a.intents, intent{playbook: rule.Playbook, subject: subject, by: "rule", episode: d.Episode, fired: d.Clauses})
	}
}

// decided writes a decision for the timeline.
func decided(d rules.Decision, shown func(time.Time) string) string {
	text := outcomeOf(d)
	if d.Detail != "" {
		text += " " + d.Detail
	}
	if !d.Until.IsZero() {
		text += " until " + shown(d.Until)
	}
	var parts []string
	for _, c := range d.Clauses {
		for _, name := range slices.Sorted(maps.Keys(c.Values)) {
			parts = append(parts, fmt.Sprintf("%s = %s", name, written(c.Values[name])))
		}
	}
	parts = append(parts, d.Missing...)
	if len(parts) > 0 {
		text += " [" + strings.Join(parts, ", ") + "]"
	}
	return text
}

// outcomeOf writes what a decision says as expectations have it: suppressed(snoozed).
func outcomeOf(d rules.Decision) string {
	if d.Outcome == "" {
		return "not judged"
	}
	if d.Reason != "" {
		return fmt.Sprintf("%s(%s)", d.Outcome, d.Reason)
	}
	return string(d.Outcome)
}

// subjects returns what a rule is judged for: the account, or each contract that has
// not ended.
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

func (w *world) circumstances(a *account, rule *rules.Rule, subject string) rules.Circumstances {
	owner := ""
	if p := w.team.Resolve("owner", &a.data, "", a.facts.Today()); p != nil {
		owner = p.ID
	}
	c := rules.Circumstances{
		LastRunEnded: a.ended[ruleKey(rule.Playbook, subject)],
		SnoozedUntil: a.snoozed(rule.Playbook),
		Paused:       w.paused[""] || w.paused[rule.Playbook],
		StormHeld:    w.storm(rule.Playbook),
		SwitchedOn:   a.switchedOn,
		Add:          w.team.Calendar(owner).Add,
	}
	for _, r := range a.open() {
		c.OpenRun = c.OpenRun || r.Playbook == rule.Playbook && r.Subject == subject
		if slices.Contains(rule.InhibitedBy, r.Playbook) {
			c.Inhibitor = r.Playbook
		}
	}
	for _, i := range a.intents {
		c.OpenRun = c.OpenRun || i.playbook == rule.Playbook && i.subject == subject
	}
	for _, name := range rule.InhibitedBy {
		if a.states[name].Phase == rules.Firing {
			c.Inhibitor = name
		}
	}
	return c
}

// storm reports whether a playbook may not start now, because too many did.
func (w *world) storm(playbook string) bool {
	p := w.book.Playbooks[playbook]
	if w.stormy[playbook] || p == nil || p.Limit.N == 0 {
		return w.stormy[playbook]
	}
	n := 0
	for _, at := range w.starts[playbook] {
		if at.After(w.now.Add(-p.Limit.Per)) {
			n++
		}
	}
	return n >= p.Limit.N
}

// snoozed returns until when a playbook is snoozed on the account.
func (a *account) snoozed(playbook string) time.Time {
	until := a.snoozes[""]
	if own := a.snoozes[playbook]; own.After(until) {
		until = own
	}
	return until
}

// start decides on a run that no rule asked for; it respects snoozes and open runs.
func (w *world) start(a *account, playbook, subject, by string, fields map[string]any) bool {
	for _, r := range a.open() {
		if r.Playbook == playbook && r.Subject == subject {
			return false
		}
	}
	if fields == nil && a.snoozed(playbook).After(w.now) {
		return false
	}
	a.begun++
	a.intents = append(a.intents, intent{playbook: playbook, subject: subject, by: by, episode: -a.begun, fields: fields})
	return true
}

// schedule sets when the account must be looked at again.
func (w *world) schedule(a *account) {
	a.due = (rules.DateOf(w.now.In(a.zone)) + 1).In(a.zone)
	earlier := func(t time.Time) {
		if t.After(w.now) && t.Before(a.due) {
			a.due = t
		}
	}
	for _, t := range a.untils {
		earlier(t)
	}
	for _, t := range a.snoozes {
		earlier(t)
	}
	for _, r := range a.open() {
		if d := r.Due(); !d.IsZero() {
			if !d.After(w.now) {
				d = w.now.Add(time.Nanosecond)
			}
			earlier(d)
		}
	}
}

// open returns the open runs, the oldest first.
func (a *account) open() []*run {
	var open []*run
	for _, r := range a.runs {
		if r.Open() {
			open = append(open, r)
		}
	}
	slices.SortStableFunc(open, func(x, y *run) int { return cmp.Or(x.Began.Compare(y.Began), strings.Compare(x.ID, y.ID)) })
	return open
}

func (a *account) byID(id string) *run {
	for _, r := range a.runs {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// latest returns the run of a playbook that a click means: the one begun last.
func (a *account) latest(playbook, subject string) *run {
	for i := len(a.runs) - 1; i >= 0; i-- {
		if r := a.runs[i]; r.Playbook == playbook && (subject == "" || r.Subject == subject) {
			return r
		}
	}
	return nil
}
