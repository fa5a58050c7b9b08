package rules

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// While a whole feed was dead, no account dropped: its silent days are unknown, and
// those of an outage that is over are not learnt from.
func TestAnOutageOfTheFeedIsNotZero(t *testing.T) {
	none := math.NaN()
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-12", append(repeat(70, 20), repeat(8, none)...)...) // silent from 5 to 12 November
	seriesOf(t, &h, loginsDef, "2026-11-20", repeat(8, 20)...)
	outage := map[string][]Outage{"logins": {{utc("2026-11-04T20:00"), utc("2026-11-13T08:00")}}}
	f, exprs := loginsFacts(t, `logins.drop("14d")`, `logins.expected("7d")`, `logins.mean("28d")`)
	f.SetFeed(func(string) time.Time { return utc("2026-11-20T11:00") })
	f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
	if v, _ := exprs[0].Number(f); v < 0.3 {
		t.Errorf("eight silent days of an account whose feed was alive are a drop of %.2f, want one", v)
	}
	f.SetOutages(outage)
	for i, want := range []float64{0, 140, 20} {
		if v, ok := exprs[i].Number(f); ok && math.Abs(v-want) > 0.01 || !ok && i != 0 {
			t.Errorf("with the outage known %s is %g, known %v, want %g", exprs[i], v, ok, want)
		}
	}
	b, err := f.Baseline("logins", "", Period{Days: 14}, Period{})
	if err != nil {
		t.Fatal(err)
	}
	silent := 0
	for _, out := range b.LeftOut {
		if out.Reason == WithoutData {
			silent++
		}
	}
	if silent != 8 { // 5 to 12 November
		t.Errorf("%d days are left out for want of data, want 8: %+v", silent, b.LeftOut)
	}
	f.SetOutages(nil)
	if v, _ := exprs[0].Number(f); v < 0.3 {
		t.Errorf("once nothing is known of an outage the drop is %.2f again, want one", v)
	}
}

// On the days on which an outage begins and ends, too, what did not come is unknown.
func TestDaysThatAnOutageTouchesAreNotZero(t *testing.T) {
	none := math.NaN()
	for _, tc := range []struct {
		name     string
		from, to string
		values   []float64 // the last on 20 November
		want     []float64 // NaN: unknown
	}{
		{"from one day to the next", "2026-11-18T09:00", "2026-11-19T11:00", append(repeat(70, 20), none, none, 20), []float64{20, none, 0}},
		{"four days", "2026-11-15T09:00", "2026-11-18T11:00", append(repeat(70, 20), none, none, none, none, 20, 20), []float64{20, 20, 0}},
		{"of which the first and the last have data", "2026-11-15T20:00", "2026-11-18T02:00", append(repeat(70, 20), 10, none, none, 6, 20, 20), []float64{18, 13, 0}},
	} {
		var h History
		seriesOf(t, &h, loginsDef, "2026-11-20", tc.values...)
		f, exprs := loginsFacts(t, `logins.mean("14d")`, `logins.mean("2d")`, `logins.drop("2d")`)
		f.SetFeed(func(string) time.Time { return utc("2026-11-20T11:00") })
		f.SetOutages(map[string][]Outage{"logins": {{utc(tc.from), utc(tc.to)}}})
		f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
		for i, e := range exprs {
			got, ok := e.Number(f)
			if want := tc.want[i]; ok && math.Abs(got-want) > 0.01 || ok == math.IsNaN(want) && e.String() != `logins.drop("2d")` {
				t.Errorf("%s: %s is %g, known %v, want %g", tc.name, e, got, ok, want)
			}
		}
	}
}

// An outage makes an account forget no more than what was worked out by other days of
// that very signal, however often facts are made anew.
func TestAnOutageLeavesRememberedWhatItDoesNotTouch(t *testing.T) {
	c := testCompiler(t)
	var h History
	seriesOf(t, &h, loginsDef, "2026-11-20", repeat(60, 20)...)
	seriesOf(t, &h, helpDef, "2026-11-20", repeat(60, 5)...)
	var exprs []*Expr
	for _, text := range []string{`logins.drop("14d")`, `help_views.drop("14d")`} {
		e, problems := c.Expr(Source{Text: text})
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		exprs = append(exprs, e)
	}
	at := utc("2026-11-20T12:00")
	days := func(from, to string) []Outage { return []Outage{{utc(from), utc(to)}} }
	judge := func(outages map[string][]Outage) {
		f := NewFacts(c, &Account{ID: "a"}, &h, at)
		f.SetFeed(func(string) time.Time { return at })
		f.SetOutages(outages)
		for _, e := range exprs {
			e.Eval(f)
		}
	}
	remembered := func(signal string) *memoCell { return &h.find(signal).cells[0] }
	judge(nil)
	for _, tc := range []struct {
		name         string
		outages      map[string][]Outage
		logins, help bool // are remembered
	}{
		{"of a signal that the account does not have", map[string][]Outage{"seats_used": days("2026-11-01T10:00", "2026-11-04T10:00")}, true, true},
		{"of one signal", map[string][]Outage{"logins": days("2026-11-01T10:00", "2026-11-04T10:00")}, false, true},
		{"that was known", map[string][]Outage{"logins": days("2026-11-01T10:00", "2026-11-04T10:00")}, true, true},
		{"of the same days", map[string][]Outage{"logins": days("2026-11-01T11:00", "2026-11-04T09:00")}, true, true},
		{"of other days", map[string][]Outage{"logins": days("2026-11-01T11:00", "2026-11-05T09:00")}, false, true},
		{"of none any more", nil, false, true},
	} {
		logins, help := remembered("logins"), remembered("help_views")
		judge(tc.outages)
		if got := remembered("logins") == logins; got != tc.logins {
			t.Errorf("an outage %s: logins are remembered: %v, want %v", tc.name, got, tc.logins)
		}
		if got := remembered("help_views") == help; got != tc.help {
			t.Errorf("an outage %s: help views are remembered: %v, want %v", tc.name, got, tc.help)
		}
	}
}

func TestAFeedsOutagesAreKept(t *testing.T) {
	var l FeedLog
	def := SignalDef{Name: "logins", Kind: Count, Fresh: 72 * time.Hour}
	for _, at := range []string{"2026-11-01T10:00", "2026-11-03T10:00", "2026-11-10T08:00", "2026-11-10T07:00", "2026-11-13T08:00"} {
		l.Heard(utc(at), def)
	}
	want := FeedLog{Last: utc("2026-11-13T08:00"), Outages: []Outage{{utc("2026-11-03T10:00"), utc("2026-11-10T08:00")}}}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
	data, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var read FeedLog
	if err := json.Unmarshal(data, &read); err != nil || !cmp.Equal(read, l) {
		t.Errorf("%s is read as %+v, %v", data, read, err)
	}
	l.Heard(utc("2028-02-01T00:00"), def)
	if len(l.Outages) != 1 || l.Outages[0].From != want.Last {
		t.Errorf("what is older than 400 days is kept: %+v", l.Outages)
	}
	var gauge FeedLog
	gauge.Heard(utc("2026-01-01T00:00"), seatsDef)
	gauge.Heard(utc("2026-06-01T00:00"), seatsDef)
	if len(gauge.Outages) != 0 {
		t.Error("a gauge that holds has an outage")
	}
}

// A feed of which nothing is said may rest at weekends: an account that was not heard of on the Friday before was silent.
func TestAWeekendIsNoOutageOfAFeedOfWhichNothingIsSaid(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		fresh    time.Duration
		want     int
	}{
		{"2026-11-20T18:00", "2026-11-23T09:00", 0, 0}, // Friday evening to Monday morning
		{"2026-11-20T09:00", "2026-11-23T23:00", 0, 0},
		{"2026-11-20T09:00", "2026-11-24T09:30", 0, 1}, // to Tuesday
		{"2026-11-17T09:00", "2026-11-19T08:00", 0, 0}, // in the week
		{"2026-11-17T09:00", "2026-11-19T10:00", 0, 1},
		{"2026-11-21T10:00", "2026-11-22T10:00", 0, 0}, // within a weekend
		{"2026-01-02T10:00", "2026-11-22T10:00", 0, 1},
		{"2026-11-20T18:00", "2026-11-23T09:00", 24 * time.Hour, 1}, // what is said counts
	} {
		log := FeedLog{Last: utc(tc.from)}
		log.Heard(utc(tc.to), SignalDef{Name: "logins", Kind: Count, Fresh: tc.fresh})
		if len(log.Outages) != tc.want {
			t.Errorf("from %s to %s there were %d outages, want %d", tc.from, tc.to, len(log.Outages), tc.want)
		}
	}
}
