package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// maxValue bounds what a bucket may hold: whole numbers below it are exact.
const maxValue = 1e15

// A History is all series of one account: daily buckets in the account's zone
// for 400 days, hourly ones for 48 hours, of an hourly signal for eight weeks more. The zero History is empty and ready.
// It is not safe for use by several goroutines at once.
//
// When an account moves to another time zone its buckets stay as they were dated,
// and what comes after is dated by the new zone: the day of the move is a few
// hours longer or shorter, and no number is counted twice.
type History struct {
	series []named // sorted by name
	memo   memo
}

// A named is a series with its signal's name.
type named struct {
	name string
	*series
}

// find returns the series of a signal, or nil. An account has few, so that looking at
// each is faster than a map.
func (h *History) find(signal string) *series {
	for i := range h.series {
		if h.series[i].name == signal {
			return h.series[i].series
		}
	}
	return nil
}

// A Change is what one signal did to a History.
type Change struct {
	Signal string
	Day    Date    // the bucket, in the account's zone
	Late   bool    // the bucket's day was already over
	Before float64 // the bucket's value; NaN where the day had no data
	After  float64
}

// A DayValue is one day's bucket.
type DayValue struct {
	Date  Date    `json:"date"`
	Value float64 `json:"value"`
}

// An HourValue is one hour's bucket.
type HourValue struct {
	Hour  time.Time `json:"hour"`
	Value float64   `json:"value"`
}

// Apply adds one signal. now is its time of arrival (business time); loc is the
// account's zone, UTC where nil. An error means that nothing changed, and says
// what is wrong with the signal.
//
// A count adds to its day's bucket. A gauge's bucket is the value latest by time,
// among equals the one to arrive last. A unique signal's bucket is how many
// distinct users came. Mode "set" replaces the bucket of its day, whatever came
// before; what arrives without it later adds to the replaced value. Where a gauge
// is split by its dimension, the whole is the sum of what its values hold.
func (h *History) Apply(sig Signal, def SignalDef, loc *time.Location, now time.Time) (Change, error) {
	if loc == nil {
		loc = time.UTC
	}
	at := sig.At
	if at.IsZero() {
		at = now
	}
	if err := checkSignal(&sig, &def, at, now); err != nil {
		return Change{}, err
	}
	s := h.of(def.Name, def.Kind)
	if s == nil {
		return Change{}, fmt.Errorf("signal %s: its series is of kind %s, not %s; give the signal another name to change its kind", sig.Signal, h.find(sig.Signal).kind, def.Kind)
	}
	p := pointOf(at, loc)
	today := p.day
	if !at.Equal(now) {
		today = pointOf(now, loc).day
	}
	change := Change{Signal: sig.Signal, Day: p.day, Late: p.day < today, Before: s.look(sig.By).at(p.day)}
	if err := s.put(&sig, p, loc, def.Hourly); err != nil {
		return Change{}, err
	}
	change.After = s.look(sig.By).at(p.day)
	if s.hourly != nil && sig.Mode != "set" && at.Unix() >= s.until {
		s.hourly.noteLag(at, now)
	}
	s.noteArrival(at, p.day, now)
	if s.kind == Gauge || change.After != change.Before { // of a gauge, an hour may have changed and the day not
		s.version++
		if p.day <= s.over || change.Late {
			s.past++
		}
	}
	s.trim(today)
	return change, nil
}

// checkSignal says what is wrong with a signal, whatever the account.
func checkSignal(sig *Signal, def *SignalDef, at, now time.Time) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("signal %s: %s", sig.Signal, fmt.Sprintf(format, args...))
	}
	switch {
	case sig.Signal != def.Name:
		return bad("was matched with the declaration of %s", def.Name)
	case math.IsNaN(sig.Value) || math.IsInf(sig.Value, 0):
		return bad("value is not a number")
	case math.Abs(sig.Value) > maxValue:
		return bad("value %g is beyond ±1e15", sig.Value)
	case sig.Mode != "" && sig.Mode != "set":
		return bad(`mode %q: want "set", or none to add`, sig.Mode)
	case def.Kind != Gauge && sig.Value < 0:
		return bad(`value %g is negative; correct a day's %s with "mode": "set"`, sig.Value, def.Kind)
	case def.Kind == Unique && sig.User == "" && sig.Mode != "set":
		return bad(`has no "user"; a unique signal counts distinct users`)
	case sig.By != "" && def.Dimension == "":
		return bad(`has "by" %q, but no dimension is declared for it`, sig.By)
	case len(sig.By) > 200:
		return bad(`"by" is longer than 200 bytes`)
	case now.Sub(at) > (KeepDays-1)*24*time.Hour && at.Before(now.AddDate(0, 0, -KeepDays)):
		return bad("happened on %s, more than %d days ago", at.UTC().Format(time.DateOnly), KeepDays)
	case at.After(now.Add(24 * time.Hour)):
		return bad("happened at %s, more than a day from now", at.UTC().Format(time.RFC3339))
	}
	return nil
}

// A point is where in a series a signal belongs.
type point struct {
	day    Date
	minute int
	hour   int64
}

// pointOf returns where in a zone a time falls.
func pointOf(at time.Time, loc *time.Location) point {
	local := at.In(loc)
	_, offset := local.Zone()
	seconds := local.Unix() + int64(offset)
	day := floorDiv(seconds, 86400)
	return point{Date(day), int(seconds-day*86400) / 60, floorDiv(at.Unix(), 3600)}
}

// of returns the series of a signal, made where there is none, or nil where there
// is one of another kind.
func (h *History) of(signal string, kind Kind) *series {
	s := h.find(signal)
	if s == nil {
		s = &series{kind: kind}
		i, _ := slices.BinarySearchFunc(h.series, signal, func(n named, name string) int { return strings.Compare(n.name, name) })
		h.series = slices.Insert(h.series, i, named{signal, s})
	}
	if s.kind != kind {
		return nil
	}
	return s
}

// look returns the row of a value for reading; an unknown value has an empty one.
func (s *series) look(by string) *dayRow {
	if by == "" {
		return &s.total
	}
	if r := s.by[by]; r != nil {
		return r
	}
	if r := s.by[OtherBy]; r != nil && len(s.by) >= MaxBy {
		return r
	}
	return &dayRow{}
}

// put changes the buckets.
func (s *series) put(sig *Signal, p point, loc *time.Location, hourly bool) error {
	if s.kind == Gauge {
		s.putGauge(sig, p)
		return nil
	}
	more := sig.Value
	if s.kind == Unique && sig.Mode != "set" {
		var ok bool
		if more, ok = s.users.add(sig.User, p.day); !ok {
			return fmt.Errorf(`signal %s: %s is more than %d days before what is known of this user; send old days first, or as "mode": "set"`, sig.Signal, p.day, userDays-1)
		}
	}
	if sig.Mode == "set" {
		before := s.look(sig.By).at(p.day)
		more = sig.Value - orZero(before)
	}
	total := orZero(s.total.at(p.day)) + more
	if math.Abs(total) > maxValue {
		return fmt.Errorf("signal %s: the day's sum is beyond 1e15", sig.Signal)
	}
	if sig.Mode != "set" {
		s.coverHours(hourly, Date(p.hour), loc)
	} else {
		from, to := floorDiv(p.day.In(loc).Unix(), 3600), floorDiv((p.day+1).In(loc).Unix(), 3600)
		s.coverHours(hourly, Date(from), loc)
		s.dropHours(from, to)
		s.correct(Date(from), Date(to), max(0, total))
	}
	if sig.By != "" {
		r := s.row(sig.By)
		r.set(p.day, orZero(r.at(p.day))+more, 0, false)
	}
	s.total.set(p.day, max(0, total), 0, false)
	if sig.Mode != "set" && more != 0 {
		s.addHour(p.hour, more)
	}
	return nil
}

// putGauge sets a gauge's bucket unless it holds a later value of the day.
func (s *series) putGauge(sig *Signal, p point) {
	r := s.row(sig.By)
	if sig.Mode != "set" && r.minute(p.day) > p.minute {
		return
	}
	minute := p.minute
	if sig.Mode == "set" {
		minute = 0 // what comes later that day stands
	}
	r.set(p.day, sig.Value, minute, true)
	if sig.By != "" {
		s.addUp(p.day, minute)
	}
	s.addHour(p.hour, s.total.at(p.day))
}

// noteArrival keeps how far the feed has come.
func (s *series) noteArrival(at time.Time, day Date, now time.Time) {
	if u := at.Unix(); u >= s.until || s.untilDay == 0 {
		s.until, s.untilDay = u, day
	}
	s.arrived = max(s.arrived, now.Unix())
}

// trim forgets what is older than is kept.
func (s *series) trim(today Date) {
	s.cut = max(s.cut, today-KeepDays)
	s.total.trim(today - KeepDays)
	for by, r := range s.by {
		if !r.trim(today - KeepByDays) {
			delete(s.by, by)
		}
	}
}

// Days returns the buckets of a signal (of one value of its dimension where by is
// not empty) from one day to another, both included, oldest first. A day without
// data is absent, not zero.
func (h *History) Days(signal, by string, from, to Date) []DayValue {
	s := h.find(signal)
	if s == nil {
		return nil
	}
	r := s.look(by)
	var days []DayValue
	for d := max(from, r.from); d <= to && d < r.end(); d++ {
		if v := r.at(d); !math.IsNaN(v) {
			days = append(days, DayValue{d, v})
		}
	}
	return days
}

// Hours returns the hourly buckets of a signal since the given time, oldest first: those
// that came within 48 hours before the latest, and of an hourly signal also those of the
// eight weeks before, but for hours in which nothing came or of which only the sum of
// their day is known.
func (h *History) Hours(signal string, since time.Time) []HourValue {
	s := h.find(signal)
	if s == nil {
		return nil
	}
	at := func(hour Date) time.Time { return time.Unix(int64(hour)*3600, 0).UTC() }
	var hours []HourValue
	if p := s.hourly; p != nil {
		from := max(p.since, Date(floorDiv(since.Unix()+3599, 3600)))
		for i, v := range s.readHours(nil, from, max(from, p.end, s.hours.end())) {
			if v > 0 {
				hours = append(hours, HourValue{at(from + Date(i)), v})
			}
		}
		return hours
	}
	for i := range s.hours.len() {
		v := s.hours.get(i)
		if t := at(s.hours.from + Date(i)); !t.Before(since) && !math.IsNaN(v) {
			hours = append(hours, HourValue{t, v})
		}
	}
	return hours
}

// HoursSince returns since when all hours of an hourly signal are known, but for those of
// corrected days; the zero time where the signal is not hourly.
func (h *History) HoursSince(signal string) time.Time {
	s := h.find(signal)
	if s == nil || s.hourly == nil {
		return time.Time{}
	}
	return time.Unix(int64(s.hourly.since)*3600, 0).UTC()
}

// By returns the values that a signal's dimension has taken, sorted.
func (h *History) By(signal string) []string {
	s := h.find(signal)
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.by))
}

// LastArrival returns when something of the signal last arrived, or the zero time.
func (h *History) LastArrival(signal string) time.Time {
	s := h.find(signal)
	if s == nil {
		return time.Time{}
	}
	return time.Unix(s.arrived, 0).UTC()
}

// Signals returns the names of the signals that have a series, sorted.
func (h *History) Signals() []string {
	names := make([]string, len(h.series))
	for i, s := range h.series {
		names[i] = s.name
	}
	return names
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
