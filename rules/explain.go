package rules

import (
	"fmt"
	"math"
	"time"
)

// A Baseline says what was expected of a window of days, and from which days that
// was learnt.
type Baseline struct {
	Signal   string        `json:"signal"`
	By       string        `json:"by,omitempty"`
	From     Date          `json:"from"` // the window, both included
	To       Date          `json:"to"`
	Expected float64       `json:"expected"` // over the window's compared days; of a gauge a day's mean
	Actual   float64       `json:"actual"`   // over the same days
	Low      float64       `json:"low"`      // within [Low, High] the difference is within chance
	High     float64       `json:"high"`
	Days     []BaselineDay `json:"days"` // the compared ones
	Used     []Date        `json:"used"` // the days it was learnt from, oldest first
	LeftOut  []LeftOut     `json:"left_out,omitempty"`
	Missing  string        `json:"missing,omitempty"` // why nothing can be said; "" otherwise
}

// A BaselineDay is one day of a Baseline's window.
type BaselineDay struct {
	Date     Date    `json:"date"`
	Actual   float64 `json:"actual"`
	Expected float64 `json:"expected"`
	Low      float64 `json:"low"` // all but 1 in 100 days lie in [Low, High] by chance
	High     float64 `json:"high"`
}

// LeftOut is a day that was not compared or not learnt from, and why.
type LeftOut struct {
	Date Date   `json:"date"`
	Why  string `json:"why"` // "holiday: Culture Day", "closed", "no data", "too few weeks of data"
}

// Baseline explains what drop and expected compare a window of completed days with;
// by chooses a value of the dimension, and vs says how far back it looks, 8 weeks
// where zero. An error means that the window cannot be read or the signal is not
// declared; where there is too little data Missing says so.
func (f *Facts) Baseline(signal, by string, window, vs Period) (Baseline, error) {
	weeks := usualWeeks
	if !vs.IsZero() {
		weeks = vs.Days / 7
	}
	if window.Days < 1 || window.Days > KeepDays || weeks < 1 || weeks > KeepDays/7 {
		return Baseline{}, fmt.Errorf("baseline of %s: window %s against %s: want whole days within %d, and whole weeks", signal, window, vs, KeepDays)
	}
	def, declared := f.core.signals[signal]
	if !declared {
		return Baseline{}, fmt.Errorf("baseline: signal %s is not declared", signal)
	}
	ft := newFeature(opDrop, def)
	ft.by, ft.window, ft.weeks = by, window.Days, weeks
	return f.baseline(ft), nil
}

// Explain is Baseline for a feature as it stands in a clause's Values, such as
// help_views.spike("1d"): with its own window, and today where it reads today. An
// error means that no rule asks for it, or that it is compared with nothing.
func (f *Facts) Explain(feature string) (Baseline, error) {
	i, known := f.core.byText[feature]
	if !known || f.core.slots[i].feature == nil {
		return Baseline{}, fmt.Errorf("no rule asks for %s", feature)
	}
	ft := f.core.slots[i].feature
	switch ft.op {
	case opDrop, opSpike, opExpected:
		return f.baseline(ft), nil
	}
	return Baseline{}, fmt.Errorf("%s is compared with nothing", feature)
}

func (f *Facts) baseline(ft *feature) Baseline {
	b := Baseline{Signal: ft.signal, By: ft.by}
	b.From, b.To = ft.span(f.today)
	v, _, err := f.view(ft.signal, ft.by)
	if err != nil {
		b.Missing = err.Error()
		return b
	}
	u := v.usualBefore(b.From, ft.weeks, func(d Date, why string) {
		if why == "" {
			b.Used = append(b.Used, d)
		} else {
			b.LeftOut = append(b.LeftOut, LeftOut{d, why})
		}
	})
	c := v.compare(u, b.From, b.To, func(d Date, why string) {
		if why != "" {
			b.LeftOut = append(b.LeftOut, LeftOut{d, why})
			return
		}
		day := BaselineDay{Date: d, Actual: v.value(d), Expected: u.mean[d.Weekday()]}
		day.Low, day.High = u.band(v.kind, d.Weekday())
		b.Days = append(b.Days, day)
	})
	b.Expected, b.Actual = c.expected, c.actual
	b.Low, b.High = c.band(v.kind)
	if 2*c.days < ft.window {
		b.Missing = ft.tooFew(v, b.From, f.today)
	}
	return b
}

// band returns between which sums of the window drop is 0 and spike is 1.
func (c comparison) band(kind Kind) (low, high float64) {
	if kind == Gauge {
		reach := gaugeDeviations * math.Sqrt(c.variance)
		return c.expected - reach, c.expected + reach
	}
	low, _ = countBand(c.expected, c.variance, chance)
	_, high = countBand(c.upper, c.upperVariance(), chance)
	return low, high
}

// band returns between which values all but 1 in 100 days of a weekday lie.
func (u *usual) band(kind Kind, wd time.Weekday) (low, high float64) {
	mean := u.mean[wd]
	if math.IsNaN(mean) {
		return math.NaN(), math.NaN()
	}
	if kind == Gauge {
		return mean - 2.576*u.spread, mean + 2.576*u.spread
	}
	return countBand(mean, mean*u.spread*(1+inefficiency/float64(max(u.days[wd], 1))), bandChance)
}
