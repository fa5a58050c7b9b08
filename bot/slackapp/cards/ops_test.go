package cards_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// TestARunThatStaysTellsItsStepByItsText holds where the book that it goes by can be read.
func TestARunThatStaysTellsItsStepByItsText(t *testing.T) {
	book := cardstest.Book(t)
	o := cards.OlderRuns{Playbook: "login-drop", Runs: []cards.OlderRun{{ID: "acme/login-drop//1", Step: "why", Stays: playbooks.StaysStep, Began: book}}}
	for lang, want := range map[string]string{"en": "its step “", "ja": "現在の手順 「"} {
		text := drawn(t, cards.Moving(cards.NewTexts().In(lang, time.UTC), o).Blocks)
		if !strings.Contains(text, want) || strings.Contains(text, "`why`") {
			t.Errorf("%s: want the step's text, got %s", lang, text)
		}
	}
}

func TestWhatOpsAreToldOfTheBook(t *testing.T) {
	book := cardstest.Book(t)
	var many []cards.OpsAccount
	for i := range 30 {
		many = append(many, cards.OpsAccount{ID: fmt.Sprintf("customer-%02d", i), Name: fmt.Sprintf("Customer *%d* <!here>", i), Person: "tanaka"})
	}
	many[1].Subject, many[2].Name, many[2].Person = "k-1", "", ""
	mistakes := []string{"login-drop.yaml:21:7: error: there is no signal \"logns\"; did you mean \"logins\"?\n    when: logns.drop(\"14d\") >= 0.4\n          ^^^^^"}
	older := []cards.OlderRuns{{Playbook: "login-drop", Runs: []cards.OlderRun{
		{ID: "acme/login-drop//1", Account: many[0], Step: "why"},
		{ID: "bolt/login-drop//1", Account: many[1], Step: "call", Stays: playbooks.StaysStep},
		{ID: "corp/login-drop//1", Account: many[2], Stays: playbooks.StaysUndo}}}}
	for _, lang := range []string{"en", "ja"} {
		v := cards.NewTexts().In(lang, time.UTC)
		golden(t, "ops_"+lang, map[string]cards.Message{
			"refused":  cards.News(v, book.Team, cards.BookNews{State: cards.BookRefused, Dir: "my-book", Errors: 4, Problems: mistakes}),
			"fallback": cards.News(v, book.Team, cards.BookNews{State: cards.BookFallback, Dir: "my-book", Errors: 1, Problems: mistakes}),
			"unread":   cards.News(v, book.Team, cards.BookNews{State: cards.BookUnread, Dir: "my-book", Reason: "permission denied"}),
			"same":     cards.News(v, book.Team, cards.BookNews{State: cards.BookSame, Dir: "my-book"}),
			"changed": cards.News(v, book.Team, cards.BookNews{State: cards.BookChanged, New: []string{"a"}, Changed: []string{"login-drop", "help-spike"}, Removed: []string{"b"},
				Shared: true, Keeps: 2, Weeks: 8, Prompts: []cards.PromptChange{{Person: "tanaka", Before: 2.5, After: 6.5}, {Person: "miller", Before: 2, After: 1.04}, {Person: "sato", Before: 1, After: 1.01, Drafts: 0.2}}}),
			"uncalled": cards.News(v, book.Team, cards.BookNews{State: cards.BookChanged, New: []string{"a"}, Uncalled: []string{"chat", "crm"}}),
			"texts":    cards.News(v, book.Team, cards.BookNews{State: cards.BookMended, Dir: "my-book", Weeks: 8}),
			"listed":   cards.ListedAccounts(v, book, "login-drop", many),
			"gone":     cards.ListedAccounts(v, book, "login-drop", nil),
			"ask":      cards.AskOps(v, book, cards.OpsAsk{Playbook: "login-drop", Limit: 20, Accounts: many, People: map[string]int{"miller": 3, "tanaka": 27}}),
			"storm":    cards.Storm(v, book, "login-drop", 20),
			"in use": cards.BookInUse(v, book, cards.InUse{Hash: "0123456789abcdef", Since: cardstest.Now, Dir: "my-book", Older: older, Storms: []string{"a"}, Paused: []string{""}, Uncalled: []string{"crm"},
				Trouble: &cards.BookNews{State: cards.BookRefused, Dir: "my-book", Errors: 1, Problems: mistakes}}),
			"library": cards.BookInUse(v, book, cards.InUse{Hash: "0123456789abcdef"}),
			"moving":  cards.Moving(v, older[0]),
			"none":    cards.Moving(v, cards.OlderRuns{Playbook: "login-drop"}),
		})
	}
}
