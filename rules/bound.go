package rules

import "math"

// Most clauses ask whether a drop or a spike is at least so large, and mostly it is not,
// by far. Whether it may be is told from sums of whole weeks, a fifth of the work of
// learning what is usual: a whole week adds up to its level however it is spread over
// its weekdays, and of a week with holidays in it no more counts than levelReach allows.

// below reports whether the value of a slot that boundedSlot found is surely known and
// less than a limit; false says nothing.
func (f *Facts) below(i int, limit float64) bool {
	if i >= len(f.cells) { // compiled after the last Reset
		f.room()
	}
	n := &f.numbers[i]
	ft, signal := n.feature, f.signal(n)
	s := signal.series
	if s == nil || !s.total.whole() {
		return false
	}
	cell := s.cell(int(n.cell), f.core.cells[n.signal])
	if cell.of == s.stamp.number(n.completed) {
		return cell.other == nil && cell.number < limit
	}
	v := view{row: &s.total, first: s.total.from, last: min(s.untilDay, f.today), alive: signal.alive, fresh: ft.fresh, kind: ft.kind, cover: &s.total, out: s.out}
	if ft.op == opSpike {
		// Less than one expected is taken for one, so that it is at most what today brought.
		x := v.value(f.today)
		learnt := cell.usual != nil && cell.usual.on == f.today
		if learnt || x != x || max(1, x) >= limit || f.whyOff(f.today) != "" {
			return false
		}
	}
	if cell.past != s.stamp.completed {
		cell.past, cell.part = s.stamp.completed, math.Inf(1)
		if most, known := ft.bound(&v, &f.learner, f.today); known {
			cell.part = most
		}
	}
	return cell.part < limit
}

// boundedSlot returns the slot of a feature that bound knows which a slot stands for, as
// a let or x ?? y may; ok is false where there is none.
func boundedSlot(slots []slot, i int) (bounded int, ok bool) {
	for slots[i].passes {
		i = slots[i].reads[0]
	}
	ft := slots[i].feature
	return i, ft != nil && ft.window > 0 && ft.kind != Gauge && ft.by == "" && ft.weeks == 0 && (ft.op == opDrop || ft.op == opSpike && ft.window == 1)
}

// bound returns what a drop is at most, from the sums of weeks; of a spike 0. known is
// false where it cannot be told that way, or whether the feature is known at all.
func (ft *feature) bound(v *view, l *learner, today Date) (most float64, known bool) {
	window := ft.window
	if ft.op == opSpike {
		window = 0 // today is compared with the weeks that end before it
	}
	if last := v.last; today > last+Date(ft.fresh) && today > v.alive+Date(ft.fresh) {
		return 0, false
	}
	n := max(7*profileWeeks, window+7*levelWeeks)
	from := today - Date(n)
	if from < v.first || today-from > KeepDays {
		return 0, false
	}
	days := l.latest(v, from, today)
	if !profiled(days[n-7*profileWeeks:]) {
		return 0, false
	}
	rate, known := levelMost(days[:n-window])
	if !known || window == 0 {
		return 0, known
	}
	actual, compared := 0.0, 0
	for _, x := range days[n-window:] {
		if x == x {
			actual, compared = actual+x, compared+1
		}
	}
	if 2*compared < window {
		return 0, false
	}
	const slack = 1e-9 // for rounding
	expected := rate * float64((window+6)/7*7) * (1 + slack)
	if actual >= expected {
		return 0, true
	}
	return 1 - actual/expected + slack, true
}

// latest reads the days from one up to another, with those that are not like others
// left out.
func (l *learner) latest(v *view, from, to Date) []float64 {
	l.weeks = v.read(l.weeks[:0], from, to)
	for d := l.nextOff(from, to); d < to; d = l.nextOff(d+1, to) {
		l.weeks[d-from] = math.NaN()
	}
	return l.weeks
}

// profiled reports whether the weekly profile will be learnt from these weeks, and of
// every weekday: then the shares add up to seven.
func profiled(days []float64) bool {
	var known [7]int
	for ; len(days) >= 7; days = days[7:] {
		sum, n := 0.0, 0
		for place, x := range days[:7] {
			if x < 0 {
				return false
			}
			if x == x {
				sum += x
				known[place]++
				n++
			}
		}
		if n < 3 || sum <= 0 {
			return false
		}
	}
	for _, n := range known {
		if n < leastWeeks {
			return false
		}
	}
	return true
}

// levelMost returns what the level of the weeks before the end of days is at most,
// where it is surely known.
func levelMost(days []float64) (rate float64, known bool) {
	var levels [levelWeeks]float64 // of whole weeks; infinite where days are missing
	var latest [4]float64
	whole := 0
	for b := range levels {
		week := days[len(days)-7*(b+1):][:7]
		sum := 0.0
		for _, x := range week {
			sum += x
		}
		levels[b] = sum / 7
		if sum != sum {
			levels[b] = math.Inf(1)
		} else if b < len(latest) {
			whole++
		}
		if b < len(latest) {
			latest[b] = levels[b]
		}
	}
	if whole < 3 { // of two it is not known what stands in the middle
		return 0, false
	}
	sortFew(latest[:])
	middle := (latest[1] + latest[2]) / 2 // or less, where the week with missing days has no level
	sum, weights, weight := 0.0, 0.0, 1.0
	for _, x := range levels {
		sum += weight * min(max(x, middle*(1-levelReach)), middle*(1+levelReach))
		weights += weight
		weight *= levelMemory
	}
	return sum / weights, true
}
