package rules

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// judgedTexts are the features that chance decides on, with what they are within it.
var judgedTexts = map[string]float64{
	`logins.drop("14d")`: 0, `logins.drop("7d")`: 0, `logins.spike("1d")`: 1, `logins.spike("7d")`: 1,
	`logins.trend("28d")`: 0, `logins.shift("56d")`: 0, `logins.shift_days("56d")`: 0,
}

// said evaluates expressions over logins on a series of daily values that ends today;
// what is unknown is absent.
func said(t testing.TB, def SignalDef, today string, account *Account, values []float64, texts ...string) map[string]float64 {
	t.Helper()
	var h History
	seriesOf(t, &h, def, today, values...)
	return saidOf(t, def, today, account, &h, texts...)
}

func saidOf(t testing.TB, def SignalDef, today string, account *Account, h *History, texts ...string) map[string]float64 {
	t.Helper()
	c, problems := NewCompiler(Schema{Signals: []SignalDef{def}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	f := NewFacts(c, account, h, day(today).In(time.UTC).Add(23*time.Hour))
	f.SetFeed(func(string) time.Time { return f.Now() })
	out := map[string]float64{}
	for _, text := range texts {
		e, problems := c.Expr(Source{Text: text}, Number)
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		if v, ok := e.Number(f); ok {
			out[text] = v
		}
	}
	return out
}

func judgedNames() (names []string) {
	for text := range judgedTexts {
		names = append(names, text)
	}
	return names
}

// The table of README.md, row by row: what is neutral stays so.
func TestOddDataAreNeutral(t *testing.T) {
	none := math.NaN()
	week := []float64{20, 22, 18, 21, 19, 3, 2}
	for _, tc := range []struct {
		name   string
		def    SignalDef
		today  string
		values []float64
	}{
		{"zeros for a year", loginsDef, "2026-11-20", repeat(365, 0)},
		{"one in a hundred days", loginsDef, "2026-11-20", repeat(365, append(repeat(99, 0), 1)...)},
		{"a year of the same week", loginsDef, "2026-11-20", repeat(364, week...)},
		{"a leap day", loginsDef, "2028-03-05", repeat(210, week...)},
		{"the end of a leap year", loginsDef, "2029-01-02", repeat(210, week...)},
		{"huge values", loginsDef, "2026-11-20", repeat(210, 1e14)},
		{"a gauge of negative values", SignalDef{Name: "logins", Kind: Gauge}, "2026-11-20", repeat(210, -5, -6, -5, -4)},
		{"a gauge about zero", SignalDef{Name: "logins", Kind: Gauge}, "2026-11-20", repeat(210, -1, 1, 0)},
		{"a gauge that is always the same", SignalDef{Name: "logins", Kind: Gauge}, "2026-11-20", repeat(210, 41)},
		{"fractions", loginsDef, "2026-11-20", repeat(210, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1)},
		{"a stop of a fortnight, half a year ago", loginsDef, "2026-11-20", append(append(repeat(140, week...), repeat(14, 0)...), repeat(182, week...)...)},
		{"a hundredfold day, three months ago", loginsDef, "2026-11-20", append(append(repeat(140, week...), 2000), repeat(91, 21, 18, 21, 19, 3, 2, 20)...)},
		{"gaps of single days", loginsDef, "2026-11-20", repeat(210, 20, 20, none, 20, 20, 20, 20, none, 20)[:207]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := said(t, tc.def, tc.today, &Account{ID: "a"}, tc.values, judgedNames()...)
			for text, want := range judgedTexts {
				if v, known := got[text]; tc.name == "gaps of single days" {
					if known && v != want && text != `logins.spike("1d")` {
						t.Errorf("%s is %g, want %g", text, v, want)
					}
				} else if !known || v != want {
					t.Errorf("%s is %g, known %v, want %g", text, v, known, want)
				}
			}
		})
	}
}

// Features that need a history say so of one that has none, and others work from the
// first day.
func TestOneDayOfData(t *testing.T) {
	got := said(t, loginsDef, "2026-11-20", &Account{ID: "a"}, []float64{7}, append(judgedNames(), `logins.sum("7d")`, `logins.max("7d")`, `logins.last()`, `logins.days_since()`)...)
	if diff := cmp.Diff(map[string]float64{`logins.sum("7d")`: 7, `logins.max("7d")`: 7, `logins.last()`: 7, `logins.days_since()`: 0}, got); diff != "" {
		t.Error(diff)
	}
}

// After months without data a baseline begins anew: unknown until two weeks before the
// window are known again, and never a comparison across the gap.
func TestAGapOfMonths(t *testing.T) {
	for back, known := range map[int]bool{5: false, 20: false, 28: true, 60: true} {
		var h History
		seriesOf(t, &h, loginsDef, "2026-06-30", repeat(120, 40)...)
		seriesOf(t, &h, loginsDef, "2026-11-20", repeat(back+1, 10)...)
		f, exprs := loginsFacts(t, `logins.drop("14d")`)
		f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
		if v, ok := exprs[0].Number(f); ok != known || v != 0 {
			t.Errorf("%d days after the gap the drop is %g, known %v, want 0, known %v", back, v, ok, known)
		}
	}
}

// A change of units reads as what it looks like - a thousandfold spike, then a shift -
// until the level has followed it.
func TestAChangeOfUnits(t *testing.T) {
	for days, want := range map[int]map[string]float64{
		1:  {`logins.spike("1d")`: 1000, `logins.shift("56d")`: 0},
		22: {`logins.shift("56d")`: 999},
		90: {`logins.spike("1d")`: 1, `logins.shift("56d")`: 0, `logins.drop("14d")`: 0},
	} {
		got := said(t, loginsDef, "2026-11-20", &Account{ID: "a"}, append(repeat(200, 30), repeat(days, 30_000)...), judgedNames()...)
		for text, v := range want {
			if math.Abs(got[text]-v) > 0.02*math.Max(v, 1) {
				t.Errorf("%d days after a change of units by 1,000 %s is %g, want %g", days, text, got[text], v)
			}
		}
	}
}

// Days on which the clocks change have 23 or 25 hours, and an account that moves has
// one such day of any length: nothing is made of it.
func TestClocksThatChange(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	hourly := func(to time.Time, zone func(time.Time) *time.Location) *History {
		h := &History{}
		for at := to.AddDate(0, 0, -120); at.Before(to); at = at.Add(time.Hour) {
			if _, err := h.Apply(Signal{Signal: "logins", Value: 5, At: at}, loginsDef, zone(at), at); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	for _, tc := range []struct {
		name  string
		today string
		zone  func(time.Time) *time.Location
		last  string
	}{
		{"an hour less", "2026-03-10", func(time.Time) *time.Location { return newYork }, "America/New_York"},
		{"an hour more", "2026-11-03", func(time.Time) *time.Location { return newYork }, "America/New_York"},
		{"a move from New York to Tokyo", "2026-06-10", func(at time.Time) *time.Location {
			if at.Before(utc("2026-06-01T12:00")) {
				return newYork
			}
			return tokyo
		}, "Asia/Tokyo"},
		{"a move from Tokyo to New York", "2026-06-10", func(at time.Time) *time.Location {
			if at.Before(utc("2026-06-01T12:00")) {
				return tokyo
			}
			return newYork
		}, "America/New_York"},
	} {
		now := day(tc.today).In(time.UTC).Add(23 * time.Hour)
		h := hourly(now, tc.zone)
		total := 0.0
		for _, d := range h.Days("logins", "", MinDate, MaxDate) {
			total += d.Value
		}
		if total != 120*24*5 {
			t.Errorf("%s: %g in all, want %d: nothing counted twice or not at all", tc.name, total, 120*24*5)
		}
		got := saidOf(t, loginsDef, tc.today, &Account{ID: "a", TimeZone: tc.last}, h, judgedNames()...)
		for text, want := range judgedTexts {
			if got[text] != want {
				t.Errorf("%s: %s is %g, want %g", tc.name, text, got[text], want)
			}
		}
	}
}

// A signal that changes its kind keeps its series; the new kind is refused.
func TestAChangeOfKindIsRefused(t *testing.T) {
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-20", repeat(60, 20)...)
	as := SignalDef{Name: "logins", Kind: Gauge}
	at := utc("2026-11-20T12:00")
	if _, err := h.Apply(Signal{Signal: "logins", Value: 7, At: at}, as, time.UTC, at); err == nil {
		t.Error("a count is taken for a gauge")
	}
	if got := saidOf(t, loginsDef, "2026-11-20", &Account{ID: "a"}, &h, `logins.last()`); got[`logins.last()`] != 20 {
		t.Errorf("after the refusal the last day is %g, want 20", got[`logins.last()`])
	}
}

// What is expected scales with what came; of a gauge, whose unit is anybody's, every
// size stays what it is.
func TestScaling(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(2, 60), 70, 120).Draw(rt, "values")
		by := float64(rapid.SampledFrom([]int{2, 8, 1024}).Draw(rt, "by")) // powers of two scale without rounding
		scaled := func(f float64) []float64 {
			out := make([]float64, len(values))
			for i, v := range values {
				out[i] = f * float64(v)
			}
			return out
		}
		expected := []string{`logins.expected("7d")`, `logins.expected("14d", {vs: "6w"})`, `logins.mean("28d")`, `logins.sum("7d")`}
		one, many := said(t, loginsDef, "2026-11-20", &Account{ID: "a"}, scaled(1), expected...), said(t, loginsDef, "2026-11-20", &Account{ID: "a"}, scaled(by), expected...)
		for text, v := range one {
			if math.Abs(many[text]-by*v) > 1e-9*by*v {
				rt.Fatalf("%s is %g, and %g of %g times as much", text, v, many[text], by)
			}
		}
		gauge := SignalDef{Name: "logins", Kind: Gauge}
		small, great := said(t, gauge, "2026-11-20", &Account{ID: "a"}, scaled(1), judgedNames()...), said(t, gauge, "2026-11-20", &Account{ID: "a"}, scaled(by), judgedNames()...)
		if diff := cmp.Diff(small, great); diff != "" {
			rt.Fatalf("a gauge in other units: %s", diff)
		}
	})
}

// What other accounts bring changes nothing for an account, whatever was judged before.
func TestAnotherAccountChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		series := func(name string) []float64 {
			values := rapid.SliceOfN(rapid.IntRange(0, 50), 30, 100).Draw(rt, name)
			out := make([]float64, len(values))
			for i, v := range values {
				out[i] = float64(v)
			}
			return out
		}
		own, others := series("own"), series("others")
		f, exprs := loginsFacts(t, judgedNames()...)
		var h, other History
		seriesOf(t, &h, loginsDef, "2026-11-20", own...)
		seriesOf(t, &other, loginsDef, "2026-11-20", others...)
		results := func() (out []any) {
			f.Reset(&Account{ID: "a", Country: "JP"}, &h, utc("2026-11-20T12:00"))
			for _, e := range exprs {
				v, missing := e.Eval(f)
				out = append(out, v, missing)
			}
			return out
		}
		alone := results()
		h.ready(nil, calendarKey{}) // nothing is remembered
		f.Reset(&Account{ID: "b", Country: "US"}, &other, utc("2026-11-20T12:00"))
		for _, e := range exprs {
			e.Eval(f)
		}
		if diff := cmp.Diff(alone, results()); diff != "" {
			rt.Fatalf("beside another account: %s", diff)
		}
	})
}

// More missing data never make a decision surer: where every day of a window is down
// by the same share, leaving days out only makes that less surprising or unknown, and
// less history only makes the band wider.
func TestMissingDataNeverMakeSurer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		week := make([]float64, 7)
		for i := range week {
			week[i] = float64(4 * rapid.IntRange(1, 12).Draw(rt, "weekday"))
		}
		weeks := rapid.IntRange(5, 30).Draw(rt, "weeks")
		left := rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.75}).Draw(rt, "left")
		values := append(repeat(7*weeks, week...), repeat(14, week...)...)
		for i := 7 * weeks; i < len(values); i++ {
			values[i] *= left
		}
		less := append([]float64(nil), values...)
		for range rapid.IntRange(1, 9).Draw(rt, "missing") {
			less[7*weeks+rapid.IntRange(0, 13).Draw(rt, "day")] = math.NaN()
		}
		surprise := func(values []float64) (float64, error) {
			var h History
			seriesOf(t, &h, loginsDef, "2026-11-19", values...)
			f, _ := loginsFacts(t, `logins.drop("14d")`)
			last := day("2026-11-19")
			// Days of an outage are unknown; a feed that is alive would make them zeros.
			var out []Outage
			for i, v := range values {
				if d := last - Date(len(values)-1-i); math.IsNaN(v) {
					out = append(out, Outage{(d - 1).In(time.UTC).Add(23 * time.Hour), (d + 1).In(time.UTC).Add(time.Hour)})
				}
			}
			f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
			f.SetFeed(func(string) time.Time { return utc("2026-11-20T11:00") })
			f.SetOutages(map[string][]Outage{"logins": out})
			return f.Surprise(`logins.drop("14d")`)
		}
		whole, err := surprise(values)
		if err != nil {
			rt.Fatal(err)
		}
		if gappy, err := surprise(less); err == nil && gappy < whole*0.9 { // the shape of the week is learnt from a day less, too
			rt.Fatalf("without some days of the window as much comes by chance %g times a year, with all of them %g times", gappy, whole)
		}
		narrowest := math.Inf(1)
		for from := 0; from < weeks-2; from++ { // less and less history, from its beginning
			var h History
			seriesOf(t, &h, loginsDef, "2026-11-19", values[7*(weeks-from-3):]...)
			f, _ := loginsFacts(t, `logins.drop("14d")`)
			f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
			b, err := f.Baseline("logins", "", Period{Days: 14}, Period{})
			if err != nil || b.Missing != "" {
				rt.Fatalf("with %d weeks: %v %s", from+3, err, b.Missing)
			}
			if width := b.High - b.Low; width > narrowest*(1+1e-6) {
				rt.Fatalf("the band is %g wide with %d weeks before the window, and %g with fewer", width, from+3, narrowest)
			} else {
				narrowest = width
			}
		}
	})
}
