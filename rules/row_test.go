package rules

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A packed row holds exactly what was put into it, whatever came before.
func TestARowHoldsWhatIsPut(t *testing.T) {
	values := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 300), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(-40_000, 40_000), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(0, 300), func(n int) float64 { return float64(n) / 100 }),
		rapid.Map(rapid.IntRange(-5, 5_000_000), func(n int) float64 { return float64(n) / 1000 }),
		rapid.Float64Range(-maxValue, maxValue),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 254, 255, 32767, -32767, -32768, 1 << 31, -1 << 31, 0.1, 1.0 / 3}),
	)
	rapid.Check(t, func(rt *rapid.T) {
		gauge := rapid.Bool().Draw(rt, "gauge")
		var row dayRow
		want, minutes := map[Date]float64{}, map[Date]int{}
		day := Date(20_000)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				before := day - Date(rapid.IntRange(0, 30).Draw(rt, "kept"))
				row.trim(before)
				for d := range want {
					if d < before {
						delete(want, d)
					}
				}
			default:
				d := day + Date(rapid.IntRange(-20, 5).Draw(rt, "day"))
				day = max(day, d)
				v, minute := values.Draw(rt, "value"), rapid.IntRange(0, 1439).Draw(rt, "minute")
				row.set(d, v, minute, gauge)
				want[d], minutes[d] = v, minute
			}
			for d := day - 60; d <= day+10; d++ {
				v, known := want[d]
				got := row.at(d)
				if known != !math.IsNaN(got) || known && math.Float64bits(got) != math.Float64bits(v) {
					rt.Fatalf("day %d is %v, want %v (%v) in a row of %d bytes each", d, got, v, known, 1<<row.shift)
				}
				if gauge && known && row.minute(d) != minutes[d] {
					rt.Fatalf("day %d is of minute %d, want %d", d, row.minute(d), minutes[d])
				}
			}
		}
	})
}

// What is usual fits into a byte or two.
func TestARowTakesFewBytes(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []float64
		want   int // bytes of each
	}{
		{"a few a day", []float64{0, 3, 254}, 1},
		{"hundreds a day", []float64{0, 255, 32767}, 2},
		{"a share of a hundred", []float64{0.5, 0.99, 1}, 1},
		{"tenths, below zero", []float64{-12.5, 99.9}, 2},
		{"a hundred thousand", []float64{100_000}, 4},
		{"thirds", []float64{1.0 / 3}, 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var row dayRow
			row.fill(tc.values)
			if got := 1 << row.shift; got != tc.want {
				t.Errorf("a value takes %d bytes, want %d", got, tc.want)
			}
			for i, v := range tc.values {
				if row.get(i) != v {
					t.Errorf("%v is read back as %v", v, row.get(i))
				}
			}
		})
	}
}
