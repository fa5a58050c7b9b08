package slackapp

import (
	"context"
	"fmt"

	"playcaller/bot/slackapp/cards"
)

// mostDrafts bounds how many would-be messages one answer lists.
const mostDrafts = 15

// draftCommand lists what drafts would have told, of one playbook or of all: "draft [PLAYBOOK]".
func (a *App) draftCommand(ctx context.Context, c *caller, fields []string) (cards.Message, error) {
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return cards.Message{}, fmt.Errorf("read the book: %w", err)
	}
	playbook := ""
	if len(fields) > 0 {
		if playbook = fields[0]; book.Playbooks[playbook] == nil {
			return text(c.noPlaybook(playbook, book)), nil
		}
	}
	drafts, err := a.o.Ops.Drafts(ctx, playbook, mostDrafts)
	if err != nil {
		return cards.Message{}, fmt.Errorf("read the drafts: %w", err)
	}
	var lines []cards.DraftLine
	for _, d := range drafts {
		s, err := a.painter.scene(ctx, d.Run, c.ID)
		if err != nil {
			return cards.Message{}, err
		}
		s.Voice = c.voice
		lines = append(lines, cards.DraftLine{Scene: s, At: d.At, Visit: d.Visit, What: d.What, To: d.To})
	}
	return cards.Drafts(c.voice, book, lines), nil
}
