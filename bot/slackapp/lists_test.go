package slackapp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// many returns runs in all the states that wait for somebody.
func many(b *bench, n int) []cards.Todo {
	b.t.Helper()
	f := b.book.Rules.Facts(b.account, cardstest.History(b.t, b.book), cardstest.Now)
	var todos []cards.Todo
	for i := range n {
		name, events := "login-drop", []playbooks.Event(nil)
		switch i % 3 {
		case 1:
			events = []playbooks.Event{{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"}}
		case 2:
			name, events = "handoff", []playbooks.Event{{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}}}
		}
		run := *cardstest.Run(b.t, b.book, b.account, f, name, events...)
		if i%5 != 0 { // some runs are listed twice, as a run in two roles would be
			run.ID = fmt.Sprintf("%s%02d", run.ID, i)
		}
		lang := []string{"en", "ja"}[n%2]
		todos = append(todos, cards.Todo{Scene: cardstest.Scene(b.t, b.book, b.account, &run, lang), Link: "https://acme.slack.com/archives/C0ALERTS/p1"})
	}
	return todos
}

func TestTheWorkspaceTakesListsOfManyRuns(t *testing.T) {
	b := open(t, "Acme KK")
	for _, n := range []int{1, 4, 25, 60, 61} {
		todos := many(b, n)
		v := todos[0].Scene.Voice
		m, ok := cards.Digest(v, todos, map[string]any{"date": v.Day(cardstest.Now)})
		if !ok {
			t.Fatalf("%d runs make no digest", n)
		}
		if _, _, err := b.api.PostMessage("C0ALERTS", slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...)); err != nil {
			t.Errorf("a digest of %d runs: %v", n, err)
		}
		unique(t, fmt.Sprintf("a digest of %d runs", n), m.Blocks)
		home := cards.Home(v, todos, nil)
		unique(t, fmt.Sprintf("a home of %d runs", n), home)
		if _, err := b.api.PublishViewContext(context.Background(), slack.PublishViewContextRequest{UserID: user("tanaka"),
			View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: home}}}); err != nil {
			t.Errorf("a home of %d runs: %v", n, err)
		}
	}
}

// unique fails where two blocks, or two things to press, have the same id.
func unique(t *testing.T, what string, blocks []slack.Block) {
	t.Helper()
	written, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var read []struct {
		ID       string `json:"block_id"`
		Elements []struct {
			ID string `json:"action_id"`
		} `json:"elements"`
	}
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, block := range read {
		ids := []string{block.ID}
		for _, e := range block.Elements {
			ids = append(ids, "action "+e.ID)
		}
		for _, id := range ids {
			if id != "" && id != "action " && seen[id] {
				t.Errorf("%s has %s twice", what, id)
			}
			seen[id] = true
		}
	}
}
