package main

import (
	"math"
	"slices"
)

// A rival is a simple way that people use. score returns, for every day, how far the
// days up to and including it are off: below 0 for less than before, above 0 for
// more; 0 while there is too little to say. It must not look ahead.
type rival struct {
	name, about string
	score       func(counts []float64) []float64
}

// rivals lists the simple ways. None of them knows holidays.
func rivals() []rival {
	return []rival{
		{"30 d vs 90 d", "logarithm of the mean of 30 days over the mean of 90 days", thirtyOverNinety},
		{"week/week", "logarithm of the last 7 days over the 7 before", weekOverWeek},
		{"week−week √", "last 7 days less the 7 before, in Poisson standard deviations", weekLessWeek},
		{"z-score 28 d", "the day less the mean of the 28 before, in their standard deviations", zScore},
		{"CUSUM", "tabular CUSUM, k = ½, of days standardised by the 56 that ended 14 days ago; blind to weekdays", cusum},
		{"CUSUM weekday", "the same, each day standardised by its weekday's mean in those 56 days", cusumByWeekday},
		{"median 8 w, 7 d", "logarithm of the last 7 days over the sum of their weekdays' medians in the 8 weeks before", medianOfWeek},
		{"median 8 w, 1 d", "the day less its weekday's median in the 8 weeks before, in Poisson standard deviations", medianOfDay},
	}
}

// logRatio compares two counts' rates; half an event more on each side lets zeros be
// compared.
func logRatio(count, days, other, otherDays float64) float64 {
	return math.Log((count+0.5)/days) - math.Log((other+0.5)/otherDays)
}

func thirtyOverNinety(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 89; d < len(counts); d++ {
		scores[d] = logRatio(sum(counts[d-29:d+1]), 30, sum(counts[d-89:d+1]), 90)
	}
	return scores
}

func weekOverWeek(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 13; d < len(counts); d++ {
		scores[d] = logRatio(sum(counts[d-6:d+1]), 7, sum(counts[d-13:d-6]), 7)
	}
	return scores
}

func weekLessWeek(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 13; d < len(counts); d++ {
		now, before := sum(counts[d-6:d+1]), sum(counts[d-13:d-6])
		scores[d] = (now - before) / math.Sqrt(now+before+1)
	}
	return scores
}

func zScore(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 28; d < len(counts); d++ {
		mean, deviation := meanAndDeviation(counts[d-28 : d])
		scores[d] = (counts[d] - mean) / math.Max(deviation, 0.5)
	}
	return scores
}

// The reference of a CUSUM ends some days ago, so that what is just beginning does
// not become what it is compared with. slack is k, in standard deviations.
const (
	referenceDays = 56
	referenceEnds = 14
	slack         = 0.5
)

func cusum(counts []float64) []float64 {
	return tabular(counts, func(d int) float64 {
		mean, deviation := meanAndDeviation(counts[d-referenceEnds-referenceDays : d-referenceEnds])
		return (counts[d] - mean) / math.Max(deviation, 0.5)
	})
}

func cusumByWeekday(counts []float64) []float64 {
	return tabular(counts, func(d int) float64 {
		squares := 0.0
		first := d - referenceEnds - referenceDays
		var mean [7]float64
		for i := range referenceDays {
			mean[(first+i)%7] += counts[first+i] / (referenceDays / 7)
		}
		for i := range referenceDays {
			off := counts[first+i] - mean[(first+i)%7]
			squares += off * off
		}
		return (counts[d] - mean[d%7]) / math.Max(math.Sqrt(squares/(referenceDays-7)), 0.5)
	})
}

// tabular adds up what days are off beyond the slack, upwards and downwards, and
// gives the greater of the two sums. It is not set back by an alarm: alarms are
// counted in clusters, for every way alike.
func tabular(counts []float64, standardised func(day int) float64) []float64 {
	scores := make([]float64, len(counts))
	high, low := 0.0, 0.0
	for d := referenceDays + referenceEnds; d < len(counts); d++ {
		z := standardised(d)
		high = math.Max(0, high+z-slack)
		low = math.Max(0, low-z-slack)
		scores[d] = high
		if low > high {
			scores[d] = -low
		}
	}
	return scores
}

func medianOfWeek(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 62; d < len(counts); d++ {
		usual := 0.0
		for day := d - 6; day <= d; day++ {
			usual += weekdayMedian(counts, day, d-7)
		}
		scores[d] = logRatio(sum(counts[d-6:d+1]), 7, usual, 7)
	}
	return scores
}

func medianOfDay(counts []float64) []float64 {
	scores := make([]float64, len(counts))
	for d := 56; d < len(counts); d++ {
		usual := weekdayMedian(counts, d, d-1)
		scores[d] = (counts[d] - usual) / math.Sqrt(usual+1)
	}
	return scores
}

// weekdayMedian is the median of the 8 latest days of a day's weekday up to and
// including last.
func weekdayMedian(counts []float64, day, last int) float64 {
	var values [8]float64
	for day > last {
		day -= 7
	}
	for i := range values {
		values[i] = counts[day-7*i]
	}
	slices.Sort(values[:])
	return (values[3] + values[4]) / 2
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

func meanAndDeviation(values []float64) (mean, deviation float64) {
	mean = sum(values) / float64(len(values))
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(squares / float64(len(values)-1))
}
