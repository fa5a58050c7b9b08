package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target finds where a message goes: a channel by id or name, or the direct
// message with a user.
func (w *Workspace) target(id string) (*channel, error) {
	if id == "" {
		return nil, slackErr("channel_not_found")
	}
	ch := w.findChannel(id)
	if user := w.users[id]; ch == nil && user != nil {
		if user.IsBot {
			return nil, slackErr("channel_not_found")
		}
		ch = w.openIM(user.ID)
	}
	if ch == nil || (ch.IsPrivate || ch.IsIM || ch.IsMPIM) && !ch.has(w.bot.ID) {
		return nil, slackErr("channel_not_found")
	}
	if !ch.has(w.bot.ID) && !w.hasScope("chat:write.public") {
		return nil, slackErr("not_in_channel")
	}
	return ch, nil
}

func (w *Workspace) chatPostMessage(c *call) (object, error) {
	m, ch, err := w.compose(c)
	if err != nil {
		return nil, err
	}
	m.TS = w.nextTS()
	w.post(ch, m)
	return object{"channel": ch.ID, "ts": m.TS, "message": w.show(ch, m, true)}, nil
}

// compose makes the message that a call asks for, without posting it.
func (w *Workspace) compose(c *call) (*message, *channel, error) {
	ch, err := w.target(c.str("channel"))
	if err != nil {
		return nil, nil, err
	}
	parts, err := w.readContent(c)
	if err != nil {
		return nil, nil, err
	}
	if parts.empty() {
		return nil, nil, slackErr("no_text")
	}
	m := &message{Channel: ch.ID, User: w.bot.ID, BotID: BotID, Username: c.str("username"), Icon: c.str("icon_emoji")}
	if m.ThreadTS, err = threadOf(ch, c.str("thread_ts")); err != nil {
		return nil, nil, err
	}
	m.Broadcast = m.ThreadTS != "" && c.flag("reply_broadcast")
	if m.Broadcast {
		m.Subtype = "thread_broadcast"
	}
	parts.put(m)
	return m, ch, nil
}

// threadOf finds the message that starts a thread: the one named, or the one
// above it when a reply was named. It is an error if there is none.
func threadOf(ch *channel, ts string) (string, error) {
	if ts == "" {
		return "", nil
	}
	parent := ch.find(ts)
	if parent == nil || parent.EphemeralTo != "" {
		return "", slackErr("thread_not_found")
	}
	if parent.ThreadTS != "" {
		return parent.ThreadTS, nil
	}
	return parent.TS, nil
}

// post puts a message into its channel and tells everyone concerned.
func (w *Workspace) post(ch *channel, m *message) {
	if !w.keepMessage(m) {
		return
	}
	ch.add(m)
	if m.ThreadTS != "" {
		if parent := ch.find(m.ThreadTS); parent != nil {
			parent.state = nil
		}
	}
	if m.EphemeralTo == "" {
		w.messageEvent(ch, w.show(ch, m, true))
	}
	w.watch.changed()
}

func (w *Workspace) chatUpdate(c *call) (object, error) {
	ch, m, err := w.ownMessage(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	parts, err := w.readContent(c)
	if err != nil {
		return nil, err
	}
	if parts.text == nil && !parts.hasBlocks && !parts.hasAttached && !parts.hasMetadata {
		return nil, slackErr("no_text")
	}
	next := *m
	parts.put(&next)
	if strings.TrimSpace(next.Text) == "" && len(next.Blocks) == 0 && len(next.Attachments) == 0 {
		return nil, slackErr("no_text")
	}
	w.change(ch, m, next, w.bot.ID)
	return object{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": w.show(ch, m, true)}, nil
}

// change replaces a message's content and tells everyone concerned.
func (w *Workspace) change(ch *channel, m *message, next message, by string) {
	was := w.show(ch, m, true)
	next.state = nil
	next.Edited = &edit{User: by, TS: w.nextTS()}
	if !w.keepMessage(&next) {
		return
	}
	*m = next
	if m.EphemeralTo == "" {
		w.messageEvent(ch, object{"subtype": "message_changed", "hidden": true, "ts": m.Edited.TS,
			"message": w.show(ch, m, true), "previous_message": was})
	}
	w.watch.changed()
}

// ownMessage finds the message a call is about and makes sure that the bot wrote it.
func (w *Workspace) ownMessage(c *call, refusal string) (*channel, *message, error) {
	ch := w.findChannel(c.str("channel"))
	if ch == nil || (ch.IsPrivate || ch.IsIM) && !ch.has(w.bot.ID) {
		return nil, nil, slackErr("channel_not_found")
	}
	m := ch.find(c.str("ts"))
	if m == nil || m.EphemeralTo != "" {
		return nil, nil, slackErr("message_not_found")
	}
	if m.User != w.bot.ID {
		return nil, nil, slackErr(refusal)
	}
	return ch, m, nil
}

func (w *Workspace) chatDelete(c *call) (object, error) {
	ch, m, err := w.ownMessage(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.erase(ch, m)
	return object{"channel": ch.ID, "ts": m.TS}, nil
}

// erase removes a message and tells everyone concerned.
func (w *Workspace) erase(ch *channel, m *message) {
	was := w.show(ch, m, true)
	if !w.dropMessage(m) {
		return
	}
	ch.remove(m)
	delete(w.inputs, inputsKey(m))
	if parent := ch.find(m.ThreadTS); parent != nil {
		parent.state = nil
	}
	if m.EphemeralTo == "" {
		w.messageEvent(ch, object{"subtype": "message_deleted", "hidden": true, "ts": w.nextTS(),
			"deleted_ts": m.TS, "previous_message": was})
	}
	w.watch.changed()
}

func (w *Workspace) chatPostEphemeral(c *call) (object, error) {
	m, ch, err := w.compose(c)
	if err != nil {
		return nil, err
	}
	if w.users[c.str("user")] == nil {
		return nil, slackErr("user_not_found")
	}
	if !ch.has(c.str("user")) {
		return nil, slackErr("user_not_in_channel")
	}
	if !ch.has(w.bot.ID) && !w.hasScope("chat:write.public") {
		return nil, slackErr("not_in_channel")
	}
	m.EphemeralTo, m.TS = c.str("user"), w.nextTS()
	w.post(ch, m)
	w.answered(m.EphemeralTo, ch.ID, w.show(ch, m, false))
	return object{"message_ts": m.TS}, nil
}

func (w *Workspace) chatPermalink(c *call) (object, error) {
	ch := w.findChannel(c.str("channel"))
	if ch == nil {
		return nil, slackErr("channel_not_found")
	}
	m := ch.find(c.str("message_ts"))
	if m == nil {
		return nil, slackErr("message_not_found")
	}
	link := fmt.Sprintf("%sarchives/%s/p%s", w.home(c), ch.ID, strings.ReplaceAll(m.TS, ".", ""))
	if m.ThreadTS != "" {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + ch.ID
	}
	return object{"channel": ch.ID, "permalink": link}, nil
}

// scheduledMessage is a message that will be posted at a business time.
type scheduledMessage struct {
	ID      string   `json:"id"`
	PostAt  int64    `json:"post_at"` // Unix seconds
	Created int64    `json:"date_created"`
	Message *message `json:"message"`
}

// maxAhead is how far ahead Slack lets a message be scheduled.
const maxAhead = 120 * 24 * time.Hour

func (w *Workspace) chatSchedule(c *call) (object, error) {
	at, err := strconv.ParseInt(c.str("post_at"), 10, 64)
	if err != nil {
		return nil, slackErr("invalid_time")
	}
	now := w.opts.Clock()
	if at <= now.Unix() {
		return nil, slackErr("time_in_past")
	}
	if time.Unix(at, 0).Sub(now) > maxAhead {
		return nil, slackErr("time_too_far")
	}
	m, ch, err := w.compose(c)
	if err != nil {
		return nil, err
	}
	s := &scheduledMessage{ID: newID("Q"), PostAt: at, Created: now.Unix(), Message: m}
	w.scheduled[s.ID] = s
	w.keepScheduled(s)
	w.watch.changed()
	return object{"channel": ch.ID, "scheduled_message_id": s.ID, "post_at": at, "message": w.show(ch, m, true)}, nil
}

func (w *Workspace) chatDeleteScheduled(c *call) (object, error) {
	s := w.scheduled[c.str("scheduled_message_id")]
	if s == nil || s.Message.Channel != c.str("channel") {
		return nil, slackErr("invalid_scheduled_message_id")
	}
	w.dropScheduled(s.ID)
	w.watch.changed()
	return nil, nil
}

func (w *Workspace) chatScheduledList(c *call) (object, error) {
	list := []object{}
	for _, s := range w.scheduledByTime() {
		if want := c.str("channel"); want == "" || want == s.Message.Channel {
			list = append(list, object{"id": s.ID, "channel_id": s.Message.Channel, "post_at": s.PostAt,
				"date_created": s.Created, "text": s.Message.Text})
		}
	}
	return object{"scheduled_messages": list, "response_metadata": object{"next_cursor": ""}}, nil
}

func (w *Workspace) scheduledByTime() []*scheduledMessage {
	return slices.SortedFunc(maps.Values(w.scheduled), func(a, b *scheduledMessage) int {
		if a.PostAt != b.PostAt {
			return int(a.PostAt - b.PostAt)
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// postDue posts the scheduled messages whose business time has come.
func (w *Workspace) postDue() {
	now := w.opts.Clock().Unix()
	for _, s := range w.scheduledByTime() {
		if s.PostAt > now {
			return
		}
		w.dropScheduled(s.ID)
		if ch := w.channels[s.Message.Channel]; ch != nil {
			s.Message.TS = w.nextTS()
			w.post(ch, s.Message)
		}
	}
}

// show gives a message as Slack's API shows it.
func (w *Workspace) show(ch *channel, m *message, withMetadata bool) object {
	out := object{"type": "message", "user": m.User, "text": m.Text, "ts": m.TS, "team": TeamID}
	for key, value := range map[string]string{"thread_ts": m.ThreadTS, "subtype": m.Subtype, "username": m.Username} {
		if value != "" {
			out[key] = value
		}
	}
	if m.BotID != "" {
		out["bot_id"], out["app_id"] = m.BotID, AppID
		out["bot_profile"] = w.botProfile()
	}
	if m.Icon != "" {
		out["icons"] = object{"emoji": m.Icon}
	}
	if len(m.Blocks) > 0 {
		out["blocks"] = m.Blocks
	}
	if len(m.Attachments) > 0 {
		out["attachments"] = m.Attachments
	}
	if withMetadata && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	if m.Edited != nil {
		out["edited"] = m.Edited
	}
	if len(m.Reactions) > 0 {
		out["reactions"] = m.Reactions
	}
	if m.ThreadTS == "" && m.EphemeralTo == "" {
		w.showThread(ch, m, out)
	} else if parent := ch.find(m.ThreadTS); parent != nil {
		out["parent_user_id"] = parent.User
	}
	return out
}

func (w *Workspace) showThread(ch *channel, m *message, out object) {
	replies := ch.replies(m.TS)
	if len(replies) == 0 {
		return
	}
	var users []string
	for _, r := range replies {
		if !slices.Contains(users, r.User) && len(users) < 5 {
			users = append(users, r.User)
		}
	}
	out["thread_ts"], out["reply_count"], out["latest_reply"] = m.TS, len(replies), replies[len(replies)-1].TS
	out["reply_users"], out["reply_users_count"], out["subscribed"] = users, len(users), false
}

func (w *Workspace) botProfile() object {
	return object{"id": BotID, "app_id": AppID, "name": w.bot.Name, "deleted": false, "team_id": TeamID, "icons": object{}}
}

// serveArchive leads a permalink to the page, which opens at the message's thread.
func serveArchive(rw http.ResponseWriter, r *http.Request) {
	thread := r.URL.Query().Get("thread_ts")
	if digits := strings.TrimPrefix(r.PathValue("message"), "p"); thread == "" && len(digits) > 6 {
		thread = digits[:len(digits)-6] + "." + digits[len(digits)-6:]
	}
	place := url.Values{"channel": {r.PathValue("channel")}, "thread": {thread}}
	http.Redirect(rw, r, "/#"+place.Encode(), http.StatusFound)
}
