package backtest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
)

// An account's hours are played as they are kept, and a copy of it has its own rhythm of
// the day.
func TestHoursArePlayedAndCopied(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	def := rules.SignalDef{Name: "errors", Kind: rules.Count, Hourly: true}
	account := rules.Account{ID: "acme", TimeZone: "Asia/Tokyo"}
	var h rules.History
	end := time.Date(2027, 3, 9, 0, 0, 0, 0, tokyo)
	for at := end.AddDate(0, 0, -100); at.Before(end); at = at.Add(time.Hour) {
		if hour := at.Hour(); hour >= 9 && hour < 18 {
			v := 3.0
			if hour == 10 {
				v = 12
			}
			if _, err := h.Apply(rules.Signal{Signal: "errors", Value: v, At: at.Add(time.Minute)}, def, tokyo, at.Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	set := end.AddDate(0, 0, -5).Add(12 * time.Hour)
	if _, err := h.Apply(rules.Signal{Signal: "errors", Value: 99, Mode: "set", At: set}, def, tokyo, end); err != nil {
		t.Fatal(err)
	}
	in := backtest.FromHistory(account, &h)
	days, hours, sum := 0, 0, 0.0
	for _, s := range in.Signals {
		sum += s.Value
		if s.Mode == "set" {
			days++
		} else {
			hours++
		}
	}
	if hours < 50*9 || days < 40 || days+hours/9 != 100 || sum != 99*36+99 {
		t.Errorf("%d days and %d hours bring %g, want 100 days of 36 but for one of 99", days, hours, sum)
	}
	book, problems := playbooks.Load(map[string][]byte{"signals.yaml": []byte("signals:\n  errors: {kind: count, hourly: true}\n")})
	if book == nil {
		t.Fatal(problems)
	}
	for _, random := range []*rand.Rand{nil, rand.New(rand.NewPCG(1, 2))} {
		ten, all := 0.0, 0.0
		for _, s := range backtest.Quiet(&in, book, nil, rules.DateOf(end)-50, rules.DateOf(end)-1, random) {
			at := s.At.In(tokyo)
			if all += s.Value; at.Hour() == 10 {
				ten += s.Value
			}
			if at.Hour() < 9 || at.Hour() >= 18 {
				t.Errorf("the copy brings %g at %s, when nothing ever came", s.Value, at)
			}
		}
		if share := ten / all; math.Abs(share-1./3) > 0.05 {
			t.Errorf("%.2f of the copy come from 10:00 on, want a third", share)
		}
	}
}

// Hours are dated as days are, by the account's clock: those of a New York evening are not
// of the next day, on which nothing else came.
func TestHoursAreOfTheAccountsDays(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	def := rules.SignalDef{Name: "errors", Kind: rules.Count, Hourly: true}
	var h rules.History
	for _, day := range []int{1, 2, 4} { // the first is known as a day alone
		at := time.Date(2027, 3, day, 21, 10, 0, 0, newYork)
		if _, err := h.Apply(rules.Signal{Signal: "errors", Value: 3, At: at}, def, newYork, at); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, s := range backtest.FromHistory(rules.Account{ID: "acme", TimeZone: "America/New_York"}, &h).Signals {
		got = append(got, rules.DateOf(s.At).String()+s.Mode)
	}
	if want := []string{"2027-03-01set", "2027-03-02", "2027-03-04"}; !slices.Equal(got, want) {
		t.Errorf("signals of %v, want %v", got, want)
	}
}
