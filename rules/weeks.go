package rules

import (
	"encoding/binary"
	"math/bits"
)

// A week is seven days of whole numbers, read from their packed form at once.
type week struct {
	sum     int   // of its known days
	unknown uint8 // bit i: the day i days before its last one is not known, or is not like others
}

// known returns how many of its days are.
func (w week) known() int { return 7 - bits.OnesCount8(w.unknown) }

// week returns the seven days before end; off has a bit for each that is not like others,
// as unknown has. ok is false where a value is negative. The view is of a count or of
// distinct users, and of a row that is whole.
func (v *view) week(end Date, off uint8) (w week, ok bool) {
	row := v.row
	sum, absent, ok := row.week(int(end - 7 - row.from))
	if !ok {
		return w, false
	}
	w.sum = sum
	silent := len(v.out) == 0 && end <= v.alive+1 && end-7 >= v.first // zeros, all of them
	if absent != 0 && !silent {
		for left := absent; left != 0; left &= left - 1 {
			bit := bits.TrailingZeros8(left)
			if x := v.value(end - 1 - Date(bit)); x != x {
				w.unknown |= 1 << bit
			}
		}
	}
	for left := off &^ absent; left != 0; left &= left - 1 {
		w.sum -= int(row.at(end - 1 - Date(bits.TrailingZeros8(left))))
	}
	w.unknown |= off
	return w, true
}

// Lanes of the words that week reads.
const (
	everyByte   = 0x0101010101010101
	evenBytes   = 0x00ff00ff00ff00ff
	signsOfTwo  = 0x8000800080008000
	evenDoubles = 0x0000ffff0000ffff
)

// week adds up the seven buckets from a place on, those that are present; absent has a bit
// for each that is not: bit i is the one i before the last. ok is false where one is
// negative. The row holds whole numbers.
func (r *dayRow) week(i int) (sum int, absent uint8, ok bool) {
	if i < 1 || i+7 > r.len() || r.shift > 1 {
		return r.weekByDays(i)
	}
	if r.shift == 0 {
		x := binary.LittleEndian.Uint64(r.values[i-1:]) >> 8 // the last bucket is the seventh byte
		y := ^x | 0xff<<56                                   // zero where one is absent
		if none := ^((y&^(everyByte<<7) + everyByte*0x7f) | y | everyByte*0x7f); none != 0 {
			x &^= none >> 7 * 0xff
			for ; none != 0; none &= none - 1 {
				absent |= 1 << (6 - bits.TrailingZeros64(none)/8)
			}
		}
		x = x&evenBytes + x>>8&evenBytes
		return int(x * (everyByte & evenBytes) >> 48), absent, true
	}
	x := binary.LittleEndian.Uint64(r.values[2*i:])
	y := binary.LittleEndian.Uint64(r.values[2*i+6:]) >> 16
	if (x|y)&signsOfTwo != 0 {
		return r.weekByDays(i)
	}
	x = x&evenDoubles + x>>16&evenDoubles + y&evenDoubles + y>>16&evenDoubles
	return int(uint32(x) + uint32(x>>32)), 0, true
}

// weekByDays is week for what is not packed in few bytes, or not all there.
func (r *dayRow) weekByDays(from int) (sum int, absent uint8, ok bool) {
	for place := range 7 {
		i := from + place
		if i < 0 || i >= r.len() {
			absent |= 1 << (6 - place)
			continue
		}
		switch x := r.get(i); {
		case x != x:
			absent |= 1 << (6 - place)
		case x < 0:
			return 0, 0, false
		default:
			sum += int(x)
		}
	}
	return sum, absent, true
}

// pastOff are the days before one that are not like others: bit i is the day i+1 days
// before it.
type pastOff struct {
	country string
	before  Date // 0 where nothing is known
	days    [(pastOffDays + 63) / 64]uint64
}

const pastOffDays = 256

// week returns the bits of the week that ends so many days before.
func (p *pastOff) week(ago int) uint8 {
	word, shift := ago/64, ago%64
	x := p.days[word] >> shift
	if shift > 64-7 && word+1 < len(p.days) {
		x |= p.days[word+1] << (64 - shift)
	}
	return uint8(x & 0x7f)
}

// has reports whether the day so many days before is one.
func (p *pastOff) has(ago int) bool { return p.days[(ago-1)/64]>>((ago-1)%64)&1 != 0 }

// offBefore returns the days before today that are not like others for the account. For
// accounts of a country they are worked out once a day.
func (f *Facts) offBefore() *pastOff {
	p := &f.pastOff
	closed := len(f.account.Closed) > 0
	if p.before == f.today && p.country == f.account.Country && !closed {
		return p
	}
	*p = pastOff{country: f.account.Country, before: f.today}
	if closed {
		p.before = 0 // they are the account's own
	}
	for d := f.nextOff(f.today-pastOffDays, f.today); d < f.today; d = f.nextOff(d+1, f.today) {
		ago := int(f.today - d)
		p.days[(ago-1)/64] |= 1 << ((ago - 1) % 64)
	}
	return p
}
