package rules

import (
	"fmt"
	"math"
	"strings"
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
	Gap      Gap           `json:"gap,omitzero"`      // the same, for every language

	Stretch int         `json:"stretch,omitempty"` // of drop: how many of the latest days are farthest off; the whole window where 0
	Window  *HourWindow `json:"window,omitempty"`  // of a window of hours; From and To are the days it touches, and Days is empty

	SoFar     float64 `json:"so_far,omitempty"`    // of a window that ends today: the share of today that is compared, by the hours of the week; 1 where it is compared as a whole
	ChangedOn Date    `json:"changed_on,omitzero"` // of shift: the first day of the new level
	Alarms    float64 `json:"alarms,omitempty"`    // as surprising differences a year by chance, of judged features; see Facts.Surprise
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
	Date   Date          `json:"date"`
	Why    string        `json:"why"` // "holiday: Culture Day", "closed", "no data", "too few weeks of data"
	Reason LeftOutReason `json:"reason"`
	Name   string        `json:"name,omitempty"` // of the holiday
}

// A LeftOutReason is why a day was left out, for every language.
type LeftOutReason string

// The reasons.
const (
	OnHoliday   LeftOutReason = "holiday"
	WhileClosed LeftOutReason = "closed"
	WithoutData LeftOutReason = "no_data"
	TooFewWeeks LeftOutReason = "too_few_weeks"
)

// leaveOut tells what view.usable said.
func leaveOut(d Date, why string) LeftOut {
	out := LeftOut{Date: d, Why: why, Reason: TooFewWeeks}
	switch name, holiday := strings.CutPrefix(why, "holiday: "); {
	case holiday:
		out.Reason, out.Name = OnHoliday, name
	case why == "closed":
		out.Reason = WhileClosed
	case why == "no data":
		out.Reason = WithoutData
	}
	return out
}

// Baseline explains what drop and expected compare a window of completed days with;
// by chooses a value of the dimension, and vs says how far back it looks, the level
// that follows the account where zero. An error means that the window cannot be read
// or the signal is not declared; where there is too little data Missing says so.
func (f *Facts) Baseline(signal, by string, window, vs Period) (Baseline, error) {
	weeks := vs.Days / 7
	if window.Days < 1 || window.Days > KeepDays || !vs.IsZero() && weeks < 1 || weeks > KeepDays/7 {
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
	if ft.hours > 0 && ft.op != opSum {
		return f.hourBaseline(ft), nil
	}
	switch ft.op {
	case opDrop, opSpike, opExpected, opShift, opShiftDays:
		return f.baseline(ft), nil
	case opTrend:
		return f.halves(ft), nil
	}
	return Baseline{}, fmt.Errorf("%s is compared with nothing", feature)
}

// halves explains a trend: the window is its later half, learnt from its earlier one.
func (f *Facts) halves(ft *feature) Baseline {
	half := max(1, ft.window/2)
	b := Baseline{Signal: ft.signal, By: ft.by, From: f.today - Date(half), To: f.today - 1}
	v, s, err := f.view(ft.signal, ft.by)
	if err != nil {
		b.Missing, b.Gap = err.Error(), Gap{Code: NoData, Of: ft.signal}
		return b
	}
	l := &f.learner
	l.learn(v, s.past, f.today)
	for d := b.From - Date(half); d <= b.To; d++ {
		if _, why := v.usable(d); why != "" {
			b.LeftOut = append(b.LeftOut, leaveOut(d, why))
		} else if d < b.From {
			b.Used = append(b.Used, d)
		}
	}
	st, ok := trendOf(l, half, 0)
	if !ok {
		b.Gap = ft.halfKnown()
		b.Missing = b.Gap.String()
		return b
	}
	b.Expected, b.Actual, b.Alarms = st.expected, st.actual, ft.surprise(l)
	b.Low, b.High = st.atOff(v.kind, -ft.enough(l)), st.atOff(v.kind, ft.enough(l))
	if v.kind != Gauge {
		b.Low = max(b.Low, 0)
	}
	return b
}

func (f *Facts) baseline(ft *feature) Baseline {
	b := Baseline{Signal: ft.signal, By: ft.by}
	b.From, b.To = ft.span(f.today)
	v, s, err := f.view(ft.signal, ft.by)
	if err != nil {
		b.Missing, b.Gap = err.Error(), Gap{Code: NoData, Of: ft.signal}
		return b
	}
	l := &f.learner
	l.learn(v, s.past, f.today)
	l.part = f.partOfToday(ft, s)
	c := comparer{learner: l, weeks: ft.weeks}
	for d := b.From - Date(7*ft.looksBack()); d < b.From; d++ {
		if _, why := v.usable(d); why != "" {
			b.LeftOut = append(b.LeftOut, leaveOut(d, why))
		} else {
			b.Used = append(b.Used, d)
		}
	}
	usual, known := level{}, false
	if begin := int(b.From - l.from); begin >= 0 {
		usual, known = c.usualAt(begin, ft.window)
	}
	sum, size := 0.0, 0.0
	for d := b.From; d <= b.To; d++ {
		x, why := v.usable(d)
		share := l.share[d.Weekday()]
		if d == l.today {
			share *= l.soFar()
		}
		if why == "" && (!known || math.IsNaN(share)) {
			why = "too few weeks of data"
		}
		if why != "" {
			b.LeftOut = append(b.LeftOut, leaveOut(d, why))
			continue
		}
		day := BaselineDay{Date: d, Actual: x}
		day.Expected, day.Low, day.High = c.day(usual, d)
		b.Days = append(b.Days, day)
		sum, size = sum+x, size+share
	}
	if !known || 2*len(b.Days) < ft.window {
		b.Gap = ft.tooFew(l)
		b.Missing = b.Gap.String()
		return b
	}
	st := c.against(usual, ft.window, sum, size, len(b.Days))
	b.Expected, b.Actual, b.SoFar = st.expected, st.actual, l.soFar()
	b.Low, b.High = ft.band(c, st)
	ft.whatIsBeyond(l, &b)
	return b
}

// whatIsBeyond adds what of the window is how surprising.
func (ft *feature) whatIsBeyond(l *learner, b *Baseline) {
	if !ft.judged() {
		return
	}
	b.Alarms = ft.surprise(l)
	switch ft.op {
	case opDrop:
		if w, ok := ft.judge(l, 0); ok && w.length != 0 && w.length != ft.window {
			b.Stretch = w.length
		}
	case opShift, opShiftDays:
		if best, known := ft.findShift(l, 0); known && ft.shiftAlarms(l, best) <= ft.budget() {
			b.ChangedOn = l.today - Date(best.days)
		}
	}
}

// band returns between which sums of the window (of a gauge between which means) drop
// is 0 and spike is 1, as far as the window as a whole is concerned.
func (ft *feature) band(c comparer, s stretch) (low, high float64) {
	below := ft.enough(c.learner)
	above := below
	switch ft.op {
	case opSpike:
		above = ft.enoughFor(c.learner, ft.past(c, ft.window, excessSkips, true))
	case opShift, opShiftDays:
		below = ft.enoughFor(c.learner, ft.past(c, leastShift, ft.window, false))
		above = ft.enoughFor(c.learner, ft.past(c, leastShift, ft.window, true))
	}
	low = s.atOff(c.kind, -below)
	if c.kind != Gauge {
		low = max(low, 0)
		s.expected += ft.unseen(s.days)
	}
	return low, s.atOff(c.kind, above)
}
