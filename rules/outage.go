package rules

import (
	"slices"
	"time"
)

// An Outage is a time during which nothing of a feed was heard, for any account: the
// days on which an account has no data are unknown, not zero, those on which it began
// and ended included. Days with data, or that were filled in later, count as any others.
type Outage struct {
	From time.Time `json:"from"` // when the feed was last heard of before it
	To   time.Time `json:"to"`   // and first after it
}

// A FeedLog knows when a feed was last heard of, for any account, and its outages of
// the last 400 days. The zero FeedLog is a feed that was never heard of.
type FeedLog struct {
	Last    time.Time `json:"last,omitzero"`
	Outages []Outage  `json:"outages,omitempty"` // oldest first
}

// maxOutages bounds a log: a feed that stops more often than weekly is not watched by
// its silence.
const maxOutages = KeepDays / 7

// Heard notes that something of the feed arrived. A silence longer than the signal's
// Fresh was an outage. Where nothing is said, one of more than 48 h was, Saturdays and
// Sundays (UTC) not counted: many a feed rests then. A gauge for which nothing is said
// holds its values, and has none.
func (l *FeedLog) Heard(at time.Time, def SignalDef) {
	fresh := def.Fresh
	if fresh == 0 {
		fresh = 48*time.Hour + weekend(l.Last, at)
	}
	watched := def.Kind != Gauge || def.Fresh > 0
	if watched && !l.Last.IsZero() && at.Sub(l.Last) > fresh {
		l.Outages = append(l.Outages, Outage{l.Last, at})
		oldest := at.AddDate(0, 0, -KeepDays)
		l.Outages = slices.DeleteFunc(l.Outages, func(o Outage) bool { return o.To.Before(oldest) })
		l.Outages = l.Outages[max(0, len(l.Outages)-maxOutages):]
	}
	if at.After(l.Last) {
		l.Last = at
	}
}

// weekend returns how much of a time lies on Saturdays and Sundays, UTC; of more than a
// week, how much of its first seven days.
func weekend(from, to time.Time) (rest time.Duration) {
	from = from.UTC()
	if week := from.AddDate(0, 0, 7); to.After(week) {
		to = week
	}
	for from.Before(to) {
		next := from.Truncate(24 * time.Hour).Add(24 * time.Hour)
		if next.After(to) {
			next = to
		}
		if day := from.Weekday(); day == time.Saturday || day == time.Sunday {
			rest += next.Sub(from)
		}
		from = next
	}
	return rest
}

// SetOutages tells of feeds' outages by signal, as FeedLog has them. They stay until
// they are set anew; the map must not be changed meanwhile.
func (f *Facts) SetOutages(outages map[string][]Outage) {
	f.outages = outages
	f.invalidate()
}

// tellOutages gives a series the account's local days that outages of its signal touch.
// Where they are others than before, what the series remembers is forgotten.
func (f *Facts) tellOutages(signal string, s *series) {
	if len(f.outages) == 0 && len(s.out) == 0 {
		return
	}
	f.out = f.out[:0]
	for _, o := range f.outages[signal] {
		f.out = append(f.out, Span{DateOf(o.From.In(f.zone)), DateOf(o.To.In(f.zone))})
	}
	if !slices.Equal(f.out, s.out) {
		s.out, s.cells = slices.Clone(f.out), nil
	}
}

// within reports whether a day lies in one of the spans.
func within(spans []Span, d Date) bool {
	for _, s := range spans {
		if s.From <= d && d <= s.To {
			return true
		}
	}
	return false
}
