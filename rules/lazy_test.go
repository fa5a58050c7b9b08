package rules

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// What is left at a bound comes to the same as what is learnt to the end: drops,
// spikes, trends and shifts of every size, of counts and gauges, at several budgets.
func TestBoundsDecideAsWhatTheyBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	today := day("2026-11-20")
	left, beyond := 0, 0
	for range 400 {
		def := []SignalDef{loginsDef, seatsDef}[rng.IntN(2)]
		var h History
		mean, wild, change, days := math.Exp(rng.Float64()*6), rng.Float64()*0.5, math.Exp(rng.NormFloat64()), 20+rng.IntN(380)
		from := rng.IntN(40)
		for d := range days {
			x := mean * weekShape[(today-Date(days-d)).Weekday()] * math.Exp(wild*rng.NormFloat64())
			if d > days-from {
				x *= change
			}
			if def.Kind == Count {
				x = math.Floor(x)
			}
			seriesOf(t, &h, def, (today - Date(days-1-d)).String(), x)
		}
		s := h.find(def.Name)
		for _, op := range []featureOp{opDrop, opSpike, opTrend, opShift, opShiftDays} {
			ft := newFeature(op, def)
			ft.window = []int{1, 7, 14, 28, 56}[rng.IntN(5)]
			ft.alarms = []float64{0, 1, 12, 52}[rng.IntN(4)]
			ft.weeks = []int{0, 0, 8}[rng.IntN(3)]
			v := view{row: &s.total, first: s.total.from, last: min(s.untilDay, today), fresh: ft.fresh, kind: ft.kind, cover: &s.total}
			var bounded, whole learner
			got := ft.compute(s, today, 0, nil, &bounded, &memoCell{})
			whole.learn(&v, s.past, today)
			want := wholly(ft, &whole, v.value(today))
			if got.gap != want.gap || math.Float64bits(got.number) != math.Float64bits(want.number) {
				t.Fatalf("%s is %v (%s), want %v (%s)", ft, got.number, got.gap, want.number, want.gap)
			}
			if got.gap.known() && len(bounded.known) == 0 {
				left++
			}
			if got.gap.known() && got.number != ft.neutral() {
				beyond++
			}
		}
	}
	if left < 200 || beyond < 200 {
		t.Errorf("%d features were left at a bound and %d were beyond chance, which tests little", left, beyond)
	}
}

// wholly works a judged feature out without bounds.
func wholly(ft *feature, l *learner, now float64) result {
	switch ft.op {
	case opDrop:
		w, ok := ft.judge(l, 0)
		if !ok {
			return result{gap: ft.tooFew(l)}
		}
		return result{number: ft.drop(l, w)}
	case opSpike:
		var u usual
		if ft.learnUsual(l, &u, onPast); !u.gap.known() {
			return result{gap: u.gap}
		}
		return result{number: u.spike(ft.kind, now)}
	case opTrend:
		s, ok := trendOf(l, max(1, ft.window/2), 0)
		switch {
		case !ok:
			return result{gap: ft.halfKnown()}
		case s.expected == 0 && s.actual != 0:
			return result{gap: gap{Code: NothingEarlier, Of: ft.signal}}
		case s.expected == 0 || math.Abs(s.off(l.kind)) < ft.enough(l):
			return result{}
		}
		return result{number: (s.actual - s.expected) / math.Abs(s.expected)}
	}
	best, known := ft.findShift(l, 0)
	switch {
	case !known:
		return result{gap: ft.tooFew(l)}
	case ft.shiftAlarms(l, best) > ft.budget():
		return result{}
	case ft.op == opShiftDays:
		return result{number: float64(best.days)}
	}
	return result{number: best.share}
}

// BenchmarkJudged works out one judged feature of 400 days, and reports how long it
// takes where the days are as usual, and where a loss or a rise must be judged to the end.
func BenchmarkJudged(b *testing.B) {
	today := day("2026-11-20")
	for _, tc := range []struct {
		name string
		last float64 // what the last two weeks brought, as a share
	}{{"usual", 1}, {"lost", 0.4}, {"more", 3}} {
		var h History
		for d := range KeepDays {
			x := 100 * weekShape[(today-Date(KeepDays-d)).Weekday()]
			if d > KeepDays-14 {
				x *= tc.last
			}
			seriesOf(b, &h, loginsDef, (today - Date(KeepDays-1-d)).String(), math.Floor(x))
		}
		s := h.find("logins")
		f := NewFacts(testCompiler(b), &Account{Country: "JP"}, &h, today.In(time.UTC))
		for _, op := range []featureOp{opDrop, opSpike, opTrend, opShift} {
			b.Run(tc.name+"/"+string(op), func(b *testing.B) {
				ft := newFeature(op, loginsDef)
				ft.window = map[featureOp]int{opDrop: 14, opSpike: 1, opTrend: 28, opShift: 56}[op]
				for b.Loop() {
					f.learner.row = nil
					ft.compute(s, today, 0, f.offDays, &f.learner, nil)
				}
			})
		}
	}
}
