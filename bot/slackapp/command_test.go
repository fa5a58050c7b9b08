package slackapp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
)

func TestCommandsAreAnsweredToTheOneWhoAsks(t *testing.T) {
	for _, c := range []struct{ name, person, text, want string }{
		{"help", "miller", "help", "What you can ask"},
		{"nothing at all", "tanaka", "", "使い方"},
		{"a word there is not", "miller", "acount Acme", "Did you mean `/cs account`?"},
		{"an account's name alone", "miller", "acme kk", "renewal"},
		{"a part of it", "miller", "cme", "renewal"},
		{"an account", "miller", "account acme kk", "renewal"},
		{"an account there is not", "miller", "account Nobody", "No account is called Nobody"},
		{"tasks", "miller", "tasks", "Nothing waits for you"},
		{"why", "miller", "why Acme login-drop", "It started on"},
		{"why, all playbooks", "miller", "why Acme", "Logins dropped*: It started on"},
		{"a playbook there is not", "miller", "why Acme nonsense", "There is no playbook nonsense"},
		{"ops by somebody else", "tanaka", "ops pause", "運用担当"},
		{"drafts by somebody else", "tanaka", "ops draft", "運用担当"},
		{"drafts of a book without any", "ops", "ops draft", "The book has no drafts"},
		{"drafts of a playbook there is not", "ops", "ops draft nonsense", "There is no playbook nonsense"},
		{"a stranger", "stranger", "tasks", "stranger@example.com"},
		{"away in the past", "miller", "away until 2020-01-01", "still to come"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			b.account.Stage = "renewal"
			who := user(c.person)
			got := b.call("command", map[string]any{"user": who, "channel": "C0ALERTS", "command": "/cs", "text": c.text})
			said, _ := json.Marshal(got["response"])
			if got["ok"] != true || !strings.Contains(strings.ToLower(string(said)), strings.ToLower(c.want)) {
				t.Errorf("got %v, want %q", got, c.want)
			}
			b.none()
		})
	}
}

func TestCommandsThatChangeSomethingPublishIt(t *testing.T) {
	for _, c := range []struct{ name, person, text, key, kind, want string }{
		{"a note", "miller", "note Acme: met their new CTO", "account:acme", inbox.NoteKind, `{"account":"acme","by":"miller","text":"met their new CTO"}`},
		{"away with cover", "tanaka", "away until 2026-12-31 cover @miller", "person:tanaka", inbox.AwayKind, `{"person":"tanaka","until":"2026-12-31","cover":"miller","by":"tanaka"}`},
		{"back", "tanaka", "away back", "person:tanaka", inbox.AwayKind, `{"person":"tanaka","until":"","by":"tanaka"}`},
		{"back in another word", "tanaka", "away Off", "person:tanaka", inbox.AwayKind, `{"person":"tanaka","until":"","by":"tanaka"}`},
		{"pause all", "ops", "ops pause", inbox.Everywhere, inbox.OpsKind, `{"what":"pause","by":"ops"}`},
		{"stop a playbook", "ops", "ops stop login-drop wrong data", inbox.Everywhere, inbox.OpsKind, `{"what":"stop","playbook":"login-drop","reason":"wrong data","by":"ops"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			b.call("command", map[string]any{"user": user(c.person), "channel": "C0ALERTS", "command": "/cs", "text": c.text})
			if e := b.only(); e.Key != c.key || e.Kind != c.kind || string(e.Data) != c.want {
				t.Errorf("got %s %s %s", e.Key, e.Kind, e.Data)
			}
		})
	}
}

func TestAHandoffIsPickedFilledInAndSent(t *testing.T) {
	b := open(t, "サンプル商事")
	b.call("command", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
	id, _ := b.view("sato")
	got := b.call("submit", map[string]any{"user": user("sato"), "view_id": id,
		"values": map[string]any{"account": map[string]any{"account": map[string]any{"selected_option": map[string]any{"value": "acme", "text": map[string]any{"type": "plain_text", "text": "サンプル商事様"}}}}}})
	if got["ok"] != true {
		t.Fatalf("the choice of the account was answered with %v", got)
	}
	id, view := eventuallyForm(b)
	prefilled, _ := json.Marshal(view)
	if !strings.Contains(string(prefilled), user("suzuki")) || !strings.Contains(string(prefilled), "2026-02-06") {
		t.Errorf("the form does not hold what is known: %s", prefilled)
	}
	field := func(name string, value map[string]any) map[string]any {
		return map[string]any{"field:" + name: value}
	}
	got = b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"field:champion":   field("champion", map[string]any{"value": "高橋様"}),
		"field:promises":   field("promises", map[string]any{"value": "SSO\nSLA 99.9"}),
		"field:auto_renew": field("auto_renew", map[string]any{"selected_option": map[string]any{"value": "no"}}),
	}})
	if got["ok"] != true {
		t.Fatalf("the form was answered with %v", got)
	}
	e := b.only()
	var start inbox.Start
	if err := json.Unmarshal(e.Data, &start); err != nil || e.Kind != inbox.StartKind || e.Key != "account:acme" {
		t.Fatalf("got %+v, %v", e, err)
	}
	if start.Playbook != "handoff" || start.By != "sato" || start.Form != "new" || start.ID == "" || start.Draft {
		t.Errorf("got %+v", start)
	}
	for name, want := range map[string]any{"champion": "高橋様", "auto_renew": false, "start": "2026-02-06", "accepter": "suzuki", "seats": 40.0} {
		if start.Fields[name] != want {
			t.Errorf("%s is %v, want %v", name, start.Fields[name], want)
		}
	}
	if p, _ := start.Fields["promises"].([]any); len(p) != 2 {
		t.Errorf("the promises are %v, want two", start.Fields["promises"])
	}
}

// eventuallyForm waits until the handoff form stands in the picker's place.
func eventuallyForm(b *bench) (id string, view map[string]any) {
	b.t.Helper()
	eventually(b.t, "the handoff form", func() (bool, bool) {
		id, view = b.view("sato")
		return true, view["callback_id"] == "handoff"
	})
	return id, view
}

func TestAReplyInTheThreadAnswersTheQuestion(t *testing.T) {
	b := open(t, "Acme KK")
	run, ts := b.play("handoff", playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}},
		playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Text: "SSO?"})
	b.call("say", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "text": "Yes & no", "thread_ts": ts})
	eventually(t, "the reply", func() (bool, bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return true, len(b.events) > 0
	})
	if e := b.happened(); e.Kind != playbooks.Replied || e.Text != "Yes & no" || e.Run != run.ID || e.By != "sato" {
		t.Errorf("got %+v", e)
	}
}

func TestOnlySignedRequestsAreReceivedByHTTP(t *testing.T) {
	b := open(t, "Acme KK")
	body := url.Values{"command": {"/cs"}, "text": {"help"}, "user_id": {user("miller")}}.Encode()
	post := func(secret string, age time.Duration, body string) *httptest.ResponseRecorder {
		stamp := fmt.Sprint(time.Now().Add(-age).Unix())
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
		r := httptest.NewRequest(http.MethodPost, "/slack/commands", bytes.NewBufferString(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Slack-Request-Timestamp", stamp)
		r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
		w := httptest.NewRecorder()
		b.app.Handler().ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		name, secret string
		age          time.Duration
		want         int
	}{
		{"signed", "secret", 0, http.StatusOK},
		{"signed with another secret", "other", 0, http.StatusUnauthorized},
		{"signed long ago", "secret", 6 * time.Minute, http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(c.secret, c.age, body)
			if w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
			if c.want == http.StatusOK && !strings.Contains(w.Body.String(), "What you can ask") {
				t.Errorf("got %s", w.Body)
			}
		})
	}
}
