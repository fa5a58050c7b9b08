package rules

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
)

// Windows of hours: logins.drop("6h") compares the six hours that are over with what the
// same hours of the week usually bring, and spike("3h") the hour that runs and the two
// before it, or the latest three that are over where those stand out more: what was a
// spike does not cease to be one because a new hour has begun. The hour that runs counts
// as a whole one, so that a spike can only be late by less than an hour, never early. An
// hour without data is zero once something of its signal was heard of later, for any
// account; until then it is not known.

// MaxHours is the longest window of hours. Longer ones are asked for in days.
const MaxHours = 72

// An hourCell is what a feature of hours is judged by: what is learnt once an hour, so
// that what comes meanwhile costs an addition and a comparison.
type hourCell struct {
	of      *feature
	hour    Date // as of which it was learnt
	through Date
	changed uint32
	running bool    // the hour that runs can be compared
	gap     *gap    // nil where it is known
	value   float64 // of a feature of hours that are over; of a spike what its window usually brings; of a spike of days the share of today that has passed
	most    float64 // the sum from which on a spike is beyond chance
	done    float64 // what its hours that are over brought
	over    float64 // what a spike of as many hours that are over came to
}

// askHour notes as of which hour features of the series are asked for: with each, those
// that read today are worked out anew.
func (f *Facts) askHour(signal string, s *series) {
	p, hour, through := s.hourly, f.hour(), f.heardThrough(signal, s, 0)
	over := through
	if p.lag > 0 {
		over = f.heardThrough(signal, s, p.lag)
	}
	if p.asked == hour && p.through == through && p.over == over {
		return
	}
	p.asked, p.through, p.over = max(p.asked, hour), through, over
	s.stamp.all++
}

// hour returns the hour that runs, in hours since 1970.
func (f *Facts) hour() Date { return Date(floorDiv(f.now.Unix(), 3600)) }

// heardThrough returns the hour in which the feed was last heard of, for any account: what
// came of the hours before it is known. Of a feed that is so many minutes late, it is the
// hour of which was heard then.
func (f *Facts) heardThrough(signal string, s *series, lag int16) Date {
	heard := s.arrived
	if f.feed != nil {
		if last := f.feed(signal); !last.IsZero() {
			heard = max(heard, last.Unix())
		}
	}
	return min(Date(floorDiv(max(heard-60*int64(lag), s.until), 3600)), f.hour())
}

// through is heardThrough for a feature. What has not arrived yet can make a drop, and no
// spike: a spike, like a sum, is of what has arrived.
func (f *Facts) through(ft *feature, s *series) Date {
	if ft.op == opDrop || ft.op == opExpected {
		return f.heardThrough(ft.signal, s, s.hourly.lag)
	}
	return f.heardThrough(ft.signal, s, 0)
}

// overHours works out a feature of a window of hours.
func (f *Facts) overHours(ft *feature, s *series) result {
	switch {
	case s == nil || s.total.len() == 0:
		return result{gap: gap{Code: NoData, Of: ft.signal}}
	case s.hourly == nil: // nothing has come since it was declared hourly
		return result{gap: gap{Code: WeeksNeeded, Of: ft.signal, Need: hourLeast}}
	case ft.op == opSum:
		return f.sumOfHours(ft, s)
	}
	c := f.hourCell(ft, s)
	if c.gap != nil {
		return result{gap: *c.gap}
	}
	if ft.op != opSpike {
		return result{number: c.value}
	}
	sum := c.done
	if c.running {
		sum += orZero(s.hours.at(c.hour))
	}
	if sum < c.most {
		return result{number: c.over}
	}
	return result{number: math.Max(c.over, sum/math.Max(c.value, 1))}
}

// sumOfHours adds up the latest hours, the one that runs included. It is not known with
// an hour in which nothing came and that is not known to be silent: of an outage, or
// after the feed was last heard of. Of the hour that runs something must have been heard.
func (f *Facts) sumOfHours(ft *feature, s *series) result {
	hour := f.hour()
	if quiet := f.now.Unix() - f.lastHeard(ft.signal, s); quiet > int64(ft.fresh)*86400 {
		return result{gap: gap{Code: NoDataSince, Of: ft.signal, On: min(s.untilDay, f.today)}}
	}
	f.tellHours(ft.signal, s.hourly)
	from, through, sum := hour-Date(ft.hours)+1, f.through(ft, s), 0.0
	for i, v := range s.readHours(nil, from, hour+1) {
		h := from + Date(i)
		if v == 0 && h >= through && through < hour {
			return result{gap: gap{Code: NoDataSince, Of: ft.signal, On: hourDay(through, f.zone)}}
		}
		if v == 0 && within(s.hourly.out, h) {
			v = math.NaN()
		}
		sum += v
	}
	return finite(sum, gap{Code: HoursUnknown, Of: ft.signal, Count: int16(ft.hours)})
}

func (f *Facts) lastHeard(signal string, s *series) int64 {
	heard := s.arrived
	if f.feed != nil {
		heard = max(heard, f.feed(signal).Unix())
	}
	return heard
}

// hourCell returns what a feature is judged by, learnt as of this hour.
func (f *Facts) hourCell(ft *feature, s *series) *hourCell {
	p := s.hourly
	f.tellHours(ft.signal, p)
	i := slices.IndexFunc(p.cells, func(c hourCell) bool { return c.of == ft })
	if i < 0 {
		i = len(p.cells)
		p.cells = slices.Grow(p.cells, 1)[:i+1]
		p.cells[i] = hourCell{of: ft}
	}
	c, hour, through := &p.cells[i], f.hour(), f.through(ft, s)
	if c.hour != hour || c.through != through || c.changed != p.changed {
		*c = hourCell{of: ft, hour: hour, through: through, changed: p.changed}
		l := f.learnHours(ft, s)
		switch missing := ft.hoursTooFew(l); {
		case !missing.known():
			c.gap = &missing
		case ft.hours == 0:
			c.value = 1
			if usual, ok := l.levelAt(l.n, 0); ok && usual.rate > 0 {
				c.value = l.passed(f.today)
			}
		default:
			ft.judgeHours(l, c)
		}
	}
	return c
}

// tellHours gives a series the hours of its feed's outages, and lets it forget what it
// learnt with others.
func (f *Facts) tellHours(signal string, p *hourPast) {
	if out := f.outHours(signal); !slices.Equal(out, p.out) {
		p.out, p.cells = out, nil
		f.hourly.forget()
	}
}

// forgetHours lets a series forget what it learnt for another book or calendar.
func (s *series) forgetHours() {
	if s.hourly != nil {
		s.hourly.cells = nil
	}
}

// learnHours learns the hours of a series as of the hour that runs.
func (f *Facts) learnHours(ft *feature, s *series) *hourLearner {
	f.tellHours(ft.signal, s.hourly)
	s.hourly.asked = max(s.hourly.asked, f.hour())
	if f.hourly == nil {
		f.hourly = &hourLearner{}
	}
	f.hourly.learn(s, hourCircumstances{zone: f.zone, hour: f.hour(), through: f.through(ft, s), off: f.offDays})
	return f.hourly
}

// outHours returns the hours that outages of a feed touch.
func (f *Facts) outHours(signal string) []Span {
	if len(f.outages[signal]) == 0 {
		return nil
	}
	var out []Span
	for _, o := range f.outages[signal] {
		out = append(out, Span{Date(floorDiv(o.From.Unix(), 3600)), Date(floorDiv(o.To.Unix(), 3600))})
	}
	return out
}

// inHours reports whether a feature can be asked of windows of hours.
func (op featureOp) inHours() bool {
	return op == opSum || op == opExpected || op == opDrop || op == opSpike
}

// hourWindow reads "6h".
func (k *checker) hourWindow(arg ast.Node, p Period, ft *feature) bool {
	const declare = "write hourly: true under %s in signals.yaml, or ask for days: %q"
	def, hours := k.signals[ft.signal], p.Minutes/60
	days := fmt.Sprintf("%dd", max(1, (hours+12)/24))
	wrong := func(suggestion, format string, args ...any) bool {
		k.wrong(arg, suggestion, format, args...)
		return false
	}
	switch {
	case !ft.op.inHours():
		return wrong(fmt.Sprintf("ask for days: %q; hours are for sum, expected, drop and spike", days), "window %q: %s() is not reckoned in hours", p, ft.op)
	case p.Minutes%60 != 0:
		return wrong(`write "1h" or more`, "window %q: want whole hours", p)
	case hours > MaxHours:
		return wrong(fmt.Sprintf("ask for days: %q", days), "window %q: want at most %d hours", p, MaxHours)
	case ft.by != "":
		return wrong(fmt.Sprintf("ask for days: %q, or leave out by()", days), "window %q: hours are kept of %s as a whole, not of one %s", p, ft.signal, def.Dimension)
	case def.Kind != Count:
		return wrong(fmt.Sprintf("ask for days: %q", days), "window %q: only a count is reckoned in hours, and %s is a %s", p, ft.signal, def.Kind)
	case !def.Hourly:
		return wrong(fmt.Sprintf(declare, ft.signal, days), "window %q: the hours of %s are not learnt", p, ft.signal)
	}
	ft.hours = hours
	return k.reach(arg, ft)
}

// judgeHours learns what the feature is judged by.
func (ft *feature) judgeHours(l *hourLearner, c *hourCell) {
	begin, end := ft.hourPlaces(l)
	if ft.op == opSpike {
		ft.judgeSpike(l, c, begin)
		return
	}
	s, ok := l.compare(begin, end, ft.weeks)
	if !ok {
		missing := ft.hoursUnknown(l)
		c.gap = &missing
		return
	}
	c.value = s.expected
	if ft.op == opDrop {
		c.value = 0
		if s.actual < s.expected && -s.off() >= ft.hoursOff() {
			c.value = math.Min(1-s.actual/s.expected, 1)
		}
	}
}

// judgeSpike learns from which sum on the window is beyond chance.
func (ft *feature) judgeSpike(l *hourLearner, c *hourCell, begin int) {
	s, ok := l.untilNow(begin, ft.weeks)
	if !ok {
		missing := ft.hoursUnknown(l)
		c.gap = &missing
		return
	}
	c.running = l.running()
	c.value, c.done = s.expected, s.actual
	s.expected += leastUnseen
	c.most = s.atOff(ft.hoursOff())
	c.over = 1
	if s, ok := l.compare(l.n-ft.hours, l.n, ft.weeks); ok {
		c.over = ft.spikeOf(s)
	}
}

// spikeOf returns how many times the usual some hours brought, 1 within chance.
func (ft *feature) spikeOf(s hourStretch) float64 {
	times := s.actual / math.Max(s.expected, 1)
	if s.expected += leastUnseen; s.off() < ft.hoursOff() {
		return 1
	}
	return math.Max(1, times)
}

// running reports whether the hour that runs can be compared.
func (l *hourLearner) running() bool { return l.values[l.n] == l.values[l.n] }

// untilNow is compare for the hours from a place up to the one that runs, which counts as
// a whole one and whose own are not added.
func (l *hourLearner) untilNow(begin, weeks int) (s hourStretch, ok bool) {
	if begin < 0 || l.weeks(begin) < leastBlocks {
		return s, false
	}
	t := l.between(begin, l.n)
	usual, ok := l.levelAt(begin, weeks)
	if !ok {
		return s, false
	}
	unsure := 0.0
	for i := begin; i < l.n; i++ {
		if v := l.values[i]; v == v {
			unsure += l.doubt(usual, i)
		}
	}
	if l.running() {
		t.size += l.share[l.slots[l.n]]
		t.hours++
		unsure += l.doubt(usual, l.n)
	}
	length := l.n + 1 - begin
	if 2*t.hours < length {
		return s, false
	}
	return l.against(usual, length, weeks, t, unsure), true
}

// hourPlaces returns the places of the window's hours that are over: from one up to
// another.
func (ft *feature) hourPlaces(l *hourLearner) (begin, end int) {
	if ft.op == opSpike {
		return l.n - ft.hours + 1, l.n
	}
	return l.n - ft.hours, l.n
}

// hoursTooFew says how many weeks of hours are needed, where there are fewer.
func (ft *feature) hoursTooFew(l *hourLearner) gap {
	if weeks := l.weeks(l.n); weeks < hourLeast {
		return gap{Code: WeeksNeeded, Of: ft.signal, Count: int16(max(weeks, 0)), Need: hourLeast}
	}
	return gap{}
}

// hoursUnknown says why a window cannot be compared.
func (ft *feature) hoursUnknown(l *hourLearner) gap {
	begin, _ := ft.hourPlaces(l)
	if l.through <= l.from+Date(begin) {
		return gap{Code: NoDataSince, Of: ft.signal, On: hourDay(l.through, l.zone)}
	}
	return gap{Code: HoursUnknown, Of: ft.signal, Count: int16(ft.hours)}
}

// partOfToday returns which share of the day has passed by the hours of the week, for the
// features of an hourly signal that compare today with what is usual; 1 where the signal
// is not hourly, or too little of its hours is known.
func (f *Facts) partOfToday(ft *feature, s *series) float64 {
	if ft.op != opSpike && ft.of != opSpike || s == nil || s.hourly == nil {
		return 1
	}
	if c := f.hourCell(ft, s); c.gap == nil {
		return c.value
	}
	return 1
}

// soFar returns the share of today that has passed, of an hourly signal; else 1, so that
// today is compared as a whole day.
func (l *learner) soFar() float64 {
	if l.part == 0 {
		return 1
	}
	return l.part
}

// looks is how often more a day is judged by chance that is compared so far: by its hours,
// and not once. In the simulation that hourAlarmsAtTwo is from, a day that is looked at
// each hour brings three times the alarms of one that is over.
func (l *learner) looks() float64 {
	if l.soFar() < 1 {
		return 3
	}
	return 1
}

// byHour reports whether a feature changes as hours pass, whatever comes.
func (c *core) byHour(ft *feature) bool {
	return ft.hours > 0 || c.signals[ft.signal].Hourly && (ft.op == opSpike || ft.of == opSpike)
}

// hourSettles is how long after its end an hour is looked at: time for something to be
// heard of its feed, which shows that it is over.
const hourSettles = 5 * time.Minute

// NextHour returns when, after now, what the book asks of an account's hourly signals is
// to be looked at again: shortly after the hour that runs. It is the zero time where it
// asks nothing of them, or the account has none.
func (s *Set) NextHour(h *History, now time.Time) time.Time {
	for _, signal := range s.Compiler.hourly {
		if series := h.find(signal); series != nil && series.hourly != nil {
			next := now.Truncate(time.Hour).Add(hourSettles)
			if !next.After(now) {
				next = next.Add(time.Hour)
			}
			return next
		}
	}
	return time.Time{}
}

// An HourWindow is a Baseline's window of hours.
type HourWindow struct {
	Hours int       `json:"hours"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"` // where the last hour ends, also where it has not ended yet
}

// hourBaseline explains a feature of hours.
func (f *Facts) hourBaseline(ft *feature) Baseline {
	s, to := f.seriesOf(ft.signal), f.hour()
	b := Baseline{Signal: ft.signal}
	at := func(h Date) time.Time { return time.Unix(int64(h)*3600, 0).In(f.zone) }
	until := func(h Date) {
		b.Window = &HourWindow{ft.hours, at(h - Date(ft.hours)), at(h)}
		b.From, b.To = hourDay(h-Date(ft.hours), f.zone), hourDay(h-1, f.zone)
	}
	until(to)
	if r := f.overHours(ft, s); !r.gap.known() {
		b.Gap, b.Missing = r.gap, r.gap.String()
		return b
	}
	l := f.learnHours(ft, s)
	begin := l.n - ft.hours
	st, _ := l.compare(begin, l.n, ft.weeks)
	if ft.op == opSpike {
		now, _ := l.untilNow(begin+1, ft.weeks)
		if l.running() {
			now.actual += l.values[l.n]
		}
		if over := ft.spikeOf(st); over == 1 || ft.spikeOf(now) >= 0.99*over { // of two alike, the later
			st, begin = now, begin+1
			until(to + 1)
		}
	}
	b.Expected, b.Actual = st.expected, st.actual
	deviations := ft.hoursOff()
	b.Low = math.Max(0, st.atOff(-deviations))
	judged := st
	judged.expected += leastUnseen
	b.High = judged.atOff(deviations)
	b.Used, b.LeftOut = f.hourDays(l, begin)
	if ft.judged() {
		b.Alarms = ft.hourSurprise(st)
	}
	return b
}

// hourSurprise is Facts.Surprise of a window of hours.
func (ft *feature) hourSurprise(s hourStretch) float64 {
	off := -s.off()
	if ft.op == opSpike {
		s.expected += leastUnseen
		off = s.off()
	}
	if off <= 0 {
		return alarmsMost
	}
	return ft.hoursAlarmsAYear(off)
}

// hourDays lists the days whose hours a window was compared with, and those that were
// left out.
func (f *Facts) hourDays(l *hourLearner, begin int) (used []Date, out []LeftOut) {
	for i := max(0, begin-hourWeeks*hoursOfWeek); i < begin; {
		day, known := hourDay(l.from+Date(i), l.zone), 0
		for ; i < begin && hourDay(l.from+Date(i), l.zone) == day; i++ {
			if v := l.values[i]; v == v {
				known++
			}
		}
		switch why := f.whyOff(day); {
		case known > 0:
			used = append(used, day)
		case why != "":
			out = append(out, leaveOut(day, why))
		default:
			out = append(out, leaveOut(day, "no data"))
		}
	}
	return used, out
}

// seriesOf returns the account's series of a signal, or nil.
func (f *Facts) seriesOf(signal string) *series {
	if f.history == nil {
		return nil
	}
	return f.history.find(signal)
}
