package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"playcaller/bot/sandbox"
)

func TestBadBodiesAreRefusedWithWhatIsWrong(t *testing.T) {
	s := open(t, sandbox.Options{})
	big := `{"user":"` + strings.Repeat("x", 5<<20) + `"}`
	for _, c := range []struct {
		call, body string
		status     int
		says       string
	}{
		{"click", ``, 400, "empty"},
		{"click", `{"user":"tan`, 400, "cut off"},
		{"click", `[]`, 400, "must be a JSON object"},
		{"click", `{"user":7}`, 400, "user must be a string, not a number"},
		{"click", `{} {}`, 400, "more after"},
		{"click", `{"user":"nobody","action_id":"a"}`, 404, "no user"},
		{"click", `{"user":"playcaller","action_id":"a"}`, 400, "is the bot"},
		{"click", `{"user":"tanaka","channel":"C0NONE","ts":"1","action_id":"a"}`, 404, "no channel"},
		{"click", `{"user":"miller","channel":"C0SECRET","ts":"1","action_id":"a"}`, 404, "no channel"},
		{"click", `{"user":"tanaka","channel":"C0ALERTS","ts":"1.5","action_id":"a"}`, 404, "no message 1.5"},
		{"click", `{"user":"tanaka","view_id":"V1","action_id":"a"}`, 404, "no open view V1"},
		{"click", big, 413, "larger than"},
		{"submit", `{"user":"tanaka"}`, 400, "view_id is missing"},
		{"submit", `{"user":"tanaka","view_id":"V1","values":[]}`, 400, "values must be"},
		{"say", `{"user":"tanaka","channel":"C0ALERTS"}`, 400, "text is missing"},
		{"say", `{"user":"tanaka","channel":"C0ALERTS","text":"x","thread_ts":"9"}`, 404, "no message 9"},
		{"command", `{"user":"tanaka","channel":"C0ALERTS"}`, 400, "command is missing"},
		{"command", `{"user":"tanaka","channel":"C0ALERTS","command":"/cs"}`, 503, "no app is connected"},
		{"clock", `{"advance":"1h"}`, 409, "--workspace-only"},
		{"faults", `{"method":"chat.shout","mode":"500","times":1}`, 400, "method is"},
		{"faults", `{"method":"*","mode":"boom","times":1}`, 400, "mode is"},
		{"faults", `{"method":"*","mode":"500","times":-1}`, 400, "times is"},
		{"nothing", `{}`, 404, "no such call"},
	} {
		name := c.body
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(c.call+" "+name, func(t *testing.T) {
			status, out := s.raw(t, c.call, []byte(c.body))
			if said, _ := out["error"].(string); status != c.status || out["ok"] != false || !strings.Contains(said, c.says) {
				t.Errorf("got %d %v, want %d with %q", status, out, c.status, c.says)
			}
		})
	}
}

func TestForeignHostsAndPagesAreRefused(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"127.0.0.1:8080", "", 200}, {"localhost", "http://localhost:8080", 200}, {"[::1]:80", "", 200},
		{"evil.example", "", 403}, {"127.0.0.1.evil.example", "", 403}, {"127.0.0.1", "https://evil.example", 403}, {"127.0.0.1", "null", 403},
	} {
		r := httptest.NewRequest(http.MethodGet, "/sandbox/state", nil)
		r.Host = c.host
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, r)
		if rec.Code != c.want {
			t.Errorf("host %q, origin %q: got %d, want %d", c.host, c.origin, rec.Code, c.want)
		}
	}
}

func TestTheClockIsTurnedForwardsOnly(t *testing.T) {
	var now atomic.Int64
	now.Store(morning.Unix())
	s := open(t, sandbox.Options{
		Clock:   func() time.Time { return time.Unix(now.Load(), 0) },
		Advance: func(_ context.Context, to time.Time) error { now.Store(to.Unix()); return nil },
		NextDue: func(context.Context) (time.Time, bool, error) { return time.Unix(now.Load()+90, 0), true, nil },
	})
	for _, c := range []struct{ body, want string }{
		{`{"advance":"24h"}`, "2026-04-02T09:00:00Z"}, {`{"advance":"1d12h"}`, "2026-04-03T21:00:00Z"}, {`{"advance":"2w"}`, "2026-04-17T21:00:00Z"},
		{`{"to":"2026-05-01T00:00:00+09:00"}`, "2026-04-30T15:00:00Z"}, {`{"next":true}`, "2026-04-30T15:01:30Z"},
	} {
		if _, out := s.raw(t, "clock", []byte(c.body)); out["now"] != c.want {
			t.Errorf("%s: got %v, want %s", c.body, out, c.want)
		}
	}
	for _, body := range []string{`{"to":"2026-04-01T00:00:00Z"}`, `{"advance":"-1h"}`, `{"advance":"soon"}`, `{"to":"tomorrow"}`, `{}`, `{"advance":"1h","next":true}`} {
		if status, out := s.raw(t, "clock", []byte(body)); status != 400 {
			t.Errorf("%s: got %d %v, want 400", body, status, out)
		}
	}
	if got := s.state(t, "").Now; got != "2026-04-30T15:01:30Z" {
		t.Errorf("got %s, want the clock left where it was", got)
	}
}

func TestFaultsAreWhatTheNextCallsMeet(t *testing.T) {
	s := open(t, sandbox.Options{})
	post := func(text string) error {
		_, _, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText(text, false))
		return err
	}
	fault := func(mode string) {
		s.must(t, "faults", map[string]any{"method": "chat.postMessage", "mode": mode, "times": 1, "delay_ms": 1})
	}
	fault("429")
	var limited *slack.RateLimitedError
	if err := post("a"); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("429: got %v", err)
	}
	fault("500")
	var status slack.StatusCodeError
	if err := post("b"); !errors.As(err, &status) || status.Code != 500 {
		t.Errorf("500: got %v", err)
	}
	fault("lost_reply")
	if err := post("c"); err == nil || errors.As(err, &status) && status.Code == 200 {
		t.Errorf("lost_reply: got %v, want a broken connection", err)
	}
	fault("slow")
	if err := post("d"); err != nil {
		t.Errorf("slow: got %v", err)
	}
	if err := post("e"); err != nil {
		t.Errorf("after the faults: got %v", err)
	}
	state := s.state(t, "")
	if diff := cmp.Diff([]string{"c", "d", "e"}, state.texts("C0ALERTS")); diff != "" {
		t.Errorf("what was done: %s", diff)
	}
	if state.Calls["chat.postMessage"] != 5 || state.RateLimited != 1 {
		t.Errorf("got %d calls, %d rate limited; want 5 and 1", state.Calls["chat.postMessage"], state.RateLimited)
	}
}

func TestTooManyPostsAreToldToWait(t *testing.T) {
	clock := clockwork.NewFakeClockAt(morning)
	s := open(t, sandbox.Options{RateFactor: 1, Real: clock})
	var refused int
	for range 6 {
		var limited *slack.RateLimitedError
		if _, _, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false)); errors.As(err, &limited) {
			refused++
		}
	}
	if got := s.state(t, "").RateLimited; refused != 2 || got != 2 {
		t.Errorf("got %d refused and %d counted, want 2 of 6", refused, got)
	}
}

func TestTokensAndScopesAreChecked(t *testing.T) {
	s := open(t, sandbox.Options{Scopes: []string{"chat:write", "channels:read"}})
	for _, c := range []struct{ token, method, want string }{
		{"", "auth.test", "not_authed"}, {"xoxb-other", "auth.test", "invalid_auth"}, {sandbox.AppToken, "auth.test", "not_allowed_token_type"},
		{sandbox.BotToken, "apps.connections.open", "not_allowed_token_type"}, {sandbox.BotToken, "users.list", "missing_scope"},
		{sandbox.BotToken, "chat.shout", "unknown_method"}, {sandbox.BotToken, "auth.test", ""},
	} {
		answer, err := http.PostForm(s.url+"/api/"+c.method, map[string][]string{"token": {c.token}})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := read(t, answer)["error"].(string); got != c.want {
			t.Errorf("%s with %q: got %q, want %q", c.method, c.token, got, c.want)
		}
	}
	if out := s.method(t, "chat.postMessage", map[string]any{"channel": "C0SALES", "text": "x"}); out["error"] != "not_in_channel" {
		t.Errorf("without chat:write.public: got %v, want not_in_channel", out)
	}
}

func TestWhatWasPostedSurvivesACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "workspace.jsonl")
	s := open(t, sandbox.Options{State: path})
	key := slack.SlackMetadata{EventType: "outbox", EventPayload: map[string]any{"key": "k"}}
	_, kept, _ := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("kept", false), slack.MsgOptionMetadata(key))
	_, gone, _ := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("gone", false))
	if _, _, _, err := s.bot.UpdateMessage("C0ALERTS", kept, slack.MsgOptionText("changed", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.bot.DeleteMessage("C0ALERTS", gone); err != nil {
		t.Fatal(err)
	}
	im, _, err := s.bot.PostMessage("U0MILLER", slack.MsgOptionText("direct", false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.bot.PublishView("U0MILLER", slack.HomeTabViewRequest{Type: slack.VTHomeTab, CallbackID: "h",
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.bot.JoinConversation("C0SALES"); err != nil {
		t.Fatal(err)
	}
	// The crash: the file is taken as it stands, with half a line behind it.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "workspace.jsonl")
	if err := os.WriteFile(crashed, append(data, `{"k":"message","v":{"chan`...), 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, sandbox.Options{State: crashed})
	state := again.state(t, "")
	if diff := cmp.Diff([]string{"changed"}, state.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"direct"}, state.texts(im)); diff != "" {
		t.Error(diff)
	}
	if state.Homes["U0MILLER"]["callback_id"] != "h" {
		t.Errorf("got %v, want the Home kept", state.Homes)
	}
	history, err := again.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0ALERTS", IncludeAllMetadata: true})
	if err != nil || len(history.Messages) != 1 || history.Messages[0].Metadata.EventPayload["key"] != "k" {
		t.Errorf("got %+v, %v; want the message with its metadata", history, err)
	}
	if _, err := again.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0SALES"}); err != nil {
		t.Errorf("the channel that was joined: %v", err)
	}
	if _, ts, err := again.bot.PostMessage("C0ALERTS", slack.MsgOptionText("new", false)); err != nil || ts <= kept {
		t.Errorf("got ts %s, %v; want one after %s", ts, err, kept)
	}
	if diff := cmp.Diff([]string{"changed", "new"}, open(t, sandbox.Options{State: crashed}).state(t, "").texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
}

func TestABrokenFileIsNotReadInSilence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "workspace.jsonl")
	if err := os.WriteFile(path, []byte("{\"k\":\"message\"\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := sandbox.New(sandbox.Options{State: path, Clock: time.Now})
	if err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v, want an error that names the line", err)
	}
}

func TestAnEventIsRepeatedUntilItIsAcknowledged(t *testing.T) {
	s := open(t, sandbox.Options{Timing: sandbox.Timing{Ack: 20 * time.Millisecond, Retries: []time.Duration{0, time.Millisecond, time.Millisecond}}})
	attempts := make(chan *socketmode.Request, 10)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		attempts <- e.Request
		if e.Request.RetryAttempt == 2 {
			_ = c.Ack(*e.Request)
		}
	})
	s.must(t, "say", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "text": "anybody?"})
	for want := range 3 {
		got := receive(t, attempts, "an attempt")
		if got.RetryAttempt != want || want > 0 && got.RetryReason != "timeout" {
			t.Errorf("got attempt %d (%s), want %d", got.RetryAttempt, got.RetryReason, want)
		}
	}
}

func TestAClickThatNobodyAcknowledgesIsAnErrorAndNotRepeated(t *testing.T) {
	s := open(t, sandbox.Options{Timing: sandbox.Timing{Ack: 30 * time.Millisecond}})
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false),
		slack.MsgOptionBlocks(slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "1", plain("Go")))))
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]any{"user": "tanaka", "channel": "C0ALERTS", "ts": ts, "action_id": "go"}
	if status, out := s.script(t, "click", at); status != 503 || out["ok"] != false {
		t.Errorf("nobody connected: got %d %v", status, out)
	}
	seen := make(chan struct{}, 5)
	s.connect(t, func(_ *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			seen <- struct{}{}
		}
	})
	if status, out := s.script(t, "click", at); status != 504 || !strings.Contains(out["error"].(string), "did not acknowledge") {
		t.Errorf("no acknowledgement: got %d %v", status, out)
	}
	receive(t, seen, "the click")
	if len(seen) != 0 {
		t.Error("the click was repeated")
	}
	at["action_id"] = "stop"
	if status, out := s.script(t, "click", at); status != 404 || !strings.Contains(out["error"].(string), "its actions are: go") {
		t.Errorf("an action that is not there: got %d %v", status, out)
	}
}

func TestRequestsOverHTTPAreSigned(t *testing.T) {
	got := make(chan error, 5)
	bodies := make(chan string, 5)
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verifier, err := slack.NewSecretsVerifier(r.Header, "secret")
		if err == nil {
			_, _ = verifier.Write(body)
			err = verifier.Ensure()
		}
		got <- err
		bodies <- string(body)
		if bytes.Contains(body, []byte("command=")) {
			_, _ = io.WriteString(rw, "plain words")
		}
	}))
	t.Cleanup(app.Close)
	s := open(t, sandbox.Options{EventsURL: app.URL, InteractivityURL: app.URL, CommandsURL: app.URL, SigningSecret: "secret"})
	s.must(t, "home", map[string]any{"user": "tanaka"})
	if err := receive(t, got, "the event"); err != nil {
		t.Errorf("the event: %v", err)
	}
	if body := receive(t, bodies, "the event"); !strings.Contains(body, `"app_home_opened"`) {
		t.Errorf("got %s", body)
	}
	out := s.must(t, "command", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "command": "/cs", "text": "help"})
	if err := receive(t, got, "the command"); err != nil {
		t.Errorf("the command: %v", err)
	}
	if out["response"].(map[string]any)["text"] != "plain words" {
		t.Errorf("got %v", out)
	}
}

func TestUnreadIsWhatOthersWroteSinceThePersonLooked(t *testing.T) {
	s := open(t, sandbox.Options{})
	for range 2 {
		if _, _, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false)); err != nil {
			t.Fatal(err)
		}
	}
	s.must(t, "read", map[string]any{"user": "tanaka", "channel": "C0ALERTS"})
	s.must(t, "say", map[string]any{"user": "miller", "channel": "C0ALERTS", "text": "y"})
	want := map[string]map[string]int{"U0TANAKA": {"C0ALERTS": 1}, "U0MILLER": {}}
	if diff := cmp.Diff(want, s.state(t, "").Unread); diff != "" {
		t.Error(diff)
	}
}

func TestRepliesInThreadsLeaveTheChannelRead(t *testing.T) {
	s := open(t, sandbox.Options{})
	_, root, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, "read", map[string]any{"user": "tanaka", "channel": "C0ALERTS"})
	for _, more := range [][]slack.MsgOption{{}, {}, {slack.MsgOptionBroadcast()}} {
		if _, _, err := s.bot.PostMessage("C0ALERTS", append(more, slack.MsgOptionText("y", false), slack.MsgOptionTS(root))...); err != nil {
			t.Fatal(err)
		}
	}
	state := s.state(t, "")
	if diff := cmp.Diff([]int{1, 2}, []int{state.Unread["U0TANAKA"]["C0ALERTS"], state.UnreadReplies["U0TANAKA"]["C0ALERTS"]}); diff != "" {
		t.Errorf("a reply shown in the channel, and two in the thread: %s", diff)
	}
}

func TestTheWorkspaceSharesNoCodeWithTheBot(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if path := strings.Trim(i.Path.Value, `"`); strings.HasPrefix(path, "playcaller") || strings.Contains(path, "slack-go") {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

// FuzzScripts makes sure that no body breaks a call, and that every refusal
// says why.
func FuzzScripts(f *testing.F) {
	for _, call := range []string{"click", "submit", "close", "command", "say", "home", "read", "clock", "faults", "options", "shortcut", "disconnect"} {
		f.Add(call, `{"user":"tanaka","channel":"C0ALERTS","ts":"1","action_id":"a","state":{"b":{"a":"x"}},"values":{"b":{"a":{"value":1}}}}`)
		f.Add(call, `{"user":"tanaka","channel":"cs-alerts","text":"x","command":"/cs","tab":"home","method":"*","mode":"429","advance":"1d"}`)
		f.Add(call, `{"user":`)
	}
	w, err := sandbox.New(sandbox.Options{Users: people(), Channels: rooms(), Clock: func() time.Time { return morning },
		Advance: func(context.Context, time.Time) error { return nil }, Timing: sandbox.Timing{CommandReply: time.Millisecond}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = w.Close() })
	handler := w.Handler()
	f.Fuzz(func(t *testing.T, call, body string) {
		r := httptest.NewRequest(http.MethodPost, "/sandbox/say", strings.NewReader(body))
		r.URL.Path, r.Host = "/sandbox/"+call, "127.0.0.1"
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code >= 400 && rec.Code != http.StatusMovedPermanently && !strings.Contains(rec.Body.String(), `"error"`) {
			t.Errorf("%s %q: got %d without a reason: %s", call, body, rec.Code, rec.Body)
		}
	})
}
