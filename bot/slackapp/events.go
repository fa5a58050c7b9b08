package slackapp

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"playcaller/bot/inbox"
	"playcaller/bot/sender"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// An event is one of the Events API.
type event struct {
	ID    string // the same for every repetition
	Inner any    // a pointer to one of the types of slackevents
}

// onEvent works an event once, however often it is delivered. A repetition may
// be the only delivery that arrives, so none is dropped for being one.
func (a *App) onEvent(ctx context.Context, d delivery) error {
	if d.event.ID != "" && !a.seen.add(d.event.ID) {
		a.duplicates.Add(1)
		return d.ack(nil)
	}
	switch e := d.event.Inner.(type) {
	case *slackevents.AppHomeOpenedEvent:
		if err := d.ack(nil); err != nil || e.Tab != "home" {
			return err
		}
		return a.openHome(ctx, e.User)
	case *slackevents.MessageEvent:
		if err := a.onMessage(ctx, d, e); err != nil {
			a.seen.forget(d.event.ID)
			return err
		}
		return nil
	}
	return d.ack(nil)
}

// onMessage takes an answer that sales writes into the thread of a handoff which
// was asked back. Everything else that people write is theirs.
func (a *App) onMessage(ctx context.Context, d delivery, e *slackevents.MessageEvent) error {
	text := strings.TrimSpace(e.Text)
	if e.ThreadTimeStamp == "" || e.BotID != "" || e.SubType != "" || text == "" {
		return d.ack(nil)
	}
	c, err := a.who(ctx, e.User)
	if err != nil || c.Person == nil {
		return firstError(err, d.ack)
	}
	asked, err := a.askedBack(ctx, c.ID)
	if err != nil || len(asked) == 0 {
		return firstError(err, d.ack)
	}
	run, err := a.runOfThread(ctx, e, asked)
	if err != nil || run == nil {
		return firstError(err, d.ack)
	}
	s := &cards.Scene{Run: run, Team: c.team, Voice: c.voice, Now: a.o.Clock.Now()}
	if s.Book, err = a.o.Reads.Book(ctx, run.Book); err != nil {
		return fmt.Errorf("read the book of run %s: %w", run.ID, err)
	}
	reply := playbooks.Event{Kind: playbooks.Replied, At: a.o.Clock.Now(), By: c.ID, Run: run.ID,
		Visit: run.Current().N, Text: unescape(text)}
	if check(c, s, reply) != nil {
		return d.ack(nil)
	}
	made, err := inbox.Run(run.Account, reply)
	if err := a.publish(ctx, "event/"+d.event.ID, made, err); err != nil {
		return err
	}
	return d.ack(nil)
}

func firstError(err error, ack func(any) error) error {
	if err != nil {
		return err
	}
	return ack(nil)
}

// unescape turns a message's text back into what was typed.
func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// askedBack returns the person's handoffs that wait for an answer of theirs.
func (a *App) askedBack(ctx context.Context, person string) ([]*playbooks.Run, error) {
	runs, err := a.o.Reads.OpenRuns(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("read the runs of %s: %w", person, err)
	}
	var asked []*playbooks.Run
	for _, r := range runs {
		if r.Handoff != nil && r.Handoff.State == playbooks.HandoffAskedBack && r.Handoff.Turn == person && r.Current() != nil {
			asked = append(asked, r)
		}
	}
	return asked, nil
}

// runOfThread returns which of the runs a thread belongs to: the one named by the
// metadata of its first message; in a direct message, the only one there is.
func (a *App) runOfThread(ctx context.Context, e *slackevents.MessageEvent, runs []*playbooks.Run) (*playbooks.Run, error) {
	messages, _, _, err := a.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: e.Channel, Timestamp: e.ThreadTimeStamp, Limit: 1, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, fmt.Errorf("look at the thread of a reply: %w", err)
	}
	if len(messages) == 0 || messages[0].Metadata.EventType != sender.MetadataType {
		return nil, nil
	}
	id, _ := messages[0].Metadata.EventPayload["run"].(string)
	for _, r := range runs {
		if r.ID == id {
			return r, nil
		}
	}
	if id == "" && len(runs) == 1 && strings.HasPrefix(e.Channel, "D") {
		return runs[0], nil
	}
	return nil, nil
}
