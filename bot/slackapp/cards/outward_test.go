package cards_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
	"playcaller/rules"
)

// mailBook is the starter book with a playbook whose text goes to a customer.
func mailBook(t *testing.T) *playbooks.Book {
	t.Helper()
	files := map[string][]byte{}
	for name, content := range cardstest.Book(t).Files {
		if !strings.HasSuffix(name, "_test.yaml") {
			files[name] = content
		}
	}
	files["mail.yaml"] = []byte(`
playbook: mail
title: {en: A mail to send, ja: メールの送信}
about: {en: A mail., ja: メール。}
draft: true
let: {since: logins.days_since()}
when: since >= 30
group: {of: 2, channel: "#product", say: {en: "Is the login page down? It began with {{ account.name }}.", ja: "ログイン画面に問題がないかご確認ください({{ account.name }}様から発生)。"}}
steps:
  - id: mail
    task: {en: "Send {{ account.name }} this mail", ja: "{{ account.name }}様へメールを送信する"}
    attach:
      en: |
        Dear {{ account.name }},
        is *something* <in> the way?
      ja: |
        {{ account.name }} ご担当者様
        お困りの点はございませんか。
    approve: {by: manager}
    due: 2wd
    otherwise: {after: 5wd, then: pass}
  - {id: pass, webhook: crm, otherwise: {after: 1h, then: =unclear}, then: =passed_on}
`)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

func TestATextForTheCustomerIsShownAndSent(t *testing.T) {
	book := mailBook(t)
	account := cardstest.Account("Acme KK")
	p := book.Playbooks["mail"]
	env := playbooks.Env{Book: book, Team: book.Team, Facts: book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)}
	run := p.NewRun(book.Hash, account.ID, "", 1)
	step := func(e playbooks.Event) {
		t.Helper()
		if e.At = cardstest.Now; len(run.Visits) > 0 {
			e.Visit = len(run.Visits) - 1
		}
		if err := p.Check(run, e, env); err != nil {
			t.Fatal(err)
		}
		run, _ = p.Advance(run, e, env)
		run.Undo = nil
	}
	step(playbooks.Event{Kind: playbooks.Begin})
	draw := func(name string) {
		t.Helper()
		for _, lang := range []string{"en", "ja"} {
			s := cardstest.Scene(t, book, account, &run, lang)
			golden(t, lang+"_text_"+name, cards.Card(s))
			if name == "first" {
				golden(t, lang+"_form_text", cards.TextForm(s))
			}
		}
	}
	draw("first")
	by := run.Visits[0].Assignee
	step(playbooks.Event{Kind: playbooks.Done, By: by})
	draw("asked")
	step(playbooks.Event{Kind: playbooks.Approved, By: run.Visits[0].Approver})
	draw("approved")

	s := cardstest.Scene(t, book, account, &run, "en")
	other := *account
	other.Language, other.Country = "en-US", "US"
	s.Account = &other
	if got := s.AttachedText(); !strings.HasPrefix(got, "Dear ") {
		t.Errorf("an American customer is written %q", got)
	}
	step(playbooks.Event{Kind: playbooks.Done, By: by})
	draw("sent")
}

func TestManyAccountsAreOneMessage(t *testing.T) {
	book := mailBook(t)
	account := cardstest.Account("Acme KK")
	told := &playbooks.GroupTold{N: 1, At: cardstest.Now}
	for _, id := range []string{account.ID, "beta", "<!channel>"} {
		told.Members = append(told.Members, playbooks.Firing{Account: id, Episode: 1, At: cardstest.Now})
	}
	g := cards.GroupView{Book: book, Team: book.Team, Playbook: "mail", Told: told, Accounts: []*rules.Account{account, {ID: "beta", Name: "Beta & Co"}, nil},
		First: book.Rules.Facts(account, nil, cardstest.Now)}
	for _, lang := range []string{"en", "ja"} {
		g.Voice = cards.NewTexts().In(lang, time.UTC)
		golden(t, lang+"_group", cards.Group(g))
	}
	for i := range 60 {
		told.Members = append(told.Members, playbooks.Firing{Account: strings.Repeat("x", i+1), At: cardstest.Now})
	}
	if bad := faults(cards.Group(g)); bad != "" {
		t.Error(bad)
	}
}

func TestDraftsAreListed(t *testing.T) {
	book := mailBook(t)
	account := cardstest.Account("Acme KK")
	p := book.Playbooks["mail"]
	run := p.NewRun(book.Hash, account.ID, "", 1)
	run, _ = p.Advance(run, playbooks.Event{Kind: playbooks.Begin, At: cardstest.Now}, playbooks.Env{Book: book, Team: book.Team, Facts: book.Rules.Facts(account, nil, cardstest.Now)})
	for _, lang := range []string{"en", "ja"} {
		s := cardstest.Scene(t, book, account, &run, lang)
		golden(t, lang+"_drafts", cards.Drafts(s.Voice, book, []cards.DraftLine{
			{Scene: s, At: cardstest.Now.Add(time.Hour), What: "webhook", To: "crm", Visit: 9},
			{Scene: s, At: cardstest.Now, What: "task", To: "tanaka"}, {Scene: s, At: cardstest.Now, What: "card", To: "#cs-alerts"}}))
	}
	v := cards.NewTexts().In("en", time.UTC)
	if got := cards.Drafts(v, book, nil).Text; !strings.Contains(got, "nothing yet") {
		t.Errorf("of a draft that told nothing: %q", got)
	}
	if got := cards.Drafts(v, cardstest.Book(t), nil).Text; !slices.Contains([]string{v.Say("draft.no_drafts", nil)}, got) {
		t.Errorf("of a book without drafts: %q", got)
	}
}
