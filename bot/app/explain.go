package app

import (
	"context"
	"strings"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/rules"
)

// explain says in words why a playbook does or does not start for an account, with the sentences of /cs why.
func (b *Bot) explain(ctx context.Context, account, playbook, lang string, at time.Time) (string, error) {
	if at.IsZero() {
		at = b.clock.Now()
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
