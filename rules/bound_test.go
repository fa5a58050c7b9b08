package rules

import (
	"fmt"
	"testing"

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
	told, asked := 0, 0
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
				q := cond.clauses[0].program.quick
				if missing == nil {
					want = truthOf(q.op.holds(of.(float64), limits[i]))
				}
				if got != want {
					rt.Fatalf("%s on %s is %v, want %v: it is %v %v", cond, l.today, got, want, of, missing)
				}
				sl := boundedSlot(c.slots, q.left.slot)
				if s := l.history.find(sl.feature.signal); s != nil {
					asked++
					if cell := s.cells[sl.cell]; cell.of != s.stamp.number(sl) {
						told++
					}
				}
			}
		}
	})
	if told*20 < asked {
		t.Errorf("bounds decided %d of %d clauses, which tests little", told, asked)
	}
}
