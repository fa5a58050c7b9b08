package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found makes the results of one row, of 100 events: Playcaller's, then each rival's.
func found(event string, mean, rate float64, ours int, theirs ...int) (all []result) {
	add := func(way string, n int) {
		all = append(all, result{Material: materialReal, Event: event, Mean: mean, Rate: rate, Way: way, N: 100, Found: [3]int{n, n, n}})
	}
	add(playcallerName, ours)
	for i, r := range rivals() {
		add(r.name, theirs[min(i, len(theirs)-1)])
	}
	return all
}

func TestStandingsSayWhereItIsBehind(t *testing.T) {
	rep := &report{}
	rep.Results = append(rep.Results, found("sudden-40", 50, perYear, 80, 75, 10)...) // ahead by 5
	rep.Results = append(rep.Results, found("sudden-40", 10, perYear, 60, 58, 10)...) // by less
	rep.Results = append(rep.Results, found("sudden-70", 10, perYear, 90, 90, 10)...) // level
	rep.Results = append(rep.Results, found("slow-40", 10, perYear, 40, 41, 10)...)   // behind by less
	rep.Results = append(rep.Results, found("spike-2", 10, perYear, 20, 30, 10)...)   // behind by 10
	rep.Results = append(rep.Results, found("spike-2", 10, 2, 0, 99)...)              // not a row of the tables
	if diff := cmp.Diff([][]string{{"real, 1 a year", "1", "1", "1", "1", "1"}}, rep.summary().lines); diff != "" {
		t.Errorf("in short: %s", diff)
	}
	behind := rep.behind().lines
	if len(behind) != 1 || behind[0][0] != "spike of 1 to 5 days, ×2" || behind[0][5] != "20 %" || behind[0][6] != rivals()[0].name || behind[0][7] != "30 %" {
		t.Errorf("behind: %v, want the spike alone, with the way that found 30 %%", behind)
	}
	for _, line := range rep.duels().lines {
		want := []string{"5", "0", "0", "0", "0"}
		if line[0] == rivals()[0].name+", real" {
			want = []string{"1", "1", "1", "1", "1"}
		}
		if diff := cmp.Diff(want, line[1:]); diff != "" {
			t.Errorf("%s: %s", line[0], diff)
		}
	}
	if aim := rep.aim().lines; len(aim) != 1 || aim[0][3] != "80 %" {
		t.Errorf("the aim: %v, want the one row of sudden-40 at 50 a day with 80 %%", aim)
	}
}

// With thresholds of their own the series of a row count together, and the best simple
// way is the best of all of them.
func TestSeriesWithThresholdsOfTheirOwnAddUp(t *testing.T) {
	in := func(series string, falseAlarms float64, all []result) []result {
		for i := range all {
			all[i].Series, all[i].FalseAlarms = series, falseAlarms
		}
		return all
	}
	rep := &report{}
	rep.Results = append(rep.Results, found("sudden-40", 50, perYear, 40, 70)...) // all together: behind by far
	rep.Results = append(rep.Results, in("calm", 0.8, found("sudden-40", 50, perYear, 100, 90, 100))...)
	rep.Results = append(rep.Results, in("wild", 1.6, found("sudden-40", 50, perYear, 20, 24, 10))...)
	rep.Results = append(rep.Results, in("calm", 1, found("slow-40", 50, 2, 0, 99))...) // not a row of the tables
	want := [][]string{{"real, 1 a year", "0", "0", "0", "0", "1"}, {"real, each series by itself, 1 a year", "0", "1", "0", "0", "0"}}
	if diff := cmp.Diff(want, rep.summary().lines); diff != "" {
		t.Errorf("in short: %s", diff)
	}
	all := rep.oneForAll()
	if diff := cmp.Diff([]string{"way", "real, 1 a year", "real, each series by itself, 1 a year"}, all.head); diff != "" {
		t.Errorf("one for all: %s", diff)
	}
	for _, line := range all.lines {
		want := map[string][]string{playcallerName: {"40 % (0)", "60 % (0)"}, hindsight: {"70 % (0)", "57 % (0)"}}[line[0]]
		if want == nil {
			continue
		}
		if diff := cmp.Diff(want, line[1:]); diff != "" {
			t.Errorf("%s: %s", line[0], diff)
		}
	}
	line := []string{"sudden drop, 40 %", "50", "1 a year", "200", "7 d", "60 % (1.20)", rivals()[0].name, "57 % (1.20)", "ahead"}
	if diff := cmp.Diff([][]string{line}, rep.ownThresholds().lines); diff != "" {
		t.Errorf("each by itself: %s", diff)
	}
}
