package playbooks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/rules"
)

// doings are events in order, by minutes after the beginning.
type doing struct {
	after time.Duration
	ev    Event
}

// trace plays events at the current visit and returns the timeline, and what was sent,
// in short.
func trace(t *testing.T, p *Playbook, env Env, all ...doing) (run Run, said string) {
	t.Helper()
	run = p.NewRun("h", "acme", "", 1)
	var sent []string
	for _, d := range append([]doing{{0, Event{Kind: Begin}}}, all...) {
		d.ev.At, d.ev.Visit = monday.Add(d.after), max(0, len(run.Visits)-1)
		if err := p.Check(run, d.ev, env); err != nil {
			t.Fatalf("%s after %s: %v", d.ev.Kind, d.after, err)
		}
		var effects []Effect
		run, effects = p.Advance(run, d.ev, env)
		for _, e := range effects {
			sent = append(sent, strings.TrimSpace(fmt.Sprintf("%s %s %s%s", e.Kind, e.What, e.Person, e.System)))
		}
	}
	for _, e := range run.Log {
		sent = append(sent, strings.TrimPrefix(e.What, "log."))
	}
	return run, strings.Join(sent, ", ")
}

// outwardTerms compiles what the steps of these tests say.
var outwardTerms, _ = rules.NewCompiler(rules.Schema{})

func attached(s *Step) *Step {
	en, _ := outwardTerms.Template(rules.Source{Text: "Dear {{ account.name }}"})
	s.Attach = &Attach{Text: Text{ByLanguage: map[string]*rules.Template{"en": en}}}
	return s
}

func TestATextForTheCustomerIsSentByHandAndApprovedBefore(t *testing.T) {
	mail := func() *Step { return attached(&Step{ID: "mail", Kind: TaskStep, Task: &Task{}}) }
	p, env := small(t, mail())
	env.Facts = facts(&rules.Account{ID: "acme", Name: "Acme"})
	run, said := trace(t, p, env, doing{time.Hour, Event{Kind: Done, By: "ann"}}, doing{2 * time.Hour, Event{Kind: Tick}})
	if want := "nudge task ann, fired, task, sent, ended"; said != want {
		t.Errorf("without an approval: %s, want %s", said, want)
	}
	if got := run.Visits[0].Attached["en"]; got != "Dear Acme" {
		t.Errorf("the prepared text is %q", got)
	}

	step := mail()
	step.Approve = &Approve{By: "manager", Denied: Target{Outcome: "unanswered"}}
	p, env = small(t, step)
	env.Facts = facts(&rules.Account{ID: "acme", Name: "Acme"})
	run, said = trace(t, p, env,
		doing{time.Hour, Event{Kind: Done, By: "ann"}}, doing{2 * time.Hour, Event{Kind: Tick}},
		doing{3 * time.Hour, Event{Kind: Approved, By: "max"}}, doing{4 * time.Hour, Event{Kind: Tick}},
		doing{5 * time.Hour, Event{Kind: Delivered, Person: "ann"}},
		doing{6 * time.Hour, Event{Kind: Done, By: "ann"}}, doing{7 * time.Hour, Event{Kind: Tick}})
	if want := "nudge task ann, nudge approval max, nudge task ann, fired, task, approval_asked, approved, delivered, sent, ended"; said != want {
		t.Errorf("with an approval:\n got %s\nwant %s", said, want)
	}
	if len(run.Visits) != 2 || run.Visits[1].Attached["en"] != "Dear Acme" {
		t.Errorf("what was approved is not what is sent: %+v", run.Visits)
	}
	if again, _ := p.Advance(run, Event{Kind: Done, By: "ann", Visit: 0, At: monday}, env); again.Version != run.Version {
		t.Error("the click that asked for the approval counted again")
	}
}

func TestWhoSendsATextIsWhoHasTheTask(t *testing.T) {
	step := attached(&Step{ID: "mail", Kind: TaskStep, Task: &Task{}})
	step.Attach.By, _ = outwardTerms.Expr(rules.Source{Text: `"ken"`})
	p, env := small(t, step)
	env.Facts = facts(&rules.Account{ID: "acme"})
	if run, _ := trace(t, p, env); run.Visits[0].Assignee != "ken" {
		t.Errorf("the task is with %s, want ken", run.Visits[0].Assignee)
	}
}

// facts are those of one account without data.
func facts(a *rules.Account) *rules.Facts {
	return rules.NewFacts(outwardTerms, a, nil, monday)
}

func TestAWebhookIsWaitedFor(t *testing.T) {
	c := outwardTerms
	name, _ := c.Expr(rules.Source{Text: "account.name"})
	seats, _ := c.Expr(rules.Source{Text: "account.seats"})
	text, _ := c.Template(rules.Source{Text: "Hello {{ account.name }}"})
	call := func(o *Otherwise) *Step {
		return &Step{ID: "call", Kind: WebhookStep, Otherwise: o, Webhook: &Webhook{Name: "crm", Body: []BodyField{
			{Name: "who", Value: name}, {Name: "seats", Value: seats}, {Name: "text", Text: text}}}}
	}
	reached := &Step{ID: "reached", Kind: BranchStep, Branch: []Branch{{Then: Target{Outcome: PassedOn}}}}
	for _, tc := range []struct {
		name      string
		otherwise *Otherwise
		then      []doing
		want      string
		outcome   string
	}{
		{"taken", nil, []doing{{time.Minute, Event{Kind: Called}}}, "webhook  crm, fired, calling, called, ended", PassedOn},
		{"refused, and nothing is said of that", nil, []doing{{time.Minute, Event{Kind: CallFailed, Reason: "404"}}}, "webhook  crm, fired, calling, call_failed, ended", PassedOn},
		{"refused, and the step says where it goes then", &Otherwise{After: Delay{Minutes: 30}, Then: Target{Outcome: Unclear}},
			[]doing{{time.Minute, Event{Kind: CallFailed, Reason: "404"}}}, "webhook  crm, fired, calling, call_failed, ended", Unclear},
		{"never reached", &Otherwise{After: Delay{Minutes: 30}, Then: Target{Outcome: Unclear}},
			[]doing{{30 * time.Minute, Event{Kind: Tick}}}, "webhook  crm, fired, calling, call_failed, ended", Unclear},
	} {
		p, env := small(t, call(tc.otherwise), reached)
		env.Facts = facts(&rules.Account{ID: "acme", Name: "Acme"})
		run, said := trace(t, p, env, tc.then...)
		if said != tc.want || run.Outcome != tc.outcome {
			t.Errorf("%s: %s, ended as %s; want %s, %s", tc.name, said, run.Outcome, tc.want, tc.outcome)
		}
	}
	p, env := small(t, call(nil), reached)
	env.Facts = facts(&rules.Account{ID: "acme", Name: "Acme"})
	_, effects := p.Advance(p.NewRun("h", "acme", "", 1), Event{Kind: Begin, At: monday}, env)
	if got := fmt.Sprint(effects[0].Args); got != "map[seats:<nil> text:Hello Acme who:Acme]" || !effects[0].Until.Equal(monday.Add(time.Hour)) {
		t.Errorf("the call is sent %s until %s", got, effects[0].Until)
	}
}

func TestManyAccountsAtOnceBecomeOneMessage(t *testing.T) {
	of := Group{Of: 3, Within: Delay{Minutes: 60}}
	at := func(minutes int) time.Time { return monday.Add(time.Duration(minutes) * time.Minute) }
	f := func(account string, minutes int) Firing { return Firing{Account: account, Episode: 1, At: at(minutes)} }
	accounts := func(all []Firing) string {
		var names []string
		for _, f := range all {
			names = append(names, f.Account+f.Subject)
		}
		return strings.Join(names, " ")
	}
	var g Gathering
	for _, step := range []struct {
		add            *Firing
		tick           int
		begin, grouped string
		what           string
	}{
		{add: ptr(f("a", 0)), what: "the first waits"},
		{add: ptr(f("a", 0)), what: "a repetition is none"},
		{add: ptr(Firing{Account: "a", Subject: "c2", Episode: 1, At: at(1)}), what: "two contracts are one account"},
		{add: ptr(f("b", 5)), what: "the second waits"},
		{tick: 59, what: "an hour is not over"},
		{tick: 60, begin: "a ac2 b", what: "too few: they begin"},
		{add: ptr(f("c", 100)), what: "a new gathering"},
		{add: ptr(f("d", 101)), what: "waits"},
		{add: ptr(f("e", 102)), grouped: "c d e", what: "three at once"},
		{add: ptr(f("e", 102)), what: "a repetition of what was told is none"},
		{tick: 300, what: "nothing waits any more"},
		{add: ptr(f("g", 100+24*60-1)), grouped: "g", what: "on the same day it joins"},
		{add: ptr(f("h", 100+24*60)), what: "later it does not"},
		{tick: 100 + 25*60, begin: "h", what: "and begins"},
	} {
		before := fmt.Sprint(g)
		held := g
		var r Release
		if step.add != nil {
			r = g.Add(of, *step.add)
		} else {
			r = g.Tick(at(step.tick))
		}
		if accounts(r.Begin) != step.begin || accounts(r.Grouped) != step.grouped {
			t.Fatalf("%s: begin %q, grouped %q; want %q, %q", step.what, accounts(r.Begin), accounts(r.Grouped), step.begin, step.grouped)
		}
		if fmt.Sprint(held) != before && held.Message == g.Message {
			t.Fatalf("%s: what was there before changed", step.what)
		}
	}
	if got := g.Message.Accounts(); !slices.Equal(got, []string{"c", "d", "e", "g"}) || g.Message.N != 1 {
		t.Errorf("message %d is about %v", g.Message.N, got)
	}
	if r := g.Add(Group{}, f("z", 9000)); accounts(r.Begin) != "z" {
		t.Errorf("without a group a play begins at once, and %v did", r)
	}
}

func ptr[T any](v T) *T { return &v }

func TestAPilotIsOfTheAccountsOwners(t *testing.T) {
	team := &Team{People: []Person{{ID: "ann", Email: "ann@example.com"}, {ID: "ken"}}, DefaultOwner: "ken"}
	day := rules.NewDate(2027, 4, 5)
	owned := func(by string) *rules.Account {
		return &rules.Account{Roles: []rules.Role{{Role: "owner", Person: by}}}
	}
	for _, tc := range []struct {
		name    string
		pilot   []string
		account *rules.Account
		outside bool
	}{
		{"no pilot", nil, owned("ken"), false},
		{"one of them", []string{"ann"}, owned("ann@example.com"), false},
		{"somebody else's", []string{"ann"}, owned("ken"), true},
		{"nobody's is the default owner's", []string{"ann"}, &rules.Account{}, true},
		{"nobody's, and the default owner tries it", []string{"ken"}, &rules.Account{}, false},
	} {
		if got := (&Playbook{Pilot: tc.pilot}).OutsidePilot(team, tc.account, day); got != tc.outside {
			t.Errorf("%s: outside %v", tc.name, got)
		}
	}
}

func TestWhatIsSetQuietlyIsInTheRecordAlone(t *testing.T) {
	seats := 40.0
	said := func(quiet bool) (all, told []string) {
		value, _ := outwardTerms.Expr(rules.Source{Text: "account.seats"})
		p, env := small(t, &Step{ID: "note", Kind: SetStep, Set: []Assignment{{Field: "attributes.seen", Value: value}, {Field: "stage"}}, Quiet: quiet})
		env.Facts = facts(&rules.Account{ID: "acme", Seats: &seats})
		run, _ := trace(t, p, env)
		for _, e := range run.Log {
			all = append(all, e.What)
			if !e.Quiet() {
				told = append(told, e.What)
			}
		}
		return all, told
	}
	all, told := said(true)
	if diff := cmp.Diff([]string{"log.fired", "log.set_quietly", "log.quiet_unknown", "log.ended"}, all); diff != "" {
		t.Errorf("the record (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"log.fired", "log.ended"}, told); diff != "" {
		t.Errorf("told in the thread (-want +got):\n%s", diff)
	}
	if _, told = said(false); !slices.Contains(told, "log.set") {
		t.Errorf("a set that is not quiet is not told: %v", told)
	}
}
