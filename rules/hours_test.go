package rules

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var errorsDef = SignalDef{Name: "errors", Kind: Count, Hourly: true}

// officeHours is how many errors a working day brings in each of its hours.
var officeHours = [24]float64{8: 4, 9: 12, 10: 16, 11: 12, 12: 6, 13: 10, 14: 12, 15: 12, 16: 10, 17: 6, 18: 2}

// atWork is how many come in an hour: on weekends a tenth of a working day's.
func atWork(at time.Time) float64 {
	n := officeHours[at.Hour()]
	if wd := at.Weekday(); wd == time.Saturday || wd == time.Sunday {
		n = math.Floor(n / 10)
	}
	return n
}

// hoursOf gives an account hours up to, not including, to: what bring says of the local
// time, at half past.
func hoursOf(t testing.TB, h *History, loc *time.Location, from, to time.Time, bring func(local time.Time) float64) {
	t.Helper()
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		if v := bring(at.In(loc)); v != 0 {
			middle := at.Add(30 * time.Minute)
			apply(t, h, errorsDef, loc, middle, Signal{Value: v, At: middle})
		}
	}
}

// hourFacts returns facts of an account whose feed is alive, for texts over errors.
func hourFacts(t testing.TB, account *Account, h *History, now time.Time, texts ...string) (*Facts, []*Expr) {
	t.Helper()
	c, problems := NewCompiler(Schema{Signals: []SignalDef{errorsDef}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var exprs []*Expr
	for _, text := range texts {
		e, problems := c.Expr(Source{Text: text}, Number)
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		exprs = append(exprs, e)
	}
	f := NewFacts(c, account, h, now)
	f.SetFeed(func(string) time.Time { return f.Now() })
	return f, exprs
}

// Tuesday 2026-11-17 is the day that most are about; the hours before it are as at work.
func TestHourWindows(t *testing.T) {
	no := math.NaN()
	tuesday := utc("2026-11-17T00:00")
	for _, tc := range []struct {
		name, expr string
		weeks      int                        // of hours before Tuesday
		today      func(at time.Time) float64 // what Tuesday brings; atWork where nil
		now        string                     // on Tuesday
		want       float64
		missing    string
	}{
		{"sum includes the hour that runs", `errors.sum("3h")`, 8, nil, "11:40", 12 + 16 + 12, ""},
		{"and nothing of the hours to come", `errors.sum("3h")`, 8, nil, "11:20", 12 + 16, ""},
		{"expected is of hours that are over", `errors.expected("3h")`, 8, nil, "11:20", 4 + 12 + 16, ""},
		{"on a Sunday less is expected", `errors.expected("24h") / errors.expected("72h")`, 8, nil, "00:10", 0.88, ""},
		{"an ordinary morning is no drop", `errors.drop("6h")`, 8, nil, "12:10", 0, ""},
		{"silence at night is none", `errors.drop("6h")`, 8, nil, "06:10", 0, ""},
		{"silence through a morning is", `errors.drop("6h")`, 8, func(time.Time) float64 { return 0 }, "13:10", 1, ""},
		{"a quarter of the usual is, by its share", `errors.drop("24h")`, 8, func(at time.Time) float64 { return math.Floor(atWork(at) / 4) }, "22:10", 0.78, ""},
		{"an ordinary hour is no spike", `errors.spike("1h")`, 8, nil, "10:40", 1, ""},
		{"five times as many are one, as soon as they are there", `errors.spike("1h")`, 8, func(at time.Time) float64 {
			if at.Hour() == 10 {
				return 80
			}
			return atWork(at)
		}, "10:31", 5, ""},
		{"as many as at noon are one at night", `errors.spike("3h")`, 8, func(at time.Time) float64 {
			if at.Hour() == 3 {
				return 12
			}
			return 0
		}, "03:40", 12, ""},
		{"a burst lasts when a new hour begins", `errors.spike("3h")`, 8, func(at time.Time) float64 { return 4 * atWork(at) }, "13:02", 4, ""},
		{"two weeks are too few", `errors.drop("6h")`, 2, nil, "12:10", no, "errors: 2 of 3 weeks of data needed"},
		{"three are enough", `errors.expected("3h")`, 3, nil, "12:10", 12 + 16 + 12, ""},
		{"a spike of days is judged by what is usual by now", `errors.spike("1d")`, 8, func(at time.Time) float64 { return 5 * atWork(at) }, "11:40", 5, ""},
		{"and at night by nearly nothing", `errors.spike("1d")`, 8, func(at time.Time) float64 {
			if at.Hour() == 1 {
				return 20
			}
			return 0
		}, "02:10", 20, ""},
		{"an ordinary morning is none", `errors.spike("1d")`, 8, nil, "11:40", 1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -7*tc.weeks), tuesday, atWork)
			now := utc("2026-11-17T" + tc.now)
			today := tc.today
			if today == nil {
				today = atWork
			}
			hoursOf(t, &h, time.UTC, tuesday, now.Add(-30*time.Minute), today)
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, tc.expr)
			for _, round := range []string{"computed", "remembered"} {
				got, ok := exprs[0].Number(f)
				if ok == math.IsNaN(tc.want) || ok && math.Abs(got-tc.want) > 0.04*math.Max(1, tc.want) {
					t.Errorf("%s %s: %g, known %v, want %g", tc.expr, round, got, ok, tc.want)
				}
				if _, missing := exprs[0].Eval(f); strings.Join(missing, "; ") != tc.missing {
					t.Errorf("missing %q, want %q", missing, tc.missing)
				}
				f.Reset(&Account{ID: "a"}, &h, now)
			}
		})
	}
}

// The same facts, asked as hours pass: what was remembered of one is not taken for another.
func TestHoursPass(t *testing.T) {
	var h History
	tuesday := utc("2026-11-17T00:00")
	hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(9*time.Hour), atWork)
	f, exprs := hourFacts(t, &Account{ID: "a"}, &h, tuesday, `errors.drop("6h")`, `errors.spike("1h")`, `errors.spike("1d")`)
	for hour, want := range map[int]float64{10: 0, 15: 1} {
		f.Reset(&Account{ID: "a"}, &h, tuesday.Add(time.Duration(hour)*time.Hour+5*time.Minute))
		if got, ok := exprs[0].Number(f); !ok || got != want {
			t.Errorf("at %d:05 after silence from 9:00 the drop is %g, known %v, want %g", hour, got, ok, want)
		}
	}
	now := tuesday.Add(15*time.Hour + 10*time.Minute)
	apply(t, &h, errorsDef, time.UTC, now, Signal{Value: 400})
	f.Reset(&Account{ID: "a"}, &h, now)
	for i, least := range map[int]float64{1: 10, 2: 2} {
		if got, ok := exprs[i].Number(f); !ok || got < least {
			t.Errorf("after 400 at once %s is %g, known %v, want at least %g", exprs[i], got, ok, least)
		}
	}
	late := tuesday.Add(11 * time.Hour)
	apply(t, &h, errorsDef, time.UTC, now, Signal{Value: 30, At: late})
	f.Reset(&Account{ID: "a"}, &h, now)
	if got, ok := exprs[0].Number(f); !ok || got > 0.6 {
		t.Errorf("with late data of 11:00 the drop is %g, known %v, want at most 0.6", got, ok)
	}
}

// An hour that nothing was heard of after is not known to be over.
func TestHoursOfASilentFeedAreUnknown(t *testing.T) {
	var h History
	tuesday := utc("2026-11-17T00:00")
	hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(10*time.Hour), atWork)
	f, exprs := hourFacts(t, &Account{ID: "a"}, &h, tuesday.Add(16*time.Hour), `errors.drop("6h")`, `errors.drop("12h")`)
	f.SetFeed(nil)
	if v, ok := exprs[0].Number(f); ok {
		t.Errorf("the drop is %g six hours after the feed was last heard of", v)
	}
	if _, missing := exprs[0].Eval(f); len(missing) != 1 || missing[0] != "errors: no data since 2026-11-17" {
		t.Errorf("missing %q", missing)
	}
	if v, ok := exprs[1].Number(f); ok {
		t.Errorf("the drop over 12 hours is %g with five of them known", v)
	}
	night := tuesday.Add(29 * time.Hour)
	hoursOf(t, &h, time.UTC, tuesday.Add(10*time.Hour), tuesday.Add(19*time.Hour), atWork)
	f.Reset(&Account{ID: "a"}, &h, night)
	if v, ok := exprs[0].Number(f); !ok || v != 0 {
		t.Errorf("by night, when nothing is usual, the drop is %g, known %v, want 0", v, ok)
	}
	h = History{}
	hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(10*time.Hour), atWork)
	f.Reset(&Account{ID: "a"}, &h, tuesday.Add(16*time.Hour))
	f.SetFeed(func(string) time.Time { return tuesday.Add(15*time.Hour + 59*time.Minute) })
	if v, ok := exprs[0].Number(f); !ok || v != 1 {
		t.Errorf("with the feed heard of for others the drop is %g, known %v, want 1", v, ok)
	}
}

// A sum of hours is not known while nothing is heard of the feed, nor through an outage
// of it, so that errors.sum("6h") == 0 does not hold for all accounts at once.
func TestSumsOfSilentHoursAreUnknown(t *testing.T) {
	tuesday := utc("2026-11-17T00:00")
	at := func(hour, minute int) time.Time {
		return tuesday.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	for _, tc := range []struct {
		name    string
		now     time.Time
		heard   time.Time // of the feed, for any account
		outages []Outage
		want    float64
		missing string
	}{
		{"nothing heard of for six hours", at(16, 10), at(9, 40), nil, math.NaN(), "errors: no data since 2026-11-17"},
		{"nor for one", at(12, 10), at(10, 50), nil, math.NaN(), "errors: no data since 2026-11-17"},
		{"nor in the hour that runs", at(11, 2), at(10, 58), nil, math.NaN(), "errors: no data since 2026-11-17"},
		{"heard of in the hour that runs", at(16, 10), at(16, 1), nil, 0, ""},
		{"an hour with data is known all the same", at(9, 58), at(9, 35), nil, 4 + 12, ""},
		{"an outage that is over", at(16, 10), at(16, 1), []Outage{{at(9, 40), at(15, 20)}}, math.NaN(), "errors: less than half of 6 hours can be compared"},
		{"one before the window", at(16, 10), at(16, 1), []Outage{{at(2, 0), at(6, 0)}}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -21), at(10, 0), atWork)
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, tc.now, `errors.sum("6h")`)
			f.SetFeed(func(string) time.Time { return tc.heard })
			f.SetOutages(map[string][]Outage{"errors": tc.outages})
			if got, ok := exprs[0].Number(f); ok == math.IsNaN(tc.want) || ok && got != tc.want {
				t.Errorf("the sum is %g, known %v, want %g", got, ok, tc.want)
			}
			if _, missing := exprs[0].Eval(f); strings.Join(missing, "; ") != tc.missing {
				t.Errorf("missing %q, want %q", missing, tc.missing)
			}
		})
	}
}

// Odd weeks behind do not become the usual: an outburst, a holiday, an outage, a day that
// was corrected.
func TestOddHoursAreNotLearnt(t *testing.T) {
	tuesday := utc("2026-11-17T00:00")
	before := tuesday.AddDate(0, 0, -7)
	for _, tc := range []struct {
		name    string
		account Account
		bring   func(at time.Time) float64
		correct func(h *History)
		outage  []Outage
	}{
		{"an outburst", Account{}, func(at time.Time) float64 {
			if at.Equal(before.Add(10 * time.Hour)) {
				return 3000
			}
			return atWork(at)
		}, nil, nil},
		{"a closed day", Account{Closed: []Span{{day("2026-11-10"), day("2026-11-10")}, {day("2026-11-03"), day("2026-11-03")}}}, func(at time.Time) float64 {
			if d := DateOf(at); d == day("2026-11-10") || d == day("2026-11-03") {
				return 0
			}
			return atWork(at)
		}, nil, nil},
		{"a holiday", Account{Country: "JP"}, func(at time.Time) float64 {
			if DateOf(at) == day("2026-11-03") { // Culture Day
				return 0
			}
			return atWork(at)
		}, nil, nil},
		{"an outage", Account{}, func(at time.Time) float64 {
			if d := DateOf(at); d >= day("2026-11-09") && d <= day("2026-11-12") {
				return 0
			}
			return atWork(at)
		}, nil, []Outage{{utc("2026-11-08T18:45"), utc("2026-11-13T08:15")}}},
		{"a day that was set", Account{}, atWork, func(h *History) {
			apply(t, h, errorsDef, time.UTC, tuesday, Signal{Value: 4000, Mode: "set", At: before.Add(time.Hour)})
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var h History
			hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(12*time.Hour), tc.bring)
			if tc.correct != nil {
				tc.correct(&h)
			}
			a := tc.account
			a.ID = "a"
			f, exprs := hourFacts(t, &a, &h, tuesday.Add(12*time.Hour+5*time.Minute), `errors.expected("6h")`, `errors.drop("6h")`, `errors.spike("6h")`)
			f.SetOutages(map[string][]Outage{"errors": tc.outage})
			for i, want := range []float64{44, 0, 1} {
				if got, ok := exprs[i].Number(f); !ok || math.Abs(got-want) > 3 {
					t.Errorf("%s is %g, known %v, want %g", exprs[i], got, ok, want)
				}
			}
		})
	}
}

// A corrected day has no hours: a window in it is unknown, one of days is not.
func TestHoursOfACorrectedDay(t *testing.T) {
	var h History
	tuesday := utc("2026-11-17T00:00")
	hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(12*time.Hour), atWork)
	now := tuesday.Add(12*time.Hour + 5*time.Minute)
	f, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, `errors.drop("6h")`, `errors.sum("6h")`, `errors.sum("1d")`, `errors.spike("1d")`)
	apply(t, &h, errorsDef, time.UTC, now, Signal{Value: 40, Mode: "set"})
	f.Reset(&Account{ID: "a"}, &h, now)
	for i, known := range []bool{false, false, true, true} {
		if v, ok := exprs[i].Number(f); ok != known {
			t.Errorf("%s is %g, known %v, want known %v", exprs[i], v, ok, known)
		}
	}
	if _, missing := exprs[0].Eval(f); len(missing) != 1 || missing[0] != "errors: less than half of 6 hours can be compared" {
		t.Errorf("missing %q", missing)
	}
	apply(t, &h, errorsDef, time.UTC, now, Signal{Value: 0, Mode: "set"})
	f.Reset(&Account{ID: "a"}, &h, now)
	if v, ok := exprs[0].Number(f); !ok || v != 1 {
		t.Errorf("of a day set to nothing the drop is %g, known %v, want 1", v, ok)
	}
}

// Hours are the account's: through changes of the clocks, in zones of half hours, and
// after a move, when the past is read in the new zone.
func TestHoursAreLocal(t *testing.T) {
	for _, tc := range []struct {
		name, zone, now string
		expected        float64
	}{
		{"clocks go forward", "America/New_York", "2026-03-10T12:05", 40},
		{"clocks go back", "America/New_York", "2026-11-03T12:05", 40},
		{"half hours", "Asia/Kolkata", "2026-11-17T12:05", 32},
		{"clocks that move by half an hour", "Australia/Lord_Howe", "2026-10-06T12:05", 32},
		{"far east", "Pacific/Kiritimati", "2026-11-17T12:05", 40},
	} {
		loc := zone(t, tc.zone)
		local, err := time.ParseInLocation("2006-01-02T15:04", tc.now, loc)
		if err != nil {
			t.Fatal(err)
		}
		var h History
		hoursOf(t, &h, loc, local.AddDate(0, 0, -56).Truncate(time.Hour), local.Truncate(time.Hour), atWork)
		f, exprs := hourFacts(t, &Account{ID: "a", TimeZone: tc.zone}, &h, local, `errors.expected("3h")`, `errors.drop("6h")`, `errors.spike("6h")`, `errors.spike("1d")`)
		for i, want := range []float64{tc.expected, 0, 1, 1} { // of half hours, the window is one of 8:30 to 11:30
			if got, ok := exprs[i].Number(f); !ok || math.Abs(got-want) > 4 {
				t.Errorf("%s: %s is %g, known %v, want %g", tc.name, exprs[i], got, ok, want)
			}
		}
	}
	// From New York to Tokyo: who worked at 9:00 there now does at 23:00, as the hours say.
	newYork, tokyo := zone(t, "America/New_York"), zone(t, "Asia/Tokyo")
	var h History
	move := time.Date(2026, 10, 6, 12, 0, 0, 0, newYork)
	hoursOf(t, &h, newYork, move.AddDate(0, 0, -49), move, atWork)
	same := func(at time.Time) float64 { return atWork(at.In(newYork)) }
	hoursOf(t, &h, tokyo, move, move.AddDate(0, 0, 7), same)
	f, exprs := hourFacts(t, &Account{ID: "a", TimeZone: "Asia/Tokyo"}, &h, move.AddDate(0, 0, 7).Add(5*time.Minute), `errors.expected("3h")`, `errors.drop("6h")`, `errors.spike("3h")`)
	for i, want := range []float64{40, 0, 1} {
		if got, ok := exprs[i].Number(f); !ok || math.Abs(got-want) > 4 {
			t.Errorf("after a move: %s is %g, known %v, want %g", exprs[i], got, ok, want)
		}
	}
}

// Declared hourly later on, a signal learns from then on; declared so no longer, it
// forgets.
func TestDeclaringHourlyLater(t *testing.T) {
	var h History
	tuesday := utc("2026-11-17T00:00")
	plain := errorsDef
	plain.Hourly = false
	for at := tuesday.AddDate(0, 0, -56); at.Before(tuesday); at = at.Add(time.Hour) {
		apply(t, &h, plain, time.UTC, at, Signal{Value: 1 + atWork(at)})
	}
	f, exprs := hourFacts(t, &Account{ID: "a"}, &h, tuesday, `errors.expected("3h")`, `errors.spike("1d")`)
	want := func(at time.Time, missing string) {
		t.Helper()
		f.Reset(&Account{ID: "a"}, &h, at)
		if _, got := exprs[0].Eval(f); strings.Join(got, "; ") != missing {
			t.Errorf("at %s missing is %q, want %q", at, got, missing)
		}
		if v, ok := exprs[1].Number(f); !ok || v != 1 {
			t.Errorf("at %s the day's spike is %g, known %v, want 1", at, v, ok)
		}
	}
	want(tuesday, "errors: 0 of 3 weeks of data needed")
	hoursOf(t, &h, time.UTC, tuesday, tuesday.AddDate(0, 0, 15), atWork)
	want(tuesday.AddDate(0, 0, 15), "errors: 2 of 3 weeks of data needed")
	hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, 15), tuesday.AddDate(0, 0, 22), atWork)
	want(tuesday.AddDate(0, 0, 22), "")
	apply(t, &h, plain, time.UTC, tuesday.AddDate(0, 0, 22), Signal{Value: 1})
	if h.find("errors").hourly != nil {
		t.Error("hours are kept of a signal that is hourly no longer")
	}
}

// However data come - in order, late, from the newest day on - and however often they are
// written and read meanwhile, the hours are the same, and of eight weeks.
func TestHoursComeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		end := utc("2026-11-17T12:00")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		n := rapid.IntRange(1, 60*24).Draw(rt, "hours")
		var signals []Signal
		for i := range n {
			if r.IntN(4) == 0 {
				signals = append(signals, Signal{Signal: "errors", Value: math.Floor(math.Exp(r.Float64() * 13)), At: end.Add(-time.Duration(i)*time.Hour + time.Minute)})
			}
		}
		if len(signals) == 0 {
			return
		}
		want := map[Date]float64{}
		latest := Date(0)
		for _, s := range signals {
			h := Date(s.At.Unix() / 3600)
			want[h] += s.Value
			latest = max(latest, h)
		}
		order := rapid.SampledFrom([]string{"newest first", "oldest first", "nearly oldest first"}).Draw(rt, "order")
		switch order {
		case "oldest first":
			slices.Reverse(signals)
		case "nearly oldest first":
			slices.Reverse(signals)
			for i := range signals {
				j := min(len(signals)-1, i+r.IntN(30))
				signals[i], signals[j] = signals[j], signals[i]
			}
		}
		var h History
		for i, s := range signals {
			if _, err := h.Apply(s, errorsDef, time.UTC, end); err != nil {
				rt.Fatal(err)
			}
			if i%97 == 5 {
				h = reread(rt, &h)
			}
		}
		h = reread(rt, &h)
		s := h.find("errors")
		from := max(s.hourly.since, latest-KeepHourly)
		first := Date(signals[0].At.Unix() / 3600)
		for _, one := range signals {
			first = min(first, Date(one.At.Unix()/3600))
		}
		if from > max(first, latest-KeepHourly) {
			rt.Fatalf("hours are known since %d, want %d (%s)", from, max(first, latest-KeepHourly), order)
		}
		for i, v := range s.readHours(nil, from, latest+1) {
			if v != want[from+Date(i)] {
				rt.Fatalf("hour %d is %g, want %g (%s)", from+Date(i), v, want[from+Date(i)], order)
			}
		}
		if len(s.hourly.packed) > 9*(KeepHourly+KeepHours+foldEvery) || s.hours.len() > KeepHours+foldEvery+1 {
			rt.Fatalf("%d bytes and %d hours", len(s.hourly.packed), s.hours.len())
		}
	})
}

func reread(t rapid.TB, h *History) History {
	data, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again History
	if err := again.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if data2, _ := again.MarshalBinary(); !bytes.Equal(data, data2) {
		t.Fatal("written again it is different")
	}
	return again
}

// A document without hourly signals is written as programs before them read it, and one
// with them says its format.
func TestHourlyFormat(t *testing.T) {
	var h History
	apply(t, &h, loginsDef, time.UTC, utc("2026-11-17T12:00"), Signal{Value: 1})
	if data, _ := h.MarshalBinary(); data[0] != historyFormat {
		t.Errorf("format %d, want %d", data[0], historyFormat)
	}
	apply(t, &h, errorsDef, time.UTC, utc("2026-11-17T12:00"), Signal{Value: 1})
	if data, _ := h.MarshalBinary(); data[0] != hourlyFormat {
		t.Errorf("format %d, want %d", data[0], hourlyFormat)
	}
	apply(t, &h, errorsDef, time.UTC, utc("2026-11-17T14:00"), Signal{Value: 1, At: utc("2026-11-17T12:20")})
	if data, _ := h.MarshalBinary(); data[0] != lagFormat {
		t.Errorf("of a feed that is late: format %d, want %d", data[0], lagFormat)
	}
}

func TestPackedHours(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(rapid.Just(0.), rapid.Float64Range(0, 20), rapid.Map(rapid.IntRange(0, 70_000), func(n int) float64 { return float64(n) }), rapid.Float64Range(0, maxValue))
		values := rapid.SliceOfN(value, 0, 200).Draw(rt, "values")
		p := &hourPast{from: 1000, end: 1000 + Date(len(values)), packed: packHours(values)}
		if diff := cmp.Diff(append([]float64(nil), values...), p.read(nil, p.from, p.end)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// Some whole weeks later everything is the same, and another scale changes expectations
// by it.
func TestHoursShiftAndScale(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		hours := make([]float64, 6*hoursOfWeek+15)
		for i := range hours {
			hours[i] = math.Floor(atWork(utc("2026-09-29T00:00").Add(time.Duration(i)*time.Hour)) * 2 * r.Float64())
		}
		texts := []string{`errors.expected("6h")`, `errors.drop("6h")`, `errors.spike("3h")`, `errors.sum("6h")`, `errors.spike("1d")`}
		at := func(start time.Time) (out []float64) {
			var h History
			for i, v := range hours {
				if now := start.Add(time.Duration(i)*time.Hour + 10*time.Minute); v > 0 {
					apply(t, &h, errorsDef, time.UTC, now, Signal{Value: v})
				}
			}
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, start.Add(time.Duration(len(hours))*time.Hour-30*time.Minute), texts...)
			for _, e := range exprs {
				v, ok := e.Number(f)
				if !ok {
					v = -1
				}
				out = append(out, v)
			}
			return out
		}
		first := at(utc("2026-09-29T00:00"))
		later := at(utc("2026-09-29T00:00").AddDate(0, 0, 7*rapid.IntRange(1, 60).Draw(rt, "weeks")))
		if diff := cmp.Diff(first, later); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// More missing hours never make a drop surer, and fewer weeks never narrow the band.
func TestMissingHoursNeverMakeSurer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tuesday := utc("2026-11-17T00:00")
		now := tuesday.Add(17*time.Hour + 5*time.Minute)
		left := rapid.SampledFrom([]float64{0, 0.25, 0.5}).Draw(rt, "left")
		outage := rapid.Bool().Draw(rt, "outage")
		surprise := func(gap int) (float64, error) {
			var h History
			begin := tuesday.Add(9 * time.Hour)
			end := begin.Add(time.Duration(gap) * time.Hour)
			hoursOf(t, &h, time.UTC, tuesday.AddDate(0, 0, -56), tuesday.Add(17*time.Hour), func(at time.Time) float64 {
				switch {
				case at.Before(tuesday):
					return 4 * atWork(at)
				case outage && !at.Before(begin) && at.Before(end):
					return 0
				}
				return 4 * left * atWork(at)
			})
			var out []Outage
			if gap > 0 && outage {
				out = []Outage{{begin, end.Add(-time.Minute)}}
			} else if gap > 0 {
				p := h.find("errors").hourly // the first hours of the window are not known
				p.unsure = append(p.unsure, Span{Date(tuesday.Unix()/3600) + 9, Date(tuesday.Unix()/3600) + 8 + Date(gap)})
			}
			f, exprs := hourFacts(t, &Account{ID: "a"}, &h, now, `errors.drop("8h")`)
			f.SetOutages(map[string][]Outage{"errors": out})
			exprs[0].Number(f)
			return f.Surprise(`errors.drop("8h")`)
		}
		whole, err := surprise(0)
		if err != nil {
			rt.Fatal(err)
		}
		if less, err := surprise(rapid.IntRange(1, 7).Draw(rt, "missing")); err == nil && less < whole*0.999 {
			rt.Fatalf("with hours missing chance brings as much %g times a year, with all of them %g times", less, whole)
		}
	})
}

// What a clause asks in hours is refused with what to do about it.
func TestHourWindowsAreRefused(t *testing.T) {
	c, problems := NewCompiler(Schema{Signals: []SignalDef{errorsDef, loginsDef, usersDef, {Name: "views", Kind: Count, Hourly: true, Dimension: "topic"}},
		Segments: []Segment{{Name: "size", Values: []SegmentValue{{Value: "all"}}}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for text, want := range map[string][]string{
		`logins.drop("6h")`:                    {`window "6h": the hours of logins are not learnt`, `write hourly: true under logins in signals.yaml, or ask for days: "1d"`},
		`errors.mean("6h")`:                    {`mean() is not reckoned in hours`, `sum, expected, drop and spike`},
		`errors.drop("90m")`:                   {`want whole hours`, `1h`},
		`errors.drop("96h")`:                   {`at most 72 hours`, `"4d"`},
		`views.by("x").spike("3h")`:            {`not of one topic`, `leave out by()`},
		`users.expected("3h")`:                 {`only a count is reckoned in hours, and users is a unique`, `"1d"`},
		`errors.drop("6h", {vs: "8w"})`:        {`the hours of 8 weeks are kept`, `{vs: "7w"}`},
		`peers("errors.drop('6h')").median`:    {`compared by days`, `"1d"`},
		`views.top("spike", "3h") == "x"`:      {`top() is not reckoned in hours`, `"1d"`},
		`errors.drop(6h)`:                      {`a window stands in quotes`, `"6h"`},
		`errors.shift("48h")`:                  {`shift() is not reckoned in hours`, `"2d"`},
		`errors.spike("3h", {alarms: "1/yr"})`: {`alarms "1/yr"`, `"1/year"`},
	} {
		_, problems := c.Condition(Source{Text: text + map[bool]string{true: "", false: " > 0"}[strings.Contains(text, "==")]})
		if len(problems) != 1 {
			t.Errorf("%s: %d problems, want 1: %v", text, len(problems), problems)
			continue
		}
		for _, w := range want {
			if long := problems[0].Long(); !strings.Contains(long, w) {
				t.Errorf("%s says\n%s\nwant %q", text, long, w)
			}
		}
	}
	if _, problems := NewCompiler(Schema{Signals: []SignalDef{{Name: "users", Kind: Unique, Hourly: true}}}); len(problems) != 1 || !strings.Contains(problems[0].Message, "only a count can be hourly") {
		t.Errorf("an hourly unique signal: %v", problems)
	}
}

// An account is looked at again when an hour has passed, where the book asks for hours and
// the account has some.
func TestNextHour(t *testing.T) {
	now := utc("2026-11-17T10:20")
	var with, without History
	apply(t, &with, errorsDef, time.UTC, now, Signal{Value: 1})
	apply(t, &without, loginsDef, time.UTC, now, Signal{Value: 1})
	for _, tc := range []struct {
		when string
		h    *History
		now  time.Time
		want time.Time
	}{
		{`errors.drop("6h") > 0.5`, &with, now, utc("2026-11-17T11:05")},
		{`errors.drop("6h") > 0.5`, &with, utc("2026-11-17T10:04"), utc("2026-11-17T10:05")},
		{`errors.drop("6h") > 0.5`, &with, utc("2026-11-17T10:05"), utc("2026-11-17T11:05")},
		{`errors.spike("1d") > 2`, &with, now, utc("2026-11-17T11:05")},
		{`errors.drop("7d") > 0.5`, &with, now, time.Time{}},
		{`errors.drop("6h") > 0.5`, &without, now, time.Time{}},
	} {
		c, _ := NewCompiler(Schema{Signals: []SignalDef{errorsDef, loginsDef}})
		cond, problems := c.Condition(Source{Text: tc.when})
		if len(problems) > 0 {
			t.Fatal(problems[0].Long())
		}
		if got := NewSet(c, &Rule{Playbook: "p", When: cond}).NextHour(tc.h, tc.now); !got.Equal(tc.want) {
			t.Errorf("%s at %s: %s, want %s", tc.when, tc.now, got, tc.want)
		}
	}
}
