package rules

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// A featureOp is what is computed of a series.
type featureOp string

const (
	opSum       featureOp = "sum"
	opMax       featureOp = "max"
	opLast      featureOp = "last"
	opMean      featureOp = "mean"
	opTrend     featureOp = "trend"
	opDaysSince featureOp = "days_since"
	opDistinct  featureOp = "distinct"
	opExpected  featureOp = "expected"
	opDrop      featureOp = "drop"
	opSpike     featureOp = "spike"
	opShift     featureOp = "shift"
	opShiftDays featureOp = "shift_days"
	opTop       featureOp = "top"
	opBy        featureOp = "by" // not computed: chooses the buckets of one value
)

// A featureForm says how a feature is asked for and of which signals.
type featureForm struct {
	op      featureOp
	window  bool   // takes a window such as "7d"
	vs      bool   // takes {vs: "8w"}
	alarms  bool   // takes {alarms: "1/year"}
	kinds   []Kind // it is suited to
	example string // after the signal's name and a dot
	about   string
}

// featureForms lists every feature.
func featureForms() []featureForm {
	all, additive := []Kind{Count, Gauge, Unique}, []Kind{Count}
	return []featureForm{
		{opSum, true, false, false, additive, `sum("7d")`, "the sum of the last days, today included"},
		{opMax, true, false, false, all, `max("7d")`, "the greatest day of the last days, today included"},
		{opLast, false, false, false, all, `last()`, "the latest day's value, today included"},
		{opMean, true, false, false, all, `mean("28d")`, "the mean of completed days"},
		{opTrend, true, false, true, all, `trend("28d")`, "how much more the later half of completed days brought than the earlier, as a share: -0.3 is 30 % less; 0 within chance"},
		{opDaysSince, false, false, false, all, `days_since()`, "days since anything came; may be asked of a feed that is silent"},
		{opDistinct, true, false, false, []Kind{Unique}, `distinct("28d")`, "distinct users in the last days, today included"},
		{opExpected, true, true, false, all, `expected("7d")`, "what the same weekdays usually bring, completed days"},
		{opDrop, true, true, true, all, `drop("14d")`, "0 to 1 below expected over completed days; 0 within chance"},
		{opSpike, true, true, true, all, `spike("1d")`, "times expected, today included; 1 within chance"},
		{opShift, true, true, true, all, `shift("56d")`, "by which share the level changed for good within completed days: -0.4 is 40 % less; 0 within chance, and in the first two weeks"},
		{opShiftDays, true, true, true, all, `shift_days("56d")`, "days since the level changed for good; 0 where it did not"},
		{opTop, true, false, false, []Kind{Count, Gauge}, `top("spike", "1d")`, "the value of the dimension with the greatest sum, max, drop or spike"},
		{opBy, false, false, false, []Kind{Count, Gauge}, `by("VALUE").spike("1d")`, "one value of the dimension"},
	}
}

// A feature is a number (or, for top, a text) computed from one account's series.
type feature struct {
	op     featureOp
	signal string
	by     string
	of     featureOp // of top
	window int       // days
	hours  int       // in place of days
	weeks  int       // compared with; 0 follows the account's level
	alarms float64   // a year, by chance; 0 is the default
	asked  string    // how alarms were written
	fresh  int       // days of silence that are taken for zero
	kind   Kind
}

func newFeature(op featureOp, def SignalDef) *feature {
	fresh := def.Fresh
	if fresh == 0 {
		fresh = 48 * time.Hour
	}
	days := int((fresh + 24*time.Hour - 1) / (24 * time.Hour))
	if def.Kind == Gauge && def.Fresh == 0 {
		days = KeepDays
	}
	return &feature{op: op, signal: def.Name, kind: def.Kind, fresh: days}
}

// String returns the feature as it is written in an expression.
func (ft *feature) String() string {
	var b strings.Builder
	b.WriteString(ft.signal)
	if ft.by != "" {
		fmt.Fprintf(&b, ".by(%q)", ft.by)
	}
	window := Period{Days: ft.window, Minutes: 60 * ft.hours}
	switch {
	case ft.op == opTop:
		fmt.Fprintf(&b, `.top(%q, %q)`, ft.of, window)
	case window.IsZero():
		fmt.Fprintf(&b, ".%s()", ft.op)
	case ft.weeks != 0 && ft.asked != "":
		fmt.Fprintf(&b, `.%s(%q, {vs: "%dw", alarms: %q})`, ft.op, window, ft.weeks, ft.asked)
	case ft.weeks != 0:
		fmt.Fprintf(&b, `.%s(%q, {vs: "%dw"})`, ft.op, window, ft.weeks)
	case ft.asked != "":
		fmt.Fprintf(&b, `.%s(%q, {alarms: %q})`, ft.op, window, ft.asked)
	default:
		fmt.Fprintf(&b, `.%s(%q)`, ft.op, window)
	}
	return b.String()
}

// completed reports whether the feature reads completed days alone.
func (ft *feature) completed() bool {
	switch ft.op {
	case opMean, opTrend, opExpected, opDrop, opShift, opShiftDays:
		return ft.hours == 0
	}
	return false
}

// compute works the feature out from a series as of today. l is scratch space; cell
// keeps what is learnt once a day between calls, and may be nil.
func (ft *feature) compute(s *series, today Date, alive Date, off func(Date) string, l *learner, cell *memoCell) result {
	if s == nil || len(s.total.values) == 0 {
		return result{gap: gap{Code: NoData, Of: ft.signal}}
	}
	last := min(s.untilDay, today)
	if ft.op == opDaysSince {
		return ft.daysSince(s, today)
	}
	if today > last+Date(ft.fresh) && today > alive+Date(ft.fresh) {
		return result{gap: gap{Code: NoDataSince, Of: ft.signal, On: last}}
	}
	v := view{row: s.look(ft.by), first: s.total.from, last: last, alive: alive, fresh: ft.fresh, kind: ft.kind, offDays: off, cover: &s.total, out: s.out}
	switch ft.op {
	case opSum, opMax, opDistinct:
		return ft.overWindow(s, &v, today)
	case opLast:
		x, _ := v.row.held(today)
		if math.IsNaN(x) {
			x = v.value(today)
		}
		return finite(x, gap{Code: NoData, Of: ft.signal})
	case opMean:
		x, ok := v.mean(today-Date(ft.window), today-1)
		if !ok {
			return result{gap: gap{Code: HalfKnown, Of: ft.signal, Count: int16(ft.window)}}
		}
		return result{number: x}
	case opTop:
		return ft.top(s, today, alive, off, l)
	case opSpike:
		return ft.spikeToday(s, &v, today, l, cell)
	}
	l.learn(&v, s.past, today)
	switch ft.op {
	case opTrend:
		return ft.trend(l)
	case opShift, opShiftDays:
		return ft.shift(l)
	}
	enough := math.Inf(1) // of what is expected no more is asked
	if ft.op == opDrop {
		enough = ft.enough(l)
	}
	w, ok := ft.judge(l, enough)
	switch {
	case !ok:
		return result{gap: ft.tooFew(l)}
	case ft.op == opDrop:
		return result{number: ft.drop(l, w)}
	}
	return result{number: w.expected}
}

// spikeToday judges today by what was learnt of the days before it.
func (ft *feature) spikeToday(s *series, v *view, today Date, l *learner, cell *memoCell) result {
	var own usual
	u := &own
	if cell != nil {
		if cell.usual == nil {
			cell.usual = &usual{}
		}
		u = cell.usual
	}
	if u.past != s.past || u.on != today || u.alive != v.alive || u.part != l.soFar() {
		l.learn(v, s.past, today)
		ft.learnUsual(l, u, onCalm)
	}
	if !u.gap.known() {
		return result{gap: u.gap}
	}
	x := 0.0
	if u.today {
		x = v.value(today)
	}
	for u.by < onPast && u.beyond(x) {
		l.learn(v, s.past, today)
		ft.learnUsual(l, u, u.by+1)
	}
	return finite(u.spike(ft.kind, x), gap{Code: NoDataToday, Of: ft.signal})
}

// daysSince counts days since anything but zero came; of a gauge, since anything.
func (ft *feature) daysSince(s *series, today Date) result {
	row := s.look(ft.by)
	if len(row.values) == 0 {
		row = &s.total // never that value: since the first data
		return result{number: float64(max(0, today-row.from))}
	}
	for d := min(today, row.end()-1); d >= row.from; d-- {
		if x := row.at(d); !math.IsNaN(x) && (x != 0 || ft.kind == Gauge) {
			return result{number: float64(today - d)}
		}
	}
	return result{number: float64(max(0, today-row.from))}
}

// overWindow adds up what was seen; before the account's first data there was
// nothing to see.
func (ft *feature) overWindow(s *series, v *view, today Date) result {
	from := today - Date(ft.window) + 1
	best, sum := math.Inf(-1), 0.0
	for d := from; d <= today; d++ {
		x := v.row.at(d)
		if ft.kind == Gauge {
			x = v.value(d)
		}
		if !math.IsNaN(x) {
			sum += x
			best = math.Max(best, x)
		}
	}
	switch {
	case ft.op == opSum:
		return result{number: sum}
	case ft.op == opDistinct:
		return result{number: math.Max(s.users.since(from, today), math.Max(best, 0))}
	case math.IsInf(best, -1) && ft.kind != Gauge:
		return result{number: 0}
	}
	return finite(best, gap{Code: NoDataIn, Of: ft.signal, Count: int16(ft.window)})
}

// mean averages the known days; ok is false where less than half are.
func (v *view) mean(from, to Date) (mean float64, ok bool) {
	sum, n := 0.0, 0
	for d := from; d <= to; d++ {
		if x := v.value(d); !math.IsNaN(x) {
			sum += x
			n++
		}
	}
	return sum / float64(max(n, 1)), 2*n >= int(to-from)+1
}

// halfKnown says what keeps a trend from being worked out.
func (ft *feature) halfKnown() gap {
	return gap{Code: HalfKnown, Of: ft.signal, Count: int16(ft.window)}
}

// top names the value of the dimension with the greatest feature; "" where none
// stands out.
func (ft *feature) top(s *series, today, alive Date, off func(Date) string, l *learner) result {
	one := *ft
	one.op = ft.of
	best, name := 0.0, ""
	if ft.of == opSpike {
		best = 1
	}
	var missing gap
	for _, by := range slices.Sorted(maps.Keys(s.by)) {
		if by == OtherBy {
			continue
		}
		one.by = by
		r := one.compute(s, today, alive, off, l, nil)
		if !r.gap.known() {
			missing = r.gap
		} else if r.number > best {
			best, name = r.number, by
		}
	}
	if name == "" && !missing.known() {
		return result{gap: missing}
	}
	return result{text: name}
}

// span returns the days that expected, drop, spike and their like are about.
func (ft *feature) span(today Date) (from, to Date) {
	if ft.op == opSpike {
		return today - Date(ft.window) + 1, today
	}
	return today - Date(ft.window), today - 1
}

// tooFew says what keeps a window from being compared.
func (ft *feature) tooFew(l *learner) gap {
	need := (max(7*leastWeeks, ft.window+7*leastBlocks) + 6) / 7
	if weeks := int(l.today-l.first) / 7; weeks < need {
		return gap{Code: WeeksNeeded, Of: ft.signal, Count: int16(max(weeks, 0)), Need: int16(need)}
	}
	return gap{Code: HalfCompared, Of: ft.signal, Count: int16(ft.window)}
}

// Surprise returns how many alarms a year chance alone would bring that are as
// surprising as what a feature sees now: a small number is a great surprise. Features
// are neutral while it is above their budget (one in five years, or {alarms: …}), so
// that it tells how far a difference is from being believed. It is between 0 and 365,
// and 365 where the difference is not of the feature's kind. feature is as it stands in
// a clause's Values, such as logins.drop("14d"). An error means that no rule asks for
// it, that it is not judged by chance, or what it would need to be known.
func (f *Facts) Surprise(feature string) (float64, error) {
	i, known := f.core.byText[feature]
	if !known || f.core.slots[i].feature == nil {
		return 0, fmt.Errorf("no rule asks for %s", feature)
	}
	ft := f.core.slots[i].feature
	if !ft.judged() {
		return 0, fmt.Errorf("%s is not judged by chance", feature)
	}
	if r := f.slot(i); !r.gap.known() {
		return 0, errors.New(r.gap.String())
	}
	if ft.hours > 0 {
		return f.hourBaseline(ft).Alarms, nil
	}
	v, s, err := f.view(ft.signal, ft.by)
	if err != nil {
		return 0, err
	}
	f.learner.learn(v, s.past, f.today)
	f.learner.part = f.partOfToday(ft, s)
	return ft.surprise(&f.learner), nil
}
