// Package slackapp is Slack in and out: what people click, type and submit comes
// in, is checked against the store and published as an event; cards, views and
// lines go out as blocks drawn by package cards.
//
// Only changes go through the stream. A click is acknowledged once its event is
// durable, and nothing is asked of Slack before that.
package slackapp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"

	"playcaller/bot/stream"
)

// CallTimeout bounds every call of the Web API, and the work of a delivery.
const CallTimeout = 10 * time.Second

// Options configures New. BotToken, Publish, Reads, Ops and Directory are required,
// and either AppToken (Socket Mode) or SigningSecret (HTTP).
type Options struct {
	BotToken      string
	AppToken      string
	SigningSecret string

	// APIURL is the address of the Web API; Slack's where empty.
	APIURL string

	HTTP   *http.Client    // with a time-out of 10 s where nil
	Clock  clockwork.Clock // business time; real where nil
	Logger *slog.Logger    // slog.Default where nil

	Directory *Directory
	Reads     Reads
	Ops       OpsReads

	// Publish makes events durable; it returns once they are.
	Publish func(ctx context.Context, events ...stream.Event) error

	// Link returns the address of a run's card, or ""; it may be nil.
	Link func(ctx context.Context, run string) string

	// Workers bounds how many deliveries are worked at once; 16 where 0.
	Workers int
}

// Client returns a Web API client whose every call ends within the time-out of
// the HTTP client (10 s where nil), and that never repeats a call by itself.
func Client(token, appToken, apiURL string, hc *http.Client) *slack.Client {
	if hc == nil {
		hc = &http.Client{Timeout: CallTimeout}
	}
	options := []slack.Option{slack.OptionHTTPClient(hc)}
	if appToken != "" {
		options = append(options, slack.OptionAppLevelToken(appToken))
	}
	if apiURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimSuffix(apiURL, "/")+"/"))
	}
	return slack.New(token, options...)
}

// App receives what people do in Slack. Its methods may be called concurrently.
type App struct {
	o       Options
	api     *slack.Client
	painter *Painter
	seen    *recent
	homes   *homes
	slots   chan struct{}
	work    sync.WaitGroup

	mu        sync.Mutex
	connected bool
	trouble   error // why Slack cannot reach the app
	first     chan struct{}

	connections, received, duplicates, published, refused, failed, panics atomic.Int64
}

// New checks the options. Nothing is sent or received before Run or Handler.
func New(o Options) (*App, error) {
	switch {
	case o.BotToken == "":
		return nil, errors.New("no bot token for Slack: set SLACK_BOT_TOKEN")
	case o.AppToken == "" && o.SigningSecret == "":
		return nil, errors.New("no way to hear Slack: set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP")
	case o.Publish == nil || o.Reads == nil || o.Ops == nil || o.Directory == nil:
		return nil, errors.New("slackapp: Publish, Reads, Ops and Directory must be given")
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: CallTimeout}
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Workers <= 0 {
		o.Workers = 16
	}
	return &App{
		o:       o,
		api:     Client(o.BotToken, o.AppToken, o.APIURL, o.HTTP),
		painter: NewPainter(o.Reads, o.Directory, o.Clock),
		seen:    newRecent(),
		homes:   newHomes(),
		slots:   make(chan struct{}, o.Workers),
		trouble: errors.New("not connected to Slack yet"),
		first:   make(chan struct{}),
	}, nil
}

// Ready returns nil while Slack can reach the app, and what is wrong otherwise.
// Received by HTTP, nothing can be known to be wrong.
func (a *App) Ready() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.connected || a.o.AppToken == "" {
		return nil
	}
	return a.trouble
}

func (a *App) setConnected(connected bool, trouble error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.connected, a.trouble = connected, trouble
	if connected {
		select {
		case <-a.first:
		default:
			close(a.first)
		}
	}
}

// Connected is closed once the first connection of Socket Mode stands.
func (a *App) Connected() <-chan struct{} { return a.first }

// Stats returns counters for /metrics.
func (a *App) Stats() Stats {
	return Stats{
		Connected: a.Ready() == nil, Connections: a.connections.Load(), Received: a.received.Load(),
		Duplicates: a.duplicates.Load(), Published: a.published.Load(), Refused: a.refused.Load(),
		Failed: a.failed.Load(), Panics: a.panics.Load(), Busy: len(a.slots),
	}
}

// Stats are counts since the start, but for Connected and Busy.
type Stats struct {
	Connected   bool
	Connections int64 // made, the first one included
	Received    int64 // deliveries: events, interactions, commands
	Duplicates  int64 // deliveries recognised as repeated
	Published   int64 // events
	Refused     int64 // clicks and forms answered with a reason
	Failed      int64 // deliveries that could not be published or answered
	Panics      int64
	Busy        int // deliveries being worked now
}

// A delivery is something that Slack brought. Exactly one of its first three
// fields is set.
type delivery struct {
	interaction *slack.InteractionCallback
	command     *slack.SlashCommand
	event       *event

	// ack answers Slack, once, with what the person or the view gets; nil where
	// that is nothing.
	ack func(payload any) error
}

// deliver works a delivery in one of a bounded number of goroutines; it waits
// while all are busy. done is called in the end, whatever happened.
func (a *App) deliver(ctx context.Context, d delivery, done func()) {
	a.received.Add(1)
	select {
	case a.slots <- struct{}{}:
	case <-ctx.Done():
		done()
		return
	}
	a.work.Go(func() {
		defer done()
		defer func() { <-a.slots }()
		defer func() {
			if r := recover(); r != nil {
				a.panics.Add(1)
				a.o.Logger.Error("a delivery from Slack broke the bot's code", "panic", r, "stack", string(debug.Stack()))
			}
		}()
		// What was received is worked to its end, even while the app is stopping.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CallTimeout)
		defer cancel()
		if err := a.handle(ctx, d); err != nil {
			a.failed.Add(1)
			a.o.Logger.Error("a delivery from Slack could not be worked", "error", err)
		}
	})
}

// handle works a delivery. An error means that it was not acknowledged, or that
// the person was not answered.
func (a *App) handle(ctx context.Context, d delivery) error {
	switch {
	case d.event != nil:
		return a.onEvent(ctx, d)
	case d.command != nil:
		defer a.did(d.command.UserID, false)
		return a.onCommand(ctx, d)
	}
	defer a.did(d.interaction.User.ID, d.interaction.View.Type == slack.VTHomeTab)
	switch d.interaction.Type {
	case slack.InteractionTypeBlockActions:
		return a.onClick(ctx, d)
	case slack.InteractionTypeViewSubmission:
		return a.onSubmit(ctx, d)
	case slack.InteractionTypeBlockSuggestion:
		return a.onSuggestion(ctx, d)
	}
	return d.ack(nil)
}

// publish makes an event durable under an id that a repeated delivery shares.
func (a *App) publish(ctx context.Context, id string, e stream.Event, err error) error {
	if err != nil {
		return err
	}
	e.ID = id
	if err := a.o.Publish(ctx, e); err != nil {
		return fmt.Errorf("write down what was done in Slack (%s for %s): %w", e.Kind, e.Key, err)
	}
	a.published.Add(1)
	return nil
}

// recent remembers the ids of events for longer than Slack repeats them.
type recent struct {
	mu  sync.Mutex
	ids map[string]time.Time // real time
}

// remembered is how long an event's id is known; Slack's last retry comes after
// some 6 minutes.
const remembered = 15 * time.Minute

func newRecent() *recent { return &recent{ids: map[string]time.Time{}} }

// add reports whether the id is new, and remembers it.
func (r *recent) add(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if len(r.ids) > 10_000 {
		for old, at := range r.ids {
			if now.Sub(at) > remembered {
				delete(r.ids, old)
			}
		}
	}
	if at, ok := r.ids[id]; ok && now.Sub(at) < remembered {
		return false
	}
	r.ids[id] = now
	return true
}

// forget makes an id new again, because its event could not be worked.
func (r *recent) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, id)
}
