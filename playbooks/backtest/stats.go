package backtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Share is a part of a whole, with Wilson's interval of 95 % (1927), which holds for
// small numbers too.
type Share struct {
	N    int     `json:"n"`
	Of   int     `json:"of"`
	Rate float64 `json:"rate"` // N/Of; 0 where Of is 0
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// z is the 97.5 % quantile of the standard normal distribution.
const z = 1.959964

func shareOf(n, of int) Share {
	s := Share{N: n, Of: of, High: 1}
	if of == 0 {
		return s
	}
	p, m := float64(n)/float64(of), float64(of)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	reach := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	s.Rate, s.Low, s.High = p, math.Max(0, middle-reach), math.Min(1, middle+reach)
	return s
}

// A Rate is so many events in a stretch of time, a week, with the exact interval of 95 %
// of a Poisson count (Garwood, 1936).
type Rate struct {
	N       int     `json:"n"`
	PerWeek float64 `json:"per_week"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

func rateOf(n int, weeks float64) Rate {
	r := Rate{N: n}
	if weeks <= 0 {
		return r
	}
	if n > 0 {
		r.Low = distuv.ChiSquared{K: 2 * float64(n)}.Quantile(0.025) / 2 / weeks
	}
	r.High = distuv.ChiSquared{K: 2*float64(n) + 2}.Quantile(0.975) / 2 / weeks
	r.PerWeek = float64(n) / weeks
	return r
}

// times is the rate of so many such things at once.
func (r Rate) times(k float64) Rate {
	return Rate{r.N, r.PerWeek * k, r.Low * k, r.High * k}
}

// median of values, which it sorts; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[n/2] + values[(n-1)/2]) / 2
}

// A Middle is a median with the interval of 95 % of 2,000 bootstrap samples.
type Middle struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// resamples is how many bootstrap samples and permutations are drawn.
const resamples = 2000

func middleOf(values []float64, random *rand.Rand) Middle {
	m := Middle{N: len(values)}
	if m.N == 0 {
		return m
	}
	own := slices.Clone(values)
	m.Median = median(own)
	medians := make([]float64, resamples)
	drawn := make([]float64, m.N)
	for i := range medians {
		for k := range drawn {
			drawn[k] = own[random.IntN(m.N)]
		}
		medians[i] = median(drawn)
	}
	slices.Sort(medians)
	m.Low, m.High = medians[resamples*25/1000], medians[resamples*975/1000-1]
	return m
}
