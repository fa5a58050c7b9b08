package slackapp

import (
	"testing"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// Of an approval the one who gave or refused it is told what they did, not what was asked of them.
func TestWhoDecidedWhatOfAnApproval(t *testing.T) {
	for name, c := range map[string]struct {
		visit            playbooks.Visit
		reader           string
		by, answer       string
		stillToBeDecided bool
	}{
		"approved, for who approved":           {visit: playbooks.Visit{By: "tanaka", Answer: "done", Approval: "approved", Approver: "yamada"}, reader: "yamada", by: "yamada", answer: "approved"},
		"approved, for who asked":              {visit: playbooks.Visit{By: "tanaka", Answer: "done", Approval: "approved", Approver: "yamada"}, reader: "tanaka", by: "tanaka", answer: "done"},
		"a text approved, for who approved":    {visit: playbooks.Visit{By: "tanaka", Answer: "approved", Approval: "approved", Approver: "yamada"}, reader: "yamada", by: "yamada", answer: "approved"},
		"a text approved, for who asked":       {visit: playbooks.Visit{By: "tanaka", Answer: "approved", Approval: "approved", Approver: "yamada"}, reader: "tanaka", by: "yamada", answer: "approved"},
		"refused, for who asked":               {visit: playbooks.Visit{By: "tanaka", Answer: "done", Approval: "refused", Approver: "yamada"}, reader: "tanaka", by: "yamada", answer: "refused"},
		"what was approved and then sent":      {visit: playbooks.Visit{By: "tanaka", Answer: "done", Approval: "approved"}, reader: "tanaka", by: "tanaka", answer: "done"},
		"an approval that is still waited for": {visit: playbooks.Visit{By: "tanaka", Answer: "done", Approval: "asked", Approver: "yamada"}, reader: "yamada", stillToBeDecided: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.visit.Kind = playbooks.TaskStep
			got := decided(&cards.Scene{Run: &playbooks.Run{Visits: []playbooks.Visit{c.visit}}}, 0, c.reader, nil)
			if c.stillToBeDecided {
				if got != nil {
					t.Errorf("got %+v, want nothing", got)
				}
				return
			}
			if got == nil || got.by != c.by || got.answer != c.answer {
				t.Errorf("got %+v, want %s by %s", got, c.answer, c.by)
			}
		})
	}
}
