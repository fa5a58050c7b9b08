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
	for left := off &^ absent; left != 0; left &= left - 1 {
		w.sum -= int(row.at(end - 1 - Date(bits.TrailingZeros8(left))))
	}
	w.unknown = off
	if absent != 0 {
		w.unknown |= v.unknownOf(end, absent)
	}
	return w, true
}

// unknownOf returns which of the days without data of the week before end are not zero.
func (v *view) unknownOf(end Date, absent uint8) (unknown uint8) {
	if len(v.out) == 0 && end <= v.alive+1 && end-7 >= v.first {
		return 0
	}
	for left := absent; left != 0; left &= left - 1 {
		bit := bits.TrailingZeros8(left)
		if x := v.value(end - 1 - Date(bit)); x != x {
			unknown |= 1 << bit
		}
	}
	return unknown
}

// lanes are the days of a week as sixteen bits each, the first in the lowest: four days
// and three.
type lanes struct{ first, last uint64 }

// without returns them with those zero that bits as those of week.unknown stand for.
func (l lanes) without(days uint8) lanes {
	for ; days != 0; days &= days - 1 {
		if place := 6 - bits.TrailingZeros8(days); place < 4 {
			l.first &^= 0xffff << (16 * place)
		} else {
			l.last &^= 0xffff << (16 * (place - 4))
		}
	}
	return l
}

// days returns the days one by one.
func (l lanes) days() [7]float64 {
	at := func(word uint64, place int) float64 { return float64(int(word >> (16 * place) & 0xffff)) }
	return [7]float64{at(l.first, 0), at(l.first, 1), at(l.first, 2), at(l.first, 3), at(l.last, 0), at(l.last, 1), at(l.last, 2)}
}

// Words that tell lanes from each other.
const (
	everyByte   = 0x0101010101010101
	evenBytes   = 0x00ff00ff00ff00ff
	signsOfTwo  = 0x8000800080008000
	evenDoubles = 0x0000ffff0000ffff
)

// lanes reads the seven buckets from a place on; those that are not present are 0, and
// absent has a bit for each: bit i is the one i before the last. ok is false where the row
// is of four bytes, where one is negative, or not all of them are there.
func (r *dayRow) lanes(i int) (l lanes, absent uint8, ok bool) {
	switch {
	case i < 1 || i+7 > r.len():
		return l, 0, false
	case r.shift == 0:
		x := binary.LittleEndian.Uint64(r.values[i-1:]) >> 8 // the last bucket is the seventh byte
		y := ^x | 0xff<<56                                   // zero where one is absent
		if none := ^((y&^(everyByte<<7) + everyByte*0x7f) | y | everyByte*0x7f); none != 0 {
			x &^= none >> 7 * 0xff
			for ; none != 0; none &= none - 1 {
				absent |= 1 << (6 - bits.TrailingZeros64(none)/8)
			}
		}
		return lanes{wide(x & 0xffffffff), wide(x >> 32)}, absent, true
	case r.shift == 1:
		l.first = binary.LittleEndian.Uint64(r.values[2*i:])
		l.last = binary.LittleEndian.Uint64(r.values[2*i+6:]) >> 16
		if (l.first|l.last)&signsOfTwo == 0 {
			return l, 0, true
		}
		for place := range 7 {
			switch x := r.get(i + place); {
			case x != x:
				absent |= 1 << (6 - place)
			case x < 0:
				return l, 0, false
			}
		}
		return l.without(absent), absent, true
	}
	return l, 0, false
}

// wide gives each of four bytes sixteen bits.
func wide(x uint64) uint64 {
	x = (x | x<<16) & evenDoubles
	return (x | x<<8) & evenBytes
}

// sum adds up the days.
func (l lanes) sum() int {
	x := l.first&evenDoubles + l.first>>16&evenDoubles + l.last&evenDoubles + l.last>>16&evenDoubles
	return int(uint32(x) + uint32(x>>32))
}

// week adds up the seven buckets from a place on, those that are present; absent is as
// of lanes. ok is false where one is negative. The row holds whole numbers.
func (r *dayRow) week(i int) (sum int, absent uint8, ok bool) {
	l, absent, ok := r.lanes(i)
	if !ok {
		return r.weekByDays(i)
	}
	return l.sum(), absent, true
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
	own     bool // they are an account's own, and of no other of the country
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
	if p.before == f.today && p.country == f.account.Country && !closed && !p.own {
		return p
	}
	*p = pastOff{country: f.account.Country, own: closed, before: f.today}
	for d := f.nextOff(f.today-pastOffDays, f.today); d < f.today; d = f.nextOff(d+1, f.today) {
		ago := int(f.today - d)
		p.days[(ago-1)/64] |= 1 << ((ago - 1) % 64)
	}
	return p
}

// learnPackedShares is learnShares for a whole row in one or two bytes, from its weeks as
// they are packed. Sums of whole numbers are the same in any order, and all else is done
// in the same one, so that it comes to the same, bit for bit. ok is false where it cannot
// be done that way.
func (l *learner) learnPackedShares() (ok bool) {
	if l.offBefore == nil || l.kind == Gauge || l.row != l.cover || !l.row.whole() || l.row.shift > 1 || l.n < 7*profileWeeks*2 {
		return false
	}
	var days [2 * profileWeeks]lanes // the latest week first
	var unknown [2 * profileWeeks]uint8
	var sums [4]uint64 // of two weekdays each
	known := [7]int{16, 16, 16, 16, 16, 16, 16}
	off := l.offBefore()
	if off.before != l.today {
		return false
	}
	for b := range days {
		end := l.today - Date(7*b)
		week, absent, ok := l.row.lanes(int(end - 7 - l.row.from))
		if !ok {
			return false
		}
		if not := off.week(7 * b); not|absent != 0 {
			if absent != 0 {
				absent = l.unknownOf(end, absent)
			}
			unknown[b] = not | absent
			week = week.without(unknown[b])
			for left := unknown[b]; left != 0; left &= left - 1 {
				known[6-bits.TrailingZeros8(left)]--
			}
		}
		days[b] = week
		week.addTo(&sums)
	}
	byPlace := weekdays(&sums)
	total, counted := 0.0, 0
	for place, sum := range byPlace {
		total, counted = total+float64(sum), counted+known[place]
	}
	if total <= 0 {
		return false
	}
	mean := total / float64(counted)
	var plain [7]float64
	for place := range plain {
		plain[place] = 1
		if known[place] > 0 {
			plain[place] = float64(byPlace[place]) / float64(known[place]) / mean
		}
	}
	whole := 0.0 // the size of a week of which every day is known
	for _, share := range plain {
		whole += share
	}
	var samples [7][profileWeeks]float64
	var n [7]int
	weeks := 0
	for b := 0; b < len(days) && weeks < profileWeeks; b++ {
		sum, size, missing := float64(days[b].sum()), 0.0, unknown[b]
		if missing == 0 {
			size = whole
		} else {
			for place, share := range plain {
				if missing>>(6-place)&1 == 0 {
					size += share
				}
			}
		}
		if missing != 0 && bits.OnesCount8(missing) > 4 || sum <= 0 || size <= 0 {
			continue
		}
		level := sum / size
		for place, x := range days[b].days() {
			if missing>>(6-place)&1 == 0 {
				samples[place][n[place]&(profileWeeks-1)] = x / level
				n[place]++
			}
		}
		weeks++
	}
	if weeks < profileWeeks && l.n >= 7*(2*profileWeeks+1) {
		return false // older weeks take their place
	}
	l.shareOf(&samples, &n, total, counted)
	return true
}

// shareBounds say what the weekdays' samples have for their middle mean at least and at
// most, but for one factor that all have in common; by bits as those of week.unknown.
type shareBounds struct{ least, most [7]float64 }

// boundShares bounds the profile of the weeks that end today, from what each weekday
// brought in all of them and at most. A sample is about its part of its week: no less than
// of the best week, no more than of the worst. The middle mean is at most 4/3 of the plain
// one, because the upper quarter is no less, and at least 4/3 of what is left of it without
// the upper quarter, because the lower quarter is no more. ok is false where weeks are not
// packed in one or two bytes, or older ones take their place.
func (v *view) boundShares(off *pastOff, today Date) (b *shareBounds, ok bool) {
	var wholes, parts [4]uint64 // of whole weeks and of others, two weekdays each
	var greatest lanes          // of whole ones
	var samples [7]int
	best, worst, worstPart := 0, 1<<30, 1<<30 // of whole weeks, and of others
	for ago := 0; ago < 7*profileWeeks; ago += 7 {
		end := today - Date(ago)
		days, absent, ok := v.row.lanes(int(end - 7 - v.row.from))
		if !ok {
			return nil, false
		}
		w := week{unknown: off.week(ago)}
		if absent != 0 {
			w.unknown |= v.unknownOf(end, absent)
		}
		days = days.without(w.unknown)
		w.sum = days.sum()
		if w.lacks() == 0x7f {
			return nil, false
		}
		if w.unknown != 0 {
			worstPart = min(worstPart, w.sum)
			days.addTo(&parts)
		} else {
			best, worst = max(best, w.sum), min(worst, w.sum)
			days.addTo(&wholes)
			greatest = lanes{moreOf(greatest.first, days.first), moreOf(greatest.last, days.last)}
		}
		for bit := range samples {
			samples[bit] += int(^w.unknown >> bit & 1)
		}
	}
	if best == 0 {
		return nil, false
	}
	whole, part, most := weekdays(&wholes), weekdays(&parts), greatest.days()
	b = &shareBounds{}
	for bit := range samples {
		place := 6 - bit
		b.most[bit] = (float64(whole[place])/float64(worst) + float64(part[place])/float64(worstPart)) / (0.75 * float64(samples[bit]))
		b.least[bit] = max(0, float64(whole[place])/float64(best)-2*most[place]/float64(worst)) / (0.75 * profileWeeks)
	}
	return b, true
}

// shift makes the bits those of weeks that end so many days before.
func (b *shareBounds) shift(days int) {
	was := *b
	for bit := range 7 {
		b.least[bit], b.most[bit] = was.least[(bit+days)%7], was.most[(bit+days)%7]
	}
}

// sizeLeast is the least that the shares of the known days of a week add up to, those of
// all being seven and each drawn towards one.
func (b *shareBounds) sizeLeast(unknown uint8) float64 {
	most, others, days := 0.0, 0.0, 0.0
	for bit := range 7 {
		if unknown>>bit&1 != 0 {
			most, days = most+b.most[bit], days+1
		} else {
			others += b.least[bit]
		}
	}
	if others == 0 {
		return 0
	}
	return max(0, 7-max(days, 7*most/(most+others))) * (1 - slack)
}

// addTo adds the days to sums of two weekdays each: the first and the third, the second
// and the fourth, the fifth and the seventh, the sixth.
func (l lanes) addTo(sums *[4]uint64) {
	sums[0] += l.first & evenDoubles
	sums[1] += l.first >> 16 & evenDoubles
	sums[2] += l.last & evenDoubles
	sums[3] += l.last >> 16 & evenDoubles
}

// weekdays takes such sums apart.
func weekdays(sums *[4]uint64) [7]uint32 {
	return [7]uint32{uint32(sums[0]), uint32(sums[1]), uint32(sums[0] >> 32), uint32(sums[1] >> 32), uint32(sums[2]), uint32(sums[3]), uint32(sums[2] >> 32)}
}

// moreOf takes the greater of each pair of lanes below 1<<15.
func moreOf(x, y uint64) uint64 {
	from := ((x | signsOfTwo) - y) & signsOfTwo // set where x is no less
	from = from >> 15 * 0xffff
	return x&from | y&^from
}
