package rules

import "math"

// A windowOp says how a feature is worked out from one day to the next.
type windowOp uint8

const (
	notWindow windowOp = iota // by feature.compute
	windowSum
	windowMax
	windowMean
	windowLast
	windowSince
	windowDistinct
)

func (ft *feature) windowOp() windowOp {
	if ft.hours > 0 {
		return notWindow
	}
	switch ft.op {
	case opSum:
		return windowSum
	case opMax:
		return windowMax
	case opMean:
		return windowMean
	case opLast:
		return windowLast
	case opDaysSince:
		return windowSince
	case opDistinct:
		return windowDistinct
	}
	return notWindow
}

// quickly works out a feature of plain windows as compute does, bit for bit, and
// faster. ok is false where compute must be asked: the value is not known, or the
// feature is of another sort.
func (ft *feature) quickly(op windowOp, s *series, today, alive Date, c *memoCell) (v float64, ok bool) {
	if op == notWindow || s.total.len() == 0 {
		return 0, false
	}
	last := min(s.untilDay, today)
	if op != windowSince && today > last+Date(ft.fresh) && today > alive+Date(ft.fresh) {
		return 0, false
	}
	row := &s.total
	if ft.by != "" {
		row = s.look(ft.by)
	}
	n, cut := Date(ft.window), s.cut
	if ft.by != "" {
		cut += KeepDays - KeepByDays
	}
	switch op {
	case windowSum:
		sum := c.sum(row, s.past, cut, today-n+1, today-1)
		if x := row.at(today); x == x {
			sum += x
		}
		return sum, true
	case windowMax:
		return ft.windowMax(row, s.past, cut, today, c)
	case windowDistinct:
		most, _ := ft.windowMax(row, s.past, cut, today, c)
		return math.Max(s.users.since(today-n+1, today), math.Max(most, 0)), true
	case windowMean:
		return ft.windowMean(s, row, alive, today-n, today-1, c.sum(row, s.past, cut, today-n, today-1), int(c.days))
	case windowLast:
		v, day := row.held(today)
		return v, day != 0
	case windowSince:
		return ft.windowSince(row, today)
	}
	return 0, false
}

// sum returns the sum of the present days from one to another, and leaves in days how
// many those are. Days before cut may have been forgotten.
func (c *memoCell) sum(row *dayRow, past uint32, cut, from, to Date) float64 {
	switch {
	case from > to:
		c.part, c.days = 0, 0
	case c.through == to && c.past == past:
	case c.through == to-1 && c.past == past && row.whole() && (row.from < from || cut < from):
		if x := row.at(from - 1); x == x {
			c.part -= x
			c.days--
		}
		if x := row.at(to); x == x {
			c.part += x
			c.days++
		}
	default:
		sum, n := row.sum(from, to)
		c.part, c.days = sum, int32(n)
	}
	c.through, c.past = to, past
	return c.part
}

// most is like sum for the greatest of the days; -Inf where none is present.
func (c *memoCell) most(row *dayRow, past uint32, cut, from, to Date) float64 {
	switch {
	case from > to:
		c.days = 0
		return math.Inf(-1)
	case c.through == to && c.past == past:
		return c.part
	case c.through == to-1 && c.past == past && (row.from < from || cut < from):
		leaves, enters := row.at(from-1), row.at(to)
		if leaves == c.part {
			break
		}
		if leaves == leaves {
			c.days--
		}
		if enters == enters {
			c.part = max(c.part, enters)
			c.days++
		}
		c.through = to
		return c.part
	}
	most, n := row.most(from, to)
	c.part, c.days, c.through, c.past = most, int32(n), to, past
	return most
}

// windowMax is the greatest day; of a gauge with gaps it is left to compute.
func (ft *feature) windowMax(row *dayRow, past uint32, cut, today Date, c *memoCell) (v float64, ok bool) {
	most := c.most(row, past, cut, today-Date(ft.window)+1, today-1)
	x := row.at(today)
	if ft.kind == Gauge && (int(c.days) != ft.window-1 || x != x) {
		return 0, false
	}
	if x == x {
		most = max(most, x)
	}
	if math.IsInf(most, -1) {
		return 0, ft.kind != Unique // of no day at all, compute says so for what counts users
	}
	return most, true
}

// windowMean averages the days from one to another of which sum and present are known;
// where some are not present, it asks which of those are zeros, or held.
func (ft *feature) windowMean(s *series, row *dayRow, alive, from, to Date, sum float64, present int) (mean float64, ok bool) {
	n := int(to-from) + 1
	if present != n {
		if sum, present = ft.known(s, row, alive, from, to); 2*present < n {
			return 0, false
		}
	}
	return sum / float64(max(present, 1)), true
}

// known adds up the days whose value is known and counts them: days without data are
// zero for as long as the feed was alive, and a gauge holds.
func (ft *feature) known(s *series, row *dayRow, alive, from, to Date) (sum float64, n int) {
	if ft.kind == Gauge {
		held, _ := row.held(from - 1)
		for d := from; d <= to; d++ {
			if x := row.at(d); x == x {
				held = x
			}
			if held == held {
				sum += held
				n++
			}
		}
		return sum, n
	}
	first := s.total.from
	heard := from - Date(ft.fresh) - 1 // the last day with any data of the signal
	for d := heard + 1; d <= to; d++ {
		if x := s.total.at(d); x == x {
			heard = d
		}
		if d < from {
			continue
		}
		if x := row.at(d); x == x {
			sum += x
			n++
		} else if d >= first && (d <= alive || d-heard <= Date(ft.fresh)) && !within(s.out, d) {
			n++
		}
	}
	return sum, n
}

func (ft *feature) windowSince(row *dayRow, today Date) (v float64, ok bool) {
	for i := min(int(today-row.from), row.len()-1); i >= 0; i-- {
		if x := row.get(i); x == x && (x != 0 || ft.kind == Gauge) {
			return float64(today - row.from - Date(i)), true
		}
	}
	return 0, false
}

// read appends the values of the days from one up to another, as value gives them, one
// after another.
func (v *view) read(into []float64, from, to Date) []float64 {
	if from >= to {
		return into
	}
	row, begin := v.row, len(into)
	low, high := row.clip(from, to-1)
	absent := func(n int) {
		for range n {
			into = append(into, math.NaN())
		}
	}
	if low == high {
		absent(int(to - from))
	} else {
		absent(int(row.from-from) + low)
		into = row.decode(into, low, high)
		absent(int(to-row.from) - high)
	}
	if v.kind == Gauge {
		v.hold(into[begin:], from)
	} else {
		v.fillSilence(into[begin:], from)
	}
	return into
}

// hold gives a gauge's days without data the value before them.
func (v *view) hold(days []float64, from Date) {
	held := math.NaN()
	if days[0] != days[0] {
		held, _ = v.row.held(from - 1)
	}
	for i, x := range days {
		if x == x {
			held = x
		} else {
			days[i] = held
		}
	}
}

// fillSilence makes days without data zero while the feed was alive.
func (v *view) fillSilence(days []float64, from Date) {
	heard := from - Date(v.fresh) - 1 // the last day with any data of the signal
	for d := heard + 1; d < from; d++ {
		if x := v.cover.at(d); x == x {
			heard = d
		}
	}
	part := v.row != v.cover
	for i, x := range days {
		d := from + Date(i)
		if x == x {
			heard = d
			continue
		}
		if part {
			if y := v.cover.at(d); y == y {
				heard = d
			}
		}
		if d >= v.first && (d <= v.alive || d-heard <= Date(v.fresh)) && !within(v.out, d) {
			days[i] = 0
		}
	}
}
