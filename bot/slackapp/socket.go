package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/time/rate"
)

// Run receives by Socket Mode until ctx ends, and returns once all that was
// received has been worked; meanwhile it keeps open home tabs up to date, also
// where Slack delivers by HTTP. It returns another error than ctx's only for tokens
// that Slack refuses.
func (a *App) Run(ctx context.Context) error {
	defer a.work.Wait()
	if err := a.o.Directory.Load(ctx); err != nil {
		a.o.Logger.Warn("people and channels could not be read from Slack yet", "error", err)
	}
	kept, stop := context.WithCancel(ctx)
	defer stop()
	a.work.Go(func() { a.keepHomes(kept) })
	if a.o.AppToken == "" {
		<-ctx.Done()
		return ctx.Err()
	}
	client := socketmode.New(Client(a.o.BotToken, a.o.AppToken, a.o.APIURL, a.slowly(a.o.HTTP)))
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	for {
		select {
		case e := <-client.Events:
			a.take(ctx, client, e)
		case err := <-ended:
			if ctx.Err() != nil {
				a.setConnected(false, errors.New("stopped"))
				return ctx.Err()
			}
			err = fmt.Errorf("connection refused by Slack: %w; check SLACK_APP_TOKEN, and that Socket Mode is switched on", err)
			a.setConnected(false, err)
			return err
		}
	}
}

// slowly returns a client that does not open connections faster than every two
// seconds after the first few: the socket client has no back-off of its own after
// a disconnect frame.
func (a *App) slowly(hc *http.Client) *http.Client {
	slow := *hc
	if slow.Transport == nil {
		slow.Transport = http.DefaultTransport
	}
	slow.Transport = &paced{next: slow.Transport, limiter: rate.NewLimiter(rate.Every(2*time.Second), 4)}
	return &slow
}

// paced delays the opening of connections.
type paced struct {
	next    http.RoundTripper
	limiter *rate.Limiter
}

func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "apps.connections.open") {
		if err := p.limiter.Wait(r.Context()); err != nil {
			return nil, err
		}
	}
	return p.next.RoundTrip(r)
}

// take takes one event of the socket client: news of the connection, or a
// delivery.
func (a *App) take(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeHello: // Slack delivers from here on, not from the handshake on
		a.connections.Add(1)
		a.setConnected(true, nil)
		return
	case socketmode.EventTypeConnecting:
		a.setConnected(false, errors.New("connecting to Slack"))
		return
	case socketmode.EventTypeConnectionError:
		err := errors.New("cannot connect to Slack")
		if c, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			err = fmt.Errorf("cannot connect to Slack: %w", c.ErrorObj)
		}
		a.setConnected(false, err)
		a.o.Logger.Error("no connection to Slack; trying again", "error", err)
		return
	case socketmode.EventTypeErrorBadMessage, socketmode.EventTypeIncomingError, socketmode.EventTypeErrorWriteFailed:
		if ctx.Err() == nil { // else it is being closed
			a.o.Logger.Warn("trouble on the connection to Slack", "what", string(e.Type))
		}
		return
	}
	if e.Request == nil || e.Request.EnvelopeID == "" {
		return
	}
	d, ok := fromSocket(e)
	envelope := e.Request.EnvelopeID
	d.ack = func(payload any) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CallTimeout)
		defer cancel()
		if err := client.AckCtx(ctx, envelope, payload); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		return nil
	}
	if !ok {
		if err := d.ack(nil); err != nil {
			a.o.Logger.Warn("a delivery of an unknown kind was not acknowledged", "error", err)
		}
		return
	}
	a.deliver(ctx, d, func() {})
}

// fromSocket makes a delivery of a request; ok is false for kinds that the app
// does not know.
func fromSocket(e socketmode.Event) (d delivery, ok bool) {
	switch data := e.Data.(type) {
	case slack.InteractionCallback:
		d.interaction = &data
	case slack.SlashCommand:
		d.command = &data
	case slackevents.EventsAPIEvent:
		d.event = &event{ID: eventID(e.Request.Payload), Inner: data.InnerEvent.Data}
	default:
		return d, false
	}
	return d, true
}

// eventID reads the id of an Events API payload, or "".
func eventID(payload json.RawMessage) string {
	var outer struct {
		EventID string `json:"event_id"`
	}
	if json.Unmarshal(payload, &outer) != nil {
		return ""
	}
	return outer.EventID
}
