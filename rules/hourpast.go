package rules

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// KeepHourly is for how many hours the hours of an hourly signal are kept, beside the
// latest KeepHours: eight weeks, from which the hours of a week are learnt.
const KeepHourly = 8 * hoursOfWeek

const (
	hoursOfWeek = 7 * 24
	foldEvery   = 24 // as many hours at once go from the latest to the packed ones
)

// An hourPast holds the older hours of an hourly signal: as they came, so that late data
// and corrections change what is learnt, and holidays, outages and the account's time
// zone are looked up when it is. Hours are counted in UTC since 1970, so that days on
// which the clocks change have 23 or 25 of them.
//
// An hour takes half a byte up to 12, and eight hours of silence take one: about 50
// bytes a week of an account that brings a few each working hour.
type hourPast struct {
	since     Date // before it nothing is known of hours
	from, end Date // the hours that are packed: from up to end
	packed    []byte
	unsure    []Span // hours of corrected days: only the sum of the day is known; in order, not touching
	lag       int16  // minutes after its time that the latest signal arrived

	// What features remember, see hourly.go.
	asked   Date   // the latest hour that was asked for
	through Date   // and the hour in which the feed had last been heard of,
	over    Date   // and the one before which all is known by the feed's lag
	changed uint32 // grows with changes of hours before it
	out     []Span // hours of outages
	cells   []hourCell
}

// coverHours begins to keep a series' hours, at the first signal that comes of it as an
// hourly one, and ends it where it is one no longer. What came before counted into days
// alone. An account's earliest data may still come later, as imports do from the newest
// day on.
//
// h is the first hour of what comes: of a day that is set, the first of the day.
func (s *series) coverHours(hourly bool, h Date, loc *time.Location) {
	switch {
	case !hourly:
		s.hourly = nil
	case s.hourly == nil:
		past := &hourPast{since: h, from: h, end: h}
		if s.hours.len() > 0 {
			past.since, past.from, past.end = s.hours.end(), s.hours.from, s.hours.from
		} else if s.total.len() > 0 {
			past.since = max(h, (s.total.end()-1).lastHour(loc)+1)
		}
		s.hourly = past
	case h < s.hourly.since && s.total.len() > 0 && s.total.from >= hourDay(s.hourly.since, loc):
		s.hourly.since = h
	}
}

// hourDay returns the local day that an hour belongs to: the one of its middle.
func hourDay(h Date, loc *time.Location) Date {
	return DateOf(time.Unix(int64(h)*3600+1800, 0).In(loc))
}

// lastHour returns the last hour that a local day touches.
func (d Date) lastHour(loc *time.Location) Date {
	return Date(floorDiv((d+1).In(loc).Unix()-1, 3600))
}

// longestLag is after how long a signal is of the past, as of an import, and tells nothing
// of how late its feed is.
const longestLag = 24 * time.Hour

// noteLag notes how late a signal arrives that is the latest by its time.
func (p *hourPast) noteLag(at, now time.Time) {
	if lag := now.Sub(at); lag < longestLag {
		p.lag = int16(max(0, lag+time.Minute-1) / time.Minute)
	}
}

// addHourly is addHour of an hourly signal.
func (s *series) addHourly(h Date, v float64) {
	p := s.hourly
	p.touch(h)
	latest := max(h, s.hours.end()-1, p.end-1)
	if h < p.since || h < latest-KeepHours-KeepHourly {
		return
	}
	if h < p.end {
		p.change(h, h+1, latest, func(before float64) float64 { return before + v })
		return
	}
	if latest >= p.end+KeepHours+foldEvery {
		s.foldHours(latest)
	}
	if h < p.end { // it alone is so old
		p.change(h, h+1, latest, func(before float64) float64 { return before + v })
		return
	}
	s.hours.set(h, v+orZero(s.hours.at(h)), 0, false)
}

// touch notes that an hour changes.
func (p *hourPast) touch(h Date) {
	if h < p.asked {
		p.changed++
	}
}

// foldHours packs all hours but the latest KeepHours.
func (s *series) foldHours(latest Date) {
	p, end := s.hourly, latest+1-KeepHours
	var values []float64
	begin := max(p.end, end-KeepHourly)
	if begin == p.end {
		values = p.read(nil, p.from, p.end)
	}
	for h := begin; h < end; h++ {
		values = append(values, orZero(s.hours.at(h)))
	}
	p.end = end
	p.pack(values, latest)
	if s.hours.end() <= end {
		s.hours = dayRow{}
		return
	}
	s.hours.trim(end)
}

// change makes the packed hours from one up to another what f says.
func (p *hourPast) change(from, to, latest Date, f func(float64) float64) {
	to = min(to, p.end)
	if from >= to {
		return
	}
	var values []float64
	if from < p.from {
		values = make([]float64, p.from-from)
		values = p.read(values, p.from, p.end)
		p.from = from
	} else {
		values = p.read(nil, p.from, p.end)
	}
	for h := from; h < to; h++ {
		values[h-p.from] = f(values[h-p.from])
	}
	p.pack(values, latest)
}

// pack writes the values of the hours up to end, and forgets those that are too old.
func (p *hourPast) pack(values []float64, latest Date) {
	oldest := latest - KeepHours - KeepHourly
	p.from = p.end - Date(len(values))
	if cut := clamp(int(oldest-p.from), 0, len(values)); cut > 0 {
		values, p.from = values[cut:], p.from+Date(cut)
	}
	p.forget(oldest)
	p.packed = packHours(values)
}

// forget makes nothing known of the hours before one.
func (p *hourPast) forget(before Date) {
	p.since = max(p.since, before)
	p.clip()
}

// clip takes what is not known anyway out of the hours of corrected days.
func (p *hourPast) clip() {
	p.unsure = slices.DeleteFunc(p.unsure, func(s Span) bool { return s.To < p.since })
	if len(p.unsure) > 0 {
		p.unsure[0].From = max(p.unsure[0].From, p.since)
	}
}

// correct notes that the day of these hours was set to a sum: how it came hour by hour is
// not known, unless it is zero.
func (s *series) correct(from, to Date, sum float64) {
	p := s.hourly
	if p == nil {
		return
	}
	p.touch(from)
	latest := max(to, s.hours.end(), p.end) - 1
	if latest >= p.end+KeepHours+foldEvery {
		s.foldHours(latest)
	}
	p.forget(latest - KeepHours - KeepHourly)
	from = max(from, p.since)
	if from >= to {
		return
	}
	var kept []Span
	for _, u := range p.unsure { // the corrected day is taken out of them first
		if u.From < from {
			kept = append(kept, Span{u.From, min(u.To, from-1)})
		}
		if u.To >= to {
			kept = append(kept, Span{max(u.From, to), u.To})
		}
	}
	if sum == 0 {
		p.unsure = kept
		p.change(max(from, p.from), to, latest, func(float64) float64 { return 0 })
		return
	}
	kept = append(kept, Span{from, to - 1})
	slices.SortFunc(kept, func(a, b Span) int { return int(a.From) - int(b.From) })
	p.unsure = nil
	for _, u := range kept {
		if n := len(p.unsure); n > 0 && p.unsure[n-1].To+1 >= u.From {
			p.unsure[n-1].To = max(p.unsure[n-1].To, u.To)
			continue
		}
		p.unsure = append(p.unsure, u)
	}
}

// readHours appends what came in the hours from one up to another; NaN where that is not
// known.
func (s *series) readHours(into []float64, from, to Date) []float64 {
	p := s.hourly
	begin := len(into)
	into = p.read(into, from, min(to, p.end))
	for h := from + Date(len(into)-begin); h < to; h++ {
		into = append(into, orZero(s.hours.at(h)))
	}
	for h := from; h < min(to, p.since); h++ {
		into[begin+int(h-from)] = math.NaN()
	}
	for _, u := range p.unsure {
		for h := max(from, u.From); h <= min(to-1, u.To); h++ {
			into[begin+int(h-from)] = math.NaN()
		}
	}
	return into
}

// read appends the packed hours from one up to another; those before the first are zero.
func (p *hourPast) read(into []float64, from, to Date) []float64 {
	for ; from < min(to, p.from); from++ {
		into = append(into, 0)
	}
	r := nibbles{data: p.packed}
	for h := p.from; h < to; h++ {
		v, _ := r.next()
		if h >= from {
			into = append(into, v)
		}
	}
	return into
}

// Packed hours are half-bytes, the high one of a byte first: 1 to 12 is that number; 0
// and n are n+1 hours of zero; 13 and two more are 13 and on, 14 and four more 269 and
// on; 15 and sixteen more are a float64.
const (
	packed1 = 13
	packed2 = packed1 + 1<<8
	packed4 = packed2 + 1<<16
)

func packHours(values []float64) []byte {
	var w nibbleWriter
	for i := 0; i < len(values); i++ {
		v := values[i]
		switch whole := v == math.Trunc(v) && v >= 0 && v < packed4; {
		case v == 0:
			run := 1
			for run < 16 && i+run < len(values) && values[i+run] == 0 {
				run++
			}
			w.put(0, 1)
			w.put(uint64(run-1), 1)
			i += run - 1
		case !whole:
			w.put(15, 1)
			w.put(math.Float64bits(v), 16)
		case v < packed1:
			w.put(uint64(v), 1)
		case v < packed2:
			w.put(13, 1)
			w.put(uint64(v)-packed1, 2)
		default:
			w.put(14, 1)
			w.put(uint64(v)-packed2, 4)
		}
	}
	return slices.Clip(w.data)
}

type nibbleWriter struct {
	data []byte
	half bool // of the last byte the low half is free
}

// put writes the lowest n half-bytes of v, the highest of them first.
func (w *nibbleWriter) put(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		one := byte(v>>(4*i)) & 15
		if w.half {
			w.data[len(w.data)-1] |= one
		} else {
			w.data = append(w.data, one<<4)
		}
		w.half = !w.half
	}
}

// nibbles reads what nibbleWriter wrote.
type nibbles struct {
	data  []byte
	at    int // in half-bytes
	zeros int // still to come
}

// next returns the next hour; ok is false where there is none.
func (r *nibbles) next() (v float64, ok bool) {
	if r.zeros > 0 {
		r.zeros--
		return 0, true
	}
	first, ok := r.take(1)
	switch {
	case !ok:
		return 0, false
	case first == 0:
		n, ok := r.take(1)
		r.zeros = int(n)
		return 0, ok
	case first == 13:
		n, ok := r.take(2)
		return float64(n + packed1), ok
	case first == 14:
		n, ok := r.take(4)
		return float64(n + packed2), ok
	case first == 15:
		bits, ok := r.take(16)
		return math.Float64frombits(bits), ok
	}
	return float64(first), true
}

func (r *nibbles) take(n int) (v uint64, ok bool) {
	if r.at+n > 2*len(r.data) {
		return 0, false
	}
	for range n {
		b := r.data[r.at/2]
		if r.at%2 == 0 {
			b >>= 4
		}
		v = v<<4 | uint64(b&15)
		r.at++
	}
	return v, true
}

// appendHourly writes the older hours of a series.
func appendHourly(b []byte, p *hourPast) []byte {
	if p == nil {
		return append(b, 0)
	}
	if p.lag == 0 {
		b = append(b, 1)
	} else {
		b = binary.AppendUvarint(append(b, 2), uint64(p.lag))
	}
	b = binary.AppendVarint(b, int64(p.end))
	b = binary.AppendVarint(b, int64(p.end-p.since))
	b = binary.AppendUvarint(b, uint64(p.end-p.from))
	b = binary.AppendUvarint(b, uint64(len(p.packed)))
	b = append(b, p.packed...)
	b = binary.AppendUvarint(b, uint64(len(p.unsure)))
	for _, u := range p.unsure {
		b = binary.AppendVarint(b, int64(p.end-u.From))
		b = binary.AppendUvarint(b, uint64(u.To-u.From))
	}
	return b
}

// hourly reads what appendHourly wrote.
func (r *reader) hourly() *hourPast {
	p := &hourPast{}
	switch r.byte() {
	case 0:
		return nil
	case 2:
		p.lag = int16(r.count(int(longestLag / time.Minute)))
	}
	p.end = r.hour()
	p.since = p.end - r.hours32()
	n := r.count(KeepHours + KeepHourly + foldEvery)
	p.from = p.end - Date(n)
	p.packed = slices.Clone(r.take(r.count(len(r.data))))
	packed := nibbles{data: p.packed}
	for range n {
		if v, ok := packed.next(); !ok || math.IsNaN(v) || v < 0 || v > maxValue*(MaxBy+1) {
			r.bad = true
			return nil
		}
	}
	if packed.zeros > 0 || packed.at < 2*len(p.packed)-1 {
		r.bad = true
	}
	for range r.count(KeepHours + KeepHourly) {
		from := p.end - r.hours32()
		u := Span{from, from + Date(r.count(longestUnsure))}
		if k := len(p.unsure); k > 0 && p.unsure[k-1].To+1 >= u.From {
			r.bad = true
		}
		p.unsure = append(p.unsure, u)
		if r.bad {
			return nil
		}
	}
	p.clip()
	return p
}

// longestUnsure bounds the hours of corrected days on end that are read: programs once
// wrote more of them than are kept.
const longestUnsure = 2 * KeepDays * 24

// hour reads an hour since 1970.
func (r *reader) hour() Date {
	v := r.varint()
	if v < int64(MinDate)*24 || v > int64(MaxDate)*24 {
		r.bad = true
		return 0
	}
	return Date(v)
}

// hours32 reads a number of hours, of either sign, that an hour can be moved by.
func (r *reader) hours32() Date {
	v := r.varint()
	if v < -2*KeepDays*24 || v > 2*KeepDays*24 {
		r.bad = true
		return 0
	}
	return Date(v)
}
