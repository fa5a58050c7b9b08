package slackapp_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// The second of two people who may answer is told of it like the first; nobody else is.
func TestTheSecondPersonsListHasWhatTheyMayAnswer(t *testing.T) {
	b := open(t, "Acme KK")
	run, _ := b.play("login-drop")
	run.Also = "sato"
	for who, want := range map[string]bool{run.Assignee: true, "sato": true, "miller": false} {
		_, ok, err := b.painter.Digest(t.Context(), who, []*playbooks.Run{run}, func(string) string { return "https://acme.slack.com/archives/C0ALERTS/p1" })
		if err != nil || ok != want {
			t.Errorf("the list of %s has it: %v, %v; want %v", who, ok, err, want)
		}
	}
	run, _ = b.play("login-drop", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	run.Also = "sato"
	for who, asked := range map[string]bool{"tanaka": false, "sato": true} {
		m, ok, err := b.painter.Digest(t.Context(), who, []*playbooks.Run{run}, nil)
		if err != nil || !ok {
			t.Fatalf("%s has no list: %v", who, err)
		}
		text, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "田中さんの回答は「ご不満の可能性」です。"); got != asked {
			t.Errorf("the list of %s asks for a second view: %v, want %v: %s", who, got, asked, text)
		}
	}
}

// What fired meanwhile joins the open card.
func TestACardShowsWhatJoinedIt(t *testing.T) {
	b := open(t, "Acme KK")
	run, _ := b.play("login-drop")
	other, _ := b.play("help-spike")
	if run.ID == other.ID {
		t.Fatal("both are one run")
	}
	draw := func() string {
		t.Helper()
		m, err := b.painter.Card(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	other.Fired = []rules.ClauseValue{{Source: "help_views.days_since() >= 2", Truth: rules.True, Values: map[string]any{"help_views.days_since()": 2.0}}}
	run.Evidence = []playbooks.Evidence{{Run: other.ID, Playbook: other.Playbook, At: b.clock.Now()}}
	if card := draw(); !strings.Contains(card, "2日間、ヘルプ閲覧数が0件") {
		t.Errorf("the card does not say by what numbers the other joined it: %.900s", card)
	}
	b.mu.Lock()
	delete(b.runs, other.ID)
	b.mu.Unlock()
	if card := draw(); strings.Contains(card, "2日間、ヘルプ閲覧数が0件") {
		t.Errorf("the card has numbers of a run that is gone: %.900s", card)
	}
}

// The numbers of a card's text are of the day of asking, and so is its chart, however late it is drawn.
func TestACardDrawnLaterHasTheChartOfTheDayOfAsking(t *testing.T) {
	b := open(t, "Acme KK")
	run, _ := b.play("login-drop", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	chart := func() string {
		t.Helper()
		m, err := b.painter.Card(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range m.Blocks {
			if block.BlockType() == "data_visualization" {
				text, err := json.Marshal(block)
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
		}
		t.Fatal("the card has no chart")
		return ""
	}
	before := chart()
	b.clock.Advance(10 * 24 * time.Hour)
	if after := chart(); after != before {
		t.Errorf("ten days later the chart is\n%s\nand was\n%s", after, before)
	}
}
