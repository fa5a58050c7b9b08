package main

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/rules"
)

func realSeriesOf(t *testing.T) []*realSeries {
	t.Helper()
	all, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheRealSeriesAreThere(t *testing.T) {
	for _, want := range []struct {
		name                  string
		days, missing, events int
	}{
		{"nyc_taxi_passengers", 215, 0, 5},
		{"pedestrians_melbourne", 1490, 0, 2},
		{"wikipedia_views_peyton_manning", 2964, 59, 0},
		{"wikipedia_views_r", 2922, 59, 0},
	} {
		found := false
		for _, s := range realSeriesOf(t) {
			if s.name != want.name {
				continue
			}
			found = true
			missing := 0
			for _, filled := range s.filled {
				if filled {
					missing++
				}
			}
			if len(s.values) != want.days || missing != want.missing || len(s.notes.Events) != want.events {
				t.Errorf("%s has %d days, %d of them filled, and %d events; want %d, %d and %d", s.name, len(s.values), missing, len(s.notes.Events), want.days, want.missing, want.events)
			}
		}
		if !found {
			t.Errorf("there is no series %s", want.name)
		}
	}
}

func TestThinningKeepsTheMeanAndGetsTheChanceOfSmallCounts(t *testing.T) {
	s := &realSeries{first: rules.MinDate + 1}
	for i := range 400 {
		s.values = append(s.values, 20000+5000*float64(i%7))
	}
	for _, mean := range []float64{3, 50, 200} {
		var total, squares float64
		for i := range 20 {
			w := thinned(s, s.first, windowDays, mean, dice(9, i))
			for day, c := range w.counts {
				total += c
				squares += (c - w.rate[day]) * (c - w.rate[day]) / w.rate[day]
			}
		}
		const n = 20 * windowDays
		if got := total / n; math.Abs(got-mean) > 4*math.Sqrt(mean/n) {
			t.Errorf("thinned to %g a day, the mean is %.3f", mean, got)
		}
		if got := squares / n; math.Abs(got-1) > 0.1 {
			t.Errorf("thinned to %g a day, the variance is %.2f of the mean, want 1", mean, got)
		}
	}
}

func TestEventsAreWhereTheySay(t *testing.T) {
	windows, _ := realWindows(realSeriesOf(t), 30, 200, 3)
	for _, e := range events() {
		var before, complete, usual float64
		for i, w := range windows {
			p := e.place(w, dice(4, e.name, i))
			if p.start <= warmUp || p.start+horizon > len(w.counts) {
				t.Fatalf("%s begins on day %d, want it after the warm-up of %d and %d days before the end", e.name, p.start, warmUp, horizon)
			}
			counts := p.in(w, dice(5, e.name, i))
			for day := range p.start {
				before += math.Abs(counts[day] - w.counts[day])
			}
			from, to := p.start+e.over-1, len(counts)
			if p.days > 0 {
				if p.days < e.lasts[0] || p.days > e.lasts[1] {
					t.Errorf("%s lasts %d days", e.name, p.days)
				}
				to = p.start + p.days
				if diff := cmp.Diff(w.counts[to:], counts[to:]); diff != "" {
					t.Errorf("%s: days after the event are others: %s", e.name, diff)
				}
			}
			if from < to {
				complete += sum(counts[from:to])
				usual += sum(w.counts[from:to])
			}
		}
		if before != 0 {
			t.Errorf("%s: days before it are others", e.name)
		}
		if got := complete / usual; math.Abs(got-e.factor) > 0.02*e.factor {
			t.Errorf("%s: the days are %.3f of what they were, want %g", e.name, got, e.factor)
		}
	}
}

func TestASlowDropComesOverThreeWeeks(t *testing.T) {
	p := placed{event: event{factor: 0.3, over: 21}, start: 100}
	for day, want := range map[int]float64{99: 1, 100: 1 - 0.7/21, 109: 1 - 0.7*10/21, 120: 0.3, 200: 0.3} {
		if got := p.level(day); math.Abs(got-want) > 1e-12 {
			t.Errorf("day %d: level %.4f, want %.4f", day, got, want)
		}
	}
}

func TestASeedReproducesItsMaterial(t *testing.T) {
	all := realSeriesOf(t)
	make := func(seed uint64) (counts [][]float64) {
		windows, used := realWindows(all, 6, 10, seed)
		if used != 3 {
			t.Fatalf("windows come from %d series, want the 3 that are long enough", used)
		}
		for i, w := range append(windows, syntheticWindows(4, 10, seed)...) {
			p := events()[1].place(w, dice(seed, "place", i))
			counts = append(counts, p.in(w, dice(seed, "event", i)))
		}
		return counts
	}
	if diff := cmp.Diff(make(1), make(1)); diff != "" {
		t.Errorf("the same seed makes other counts: %s", diff)
	}
	if cmp.Equal(make(1), make(2)) {
		t.Error("another seed makes the same counts")
	}
}

func TestUntouchedWindowsHoldNoLabelledEventAndHalvesShareNoDay(t *testing.T) {
	all := realSeriesOf(t)
	windows, _ := realWindows(all, 60, 50, 8)
	last, first := map[string]rules.Date{}, map[string]rules.Date{}
	for _, w := range windows {
		for _, s := range all {
			if s.name == w.series && !s.settled(w.first, windowDays) {
				t.Errorf("the window of %s from %s holds a labelled event", w.series, w.first)
			}
		}
		if end := w.first + windowDays - 1; w.half == 0 {
			last[w.series] = max(last[w.series], end)
		} else if first[w.series] == 0 || w.first < first[w.series] {
			first[w.series] = w.first
		}
	}
	for name, end := range last {
		if first[name] != 0 && first[name] <= end {
			t.Errorf("%s: the earlier half ends on %s, the later begins on %s", name, end, first[name])
		}
	}
}

func TestSyntheticAccountsHaveAWeekAndTheirMean(t *testing.T) {
	var weekend, working, total float64
	windows := syntheticWindows(40, 50, 2)
	for _, w := range windows {
		for day, c := range w.counts {
			total += c
			if wd := (w.first + rules.Date(day)).Weekday(); wd == 0 || wd == 6 {
				weekend += c / 2
			} else {
				working += c / 5
			}
		}
	}
	if mean := total / (40 * windowDays); math.Abs(mean-50) > 0.5 {
		t.Errorf("the mean is %.2f a day, want 50", mean)
	}
	if share := weekend / working; share > 0.5 {
		t.Errorf("a day of the weekend brings %.2f of a working day, want less than half", share)
	}
}

func TestBadSeriesAreRefusedWithTheLine(t *testing.T) {
	for _, tc := range []struct{ name, text, notes, want string }{
		{"no header", "a,2020-01-01,3\n", "", "x.csv:1: want the header series,date,value"},
		{"bad date", "series,date,value\na,2020-13-01,3\n", "", `x.csv:2: date "2020-13-01"`},
		{"bad value", "series,date,value\na,2020-01-01,many\n", "", `x.csv:2: value "many"`},
		{"negative", "series,date,value\na,2020-01-01,-1\n", "", `x.csv:2: value "-1"`},
		{"twice", "series,date,value\na,2020-01-01,1\na,2020-01-01,1\n", "", "x.csv:3: a has 2020-01-01 twice"},
		{"empty", "series,date,value\n", "", "x.csv has no series"},
		{"too many columns", "series,date,value\na,2020-01-01,1,2\n", "", "want series,date,value"},
		{"notes of another series", "series,date,value\na,2020-01-01,1\n", "b: {country: JP}\n", `"b" is none of its series: a`},
		{"an event of no kind", "series,date,value\na,2020-01-01,1\n", "a: {events: [{from: 2020-01-01, to: 2020-01-02, what: x, expect: noise}]}\n", "expect: drop, spike or quiet"},
	} {
		_, err := readSeries("x.csv", []byte(tc.text), []byte(tc.notes))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want one that says %q", tc.name, err, tc.want)
		}
	}
}

func TestHolesTakeTheValueOfAWeekBefore(t *testing.T) {
	all, err := readSeries("x.csv", []byte("series,date,value\na,2020-01-01,5\na,2020-01-02,6\na,2020-01-09,8\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{5, 6, 5, 5, 5, 5, 5, 5, 8}, all[0].values); diff != "" {
		t.Error(diff)
	}
}
