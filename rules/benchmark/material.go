package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"playcaller/rules"
)

// windowDays is how long an account is followed, and warmUp how many of its first
// days are only learnt from: the longest memory among the rivals is 90 days.
const (
	windowDays = 300
	warmUp     = 98
	horizon    = 14 // days after an event's beginning in which it may be found
)

// leastScale is how many times the mean that it is thinned to a window must have: what
// is hardly thinned would hardly have any chance in it.
const leastScale = 2

// A window is one account of the benchmark: what it brought on each day, and what
// it might have brought, from which its counts are drawn.
type window struct {
	series  string
	first   rules.Date
	country string
	mean    float64   // a day, about
	half    int       // 0 or 1: thresholds of one half are tuned on the other
	rate    []float64 // expected count of a day
	of      []float64 // events of which each is kept with probability rate/of; +Inf draws a Poisson count
	counts  []float64 // untouched
}

// draw returns a day's count at a multiple of its rate.
func (w *window) draw(day int, factor float64, rng *rand.Rand) float64 {
	rate := w.rate[day] * factor
	switch {
	case rate <= 0:
		return 0
	case math.IsInf(w.of[day], 1):
		return distuv.Poisson{Lambda: rate, Src: rng}.Rand()
	}
	of := w.of[day] * math.Ceil(rate/w.of[day]) // as many days like it as that takes
	return thin(of, rate/of, rng)
}

// thin returns how many of n are left when each is kept with probability p. Counts
// thinned so keep their rhythm and get the chance that small counts have.
func thin(n, p float64, rng *rand.Rand) float64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	}
	return distuv.Binomial{N: n, P: p, Src: rng}.Rand()
}

// thinned cuts a window out of a real series and thins it to a mean a day.
func thinned(s *realSeries, from rules.Date, days int, mean float64, rng *rand.Rand) *window {
	values := s.at(from, days)
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	p := min(1, mean*float64(days)/math.Max(sum, 1))
	w := &window{series: s.name, first: from, country: s.notes.Country, mean: mean}
	for _, v := range values {
		w.rate = append(w.rate, v*p)
		w.of = append(w.of, v)
	}
	w.settle(rng)
	return w
}

// settle draws the untouched counts.
func (w *window) settle(rng *rand.Rand) {
	w.counts = make([]float64, len(w.rate))
	for day := range w.rate {
		w.counts[day] = w.draw(day, 1, rng)
	}
}

// A question is what an author wants to hear of. One threshold is tuned for each.
type question int

const (
	suddenDrop question = iota
	slowDrop
	spike
	shift // up or down
	questions
)

// An event is a change that is put into a window.
type event struct {
	name, about string
	question    question
	factor      float64 // of the level, when it is complete
	over        int     // days until it is complete
	lasts       [2]int  // least and most days; 0 is for good
}

// events are what is put into windows.
func events() []event {
	return []event{
		{"sudden-20", "sudden drop, 20 %", suddenDrop, 0.8, 1, [2]int{}},
		{"sudden-40", "sudden drop, 40 %", suddenDrop, 0.6, 1, [2]int{}},
		{"sudden-70", "sudden drop, 70 %", suddenDrop, 0.3, 1, [2]int{}},
		{"slow-20", "drop over three weeks, 20 %", slowDrop, 0.8, 21, [2]int{}},
		{"slow-40", "drop over three weeks, 40 %", slowDrop, 0.6, 21, [2]int{}},
		{"slow-70", "drop over three weeks, 70 %", slowDrop, 0.3, 21, [2]int{}},
		{"spike-2", "spike of 1 to 5 days, ×2", spike, 2, 1, [2]int{1, 5}},
		{"spike-5", "spike of 1 to 5 days, ×5", spike, 5, 1, [2]int{1, 5}},
		{"shift-down", "level ×0.7 for good, looking both ways", shift, 0.7, 1, [2]int{}},
		{"shift-up", "level ×1.5 for good, looking both ways", shift, 1.5, 1, [2]int{}},
	}
}

// A placed event is one that begins on a certain day of a window.
type placed struct {
	event
	start, days int // days: 0 is for good
}

// place chooses when an event happens: anywhere after the warm-up, early enough for
// the horizon to fit in.
func (e event) place(w *window, rng *rand.Rand) placed {
	p := placed{event: e, start: warmUp + 1 + rng.IntN(len(w.counts)-horizon-warmUp)}
	if e.lasts[1] > 0 {
		p.days = e.lasts[0] + rng.IntN(e.lasts[1]-e.lasts[0]+1)
	}
	return p
}

// level is what a day's rate is multiplied with.
func (p placed) level(day int) float64 {
	i := day - p.start
	if i < 0 || p.days > 0 && i >= p.days {
		return 1
	}
	return 1 + (p.factor-1)*math.Min(1, float64(i+1)/float64(p.over))
}

// in returns the window's counts with the event in them. Days before it are as they
// were; less is a part of what there was, more is drawn on top of it.
func (p placed) in(w *window, rng *rand.Rand) []float64 {
	counts := append([]float64(nil), w.counts...)
	for day := p.start; day < len(counts); day++ {
		switch level := p.level(day); {
		case level < 1:
			counts[day] = thin(counts[day], level, rng)
		case level > 1:
			counts[day] += w.draw(day, level-1, rng)
		}
	}
	return counts
}

// dice returns random numbers of their own for each thing that is drawn, so that
// what one part of the benchmark does never changes another.
func dice(seed uint64, of ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, of...)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// realWindows cuts n untouched windows out of the series, in turn, at random. A
// series' earlier half and its later one never share a day, so that thresholds can
// be tuned on one and measured on the other; one too short to be halved lies in one
// half as a whole. used counts the series that are long enough, and large enough for
// the mean.
func realWindows(all []*realSeries, n int, mean float64, seed uint64) (windows []*window, used int) {
	var starts [][2][]rules.Date
	var of []*realSeries
	for _, s := range all {
		var days []rules.Date
		for d := s.first; d+windowDays-1 <= s.last(); d++ {
			if s.settled(d, windowDays) && sum(s.at(d, windowDays)) >= leastScale*mean*windowDays {
				days = append(days, d)
			}
		}
		if len(days) == 0 {
			continue
		}
		of = append(of, s)
		starts = append(starts, halves(days, len(of)))
	}
	for i := 0; len(of) > 0 && len(windows) < n; i++ {
		s, half := of[i%len(of)], i/len(of)%2
		days := starts[i%len(of)][half]
		if len(days) == 0 {
			half = 1 - half
			days = starts[i%len(of)][half]
		}
		at := days[dice(seed, "start", s.name, i).IntN(len(days))]
		w := thinned(s, at, windowDays, mean, dice(seed, "thin", s.name, i, mean))
		w.half = half
		windows = append(windows, w)
	}
	return windows, len(of)
}

// halves splits the days on which windows may start so that those of the two halves
// do not overlap.
func halves(days []rules.Date, turn int) (h [2][]rules.Date) {
	middle := (days[0] + days[len(days)-1] + windowDays) / 2
	for _, d := range days {
		switch {
		case d+windowDays <= middle:
			h[0] = append(h[0], d)
		case d >= middle:
			h[1] = append(h[1], d)
		}
	}
	if len(h[0]) == 0 || len(h[1]) == 0 {
		h = [2][]rules.Date{}
		h[turn%2] = days
	}
	return h
}
