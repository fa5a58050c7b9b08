package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/rules"
)

// compiled compiles expressions of numbers over three signals; b is of another kind where odd.
func compiled(t *testing.T, odd bool, sources ...string) (*rules.Compiler, []*rules.Expr) {
	t.Helper()
	kind := rules.Count
	if odd {
		kind = rules.Gauge
	}
	c, problems := rules.NewCompiler(rules.Schema{Signals: []rules.SignalDef{{Name: "a", Kind: rules.Count}, {Name: "b", Kind: kind}, {Name: "c", Kind: rules.Unique}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var all []*rules.Expr
	for _, s := range sources {
		e, problems := c.Expr(rules.Source{Text: s}, rules.Number)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		all = append(all, e)
	}
	return c, all
}

func TestWhatIsCarriedToAnotherCompilerIsWhatItWouldHaveWorkedOut(t *testing.T) {
	now := time.Date(2027, 4, 5, 3, 0, 0, 0, time.UTC)
	account := &rules.Account{ID: "acme", TimeZone: "Asia/Tokyo", Country: "JP"}
	history := func() *rules.History {
		var h rules.History
		for day := 300; day >= 0; day-- {
			at := now.AddDate(0, 0, -day)
			for i, name := range []string{"a", "b"} {
				s := rules.Signal{Account: "acme", Signal: name, Value: float64(3 + (day*(i+2))%7), At: at}
				if _, err := h.Apply(s, rules.SignalDef{Name: name, Kind: rules.Count}, time.UTC, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		return &h
	}
	old := []string{`a.drop("14d")`, `a.sum("7d")`, `b.spike("1d")`, `b.mean("28d")`, `a.expected("7d")`}
	for _, c := range []struct {
		name string
		odd  bool
		book []string
	}{
		{"in another order", false, []string{`b.mean("28d")`, `a.expected("7d")`, `a.sum("7d")`, `b.spike("1d")`, `a.drop("14d")`}},
		{"with other windows between", false, []string{`a.drop("28d")`, `a.drop("14d")`, `b.sum("3d")`, `a.sum("7d")`, `c.distinct("7d")`, `b.spike("1d")`}},
		{"with a signal of another kind", true, []string{`b.mean("28d")`, `a.sum("7d")`}},
		{"with less", false, []string{`b.spike("1d")`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := history()
			before, exprs := compiled(t, false, old...)
			values(before, account, h, now, exprs)
			after, others := compiled(t, c.odd, c.book...)
			rules.NewCarrier(before, after).Carry(h)
			if diff := cmp.Diff(values(after, account, history(), now, others), values(after, account, h, now, others)); diff != "" {
				t.Errorf("(-worked out +carried):\n%s", diff)
			}
			later := now.AddDate(0, 0, 1)
			if diff := cmp.Diff(values(after, account, history(), later, others), values(after, account, h, later, others)); diff != "" {
				t.Errorf("a day later (-worked out +carried):\n%s", diff)
			}
			rules.NewCarrier(after, before).Carry(h) // and back, as after a plan
			if diff := cmp.Diff(values(before, account, history(), later, exprs), values(before, account, h, later, exprs)); diff != "" {
				t.Errorf("carried back (-worked out +carried):\n%s", diff)
			}
		})
	}
}

func values(c *rules.Compiler, account *rules.Account, h *rules.History, now time.Time, exprs []*rules.Expr) []string {
	f := rules.NewFacts(c, account, h, now)
	var all []string
	for _, e := range exprs {
		v, known := e.Eval(f)
		all = append(all, fmt.Sprint(e, " ", v, " ", known))
	}
	return all
}
