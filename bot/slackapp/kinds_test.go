package slackapp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp"
	"playcaller/playbooks"
	"playcaller/playbooks/library"
)

// starter opens the bench with the starter book, which has every kind of handoff.
func starter(t *testing.T) *bench {
	t.Helper()
	b := open(t, "Acme KK")
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	b.book = book
	return b
}

// written returns a view as Slack has it.
func written(t *testing.T, view map[string]any) string {
	t.Helper()
	text, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func chosen(action, value, text string) map[string]any {
	return map[string]any{action: map[string]any{"selected_option": map[string]any{"value": value, "text": map[string]any{"type": "plain_text", "text": text}}}}
}

// TestTheKindOfAHandoffIsChosen holds for everybody, and the kind that they most likely
// mean is chosen already.
func TestTheKindOfAHandoffIsChosen(t *testing.T) {
	for person, likely := range map[string]string{"sato": "new", "suzuki": "onboarding_to_csm", "tanaka": "csm_to_csm"} {
		t.Run(person, func(t *testing.T) {
			b := starter(t)
			b.call("command", map[string]any{"user": user(person), "channel": "C0ALERTS", "command": "/handoff", "text": "acme"})
			_, view := b.view(person)
			text := written(t, view)
			for _, kind := range []string{"new", "expansion", "tech_touch", "partner", "onboarding_to_csm", "csm_to_csm"} {
				if !strings.Contains(text, `"value":"`+kind+`"`) {
					t.Errorf("%s is not offered: %s", kind, text)
				}
			}
			var form struct {
				Blocks []struct {
					BlockID string `json:"block_id"`
					Element struct {
						InitialOption struct{ Value string } `json:"initial_option"`
					}
				}
			}
			if err := json.Unmarshal([]byte(text), &form); err != nil {
				t.Fatal(err)
			}
			for _, block := range form.Blocks {
				if want := map[string]string{"kind": likely, "account": "acme"}[block.BlockID]; want != block.Element.InitialOption.Value {
					t.Errorf("%s begins with %q, want %q", block.BlockID, block.Element.InitialOption.Value, want)
				}
			}
		})
	}
}

func TestTheChosenKindDecidesFormAndPlaybook(t *testing.T) {
	b := starter(t)
	b.call("command", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
	id, _ := b.view("sato")
	got := b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "expansion", "追加契約")}})
	if got["ok"] != true {
		t.Fatalf("the choice was answered with %v", got)
	}
	id, view := eventuallyForm(b)
	if text := written(t, view); !strings.Contains(text, "field:who_uses") || strings.Contains(text, "field:go_live_wish") {
		t.Errorf("the form is not that of an expansion: %s", text)
	}
	b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"field:why_more": map[string]any{"field:why_more": map[string]any{"value": "A second team"}}}})
	var start inbox.Start
	if err := json.Unmarshal(b.only().Data, &start); err != nil || start.Playbook != "handoff-expansion" || start.Form != "expansion" ||
		start.Fields["why_more"] != "A second team" || start.Fields["seats"] != 40.0 {
		t.Errorf("got %+v, %v", start, err)
	}
}

// TestManyAccountsChangeHandsByOneForm holds for the kind that says so: each is a handoff
// of its own, with what the bot keeps of it.
func TestManyAccountsChangeHandsByOneForm(t *testing.T) {
	b := starter(t)
	b.kept = slackapp.Kept{Snoozes: map[string]time.Time{"login-drop": b.clock.Now().AddDate(0, 0, 7), "": b.clock.Now().AddDate(0, 0, 9)},
		Contacts: []slackapp.Contact{{At: b.clock.Now(), By: "tanaka", Text: "Spoke with\nMs. Mori"}}}
	run, _ := b.play("champion-left")
	other := *run
	other.Account = "beta"
	under, _ := b.play("handoff-csm")
	under.Account, under.Handoff.Sales = "beta", "davis"
	b.mu.Lock()
	b.runs["of beta"] = &other
	b.mu.Unlock()
	b.call("command", map[string]any{"user": user("tanaka"), "channel": "C0ALERTS", "command": "/handoff", "text": "acme"})
	id, _ := b.view("tanaka")
	b.call("submit", map[string]any{"user": user("tanaka"), "view_id": id, "values": map[string]any{
		"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "csm_to_csm", "CSM間の引き継ぎ")}})
	var view map[string]any
	eventually(t, "the form", func() (bool, bool) {
		id, view = b.view("tanaka")
		return true, view["callback_id"] == "handoff"
	})
	for _, known := range []string{"推進担当者の離任", "ログイン数の減少", "Acme KK · ", "Spoke with Ms. Mori"} {
		if text := written(t, view); !strings.Contains(text, known) {
			t.Errorf("the form does not know of %s: %s", known, text)
		}
	}
	values := map[string]any{
		"field:new_owner": map[string]any{"field:new_owner": map[string]any{"selected_user": user("miller")}},
		"field:why":       map[string]any{"field:why": map[string]any{"value": "Too many accounts"}},
		"field:manner":    map[string]any{"field:manner": map[string]any{"value": "By phone"}},
		"field:promises":  map[string]any{"field:promises": map[string]any{"value": "A discount"}},
		"more_accounts": map[string]any{"more_accounts": map[string]any{"selected_options": []any{
			map[string]any{"value": "beta", "text": map[string]any{"type": "plain_text", "text": "Beta"}}}}}}
	got := b.call("submit", map[string]any{"user": user("tanaka"), "view_id": id, "values": values})
	if wrong, _ := got["errors"].(map[string]any); !strings.Contains(fmt.Sprint(wrong["more_accounts"]), "デイビスさんがすでに進めています") {
		t.Errorf("a further account that is being handed over was answered with %v", got)
	}
	b.none()
	b.mu.Lock()
	delete(b.runs, under.ID)
	b.mu.Unlock()
	got = b.call("submit", map[string]any{"user": user("tanaka"), "view_id": id, "values": values})
	if got["ok"] != true {
		t.Fatalf("the form was answered with %v", got)
	}
	eventually(t, "two handoffs", func() (int, bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.events), len(b.events) == 2
	})
	for _, e := range b.events {
		var start inbox.Start
		if err := json.Unmarshal(e.Data, &start); err != nil {
			t.Fatal(err)
		}
		plays, _ := start.Fields["plays"].([]any)
		if start.Playbook != "handoff-csm" || start.Fields["new_owner"] != "miller" || len(plays) != 1 || e.Key != "account:"+start.Account {
			t.Errorf("%s: got %+v", e.Key, start)
		}
		for field, first := range map[string]bool{"why": false, "promises": true, "manner": true} { // of the first account alone?
			if _, given := start.Fields[field]; given != (!first || start.Account == "acme") {
				t.Errorf("%s: %s is given: %v", start.Account, field, given)
			}
		}
	}
}
