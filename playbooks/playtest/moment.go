package playtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"playcaller/rules"
)

// usualStart is the time of day at which a case begins that gives none.
const usualStart = 9 * time.Hour

var (
	relativeTime = regexp.MustCompile(`^\+([0-9]+(?:wd|[mhdw]))(?:\s+([0-9]{1,2}):([0-9]{2}))?$`)
	clockTime    = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})$`)
	dayTime      = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]+([0-9]{1,2}):([0-9]{2}))?$`)
)

// parseMoment reads a time of a case: "+3d 10:00" (three days after the day on which
// it starts, at ten), "+3d" (at the time of day at which it starts), "+90m", "16:30"
// (on the first day), or "2027-03-04 10:00". Times of day are those of the zone.
func parseMoment(text string, start time.Time, zone *time.Location) (time.Time, error) {
	text = strings.TrimSpace(text)
	if m := relativeTime.FindStringSubmatch(text); m != nil {
		p, err := rules.ParsePeriod(m[1])
		switch {
		case err != nil:
			return time.Time{}, err
		case p.WorkingDays > 0:
			return time.Time{}, fmt.Errorf("%q counts working days, which are each person's own; count days, or name the date", text)
		case start.IsZero():
			return time.Time{}, fmt.Errorf("%q counts from the start, and there is none; write start: 2027-03-01 09:00", text)
		case p.Minutes > 0 && m[2] != "":
			return time.Time{}, fmt.Errorf("%q says both how long after the start and what time of day", text)
		}
		at := p.AddCalendar(start, zone)
		if m[2] == "" {
			return at, nil
		}
		return onDay(rules.DateOf(at.In(zone)), m[2], m[3], zone)
	}
	if m := clockTime.FindStringSubmatch(text); m != nil && !start.IsZero() {
		return onDay(rules.DateOf(start.In(zone)), m[1], m[2], zone)
	}
	if m := dayTime.FindStringSubmatch(text); m != nil {
		day, err := rules.ParseDate(m[1])
		if err != nil {
			return time.Time{}, err
		}
		if m[2] == "" {
			of := usualStart
			if !start.IsZero() {
				local := start.In(zone)
				of = time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
			}
			return onDay(day, strconv.Itoa(int(of/time.Hour)), strconv.Itoa(int(of%time.Hour/time.Minute)), zone)
		}
		return onDay(day, m[2], m[3], zone)
	}
	return time.Time{}, fmt.Errorf("%q is no time; write +3d 10:00 (days after the start), or 2027-03-04 10:00", text)
}

func onDay(day rules.Date, hour, minute string, zone *time.Location) (time.Time, error) {
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	if h > 23 || m > 59 {
		return time.Time{}, fmt.Errorf("%s:%s is no time of day; write 00:00 to 23:59", hour, minute)
	}
	u := time.Unix(int64(day)*86400, 0).UTC()
	return time.Date(u.Year(), u.Month(), u.Day(), h, m, 0, 0, zone), nil
}

// shown writes a time as a test file would: the day since the start and the clock,
// with the date beside it.
func shown(at, start time.Time, zone *time.Location) string {
	if at.IsZero() {
		return "never"
	}
	local := at.In(zone)
	clock := local.Format("15:04")
	if local.Second() != 0 {
		clock = local.Format("15:04:05")
	}
	n := int(rules.DateOf(local) - rules.DateOf(start.In(zone)))
	return fmt.Sprintf("%+dd %s (%s)", n, clock, local.Format("Mon 2006-01-02"))
}
