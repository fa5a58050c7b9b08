package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"playcaller/rules"
)

var (
	weekdaysEn = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	weekdaysJa = [...]string{"日", "月", "火", "水", "木", "金", "土"}
)

// Date writes a day: "Thu 1 Apr", 4月1日(木). The year is left out; an unknown day
// is "–".
func (v *Voice) Date(d rules.Date) string {
	if d == 0 {
		return "–"
	}
	t := d.In(time.UTC)
	if v.lang == Japanese {
		return fmt.Sprintf("%d月%d日(%s)", t.Month(), t.Day(), weekdaysJa[t.Weekday()])
	}
	return fmt.Sprintf("%s %d %s", weekdaysEn[t.Weekday()], t.Day(), t.Month().String()[:3])
}

// LongDate writes a day with its year: "Thu 1 Apr 2027", 2027年4月1日(木).
func (v *Voice) LongDate(d rules.Date) string {
	if d == 0 {
		return "–"
	}
	year := d.In(time.UTC).Year()
	if v.lang == Japanese {
		return fmt.Sprintf("%d年%s", year, v.Date(d))
	}
	return fmt.Sprintf("%s %d", v.Date(d), year)
}

// Day writes the day that it is at an instant in the voice's zone.
func (v *Voice) Day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return v.Date(rules.DateOf(t.In(v.zone)))
}

// When writes the day and the time of day, to the minute, in the voice's zone:
// "Thu 1 Apr, 09:30", 4月1日(木) 9:30. At midnight it is the day alone.
func (v *Voice) When(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	local := t.In(v.zone)
	if local.Hour() == 0 && local.Minute() == 0 {
		return v.Day(t)
	}
	if v.lang == Japanese {
		return v.Day(t) + local.Format(" 15:04")
	}
	return v.Day(t) + local.Format(", 15:04")
}

// Moment writes an instant in full, for one that may be long past or to come: with its year
// and the zone that it is told in, "Thu 1 Apr 2027, 09:30 JST", 2027年4月1日(木) 09:30 JST.
func (v *Voice) Moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	local := t.In(v.zone)
	if v.lang == Japanese {
		return v.LongDate(rules.DateOf(local)) + local.Format(" 15:04 MST")
	}
	return v.LongDate(rules.DateOf(local)) + local.Format(", 15:04 MST")
}

// Number writes a number with thousands separated by commas and at most two
// decimals: 1,234.5. Above 100 decimals are left out.
func (v *Voice) Number(n float64) string {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return "–"
	}
	decimals := 2
	if math.Abs(n) >= 100 {
		decimals = 0
	}
	s := strconv.FormatFloat(n, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	whole, fraction, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if s = sign + whole; s == "-0" {
		return "0"
	}
	return s
}

// Percent writes a share: 0.573 is "57 %", 57%.
func (v *Voice) Percent(share float64) string {
	n := v.Number(math.Round(share * 100))
	if v.lang == Japanese {
		return n + "%"
	}
	return n + " %"
}

// Money writes an amount in a currency (ISO 4217): "USD 12,000", 1,200,000円.
func (v *Voice) Money(amount float64, currency string) string {
	n := v.Number(math.Round(amount))
	switch {
	case v.lang == Japanese && currency == "JPY":
		return n + "円"
	case v.lang == Japanese && currency == "USD":
		return n + "ドル"
	case currency == "":
		return n
	}
	return currency + " " + n
}

// Period writes a length of time: "2 working days", 2営業日.
func (v *Voice) Period(p rules.Period) string {
	switch {
	case p.WorkingDays != 0:
		return v.Say("period.working_days", Args{"count": p.WorkingDays})
	case p.Days != 0 && p.Days%7 == 0 && p.Days >= 28:
		return v.Say("period.weeks", Args{"count": p.Days / 7})
	case p.Days != 0:
		return v.Say("period.days", Args{"count": p.Days})
	case p.Minutes != 0 && p.Minutes%60 == 0:
		return v.Say("period.hours", Args{"count": p.Minutes / 60})
	}
	return v.Say("period.minutes", Args{"count": p.Minutes})
}

// Weekday writes a day of the week: Tuesday, 火曜日.
func (v *Voice) Weekday(d time.Weekday) string {
	if v.lang == Japanese {
		return weekdaysJa[d] + "曜日"
	}
	return d.String()
}

// List joins things: "a, b and c", a、b、c.
func (v *Voice) List(all []string) string {
	if v.lang == Japanese {
		return strings.Join(all, "、")
	}
	switch len(all) {
	case 0:
		return ""
	case 1:
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// Person writes a colleague: "Tanaka", 田中さん. A mention of Slack may be given
// in place of a name.
func (v *Voice) Person(name string) string {
	if name == "" {
		return v.Say("person.nobody", nil)
	}
	if v.lang == Japanese && !strings.HasSuffix(name, "さん") {
		return name + "さん"
	}
	return name
}

// Customer writes the name of an account: "Acme KK", サンプル商事様.
func (v *Voice) Customer(name string) string {
	if v.lang == Japanese && !strings.HasSuffix(name, "様") {
		return name + "様"
	}
	return name
}
