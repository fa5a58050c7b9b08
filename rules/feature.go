package rules

import (
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
	opTop       featureOp = "top"
	opBy        featureOp = "by" // not computed: chooses the buckets of one value
)

// A featureForm says how a feature is asked for and of which signals.
type featureForm struct {
	op      featureOp
	window  bool   // takes a window such as "7d"
	vs      bool   // takes {vs: "8w"}
	kinds   []Kind // it is suited to
	example string // after the signal's name and a dot
	about   string
}

// featureForms lists every feature.
func featureForms() []featureForm {
	all, additive := []Kind{Count, Gauge, Unique}, []Kind{Count}
	return []featureForm{
		{opSum, true, false, additive, `sum("7d")`, "the sum of the last days, today included"},
		{opMax, true, false, all, `max("7d")`, "the greatest day of the last days, today included"},
		{opLast, false, false, all, `last()`, "the latest day's value, today included"},
		{opMean, true, false, all, `mean("28d")`, "the mean of completed days"},
		{opTrend, true, false, all, `trend("28d")`, "how much more the later half of completed days brought than the earlier, as a share: -0.3 is 30 % less"},
		{opDaysSince, false, false, all, `days_since()`, "days since anything came; may be asked of a feed that is silent"},
		{opDistinct, true, false, []Kind{Unique}, `distinct("28d")`, "distinct users in the last days, today included"},
		{opExpected, true, true, all, `expected("7d")`, "what the same weekdays usually bring, completed days"},
		{opDrop, true, true, all, `drop("14d")`, "0 to 1 below expected over completed days; 0 within chance"},
		{opSpike, true, true, all, `spike("1d")`, "times expected, today included; 1 within chance"},
		{opTop, true, false, []Kind{Count, Gauge}, `top("spike", "1d")`, "the value of the dimension with the greatest sum, max, drop or spike"},
		{opBy, false, false, []Kind{Count, Gauge}, `by("VALUE").spike("1d")`, "one value of the dimension"},
	}
}

// A feature is a number (or, for top, a text) computed from one account's series.
type feature struct {
	op     featureOp
	signal string
	by     string
	of     featureOp // of top
	window int       // days
	weeks  int       // compared with
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
	return &feature{op: op, signal: def.Name, kind: def.Kind, fresh: days, weeks: usualWeeks}
}

// String returns the feature as it is written in an expression.
func (ft *feature) String() string {
	var b strings.Builder
	b.WriteString(ft.signal)
	if ft.by != "" {
		fmt.Fprintf(&b, ".by(%q)", ft.by)
	}
	switch {
	case ft.op == opTop:
		fmt.Fprintf(&b, `.top(%q, "%dd")`, ft.of, ft.window)
	case ft.window == 0:
		fmt.Fprintf(&b, ".%s()", ft.op)
	case ft.weeks != usualWeeks:
		fmt.Fprintf(&b, `.%s("%dd", {vs: "%dw"})`, ft.op, ft.window, ft.weeks)
	default:
		fmt.Fprintf(&b, `.%s("%dd")`, ft.op, ft.window)
	}
	return b.String()
}

// completed reports whether the feature reads completed days alone.
func (ft *feature) completed() bool {
	switch ft.op {
	case opMean, opTrend, opExpected, opDrop:
		return true
	}
	return false
}

// compute works the feature out from a series as of today. cell keeps what the
// weekdays usually bring between calls; it may be nil.
func (ft *feature) compute(s *series, today Date, alive Date, off func(Date) string, cell *memoCell) result {
	if s == nil || len(s.total.values) == 0 {
		return result{gap: gap{what: ft.signal + ": no data yet"}}
	}
	last := min(s.untilDay, today)
	if ft.op == opDaysSince {
		return ft.daysSince(s, today)
	}
	if today > last+Date(ft.fresh) && today > alive+Date(ft.fresh) {
		return result{gap: gap{ft.signal + ": no data since", last}}
	}
	v := view{row: s.look(ft.by), first: s.total.from, last: last, alive: alive, fresh: ft.fresh, kind: ft.kind, offDays: off, cover: &s.total}
	switch ft.op {
	case opSum, opMax, opDistinct:
		return ft.overWindow(s, &v, today)
	case opLast:
		x, _ := v.row.held(today)
		if math.IsNaN(x) {
			x = v.value(today)
		}
		return finite(x, ft.signal+": no data yet")
	case opMean:
		x, ok := v.mean(today-Date(ft.window), today-1)
		if !ok {
			return result{gap: gap{what: fmt.Sprintf("%s: less than half of %d days known", ft.signal, ft.window)}}
		}
		return result{number: x}
	case opTrend:
		return ft.trend(&v, today)
	case opTop:
		return ft.top(s, today, alive, off)
	}
	return ft.compared(s, &v, today, cell)
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
		return result{number: math.Max(s.users.since(from), math.Max(best, 0))}
	case math.IsInf(best, -1) && ft.kind != Gauge:
		return result{number: 0}
	}
	return finite(best, fmt.Sprintf("%s: no data in %d days", ft.signal, ft.window))
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

func (ft *feature) trend(v *view, today Date) result {
	half := Date(ft.window / 2)
	before, ok1 := v.mean(today-2*half, today-half-1)
	after, ok2 := v.mean(today-half, today-1)
	if !ok1 || !ok2 {
		return result{gap: gap{what: fmt.Sprintf("%s: less than half of %d days known", ft.signal, ft.window)}}
	}
	if before == 0 && after == 0 {
		return result{}
	}
	return finite((after-before)/math.Abs(before), ft.signal+": nothing came in the earlier half")
}

// top names the value of the dimension with the greatest feature; "" where none
// stands out.
func (ft *feature) top(s *series, today, alive Date, off func(Date) string) result {
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
		r := one.compute(s, today, alive, off, nil)
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

// compared works out expected, drop and spike.
func (ft *feature) compared(s *series, v *view, today Date, cell *memoCell) result {
	from, to := ft.span(today)
	u := ft.usual(s, v, from, cell)
	c := v.compare(u, from, to, nil)
	if 2*c.days < ft.window {
		return result{gap: gap{what: ft.tooFew(v, from, today)}}
	}
	switch ft.op {
	case opDrop:
		return result{number: c.drop(ft.kind)}
	case opSpike:
		return result{number: c.spike(ft.kind)}
	}
	return result{number: c.expected}
}

// span returns the days that expected, drop and spike are about.
func (ft *feature) span(today Date) (from, to Date) {
	if ft.op == opSpike {
		return today - Date(ft.window) + 1, today
	}
	return today - Date(ft.window), today - 1
}

// usual returns what was usual before a window, from the cell where it still holds.
func (ft *feature) usual(s *series, v *view, from Date, cell *memoCell) *usual {
	if cell != nil && cell.usual != nil && cell.usualPast == s.past && cell.usualFrom == from && cell.usualOn == v.alive {
		return cell.usual
	}
	u := v.usualBefore(from, ft.weeks, nil)
	if cell != nil {
		cell.usual, cell.usualPast, cell.usualFrom, cell.usualOn = u, s.past, from, v.alive
	}
	return u
}

// tooFew says what keeps a window from being compared.
func (ft *feature) tooFew(v *view, from, today Date) string {
	if weeks := int(today-v.first) / 7; weeks < leastWeeks+ft.window/7 {
		return fmt.Sprintf("%s: %d of %d weeks of data needed", ft.signal, max(weeks, 0), leastWeeks+(ft.window+6)/7)
	}
	return fmt.Sprintf("%s: less than half of %d days can be compared", ft.signal, ft.window)
}
