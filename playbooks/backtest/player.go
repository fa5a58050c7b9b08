package backtest

import (
	"math"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// maxRefused bounds how many refused signals of an account are told of.
const maxRefused = 3

// maxDoings bounds what may happen on one account in one day, so that a book that goes
// round cannot keep a back-test from ending.
const maxDoings = 2000

// A player plays one account after another by one book.
type player struct {
	o       *Options
	world   *replay.World
	account *replay.Account
	zone    *time.Location
	signals []rules.Signal // still to come, by time
	dated   rules.Account  // with the milestones and stage that are still to come
	coming  []time.Time    // when they do, in order

	feeds struct { // when signals last came, for one account and day
		now       time.Time
		yesterday rules.Date
		last      map[string]time.Time
	}
	silences []silence // of all feeds, by the day that ended them
	out      struct {  // those that have ended, as the account's days have them
		ended int
		by    map[string][]rules.Outage
	}
	peers struct { // where the book asks for them
		all *spreads
		own []rules.PeerValue // of the account, as they were at the midnight of day
		day rules.Date
		of  func(rules.PeerGroup) *rules.Distribution
	}
	crowd     *crowd      // what other accounts mean for this one; nil where that is not known
	held      []firing    // firings that a storm limit held
	looks     []time.Time // when ops say that they may go on
	episodes  []*Episode
	counts    []Count
	refused   []string
	delivered []delivery
}

// A delivery is a step on its way to a person.
type delivery struct {
	at     time.Time
	run    *replay.Run
	visit  int
	person string
}

func newPlayer(book *playbooks.Book, o *Options) *player {
	p := &player{o: o, world: replay.NewWorld(book, o.judged(book), time.Time{})}
	p.world.Others = p
	p.world.Hooks = replay.Hooks{Decided: p.decided, Begun: p.begun, Ended: p.ended, Nudged: p.nudged}
	if o.Heard != nil {
		p.world.Feed = p.heard
		p.silences = silencesOf(book, o.Heard)
		p.world.Outages = p.outages
	}
	return p
}

// heard returns when anything of a signal last came for any account, up to yesterday:
// what comes today is not yet complete.
func (p *player) heard(signal string) time.Time {
	if !p.world.Now.Equal(p.feeds.now) {
		if yesterday := rules.DateOf(p.world.Now.In(p.zone)) - 1; yesterday != p.feeds.yesterday {
			p.feeds.yesterday = yesterday
			clear(p.feeds.last)
		}
		p.feeds.now = p.world.Now
	}
	if def := p.world.Book.Signal(signal); def != nil && def.Hourly { // what came later that day shows that its hours are over
		days := p.o.Heard[signal]
		if today := p.feeds.yesterday + 1; days.last(today) == today {
			return p.world.Now
		}
	}
	last, known := p.feeds.last[signal]
	if !known {
		days := p.o.Heard[signal]
		if day := days.last(p.feeds.yesterday); day != 0 {
			last = Noon(day, p.zone)
		}
		p.feeds.last[signal] = last
	}
	return last
}

// among lets the player's accounts know their peers.
func (p *player) among(all *spreads) {
	if all == nil {
		return
	}
	p.peers.all, p.peers.of = all, p.without
	p.world.Peers, p.world.Spread = p.peersOf, p.spread
}

// begin takes an account up, with the history that it has when a day begins.
func (p *player) begin(account rules.Account, signals []rules.Signal, from rules.Date) {
	p.zone = zoneOf(&account)
	p.signals, p.episodes, p.counts, p.refused, p.delivered = signals, nil, nil, nil, nil
	p.feeds.now, p.feeds.yesterday, p.feeds.last = time.Time{}, 0, map[string]time.Time{}
	p.out.ended, p.out.by = 0, nil
	p.peers.day, p.peers.own = 0, nil
	p.held, p.looks = nil, nil
	start := from.In(p.zone)
	p.world.Now = start
	p.dated, p.coming = account, coming(&account, start)
	account = asOf(account, start)
	if p.account == nil {
		p.account = p.world.NewAccount(account)
	} else {
		p.world.Renew(p.account, account)
	}
	p.account.SwitchedOn = true
	n := 0
	for n < len(p.signals) && p.signals[n].At.Before(start) {
		p.take(&p.signals[n])
		n++
	}
	p.signals = p.signals[n:]
}

// take takes one signal in.
func (p *player) take(s *rules.Signal) {
	def := p.world.Book.Signal(s.Signal)
	if def == nil { // the command says so, of all accounts at once
		return
	}
	if _, err := p.account.History.Apply(*s, *def, p.zone, s.At); err != nil && len(p.refused) < maxRefused {
		p.refused = append(p.refused, err.Error())
	}
}

// day lets one day pass.
func (p *player) day(day rules.Date) {
	end := (day + 1).In(p.zone)
	for n := 0; n < maxDoings; n++ {
		next := p.next()
		if next.IsZero() || !next.Before(end) {
			break
		}
		if next.After(p.world.Now) {
			p.world.Now = next
		}
		p.due(end)
		p.account.SwitchedOn = false
		p.world.Drain(maxDoings)
		p.forget()
	}
}

// came lets the account have the stage and milestones that it has come to have by now,
// and reports whether there are any.
func (p *player) came() bool {
	now, n := p.world.Now, 0
	for n < len(p.coming) && !p.coming[n].After(now) {
		n++
	}
	if p.coming = p.coming[n:]; n == 0 {
		return false
	}
	if p.account.Data.Stage == "" && p.dated.Stage != "" && !p.dated.StageSince.After(now) {
		p.account.Data.Stage, p.account.Data.StageSince = p.dated.Stage, p.dated.StageSince
	}
	for name, m := range p.dated.Milestones {
		if have := p.account.Data.Milestones[name]; have.Reached.IsZero() && !m.Reached.IsZero() && !m.Reached.After(now) {
			have.Reached, have.By = m.Reached, m.By
			p.account.Data.Milestones[name] = have
		}
	}
	return true
}

// coming returns when an account came to its stage and its milestones, of those to which
// it came only after a time.
func coming(a *rules.Account, after time.Time) []time.Time {
	var all []time.Time
	if a.StageSince.After(after) {
		all = append(all, a.StageSince)
	}
	for _, m := range a.Milestones {
		if m.Reached.After(after) {
			all = append(all, m.Reached)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// asOf returns an account without what came only later: milestones reached, and the
// stage that it is in by now.
func asOf(a rules.Account, at time.Time) rules.Account {
	if a.StageSince.After(at) {
		a.Stage, a.StageSince = "", time.Time{}
	}
	milestones := make(map[string]rules.Milestone, len(a.Milestones))
	for name, m := range a.Milestones {
		if m.Reached.After(at) {
			m.Reached, m.By, m.Evidence = time.Time{}, "", ""
		}
		milestones[name] = m
	}
	a.Milestones = milestones
	return a
}

// next returns when something next happens to the account.
func (p *player) next() time.Time {
	next := p.account.Due
	if next.IsZero() { // the first time
		next = p.world.Now
	}
	if len(p.signals) > 0 && p.signals[0].At.Before(next) {
		next = p.signals[0].At
	}
	if len(p.coming) > 0 && p.coming[0].Before(next) {
		next = p.coming[0]
	}
	for _, d := range p.delivered {
		if d.at.Before(next) {
			next = d.at
		}
	}
	for _, t := range p.looks {
		if t.Before(next) {
			next = t
		}
	}
	return next
}

// due does what has fallen due. Signals are taken in by the hour: those that come
// within one are judged together, when the last of them has come.
func (p *player) due(end time.Time) {
	now := p.world.Now
	var c replay.Change
	hour := now.Truncate(time.Hour).Add(time.Hour)
	n := 0
	for n < len(p.signals) && !p.signals[0].At.After(now) && p.signals[n].At.Before(hour) && p.signals[n].At.Before(end) {
		s := &p.signals[n]
		p.take(s)
		if s.At.After(p.world.Now) {
			p.world.Now = s.At
		}
		if !slices.Contains(c.Signals, s.Signal) {
			c.Signals = append(c.Signals, s.Signal)
		}
		n++
	}
	p.signals = p.signals[n:]
	looks := len(p.looks)
	p.looks = slices.DeleteFunc(p.looks, func(t time.Time) bool { return !t.After(p.world.Now) })
	c.All = p.came() || !p.account.Due.After(p.world.Now) || len(p.looks) < looks
	kept := p.delivered[:0]
	for _, d := range p.delivered {
		if d.at.After(p.world.Now) {
			kept = append(kept, d)
			continue
		}
		c.Events = append(c.Events, playbooks.Event{Kind: playbooks.Delivered, At: p.world.Now, Run: d.run.ID, Visit: d.visit, Person: d.person})
	}
	p.delivered = kept
	p.world.Settle(p.account, c)
	p.lapse()
}

// lapse ends the episodes whose condition is over: where resolve holds, or without one
// when does not. The engine looks for that only while a play is open, and a firing lasts
// as long whatever its play does.
func (p *player) lapse() {
	ready := false
	for _, e := range p.episodes {
		if !e.Over.IsZero() || e.By != "" || !e.Fired.Before(p.world.Now) {
			continue
		}
		rule := p.world.Book.Rules.Rule(e.Playbook)
		if rule == nil {
			continue
		}
		f := p.account.Facts
		if !ready {
			f.Reset(&p.account.Data, &p.account.History, p.world.Now)
			p.world.SetFeeds(f)
			ready = true
		}
		f.ForContract(e.Subject)
		over := -rule.When.Truth(f)
		if rule.Resolve != nil {
			over = rule.Resolve.Truth(f)
		}
		if over == rules.True {
			e.Over = p.world.Now
		}
	}
	if ready {
		p.account.Facts.ForContract("")
	}
}

// forget drops the runs that are over.
func (p *player) forget() {
	p.account.Runs = slices.DeleteFunc(p.account.Runs, func(r *replay.Run) bool { return !r.Open() })
}

// decided notes a decision.
func (p *player) decided(_ *replay.Account, key string, d rules.Decision) {
	switch d.Outcome {
	case rules.Fired:
		if last := p.last(d.Playbook, d.Subject); last != nil && last.Over.IsZero() {
			last.Over = d.At
		}
		p.episodes = append(p.episodes, &Episode{Account: d.Account, Playbook: d.Playbook, Subject: d.Subject, Fired: d.At,
			Values: values(d.Clauses), Severity: string(p.world.Book.Playbooks[d.Playbook].Severity), Held: p.heldSince(d),
			Draft: p.draft(d.Playbook), zone: p.zone, episode: d.Episode})
	case rules.Suppressed:
		p.count(d.Playbook, string(d.Reason), "")
		if d.Reason == rules.OverStormLimit {
			p.holds(d)
		}
	case rules.Unknowable:
		p.count(d.Playbook, string(rules.Unknowable), strings.Join(slices.Compact(slices.Sorted(slices.Values(d.Missing))), "; "))
	}
}

func (p *player) last(playbook, subject string) *Episode {
	for i := len(p.episodes) - 1; i >= 0; i-- {
		if e := p.episodes[i]; e.Playbook == playbook && e.Subject == subject {
			return e
		}
	}
	return nil
}

// draft reports whether a playbook is a draft.
func (p *player) draft(playbook string) bool {
	of := p.world.Book.Playbooks[playbook]
	return of != nil && of.Draft
}

func (p *player) count(playbook, reason, missing string) {
	for i := range p.counts {
		if c := &p.counts[i]; c.Playbook == playbook && c.Reason == reason {
			c.N++
			return
		}
	}
	p.counts = append(p.counts, Count{playbook, reason, 1, missing})
}

// begun ties a run to its episode. One that another run started is an episode too.
func (p *player) begun(a *replay.Account, r *replay.Run) {
	e := p.last(r.Playbook, r.Subject)
	if e == nil || e.run != "" || r.StartedBy != "rule" {
		e = &Episode{Account: a.ID, Playbook: r.Playbook, Subject: r.Subject, Fired: r.Began, Severity: string(r.Severity), Draft: p.draft(r.Playbook), zone: p.zone}
		if r.StartedBy != "rule" {
			e.By = r.StartedBy
		}
		p.episodes = append(p.episodes, e)
	}
	e.run, e.Person = r.ID, r.Assignee
}

func (p *player) ofRun(r *replay.Run) *Episode {
	for i := len(p.episodes) - 1; i >= 0; i-- {
		if p.episodes[i].run == r.ID {
			return p.episodes[i]
		}
	}
	return nil
}

// ended notes how a run ended when nobody answered.
func (p *player) ended(_ *replay.Account, r *replay.Run) {
	e := p.ofRun(r)
	if e == nil {
		return
	}
	e.Outcome = r.Outcome
	if r.StartedBy != "rule" && e.Over.IsZero() {
		e.Over = r.Ended
	}
}

// nudged lets a person be given what is for them, when they next work. The first
// question or task of a run is its prompt.
func (p *player) nudged(_ *replay.Account, r *replay.Run, e playbooks.Effect) {
	switch e.What {
	case playbooks.NudgeQuestion, playbooks.NudgeTask, playbooks.NudgeHandoff, playbooks.NudgeApproval, playbooks.NudgeAskedBack,
		playbooks.NudgeSnoozeOver, playbooks.NudgeFill:
	default:
		return
	}
	at := p.world.Team.Calendar(e.Person).NextWorking(p.world.Now)
	p.delivered = append(p.delivered, delivery{at, r, e.Visit, e.Person})
	if of := p.ofRun(r); of != nil && !of.given() {
		of.Prompted, of.Person, of.Asks = at, e.Person, e.What
		of.Joined = at.Sub(r.Began) > 0 && slices.ContainsFunc(r.Log, func(l playbooks.Entry) bool { return l.What == "log.held" })
	}
}

// values writes the clauses of a decision.
func values(clauses []rules.ClauseValue) []Value {
	var all []Value
	for _, c := range clauses {
		all = append(all, Value{Clause: c.Source, Truth: c.Truth, Read: readings(c.Values)})
	}
	return all
}

// readings writes what a clause read: logins.drop("14d") = 0.52.
func readings(values map[string]any) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + " = " + replay.Written(short(values[name]))
	}
	return strings.Join(names, ", ")
}

// short rounds a number to what a reader wants to see of it.
func short(v any) any {
	f, ok := v.(float64)
	if !ok {
		return v
	}
	for _, digits := range []float64{1, 10, 100} {
		if r := math.Round(f*digits) / digits; r == f || digits == 100 {
			return r
		}
	}
	return v
}

func zoneOf(a *rules.Account) *time.Location { return replay.ZoneOf(a) }
