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
