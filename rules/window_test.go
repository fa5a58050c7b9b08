package rules

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What windows come to from one day to the next is what they come to from scratch, bit
// for bit, whatever arrives in which order: late days, corrections, gaps, fractions,
// a clock that goes back, a feed that stops.
func TestWindowsRollAsTheyAreComputed(t *testing.T) {
	defs := []SignalDef{loginsDef, seatsDef, usersDef, {Name: "help_views", Kind: Count, Dimension: "topic", Fresh: 6 * 24 * time.Hour}}
	var features []*feature
	for _, def := range defs {
		for _, form := range featureForms() {
			for _, window := range []int{1, 2, 7, 28, 90} {
				ft := newFeature(form.op, def)
				if ft.windowOp() == notWindow || form.op == opSum && def.Kind == Gauge || form.op == opDistinct && def.Kind != Unique {
					continue
				}
				if form.window {
					ft.window = window
				} else if window > 1 {
					continue
				}
				features = append(features, ft)
				if def.Dimension != "" {
					one := *ft
					one.by = "a"
					features = append(features, &one)
				}
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		var h History
		cells := make([]memoCell, len(features))
		today := day("2026-11-20")
		whole := rapid.Bool().Draw(rt, "whole numbers")
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			today += Date(rapid.SampledFrom([]int{0, 0, 1, 1, 1, 1, 2, 5, -1}).Draw(rt, "days on"))
			now := today.In(time.UTC).Add(12 * time.Hour)
			for range rapid.IntRange(0, 3).Draw(rt, "signals") {
				def := rapid.SampledFrom(defs).Draw(rt, "signal")
				s := Signal{Signal: def.Name, Value: float64(rapid.IntRange(0, 300).Draw(rt, "value")), User: fmt.Sprint(rapid.IntRange(0, 9).Draw(rt, "user")),
					At: now.AddDate(0, 0, -rapid.SampledFrom([]int{0, 0, 0, 1, 2, 20, 60}).Draw(rt, "late"))}
				if !whole {
					s.Value /= 7
				}
				if rapid.IntRange(0, 4).Draw(rt, "set") == 0 {
					s.Mode = "set"
				}
				if def.Dimension != "" {
					s.By = rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "by")
				}
				h.Apply(s, def, time.UTC, now) // a user's day may be too old to tell: nothing changes then
			}
			alive := Date(0)
			if rapid.Bool().Draw(rt, "heard of") {
				alive = today - Date(rapid.IntRange(0, 5).Draw(rt, "ago"))
			}
			for i, ft := range features {
				s := h.find(ft.signal)
				if s == nil {
					continue
				}
				s.over = max(s.over, today-1)
				want := ft.compute(s, today, alive, nil, &learner{}, nil)
				got, ok := ft.quickly(ft.windowOp(), s, today, alive, &cells[i])
				if ok && (!want.gap.known() || math.Float64bits(got) != math.Float64bits(want.number)) {
					rt.Fatalf("%s on %s is %v, want %v (%s)", ft, today, got, want.number, want.gap)
				}
				if !ok && want.gap.known() && ft.windowOp() == windowSum {
					rt.Fatalf("%s on %s is not told quickly", ft, today)
				}
			}
		}
	})
}
