package backtest_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// live lets all accounts live together through the days of a back-test, in one world
// and in the order of time, as a bot would that ran then: feeds are heard as they come,
// peers are counted as accounts' days begin, groups gather, limits hold until ops say
// after an hour of theirs that it goes on. Nobody answers.
type live struct {
	t testing.TB
	*replay.World
	accounts []*livingAccount
	feeds    map[string]rules.FeedLog
	outages  map[string][]rules.Outage
	peers    playbooks.Peers
	resumes  map[string]time.Time // by playbook: when ops say that it goes on
	given    []given
	said     []string // account, playbook and day of every firing
	messages []string // of groups
}

type livingAccount struct {
	*replay.Account
	begins  time.Time
	signals []rules.Signal
	changes []change // of the account itself that are still to come, by time
}

// change is what a person or a system tells of an account at a time.
type change struct {
	at    time.Time
	field string
	value any
}

// before takes an account back to a time: what it came to be later is told then.
func before(a *rules.Account, at time.Time) (later []change) {
	if a.StageSince.After(at) {
		later = append(later, change{a.StageSince, "stage", a.Stage})
		a.Stage, a.StageSince = "", time.Time{}
	}
	a.Milestones = maps.Clone(a.Milestones)
	for name, m := range a.Milestones {
		if m.Reached.After(at) {
			later = append(later, change{m.Reached, "milestone." + name, true})
			a.Milestones[name] = rules.Milestone{Due: m.Due}
		}
	}
	slices.SortFunc(later, func(x, y change) int { return x.at.Compare(y.at) })
	return later
}

// given is a step that a person is given at a time.
type given struct {
	at     time.Time
	a      *replay.Account
	run    *replay.Run
	visit  int
	person string
}

func newLive(t testing.TB, book *playbooks.Book, o backtest.Options, inputs []backtest.Input) *live {
	l := &live{t: t, feeds: map[string]rules.FeedLog{}, resumes: map[string]time.Time{}}
	var first time.Time
	for _, in := range inputs {
		if at := o.From.In(replay.ZoneOf(&in.Account)); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	l.World = replay.NewWorld(book, book.Rules.Rules, first)
	l.Feed = func(signal string) time.Time { return l.feeds[signal].Last }
	l.Outages = func() map[string][]rules.Outage { return l.outages }
	l.Peers = func(a *replay.Account) func(rules.PeerGroup) *rules.Distribution { return l.peers.Of(a.ID) }
	l.Hooks = replay.Hooks{Decided: l.decided, Nudged: l.nudged, Grouped: func(p *playbooks.Playbook, m *playbooks.GroupTold) {
		l.messages = append(l.messages, fmt.Sprintf("%s %d: %v", p.Name, m.N, m.Accounts()))
	}}
	var past []rules.Signal
	for _, in := range inputs {
		begins := o.From.In(replay.ZoneOf(&in.Account))
		later := before(&in.Account, begins)
		a := &livingAccount{Account: l.NewAccount(in.Account), begins: begins, signals: slices.Clone(in.Signals), changes: later}
		a.SwitchedOn = true
		slices.SortStableFunc(a.signals, func(x, y rules.Signal) int { return x.At.Compare(y.At) })
		for len(a.signals) > 0 && a.signals[0].At.Before(a.begins) {
			s := a.signals[0]
			if _, err := a.History.Apply(s, *book.Signal(s.Signal), a.Zone, s.At); err != nil {
				t.Fatal(err)
			}
			past, a.signals = append(past, s), a.signals[1:]
		}
		l.accounts = append(l.accounts, a)
	}
	slices.SortStableFunc(past, func(x, y rules.Signal) int { return x.At.Compare(y.At) })
	for _, s := range past {
		l.heard(s.Signal, s.At)
	}
	return l
}

func (l *live) heard(signal string, at time.Time) {
	log := l.feeds[signal]
	n := len(log.Outages)
	log.Heard(at, *l.Book.Signal(signal))
	l.feeds[signal] = log
	if len(log.Outages) != n {
		l.outages = map[string][]rules.Outage{}
		for name, f := range l.feeds {
			l.outages[name] = slices.Clone(f.Outages)
		}
	}
}

func (l *live) decided(a *replay.Account, _ string, d rules.Decision) {
	if d.Outcome == rules.Fired {
		l.said = append(l.said, fmt.Sprintf("%s %s%s", l.Now.In(a.Zone).Format(time.DateOnly), a.ID, of(d.Playbook, d.Subject)))
	}
	if _, told := l.resumes[d.Playbook]; d.Reason == rules.OverStormLimit && !told {
		l.resumes[d.Playbook] = l.Team.Calendar(l.Team.Resolve("ops", nil, "", 0).ID).NextWorking(l.Now.Add(time.Hour))
	}
}

func of(playbook, subject string) string {
	if subject == "" {
		return " " + playbook
	}
	return " " + playbook + "/" + subject
}

func (l *live) nudged(a *replay.Account, r *replay.Run, e playbooks.Effect) {
	if replay.Delivers(e.What) {
		l.given = append(l.given, given{l.Team.Calendar(e.Person).NextWorking(l.Now), a, r, e.Visit, e.Person})
	}
}

// pass lets everything happen until a time.
func (l *live) pass(end func(*livingAccount) time.Time) {
	for {
		var next time.Time
		earlier := func(t time.Time) {
			if !t.IsZero() && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		for _, a := range l.accounts {
			if at := a.next(); at.Before(end(a)) {
				earlier(at)
			}
		}
		if next.IsZero() {
			return
		}
		for _, g := range l.given {
			earlier(g.at)
		}
		for _, at := range l.resumes {
			earlier(at)
		}
		earlier(l.GatheringDue())
		if next.After(l.Now) {
			l.Now = next
		}
		l.happen(end)
	}
}

// next returns when something is to happen to the account.
func (a *livingAccount) next() time.Time {
	due := a.Due
	if due.IsZero() {
		due = a.begins
	}
	if len(a.signals) > 0 && a.signals[0].At.Before(due) {
		due = a.signals[0].At
	}
	if len(a.changes) > 0 && a.changes[0].at.Before(due) {
		due = a.changes[0].at
	}
	return due
}

func (l *live) happen(end func(*livingAccount) time.Time) {
	is := func(a *livingAccount) bool { return !a.next().After(l.Now) && l.Now.Before(end(a)) }
	for _, a := range l.accounts {
		if is(a) && (a.Due.IsZero() || !a.Due.After(l.Now)) {
			a.Facts.Reset(&a.Data, &a.History, l.Now)
			l.SetFeeds(a.Facts)
			l.peers.Set(a.ID, a.Facts.PeerValues())
		}
	}
	resumed := false
	for playbook, at := range l.resumes {
		if !at.After(l.Now) {
			l.Resume(playbook)
			delete(l.resumes, playbook)
			resumed = true
		}
	}
	over := map[*replay.Account]bool{} // those whose days are over
	for _, a := range l.accounts {
		over[a.Account] = !l.Now.Before(end(a))
		if a.Due.IsZero() && a.begins.After(l.Now) || over[a.Account] {
			continue
		}
		c := replay.Change{All: resumed}
		if is(a) {
			c.All = c.All || a.Due.IsZero() || !a.Due.After(l.Now)
			for len(a.signals) > 0 && !a.signals[0].At.After(l.Now) {
				s := a.signals[0]
				a.signals = a.signals[1:]
				if _, err := a.History.Apply(s, *l.Book.Signal(s.Signal), a.Zone, l.Now); err != nil {
					l.t.Fatal(err)
				}
				l.heard(s.Signal, l.Now)
				c.Signals = append(c.Signals, s.Signal)
			}
			for len(a.changes) > 0 && !a.changes[0].at.After(l.Now) {
				told := a.changes[0]
				a.changes, c.All = a.changes[1:], true
				if err := replay.SetField(&a.Data, told.field, told.value, "told", told.at); err != nil {
					l.t.Fatal(err)
				}
			}
		}
		kept := l.given[:0:0]
		for _, g := range l.given {
			if g.a == a.Account && !g.at.After(l.Now) {
				c.Events = append(c.Events, playbooks.Event{Kind: playbooks.Delivered, At: l.Now, Run: g.run.ID, Visit: g.visit, Person: g.person})
			} else {
				kept = append(kept, g)
			}
		}
		l.given = kept
		if c.All || len(c.Signals)+len(c.Events) > 0 {
			l.Settle(a.Account, c)
			a.SwitchedOn = false
			l.Drain(10_000)
		}
	}
	l.given = slices.DeleteFunc(l.given, func(g given) bool { return over[g.a] && !g.at.After(l.Now) })
	l.Gathered()
	l.Drain(10_000)
}

// compare plays accounts live and in a back-test, and fails where a playbook fires on
// another day, on another account, or is told of in another message.
func compare(t testing.TB, book *playbooks.Book, o backtest.Options, inputs []backtest.Input) *backtest.Report {
	t.Helper()
	o.Chance, o.Heard = -1, map[string]backtest.Days{}
	slices.SortFunc(inputs, func(a, b backtest.Input) int { return cmpText(a.Account.ID, b.Account.ID) })
	for _, in := range inputs {
		for _, s := range in.Signals {
			days := o.Heard[s.Signal]
			days.Add(rules.DateOf(s.At.In(replay.ZoneOf(&in.Account))))
			o.Heard[s.Signal] = days
		}
	}
	l := newLive(t, book, o, inputs)
	l.pass(func(a *livingAccount) time.Time { return (o.To + 1).In(a.Zone) })
	r := run(t, book, o, inputs...)
	var fired []string
	zones := map[string]*time.Location{}
	for _, a := range l.accounts {
		zones[a.ID] = a.Zone
	}
	groups := map[string][]string{}
	for _, e := range r.Episodes {
		if e.By == "" {
			fired = append(fired, fmt.Sprintf("%s %s%s", e.Fired.In(zones[e.Account]).Format(time.DateOnly), e.Account, of(e.Playbook, e.Subject)))
		}
		if e.Message > 0 {
			name := fmt.Sprintf("%s %d", e.Playbook, e.Message)
			groups[name] = append(groups[name], e.Account)
		}
	}
	slices.Sort(fired)
	slices.Sort(l.said)
	if diff := cmp.Diff(l.said, fired); diff != "" {
		t.Error("live (-) and back-test (+):\n" + diff)
	}
	var messages []string
	for name, accounts := range groups {
		messages = append(messages, fmt.Sprintf("%s: %v", name, accounts))
	}
	slices.Sort(messages)
	var last []string // a message is told of with every account that joins it
	for i, text := range l.messages {
		message, _, _ := strings.Cut(text, ":") // of which playbook, and which of its
		if i+1 == len(l.messages) || !strings.HasPrefix(l.messages[i+1], message+":") {
			last = append(last, text)
		}
	}
	if diff := cmp.Diff(last, messages); diff != "" {
		t.Error("messages about several accounts, live (-) and back-test (+):\n" + diff)
	}
	return r
}

func cmpText(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// customer is a made-up account to which everything happens that the starter book is
// about, at times that its number tells.
func customer(n int, from, to rules.Date) backtest.Input {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	id := fmt.Sprintf("c%02d", n)
	zone := []string{"Asia/Tokyo", "America/New_York", "Europe/Berlin"}[n%3]
	seats, amount := float64(20+10*(n%12)), 90_000.0
	start := from - 200 - rules.Date(n%3)*40
	if n%4 == 0 { // a new customer
		start = from + rules.Date(n)
	}
	days := func(d rules.Date) time.Time { return d.In(time.UTC) }
	in := backtest.Input{Account: rules.Account{ID: id, Name: id, Seats: &seats, Plan: []string{"team", "enterprise"}[n%2], Currency: "USD",
		Country: []string{"JP", "US", "DE"}[n%3], TimeZone: zone, Stage: "adoption", StageSince: days(start),
		Roles:      []rules.Role{{Role: "owner", Person: []string{"tanaka", "miller"}[n%2]}},
		Contracts:  []rules.Contract{{ID: id + "-1", Start: start, End: start + 365 + rules.Date(n), NoticeBy: start + 365 + rules.Date(n) - 30, Amount: &amount}},
		Milestones: map[string]rules.Milestone{"go-live": {Reached: days(from - 30 + rules.Date(n))}}}}
	if n%4 == 0 {
		in.Account.Stage = "onboarding"
		in.Account.Milestones = map[string]rules.Milestone{"first-users": {Due: from + 20 + rules.Date(n)}, "go-live": {Due: from + 40}}
	}
	loc, _ := time.LoadLocation(zone)
	at := func(day rules.Date, signal, by, user string, v float64, mode string) {
		in.Signals = append(in.Signals, rules.Signal{Account: id, Signal: signal, By: by, User: user, Value: v, At: backtest.Noon(day, loc), Mode: mode})
	}
	mean := 20 + r.Float64()*30
	for day := from - backtest.WarmUp; day <= to; day++ {
		since := int(day - from)
		week := 1.0
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			week = 0.2
		}
		noisy := func(m float64) float64 { return float64(int(m*week*(0.8+0.4*r.Float64()) + 0.5)) }
		logins := noisy(mean)
		switch {
		case n%7 == 3 && since > 30 && since < 70:
			logins = noisy(mean / 4)
		case n%11 == 5 && since > 40:
			logins = 0
		}
		at(day, "logins", "", "", logins, "set")
		for u := range min(int(logins/3), 12) {
			at(day, "users", "", fmt.Sprint("user-", (u+int(day))%15), 1, "")
		}
		help := noisy(mean / 2)
		switch {
		case since%37 == n%37 && n%5 == 0: // its own question
			help *= 8
		case since == 55 && n < 30: // a release: nearly everybody reads
			help *= 7
		case since == 80 && n%4 == 1: // some do
			help *= 9
		}
		at(day, "help_views", "exports", "", help, "set")
		used := 0.5
		if n%8 == 7 && since > 10 {
			used = 0.95
		}
		at(day, "seats_used", "", "", seats*used, "set")
		open := float64(2 + r.IntN(2))
		if n%9 == 2 && since > 20 && since < 30 || since >= 90 && since < 90+n%4 { // an outage, for some
			open = 14
		}
		at(day, "tickets_open", "", "", open, "set")
		at(day, "critical_hours", "", "", 0, "set")
		overdue := 0.0
		if n%6 == 1 && since >= 25 && since < 60 {
			overdue = float64(since - 24)
		}
		at(day, "invoice_overdue_days", "", "", overdue, "set")
		if since%60 == n%60 {
			at(day, "nps", "", "", float64(3+n%7), "set")
		}
		if since < 20 && n%3 == 0 || since%20 == n%20 && n%3 != 0 {
			at(day, "contacts", "meeting", "", 1, "")
		}
		if since == -85 {
			at(day, "executive_meetings", "", "", 1, "")
			at(day, "feature_uses", "automation", "", 1, "")
			at(day, "feature_uses", "dashboards", "", 1, "")
		}
		at(day, "feature_uses", "reports", "", 1, "")
		if since == -89 || since == 50 && n%8 == 6 {
			at(day, "champion_left", "told", "", 1, "")
			at(day, "sponsor_changed", "", "", 1, "")
		}
		if since == 33 && n%5 == 2 {
			at(day, "events", "dashboards", "", 1, "")
		}
	}
	return in
}

// Every playbook of the starter book fires on the same days whether a bot runs then, or
// it is back-tested: with peers, groups and limits.
func TestABacktestFiresWhenTheLiveBotWould(t *testing.T) {
	book := libraryOf(t, 1)
	from := rules.NewDate(2026, time.March, 2)
	o := backtest.Options{From: from, To: from + 110}
	var inputs []backtest.Input
	for n := range 44 {
		inputs = append(inputs, customer(n, o.From, o.To))
	}
	r := compare(t, book, o, inputs)
	for _, p := range r.Playbooks {
		t.Logf("%s: fired %d, prompts %d, grouped %d, storms %d, held %d, gone %d", p.Playbook, p.Fired, p.Prompts, p.Grouped, p.Storms, p.Held, p.Gone)
		if p.Fired == 0 {
			t.Errorf("%s never fires: %s %v", p.Playbook, p.Missing, p.Suppressed)
		}
	}
	if p := r.Playbooks[slices.IndexFunc(r.Playbooks, func(p backtest.PlaybookLine) bool { return p.Playbook == "help-spike" })]; p.Messages != 1 || p.Grouped < 20 {
		t.Errorf("the release is %d messages about %d accounts, want one about nearly all", p.Messages, p.Grouped)
	}
	if p := r.Playbooks[slices.IndexFunc(r.Playbooks, func(p backtest.PlaybookLine) bool { return p.Playbook == "ticket-surge" })]; p.Storms == 0 || p.Held == 0 {
		t.Errorf("the outage is no storm: %+v", p)
	}
}

// What an account came to be in the days of a back-test is acted on when it came to be
// it, and what it was before from the first day on, as it would have been live.
func TestABacktestFiresWhenAStageOrAMilestoneIsTold(t *testing.T) {
	live := `playbook: go-live
title: Go-live
about: Go-live is reached, and the account is still in onboarding.
severity: low
when: stage == "onboarding" and milestone("go-live").reached
existing: start
assign: account.owner
channel: dm
steps:
  - {id: move, set: {stage: adoption}, quiet: true, then: =live}
outcomes:
  live: {title: In adoption, good: true}
`
	files := shared()
	files["journey.yaml"] = `stages: {onboarding: {title: Onboarding}, adoption: {title: Adoption}}
milestones: {go-live: {title: Go-live, stage: onboarding}}
`
	b := bookOf(t, files, live)
	first := rules.NewDate(2026, time.March, 2)
	o := backtest.Options{From: first, To: first + 20}
	at := func(days int, hour int) time.Time {
		return (first + rules.Date(days)).In(time.UTC).Add(time.Duration(hour) * time.Hour)
	}
	var inputs []backtest.Input
	for id, when := range map[string][2]time.Time{ // of the stage, of the milestone
		"a": {at(-9, 0), at(-2, 0)}, "b": {at(-9, 0), at(4, 7)}, "c": {at(6, 3), at(-2, 0)}, "d": {at(6, 3), at(4, 7)}, "e": {at(2, 20), at(9, 20)}, "f": {at(2, 20), {}},
	} {
		inputs = append(inputs, backtest.Input{Account: rules.Account{ID: id, Name: id, TimeZone: "Asia/Tokyo", Stage: "onboarding", StageSince: when[0],
			Roles:      []rules.Role{{Role: "owner", Person: "tanaka"}},
			Milestones: map[string]rules.Milestone{"go-live": {Due: first + 30, Reached: when[1]}}}})
	}
	var fired []string
	for _, e := range compare(t, b, o, inputs).Episodes {
		fired = append(fired, e.Account+" "+e.Fired.UTC().Format("2 Jan 15:04"))
	}
	want := []string{"a 1 Mar 15:00", "b 6 Mar 07:00", "c 8 Mar 03:00", "d 8 Mar 03:00", "e 11 Mar 20:00"}
	if diff := cmp.Diff(want, fired); diff != "" {
		t.Error(diff)
	}
}
