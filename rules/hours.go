package rules

import (
	"math"
	"time"
)

// How the hours of a week are learnt. A signal declared hourly keeps its hours for eight
// weeks; what follows reads them anew each hour that something is asked of them.
const (
	hourWeeks    = 6    // the level is learnt from so many weeks before a window, see levelMemory
	hourLeast    = 3    // weeks of hours are needed
	priorCounts  = 6    // what other days bring at an hour counts like so many of its own
	flatCounts   = 4    // and an even spread over the hours of a day, over the days of a week
	outburst     = 2    // an hour counts for at most so many times what the other weeks brought then,
	outburstFree = 4    // and so many more
	hourSkips    = 72   // the latest hours teach nothing of the week's shape and of how the account varies: they are being judged
	hourStep     = 5    // from a comparison every fifth hour, which takes the hours of the week in turn
	spreadSteps  = 4    // towards how much it varies
	hourExcess   = 4.   // what is common counts like so many weeks of the account
	hourMost     = 2.   // an account varies at most so many times as much as is common
	leastUnseen  = 0.15 // counts that are allowed for in a window, whatever was seen, see feature.unseen
)

// commonHourly is what is common, as a standard deviation: how much more so many hours
// vary than counts of their size do by chance.
func commonHourly(hours int) float64 { return 0.3 + 0.2*math.Exp(-float64(hours-1)/6) }

// An hourLearner is what was learnt of a series' hours as of an hour. Its hours have
// places: n is the hour that runs, and those before it are over. It is scratch space.
type hourLearner struct {
	series  *series
	zone    *time.Location
	changed uint32
	through Date // hours from it on are not known to be complete
	hour    Date // the one that runs
	from    Date // the hour at place 0
	first   Date // before it nothing is known
	n       int

	values []float64 // NaN where an hour cannot be compared; n+1 of them
	slots  []uint8   // hour of the week, in the account's zone: Sunday 0:00 is 0
	clean  []float64 // values without outbursts
	sums   []hourTally

	share [hoursOfWeek]float64 // of an hour in its week's level; 1 on average
	sure  [hoursOfWeek]float64 // how many counts it was learnt from

	known []knownExcess // learnt so far
	past  []hourStretch
	spare []float64
	off   func(Date) string
}

// An hourTally is what the hours before a place add up to.
type hourTally struct {
	sum, clean, size float64 // size: of their shares
	hours            int
}

// hourCircumstances are what hours are read by, besides the series.
type hourCircumstances struct {
	zone    *time.Location
	hour    Date              // the one that runs
	through Date              // hours before it are complete
	off     func(Date) string // why a day is left out
}

// forget lets the learner read its series again.
func (l *hourLearner) forget() {
	if l != nil {
		l.series = nil
	}
}

// learn reads a series.
func (l *hourLearner) learn(s *series, c hourCircumstances) {
	if l.series == s && l.changed == s.hourly.changed && l.hour == c.hour && l.through == c.through && l.zone == c.zone {
		return
	}
	l.series, l.changed, l.hour, l.through, l.zone = s, s.hourly.changed, c.hour, c.through, c.zone
	l.known, l.off = l.known[:0], c.off
	l.first = s.hourly.since
	l.from = max(l.first, c.hour-KeepHourly)
	if l.from > c.hour {
		l.from = c.hour
	}
	l.n = int(c.hour - l.from)
	l.values = s.readHours(l.values[:0], l.from, c.hour+1)
	l.place(c.off)
	for i, v := range l.values[:l.n] {
		h := l.from + Date(i)
		if h >= c.through || v == 0 && within(s.hourly.out, h) {
			l.values[i] = math.NaN()
		}
	}
	l.tame()
	l.learnShares()
	l.addUp()
	if l.forgive(c.through) {
		l.addUp()
	}
}

// forgive takes silent hours for over although nothing was heard of later, as far as they
// come to less than one of what is usual: by night nobody is missed.
func (l *hourLearner) forgive(through Date) (some bool) {
	usual, ok := l.levelAt(l.n, 0)
	missed := 0.0
	for i := max(0, int(through-l.from)); ok && i < l.n; i++ {
		h := l.from + Date(i)
		v := l.series.readHours(nil, h, h+1)[0]
		if h == through && v > 0 {
			continue // heard of in part: it is left out
		}
		if missed += usual.rate * l.share[l.slots[i]]; missed >= 1 || v != 0 || within(l.series.hourly.out, h) || l.left(h) {
			break
		}
		l.values[i], l.clean[i], some = 0, 0, true
	}
	return some
}

// left reports whether an hour's day is left out.
func (l *hourLearner) left(h Date) bool {
	return l.off != nil && l.off(hourDay(h, l.zone)) != ""
}

// place finds the hour of the week of each hour, and takes out those of days that are not
// like others.
func (l *hourLearner) place(off func(Date) string) {
	l.slots = l.slots[:0]
	for h := l.from; h <= l.hour; {
		day := hourDay(h, l.zone)
		begin, end := day.In(l.zone).Unix(), (day + 1).In(l.zone).Unix()
		left := off != nil && off(day) != ""
		even := end-begin == 86400
		for ; h <= l.hour; h++ {
			middle := int64(h)*3600 + 1800
			if middle >= end {
				break
			}
			hour := int(middle-begin) / 3600
			if !even {
				hour = time.Unix(middle, 0).In(l.zone).Hour()
			}
			l.slots = append(l.slots, uint8(int(day.Weekday())*24+hour))
			if left {
				l.values[h-l.from] = math.NaN()
			}
		}
	}
}

// teaches returns the place up to which hours teach.
func (l *hourLearner) teaches() int { return max(0, l.n-hourSkips) }

// tame makes clean: what an hour brought beyond all other weeks at that hour is cut, so
// that an outburst does not become the usual.
func (l *hourLearner) tame() {
	var sum [hoursOfWeek]float64
	var n [hoursOfWeek]int
	teaches := l.teaches()
	for i, v := range l.values[:teaches] {
		if v == v {
			sum[l.slots[i]] += v
			n[l.slots[i]]++
		}
	}
	l.clean = append(l.clean[:0], l.values[:l.n]...)
	for i, v := range l.clean {
		k := l.slots[i]
		others, of := sum[k], n[k]
		if i < teaches {
			others, of = others-v, of-1
		}
		if v == v && of > 0 {
			l.clean[i] = math.Min(v, outburst*others/float64(of)+outburstFree)
		}
	}
}

// learnShares learns how a week is spread over its hours: each hour's counts beside what
// its weeks brought. Where there are few, they are drawn towards what the day of the week
// and the hour of the day make likely, and those towards an even spread.
func (l *hourLearner) learnShares() {
	var sum, size [hoursOfWeek]float64
	total, known := 0.0, 0
	for i, v := range l.clean[:l.teaches()] {
		if v == v {
			k := l.slots[i]
			sum[k] += v
			size[k]++
			total += v
			known++
		}
	}
	l.share, l.sure = [hoursOfWeek]float64{}, [hoursOfWeek]float64{}
	mean := total / float64(max(known, 1))
	if mean == 0 {
		for k := range l.share {
			l.share[k] = 1
		}
		return
	}
	plain := sum
	for k := range plain {
		plain[k] = sum[k] / math.Max(size[k], 1) / mean
	}
	size = l.levelled(&plain, mean)

	var daySum, daySize [7]float64
	var hourSum, hourSize [24]float64
	for k := range sum {
		daySum[k/24] += sum[k]
		daySize[k/24] += size[k]
	}
	for d := range daySum {
		daySize[d] = (daySum[d] + flatCounts) / (daySize[d] + flatCounts) // now the day's share
	}
	for k := range sum {
		hourSum[k%24] += sum[k]
		hourSize[k%24] += size[k] * daySize[k/24]
	}
	all := 0.0
	for k := range sum {
		likely := daySize[k/24] * (hourSum[k%24] + flatCounts) / (hourSize[k%24] + flatCounts)
		l.share[k] = (sum[k] + priorCounts) / (size[k] + priorCounts/likely)
		l.sure[k] = sum[k] + priorCounts
		all += l.share[k]
	}
	for k := range l.share {
		l.share[k] *= hoursOfWeek / all
	}
}

// levelled returns how much each hour of the week would have brought if it were like all
// others, by the level of the weeks in which it is known: neither growth nor a week that
// is half known counts.
func (l *hourLearner) levelled(plain *[hoursOfWeek]float64, mean float64) (size [hoursOfWeek]float64) {
	for end := l.teaches(); end > 0; end -= hoursOfWeek {
		begin := max(0, end-hoursOfWeek)
		sum, worth := 0.0, 0.0
		for i := begin; i < end; i++ {
			if v := l.clean[i]; v == v {
				sum += v
				worth += plain[l.slots[i]]
			}
		}
		level := mean
		if worth > 0 {
			level = (sum + mean) / (worth + 1)
		}
		for i := begin; i < end; i++ {
			if v := l.clean[i]; v == v {
				size[l.slots[i]] += level
			}
		}
	}
	return size
}

// addUp makes the sums.
func (l *hourLearner) addUp() {
	t := hourTally{}
	l.sums = append(l.sums[:0], t)
	for i, v := range l.values[:l.n] {
		if v == v {
			t.sum, t.clean, t.size, t.hours = t.sum+v, t.clean+l.clean[i], t.size+l.share[l.slots[i]], t.hours+1
		}
		l.sums = append(l.sums, t)
	}
}

func (l *hourLearner) between(begin, end int) hourTally {
	a, b := &l.sums[begin], &l.sums[end]
	return hourTally{b.sum - a.sum, b.clean - a.clean, b.size - a.size, b.hours - a.hours}
}

// weeks returns how many weeks of hours there are before a place.
func (l *hourLearner) weeks(place int) int { return place / hoursOfWeek }

// levelAt is learner.levelAt for hours: what is usual an hour of share 1, by the weeks
// before a place.
func (l *hourLearner) levelAt(place, weeks int) (lv level, ok bool) {
	var rates, sizes [26]float64
	want := hourWeeks
	if weeks > 0 {
		want = weeks
	}
	n, few := 0, 0
	var latest [4]float64
	for b := range want {
		end := place - b*hoursOfWeek
		begin := max(0, end-hoursOfWeek)
		if end <= 0 {
			break
		}
		if t := l.between(begin, end); t.size >= hoursOfWeek*3/7 && t.hours >= 24 {
			rates[b], sizes[b] = t.clean/t.size, t.size
			if n++; b < 4 {
				latest[few] = rates[b]
				few++
			}
		}
	}
	if few < leastBlocks || 2*n < weeks {
		return lv, false
	}
	sortFew(latest[:few])
	middle := (latest[few/2] + latest[(few-1)/2]) / 2
	reach := levelReach * middle
	sum, weights, squares, weight := 0.0, 0.0, 0.0, 1.0
	for b := range want {
		if sizes[b] > 0 {
			rate := rates[b]
			if weeks == 0 {
				rate = min(max(rate, middle-reach), middle+reach)
			}
			sum += weight * rate
			weights += weight
			squares += weight * weight * rate / sizes[b]
			lv.blocks++
		}
		if weeks == 0 {
			weight *= levelMemory
		}
	}
	lv.rate, lv.variance = sum/weights, squares/(weights*weights)
	return lv, true
}

// compare returns the hours from one place up to another beside what they should have
// brought. ok is false where less than half of them can be compared, or too little is
// known of the weeks before.
func (l *hourLearner) compare(begin, end, weeks int) (s hourStretch, ok bool) {
	if begin < 0 || l.weeks(begin) < leastBlocks {
		return s, false
	}
	t := l.between(begin, end)
	usual, ok := l.levelAt(begin, weeks)
	if !ok || 2*t.hours < end-begin {
		return s, false
	}
	unsure := 0.0
	for i := begin; i < end; i++ {
		if v := l.values[i]; v == v {
			unsure += l.doubt(usual, i)
		}
	}
	return l.against(usual, end-begin, weeks, t, unsure), true
}

// doubt is how much the share of an hour adds to the variance of what is expected then.
func (l *hourLearner) doubt(usual level, place int) float64 {
	k := l.slots[place]
	e := usual.rate * l.share[k]
	return e * e / math.Max(l.sure[k], 1)
}

// against makes a stretch of what came and the level that it is compared with.
func (l *hourLearner) against(usual level, length, weeks int, t hourTally, unsure float64) hourStretch {
	common := commonHourly(length)
	own, learnt := l.excess(length, weeks)
	excess := (learnt*own + hourExcess*common*common) / (learnt + hourExcess)
	excess = math.Min(excess, hourMost*hourMost*common*common)
	s := hourStretch{actual: t.sum, expected: usual.rate * t.size, excess: excess, doubt: 1}
	if usual.rate > 0 {
		s.doubt += usual.variance/usual.rate*t.size + unsure/math.Max(s.expected, 1e-9)
	}
	return s
}

// excess learns from the weeks that are kept how much so many hours vary; weeks of the
// level.
func (l *hourLearner) excess(length, weeks int) (own, learnt float64) {
	key := excessKey{length: length, weeks: weeks}
	for i := range l.known {
		if l.known[i].key == key {
			return l.known[i].own, l.known[i].weeks
		}
	}
	l.past = l.past[:0]
	mean := 0.0
	for end := l.n - max(length, hourSkips); end-length >= leastBlocks*hoursOfWeek; end -= hourStep {
		t := l.between(end-length, end)
		usual, ok := l.levelAt(end-length, weeks)
		if !ok || 2*t.hours < length {
			continue
		}
		if expected := usual.rate * t.size; expected >= 1 {
			l.past = append(l.past, hourStretch{actual: t.sum, expected: expected, doubt: 1 + usual.variance/usual.rate*t.size})
			mean += expected
		}
	}
	if len(l.past) >= 20 {
		own = l.spreadOf(l.past, mean/float64(len(l.past)), length)
		learnt = float64(l.n-leastBlocks*hoursOfWeek) / hoursOfWeek
	}
	l.known = append(l.known, knownExcess{key, own, learnt})
	return own, learnt
}

// spreadOf returns the excess with which the stretches are as far off as chance brings,
// but for the fifth that is farthest off.
func (l *hourLearner) spreadOf(all []hourStretch, mean float64, length int) float64 {
	common := commonHourly(length)
	excess := common * common
	kept := int(excessKept * float64(len(all)))
	for range spreadSteps {
		l.spare = l.spare[:0]
		for i := range all {
			all[i].excess = excess
			off := all[i].off()
			l.spare = append(l.spare, off*off)
		}
		lowest(l.spare, kept)
		sum := 0.0
		for _, off := range l.spare[:kept] {
			sum += off
		}
		excess = math.Max(0, excess+(sum/float64(kept)*excessFactor-1)*(excess+1/mean))
	}
	return excess
}

// passed returns the share of a local day that its hours up to the one that runs have,
// that one included; 1 where nothing is known of the day's hours.
func (l *hourLearner) passed(day Date) float64 {
	done, all := 0.0, 0.0
	for h := Date(floorDiv(day.In(l.zone).Unix(), 3600)); h <= day.lastHour(l.zone); h++ {
		middle := time.Unix(int64(h)*3600+1800, 0).In(l.zone)
		if DateOf(middle) != day {
			continue
		}
		share := l.share[int(day.Weekday())*24+middle.Hour()]
		all += share
		if h <= l.hour {
			done += share
		}
	}
	if all <= 0 {
		return 1
	}
	return done / all
}
