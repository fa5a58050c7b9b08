package sender

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/slack-go/slack"
)

// historyPage is how many messages are asked for at once; Slack recommends no
// more than 200.
const historyPage = 200

// settle finds out which of the queue's uncertain items are in Slack already,
// and where the messages are that edits and threads mean without saying. It
// returns false if that is not known yet: then nothing may be sent.
func (q *queue) settle(ctx context.Context) bool {
	open := q.unsettled()
	if len(open) == 0 {
		return true
	}
	byChannel := map[string][]*Item{}
	for _, item := range open {
		channel, err := q.place(ctx, item)
		if err != nil {
			return q.unsettlable(ctx, item, err)
		}
		byChannel[channel] = append(byChannel[channel], item)
	}
	for channel, items := range byChannel {
		found, err := q.s.look(ctx, channel, q.copies(items), q.parent)
		if err != nil {
			return q.unsettlable(ctx, items[0], q.mend(ctx, items[0], channel, err))
		}
		q.tries = 0
		for key, ts := range found {
			q.remember(key, post{channel: channel, ts: ts, version: version(items, key)})
		}
		for _, item := range items {
			q.settled(ctx, item, channel, found)
		}
	}
	return true
}

// copies returns the items as they are now.
func (q *queue) copies(items []*Item) []Item {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	now := make([]Item, len(items))
	for i, item := range items {
		now[i] = *item
	}
	return now
}

// version returns the version under which the item with the key was posted, or
// 0 if it is not an uncertain post but a message that others refer to.
func version(items []*Item, key string) int64 {
	for _, item := range items {
		if item.Key == key && item.posts() {
			return item.Version
		}
	}
	return 0
}

// unsettled returns the items that must be looked for before anything is sent.
func (q *queue) unsettled() []*Item {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	waiting := map[string]bool{}
	var open []*Item
	for _, item := range q.items {
		_, known := q.posts[item.Key]
		_, parentKnown := q.posts[item.ThreadKey]
		switch {
		case item.posts() && item.Uncertain && !known:
			open = append(open, item)
		case item.Kind == Thread && item.TS == "" && !parentKnown && !waiting[item.ThreadKey] && !item.looked:
			open = append(open, item)
		case !item.posts() && item.TS == "" && !known && !waiting[item.Key] && !item.looked:
			open = append(open, item)
		}
		if item.posts() {
			waiting[item.Key] = true
		}
	}
	return open
}

// settled notes what the look said of one item.
func (q *queue) settled(ctx context.Context, item *Item, channel string, found map[string]string) {
	q.s.mu.Lock()
	wasUncertain := item.posts() && item.Uncertain
	item.Uncertain, item.looked = false, true
	q.s.mu.Unlock()
	if ts, ok := found[item.Key]; ok && wasUncertain {
		q.finish(ctx, item, channel, ts, nil)
	}
}

// unsettlable deals with a look that failed; it returns false.
func (q *queue) unsettlable(ctx context.Context, item *Item, err error) bool {
	switch v := judge(err); v.verdict {
	case retry:
	case refused: // no such channel: it is not there, and could not be posted either
		q.s.o.Logger.Error("message given up", "queue", q.name, "key", item.Key, "run", item.Run, "error", v.err)
		q.finish(ctx, item, "", "", v.err)
	case limited:
		if v.after > 0 {
			q.s.wait(ctx, v.after)
			break
		}
		q.backOff(ctx, item.Key, err)
	default:
		q.backOff(ctx, item.Key, err)
	}
	return false
}

// parent returns the time stamp of the message under which a Thread item goes.
func (q *queue) parent(item Item) string {
	if item.TS != "" {
		return item.TS
	}
	known, _ := q.known(item.ThreadKey)
	return known.ts
}

// Settle reads the channel's history once, and for Thread items the replies to
// their parents, and returns the time stamps of those items that are there, by
// key.
func (s *Sender) Settle(ctx context.Context, channel string, items []Item) (map[string]string, error) {
	return s.look(ctx, channel, items, func(item Item) string { return item.TS })
}

// look finds messages by their keys. parent gives the time stamp of a Thread
// item's parent, where it is known.
func (s *Sender) look(ctx context.Context, channel string, items []Item, parent func(Item) string) (map[string]string, error) {
	search := search{keys: map[string]bool{}, found: map[string]string{}}
	threads := map[string][]Item{} // by key of the parent
	since := time.Time{}
	for i, item := range items {
		if i == 0 || item.Since.Before(since) {
			since = item.Since
		}
		switch {
		case item.Kind != Thread:
			search.keys[item.Key] = true
		case parent(item) == "":
			search.keys[item.ThreadKey] = true
			since = time.Time{} // the parent may be much older
			fallthrough
		default:
			threads[item.ThreadKey] = append(threads[item.ThreadKey], item)
		}
	}
	if len(search.keys) > 0 {
		if err := s.lookInHistory(ctx, channel, since, &search); err != nil {
			return nil, fmt.Errorf("look for messages in %s: %w", channel, err)
		}
	}
	for key, lines := range threads {
		ts := parent(lines[0])
		if ts == "" {
			ts = search.found[key]
		}
		if ts == "" {
			continue // no parent, no thread
		}
		for _, line := range lines {
			if line.Uncertain {
				search.keys[line.Key] = true
			}
		}
		if err := s.lookInThread(ctx, channel, ts, &search); err != nil {
			return nil, fmt.Errorf("look for messages in a thread of %s: %w", channel, err)
		}
	}
	return search.found, nil
}

// A search is a set of keys and those found so far.
type search struct {
	keys  map[string]bool
	found map[string]string
}

// over notes which of the messages carry a key, and reports whether all are found.
func (x *search) over(messages []slack.Message) bool {
	for _, m := range messages {
		if m.Metadata.EventType != MetadataType {
			continue
		}
		if key, _ := m.Metadata.EventPayload["key"].(string); x.keys[key] && x.found[key] == "" {
			x.found[key] = m.Timestamp
		}
	}
	return len(x.found) == len(x.keys)
}

func (s *Sender) lookInHistory(ctx context.Context, channel string, since time.Time, x *search) error {
	p := &slack.GetConversationHistoryParameters{
		ChannelID: channel, Limit: historyPage, IncludeAllMetadata: true, Inclusive: true,
	}
	if !since.IsZero() {
		p.Oldest = strconv.FormatInt(since.Unix(), 10) + ".000000"
	}
	for {
		page, err := s.o.Slack.GetConversationHistoryContext(ctx, p)
		if err != nil {
			return err
		}
		if x.over(page.Messages) || !page.HasMore || page.ResponseMetaData.NextCursor == "" {
			return nil
		}
		p.Cursor = page.ResponseMetaData.NextCursor
	}
}

func (s *Sender) lookInThread(ctx context.Context, channel, ts string, x *search) error {
	p := &slack.GetConversationRepliesParameters{
		ChannelID: channel, Timestamp: ts, Limit: historyPage, IncludeAllMetadata: true,
	}
	for {
		messages, more, cursor, err := s.o.Slack.GetConversationRepliesContext(ctx, p)
		if code(err) == "thread_not_found" || code(err) == "message_not_found" {
			return nil
		}
		if err != nil {
			return err
		}
		if x.over(messages) || !more || cursor == "" {
			return nil
		}
		p.Cursor = cursor
	}
}
