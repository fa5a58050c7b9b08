package sandbox

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// responseURL is an address at which the app may answer something that a person
// did, a few times within half an hour.
type responseURL struct {
	user     string
	channel  string
	original *message // what was clicked; nil after a command
	uses     int
	expires  time.Time // real time
}

const responseLife = 30 * time.Minute

// newResponseURL gives an address for answers.
func (w *Workspace) newResponseURL(host, user, channel string, original *message) string {
	id := rand.Text()
	w.responses[id] = &responseURL{user: user, channel: channel, original: original, expires: w.real.Now().Add(responseLife)}
	return "http://" + host + "/sandbox/response/" + id
}

// waiter is a command's caller who waits for what the app will say.
type waiter struct {
	user     string
	channel  string
	trigger  string
	response string
	said     chan object // holds one
}

func (w *Workspace) forget(gone *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiters = slices.DeleteFunc(w.waiters, func(x *waiter) bool { return x == gone })
}

// answered tells those who wait that the app has said something to a user there.
func (w *Workspace) answered(user, channel string, said object) {
	for _, x := range w.waiters {
		if x.user == user && x.channel == channel {
			x.hear(said)
		}
	}
}

func (x *waiter) hear(said object) {
	select {
	case x.said <- said:
	default:
	}
}

// viewOpened tells the one who waits with a trigger that a view was opened with it.
func (w *Workspace) viewOpened(triggerID string) {
	for _, x := range w.waiters {
		if x.trigger == triggerID {
			x.hear(object{})
		}
	}
}

// serveResponseURL answers POST /sandbox/response/ID as Slack's hooks do.
func (w *Workspace) serveResponseURL(rw http.ResponseWriter, r *http.Request) {
	body, err := readBody(rw, r, w.limits.Sizes.BodyBytes)
	if err != nil {
		writeJSON(rw, statusOf(err), failure(err.Error()))
		return
	}
	c := &call{method: "response_url", args: object{}}
	if err := c.addJSON(body); err != nil {
		writeJSON(rw, http.StatusBadRequest, object{"ok": false, "error": "invalid_payload"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	address := w.responses[r.PathValue("id")]
	switch {
	case address == nil:
		writeJSON(rw, http.StatusNotFound, object{"ok": false, "error": "invalid_url"})
		return
	case w.real.Now().After(address.expires):
		writeJSON(rw, http.StatusNotFound, object{"ok": false, "error": "expired_url"})
		return
	case address.uses >= w.limits.Sizes.ResponseURLUses:
		writeJSON(rw, http.StatusNotFound, object{"ok": false, "error": "used_url"})
		return
	}
	address.uses++
	said, err := w.respond(address, c.args)
	if err != nil {
		w.answer(rw, nil, err)
		return
	}
	for _, x := range w.waiters {
		if strings.HasSuffix(x.response, "/"+r.PathValue("id")) {
			x.hear(said)
		}
	}
	writeJSON(rw, http.StatusOK, object{"ok": true})
}

// respond carries out an answer: a new message, for the person alone unless
// response_type is in_channel, or a change to what was clicked.
func (w *Workspace) respond(to *responseURL, args object) (object, error) {
	c := &call{method: "response_url", args: args}
	ch := w.channels[to.channel]
	if ch == nil {
		return nil, slackErr("channel_not_found")
	}
	if to.original != nil && ch.find(to.original.TS) != to.original {
		to.original = nil
	}
	if c.flag("delete_original") && to.original != nil {
		w.erase(ch, to.original)
		return args, nil
	}
	parts, err := w.readContent(c)
	if err != nil {
		return nil, err
	}
	if parts.empty() {
		return nil, slackErr("no_text")
	}
	if c.flag("replace_original") && to.original != nil {
		next := *to.original
		next.Blocks, next.Attachments = nil, nil
		parts.put(&next)
		w.change(ch, to.original, next, w.bot.ID)
		return args, nil
	}
	m := &message{Channel: ch.ID, TS: w.nextTS(), User: w.bot.ID, BotID: BotID}
	if c.str("response_type") != "in_channel" {
		m.EphemeralTo = to.user
	}
	if m.ThreadTS, err = threadOf(ch, c.str("thread_ts")); err != nil {
		return nil, err
	}
	parts.put(m)
	w.post(ch, m)
	return args, nil
}
