package rules

import "math"

// A ChartPoint is one day of a chart. Values that are not known are NaN.
type ChartPoint struct {
	Date                        Date
	Actual, Expected, Low, High float64
}

// Chart returns at most n days of a signal up to the last completed one, oldest
// first (20 suit Slack), with what was expected of each from the weeks before the
// first of them and between which values all but 1 in 100 days lie by chance. It
// begins with the account's first data and is nil where there is none.
func (f *Facts) Chart(signal string, n int) []ChartPoint {
	v, s, err := f.view(signal, "")
	if err != nil || n <= 0 {
		return nil
	}
	l := &f.learner
	l.learn(v, s.past, f.today)
	from := max(f.today-Date(n), l.from)
	c := comparer{learner: l}
	usual, known := c.usualAt(int(from-l.from), n)
	var points []ChartPoint
	for d := from; d < f.today; d++ {
		p := ChartPoint{Date: d, Actual: v.value(d), Expected: math.NaN(), Low: math.NaN(), High: math.NaN()}
		if known && f.whyOff(d) == "" {
			p.Expected, p.Low, p.High = c.day(usual, d)
		}
		points = append(points, p)
	}
	return points
}

// day returns what is expected of one day, and between which values all but 1 in
// 100 such days lie.
func (c comparer) day(usual level, d Date) (expected, low, high float64) {
	share := c.share[d.Weekday()]
	if math.IsNaN(share) {
		return share, share, share
	}
	s := c.against(usual, 1, 0, share, 1)
	if c.kind == Gauge {
		expected = usual.rate * share
		reach := 2.576 * math.Sqrt(s.variance) * share
		return expected, expected - reach, expected + reach
	}
	low, high = countBand(s.expected, s.expected*s.variance, bandChance)
	return s.expected, low, high
}
