package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"playcaller/bot/app"
	"playcaller/bot/sandbox"
)

// A live is a running sandbox.
type live struct {
	t    *testing.T
	url  string
	stop func()
}

// state is the part of GET /sandbox/state that these tests look at.
type state struct {
	Now      time.Time
	Channels []struct {
		ID, Name string
		Messages []message
	}
}

type message struct {
	TS       string
	ThreadTS string `json:"thread_ts"`
	Text     string
	Edited   any
	Metadata struct {
		EventPayload struct{ Key string } `json:"event_payload"`
	}
	Blocks []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Elements []struct {
			ActionID string `json:"action_id"`
			Text     any
			Value    string
		}
	}
}

// patience is how long a test waits for what must come. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

// begin starts a sandbox on data, and returns once it can be used.
func begin(t *testing.T, data string, alone bool) *live {
	t.Helper()
	return beginOn(t, app.SandboxOptions{Data: data, WorkspaceOnly: alone})
}

// beginWith starts a sandbox by a book.
func beginWith(t *testing.T, data, book string) *live {
	t.Helper()
	return beginOn(t, app.SandboxOptions{Data: data, Book: book})
}

func beginOn(t *testing.T, o app.SandboxOptions) *live {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		o.Timing = sandbox.Timing{Ack: patience, Trigger: patience, CommandReply: patience}
		o.Addr, o.Log, o.Out, o.Ready = "127.0.0.1:0", slog.New(slog.DiscardHandler), io.Discard, func(url string) { ready <- url }
		ended <- app.RunSandbox(ctx, o)
	}()
	l := &live{t: t}
	l.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the sandbox ended with %v", err)
		}
		l.stop = func() {}
	}
	t.Cleanup(func() { l.stop() })
	select {
	case l.url = <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the sandbox did not start: %v", err)
	}
	return l
}

// post calls a script's method and decodes the answer.
func (l *live) post(path, body string, into any) int {
	l.t.Helper()
	res, err := http.Post(l.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			l.t.Fatalf("%s: %v: %s", path, err, text)
		}
	}
	return res.StatusCode
}

func (l *live) state() state {
	l.t.Helper()
	res, err := http.Get(l.url + "/sandbox/state")
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	var s state
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// cards returns the messages that are runs' cards, by the key of the outbox.
func (s state) cards() map[string]message {
	all := map[string]message{}
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			if strings.HasSuffix(m.Metadata.EventPayload.Key, "/card") {
				all[m.Metadata.EventPayload.Key] = m
			}
		}
	}
	return all
}

// keys counts messages by the key of the outbox.
func (s state) keys() map[string]int {
	all := map[string]int{}
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			all[m.Metadata.EventPayload.Key]++
		}
	}
	return all
}

// turn advances business time; the answer comes when the bot is at rest.
func (l *live) turn(by string) {
	l.t.Helper()
	var said struct{ Error string }
	if code := l.post("/sandbox/clock", `{"advance":"`+by+`"}`, &said); code != http.StatusOK {
		l.t.Fatalf("turning the clock by %s: %d %s", by, code, said.Error)
	}
}

// question returns the channel, message and answer button of an open question that has been asked in English.
func (s state) question(label string) (channel, ts, block, action, value string) {
	for _, c := range s.Channels {
		for _, m := range c.Messages {
			for _, b := range m.Blocks {
				for _, e := range b.Elements {
					if text, _ := e.Text.(map[string]any); b.Type == "actions" && text["text"] == label {
						return c.ID, m.TS, b.BlockID, e.ActionID, e.Value
					}
				}
			}
		}
	}
	return "", "", "", "", ""
}

func TestTheSandboxIsLivedIn(t *testing.T) {
	data := t.TempDir()
	l := begin(t, data, false)
	first := l.state()
	if len(first.cards()) < 4 {
		t.Fatalf("after the first start there are %d cards, want at least 4", len(first.cards()))
	}
	if off := time.Since(first.Now); off < -time.Minute || off > time.Minute {
		t.Errorf("after the first start it is %v there, %v from now", first.Now, off)
	}

	t.Run("a command is answered", func(t *testing.T) {
		var said struct {
			OK       bool
			AckMS    float64 `json:"ack_ms"`
			Response json.RawMessage
		}
		l.post("/sandbox/command", `{"user":"miller","channel":"#cs-alerts","command":"/cs","text":"help"}`, &said)
		if !said.OK || !bytes.Contains(said.Response, []byte("/cs account")) {
			t.Errorf("/cs help is answered %+v %s", said, said.Response)
		}
	})

	t.Run("an answer changes the card", func(t *testing.T) {
		channel, ts, block, action, value := first.question("They are unhappy")
		if ts == "" {
			t.Fatal("no question of login-drop is open in English")
		}
		body, err := json.Marshal(map[string]string{"user": "miller", "channel": channel, "ts": ts, "block_id": block, "action_id": action, "value": value})
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			OK    bool
			Error string
		}
		l.post("/sandbox/click", string(body), &said)
		if !said.OK {
			t.Fatalf("the click is refused: %s", said.Error)
		}
		l.turn("1m")
		for _, m := range l.state().cards() {
			if m.TS == ts && (m.Edited == nil || !strings.Contains(m.Text, "Call the sponsor")) {
				t.Errorf("the card is not drawn again with the task: edited %v, %q", m.Edited, m.Text)
			}
		}
	})

	t.Run("two weeks pass", func(t *testing.T) {
		before := l.state()
		l.turn("336h")
		after := l.state()
		if passed := after.Now.Sub(before.Now); passed < 336*time.Hour || passed > 337*time.Hour {
			t.Errorf("%v passed, want two weeks", passed)
		}
		if len(after.cards()) <= len(before.cards()) {
			t.Errorf("%d cards before and %d after two weeks, want more", len(before.cards()), len(after.cards()))
		}
	})

	t.Run("a restart keeps everything and goes on", func(t *testing.T) {
		before := l.state()
		l.stop()
		l = begin(t, data, false)
		after := l.state()
		if after.Now.Before(before.Now) {
			t.Errorf("time went back from %v to %v", before.Now, after.Now)
		}
		have := after.keys()
		for key := range before.keys() {
			if have[key] == 0 {
				t.Errorf("the message %q is gone", key)
			}
		}
		l.turn("720h")
		last := l.state()
		if len(last.cards()) <= len(after.cards()) {
			t.Errorf("%d cards before and %d after another month, want more", len(after.cards()), len(last.cards()))
		}
		for key, n := range last.keys() {
			if key != "" && n > 1 {
				t.Errorf("the message %q is there %d times", key, n)
			}
		}
	})
}

func TestAWorkspaceAloneHasNoClockToTurn(t *testing.T) {
	l := begin(t, t.TempDir(), true)
	if code := l.post("/sandbox/clock", `{"advance":"1h"}`, nil); code != http.StatusConflict {
		t.Errorf("turning the clock is answered %d, want 409", code)
	}
	if n := len(l.state().Channels); n < 4 {
		t.Errorf("%d channels, want those of team.yaml", n)
	}
}

func TestTwoProcessesDoNotShareData(t *testing.T) {
	for name, alone := range map[string]bool{"with the bot": false, "the workspace alone": true} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			begin(t, data, alone)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			err := app.RunSandbox(ctx, app.SandboxOptions{Addr: "127.0.0.1:0", Data: data, WorkspaceOnly: alone,
				Log: slog.New(slog.DiscardHandler), Out: io.Discard})
			if err == nil || !strings.Contains(err.Error(), data) {
				t.Errorf("the second one ended with %v, want an error that names the directory", err)
			}
		})
	}
}

func TestTheSandboxRefusesAnAddressThatOthersCanReach(t *testing.T) {
	err := app.RunSandbox(context.Background(), app.SandboxOptions{Addr: "0.0.0.0:0", Data: t.TempDir(), Log: slog.New(slog.DiscardHandler), Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("it ended with %v", err)
	}
}

// command types a slash command, and returns what it was answered.
func (l *live) command(person, command, text string) string {
	l.t.Helper()
	body, err := json.Marshal(map[string]string{"user": person, "command": command, "text": text})
	if err != nil {
		l.t.Fatal(err)
	}
	var said struct {
		Error    string
		Response struct{ Text string }
	}
	if code := l.post("/sandbox/command", string(body), &said); code != http.StatusOK {
		l.t.Fatalf("%s %s: %d %s", command, text, code, said.Error)
	}
	return said.Response.Text
}
