package rules

import (
	"encoding/binary"
	"math"
)

// Most clauses ask whether a drop or a spike is at least so large, and mostly it is not,
// by far. Whether it may be is told from sums of whole weeks, a small part of the work of
// learning what is usual: a whole week adds up to its level however it is spread over
// its weekdays, and of a week with holidays in it no more and no less counts than
// levelReach allows.

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
	today := math.NaN()
	if ft.op == opSpike {
		// Less than one expected is taken for one, so that it is at most what today brought.
		today = v.value(f.today)
		learnt := cell.usual != nil && cell.usual.on == f.today
		if learnt || today != today || limit <= 1 {
			return false
		}
	}
	if cell.past != s.stamp.completed {
		cell.past, cell.part = s.stamp.completed, math.NaN()
		if bound, known := ft.bound(&v, &f.weeks, f.offBefore(), f.today, s.hourly == nil); known {
			cell.part = bound
		}
	}
	if ft.op == opSpike {
		return ft.spikeBelow(cell.part, today, limit, s.hourly == nil) && f.whyOff(f.today) == ""
	}
	return cell.part < limit
}

// spikeBelow reports whether a spike is surely less than a limit above 1 when today
// brought so much and at least so much is expected, or is NaN: either it is so few times
// what is expected, or so many are still within chance. Of an hourly signal today is
// judged otherwise, and less likely.
func (ft *feature) spikeBelow(expected, today, limit float64, plainDay bool) bool {
	if expected != expected {
		return false
	}
	if today*(1+slack) < limit*max(expected, 1) {
		return true
	}
	if !plainDay {
		return false
	}
	// No account varies less than counts do, so that today is within chance below the
	// deviance that such a one must have; see usual.beyond.
	return deviance(today, expected+ft.unseen(1)) < ft.pace().off(ft.budget())*(1-slack)
}

// slack is for rounding.
const slack = 1e-9

// boundedSlot returns the slot of a feature that bound knows which a slot stands for, as
// a let or x ?? y may; ok is false where there is none.
func boundedSlot(slots []slot, i int) (bounded int, ok bool) {
	for slots[i].passes {
		i = slots[i].reads[0]
	}
	ft := slots[i].feature
	return i, ft != nil && ft.window > 0 && ft.kind != Gauge && ft.by == "" && ft.weeks == 0 && (ft.op == opDrop || ft.op == opSpike && ft.window == 1)
}

// bound returns what a drop is at most, or what a spike expects at least, from the sums of
// weeks; of a spike of an hourly signal, where plainDay is not set, 0. known is false where
// it cannot be told that way, or whether the feature is known at all. all is scratch space.
func (ft *feature) bound(v *view, all *weekSums, off *pastOff, today Date, plainDay bool) (bound float64, known bool) {
	window := ft.window
	if ft.op == opSpike {
		window = 0 // today is compared with the weeks that end before it
	}
	if last := v.last; today > last+Date(ft.fresh) && today > v.alive+Date(ft.fresh) {
		return 0, false
	}
	n := max(7*profileWeeks, window+7*levelWeeks)
	from := today - Date(n)
	if from < v.first || n > pastOffDays {
		return 0, false
	}
	if !all.read(v, off, today, 0, profileWeeks) {
		return 0, false
	}
	leastKnown := all.profiled()
	if leastKnown < leastWeeks {
		return 0, false
	}
	if ft.op == opSpike {
		rate, known := levelLeast((*[levelWeeks]week)(all[:]))
		if !known || !plainDay {
			return 0, known
		}
		return rate * min(1, all.shareLeast(v, off, today, leastKnown)) * (1 - slack), true
	}
	actual, compared := all.window(v, off, today, window)
	if 2*compared < window {
		return 0, false
	}
	before := all[:]
	if skipped := window / 7; window%7 == 0 && skipped+levelWeeks <= profileWeeks {
		before = all[skipped:]
	} else if !all.read(v, off, today, window, levelWeeks) {
		return 0, false
	}
	latest := (*[levelWeeks]week)(before)
	rate, known := levelMost(latest, nil)
	if !known {
		shares, ok := v.boundShares(off, today)
		if !ok {
			return 0, false
		}
		shares.shift(window % 7)
		if rate, known = levelMost(latest, shares); !known {
			return 0, false
		}
	}
	expected := rate * float64((window+6)/7*7) * (1 + slack)
	if actual >= expected {
		return 0, true
	}
	return 1 - actual/expected + slack, true
}

// A weekSums is weeks, the latest first.
type weekSums [profileWeeks]week

// read reads the n weeks that end so many days before today. ok is false where a value is
// negative.
func (all *weekSums) read(v *view, off *pastOff, today Date, ago, n int) (ok bool) {
	row := v.row
	from := int(today-row.from) - ago - 7*n
	packed := row.shift == 0 && from > 0 && from+7*n <= row.len()
	for b := range n {
		away := off.week(ago + 7*b)
		if packed && away == 0 {
			// The week's last day is the word's seventh byte. A byte of y is zero where a
			// day is absent.
			x := binary.LittleEndian.Uint64(row.values[from+7*(n-1-b)-1:]) >> 8
			if y := ^x | 0xff<<56; (y-everyByte)&^y&(everyByte<<7) == 0 {
				x = x&evenBytes + x>>8&evenBytes
				all[b] = week{sum: int(x * (everyByte & evenBytes) >> 48)}
				continue
			}
		}
		if all[b], ok = v.week(today-Date(ago+7*b), away); !ok {
			return false
		}
	}
	return true
}

// profiled returns of how many weeks each weekday is known at least, of those weeks that a
// profile can be learnt from; older ones may take the place of others. From leastWeeks on
// it is learnt of every weekday: then the shares add up to seven.
func (all *weekSums) profiled() (least int) {
	whole := true
	for i := range all {
		whole = whole && all[i].unknown == 0 && all[i].sum > 0
	}
	if whole {
		return profileWeeks
	}
	most := 0
	for bit := range 7 {
		missing := 0
		for i := range all {
			missing += int(all[i].lacks() >> bit & 1)
		}
		most = max(most, missing)
	}
	return profileWeeks - most
}

// lacks returns the days of which the week is no sample for a profile.
func (w *week) lacks() uint8 {
	if w.unknown != 0 && w.known() < 3 || w.sum <= 0 {
		return 0x7f
	}
	return w.unknown
}

// window returns what the days of a window that ends before today brought, and how many
// of them are known. The weeks that were read are those that end today.
func (all *weekSums) window(v *view, off *pastOff, today Date, window int) (actual float64, known int) {
	weeks := min(window/7, len(all))
	for _, w := range all[:weeks] {
		actual, known = actual+float64(w.sum), known+w.known()
	}
	for ago := 7*weeks + 1; ago <= window; ago++ {
		if x := v.value(today - Date(ago)); x == x && !off.has(ago) {
			actual, known = actual+x, known+1
		}
	}
	return actual, known
}

// shareLeast returns what today's share of a week is at least, before it is drawn towards
// an equal one. The weeks that were read are those that end today, every weekday is known
// in so many of them at least, and that is enough for the profile.
//
// Where whole weeks are compared a weekday's sample is its part of its own week, but for
// one factor that all samples have in common and that the shares' sum takes out. Of a week
// with days missing a sample is somewhat less, at least 0, and so is that of an older week
// in its place. The middle mean of a weekday is at most 4/3 of its plain mean, because its
// upper quarter is no less; so the middle means of all weekdays add up to at most 4/3 of
// what a week is, 1, of so many weeks.
func (all *weekSums) shareLeast(v *view, off *pastOff, today Date, leastKnown int) float64 {
	var samples [profileWeeks]float64
	n := 0
	for b, w := range all {
		const sameWeekday = 1 << 6 // the first day of a week that ends before today
		lacks := w.lacks()
		if lacks&sameWeekday != 0 && lacks != 0x7f {
			continue
		}
		if lacks == 0 {
			samples[n] = v.value(today-Date(7*b+7)) / float64(w.sum)
		}
		n++
	}
	return 7 * middleOf(&samples, n) * 3 / 4 * float64(leastKnown) / profileWeeks
}

// levelMost returns what the level of weeks, the latest first, is at most, where it is
// surely known. Weeks with days missing are told better by bounds of the shares, where they
// are given. Such a week is taken for no less than any other: then it is enough whether the
// week counts in the end or not.
func levelMost(weeks *[levelWeeks]week, shares *shareBounds) (rate float64, known bool) {
	var levels [levelWeeks]float64
	whole, most := 0, 0.0
	for b, w := range weeks {
		levels[b] = float64(w.sum) / 7
		if w.unknown == 0 {
			if b < 4 {
				whole++
			}
		} else {
			levels[b] = math.Inf(1)
			if shares != nil {
				if size := shares.sizeLeast(w.unknown); size > 0 {
					levels[b] = float64(w.sum) / size
				}
			}
		}
		most = max(most, levels[b])
	}
	if whole < leastBlocks || shares == nil && whole < 3 { // of two it is not known what stands in the middle
		return 0, false
	}
	for b, w := range weeks {
		if w.unknown != 0 {
			levels[b] = most
		}
	}
	latest := [4]float64(levels[:])
	sortFew(latest[:])
	middle := (latest[1] + latest[2]) / 2
	if math.IsInf(middle, 1) {
		return 0, false
	}
	return levelOfSure(&levels, middle), true
}

// levelLeast is like levelMost for what the level is at least. What is known of a week with
// days missing is spread over all seven, and such a week taken for no better than any
// other: then it is too little whether the week counts in the end or not.
func levelLeast(weeks *[levelWeeks]week) (rate float64, known bool) {
	var levels [levelWeeks]float64
	whole, least := 0, math.Inf(1)
	for b, w := range weeks {
		levels[b] = float64(w.sum) / 7
		least = min(least, levels[b])
		if b < 4 && w.unknown == 0 {
			whole++
		}
	}
	for b, w := range weeks {
		if w.unknown != 0 {
			levels[b] = least
		}
	}
	latest := [4]float64(levels[:])
	sortFew(latest[:])
	middle := (latest[1] + latest[2]) / 2
	return levelOfSure(&levels, middle), whole >= leastBlocks
}

// levelOfSure is the level of weeks as learner.latestLevel has it, of which the latest four
// have the given middle.
func levelOfSure(levels *[levelWeeks]float64, middle float64) float64 {
	sum, weights, weight := 0.0, 0.0, 1.0
	for _, x := range levels {
		sum += weight * min(max(x, middle*(1-levelReach)), middle*(1+levelReach))
		weights += weight
		weight *= levelMemory
	}
	return sum / weights
}
