package rules

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A week read from its packed form is what its days are one by one, wherever it lies in
// the row and however the row is packed.
func TestAPackedWeekIsItsDays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.SampledFrom([]int{3, 254, 300, 32767, 100_000}).Draw(rt, "most")
		least := rapid.SampledFrom([]int{0, 0, 0, -5}).Draw(rt, "least")
		row := dayRow{from: 20_000}
		for i := range rapid.IntRange(1, 30).Draw(rt, "days") {
			if i == 0 || rapid.IntRange(0, 5).Draw(rt, "absent") > 0 {
				row.set(row.from+Date(i), float64(rapid.IntRange(least, most).Draw(rt, "value")), 0, false)
			}
		}
		from := rapid.IntRange(-9, row.len()+3).Draw(rt, "from")
		var want [7]float64
		sum, missing, negative := 0.0, uint8(0), false
		for place := range want {
			switch x := row.at(row.from + Date(from+place)); {
			case x != x:
				missing |= 1 << (6 - place)
			default:
				want[place] = x
				sum += x
				negative = negative || x < 0
			}
		}
		got, absent, ok := row.week(from)
		if ok == negative || ok && (float64(got) != sum || absent != missing) {
			rt.Fatalf("the week from %d on is %d without %07b (%t), want %g without %07b", from, got, absent, ok, sum, missing)
		}
		days, absent, ok := row.lanes(from)
		if within := from >= 1 && from+7 <= row.len() && row.shift < 2; ok != (within && !negative) {
			rt.Fatalf("the week from %d on is packed: %t", from, ok)
		}
		if !ok {
			return
		}
		if days.days() != want || absent != missing {
			rt.Fatalf("the days from %d on are %v without %07b, want %v without %07b", from, days.days(), absent, want, missing)
		}
		other := days.without(1<<6 | 1<<2 | 1)
		left := [7]float64{0, want[1], want[2], want[3], 0, want[5], 0}
		if other.days() != left {
			rt.Fatalf("without three days they are %v, want %v", other.days(), left)
		}
		var sums [4]uint64
		for range 16 {
			days.addTo(&sums)
		}
		for place, x := range weekdays(&sums) {
			if float64(x) != 16*want[place] {
				rt.Fatalf("sixteen such weeks bring %d on day %d, want %g", x, place, 16*want[place])
			}
		}
		next := lanes{days.first >> 16, days.last >> 16}
		greater := lanes{moreOf(days.first, next.first), moreOf(next.last, days.last)}.days()
		for place, x := range next.days() {
			if greater[place] != math.Max(x, want[place]) {
				rt.Fatalf("of %v and %v the greater are %v", want, next.days(), greater)
			}
		}
	})
}

// The shares that are learnt of an account lie within their bounds, and what is known of a
// week with days missing within its size.
func TestSharesLieWithinTheirBounds(t *testing.T) {
	c := testCompiler(t)
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(rt)
		for range rapid.IntRange(60, 150).Draw(rt, "days") {
			l.pass(rt, []SignalDef{loginsDef})
		}
		s := l.history.find("logins")
		if s == nil {
			return
		}
		f := l.facts(rt, c, false)
		f.tellOutages("logins", s)
		v := view{row: &s.total, first: s.total.from, last: min(s.untilDay, l.today), alive: f.alive("logins"), fresh: 2, kind: Count, offDays: f.offDays, cover: &s.total, out: s.out}
		var all weekSums
		if l.today-7*profileWeeks < v.first || !all.read(&v, f.offBefore(), l.today, 0, profileWeeks) {
			return
		}
		least := all.profiled()
		if least < leastWeeks {
			return
		}
		f.learner.learn(&v, s.past, l.today)
		share := func(bit int) float64 { return f.learner.share[(l.today - 1 - Date(bit)).Weekday()] }
		if got := all.shareLeast(&v, f.offBefore(), l.today, least); min(1, got) > share(6)*(1+slack) {
			rt.Fatalf("today's share is %g, and at least %g", share(6), got)
		}
		bounds, ok := v.boundShares(f.offBefore(), l.today)
		if !ok {
			return
		}
		for unknown := range uint8(0x7f) {
			size := 0.0
			for bit := range 7 {
				if unknown>>bit&1 == 0 {
					size += share(bit)
				}
			}
			if got := bounds.sizeLeast(unknown); got > size*(1+slack) {
				rt.Fatalf("without %07b the shares add up to %g, and at least to %g", unknown, size, got)
			}
		}
	})
}
