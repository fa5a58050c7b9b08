package backtest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
)

// libraryOf returns the starter book, its playbooks repeated under other names until
// there are so many with a rule.
func libraryOf(t testing.TB, playbook int) *playbooks.Book {
	t.Helper()
	files, err := playbooks.ReadDir(os.DirFS("../library"))
	if err != nil {
		t.Fatal(err)
	}
	b, problems := playbooks.Load(files)
	if b == nil {
		t.Fatal(problems)
	}
	if len(b.Rules.Rules) < playbook {
		t.Skipf("the starter book has %d playbooks with a rule, and %d are wanted", len(b.Rules.Rules), playbook)
	}
	return b
}

// made is a made-up account of the benchmark: a year and a warm-up of logins, core uses,
// help views of three topics, seats in use and twenty users, on weekdays mostly.
func made(n int, from, to rules.Date) backtest.Input {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	id := fmt.Sprintf("account-%05d", n)
	seats := float64(10 + r.IntN(90))
	start := from - rules.Date(r.IntN(300))
	in := backtest.Input{Account: rules.Account{ID: id, Name: id, Seats: &seats, Plan: "team", Country: "JP", TimeZone: "Asia/Tokyo",
		Stage: "adoption", StageSince: start.In(time.UTC), Roles: []rules.Role{{Role: "owner", Person: "tanaka"}},
		Contracts: []rules.Contract{{ID: id + "-1", Start: start, End: start + 730}}}}
	mean := 5 + r.ExpFloat64()*40
	zone := time.FixedZone("JST", 9*3600)
	add := func(day rules.Date, signal, by, user string, v float64) {
		s := rules.Signal{Account: id, Signal: signal, By: by, User: user, Value: v, At: backtest.Noon(day, zone)}
		if user == "" {
			s.Mode = "set"
		}
		in.Signals = append(in.Signals, s)
	}
	for day := from - backtest.WarmUp; day <= to; day++ {
		week := 1.0
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			week = 0.1
		}
		noisy := func(m float64) float64 { return float64(int(m*week*(0.7+0.6*r.Float64()) + 0.5)) }
		add(day, "logins", "", "", noisy(mean))
		add(day, "core_uses", "", "", noisy(mean*2))
		add(day, "help_views", "exports", "", noisy(mean/4))
		if r.IntN(3) == 0 {
			add(day, "help_views", "imports", "", noisy(mean/8))
		}
		add(day, "seats_used", "", "", seats*0.8)
		for u := range 4 {
			add(day, "users", "", "user-"+strconv.Itoa((int(day)+u*r.IntN(5))%20), 1)
		}
	}
	return in
}

// BenchmarkLibrary plays the starter book over a year of made-up accounts. The figure
// account-years/s is what one processor does where -cpu 1 is given.
func BenchmarkLibrary(b *testing.B) {
	book := libraryOf(b, 1)
	to := rules.NewDate(2026, time.October, 31)
	from := to - 364
	days := backtest.Days{}
	for d := from - backtest.WarmUp; d <= to; d++ {
		days.Add(d)
	}
	o := backtest.Options{From: from, To: to, Chance: -1, Heard: map[string]backtest.Days{}}
	for _, s := range book.Signals {
		if s.Kind != rules.Gauge {
			o.Heard[s.Name] = days
		}
	}
	b.ReportMetric(float64(len(book.Rules.Rules)), "playbooks")
	years := 0
	var inputs []backtest.Input
	for n := range 64 {
		inputs = append(inputs, made(n, from, to))
	}
	b.ResetTimer()
	for b.Loop() {
		r, err := backtest.Run(context.Background(), book, from2(inputs), o)
		if err != nil {
			b.Fatal(err)
		}
		years += r.Accounts
	}
	b.ReportMetric(float64(years)/b.Elapsed().Seconds(), "account-years/s")
}

func from2(all []backtest.Input) func(yield func(backtest.Input, error) bool) {
	return func(yield func(backtest.Input, error) bool) {
		for _, in := range all {
			if !yield(in, nil) {
				return
			}
		}
	}
}
