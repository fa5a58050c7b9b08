package playtest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"playcaller/rules"
)

// maxSeriesDays bounds a series: what rules keep, and as long again.
const maxSeriesDays = 2 * rules.KeepDays

// A Part is a stretch of a series: so many days' values one after the other, or a
// weekly pattern that goes by the days of the week, whatever day it begins on.
type Part struct {
	Values []float64 // a day each; NaN where nothing arrives
	Week   []float64 // Monday to Sunday; nil where Values counts
	Hours  []float64 // from midnight on: what arrives in each hour, or, with Week, in which proportion
	Days   int       // of a weekly pattern, or of one of hours
}

// A NotationError says what is wrong with a series, and where in its text.
type NotationError struct {
	Offset, Length int // in bytes
	Message        string
	Suggestion     string
}

// Error implements error.
func (e *NotationError) Error() string { return e.Message + "; " + e.Suggestion }

var (
	seriesItem = regexp.MustCompile(`^(-?[0-9]+(?:\.[0-9]+)?)(?:([+-])([0-9]+(?:\.[0-9]+)?))?(?:x([0-9]+))?$`)
	seriesGap  = regexp.MustCompile(`^_(?:x([0-9]+))?$`)
	seriesWord = regexp.MustCompile(`[^\s,]+`)
	weekTimes  = regexp.MustCompile(`x\s*([0-9]+)\s*$`)
)

// ParseValues reads a series of days: "9x6 3x2 _x3" is six days of 9, two of 3 and
// three on which nothing arrives; "10-2x4" is 10 8 6 4, and "1+1x3" is 1 2 3. The
// number after x says how many days there are. (In promtool it says how many more.)
func ParseValues(text string) (Part, *NotationError) {
	var p Part
	for _, at := range seriesWord.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		wrong := func(message, mend string) (Part, *NotationError) {
			return Part{}, &NotationError{Offset: at[0], Length: at[1] - at[0], Message: message, Suggestion: mend}
		}
		var first, step float64
		times := "1"
		if m := seriesGap.FindStringSubmatch(word); m != nil {
			first = math.NaN()
			if m[1] != "" {
				times = m[1]
			}
		} else if m := seriesItem.FindStringSubmatch(word); m != nil {
			first, _ = strconv.ParseFloat(m[1], 64)
			if m[2] != "" {
				if m[4] == "" {
					return wrong(fmt.Sprintf("%q does not say how many days it goes on", word), "write "+word+"x5")
				}
				step, _ = strconv.ParseFloat(m[2]+m[3], 64)
			}
			if m[4] != "" {
				times = m[4]
			}
		} else {
			return wrong(fmt.Sprintf("%q is no part of a series", word), `write values like 9x6 3x2 _x3 (nine for six days, three for two, nothing for three)`)
		}
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 || len(p.Values)+n > maxSeriesDays {
			return wrong(fmt.Sprintf("%q makes the series %s days", word, times), fmt.Sprintf("give it between 1 and %d", maxSeriesDays))
		}
		for i := range n {
			p.Values = append(p.Values, first+step*float64(i))
		}
	}
	if len(p.Values) == 0 {
		return p, &NotationError{Length: len(text), Message: "the series is empty", Suggestion: "write values like 9x6 3x2 _x3"}
	}
	return p, nil
}

// ParseWeek reads a weekly pattern, Monday first: "9 9 8 9 7 1 0 x 12" is twelve such
// weeks; without x it is one.
func ParseWeek(text string) (Part, *NotationError) {
	weeks, body := 1, text
	if m := weekTimes.FindStringSubmatchIndex(text); m != nil {
		n, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil || n < 1 || n*7 > maxSeriesDays {
			return Part{}, &NotationError{Offset: m[2], Length: m[3] - m[2], Message: fmt.Sprintf("%s weeks are too few or too many", text[m[2]:m[3]]),
				Suggestion: fmt.Sprintf("give it between 1 and %d", maxSeriesDays/7)}
		}
		weeks, body = n, text[:m[0]]
	}
	p := Part{Days: weeks * 7}
	for _, at := range seriesWord.FindAllStringIndex(body, -1) {
		word := body[at[0]:at[1]]
		v := math.NaN()
		if m := seriesItem.FindStringSubmatch(word); m != nil && m[2] == "" && m[4] == "" {
			v, _ = strconv.ParseFloat(m[1], 64)
		} else if word != "_" {
			return Part{}, &NotationError{Offset: at[0], Length: at[1] - at[0], Message: fmt.Sprintf("%q is no value of a week", word),
				Suggestion: "write seven values and how many weeks: 9 9 8 9 7 1 0 x 12"}
		}
		p.Week = append(p.Week, v)
	}
	if len(p.Week) != 7 {
		return Part{}, &NotationError{Length: len(text), Message: fmt.Sprintf("a week has 7 days, and here are %d values", len(p.Week)),
			Suggestion: "write Monday to Sunday: 9 9 8 9 7 1 0 x 12"}
	}
	return p, nil
}

// days returns the values of parts laid one after the other from a day on.
func days(parts []Part, from rules.Date) []float64 {
	var all []float64
	for _, p := range parts {
		if p.Week == nil {
			all = append(all, p.Values...)
			for range p.Days {
				all = append(all, sumOf(p.Hours))
			}
			continue
		}
		for range p.Days {
			weekday := (from + rules.Date(len(all))).Weekday()
			all = append(all, p.Week[(weekday-time.Monday+7)%7])
		}
	}
	return all
}

// length returns how many days parts take.
func length(parts []Part) int {
	n := 0
	for _, p := range parts {
		n += len(p.Values) + p.Days
	}
	return n
}

// String writes a part as it may be read again.
func (p Part) String() string {
	var words []string
	values := p.Values
	switch {
	case p.Week != nil:
		values = p.Week
	case p.Hours != nil:
		values = p.Hours
	}
	for _, v := range values {
		if math.IsNaN(v) {
			words = append(words, "_")
		} else {
			words = append(words, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	switch {
	case p.Week != nil:
		words = append(words, "x", strconv.Itoa(p.Days/7))
	case p.Hours != nil:
		words = append(words, "x", strconv.Itoa(p.Days))
	}
	return strings.Join(words, " ")
}
