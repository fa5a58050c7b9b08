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

// A memoCell is what a feature of a series came to. There are many: every feature of
// every signal of every account.
type memoCell struct {
	of     uint32  // the series' stamp that it was worked out at; 0 where nothing is remembered
	days   int32   // present in part
	number float64 // the feature's value
	other  *result // a text or a gap in place of it
	usual  *usual  // what a spike is judged by

	// What a window's completed days came to: their sum, or the greatest of them. The
	// next day it takes in the day that is over and lets go of the one that leaves,
	// instead of reading all again. It holds as long as no day that was over has changed.
	part    float64
	through Date   // the last day in part; 0 where there is none
	past    uint32 // the series' when part was made
}

// A stamp says as of what a series' features were last asked for. With every change of
// it begins another number; a feature that was worked out at the present one holds.
type stamp struct {
	on      Date // the account's day
	until   Date // the series' latest day
	alive   Date // through which the feed was alive
	version uint32
	past    uint32

	all       uint32 // the number for features that read today
	completed uint32 // for those that read completed days alone
}

// ask notes as of what features of the series are asked for.
func (s *series) ask(today, alive Date) {
	t := &s.stamp
	same := t.on == today && t.until == s.untilDay && t.alive == alive
	if !same || t.version != s.version {
		t.all++
	}
	if !same || t.past != s.past {
		t.completed++
	}
	t.on, t.until, t.alive, t.version, t.past = today, s.untilDay, alive, s.version, s.past
	s.over = max(s.over, today-1)
}

// number returns the stamp's number for a feature, which may read completed days alone.
func (t *stamp) number(completed bool) uint32 {
	if completed {
		return t.completed
	}
	return t.all
}

// ready forgets everything where it was remembered for another compiler or another
// calendar.
func (h *History) ready(owner *core, calendar calendarKey) {
	if h.memo.owner == owner && h.memo.calendar == calendar {
		return
	}
	for _, s := range h.series {
		s.cells = nil
		s.forgetHours()
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
