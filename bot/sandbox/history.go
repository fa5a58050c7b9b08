package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"
)

func (w *Workspace) conversationsHistory(c *call) (object, error) {
	ch, err := w.readable(c)
	if err != nil {
		return nil, err
	}
	within, err := between(c)
	if err != nil {
		return nil, err
	}
	var found []*message
	for _, m := range slices.Backward(ch.messages) {
		if (m.ThreadTS == "" || m.Broadcast) && m.EphemeralTo == "" && within(m.TS) {
			found = append(found, m)
		}
	}
	shown, next, err := page(c, found, 100, timestamp, func(m *message, from string) bool { return !before(from, m.TS) })
	if err != nil {
		return nil, err
	}
	out := w.pageOf(c, ch, shown, next)
	out["pin_count"], out["latest"] = 0, c.str("latest")
	return out, nil
}

func (w *Workspace) conversationsReplies(c *call) (object, error) {
	ch, err := w.readable(c)
	if err != nil {
		return nil, err
	}
	within, err := between(c)
	if err != nil {
		return nil, err
	}
	top := ch.find(c.str("ts"))
	if top == nil || top.EphemeralTo != "" {
		return nil, slackErr("thread_not_found")
	}
	var replies []*message
	for _, m := range ch.replies(top.TS) {
		if within(m.TS) {
			replies = append(replies, m)
		}
	}
	shown, next, err := page(c, replies, 1000, timestamp, func(m *message, from string) bool { return !before(m.TS, from) })
	if err != nil {
		return nil, err
	}
	// Slack repeats the message above the thread at the head of every page.
	return w.pageOf(c, ch, append([]*message{top}, shown...), next), nil
}

// readable gives the conversation whose messages a call wants to read.
func (w *Workspace) readable(c *call) (*channel, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if !ch.has(w.bot.ID) {
		return nil, slackErr("not_in_channel")
	}
	w.postDue()
	return ch, nil
}

func (w *Workspace) pageOf(c *call, ch *channel, messages []*message, next string) object {
	shown := []object{}
	for _, m := range messages {
		shown = append(shown, w.show(ch, m, c.flag("include_all_metadata")))
	}
	return object{"messages": shown, "has_more": next != "", "response_metadata": object{"next_cursor": next}}
}

// between reads oldest, latest and inclusive as a condition on timestamps.
func between(c *call) (func(ts string) bool, error) {
	var oldest, latest int64
	if s := c.str("oldest"); s != "" && s != "0" {
		if oldest = micros(s); oldest == 0 {
			return nil, slackErr("invalid_ts_oldest")
		}
	}
	if s := c.str("latest"); s != "" && s != "now" {
		if latest = micros(s); latest == 0 {
			return nil, slackErr("invalid_ts_latest")
		}
	}
	inclusive := c.flag("inclusive")
	return func(ts string) bool {
		t := micros(ts)
		if inclusive && (t == oldest || t == latest) {
			return true
		}
		return t > oldest && (latest == 0 || t < latest)
	}, nil
}

// page cuts one page out of a list by the arguments limit and cursor, and gives
// the cursor of the next one, "" after the last. A cursor names the item that
// comes next, so that pages neither skip nor repeat when the list grows meanwhile;
// reached tells whether an item is that one or already beyond it.
func page[T any](c *call, all []T, usual int, name func(T) string, reached func(item T, name string) bool) ([]T, string, error) {
	limit, err := c.number("limit", usual)
	if err != nil || limit < 0 || limit > 1000 {
		return nil, "", slackErr("invalid_limit")
	}
	if limit == 0 {
		limit = usual
	}
	if cursor := c.str("cursor"); cursor != "" {
		plain, err := base64.StdEncoding.DecodeString(cursor)
		from, ok := strings.CutPrefix(string(plain), "next:")
		if err != nil || !ok {
			return nil, "", slackErr("invalid_cursor")
		}
		start := slices.IndexFunc(all, func(item T) bool { return reached(item, from) })
		if start < 0 {
			return nil, "", nil
		}
		all = all[start:]
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], base64.StdEncoding.EncodeToString([]byte("next:" + name(all[limit]))), nil
}

func pageOfIDs(c *call, ids []string, usual int) ([]string, string, error) {
	return page(c, ids, usual, func(id string) string { return id }, func(id, from string) bool { return id == from })
}

func timestamp(m *message) string { return m.TS }
