package playbooks

import (
	"time"

	"playcaller/rules"
)

// The working day of people whose hours are not known, and how far a search for
// the next working moment goes before it gives up.
const (
	usualFrom  = 9 * 60  // minutes since midnight
	usualTo    = 18 * 60 // minutes since midnight
	searchDays = 2 * 366
)

// A Calendar knows when one person works: their hours, weekdays, holidays and
// absences, in their own time zone. The zero Calendar is Monday to Friday from
// 9:00 to 18:00 UTC, without holidays.
type Calendar struct {
	location *time.Location
	country  string
	hours    Hours
	days     []time.Weekday
	away     []Away
	closures []Closure
}

// Calendar returns the calendar of a person. Somebody the team does not know
// works like the default owner; without one, as the zero Calendar says.
func (t *Team) Calendar(who string) Calendar {
	if t == nil {
		return Calendar{}
	}
	p := t.Person(who)
	if p == nil {
		if p = t.Person(t.DefaultOwner); p == nil {
			return Calendar{closures: t.Closures}
		}
	}
	return Calendar{
		location: p.Location,
		country:  p.Country,
		hours:    p.Hours,
		days:     p.Days,
		away:     p.Away,
		closures: t.Closures,
	}
}

// Location returns the time zone; UTC where none is known.
func (c Calendar) Location() *time.Location {
	if c.location == nil {
		return time.UTC
	}
	return c.location
}

// Day returns the day that it is for the person at an instant.
func (c Calendar) Day(at time.Time) rules.Date { return rules.DateOf(at.In(c.Location())) }

// WorkingDay reports whether the person works at all on a day.
func (c Calendar) WorkingDay(day rules.Date) bool {
	if !c.weekday(day.Weekday()) || IsHoliday(c.country, day) {
		return false
	}
	for _, a := range c.away {
		if a.From <= day && day <= a.Until {
			return false
		}
	}
	for _, cl := range c.closures {
		if (cl.Country == "" || cl.Country == c.country) && cl.From <= day && day <= cl.To {
			return false
		}
	}
	return true
}

// weekday reports whether it is a day of the week on which the person works.
func (c Calendar) weekday(w time.Weekday) bool {
	if len(c.days) == 0 {
		return w != time.Saturday && w != time.Sunday
	}
	for _, d := range c.days {
		if d == w {
			return true
		}
	}
	return false
}

// Open returns when the person begins and stops working on a day, whether or not
// it is a working day.
func (c Calendar) Open(day rules.Date) (from, to time.Time) {
	h := c.hours
	if h.To <= h.From {
		h = Hours{From: usualFrom, To: usualTo}
	}
	return c.clock(day, h.From), c.clock(day, h.To)
}

// Until returns the instant up to which something that is due on a day may be done:
// when the person stops working on it. Where that is midnight it is a minute before,
// so that it is still that day.
func (c Calendar) Until(day rules.Date) time.Time {
	_, to := c.Open(day)
	if c.Day(to) > day {
		return to.Add(-time.Minute)
	}
	return to
}

// Due returns until when something is due a period after an instant. Working days
// are days: whoever reads "Tue" has all of their Tuesday, however early in the day
// it was given to them. Calendar days and hours are exact.
func (c Calendar) Due(from time.Time, p rules.Period) time.Time {
	at := c.Add(from, p)
	if p.WorkingDays > 0 && p.Minutes == 0 {
		return c.Until(c.Day(at))
	}
	return at
}

// clock returns the instant at which the person's clock shows so many minutes
// after midnight on a day; where the clocks are put forward over it, the instant
// after the gap.
func (c Calendar) clock(day rules.Date, minutes int) time.Time {
	u := time.Unix(int64(day)*86400, 0).UTC()
	return time.Date(u.Year(), u.Month(), u.Day(), 0, minutes, 0, 0, c.Location())
}

// Working reports whether the person works at an instant. The moment at which
// the working day ends does not belong to it.
func (c Calendar) Working(at time.Time) bool {
	day := c.Day(at)
	if !c.WorkingDay(day) {
		return false
	}
	from, to := c.Open(day)
	return !at.Before(from) && at.Before(to)
}

// NextWorking returns the instant itself where the person works then, else the
// beginning of their next working day. Somebody who does not work for two years
// gets the instant itself.
func (c Calendar) NextWorking(at time.Time) time.Time {
	day := c.Day(at)
	for i := range rules.Date(searchDays) {
		if !c.WorkingDay(day + i) {
			continue
		}
		from, to := c.Open(day + i)
		switch {
		case i == 0 && at.Before(from):
			return from
		case i == 0 && at.Before(to):
			return at
		case i > 0:
			return from
		}
	}
	return at
}

// Add returns the instant a period after another.
//
// Minutes pass as they do. Calendar days keep the time of day on the person's
// clock. Working days count from a working moment: what happens outside working
// hours counts from the beginning of the next working day; from there the time
// of day is kept. So one working day after Friday 17:00 is Monday 17:00, and
// after Saturday or after Friday 20:00 it is Tuesday at the beginning of work.
func (c Calendar) Add(from time.Time, p rules.Period) time.Time {
	at := from
	if p.WorkingDays > 0 {
		at = c.addWorkingDays(c.NextWorking(at), p.WorkingDays)
	}
	if p.Days != 0 {
		local := at.In(c.Location())
		at = time.Date(local.Year(), local.Month(), local.Day()+p.Days,
			local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), c.Location())
	}
	return at.Add(time.Duration(p.Minutes) * time.Minute)
}

// addWorkingDays moves an instant of a working day n working days ahead.
func (c Calendar) addWorkingDays(at time.Time, n int) time.Time {
	local := at.In(c.Location())
	day := c.Day(at)
	for left, i := n, 0; left > 0 && i < searchDays; i++ {
		day++
		if c.WorkingDay(day) {
			left--
		}
	}
	u := time.Unix(int64(day)*86400, 0).UTC()
	return time.Date(u.Year(), u.Month(), u.Day(),
		local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), c.Location())
}

// Back returns the day so many working days, or calendar days, before another.
// Minutes do not count.
func (c Calendar) Back(day rules.Date, p rules.Period) rules.Date {
	for left, i := p.WorkingDays, 0; left > 0 && i < searchDays; i++ {
		day--
		if c.WorkingDay(day) {
			left--
		}
	}
	return day - rules.Date(p.Days)
}

// WorkingTime returns how long the person worked between two instants; 0 where
// the second is not after the first.
func (c Calendar) WorkingTime(from, to time.Time) time.Duration {
	var worked time.Duration
	for day := c.Day(from); day <= c.Day(to); day++ {
		if !c.WorkingDay(day) {
			continue
		}
		begin, end := c.Open(day)
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		if end.After(begin) {
			worked += end.Sub(begin)
		}
	}
	return worked
}
