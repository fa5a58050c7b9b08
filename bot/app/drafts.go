package app

import (
	"context"
	"slices"

	"playcaller/bot/slackapp/cards"
	"playcaller/store"
)

// Drafts implements slackapp.OpsReads: what drafts would have told, of one playbook or of all of the book, the newest first.
func (r forOps) Drafts(ctx context.Context, playbook string, limit int) ([]cards.Drafted, error) {
	of := []string{playbook}
	if playbook == "" {
		of = nil
		for name, p := range r.bot.worker.Present().Playbooks {
			if p.Draft {
				of = append(of, name)
			}
		}
	}
	var all []cards.Drafted
	for _, name := range of {
		docs, err := r.bot.records.Runs.Find(ctx, store.Query{Field: "draft", From: name + "|", To: name + "}", Desc: true, Limit: 4 * limit})
		if err != nil {
			return nil, err
		}
		for i := range docs {
			for _, d := range slices.Backward(docs[i].Value.Drafted) {
				all = append(all, cards.Drafted{Run: &docs[i].Value.Run, At: d.At, Visit: d.Visit, What: d.What, To: d.To})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b cards.Drafted) int { return b.At.Compare(a.At) })
	return all[:min(len(all), limit)], nil
}
