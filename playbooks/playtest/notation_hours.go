package playtest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"playcaller/rules"
)

const hoursOfDay = 24

var dayTimes = regexp.MustCompile(`\sx\s*([0-9]+)\s*$`)

// ParseHours reads a day by the hour, from midnight on: "0x9 5x8 0x7 x 3" is three days
// with nothing up to nine, five in each hour up to five in the afternoon, and nothing
// after. Of one day the hours that are not written bring nothing, which is not zero.
func ParseHours(text string) (Part, *NotationError) {
	times, body := 1, text
	if m := dayTimes.FindStringSubmatchIndex(text); m != nil {
		n, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil || n < 1 || n > maxSeriesDays {
			return Part{}, &NotationError{Offset: m[2], Length: m[3] - m[2], Message: fmt.Sprintf("%s days are too few or too many", text[m[2]:m[3]]),
				Suggestion: fmt.Sprintf("give it between 1 and %d", maxSeriesDays)}
		}
		times, body = n, text[:m[0]]
	}
	hours, err := ParseValues(body)
	if err != nil {
		err.Suggestion = "write values like 0x9 5x8 0x7 x 3 (nothing for nine hours, five for eight, nothing for seven; three such days)"
		return Part{}, err
	}
	n := len(hours.Values)
	if n > hoursOfDay || n < hoursOfDay && times > 1 {
		return Part{}, &NotationError{Length: len(body), Message: fmt.Sprintf("a day has 24 hours, and here are %d values", n),
			Suggestion: "write them from midnight on: 0x9 5x8 0x7 x 3"}
	}
	for len(hours.Values) < hoursOfDay {
		hours.Values = append(hours.Values, math.NaN())
	}
	return Part{Hours: hours.Values, Days: times}, nil
}

// spread makes a weekly pattern one by the hour, in which each day's value comes in the
// proportion of a day's hours.
func (p Part) spread(day Part) (Part, *NotationError) {
	if sum := sumOf(day.Hours); day.Days != 1 || !(sum > 0) {
		return Part{}, &NotationError{Length: 1, Message: "beside a week, hours say in which proportion a day's value comes",
			Suggestion: "write one day's hours that are not all zero: 0x9 5x8 0x7"}
	}
	for i, v := range day.Hours {
		if v < 0 || v != v {
			return Part{}, &NotationError{Length: 1, Message: fmt.Sprintf("beside a week, each hour has its proportion, and the hour from %d:00 has none", i),
				Suggestion: "write 24 values of 0 or more: 0x9 5x8 0x7"}
		}
	}
	p.Hours = day.Hours
	return p, nil
}

// sumOf adds up the hours in which something arrives; NaN where there are none.
func sumOf(hours []float64) float64 {
	sum, any := 0.0, false
	for _, v := range hours {
		if v == v {
			sum, any = sum+v, true
		}
	}
	if !any {
		return math.NaN()
	}
	return sum
}

// hoursOf returns a day's hours for each day of the parts; nil where the day's value
// arrives at noon.
func hoursOf(parts []Part, values []float64) [][]float64 {
	all := make([][]float64, 0, len(values))
	for _, p := range parts {
		for range p.Values {
			all = append(all, nil)
		}
		for range p.Days {
			switch {
			case p.Week == nil:
				all = append(all, p.Hours)
			case p.Hours == nil:
				all = append(all, nil)
			default:
				all = append(all, proportioned(values[len(all)], p.Hours))
			}
		}
	}
	return all
}

// proportioned spreads a day's value over its hours, whole where it is whole.
func proportioned(value float64, shape []float64) []float64 {
	if value != value {
		return nil
	}
	hours := make([]float64, len(shape))
	sum, done, given := sumOf(shape), 0.0, 0.0
	for i, share := range shape {
		done += share
		upTo := value * done / sum
		if value == math.Trunc(value) {
			upTo = math.Round(upTo)
		}
		hours[i], given = upTo-given, upTo
	}
	return hours
}

// byHour returns what arrives in the hours of a day, at half past each.
func (s Series) byHour(account string, zone *time.Location, day rules.Date, hours []float64) []rules.Signal {
	var all []rules.Signal
	at := time.Unix(int64(day)*86400, 0).UTC()
	for hour, v := range hours {
		if v == v {
			all = append(all, rules.Signal{Account: account, Signal: s.Signal, By: s.By, Value: v,
				At: time.Date(at.Year(), at.Month(), at.Day(), hour, 30, 0, 0, zone)})
		}
	}
	return all
}
