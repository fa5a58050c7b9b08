package rules

import "math"

// Accounts burst: a campaign, a load test, a page that was linked to. How high bursts go
// is nothing that the spread of common days tells, and one of them is a sign of others to
// come. So for spikes and shifts the account's own past is asked as well how often it
// went as far by itself. What goes clearly beyond all of that is believed.
const (
	pastFrom   = 3.5  // standard deviations from which on a stretch of the past was more than common chance
	pastApart  = 14   // days between two of them, or they are one
	pastWeight = 80   // days without any that every account is taken to have had besides
	pastPower  = 2    // one twice as far off is taken to come a quarter as often
	pastRecord = 1.25 // so many times the farthest of them is like none of them
	pastDays   = 364  // how far back it is asked
	pastExact  = 1e-9 // the share of a bound within which it is found
)

// A past is how far off an account's stretches of a length were before.
type past struct {
	peaks []float64 // of times beyond pastFrom, in standard deviations
	days  int       // judged
}

// alarms returns how many times a year the past lets expect a stretch that is as far off.
func (p past) alarms(off float64) float64 {
	sum, greatest := 0.0, 0.0
	for _, peak := range p.peaks {
		sum += math.Min(1, math.Pow(peak/off, pastPower))
		greatest = math.Max(greatest, peak)
	}
	if off > greatest*pastRecord {
		return 0 // nothing like it
	}
	return sum * 365 / float64(p.days+pastWeight)
}

// past looks up how far off stretches of a length were in the account's past, upwards
// or downwards, leaving out the latest days.
func (ft *feature) past(c comparer, length, latestDays int, upwards bool) (p past) {
	own, weeks := c.excess(length)
	c.learnLevels()
	step, latest := 1+length/7, 0
	for end := c.n - max(length, latestDays); end-length-c.reach(length) >= 0 && end > c.n-pastDays; end -= step {
		begin := end - length
		t := c.between(begin, end)
		usual, ok := c.usualAt(begin, length)
		if !ok || 2*t.days < length {
			continue
		}
		p.days += step
		s := c.varying(usual, length, t.sum, t.size, t.days, own, weeks)
		if ft.op == opSpike && c.kind != Gauge {
			s.expected += ft.unseen(s.days)
		}
		off := s.off(c.kind)
		if !upwards {
			off = -off
		}
		switch {
		case off < pastFrom:
			continue
		case len(p.peaks) > 0 && latest-end <= pastApart:
			p.peaks[len(p.peaks)-1] = math.Max(p.peaks[len(p.peaks)-1], off)
		default:
			p.peaks = append(p.peaks, off)
		}
		latest = end
	}
	return p
}

// alarmsAt returns how many alarms a year chance or the account's past would bring
// that are so many standard deviations off, whichever are more, at most one a day.
func (ft *feature) alarmsAt(l *learner, off float64, p past) float64 {
	if off <= 0 {
		return alarmsMost
	}
	return min(alarmsMost, max(ft.tries(l)*ft.pace().alarms(off), p.alarms(off)))
}

// enough returns from how many standard deviations on chance brings no more alarms than
// the feature's budget.
func (ft *feature) enough(l *learner) float64 { return ft.pace().off(ft.budget() / ft.tries(l)) }

// enoughFor is enough for an account with a past: never less, and at most pastRecord
// times the farthest of it.
func (ft *feature) enoughFor(l *learner, p past) float64 {
	low := ft.enough(l)
	if len(p.peaks) == 0 {
		return low
	}
	budget, high := ft.budget(), math.Max(low, 1)
	for p.alarms(high) > budget {
		low, high = high, 2*high
	}
	for high-low > pastExact*high {
		middle := (low + high) / 2
		if p.alarms(middle) > budget {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
