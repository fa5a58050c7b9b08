package slackapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
)

// maxBody is how many bytes of a request are read; Slack sends far less.
const maxBody = 3 << 20

// Handler receives by HTTP: /slack/events, /slack/actions and /slack/commands.
// Requests whose signature is not by the signing secret, or more than five
// minutes old, are refused with 401.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/events", a.signed(a.eventRequest))
	mux.HandleFunc("POST /slack/actions", a.signed(a.actionRequest))
	mux.HandleFunc("POST /slack/commands", a.signed(a.commandRequest))
	return mux
}

// signed reads the body, verifies the signature over it as it came, and hands it
// on.
func (a *App) signed(next func(w http.ResponseWriter, r *http.Request, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the body could not be read, or is too long", http.StatusBadRequest)
			return
		}
		if err := a.verify(r.Header, body); err != nil {
			a.refused.Add(1)
			a.o.Logger.Warn("refused a request that Slack did not sign", "path", r.URL.Path, "error", err)
			http.Error(w, "the signature is not valid", http.StatusUnauthorized)
			return
		}
		next(w, r, body)
	}
}

func (a *App) verify(header http.Header, body []byte) error {
	if a.o.SigningSecret == "" {
		return errors.New("SLACK_SIGNING_SECRET is not set, so nothing is received by HTTP")
	}
	v, err := slack.NewSecretsVerifier(header, a.o.SigningSecret)
	if err != nil {
		return err
	}
	if _, err := v.Write(body); err != nil {
		return err
	}
	return v.Ensure()
}

func (a *App) eventRequest(w http.ResponseWriter, r *http.Request, body []byte) {
	outer, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil {
		// An event that the client does not know is taken and dropped, so that Slack does not repeat it.
		var probe struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(body, &probe) != nil || probe.Type == "" {
			http.Error(w, "not an event", http.StatusBadRequest)
		}
		return
	}
	if outer.Type == slackevents.URLVerification {
		if c, ok := outer.Data.(*slackevents.EventsAPIURLVerificationEvent); ok {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, c.Challenge)
		}
		return
	}
	a.answer(w, r, delivery{event: &event{ID: eventID(body), Inner: outer.InnerEvent.Data}})
}

func (a *App) actionRequest(w http.ResponseWriter, r *http.Request, body []byte) {
	form, err := url.ParseQuery(string(body))
	var callback slack.InteractionCallback
	if err == nil {
		err = json.Unmarshal([]byte(form.Get("payload")), &callback)
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("not an interaction: %v", err), http.StatusBadRequest)
		return
	}
	a.answer(w, r, delivery{interaction: &callback})
}

func (a *App) commandRequest(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	command, err := slack.SlashCommandParse(r)
	if err != nil || command.Command == "" {
		http.Error(w, "not a command", http.StatusBadRequest)
		return
	}
	a.answer(w, r, delivery{command: &command})
}

// answer works a delivery and writes what it acknowledges with. Without an
// acknowledgement Slack is told 503, and repeats events.
func (a *App) answer(w http.ResponseWriter, r *http.Request, d delivery) {
	acked := make(chan any, 1)
	var once sync.Once
	d.ack = func(payload any) error {
		once.Do(func() { acked <- payload })
		return nil
	}
	done := make(chan struct{})
	a.deliver(r.Context(), d, func() { close(done) })
	var payload any
	select {
	case payload = <-acked:
	case <-done:
		select {
		case payload = <-acked:
		default:
			http.Error(w, "this could not be written down; please send it again", http.StatusServiceUnavailable)
			return
		}
	case <-r.Context().Done():
		return
	}
	if payload == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(payload); err != nil {
		a.o.Logger.Warn("an answer to Slack could not be written", "error", err)
	}
}
