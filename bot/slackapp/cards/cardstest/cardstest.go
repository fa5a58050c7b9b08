// Package cardstest makes runs to draw and to click on: a small book of its own, so
// that edits of the starter book change no golden file, an account whose logins
// have dropped, and a team.
package cardstest

import (
	"embed"
	"io/fs"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
)

// Now is Tuesday 24 November 2026, 10:00 in Tokyo.
var Now = time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)

//go:embed book/*.yaml
var files embed.FS

// Book returns the book.
func Book(t testing.TB) *playbooks.Book {
	t.Helper()
	dir, err := fs.Sub(files, "book")
	if err != nil {
		t.Fatal(err)
	}
	read, err := playbooks.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	book, found := playbooks.Load(read)
	if book == nil {
		t.Fatalf("the book does not load: %v", found)
	}
	return book
}

// Account returns an account of the given name, owned by tanaka, sold by sato.
func Account(name string) *rules.Account {
	seats, arr, renews := 40.0, 1_200_000.0, true
	return &rules.Account{
		ID: "acme", Name: name, URL: "https://crm.example.com/accounts/acme?a=1&b=2", Plan: "business",
		Currency: "JPY", ARR: &arr, Seats: &seats, Stage: "adoption", TimeZone: "Asia/Tokyo", Country: "JP",
		Roles: []rules.Role{{Role: "owner", Person: "tanaka"}, {Role: "ae", Person: "sato"}, {Role: "onboarding", Person: "suzuki"}},
		Contracts: []rules.Contract{{ID: "D-1", Product: "Suite", Start: rules.NewDate(2026, 2, 6), End: rules.NewDate(2027, 2, 6),
			AutoRenew: &renews, Seats: &seats, Amount: &arr}},
	}
}

// History returns logins that were 12 a working day and have been 2 for two weeks.
func History(t testing.TB, book *playbooks.Book) *rules.History {
	t.Helper()
	h := &rules.History{}
	tokyo := time.FixedZone("JST", 9*3600)
	for day := -90; day < 0; day++ {
		at := Now.In(tokyo).AddDate(0, 0, day)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		value := 12.0
		if day >= -14 {
			value = 2
		}
		for _, def := range book.Signals {
			if def.Name != "logins" {
				continue
			}
			if _, err := h.Apply(rules.Signal{Account: "acme", Signal: "logins", Value: value, At: at}, def, tokyo, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h
}

// Run returns a run of the playbook as it stands after its beginning and the
// given events, whose Run, Visit and At are filled in where they are zero.
func Run(t testing.TB, book *playbooks.Book, account *rules.Account, f *rules.Facts, playbook string, events ...playbooks.Event) *playbooks.Run {
	t.Helper()
	p := book.Playbooks[playbook]
	if p == nil {
		t.Fatalf("the book has no playbook %s", playbook)
	}
	run := p.NewRun("starter", account.ID, "", 1)
	run.Began, run.StartedBy = Now, "rule"
	if p.Rule != nil && p.Rule.When != nil && f != nil {
		run.Fired = p.Rule.When.Eval(f).Clauses
	}
	at := Now
	for i, e := range append([]playbooks.Event{{Kind: playbooks.Begin}}, events...) {
		if e.At.IsZero() {
			e.At = at
		}
		at = e.At.Add(time.Second)
		e.Run = run.ID
		if v := run.Current(); v != nil && e.Visit == 0 {
			e.Visit = v.N
		}
		env := playbooks.Env{Book: book, Team: book.Team, Facts: f}
		if err := p.Check(run, e, env); err != nil {
			t.Fatalf("event %d, %s: %v", i, e.Kind, err)
		}
		run, _ = p.Advance(run, e, env)
	}
	return &run
}

// Scene returns what the drawing of a run knows a minute and a half after its
// beginning.
func Scene(t testing.TB, book *playbooks.Book, account *rules.Account, run *playbooks.Run, lang string) *cards.Scene {
	t.Helper()
	f := func(at time.Time) *rules.Facts {
		facts := book.Rules.Facts(account, History(t, book), at)
		book.Playbooks[run.Playbook].Prepare(run, facts)
		return facts
	}
	tokyo := time.FixedZone("JST", 9*3600)
	now := Now.Add(30 * time.Second)
	return &cards.Scene{
		Run: run, Account: account, Book: book, Team: book.Team, Began: f(run.Began), Facts: f(now), Now: now,
		Voice: cards.NewTexts().In(lang, tokyo),
	}
}
