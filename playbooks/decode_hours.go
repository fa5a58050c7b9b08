package playbooks

import (
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// hours reads working hours: 9:00-18:00, or {from: 9:00, to: 18:00}.
func (d *document) hours(n ast.Node) Hours {
	if _, flat := scalar(n); !flat {
		var from, to string
		d.object(n, "hours",
			field{"from", required, func(n ast.Node) { from, _ = d.str(n, "the beginning") }},
			field{"to", required, func(n ast.Node) { to, _ = d.str(n, "the end") }},
		)
		return d.parseHours(n, from+"-"+to)
	}
	s, _ := d.str(n, "hours")
	return d.parseHours(n, s)
}

func (d *document) parseHours(n ast.Node, s string) Hours {
	m := hoursForm.FindStringSubmatch(s)
	if m == nil {
		d.fail(n, "write 9:00-18:00", "%q are no working hours", s)
		return defaultHours
	}
	minutes := func(hour, minute string) int {
		h, _ := strconv.Atoi(hour)
		m, _ := strconv.Atoi(minute)
		if m > 59 {
			return -1
		}
		return h*60 + m
	}
	h := Hours{From: minutes(m[1], m[2]), To: minutes(m[3], m[4])}
	if h.From < 0 || h.To > 24*60 || h.To < h.From+60 {
		d.fail(n, "write 9:00-18:00; at least an hour, within one day", "%q are no working hours", s)
		return defaultHours
	}
	return h
}

// weekdays reads the days somebody works: [mon, tue, wed].
func (d *document) weekdays(n ast.Node) []time.Weekday {
	short := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	var days []time.Weekday
	for _, v := range d.list(n) {
		if day := slices.Index(short, d.oneOf(v, "day", short...)); day >= 0 && !slices.Contains(days, time.Weekday(day)) {
			days = append(days, time.Weekday(day))
		}
	}
	if len(days) == 0 {
		return defaultDays
	}
	return days
}

// away reads a person's absences.
func (d *document) away(n ast.Node, id string, names *references) []Away {
	var all []Away
	for _, v := range d.list(n) {
		var a Away
		d.object(v, "an absence",
			field{"from", required, func(n ast.Node) { a.From = d.day(n, "its first day") }},
			field{"until", required, func(n ast.Node) { a.Until = d.day(n, "its last day") }},
			field{"cover", optional, func(n ast.Node) {
				if a.Cover = names.add(d, n, "the cover of "+id); a.Cover == id {
					d.fail(n, "name a colleague", "nobody can cover for themselves")
				}
			}},
		)
		d.inOrder(v, a.From, a.Until)
		all = append(all, a)
	}
	return all
}

// inOrder reports a time that ends before it begins.
func (d *document) inOrder(n ast.Node, from, to rules.Date) {
	if from != 0 && to != 0 && to < from {
		d.fail(n, "swap the two dates", "this time ends (%s) before it begins (%s)", to, from)
	}
}

// closures reads the days on which the company is closed.
func (d *document) closures(n ast.Node, team *Team) {
	for _, v := range d.list(n) {
		var c Closure
		d.object(v, "a closure",
			field{"name", required, func(n ast.Node) { c.Name = d.label(n, "a closure's name", maxTitle) }},
			field{"from", required, func(n ast.Node) { c.From = d.day(n, "its first day") }},
			field{"to", optional, func(n ast.Node) { c.To = d.day(n, "its last day") }},
			field{"country", optional, func(n ast.Node) { c.Country = d.country(n) }},
		)
		if c.To == 0 {
			c.To = c.From
		}
		d.inOrder(v, c.From, c.To)
		team.Closures = append(team.Closures, c)
	}
}

// periods reads a list of lengths of time, which must grow.
func (d *document) periods(n ast.Node, what string) []Delay {
	all := []Delay{}
	for _, v := range d.list(n) {
		p := d.period(v, what)
		if len(all) > 0 && roughly(p) <= roughly(all[len(all)-1]) && !p.IsZero() {
			d.fail(v, "write them from the earliest to the latest; each counts from the delivery", "%s after %s does not come after the one before it", what, p)
		}
		all = append(all, p)
	}
	return all
}

// roughly returns a length of time for comparison: five working days are a week.
func roughly(p Delay) time.Duration {
	return time.Duration(p.Minutes)*time.Minute + time.Duration(p.Days)*24*time.Hour + time.Duration(p.WorkingDays)*24*time.Hour*7/5
}
