package cards_test

import (
	"slices"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// TestTheChartIsOfTheDayOfTheTextBesideIt holds as long as the card has a chart: the
// numbers of its text are of the day on which it was asked.
func TestTheChartIsOfTheDayOfTheTextBesideIt(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)
	later := cardstest.Now.AddDate(0, 0, 10)
	for _, tc := range []struct {
		name   string
		events []playbooks.Event
		now    time.Time
		want   time.Time
	}{
		{"while it is asked", nil, later, cardstest.Now},
		{"ten days after it was answered", []playbooks.Event{{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"}}, later, cardstest.Now},
		{"asked anew after it was put off", []playbooks.Event{{Kind: playbooks.SnoozedRun, By: "tanaka", Until: later}, {Kind: playbooks.Tick, At: later.AddDate(0, 0, 1)}},
			later.AddDate(0, 0, 5), later.AddDate(0, 0, 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := cardstest.Run(t, book, account, f, "login-drop", tc.events...)
			s := cardstest.Scene(t, book, account, run, "en")
			s.Now = tc.now
			s.Facts = book.Rules.Facts(account, cardstest.History(t, book), tc.now)
			if got := s.AskedAt(); got.Sub(tc.want).Abs() > 24*time.Hour {
				t.Fatalf("it was asked at %v, want %v", got, tc.want)
			}
			s.Asked = book.Rules.Facts(account, cardstest.History(t, book), s.AskedAt())
			i := slices.IndexFunc(cards.Card(s).Blocks, func(b slack.Block) bool { return b.BlockType() == "data_visualization" })
			if i < 0 {
				t.Fatal("there is no chart")
			}
			text := drawn(t, cards.Card(s).Blocks[i])
			want := drawn(t, chartOf(t, s))
			if text != want {
				t.Errorf("the chart is\n%s\nwant that of the day of asking\n%s", text, want)
			}
		})
	}
}

// chartOf draws the chart as it is drawn on the day of asking.
func chartOf(t *testing.T, s *cards.Scene) slack.Block {
	t.Helper()
	then := *s
	then.Facts, then.Asked = s.Asked, nil
	for _, b := range cards.Card(&then).Blocks {
		if b.BlockType() == "data_visualization" {
			return b
		}
	}
	t.Fatal("there is no chart on the day of asking")
	return nil
}
