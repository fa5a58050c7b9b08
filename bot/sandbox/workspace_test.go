package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"playcaller/bot/sandbox"
)

// morning is the business time at which the workspaces of the tests begin.
var morning = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func people() []sandbox.User {
	return []sandbox.User{
		{ID: "U0TANAKA", Name: "tanaka", RealName: "Tanaka Yuki", Email: "tanaka@example.com", TZ: "Asia/Tokyo", Locale: "ja-JP", Title: "CSM"},
		{ID: "U0MILLER", Name: "miller", RealName: "Ann Miller", Email: "miller@example.com", TZ: "America/New_York", Title: "CSM"},
		{ID: "U0BOT", Name: "playcaller", IsBot: true},
	}
}

func rooms() []sandbox.Channel {
	return []sandbox.Channel{
		{ID: "C0ALERTS", Name: "cs-alerts", Members: []string{"tanaka", "miller", "playcaller"}},
		{ID: "C0SALES", Name: "sales", Members: []string{"miller"}},
		{ID: "C0SECRET", Name: "secret", IsPrivate: true, Members: []string{"tanaka"}},
	}
}

// site is a workspace that listens, with a client of the official kind for the bot.
type site struct {
	*sandbox.Workspace
	url string
	bot *slack.Client
}

// patience is how long a test waits for what must come. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

// open starts a workspace with the people and rooms above unless the options
// bring their own, and business time standing at morning. Where they do not say
// how long it waits for the app, that is as long as a test is patient.
func open(t *testing.T, options sandbox.Options) *site {
	t.Helper()
	for _, wait := range []*time.Duration{&options.Timing.Ack, &options.Timing.Trigger, &options.Timing.CommandReply} {
		if *wait == 0 {
			*wait = patience // the test is not about it
		}
	}
	if options.Users == nil {
		options.Users = people()
	}
	if options.Channels == nil {
		options.Channels = rooms()
	}
	if options.Clock == nil {
		options.Clock = func() time.Time { return morning }
	}
	if options.RateFactor == 0 {
		options.RateFactor = 1000
	}
	w, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the workspace: %v", err)
		}
	})
	bot := slack.New(sandbox.BotToken, slack.OptionAppLevelToken(sandbox.AppToken), slack.OptionAPIURL(server.URL+"/api/"))
	return &site{w, server.URL, bot}
}

// script makes one call of /sandbox/ and returns its status and answer.
func (s *site) script(t *testing.T, call string, body any) (int, map[string]any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.raw(t, call, data)
}

func (s *site) raw(t *testing.T, call string, body []byte) (int, map[string]any) {
	t.Helper()
	answer, err := http.Post(s.url+"/sandbox/"+call, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, read(t, answer)
}

// must makes one call of /sandbox/ that has to succeed.
func (s *site) must(t *testing.T, call string, body any) map[string]any {
	t.Helper()
	status, out := s.script(t, call, body)
	if status != http.StatusOK || out["ok"] != true {
		t.Fatalf("%s %v: got %d %v", call, body, status, out)
	}
	return out
}

// method calls the Web API with a JSON body and returns the answer.
func (s *site) method(t *testing.T, name string, args map[string]any) map[string]any {
	t.Helper()
	data, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.url+"/api/"+name, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Authorization", "Bearer "+sandbox.BotToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, answer)
}

func read(t *testing.T, answer *http.Response) map[string]any {
	t.Helper()
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("the answer is not JSON: %v: %s", err, data)
	}
	return out
}

// snapshot is the part of /sandbox/state that the tests look at.
type snapshot struct {
	Now      string `json:"now"`
	Channels []struct {
		ID       string   `json:"id"`
		IsIM     bool     `json:"is_im"`
		Members  []string `json:"members"`
		Messages []struct {
			TS          string           `json:"ts"`
			ThreadTS    string           `json:"thread_ts"`
			User        string           `json:"user"`
			Text        string           `json:"text"`
			Blocks      []map[string]any `json:"blocks"`
			Metadata    map[string]any   `json:"metadata"`
			Edited      map[string]any   `json:"edited"`
			EphemeralTo string           `json:"ephemeral_to"`
		} `json:"messages"`
	} `json:"channels"`
	Views []struct {
		ID   string         `json:"id"`
		User string         `json:"user"`
		View map[string]any `json:"view"`
	} `json:"views"`
	Homes         map[string]map[string]any `json:"homes"`
	Calls         map[string]int            `json:"calls"`
	RateLimited   int                       `json:"rate_limited"`
	Unread        map[string]map[string]int `json:"unread"`
	UnreadReplies map[string]map[string]int `json:"unread_replies"`
	Connected     int                       `json:"connected"`
}

func (s *site) state(t *testing.T, query string) snapshot {
	t.Helper()
	answer, err := http.Get(s.url + "/sandbox/state" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var out snapshot
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// texts lists the messages of a conversation in order.
func (s snapshot) texts(channel string) []string {
	var out []string
	for _, ch := range s.Channels {
		if ch.ID == channel {
			for _, m := range ch.Messages {
				out = append(out, m.Text)
			}
		}
	}
	return out
}

// connect runs an app on slack-go's Socket Mode client. handle is called for
// every event, in order, and has to acknowledge. It returns once the app has
// been greeted; what it returns yields when that happens again.
func (s *site) connect(t *testing.T, handle func(*socketmode.Client, socketmode.Event)) <-chan struct{} {
	t.Helper()
	client := socketmode.New(s.bot, socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ctx, cancel := context.WithCancel(context.Background())
	greeted, ended := make(chan struct{}, 10), make(chan struct{})
	go func() {
		defer close(ended)
		_ = client.RunContext(ctx)
	}()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-client.Events:
				switch e.Type {
				case socketmode.EventTypeHello:
					greeted <- struct{}{}
				case socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand, socketmode.EventTypeEventsAPI:
					handle(client, e)
				}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	receive(t, greeted, "the greeting")
	return greeted
}

// receive waits for something that must come.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}
