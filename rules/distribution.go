package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Distribution is how a number spreads over accounts: how often each size of it
// was seen, in steps of 2 %. Quantiles read from it are right within 1 % of the
// value. It is small (at most a few thousand steps, in practice as many as there
// are accounts), can be merged with others, and forgets a value again, so that it
// can be kept up account by account. The zero Distribution is empty and ready; it
// is written as JSON. It is not safe for several goroutines at once.
type Distribution struct {
	steps  []distributionStep // ascending, none of them empty
	count  int
	beyond int
}

type distributionStep struct{ at, count int }

// The steps of a Distribution: smallest is the least that is told from zero, and
// each step is so many times the one before.
const (
	distributionSmallest = 1e-6
	distributionStepSize = 1.02
)

// stepOf returns the step that a value belongs to: 0 for zero, and below for
// negative values.
func stepOf(v float64) int {
	size := math.Abs(v)
	if size < distributionSmallest {
		return 0
	}
	step := 1 + int(math.Round(math.Log(math.Min(size, maxValue)/distributionSmallest)/math.Log(distributionStepSize)))
	if v < 0 {
		return -step
	}
	return step
}

// valueOf returns the value in a step's middle.
func valueOf(step int) float64 {
	if step == 0 {
		return 0
	}
	v := distributionSmallest * math.Pow(distributionStepSize, math.Abs(float64(step))-1)
	return math.Copysign(v, float64(step))
}

// Add takes one account's value in; beyond says that it is beyond chance. A value
// that is no number is ignored.
func (d *Distribution) Add(v float64, beyond bool) { d.change(v, beyond, 1) }

// Remove takes out a value that was added before; of one that was not, nothing
// changes and ok is false.
func (d *Distribution) Remove(v float64, beyond bool) (ok bool) { return d.change(v, beyond, -1) }

func (d *Distribution) change(v float64, beyond bool, by int) bool {
	if math.IsNaN(v) {
		return false
	}
	step := stepOf(v)
	i, found := slices.BinarySearchFunc(d.steps, step, func(s distributionStep, at int) int { return s.at - at })
	switch {
	case by < 0 && (!found || beyond && d.beyond == 0):
		return false
	case !found:
		d.steps = slices.Insert(d.steps, i, distributionStep{step, 0})
	}
	d.steps[i].count += by
	if d.steps[i].count == 0 {
		d.steps = slices.Delete(d.steps, i, i+1)
	}
	d.count += by
	if beyond {
		d.beyond += by
	}
	return true
}

// Merge adds all that another Distribution has seen.
func (d *Distribution) Merge(other *Distribution) {
	if other == nil || len(other.steps) == 0 {
		return
	}
	merged := make([]distributionStep, 0, len(d.steps)+len(other.steps))
	a, b := d.steps, other.steps
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].at < b[0].at:
			merged, a = append(merged, a[0]), a[1:]
		case len(a) == 0 || b[0].at < a[0].at:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, distributionStep{a[0].at, a[0].count + b[0].count})
			a, b = a[1:], b[1:]
		}
	}
	d.steps, d.count, d.beyond = merged, d.count+other.count, d.beyond+other.beyond
}

// Clone returns a copy that shares nothing with d.
func (d *Distribution) Clone() *Distribution {
	return &Distribution{slices.Clone(d.steps), d.count, d.beyond}
}

// Count returns of how many accounts it knows the value.
func (d *Distribution) Count() int { return d.count }

// Share returns for which share of them the value is beyond chance, 0 to 1; 0 where
// there are none.
func (d *Distribution) Share() float64 { return float64(d.beyond) / float64(max(d.count, 1)) }

// Quantile returns the least value that at least a share p of the accounts do not
// exceed, within 1 %; NaN where there are none.
func (d *Distribution) Quantile(p float64) float64 {
	need, seen := p*float64(d.count), 0
	for _, s := range d.steps {
		seen += s.count
		if float64(seen) >= need-1e-9 {
			return valueOf(s.at)
		}
	}
	return math.NaN()
}

// distributionJSON is how a Distribution is written: [step, count] pairs.
type distributionJSON struct {
	Beyond int      `json:"beyond,omitempty"`
	Steps  [][2]int `json:"steps,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (d Distribution) MarshalJSON() ([]byte, error) {
	out := distributionJSON{Beyond: d.beyond}
	for _, s := range d.steps {
		out.Steps = append(out.Steps, [2]int{s.at, s.count})
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler. What is not a Distribution is refused,
// and d keeps what it had.
func (d *Distribution) UnmarshalJSON(data []byte) error {
	var in distributionJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("distribution: %w", err)
	}
	most := stepOf(maxValue)
	var read Distribution
	for i, s := range in.Steps {
		if s[1] < 1 || s[1] > math.MaxInt32 || s[0] < -most || s[0] > most || i > 0 && s[0] <= in.Steps[i-1][0] {
			return errors.New("distribution: want steps in ascending order, each with a count of at least 1")
		}
		read.steps = append(read.steps, distributionStep{s[0], s[1]})
		read.count += s[1]
	}
	if in.Beyond < 0 || in.Beyond > read.count {
		return fmt.Errorf("distribution: %d of %d beyond chance", in.Beyond, read.count)
	}
	read.beyond = in.Beyond
	*d = read
	return nil
}
