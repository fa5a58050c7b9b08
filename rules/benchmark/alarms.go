package main

import (
	"cmp"
	"math"
	"slices"
)

// rearm is how many days a way must be silent before it alarms anew: days of alarm
// no farther apart than this are one alarm. It is the same for every way.
const rearm = 14

// countAlarms counts the alarms of a row of daily scores.
func countAlarms(scores []float64, threshold float64) int {
	alarms, latest := 0, math.MinInt
	for day, s := range scores {
		if s >= threshold {
			if alarms == 0 || day-latest > rearm {
				alarms++
			}
			latest = day
		}
	}
	return alarms
}

// firstAlarm returns the day on which a way speaks of an event, -1 where it does not:
// the first on which the score reaches the threshold and had not the day before. An
// alarm that stands on the eve says nothing of the event until it has ended. eve is
// the score of the day before the first.
func firstAlarm(eve float64, scores []float64, threshold float64) int {
	standing := eve >= threshold
	for day, s := range scores {
		if s >= threshold && !standing {
			return day
		}
		standing = s >= threshold
	}
	return -1
}

// tune returns the lowest threshold at which rows of untouched days bring no more
// than so many alarms in all, coming from above. As the threshold sinks alarms grow
// together and become fewer again, until one stands for ever, which tells nobody
// anything: so it is none at which more than half of the days are days of alarm. No
// way alarms at 0 or below.
func tune(rows [][]float64, most float64) float64 {
	type day struct {
		row, at int
		score   float64
	}
	var days []day
	total := 0
	on := make([][]bool, len(rows))
	for r, scores := range rows {
		on[r] = make([]bool, len(scores))
		total += len(scores)
		for at, s := range scores {
			if s > 0 {
				days = append(days, day{r, at, s})
			}
		}
	}
	slices.SortFunc(days, func(a, b day) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.row, b.row), cmp.Compare(a.at, b.at))
	})
	threshold, alarms := math.Inf(1), 0
	for i := 0; i < len(days); {
		score := days[i].score
		for ; i < len(days) && days[i].score == score; i++ {
			alarms += join(on[days[i].row], days[i].at)
		}
		if float64(alarms) > most || 2*i > total {
			break
		}
		threshold = score
	}
	return threshold
}

// join adds a day of alarm to those of a row and returns how many alarms more there
// are for it: 1, 0, or -1 where it makes one of two.
func join(on []bool, at int) int {
	before, after := -1, -1
	for d := at - 1; d >= max(0, at-rearm) && before < 0; d-- {
		if on[d] {
			before = d
		}
	}
	for d := at + 1; d <= min(len(on)-1, at+rearm) && after < 0; d++ {
		if on[d] {
			after = d
		}
	}
	on[at] = true
	switch {
	case before < 0 && after < 0:
		return 1
	case before < 0 || after < 0 || after-before <= rearm:
		return 0
	}
	return -1
}
