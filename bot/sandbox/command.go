package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

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
	u, ch, payload, answers, err := w.typed(r.Host, in.User, in.Channel, in.Command, in.Text)
	if err != nil {
		return nil, err
	}
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

// typed makes the payload of a command, and a waiter for what the app will say to it.
func (w *Workspace) typed(host, user, channelName, command, rest string) (*User, *channel, object, *waiter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ch, err := w.whereTyped(user, channelName, command)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	answers := &waiter{user: u.ID, channel: ch.ID, trigger: w.newTrigger(u.ID), said: make(chan object, 1),
		response: w.newResponseURL(host, u.ID, ch.ID, nil)}
	w.waiters = append(w.waiters, answers)
	return u, ch, object{
		"token": "sandbox", "team_id": TeamID, "team_domain": w.domain(), "channel_id": ch.ID, "channel_name": commandPlace(ch),
		"user_id": u.ID, "user_name": u.Name, "command": command, "text": rest, "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": answers.response, "trigger_id": answers.trigger,
	}, answers, nil
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
