package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// watchers tells listeners that something has changed.
type watchers struct {
	mu     sync.Mutex
	rev    int64
	next   chan struct{} // closed at the next change
	closed bool
}

func newWatchers() *watchers { return &watchers{next: make(chan struct{})} }

// changed counts one change and wakes those who listen.
func (w *watchers) changed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.rev++
	close(w.next)
	w.next = make(chan struct{})
}

// now gives the number of changes so far, and a channel that is closed at the next.
func (w *watchers) now() (int64, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rev, w.next
}

func (w *watchers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// serveEvents serves GET /sandbox/events: a line {"rev":n} whenever anything has
// changed, as Server-Sent Events.
func (w *Workspace) serveEvents(rw http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(rw)
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	alive := w.real.NewTicker(15 * w.opts.Timing.Heartbeat)
	defer alive.Stop()
	for {
		rev, next := w.watch.now()
		if _, err := fmt.Fprintf(rw, "data: {\"rev\":%d}\n\n", rev); err != nil || out.Flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-next:
				waiting = false
			case <-alive.Chan():
				if _, err := fmt.Fprint(rw, ": alive\n\n"); err != nil || out.Flush() != nil {
					return
				}
			case <-r.Context().Done():
				return
			case <-w.done.Done():
				return
			}
		}
	}
}

// state is what /sandbox/state answers.
type state struct {
	Now           string                    `json:"now"`
	Rev           int64                     `json:"rev"`
	Team          object                    `json:"team"`
	BotUser       string                    `json:"bot_user"`
	Connected     int                       `json:"connected"`
	Turnable      bool                      `json:"clock_turnable"`
	Commands      []Command                 `json:"commands"`
	Users         []*User                   `json:"users"`
	Channels      []stateChannel            `json:"channels"`
	Views         []stateView               `json:"views"`
	Homes         map[string]object         `json:"homes"`
	Scheduled     []*scheduledMessage       `json:"scheduled"`
	Unread        map[string]map[string]int `json:"unread"`         // by person and conversation, threads left out
	UnreadReplies map[string]map[string]int `json:"unread_replies"` // what threads hold besides
	Calls         map[string]int            `json:"calls"`
	Webhooks      int64                     `json:"webhooks"` // calls of other systems that came
	RateLimited   int                       `json:"rate_limited"`
}

type stateChannel struct {
	Channel
	Messages []json.RawMessage `json:"messages"`
	Earlier  int               `json:"earlier"` // messages left out by limit
}

type stateView struct {
	ID   string `json:"id"`
	User string `json:"user"`
	Type string `json:"type"`
	View object `json:"view"`
}

// stateMessage is a message as the state shows it: what is absent is null.
type stateMessage struct {
	TS          string     `json:"ts"`
	ThreadTS    *string    `json:"thread_ts"`
	User        string     `json:"user"`
	BotID       string     `json:"bot_id,omitempty"`
	Username    string     `json:"username,omitempty"`
	Icon        string     `json:"icon_emoji,omitempty"`
	Text        string     `json:"text"`
	Blocks      []any      `json:"blocks"`
	Attachments []any      `json:"attachments,omitempty"`
	Metadata    object     `json:"metadata"`
	Edited      *edit      `json:"edited"`
	EphemeralTo *string    `json:"ephemeral_to"`
	Broadcast   bool       `json:"broadcast,omitempty"`
	Reactions   []reaction `json:"reactions,omitempty"`
	ReplyCount  int        `json:"reply_count"`
}

// serveState serves GET /sandbox/state?user=&since=&channel=&limit=: the
// workspace as it is, for one user only what that user can see.
func (w *Workspace) serveState(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	out, err := w.state(r.URL.Query())
	var data []byte
	if err == nil {
		data, err = json.Marshal(out)
	}
	w.mu.Unlock()
	if err != nil {
		writeJSON(rw, statusOf(err), failure(err.Error()))
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	_, _ = rw.Write(append(data, '\n'))
}

// narrowing says which part of the state is asked for.
type narrowing struct {
	user    string // id; "" shows everything
	channel string // id; "" shows every conversation
	since   int64  // microseconds: only messages written or changed after it
	limit   int    // only so many of each conversation, the newest; 0 shows all
}

func (w *Workspace) narrow(q url.Values) (narrowing, error) {
	var n narrowing
	if name := q.Get("user"); name != "" {
		u, err := w.person(name)
		if err != nil {
			return n, err
		}
		n.user = u.ID
	}
	if name := q.Get("channel"); name != "" {
		ch := w.findChannel(name)
		if ch == nil {
			return n, refuse(http.StatusNotFound, "there is no channel %q", name)
		}
		n.channel = ch.ID
	}
	if since := q.Get("since"); since != "" {
		if t, err := time.Parse(time.RFC3339, since); err == nil {
			n.since = t.UnixMicro()
		} else if n.since = micros(since); n.since == 0 && since != "0" {
			return n, refuse(http.StatusBadRequest, "since is %q; it must be a message's ts or a time such as 2027-01-04T09:00:00Z", since)
		}
	}
	if limit := q.Get("limit"); limit != "" {
		var err error
		if n.limit, err = strconv.Atoi(limit); err != nil || n.limit < 1 {
			return n, refuse(http.StatusBadRequest, "limit is %q; it must be a number from 1", limit)
		}
	}
	return n, nil
}

func (w *Workspace) state(q url.Values) (*state, error) {
	n, err := w.narrow(q)
	if err != nil {
		return nil, err
	}
	var webhooks int64
	if last := len(w.webhooks); last > 0 {
		webhooks = w.webhooks[last-1].N
	}
	w.postDue()
	rev, _ := w.watch.now()
	out := &state{
		Now: w.opts.Clock().UTC().Format(time.RFC3339), Rev: rev, BotUser: w.bot.ID, Connected: w.hub.connected(),
		Team:     object{"id": TeamID, "name": w.opts.TeamName, "domain": w.domain()},
		Turnable: w.opts.Advance != nil, Commands: w.opts.Commands, Scheduled: w.scheduledByTime(),
		Users: []*User{}, Channels: []stateChannel{}, Views: []stateView{}, Homes: map[string]object{},
		Unread: map[string]map[string]int{}, UnreadReplies: map[string]map[string]int{}, Calls: w.calls, Webhooks: webhooks, RateLimited: w.rateLimited,
	}
	if out.Commands == nil {
		out.Commands = []Command{}
	}
	if out.Scheduled == nil {
		out.Scheduled = []*scheduledMessage{}
	}
	for _, id := range w.userOrder {
		u := *w.users[id]
		u.TZOffset, _ = w.offset(&u)
		out.Users = append(out.Users, &u)
	}
	for _, id := range w.order {
		ch := w.channels[id]
		if n.user != "" && ch.kind() != "public_channel" && !ch.has(n.user) || n.channel != "" && n.channel != id {
			continue
		}
		shown, err := w.stateChannel(ch, n)
		if err != nil {
			return nil, err
		}
		out.Channels = append(out.Channels, shown)
	}
	w.addViews(out, n)
	w.addUnread(out, n)
	return out, nil
}

func (w *Workspace) stateChannel(ch *channel, n narrowing) (stateChannel, error) {
	out := stateChannel{Channel: ch.Channel, Messages: []json.RawMessage{}}
	if out.Members == nil {
		out.Members = []string{}
	}
	for _, m := range slices.Backward(ch.messages) {
		fresh := micros(m.TS) > n.since || m.Edited != nil && micros(m.Edited.TS) > n.since
		if !fresh || n.user != "" && m.EphemeralTo != "" && m.EphemeralTo != n.user {
			continue
		}
		if n.limit > 0 && len(out.Messages) == n.limit {
			out.Earlier++
			continue
		}
		data, err := m.shown(ch)
		if err != nil {
			return out, err
		}
		out.Messages = append(out.Messages, data)
	}
	slices.Reverse(out.Messages)
	return out, nil
}

// shown gives the message as JSON for the state, made once for each change.
func (m *message) shown(ch *channel) (json.RawMessage, error) {
	if m.state != nil {
		return m.state, nil
	}
	out := stateMessage{
		TS: m.TS, User: m.User, BotID: m.BotID, Username: m.Username, Icon: m.Icon, Text: m.Text, Blocks: m.Blocks,
		Attachments: m.Attachments, Metadata: m.Metadata, Edited: m.Edited, Broadcast: m.Broadcast, Reactions: m.Reactions,
		ReplyCount: len(ch.replies(m.TS)),
	}
	if out.Blocks == nil {
		out.Blocks = []any{}
	}
	if m.ThreadTS != "" {
		out.ThreadTS = &m.ThreadTS
	}
	if m.EphemeralTo != "" {
		out.EphemeralTo = &m.EphemeralTo
	}
	data, err := json.Marshal(out)
	m.state = data
	return data, err
}

// addViews adds the open modals, each person's lowest first, and the Homes.
func (w *Workspace) addViews(out *state, n narrowing) {
	for _, id := range w.userOrder {
		if n.user != "" && n.user != id {
			continue
		}
		for _, v := range w.stacks[id] {
			out.Views = append(out.Views, stateView{v.ID, v.User, v.Type, w.showView(v)})
		}
		if v := w.homes[id]; v != nil {
			out.Homes[id] = w.showView(v)
		}
	}
}

// addUnread counts for each person and conversation what others have written
// there since the person last looked. Replies in threads count by themselves:
// as in Slack, they leave the channel read.
func (w *Workspace) addUnread(out *state, n narrowing) {
	for _, u := range w.userOrder {
		if w.users[u].IsBot || n.user != "" && n.user != u {
			continue
		}
		counts, replies := map[string]int{}, map[string]int{}
		for _, id := range w.order {
			ch := w.channels[id]
			if !ch.has(u) {
				continue
			}
			read := w.read[u][id]
			from, _ := slices.BinarySearchFunc(ch.messages, micros(read)+1, func(m *message, at int64) int {
				return cmp.Compare(micros(m.TS), at)
			})
			for _, m := range ch.messages[from:] {
				switch {
				case m.User == u || m.EphemeralTo != "" && m.EphemeralTo != u:
				case m.ThreadTS != "" && !m.Broadcast:
					replies[id]++
				default:
					counts[id]++
				}
			}
		}
		out.Unread[u], out.UnreadReplies[u] = counts, replies
	}
}
