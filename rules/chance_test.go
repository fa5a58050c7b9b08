package rules

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// weekShape is how an office's week is spread; it has mean 1.
var weekShape = [7]float64{0.2, 1.3, 1.4, 1.3, 1.3, 1.2, 0.3}

// poissonYear returns an account whose logins are Poisson noise about a weekly
// shape of the given mean a day, for n days from 2026-01-01.
func poissonYear(t testing.TB, seed uint64, mean float64, n int, level func(day int) float64) *History {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 77))
	h := &History{}
	def := SignalDef{Name: "logins", Kind: Count}
	first := NewDate(2026, time.January, 1)
	for i := range n {
		d := first + Date(i)
		lambda := mean * weekShape[d.Weekday()]
		if level != nil {
			lambda *= level(i)
		}
		v := distuv.Poisson{Lambda: math.Max(lambda, 1e-9), Src: rng}.Rand()
		at := d.In(time.UTC).Add(12 * time.Hour)
		if _, err := h.Apply(Signal{Signal: "logins", Value: v, At: at}, def, time.UTC, at); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func loginsFacts(t testing.TB, exprs ...string) (*Facts, []*Expr) {
	t.Helper()
	c, problems := NewCompiler(Schema{Signals: []SignalDef{{Name: "logins", Kind: Count}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var out []*Expr
	for _, text := range exprs {
		e, problems := c.Expr(Source{Text: text}, Number)
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		out = append(out, e)
	}
	return NewFacts(c, &Account{ID: "a"}, nil, time.Time{}), out
}

// Chance alone makes drop and spike speak in less than one episode per account and
// year, for small accounts and large.
func TestChanceDoesNotFire(t *testing.T) {
	f, exprs := loginsFacts(t, `logins.drop("14d")`, `logins.drop("7d")`, `logins.spike("1d")`, `logins.spike("7d")`, `logins.shift("56d")`, `logins.trend("28d")`)
	const accounts = 12
	for _, mean := range []float64{3, 10, 40, 200} {
		episodes := make([]int, len(exprs))
		days := 0
		for seed := range uint64(accounts) {
			h := poissonYear(t, seed+uint64(mean)*1000, mean, 395, nil)
			speaking := make([]bool, len(exprs))
			for i := 85; i < 395; i++ {
				days++
				f.Reset(&Account{ID: "a"}, h, NewDate(2026, time.January, 1+i).In(time.UTC).Add(20*time.Hour))
				for k, e := range exprs {
					v, ok := e.Number(f)
					if !ok {
						t.Fatalf("mean %g, day %d: %s is unknown", mean, i, e)
					}
					quiet := 0.0
					if k == 2 || k == 3 {
						quiet = 1
					}
					if v != quiet && !speaking[k] {
						episodes[k]++
					}
					speaking[k] = v != quiet
				}
			}
		}
		years := float64(days) / 365
		for k, e := range exprs {
			rate := float64(episodes[k]) / years
			t.Logf("mean %3g: %-20s %.2f episodes a year", mean, e, rate)
			if rate > 1 {
				t.Errorf("mean %g: %s spoke %.2f times a year on noise, want at most 1", mean, e, rate)
			}
		}
	}
}

// A loss of 60 % is found within two weeks from twenty logins a day on, with a budget
// of one false alarm a year from five a day on, and an account with one every third
// day is left in peace.
func TestDropFindsALoss(t *testing.T) {
	f, exprs := loginsFacts(t, `logins.drop("14d")`, `logins.drop("14d", {alarms: "1/year"})`)
	lost := func(day int) float64 {
		if day >= 200 {
			return 0.4
		}
		return 1
	}
	for _, tc := range []struct {
		mean        float64
		least, most [2]int // of 20 accounts, for each expression
	}{{0.3, [2]int{0, 0}, [2]int{2, 4}}, {5, [2]int{8, 16}, [2]int{20, 20}}, {20, [2]int{19, 19}, [2]int{20, 20}}, {200, [2]int{20, 20}, [2]int{20, 20}}} {
		var found [2]int
		for seed := range uint64(20) {
			h := poissonYear(t, seed+500, tc.mean, 214, lost)
			f.Reset(&Account{ID: "a"}, h, NewDate(2026, time.January, 1+214).In(time.UTC).Add(9*time.Hour))
			for i, e := range exprs {
				if v, ok := e.Number(f); ok && v > 0 {
					found[i]++
					if tc.mean >= 20 && math.Abs(v-0.6) > 0.15 {
						t.Errorf("mean %g: drop is %.2f, want about 0.6", tc.mean, v)
					}
				}
			}
		}
		t.Logf("mean %g: found in %d of 20", tc.mean, found)
		for i, e := range exprs {
			if found[i] < tc.least[i] || found[i] > tc.most[i] {
				t.Errorf("mean %g a day: %s finds %d of 20 accounts, want %d to %d", tc.mean, e, found[i], tc.least[i], tc.most[i])
			}
		}
	}
}

func TestCountProbabilities(t *testing.T) {
	for _, tc := range []struct{ k, mean, variance, want float64 }{
		{0, 3, 3, math.Exp(-3)},
		{2, 3, 3, math.Exp(-3) * (1 + 3 + 4.5)},
		{0, 3, 6, math.Pow(0.5, 3)}, // size 3, p 1/2
		{-1, 3, 3, 0},
		{5, 0, 0, 1},
	} {
		if got := atMost(tc.k, tc.mean, tc.variance); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("atMost(%g, %g, %g) = %g, want %g", tc.k, tc.mean, tc.variance, got, tc.want)
		}
	}
	for _, mean := range []float64{0.1, 1, 50, 1e4, 1e7} {
		for _, factor := range []float64{1, 3, 1000} {
			low, high := countBand(mean, mean*factor, 0.01)
			if low > high || low < 0 || math.IsNaN(low+high) || factor == 1 && (low > mean || high < mean) {
				t.Errorf("countBand(%g, %g×) = %g, %g: want a band about the mean", mean, factor, low, high)
			}
			if p := atMost(high, mean, mean*factor); p < 0.99 {
				t.Errorf("countBand(%g, %g×): P(X ≤ %g) = %g, want at least 0.99", mean, factor, high, p)
			}
		}
	}
}

func TestMiddleMean(t *testing.T) {
	for _, tc := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{5}, 5},
		{[]float64{1, 2, 3}, 2},
		{[]float64{0, 0, 4, 6, 8, 10, 900, 1000}, 7},
		{[]float64{1, 2, 3, 1000}, 2.5},
	} {
		if got := middleMean(tc.values); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("middleMean(%v) = %g, want %g", tc.values, got, tc.want)
		}
	}
}

// A drop that lasts goes on being one: its own beginning lies in the baseline of
// the later weeks, and must not make the account look wild. A month on that needs
// a longer baseline, which is what the starter book's login-drop is resolved by.
func TestALastingDropGoesOnBeingOne(t *testing.T) {
	f, exprs := loginsFacts(t, `logins.drop("14d")`, `logins.drop("14d", {vs: "16w"})`)
	days := [][2]int{{10, 14}, {10, 30}} // after the beginning, for each expression
	const began = 150
	for _, country := range []string{"", "US", "JP"} {
		for _, mean := range []float64{9, 12, 90} {
			for _, left := range []float64{0, 1. / 3} {
				h := poissonYear(t, 7, mean, 200, func(day int) float64 {
					if day >= began {
						return left
					}
					return 1
				})
				for i, e := range exprs {
					for after := days[i][0]; after <= days[i][1]; after++ {
						f.Reset(&Account{ID: "a", Country: country}, h, NewDate(2026, time.January, 1+began+after).In(time.UTC).Add(9*time.Hour))
						if v, _ := e.Number(f); v < 0.3 {
							t.Errorf("%q, %g a day, %.2f of it left, %d days after the beginning: %s is %.2f", country, mean, left, after, e, v)
						}
					}
				}
			}
		}
	}
}
