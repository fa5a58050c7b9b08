package rules

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The next day off is the first for which there is a reason, whatever the country and
// the account's closed days.
func TestNextOffIsTheFirstWithAReason(t *testing.T) {
	c := testCompiler(t)
	for _, account := range []*Account{{}, {Country: "JP"}, {Country: "us"}, {Country: "ZZ"},
		{Country: "DE", Closed: []Span{{day("2026-08-03"), day("2026-08-14")}, {day("2026-08-10"), day("2026-08-20")}}}} {
		f := NewFacts(c, account, nil, utc("2026-11-20T12:00"))
		for d := day("2025-11-01"); d < day("2027-02-01"); d++ {
			want := d
			for f.whyOff(want) == "" && want < day("2027-02-01") {
				want++
			}
			if got := f.nextOff(d, day("2027-02-01")); got != want {
				t.Fatalf("%+v: after %s comes %s, want %s", account, d, got, want)
			}
		}
	}
}

// Reading a stretch gives what reading its days one by one gives.
func TestReadingDaysOneAfterAnother(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		def := rapid.SampledFrom([]SignalDef{loginsDef, seatsDef, helpDef}).Draw(rt, "signal")
		var h History
		today := day("2026-11-20")
		for range rapid.IntRange(1, 30).Draw(rt, "signals") {
			at := (today - Date(rapid.IntRange(0, 60).Draw(rt, "ago"))).In(time.UTC).Add(time.Hour)
			s := Signal{Value: float64(rapid.IntRange(0, 9).Draw(rt, "value"))}
			if def.Dimension != "" {
				s.By = rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "by")
			}
			apply(t, &h, def, time.UTC, today.In(time.UTC).Add(12*time.Hour), Signal{Value: s.Value, By: s.By, At: at})
		}
		s := h.find(def.Name)
		by := ""
		if def.Dimension != "" {
			by = rapid.SampledFrom([]string{"", "a", "none"}).Draw(rt, "row")
		}
		v := view{row: s.look(by), first: s.total.from, alive: today - Date(rapid.IntRange(0, 70).Draw(rt, "alive")),
			fresh: rapid.IntRange(0, 9).Draw(rt, "fresh"), kind: def.Kind, cover: &s.total}
		from := today - Date(rapid.IntRange(0, 70).Draw(rt, "from"))
		for i, got := range v.read(nil, from, today+2) {
			if want := v.value(from + Date(i)); math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
				rt.Fatalf("%s is %v, want %v", from+Date(i), got, want)
			}
		}
	})
}
