package playbooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"playcaller/rules"
)

// rapidTeam is a team of three in two countries, of whom one may be away.
func rapidTeam(t *rapid.T) *Team {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	team := &Team{
		People: []Person{
			{ID: "ann", Manager: "max", Roles: []string{"csm", "onboarding"}, Location: york, Country: "US"},
			{ID: "ken", Manager: "max", Roles: []string{"sales"}, Location: tokyo, Country: "JP"},
			{ID: "max", Location: york, Country: "US"},
		},
		DefaultOwner: "max",
		Roles:        map[string]string{"onboarding": "ann", "ae": "ken"},
		Reminders:    defaultReminders(),
		Escalations:  defaultEscalations(),
	}
	if rapid.Bool().Draw(t, "ann is away") {
		team.People[0].Away = []Away{{From: rules.NewDate(2027, 1, 11), Until: rules.NewDate(2027, 1, 15), Cover: "ken"}}
	}
	return team
}

// rapidBook is a book with one playbook of random steps.
func rapidBook(t *rapid.T) (*Book, *rules.Compiler) {
	compiler, problems := rules.NewCompiler(rules.Schema{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g := &bookDraw{t: t, compiler: compiler}
	steps := rapid.IntRange(1, 6).Draw(t, "steps")
	for i := range steps {
		g.ids = append(g.ids, fmt.Sprintf("s%d", i))
	}
	good := true
	p := &Playbook{
		Name:      "p",
		Severity:  rapid.SampledFrom([]Severity{Low, Medium, High}).Draw(t, "severity"),
		OnResolve: rapid.SampledFrom([]OnResolve{CloseOnResolve, ContinueOnResolve}).Draw(t, "on_resolve"),
		Channel:   "dm",
		Outcomes:  map[string]OutcomeDef{"won": {Good: &good, Escalate: "manager"}},
	}
	if rapid.Bool().Draw(t, "also") {
		p.Also = g.expr(`"ken"`)
	}
	if rapid.IntRange(0, 3).Draw(t, "stop_when") == 0 {
		p.StopWhen = []Branch{{If: g.condition(), Then: Target{Outcome: "won"}}}
	}
	for _, id := range g.ids {
		p.Steps = append(p.Steps, g.step(id))
	}
	due := Offset{From: "contract.start", By: Delay{Days: 14}}
	return &Book{
		Playbooks: map[string]*Playbook{"p": p},
		Journey:   &Journey{Milestones: []MilestoneDef{{ID: "kickoff", Stage: "onboarding", Due: due, Task: &Text{}}}},
		Forms: map[string]*Form{"new": {
			Kind: "new", From: "ae", To: "onboarding", Rounds: 2, Stage: "onboarding", Journey: true,
			Sections: []Section{{Fields: []Field{
				{ID: "start", Kind: DateField, Need: AtWin, Prefill: g.expr("contract.start")},
				{ID: "why", Kind: TextField, Need: AtWin},
				{ID: "uses", Kind: ListField, Need: ByKickoff},
			}}},
		}},
	}, compiler
}

type bookDraw struct {
	t        *rapid.T
	compiler *rules.Compiler
	ids      []string
}

func (g *bookDraw) expr(text string) *rules.Expr {
	e, problems := g.compiler.Expr(rules.Source{Text: text})
	if len(problems) > 0 {
		g.t.Fatalf("%s: %v", text, problems)
	}
	return e
}

func (g *bookDraw) condition() *rules.Condition {
	text := fmt.Sprintf("account.seats >= %d", rapid.IntRange(1, 9).Draw(g.t, "seats"))
	c, problems := g.compiler.Condition(rules.Source{Text: text})
	if len(problems) > 0 {
		g.t.Fatalf("%s: %v", text, problems)
	}
	return c
}

func (g *bookDraw) delay(name string) Delay {
	return rapid.SampledFrom([]Delay{{}, {Minutes: 30}, {Days: 3}, {WorkingDays: 1}, {WorkingDays: 4}, {Days: 30}}).Draw(g.t, name)
}

func (g *bookDraw) target() Target {
	switch rapid.IntRange(0, 3).Draw(g.t, "target") {
	case 0:
		return Target{Outcome: rapid.SampledFrom([]string{"won", Unclear, PassedOn}).Draw(g.t, "outcome")}
	case 1:
		return Target{Step: rapid.SampledFrom(g.ids).Draw(g.t, "to")}
	}
	return Target{}
}

func (g *bookDraw) step(id string) *Step {
	kinds := []StepKind{AskStep, AskStep, TaskStep, SayStep, WaitStep, BranchStep, SetStep, StartStep, WebhookStep, HandoffStep}
	s := &Step{ID: id, Kind: rapid.SampledFrom(kinds).Draw(g.t, "kind"), Then: g.target()}
	switch s.Kind {
	case AskStep:
		s.Ask = &Ask{Answers: []Answer{
			{ID: "a", Then: g.target(), Start: "other"},
			{ID: "b", Then: g.target(), Collect: []Collect{{Name: "until", Kind: "date"}}, Snooze: "until"},
		}}
	case TaskStep:
		s.Task = &Task{Due: g.delay("due"), Checklist: []Text{{}, {}}}
		if rapid.IntRange(0, 2).Draw(g.t, "attach") == 0 {
			s.Attach = &Attach{By: g.expr(`"ken"`)}
		}
	case SayStep:
		s.Say = &Say{}
	case WaitStep:
		s.Wait = &Wait{For: g.delay("wait")}
		if rapid.Bool().Draw(g.t, "until") {
			s.Wait.Until = g.condition()
		}
	case BranchStep:
		other := g.target()
		s.Branch = []Branch{{If: g.condition(), Then: g.target()}, {Then: g.target(), Unknown: &other}}
	case SetStep:
		s.Set = []Assignment{{Field: "attributes.x", Value: g.expr("account.seats")}}
	case StartStep:
		s.Start = "other"
	case WebhookStep:
		s.Webhook = &Webhook{Name: "crm", Body: []BodyField{{Name: "seats", Value: g.expr("account.seats")}}}
		if rapid.Bool().Draw(g.t, "where it cannot be reached") {
			s.Otherwise = &Otherwise{After: Delay{Minutes: 30}, Then: g.target()}
		}
	case HandoffStep:
		s.Handoff = "new"
	}
	g.turns(s)
	return s
}

// turns adds what a step may say of time and of a second person.
func (g *bookDraw) turns(s *Step) {
	if s.Kind != AskStep && s.Kind != TaskStep {
		return
	}
	if rapid.Bool().Draw(g.t, "remind") {
		s.Remind = []Delay{{WorkingDays: 1}, {Days: 2}}
	}
	if rapid.Bool().Draw(g.t, "escalate") {
		s.Escalate = &Escalate{After: g.delay("escalate"), To: "manager"}
	}
	if rapid.Bool().Draw(g.t, "otherwise") {
		s.Otherwise = &Otherwise{After: g.delay("otherwise"), Then: g.target()}
	}
	if rapid.IntRange(0, 4).Draw(g.t, "approve") == 0 {
		s.Approve = &Approve{By: "manager", Within: g.delay("within"), Denied: g.target()}
	}
	if rapid.IntRange(0, 4).Draw(g.t, "repeat") == 0 {
		s.Repeat = &Repeat{Every: g.delay("every")}
	}
}

// facts are those of an account whose seats may not be known.
func rapidFacts(t *rapid.T, c *rules.Compiler, now time.Time) *rules.Facts {
	account := &rules.Account{ID: "acme", Roles: []rules.Role{{Role: "owner", Person: "ann"}},
		Contracts: []rules.Contract{{ID: "c1", Start: rules.NewDate(2027, 1, 20), End: rules.NewDate(2028, 1, 19)}}}
	if n := rapid.IntRange(0, 10).Draw(t, "account's seats"); n > 0 {
		seats := float64(n)
		account.Seats = &seats
	}
	return rules.NewFacts(c, account, nil, now)
}

var rapidKinds = []EventKind{Tick, Tick, Facts, RuleEnded, Delivered, Delivered, Answered, Answered, Taken, Done, Checked,
	SnoozedRun, Dismissed, Reassigned, Moved, Noted, Approved, Refused, Undone, Undone, StoppedRun, Joined, HeldBack, Released, HandedOn,
	Submitted, Accepted, AskedBack, Replied, Declined, Withdrawn, Called, CallFailed}

// fittingKinds are the events that a visit may take.
func fittingKinds(v *Visit) []EventKind {
	switch {
	case v.Approval == "asked":
		return []EventKind{Approved, Refused, Tick, Undone, HandedOn}
	case v.Kind == AskStep:
		return []EventKind{Answered, Answered, Delivered, Taken, SnoozedRun, Moved, Reassigned, HandedOn, HeldBack, Undone}
	case v.Kind == TaskStep:
		return []EventKind{Done, Delivered, Delivered, Checked, Moved, Taken, SnoozedRun, Undone}
	case v.Kind == WebhookStep:
		return []EventKind{Called, CallFailed, Tick, Reassigned, HandedOn, Noted}
	case v.Kind == HandoffStep:
		return []EventKind{Submitted, Submitted, Delivered, AskedBack, Replied, Replied, Accepted, Declined, Withdrawn, Reassigned, HandedOn, Moved}
	}
	return []EventKind{Tick, Facts, RuleEnded, Dismissed, Noted}
}

// rapidEvent is an event at a time, most often about the step the run is at.
func rapidEvent(t *rapid.T, run *Run, now time.Time) Event {
	kinds := rapidKinds
	if v := run.Current(); v != nil && rapid.IntRange(0, 3).Draw(t, "fitting") > 0 {
		kinds = fittingKinds(v)
	}
	ev := Event{Kind: rapid.SampledFrom(kinds).Draw(t, "event"), At: now, Run: run.ID}
	if ev.Visit = len(run.Visits) - 1; rapid.IntRange(0, 5).Draw(t, "stale") == 0 {
		ev.Visit = rapid.IntRange(-1, len(run.Visits)).Draw(t, "visit")
	}
	switch ev.Kind {
	case Tick, Facts, RuleEnded, Delivered:
		return ev
	}
	ev.By = rapid.SampledFrom([]string{"ann", "ken", "max"}).Draw(t, "by")
	ev.Answer = rapid.SampledFrom([]string{"a", "b", "zzz"}).Draw(t, "answer")
	ev.Person = rapid.SampledFrom([]string{"ann", "ken", "nobody"}).Draw(t, "person")
	ev.From = rapid.SampledFrom([]string{"ann", "ken", ""}).Draw(t, "from")
	ev.Reason = rapid.SampledFrom([]string{"seasonal", "other", ""}).Draw(t, "reason")
	ev.Text = rapid.SampledFrom([]string{"", "a word"}).Draw(t, "text")
	ev.Other = rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "other run")
	ev.Items = rapid.SampledFrom([][]int{nil, {0}, {1, 0, 7}}).Draw(t, "items")
	days := rapid.IntRange(-1, 40).Draw(t, "days ahead")
	ev.Until = now.AddDate(0, 0, days)
	ev.Collected = map[string]any{"until": rules.DateOf(ev.Until).String()}
	if rapid.Bool().Draw(t, "with fields") {
		ev.Fields = map[string]any{"start": "2027-02-01", "uses": []string{"x", "y"}}
	}
	return ev
}

// A watcher keeps what must never change.
type watcher struct {
	t    *rapid.T
	p    *Playbook
	keys map[string]bool
	left map[int]Visit
}

// advance plays an event and checks what holds of every event.
func (w *watcher) advance(run Run, ev Event, env Env) Run {
	t := w.t
	before, evBefore := marshal(run), fmt.Sprint(ev)
	next, effects := w.p.Advance(run, ev, env)
	if !bytes.Equal(before, marshal(run)) || evBefore != fmt.Sprint(ev) {
		t.Fatalf("%s changed its input", ev.Kind)
	}
	after := marshal(next)
	changed := !bytes.Equal(before, after)
	if changed != (next.Version == run.Version+1) || !changed && len(effects) > 0 {
		t.Fatalf("%s: version %d -> %d, changed %v, %d effects", ev.Kind, run.Version, next.Version, changed, len(effects))
	}
	var read Run
	if err := json.Unmarshal(before, &read); err != nil {
		t.Fatal(err)
	}
	if again, _ := w.p.Advance(read, ev, env); !bytes.Equal(after, marshal(again)) {
		t.Fatalf("%s gives another run after a round trip through JSON:\n%s\n%s", ev.Kind, after, marshal(again))
	}
	for _, e := range effects {
		if w.keys[e.Key] || e.Key == "" {
			t.Fatalf("%s: effect %q for the second time", ev.Kind, e.Key)
		}
		w.keys[e.Key] = true
	}
	w.checkVisits(next)
	w.checkState(ev, next)
	w.checkReplay(ev, next, env)
	return next
}

// checkVisits: a step that was left is never done again.
func (w *watcher) checkVisits(run Run) {
	for i, v := range run.Visits {
		if v.N != i {
			w.t.Fatalf("visit %d is numbered %d", i, v.N)
		}
		if old, ok := w.left[i]; ok && !v.Undone && (old.Answer != v.Answer || old.By != v.By || !old.Left.Equal(v.Left)) {
			w.t.Fatalf("visit %d was left with %q by %q and is now %q by %q", i, old.Answer, old.By, v.Answer, v.By)
		}
		if !v.Left.IsZero() {
			w.left[i] = v
		}
		if i < len(run.Visits)-1 && v.Left.IsZero() {
			w.t.Fatalf("visit %d was never left", i)
		}
	}
}

// checkState: an open run waits for something bounded, an ended one has an outcome.
func (w *watcher) checkState(ev Event, run Run) {
	switch {
	case run.Open() && run.Held == "" && run.Due().IsZero():
		w.t.Fatalf("stuck after %s: open, not held, no timer: %s", ev.Kind, marshal(run))
	case !run.Open() && (run.Outcome == "" || len(run.Timers) > 0 || run.Undo != nil || run.Step != ""):
		w.t.Fatalf("badly ended after %s: %s", ev.Kind, marshal(run))
	}
}

// checkReplay: what a person does to a step counts once.
func (w *watcher) checkReplay(ev Event, run Run, env Env) {
	switch ev.Kind {
	case Called, CallFailed, Begin, Delivered, Answered, Taken, Done, Dismissed, Reassigned, HandedOn, Approved, Refused, Undone, StoppedRun, Accepted, Declined, Withdrawn, Tick:
	default:
		return
	}
	if again, effects := w.p.Advance(run, ev, env); again.Version != run.Version || len(effects) > 0 {
		w.t.Fatalf("%s counted twice:\n%s\n%s", ev.Kind, marshal(run), marshal(again))
	}
}

func TestNoRunIsEverStuckOrDoesAStepTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book, compiler := rapidBook(t)
		p := book.Playbooks["p"]
		env := Env{Book: book, Team: rapidTeam(t)}
		now := time.Date(2027, 1, 4, 15, 0, 0, 0, time.UTC)
		w := &watcher{t: t, p: p, keys: map[string]bool{}, left: map[int]Visit{}}
		begin := Event{Kind: Begin, At: now, Other: rapid.SampledFrom([]string{"", "", "", "r1"}).Draw(t, "held from the start")}
		env.Facts = rapidFacts(t, compiler, now)
		run := w.advance(p.NewRun("h", "acme", "", 1), begin, env)
		for range rapid.IntRange(0, 30).Draw(t, "events") {
			switch due := run.Due(); {
			case !due.IsZero() && due.After(now) && rapid.IntRange(0, 3).Draw(t, "to the next timer") == 0:
				now = due
			default:
				now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 600, 3 * 1440}).Draw(t, "minutes")) * time.Minute)
			}
			env.Facts = rapidFacts(t, compiler, now)
			run = w.advance(run, rapidEvent(t, &run, now), env)
		}
		w.drain(run, env, now)
	})
}

// drain lets nothing but time happen: every run must end.
func (w *watcher) drain(run Run, env Env, now time.Time) {
	for range 20 * maxVisits {
		if !run.Open() {
			return
		}
		ev := Event{Kind: Tick, At: run.Due()}
		if run.Held != "" && ev.At.IsZero() {
			ev = Event{Kind: Released, At: now}
		} else if ev.At.Before(now) {
			ev.At = now
		}
		now = ev.At
		before := run.Version
		run, _ = w.p.Advance(run, ev, env)
		w.checkState(ev, run)
		if run.Version == before {
			w.t.Fatalf("%s at %v changes nothing: %s", ev.Kind, ev.At, marshal(run))
		}
	}
	w.t.Fatalf("does not end by itself: %d visits, at %q", len(run.Visits), run.Step)
}
