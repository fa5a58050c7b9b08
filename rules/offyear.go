package rules

import "time"

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
