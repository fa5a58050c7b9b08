package main

import "slices"

// A tuning is the thresholds of each way, question and rate, and what false alarms
// came of them.
type tuning struct {
	thresholds [][questions][][3]float64 // way, question, rate; for half 0, half 1, and what lies in neither
	measured   [][questions][]float64    // false alarms per account and year
}

// neither is the half of what no threshold is tuned on.
const neither = 2

// newTuning tunes each half on the other; where same is true or one half is empty,
// all on all.
func newTuning(sheets []*sheet, same bool) *tuning {
	t := &tuning{}
	for way := range wayNames() {
		var found [questions][][3]float64
		var measured [questions][]float64
		for look := range questions {
			for _, rate := range rates() {
				chosen := tuneHalves(sheets, way, look, rate, same)
				alarms := 0
				for _, s := range sheets {
					alarms += countAlarms(s.untouched[way][look], chosen[s.half])
				}
				found[look] = append(found[look], chosen)
				measured[look] = append(measured[look], float64(alarms)/yearsOf(sheets))
			}
		}
		t.thresholds, t.measured = append(t.thresholds, found), append(t.measured, measured)
	}
	return t
}

// tuneHalves tunes a way for each half, and for what is in neither.
func tuneHalves(sheets []*sheet, way int, look question, rate float64, same bool) (chosen [3]float64) {
	var rows [3][][]float64
	for _, s := range sheets {
		rows[s.half] = append(rows[s.half], s.untouched[way][look])
		rows[neither] = append(rows[neither], s.untouched[way][look])
	}
	alarms := rate * yearsOf(sheets)
	chosen[neither] = tune(rows[neither], alarms)
	for half := range neither {
		chosen[half] = chosen[neither]
		if other := rows[1-half]; !same && len(other) > 0 && len(rows[half]) > 0 {
			chosen[half] = tune(other, alarms*float64(len(other))/float64(len(sheets)))
		}
	}
	return chosen
}

// yearsOf is how many account years of untouched days were judged.
func yearsOf(sheets []*sheet) float64 {
	days := 0
	for _, s := range sheets {
		days += len(s.untouched[0][suddenDrop])
	}
	return float64(days) / 365
}

// results measures what was found of one kind of event; one says which it is.
func (t *tuning) results(one result, sheets []*sheet, of func(*sheet) scored) (all []result) {
	for k, rate := range rates() {
		for way, wayName := range wayNames() {
			r := one
			r.Way, r.Rate = wayName, rate
			var delays []int
			for _, s := range sheets {
				e := of(s)
				threshold := t.thresholds[way][e.look][k][s.half]
				delays = append(delays, firstAlarm(e.eve[way], e.days[way], threshold)+1)
				if e.eve[way] >= threshold {
					r.Standing++
				}
				r.FalseAlarms = t.measured[way][e.look][k]
			}
			r.count(delays)
			all = append(all, r)
		}
	}
	return all
}

// count fills in what was found; a delay of 0 is an event that was not.
func (r *result) count(delays []int) {
	r.N = len(delays)
	var found []int
	for _, d := range delays {
		if d == 0 {
			continue
		}
		found = append(found, d)
		for i, days := range within {
			if d <= days {
				r.Found[i]++
			}
		}
	}
	slices.Sort(found)
	if 2*len(found) > r.N {
		r.Delay = float64(found[(r.N-1)/2]+found[r.N/2]) / 2
	}
}
