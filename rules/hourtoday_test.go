package rules

import (
	"testing"
	"time"
)

// Of days whose hours are not known, none is a spike for coming at its usual time.
func TestDaysWithoutHoursAreComparedWhole(t *testing.T) {
	for _, tc := range []struct {
		name string
		days int
		mode string
		at   time.Duration // of a day's row
	}{
		{"an import of 90 days", 90, "set", 12 * time.Hour},
		{"30 days added at noon", 30, "", 12 * time.Hour},
		{"30 days set in the night", 30, "set", 2 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			first := DateOf(utc("2026-06-01T00:00"))
			for d := first; d < first+Date(tc.days); d++ {
				apply(t, &h, errorsDef, time.UTC, d.In(time.UTC).Add(tc.at), Signal{Mode: tc.mode, Value: 200})
			}
			for d := first + Date(tc.days); d < first+121; d++ {
				for _, now := range []time.Duration{tc.at + 5*time.Minute, tc.at + 6*time.Hour} {
					if now == tc.at+5*time.Minute {
						apply(t, &h, errorsDef, time.UTC, d.In(time.UTC).Add(tc.at), Signal{Mode: tc.mode, Value: 200})
					}
					f, exprs := hourFacts(t, &Account{ID: "a"}, &h, d.In(time.UTC).Add(now), `errors.spike("1d")`)
					if v, ok := exprs[0].Number(f); !ok || v != 1 {
						t.Fatalf("on %s at %s the spike is %g, known %v, want 1", d, now, v, ok)
					}
				}
			}
		})
	}
	// Days from a spreadsheet, and then today's by the hour.
	var h History
	now := utc("2026-11-17T02:10")
	setDays(t, &h, DateOf(now)-90, 90, false, 200, now)
	apply(t, &h, errorsDef, time.UTC, now, Signal{Value: 200})
	f, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, `errors.spike("1d")`)
	if v, ok := exprs[0].Number(f); !ok || v != 1 {
		t.Errorf("200 at 02:10, of as many each day, are a spike of %g, known %v, want 1", v, ok)
	}
}
