package cards_test

import (
	"testing"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// TestARefusalSaysWhatWasRefusedByWhomAndWhy holds for whoever asked, and for whoever has
// the account since, who did not.
func TestARefusalSaysWhatWasRefusedByWhomAndWhy(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)
	run := cardstest.Run(t, book, account, f, "login-drop", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	for _, tc := range []struct {
		lang, by, reason, want string
	}{
		{"en", "", "too <dear>", "Acme KK · Logins dropped: Yamada did not approve (“They are unhappy”). The reason: too &lt;dear&gt;"},
		{"en", "tanaka", "", "Acme KK · Logins dropped: Yamada did not approve what Tanaka asked for (“They are unhappy”). No reason was given."},
		{"ja", "tanaka", "時期尚早", "【承認されませんでした】Acme KK様:ログイン数の減少。田中さんからの承認依頼「ご不満の可能性」は、山田さんにより見送られました。理由:時期尚早"},
	} {
		args := map[string]any{"approver": "yamada", "reason": tc.reason}
		if tc.by != "" {
			args["by"] = tc.by
		}
		s := cardstest.Scene(t, book, account, run, tc.lang)
		m := cards.Nudges(s.Voice, []cards.Nudge{{Scene: s, Effect: playbooks.Effect{Kind: playbooks.Nudge, Person: "miller", What: playbooks.NudgeRefused, Args: args}}})
		if m.Text != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.lang, m.Text, tc.want)
		}
	}
}
