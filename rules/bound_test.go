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

// So are seven days of eight in a year with its country's holidays.
func TestBoundsDecideDaysAfterHolidays(t *testing.T) {
	c := testCompiler(t)
	clause := condition(t, c, `logins.drop("14d") >= 0.4`)
	var h History
	rng := rand.New(rand.NewPCG(3, 4))
	worked, days := 0, 0
	for d := day("2026-01-01"); d <= day("2027-06-30"); d++ {
		at := d.In(time.UTC).Add(9 * time.Hour)
		apply(t, &h, loginsDef, time.UTC, at, Signal{Value: math.Floor(30 * weekShape[d.Weekday()] * (0.9 + 0.2*rng.Float64()))})
		if d < day("2026-07-01") {
			continue
		}
		f := NewFacts(c, &Account{ID: "acme", Country: "JP"}, &h, at)
		if got := clause.Truth(f); got != False {
			t.Errorf("%s on %s is %v", clause, d, got)
		}
		s, sl := h.find("logins"), &c.slots[clause.clauses[0].program.quick.bound]
		if days++; s.cells[sl.cell].of == s.stamp.number(sl.completed) {
			worked++
		}
	}
	if worked > days/8 {
		t.Errorf("on %d of %d days it was worked out to the end", worked, days)
	}
}

// Where weeks or weekdays are missing it is left to what learns of all days.
func TestNoBoundOfTooLittle(t *testing.T) {
	for _, tc := range []struct {
		name        string
		missing     func(ago int) bool
		known       int // weeks of which each weekday is known
		most, least bool
	}{
		{"every day is known", func(int) bool { return false }, 8, true, true},
		{"a day of the latest week is missing", func(ago int) bool { return ago == 6 }, 7, true, true},
		{"a day of two of the latest weeks is missing", func(ago int) bool { return ago == 6 || ago == 13 }, 6, false, true},
		{"a day of three of the latest weeks is missing", func(ago int) bool { return ago%7 == 6 && ago < 21 }, 5, false, false},
		{"one weekday is always missing", func(ago int) bool { return ago%7 == 2 }, 0, false, false},
		{"five days of a week are missing", func(ago int) bool { return ago > 51 }, 7, true, true},
	} {
		var all weekSums
		for ago := 1; ago <= 7*profileWeeks; ago++ {
			if w := &all[(ago-1)/7]; tc.missing(ago) {
				w.unknown |= 1 << ((ago - 1) % 7)
			} else {
				w.sum += 10
			}
		}
		if got := all.profiled(); got != tc.known {
			t.Errorf("%s: weekdays are known of %d weeks, want %d", tc.name, got, tc.known)
		}
		latest := (*[levelWeeks]week)(all[:])
		if rate, known := levelMost(latest, nil); known != tc.most || known && rate < 10-1e-9 {
			t.Errorf("%s: the level is at most %g (%t), want at least 10 (%t)", tc.name, rate, known, tc.most)
		}
		if rate, known := levelLeast(latest); known != tc.least || known && (rate > 10+1e-9 || rate < 8) {
			t.Errorf("%s: the level is at least %g (%t), want 8 to 10 (%t)", tc.name, rate, known, tc.least)
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
