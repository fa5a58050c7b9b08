// Package slackapp is Slack in and out: what people click, type and submit comes
// in, is checked against the store and published as an event; cards, views and
// lines go out as blocks drawn by package cards.
//
// Only changes go through the stream. A click is acknowledged once its event is
// durable, and nothing but views.open is asked of Slack before that.
package slackapp

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"

	"playcaller/bot/stream"
)

// Options configures New. BotToken, Publish and Reads are required, and either
// AppToken (Socket Mode) or SigningSecret (HTTP).
type Options struct {
	BotToken      string
	AppToken      string
	SigningSecret string

	// APIURL is the address of the Web API; Slack's where empty.
	APIURL string

	HTTP   *http.Client    // with a time-out of 10 s where nil
	Clock  clockwork.Clock // business time
	Logger *slog.Logger

	Directory *Directory
	Reads     Reads

	// Publish makes events durable; it returns once they are.
	Publish func(ctx context.Context, events ...stream.Event) error

	// Workers bounds how many deliveries are worked at once; 16 where 0.
	Workers int
}

// Client returns a Web API client whose every call ends within the time-out of
// the HTTP client, and that never repeats a call by itself.
func Client(token, appToken, apiURL string, hc *http.Client) *slack.Client { return nil }

// App receives what people do in Slack.
type App struct{ o Options }

// New checks the options. Nothing is sent or received before Run or Handler.
func New(o Options) (*App, error) { return nil, nil }

// Run receives by Socket Mode until ctx ends, and returns once all that was
// received has been worked. It returns an error only for tokens that Slack
// refuses.
func (a *App) Run(ctx context.Context) error { return nil }

// Handler receives by HTTP: /slack/events, /slack/actions and /slack/commands.
func (a *App) Handler() http.Handler { return nil }

// Ready returns nil while Slack can reach the app, and what is wrong otherwise.
func (a *App) Ready() error { return nil }

// Stats returns counters for /metrics.
func (a *App) Stats() Stats { return Stats{} }

// PublishHome draws the person's home tab anew. The worker calls it when the
// person's open runs have changed; the app itself does when the tab is opened.
func (a *App) PublishHome(ctx context.Context, person string) error { return nil }

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
