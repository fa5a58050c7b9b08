package rules

import "math"

// A result is what a feature came to: a number, or for top a text, or what is
// missing.
type result struct {
	number float64
	text   string
	gap    gap
}

// A gap says why something is not known; the zero gap says that it is.
type gap struct {
	what string // as the reader is told, without a date
	on   Date   // appended as a date, where there is one
}

func (g gap) known() bool { return g.what == "" }

func (g gap) String() string {
	if g.on != 0 {
		return g.what + " " + g.on.String()
	}
	return g.what
}

// memo remembers features of a History between evaluations, as long as nothing
// they are computed from has changed. It is not written with the History.
type memo struct {
	owner    *core // features are numbered by the compiler they belong to
	today    Date
	calendar calendarKey
	cells    []memoCell
}

// A calendarKey changes when other days become holidays or closed.
type calendarKey struct {
	country string
	closed  uint64
}

type memoCell struct {
	set     bool
	version uint32 // of the series: past for features of completed days
	until   Date   // the series' latest day
	alive   Date
	result  result

	usual     *usual // what the feature's weekdays usually bring
	usualPast uint32
	usualFrom Date
	usualOn   Date // alive when it was worked out
}

// ready empties the memo where it was made for other features, another day or
// another calendar.
func (m *memo) ready(owner *core, today Date, calendar calendarKey, n int) {
	if m.owner != owner || m.today != today || m.calendar != calendar {
		clear(m.cells)
		m.owner, m.today, m.calendar = owner, today, calendar
	}
	for len(m.cells) < n {
		m.cells = append(m.cells, memoCell{})
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
func finite(v float64, what string) result {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return result{gap: gap{what: what}}
	}
	return result{number: v}
}
