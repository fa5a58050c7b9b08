package rules

import (
	"math"
)

// A view is a row of buckets as of a day, read with the rule for silence: a day
// without data is zero where the feed is known to have been alive, else unknown.
type view struct {
	row     *dayRow
	first   Date // of the signal's data
	last    Date // the latest day with data of the signal
	alive   Date // through this day silence is zero because the whole feed was heard of since
	fresh   int  // days of silence that are taken for zero
	kind    Kind
	offDays func(Date) string // why a day is left out, or ""
	cover   *dayRow           // the signal's total: where row is one value of its dimension
	out     []Span            // days on which the whole feed was silent: no data are no zero
}

// value returns a day's value, NaN where it is unknown.
func (v *view) value(d Date) float64 {
	if x := v.row.at(d); !math.IsNaN(x) {
		return x
	}
	if v.kind == Gauge {
		x, _ := v.row.held(d)
		return x
	}
	if d < v.first || within(v.out, d) {
		return math.NaN()
	}
	if d <= v.alive {
		return 0
	}
	for day := d; day >= d-Date(v.fresh) && day >= v.first; day-- {
		if !math.IsNaN(v.cover.at(day)) {
			return 0
		}
	}
	return math.NaN()
}

// usable returns a day's value, and why it cannot be learnt from or compared, or "".
func (v *view) usable(d Date) (x float64, why string) {
	x = v.value(d)
	if math.IsNaN(x) {
		return x, "no data"
	}
	if v.offDays != nil {
		return x, v.offDays(d)
	}
	return x, ""
}

// How a baseline is learnt. What follows was chosen on the series of
// rules/benchmark, thinned to means of 200 to 3 a day.
const (
	profileWeeks = 8   // a weekday's share of the week is learnt from so many latest weeks that brought anything
	leastWeeks   = 3   // and needs so many days of that weekday
	levelWeeks   = 6   // the level is learnt from so many weeks before a window
	levelMemory  = 0.7 // each of them counts so much as the one after it: the level follows growth and decline
	levelReach   = 0.4 // no week counts for more than this share above or below the middle of the latest four
	leastBlocks  = 2   // of these weeks, at least so many must be known
	usualWeeks   = 8   // how far back explanations name the days of the weekly profile
)

// A learner is what was learnt of a view as of a day: how a week is spread over its
// weekdays, sums of the completed days, and the level of each week. It is scratch
// space, used again for row after row.
type learner struct {
	view
	past  uint32 // of the series
	today Date
	from  Date // the day that index 0 stands for; index n stands for today
	n     int

	share [7]float64 // of a weekday in the week's level; 1 on average, NaN where too few days are known
	back  []tally    // of the last so many days, as far back as was asked for
	level []float64  // of the week that ended so many days ago, see levelOf; empty until many are asked for

	levels []knownLevel // of the weeks before so many days ago, as levelAt gives them
	turn   uint32       // of learning: which of levels hold

	values []float64 // of each day, NaN where it cannot be learnt from
	unread int       // values are read from this index on
	spare  []float64
	off    []float64
	known  []knownExcess // learnt so far
	part   float64       // of today, that has passed; see soFar

	nextOff   func(d, to Date) Date // as Facts.nextOff; nil: offDays is asked of each day
	offBefore func() *pastOff       // as Facts.offBefore; nil: nothing is learnt of packed weeks
}

// A knownLevel is what levelAt came to.
type knownLevel struct {
	level
	ok   bool
	turn uint32 // of the learner
}

// A tally is what days add up to.
type tally struct {
	sum  float64
	size float64 // of their shares: how many days' worth they are
	days int     // how many of them can be compared
}

// learn reads a view as of a day; past is the series' count of changes of days that
// were over. What was learnt of the same row last is not learnt again.
func (l *learner) learn(v *view, past uint32, today Date) {
	if l.row == v.row && l.past == past && l.today == today && l.alive == v.alive {
		return
	}
	l.view, l.past, l.today = *v, past, today
	keep := Date(KeepDays)
	if v.row != v.cover {
		keep = KeepByDays
	}
	l.from = min(max(v.first, today-keep), today)
	l.n = int(today - l.from)
	if cap(l.values) < l.n {
		l.values = make([]float64, KeepDays+3)
	}
	l.values, l.unread = l.values[:l.n], l.n
	l.known, l.level = l.known[:0], l.level[:0]
	l.turn++
	l.learnShares()
	l.back = append(l.back[:0], tally{})
}

// reach reads the values from an index on. Most judgements need but a few months.
func (l *learner) reach(index int) {
	if index >= l.unread {
		return
	}
	to := l.unread
	l.unread = max(0, min(index, to-7*profileWeeks))
	l.read(l.values[l.unread:l.unread], l.from+Date(l.unread), l.from+Date(to))
	l.leaveOut(l.unread, to)
}

// leaveOut takes out the days that are not like others.
func (l *learner) leaveOut(from, to int) {
	if l.nextOff != nil {
		end := l.from + Date(to)
		for d := l.nextOff(l.from+Date(from), end); d < end; d = l.nextOff(d+1, end) {
			l.values[d-l.from] = math.NaN()
		}
		return
	}
	for i := from; i < to; i++ {
		if l.offDays != nil && l.offDays(l.from+Date(i)) != "" {
			l.values[i] = math.NaN()
		}
	}
}

// between adds up the days from one index up to another.
func (l *learner) between(begin, end int) tally {
	if l.n-begin >= len(l.back) {
		l.addUp(begin)
	}
	a, b := &l.back[l.n-begin], &l.back[l.n-end]
	return tally{a.sum - b.sum, a.size - b.size, a.days - b.days}
}

// addUp adds up the days from the last one back to an index. That way what latest days
// come to does not depend on how many others were asked for.
func (l *learner) addUp(index int) {
	l.reach(index)
	t := l.back[len(l.back)-1]
	i := l.n - len(l.back)
	wd := (l.from + Date(i)).Weekday()
	for ; i >= index; i-- {
		if x, share := l.values[i], l.share[wd]; x == x && share == share {
			t.sum, t.size, t.days = t.sum+x, t.size+share, t.days+1
		}
		l.back = append(l.back, t)
		if wd--; wd < 0 {
			wd = 6
		}
	}
}

// learnLevels fills level, for who asks for many.
func (l *learner) learnLevels() {
	for i := l.n - len(l.level); i >= 0; i-- {
		l.level = append(l.level, l.levelBefore(i))
	}
}

// levelOf is the level of the seven days before an index, a day; NaN where less than
// half of them is known.
func (l *learner) levelOf(i int) float64 {
	if l.n-i < len(l.level) {
		return l.level[l.n-i]
	}
	return l.levelBefore(i)
}

func (l *learner) levelBefore(i int) float64 {
	if i < 7 {
		return math.NaN()
	}
	t := l.between(i-7, i)
	return t.level()
}

// level is that of a week that came to a tally, NaN where less than half of it is known.
func (t *tally) level() float64 {
	if t.size >= 3 && t.days >= 3 {
		return t.sum / t.size
	}
	return math.NaN()
}

// learnShares works out how a week is spread over its weekdays: the middle mean of
// each weekday's share of its own week, so that neither growth nor an odd week
// counts. With less than one a day there is little to learn, and shares are drawn
// towards equal ones. Where hardly any weekday is known three times all are equal.
func (l *learner) learnShares() {
	if l.learnPackedShares() {
		return
	}
	var samples [7][profileWeeks]float64 // by the place of a day in the week that ends before today
	var known [7]int
	plain, total, counted := l.plainShares()
	weeks := 0
	for end := l.n; end >= 7 && weeks < profileWeeks && plain[0] == plain[0]; end -= 7 {
		l.reach(end - 7)
		week := l.values[end-7 : end : end]
		level, usable := weekLevel(week, &plain)
		if !usable {
			continue
		}
		weeks++
		for place, x := range week {
			if x == x {
				samples[place][known[place]] = x / level
				known[place]++
			}
		}
	}
	l.shareOf(&samples, &known, total, counted)
}

// shareOf makes the shares of samples, by their place in the week that ends before today,
// of which so many are known. The latest days brought a total in so many that counted.
func (l *learner) shareOf(samples *[7][profileWeeks]float64, known *[7]int, total float64, counted int) {
	today := l.today.Weekday()
	sum, n := 0.0, 0
	for wd := range l.share {
		place := (wd - int(today) + 7) % 7
		l.share[wd] = math.NaN()
		if known[place] >= leastWeeks {
			l.share[wd] = middleOf(&samples[place], known[place])
			sum, n = sum+l.share[wd], n+1
		}
	}
	if n < 4 || sum <= 0 {
		l.share = [7]float64{1, 1, 1, 1, 1, 1, 1}
		return
	}
	trust := 1.0
	if l.kind != Gauge {
		trust = min(1, total/float64(max(counted, 1)))
	}
	for wd := range l.share {
		l.share[wd] = trust*l.share[wd]*float64(n)/sum + 1 - trust
	}
}

// middleOf is the middle mean of the first n of a weekday's samples, which it may sort.
// Nearly always none is negative: then they are sorted without branches, by a network
// (Batcher's) over the bits of the floats, which are in the order of the numbers; those
// that are missing come last.
func middleOf(samples *[profileWeeks]float64, n int) float64 {
	var v [profileWeeks]int64
	signs := int64(0)
	for i, x := range samples {
		v[i] = int64(math.Float64bits(x))
		signs |= v[i]
	}
	if n < 4 || n == 5 || signs < 0 {
		sortFew(samples[:n])
		return middleMean(samples[:n])
	}
	for i := n; i < len(v); i++ {
		v[i] = math.MaxInt64
	}
	a, b, c, d, e, f, g, h := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	a, b = min(a, b), max(a, b)
	c, d = min(c, d), max(c, d)
	e, f = min(e, f), max(e, f)
	g, h = min(g, h), max(g, h)
	a, c = min(a, c), max(a, c)
	b, d = min(b, d), max(b, d)
	e, g = min(e, g), max(e, g)
	f, h = min(f, h), max(f, h)
	b, c = min(b, c), max(b, c)
	f, g = min(f, g), max(f, g)
	e, d = max(a, e), min(d, h) // a would be the least, h the greatest
	b, f = min(b, f), max(b, f)
	c, g = min(c, g), max(c, g)
	c, e = min(c, e), max(c, e)
	d, f = min(d, f), max(d, f)
	b, c, d, e, f = min(b, c), max(b, c), min(d, e), max(d, e), min(f, g)
	at := func(bits int64) float64 { return math.Float64frombits(uint64(bits)) }
	// The weights are those of middleMean, and the numbers are added in the same order. (Of
	// five a weight is not a power of two, and processors may round its product or not.)
	switch n {
	case 8:
		return (at(c) + at(d) + at(e) + at(f)) / 4
	case 7:
		return (0.25*at(b) + at(c) + at(d) + at(e) + 0.25*at(f)) / 3.5
	case 6:
		return (0.5*at(b) + at(c) + at(d) + 0.5*at(e)) / 3
	}
	return (at(b) + at(c)) / 2
}

// plainShares is a first idea of the shares, from the weekdays' plain means, by their
// place in the week that ends before today; NaN where nothing came, or a value is
// negative and shares mean nothing.
func (l *learner) plainShares() (plain [7]float64, total float64, counted int) {
	var sums [7]float64
	var known [7]int
	begin := max(0, l.n-7*profileWeeks*2)
	l.reach(begin)
	place := 6 - (l.n-begin-1)%7
	for _, x := range l.values[begin:] {
		if x < 0 {
			plain[0] = math.NaN()
			return plain, 0, 0
		}
		if x == x {
			sums[place] += x
			known[place]++
			total += x
			counted++
		}
		if place++; place == 7 {
			place = 0
		}
	}
	if total <= 0 {
		plain[0] = math.NaN()
		return plain, 0, 0
	}
	mean := total / float64(counted)
	for place := range plain {
		plain[place] = 1
		if known[place] > 0 {
			plain[place] = sums[place] / float64(known[place]) / mean
		}
	}
	return plain, total, counted
}

// weekLevel is the level of a week by given shares of its days; usable is false where
// nothing came or too little is known of it.
func weekLevel(week []float64, shares *[7]float64) (level float64, usable bool) {
	sum, size, days := 0.0, 0.0, 0
	for place, x := range week {
		if x == x {
			sum += x
			size += shares[place]
			days++
		}
	}
	return sum / size, days >= 3 && sum > 0 && size > 0
}

// A level is what was usual at a time: so much a day, of a weekday of share 1.
type level struct {
	rate     float64
	variance float64 // of rate, as far as counts of that size vary by chance
	blocks   int     // weeks that it was learnt from
}

// levelAt returns the level of the weeks before an index. Without weeks it follows
// the account (levelMemory); with them it is the middle mean of that many weeks, and
// every one counts alike. ok is false where too few weeks are known.
func (l *learner) levelAt(index, weeks int) (lv level, ok bool) {
	if weeks > 0 {
		return l.steadyLevel(index, weeks)
	}
	ago := l.n - index
	if ago >= len(l.levels) {
		l.levels = append(make([]knownLevel, 0, ago+ago/2+64), l.levels...)[:ago+1]
	}
	known := &l.levels[ago]
	if known.turn != l.turn {
		known.level, known.ok = l.latestLevel(index)
		known.turn = l.turn
	}
	return known.level, known.ok
}

// latestLevel is the level that follows the account.
func (l *learner) latestLevel(index int) (lv level, ok bool) {
	var rates, sizes [levelWeeks]float64 // of the weeks; NaN where they are not known
	var latest [4]float64
	n := 0
	for b := range levelWeeks {
		rates[b] = math.NaN()
		if i := index - 7*b; i >= 7 {
			t := l.between(i-7, i)
			sizes[b] = t.size
			if l.n-i < len(l.level) {
				rates[b] = l.level[l.n-i]
			} else {
				rates[b] = t.level()
			}
			if b < len(latest) && rates[b] == rates[b] {
				latest[n] = rates[b]
				n++
			}
		}
	}
	if n < leastBlocks {
		return lv, false
	}
	sortFew(latest[:n])
	middle := (latest[n/2] + latest[(n-1)/2]) / 2
	reach := levelReach * math.Abs(middle)
	sum, weights, squares, weight := 0.0, 0.0, 0.0, 1.0
	for b, x := range rates {
		if x == x {
			rate := min(max(x, middle-reach), middle+reach)
			sum += weight * rate
			weights += weight
			squares += weight * weight * math.Abs(rate) / sizes[b]
			lv.blocks++
		}
		weight *= levelMemory
	}
	lv.rate, lv.variance = sum/weights, squares/(weights*weights)
	return lv, true
}

func (l *learner) steadyLevel(index, weeks int) (lv level, ok bool) {
	rates, size := l.spare[:0], 0.0
	for b := range weeks {
		if i := index - 7*b; i >= 7 {
			if x := l.levelOf(i); x == x {
				rates = append(rates, x)
				size += l.between(i-7, i).size
			}
		}
	}
	l.spare = rates
	if len(rates) < max(leastBlocks, (weeks+1)/2) {
		return lv, false
	}
	sortFew(rates)
	lv.rate, lv.blocks = middleMean(rates), len(rates)
	lv.variance = inefficiency * math.Abs(lv.rate) / size
	return lv, true
}

// sortFew sorts a handful of values in place.
func sortFew(values []float64) {
	for i := 1; i < len(values); i++ {
		v := values[i]
		j := i - 1
		for ; j >= 0 && values[j] > v; j-- {
			values[j+1] = values[j]
		}
		values[j+1] = v
	}
}
