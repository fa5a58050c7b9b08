package rules

import (
	"encoding/binary"
	"math"
)

// A dayRow is consecutive daily buckets (or, of a series' hours, hourly ones). Absent
// ones are NaN. For gauges each bucket has the minute of its day at which its value
// was taken, so that of late data the last by time stands, not the last to arrive.
//
// Values take as few bytes as the widest needs: whole numbers one, two or four,
// numbers of up to three decimals likewise as so many thousandths, others eight.
type dayRow struct {
	from    Date
	shift   uint8 // a value takes 1<<shift bytes; with 3 it is a float64
	scale   uint8 // with 0, 1 and 2 it is a whole number of 1/scales[scale]
	values  []byte
	minutes []int16 // nil but for gauges
}

// scales are what packed numbers are divided by.
var scales = [...]float64{1, 10, 100, 1000}

// The packed forms of an absent bucket. One byte is unsigned, two and four are
// signed.
const (
	none1 = math.MaxUint8
	none2 = math.MinInt16
	none4 = math.MinInt32
)

// len returns how many buckets there are.
func (r *dayRow) len() int { return len(r.values) >> r.shift }

// end returns the day after the last bucket.
func (r *dayRow) end() Date { return r.from + Date(r.len()) }

// at returns the bucket of a day, NaN where there is none.
func (r *dayRow) at(d Date) float64 {
	i := int(d - r.from)
	if i < 0 || i >= r.len() {
		return math.NaN()
	}
	return r.get(i)
}

// get returns a bucket by its place.
func (r *dayRow) get(i int) float64 {
	var n int
	switch r.shift {
	case 0:
		if n = int(r.values[i]); n == none1 {
			return math.NaN()
		}
	case 1:
		if n = int(int16(binary.LittleEndian.Uint16(r.values[2*i:]))); n == none2 {
			return math.NaN()
		}
	case 2:
		if n = int(int32(binary.LittleEndian.Uint32(r.values[4*i:]))); n == none4 {
			return math.NaN()
		}
	default:
		return math.Float64frombits(binary.LittleEndian.Uint64(r.values[8*i:]))
	}
	if r.scale != 0 {
		return float64(n) / scales[r.scale]
	}
	return float64(n)
}

// put writes a bucket by its place; it is packed anew where the value does not fit.
func (r *dayRow) put(i int, v float64) {
	if !fits(v, r.shift, r.scale) {
		r.widen(v)
	}
	n := int64(0)
	if r.shift < 3 && !math.IsNaN(v) {
		n = int64(math.Round(v * scales[r.scale]))
	}
	switch {
	case r.shift == 3:
		binary.LittleEndian.PutUint64(r.values[8*i:], math.Float64bits(v))
	case math.IsNaN(v):
		r.clear(i)
	case r.shift == 0:
		r.values[i] = byte(n)
	case r.shift == 1:
		binary.LittleEndian.PutUint16(r.values[2*i:], uint16(n))
	default:
		binary.LittleEndian.PutUint32(r.values[4*i:], uint32(n))
	}
}

// clear makes a bucket absent.
func (r *dayRow) clear(i int) {
	switch r.shift {
	case 0:
		r.values[i] = none1
	case 1:
		n := int16(none2)
		binary.LittleEndian.PutUint16(r.values[2*i:], uint16(n))
	case 2:
		n := int32(none4)
		binary.LittleEndian.PutUint32(r.values[4*i:], uint32(n))
	default:
		binary.LittleEndian.PutUint64(r.values[8*i:], math.Float64bits(math.NaN()))
	}
}

// fits reports whether a packed form gives a value back as it was.
func fits(v float64, shift, scale uint8) bool {
	if shift == 3 || v != v {
		return true
	}
	if scale == 0 {
		return v == math.Trunc(v) && inRange(v, shift) && (v != 0 || !math.Signbit(v))
	}
	n := math.Round(v * scales[scale])
	return inRange(n, shift) && n/scales[scale] == v && (v != 0 || !math.Signbit(v))
}

func inRange(n float64, shift uint8) bool {
	switch shift {
	case 0:
		return 0 <= n && n < none1
	case 1:
		return none2 < n && n <= math.MaxInt16
	}
	return none4 < n && n <= math.MaxInt32
}

// widen packs the row in the narrowest form that suits its values and one more.
func (r *dayRow) widen(v float64) {
	values := make([]float64, r.len(), r.len()+1)
	for i := range values {
		values[i] = r.get(i)
	}
	r.fill(append(values, v))
	r.values = r.values[:len(values)<<r.shift]
}

// decode appends the buckets from one place up to another.
func (r *dayRow) decode(into []float64, low, high int) []float64 {
	switch {
	case r.shift == 0:
		for _, n := range r.values[low:high] {
			v := float64(n)
			if n == none1 {
				v = math.NaN()
			}
			into = append(into, v)
		}
	case r.shift == 1:
		for b := r.values[2*low : 2*high]; len(b) >= 2; b = b[2:] {
			n := int16(binary.LittleEndian.Uint16(b))
			v := float64(n)
			if n == none2 {
				v = math.NaN()
			}
			into = append(into, v)
		}
	default:
		for i := low; i < high; i++ {
			into = append(into, r.get(i))
		}
		return into
	}
	if r.scale != 0 {
		for i := len(into) - (high - low); i < len(into); i++ {
			into[i] /= scales[r.scale]
		}
	}
	return into
}

// minute returns at which minute of the day its value was taken, -1 if it has none.
func (r *dayRow) minute(d Date) int {
	i := int(d - r.from)
	if i < 0 || i >= len(r.minutes) || math.IsNaN(r.get(i)) {
		return -1
	}
	return int(r.minutes[i])
}

// set puts a value into a day's bucket, making room before or after.
func (r *dayRow) set(d Date, v float64, minute int, gauge bool) {
	if len(r.values) == 0 {
		r.from = d
	}
	if d < r.from {
		r.growBefore(int(r.from-d), gauge)
		r.from = d
	}
	if more := int(d-r.from) + 1 - r.len(); more > 0 {
		r.growAfter(more, gauge)
	}
	r.put(int(d-r.from), v)
	if gauge {
		r.minutes[d-r.from] = int16(minute)
	}
}

// growAfter adds n absent buckets. A row grows by little more than it needs: there
// are many rows, and each grows by a day in a day.
func (r *dayRow) growAfter(n int, gauge bool) {
	before := r.len()
	need := (before + n) << r.shift
	if need > cap(r.values) {
		values := make([]byte, len(r.values), need+need/16+4<<r.shift)
		copy(values, r.values)
		r.values = values
	}
	r.values = r.values[:need]
	for i := before; i < before+n; i++ {
		r.clear(i)
	}
	if !gauge {
		return
	}
	if before+n > cap(r.minutes) {
		minutes := make([]int16, len(r.minutes), before+n+(before+n)/16+4)
		copy(minutes, r.minutes)
		r.minutes = minutes
	}
	r.minutes = r.minutes[:before+n]
	clear(r.minutes[before:])
}

// growBefore adds n absent buckets in front.
func (r *dayRow) growBefore(n int, gauge bool) {
	r.growAfter(n, gauge)
	copy(r.values[n<<r.shift:], r.values)
	for i := range n {
		r.clear(i)
	}
	if gauge {
		copy(r.minutes[n:], r.minutes)
		clear(r.minutes[:n])
	}
}

// trim forgets buckets before a day and returns whether any is left.
func (r *dayRow) trim(before Date) bool {
	cut := clamp(int(before-r.from), 0, r.len())
	if cut == 0 && (len(r.values) == 0 || !math.IsNaN(r.get(0))) {
		return len(r.values) > 0
	}
	for cut < r.len() && math.IsNaN(r.get(cut)) {
		cut++
	}
	if cut > 0 {
		r.values = append(r.values[:0], r.values[cut<<r.shift:]...)
		if r.minutes != nil {
			r.minutes = append(r.minutes[:0], r.minutes[cut:]...)
		}
		r.from += Date(cut)
	}
	return len(r.values) > 0
}

// held returns the last value at or before a day and the day it was taken.
func (r *dayRow) held(d Date) (float64, Date) {
	for day := min(d, r.end()-1); day >= r.from; day-- {
		if v := r.get(int(day - r.from)); !math.IsNaN(v) {
			return v, day
		}
	}
	return math.NaN(), 0
}

// fill makes the row hold values, in the narrowest form.
func (r *dayRow) fill(values []float64) {
	for s := range uint8(4) {
		for c := range uint8(len(scales)) {
			if allFit(values, s, c) {
				r.shift, r.scale, r.values = s, c, make([]byte, len(values)<<s)
				for i, v := range values {
					r.put(i, v)
				}
				return
			}
		}
	}
}

func allFit(values []float64, shift, scale uint8) bool {
	for _, v := range values {
		if !fits(v, shift, scale) {
			return false
		}
	}
	return true
}

// whole reports whether the row holds whole numbers, whose sums are the same in any
// order.
func (r *dayRow) whole() bool { return r.shift < 3 && r.scale == 0 }

// clip returns the places of the days from one to another, both included.
func (r *dayRow) clip(from, to Date) (low, high int) {
	low = clamp(int(from-r.from), 0, r.len())
	return low, clamp(int(to-r.from)+1, low, r.len())
}

// sum adds up the days from one to another, in their order, and counts those present.
func (r *dayRow) sum(from, to Date) (sum float64, n int) {
	low, high := r.clip(from, to)
	if !r.whole() {
		for i := low; i < high; i++ {
			if v := r.get(i); v == v {
				sum += v
				n++
			}
		}
		return sum, n
	}
	total := 0
	switch r.shift {
	case 0:
		for _, v := range r.values[low:high] {
			if v != none1 {
				total += int(v)
				n++
			}
		}
	case 1:
		for b := r.values[2*low : 2*high]; len(b) >= 2; b = b[2:] {
			if v := int16(binary.LittleEndian.Uint16(b)); v != none2 {
				total += int(v)
				n++
			}
		}
	default:
		for b := r.values[4*low : 4*high]; len(b) >= 4; b = b[4:] {
			if v := int32(binary.LittleEndian.Uint32(b)); v != none4 {
				total += int(v)
				n++
			}
		}
	}
	return float64(total), n
}

// most returns the greatest of the days from one to another, -Inf where none is
// present, and counts those that are.
func (r *dayRow) most(from, to Date) (most float64, n int) {
	low, high := r.clip(from, to)
	if r.shift == 0 && r.scale == 0 {
		best := -1
		for _, v := range r.values[low:high] {
			if v != none1 {
				best = max(best, int(v))
				n++
			}
		}
		if n > 0 {
			return float64(best), n
		}
		return math.Inf(-1), 0
	}
	most = math.Inf(-1)
	for i := low; i < high; i++ {
		if v := r.get(i); v == v {
			if v > most {
				most = v
			}
			n++
		}
	}
	return most, n
}
