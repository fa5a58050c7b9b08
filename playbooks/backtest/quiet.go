package backtest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Quiet draws signals for a copy of an account to which nothing ever happens: what a
// book asks of it comes by chance alone. The copy has the account's own weekly rhythm
// and spread, and neither trend nor incident:
//
//   - a count: each weekday's middle mean (the mean of the middle half) over all the
//     account's days; weeks vary as much as neighbouring weeks of the account differ,
//     and days within a week as they do there, both by medians, so that an incident
//     moves neither. Drawn as negative binomial counts. Values of a dimension are drawn
//     each on its own.
//   - distinct users: each is there on a day with the share of days on which it was,
//     times the weekday's part.
//   - a gauge that is known on most days: its median, with the spread of neighbouring
//     days' differences. Another one keeps its median.
//
// Holidays of the account's country keep what came on them. Days on which nothing of a
// signal came for any account (heard) stay without data. Without random the copy has no
// spread at all: every day brings just what its weekday usually does.
func Quiet(in *Input, book *playbooks.Book, heard map[string]Days, from, to rules.Date, random *rand.Rand) []rules.Signal {
	zone := zoneOf(&in.Account)
	q := &quieter{in: in, zone: zone, from: from, to: to, random: random}
	var all []rules.Signal
	for _, s := range q.series(book) {
		days, told := heard[s.def.Name]
		s.silent = func(d rules.Date) bool { return told && days.last(d) != d }
		switch {
		case s.def.Kind == rules.Gauge:
			all = append(all, q.gauge(s)...)
		case s.def.Kind == rules.Unique && len(s.users) > 0:
			all = append(all, q.unique(s)...)
		default:
			all = append(all, q.count(s)...)
		}
	}
	slices.SortStableFunc(all, func(a, b rules.Signal) int { return a.At.Compare(b.At) })
	return all
}

type quieter struct {
	in       *Input
	zone     *time.Location
	from, to rules.Date
	random   *rand.Rand
	holidays rules.Holidays
}

// A drawn series is what an account's days brought of one signal, or one value of it.
type drawnSeries struct {
	def    *rules.SignalDef
	by     string
	first  rules.Date
	values []float64 // from first on; NaN where nothing came
	users  map[string][]rules.Date
	hours  *drawnHours // of an hourly signal whose hours came
	silent func(rules.Date) bool
}

// series adds up the days of an account's signals, in a fixed order: what came of none
// of a dimension's values first, because setting the whole of a day afterwards would
// undo what its values add to it.
func (q *quieter) series(book *playbooks.Book) []*drawnSeries {
	type key struct{ signal, by string }
	found := map[key]*drawnSeries{}
	var all []*drawnSeries
	for i := range q.in.Signals {
		s := &q.in.Signals[i]
		day := rules.DateOf(s.At.In(q.zone))
		if day > q.to {
			continue
		}
		of := found[key{s.Signal, s.By}]
		if of == nil {
			def := book.Signal(s.Signal)
			if def == nil {
				continue
			}
			of = &drawnSeries{def: def, by: s.By, first: day}
			found[key{s.Signal, s.By}] = of
			all = append(all, of)
		}
		of.add(s, day)
		if of.def.Hourly && s.Mode == "" && s.Value > 0 {
			if of.hours == nil {
				of.hours = &drawnHours{}
			}
			of.hours.add(s.At.In(q.zone), s.Value)
		}
	}
	slices.SortStableFunc(all, func(a, b *drawnSeries) int {
		return cmp.Compare(min(len(a.by), 1), min(len(b.by), 1))
	})
	return all
}

func (s *drawnSeries) add(sig *rules.Signal, day rules.Date) {
	if day < s.first { // signals are in order of time, so of a day or two at most
		return
	}
	for int(day-s.first) >= len(s.values) {
		s.values = append(s.values, math.NaN())
	}
	v := &s.values[day-s.first]
	switch {
	case sig.User != "":
		if s.users == nil {
			s.users = map[string][]rules.Date{}
		}
		seen := s.users[sig.User]
		if len(seen) == 0 || seen[len(seen)-1] != day {
			s.users[sig.User] = append(seen, day)
		}
	case sig.Mode == "set" || s.def.Kind == rules.Gauge || math.IsNaN(*v):
		*v = sig.Value
	default:
		*v += sig.Value
	}
}

// begins returns the first day that is drawn.
func (q *quieter) begins(s *drawnSeries) rules.Date { return max(s.first, q.from) }

func (q *quieter) holiday(d rules.Date) bool { return q.holidays.Name(q.in.Account.Country, d) != "" }

func (q *quieter) signal(s *drawnSeries, d rules.Date, v float64) rules.Signal {
	return rules.Signal{Account: q.in.Account.ID, Signal: s.def.Name, By: s.by, Value: v, At: Noon(d, q.zone), Mode: "set"}
}

// count draws a count's days.
func (q *quieter) count(s *drawnSeries) []rules.Signal {
	last := max(s.first+rules.Date(len(s.values))-1, q.to)
	value := func(d rules.Date) float64 { // a day without data is one on which nothing happened, if the feed was alive
		if i := int(d - s.first); i < len(s.values) && !math.IsNaN(s.values[i]) {
			return s.values[i]
		}
		if s.silent(d) {
			return math.NaN()
		}
		return 0
	}
	mean := q.weekdays(s.first, min(last, q.to), value)
	daily, weekly := q.spread(s.first, min(last, q.to), value, mean)
	var all []rules.Signal
	level := 1.0
	for d := q.begins(s); d <= q.to; d++ {
		if d == q.begins(s) || d.Weekday() == time.Monday {
			level = 1
			if weekly > 0 && q.random != nil {
				level = distuv.Gamma{Alpha: 1 / weekly, Beta: 1 / weekly, Src: q.random}.Rand()
			}
		}
		x := value(d)
		if math.IsNaN(x) {
			continue
		}
		if !q.holiday(d) {
			x = q.draw(mean[d.Weekday()]*level, daily)
		}
		if hours, ok := q.byHour(s, d, x); ok {
			all = append(all, hours...)
			continue
		}
		all = append(all, q.signal(s, d, x))
	}
	return all
}

// draw returns a count of the given mean and variance over mean.
func (q *quieter) draw(mean, spread float64) float64 {
	if mean <= 0 || q.random == nil {
		return max(mean, 0)
	}
	if spread > 1.001 {
		mean = distuv.Gamma{Alpha: mean / (spread - 1), Beta: 1 / (spread - 1), Src: q.random}.Rand()
		if mean <= 0 {
			return 0
		}
	}
	return distuv.Poisson{Lambda: mean, Src: q.random}.Rand()
}

// weekdays returns each weekday's middle mean.
func (q *quieter) weekdays(from, to rules.Date, value func(rules.Date) float64) (mean [7]float64) {
	var days [7][]float64
	for d := from; d <= to; d++ {
		if x := value(d); !math.IsNaN(x) && !q.holiday(d) {
			days[d.Weekday()] = append(days[d.Weekday()], x)
		}
	}
	for wd, values := range days {
		mean[wd] = middleMean(values)
	}
	return mean
}

// middleMean returns the mean of the middle half of values, 0 of none.
func middleMean(values []float64) float64 {
	slices.Sort(values)
	n := float64(len(values))
	sum, weight := 0.0, 0.0
	for i, v := range values {
		w := math.Min(1, math.Min(float64(i+1), n*3/4)-math.Max(float64(i), n/4))
		if w > 0 {
			sum, weight = sum+w*v, weight+w
		}
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// middleOfSix is the median of a chi-squared variable of six degrees of freedom, over
// six: what a week's squared residuals come to on average where days are Poisson.
const middleOfSix = 0.8914

// spread estimates how days vary within a week (variance over mean, at least 1), and
// weeks about their level (variance of a factor of mean 1).
func (q *quieter) spread(from, to rules.Date, value func(rules.Date) float64, mean [7]float64) (daily, weekly float64) {
	usual := 0.0
	for _, m := range mean {
		usual += m
	}
	if usual <= 0 {
		return 1, 0
	}
	var within, steps []float64
	last := math.NaN()
	for start := from; start+6 <= to; start += 7 {
		sum, whole := 0.0, true
		for d := start; d < start+7; d++ {
			x := value(d)
			whole = whole && !math.IsNaN(x) && !q.holiday(d)
			sum += x
		}
		if !whole {
			last = math.NaN()
			continue
		}
		off := 0.0
		for d := start; d < start+7 && sum > 0; d++ {
			if e := mean[d.Weekday()] * sum / usual; e > 0 {
				off += (value(d) - e) * (value(d) - e) / e
			}
		}
		within = append(within, off/6)
		if !math.IsNaN(last) {
			steps = append(steps, math.Abs(sum-last))
		}
		last = sum
	}
	daily = math.Max(1, median(within)/middleOfSix)
	if len(steps) >= 4 {
		sd := 1.4826 * median(steps) / math.Sqrt2
		weekly = math.Max(0, (sd*sd-daily*usual)/(usual*usual))
	}
	return daily, weekly
}

// unique draws on which days each user is there.
func (q *quieter) unique(s *drawnSeries) []rules.Signal {
	users := make([]string, 0, len(s.users))
	var of [7]float64
	total := 0.0
	for user, days := range s.users {
		users = append(users, user)
		for _, d := range days {
			of[d.Weekday()]++
			total++
		}
	}
	slices.Sort(users)
	var all []rules.Signal
	for n, user := range users {
		days := s.users[user]
		share := float64(len(days)) / float64(q.to-s.first+1)
		due := float64(n) / float64(len(users)) // without random: so much of the next day on which the user is there has passed
		for d := q.begins(s); d <= q.to; d++ {
			p := share * of[d.Weekday()] / total * 7
			there := false
			if q.random != nil {
				there = q.random.Float64() < p
			} else if due += p; due >= 1 {
				there, due = true, due-math.Floor(due)
			}
			if there && !s.silent(d) {
				one := q.signal(s, d, 1)
				one.User, one.Mode = user, ""
				all = append(all, one)
			}
		}
	}
	return all
}

// gauge draws a gauge's days.
func (q *quieter) gauge(s *drawnSeries) []rules.Signal {
	var known, steps []float64
	whole := true
	for i, v := range s.values {
		if math.IsNaN(v) {
			continue
		}
		known = append(known, v)
		whole = whole && v == math.Trunc(v)
		if i > 0 && !math.IsNaN(s.values[i-1]) {
			steps = append(steps, math.Abs(v-s.values[i-1]))
		}
	}
	dense := 2*len(known) > len(s.values)
	middle := median(known)
	sd := 1.4826 * median(steps) / math.Sqrt2
	if !dense || sd == 0 || q.random == nil {
		all := []rules.Signal{q.signal(s, q.begins(s), middle)}
		if dense { // it keeps coming, so that it stays fresh
			for d := q.begins(s) + 1; d <= q.to; d++ {
				all = append(all, q.signal(s, d, middle))
			}
		}
		return all
	}
	var all []rules.Signal
	for d := q.begins(s); d <= q.to; d++ {
		x := middle + sd*q.random.NormFloat64()
		if whole {
			x = math.Round(x)
		}
		all = append(all, q.signal(s, d, x))
	}
	return all
}
