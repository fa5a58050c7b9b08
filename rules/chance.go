package rules

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// chance is how improbable a window's count must be, by chance alone, before drop
// and spike speak. Judged every day on windows that overlap, it lets Poisson noise
// through less than once in an account's year (a simulation in the tests).
const chance = 0.0005

// bandChance is the share of days outside a chart's band by chance, on each side.
const bandChance = 0.005

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

// atLeast returns the probability that a count is k or more.
func atLeast(k, mean, variance float64) float64 { return 1 - atMost(math.Ceil(k)-1, mean, variance) }

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

// lowerTwoThirds is one over the mean of the lower two thirds of a squared standard
// normal variable: ⅔ / (⅔ − 2·z·φ(z)) with z the 83.3 % quantile.
const lowerTwoThirds = 3.639

// leastForVariance is of how many values steadyVariance makes something.
const leastForVariance = 4

// steadyFactor is one over the expected variance, in units of the true one, of a
// normal sample of n = 4, 5, … values without the quarter of them (rounded up)
// that is farthest from the median; from a simulation of 200,000 samples each.
var steadyFactor = [...]float64{2.754, 5.253, 3.614, 2.943, 2.593, 3.541, 3.134, 2.818, 2.609, 3.216, 2.985, 2.779,
	2.623, 3.076, 2.916, 2.759, 2.637, 3.000, 2.870, 2.749, 2.652, 2.946, 2.839}

// steadyVariance estimates the variance of at least leastForVariance values, a
// quarter of which (rounded up) may be far off for reasons of their own.
func steadyVariance(values []float64) float64 {
	near := slices.Clone(values)
	slices.Sort(near)
	n := len(near)
	median := (near[n/2] + near[(n-1)/2]) / 2
	slices.SortFunc(near, func(a, b float64) int { return cmp.Compare(math.Abs(a-median), math.Abs(b-median)) })
	near = near[:n-(n+3)/4]
	mean, squares := 0.0, 0.0
	for _, v := range near {
		mean += v / float64(len(near))
	}
	for _, v := range near {
		squares += (v - mean) * (v - mean)
	}
	return squares / float64(len(near)-1) * steadyFactor[min(n-leastForVariance, len(steadyFactor)-1)]
}

// inefficiency is how much greater the variance of a middle mean is than that of a
// plain mean, for counts.
const inefficiency = 1.3
