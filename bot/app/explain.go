package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/rules"
	"playcaller/store"
)

// explain says in words why a playbook does or does not start for an account, with the sentences of /cs why.
func (b *Bot) explain(ctx context.Context, account, playbook, lang string, at time.Time) (string, error) {
	if at.IsZero() {
		at = b.clock.Now()
	}
	account, err := b.meant(ctx, account)
	if err != nil {
		return "", err
	}
	decisions, err := b.worker.Explain(account, playbook, at)
	if err != nil {
		return "", err
	}
	facts, err := forSlack{b.reads}.Facts(ctx, account, "", at)
	if err != nil {
		return "", err
	}
	zone, err := facts.Account().Location()
	if err != nil {
		zone = time.UTC
	}
	w := cards.WhyScene{Account: facts.Account(), Book: b.worker.Present(), Playbook: playbook, Facts: facts, Voice: cards.NewTexts().In(lang, zone)}
	if len(decisions) == 0 {
		return strings.Join(cards.WhyLines(w), "\n"), nil
	}
	var lines []string
	for _, d := range decisions {
		facts.ForContract(d.Subject)
		if d.Subject != "" {
			lines = append(lines, d.Subject)
		}
		w.Decisions = []rules.Decision{d}
		lines = append(lines, cards.WhyLines(w)...)
	}
	return strings.Join(lines, "\n"), nil
}

// meant returns the id of the account that somebody named by its id or its name. One that is not known is returned as it is.
func (b *Bot) meant(ctx context.Context, account string) (string, error) {
	_, err := b.reads.look(ctx, account)
	if !errors.Is(err, store.ErrNotFound) {
		return account, err
	}
	found, err := forSlack{b.reads}.FindAccounts(ctx, account, "", 10)
	if err != nil {
		return account, err
	}
	for _, a := range found {
		if len(found) == 1 || strings.EqualFold(a.Name, account) {
			return a.ID, nil
		}
	}
	return account, nil
}
