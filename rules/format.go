package rules

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// speak sets the language that values are written in.
func (f *Facts) speak(lang string) { f.lang = lang }

// write writes a value in the reader's language.
func (f *Facts) write(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return writeNumber(v, f.lang)
	case Date:
		return writeDate(v, f.today, f.lang)
	case bool:
		switch {
		case f.lang == "ja" && v:
			return "はい"
		case f.lang == "ja":
			return "いいえ"
		case v:
			return "yes"
		}
		return "no"
	}
	return "–"
}

// writePercent writes 0.573 as "57 %", in Japanese without the space.
func writePercent(v float64, lang string) string {
	n := writeNumber(math.Round(v*100), lang)
	if lang == "ja" {
		return n + "%"
	}
	return n + " %"
}

// writeNumber writes a number as people say it in a sentence: thousands with commas,
// from ten on whole, below ten with one decimal and below one with two.
func writeNumber(v float64, lang string) string {
	decimals := 1
	switch {
	case v == math.Trunc(v) || math.Abs(v) >= 10:
		decimals = 0
	case math.Abs(v) < 1:
		decimals = 2
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
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
	if strings.Trim(whole, "0.,") == "" {
		sign = ""
	}
	return sign + whole
}

// writeDate writes "Thu 1 Apr" and 4月1日(木), with the year where it is not
// today's.
func writeDate(d, today Date, lang string) string {
	t := time.Unix(int64(d)*86400, 0).UTC()
	year := t.Year() != yearOf(today)
	if lang == "ja" {
		s := fmt.Sprintf("%d月%d日(%s)", t.Month(), t.Day(), []string{"日", "月", "火", "水", "木", "金", "土"}[d.Weekday()])
		if year {
			s = fmt.Sprintf("%d年%s", t.Year(), s)
		}
		return s
	}
	if year {
		return t.Format("Mon 2 Jan 2006")
	}
	return t.Format("Mon 2 Jan")
}
