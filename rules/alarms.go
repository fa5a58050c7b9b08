package rules

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// A pace is how often chance brings an alarm, by how far off the most surprising
// stretch of a feature's window is, in the account's own standard deviations: windows
// that are judged every day overlap, so what counts is clusters of days (at most 14
// apart) and not each of them.
type pace struct {
	once  float64 // so far off chance goes once a year
	steep float64 // each further deviation makes it e^steep times as rare
}

// Both paces were fitted to untouched series of rules/benchmark, real and synthetic,
// thinned to 200, 50, 10 and 3 a day, on other seeds than its tables are of. Downwards the
// real ones have heavy tails, and synthetic accounts, whose days are tame, have a
// quarter (at 200 a day) to as many alarms (at 3). Upwards it is the pace of accounts
// that do not burst; of those that do the past tells (past.go).
var (
	paceDown = pace{2.65, 1.35}
	paceUp   = pace{2.9, 2}
)

// alarmsMost is one alarm a day: more than that is not told apart.
const alarmsMost = 365

// alarms returns how many alarms a year chance brings that are so far off.
func (p pace) alarms(off float64) float64 { return math.Exp(-p.steep * (off - p.once)) }

// off is the inverse: from how many standard deviations on chance brings no more
// alarms a year than that.
func (p pace) off(alarms float64) float64 { return p.once - math.Log(alarms)/p.steep }

// pace returns the feature's.
func (ft *feature) pace() pace {
	switch ft.op {
	case opSpike, opShift, opShiftDays:
		return paceUp
	}
	return paceDown
}

// tries is how many times as many alarms chance brings because a feature looks both
// ways, at many stretches, or at a day again and again while it lasts.
func (ft *feature) tries(l *learner) float64 {
	switch ft.op {
	case opTrend:
		return 2
	case opSpike:
		return l.looks()
	case opShift, opShiftDays:
		return 2 * math.Sqrt(float64(ft.window)/leastShift)
	}
	return 1
}

// alarmsChance is what a feature may bring a year where nothing else is asked for:
// one alarm in five years. A CSM has up to 100 accounts, usually 60, and the starter
// book asks each about six features that chance could raise: 60 × 6 / 5 = 72 a
// year. A prompt also needs a size (40 % fewer, three times as many): on the series
// above seven in ten alarms have one, on synthetic accounts hardly any. That leaves
// 50 a year, just within the promise of one false prompt a week, before the days
// that a rule waits and the weeks for which it keeps quiet after one.
const alarmsChance = 1.0 / 5

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
