package rules

import (
	"math"
	"slices"
)

// usualWeeks is how far back a window is compared unless {vs: …} says otherwise,
// and leastWeeks how many days of one weekday must be known.
const (
	usualWeeks = 8
	leastWeeks = 3
)

// A view is a row of buckets as of a day, read with the rule for silence: a day
// without data is zero where the feed is known to have been alive, else unknown.
type view struct {
	row     *dayRow
	first   Date // of the signal's data
	last    Date // the latest day with data of the signal
	alive   Date // through this day silence is zero because the whole feed was heard of since
	fresh   int  // days of silence that are taken for zero
	kind    Kind
	offDays func(Date) string // why a day is left out, or ""
	cover   *dayRow           // the signal's total: where row is one value of its dimension
}

// value returns a day's value, NaN where it is unknown.
func (v *view) value(d Date) float64 {
	if x := v.row.at(d); !math.IsNaN(x) {
		return x
	}
	if v.kind == Gauge {
		x, _ := v.row.held(d)
		return x
	}
	if d < v.first {
		return math.NaN()
	}
	if d <= v.alive {
		return 0
	}
	for day := d; day >= d-Date(v.fresh) && day >= v.first; day-- {
		if !math.IsNaN(v.cover.at(day)) {
			return 0
		}
	}
	return math.NaN()
}

// A usual is what the weekdays of the weeks before a window brought.
type usual struct {
	mean   [7]float64 // by weekday; NaN where too few days are known
	days   [7]int
	spread float64 // variance over mean for counts, at least 1; standard deviation for gauges
}

// usualBefore learns from the given number of weeks before a day. report, where
// it is not nil, is told of every day: why it was left out, or "" if it was used.
func (v *view) usualBefore(from Date, weeks int, report func(Date, string)) *usual {
	var u usual
	var samples [7][]float64
	space := make([]float64, 7*weeks)
	for wd := range samples {
		samples[wd] = space[wd*weeks : wd*weeks : (wd+1)*weeks]
	}
	weekly := make([]float64, 0, weeks)
	start := from - Date(7*weeks)
	for w := range weeks {
		sum, whole := 0.0, true
		for i := range 7 {
			d := start + Date(7*w+i)
			x, why := v.usable(d)
			if report != nil {
				report(d, why)
			}
			if why != "" {
				whole = false
				continue
			}
			samples[d.Weekday()] = append(samples[d.Weekday()], x)
			sum += x
		}
		if whole {
			weekly = append(weekly, sum)
		}
	}
	for wd := range samples {
		slices.Sort(samples[wd])
		u.days[wd] = len(samples[wd])
		u.mean[wd] = math.NaN()
		if len(samples[wd]) >= min(leastWeeks, weeks) {
			u.mean[wd] = middleMean(samples[wd])
		}
	}
	if v.kind == Gauge {
		u.spread = gaugeSpread(&u, &samples)
	} else {
		u.spread = countSpread(&u, &samples, weekly)
	}
	return &u
}

// usable returns a day's value, and why it cannot be learnt from or compared, or "".
func (v *view) usable(d Date) (x float64, why string) {
	x = v.value(d)
	if math.IsNaN(x) {
		return x, "no data"
	}
	if v.offDays != nil {
		return x, v.offDays(d)
	}
	return x, ""
}

// countSpread estimates how much more than a Poisson count the account's days and
// weeks vary: the larger of Pearson's statistic over days and the variance of
// weekly sums over their mean, at least 1. Both leave out what is
// farthest off - a third of the days, a quarter of the weeks - so that an earlier incident, or the beginning of the present one,
// does not make the account look wild and hide what is going on.
func countSpread(u *usual, samples *[7][]float64, weekly []float64) float64 {
	var off []float64 // squared residuals, in units of a Poisson variance
	freedom := 0
	for wd, values := range samples {
		if math.IsNaN(u.mean[wd]) {
			continue
		}
		expected := math.Max(u.mean[wd], 0.25)
		for _, x := range values {
			off = append(off, (x-u.mean[wd])*(x-u.mean[wd])/expected)
		}
		freedom += len(values) - 1
	}
	spread := 1.0
	if freedom > 0 {
		slices.Sort(off)
		sum := 0.0
		kept := off[:len(off)-len(off)/3]
		for _, x := range kept {
			sum += x
		}
		spread = math.Max(spread, lowerTwoThirds*sum/float64(len(kept))*float64(len(off))/float64(freedom))
	}
	if len(weekly) >= leastForVariance {
		mean := 0.0
		for _, w := range weekly {
			mean += w / float64(len(weekly))
		}
		if mean > 0 {
			spread = math.Max(spread, steadyVariance(weekly)/mean)
		}
	}
	return spread
}

// gaugeSpread estimates the standard deviation of days about their weekday's mean
// from the median absolute deviation, which a few odd days do not move.
func gaugeSpread(u *usual, samples *[7][]float64) float64 {
	var off []float64
	for wd, values := range samples {
		for _, x := range values {
			if !math.IsNaN(u.mean[wd]) {
				off = append(off, math.Abs(x-u.mean[wd]))
			}
		}
	}
	if len(off) == 0 {
		return 0
	}
	slices.Sort(off)
	return 1.4826 * off[len(off)/2]
}

// A comparison is a window's sum beside what was expected of it.
type comparison struct {
	actual, expected float64
	variance         float64 // of actual about expected, by chance
	upper            float64 // expected with allowance for never having seen a rare thing
	days             int
}

// compare adds up a window against u. each, where it is not nil, is told of every
// day: its index's weekday mean where it was compared, or why it was not.
func (v *view) compare(u *usual, from, to Date, each func(d Date, why string)) comparison {
	var c comparison
	var times [7]float64
	for d := from; d <= to; d++ {
		wd := d.Weekday()
		x, why := v.usable(d)
		if why == "" && math.IsNaN(u.mean[wd]) {
			why = "too few weeks of data"
		}
		if each != nil {
			each(d, why)
		}
		if why != "" {
			continue
		}
		c.actual += x
		c.expected += u.mean[wd]
		times[wd]++
		c.days++
	}
	c.upper = c.expected
	for wd, m := range times {
		if m == 0 {
			continue
		}
		n := float64(u.days[wd])
		c.variance += u.mean[wd] * (m + inefficiency*m*m/n)
		c.upper += m / n
	}
	if v.kind == Gauge {
		c.actual, c.expected = c.actual/float64(max(c.days, 1)), c.expected/float64(max(c.days, 1))
		c.variance = u.spread * u.spread
		return c
	}
	c.variance *= u.spread
	return c
}

// gaugeDeviations is how many standard deviations of a gauge are within chance.
const gaugeDeviations = 3.3

// drop returns the share that is missing, 0 while the difference is within chance.
func (c comparison) drop(kind Kind) float64 {
	if c.actual >= c.expected || c.expected <= 0 {
		return 0
	}
	share := 1 - c.actual/c.expected
	if kind == Gauge {
		if c.expected-c.actual <= gaugeDeviations*math.Sqrt(c.variance) {
			return 0
		}
		return math.Min(share, 1)
	}
	if atMost(c.actual, c.expected, c.variance) >= chance {
		return 0
	}
	return share
}

// spike returns how many times the expected came, 1 while the difference is within
// chance. Less than one expected is taken for one, so that a first few are not
// called a hundred times the usual.
func (c comparison) spike(kind Kind) float64 {
	if c.actual <= c.expected {
		return 1
	}
	if kind == Gauge {
		if c.expected <= 0 || c.actual-c.expected <= gaugeDeviations*math.Sqrt(c.variance) {
			return 1
		}
		return c.actual / c.expected
	}
	if atLeast(c.actual, c.upper, c.upperVariance()) >= chance {
		return 1
	}
	return math.Max(1, c.actual/math.Max(c.expected, 1))
}

// upperVariance is the variance of a count whose mean is upper.
func (c comparison) upperVariance() float64 {
	if c.expected <= 0 {
		return c.upper
	}
	return math.Max(c.variance*c.upper/c.expected, c.upper)
}
