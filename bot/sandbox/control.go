package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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
