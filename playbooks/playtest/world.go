package playtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// maxSteps bounds what may happen in one case, so that a book that goes round cannot
// keep the tests from ending.
const maxSteps = 200_000

// A world is one case being played: its accounts, the people, and the time.
type world struct {
	book     *playbooks.Book
	file     *File
	c        *Case
	coverage *Coverage

	now      time.Time
	accounts []*account
	people   map[string]*person
	away     map[string]playbooks.Away
	team     *playbooks.Team
	rules    []*rules.Rule        // those that are judged
	feeds    map[string]time.Time // when anything of a signal last arrived
	starts   map[string][]time.Time
	stormy   map[string]bool
	paused   map[string]bool

	queue    []func() // what was asked for and not yet done
	messages []message
	timeline []Happening
	steps    int
}

// play plays one case.
func play(book *playbooks.Book, file *File, c *Case, coverage *Coverage) CaseResult {
	w := &world{book: book, file: file, c: c, coverage: coverage, now: c.Start, team: book.Team,
		people: map[string]*person{}, away: map[string]playbooks.Away{}, feeds: map[string]time.Time{},
		starts: map[string][]time.Time{}, stormy: map[string]bool{}, paused: map[string]bool{}}
	for _, rule := range book.Rules.Rules {
		if rule.Playbook == file.Playbook.Name || slices.Contains(c.With, rule.Playbook) {
			w.rules = append(w.rules, rule)
		}
	}
	result := CaseResult{Name: c.Name, File: file.Name, Line: c.Line, Zone: c.zone, Start: c.Start}
	if err := w.prepare(); err != nil {
		result.Failures = []Failure{{Line: c.Line, At: c.Start, Details: []Detail{{What: "start", Expected: "the accounts as written", Got: err.Error()}}}}
		return result
	}
	result.Failures = w.run()
	result.Timeline = w.timeline
	if coverage != nil {
		for _, a := range w.accounts {
			for _, r := range a.runs {
				coverage.visited(book, &r.Run)
			}
		}
	}
	return result
}

// prepare makes the accounts, with the history that they have when the case starts.
func (w *world) prepare() error {
	for i, id := range w.c.Accounts {
		def := w.file.account(id)
		a := &account{id: id, data: def.Data, states: map[string]rules.RuleState{}, decisions: map[string]rules.Decision{},
			untils: map[string]time.Time{}, ended: map[string]time.Time{}, snoozes: map[string]time.Time{}, switchedOn: w.c.SwitchedOn}
		series := def.Series
		if i == 0 {
			series = replaced(series, w.c.Series)
			for _, field := range slices.Sorted(maps.Keys(w.c.Set)) {
				if err := setField(&a.data, field, w.c.Set[field], "", w.c.Start); err != nil {
					return err
				}
			}
		}
		if a.data.StageSince.IsZero() && a.data.Stage != "" {
			a.data.StageSince = w.c.Start
		}
		a.zone = zoneOf(&a.data)
		for _, s := range series {
			a.arrivals = append(a.arrivals, s.signals(id, a.zone, w.book.Signal(s.Signal))...)
		}
		slices.SortStableFunc(a.arrivals, func(x, y rules.Signal) int { return x.At.Compare(y.At) })
		for len(a.arrivals) > 0 && a.arrivals[0].At.Before(w.c.Start) {
			if err := w.takeIn(a, a.arrivals[0], a.arrivals[0].At); err != nil {
				return err
			}
			a.arrivals = a.arrivals[1:]
		}
		a.facts = w.book.Rules.Facts(&a.data, &a.history, w.now)
		a.own = w.book.Rules.Facts(&a.data, &a.history, w.now)
		w.accounts = append(w.accounts, a)
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
	for i, v := range days(s.Parts, s.From) {
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
	if _, err := a.history.Apply(s, *w.book.Signal(s.Signal), a.zone, now); err != nil {
		return err
	}
	if now.After(w.feeds[s.Signal]) {
		w.feeds[s.Signal] = now
	}
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
		w.settle(a, change{all: true})
		w.drain()
	}
	for _, a := range w.accounts {
		a.switchedOn = false
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
		failures = append(failures, Failure{Line: w.c.Line, At: w.now, About: "the whole case", Details: []Detail{{What: "what happens",
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
		if next.After(w.now) {
			w.now = next
		}
		w.due()
		w.drain()
	}
	if to.After(w.now) {
		w.now = to
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
		earlier(a.due)
		if len(a.arrivals) > 0 {
			earlier(a.arrivals[0].At)
		}
	}
	for _, p := range w.people {
		earlier(p.due)
	}
	return next
}

// due does what has fallen due: first of the accounts, then of the people.
func (w *world) due() {
	for _, a := range w.accounts {
		c := change{}
		if !a.due.IsZero() && !a.due.After(w.now) {
			c.all = true
		}
		for len(a.arrivals) > 0 && !a.arrivals[0].At.After(w.now) {
			s := a.arrivals[0]
			a.arrivals = a.arrivals[1:]
			if err := w.takeIn(a, s, w.now); err != nil {
				w.happened(a.id, "refused: %v", err)
				continue
			}
			c.signals = append(c.signals, s.Signal)
		}
		if c.all || len(c.signals) > 0 {
			w.settle(a, c)
			w.drain()
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.people)) {
		if p := w.people[id]; !p.due.IsZero() && !p.due.After(w.now) {
			w.tell(p)
			w.drain()
		}
	}
}

// drain does what was asked for, and what that asks for, in order.
func (w *world) drain() {
	for len(w.queue) > 0 && w.steps < maxSteps {
		first := w.queue[0]
		w.queue = w.queue[1:]
		w.steps++
		first()
	}
}

func (w *world) later(f func()) { w.queue = append(w.queue, f) }

func (w *world) happened(who, format string, args ...any) {
	w.timeline = append(w.timeline, Happening{At: w.now, Who: who, Text: fmt.Sprintf(format, args...)})
}

func (w *world) account(id string) *account {
	for _, a := range w.accounts {
		if a.id == id {
			return a
		}
	}
	return nil
}

// do lets one thing happen. It returns why that was not as the case says.
func (w *world) do(d Doing) *Failure {
	a := w.account(d.Account)
	switch d.Kind {
	case "answer", "click", "stop":
		return w.click(a, d)
	case "signal":
		s := d.Signal
		s.Account = a.id
		if s.At.IsZero() {
			s.At = w.now
		}
		w.happened(a.id, "signal %s %g%s", s.Signal, s.Value, prefixed(" by ", s.By)+prefixed(" user ", s.User))
		if err := w.takeIn(a, s, w.now); err != nil {
			return w.wrong(d, "signal "+s.Signal, "taken in", err.Error())
		}
		w.settle(a, change{signals: []string{s.Signal}})
	case "set":
		for _, field := range slices.Sorted(maps.Keys(d.Set)) {
			w.happened(a.id, "set %s to %s", field, written(d.Set[field]))
			if err := setField(&a.data, field, d.Set[field], d.Event.By, w.now); err != nil {
				return w.wrong(d, "set "+field, "set", err.Error())
			}
		}
		a.zone = zoneOf(&a.data)
		w.settle(a, change{all: true})
	case "note":
		w.happened(a.id, "note: %s", d.Event.Text)
	case "start":
		w.happened(a.id, "%s is started%s", d.Playbook, prefixed(" by ", d.Event.By))
		if !w.start(a, d.Playbook, d.Subject, d.Event.By, d.Event.Fields) {
			return w.wrong(d, "start "+d.Playbook, "started", "not started: it runs already, or is snoozed")
		}
		w.settle(a, change{})
	case "snooze":
		w.happened(a.id, "%s snoozed until %s", orWord(d.Playbook, "account"), w.shown(d.Until))
		a.snoozes[d.Playbook] = d.Until
		w.settle(a, change{all: true})
	case "pause", "resume":
		w.happened("ops", "%s %s", d.Kind, orWord(d.Playbook, "all"))
		w.paused[d.Playbook] = d.Kind == "pause"
		if d.Kind == "resume" {
			delete(w.stormy, d.Playbook)
			delete(w.starts, d.Playbook)
		}
		for _, a := range w.accounts {
			w.settle(a, change{all: true})
		}
	case "away":
		cal := w.team.Calendar(d.Person)
		w.away[d.Person] = playbooks.Away{From: cal.Day(w.now), Until: cal.Day(d.Until), Cover: d.Cover}
		w.team = w.team.WithAway(d.Person, w.away[d.Person])
		w.happened(d.Person, "away until %s%s", cal.Day(d.Until), prefixed(", cover ", d.Cover))
	}
	return nil
}

// click hands a run what a person did to it.
func (w *world) click(a *account, d Doing) *Failure {
	what := strings.TrimSpace(string(d.Event.Kind) + " " + d.Event.Answer)
	r := a.latest(d.Playbook, d.Subject)
	if r == nil {
		return w.wrong(d, what, "a run of "+d.Playbook, "there is no run")
	}
	e := d.Event
	e.At, e.Run = w.now, r.ID
	e.Visit = r.visit(d.Step)
	if e.By == "" && e.Kind != playbooks.StoppedRun {
		e.By = r.turn(e)
	}
	w.happened(orWord(e.By, "ops"), "%s%s", what, prefixed(" at ", r.Step))
	p := w.book.Playbooks[r.Playbook]
	refused := p.Check(r.Run, e, w.env(a, r))
	got := "taken"
	if refused != nil {
		got = refused.Error()
	}
	switch {
	case refused == nil && d.Refused != "":
		w.settle(a, change{events: []playbooks.Event{e}})
		return w.wrong(d, what, "refused: "+d.Refused, got)
	case refused != nil && d.Refused == "":
		w.happened(a.id, "%s", got)
		return w.wrong(d, what, "taken", got)
	case refused != nil:
		w.happened(a.id, "%s", got)
		if code := refused.(*playbooks.Refusal).Code; code != d.Refused {
			return w.wrong(d, what, "refused: "+d.Refused, got)
		}
		return nil
	}
	w.settle(a, change{events: []playbooks.Event{e}})
	return nil
}

func (w *world) wrong(d Doing, what, expected, got string) *Failure {
	return &Failure{Line: d.Line, At: w.now, About: d.Account, Details: []Detail{{What: what, Expected: expected, Got: got}}}
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
