package main

import (
	"math"
	"testing"
)

// steady is n days of 10 each, then the days given.
func steady(n int, then ...float64) []float64 {
	counts := make([]float64, n)
	for i := range counts {
		counts[i] = 10
	}
	return append(counts, then...)
}

// weekly is n weeks of 4 on weekends and 10 else, then the days given.
func weekly(n int, then ...float64) []float64 {
	var counts []float64
	for range n {
		counts = append(counts, 10, 10, 10, 10, 10, 4, 4)
	}
	return append(counts, then...)
}

func scoreOf(t *testing.T, name string, counts []float64) []float64 {
	t.Helper()
	for _, r := range rivals() {
		if r.name == name {
			return r.score(counts)
		}
	}
	t.Fatalf("there is no rival %q", name)
	return nil
}

func TestRivalsScoreAsWorkedOutByHand(t *testing.T) {
	for _, tc := range []struct {
		rival  string
		counts []float64
		want   float64 // on the last day
	}{
		// 30 days of 5 after 60 of 10: 150 of 750.
		{"30 d vs 90 d", append(steady(60), ones(30, 5)...), math.Log((150.5 / 30) / (750.5 / 90))},
		{"week/week", append(steady(40), ones(7, 6)...), math.Log(42.5 / 70.5)},
		{"week−week √", append(steady(40), ones(7, 6)...), (42 - 70) / math.Sqrt(113)},
		// 14 of 8 and 14 of 12: mean 10, squares 28·4, deviation √(112/27).
		{"z-score 28 d", append(append(ones(14, 8), ones(14, 12)...), 4), -6 / math.Sqrt(112.0/27)},
		// Every day was 10: the deviation is taken for ½. 8 is −4 of them: −3½ a day beyond the slack.
		{"CUSUM", steady(80, 8), -3.5},
		{"CUSUM", steady(80, 8, 8), -7},
		{"CUSUM", steady(80, 8, 8, 10), -6.5},
		{"CUSUM", steady(80, 11), 1.5},
		// On a weekend 4 is what it always is.
		{"CUSUM weekday", weekly(12, 10, 10, 10, 10, 10, 4), 0},
		{"CUSUM weekday", weekly(12, 10, 8), -3.5},
		{"median 8 w, 7 d", weekly(10, 5, 5, 5, 5, 5, 2, 2), math.Log(29.5 / 58.5)},
		// Two odd weeks do not move a median of eight.
		{"median 8 w, 7 d", append(weekly(7), append(ones(14, 99), weekly(1)...)...), 0},
		{"median 8 w, 1 d", weekly(10, 10, 10, 10, 10, 10, 12), 8 / math.Sqrt(5)},
	} {
		scores := scoreOf(t, tc.rival, tc.counts)
		if got := scores[len(scores)-1]; math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s of …%v: %.6f, want %.6f", tc.rival, tc.counts[len(tc.counts)-7:], got, tc.want)
		}
	}
}

func ones(n int, value float64) []float64 {
	counts := make([]float64, n)
	for i := range counts {
		counts[i] = value
	}
	return counts
}

// A rival that saw tomorrow would be none.
func TestNoWayLooksAhead(t *testing.T) {
	w := syntheticWindows(1, 20, 5)[0]
	changed := append([]float64(nil), w.counts...)
	const day = 180
	for d := day + 1; d < len(changed); d++ {
		changed[d] = 500
	}
	for _, r := range rivals() {
		before, after := r.score(w.counts), r.score(changed)
		for d := range day + 1 {
			if before[d] != after[d] {
				t.Errorf("%s: the score of day %d is %g, and %g where later days are others", r.name, d, before[d], after[d])
				break
			}
		}
	}
	j, err := newJudge(allFeatures())
	if err != nil {
		t.Fatal(err)
	}
	before, err := j.follow(w, w.counts, 150, day)
	if err != nil {
		t.Fatal(err)
	}
	after, err := j.follow(w, changed, 150, day+5)
	if err != nil {
		t.Fatal(err)
	}
	for text, scores := range before {
		for i, s := range scores {
			if s != after[text][i] {
				t.Errorf("%s: the score of day %d is %g, and %g where later days are others", text, 150+i, s, after[text][i])
			}
		}
	}
}

// Playcaller's ways speak of a collapse and of a flood, on the day on which they can.
func TestPlaycallerIsAskedAsARuleAsks(t *testing.T) {
	counts := weekly(30)
	w := &window{first: 20000, counts: counts} // a Thursday
	for d := 180; d < 190; d++ {
		counts[d] = 0
	}
	j, err := newJudge(allFeatures())
	if err != nil {
		t.Fatal(err)
	}
	features, err := j.follow(w, counts, 175, 189)
	if err != nil {
		t.Fatal(err)
	}
	if s := features[`logins.drop("7d")`]; s[4] > 0 || s[11] < 3 {
		t.Errorf(`drop("7d") of a collapse on day 180: %v from day 175 on, want 0 before it and a great one after a week`, s)
	}
	for d := 180; d < 190; d++ {
		counts[d] = 40
	}
	if features, err = j.follow(w, counts, 175, 189); err != nil {
		t.Fatal(err)
	}
	if s := features[`logins.spike("1d")`]; s[4] > 0 || s[5] < 1 {
		t.Errorf(`spike("1d") of a flood on day 180: %v from day 175 on, want 0 before it and a great one on the day`, s)
	}
}
