package rules

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seriesOf gives a signal one value a day, the last of them on the given day; NaN is
// a day without data.
func seriesOf(t testing.TB, h *History, def SignalDef, last string, values ...float64) {
	t.Helper()
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		at := (day(last) - Date(len(values)-1-i)).In(time.UTC).Add(10 * time.Hour)
		apply(t, h, def, time.UTC, at, Signal{Value: v})
	}
}

func repeat(n int, values ...float64) []float64 {
	var out []float64
	for len(out) < n {
		out = append(out, values...)
	}
	return out[:n]
}

func TestFeatures(t *testing.T) {
	no := math.NaN()
	week := []float64{20, 22, 18, 21, 19, 3, 2} // 2026-09-07 was a Monday
	for _, tc := range []struct {
		name, expr string
		def        SignalDef
		values     []float64 // the last on Friday 2026-11-20
		now        string
		want       float64 // NaN: unknown
		missing    string
	}{
		{"sum includes today", `logins.sum("3d")`, loginsDef, []float64{9, 1, 2, 3}, "2026-11-20T12:00", 6, ""},
		{"sum of an account's first days is of what there was", `logins.sum("30d")`, loginsDef, []float64{1, 2}, "2026-11-20T12:00", 3, ""},
		{"max includes today", `logins.max("3d")`, loginsDef, []float64{9, 1, 2, 3}, "2026-11-20T12:00", 3, ""},
		{"mean is of completed days", `logins.mean("2d")`, loginsDef, []float64{9, 1, 2, 100}, "2026-11-20T12:00", 1.5, ""},
		{"silence of a day is zero", `logins.mean("4d")`, loginsDef, []float64{4, no, 4, 4, 100}, "2026-11-20T12:00", 3, ""},
		{"last is the latest day", `logins.last()`, loginsDef, []float64{9, 5}, "2026-11-21T12:00", 5, ""},
		{"a gauge holds", `seats_used.last()`, seatsDef, []float64{9, 5}, "2027-02-01T12:00", 5, ""},
		{"a gauge's mean holds too", `seats_used.mean("4d")`, seatsDef, []float64{8, no, no, no, 4}, "2026-11-20T12:00", 8, ""},
		{"trend compares halves", `logins.trend("28d")`, loginsDef, append(append(repeat(70, week...), repeat(14, 3)...), 99), "2026-11-20T12:00", 3/15.0 - 1, ""},
		{"a trend within chance is none", `logins.trend("4d")`, loginsDef, []float64{10, 10, 5, 5, 99}, "2026-11-20T12:00", 0, ""},
		{"a stopped feed is unknown after two days", `logins.sum("7d")`, loginsDef, []float64{9, 5}, "2026-11-23T00:00", no, "logins: no data since 2026-11-20"},
		{"and is not before", `logins.sum("7d")`, loginsDef, []float64{9, 5}, "2026-11-22T23:59", 14, ""},
		{"days_since may be asked of silence", `logins.days_since()`, loginsDef, []float64{9, 5}, "2026-12-25T12:00", 35, ""},
		{"days_since does not count zeros as something", `logins.days_since()`, loginsDef, []float64{9, 0, 0}, "2026-11-20T12:00", 2, ""},
		{"no data at all is unknown", `logins.days_since()`, seatsDef, []float64{9}, "2026-11-20T12:00", no, "logins: no data yet"},
		{"expected follows the weekdays", `logins.expected("7d")`, loginsDef, append(repeat(70, week...), week[:5]...), "2026-11-20T12:00", 105, ""},
		{"an ordinary week is no drop", `logins.drop("7d")`, loginsDef, append(repeat(70, week...), week[:5]...), "2026-11-20T12:00", 0, ""},
		{"a fallen week is a drop", `logins.drop("7d")`, loginsDef, append(repeat(63, week...), 20, 22, 18, 21, 8, 1, 1, 7, 8, 7, 7, 8), "2026-11-20T12:00", 1 - (8+1+1+7+8+7+7)/105.0, ""},
		{"a drop needs three weeks", `logins.drop("7d")`, loginsDef, repeat(20, week...), "2026-11-20T12:00", no, "logins: 2 of 3 weeks of data needed"},
		{"two of them before its window", `logins.drop("14d")`, loginsDef, repeat(27, week...), "2026-11-20T12:00", no, "logins: 3 of 4 weeks of data needed"},
		{"three weeks are enough", `logins.expected("7d")`, loginsDef, repeat(22, week...), "2026-11-20T12:00", 105, ""},
		{"an ordinary day is no spike", `logins.spike("1d")`, loginsDef, append(repeat(70, week...), 20, 22, 18, 21, 26), "2026-11-20T12:00", 1, ""},
		{"five times the usual is a spike, today already", `logins.spike("1d")`, loginsDef, append(repeat(70, week...), 20, 22, 18, 21, 95), "2026-11-20T12:00", 5, ""},
		{"a first view or two is no spike", `logins.spike("1d")`, loginsDef, append(repeat(60, 0), 2), "2026-11-20T12:00", 1, ""},
		{"a handful where there never was one is", `logins.spike("1d")`, loginsDef, append(repeat(60, 0), 5), "2026-11-20T12:00", 5, ""},
		{"a gauge that falls out of its usual range drops", `seats_used.drop("7d")`, seatsDef, append(repeat(80, 40, 41, 40, 39), repeat(8, 20)...), "2026-11-20T12:00", 0.5, ""},
		{"a gauge that wavers as usual does not", `seats_used.drop("7d")`, seatsDef, append(repeat(80, 40, 44, 38, 36), repeat(8, 37)...), "2026-11-20T12:00", 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			seriesOf(t, &h, tc.def, "2026-11-20", tc.values...)
			c := testCompiler(t)
			e, problems := c.Expr(Source{Text: tc.expr}, Number)
			if len(problems) > 0 {
				t.Fatal(problems[0].Long())
			}
			f := NewFacts(c, &Account{ID: "a"}, &h, utc(tc.now))
			for _, round := range []string{"computed", "remembered"} {
				got, ok := e.Number(f)
				if ok == math.IsNaN(tc.want) || ok && math.Abs(got-tc.want) > 0.005 {
					t.Errorf("%s %s: %g, known %v, want %g", tc.expr, round, got, ok, tc.want)
				}
				if _, missing := e.Eval(f); strings.Join(missing, "; ") != tc.missing {
					t.Errorf("missing %q, want %q", missing, tc.missing)
				}
				f.Reset(&Account{ID: "a"}, &h, utc(tc.now))
			}
		})
	}
}

// With the feed heard of for other accounts, an account's silence is zero.
func TestFeedOfOthersMakesSilenceZero(t *testing.T) {
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-10", repeat(70, 20)...)
	f, exprs := loginsFacts(t, `logins.drop("7d")`, `logins.sum("7d")`)
	f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	if _, ok := exprs[0].Number(f); ok {
		t.Error("an account silent for ten days has a known drop without its feed being heard of")
	}
	f.SetFeed(func(string) time.Time { return utc("2026-11-20T11:00") })
	if v, ok := exprs[0].Number(f); !ok || v != 1 {
		t.Errorf("the drop is %g, known %v, want 1", v, ok)
	}
	if v, ok := exprs[1].Number(f); !ok || v != 0 {
		t.Errorf("the sum is %g, known %v, want 0", v, ok)
	}
	f.SetFeed(func(string) time.Time { return utc("2026-11-15T11:00") })
	if v, ok := exprs[1].Number(f); ok {
		t.Errorf("the sum is %g although the whole feed has stopped", v)
	}
}

func TestHolidaysAreLeftOut(t *testing.T) {
	var h History
	values := repeat(80, 30)
	seriesOf(t, &h, loginsDef, "2026-11-26", append(values, 30, 30, 30, 2, 30, 30, 30)...) // Monday 23 November: 2
	c := testCompiler(t)
	f := NewFacts(c, &Account{ID: "a", Country: "JP", Closed: []Span{{day("2026-11-25"), day("2026-11-25")}}}, &h, utc("2026-11-26T12:00"))
	b, err := f.Baseline("logins", "", Period{Days: 7}, Period{})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, l := range b.LeftOut {
		left = append(left, l.Date.String()+" "+l.Why)
	}
	for _, want := range []string{"2026-11-23 holiday: Labor Thanksgiving Day", "2026-11-25 closed", "2026-11-03 holiday: Culture Day"} {
		if !slices.Contains(left, want) {
			t.Errorf("%q is not left out; left out are %q", want, left)
		}
	}
	if b.Actual != 150 || b.Expected != 150 || len(b.Days) != 5 || b.Missing != "" {
		t.Errorf("actual %g, expected %g over %d days, missing %q; want 150, 150, 5", b.Actual, b.Expected, len(b.Days), b.Missing)
	}
	if b.Low >= 150 || b.High <= 150 {
		t.Errorf("the band %g to %g does not hold what was expected", b.Low, b.High)
	}
	points := f.Chart("logins", 20)
	if len(points) != 20 || points[19].Date != day("2026-11-25") || !math.IsNaN(points[17].Expected) || points[17].Actual != 2 || points[16].Expected != 30 {
		t.Errorf("the chart is %+v", points)
	}
}

func TestExplainSpeaksOfTheFeatureAskedFor(t *testing.T) {
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-20", append(repeat(69, 20), 90)...)
	c := testCompiler(t)
	e, _ := c.Expr(Source{Text: `logins.spike("1d", {vs: "6w"})`})
	f := NewFacts(c, &Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	b, err := f.Explain(`logins.spike("1d", {vs: "6w"})`)
	if err != nil || b.From != day("2026-11-20") || b.Actual != 90 || b.Expected != 20 || len(b.Used) != 42 || b.High >= 90 {
		t.Errorf("%s is explained as %+v, %v", e, b, err)
	}
	c.Expr(Source{Text: `logins.trend("28d")`})
	f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	b, err = f.Explain(`logins.trend("28d")`)
	if err != nil || b.From != day("2026-11-06") || b.To != day("2026-11-19") || b.Expected != 280 || b.Actual != 280 || len(b.Used) != 14 || b.Low >= 280 || b.High <= 280 {
		t.Errorf("a trend is explained as %+v, %v", b, err)
	}
	for _, text := range []string{`logins.sum("7d")`, `logins.drop("7d")`, "nonsense"} {
		if _, err := f.Explain(text); err == nil {
			t.Errorf("%s is explained although no rule asks for it", text)
		}
	}
	if _, err := f.Baseline("logins", "", Period{WorkingDays: 2}, Period{}); err == nil {
		t.Error("a window of working days is accepted")
	}
}

func TestHolidayNames(t *testing.T) {
	var h Holidays
	for _, tc := range []struct{ country, day, want string }{
		{"JP", "2026-01-01", "New Year's Day"}, {"JP", "2026-12-30", "New Year holidays"}, {"US", "2026-11-26", "Thanksgiving Day"},
		{"GB", "2026-12-25", "Christmas Day"}, {"DE", "2026-10-03", "Tag der Deutschen Einheit"}, {"FR", "2026-07-14", "Fête Nationale"},
		{"JP", "2026-11-20", ""}, {"XX", "2026-12-25", ""}, {"", "2026-12-25", ""},
	} {
		if got := h.Name(tc.country, day(tc.day)); got != tc.want && !(tc.want != "" && strings.EqualFold(got, tc.want)) {
			t.Errorf("%s in %s is %q, want %q", tc.day, tc.country, got, tc.want)
		}
	}
}

func TestTopNamesWhatSpikes(t *testing.T) {
	var h History
	for i := range 70 {
		at := utc("2026-11-20T10:00").AddDate(0, 0, i-69)
		exports := 4.0
		if i == 69 {
			exports = 40
		}
		apply(t, &h, helpDef, time.UTC, at, Signal{Value: 10, By: "login"}, Signal{Value: exports, By: "exports"})
	}
	c := testCompiler(t)
	f := NewFacts(c, &Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	for text, want := range map[string]any{
		`help_views.top("spike", "1d")`:         "exports",
		`help_views.top("sum", "28d")`:          "login",
		`help_views.top("drop", "7d")`:          "",
		`help_views.by("exports").spike("1d")`:  10.0,
		`help_views.by("login").spike("1d")`:    1.0,
		`help_views.by("never").sum("7d")`:      0.0,
		`help_views.by("exports").days_since()`: 0.0,
	} {
		e, problems := c.Expr(Source{Text: text})
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		if got, missing := e.Eval(f); got != want {
			t.Errorf("%s is %v, missing %v, want %v", text, got, missing, want)
		}
	}
}

func TestDistinct(t *testing.T) {
	var h History
	for i := range 40 {
		at := utc("2026-11-20T10:00").AddDate(0, 0, i-39)
		apply(t, &h, usersDef, time.UTC, at, Signal{User: "always"}, Signal{User: "old"[:1+i/20]})
	}
	c := testCompiler(t)
	f := NewFacts(c, &Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	for text, want := range map[string]float64{`users.distinct("7d")`: 2, `users.distinct("28d")`: 3, `users.max("7d")`: 2} {
		e, _ := c.Expr(Source{Text: text})
		if got, ok := e.Number(f); !ok || got != want {
			t.Errorf("%s is %g, want %g", text, got, want)
		}
	}
}

// As of a past day, users who came later only do not count, and those who came again
// later count as they did then.
func TestDistinctAsOfThenDoesNotCountWhoCameLater(t *testing.T) {
	var h History
	for _, seen := range []struct{ user, on string }{
		{"then and now", "2026-10-10"}, {"then and now", "2026-11-20"},
		{"before and now", "2026-09-20"}, {"before and now", "2026-11-20"},
		{"then", "2026-10-08"},
		{"later", "2026-10-13"}, {"now", "2026-11-20"},
	} {
		apply(t, &h, usersDef, time.UTC, utc(seen.on+"T10:00"), Signal{User: seen.user})
	}
	c := testCompiler(t)
	f := NewFacts(c, &Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	f.SetFeed(func(string) time.Time { return utc("2026-11-20T12:00") })
	for _, tc := range []struct {
		now, text string
		want      float64
	}{
		{"2026-10-12T12:00", `users.distinct("7d")`, 2},
		{"2026-10-12T12:00", `users.distinct("28d")`, 3},
		{"2026-10-12T12:00", `users.distinct("90d")`, 3},
		{"2026-10-13T12:00", `users.distinct("7d")`, 3},
		{"2026-10-03T12:00", `users.distinct("7d")`, 0},
		{"2026-11-20T12:00", `users.distinct("7d")`, 3},
		{"2026-11-20T12:00", `users.distinct("90d")`, 5},
	} {
		e, problems := c.Expr(Source{Text: tc.text})
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		f.Reset(&Account{ID: "a"}, &h, utc(tc.now))
		if got, ok := e.Number(f); !ok || got != tc.want {
			t.Errorf("at %s %s is %g, known %v, want %g", tc.now, tc.text, got, ok, tc.want)
		}
	}
}

// Late data and corrections change what is remembered of a feature.
func TestLateDataIsSeen(t *testing.T) {
	var h History
	week := []float64{20, 22, 18, 21, 19, 3, 2}
	seriesOf(t, &h, loginsDef, "2026-11-20", append(repeat(63, week...), 20, 22, 18, 21, 8, 1, 1, 7, 8, 7, 7, 8)...)
	f, exprs := loginsFacts(t, `logins.drop("7d")`)
	f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	before, _ := exprs[0].Number(f)
	for i := range 7 {
		at := utc("2026-11-13T12:00").AddDate(0, 0, i)
		if _, err := h.Apply(Signal{Signal: "logins", Value: 20, Mode: "set", At: at}, loginsDef, time.UTC, utc("2026-11-20T12:00")); err != nil {
			t.Fatal(err)
		}
	}
	f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	if after, _ := exprs[0].Number(f); before < 0.5 || after != 0 {
		t.Errorf("drop is %.2f before and %.2f after the correction, want over 0.5 and 0", before, after)
	}
}

// The same story some whole weeks later comes to the same numbers.
func TestFeaturesDoNotDependOnTheCalendar(t *testing.T) {
	texts := []string{`logins.drop("14d")`, `logins.spike("1d")`, `logins.mean("28d")`, `logins.trend("28d")`, `logins.sum("7d")`, `logins.days_since()`,
		`logins.expected("7d")`, `logins.shift("28d")`, `logins.shift_days("28d")`, `logins.drop("7d", {vs: "6w", alarms: "4/year"})`}
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 40), 60, 90).Draw(rt, "values")
		for i := range values {
			values[i] = math.Floor(values[i])
		}
		weeks := rapid.IntRange(1, 60).Draw(rt, "weeks")
		results := func(last Date) []any {
			var h History
			seriesOf(t, &h, loginsDef, last.String(), values...)
			f, exprs := loginsFacts(t, texts...)
			f.Reset(&Account{ID: "a"}, &h, last.In(time.UTC).Add(12*time.Hour))
			var out []any
			for _, e := range exprs {
				v, _ := e.Eval(f)
				out = append(out, v)
			}
			return out
		}
		if diff := cmp.Diff(results(day("2026-03-01")), results(day("2026-03-01")+Date(7*weeks))); diff != "" {
			rt.Fatalf("%d weeks later: %s", weeks, diff)
		}
	})
}

// Workers ask for holidays at the same time; run with -race.
func TestHolidaysCanBeAskedForAtOnce(t *testing.T) {
	t.Parallel()
	var asking sync.WaitGroup
	for year := range 8 {
		asking.Go(func() {
			for day := range Date(366) {
				NationalHoliday("JP", NewDate(2024+year, time.January, 1)+day)
			}
		})
	}
	asking.Wait()
}
