package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// days returns n scores of 0 but for those named.
func days(n int, at map[int]float64) []float64 {
	scores := make([]float64, n)
	for day, s := range at {
		scores[day] = s
	}
	return scores
}

func TestAlarmsAreCountedInClusters(t *testing.T) {
	for _, tc := range []struct {
		name   string
		scores []float64
		want   int
	}{
		{"none", days(50, nil), 0},
		{"a day is one", days(50, map[int]float64{20: 3}), 1},
		{"days in a row are one", days(50, map[int]float64{20: 3, 21: 2, 22: 5}), 1},
		{"days fourteen apart are one", days(50, map[int]float64{20: 3, 34: 3}), 1},
		{"days fifteen apart are two", days(50, map[int]float64{20: 3, 35: 3}), 2},
		{"one goes on from day to day", days(50, map[int]float64{5: 3, 18: 3, 31: 3, 44: 3}), 1},
		{"what stays below the threshold is none", days(50, map[int]float64{5: 1.9, 18: 2}), 1},
	} {
		if got := countAlarms(tc.scores, 2); got != tc.want {
			t.Errorf("%s: %d alarms, want %d", tc.name, got, tc.want)
		}
	}
}

func TestAnAlarmThatStandsOnTheEveSaysNothing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		eve    float64
		scores []float64
		want   int
	}{
		{"never", 0, []float64{0, 1, 1.9}, -1},
		{"on the first day", 0, []float64{2, 2, 2}, 0},
		{"on the third", 1, []float64{0, 1, 7}, 2},
		{"it stands from before", 3, []float64{3, 3, 3}, -1},
		{"it stands from before, ends and comes again", 3, []float64{3, 0, 2}, 2},
	} {
		if got := firstAlarm(tc.eve, tc.scores, 2); got != tc.want {
			t.Errorf("%s: day %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestAThresholdBringsWhatWasAskedFor(t *testing.T) {
	rows := [][]float64{
		days(100, map[int]float64{10: 9, 11: 1, 40: 5, 80: 3}),
		days(100, map[int]float64{20: 7, 50: 5, 51: 6, 90: 2}),
	}
	for _, tc := range []struct{ most, want float64 }{
		{0, math.Inf(1)}, {1, 9}, {2, 7}, {3, 6}, {4, 5}, {5, 3}, {6, 1}, {100, 1},
	} {
		if got := tune(rows, tc.most); got != tc.want {
			t.Errorf("at most %g alarms: threshold %g, want %g", tc.most, got, tc.want)
		}
	}
	if got := tune([][]float64{{3, 3, 3, 3, 2, 2, 2, 0}}, 5); got != 3 {
		t.Errorf("threshold %g, want 3: at 2 there is alarm on most days", got)
	}
}

// Counting while the threshold sinks comes to what counting anew does.
func TestTuningCountsAsAlarmsAreCounted(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rows := make([][]float64, 5)
	for r := range rows {
		for range 2000 {
			rows[r] = append(rows[r], rng.ExpFloat64())
		}
	}
	for _, most := range []float64{1, 3, 8, 20} {
		threshold := tune(rows, most)
		count := func(at float64) (n int) {
			for _, scores := range rows {
				n += countAlarms(scores, at)
			}
			return n
		}
		if n := count(threshold); float64(n) > most {
			t.Errorf("at most %g alarms asked for, threshold %g brings %d", most, threshold, n)
		}
		next := 0.0
		for _, s := range slices.Concat(rows...) {
			if s < threshold {
				next = max(next, s)
			}
		}
		if n := count(next); float64(n) <= most {
			t.Errorf("at most %g alarms asked for, the next lower threshold than %g brings no more than %d", most, threshold, n)
		}
	}
}

func TestWilsonIntervals(t *testing.T) {
	for _, tc := range []struct {
		found, n  int
		low, high float64
	}{{0, 10, 0, 0.2775}, {5, 10, 0.2366, 0.7634}, {95, 100, 0.8882, 0.9785}, {0, 0, 0, 1}} {
		low, high := wilson(tc.found, tc.n)
		if math.Abs(low-tc.low) > 1e-3 || math.Abs(high-tc.high) > 1e-3 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", tc.found, tc.n, low, high, tc.low, tc.high)
		}
	}
}

func TestDelaysAreCounted(t *testing.T) {
	r := result{}
	r.count([]int{1, 3, 4, 8, 0})
	if r.N != 5 || r.Found != [3]int{2, 3, 4} || r.Delay != 4 {
		t.Errorf("got %+v, want 5 events, 2, 3 and 4 found within 3, 7 and 14 days, and a median of 4 days", r)
	}
	r = result{}
	r.count([]int{2, 0, 0, 5})
	if r.Delay != 0 {
		t.Errorf("the median is %g days, want none: only half were found", r.Delay)
	}
}
