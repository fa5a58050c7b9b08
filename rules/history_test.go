package rules

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	loginsDef = SignalDef{Name: "logins", Kind: Count}
	seatsDef  = SignalDef{Name: "seats_used", Kind: Gauge}
	usersDef  = SignalDef{Name: "users", Kind: Unique}
	helpDef   = SignalDef{Name: "help_views", Kind: Count, Dimension: "topic"}
	openDef   = SignalDef{Name: "tickets_open", Kind: Gauge, Dimension: "severity"}
)

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func day(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func apply(t testing.TB, h *History, def SignalDef, loc *time.Location, now time.Time, signals ...Signal) {
	t.Helper()
	for _, s := range signals {
		s.Signal = def.Name
		if _, err := h.Apply(s, def, loc, now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestApplyBuckets(t *testing.T) {
	now := utc("2026-11-20T12:00")
	for _, tc := range []struct {
		name    string
		def     SignalDef
		signals []Signal
		by      string
		want    []DayValue
	}{
		{"a count adds up within a day", loginsDef, []Signal{{Value: 2}, {Value: 3}, {Value: 1, At: utc("2026-11-19T10:00")}}, "",
			[]DayValue{{day("2026-11-19"), 1}, {day("2026-11-20"), 5}}},
		{"zero is data, a day without data is absent", loginsDef, []Signal{{Value: 0, At: utc("2026-11-17T10:00")}, {Value: 4}}, "",
			[]DayValue{{day("2026-11-17"), 0}, {day("2026-11-20"), 4}}},
		{"set replaces a day, and what comes later adds to it", loginsDef, []Signal{{Value: 7}, {Value: 2, Mode: "set"}, {Value: 1}}, "",
			[]DayValue{{day("2026-11-20"), 3}}},
		{"a gauge keeps the value latest by time, not by arrival", seatsDef, []Signal{{Value: 41, At: utc("2026-11-20T10:00")}, {Value: 39, At: utc("2026-11-20T08:00")}}, "",
			[]DayValue{{day("2026-11-20"), 41}}},
		{"a gauge of the same minute keeps what arrived last", seatsDef, []Signal{{Value: 41}, {Value: 42}}, "",
			[]DayValue{{day("2026-11-20"), 42}}},
		{"a unique signal counts a user once a day", usersDef, []Signal{{User: "a"}, {User: "a"}, {User: "b"}, {User: "a", At: utc("2026-11-18T09:00")}}, "",
			[]DayValue{{day("2026-11-18"), 1}, {day("2026-11-20"), 2}}},
		{"a dimension's values add up to the whole", helpDef, []Signal{{Value: 2, By: "exports"}, {Value: 3, By: "login"}, {Value: 1}}, "",
			[]DayValue{{day("2026-11-20"), 6}}},
		{"one value of a dimension", helpDef, []Signal{{Value: 2, By: "exports"}, {Value: 3, By: "login"}}, "exports",
			[]DayValue{{day("2026-11-20"), 2}}},
		{"setting one value of a dimension corrects the whole", helpDef, []Signal{{Value: 2, By: "exports"}, {Value: 3, By: "login"}, {Value: 1, By: "login", Mode: "set"}}, "",
			[]DayValue{{day("2026-11-20"), 3}}},
		{"a split gauge is the sum of what its values hold", openDef, []Signal{{Value: 4, By: "low", At: utc("2026-11-19T10:00")}, {Value: 1, By: "critical"}}, "",
			[]DayValue{{day("2026-11-19"), 4}, {day("2026-11-20"), 5}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			apply(t, &h, tc.def, time.UTC, now, tc.signals...)
			got := h.Days(tc.def.Name, tc.by, day("2026-01-01"), day("2027-01-01"))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			var again History
			data, _ := h.MarshalBinary()
			if err := again.UnmarshalBinary(data); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, again.Days(tc.def.Name, tc.by, day("2026-01-01"), day("2027-01-01"))); diff != "" {
				t.Error("after writing and reading: " + diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	now := utc("2026-11-20T12:00")
	for _, tc := range []struct {
		name string
		def  SignalDef
		sig  Signal
		want string
	}{
		{"not a number", loginsDef, Signal{Signal: "logins", Value: math.NaN()}, "not a number"},
		{"infinite", loginsDef, Signal{Signal: "logins", Value: math.Inf(1)}, "not a number"},
		{"huge", loginsDef, Signal{Signal: "logins", Value: 1e16}, "beyond"},
		{"a negative count", loginsDef, Signal{Signal: "logins", Value: -1}, "negative"},
		{"a mode that there is not", loginsDef, Signal{Signal: "logins", Mode: "add"}, `"set"`},
		{"older than is kept", loginsDef, Signal{Signal: "logins", At: utc("2025-10-01T00:00")}, "400 days"},
		{"1970", loginsDef, Signal{Signal: "logins", At: time.Unix(1, 0)}, "400 days"},
		{"two days ahead", loginsDef, Signal{Signal: "logins", At: utc("2026-11-22T12:00")}, "more than a day from now"},
		{"2300", loginsDef, Signal{Signal: "logins", At: utc("2300-01-01T00:00")}, "more than a day from now"},
		{"a unique signal without a user", usersDef, Signal{Signal: "users", Value: 1}, `"user"`},
		{"by without a dimension", loginsDef, Signal{Signal: "logins", By: "x"}, "no dimension"},
		{"another signal's declaration", loginsDef, Signal{Signal: "users"}, "declaration"},
		{"another kind than its series", SignalDef{Name: "seats_used", Kind: Count}, Signal{Signal: "seats_used"}, "kind gauge"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			apply(t, &h, seatsDef, time.UTC, now, Signal{Value: 1})
			before, _ := h.MarshalBinary()
			_, err := h.Apply(tc.sig, tc.def, time.UTC, now)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
			if after, _ := h.MarshalBinary(); !cmp.Equal(before, after) {
				t.Error("the refused signal changed something")
			}
		})
	}
}

// Days are the account's, through changes of the clocks, on leap days, and where
// midnight does not exist.
func TestDaysAreLocal(t *testing.T) {
	for _, tc := range []struct {
		zone, at string
		want     string
	}{
		{"Asia/Tokyo", "2026-11-19T15:00", "2026-11-20"},
		{"Asia/Tokyo", "2026-11-19T14:59", "2026-11-19"},
		{"America/New_York", "2026-11-01T04:30", "2026-11-01"}, // the day of 25 hours
		{"America/New_York", "2026-11-02T04:59", "2026-11-01"},
		{"America/New_York", "2026-03-08T05:00", "2026-03-08"}, // the day of 23 hours
		{"America/New_York", "2026-03-09T03:59", "2026-03-08"},
		{"Asia/Kolkata", "2028-02-28T18:30", "2028-02-29"},
		{"UTC", "2028-02-29T23:59", "2028-02-29"},
	} {
		var h History
		at := utc(tc.at)
		c, err := h.Apply(Signal{Signal: "logins", Value: 1, At: at}, loginsDef, zone(t, tc.zone), at)
		if err != nil || c.Day != day(tc.want) || c.Late {
			t.Errorf("%s in %s: day %s, late %v, error %v, want day %s", tc.at, tc.zone, c.Day, c.Late, err, tc.want)
		}
	}
	sao := zone(t, "America/Sao_Paulo") // clocks skipped midnight on 2018-11-04
	if got := NewDate(2018, time.November, 4).In(sao); DateOf(got) != NewDate(2018, time.November, 4) {
		t.Errorf("a day without midnight begins at %s", got)
	}
}

func TestHoursAreKeptForTwoDays(t *testing.T) {
	var h History
	start := utc("2026-11-01T00:30")
	for i := range 100 {
		apply(t, &h, loginsDef, time.UTC, start.Add(time.Duration(i)*time.Hour), Signal{Value: float64(i)})
	}
	hours := h.Hours("logins", time.Time{})
	if len(hours) != KeepHours || hours[0].Value != 52 || hours[47].Value != 99 || !hours[47].Hour.Equal(utc("2026-11-05T03:00")) {
		t.Errorf("%d hours from %v to %v, want the last 48", len(hours), hours[0], hours[len(hours)-1])
	}
}

func TestOldBucketsAreForgotten(t *testing.T) {
	var h History
	start := utc("2026-01-01T12:00")
	for i := range 500 {
		apply(t, &h, helpDef, time.UTC, start.AddDate(0, 0, i), Signal{Value: 1, By: "exports"})
	}
	whole, one := h.Days("help_views", "", MinDate, MaxDate), h.Days("help_views", "exports", MinDate, MaxDate)
	if len(whole) != KeepDays+1 || len(one) != KeepByDays+1 {
		t.Errorf("%d days of the whole and %d of one value, want %d and %d", len(whole), len(one), KeepDays+1, KeepByDays+1)
	}
}

func TestDimensionsAreBounded(t *testing.T) {
	var h History
	for i := range 500 {
		apply(t, &h, helpDef, time.UTC, utc("2026-11-20T12:00"), Signal{Value: 1, By: fmt.Sprint("topic ", i)})
	}
	if n := len(h.By("help_views")); n != MaxBy+1 {
		t.Errorf("%d values are kept, want %d and %q", n, MaxBy, OtherBy)
	}
	if got := h.Days("help_views", OtherBy, MinDate, MaxDate)[0].Value; got != 500-MaxBy {
		t.Errorf("other is %g, want %d", got, 500-MaxBy)
	}
	if got := h.Days("help_views", "", MinDate, MaxDate)[0].Value; got != 500 {
		t.Errorf("the whole is %g, want 500", got)
	}
}

// More users than are known one by one are estimated within a few per cent.
func TestManyUsers(t *testing.T) {
	for _, n := range []int{50, 400, 5000, 40000} {
		var h History
		for i := range n {
			apply(t, &h, usersDef, time.UTC, utc("2026-11-20T12:00"), Signal{User: fmt.Sprint("user", i)}, Signal{User: fmt.Sprint("user", i)})
		}
		got := h.Days("users", "", MinDate, MaxDate)[0].Value
		if n <= 400 && got != float64(n) || math.Abs(got/float64(n)-1) > 0.2 {
			t.Errorf("%d users are counted as %g", n, got)
		}
		if data, _ := h.MarshalBinary(); len(data) > 9000 {
			t.Errorf("%d users take %d bytes", n, len(data))
		}
	}
}

// An account with six signals for 400 days fits into 12 kB.
func TestHistoryIsSmall(t *testing.T) {
	h := sampleHistory(t, 400)
	data, _ := h.MarshalBinary()
	t.Logf("%d signals, %d bytes", len(h.Signals()), len(data))
	if len(data) > 12_000 {
		t.Errorf("%d bytes, want at most 12000", len(data))
	}
	var again History
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if second, _ := again.MarshalBinary(); !cmp.Equal(data, second) {
		t.Error("reading and writing again changes the bytes")
	}
}

// sampleHistory is an account with four counts, a gauge, and a unique signal of 120
// users, for n days up to 2026-11-20.
func sampleHistory(t testing.TB, n int) *History {
	rng := rand.New(rand.NewPCG(1, 2))
	h := &History{}
	counts := []SignalDef{loginsDef, {Name: "projects", Kind: Count}, {Name: "invoices", Kind: Count}, {Name: "api_calls", Kind: Count}}
	for i := range n {
		at := utc("2026-11-20T08:00").AddDate(0, 0, i-n+1)
		for k, def := range counts {
			apply(t, h, def, time.UTC, at, Signal{Value: math.Floor(float64(20*(k+1)) * weekShape[DateOf(at).Weekday()] * (0.5 + rng.Float64()))})
		}
		apply(t, h, seatsDef, time.UTC, at, Signal{Value: float64(40 + i/20)})
		for range 12 {
			apply(t, h, usersDef, time.UTC, at, Signal{User: fmt.Sprint("u", rng.IntN(120))})
		}
	}
	return h
}

func TestSeen(t *testing.T) {
	var s Seen
	start := utc("2026-11-01T23:00")
	if !s.Add("a", start) || s.Add("a", start.Add(7*24*time.Hour)) {
		t.Error("an id is not recognised for seven days")
	}
	if !s.Add("a", start.Add(9*24*time.Hour)) {
		t.Error("an id is still known after nine days")
	}
	first, second := s.Add("", start), s.Add("", start)
	if !first || !second {
		t.Error("no id is taken for a repeated one")
	}
	data, _ := s.MarshalBinary()
	var again Seen
	if err := again.UnmarshalBinary(data); err != nil || again.Add("a", start.Add(9*24*time.Hour)) {
		t.Errorf("what was written is not known after reading; error %v", err)
	}
	for i := range MaxSeen + 5000 {
		s.Add(fmt.Sprint("id", i), start.Add(10*24*time.Hour))
	}
	if s.Len() > MaxSeen {
		t.Errorf("%d ids are remembered, want at most %d", s.Len(), MaxSeen)
	}
	if s.Add(fmt.Sprint("id", MaxSeen+4999), start.Add(10*24*time.Hour)) {
		t.Error("the latest id was forgotten at once")
	}
}

func FuzzHistory(f *testing.F) {
	data, _ := sampleHistory(f, 30).MarshalBinary()
	f.Add(data)
	f.Add([]byte{1, 0})
	f.Add([]byte{})
	var hourly History
	hoursOf(f, &hourly, time.UTC, utc("2026-10-20T00:00"), utc("2026-11-20T11:00"), atWork)
	apply(f, &hourly, errorsDef, time.UTC, utc("2026-11-20T11:00"), Signal{Value: 3, Mode: "set", At: utc("2026-11-12T11:00")})
	data, _ = hourly.MarshalBinary()
	f.Add(data)
	setDays(f, &hourly, day("2026-08-20"), 80, true, 40, utc("2026-11-20T11:00"))
	data, _ = hourly.MarshalBinary()
	f.Add(data)
	apply(f, &hourly, errorsDef, time.UTC, utc("2026-11-20T13:00"), Signal{Value: 3, At: utc("2026-11-20T11:20")}) // late
	data, _ = hourly.MarshalBinary()
	f.Add(data)
	past := hourly.find("errors").hourly // written once with more corrected hours than are kept
	past.unsure = []Span{{past.since - 300, past.since + KeepHourly + 20}}
	data, _ = hourly.MarshalBinary()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var h History
		if err := h.UnmarshalBinary(data); err != nil {
			return
		}
		out, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var again History
		if err := again.UnmarshalBinary(out); err != nil {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		f, exprs := loginsFacts(t, `logins.drop("14d")`, `logins.sum("7d")`)
		f.Reset(&Account{ID: "a"}, &h, utc("2026-11-20T12:00"))
		for _, e := range exprs {
			e.Eval(f)
		}
		now := utc("2026-11-20T12:00")
		for _, at := range []time.Time{now.AddDate(0, 0, -20), now} {
			h.Apply(Signal{Signal: "errors", Value: 1, At: at}, errorsDef, time.UTC, now)
		}
		hours, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, `errors.drop("6h")`, `errors.spike("3h")`, `errors.sum("72h")`, `errors.spike("1d")`)
		for _, e := range exprs {
			e.Eval(hours)
		}
	})
}

func FuzzSeen(f *testing.F) {
	var s Seen
	s.Add("a", utc("2026-11-20T12:00"))
	data, _ := s.MarshalBinary()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Seen
		if s.UnmarshalBinary(data) == nil {
			s.Add("x", utc("2026-11-20T12:00"))
		}
	})
}

// Every instant falls into the day and minute that its zone's calendar says.
func TestPointOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{"UTC", "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"} {
		loc := zone(t, name)
		for range 2000 {
			at := time.Unix(rng.Int64N(4_000_000_000), rng.Int64N(1e9))
			local := at.In(loc)
			want := point{DateOf(local), local.Hour()*60 + local.Minute(), floorDiv(at.Unix(), 3600)}
			if got := pointOf(at, loc); got != want {
				t.Fatalf("%s is %v, want %v", local, got, want)
			}
		}
	}
}
