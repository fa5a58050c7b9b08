package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// errHTTPStatus is an answer other than 2xx to something sent over HTTP.
var errHTTPStatus = errors.New("the app answered with an error")

// deliver sends an envelope over HTTP where an address is set for its kind, over
// Socket Mode otherwise. done is called exactly once.
func (w *Workspace) deliver(e envelope, done func(reply)) {
	address := map[string]string{kindEvents: w.opts.EventsURL, kindInteractive: w.opts.InteractivityURL, kindCommand: w.opts.CommandsURL}[e.kind]
	switch {
	case w.done.Err() != nil:
		done(reply{err: errClosing})
	case address == "":
		w.hub.send(e, done)
	default:
		w.work.Go(func() { done(w.request(address, e)) })
	}
}

// request sends an envelope as a signed HTTP request.
func (w *Workspace) request(address string, e envelope) reply {
	body, kind := []byte(e.payload), "application/json"
	if e.kind != kindEvents {
		form, err := asForm(e)
		if err != nil {
			return reply{err: err}
		}
		body, kind = form, "application/x-www-form-urlencoded"
	}
	ctx, cancel := context.WithTimeout(w.done, w.opts.Timing.Ack)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return reply{err: fmt.Errorf("the app's address %s: %w", address, err)}
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	w.sign(r, body)
	if e.attempt > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(e.attempt))
		r.Header.Set("X-Slack-Retry-Reason", e.reason)
	}
	answer, err := http.DefaultClient.Do(r)
	if errors.Is(err, context.DeadlineExceeded) {
		return reply{err: errNoAck}
	}
	if err != nil {
		return reply{err: fmt.Errorf("the app cannot be reached: %w", err)}
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return reply{err: errNoAck}
	}
	if answer.StatusCode/100 != 2 {
		return reply{err: fmt.Errorf("%w: %s", errHTTPStatus, answer.Status)}
	}
	return reply{payload: asPayload(said)}
}

// sign adds Slack's v0 signature: HMAC-SHA256 over v0:timestamp:body.
func (w *Workspace) sign(r *http.Request, body []byte) {
	at := strconv.FormatInt(w.real.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.opts.SigningSecret))
	fmt.Fprintf(mac, "v0:%s:%s", at, body)
	r.Header.Set("X-Slack-Request-Timestamp", at)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// asForm writes an interaction as the form field payload, and a command as one
// field for each of its parts.
func asForm(e envelope) ([]byte, error) {
	if e.kind == kindInteractive {
		return []byte(url.Values{"payload": {string(e.payload)}}.Encode()), nil
	}
	var fields object
	if err := json.Unmarshal(e.payload, &fields); err != nil {
		return nil, fmt.Errorf("a command cannot be written as a form: %w", err)
	}
	form := url.Values{}
	for key, value := range fields {
		form.Set(key, text(value))
	}
	return []byte(form.Encode()), nil
}

// asPayload reads the body of an answer: JSON as it is, other text as a message.
func asPayload(body []byte) json.RawMessage {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return nil
	}
	if json.Valid(trimmed) {
		return trimmed
	}
	said, err := json.Marshal(object{"text": string(trimmed)})
	if err != nil {
		return nil
	}
	return said
}
