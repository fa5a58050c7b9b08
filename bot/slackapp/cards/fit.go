package cards

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// Fit makes a message's blocks keep Slack's bounds: their number, and the
// characters of all together. What people must be able to press is kept; texts
// become shorter, the longest first.
func Fit(blocks []slack.Block) []slack.Block {
	if len(blocks) > maxMessageBlocks {
		last := blocks[len(blocks)-1]
		blocks = append(append([]slack.Block{}, blocks[:maxMessageBlocks-1]...), last)
	}
	for room := maxText / 2; size(blocks) > maxAllText && room > 20; room /= 2 {
		for _, b := range blocks {
			shorten(b, room)
		}
	}
	return distinct(blocks)
}

// distinct makes the ids of actions and their blocks unique within a message or a
// view, as Slack wants them: what appears a second time is numbered.
func distinct(blocks []slack.Block) []slack.Block {
	seen := map[string]int{}
	again := func(kind, id string) string {
		if id == "" {
			return id
		}
		if seen[kind+id]++; seen[kind+id] == 1 {
			return id
		}
		return id + numbered + strconv.Itoa(seen[kind+id])
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case *slack.ActionBlock:
			role, rest, _ := strings.Cut(b.BlockID, ":")
			if numberedID := again("block ", b.BlockID); numberedID != b.BlockID {
				b.BlockID = role + strings.TrimPrefix(numberedID, b.BlockID) + ":" + rest
			}
			for _, e := range b.Elements.ElementSet {
				rename(e, again)
			}
		case *slack.SectionBlock:
			if b.Accessory != nil && b.Accessory.ButtonElement != nil {
				rename(b.Accessory.ButtonElement, again)
			}
		}
	}
	return blocks
}

// rename gives an element that people press another action id.
func rename(e slack.BlockElement, again func(kind, id string) string) {
	switch e := e.(type) {
	case *slack.ButtonBlockElement:
		e.ActionID = again("action ", e.ActionID)
	case *slack.OverflowBlockElement:
		e.ActionID = again("action ", e.ActionID)
	case *slack.CheckboxGroupsBlockElement:
		e.ActionID = again("action ", e.ActionID)
	}
}

// size counts the characters of all blocks together, as Slack seems to: those of
// their JSON, which is never less.
func size(blocks []slack.Block) int {
	b, err := json.Marshal(slack.Blocks{BlockSet: blocks})
	if err != nil {
		return 0
	}
	return utf8.RuneCount(b)
}

// shorten cuts a block's texts to n characters each.
func shorten(b slack.Block, n int) {
	switch b := b.(type) {
	case *slack.SectionBlock:
		if b.Text != nil {
			b.Text.Text = Clip(b.Text.Text, n)
		}
		for _, f := range b.Fields {
			f.Text = Clip(f.Text, n)
		}
	case *slack.ContextBlock:
		for _, e := range b.ContextElements.Elements {
			if t, ok := e.(*slack.TextBlockObject); ok {
				t.Text = Clip(t.Text, n)
			}
		}
	}
}
