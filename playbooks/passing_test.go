package playbooks

import (
	"strings"
	"testing"
	"time"

	"playcaller/rules"
)

// TestWhatIsOpenGoesOnWithWhoTookTheAccountOver holds at whatever step a play of the
// account is, for ann, who had the account, and ken, who has it now.
func TestWhatIsOpenGoesOnWithWhoTookTheAccountOver(t *testing.T) {
	ask := func(id string) *Step {
		return &Step{ID: id, Kind: AskStep, Ask: &Ask{Answers: []Answer{{ID: "yes", Then: Target{Step: "then"}}}}}
	}
	ofMax := ask("first")
	ofMax.To, _ = outwardTerms.Expr(rules.Source{Text: `"max"`})
	approved := attached(&Step{ID: "first", Kind: TaskStep, Task: &Task{}, Approve: &Approve{By: "manager"}, Then: Target{Step: "then"}})
	byAnn := attached(&Step{ID: "first", Kind: TaskStep, Task: &Task{}, Approve: &Approve{By: "ann"}, Then: Target{Step: "then"}})
	byAnn.To, _ = outwardTerms.Expr(rules.Source{Text: `"max"`})
	call := &Step{ID: "first", Kind: WebhookStep, Webhook: &Webhook{Name: "crm"}, Then: Target{Step: "then"}}
	wait := &Step{ID: "first", Kind: WaitStep, Wait: &Wait{For: defaultFill}, Then: Target{Step: "then"}}
	hour := func(n time.Duration, ev Event) doing { return doing{n * time.Hour, ev} }
	for _, tc := range []struct {
		name          string
		first         *Step
		before, after []doing
		want          string // what is sent from the passing on
		now, then     string // who has the step as soon as it is passed on, and the next one
	}{
		{"a question", ask("first"), nil, []doing{hour(2, Event{Kind: Answered, By: "ken", Answer: "yes"})}, "question ken", "ken", "ken"},
		{"a question that is put off", ask("first"), []doing{hour(1, Event{Kind: SnoozedRun, By: "ann", Until: monday.AddDate(0, 0, 7)})},
			[]doing{hour(24*8, Event{Kind: Tick})}, "snooze_over ken", "ken", "ken"},
		{"a question that waits behind another", ask("first"), []doing{hour(1, Event{Kind: HeldBack, Other: "r1"})},
			[]doing{hour(2, Event{Kind: Released})}, "question ken", "ken", "ken"},
		{"somebody else's question", ofMax, nil, []doing{hour(2, Event{Kind: Answered, By: "max", Answer: "yes"}), hour(3, Event{Kind: Tick})}, "task ken", "max", "ken"},
		{"a call of another system", call, nil, []doing{hour(2, Event{Kind: Called})}, "task ken", "", "ken"},
		{"a wait", wait, nil, []doing{hour(24*5, Event{Kind: Tick})}, "task ken", "ken", "ken"},
		{"a text that is to be approved", approved, []doing{hour(1, Event{Kind: Done, By: "ann"})},
			[]doing{hour(2, Event{Kind: Approved, By: "max"}), hour(3, Event{Kind: Tick})}, "task ken", "ken", "ken"},
		{"a text that they were to approve", byAnn, []doing{hour(1, Event{Kind: Done, By: "max"})}, []doing{hour(2, Event{Kind: Tick})}, "approval ken", "max", "max"},
		{"an answer that is taken back", ask("first"), []doing{hour(0, Event{Kind: Answered, By: "ann", Answer: "yes"})},
			[]doing{hour(0, Event{Kind: Undone, By: "ann"})}, "question ken", "ken", "ken"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, env := small(t, tc.first, &Step{ID: "then", Kind: TaskStep, Task: &Task{}})
			env.Facts = facts(&rules.Account{ID: "acme"})
			run, _ := trace(t, p, env, tc.before...)
			passes := Effect{Kind: PassOn, Person: "ken", Args: map[string]any{"from": "ann"}}
			ev, ok := passes.Passed(&run, "the handoff", run.Began.Add(time.Hour))
			if tc.name == "an answer that is taken back" {
				ev.At = run.Began
			}
			if !ok {
				t.Fatalf("it is not passed on: %+v", run)
			}
			sent := ""
			play := func(ev Event) {
				if err := p.Check(run, ev, env); err != nil {
					t.Fatalf("%s: %v", ev.Kind, err)
				}
				next, effects := p.Advance(run, ev, env)
				for run = next; len(effects) > 0; effects = effects[1:] {
					if e := effects[0]; e.Kind == Nudge {
						sent = e.What + " " + e.Person
					}
				}
			}
			play(ev)
			if again, _ := p.Advance(run, ev, env); again.Version != run.Version {
				t.Error("it is passed on twice")
			}
			if got := run.Current().Assignee; got != tc.now {
				t.Errorf("the step is now %s's, want %s's", got, tc.now)
			}
			for _, d := range tc.after {
				d.ev.At, d.ev.Visit = run.Began.Add(d.after), len(run.Visits)-1
				if d.ev.Kind == Undone {
					d.ev.Visit = 0
				}
				play(d.ev)
			}
			if sent != tc.want {
				t.Errorf("what is told last is %q, want %q", sent, tc.want)
			}
			if got := run.Current().Assignee; got != tc.then {
				t.Errorf("it goes on with %s, want %s", got, tc.then)
			}
		})
	}
}

func TestARefusalGoesToWhoseMatterItIsNow(t *testing.T) {
	owned := func(who string) *rules.Facts {
		return facts(&rules.Account{ID: "acme", Roles: []rules.Role{{Role: "owner", Person: who}}})
	}
	handedOn := doing{2 * time.Hour, Event{Kind: HandedOn, By: "ken", From: "ann", Person: "ken"}}
	for _, tc := range []struct {
		name  string
		by    string // who did the task
		after []doing
		owner string // whose the account is when it is refused
		away  bool   // ann is, and ken covers
		want  string // who is told, and whom they are told had asked
	}{
		{"whoever asked, whose account it is", "ann", nil, "ann", false, "ann"},
		{"who took it over by a handoff", "ann", []doing{handedOn}, "ken", false, "ken (ann)"},
		{"whose account it is since a list of accounts was read", "ann", nil, "ken", false, "ken (ann)"},
		{"both, where somebody else did it for them", "ken", nil, "ann", false, "ann (ken), ken"},
		{"the cover too, while they are away", "ann", nil, "ann", true, "ken (ann), ann"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, env := small(t, &Step{ID: "mail", Kind: TaskStep, Task: &Task{}, Approve: &Approve{By: "manager"}})
			env.Facts, env.Team.People[1].Manager = owned("ann"), "max"
			run, _ := trace(t, p, env, append([]doing{{time.Hour, Event{Kind: Done, By: tc.by}}}, tc.after...)...)
			env.Facts = owned(tc.owner)
			if tc.away {
				env.Team.People[0].Away = []Away{{From: rules.DateOf(monday), Until: rules.DateOf(monday) + 1, Cover: "ken"}}
			}
			run, _ = p.Advance(run, Event{Kind: Refused, By: "max", Reason: "too dear", At: monday.Add(3 * time.Hour), Visit: run.Current().N}, env)
			_, effects := p.Advance(run, Event{Kind: Tick, At: monday.Add(4 * time.Hour)}, env)
			var told []string
			for _, e := range effects {
				if e.What != NudgeRefused {
					continue
				}
				if e.Args["approver"] != "max" || e.Args["reason"] != "too dear" {
					t.Errorf("it does not say who refused and why: %v", e.Args)
				}
				who := e.Person
				if by, ok := e.Args["by"].(string); ok {
					who += " (" + by + ")"
				}
				told = append(told, who)
			}
			if got := strings.Join(told, ", "); got != tc.want {
				t.Errorf("told %s, want %s", got, tc.want)
			}
		})
	}
}

func TestAPlayInWhichOneHasNothingIsNotPassedOn(t *testing.T) {
	p, env := small(t, &Step{ID: "first", Kind: TaskStep, Task: &Task{}})
	run, _ := trace(t, p, env)
	passes := Effect{Kind: PassOn, Person: "ken", Args: map[string]any{"from": "max"}}
	if _, ok := passes.Passed(&run, "the handoff", monday); ok {
		t.Error("a play of ann's is passed on from max")
	}
	passes.Args["from"] = "ann"
	if _, ok := passes.Passed(&run, run.ID, monday); ok {
		t.Error("the handoff itself is passed on")
	}
	if err := p.Check(run, Event{Kind: HandedOn, At: monday, From: "ann", Person: "nobody"}, env); err == nil {
		t.Error("it is passed on to somebody who is not in the team")
	}
}

func TestWhatAFieldOnlyShowsIsNotKeptInTheContract(t *testing.T) {
	amount, _ := outwardTerms.Expr(rules.Source{Text: "contract.amount"})
	form := &Form{Kind: "new", From: "ann", To: "ken", Role: "onboarding", Sections: []Section{{Fields: []Field{
		{ID: "amount", Kind: TextField, Prefill: amount, Shows: true}}}}}
	p, env := small(t, &Step{ID: "form", Kind: HandoffStep, Handoff: "new"})
	env.Book, env.Facts = &Book{Forms: map[string]*Form{"new": form}}, facts(&rules.Account{ID: "acme"})
	fields := map[string]any{"amount": "about 100"}
	run, said := trace(t, p, env, doing{time.Hour, Event{Kind: Submitted, By: "ann", Fields: fields}}, doing{2 * time.Hour, Event{Kind: Accepted, By: "ken"}})
	if run.Handoff.State != HandoffAccepted || strings.Count(said, "set ") != 1 { // the role alone
		t.Errorf("it is %s, and sent: %s", run.Handoff.State, said)
	}
}

// Where it is evening already for who takes a task over, its date is not over before they had it.
func TestATaskTakenOverInTheEveningIsDueWhenItWasDue(t *testing.T) {
	p, env := small(t, &Step{ID: "call", Kind: TaskStep, Task: &Task{Due: Delay{WorkingDays: 1}}})
	env.Team.People[0].Location = time.FixedZone("EST", -5*3600)
	tuesday := 24 * time.Hour // at 10:00 UTC
	for after, want := range map[time.Duration]string{
		tuesday + 7*time.Hour: "2027-04-06 18:00", // ken's own evening
		tuesday + 9*time.Hour: "2027-04-06 23:00", // that of ann, which is later
	} {
		run, _ := trace(t, p, env, doing{5 * time.Hour, Event{Kind: Delivered}}, doing{after, Event{Kind: Reassigned, By: "ken", Person: "ken"}})
		if got := run.Current().Due.Format("2006-01-02 15:04"); got != want {
			t.Errorf("taken over after %s it is due %s, want %s", after, got, want)
		}
	}
}
