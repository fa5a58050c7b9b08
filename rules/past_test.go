package rules

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// An account that bursts every month must burst higher than one that never did before it
// is believed, and what goes clearly beyond all of its bursts is believed of both.
func TestBurstsAreJudgedByTheAccountsOwn(t *testing.T) {
	today := day("2026-11-20")
	spikes := func(times, now float64) (spoken int) {
		f, exprs := loginsFacts(t, `logins.spike("1d", {alarms: "1/year"})`)
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 9))
			var h History
			for d := today - 300; d <= today; d++ {
				lambda := 30 * weekShape[d.Weekday()]
				switch {
				case d == today:
					lambda *= now
				case (today-d)%30 == 20:
					lambda *= times
				}
				seriesOf(t, &h, loginsDef, d.String(), distuv.Poisson{Lambda: lambda, Src: rng}.Rand())
			}
			f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T23:30"))
			if v, ok := exprs[0].Number(f); !ok {
				t.Fatal("the spike is not known")
			} else if v > 1 {
				spoken++
			}
		}
		return spoken
	}
	for _, tc := range []struct {
		name        string
		times, now  float64
		least, most int // of 20
	}{
		{"a calm account brings three times the usual", 1, 3, 20, 20},
		{"one that did so every month does it again", 3, 3, 0, 8},
		{"one that did so every month brings nine times the usual", 3, 9, 20, 20},
	} {
		if n := spikes(tc.times, tc.now); n < tc.least || n > tc.most {
			t.Errorf("%s: believed of %d accounts in 20, want %d to %d", tc.name, n, tc.least, tc.most)
		}
	}
}

// What is enough for an account with a past is what its alarms a year come down to the
// budget at, and lies between what is enough without one and a record.
func TestEnoughForAPast(t *testing.T) {
	ft := newFeature(opSpike, loginsDef)
	ft.window = 1
	l := &learner{}
	for _, p := range []past{{}, {peaks: []float64{4}, days: 200}, {peaks: []float64{9, 5, 4}, days: 340}, {peaks: []float64{4, 4, 4, 4, 4, 4, 4, 4}, days: 100}} {
		farthest := 0.0
		for _, peak := range p.peaks {
			farthest = max(farthest, peak)
		}
		before := 1e9
		for _, budget := range []float64{0.2, 1, 4, 12} {
			ft.alarms = budget
			off, alone := ft.enoughFor(l, p), ft.enough(l)
			if alarms := ft.alarmsAt(l, off*(1+1e-6), p); alarms > budget {
				t.Errorf("%v, %g a year: %.3f is enough, which comes %g times a year", p, budget, off, alarms)
			}
			if off < alone || off > max(alone, pastRecord*farthest)*(1+1e-6) || off > before*(1+1e-6) {
				t.Errorf("%v, %g a year: %.3f is enough; %.3f without a past, %.3f with a smaller budget, and %.3f is a record", p, budget, off, alone, before, pastRecord*farthest)
			}
			before = off
		}
	}
}
