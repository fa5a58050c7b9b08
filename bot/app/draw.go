package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/bot/sender"
	"playcaller/bot/slackapp"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/store"
)

// drawer makes Slack messages of what the worker wants to be sent.
type drawer struct {
	records   store.Records
	painter   *slackapp.Painter
	directory *slackapp.Directory
	reads     forSlack
	texts     *cards.Texts
}

// draw implements worker.Draw.
func (d *drawer) draw(ctx context.Context, channel string, out store.Outgoing) (sender.Item, bool, error) {
	item := sender.Item{Key: out.Key, Run: out.Run, Version: out.Version, Kind: sender.Post, Channel: channel,
		Uncertain: out.Uncertain, Since: out.At}
	if person, ok := strings.CutPrefix(channel, "dm:"); ok {
		id, err := d.directory.DirectID(ctx, person)
		if err != nil {
			return item, false, err
		}
		item.Channel = id
	}
	m, ok, err := d.message(ctx, out, &item)
	if err != nil || !ok {
		return item, false, err
	}
	item.Text, item.Blocks = m.Text, slack.Blocks{BlockSet: m.Blocks}
	return item, true, nil
}

// message draws the content, and says how the item is to be sent.
func (d *drawer) message(ctx context.Context, out store.Outgoing, item *sender.Item) (cards.Message, bool, error) {
	switch out.Kind {
	case "lines":
		return d.lines(ctx, out)
	case "group":
		return d.group(ctx, out, item)
	case worker.FeedStopped, worker.FeedBack:
		return d.feed(ctx, out)
	case "parked", "storm", worker.OpsListed, opsAsk, opsBook:
		return d.forOps(ctx, out)
	}
	doc, err := d.records.Runs.Get(ctx, out.Run)
	if errors.Is(err, store.ErrNotFound) {
		return cards.Message{}, false, nil
	}
	if err != nil {
		return cards.Message{}, false, err
	}
	run := &doc.Value.Run
	switch out.Kind {
	case "card":
		item.Version, item.Since = run.Version, run.Began
		if item.TS = firstOf(out.Sent.TS, doc.Value.Card.TS); item.TS != "" || out.Handed {
			item.Kind, item.Uncertain = sender.Update, false
		}
		m, err := d.painter.Card(ctx, run)
		return m, err == nil, err
	case "log":
		item.Kind, item.ThreadKey = sender.Thread, out.Run+"/card"
		item.TS = firstOf(out.Parent.TS, doc.Value.Card.TS)
		return d.painter.Log(ctx, run, out.From, min(out.To, len(run.Log)))
	case "say":
		m, err := d.painter.Say(ctx, run, *out.Effect)
		return m, err == nil, err
	}
	return cards.Message{}, false, fmt.Errorf("nobody knows how to draw %q", out.Kind)
}

// lines draws a direct message: what a person is to be told, or in the morning the list of their day.
func (d *drawer) lines(ctx context.Context, out store.Outgoing) (cards.Message, bool, error) {
	posts := map[string]store.Post{}
	link := func(run string) string { return d.link(ctx, run, posts) }
	if out.Digest {
		runs, err := d.reads.OpenRuns(ctx, out.Person)
		if err != nil {
			return cards.Message{}, false, err
		}
		if m, ok, err := d.painter.Digest(ctx, out.Person, runs, link); ok || err != nil {
			return m, ok, err
		}
	}
	var nudges []slackapp.Nudge
	for _, l := range out.Lines {
		doc, err := d.records.Runs.Get(ctx, l.Run)
		if errors.Is(err, store.ErrNotFound) {
			continue // the other lines are still news
		}
		if err != nil {
			return cards.Message{}, false, err
		}
		posts[l.Run] = doc.Value.Card
		nudges = append(nudges, slackapp.Nudge{Run: &doc.Value.Run,
			Effect: playbooks.Effect{Key: l.Key, Kind: playbooks.Nudge, Person: out.Person, Visit: l.Visit, What: l.What, Args: l.Args}})
	}
	if len(nudges) == 0 {
		return cards.Message{}, false, nil
	}
	m, err := d.painter.Nudge(ctx, out.Person, nudges, link)
	return m, err == nil, err
}

// link returns the address of a run's card, or "" where it has none yet.
func (d *drawer) link(ctx context.Context, run string, posts map[string]store.Post) string {
	p, ok := posts[run]
	if !ok {
		doc, err := d.records.Runs.Get(ctx, run)
		if err != nil {
			return "" // a line without a link is better than no line
		}
		p = doc.Value.Card
	}
	return d.directory.Permalink(p.Channel, p.TS)
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
