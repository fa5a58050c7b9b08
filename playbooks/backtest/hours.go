package backtest

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"playcaller/rules"
)

// Hours are what a Series may also know of an hourly signal: the hours that are kept, and
// since when nothing is missing among them.
type Hours interface {
	Hours(signal string, since time.Time) []rules.HourValue
	HoursSince(signal string) time.Time // the zero time where hours are not learnt
}

// knownByHour returns what a signal's hours brought, and the days of which those are all:
// a corrected day is not known by the hour, nor one of a signal that is split.
func knownByHour(account, name string, history Series, zone *time.Location) (all []rules.Signal, days map[rules.Date]bool) {
	h, ok := history.(Hours)
	if !ok || len(history.By(name)) > 0 {
		return nil, nil
	}
	since := h.HoursSince(name)
	if since.IsZero() {
		return nil, nil
	}
	first := rules.DateOf(since.In(zone)) + 1 // the day on which they begin may lack some
	dayOf := func(v rules.HourValue) rules.Date { return rules.DateOf(v.Hour.Add(30 * time.Minute).In(zone)) }
	hours, sums := h.Hours(name, first.In(zone)), map[rules.Date]float64{}
	for _, v := range hours {
		sums[dayOf(v)] += v.Value
	}
	days = map[rules.Date]bool{}
	for _, d := range history.Days(name, "", first, rules.MaxDate) {
		days[d.Date] = d.Value > 0 && d.Value == sums[d.Date]
	}
	for _, v := range hours {
		if days[dayOf(v)] {
			all = append(all, rules.Signal{Account: account, Signal: name, Value: v.Value, At: v.Hour.Add(30 * time.Minute).In(zone)})
		}
	}
	return all, days
}

// drawnHours is what an hourly signal brought in each hour of each weekday.
type drawnHours [7][24]float64

func (h *drawnHours) add(at time.Time, v float64) { h[at.Weekday()][at.Hour()] += v }

// byHour spreads a day's count over the hours of its weekday: each falls into one of them
// by chance, or, without chance, in proportion. ok is false where nothing is known of them.
func (q *quieter) byHour(s *drawnSeries, d rules.Date, count float64) (all []rules.Signal, ok bool) {
	if s.hours == nil || count <= 0 {
		return nil, false
	}
	shape, left := s.hours[d.Weekday()], 0.0
	for _, v := range shape {
		left += v
	}
	if left <= 0 {
		return nil, false
	}
	midnight := time.Unix(int64(d)*86400, 0).UTC()
	for hour, part := range shape {
		if part <= 0 {
			continue
		}
		v := count
		if share := part / left; share < 1 {
			v = count * share
			if q.random != nil {
				v = distuv.Binomial{N: math.Round(count), P: share, Src: q.random}.Rand()
			}
		}
		count, left = count-v, left-part
		if v > 0 {
			one := q.signal(s, d, v)
			one.Mode, one.At = "", time.Date(midnight.Year(), midnight.Month(), midnight.Day(), hour, 30, 0, 0, q.zone)
			all = append(all, one)
		}
	}
	return all, len(all) > 0
}
