package cards_test

import (
	"strings"
	"testing"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// TestAListHasTheQuestionOfASecondPersonUntilTheyAnswer holds for the digest, the home tab
// and what is listed on demand, which are drawn from the same.
func TestAListHasTheQuestionOfASecondPersonUntilTheyAnswer(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, nil, cardstest.Now)
	answered := cardstest.Run(t, book, account, f, "forecast", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "renew"})
	asked := cardstest.Run(t, book, account, f, "forecast")
	for _, tc := range []struct {
		name, lang string
		run        *playbooks.Run
		want       []string
	}{
		{"before the first has answered", "en", asked, []string{"What do you expect?", "Tanaka is asked as well"}},
		{"after that", "en", answered, []string{"What do you expect?", "Tanaka answered “They renew”. What is your view?"}},
		{"in Japanese", "ja", answered, []string{"見込みを教えてください。", "田中さんの回答は「更新見込み」です。"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := cardstest.Scene(t, book, account, tc.run, tc.lang)
			second, who := tc.run.Second()
			if who != "sato" || second == nil {
				t.Fatalf("the second person is %q", who)
			}
			todos := []cards.Todo{{Scene: s, Second: second}}
			digest, ok := cards.Digest(s.Voice, todos, nil)
			if !ok {
				t.Fatal("there is no digest")
			}
			for name, list := range map[string]string{"digest": drawn(t, digest.Blocks), "home": drawn(t, cards.Home(s.Voice, todos, nil)), "tasks": drawn(t, cards.Tasks(s.Voice, todos, nil).Blocks)} {
				for _, text := range append(tc.want, `"action_id":"answer:renew"`, `"action_id":"answer:shrink"`) {
					if !strings.Contains(list, text) {
						t.Errorf("the %s lacks %s:\n%s", name, text, list)
					}
				}
				if strings.Contains(list, "Call them") || strings.Contains(list, "電話する") {
					t.Errorf("the %s has the task of the first:\n%s", name, list)
				}
			}
		})
	}
}
