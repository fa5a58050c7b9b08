package playbooks

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

// small plays playbooks that a test writes as values, without facts.
func small(t *testing.T, steps ...*Step) (*Playbook, Env) {
	t.Helper()
	return &Playbook{Name: "p", Severity: Medium, Channel: "dm", Steps: steps, Outcomes: map[string]OutcomeDef{}},
		Env{Team: &Team{People: []Person{{ID: "ann", Manager: "max"}, {ID: "ken"}, {ID: "max"}}, DefaultOwner: "ann"}}
}

var monday = time.Date(2027, 4, 5, 10, 0, 0, 0, time.UTC)

func ask(id string) *Step {
	return &Step{ID: id, Kind: AskStep, Ask: &Ask{Answers: []Answer{{ID: "yes"}, {ID: "no"}}}}
}

func TestGoingRoundWithoutWaitingEndsUnclear(t *testing.T) {
	p, env := small(t,
		&Step{ID: "say", Kind: SayStep, Say: &Say{Channel: "#x"}},
		&Step{ID: "back", Kind: BranchStep, Branch: []Branch{{Then: Target{Step: "say"}}}})
	run, effects := p.Advance(p.NewRun("h", "a", "", 1), Event{Kind: Begin, At: monday}, env)
	if run.Outcome != Unclear || run.Open() {
		t.Errorf("the run is %+v, want it ended as unclear", run)
	}
	if len(effects) != 1 {
		t.Errorf("the message was sent %d times, want once", len(effects))
	}
	if !slices.ContainsFunc(run.Log, func(e Entry) bool { return e.What == "log.going_round" }) {
		t.Errorf("the timeline does not say why: %v", run.Log)
	}
}

func TestTwoMayAnswerAndTheDifferenceIsKept(t *testing.T) {
	p, env := small(t, ask("q"), ask("r"))
	run := p.NewRun("h", "a", "", 1)
	run.Also = "ken"
	run, _ = p.Advance(run, Event{Kind: Begin, At: monday}, env)
	run, _ = p.Advance(run, Event{Kind: Answered, At: monday, By: "ann", Answer: "yes"}, env)
	second := Event{Kind: Answered, At: monday.Add(time.Hour), By: "ken", Answer: "no"}
	before := marshal(run)
	next, _ := p.Advance(run, second, env)
	if !bytes.Equal(before, marshal(run)) {
		t.Error("the second answer changed its input")
	}
	if v := next.Visits[0]; v.Answer != "yes" || v.Others["ken"].Answer != "no" || next.Step != "r" {
		t.Errorf("the visit is %+v, the run at %s", v, next.Step)
	}
	if last := next.Log[len(next.Log)-1]; last.What != "log.also_differs" || last.Args["first"] != "yes" || last.Step != "q" {
		t.Errorf("the timeline says %+v", last)
	}
	if again, _ := p.Advance(next, second, env); again.Version != next.Version {
		t.Error("the second answer counted twice")
	}
	if err := p.Check(next, Event{Kind: Answered, At: monday, By: "max", Answer: "no"}, env); err == nil {
		t.Error("a third person answered")
	}
}

func TestASecondAnswerKeepsWhatWasGivenWithIt(t *testing.T) {
	q := &Step{ID: "q", Kind: AskStep, Ask: &Ask{Answers: []Answer{{ID: "renew"}, {ID: "shrink", Collect: []Collect{{Name: "less", Kind: "amount"}, {Name: "why", Kind: "reason"}}}}}}
	p, env := small(t, q, ask("r"))
	run := p.NewRun("h", "a", "", 1)
	run.Also = "ken"
	run, _ = p.Advance(run, Event{Kind: Begin, At: monday}, env)
	run, _ = p.Advance(run, Event{Kind: Answered, At: monday, By: "ann", Answer: "renew"}, env)
	second := Event{Kind: Answered, At: monday.Add(time.Hour), By: "ken", Answer: "shrink", Collected: map[string]any{"less": 500.0}}
	var r *Refusal
	if err := p.Check(run, second, env); !errors.As(err, &r) || r.Code != RefusedMissing || r.Args["name"] != "why" {
		t.Errorf("an answer without its reason is refused with %v", err)
	}
	second.Collected["why"] = "fewer people"
	next, _ := p.Advance(run, second, env)
	if got := next.Visits[0].Others["ken"].Collected; got["less"] != 500.0 || got["why"] != "fewer people" {
		t.Errorf("of the second answer is kept %v", got)
	}
	if len(next.Values) > 0 {
		t.Errorf("the play goes on with %v, which the first did not say", next.Values)
	}
}

func TestMediumSeverityIsNeitherRemindedNorEscalated(t *testing.T) {
	p, env := small(t, ask("q"))
	env.Team.Reminders, env.Team.Escalations = defaultReminders(), defaultEscalations()
	run, _ := p.Advance(p.NewRun("h", "a", "", 1), Event{Kind: Begin, At: monday}, env)
	run, _ = p.Advance(run, Event{Kind: Delivered, At: monday}, env)
	if len(run.Timers) != 1 || run.Timers[0].Kind != OtherwiseTimer {
		t.Errorf("timers are %+v, want the end alone", run.Timers)
	}
}

func TestAnApprovalIsAskedOfTheManager(t *testing.T) {
	q := ask("q")
	q.Approve = &Approve{By: "manager", Within: Delay{WorkingDays: 1}, Denied: Target{Step: "r"}}
	q.Ask.Answers[0].Start = "other"
	p, env := small(t, q, ask("r"))
	begun, _ := p.Advance(p.NewRun("h", "a", "", 1), Event{Kind: Begin, At: monday}, env)
	asked, effects := p.Advance(begun, Event{Kind: Answered, At: monday, By: "ann", Answer: "yes"}, env)
	if v := asked.Current(); v.Approval != "asked" || v.Approver != "max" || len(effects) > 0 {
		t.Fatalf("the visit is %+v, sent %v", v, effects)
	}
	asked, effects = p.Advance(asked, Event{Kind: Tick, At: monday.Add(time.Minute)}, env)
	if len(effects) != 1 || effects[0].What != NudgeApproval || effects[0].Person != "max" {
		t.Fatalf("sent %+v, want a nudge of the manager", effects)
	}
	if err := p.Check(asked, Event{Kind: Approved, At: monday, By: "ann"}, env); err == nil {
		t.Error("who answered approved it")
	}
	later := monday.Add(time.Hour)
	approved, _ := p.Advance(asked, Event{Kind: Approved, At: later, By: "max"}, env)
	_, effects = p.Advance(approved, Event{Kind: Tick, At: later.Add(time.Minute)}, env)
	if !slices.ContainsFunc(effects, func(e Effect) bool { return e.Kind == StartIt && e.Playbook == "other" }) {
		t.Errorf("approved, it sends %+v; want the other playbook started", effects)
	}
	refused, _ := p.Advance(asked, Event{Kind: Refused, At: later, By: "max"}, env)
	if refused.Step != "r" {
		t.Errorf("refused, the run is at %q, want r", refused.Step)
	}
}

func TestLateNightsAreNoTimeForReminders(t *testing.T) {
	q := ask("q")
	q.Remind = []Delay{{Minutes: 10 * 60}}
	p, env := small(t, q)
	run, _ := p.Advance(p.NewRun("h", "a", "", 1), Event{Kind: Begin, At: monday}, env)
	run, _ = p.Advance(run, Event{Kind: Delivered, At: monday}, env)
	if want := monday.Add(23 * time.Hour); !run.Due().Equal(want) {
		t.Errorf("the reminder comes %v, want the next morning, %v", run.Due(), want)
	}
	env.Team.People[0].Away = []Away{{From: 0, Until: env.Team.Calendar("ann").Day(monday) + 1, Cover: "ken"}}
	run, effects := p.Advance(run, Event{Kind: Tick, At: run.Due()}, env)
	if want := monday.Add(47 * time.Hour); len(effects) > 0 || !run.Due().Equal(want) {
		t.Errorf("away since, ann is told %v and again %v, want nothing before %v", effects, run.Due(), want)
	}
}
