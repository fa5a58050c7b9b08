package rules

import "math"

// How long buckets are kept.
const (
	KeepDays   = 400 // daily buckets of a signal
	KeepByDays = 120 // daily buckets of one value of its dimension: eight weeks, the window judged, and some slack
	KeepHours  = 48
)

// MaxBy is how many values of a dimension an account has its own buckets for; what
// comes after is added up under OtherBy.
const (
	MaxBy   = 64
	OtherBy = "other"
)

// A dayRow is consecutive daily buckets. Absent ones are NaN. For gauges each
// bucket has the minute of its day at which its value was taken, so that of late
// data the last by time stands, not the last to arrive.
type dayRow struct {
	from    Date
	values  []float64
	minutes []int16 // nil but for gauges
}

// at returns the bucket of a day, NaN where there is none.
func (r *dayRow) at(d Date) float64 {
	i := int(d - r.from)
	if i < 0 || i >= len(r.values) {
		return math.NaN()
	}
	return r.values[i]
}

// minute returns at which minute of the day its value was taken, -1 if it has none.
func (r *dayRow) minute(d Date) int {
	i := int(d - r.from)
	if i < 0 || i >= len(r.minutes) || math.IsNaN(r.values[i]) {
		return -1
	}
	return int(r.minutes[i])
}

// set puts a value into a day's bucket, making room before or after.
func (r *dayRow) set(d Date, v float64, minute int, gauge bool) {
	if len(r.values) == 0 {
		r.from = d
	}
	for ; r.from > d; r.from-- {
		r.values = append(r.values, 0)
		copy(r.values[1:], r.values)
		r.values[0] = math.NaN()
		if gauge {
			r.minutes = append(r.minutes, 0)
			copy(r.minutes[1:], r.minutes)
			r.minutes[0] = 0
		}
	}
	for int(d-r.from) >= len(r.values) {
		r.values = append(r.values, math.NaN())
		if gauge {
			r.minutes = append(r.minutes, 0)
		}
	}
	r.values[d-r.from] = v
	if gauge {
		r.minutes[d-r.from] = int16(minute)
	}
}

// trim forgets buckets before a day and returns whether any is left.
func (r *dayRow) trim(before Date) bool {
	cut := clamp(int(before-r.from), 0, len(r.values))
	for cut < len(r.values) && math.IsNaN(r.values[cut]) {
		cut++
	}
	if cut > 0 {
		r.values = append(r.values[:0], r.values[cut:]...)
		if r.minutes != nil {
			r.minutes = append(r.minutes[:0], r.minutes[cut:]...)
		}
		r.from += Date(cut)
	}
	return len(r.values) > 0
}

// end returns the day after the last bucket.
func (r *dayRow) end() Date { return r.from + Date(len(r.values)) }

// held returns the last value at or before a day and the day it was taken.
func (r *dayRow) held(d Date) (float64, Date) {
	for day := min(d, r.end()-1); day >= r.from; day-- {
		if v := r.at(day); !math.IsNaN(v) {
			return v, day
		}
	}
	return math.NaN(), 0
}

// A series is one account's buckets of one signal.
type series struct {
	kind  Kind
	total dayRow
	by    map[string]*dayRow
	hours []hourBucket // ascending
	users users        // of a unique signal

	until    int64 // Unix seconds of the latest At
	untilDay Date  // the bucket that one fell into
	arrived  int64 // Unix seconds of the last arrival

	version uint32 // grows with every change
	past    uint32 // grows with changes of days that were over
}

type hourBucket struct {
	hour  int64 // Unix hours
	value float64
}

// addHour puts a value into an hourly bucket and forgets old ones.
func (s *series) addHour(hour int64, v float64) {
	i := len(s.hours)
	for i > 0 && s.hours[i-1].hour > hour {
		i--
	}
	switch {
	case i > 0 && s.hours[i-1].hour == hour && s.kind == Gauge:
		s.hours[i-1].value = v
	case i > 0 && s.hours[i-1].hour == hour:
		s.hours[i-1].value += v
	case len(s.hours) > 0 && hour <= s.hours[len(s.hours)-1].hour-KeepHours:
		return
	default:
		s.hours = append(s.hours, hourBucket{})
		copy(s.hours[i+1:], s.hours[i:])
		s.hours[i] = hourBucket{hour, v}
	}
	oldest := s.hours[len(s.hours)-1].hour - KeepHours
	cut := 0
	for s.hours[cut].hour <= oldest {
		cut++
	}
	s.hours = append(s.hours[:0], s.hours[cut:]...)
}

// dropHours forgets the hourly buckets of a stretch of time.
func (s *series) dropHours(from, to int64) {
	kept := s.hours[:0]
	for _, b := range s.hours {
		if b.hour < from || b.hour >= to {
			kept = append(kept, b)
		}
	}
	s.hours = kept
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
