package rules

import (
	"runtime"
	"testing"
	"time"
)

// What an hourly signal of a usual account - some 30 a day, at work - takes beside its
// days: a tenth of what an account may take, in memory and in its document.
func TestHoursAreCompact(t *testing.T) {
	const accounts, most = 200, 1200
	to := utc("2026-11-20T08:00")
	size := func(def SignalDef) (memory, written float64) {
		var h History
		for at := to.AddDate(0, 0, -KeepDays); at.Before(to); at = at.Add(time.Hour) {
			if v := float64(int(atWork(at)+1) / 3); v > 0 {
				apply(t, &h, def, time.UTC, at, Signal{Value: v})
			}
		}
		data, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		heap := func() float64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return float64(m.HeapAlloc)
		}
		f, exprs := hourFacts(t, &Account{ID: "a"}, &h, to, `errors.spike("3h")`, `errors.drop("6h")`, `errors.spike("1d")`)
		judged := func(h *History) {
			f.Reset(&Account{ID: "a"}, h, to)
			for _, e := range exprs {
				e.Number(f)
			}
			f.Reset(&Account{ID: "a"}, nil, to)
		}
		judged(&h)
		before := heap()
		histories := copies(t, &h, accounts)
		if def.Hourly {
			for i := range histories {
				judged(&histories[i])
			}
		}
		memory = (heap() - before) / accounts
		runtime.KeepAlive(histories)
		return memory, float64(len(data))
	}
	plain := errorsDef
	plain.Hourly = false
	memory, written := size(plain)
	hourly, hourlyWritten := size(errorsDef)
	t.Logf("an hourly signal takes %.0f bytes more in memory and %.0f written", hourly-memory, hourlyWritten-written)
	if hourly-memory > most || hourlyWritten-written > most {
		t.Errorf("an hourly signal takes %.0f bytes more in memory and %.0f written, want at most %d", hourly-memory, hourlyWritten-written, most)
	}
}
