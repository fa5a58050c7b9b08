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
	j, err := newJudge()
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
	for text, scores := range before.surprise {
		for i, s := range scores {
			if s != after.surprise[text][i] {
				t.Errorf("%s: the score of day %d is %g, and %g where later days are others", text, 150+i, s, after.surprise[text][i])
			}
		}
	}
}

// Playcaller is asked through its own package, on the day on which it can know.
func TestPlaycallerIsAskedAsARuleAsks(t *testing.T) {
	j, err := newJudge()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		rule      string
		asked     string  // what is scored
		value     float64 // of every day from 180 on
		by        int     // days after which it speaks
		surprised float64 // by then
	}{
		{`logins.drop("7d") > 0`, `logins.drop("7d")`, 0, 7, 7},
		{`logins.drop("14d") >= 0.4`, `logins.drop("14d")`, 0, 7, 7},
		{`logins.spike("1d") >= 3 and logins.sum("1d") >= 10`, `logins.spike("1d")`, 60, 1, 7},
		{`logins.shift("56d") != 0`, `logins.shift("14d")`, 2, 14, 7},
	} {
		counts := weekly(30)
		for d := 180; d < len(counts); d++ {
			counts[d] = tc.value
		}
		w := &window{first: 20000, counts: counts}
		said, err := j.follow(w, counts, 170, 200)
		if err != nil {
			t.Fatal(err)
		}
		speaks, surprise := said.held[tc.rule], said.surprise[tc.asked]
		for day, s := range speaks {
			if day < 10 && (s != 0 || surprise[day] > 4) {
				t.Errorf("%s: on day %d, before anything happened, it speaks (%g) or is surprised (%.1f)", tc.rule, 170+day, s, surprise[day])
			}
		}
		if at := 10 + tc.by - 1; speaks[at] != 1 || surprise[at] < tc.surprised {
			t.Errorf("%s: on day %d, after %d days of %g, it speaks (%g) and is surprised (%.1f); want 1 and at least %g", tc.rule, 170+at, tc.by, tc.value, speaks[at], surprise[at], tc.surprised)
		}
	}
}
