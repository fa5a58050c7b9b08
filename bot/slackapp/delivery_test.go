package slackapp_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp"
	"playcaller/bot/stream"
	"playcaller/playbooks"
)

// post hands a signed request to the app, as Slack does without Socket Mode.
func (b *bench) post(path, body string) *httptest.ResponseRecorder {
	stamp := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte("secret"))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewBufferString(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	w := httptest.NewRecorder()
	b.app.Handler().ServeHTTP(w, r)
	return w
}

func TestAnEventThatIsDeliveredTwiceIsWorkedOnce(t *testing.T) {
	b := open(t, "Acme KK")
	_, ts := b.play("handoff", playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}},
		playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Text: "SSO?"})
	body := fmt.Sprintf(`{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C0ALERTS","user":%q,"text":"Yes","ts":"1.2","thread_ts":%q}}`, user("sato"), ts)
	for range 2 {
		if w := b.post("/slack/events", body); w.Code != http.StatusOK {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	if e := b.happened(); e.Kind != playbooks.Replied {
		t.Errorf("got %+v", e)
	}
	if n := b.app.Stats().Duplicates; n != 1 {
		t.Errorf("%d duplicates were counted, want one", n)
	}
}

func TestAnEventThatCouldNotBeWrittenDownIsTakenWhenItComesAgain(t *testing.T) {
	b := open(t, "Acme KK")
	_, ts := b.play("handoff", playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}},
		playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Text: "SSO?"})
	body := fmt.Sprintf(`{"type":"event_callback","event_id":"Ev1","event":{"type":"message","channel":"C0ALERTS","user":%q,"text":"Yes","ts":"1.2","thread_ts":%q}}`, user("sato"), ts)
	b.mu.Lock()
	b.fail = context.DeadlineExceeded
	b.mu.Unlock()
	if w := b.post("/slack/events", body); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("got %d, want 503 so that Slack repeats it", w.Code)
	}
	b.mu.Lock()
	b.fail = nil
	b.mu.Unlock()
	if w := b.post("/slack/events", body); w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	b.happened()
}

func TestAnExpiredTriggerIsAnsweredAndChangesNothing(t *testing.T) {
	b := open(t, "Acme KK")
	answered := make(chan string, 1)
	response := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		answered <- body.String()
	}))
	defer response.Close()
	w := b.post("/slack/commands", url.Values{"command": {"/handoff"}, "user_id": {user("miller")}, "trigger_id": {"1.2.gone"}, "response_url": {response.URL}}.Encode())
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if got := <-answered; !strings.Contains(got, "press again") || !strings.Contains(got, "ephemeral") {
		t.Errorf("told %s", got)
	}
	b.none()
}

func TestBadRequestsChangeNothing(t *testing.T) {
	b := open(t, "Acme KK")
	for _, c := range []struct {
		name, path, body string
		want             int
	}{
		{"no JSON", "/slack/events", "{", http.StatusBadRequest},
		{"the address is verified", "/slack/events", `{"type":"url_verification","challenge":"abc"}`, http.StatusOK},
		{"no payload", "/slack/actions", "x=1", http.StatusBadRequest},
		{"a button that is not ours", "/slack/actions", "payload=" + url.QueryEscape(`{"type":"block_actions","user":{"id":"U0MILLER"},"actions":[{"block_id":"b","action_id":"answer:x","value":"not json"}]}`), http.StatusOK},
		{"a run that is gone", "/slack/actions", "payload=" + url.QueryEscape(`{"type":"block_actions","user":{"id":"U0MILLER"},"actions":[{"block_id":"b","action_id":"taken","value":"{\"r\":\"gone\"}"}]}`), http.StatusOK},
		{"a form that is not ours", "/slack/actions", "payload=" + url.QueryEscape(`{"type":"view_submission","user":{"id":"U0MILLER"},"view":{"id":"V1","callback_id":"x","private_metadata":"{"}}`), http.StatusOK},
		{"no command", "/slack/commands", "", http.StatusBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w := b.post(c.path, c.body); w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
			b.none()
		})
	}
	if n := b.app.Stats().Panics; n != 0 {
		t.Errorf("%d deliveries broke the code", n)
	}
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	publish := func(context.Context, ...stream.Event) error { return nil }
	for _, c := range []struct {
		name string
		o    slackapp.Options
		want string
	}{
		{"no bot token", slackapp.Options{}, "SLACK_BOT_TOKEN"},
		{"no way in", slackapp.Options{BotToken: "x"}, "SLACK_APP_TOKEN"},
		{"nothing to read", slackapp.Options{BotToken: "x", AppToken: "y", Publish: publish}, "Reads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := slackapp.New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s in it", err, c.want)
			}
		})
	}
}

func TestTheManifestSwitchesOnWhatTheAppUses(t *testing.T) {
	for _, want := range []string{"socket_mode_enabled: true", "home_tab_enabled: true", "command: /cs", "command: /handoff",
		"- chat:write", "- channels:join", "- users:read.email", "- app_home_opened", "- groups:history", "- im:write"} {
		if !strings.Contains(slackapp.Manifest(), want) {
			t.Errorf("the manifest lacks %q", want)
		}
	}
}
