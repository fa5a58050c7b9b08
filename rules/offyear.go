package rules

import (
	"math/bits"
	"time"
)

// An offYear is a country's holidays of one year, as baselines ask for them: day after
// day, and nearly always to be told that there is none.
type offYear struct {
	country  string // as it was asked for
	from, to Date
	off      [6]uint64 // a bit for each day that is off
	names    map[Date]string
}

// why says that a day of the year is a holiday, and which, or "".
func (y *offYear) why(d Date) string {
	i := uint(d - y.from)
	if y.off[i/64]>>(i%64)&1 == 0 {
		return ""
	}
	return y.names[d]
}

// next returns the first holiday on or after a day of the year, or the day after the
// year's last.
func (y *offYear) next(d Date) Date {
	i := uint(d - y.from)
	for word := i / 64; word < uint(len(y.off)); word++ {
		left := y.off[word]
		if word == i/64 {
			left &^= 1<<(i%64) - 1
		}
		if left != 0 {
			return y.from + Date(word*64) + Date(bits.TrailingZeros64(left))
		}
	}
	return y.to + 1
}

// offYear returns the holidays of a country in the year of a day. They are worked out
// once for all Facts of a book.
func (c *core) offYear(country string, d Date) *offYear {
	year := yearOf(d)
	key := countryYear{country, year}
	if known, ok := c.years.Load(key); ok {
		return known.(*offYear)
	}
	y := &offYear{country: country, from: NewDate(year, time.January, 1), to: NewDate(year, time.December, 31), names: map[Date]string{}}
	for day, name := range holidaysIn(countryCode(country), year) {
		if i := uint(day - y.from); y.from <= day && day <= y.to {
			y.off[i/64] |= 1 << (i % 64)
			y.names[day] = "holiday: " + name
		}
	}
	known, _ := c.years.LoadOrStore(key, y)
	return known.(*offYear)
}

// nextOff returns the first day on or after d, and before to, that is not like others
// for the account, or to.
func (f *Facts) nextOff(d, to Date) Date {
	next := to
	for _, span := range f.account.Closed {
		if span.From <= span.To && d <= span.To {
			next = min(next, max(d, span.From))
		}
	}
	country := f.account.Country
	if country == "" {
		return next
	}
	for d < next {
		y := f.offYear(country, d)
		if found := y.next(d); found <= y.to {
			return min(next, found)
		}
		d = y.to + 1
	}
	return next
}

// offYear returns the holidays of a country in the year of a day.
func (f *Facts) offYear(country string, d Date) *offYear {
	for _, y := range f.off {
		if y != nil && y.from <= d && d <= y.to && y.country == country {
			return y
		}
	}
	y := f.core.offYear(country, d)
	f.off[yearOf(d)%2] = y
	return y
}
