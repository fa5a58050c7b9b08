package rules

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ruleOn compiles a rule over two attributes of the account: bad and fine.
func ruleOn(t testing.TB, change func(*Rule)) (*Set, *Rule) {
	t.Helper()
	c, problems := NewCompiler(Schema{Attributes: map[string]Type{"bad": Bool, "fine": Bool, "ours": Bool}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := &Rule{Playbook: "p", When: condition(t, c, "account.bad")}
	if change != nil {
		change(r)
	}
	return NewSet(c, r), r
}

func condition(t testing.TB, c *Compiler, text string) *Condition {
	t.Helper()
	cond, problems := c.Condition(Source{Text: text})
	if len(problems) > 0 {
		t.Fatal(problems[0].Long())
	}
	return cond
}

// A moment is one judgement: at a day and hour, with attributes "bad", "fine" and
// "ours" as given and the others unknown.
type moment struct {
	at    string
	attrs map[string]any
	c     Circumstances
	want  string // phase outcome reason
}

func bad(v any) map[string]any { return map[string]any{"bad": v} }

func TestJudge(t *testing.T) {
	ended := utc("2026-11-05T09:00")
	for _, tc := range []struct {
		name   string
		change func(*Rule)
		steps  []moment
	}{
		{"fires once it has held for its time", func(r *Rule) { r.For = Period{Days: 3} }, []moment{
			{"2026-11-01T09:00", bad(false), Circumstances{}, "inactive quiet "},
			{"2026-11-02T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-05T08:59", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-05T09:00", bad(true), Circumstances{}, "firing fired "},
			{"2026-11-05T10:00", bad(true), Circumstances{OpenRun: true}, "firing fired "},
			{"2026-11-06T09:00", bad(false), Circumstances{OpenRun: true}, "resolved resolved "},
			{"2026-11-07T09:00", bad(false), Circumstances{LastRunEnded: utc("2026-11-06T12:00")}, "inactive quiet "},
		}},
		{"begins to wait anew when it lapses", func(r *Rule) { r.For = Period{Days: 2} }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-02T09:00", bad(false), Circumstances{}, "inactive quiet "},
			{"2026-11-03T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-04T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-05T09:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"unknown freezes a running for", func(r *Rule) { r.For = Period{Days: 2} }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-02T09:00", nil, Circumstances{}, "pending unknown "},
			{"2026-11-05T09:00", nil, Circumstances{}, "pending unknown "},
			{"2026-11-06T09:00", bad(true), Circumstances{}, "pending pending "},
			{"2026-11-07T09:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"unknown neither fires nor resolves", nil, []moment{
			{"2026-11-01T09:00", nil, Circumstances{}, "inactive unknown "},
			{"2026-11-02T09:00", bad(true), Circumstances{}, "firing fired "},
			{"2026-11-03T09:00", nil, Circumstances{OpenRun: true}, "firing unknown "},
			{"2026-11-04T09:00", bad(true), Circumstances{OpenRun: true}, "firing suppressed already_running"},
		}},
		{"resolves by its own condition where it has one", func(r *Rule) {
			r.Resolve = nil // set below
		}, []moment{
			{"2026-11-01T09:00", map[string]any{"bad": true, "fine": false}, Circumstances{}, "firing fired "},
			{"2026-11-02T09:00", map[string]any{"bad": false, "fine": false}, Circumstances{OpenRun: true}, "firing fired "},
			{"2026-11-03T09:00", map[string]any{"bad": false}, Circumstances{OpenRun: true}, "firing unknown "},
			{"2026-11-04T09:00", map[string]any{"bad": false, "fine": true}, Circumstances{OpenRun: true}, "resolved resolved "},
		}},
		{"cools down after its run, then fires again while it still holds", func(r *Rule) { r.Cooldown = Period{Days: 10} }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "firing fired "},
			{"2026-11-05T10:00", bad(true), Circumstances{LastRunEnded: ended}, "cooling suppressed cooling_down"},
			{"2026-11-15T08:59", bad(true), Circumstances{LastRunEnded: ended}, "cooling suppressed cooling_down"},
			{"2026-11-15T09:00", bad(true), Circumstances{LastRunEnded: ended}, "firing fired "},
		}},
		{"without a cooldown it must lapse before it fires again", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "firing fired "},
			{"2026-11-05T10:00", bad(true), Circumstances{LastRunEnded: ended}, "cooling suppressed cooling_down"},
			{"2026-12-05T10:00", bad(true), Circumstances{LastRunEnded: ended}, "cooling suppressed cooling_down"},
			{"2026-12-06T10:00", bad(false), Circumstances{LastRunEnded: ended}, "inactive quiet "},
			{"2026-12-07T10:00", bad(true), Circumstances{LastRunEnded: ended}, "firing fired "},
		}},
		{"a snooze holds it back, and its end lets it fire", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{SnoozedUntil: utc("2026-11-03T00:00")}, "pending suppressed snoozed"},
			{"2026-11-03T00:00", bad(true), Circumstances{SnoozedUntil: utc("2026-11-03T00:00")}, "firing fired "},
		}},
		{"an inhibitor, a pause and a storm hold it back", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{Inhibitor: "champion-left"}, "pending suppressed inhibited"},
			{"2026-11-01T10:00", bad(true), Circumstances{Paused: true}, "pending suppressed paused"},
			{"2026-11-01T11:00", bad(true), Circumstances{StormHeld: true}, "pending suppressed storm_limit"},
			{"2026-11-01T12:00", bad(true), Circumstances{OpenRun: true}, "pending suppressed already_running"},
			{"2026-11-01T13:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"outside the audience it says so, and an unknown audience is unknown", func(r *Rule) { r.Audience = nil }, []moment{
			{"2026-11-01T09:00", map[string]any{"bad": true, "ours": false}, Circumstances{}, "pending suppressed outside_audience"},
			{"2026-11-02T09:00", map[string]any{"bad": true}, Circumstances{}, "pending unknown "},
			{"2026-11-03T09:00", map[string]any{"bad": true, "ours": true}, Circumstances{}, "firing fired "},
		}},
		{"the held out have an episode without a run", func(r *Rule) { r.Holdout = 1 }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "firing suppressed held_out"},
			{"2026-11-02T09:00", bad(true), Circumstances{}, "firing suppressed held_out"},
			{"2026-11-03T09:00", bad(false), Circumstances{}, "inactive resolved "},
		}},
		{"high severity is never held out", func(r *Rule) { r.Holdout, r.High = 1, true }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"whoever is outside the pilot is judged and gets nothing, until the pilot grows", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{OutsidePilot: true}, "pending suppressed outside_pilot"},
			{"2026-11-02T09:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"what holds when it is switched on is listed, and fires the next time", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{SwitchedOn: true}, "firing suppressed already_true"},
			{"2026-11-02T09:00", bad(true), Circumstances{}, "firing suppressed already_true"},
			{"2026-11-03T09:00", bad(false), Circumstances{}, "inactive resolved "},
			{"2026-11-04T09:00", bad(true), Circumstances{}, "firing fired "},
		}},
		{"what holds when it is switched on does not wait to be listed", func(r *Rule) { r.For = Period{Days: 3} }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{SwitchedOn: true}, "firing suppressed already_true"},
		}},
		{"existing: start fires what holds when it is switched on", func(r *Rule) { r.Existing = "start" }, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{SwitchedOn: true}, "firing fired "},
		}},
		{"what comes back while its run goes on does not start another", nil, []moment{
			{"2026-11-01T09:00", bad(true), Circumstances{}, "firing fired "},
			{"2026-11-02T09:00", bad(false), Circumstances{OpenRun: true}, "resolved resolved "},
			{"2026-11-03T09:00", bad(true), Circumstances{OpenRun: true}, "pending suppressed already_running"},
			{"2026-11-05T09:30", bad(true), Circumstances{LastRunEnded: ended}, "firing fired "},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, r := ruleOn(t, tc.change)
			if tc.steps[0].attrs["fine"] != nil {
				r.Resolve = condition(t, set.Compiler, "account.fine")
			}
			if _, has := tc.steps[0].attrs["ours"]; has {
				r.Audience = condition(t, set.Compiler, "account.ours")
			}
			r.Seal()
			var s RuleState
			f := set.Facts(nil, nil, time.Time{})
			for _, m := range tc.steps {
				f.Reset(&Account{ID: "acme", Attributes: m.attrs}, nil, utc(m.at))
				var d Decision
				s, d, _ = r.Judge(s, f, m.c)
				if got := fmt.Sprintf("%s %s %s", s.Phase, d.Outcome, d.Reason); got != m.want {
					t.Fatalf("at %s: %q, want %q", m.at, got, m.want)
				}
			}
		})
	}
}

func TestJudgeKeepsTheEpisodeWhenTheRuleChanges(t *testing.T) {
	set, r := ruleOn(t, nil)
	f := set.Facts(&Account{ID: "acme", Attributes: bad(true)}, nil, utc("2026-11-01T09:00"))
	s, d, changed := r.Judge(RuleState{}, f, Circumstances{})
	if d.Outcome != Fired || d.Episode != 1 || !changed {
		t.Fatalf("first judgement: %+v, changed %v", d, changed)
	}
	r.For = Period{Days: 1}
	r.Seal()
	s, d, _ = r.Judge(s, f, Circumstances{OpenRun: true})
	if s.Phase != Pending || d.Episode != 2 {
		t.Errorf("after a change: phase %s, episode %d, want pending, 2", s.Phase, d.Episode)
	}
}

func TestJudgeRecordsValuesAndWhatIsMissing(t *testing.T) {
	c, _ := NewCompiler(Schema{Signals: []SignalDef{loginsDef}})
	r := &Rule{Playbook: "p", When: condition(t, c, `logins.sum("7d") < 5 and account.seats > 3`)}
	set := NewSet(c, r)
	var h History
	seats := 10.0
	apply(t, &h, loginsDef, time.UTC, utc("2026-11-01T09:00"), Signal{Value: 2})
	f := set.Facts(&Account{ID: "acme", Seats: &seats}, &h, utc("2026-11-02T09:00"))
	s, d, _ := r.Judge(RuleState{}, f, Circumstances{})
	want := []ClauseValue{
		{`logins.sum("7d") < 5`, True, map[string]any{`logins.sum("7d")`: 2.0}},
		{"account.seats > 3", True, map[string]any{"account.seats": 10.0}},
	}
	if diff := cmp.Diff(want, d.Clauses); diff != "" {
		t.Error(diff)
	}
	f.Reset(&Account{ID: "acme", Seats: &seats}, &h, utc("2026-11-09T09:00"))
	_, d, changed := r.Judge(s, f, Circumstances{OpenRun: true})
	if diff := cmp.Diff([]string{"logins: no data since 2026-11-01"}, d.Missing); diff != "" || !changed {
		t.Errorf("changed %v: %s", changed, diff)
	}
}

// edges are the moves between phases that one judgement may make.
var edges = map[Phase][]Phase{
	Inactive: {Inactive, Pending, Firing},
	Pending:  {Pending, Inactive, Firing},
	Firing:   {Firing, Resolved, Cooling, Inactive, Pending},
	Resolved: {Resolved, Cooling, Inactive, Pending, Firing},
	Cooling:  {Cooling, Inactive, Pending, Firing},
}

// Over any course of events: phases move along edges only, an episode fires at most
// once, never during a cooldown, a snooze, a pause or an open run, never on unknown,
// and episode numbers never fall.
func TestJudgeProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		set, r := ruleOn(t, func(r *Rule) {
			r.For = Period{Days: rapid.IntRange(0, 4).Draw(rt, "for")}
			r.Cooldown = Period{Days: rapid.IntRange(0, 6).Draw(rt, "cooldown")}
		})
		if rapid.Bool().Draw(rt, "has resolve") {
			r.Resolve = condition(t, set.Compiler, "account.fine")
			r.Seal()
		}
		now := utc("2026-11-01T09:00")
		f := set.Facts(nil, nil, now)
		var s RuleState
		var c Circumstances
		fired := map[int64]bool{}
		truth := func(name string) any {
			return rapid.SampledFrom([]any{true, true, false, nil}).Draw(rt, name)
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours")) * time.Hour)
			attrs := map[string]any{"bad": truth("bad"), "fine": truth("fine")}
			c.Paused = rapid.IntRange(0, 9).Draw(rt, "pause") == 0
			if c.OpenRun && rapid.IntRange(0, 3).Draw(rt, "end") == 0 {
				c.OpenRun, c.LastRunEnded = false, now
			}
			if rapid.IntRange(0, 9).Draw(rt, "snooze") == 0 {
				c.SnoozedUntil = now.Add(48 * time.Hour)
			}
			f.Reset(&Account{ID: "acme", Attributes: attrs}, nil, now)
			before := s
			var d Decision
			var changed bool
			s, d, changed = r.Judge(s, f, c)
			if from := before.Phase; from != "" && !slices.Contains(edges[from], s.Phase) {
				rt.Fatalf("moved from %s to %s", from, s.Phase)
			}
			if s.Episode < before.Episode {
				rt.Fatalf("episode fell from %d to %d", before.Episode, s.Episode)
			}
			if attrs["bad"] == nil && before.Phase != Firing && before.Phase != Resolved && s.Phase != before.Phase && s.Phase != Inactive && before.Phase != "" {
				rt.Fatalf("unknown moved it from %s to %s", before.Phase, s.Phase)
			}
			if !changed || d.Outcome != Fired {
				continue
			}
			switch {
			case fired[d.Episode]:
				rt.Fatalf("episode %d fired twice", d.Episode)
			case attrs["bad"] != true:
				rt.Fatalf("fired on %v", attrs["bad"])
			case c.OpenRun, c.Paused, now.Before(c.SnoozedUntil):
				rt.Fatalf("fired in %+v", c)
			case !c.LastRunEnded.IsZero() && now.Before(r.Cooldown.AddCalendar(c.LastRunEnded, time.UTC)):
				rt.Fatalf("fired during the cooldown")
			case now.Before(r.For.AddCalendar(s.HeldSince, time.UTC).Add(s.Frozen)):
				rt.Fatalf("fired after %s", now.Sub(s.HeldSince))
			}
			fired[d.Episode] = true
			c.OpenRun = true
		}
	})
}

// Forgetting what is known of an account never turns true to false or false to
// true, only to unknown.
func TestLessDataNeverMakesSurer(t *testing.T) {
	c, _ := NewCompiler(Schema{Attributes: map[string]Type{"a": Bool, "b": Bool, "c": Bool}})
	conditions := []*Condition{
		condition(t, c, "account.a and (account.b or not account.c)"),
		condition(t, c, "not (account.a or account.b) and account.c"),
		condition(t, c, "account.a or account.b and account.c"),
	}
	rapid.Check(t, func(rt *rapid.T) {
		full := map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			full[name] = rapid.SampledFrom([]any{true, false, nil}).Draw(rt, name)
		}
		fewer := map[string]any{}
		for name, v := range full {
			if rapid.Bool().Draw(rt, "keep "+name) {
				fewer[name] = v
			}
		}
		for _, cond := range conditions {
			more := cond.Truth(NewFacts(c, &Account{Attributes: full}, nil, time.Time{}))
			less := cond.Truth(NewFacts(c, &Account{Attributes: fewer}, nil, time.Time{}))
			if less != more && less != Unknown {
				rt.Fatalf("%s: %s of %v, %s of %v", cond, more, full, less, fewer)
			}
		}
	})
}

func TestAGroupedEpisodeGoesOnWithoutARun(t *testing.T) {
	set, rule := ruleOn(t, nil)
	judge := func(s RuleState, at string, isBad bool, c Circumstances) (RuleState, Decision, bool) {
		f := set.Facts(&Account{ID: "acme", Attributes: bad(isBad)}, nil, utc(at))
		return rule.Judge(s, f, c)
	}
	s, d, _ := judge(RuleState{}, "2026-11-01T09:00", true, Circumstances{})
	if d.Outcome != Fired {
		t.Fatalf("got %s, want fired", d.Outcome)
	}
	if other := s.Regrouped(d.Episode + 1); other != s {
		t.Errorf("another episode became grouped: %v", other)
	}
	s = s.Regrouped(d.Episode)
	for _, want := range []struct {
		at      string
		bad     bool
		phase   Phase
		outcome Outcome
		reason  Reason
		changed bool
	}{
		{"2026-11-01T10:00", true, Firing, Suppressed, Grouped, true},
		{"2026-11-02T10:00", true, Firing, Suppressed, Grouped, false},
		{"2026-11-03T10:00", false, Inactive, Resolves, "", true},
		{"2026-11-04T10:00", true, Firing, Fired, "", true},
	} {
		var changed bool
		s, d, changed = judge(s, want.at, want.bad, Circumstances{})
		if s.Phase != want.phase || d.Outcome != want.outcome || d.Reason != want.reason || changed != want.changed {
			t.Errorf("%s: got %s %s %s changed %v, want %+v", want.at, s.Phase, d.Outcome, d.Reason, changed, want)
		}
	}
}

// What waits for its `for` says what will keep it from firing once that is over.
func TestAPendingRuleSaysWhatWillHoldItBack(t *testing.T) {
	begins, due := utc("2026-11-02T09:00"), utc("2026-11-05T09:00")
	for _, tc := range []struct {
		name   string
		change func(*Rule)
		c      Circumstances
		want   *Hold
	}{
		{"nothing", nil, Circumstances{}, nil},
		{"a play that is open", nil, Circumstances{OpenRun: true}, &Hold{Reason: AlreadyRunning}},
		{"a pause", nil, Circumstances{Paused: true}, &Hold{Reason: Paused}},
		{"a snooze that lasts longer", nil, Circumstances{SnoozedUntil: utc("2026-11-10T00:00")},
			&Hold{Reason: Snoozed, Detail: "2026-11-10", Until: utc("2026-11-10T00:00")}},
		{"a snooze that ends before", nil, Circumstances{SnoozedUntil: utc("2026-11-05T09:00")}, nil},
		{"a cooldown that lasts longer", func(r *Rule) { r.Cooldown = Period{Days: 10} }, Circumstances{LastRunEnded: utc("2026-11-01T09:00")},
			&Hold{Reason: CoolingDown, Detail: "2026-11-11", Until: utc("2026-11-11T09:00")}},
		{"a cooldown that ends before", func(r *Rule) { r.Cooldown = Period{Days: 3} }, Circumstances{LastRunEnded: utc("2026-11-01T09:00")}, nil},
		{"of a snooze and a cooldown the later one", func(r *Rule) { r.Cooldown = Period{Days: 10} },
			Circumstances{LastRunEnded: utc("2026-11-01T09:00"), SnoozedUntil: utc("2026-11-07T00:00")},
			&Hold{Reason: CoolingDown, Detail: "2026-11-11", Until: utc("2026-11-11T09:00")}},
		{"another playbook", nil, Circumstances{Inhibitor: "q"}, &Hold{Reason: Inhibited, Detail: "q"}},
		{"the storm limit", nil, Circumstances{StormHeld: true}, &Hold{Reason: OverStormLimit}},
		{"being held out", func(r *Rule) { r.Holdout = 1 }, Circumstances{}, &Hold{Reason: HeldOut}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set, r := ruleOn(t, func(r *Rule) {
				r.For = Period{Days: 3}
				if tc.change != nil {
					tc.change(r)
				}
			})
			f := set.Facts(&Account{ID: "a", Attributes: bad(true)}, &History{}, begins)
			_, d, _ := r.Judge(RuleState{}, f, tc.c)
			if d.Outcome != Waits || !d.Until.Equal(due) {
				t.Fatalf("got %s until %s, want pending until %s", d.Outcome, d.Until, due)
			}
			if diff := cmp.Diff(tc.want, d.Then); diff != "" {
				t.Errorf("what holds it back then (-want +got):\n%s", diff)
			}
		})
	}
}
