package main

import (
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"playcaller/rules"
)

// syntheticWindows makes accounts up: no customer's usage is in them. Each has
//
//	a week     working days of 0.85 to 1.15, weekends of 0 to 0.5 of the usual
//	growth     between −20 % and +60 % a year
//	a season   a yearly wave of up to 15 %
//	holidays   of Japan, the United States, Germany or nowhere, four in five of them kept,
//	           at 0.05 to 0.5 of the usual
//	good and bad days, and good and bad weeks (overdispersion): gamma factors with a
//	           standard deviation of 5 to 20 % a day and up to 8 % a week
//
// and Poisson counts of what comes of that.
func syntheticWindows(n int, mean float64, seed uint64) []*window {
	var all []*window
	for i := range n {
		w := synthetic(mean, dice(seed, "synthetic", i))
		w.half = i % 2
		w.settle(dice(seed, "synthetic counts", i, mean))
		all = append(all, w)
	}
	return all
}

func synthetic(mean float64, rng *rand.Rand) *window {
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	w := &window{series: "synthetic", mean: mean, country: []string{"JP", "US", "DE", ""}[rng.IntN(4)]}
	w.first = rules.NewDate(2022, time.January, 1) + rules.Date(rng.IntN(3*365))
	weekend := between(0, 0.5)
	var week [7]float64
	for d := range week {
		week[d] = between(0.85, 1.15)
		if d == int(time.Saturday) || d == int(time.Sunday) {
			week[d] *= weekend
		}
	}
	growth, wave, phase := math.Log1p(between(-0.2, 0.6)), between(0, 0.15), between(0, 2*math.Pi)
	holiday, daily, weekly := between(0.05, 0.5), between(0.05, 0.2), between(0, 0.08)
	var holidays rules.Holidays
	sum, thisWeek := 0.0, 1.0
	for i := range windowDays {
		d := w.first + rules.Date(i)
		if i%7 == 0 {
			thisWeek = about1(weekly, rng)
		}
		year := float64(i) / 365
		rate := week[d.Weekday()] * math.Exp(growth*year) * (1 + wave*math.Sin(2*math.Pi*year+phase)) * thisWeek * about1(daily, rng)
		if holidays.Name(w.country, d) != "" && rng.Float64() < 0.8 {
			rate *= holiday
		}
		w.rate = append(w.rate, rate)
		w.of = append(w.of, math.Inf(1))
		sum += rate
	}
	for i := range w.rate {
		w.rate[i] *= mean * windowDays / sum
	}
	return w
}

// about1 draws a factor with mean 1 and the given standard deviation.
func about1(deviation float64, rng *rand.Rand) float64 {
	if deviation < 1e-3 {
		return 1
	}
	shape := 1 / (deviation * deviation)
	return distuv.Gamma{Alpha: shape, Beta: shape, Src: rng}.Rand()
}
