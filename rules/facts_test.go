package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is remembered between evaluations never shows: Facts that go from account to
// account and day to day say what fresh ones say of a copy of the series.
func TestRememberingChangesNothing(t *testing.T) {
	c := testCompiler(t)
	var exprs []*Expr
	for _, text := range []string{
		`logins.max("14d")`, `logins.trend("14d")`, `logins.shift("28d")`, `seats_used.mean("14d")`, `seats_used.max("7d")`, `users.max("7d")`,
		`logins.drop("7d")`, `logins.spike("1d")`, `logins.sum("3d")`, `logins.mean("7d")`, `logins.days_since()`, `logins.expected("7d")`,
		`help_views.by("a").spike("1d")`, `help_views.top("sum", "7d")`, `seats_used.last()`, `users.distinct("7d")`, `contract.notice_in`, `segment.touch`,
	} {
		e, problems := c.Expr(Source{Text: text})
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		exprs = append(exprs, e)
	}
	rapid.Check(t, func(rt *rapid.T) {
		accounts := []*Account{acme(), {ID: "other"}, {ID: "third", TimeZone: "America/New_York", Country: "US"}}
		histories := make([]History, len(accounts))
		now := utc("2026-09-01T12:00")
		for i := range histories {
			for d := range 40 {
				at := now.AddDate(0, 0, d-40)
				apply(t, &histories[i], loginsDef, time.UTC, at, Signal{Value: float64(10 + d%7)})
			}
		}
		shared := NewFacts(c, nil, nil, now)
		var feed time.Time
		var outages map[string][]Outage
		shared.SetFeed(func(string) time.Time { return feed })
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-30, 60).Draw(rt, "hours")) * time.Hour) // a clock may go back
			if rapid.Bool().Draw(rt, "feed") {
				feed = now
			}
			i := rapid.IntRange(0, len(accounts)-1).Draw(rt, "account")
			a, h := accounts[i], &histories[i]
			def := rapid.SampledFrom([]SignalDef{loginsDef, helpDef, seatsDef, usersDef}).Draw(rt, "signal")
			s := Signal{Signal: def.Name, Value: float64(rapid.IntRange(0, 50).Draw(rt, "value")), User: rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "user"),
				At: now.AddDate(0, 0, -rapid.IntRange(0, 10).Draw(rt, "late"))}
			if def.Dimension != "" {
				s.By = rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "by")
			}
			if rapid.IntRange(0, 4).Draw(rt, "correction") == 0 {
				s.Mode = "set"
			}
			if rapid.IntRange(0, 6).Draw(rt, "move") == 0 {
				a.TimeZone = rapid.SampledFrom([]string{"", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"}).Draw(rt, "zone")
			}
			loc, err := a.Location()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Apply(s, def, loc, now); err != nil {
				rt.Fatal(err)
			}
			if rapid.IntRange(0, 5).Draw(rt, "close") == 0 {
				a.Closed = append(a.Closed, Span{shared.Today() - 3, shared.Today() - 2})
			}
			if rapid.IntRange(0, 4).Draw(rt, "outage") == 0 {
				from := now.Add(-time.Duration(rapid.IntRange(1, 400).Draw(rt, "ago")) * time.Hour)
				outages = map[string][]Outage{rapid.SampledFrom([]string{"logins", "help_views", "users"}).Draw(rt, "of"): {{from, from.Add(80 * time.Hour)}}}
				shared.SetOutages(outages)
			}
			shared.Reset(a, h, now)
			data, _ := h.MarshalBinary()
			var copied History
			if err := copied.UnmarshalBinary(data); err != nil {
				rt.Fatal(err)
			}
			fresh := NewFacts(c, a, &copied, now)
			fresh.SetFeed(func(string) time.Time { return feed })
			fresh.SetOutages(outages)
			for _, e := range exprs {
				v1, m1 := e.Eval(shared)
				v2, m2 := e.Eval(fresh)
				if !cmp.Equal(v1, v2) || !cmp.Equal(m1, m2) {
					rt.Fatalf("%s of %s at %s: %v %q remembered, %v %q fresh", e, a.ID, now, v1, m1, v2, m2)
				}
			}
		}
	})
}

func TestSetTouchesTheRulesThatReadASignal(t *testing.T) {
	c := testCompiler(t)
	inner, _ := c.With([]Let{{"quiet", Source{Text: "logins.days_since() > 5"}}}, nil)
	set := NewSet(c,
		&Rule{Playbook: "b", When: condition(t, inner, "quiet")},
		&Rule{Playbook: "a", When: condition(t, c, `users.distinct("7d") > 1`), Audience: condition(t, c, "logins.last() > 0")},
		&Rule{Playbook: "c", When: condition(t, c, `account.seats > 1`)},
	)
	names := func(rules []*Rule) (out []string) {
		for _, r := range rules {
			out = append(out, r.Playbook)
		}
		return out
	}
	for signal, want := range map[string][]string{"logins": {"a", "b"}, "users": {"a"}, "help_views": nil} {
		if diff := cmp.Diff(want, names(set.Touched(signal))); diff != "" {
			t.Errorf("%s: %s", signal, diff)
		}
	}
	if set.Rule("c") == nil || set.Rule("d") != nil || set.Rule("a").Fingerprint == set.Rule("b").Fingerprint {
		t.Error("rules are not found by name, or share a fingerprint")
	}
}

func TestHoldoutIsStableAndOfItsShare(t *testing.T) {
	r := &Rule{Playbook: "p", Holdout: 0.2}
	held := 0
	for i := range 5000 {
		id := string(rune('a'+i%26)) + time.Duration(i).String()
		out := r.HoldsOut(id, "")
		if out {
			held++
		}
		if again := (&Rule{Playbook: "p", Holdout: 0.2}).HoldsOut(id, ""); again != out {
			t.Fatal("an account is held out one time and not the next")
		}
	}
	if held < 850 || held > 1150 {
		t.Errorf("%d of 5000 are held out, want about 1000", held)
	}
}
