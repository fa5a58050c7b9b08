package app

import (
	"context"
	"html"
	"strings"
	"time"

	"playcaller/bot/slackapp/cards"
)

// explain says in words why a playbook does or does not start for an account, with the sentences of /cs why.
func (b *Bot) explain(_ context.Context, account, playbook, lang string, at time.Time) (string, error) {
	if at.IsZero() {
		at = b.clock.Now()
	}
	decisions, err := b.worker.Explain(account, playbook, at)
	if err != nil {
		return "", err
	}
	zone := time.UTC
	v := cards.NewTexts().In(lang, zone)
	lines := []string{account + " · " + cards.PlaybookTitle(v, b.book, playbook)}
	if len(decisions) == 0 {
		lines = append(lines, v.Say("why.none", nil))
	}
	for _, d := range decisions {
		if d.Subject != "" {
			lines = append(lines, d.Subject)
		}
		lines = append(lines, cards.Decision(v, d))
		lines = append(lines, cards.Clauses(v, d.Clauses)...)
		for _, m := range d.Missing {
			lines = append(lines, "? "+m)
		}
	}
	return html.UnescapeString(strings.Join(lines, "\n")), nil
}
