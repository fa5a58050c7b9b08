package rules

import (
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

// Baseline explains what drop and expected compare a window of completed days with
// (to yesterday), or with today true what spike does (to today). by chooses a value
// of the dimension; weeks is how far back it looks, 8 where 0.
func (f *Facts) Baseline(signal, by string, window, weeks int, today bool) Baseline {
	b := Baseline{Signal: signal, By: by, To: f.today - 1}
	if today {
		b.To = f.today
	}
	b.From = b.To - Date(window) + 1
	if weeks == 0 {
		weeks = usualWeeks
	}
	v, _, err := f.view(signal, by)
	if err != nil {
		b.Missing = err.Error()
		return b
	}
	u := v.usualBefore(b.From, weeks, func(d Date, why string) {
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
	ft := feature{signal: signal, window: window}
	if 2*c.days < window {
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
