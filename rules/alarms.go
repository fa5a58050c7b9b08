package rules

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// How often chance brings an alarm, by how far off the most surprising stretch of a
// feature's window is, in the account's own standard deviations: windows that are
// judged every day overlap, so what counts is clusters of days and not each of them.
// alarmsAtTwo·exp(−alarmsFall·(z−2)) alarms a year fit drops of untouched series of
// rules/benchmark (three of 500 to 2,900 days without lockdowns in them, thinned to
// 200, 50, 10 and 3 a day; days of alarm at most 14 apart are one alarm) within a
// factor of two between one a month and one in ten years. For quieter accounts they
// are an upper bound: where counts vary as Poisson's do about a level that wanders by
// 1 to 2 % a day there are a third as many at z = 3 and a tenth at 3.5, upwards and
// downwards. Upwards the real series have more, because they have real spikes.
const (
	alarmsAtTwo = 2.4
	alarmsFall  = 1.35
	alarmsMost  = 365
)

// alarmsChance is what a feature may bring a year where nothing else is asked for:
// one alarm in five years. A CSM has up to 100 accounts, usually 60, and the starter
// book asks each about six features that chance could raise: 60 × 6 / 5 = 72 a
// year. A prompt also needs a size (40 % fewer, three times as many): on the series
// above seven in ten alarms have one, on synthetic accounts hardly any. That leaves
// 50 a year, just within the promise of one false prompt a week, before the days
// that a rule waits and the weeks for which it keeps quiet after one.
const alarmsChance = 1.0 / 5

// alarmsAYear returns how many alarms a year chance would bring that are so many
// standard deviations off, at most one a day.
func alarmsAYear(off float64) float64 {
	return math.Min(alarmsMost, alarmsAtTwo*math.Exp(-alarmsFall*(off-2)))
}

// offFor is the inverse: from how many standard deviations on chance brings no more
// alarms a year than that.
func offFor(alarms float64) float64 {
	return 2 - math.Log(alarms/alarmsAtTwo)/alarmsFall
}

// alarmForm is how a budget is written: "1/year", "4/quarter", "1/5years".
var alarmForm = regexp.MustCompile(`^([1-9][0-9]?)/([1-9][0-9]?)?(week|month|quarter|year)s?$`)

// parseAlarms reads how many alarms chance may bring, and returns them per year.
func parseAlarms(text string) (float64, error) {
	m := alarmForm.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf(`alarms %q: want so many in a week, month, quarter or year, such as "1/year", "1/quarter" or "1/5years"`, text)
	}
	count, _ := strconv.Atoi(m[1]) // the form has one digit or two
	units := 1
	if m[2] != "" {
		units, _ = strconv.Atoi(m[2])
	}
	inYear := map[string]float64{"week": 52, "month": 12, "quarter": 4, "year": 1}[m[3]]
	a := float64(count) * inYear / float64(units)
	if a < 0.01 || a > 52 {
		return 0, fmt.Errorf(`alarms %q: want between one in 100 years and one a week`, text)
	}
	return a, nil
}
