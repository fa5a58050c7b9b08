package sender_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"

	"playcaller/bot/sandbox"
	"playcaller/bot/sender"
)

var business = time.Date(2026, 11, 24, 0, 30, 0, 0, time.UTC)

// bench is a sender over a workspace of its own. Its pacing clock runs on by
// itself whenever somebody waits for it.
type bench struct {
	t      *testing.T
	url    string
	slack  *slack.Client
	sender *sender.Sender
	pace   *clockwork.FakeClock
	places places

	mu      sync.Mutex
	results []sender.Result
	at      []time.Time
}

// places knows one channel and one person.
type places struct {
	api    *slack.Client
	joined *int
}

func (p places) ChannelID(_ context.Context, name string) (string, error) {
	switch name {
	case "#cs-alerts":
		return "C0ALERTS", nil
	case "#gone":
		return "C0GONE00", nil
	}
	return "", fmt.Errorf("channel %s: %w", name, sender.ErrNoPlace)
}

func (p places) DirectID(ctx context.Context, person string) (string, error) {
	c, _, _, err := p.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{person}})
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

func (p places) Join(ctx context.Context, channel string) error {
	*p.joined++
	_, _, _, err := p.api.JoinConversationContext(ctx, channel)
	return err
}

func open(t *testing.T, change func(*sender.Options)) *bench {
	t.Helper()
	clock := clockwork.NewFakeClockAt(business)
	w, err := sandbox.New(sandbox.Options{
		Clock:      clock.Now,
		RateFactor: 1000,
		Users:      []sandbox.User{{ID: "U0TANAKA", Name: "tanaka", RealName: "田中", Email: "tanaka@example.com", Locale: "ja-JP"}},
		Channels:   []sandbox.Channel{{ID: "C0ALERTS", Name: "cs-alerts", Members: []string{"tanaka"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	b := &bench{t: t, url: server.URL, pace: clockwork.NewFakeClockAt(business)}
	b.slack = slack.New(sandbox.BotToken, slack.OptionAPIURL(server.URL+"/api/"), slack.OptionHTTPClient(&http.Client{Timeout: 2 * time.Minute}))
	b.places = places{api: b.slack, joined: new(int)}
	o := sender.Options{
		Slack: b.slack, Places: b.places, Report: b.report, Clock: clock, Pace: b.pace,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&o)
	}
	b.sender = sender.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { _ = b.sender.Run(ctx) })
	work.Go(func() {
		for b.pace.BlockUntilContext(ctx, 1) == nil {
			b.pace.Advance(100 * time.Millisecond)
		}
	})
	t.Cleanup(func() {
		cancel()
		work.Wait()
		server.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) report(_ context.Context, r sender.Result) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.results, b.at = append(b.results, r), append(b.at, b.pace.Now())
	return nil
}

// idle waits until everything is reported, and returns the reports.
func (b *bench) idle() []sender.Result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer cancel()
	if err := b.sender.Idle(ctx); err != nil {
		b.t.Fatalf("the sender did not come to rest: %v", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.results
}

func (b *bench) fault(method, mode string, times int) {
	b.t.Helper()
	body, _ := json.Marshal(map[string]any{"method": method, "mode": mode, "times": times})
	r, err := http.Post(b.url+"/sandbox/faults", "application/json", bytes.NewReader(body))
	if err != nil || r.StatusCode != http.StatusOK {
		b.t.Fatalf("fault: %v %v", r, err)
	}
	_ = r.Body.Close()
}

// texts returns what stands in the channel, oldest first.
func (b *bench) texts(channel string) []string {
	b.t.Helper()
	h, err := b.slack.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: channel, Limit: 200})
	if err != nil {
		b.t.Fatal(err)
	}
	var texts []string
	for i := len(h.Messages) - 1; i >= 0; i-- {
		texts = append(texts, h.Messages[i].Text)
	}
	return texts
}

func post(key string) sender.Item {
	return sender.Item{Key: key, Run: "r1", Version: 1, Kind: sender.Post, Channel: "#cs-alerts", Text: key}
}

func TestAMessageIsPostedOnceWhateverGoesWrong(t *testing.T) {
	for _, c := range []struct {
		name, method, mode string
		times              int
	}{
		{"nothing goes wrong", "", "", 0},
		{"the answer is lost", "chat.postMessage", "lost_reply", 1},
		{"the answer is lost again and again", "chat.postMessage", "lost_reply", 3},
		{"Slack fails before it posts", "chat.postMessage", "500", 2},
		{"Slack asks to wait", "chat.postMessage", "429", 2},
		{"the look fails as well", "*", "500", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, nil)
			if c.mode != "" {
				b.fault(c.method, c.mode, c.times)
			}
			b.sender.Enqueue("channel:#cs-alerts", post("one"), post("two"))
			results := b.idle()
			if diff := cmp.Diff([]string{"one", "two"}, b.texts("C0ALERTS")); diff != "" {
				t.Error(diff)
			}
			if len(results) != 2 || results[0].TS == "" || results[0].Err != nil || results[0].Channel != "C0ALERTS" {
				t.Errorf("got %+v, want two messages reported with their time stamps", results)
			}
		})
	}
}

func TestWhatAKilledProcessHadPostedIsNotPostedAgain(t *testing.T) {
	b := open(t, nil)
	b.sender.Enqueue("channel:#cs-alerts", post("card"))
	parent := b.idle()[0].TS
	line := sender.Item{Key: "line", Kind: sender.Thread, Channel: "#cs-alerts", ThreadKey: "card", TS: parent, Text: "line"}
	b.sender.Enqueue("channel:#cs-alerts", line)
	b.idle()

	again := open(t, func(o *sender.Options) { o.Slack, o.Places = b.slack, b.places })
	card, fresh := post("card"), post("fresh")
	card.Uncertain, line.Uncertain, fresh.Uncertain = true, true, true
	line.TS = "" // its parent is found by its key as well
	again.sender.Enqueue("channel:#cs-alerts", card, line, fresh)
	results := again.idle()
	if diff := cmp.Diff([]string{"card", "fresh"}, b.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
	thread, _, _, err := b.slack.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C0ALERTS", Timestamp: parent})
	if err != nil || len(thread) != 2 {
		t.Errorf("the thread has %d messages (%v), want the card and one line", len(thread), err)
	}
	if len(results) != 3 || results[0].TS != parent {
		t.Errorf("got %+v, want the card reported with the time stamp %s it has", results, parent)
	}
}

func TestOnlyTheNewestStateOfAMessageIsSent(t *testing.T) {
	b := open(t, nil)
	first := post("card")
	edit := func(version int64, text string) sender.Item {
		return sender.Item{Key: "card", Run: "r1", Version: version, Kind: sender.Update, Channel: "#cs-alerts", Text: text}
	}
	b.sender.Enqueue("channel:#cs-alerts", first, edit(3, "third"), edit(2, "second"))
	b.idle()
	b.sender.Enqueue("channel:#cs-alerts", edit(2, "second again"), edit(5, "fifth"), edit(4, "fourth"))
	results := b.idle()
	if diff := cmp.Diff([]string{"fifth"}, b.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
	if len(results) != 2 || results[0].Version != 3 || results[1].Version != 5 {
		t.Errorf("got %+v, want the states 3 and 5 reported", results)
	}
}

func TestAChannelIsPacedAndOthersAreNot(t *testing.T) {
	b := open(t, func(o *sender.Options) { o.Burst = 1 })
	for i := range 4 {
		b.sender.Enqueue("channel:#cs-alerts", post(fmt.Sprint(i)))
	}
	b.idle()
	if took := b.at[3].Sub(b.at[0]); took < 2900*time.Millisecond || took > 5*time.Second {
		t.Errorf("four messages took %v of pacing time, want about three seconds between the first and the last", took)
	}
}

func TestADirectMessageGoesToThePerson(t *testing.T) {
	b := open(t, nil)
	b.sender.Enqueue("channel:dm:tanaka", sender.Item{Key: "dm", Kind: sender.DM, Channel: "U0TANAKA", Text: "for you"})
	r := b.idle()[0]
	if diff := cmp.Diff([]string{"for you"}, b.texts(r.Channel)); diff != "" || r.Channel[0] != 'D' {
		t.Errorf("channel %s: %s", r.Channel, diff)
	}
}

func TestTheBotJoinsTheChannelsItPostsTo(t *testing.T) {
	b := open(t, nil)
	lost := post("one")
	lost.Uncertain = true // reading the history needs membership
	b.sender.Enqueue("channel:#cs-alerts", lost)
	if r := b.idle()[0]; r.Err != nil || *b.places.joined != 1 {
		t.Errorf("got %v after joining %d times, want it posted after joining once", r.Err, *b.places.joined)
	}
}

func TestWhatSlackWillNeverTakeIsReportedOnceWithAdvice(t *testing.T) {
	b := open(t, nil)
	nowhere, gone, long := post("nowhere"), post("gone"), post("long")
	nowhere.Channel, gone.Channel = "#unknown", "#gone"
	long.Blocks = slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(slack.NewTextBlockObject("plain_text", string(bytes.Repeat([]byte("x"), 500)), false, false))}}
	lost := sender.Item{Key: "never posted", Kind: sender.Update, Version: 2, Channel: "#cs-alerts", Text: "edit"}
	b.sender.Enqueue("q", nowhere, gone, long, lost, post("fine"))
	results := b.idle()
	if len(results) != 5 {
		t.Fatalf("got %d results, want one for each", len(results))
	}
	for _, r := range results[:4] {
		if r.Err == nil {
			t.Errorf("%s was reported as sent", r.Key)
		}
	}
	if diff := cmp.Diff([]string{"fine"}, b.texts("C0ALERTS")); diff != "" || results[4].Err != nil {
		t.Errorf("what came after was held up: %s %v", diff, results[4].Err)
	}
}

func TestADroppedQueueSendsNothingMore(t *testing.T) {
	b := open(t, nil)
	b.fault("chat.postMessage", "500", 1000)
	b.sender.Enqueue("channel:#cs-alerts", post("one"), post("two"))
	b.sender.Drop(t.Context(), "channel:#cs-alerts")
	if n := b.sender.Pending(); n != 0 {
		t.Errorf("%d items are pending after Drop, want none", n)
	}
	if err := b.places.Join(t.Context(), "C0ALERTS"); err != nil {
		t.Fatal(err)
	}
	if got := b.texts("C0ALERTS"); len(got) != 0 {
		t.Errorf("got %v, want nothing posted", got)
	}
}

func TestAReportThatFailsIsMadeAgain(t *testing.T) {
	fails := 2
	b := open(t, func(o *sender.Options) {
		report := o.Report
		o.Report = func(ctx context.Context, r sender.Result) error {
			if fails--; fails >= 0 {
				return fmt.Errorf("the stream is full")
			}
			return report(ctx, r)
		}
	})
	b.sender.Enqueue("channel:#cs-alerts", post("one"))
	if results := b.idle(); len(results) != 1 || results[0].TS == "" {
		t.Errorf("got %+v, want one report in the end", results)
	}
	if diff := cmp.Diff([]string{"one"}, b.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
}
