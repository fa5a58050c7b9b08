package rules

import "math"

// A result is what a feature came to: a number, or for top a text, or what is
// missing.
type result struct {
	number float64
	text   string
	gap    gap
}

// A memo is what the features remembered with a History's series belong to. They are
// not written with the History.
type memo struct {
	owner    *core // features are numbered by the compiler they belong to
	calendar calendarKey
}

// A calendarKey changes when other days become holidays or closed.
type calendarKey struct {
	country string
	closed  uint64
}

// A memoCell is what a feature of a series came to, and what that was worked out from.
// A feature is worked out again when its series, its day, or how far its feed was
// alive has changed.
type memoCell struct {
	on      Date   // the account's day; 0 where nothing is remembered
	version uint32 // of the series: past for features of completed days
	until   Date   // the series' latest day
	alive   Date
	number  float64
	other   *result // a text or a gap in place of the number
	roll    rolling

	usual *usual // what a spike is judged by
}

// ready forgets everything where it was remembered for another compiler or another
// calendar.
func (h *History) ready(owner *core, calendar calendarKey) {
	if h.memo.owner == owner && h.memo.calendar == calendar {
		return
	}
	for _, s := range h.series {
		s.cells = nil
	}
	h.memo = memo{owner, calendar}
}

// cell returns the place of a feature of the series; of n so far compiled.
func (s *series) cell(i, n int) *memoCell {
	if i >= len(s.cells) {
		s.cells = append(make([]memoCell, 0, n), s.cells...)[:n]
	}
	return &s.cells[i]
}

// holds reports whether what is remembered is of that day and of an unchanged series.
func (c *memoCell) holds(on Date, version uint32, until, alive Date) bool {
	return c.on == on && c.version == version && c.until == until && c.alive == alive
}

// keep remembers a result.
func (c *memoCell) keep(r result) {
	c.number, c.other = r.number, nil
	if r.text != "" || !r.gap.known() {
		c.other = &r
	}
}

func closedKey(spans []Span) uint64 {
	key := uint64(len(spans))
	for _, s := range spans {
		key = key*1_000_003 + uint64(uint32(s.From))
		key = key*1_000_003 + uint64(uint32(s.To))
	}
	return key
}

// finite returns a result, or that it cannot be computed.
func finite(v float64, otherwise gap) result {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return result{gap: otherwise}
	}
	return result{number: v}
}
