package rules

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unique"
)

// The first byte of a written History: of one with hourly signals, which programs before
// them cannot read; of one in which they are late, likewise; and of any other.
const (
	historyFormat = 1
	hourlyFormat  = 2
	lagFormat     = 3
)

var errCorrupt = errors.New("the bytes are cut off or corrupt")

// MarshalBinary writes the History in a compact, versioned form: about 600 bytes
// for 400 days of two-digit counts.
func (h *History) MarshalBinary() ([]byte, error) {
	format := byte(historyFormat)
	for _, s := range h.series {
		if s.hourly != nil && s.hourly.lag > 0 {
			format = lagFormat
		} else if s.hourly != nil {
			format = max(format, hourlyFormat)
		}
	}
	b := []byte{format}
	b = binary.AppendUvarint(b, uint64(len(h.series)))
	for _, s := range h.series {
		b = appendText(b, s.name)
		b = append(b, kindByte(s.kind))
		b = binary.AppendVarint(b, s.until)
		b = binary.AppendVarint(b, int64(s.untilDay))
		b = binary.AppendVarint(b, s.arrived)
		b = appendRow(b, &s.total)
		b = binary.AppendUvarint(b, uint64(len(s.by)))
		for _, by := range slices.Sorted(maps.Keys(s.by)) {
			b = appendText(b, by)
			b = appendRow(b, s.by[by])
		}
		b = appendHours(b, &s.hours)
		if format >= hourlyFormat {
			b = appendHourly(b, s.hourly)
		}
		b = appendUsers(b, &s.users)
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote. Corrupt bytes give an error and
// leave the History as it was.
func (h *History) UnmarshalBinary(data []byte) error {
	r := reader{data: data}
	if r.format = r.byte(); !r.bad && (r.format < historyFormat || r.format > lagFormat) {
		return fmt.Errorf("series: written in format %d, this program reads up to %d", r.format, lagFormat)
	}
	n := r.count(len(data))
	all := make([]named, 0, min(n, 64))
	for range n {
		name := unique.Make(r.text()).Value() // all accounts share a signal's name
		s := r.series()
		if len(all) > 0 && all[len(all)-1].name >= name {
			r.bad = true
		}
		if r.bad {
			break
		}
		all = append(all, named{name, s})
	}
	if r.bad || len(r.data) != 0 {
		return fmt.Errorf("series: %w", errCorrupt)
	}
	*h = History{series: all}
	return nil
}

func kindByte(k Kind) byte { return byte(slices.Index([]Kind{Count, Gauge, Unique}, k)) }

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendValue writes a whole number as a varint and others as eight bytes. Codes
// 0 and 1 are free for the caller: 1 is taken for "eight bytes follow".
func appendValue(b []byte, v float64) []byte {
	if v != math.Trunc(v) || math.Abs(v) > maxValue || v == 0 && math.Signbit(v) {
		return binary.BigEndian.AppendUint64(binary.AppendUvarint(b, 1), math.Float64bits(v))
	}
	n := int64(v)
	return binary.AppendUvarint(b, uint64(n<<1^n>>63)+2)
}

// appendRow writes the first day, the number of days, and the buckets; code 0 and
// a count stand for that many absent ones.
func appendRow(b []byte, r *dayRow) []byte {
	n := r.len()
	b = binary.AppendUvarint(b, uint64(n))
	if n == 0 {
		return b
	}
	b = binary.AppendVarint(b, int64(r.from))
	for i := 0; i < n; i++ {
		if v := r.get(i); !math.IsNaN(v) {
			b = appendValue(b, v)
			if r.minutes != nil {
				b = binary.AppendUvarint(b, uint64(r.minutes[i]))
			}
			continue
		}
		run := 1
		for i+run < n && math.IsNaN(r.get(i+run)) {
			run++
		}
		b = binary.AppendUvarint(append(b, 0), uint64(run))
		i += run - 1
	}
	return b
}

// appendHours writes the present hours, each by its distance from the one before.
func appendHours(b []byte, r *dayRow) []byte {
	n := 0
	for i := range r.len() {
		if !math.IsNaN(r.get(i)) {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	last := Date(0)
	for i := range r.len() {
		if v := r.get(i); !math.IsNaN(v) {
			hour := r.from + Date(i)
			b = binary.AppendVarint(b, int64(hour-last))
			b = appendValue(b, v)
			last = hour
		}
	}
	return b
}

func appendUsers(b []byte, u *users) []byte {
	b = append(b, byte(u.level))
	b = binary.AppendUvarint(b, uint64(len(u.known)))
	for _, seen := range u.known {
		id := seen.id()
		b = append(b, byte(id>>40), byte(id>>32), byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
		b = binary.AppendVarint(b, int64(seen.last()))
		b = binary.BigEndian.AppendUint64(b, seen.mask)
	}
	return b
}

// A reader takes values off bytes. After the first that is not there or not
// possible it is bad and returns zeros.
type reader struct {
	data   []byte
	bad    bool
	format byte
	space  []float64 // of a row that is being read
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.data) {
		r.bad = true
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	if r.bad || n <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

// count reads how many of something follow, at most limit.
func (r *reader) count(limit int) int {
	n := r.uvarint()
	if n > uint64(limit) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.take(r.count(len(r.data)))) }

func (r *reader) date() Date {
	v := r.varint()
	if v != 0 && (v < int64(MinDate)-2 || v > int64(MaxDate)+2) {
		r.bad = true
		return 0
	}
	return Date(v)
}

// value reads what appendValue wrote, with its code already taken.
func (r *reader) value(code uint64) float64 {
	if code == 0 {
		r.bad = true
		return 0
	}
	if code > 1 {
		z := code - 2
		return r.bounded(float64(int64(z>>1) ^ -int64(z&1)))
	}
	if b := r.take(8); b != nil {
		return r.bounded(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	return 0
}

func (r *reader) bounded(v float64) float64 {
	if math.IsNaN(v) || math.Abs(v) > maxValue*(MaxBy+1) {
		r.bad = true
		return 0
	}
	return v
}

func (r *reader) series() *series {
	s := &series{}
	kinds := []Kind{Count, Gauge, Unique}
	if k := int(r.byte()); k < len(kinds) {
		s.kind = kinds[k]
	} else {
		r.bad = true
	}
	s.until, s.untilDay, s.arrived = r.varint(), r.date(), r.varint()
	s.total = r.row(s.kind == Gauge)
	n := r.count(MaxBy + 1)
	for range n {
		if s.by == nil {
			s.by = map[string]*dayRow{}
		}
		by := r.text()
		row := r.row(s.kind == Gauge)
		s.by[by] = &row
	}
	s.hours = r.hours()
	if r.format >= hourlyFormat {
		s.hourly = r.hourly()
	}
	s.users = r.users()
	if len(s.by) != n {
		r.bad = true
	}
	return s
}

func (r *reader) row(gauge bool) dayRow {
	var row dayRow
	n := r.count(KeepDays + 3)
	if n == 0 {
		return row
	}
	row.from = r.date()
	r.space = r.space[:0]
	if gauge {
		row.minutes = make([]int16, 0, n)
	}
	for len(r.space) < n && !r.bad {
		code := r.uvarint()
		if code != 0 {
			r.space = append(r.space, r.value(code))
			if gauge {
				row.minutes = append(row.minutes, int16(r.count(24*60-1)))
			}
			continue
		}
		run := r.count(n - len(r.space))
		if run == 0 {
			r.bad = true
		}
		for range run {
			r.space = append(r.space, math.NaN())
			if gauge {
				row.minutes = append(row.minutes, 0)
			}
		}
	}
	row.fill(r.space)
	return row
}

func (r *reader) hours() dayRow {
	var row dayRow
	last := int64(0)
	n := r.count(KeepHours + foldEvery + 1)
	r.space = r.space[:0]
	for i := range n {
		gap := r.varint()
		last += gap
		if i > 0 && (gap <= 0 || last >= int64(row.from)+KeepHours+foldEvery+1) || last < 0 || last > int64(MaxDate)*24 {
			r.bad = true
		}
		v := r.value(r.uvarint())
		if r.bad {
			return dayRow{}
		}
		if i == 0 {
			row.from = Date(last)
		}
		for int64(row.from)+int64(len(r.space)) < last {
			r.space = append(r.space, math.NaN())
		}
		r.space = append(r.space, v)
	}
	row.fill(r.space)
	return row
}

func (r *reader) users() users {
	u := users{level: uint(r.byte())}
	if u.level > 40 {
		r.bad = true
	}
	n := r.count(maxUsers)
	if n > 0 {
		u.known = make([]userSeen, 0, min(n, len(r.data)/15))
	}
	for range n {
		b := r.take(6)
		if b == nil {
			break
		}
		id := uint64(b[0])<<40 | uint64(b[1])<<32 | uint64(b[2])<<24 | uint64(b[3])<<16 | uint64(b[4])<<8 | uint64(b[5])
		last := r.date()
		if m := r.take(8); m != nil {
			u.known = append(u.known, seenOn(id&(1<<userBits-1), last, binary.BigEndian.Uint64(m)))
		}
	}
	slices.SortFunc(u.known, func(a, b userSeen) int { return cmp.Compare(a.id(), b.id()) }) // once 48 bits of a hash were written
	for i := 1; i < len(u.known); i++ {
		if u.known[i].id() == u.known[i-1].id() {
			r.bad = true
		}
	}
	return u
}
