package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"playcaller/bot/app"
	"playcaller/bot/sandbox"
)

// smallBook is a book of one playbook, for the people of the sample accounts.
var smallBook = map[string]string{
	"team.yaml": `
people:
  tanaka: {name: Tanaka, email: tanaka@example.com, roles: [csm], time_zone: Asia/Tokyo, country: JP}
  miller: {name: Miller, email: miller@example.com, roles: [csm], time_zone: America/New_York, country: US}
  ops: {name: Clark, email: ops@example.com, roles: [cs_ops], time_zone: America/New_York, country: US}
default_owner: tanaka
channels: {alerts: "#cs-alerts", ops: "#cs-ops"}
`,
	"signals.yaml": "signals:\n  logins: {kind: count, title: Logins}\n",
	"journey.yaml": "stages:\n  adoption: {title: Adoption}\n",
	"quiet.yaml":   strings.ReplaceAll(visit, "visit", "quiet"),
}

// visit is a playbook that holds for every account that was ever used.
const visit = `
playbook: visit
title: A visit
about: Somebody is there.
stage: adoption
severity: low
when: logins.sum("300d") >= 1000000
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: call, task: "Call {{ account.name }}", due: 2wd, otherwise: {after: 10wd, then: =unanswered}, then: =called}
outcomes: {called: {title: Called, good: true}}
`

// shelf is a folder with a book.
type shelf struct {
	t   *testing.T
	dir string
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	s := shelf{t, t.TempDir()}
	for name, text := range smallBook {
		s.save(name, text)
	}
	return s
}

// save writes a file as editors do: whole, under its name at once.
func (s shelf) save(name, text string) {
	s.t.Helper()
	tmp := filepath.Join(s.dir, ".saving")
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// book asks which book is in use.
func (l *live) book() app.BookStatus {
	l.t.Helper()
	res, err := http.Get(l.url + "/sandbox/book")
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	var s app.BookStatus
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// until waits until something is so.
func (l *live) until(what string, so func() bool) {
	l.t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-late:
			l.t.Fatalf("it is not so after so long: %s; ops were told %q", what, l.ops())
		}
	}
}

// ops returns what ops were told, in the order of the messages.
func (l *live) ops() []string {
	l.t.Helper()
	var said []string
	for _, c := range l.state().Channels {
		if c.Name == "cs-ops" {
			for _, m := range c.Messages {
				said = append(said, m.Text)
			}
		}
	}
	return said
}

// told returns how many messages to ops hold a text.
func (l *live) told(text string) (n int) {
	l.t.Helper()
	for _, said := range l.ops() {
		if strings.Contains(said, text) {
			n++
		}
	}
	return n
}

// press presses a button under a message to ops.
func (l *live) press(person, action string) {
	l.t.Helper()
	for _, c := range l.state().Channels {
		for _, m := range c.Messages {
			for _, b := range m.Blocks {
				for _, e := range b.Elements {
					if e.ActionID != action {
						continue
					}
					body, err := json.Marshal(map[string]string{"user": person, "channel": c.ID, "ts": m.TS, "block_id": b.BlockID, "action_id": action, "value": e.Value})
					if err != nil {
						l.t.Fatal(err)
					}
					var said struct {
						OK    bool
						Error string
					}
					if l.post("/sandbox/click", string(body), &said); !said.OK {
						l.t.Fatalf("the click is refused: %s", said.Error)
					}
					return
				}
			}
		}
	}
	l.t.Fatalf("no message has the button %s", action)
}

func TestTheBookIsFollowedWhileTheSandboxRuns(t *testing.T) {
	s, data := newShelf(t), t.TempDir()
	l := beginWith(t, data, s.dir)
	first := l.book()
	if first.Hash == "" || len(first.Errors) > 0 || first.Last != nil {
		t.Fatalf("at the start the book is %+v", first)
	}

	// A mistake changes nothing, and is told once however often the file is saved.
	bad := strings.Replace(smallBook["quiet.yaml"], "logins.sum", "login.sum", 1)
	s.save("quiet.yaml", bad)
	l.until("ops are told of the mistake", func() bool { return l.told("nothing of it is used") == 1 })
	s.save("quiet.yaml", bad+"# again\n")
	l.until("the mistake is listed", func() bool { return len(l.book().Errors) == 1 })
	if e := l.book().Errors[0]; e.File != "quiet.yaml" || e.Line != 7 || e.Column != 7 {
		t.Errorf("the mistake is at %s:%d:%d, want quiet.yaml:7:7", e.File, e.Line, e.Column)
	}
	if said := strings.Join(l.ops(), "\n"); !strings.Contains(said, "quiet.yaml:7:7: error") || !strings.Contains(said, `did you mean "logins"?`) {
		t.Errorf("ops were told %q", said)
	}
	if ready := l.get("/readyz"); !strings.Contains(ready, "is refused") {
		t.Errorf("/readyz says %q, and not that the book is refused", ready)
	}
	if got := l.book().Hash; got != first.Hash {
		t.Errorf("a bad book changed the one in use")
	}

	// Put right, it is told again.
	s.save("quiet.yaml", smallBook["quiet.yaml"])
	l.until("ops are told that it is good again", func() bool { return l.told("good again, and the same as the one in use") == 1 })
	if n := l.told("nothing of it is used"); n != 1 {
		t.Errorf("ops were told %d times of mistakes, want once", n)
	}
	if ready := l.get("/readyz"); ready != "ok\n" {
		t.Errorf("/readyz says %q", ready)
	}

	// A changed threshold is taken over, and what it means for people is said.
	s.save("quiet.yaml", strings.Replace(smallBook["quiet.yaml"], ">= 1000000", ">= 1", 1))
	l.until("the change is told with what it means", func() bool { return l.told("prompts a week") == 1 })
	now := l.book()
	if now.Hash == first.Hash || now.Last == nil || now.Last.Changed["quiet"] != "changed" || now.Last.Weeks != 8 || now.Last.From != first.Hash {
		t.Errorf("after the change the book is %+v, the last change %+v", now, now.Last)
	}
	more := 0.0
	for _, p := range now.Last.Prompts {
		more += p.After - p.Before
	}
	if more <= 0 || l.told("Tanaka: +") != 1 {
		t.Errorf("prompts a week: %+v, and ops were told %q; want more than before for Tanaka", now.Last.Prompts, l.ops())
	}

	// After a restart it is known still.
	l.stop()
	l = beginWith(t, data, s.dir)
	if diff := cmp.Diff(now.Last, l.book().Last); diff != "" {
		t.Errorf("after a restart the last change is another (-before +after):\n%s", diff)
	}
}

func TestOpsAreAskedBeforeANewBookStartsTooMuch(t *testing.T) {
	s := newShelf(t)
	l := beginWith(t, t.TempDir(), s.dir)
	usual := strings.Replace(visit, ">= 1000000", ">= 1", 1)
	s.save("visit.yaml", usual+"limit: 3/h\nexisting: start\n")
	l.until("ops are asked", func() bool { return l.told("wait for your word") == 1 })
	l.turn("1m")
	if n := l.told("held back"); n > 0 {
		t.Errorf("ops were told of the storm %d times besides", n)
	}
	if n := len(l.state().cards()); n != 0 {
		t.Errorf("%d cards before ops said so, want none", n)
	}
	l.press("tanaka", "ops_start") // is not for ops to say
	l.turn("1m")
	if n := len(l.state().cards()); n != 0 {
		t.Errorf("%d cards after somebody else pressed, want none", n)
	}
	l.press("ops", "ops_start")
	l.turn("1m")
	if n := len(l.state().cards()); n < 4 {
		t.Errorf("%d cards after ops said so, want more than the limit", n)
	}
	if l.told("Clark had them started") != 1 {
		t.Errorf("the message does not say who decided: %q", l.ops())
	}

	s.save("later.yaml", strings.ReplaceAll(usual, "visit", "later"))
	l.until("ops have the list", func() bool { return l.told("Its rule held already for") == 1 })
	before := len(l.state().cards())
	l.press("ops", "ops_begin")
	l.turn("1m")
	if n := len(l.state().cards()); n <= before {
		t.Errorf("%d cards before and %d after the list was started", before, n)
	}
}

func TestServeGoesOnWithTheLastGoodBook(t *testing.T) {
	s, data := newShelf(t), t.TempDir()
	workspace := begin(t, t.TempDir(), true)
	c := app.Config{Data: data, Book: s.dir, LastGood: true}
	c.Slack.BotToken, c.Slack.AppToken, c.Slack.APIURL = sandbox.BotToken, sandbox.AppToken, workspace.url+"/api/"

	bad := strings.Replace(smallBook["quiet.yaml"], "logins.sum", "login.sum", 1)
	s.save("quiet.yaml", bad)
	if _, err := opened(t, c); err == nil || !strings.Contains(err.Error(), "quiet.yaml:7:7") {
		t.Fatalf("with a bad book and no good one before it, the start gives %v; want the mistake", err)
	}
	s.save("quiet.yaml", smallBook["quiet.yaml"])
	b, err := opened(t, c)
	if err != nil {
		t.Fatal(err)
	}
	good := lives(t, b)
	s.save("quiet.yaml", bad)
	if b, err = opened(t, c); err != nil {
		t.Fatalf("with a bad book and a good one before it, the start gives %v", err)
	}
	if got := lives(t, b); got != good {
		t.Errorf("the book in use is %.12s, want %.12s", got, good)
	}
	c.LastGood = false
	if _, err := opened(t, c); err == nil {
		t.Error("the sandbox starts with a bad book")
	}
	c.Book, c.LastGood = filepath.Join(s.dir, "nowhere"), true
	if _, err := opened(t, c); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("with a folder that is not there, the start gives %v", err)
	}
}

// opened is a bot on a configuration, which is closed at the end of the test unless it has lived before.
func opened(t *testing.T, c app.Config) (*app.Bot, error) {
	t.Helper()
	return app.Open(t.Context(), c, clockwork.NewRealClock(), slog.New(slog.DiscardHandler))
}

// lives runs a bot until it is ready, closes it, and returns the book that it used.
func lives(t *testing.T, b *app.Bot) (hash string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); b.Ready() != nil; {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not ready after so long: %v", b.Ready())
		}
	}
	status, err := b.BookStatus(ctx)
	stop()
	if err := errors.Join(err, <-ended, b.Close()); err != nil {
		t.Fatal(err)
	}
	return status.Hash
}

// get reads a page as text.
func (l *live) get(path string) string {
	l.t.Helper()
	res, err := http.Get(l.url + path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}
