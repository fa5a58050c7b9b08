package rules

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// setDays sets every day of some, at noon, in an order.
func setDays(t rapid.TB, h *History, from Date, days int, newestFirst bool, value float64, now time.Time) {
	t.Helper()
	for i := range days {
		d := from + Date(i)
		if newestFirst {
			d = from + Date(days-1-i)
		}
		if _, err := h.Apply(Signal{Signal: "errors", Mode: "set", Value: value, At: d.In(time.UTC).Add(12 * time.Hour)}, errorsDef, time.UTC, now); err != nil {
			t.Fatal(err)
		}
	}
}

// An import of days, which is what spreadsheets hold, is written and read again, however
// many there are and in whichever order they stand.
func TestSetDaysAreWrittenAndReadAgain(t *testing.T) {
	now := utc("2026-11-17T12:30")
	for _, days := range []int{1, 58, 59, 60, 90, 390} {
		for _, newestFirst := range []bool{false, true} {
			var h History
			setDays(t, &h, DateOf(now)-Date(days-1), days, newestFirst, 200, now)
			again := reread(t, &h)
			if got := len(again.Days("errors", "", MinDate, MaxDate)); got != days {
				t.Errorf("%d of %d days are read again", got, days)
			}
			if hours := again.Hours("errors", now.AddDate(0, 0, -400)); len(hours) > 0 {
				t.Errorf("of days that were set, hours are known: %v", hours)
			}
			for _, u := range again.find("errors").hourly.unsure {
				if kept := int(u.To-u.From) + 1; kept > KeepHours+KeepHourly+foldEvery+1 {
					t.Errorf("%d days set, newest first %t: %d hours are kept as corrected", days, newestFirst, kept)
				}
			}
		}
	}
}

// Years of days that are set and nothing else: hours never begin, and are never far behind.
func TestYearsOfSetDaysAreReadAgain(t *testing.T) {
	var h History
	for d := day("2020-01-01"); d < day("2024-01-01"); d++ {
		noon := d.In(time.UTC).Add(12 * time.Hour)
		apply(t, &h, errorsDef, time.UTC, noon, Signal{Mode: "set", Value: 7})
		if d%50 == 0 {
			h = reread(t, &h)
		}
	}
	reread(t, &h)
}

// Hours that arrive, and each day corrected the next night.
func TestNightlyCorrectionsAreReadAgain(t *testing.T) {
	var h History
	start := utc("2026-08-01T00:00")
	for n := range 90 {
		midnight := start.AddDate(0, 0, n)
		if n > 0 {
			apply(t, &h, errorsDef, time.UTC, midnight.Add(2*time.Hour), Signal{Mode: "set", Value: 120, At: midnight.Add(-12 * time.Hour)})
		}
		hoursOf(t, &h, time.UTC, midnight.Add(2*time.Hour), midnight.AddDate(0, 0, 1), atWork)
		h = reread(t, &h)
	}
	if got := h.Hours("errors", start); len(got) == 0 || DateOf(got[0].Hour) != DateOf(start)+89 {
		t.Errorf("known hours: %v, want those of the last day alone", got)
	}
}

// What programs wrote that kept the hours of corrected days for ever is read.
func TestLongCorrectionsOnceWrittenAreRead(t *testing.T) {
	var h History
	now := utc("2026-11-17T12:30")
	hoursOf(t, &h, time.UTC, now.AddDate(0, 0, -70).Truncate(time.Hour), now.Truncate(time.Hour), atWork)
	p := h.find("errors").hourly
	p.unsure = []Span{{p.since - 400, p.since - 300}, {p.since - 200, p.since + KeepHourly + 20}}
	data, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again History
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if got := again.find("errors").hourly.unsure; len(got) != 1 || got[0].From != p.since {
		t.Errorf("corrected hours %v, want those since %d", got, p.since)
	}
	reread(t, &again)
}

// Whatever is added and set, in whichever order: it is read again as it was.
func TestHoursAreReadAgainWhateverCame(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Asia/Kolkata"), zone(t, "America/New_York")}
	rapid.Check(t, func(rt *rapid.T) {
		var h History
		loc := rapid.SampledFrom(zones).Draw(rt, "zone")
		now := utc("2024-11-17T12:00")
		for range rapid.IntRange(1, 60).Draw(rt, "times") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 24, 30 * 24, 70 * 24}).Draw(rt, "hours")) * time.Hour)
			back := rapid.IntRange(-1, 390).Draw(rt, "days back")
			run := rapid.SampledFrom([]int{1, 1, 3, 70}).Draw(rt, "days")
			step := rapid.SampledFrom([]int{-1, 1}).Draw(rt, "step")
			sig := Signal{Signal: "errors", Value: float64(rapid.IntRange(0, 30).Draw(rt, "value")), Mode: rapid.SampledFrom([]string{"", "set"}).Draw(rt, "mode")}
			for i := range run {
				sig.At = now.Add(-time.Duration(back+i*step) * 24 * time.Hour)
				if sig.At.After(now.Add(24*time.Hour)) || now.Sub(sig.At) > 398*24*time.Hour {
					break
				}
				if _, err := h.Apply(sig, errorsDef, loc, now); err != nil {
					rt.Fatal(err)
				}
			}
			again := reread(rt, &h)
			s, read := h.find("errors"), again.find("errors")
			if s == nil {
				continue
			}
			from, to := Date(now.Unix()/3600)-KeepHourly, Date(now.Unix()/3600)+30
			if got, want := fmt.Sprint(read.readHours(nil, from, to)), fmt.Sprint(s.readHours(nil, from, to)); got != want {
				rt.Fatalf("read again the hours are\n%s, want\n%s", got, want)
			}
		}
	})
}

// An import of days from the newest on leaves no hour known, neither the mornings before
// the time that they are dated with.
func TestMorningsOfSetDaysAreNotKnown(t *testing.T) {
	now := utc("2026-11-17T12:30")
	for _, newestFirst := range []bool{false, true} {
		var h History
		setDays(t, &h, DateOf(now)-10, 10, newestFirst, 50, now)
		from, to := Date((DateOf(now)-10).In(time.UTC).Unix()/3600), Date(DateOf(now).In(time.UTC).Unix()/3600)
		hours := h.find("errors").readHours(nil, from, to)
		if i := slices.IndexFunc(hours, func(v float64) bool { return !math.IsNaN(v) }); i >= 0 {
			t.Errorf("newest first %t: hour %d of the first day is %g, want it unknown", newestFirst, i, hours[i])
		}
	}
}
