package sandbox

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/jonboulle/clockwork"
)

// eventQueue sends events of the Events API and repeats those that are not
// acknowledged, at Slack's intervals, in the order in which they happened as far
// as first attempts go.
type eventQueue struct {
	w *Workspace

	mu     sync.Mutex
	timers map[*occurrence]clockwork.Timer
	closed bool
}

// occurrence is one event on its way.
type occurrence struct {
	payload json.RawMessage
	attempt int
}

func newEventQueue(w *Workspace) *eventQueue {
	return &eventQueue{w: w, timers: map[*occurrence]clockwork.Timer{}}
}

// emit sends an event to the app. The workspace's lock is held, so that events
// leave in the order in which things happened.
func (w *Workspace) emit(event object) {
	if event["event_ts"] == nil {
		event["event_ts"] = w.nextTS()
	}
	payload, err := json.Marshal(object{
		"token": "sandbox", "team_id": TeamID, "context_team_id": TeamID, "api_app_id": AppID, "type": "event_callback",
		"event_id": newID("Ev"), "event_time": w.opts.Clock().Unix(), "event": event, "is_ext_shared_channel": false,
		"event_context": newID("EC"),
		"authorizations": []object{{"enterprise_id": nil, "team_id": TeamID, "user_id": w.bot.ID, "is_bot": true,
			"is_enterprise_install": false}},
	})
	if err != nil {
		w.log.Error("an event cannot be written as JSON", "error", err)
		return
	}
	w.events.try(&occurrence{payload: payload}, "")
}

func (q *eventQueue) try(o *occurrence, reason string) {
	e := envelope{kind: kindEvents, payload: o.payload, attempt: o.attempt, reason: reason}
	q.w.deliver(e, func(r reply) {
		if r.err != nil {
			q.later(o, retryReason(r.err))
		}
	})
}

// later plans the next attempt; after the last one the event is given up.
func (q *eventQueue) later(o *occurrence, reason string) {
	retries := q.w.opts.Timing.Retries
	if o.attempt >= len(retries) {
		q.w.log.Warn("an event was never acknowledged", "reason", reason)
		return
	}
	wait := retries[o.attempt]
	o.attempt++
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.timers[o] = q.w.real.AfterFunc(wait, func() {
		q.mu.Lock()
		delete(q.timers, o)
		closed := q.closed
		q.mu.Unlock()
		if !closed {
			q.try(o, reason)
		}
	})
}

func (q *eventQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, t := range q.timers {
		t.Stop()
	}
}

func retryReason(err error) string {
	switch {
	case errors.Is(err, errNoAck):
		return "timeout"
	case errors.Is(err, errHTTPStatus):
		return "http_error"
	}
	return "connection_failed"
}

// messageEvent tells the app of something that happened to a message in a
// conversation that the bot is in, its own messages included, as Slack does.
func (w *Workspace) messageEvent(ch *channel, message object) {
	if !ch.has(w.bot.ID) {
		return
	}
	event := object{}
	for key, value := range message {
		event[key] = value
	}
	event["type"], event["channel"], event["channel_type"] = "message", ch.ID, channelType(ch)
	event["event_ts"] = message["ts"]
	w.emit(event)
	body, _ := message["text"].(string)
	if message["subtype"] == nil && message["user"] != w.bot.ID && strings.Contains(body, "<@"+w.bot.ID+">") && !ch.IsIM {
		mention := object{}
		for key, value := range event {
			mention[key] = value
		}
		mention["type"] = "app_mention"
		delete(mention, "channel_type")
		w.emit(mention)
	}
}

func channelType(ch *channel) string {
	switch ch.kind() {
	case "im":
		return "im"
	case "mpim":
		return "mpim"
	case "private_channel":
		return "group"
	}
	return "channel"
}
