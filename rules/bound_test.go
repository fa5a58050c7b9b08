package rules

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Clauses that a bound decides are decided as by the feature itself, learnt from scratch,
// day after day: corrected days, gaps, outages, closed days and holidays, losses and bursts.
func TestBoundsDecideClausesAsTheFeaturesDo(t *testing.T) {
	defs := []SignalDef{loginsDef, {Name: "help_views", Kind: Count, Dimension: "topic"}}
	c := testCompiler(t)
	var clauses []*Condition
	var exact []*Expr
	var limits []float64
	add := func(text, op string, limit float64) {
		clauses = append(clauses, condition(t, c, fmt.Sprintf("%s %s %g", text, op, limit)))
		e, problems := c.Expr(Source{Text: text}, Number)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		exact, limits = append(exact, e), append(limits, limit)
	}
	for _, window := range []string{"7d", "10d", "14d", "28d"} { // the largest limit first: what is asked for exactly is told no more
		for _, limit := range []float64{0.6, 0.3, 0.1, 0} {
			add(`logins.drop("`+window+`")`, ">=", limit)
			add(`(logins.drop("`+window+`") ?? 0)`, "<", limit)
		}
	}
	for _, limit := range []float64{3, 1.5, 1} {
		add(`help_views.spike("1d")`, ">", limit)
		add(`help_views.spike("1d")`, "<=", limit)
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(rt)
		for n := rapid.IntRange(60, 120).Draw(rt, "days"); n > 0; n-- {
			l.pass(rt, defs)
			if n > 20 && n%7 != 0 {
				continue
			}
			f, anew := l.facts(rt, c, false), l.facts(rt, c, true)
			for i, cond := range clauses {
				got, want := cond.Truth(f), Unknown
				of, missing := exact[i].Eval(anew)
				if missing == nil {
					want = truthOf(cond.clauses[0].program.quick.op.holds(of.(float64), limits[i]))
				}
				if got != want {
					rt.Fatalf("%s on %s is %v, want %v: it is %v %v", cond, l.today, got, want, of, missing)
				}
			}
		}
	})
}

// An account that lives as usual is judged by bounds alone, and nothing is learnt of it.
func TestBoundsDecideUsualDays(t *testing.T) {
	c := testCompiler(t)
	var clauses []*Condition
	for _, text := range []string{`logins.drop("14d") >= 0.3`, `(logins.drop("7d") ?? 0) < 0.6`, `help_views.spike("1d") > 3`} {
		clauses = append(clauses, condition(t, c, text))
	}
	var h History
	rng := rand.New(rand.NewPCG(1, 2))
	today := day("2026-11-17")
	for d := today - 119; d <= today; d++ {
		at := d.In(time.UTC).Add(9 * time.Hour)
		apply(t, &h, loginsDef, time.UTC, at, Signal{Value: math.Floor(30 * weekShape[d.Weekday()] * (0.9 + 0.2*rng.Float64()))})
		apply(t, &h, SignalDef{Name: "help_views", Kind: Count, Dimension: "topic"}, time.UTC, at, Signal{Value: 1 + float64(rng.IntN(2))})
	}
	f := NewFacts(c, &Account{ID: "acme"}, &h, today.In(time.UTC).Add(12*time.Hour))
	for _, cond := range clauses {
		if got := cond.Truth(f); got == Unknown {
			t.Errorf("%s is unknown", cond)
		}
		sl := &c.slots[cond.clauses[0].program.quick.bound]
		if s := h.find(sl.feature.signal); s.cells[sl.cell].of == s.stamp.number(sl.completed) {
			t.Errorf("%s was worked out to the end: no bound decided it", cond)
		}
	}
}

// Where weeks or weekdays are missing it is left to what learns of all days.
func TestNoBoundOfTooLittle(t *testing.T) {
	days := func(missing func(i int) bool) []float64 {
		all := make([]float64, 7*profileWeeks)
		for i := range all {
			if all[i] = 10; missing(i) {
				all[i] = math.NaN()
			}
		}
		return all
	}
	for _, tc := range []struct {
		name             string
		missing          func(i int) bool
		profiled, levels bool
	}{
		{"every day is known", func(int) bool { return false }, true, true},
		{"a day of the latest week is missing", func(i int) bool { return i == 50 }, true, true},
		{"a day of two of the latest weeks is missing", func(i int) bool { return i == 50 || i == 43 }, true, false},
		{"one weekday is always missing", func(i int) bool { return i%7 == 2 }, false, false},
		{"five days of a week are missing", func(i int) bool { return i < 5 }, false, true},
	} {
		all := days(tc.missing)
		if got := profiled(all); got != tc.profiled {
			t.Errorf("%s: the profile is sure: %t, want %t", tc.name, got, tc.profiled)
		}
		if rate, known := levelMost(all); known != tc.levels || known && rate < 10-1e-9 {
			t.Errorf("%s: the level is at most %g (%t), want at least 10 (%t)", tc.name, rate, known, tc.levels)
		}
	}
}

// A clause may be compiled, for a question, after the facts that it is asked of were made.
func TestBoundsOfClausesCompiledLater(t *testing.T) {
	c := testCompiler(t)
	var h History
	for d := day("2026-08-01"); d <= day("2026-11-17"); d++ {
		apply(t, &h, loginsDef, time.UTC, d.In(time.UTC).Add(9*time.Hour), Signal{Value: 10})
	}
	f := NewFacts(c, &Account{ID: "a"}, &h, utc("2026-11-17T12:00"))
	for _, text := range []string{`logins.drop("14d") > 0.5`, `logins.drop("7d") >= 0.4`} {
		if got := condition(t, c, text).Truth(f); got != False {
			t.Errorf("%s is %v, want false", text, got)
		}
	}
}
