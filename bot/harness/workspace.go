package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"playcaller/bot/sandbox"
)

// rateFactor is by how much the workspace's rates exceed Slack's: a bot that is started every second asks for its users and
// channels as often as others do in a day.
const rateFactor = 50

// Workspace is the Slack that the bot works on. It runs in the harness's own process, and so outlives the bot.
type Workspace struct {
	url    string
	slack  *sandbox.Workspace
	server *http.Server
	client *http.Client
}

// openWorkspace starts a workspace for the people on a port of its own.
func openWorkspace(dir string, people []string) (*Workspace, error) {
	slack, err := sandbox.New(sandbox.Options{TeamName: "Harness", Users: members(people), Channels: channels(people),
		Clock: time.Now, State: filepath.Join(dir, "workspace.jsonl"), RateFactor: rateFactor})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, slack.Close())
	}
	w := &Workspace{url: "http://" + listener.Addr().String(), slack: slack, client: &http.Client{Timeout: 10 * time.Second},
		server: &http.Server{Handler: slack.Handler(), ReadHeaderTimeout: 10 * time.Second}}
	go func() { _ = w.server.Serve(listener) }() // ends with Close
	return w, nil
}

// Close ends the workspace.
func (w *Workspace) Close() error {
	return errors.Join(w.server.Close(), w.slack.Close())
}

// State is what the harness reads of the workspace.
type State struct {
	Users    []struct{ ID, Name string }
	Channels []Channel
	Calls    map[string]int
	Limited  int `json:"rate_limited"`
}

// Channel is a conversation and what stands in it.
type Channel struct {
	ID       string
	Name     string
	IsIM     bool `json:"is_im"`
	User     string
	Messages []Message
}

// Message is a message of the workspace.
type Message struct {
	TS          string
	ThreadTS    string `json:"thread_ts"`
	User        string
	Text        string
	Blocks      json.RawMessage
	EphemeralTo string `json:"ephemeral_to"`
	Metadata    struct {
		EventType string `json:"event_type"`
		Payload   struct {
			Key     string
			Run     string
			Version int64
		} `json:"event_payload"`
	}
}

// State returns the workspace as it is.
func (w *Workspace) State(ctx context.Context) (State, error) {
	var s State
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/sandbox/state", nil)
	if err != nil {
		return s, err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	return s, json.NewDecoder(res.Body).Decode(&s)
}

// refusal is an answer of the workspace other than "ok".
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// changed reports whether a button was gone when it was pressed: its message had been edited meanwhile.
func changed(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound
}

// call asks the workspace for something as a script does.
func (w *Workspace) call(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return &refusal{res.StatusCode, fmt.Sprintf("%s: %s: %s", path, res.Status, answer)}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// Fault makes the next calls of a method go wrong.
func (w *Workspace) Fault(ctx context.Context, method, mode string, times int) error {
	return w.call(ctx, "/sandbox/faults", map[string]any{"method": method, "mode": mode, "times": times, "retry_after": 1, "delay_ms": 400}, nil)
}

// ClearFaults lets everything go right from here on.
func (w *Workspace) ClearFaults(ctx context.Context) error {
	return w.call(ctx, "/sandbox/faults", map[string]any{"clear": true}, nil)
}

// Click presses a button, and returns how long the bot took to acknowledge.
func (w *Workspace) Click(ctx context.Context, user, channel string, b Button) (time.Duration, error) {
	var answer struct {
		AckMS float64 `json:"ack_ms"`
	}
	err := w.call(ctx, "/sandbox/click", map[string]any{"user": user, "channel": channel, "ts": b.TS, "action_id": b.Action,
		"block_id": b.Block, "value": b.Value}, &answer)
	return time.Duration(answer.AckMS * float64(time.Millisecond)), err
}

// Button is a button of a message.
type Button struct {
	TS, Block, Action, Value string
}

// Buttons returns the buttons of the message.
func (m *Message) Buttons() []Button {
	var blocks []struct {
		BlockID  string `json:"block_id"`
		Elements []struct {
			Type     string
			ActionID string `json:"action_id"`
			Value    string
		}
	}
	if json.Unmarshal(m.Blocks, &blocks) != nil {
		return nil // blocks of a kind without buttons
	}
	var all []Button
	for _, b := range blocks {
		for _, e := range b.Elements {
			if e.Type == "button" && e.Value != "" {
				all = append(all, Button{m.TS, b.BlockID, e.ActionID, e.Value})
			}
		}
	}
	return all
}
