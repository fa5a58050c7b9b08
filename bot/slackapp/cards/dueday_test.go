package cards_test

import (
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// TestATaskIsDueOnTheDayOfWhoeverHasItForEveryReader holds for a reader in Tokyo of a task
// that is somebody's in New York, where the evening of a day is the next one in Tokyo.
func TestATaskIsDueOnTheDayOfWhoeverHasItForEveryReader(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)
	run := cardstest.Run(t, book, account, f, "login-drop", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	visit := run.Current()
	visit.Assignee, visit.Due = "miller", time.Date(2027, 4, 6, 22, 0, 0, 0, time.UTC) // Tuesday at six
	s := cardstest.Scene(t, book, account, run, "en")
	list := []cards.Todo{{Scene: s}}
	for name, drawn := range map[string]string{"card": drawn(t, cards.Card(s).Blocks), "list": drawn(t, cards.Tasks(s.Voice, list, nil).Blocks)} {
		if !strings.Contains(drawn, "Tue 6 Apr") || strings.Contains(drawn, "Wed 7 Apr") {
			t.Errorf("the %s does not say Tuesday: %s", name, drawn)
		}
	}
}

// TestAnotherDueDateBeginsWithTheDayOfWhoeverHasTheTask holds for a reader further east.
func TestAnotherDueDateBeginsWithTheDayOfWhoeverHasTheTask(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)
	run := cardstest.Run(t, book, account, f, "login-drop", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	visit := run.Current()
	visit.Assignee, visit.Due = "miller", time.Date(2027, 4, 6, 22, 0, 0, 0, time.UTC) // Tuesday at six
	form := cards.MoveForm(cardstest.Scene(t, book, account, run, "ja"), visit)
	if text := drawn(t, form.Blocks.BlockSet); !strings.Contains(text, "2027-04-06") {
		t.Errorf("the form does not begin with Tuesday: %s", text)
	}
}
