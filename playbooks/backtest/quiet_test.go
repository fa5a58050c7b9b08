package backtest_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks/backtest"
	"playcaller/rules"
)

// week returns so many weeks of days as input takes them.
func weeks(n int, week string) string { return strings.Repeat(week+" ", n) }

// sums adds up what signals bring on each weekday, and how many days they bring it.
func sums(signals []rules.Signal) (sum [7]float64, days [7]int) {
	for _, s := range signals {
		wd := s.At.Weekday()
		sum[wd] += s.Value
		days[wd]++
	}
	return sum, days
}

func TestAQuietCopyHasTheWeeklyRhythmAndNoIncident(t *testing.T) {
	b := book(t, quietLogins(3))
	// Forty weeks, the last six of which bring nothing.
	in := input(t, "acme", "2026-01-05", weeks(34, "40 42 38 41 39 4 2")+weeks(6, "0 0 0 0 0 0 0"))
	first, last := date(t, "2026-01-05"), date(t, "2026-01-05")+40*7-1
	got := backtest.Quiet(&in, b, nil, first, last, rand.New(rand.NewPCG(1, 2)))
	if len(got) != 280 {
		t.Fatalf("%d days were drawn, want 280", len(got))
	}
	sum, days := sums(got)
	for wd, want := range map[time.Weekday]float64{time.Monday: 40, time.Tuesday: 42, time.Saturday: 4, time.Sunday: 2} {
		mean := sum[wd] / float64(days[wd])
		if math.Abs(mean-want) > 4*math.Sqrt(want/40) {
			t.Errorf("%s: mean %.1f, want about %g", wd, mean, want)
		}
	}
	late := 0.0
	for _, s := range got[34*7:] {
		late += s.Value
	}
	if late < 900 {
		t.Errorf("the last six weeks bring %g: the incident is in the copy", late)
	}
}

// Without random every day brings what its weekday usually does.
func TestAStillCopyHasNoSpread(t *testing.T) {
	in := input(t, "acme", "2026-01-05", weeks(10, "3 5 4 5 3 0 0")+"9 9 9 9 9 9 9")
	first := date(t, "2026-01-05")
	for _, s := range backtest.Quiet(&in, book(t, quietLogins(3)), nil, first, first+76, nil) {
		if want := []float64{0, 3, 5, 4, 5, 3, 0}[s.At.Weekday()]; s.Value != want {
			t.Errorf("%s brings %g, want %g", s.At.Format("Mon 2006-01-02"), s.Value, want)
		}
	}
}

// Weeks that differ by more than their days make the copy's weeks differ as much.
func TestAQuietCopysWeeksVaryAsTheAccountsDo(t *testing.T) {
	b := book(t, quietLogins(3))
	spread := func(in backtest.Input) float64 {
		first := date(t, "2026-01-05")
		var weekly []float64
		for round := range 20 {
			got := backtest.Quiet(&in, b, nil, first, first+279, rand.New(rand.NewPCG(3, uint64(round))))
			for w := range 40 {
				sum := 0.0
				for _, s := range got[7*w : 7*w+7] {
					sum += s.Value
				}
				weekly = append(weekly, sum)
			}
		}
		mean, squares := 0.0, 0.0
		for _, v := range weekly {
			mean += v / float64(len(weekly))
		}
		for _, v := range weekly {
			squares += (v - mean) * (v - mean) / float64(len(weekly))
		}
		return math.Sqrt(squares) / mean
	}
	calm := spread(input(t, "calm", "2026-01-05", weeks(40, "100 100 100 100 100 100 100")))
	wild := spread(input(t, "wild", "2026-01-05", weeks(20, "70 70 70 70 70 70 70 130 130 130 130 130 130 130")))
	if calm > 0.06 { // Poisson: 1/√700 is 0.038
		t.Errorf("calm weeks vary by %.3f of their mean", calm)
	}
	if wild < 0.2 {
		t.Errorf("wild weeks vary by %.3f of their mean, and those of the account by 0.3", wild)
	}
}

// What a copy without any spread brings too is how the account is, not chance: here
// every Monday is over the threshold. Of dates nothing is chance either.
func TestALevelIsNoChance(t *testing.T) {
	level := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `logins.sum("1d") >= 30`, 1)
	level = strings.Replace(level, "cooldown: 5d", "cooldown: 1d", 1)
	in := input(t, "acme", "2026-01-05", weeks(20, "100 5 5 5 5 5 5"))
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-05-03"), Seed: 1, Chance: 10, Accounts: 1}
	r := run(t, book(t, level), o, in)
	if r.Playbooks[0].Fired < 8 || r.Chance.Prompts != 0 || r.Chance.AccountDays != 10*63 {
		t.Errorf("%+v %+v", r.Playbooks[0], r.Chance)
	}
	// A threshold near what the account usually brings is crossed by chance.
	in = input(t, "acme", "2026-01-05", weeks(20, "26 24 25 23 26 24 25"))
	if r := run(t, book(t, level), o, in); r.Playbooks[0].Fired != 0 || r.Chance.Prompts == 0 || r.Chance.Promise.PerWeek <= 0 {
		t.Errorf("%+v %+v", r.Playbooks[0], r.Chance)
	}
}

func TestDistinctUsersAreDrawnOneByOne(t *testing.T) {
	files := shared()
	files["signals.yaml"] = "signals:\n  logins: {kind: count, title: Logins}\n  users: {kind: unique, title: Users}\n"
	b := bookOf(t, files, quietLogins(3))
	in := backtest.Input{Account: rules.Account{ID: "acme"}}
	first := date(t, "2026-01-05")
	for d := range rules.Date(140) {
		for user, every := range map[string]rules.Date{"often": 1, "seldom": 10} {
			if d%every == 0 {
				in.Signals = append(in.Signals, rules.Signal{Account: "acme", Signal: "users", Value: 1, User: user, At: backtest.Noon(first+d, time.UTC)})
			}
		}
	}
	for name, random := range map[string]*rand.Rand{"drawn": rand.New(rand.NewPCG(1, 1)), "still": nil} {
		days := map[string]int{}
		for _, s := range backtest.Quiet(&in, b, nil, first, first+139, random) {
			days[s.User]++
		}
		if days["often"] < 120 || days["seldom"] < 5 || days["seldom"] > 27 {
			t.Errorf("%s: %v", name, days)
		}
	}
}

// What came of no value of a dimension comes first on each day of a copy: set after the
// values, it would undo what they add.
func TestACopySetsAWholeDayBeforeTheValuesOfItsDimension(t *testing.T) {
	files := shared()
	files["signals.yaml"] = "signals:\n  logins: {kind: count, title: Logins}\n  views: {kind: count, by: page, title: Views}\n"
	b := bookOf(t, files, quietLogins(3))
	in := backtest.Input{Account: rules.Account{ID: "acme"}}
	first := date(t, "2026-01-05")
	for d := range rules.Date(28) {
		for _, s := range []rules.Signal{{By: "docs", Value: 4}, {Value: 2}} {
			if d == 0 && s.By == "" { // of the whole nothing comes on the first day
				continue
			}
			s.Account, s.Signal, s.At = "acme", "views", backtest.Noon(first+d, time.UTC)
			in.Signals = append(in.Signals, s)
		}
	}
	var h rules.History
	for _, s := range backtest.Quiet(&in, b, nil, first, first+27, nil) {
		if _, err := h.Apply(s, *b.Signal("views"), time.UTC, s.At); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range h.Days("views", "", first+1, first+27) {
		if d.Value != 6 {
			t.Errorf("%s brings %g views, want 4 of docs and 2 others", d.Date, d.Value)
		}
	}
}
