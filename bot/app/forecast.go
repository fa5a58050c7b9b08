package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
	"playcaller/store"
)

// foreseen is how many weeks of history a changed book is played over in the sandbox, and at most how long that may take in
// real time before ops are told without it.
const (
	foreseen     = 8
	foreseenTime = 30 * time.Second
)

// forecast plays two books over the last weeks of every account's history, and says how many prompts a week each person
// would have got by either, rounded as a back-test tells it.
func forecast(ctx context.Context, w *worker.Worker, from, to *playbooks.Book, weeks int, now time.Time) ([]cards.PromptChange, error) {
	last := rules.DateOf(now.UTC()) - 1 // today is not over
	inputs := func(yield func(backtest.Input, error) bool) {
		var batch []backtest.Input
		err := w.Batches(ctx, func(v *store.Account, h *rules.History) {
			if v.Known {
				batch = append(batch, backtest.FromHistory(v.Account, h))
			}
		}, func() bool {
			for _, in := range batch {
				if !yield(in, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		})
		if err != nil {
			yield(backtest.Input{}, err)
		}
	}
	report, err := backtest.Run(ctx, to, inputs, backtest.Options{From: last - rules.Date(7*weeks) + 1, To: last, Against: from, Chance: -1})
	if err != nil {
		return nil, err
	}
	changes := []cards.PromptChange{}
	for _, p := range report.Against.People {
		was, is, _ := p.Told()
		changes = append(changes, cards.PromptChange{Person: p.Person, Names: p.Names, Before: was, After: is, Drafts: p.Once - p.After})
	}
	return changes, nil
}

// A PlanAnswer is a plan, and where that was asked for also what the book would have meant for people in the last weeks.
type PlanAnswer struct {
	worker.Plan
	Weeks   int                  `json:"weeks,omitempty"` // of history
	Prompts []cards.PromptChange `json:"prompts,omitempty"`
}

// answer makes a plan for a book, over so many weeks of history; none where 0.
func (b *Bot) answer(ctx context.Context, w *worker.Worker, book *playbooks.Book, weeks int, now time.Time) (a PlanAnswer, err error) {
	if a.Plan, err = w.Plan(ctx, book, now); err != nil {
		return a, err
	}
	if err := b.forgetSame(ctx, w, book, &a.Plan); err != nil || weeks == 0 {
		return a, err
	}
	from, err := w.Book(ctx, a.From)
	if err != nil {
		return a, err
	}
	a.Weeks = weeks
	a.Prompts, err = forecast(ctx, w, from, book, weeks, now)
	return a, err
}

// forgetSame drops from a plan the plays that keep no old version: their playbook reads in the book as when they began. A
// playbook of which nothing else is left is dropped too, where it is no other one.
func (b *Bot) forgetSame(ctx context.Context, w *worker.Worker, book *playbooks.Book, plan *worker.Plan) error {
	var failed error
	for i := range plan.Playbooks {
		of := &plan.Playbooks[i]
		of.Keeps = slices.DeleteFunc(of.Keeps, func(one worker.PlannedAccount) bool {
			r, err := b.records.Runs.Get(ctx, one.Run)
			if err != nil {
				failed = cmp.Or(failed, err)
				return false
			}
			return sameText(ctx, w, &r.Value, book)
		})
	}
	plan.Playbooks = slices.DeleteFunc(plan.Playbooks, func(p worker.PlannedPlaybook) bool {
		return p.Change == "" && len(p.Starts)+len(p.Listed)+len(p.Waits)+len(p.Lapses)+len(p.Held)+len(p.Unknown)+len(p.Resolves)+len(p.Keeps) == 0
	})
	return failed
}
