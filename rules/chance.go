package rules

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// bandChance is the share of days outside a chart's band by chance, on each side.
const bandChance = 0.005

// An excess is how much more the days of a row vary than counts of their size do by
// chance (squared, as a share of the expected): growth, moods, half-known holidays,
// everything that a baseline does not know. It is learnt from how far off the same
// comparison was in the account's past, and drawn towards what is common among
// accounts where there is little of it. The most is bounded: with a budget of one alarm
// a year a week without six tenths of the usual is worth a look however wild the account.
const (
	excessDays   = 364 // how far back it is learnt
	excessSkips  = 14  // the latest days, which are being judged: what is wrong with them is not how the account varies
	excessStep   = 3   // from a comparison every third day, which takes the weekdays in turn
	excessWeeks  = float64(excessDays/excessStep+1) * excessStep / 7
	excessWeight = 4    // what is common counts like so many weeks of the account
	excessKept   = 0.8  // the share of comparisons that count; what was farthest off were incidents
	excessFactor = 2.28 // the mean of a squared normal variable over the mean of its lower 80 %
	excessMost   = 1.6  // times what is common, as a standard deviation
	excessGauge  = 0.05 // of a gauge: what is common, as a share of its level
)

// commonExcess is what is common, as a standard deviation: 15 % of what a week or
// more brings, 30 % of a day.
func commonExcess(days int) float64 { return 0.15 + 0.15*math.Exp(-float64(days-1)/2) }

// A stretch is a number of days beside what they should have brought.
type stretch struct {
	actual, expected float64 // sums; of a gauge means
	variance         float64 // of actual about expected, relative to what a Poisson count would have: 1 and more; of a gauge absolute
	days             int     // compared
}

// off returns how far off the stretch is, in standard deviations: below 0 for less
// than expected. For counts it is the signed root of the deviance, which is normal
// within chance down to a few counts.
func (s *stretch) off(kind Kind) float64 {
	if kind == Gauge {
		if s.variance <= 0 {
			return 0
		}
		return (s.actual - s.expected) / math.Sqrt(s.variance)
	}
	return deviance(s.actual, s.expected) / math.Sqrt(s.variance)
}

// deviance is the signed root of a Poisson count's deviance from its mean.
func deviance(count, mean float64) float64 {
	if mean <= 0 {
		mean = 1e-9
	}
	d := mean - count
	if count > 0 {
		d += count * math.Log(count/mean)
	}
	root := math.Sqrt(math.Max(0, 2*d))
	if count < mean {
		return -root
	}
	return root
}

// atLeastOff returns the count at which the stretch would be so many standard
// deviations above what is expected, or, where deviations are negative, below; below
// 0 where no count is.
func (s *stretch) atOff(kind Kind, deviations float64) float64 {
	if kind == Gauge {
		return s.expected + deviations*math.Sqrt(s.variance)
	}
	want := deviations * math.Sqrt(s.variance)
	low, high := 0.0, math.Max(s.expected, 1)
	if deviations < 0 {
		if deviance(0, s.expected) > want {
			return -1
		}
	} else {
		low = s.expected
		for high = 2*s.expected + 10; deviance(high, s.expected) < want && high < maxValue; {
			high *= 2
		}
	}
	for range 60 {
		middle := (low + high) / 2
		if deviance(middle, s.expected) < want {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// A comparer compares days of a learner's row: with the level of the weeks before
// them, or, where before is set, with as many days directly before them.
type comparer struct {
	*learner
	weeks  int // that the level is learnt from; 0 follows the account
	before bool
	lead   int // days between the weeks that the level is learnt from and the stretch
	// enough, where it is above 0, says that a stretch which is off by fewer standard
	// deviations is neutral. One that is so even if the account's days vary as little
	// as can be is left at that: how much they do vary is what takes long to learn.
	enough float64
}

// reach returns how many days before a stretch of a length a comparison needs.
func (c comparer) reach(length int) int {
	if c.before {
		return length
	}
	return 7*leastBlocks + c.lead
}

// usualAt returns the level that a stretch of a length beginning at an index is
// compared with.
func (c comparer) usualAt(index, length int) (level, bool) {
	if !c.before {
		return c.levelAt(index-c.lead, c.weeks)
	}
	start := index - length
	if start < 0 {
		return level{}, false
	}
	t := c.between(start, index)
	if 2*t.days < length || t.size <= 0 {
		return level{}, false
	}
	rate := t.sum / t.size
	return level{rate, math.Abs(rate) / t.size, levelWeeks}, true
}

// compare returns the stretch of a length that ends before an index. ok is false
// where less than half of it, or of what it is compared with, is known.
func (c comparer) compare(end, length int) (s stretch, ok bool) {
	begin := end - length
	if begin < 0 {
		return s, false
	}
	t := c.between(begin, end)
	if 2*t.days < length {
		return s, false
	}
	usual, ok := c.usualAt(begin, length)
	if !ok {
		return s, false
	}
	return c.against(usual, length, t.sum, t.size, t.days), true
}

// against makes a stretch of sums and the level that they are compared with.
func (c comparer) against(usual level, length int, actual, size float64, days int) stretch {
	if c.enough > 0 && !c.knows(length) {
		calm := c.varying(usual, length, actual, size, days, 0, excessWeeks)
		if calm.variance > 0 && math.Abs(calm.off(c.kind)) < c.enough {
			return calm
		}
	}
	own, weeks := c.excess(length)
	return c.varying(usual, length, actual, size, days, own, weeks)
}

// varying is against for an account whose days vary so much, learnt from so many weeks.
func (c comparer) varying(usual level, length int, actual, size float64, days int, own, weeks float64) stretch {
	common := commonExcess(length)
	if c.kind == Gauge {
		common = excessGauge * usual.rate
	}
	excess := (weeks*own + excessWeight*common*common) / (weeks + excessWeight)
	if c.kind != Gauge {
		excess = math.Min(excess, excessMost*excessMost*common*common)
	}
	if usual.blocks < 4 { // a level of two or three weeks is less sure than those that the excess was learnt from
		excess *= 1 + 1/float64(usual.blocks) - 1./4
	}
	s := stretch{actual: actual, expected: usual.rate * size, days: days}
	if c.kind == Gauge {
		if size > 0 {
			s.actual, s.expected = actual/size, usual.rate
		}
		s.variance = excess
		return s
	}
	s.variance = 1 + excess*s.expected
	if usual.rate > 0 {
		s.variance += usual.variance / usual.rate * size
	}
	return s
}

// knows reports whether the excess of a length has been learnt.
func (c comparer) knows(length int) bool {
	for i := range c.known {
		if c.known[i].key == (excessKey{length, c.lead, c.weeks, c.before}) {
			return true
		}
	}
	return false
}

// excess learns from the past how far off stretches of a length are, squared; weeks
// says of how many weeks, at most excessWeeks.
func (c comparer) excess(length int) (own, weeks float64) {
	key := excessKey{length, c.lead, c.weeks, c.before}
	for i := range c.known {
		if c.known[i].key == key {
			return c.known[i].own, c.known[i].weeks
		}
	}
	own, weeks = c.learnExcess(length)
	c.known = append(c.known, knownExcess{key, own, weeks})
	return own, weeks
}

func (c comparer) learnExcess(length int) (own, weeks float64) {
	c.learnLevels()
	all := c.off[:0]
	for end := c.n - max(length, excessSkips); end-length-c.reach(length) >= 0 && end > c.n-excessDays; end -= excessStep {
		begin := end - length
		t := c.between(begin, end)
		if 2*t.days < length {
			continue
		}
		usual, ok := c.usualAt(begin, length)
		if !ok {
			continue
		}
		size, actual, expected := t.size, t.sum, usual.rate*t.size
		switch {
		case c.kind == Gauge && size > 0:
			off := actual/size - usual.rate
			all = append(all, off*off)
		case expected >= 1:
			off := deviance(actual, expected)
			all = append(all, (off*off-1-usual.variance/usual.rate*size)/expected)
		}
	}
	c.off = all
	if len(all) < 5 {
		return 0, 0
	}
	kept := int(excessKept * float64(len(all)))
	lowest(all, kept)
	for _, off := range all[:kept] {
		own += off / float64(kept)
	}
	return math.Max(own, 0) * excessFactor, float64(len(all)*excessStep) / 7
}

// lowest brings the k lowest values to the front, in no order (Hoare's selection).
func lowest(values []float64, k int) {
	low, high := 0, len(values)-1
	for low < high {
		pivot := values[(low+high)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return
		}
	}
}

// An excessKey says which comparison an excess was learnt for.
type excessKey struct {
	length, lead, weeks int
	before              bool
}

type knownExcess struct {
	key        excessKey
	own, weeks float64
}

// atMost returns the probability that a count with the given mean and variance is
// k or less: Poisson, or negative binomial where the variance exceeds the mean.
func atMost(k, mean, variance float64) float64 {
	if mean <= 0 {
		return 1
	}
	if k < 0 {
		return 0
	}
	k = math.Floor(k)
	if variance <= mean*1.001 {
		if mean > 1e6 {
			return distuv.Normal{Mu: mean, Sigma: math.Sqrt(mean)}.CDF(k + 0.5)
		}
		return distuv.Poisson{Lambda: mean}.CDF(k)
	}
	size := mean * mean / (variance - mean)
	if size > 1e5 && mean > 1e5 {
		return distuv.Normal{Mu: mean, Sigma: math.Sqrt(variance)}.CDF(k + 0.5)
	}
	return mathext.RegIncBeta(size, k+1, mean/variance)
}

// countBand returns the counts between which all but a share p on each side lie.
func countBand(mean, variance, p float64) (low, high float64) {
	if mean <= 0 {
		return 0, 0
	}
	return countQuantile(mean, variance, p), countQuantile(mean, variance, 1-p)
}

// countQuantile returns the least count whose probability of not being exceeded
// is at least p.
func countQuantile(mean, variance, p float64) float64 {
	high := math.Ceil(mean + 4*math.Sqrt(variance) + 4)
	for atMost(high, mean, variance) < p && high < maxValue {
		high *= 2
	}
	low := -1.0
	for high-low > 1 {
		mid := math.Floor((low + high) / 2)
		if atMost(mid, mean, variance) >= p {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// middleMean returns the mean of the middle half of sorted values (the
// interquartile mean). With large counts it is as good as the median, and with
// counts of 0 to 3 a day it is not pulled to whole numbers as a median is, which
// would add up to a difference over a window.
func middleMean(sorted []float64) float64 {
	n := float64(len(sorted))
	cut := n / 4
	sum, weight := 0.0, 0.0
	for i, v := range sorted {
		w := math.Min(float64(i+1), n-cut) - math.Max(float64(i), cut)
		if w <= 0 {
			continue
		}
		w = math.Min(w, 1)
		sum += w * v
		weight += w
	}
	return sum / weight
}

// inefficiency is how much greater the variance of a middle mean is than that of a
// plain mean, for counts.
const inefficiency = 1.3
