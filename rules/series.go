package rules

import "math"

// How long buckets are kept.
const (
	KeepDays   = 400 // daily buckets of a signal
	KeepByDays = 120 // daily buckets of one value of its dimension: eight weeks, the window judged, and some slack
	KeepHours  = 48  // hourly ones; of an hourly signal also KeepHourly
)

// MaxBy is how many values of a dimension an account has its own buckets for; what
// comes after is added up under OtherBy.
const (
	MaxBy   = 64
	OtherBy = "other"
)

// A series is one account's buckets of one signal.
type series struct {
	// What every judgement reads comes first, in this order, so that few lines of memory
	// are waited for: of an account with nothing new the first two.
	stamp    stamp      // as of what cells were asked for
	version  uint32     // grows with every change
	past     uint32     // grows with changes of days that were over
	untilDay Date       // the bucket that the latest At fell into
	over     Date       // the last day that features have read as one that is over
	cut      Date       // days before it have been forgotten, 0 where none have since it was read
	out      []Span     // the account's days that outages of the feed touch; cells are worked out by them
	cells    []memoCell // features of the series
	total    dayRow
	hourly   *hourPast // older hours than those of the last two days, of an hourly signal
	kind     Kind

	by      map[string]*dayRow
	users   users  // of a unique signal
	hours   dayRow // of the last two days; its dates are hours since 1970
	until   int64  // Unix seconds of the latest At
	arrived int64  // Unix seconds of the last arrival
}

// addHour puts a value into an hourly bucket and forgets old ones. The row's days are
// hours since 1970.
func (s *series) addHour(hour int64, v float64) {
	h := Date(hour)
	if s.hourly != nil {
		s.addHourly(h, v)
		return
	}
	if s.hours.len() > 0 && h <= s.hours.end()-1-KeepHours {
		return
	}
	if h >= s.hours.end()+KeepHours {
		s.hours = dayRow{}
	}
	if before := s.hours.at(h); s.kind != Gauge && !math.IsNaN(before) {
		v += before
	}
	s.hours.set(h, v, 0, false)
	s.hours.trim(s.hours.end() - KeepHours)
}

// dropHours forgets the hourly buckets of a stretch of time.
func (s *series) dropHours(from, to int64) {
	r := &s.hours
	for h := max(Date(from), r.from); h < min(Date(to), r.end()); h++ {
		r.clear(int(h - r.from))
	}
	for r.len() > 0 && math.IsNaN(r.get(r.len()-1)) {
		r.values = r.values[:len(r.values)-1<<r.shift]
	}
	r.trim(r.from)
}

// row returns the buckets of one value of the dimension, or of the whole signal
// where by is empty. Values past MaxBy share the row OtherBy.
func (s *series) row(by string) *dayRow {
	if by == "" {
		return &s.total
	}
	if r := s.by[by]; r != nil {
		return r
	}
	if len(s.by) >= MaxBy && by != OtherBy {
		return s.row(OtherBy)
	}
	if s.by == nil {
		s.by = map[string]*dayRow{}
	}
	r := &dayRow{}
	s.by[by] = r
	return r
}

// addUp makes the total of a split gauge from day on what its values add up to.
func (s *series) addUp(day Date, minute int) {
	last := max(day, s.total.end()-1)
	for d := day; d <= last; d++ {
		if d != day && math.IsNaN(s.total.at(d)) {
			continue
		}
		sum := 0.0
		for _, r := range s.by {
			if v, _ := r.held(d); !math.IsNaN(v) {
				sum += v
			}
		}
		s.total.set(d, sum, max(minute, s.total.minute(d)), true)
	}
}
