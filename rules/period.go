package rules

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// A Period is a length of time in the words of a playbook file: 30m, 2h, 3d
// (calendar days), 2wd (working days of the person concerned), 8w.
type Period struct {
	Minutes     int // 30m, 2h
	Days        int // calendar days: 3d, 8w
	WorkingDays int // 2wd
}

var periodForm = regexp.MustCompile(`^([0-9]{1,6})(m|h|d|wd|w)$`)

// ParsePeriod reads one number and one unit: m minutes, h hours, d calendar
// days, wd working days, w weeks. "0d" is the zero Period. Longer than ten years
// is refused.
func ParsePeriod(s string) (Period, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil {
		return Period{}, fmt.Errorf("%q is no length of time: want a number and m, h, d, wd or w, for example 30m, 2h, 3d, 2wd, 8w", s)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return Period{}, fmt.Errorf("%q is no length of time: %w", s, err)
	}
	var p Period
	switch m[2] {
	case "m":
		p.Minutes = n
	case "h":
		p.Minutes = n * 60
	case "d":
		p.Days = n
	case "w":
		p.Days = n * 7
	case "wd":
		p.WorkingDays = n
	}
	if p.Minutes > 3653*24*60 || p.Days > 3653 || p.WorkingDays > 3653 {
		return Period{}, fmt.Errorf("%q is longer than ten years", s)
	}
	return p, nil
}

// IsZero reports whether the period is absent.
func (p Period) IsZero() bool { return p == Period{} }

// String returns the shortest form that ParsePeriod reads: whole weeks stay days,
// so that 14d is written as it was meant. The zero Period is "0d".
func (p Period) String() string {
	switch {
	case p.WorkingDays != 0:
		return fmt.Sprintf("%dwd", p.WorkingDays)
	case p.Days != 0:
		return fmt.Sprintf("%dd", p.Days)
	case p.Minutes%60 == 0 && p.Minutes != 0:
		return fmt.Sprintf("%dh", p.Minutes/60)
	case p.Minutes != 0:
		return fmt.Sprintf("%dm", p.Minutes)
	}
	return "0d"
}

// AddCalendar adds the minutes, and the days as calendar days of loc, so that 3d
// from 10:00 is 10:00 even where the clocks change in between. Working days need
// a person's calendar; here they are counted as Monday to Friday.
func (p Period) AddCalendar(t time.Time, loc *time.Location) time.Time {
	u := t.In(loc).AddDate(0, 0, p.Days)
	for left := p.WorkingDays; left > 0; {
		u = u.AddDate(0, 0, 1)
		if d := u.Weekday(); d != time.Saturday && d != time.Sunday {
			left--
		}
	}
	return u.Add(time.Duration(p.Minutes) * time.Minute)
}

// MarshalText implements encoding.TextMarshaler; the zero Period is empty.
func (p Period) MarshalText() ([]byte, error) {
	if p.IsZero() {
		return nil, nil
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Period) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Period{}
		return nil
	}
	v, err := ParsePeriod(string(text))
	if err != nil {
		return err
	}
	*p = v
	return nil
}
