package slackapp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// A direct message, the list of the morning or a line of news, is drawn once and
// not again when its runs move on. So what is pressed in one is also the time to
// take away its buttons that have nothing left to do, and to say what came instead.
const (
	directFirst = 50 * time.Millisecond // until the first look at what came of a click; doubled with each
	directLast  = time.Second           // the longest pause between two looks
)

// tidyDirect brings the message in which somebody pressed a button up to date, if
// it is a direct one. What was pressed is worked meanwhile, so it looks a few times.
func (a *App) tidyDirect(ctx context.Context, c *caller, cb *slack.InteractionCallback, run string) {
	if c.Person == nil || !isList(cb) || a.isCard(ctx, cb, run) {
		return
	}
	a.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CallTimeout)
		defer cancel()
		for pause := directFirst; pause <= directLast; pause *= 2 {
			timer := time.NewTimer(pause)
			<-timer.C
			done, err := a.redrawDirect(ctx, c, cb, run)
			if err != nil {
				a.o.Logger.Warn("a direct message could not be brought up to date", "run", run, "error", err)
			}
			if done || err != nil {
				return
			}
		}
	})
}

// isList reports whether something was pressed in a direct message that has nothing
// but lines and buttons.
func isList(cb *slack.InteractionCallback) bool {
	if !strings.HasPrefix(cb.Channel.ID, "D") || cb.Container.IsEphemeral || cb.Message.Timestamp == "" {
		return false
	}
	for _, b := range cb.Message.Blocks.BlockSet {
		switch b.(type) {
		case *slack.SectionBlock, *slack.ActionBlock, *slack.ContextBlock:
		default:
			return false
		}
	}
	return true
}

// isCard reports whether what was pressed is in the run's card, which is drawn anew
// when the run moves.
func (a *App) isCard(ctx context.Context, cb *slack.InteractionCallback, run string) bool {
	if key, _ := cb.Message.Metadata.EventPayload["key"].(string); strings.HasSuffix(key, "/card") {
		return true
	}
	link := a.link(ctx, run)
	return link != "" && link == a.o.Directory.Permalink(cb.Channel.ID, cb.Message.Timestamp)
}

// redrawDirect edits the message, once there is something to say of the run whose
// button was pressed.
func (a *App) redrawDirect(ctx context.Context, c *caller, cb *slack.InteractionCallback, run string) (done bool, err error) {
	blocks := make([]slack.Block, 0, len(cb.Message.Blocks.BlockSet))
	for _, b := range cb.Message.Blocks.BlockSet {
		row, ok := b.(*slack.ActionBlock)
		if !ok {
			blocks = append(blocks, b)
			continue
		}
		ref, ok := cards.RowRef(row)
		if !ok {
			blocks = append(blocks, b)
			continue
		}
		said, err := a.settled(ctx, c, ref)
		if err != nil {
			return false, err
		}
		if said == "" {
			blocks = append(blocks, b)
			continue
		}
		done = done || ref.Run == run
		blocks = append(blocks, cards.Settled(said))
	}
	if !done {
		return false, nil
	}
	_, _, _, err = a.api.UpdateMessageContext(ctx, cb.Channel.ID, cb.Message.Timestamp,
		slack.MsgOptionText(cb.Message.Text, false), slack.MsgOptionBlocks(blocks...))
	if err != nil {
		return false, fmt.Errorf("edit it: %w", err)
	}
	return true, nil
}

// settled says what came of what a row of buttons asks for; "" while it is open.
func (a *App) settled(ctx context.Context, c *caller, ref cards.Ref) (string, error) {
	run, s, err := a.run(ctx, c, ref.Run)
	if err != nil {
		return "", err
	}
	if run == nil {
		return c.voice.Say("click.gone", nil), nil
	}
	if d := decided(s, ref.Visit, c.ID, nil); d != nil {
		if second, other := run.Second(); second != nil && second.N == ref.Visit && other == c.ID {
			return "", nil // the other one's answer; theirs is still asked for
		}
		return c.voice.Say(d.id("dm.", c.ID), d.args(c, s)), nil
	}
	switch visit := run.Current(); {
	case !run.Open() || run.Ending():
		return c.voice.Say("dm.ended", s.RefusalArgs(&playbooks.Refusal{Args: map[string]any{"outcome": run.Outcome}})), nil
	case visit == nil || visit.N != ref.Visit:
		return c.voice.Say("dm.moved_on", nil), nil
	}
	return "", nil
}
