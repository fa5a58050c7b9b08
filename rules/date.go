package rules

import (
	"fmt"
	"time"
)

// A Date is a calendar day, counted in days since 1970-01-01. Its zero value
// means "not known" and is written as an empty string; 1970-01-01 itself is out
// of the range that signals and contracts may have.
type Date int32

// Dates of signals, contracts and milestones lie between these two.
var (
	MinDate = NewDate(2000, time.January, 1)
	MaxDate = NewDate(2199, time.December, 31)
)

// NewDate returns the Date of the given civil day.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// DateOf returns the day that it is at t in t's own location.
func DateOf(t time.Time) Date {
	_, offset := t.Zone()
	return Date(floorDiv(t.Unix()+int64(offset), 86400))
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("date %q: want YYYY-MM-DD, for example 2026-04-01", s)
	}
	d := DateOf(t)
	if d < MinDate || d > MaxDate {
		return 0, fmt.Errorf("date %q: want a day between %s and %s", s, MinDate, MaxDate)
	}
	return d, nil
}

// In returns the instant at which the day begins in loc: midnight, or the first
// instant after it where the clocks skip midnight.
func (d Date) In(loc *time.Location) time.Time {
	year, month, day := time.Unix(int64(d)*86400, 0).UTC().Date()
	t := time.Date(year, month, day, 0, 0, 0, 0, loc)
	if DateOf(t) < d { // midnight does not exist: Date normalised it into the day before
		t = time.Date(year, month, day, 1, 0, 0, 0, loc)
	}
	return t
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(((int(d)+4)%7 + 7) % 7)
}

// String returns YYYY-MM-DD, or "" for an unknown date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
