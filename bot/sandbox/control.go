package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// statusError is a refusal of a script's call, with its HTTP status.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

func failure(text string) object { return object{"ok": false, "error": text} }

// control makes a handler of a script's call: it reads the body, runs the call
// without the workspace's lock, and writes its answer or its error.
func (w *Workspace) control(do func(*http.Request, []byte) (object, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		body, err := readBody(rw, r, w.limits.Sizes.BodyBytes)
		if err == nil {
			var out object
			if out, err = do(r, body); err == nil {
				full := object{"ok": true}
				for key, value := range out {
					full[key] = value
				}
				writeJSON(rw, http.StatusOK, full)
				return
			}
		}
		writeJSON(rw, statusOf(err), failure(err.Error()))
	}
}

func statusOf(err error) int {
	var refused *statusError
	switch {
	case errors.As(err, &refused):
		return refused.status
	case errors.Is(err, errNotConnected), errors.Is(err, errClosing):
		return http.StatusServiceUnavailable
	case errors.Is(err, errNoAck):
		return http.StatusGatewayTimeout
	case errors.Is(err, errLinkBroke), errors.Is(err, errHTTPStatus):
		return http.StatusBadGateway
	}
	return http.StatusInternalServerError
}

// decode reads a script's JSON body. The error says what is wrong and where.
func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return refuse(http.StatusBadRequest, "the body is empty; it must be a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err := d.Decode(into)
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			return refuse(http.StatusBadRequest, "there is more after the JSON object, at byte %d", d.InputOffset())
		}
		return nil
	}
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field != "":
		return refuse(http.StatusBadRequest, "%s must be a %s, not a %s", kind.Field, jsonName(kind.Type.Kind().String()), kind.Value)
	case errors.As(err, &kind):
		return refuse(http.StatusBadRequest, "the body must be a JSON object, not a %s", kind.Value)
	case errors.As(err, &syntax):
		return refuse(http.StatusBadRequest, "the body is not JSON: %v at byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuse(http.StatusBadRequest, "the body is not JSON: it is cut off after %d bytes", len(body))
	}
	return refuse(http.StatusBadRequest, "the body is not what is expected: %v", err)
}

func jsonName(kind string) string {
	switch kind {
	case "int", "int64", "float64":
		return "number"
	case "map", "struct", "interface":
		return "JSON object"
	case "slice":
		return "list"
	}
	return kind
}

// person gives the user that a script acts as.
func (w *Workspace) person(idOrName string) (*User, error) {
	if idOrName == "" {
		return nil, refuse(http.StatusBadRequest, "user is missing: say by id or name who acts")
	}
	u := w.findUser(idOrName)
	if u == nil {
		return nil, refuse(http.StatusNotFound, "there is no user %q", idOrName)
	}
	if u.IsBot {
		return nil, refuse(http.StatusBadRequest, "%s is the bot; choose a person", idOrName)
	}
	return u, nil
}

// place gives a conversation that a person can see. The bot's name stands for
// the direct message with it.
func (w *Workspace) place(u *User, idOrName string) (*channel, error) {
	if idOrName == "" {
		return nil, refuse(http.StatusBadRequest, "channel is missing: name one by id or name")
	}
	if other := w.findUser(idOrName); other != nil && other.IsBot {
		return w.openIM(u.ID), nil
	}
	ch := w.findChannel(idOrName)
	if ch == nil || ch.kind() != "public_channel" && !ch.has(u.ID) {
		return nil, refuse(http.StatusNotFound, "there is no channel %q that %s can see", idOrName, u.Name)
	}
	return ch, nil
}

// say serves POST /sandbox/say: a person posts a message. Somebody who is not yet
// in a public channel joins it.
func (w *Workspace) say(_ *http.Request, body []byte) (object, error) {
	var in struct {
		User     string `json:"user"`
		Channel  string `json:"channel"`
		Text     string `json:"text"`
		ThreadTS string `json:"thread_ts"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.person(in.User)
	if err != nil {
		return nil, err
	}
	ch, err := w.place(u, in.Channel)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Text) == "" {
		return nil, refuse(http.StatusBadRequest, "text is missing: say something")
	}
	if n := w.limits.Sizes.MessageText; len([]rune(in.Text)) > n {
		return nil, refuse(http.StatusBadRequest, "text is longer than %d characters", n)
	}
	thread, err := threadOf(ch, in.ThreadTS)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "there is no message %s in %s", in.ThreadTS, ch.ID)
	}
	w.joined(ch, u.ID, "")
	m := &message{Channel: ch.ID, TS: w.nextTS(), ThreadTS: thread, User: u.ID, Text: in.Text}
	w.post(ch, m)
	w.setRead(u.ID, ch.ID, m.TS)
	return object{"channel": ch.ID, "ts": m.TS}, nil
}

// openHome serves POST /sandbox/home: a person opens the app's Home.
func (w *Workspace) openHome(_ *http.Request, body []byte) (object, error) {
	in := struct {
		User string `json:"user"`
		Tab  string `json:"tab"`
	}{Tab: "home"}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Tab != "home" && in.Tab != "messages" {
		return nil, refuse(http.StatusBadRequest, "tab is %q; it must be home or messages", in.Tab)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.person(in.User)
	if err != nil {
		return nil, err
	}
	im := w.openIM(u.ID)
	event := object{"type": "app_home_opened", "user": u.ID, "channel": im.ID, "tab": in.Tab}
	if v := w.homes[u.ID]; v != nil && in.Tab == "home" {
		event["view"] = w.showView(v)
	}
	w.emit(event)
	return object{"channel": im.ID, "connected": w.hub.connected()}, nil
}

// markRead serves POST /sandbox/read: a person has read a conversation to its end.
func (w *Workspace) markRead(_ *http.Request, body []byte) (object, error) {
	var in struct {
		User    string `json:"user"`
		Channel string `json:"channel"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.person(in.User)
	if err != nil {
		return nil, err
	}
	ch, err := w.place(u, in.Channel)
	if err != nil {
		return nil, err
	}
	if n := len(ch.messages); n > 0 {
		w.setRead(u.ID, ch.ID, ch.messages[n-1].TS)
	}
	return nil, nil
}

func (w *Workspace) setRead(user, channel, ts string) {
	if !before(w.read[user][channel], ts) {
		return
	}
	mark := readMark{user, channel, ts}
	w.noteRead(mark)
	w.keep(putRead, mark)
	w.watch.changed()
}

func (w *Workspace) noteRead(m readMark) {
	if w.read[m.User] == nil {
		w.read[m.User] = map[string]string{}
	}
	w.read[m.User][m.Channel] = m.TS
}

// turnClock serves POST /sandbox/clock: {"advance":"24h"}, {"to":RFC 3339} or
// {"next":true}, answered when the bot has come to rest at the new time.
func (w *Workspace) turnClock(r *http.Request, body []byte) (object, error) {
	var in struct {
		Advance string `json:"advance"`
		To      string `json:"to"`
		Next    bool   `json:"next"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if w.opts.Advance == nil {
		return nil, refuse(http.StatusConflict, "the clock cannot be turned here: the bot runs elsewhere (--workspace-only)")
	}
	w.turning.Lock()
	defer w.turning.Unlock()
	to, err := w.moment(r.Context(), in.Advance, in.To, in.Next)
	if err != nil {
		return nil, err
	}
	if err := w.opts.Advance(r.Context(), to); err != nil {
		return nil, refuse(http.StatusInternalServerError, "the clock stopped on the way to %s: %v", to.Format(time.RFC3339), err)
	}
	w.mu.Lock()
	w.postDue()
	w.mu.Unlock()
	w.watch.changed()
	return object{"now": w.opts.Clock().UTC().Format(time.RFC3339Nano)}, nil
}

// moment works out the time to turn to.
func (w *Workspace) moment(ctx context.Context, advance, to string, next bool) (time.Time, error) {
	now := w.opts.Clock()
	asked := 0
	for _, given := range []bool{advance != "", to != "", next} {
		if given {
			asked++
		}
	}
	switch {
	case asked != 1:
		return now, refuse(http.StatusBadRequest, `say one of {"advance":"24h"}, {"to":"2027-01-04T09:00:00Z"} and {"next":true}`)
	case advance != "":
		d, err := ParseDuration(advance)
		if err != nil || d < 0 {
			return now, refuse(http.StatusBadRequest, "advance is %q; it must be a duration such as 90m, 24h, 1d or 2w, and not negative", advance)
		}
		return now.Add(d), nil
	case to != "":
		t, err := time.Parse(time.RFC3339, to)
		if err != nil {
			return now, refuse(http.StatusBadRequest, "to is %q; it must be a time such as 2027-01-04T09:00:00Z", to)
		}
		if t.Before(now) {
			return now, refuse(http.StatusBadRequest, "to is %s, but it is already %s; the clock does not turn back", to, now.UTC().Format(time.RFC3339))
		}
		return t, nil
	}
	if w.opts.NextDue == nil {
		return now, refuse(http.StatusConflict, "it is not known here what is due next")
	}
	t, some, err := w.opts.NextDue(ctx)
	if err != nil {
		return now, refuse(http.StatusInternalServerError, "what is due next cannot be found: %v", err)
	}
	if !some {
		return now, refuse(http.StatusConflict, "nothing is due")
	}
	if t.Before(now) {
		t = now
	}
	return t, nil
}

// longest is the furthest that the clock is turned at once.
const longest = 10 * 366 * 24 * time.Hour

// ParseDuration reads a Go duration in which d (24 h) and w (7 d) are units as
// well: "36h", "1d", "2w3d". The error is meant for the person who wrote it.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for rest != "" {
		i := strings.IndexAny(rest, "dw")
		if i < 0 {
			d, err := time.ParseDuration(rest)
			if err != nil {
				return 0, fmt.Errorf("%q is not a duration", s)
			}
			total += d
			break
		}
		n, err := strconv.ParseFloat(rest[:i], 64)
		if err != nil || n < 0 || n > 100_000 {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		unit := 24 * time.Hour
		if rest[i] == 'w' {
			unit *= 7
		}
		total += time.Duration(n * float64(unit))
		rest = rest[i+1:]
	}
	if s == "" || total > longest {
		return 0, fmt.Errorf("%q is not a duration up to ten years", s)
	}
	return total, nil
}

// command serves POST /sandbox/command: a person types a slash command.
func (w *Workspace) command(r *http.Request, body []byte) (object, error) {
	var in struct {
		User    string `json:"user"`
		Channel string `json:"channel"`
		Command string `json:"command"`
		Text    string `json:"text"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if name, rest, cut := strings.Cut(strings.TrimSpace(in.Command), " "); cut && in.Text == "" {
		in.Command, in.Text = name, strings.TrimSpace(rest)
	}
	in.Command = "/" + strings.Trim(in.Command, "/ ")
	w.mu.Lock()
	u, ch, err := w.whereTyped(in.User, in.Channel, in.Command)
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	answers := &waiter{user: u.ID, channel: ch.ID, trigger: w.newTrigger(u.ID), said: make(chan object, 1)}
	address := w.newResponseURL(r.Host, u.ID, ch.ID, nil)
	answers.response = address
	w.waiters = append(w.waiters, answers)
	payload := object{
		"token": "sandbox", "team_id": TeamID, "team_domain": w.domain(), "channel_id": ch.ID, "channel_name": commandPlace(ch),
		"user_id": u.ID, "user_name": u.Name, "command": in.Command, "text": in.Text, "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": address, "trigger_id": answers.trigger,
	}
	w.mu.Unlock()
	defer w.forget(answers)
	ack, took, err := w.ask(r.Context(), kindCommand, payload)
	if err != nil {
		return nil, fmt.Errorf("%s failed: %w", in.Command, err)
	}
	response, viewID, err := w.commandResponse(r.Context(), u, ch, ack, answers)
	if err != nil {
		return nil, err
	}
	out := object{"ack_ms": took, "response": response}
	if viewID != "" {
		out["view_id"] = viewID
	}
	return out, nil
}

// whereTyped finds who types a command where. Without a channel it is the
// direct message with the bot.
func (w *Workspace) whereTyped(user, channelName, command string) (*User, *channel, error) {
	u, err := w.person(user)
	if err != nil {
		return nil, nil, err
	}
	if command == "/" {
		return nil, nil, refuse(http.StatusBadRequest, "command is missing: name one such as /help")
	}
	if known := w.opts.Commands; len(known) > 0 && !slices.ContainsFunc(known, func(c Command) bool { return c.Name == command }) {
		return nil, nil, refuse(http.StatusNotFound, "%s is not a valid command", command)
	}
	if channelName == "" {
		return u, w.openIM(u.ID), nil
	}
	ch, err := w.place(u, channelName)
	return u, ch, err
}

func commandPlace(ch *channel) string {
	if ch.IsIM {
		return "directmessage"
	}
	return ch.Name
}

// commandResponse shows what the acknowledgement of a command said. If it said
// nothing, it waits a little for an answer by response_url, an ephemeral message
// or a view.
func (w *Workspace) commandResponse(ctx context.Context, u *User, ch *channel, ack json.RawMessage, answers *waiter) (object, string, error) {
	if len(ack) > 0 && string(ack) != "null" && string(ack) != `""` {
		value, err := parseJSON(ack)
		if said, isText := value.(string); isText {
			value = object{"text": said}
		}
		response, ok := value.(object)
		if err != nil || !ok {
			return nil, "", refuse(http.StatusBadGateway, "the app's acknowledgement is not a message: %s", ack)
		}
		if len(response) > 0 {
			w.mu.Lock()
			defer w.mu.Unlock()
			if _, err := w.respond(&responseURL{user: u.ID, channel: ch.ID}, response); err != nil {
				return nil, "", refuse(http.StatusBadGateway, "Slack would not show the app's answer: %v", explain(err))
			}
			return response, w.openedBy(answers), nil
		}
	}
	select {
	case said := <-answers.said:
		w.mu.Lock()
		defer w.mu.Unlock()
		return said, w.openedBy(answers), nil
	case <-time.After(w.opts.Timing.CommandReply):
	case <-ctx.Done():
	case <-w.done.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return object{}, w.openedBy(answers), nil
}

// openedBy gives the id of the view that a command opened.
func (w *Workspace) openedBy(answers *waiter) string {
	if t := w.triggers[answers.trigger]; t != nil {
		return t.opened
	}
	return ""
}

// ask sends something that a person has done and waits for the acknowledgement.
// It returns the acknowledgement's payload and how long it took in milliseconds.
func (w *Workspace) ask(ctx context.Context, kind string, payload object) (json.RawMessage, float64, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return nil, 0, fmt.Errorf("the payload cannot be written as JSON: %w", err)
	}
	answer := make(chan reply, 1)
	start := time.Now()
	w.deliver(envelope{kind: kind, payload: data, accepts: true}, func(r reply) { answer <- r })
	select {
	case r := <-answer:
		return r.payload, float64(time.Since(start).Microseconds()) / 1000, r.err
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
}

// explain gives an error's text with the messages that Slack would add.
func explain(err error) string {
	var refused *slackError
	if !errors.As(err, &refused) {
		return err.Error()
	}
	if more, ok := refused.extra["response_metadata"].(object); ok {
		return fmt.Sprintf("%s: %v", refused.code, more["messages"])
	}
	return refused.code
}
