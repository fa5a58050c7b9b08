package slackapp_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// older is a book whose present version two runs of login-drop did not begin with.
var older = cards.InUse{Hash: "0123456789abcdef", Dir: "my-book", Since: cardstest.Now.Add(-time.Hour), Storms: []string{"help-spike"},
	Older: []cards.OlderRuns{{Playbook: "login-drop", Runs: []cards.OlderRun{
		{ID: "acme/login-drop//1", Account: cards.OpsAccount{ID: "acme", Name: "<!channel>"}, Step: "why"},
		{ID: "bolt/login-drop//1", Account: cards.OpsAccount{ID: "bolt"}, Step: "call", Stays: playbooks.StaysStep},
	}}, {Playbook: "retired", Gone: true, Runs: []cards.OlderRun{{ID: "acme/retired//1", Account: cards.OpsAccount{ID: "acme"}, Stays: playbooks.StaysGone}}}}}

func TestOpsSeeAndDecideWhatBecomesOfOlderVersions(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		event      string // what is published; "" for nothing
	}{
		{"which book", "ops book", []string{"`0123456789ab`", "my-book", "3 open plays go on by older versions", "`login-drop`: 2, 1 of them can go over", "the playbook is gone", "Held back until you say so: `help-spike`"}, ""},
		{"move", "ops move login-drop", []string{"1 play goes over", "1 stays as it is", "its step `call` is gone", "bolt/login-drop//1"}, `{"what":"move","playbook":"login-drop","by":"ops"}`},
		{"move where nothing can go", "ops move retired", []string{"the book has no such playbook any more"}, ""},
		{"move where all are present", "ops move help-spike", []string{"No open play of `help-spike` goes by an older version"}, ""},
		{"move without a playbook", "ops move", []string{"For example"}, ""},
		{"move of nothing", "ops move nonsense", []string{"There is no playbook nonsense"}, ""},
		{"stop what is gone", "ops stop retired no use", []string{"3 open plays of `retired` end", "`/cs ops pause retired`"}, `{"what":"stop","playbook":"retired","reason":"no use","by":"ops"}`},
		{"stop where nothing is open", "ops stop login-drop", []string{"`login-drop` has no open play to end"}, `{"what":"stop","playbook":"login-drop","by":"ops"}`},
		{"pause one", "ops pause login-drop", []string{"`login-drop`: nothing new starts", "Open plays go on", "`/cs ops resume login-drop`"}, `{"what":"pause","playbook":"login-drop","by":"ops"}`},
		{"pause all", "ops pause", []string{"all playbooks: nothing new starts", "`/cs ops resume`"}, `{"what":"pause","by":"ops"}`},
		{"resume", "ops resume login-drop", []string{"start again where their rules hold"}, `{"what":"resume","playbook":"login-drop","by":"ops"}`},
		{"list what is held back", "ops list help-spike", []string{"starts nothing of what it was held back from"}, `{"what":"list","playbook":"help-spike","by":"ops"}`},
		{"list what is not", "ops list login-drop", []string{"is not held back"}, ""},
		{"start without an account", "ops start login-drop", []string{"for which account"}, ""},
		{"start of nothing", "ops start nonsense acme", []string{"There is no playbook nonsense"}, ""},
		{"start nowhere", "ops start login-drop nowhere", []string{"No account is called nowhere"}, ""},
		{"a word there is not", "ops dance", []string{"For example"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			b.inUse = older
			got := b.call("command", map[string]any{"user": user("ops"), "channel": "C0ALERTS", "command": "/cs", "text": c.text})
			said := spoken(t, got["response"])
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("answered %q, want %q in it", said, want)
				}
			}
			if strings.Contains(said, "<!channel>") {
				t.Errorf("an account's name pings everybody: %q", said)
			}
			if c.event == "" {
				b.none()
			} else if e := b.only(); e.Key != inbox.Everywhere || string(e.Data) != c.event {
				t.Errorf("published %s %s, want %s", e.Key, e.Data, c.event)
			}
		})
	}
}

// spoken is an answer's JSON as it was meant to be read.
func spoken(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOpsStartOnePlayUnlessItRestsOrIsOpen(t *testing.T) {
	start := func(b *bench) string {
		got := b.call("command", map[string]any{"user": user("ops"), "channel": "C0ALERTS", "command": "/cs", "text": "ops start login-drop Acme KK"})
		return spoken(t, got["response"])
	}
	b := open(t, "Acme KK")
	if said := start(b); !strings.Contains(said, "`login-drop` begins for Acme KK") {
		t.Errorf("answered %s", said)
	}
	var s inbox.Start
	if e := b.only(); e.Kind != inbox.StartKind || json.Unmarshal(e.Data, &s) != nil || s.Account != "acme" || s.Playbook != "login-drop" || s.By != "ops" || s.ID == "" {
		t.Errorf("published %s %s", e.Kind, e.Data)
	}
	open1 := open(t, "Acme KK")
	if open1.plays = true; !strings.Contains(start(open1), "open for Acme KK already") {
		t.Error("what is open is started again")
	}
	open1.none()
	rests := open(t, "Acme KK")
	if rests.rests = cardstest.Now.AddDate(0, 0, 3); !strings.Contains(start(rests), "rests for Acme KK until") {
		t.Error("what was put off is started")
	}
	rests.none()
}

func TestOpsChooseUnderAMessage(t *testing.T) {
	for _, c := range []struct{ name, person, action, event, said string }{
		{"start", "ops", cards.OpsStartAction, `{"what":"resume","playbook":"login-drop","by":"ops"}`, "had them started"},
		{"list", "ops", cards.OpsListAction, `{"what":"list","playbook":"login-drop","by":"ops"}`, "listed only"},
		{"keep", "ops", cards.OpsKeepAction, "", "keeps them back"},
		{"somebody else", "tanaka", cards.OpsStartAction, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			v := cards.NewTexts().In("en", nil)
			m := cards.AskOps(v, b.book, cards.OpsAsk{Playbook: "login-drop", Limit: 2, People: map[string]int{"tanaka": 3},
				Accounts: []cards.OpsAccount{{ID: "acme", Name: "Acme KK", Person: "tanaka"}}})
			_, ts, err := b.api.PostMessage("C0ALERTS", slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...))
			if err != nil {
				t.Fatalf("Slack does not take the question: %v", err)
			}
			got := b.call("click", map[string]any{"user": user(c.person), "channel": "C0ALERTS", "ts": ts, "action_id": c.action,
				"block_id": "ops:login-drop", "value": cards.Ref{Purpose: "login-drop"}.String()})
			if got["ok"] != true {
				t.Fatalf("the click was answered with %v", got)
			}
			if c.said == "" {
				if told := b.told(c.person); !strings.Contains(told, "運用担当") {
					t.Errorf("told %q", told)
				}
				b.none()
				return
			}
			eventually(t, "what was chosen", func() (bool, bool) {
				state := spoken(t, b.state()["channels"])
				return true, strings.Contains(state, c.said) && !strings.Contains(state, c.action)
			})
			if c.event == "" {
				b.none()
			} else if e := b.only(); string(e.Data) != c.event {
				t.Errorf("published %s, want %s", e.Data, c.event)
			}
		})
	}
}
