package rules

import "math"

// An hourStretch is a number of hours beside what they should have brought: a count that
// is spread as a negative binomial's, because hours vary by factors - twice as many as
// usual is as likely as half as many - and not by sums.
type hourStretch struct {
	actual, expected float64
	excess           float64 // how much more than by chance they vary, squared, as a share of expected
	doubt            float64 // how much more than 1 what is expected is itself unsure, relative to chance
}

// off returns how far off the stretch is, in standard deviations: below 0 for less than
// expected. It is the signed root of the deviance.
func (s *hourStretch) off() float64 { return s.offAt(s.actual) }

func (s *hourStretch) offAt(count float64) float64 {
	mean := math.Max(s.expected, 1e-9)
	d := mean - count
	if s.excess > 1e-6 {
		size := 1 / s.excess
		d = -(count + size) * math.Log((count+size)/(mean+size))
		if count > 0 {
			d += count * math.Log(count/mean)
		}
	} else if count > 0 {
		d += count * math.Log(count/mean)
	}
	root := math.Sqrt(math.Max(0, 2*d) / s.doubt)
	if count < mean {
		return -root
	}
	return root
}

// atOff returns the count at which the stretch would be so many standard deviations above
// what is expected, or, where they are negative, below; below 0 where no count is.
func (s *hourStretch) atOff(deviations float64) float64 {
	low, high := 0.0, math.Max(s.expected, 1)
	if deviations < 0 {
		if s.offAt(0) > deviations {
			return -1
		}
	} else {
		low = s.expected
		for high = 2*s.expected + 10; s.offAt(high) < deviations && high < maxValue; {
			high *= 2
		}
	}
	for range 60 {
		middle := (low + high) / 2
		if s.offAt(middle) < deviations {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// How often chance brings an alarm of a window of 1 to 24 hours that is judged every hour,
// by how far off it is; hours of alarm less than a day apart are one alarm. A simulation
// of 35 years of synthetic accounts with a week's rhythm - 5 to 300 counts a day, a level
// that wanders by 1 % a day, days that vary by 15 to 30 % and hours by 30 to 60 % - brought
// fewer in all rows but those of hours that vary by 60 % of an account of 300 a day, where
// spikes came up to four times as often. There is no public series of accounts by the
// hour to fit it to. Upwards the tail is longer: what brings more has no bound.
const (
	hourAlarmsAtTwo = 60
	hourSpikesFall  = 2.1
	hourDropsFall   = 2.9
)

// hoursAlarmsAYear is alarmsAYear for a feature of hours, which is judged every hour.
func (ft *feature) hoursAlarmsAYear(off float64) float64 {
	return math.Min(alarmsMost, hourAlarmsAtTwo*math.Exp(-ft.hourFall()*(off-2)))
}

// hoursOff is offFor for a feature of hours: how far off it must be.
func (ft *feature) hoursOff() float64 {
	return 2 - math.Log(ft.budget()/hourAlarmsAtTwo)/ft.hourFall()
}

func (ft *feature) hourFall() float64 {
	if ft.op == opSpike {
		return hourSpikesFall
	}
	return hourDropsFall
}
