package slackapp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/sandbox"
	"playcaller/bot/slackapp"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
)

// bench is the app on a workspace of its own, over a store in memory.
type bench struct {
	t       *testing.T
	url     string
	api     *slack.Client
	app     *slackapp.App
	clock   *clockwork.FakeClock
	painter *slackapp.Painter
	book    *playbooks.Book
	account *rules.Account

	mu     sync.Mutex
	runs   map[string]*playbooks.Run
	events []stream.Event
	fail   error
	kept   slackapp.Kept
	inUse  cards.InUse
	drafts []cards.Drafted
	rests  time.Time // until when every playbook rests
	plays  bool      // every playbook is open
}

func (b *bench) InUse(context.Context) (cards.InUse, error) { return b.inUse, nil }

func (b *bench) Open(_ context.Context, playbook string) (int, error) {
	return map[string]int{"retired": 3}[playbook], nil
}

func (b *bench) Drafts(_ context.Context, playbook string, _ int) ([]cards.Drafted, error) {
	return slices.DeleteFunc(slices.Clone(b.drafts), func(d cards.Drafted) bool { return playbook != "" && d.Run.Playbook != playbook }), nil
}

func (b *bench) Standing(context.Context, string, string, string) (time.Time, bool, error) {
	return b.rests, b.plays, nil
}

func (b *bench) Account(_ context.Context, id string) (*rules.Account, error) {
	if id == b.account.ID {
		return b.account, nil
	}
	return nil, nil
}

func (b *bench) FindAccounts(_ context.Context, words, _ string, _ int) ([]*rules.Account, error) {
	if strings.Contains(strings.ToLower(b.account.Name), strings.ToLower(words)) {
		return []*rules.Account{b.account}, nil
	}
	return nil, nil
}

func (b *bench) Run(_ context.Context, id string) (*playbooks.Run, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs[id], nil
}

func (b *bench) Kept(context.Context, string) (slackapp.Kept, error) { return b.kept, nil }

func (b *bench) AccountRuns(_ context.Context, account string) ([]*playbooks.Run, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var runs []*playbooks.Run
	for _, r := range b.runs {
		if account == "" || r.Account == account {
			runs = append(runs, r)
		}
	}
	return runs, nil
}

func (b *bench) OpenRuns(ctx context.Context, _ string) ([]*playbooks.Run, error) {
	runs, err := b.AccountRuns(ctx, "")
	return slices.DeleteFunc(runs, func(r *playbooks.Run) bool { return !r.Open() }), err
}

func (b *bench) Book(context.Context, string) (*playbooks.Book, error) { return b.book, nil }
func (b *bench) Team(context.Context) (*playbooks.Team, error)         { return b.book.Team, nil }

func (b *bench) Facts(_ context.Context, _, _ string, at time.Time) (*rules.Facts, error) {
	return b.book.Rules.Facts(b.account, cardstest.History(b.t, b.book), at), nil
}

func (b *bench) Decisions(_ context.Context, account, playbook string) ([]rules.Decision, error) {
	return []rules.Decision{{Account: account, Playbook: "login-drop", At: cardstest.Now, Outcome: rules.Fired,
		Clauses: []rules.ClauseValue{{Source: `logins.drop("14d") >= 0.4`, Truth: rules.True, Values: map[string]any{`logins.drop("14d")`: 0.8}}}}}, nil
}

func (b *bench) publish(_ context.Context, events ...stream.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.events = append(b.events, events...)
	return nil
}

// patience is how long a test waits for what must come. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

func open(t *testing.T, name string) *bench {
	t.Helper()
	return openFor(t, name, patience)
}

// openFor is open with a Slack that waits so long for acknowledgements.
func openFor(t *testing.T, name string, ack time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, clock: clockwork.NewFakeClockAt(cardstest.Now.Add(10 * time.Second)), book: cardstest.Book(t),
		account: cardstest.Account(name), runs: map[string]*playbooks.Run{}}
	var users []sandbox.User
	for _, p := range b.book.Team.People {
		locale := map[string]string{"ja": "ja-JP", "en": "en-US"}[p.Language]
		users = append(users, sandbox.User{ID: user(p.ID), Name: p.ID, RealName: p.Name.In("en"), Email: p.Email, Locale: locale, TZ: p.Location.String()})
	}
	users = append(users, sandbox.User{ID: "U0STRANGER", Name: "stranger", Email: "stranger@example.com"})
	w, err := sandbox.New(sandbox.Options{Clock: b.clock.Now, RateFactor: 1000, Users: users,
		Channels: []sandbox.Channel{{ID: "C0ALERTS", Name: "cs-alerts", Members: []string{"tanaka", "yamada", "stranger", "suzuki", "sato", "miller", "ops"}}},
		Timing:   sandbox.Timing{Ack: ack, Trigger: patience, CommandReply: time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	b.url = server.URL
	b.api = slackapp.Client(sandbox.BotToken, sandbox.AppToken, server.URL+"/api", nil)
	if _, _, _, err := b.api.JoinConversation("C0ALERTS"); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	directory := slackapp.NewDirectory(b.api, b.Team, quiet)
	b.painter = slackapp.NewPainter(b, directory, b.clock)
	b.app, err = slackapp.New(slackapp.Options{BotToken: sandbox.BotToken, AppToken: sandbox.AppToken, SigningSecret: "secret",
		APIURL: server.URL + "/api", Clock: b.clock, Logger: quiet, Directory: directory, Reads: b, Ops: b, Publish: b.publish})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- b.app.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v, want it to stop with its context", err)
		}
		server.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-b.app.Connected():
	case <-time.After(patience):
		t.Fatal("the app did not connect")
	}
	return b
}

func user(person string) string { return "U0" + strings.ToUpper(person) }

// play makes a run, keeps it, posts its card and returns where that is.
func (b *bench) play(playbook string, events ...playbooks.Event) (run *playbooks.Run, ts string) {
	b.t.Helper()
	f, _ := b.Facts(b.t.Context(), "", "", cardstest.Now)
	run = cardstest.Run(b.t, b.book, b.account, f, playbook, events...)
	b.mu.Lock()
	b.runs[run.ID] = run
	b.mu.Unlock()
	m, err := b.painter.Card(b.t.Context(), run)
	if err != nil {
		b.t.Fatal(err)
	}
	_, ts, err = b.api.PostMessage("C0ALERTS", slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "playcaller_outbox", EventPayload: map[string]any{"key": "card", "run": run.ID}}))
	if err != nil {
		b.t.Fatalf("Slack does not take the card: %v", err)
	}
	return run, ts
}

// call makes one of the sandbox's calls and returns its answer.
func (b *bench) call(path string, body map[string]any) map[string]any {
	b.t.Helper()
	data, _ := json.Marshal(body)
	r, err := http.Post(b.url+"/sandbox/"+path, "application/json", bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		b.t.Fatal(err)
	}
	return answer
}

// state returns what the sandbox knows.
func (b *bench) state() map[string]any {
	b.t.Helper()
	r, err := http.Get(b.url + "/sandbox/state")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var s map[string]any
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// eventually asks again until the answer is found; the app answers some things
// after it has acknowledged them.
func eventually[T any](t *testing.T, what string, find func() (T, bool)) T {
	t.Helper()
	deadline := time.After(patience)
	for {
		if v, ok := find(); ok {
			return v
		}
		select {
		case <-deadline:
			t.Fatalf("%s did not appear", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// view returns the view that a person has open.
func (b *bench) view(person string) (id string, body map[string]any) {
	b.t.Helper()
	v := eventually(b.t, "a view of "+person, func() (map[string]any, bool) {
		views, _ := b.state()["views"].([]any)
		for i := len(views) - 1; i >= 0; i-- {
			if v := views[i].(map[string]any); v["user"] == user(person) && v["type"] == "modal" {
				return v, true
			}
		}
		return nil, false
	})
	body, _ = v["view"].(map[string]any)
	return v["id"].(string), body
}

// told returns what a person alone was told in the channel.
func (b *bench) told(person string) string {
	b.t.Helper()
	return eventually(b.t, "an answer to "+person, func() (string, bool) {
		for _, c := range b.state()["channels"].([]any) {
			messages, _ := c.(map[string]any)["messages"].([]any)
			for _, m := range messages {
				if m := m.(map[string]any); m["ephemeral_to"] == user(person) {
					return m["text"].(string), true
				}
			}
		}
		return "", false
	})
}

// only returns the one event published.
func (b *bench) only() stream.Event {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) != 1 {
		b.t.Fatalf("%d events were published, want one: %v", len(b.events), b.events)
	}
	return b.events[0]
}

func (b *bench) none() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) != 0 {
		b.t.Errorf("%v was published, want nothing", b.events)
	}
}

// happened returns the only event as one of a run.
func (b *bench) happened() playbooks.Event {
	b.t.Helper()
	e := b.only()
	if e.Key != "account:acme" || e.Kind != inbox.RunKind || e.ID == "" {
		b.t.Errorf("got key %q, kind %q, id %q", e.Key, e.Kind, e.ID)
	}
	var ev playbooks.Event
	if err := json.Unmarshal(e.Data, &ev); err != nil {
		b.t.Fatal(err)
	}
	return ev
}
