package app

import (
	"context"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks/words"
	"playcaller/store"
)

// feed draws what CS Ops are told of a feed that has stopped, or is back.
func (d *drawer) feed(ctx context.Context, out store.Outgoing) (cards.Message, bool, error) {
	book, err := d.reads.Book(ctx, "")
	if err != nil {
		return cards.Message{}, false, err
	}
	lang, zone := d.opsSpeak(ctx, book)
	v := d.texts.In(lang, zone)
	title := out.Text
	if def := book.Signal(out.Text); def != nil && def.Title[lang] != "" {
		title = def.Title[lang]
	}
	args := words.Args{"title": cards.Escape(title), "signal": out.Text, "since": v.When(out.Began), "until": v.When(out.At)}
	id := "ops.feed_stopped"
	if out.Kind == worker.FeedBack {
		id = "ops.feed_back"
	}
	return cards.Plain(v.Say(id, args)), true, nil
}
