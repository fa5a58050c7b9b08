package app

import (
	"context"
	"encoding/json"
	"time"

	"playcaller/bot/sender"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// group draws a message about many accounts, in the language of whoever has the first of them.
func (d *drawer) group(ctx context.Context, out store.Outgoing, item *sender.Item) (cards.Message, bool, error) {
	var told playbooks.GroupTold
	if err := json.Unmarshal(out.Body, &told); err != nil {
		return cards.Message{}, false, err
	}
	book, err := d.reads.Book(ctx, "")
	if err != nil {
		return cards.Message{}, false, err
	}
	team, err := d.reads.Team(ctx)
	if err != nil {
		return cards.Message{}, false, err
	}
	g := cards.GroupView{Book: book, Team: team, Playbook: out.Text, Told: &told}
	for _, id := range told.Accounts() {
		account, err := d.reads.Account(ctx, id)
		if err != nil {
			return cards.Message{}, false, err
		}
		g.Accounts = append(g.Accounts, account)
	}
	lang, zone := "en", time.UTC
	if first := g.Accounts[0]; first != nil {
		if p := team.Resolve("owner", first, "", rules.DateOf(told.At)); p != nil {
			lang, zone = d.directory.Language(ctx, p.ID), p.Location
		}
		if g.First, err = d.reads.Facts(ctx, first.ID, "", told.Members[0].At); err != nil {
			return cards.Message{}, false, err
		}
	}
	g.Voice = d.texts.In(lang, zone)
	if item.TS = out.Sent.TS; item.TS != "" || out.Handed {
		item.Kind, item.Uncertain = sender.Update, false
	}
	return cards.Group(g), true, nil
}
