package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// message is one message as the workspace keeps it. Its timestamp is its
// identity within the channel.
type message struct {
	Channel     string     `json:"channel"`
	TS          string     `json:"ts"`
	ThreadTS    string     `json:"thread_ts,omitempty"` // of the message it replies to
	User        string     `json:"user"`
	BotID       string     `json:"bot_id,omitempty"`
	Username    string     `json:"username,omitempty"`
	Icon        string     `json:"icon_emoji,omitempty"`
	Subtype     string     `json:"subtype,omitempty"`
	Text        string     `json:"text"`
	Blocks      []any      `json:"blocks,omitempty"`
	Attachments []any      `json:"attachments,omitempty"`
	Metadata    object     `json:"metadata,omitempty"`
	Edited      *edit      `json:"edited,omitempty"`
	EphemeralTo string     `json:"ephemeral_to,omitempty"`
	Broadcast   bool       `json:"broadcast,omitempty"` // a reply that is shown in the channel as well
	Reactions   []reaction `json:"reactions,omitempty"`

	state json.RawMessage // as /sandbox/state shows it; nil when it must be made anew
}

// edit says who changed a message last, and when.
type edit struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// channel is a conversation with its messages in the order of their timestamps.
type channel struct {
	Channel
	messages []*message
	threads  map[string][]*message // replies by the timestamp of the message above them
}

// find gives the message with a timestamp, or nil.
func (c *channel) find(ts string) *message {
	i := sort.Search(len(c.messages), func(i int) bool { return !before(c.messages[i].TS, ts) })
	if i < len(c.messages) && c.messages[i].TS == ts {
		return c.messages[i]
	}
	return nil
}

func (c *channel) add(m *message) {
	i := len(c.messages)
	for i > 0 && before(m.TS, c.messages[i-1].TS) {
		i--
	}
	c.messages = slices.Insert(c.messages, i, m)
	if m.ThreadTS != "" {
		if c.threads == nil {
			c.threads = map[string][]*message{}
		}
		c.threads[m.ThreadTS] = append(c.threads[m.ThreadTS], m)
	}
}

func (c *channel) remove(gone *message) {
	is := func(m *message) bool { return m == gone }
	c.messages = slices.DeleteFunc(c.messages, is)
	if gone.ThreadTS != "" {
		c.threads[gone.ThreadTS] = slices.DeleteFunc(c.threads[gone.ThreadTS], is)
	}
}

// replies lists what was said in the thread below a message, ephemerals aside.
func (c *channel) replies(ts string) []*message {
	var out []*message
	for _, m := range c.threads[ts] {
		if m.EphemeralTo == "" {
			out = append(out, m)
		}
	}
	return out
}

func (c *channel) has(user string) bool { return slices.Contains(c.Members, user) }

// before compares two timestamps of the form seconds.micros by time.
func before(a, b string) bool { return micros(a) < micros(b) }

// micros reads a timestamp as microseconds since 1970; what cannot be read is 0.
func micros(ts string) int64 {
	whole, fraction, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || s > 1<<42 || s < 0 {
		return 0
	}
	us, err := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
	if err != nil {
		return 0
	}
	return s*1_000_000 + us
}

// nextTS gives a timestamp by business time that no message has had.
func (w *Workspace) nextTS() string {
	w.lastTS = max(w.opts.Clock().UnixMicro(), w.lastTS+1)
	return fmt.Sprintf("%d.%06d", w.lastTS/1_000_000, w.lastTS%1_000_000)
}

// newID makes an identifier such as V09ABCDEFGH.
func newID(prefix string) string { return prefix + "0" + rand.Text()[:9] }

// content is what somebody wants to have shown: the parts of a message that
// posting, updating and answering have in common. A part that was not given is nil.
type content struct {
	text        *string
	blocks      []any
	attachments []any
	metadata    object
	hasBlocks   bool
	hasAttached bool
	hasMetadata bool
}

// readContent reads and checks text, blocks, attachments and metadata as Slack does.
func (w *Workspace) readContent(c *call) (content, error) {
	var out content
	if c.has("markdown_text") {
		if c.has("text") || c.has("blocks") {
			return out, slackErr("markdown_text_conflict")
		}
		source := c.str("markdown_text")
		if utf8.RuneCountInString(source) > 12000 {
			return out, slackErr("msg_too_long")
		}
		out.text, out.hasBlocks = &source, true
		out.blocks = []any{object{"type": "markdown", "text": source}}
	} else if v, ok := c.args["text"]; ok && v != nil {
		t := text(v)
		out.text = &t
		if utf8.RuneCountInString(t) > w.limits.Sizes.MessageText {
			return out, slackErr("msg_too_long")
		}
	}
	if err := w.readBlocks(c, &out); err != nil {
		return out, err
	}
	if err := w.readAttachments(c, &out); err != nil {
		return out, err
	}
	return out, w.readMetadata(c, &out)
}

func (w *Workspace) readBlocks(c *call, out *content) error {
	v, given, err := c.structured("blocks")
	if err != nil {
		return slackErr("invalid_blocks_format")
	}
	if !given {
		out.blocks = w.nameParts(out.blocks)
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return slackErr("invalid_blocks_format")
	}
	out.hasBlocks = true
	if n := len(list); n > w.limits.Sizes.MessageBlocks {
		return invalidBlocks([]string{fmt.Sprintf("[ERROR] no more than %d items allowed [json-pointer:/blocks]", w.limits.Sizes.MessageBlocks)})
	}
	if problems := w.schema.checkBlocks(surfaceMessage, "/blocks", list); len(problems) > 0 {
		return invalidBlocks(problems)
	}
	if textSize(list) > w.limits.Sizes.AllBlockText {
		return slackErr("msg_blocks_too_long")
	}
	out.blocks = w.nameParts(list)
	return nil
}

func (w *Workspace) readAttachments(c *call, out *content) error {
	v, given, err := c.structured("attachments")
	if err != nil {
		return slackErr("invalid_attachments")
	}
	if !given {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		return slackErr("invalid_attachments")
	}
	if len(list) > w.limits.Sizes.Attachments {
		return slackErr("too_many_attachments")
	}
	out.hasAttached = true
	for i, item := range list {
		attachment, ok := item.(object)
		if !ok {
			return slackErr("invalid_attachments")
		}
		blocks, _ := attachment["blocks"].([]any)
		if problems := w.schema.checkBlocks(surfaceMessage, fmt.Sprintf("/attachments/%d/blocks", i), blocks); len(problems) > 0 {
			return invalidBlocks(problems)
		}
		attachment["id"] = i + 1
		attachment["blocks"] = w.nameParts(blocks)
		if len(blocks) == 0 {
			delete(attachment, "blocks")
		}
	}
	out.attachments = list
	return nil
}

func (w *Workspace) readMetadata(c *call, out *content) error {
	v, given, err := c.structured("metadata")
	if err != nil {
		return slackErr("invalid_metadata_format")
	}
	if !given {
		return nil
	}
	fields, ok := v.(object)
	if !ok {
		return slackErr("invalid_metadata_format")
	}
	out.hasMetadata = true
	if len(fields) == 0 {
		return nil
	}
	kind, isText := fields["event_type"].(string)
	payload, isObject := fields["event_payload"].(object)
	if !isText || kind == "" || !isObject {
		if _, workObject := fields["entities"]; !workObject {
			return slackErr("invalid_metadata_schema")
		}
	}
	data, err := json.Marshal(payload)
	if err != nil {
		return slackErr("invalid_metadata_format")
	}
	if len(data) > w.limits.Sizes.MetadataBytes {
		return slackErr("metadata_too_large")
	}
	out.metadata = fields
	return nil
}

// empty tells whether there is nothing to show.
func (c content) empty() bool {
	return (c.text == nil || strings.TrimSpace(*c.text) == "") && len(c.blocks) == 0 && len(c.attachments) == 0
}

// put writes the content into a message; parts that were not given stay as they are.
func (c content) put(m *message) {
	if c.text != nil {
		m.Text = *c.text
	}
	if c.hasBlocks {
		m.Blocks = c.blocks
	}
	if c.hasAttached {
		m.Attachments = c.attachments
	}
	if c.hasMetadata {
		m.Metadata = c.metadata
	}
}

func invalidBlocks(problems []string) error {
	plain := make([]string, len(problems))
	for i, p := range problems {
		plain[i] = strings.TrimPrefix(p, "[ERROR] ")
	}
	return &slackError{"invalid_blocks", object{"errors": plain, "response_metadata": object{"messages": problems}}}
}

// shownFields are the fields of blocks whose text people read.
var shownFields = []string{"text", "title", "label", "name", "alt_text", "caption", "x_label", "y_label", "author_name", "categories"}

// textSize counts the characters that people read in blocks.
func textSize(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += textSize(item)
		}
	case object:
		for key, item := range v {
			if s, ok := item.(string); ok {
				if slices.Contains(shownFields, key) {
					n += utf8.RuneCountInString(s)
				}
				continue
			}
			if list, ok := item.([]any); ok && key == "categories" {
				for _, name := range list {
					n += utf8.RuneCountInString(text(name))
				}
			}
			n += textSize(item)
		}
	}
	return n
}

// nameParts gives every block a block_id and every interactive element an
// action_id where the app gave none, as Slack does.
func (w *Workspace) nameParts(blocks []any) []any {
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case object:
			kind, _ := v["type"].(string)
			if form := w.schema.Elements[kind]; form != nil && form.Interactive && text(v["action_id"]) == "" {
				v["action_id"] = rand.Text()[:5]
			}
			for key, item := range v {
				if key == "blocks" || key == "elements" || key == "accessory" || key == "element" || key == "actions" ||
					key == "child_blocks" || key == "rows" || key == "items" || key == "block" {
					walk(item)
				}
			}
			if w.schema.Blocks[kind] != nil && w.schema.Elements[kind] == nil && text(v["block_id"]) == "" {
				v["block_id"] = rand.Text()[:5]
			}
		}
	}
	walk(blocks)
	for _, b := range blocks {
		if block, ok := b.(object); ok && text(block["block_id"]) == "" {
			block["block_id"] = rand.Text()[:5]
		}
	}
	return blocks
}
