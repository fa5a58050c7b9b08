package cards

import (
	"encoding/json"
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
	return blocks
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
