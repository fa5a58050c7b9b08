package playtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// maxSteps bounds what may happen in one case, so that a book that goes round cannot
// keep the tests from ending.
const maxSteps = 200_000

// A world is one case being played: its accounts, the people, and the time.
type world struct {
	*replay.World
	file     *File
	c        *Case
	coverage *Coverage

	accounts []*account
	people   map[string]*person
	away     map[string]playbooks.Away
	feeds    map[string]rules.FeedLog  // by signal
	outages  map[string][]rules.Outage // of them; replaced, never changed

	messages []message
	drafts   []message // what silent drafts would have told
	peers    playbooks.Peers
	timeline []Happening
	steps    int
}

// play plays one case.
func play(book *playbooks.Book, file *File, c *Case, coverage *Coverage) CaseResult {
	var judged []*rules.Rule
	for _, rule := range book.Rules.Rules {
		if rule.Playbook == file.Playbook.Name || slices.Contains(c.With, rule.Playbook) {
			judged = append(judged, rule)
		}
	}
	w := &world{World: replay.NewWorld(book, judged, c.Start), file: file, c: c, coverage: coverage,
		people: map[string]*person{}, away: map[string]playbooks.Away{}, feeds: map[string]rules.FeedLog{}}
	w.Feed = func(signal string) time.Time { return w.feeds[signal].Last }
	w.Outages = func() map[string][]rules.Outage { return w.outages }
	w.Load = w.load
	w.Hooks = w.hooks()
	w.Silent = func(playbook string) bool { return playbook != file.Playbook.Name }
	w.Peers = w.peersOf
	result := CaseResult{Name: c.Name, File: file.Name, Line: c.Line, Zone: c.zone, Start: c.Start}
	if err := w.prepare(); err != nil {
		result.Failures = []Failure{{Line: c.Line, At: c.Start, Details: []Detail{{What: "start", Expected: "the accounts as written", Got: err.Error()}}}}
		return result
	}
	result.Failures = w.run()
	result.Timeline = w.timeline
	if coverage != nil {
		for _, a := range w.accounts {
			for _, r := range a.Runs {
				coverage.visited(book, &r.Run)
			}
		}
	}
	return result
}

// prepare makes the accounts, with the history that they have when the case starts.
func (w *world) prepare() error {
	var past []rules.Signal
	for i, id := range w.c.Accounts {
		def := w.file.account(id)
		a := &account{Account: w.NewAccount(def.Data)}
		a.ID, a.SwitchedOn = id, w.c.SwitchedOn
		series := def.Series
		if i == 0 {
			series = replaced(series, w.c.Series)
			for _, field := range slices.Sorted(maps.Keys(w.c.Set)) {
				if err := replay.SetField(&a.Data, field, w.c.Set[field], "", w.c.Start); err != nil {
					return err
				}
			}
		}
		if a.Data.StageSince.IsZero() && a.Data.Stage != "" {
			a.Data.StageSince = w.c.Start
		}
		a.Zone = replay.ZoneOf(&a.Data)
		for _, s := range series {
			a.arrivals = append(a.arrivals, s.signals(id, a.Zone, w.Book.Signal(s.Signal))...)
		}
		slices.SortStableFunc(a.arrivals, func(x, y rules.Signal) int { return x.At.Compare(y.At) })
		for len(a.arrivals) > 0 && a.arrivals[0].At.Before(w.c.Start) {
			s := a.arrivals[0]
			if _, err := a.History.Apply(s, *w.Book.Signal(s.Signal), a.Zone, s.At); err != nil {
				return err
			}
			past = append(past, s)
			a.arrivals = a.arrivals[1:]
		}
		w.accounts = append(w.accounts, a)
	}
	slices.SortStableFunc(past, func(x, y rules.Signal) int { return x.At.Compare(y.At) }) // what one account sent fills the silence of another
	for _, s := range past {
		w.heard(s.Signal, s.At)
	}
	return nil
}

// replaced returns the series, those of the same signal taken from the others.
func replaced(series, others []Series) []Series {
	all := slices.DeleteFunc(slices.Clone(series), func(s Series) bool {
		return slices.ContainsFunc(others, func(o Series) bool { return o.Signal == s.Signal })
	})
	return append(all, others...)
}

// noon is when a day's value of a series arrives, on the account's clock.
const noon = 12 * time.Hour

// signals returns what arrives of a series.
func (s Series) signals(account string, zone *time.Location, def *rules.SignalDef) []rules.Signal {
	var all []rules.Signal
	values := days(s.Parts, s.From)
	hours := hoursOf(s.Parts, values)
	for i, v := range values {
		if hours[i] != nil {
			all = append(all, s.byHour(account, zone, s.From+rules.Date(i), hours[i])...)
			continue
		}
		one := rules.Signal{Account: account, Signal: s.Signal, By: s.By, Value: v, At: (s.From + rules.Date(i)).In(zone).Add(noon)}
		switch {
		case v != v: // nothing arrives
		case def.Kind != rules.Unique:
			all = append(all, one)
		case v == 0 && s.User == "":
			one.Mode = "set"
			all = append(all, one)
		case s.User != "" && v > 0:
			one.User, one.Value = s.User, 1
			all = append(all, one)
		case s.User == "":
			one.Value = 1
			for n := range int(v) {
				one.User = fmt.Sprintf("user %d", n+1)
				all = append(all, one)
			}
		}
	}
	return all
}

// takeIn adds one signal to an account's series.
func (w *world) takeIn(a *account, s rules.Signal, now time.Time) error {
	if _, err := a.History.Apply(s, *w.Book.Signal(s.Signal), a.Zone, now); err != nil {
		return err
	}
	w.heard(s.Signal, now)
	return nil
}

// run lets the time pass, with everything that happens and is expected at its time.
func (w *world) run() []Failure {
	var failures []Failure
	do, expect := w.c.Do, w.c.Expect
	for len(do) > 0 && do[0].At.Equal(w.c.Start) && do[0].setsTheScene() {
		if f := w.do(do[0]); f != nil {
			failures = append(failures, *f)
		}
		w.drain()
		do = do[1:]
	}
	for _, a := range w.accounts {
		w.spread(a)
	}
	for _, a := range w.accounts {
		w.Settle(a.Account, replay.Change{All: true})
		w.drain()
	}
	for _, a := range w.accounts {
		a.SwitchedOn = false
	}
	for len(do) > 0 || len(expect) > 0 {
		if len(do) > 0 && (len(expect) == 0 || !do[0].At.After(expect[0].At)) {
			w.passTo(do[0].At)
			if f := w.do(do[0]); f != nil {
				failures = append(failures, *f)
			}
			w.drain()
			do = do[1:]
			continue
		}
		w.passTo(expect[0].At)
		if f := w.look(expect[0]); f != nil {
			failures = append(failures, *f)
		}
		expect = expect[1:]
	}
	if w.steps >= maxSteps {
		failures = append(failures, Failure{Line: w.c.Line, At: w.Now, About: "the whole case", Details: []Detail{{What: "what happens",
			Expected: "comes to rest", Got: fmt.Sprintf("more than %d things happened; something goes round", maxSteps)}}})
	}
	return failures
}

// passTo lets everything happen that falls due until a time.
func (w *world) passTo(to time.Time) {
	for {
		next := w.next()
		if next.IsZero() || next.After(to) || w.steps >= maxSteps {
			break
		}
		w.steps++
		if next.After(w.Now) {
			w.Now = next
		}
		w.due()
		w.drain()
	}
	if to.After(w.Now) {
		w.Now = to
	}
}

// next returns when something next falls due, or the zero time.
func (w *world) next() time.Time {
	var next time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, a := range w.accounts {
		earlier(a.Due)
		if len(a.arrivals) > 0 {
			earlier(a.arrivals[0].At)
		}
	}
	for _, p := range w.people {
		earlier(p.due)
	}
	earlier(w.GatheringDue())
	return next
}

// due does what has fallen due: first of the accounts, then of the people.
func (w *world) due() {
	for _, a := range w.accounts {
		if !a.Due.IsZero() && !a.Due.After(w.Now) {
			w.spread(a)
		}
	}
	for _, a := range w.accounts {
		c := replay.Change{}
		if !a.Due.IsZero() && !a.Due.After(w.Now) {
			c.All = true
		}
		for len(a.arrivals) > 0 && !a.arrivals[0].At.After(w.Now) {
			s := a.arrivals[0]
			a.arrivals = a.arrivals[1:]
			if err := w.takeIn(a, s, w.Now); err != nil {
				w.Happened(a.ID, "refused: %v", err)
				continue
			}
			c.Signals = append(c.Signals, s.Signal)
		}
		if c.All || len(c.Signals) > 0 {
			w.Settle(a.Account, c)
			w.drain()
		}
	}
	w.Gathered()
	w.drain()
	for _, id := range slices.Sorted(maps.Keys(w.people)) {
		if p := w.people[id]; !p.due.IsZero() && !p.due.After(w.Now) {
			w.tell(p)
			w.drain()
		}
	}
}

// drain does what was asked for, and what that asks for, in order.
func (w *world) drain() { w.steps += w.Drain(maxSteps - w.steps) }

func (w *world) account(id string) *account {
	for _, a := range w.accounts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// load counts the open plays by whose turn it is, but for one.
func (w *world) load(but *replay.Run) map[string]int {
	open := map[string]int{}
	for _, a := range w.accounts {
		for _, r := range a.Runs {
			if v := r.Current(); r != but && r.Open() && v != nil {
				open[v.Assignee]++
			}
		}
	}
	return open
}

// do lets one thing happen. It returns why that was not as the case says.
func (w *world) do(d Doing) *Failure {
	a := w.account(d.Account)
	switch d.Kind {
	case "answer", "click", "stop":
		return w.click(a, d)
	case "signal":
		s := d.Signal
		s.Account = a.ID
		if s.At.IsZero() {
			s.At = w.Now
		}
		w.Happened(a.ID, "signal %s %g%s", s.Signal, s.Value, prefixed(" by ", s.By)+prefixed(" user ", s.User))
		if err := w.takeIn(a, s, w.Now); err != nil {
			return w.wrong(d, "signal "+s.Signal, "taken in", err.Error())
		}
		w.Settle(a.Account, replay.Change{Signals: []string{s.Signal}})
	case "set":
		for _, field := range slices.Sorted(maps.Keys(d.Set)) {
			w.Happened(a.ID, "set %s to %s", field, replay.Written(d.Set[field]))
			if err := replay.SetField(&a.Data, field, d.Set[field], d.Event.By, w.Now); err != nil {
				return w.wrong(d, "set "+field, "set", err.Error())
			}
		}
		a.Zone = replay.ZoneOf(&a.Data)
		w.Settle(a.Account, replay.Change{All: true})
	case "note":
		w.Happened(a.ID, "note: %s", d.Event.Text)
	case "start":
		w.Happened(a.ID, "%s is started%s", d.Playbook, prefixed(" by ", d.Event.By))
		if !w.Start(a.Account, d.Playbook, d.Subject, d.Event.By, d.Event.Fields) {
			return w.wrong(d, "start "+d.Playbook, "started", "not started: it runs already, is snoozed or paused, or the account is outside its pilot")
		}
		w.Settle(a.Account, replay.Change{})
	case "snooze":
		w.Happened(a.ID, "%s snoozed until %s", orWord(d.Playbook, "account"), w.shown(d.Until))
		a.Snoozes[d.Playbook] = d.Until
		w.Settle(a.Account, replay.Change{All: true})
	case "pause", "resume":
		w.Happened("ops", "%s %s", d.Kind, orWord(d.Playbook, "all"))
		w.Paused[d.Playbook] = d.Kind == "pause"
		if d.Kind == "resume" {
			w.Resume(d.Playbook)
		}
		for _, a := range w.accounts {
			w.Settle(a.Account, replay.Change{All: true})
		}
	case "away":
		cal := w.Team.Calendar(d.Person)
		w.away[d.Person] = playbooks.Away{From: cal.Day(w.Now), Until: cal.Day(d.Until), Cover: d.Cover}
		w.Team = w.Team.WithAway(d.Person, w.away[d.Person])
		w.Happened(d.Person, "away until %s%s", cal.Day(d.Until), prefixed(", cover ", d.Cover))
	}
	return nil
}

// click hands a run what a person did to it.
func (w *world) click(a *account, d Doing) *Failure {
	what := strings.TrimSpace(string(d.Event.Kind) + " " + d.Event.Answer)
	r := latest(a, d.Playbook, d.Subject)
	if r == nil {
		return w.wrong(d, what, "a run of "+d.Playbook, "there is no run")
	}
	e := d.Event
	e.At, e.Run = w.Now, r.ID
	e.Visit = visitOf(r, d.Step)
	if e.By == "" && e.Kind != playbooks.StoppedRun {
		e.By = turn(r, e)
	}
	w.Happened(orWord(e.By, "ops"), "%s%s", what, prefixed(" at ", r.Step))
	p := w.Book.Playbooks[r.Playbook]
	refused := p.Check(r.Run, e, w.Env(a.Account, r))
	got := "taken"
	if refused != nil {
		got = refused.Error()
	}
	switch {
	case refused == nil && d.Refused != "":
		w.Settle(a.Account, replay.Change{Events: []playbooks.Event{e}})
		return w.wrong(d, what, "refused: "+d.Refused, got)
	case refused != nil && d.Refused == "":
		w.Happened(a.ID, "%s", got)
		return w.wrong(d, what, "taken", got)
	case refused != nil:
		w.Happened(a.ID, "%s", got)
		if code := refused.(*playbooks.Refusal).Code; code != d.Refused {
			return w.wrong(d, what, "refused: "+d.Refused, got)
		}
		return nil
	}
	w.Settle(a.Account, replay.Change{Events: []playbooks.Event{e}})
	return nil
}

func (w *world) wrong(d Doing, what, expected, got string) *Failure {
	return &Failure{Line: d.Line, At: w.Now, About: d.Account, Details: []Detail{{What: what, Expected: expected, Got: got}}}
}

func (w *world) shown(at time.Time) string { return shown(at, w.c.Start, w.c.zone) }

// prefixed joins the two where there is a word.
func prefixed(prefix, word string) string {
	if word == "" {
		return ""
	}
	return prefix + word
}

func orWord(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}
