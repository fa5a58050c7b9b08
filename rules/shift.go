package rules

import "math"

// A change of level counts as one for good when it has lasted for leastShift days and
// each week since then was at least half as far off as all of them together.
const leastShift = 14

// A shift is a change of an account's level for good.
type shift struct {
	days  int     // since it happened
	share float64 // of the level before: -0.4 is 40 % less
	off   float64 // in standard deviations
}

// findShift looks for the day within a window on which the level changed for good: of
// all days the one before and after which levels differ most surprisingly. known is
// false where no day could be compared. One that is off by fewer than enough standard
// deviations may be any such.
func (ft *feature) findShift(l *learner, enough float64) (best shift, known bool) {
	c := comparer{learner: l, weeks: ft.weeks, enough: enough}
	for length := leastShift; length <= ft.window; length++ {
		s, ok := c.compare(l.n, length)
		if !ok {
			continue
		}
		known = true
		if s.expected <= 0 {
			continue
		}
		off := s.off(l.kind)
		if math.Abs(off) <= math.Abs(best.off) || !c.lasts(length, s.actual/s.expected-1) {
			continue
		}
		best = shift{length, s.actual/s.expected - 1, off}
	}
	return best, known
}

// lasts reports whether every week of a stretch is at least half as far off as the
// whole, on the same side.
func (c comparer) lasts(length int, share float64) bool {
	usual, ok := c.usualAt(c.n-length, length)
	if !ok || usual.rate <= 0 {
		return false
	}
	for end := c.n; end-7 >= c.n-length; end -= 7 {
		level := c.levelOf(end)
		if math.IsNaN(level) {
			continue
		}
		if week := level/usual.rate - 1; week*share <= 0 || math.Abs(week) < math.Abs(share)/2 {
			return false
		}
	}
	return true
}

// shiftAlarms returns how many alarms a year chance or the account's past would bring
// that are as surprising as a shift. Of its past the fortnights before it are asked:
// a fortnight is the shortest that a shift lasts.
func (ft *feature) shiftAlarms(l *learner, best shift) float64 {
	if best.off == 0 {
		return alarmsMost
	}
	c := comparer{learner: l, weeks: ft.weeks}
	return ft.alarmsAt(l, math.Abs(best.off), ft.past(c, leastShift, best.days, best.off > 0))
}

// shift returns the change of level as a signed share, or how many days ago it
// happened; 0 where there was none beyond chance.
func (ft *feature) shift(l *learner) result {
	enough := ft.enough(l)
	best, known := ft.findShift(l, enough)
	switch {
	case !known:
		return result{gap: ft.tooFew(l)}
	case math.Abs(best.off) < enough || ft.shiftAlarms(l, best) > ft.budget():
		return result{}
	case ft.op == opShiftDays:
		return result{number: float64(best.days)}
	}
	return result{number: best.share}
}
