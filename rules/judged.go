package rules

import "math"

// The judged features - drop, spike, trend, shift - say how much less or more came,
// and say nothing (0, 1, 0, 0) while chance explains it. A window is beyond chance
// when it, its latest week or, of more than two weeks, what lies half-way between them
// (of spikes the latest week or three days) is farther off than the budget of alarms
// allows, so that a week's collapse is not thinned out by the good days before it. Of a
// drop all of them are compared with the weeks before the window: those in between may
// be part of the loss.
//
// There is no other minimum for small accounts than chance itself, which comes to one:
// with the default budget a window must usually bring about ten before even silence is
// beyond it, about forty for a loss of two thirds, and 150 (11 a day over two weeks)
// for one of 40 %.

// lengths lists the stretches of the feature's window that are judged, in days.
func (ft *feature) lengths() (all [3]int, n int) {
	switch {
	case ft.op == opSpike && ft.window >= 14:
		return [3]int{ft.window, 7, 3}, 3
	case ft.op == opSpike && ft.window >= 7:
		return [3]int{ft.window, 3}, 2
	case ft.op != opSpike && ft.window > 14:
		return [3]int{ft.window, (ft.window + 7) / 2, 7}, 3
	case ft.op != opSpike && ft.window > 7:
		return [3]int{ft.window, 7}, 2
	}
	return [3]int{ft.window}, 1
}

// budget is how many alarms a year chance may bring.
func (ft *feature) budget() float64 {
	if ft.alarms > 0 {
		return ft.alarms
	}
	return alarmsChance
}

// A judgedWindow is what drop and expected are about.
type judgedWindow struct {
	stretch
	off    float64 // of the stretch that is farthest off the way the feature looks, at least 0
	length int     // of that stretch
}

// judge compares the feature's window, which ends before today, and its latest days.
// Below enough standard deviations, off is a bound of what it would be.
func (ft *feature) judge(l *learner, enough float64) (w judgedWindow, ok bool) {
	c := comparer{learner: l, weeks: ft.weeks, enough: enough}
	lengths, n := ft.lengths()
	for i, length := range lengths[:n] {
		c.lead = ft.window - length
		s, known := c.compare(l.n, length)
		if i == 0 {
			if !known {
				return w, false
			}
			w.stretch = s
		}
		if off := -s.off(l.kind); known && off > w.off {
			w.off, w.length = off, length
		}
	}
	return w, true
}

// drop returns the share that is missing, 0 within chance.
func (ft *feature) drop(l *learner, w judgedWindow) float64 {
	if w.actual >= w.expected || w.expected <= 0 || w.off < ft.enough(l) {
		return 0
	}
	return math.Min(1-w.actual/w.expected, 1)
}

// A usual is what a spike's window is judged by: everything that is learnt once a day,
// so that each event of today costs an addition and a few comparisons.
type usual struct {
	expected float64    // of the whole window; of a gauge a day's
	size     float64    // of the window, in days of share 1
	most     [3]float64 // the sum from which on a stretch is beyond chance
	by       grounds    // what most was learnt from; from less it is a bound below
	done     [3]float64 // what its completed days brought
	n        int        // stretches
	today    bool       // today can be compared
	gap      gap

	on, alive Date    // the day it was learnt on, and through which the feed was alive
	past      uint32  // the series' changes of days that were over
	part      float64 // of today, that had passed
}

// Grounds are what the sum from which on a spike is beyond chance is learnt from, each
// taking several times as long as the one before, and needed more seldom.
type grounds uint8

const (
	onCalm   grounds = iota // that no account varies less
	onChance                // how much this one varies
	onPast                  // and how far it went by itself
)

// learnUsual learns on some grounds what a spike's window is judged by.
func (ft *feature) learnUsual(l *learner, into *usual, by grounds) {
	deviations := ft.enough(l)
	if deviations <= 0 {
		by = max(by, onChance) // a bound cannot be told there
	}
	*into = usual{by: by, on: l.today, alive: l.alive, past: l.past, part: l.soFar()}
	c := comparer{learner: l, weeks: ft.weeks}
	if by == onCalm {
		c.enough = math.Inf(1)
	}
	share := l.share[l.today.Weekday()] * l.soFar()
	into.today = share == share && (l.offDays == nil || l.offDays(l.today) == "")
	lengths, n := ft.lengths()
	into.n = n
	for i, length := range lengths[:n] {
		s, done, size, ok := c.untilToday(length, into.today, share)
		if i == 0 {
			if !ok {
				into.gap = ft.tooFew(l)
				return
			}
			into.expected, into.size = s.expected, size
		}
		into.most[i] = math.Inf(1)
		if ok {
			into.done[i] = done
			if by == onPast {
				deviations = ft.enoughFor(l, ft.past(c, length, excessSkips, true))
			}
			into.most[i] = ft.spikeAt(l, s, size, deviations, by == onCalm)
		}
	}
}

// spikeAt returns the sum from which on a stretch is beyond chance. A bound below it,
// for counts, is where the deviance's own bound, (count - expected)² · 2 / expected,
// is what the deviance must be.
func (ft *feature) spikeAt(l *learner, s stretch, size, deviations float64, bound bool) float64 {
	if l.kind == Gauge {
		return s.atOff(l.kind, deviations) * size
	}
	s.expected += ft.unseen(s.days)
	if bound {
		return s.expected + deviations*math.Sqrt(s.variance*s.expected/2)*(1-1e-9)
	}
	return s.atOff(l.kind, deviations)
}

// unseen allows for what never happened only because there was too little time for
// it: once on each weekday in the weeks that were learnt from.
func (ft *feature) unseen(days int) float64 {
	weeks := profileWeeks
	if ft.weeks > 0 {
		weeks = ft.weeks
	}
	return float64(days) / float64(weeks)
}

// untilToday is compare for a stretch that includes today, whose count is not added
// yet: done is what its completed days brought.
func (c comparer) untilToday(length int, withToday bool, share float64) (s stretch, done, size float64, ok bool) {
	begin := c.n - length + 1
	if begin < 0 {
		return s, 0, 0, false
	}
	t := c.between(begin, c.n)
	days, done, size := t.days, t.sum, t.size
	if withToday {
		days, size = days+1, size+share
	}
	lv, ok := c.usualAt(begin, length)
	if !ok || 2*days < length {
		return s, 0, 0, false
	}
	return c.against(lv, length, done, size, days), done, size, true
}

// spike returns how many times the expected came when today has brought so much, 1
// within chance. Less than one expected is taken for one, so that a first few are not
// called a hundred times the usual.
func (u *usual) spike(kind Kind, today float64) float64 {
	if !u.today {
		today = 0
	}
	if math.IsNaN(today) {
		return today
	}
	sum := u.done[0] + today
	switch {
	case !u.beyond(today):
		return 1
	case kind != Gauge:
		return math.Max(1, sum/math.Max(u.expected, 1))
	case u.expected <= 0 || u.size <= 0:
		return 1
	}
	return math.Max(1, sum/u.size/u.expected)
}

// beyond reports whether a stretch reaches its most when today has brought so much.
func (u *usual) beyond(today float64) bool {
	if !u.today {
		today = 0
	}
	for i := range u.n {
		if u.done[i]+today >= u.most[i] {
			return true
		}
	}
	return false
}

// spikeAlarms returns how many alarms a year chance or the account's past would bring
// that are as surprising as the most surprising stretch of a spike's window.
func (ft *feature) spikeAlarms(l *learner) (alarms float64, ok bool) {
	c := comparer{learner: l, weeks: ft.weeks}
	x, why := l.usable(l.today)
	share := l.share[l.today.Weekday()] * l.soFar()
	withToday := why == "" && share == share
	if !withToday {
		x = 0
	}
	alarms = alarmsMost
	lengths, n := ft.lengths()
	for i, length := range lengths[:n] {
		s, done, size, known := c.untilToday(length, withToday, share)
		if i == 0 && !known {
			return 0, false
		}
		if !known {
			continue
		}
		s.actual = done + x
		if l.kind == Gauge {
			s.actual /= math.Max(size, 1e-9)
		} else {
			s.expected += ft.unseen(s.days)
		}
		if off := s.off(l.kind); off > 0 {
			alarms = math.Min(alarms, ft.alarmsAt(l, off, ft.past(c, length, excessSkips, true)))
		}
	}
	return alarms, true
}

// trendOf compares the later half of a window with the earlier one; half is in days.
func trendOf(l *learner, half int, enough float64) (s stretch, ok bool) {
	return comparer{learner: l, before: true, enough: enough}.compare(l.n, half)
}

// trend returns how much more the later half brought, as a share, 0 within chance.
func (ft *feature) trend(l *learner) result {
	half := max(1, ft.window/2)
	enough := ft.enough(l)
	s, ok := trendOf(l, half, enough)
	switch {
	case !ok:
		return result{gap: ft.halfKnown()}
	case s.expected == 0 && s.actual != 0:
		return result{gap: gap{Code: NothingEarlier, Of: ft.signal}}
	case s.expected == 0 || math.Abs(s.off(l.kind)) < enough:
		return result{}
	}
	return finite((s.actual-s.expected)/math.Abs(s.expected), gap{Code: NothingEarlier, Of: ft.signal})
}

// surprise is Facts.Surprise for a feature that is known.
func (ft *feature) surprise(l *learner) float64 {
	switch ft.op {
	case opTrend:
		if s, ok := trendOf(l, max(1, ft.window/2), 0); ok && s.expected != 0 {
			return ft.alarmsAt(l, math.Abs(s.off(l.kind)), past{})
		}
	case opShift, opShiftDays:
		if best, known := ft.findShift(l, 0); known {
			return ft.shiftAlarms(l, best)
		}
	case opSpike:
		if alarms, ok := ft.spikeAlarms(l); ok {
			return alarms
		}
	default:
		if w, ok := ft.judge(l, 0); ok && w.actual < w.expected {
			return ft.alarmsAt(l, w.off, past{})
		}
	}
	return alarmsMost
}
