package app

import (
	"context"

	"playcaller/store"
)

// Accounts implements intake.Reads: those behind an id in the order of ids, with their series.
func (r forHTTP) Accounts(ctx context.Context, after string, limit int) ([]store.Account, error) {
	q := store.Query{Limit: limit}
	if after != "" {
		q.After = &store.Position{Key: after}
	}
	docs, err := r.records.Accounts.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	all := make([]store.Account, len(docs))
	for i, d := range docs {
		s, err := r.look(ctx, d.Key) // the store may be some seconds behind
		if err != nil {
			return nil, err
		}
		all[i] = s.doc
	}
	return all, nil
}
