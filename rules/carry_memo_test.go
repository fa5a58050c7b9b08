package rules

import (
	"testing"
	"time"
)

// A carried feature is not worked out again: what is remembered of it, and only of it, stands where the other compiler looks.
func TestCarryingKeepsWhatWasWorkedOut(t *testing.T) {
	compile := func(sources ...string) (*Compiler, []*Expr) {
		c, problems := NewCompiler(Schema{Signals: []SignalDef{{Name: "a", Kind: Count}}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var all []*Expr
		for _, s := range sources {
			e, problems := c.Expr(Source{Text: s}, Number)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			all = append(all, e)
		}
		return c, all
	}
	now := time.Date(2027, 4, 5, 3, 0, 0, 0, time.UTC)
	account := &Account{ID: "acme"}
	var h History
	for day := 200; day >= 0; day-- {
		at := now.AddDate(0, 0, -day)
		if _, err := h.Apply(Signal{Account: "acme", Signal: "a", Value: 5, At: at}, SignalDef{Name: "a", Kind: Count}, time.UTC, at); err != nil {
			t.Fatal(err)
		}
	}
	from, exprs := compile(`a.sum("7d")`, `a.drop("14d")`)
	f := NewFacts(from, account, &h, now)
	for _, e := range exprs {
		e.Eval(f)
	}
	to, _ := compile(`a.drop("14d")`, `a.max("3d")`)
	NewCarrier(from, to).Carry(&h)
	NewFacts(to, account, &h, now) // does not forget it
	cells := h.find("a").cells
	if len(cells) != 2 || cells[0] == (memoCell{}) || cells[1] != (memoCell{}) {
		t.Errorf("remembered are %+v; want the drop of today, and nothing of what is new", cells)
	}
}
