package rules

import (
	"math"
	"testing"
	"time"
)

// lateHours gives an account hours as at work, each arriving so much after its middle, up
// to now.
func lateHours(t testing.TB, h *History, from, now time.Time, lag time.Duration) {
	t.Helper()
	for at := from.Add(30 * time.Minute); !at.Add(lag).After(now); at = at.Add(time.Hour) {
		if v := atWork(at); v > 0 {
			apply(t, h, errorsDef, time.UTC, at.Add(lag), Signal{Value: v, At: at})
		}
	}
}

// Of a feed that is late, what has not arrived yet is no drop: hours are over when
// something of them could have arrived.
func TestLateFeedsAreNoDrops(t *testing.T) {
	tuesday := utc("2026-11-17T00:00")
	for _, lag := range []time.Duration{0, 20 * time.Minute, 100 * time.Minute, 5 * time.Hour} {
		for hour := range 24 {
			now := tuesday.Add(time.Duration(hour)*time.Hour + 5*time.Minute)
			var h History
			lateHours(t, &h, tuesday.AddDate(0, 0, -56), now, lag)
			h = reread(t, &h)
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, `errors.drop("1h")`, `errors.drop("6h")`, `errors.drop("24h")`, `errors.spike("3h")`, `errors.spike("1d")`)
			for i, want := range []float64{0, 0, 0, 1, 1} {
				if got, ok := exprs[i].Number(f); ok && got != want {
					t.Errorf("of an ordinary day, %s late, %s at %d:05 is %g, want %g", lag, exprs[i], hour, got, want)
				}
			}
			if _, ok := exprs[2].Number(f); !ok {
				t.Errorf("%s late, %s at %d:05 is not known", lag, exprs[2], hour)
			}
		}
	}
}

// Silence of an account whose feed is late is a drop, so much later; and what is sent of
// the past says nothing of how late the feed is.
func TestDropsOfLateFeedsComeLater(t *testing.T) {
	tuesday := utc("2026-11-17T00:00")
	for _, tc := range []struct {
		name string
		lag  time.Duration
		send *Signal // on Tuesday at 9:00
		now  time.Duration
		want float64
	}{
		{"in time, six hours are over", 0, nil, 15*time.Hour + 5*time.Minute, 1},
		{"two of them are not", 100 * time.Minute, nil, 12*time.Hour + 5*time.Minute, 1},
		{"nothing of them has arrived yet", 5 * time.Hour, nil, 12*time.Hour + 5*time.Minute, math.NaN()},
		{"an import of last month", 0, &Signal{Value: 3, At: tuesday.AddDate(0, 0, -30)}, 15*time.Hour + 5*time.Minute, 1},
		{"a correction of yesterday", 0, &Signal{Value: 90, Mode: "set", At: tuesday.Add(-1 * time.Minute)}, 15*time.Hour + 5*time.Minute, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			lateHours(t, &h, tuesday.AddDate(0, 0, -56), tuesday.Add(5*time.Hour), tc.lag)
			if tc.send != nil {
				apply(t, &h, errorsDef, time.UTC, tuesday.Add(9*time.Hour), *tc.send)
			}
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, tuesday.Add(tc.now), `errors.drop("6h")`)
			if got, ok := exprs[0].Number(f); ok == math.IsNaN(tc.want) || ok && got != tc.want {
				t.Errorf("the drop is %g, known %v, want %g", got, ok, tc.want)
			}
		})
	}
}
