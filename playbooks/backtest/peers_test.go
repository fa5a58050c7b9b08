package backtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
)

// belowPeers fires where an account has a good deal less than nine of ten others.
const belowPeers = `
playbook: below
title: Below its peers
about: Fewer logins than nine of ten others have.
severity: low
when: 'logins.sum("3d") < peers("logins.sum(''3d'')", {segment: "%s"}).p10 * 0.9'
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: call, task: "Call {{ account.name }}", due: 2wd, otherwise: {after: 3wd, then: =unanswered}, then: =called}
outcomes: {called: {good: true}}
`

// peersBook has the segment that is asked for: all accounts, or those of the same plan.
func peersBook(t testing.TB, segment string) *playbooks.Book {
	files := shared()
	files["segments.yaml"] = "segments:\n  size:\n    - {value: small, if: account.plan == \"small\"}\n    - {value: large, if: account.plan == \"large\"}\n"
	return bookOf(t, files, fmt.Sprintf(belowPeers, segment))
}

// crowd is so many accounts with the same logins on each day.
func crowd(t testing.TB, n int, days string) []backtest.Input {
	var all []backtest.Input
	for i := range n {
		all = append(all, input(t, fmt.Sprintf("a%02d", i), "2026-03-02", days))
	}
	return all
}

func TestAnAccountIsJudgedByItsPeersAsOfTheLastMidnights(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-09"), To: date(t, "2026-03-15"), Chance: -1}
	same, low := "9 9 9 9 9 9 9 9 9 9 9 9 9 9", "9 9 9 9 9 9 9 9 9 1 1 1 9 9"
	for name, c := range map[string]struct {
		others int
		days   string
		want   []string
	}{
		// At midnight of Thursday the 12th the others have two days of nine and nothing yet
		// of the third; low has nine and one. At noon of the day before, it had 19 of three
		// days, and others 18 of two at their last midnight.
		"alone":                {12, same, []string{"low below 03-12 00:00"}},
		"with everybody":       {12, low, nil},
		"with too few to tell": {9, same, nil},
	} {
		r := run(t, peersBook(t, "all"), o, append(crowd(t, c.others, c.days), input(t, "low", "2026-03-02", low))...)
		var got []string
		for _, e := range r.Episodes {
			got = append(got, e.Account+" "+e.Playbook+" "+e.Fired.Format("01-02 15:04"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v; %+v", name, got, c.want, r.Playbooks[0])
		}
	}
}

// Twelve small accounts do not tell what is usual for a large one; and where the account
// is moved to their plan, they do.
func TestPeersAreThoseOfTheSameSegment(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-09"), To: date(t, "2026-03-15"), Chance: -1}
	for plan, want := range map[string]int{"small": 1, "large": 0} {
		all := crowd(t, 12, "9 9 9 9 9 9 9 9 9 9 9 9 9 9")
		for i := range all {
			all[i].Account.Plan = "small"
		}
		low := input(t, "low", "2026-03-02", "9 9 9 9 9 9 9 9 9 1 1 1 9 9")
		low.Account.Plan = plan
		if r := run(t, peersBook(t, "size"), o, append(all, low)...); len(r.Episodes) != want {
			t.Errorf("%s: %v", plan, told(r.Episodes))
		}
	}
}

// Whatever the number of workers, and what of it was known before.
func TestPeersAreTheSameHoweverTheyAreCountedAndGoneOnWith(t *testing.T) {
	var all []backtest.Input
	for i, in := range crowd(t, 14, "9 9 9 9 9 9 9 9 9 9 9 9 9 9") {
		in.Account.TimeZone = []string{"Asia/Tokyo", "America/New_York", "UTC"}[i%3]
		for k := range in.Signals {
			if (i+k)%5 == 0 {
				in.Signals[k].Value = float64(i)
			}
		}
		all = append(all, in)
	}
	b := peersBook(t, "all")
	kept := map[string]*backtest.Result{}
	o := backtest.Options{From: date(t, "2026-03-06"), To: date(t, "2026-03-15"), Workers: 1, Accounts: len(all), Chance: 28, Against: peersBook(t, "size")}
	surveyed := 0
	o.Surveyed = func() { surveyed++ }
	o.Each = func(r *backtest.Result) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		kept[r.Account] = &backtest.Result{}
		return json.Unmarshal(text, kept[r.Account])
	}
	first := run(t, b, o, all...)
	if len(first.Episodes) == 0 || surveyed != len(all) {
		t.Fatalf("%d firings, %d accounts surveyed", len(first.Episodes), surveyed)
	}
	o.Workers, o.Each = 3, nil
	if asJSON(t, run(t, b, o, all...)) != asJSON(t, first) {
		t.Error("three workers tell something else")
	}
	o.Done = func(id string) *backtest.Result {
		if id < "a07" {
			return kept[id]
		}
		return nil
	}
	if asJSON(t, run(t, b, o, all...)) != asJSON(t, first) {
		t.Error("half of it known tells something else")
	}
}

func TestOnlyABookThatAsksForPeersIsGoneOverTwice(t *testing.T) {
	ranged := 0
	inputs := func(yield func(backtest.Input, error) bool) {
		ranged++
		yield(input(t, "acme", "2026-03-02", "5 5 5"), nil)
	}
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	for want, b := range map[int]*playbooks.Book{1: book(t, quietLogins(3)), 2: peersBook(t, "all")} {
		ranged = 0
		if _, err := backtest.Run(context.Background(), b, inputs, o); err != nil || ranged != want {
			t.Errorf("gone over %d times, want %d (%v)", ranged, want, err)
		}
	}
}
