package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
	"playcaller/store"
)

// The kinds of messages to CS Ops that this package makes; store.Outgoing.Body holds what they are about.
const (
	opsAsk  = "ask"  // a cards.OpsAsk
	opsBook = "book" // a cards.BookNews
)

// tellOps gives CS Ops a message whose content is kept with it.
func (b *Bot) tellOps(ctx context.Context, key, kind string, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return b.worker.Tell(ctx, store.Outgoing{Key: key, Kind: kind, Body: body})
}

// opsSpeak returns the language and the time zone of whoever plays CS Ops; English and UTC where nobody does.
func (d *drawer) opsSpeak(ctx context.Context, book *playbooks.Book) (lang string, zone *time.Location) {
	for _, role := range []string{"ops", "cs_ops"} {
		if p := book.Team.Resolve(role, nil, "", 0); p != nil {
			return d.directory.Language(ctx, p.ID), p.Location
		}
	}
	return "en", time.UTC
}

// forOps draws what the bot tells CS Ops, in the language of whoever plays that role.
func (d *drawer) forOps(ctx context.Context, out store.Outgoing) (cards.Message, bool, error) {
	book, err := d.reads.Book(ctx, "")
	if err != nil {
		return cards.Message{}, false, err
	}
	v := d.texts.In(d.opsSpeak(ctx, book))
	switch out.Kind {
	case "storm":
		return cards.Storm(v, book, out.Text, out.Limit), true, nil
	case worker.OpsListed:
		listed, err := d.reads.worker.Listed(ctx, out.Text)
		if err != nil {
			return cards.Message{}, false, err
		}
		all := make([]cards.OpsAccount, len(listed))
		for i, l := range listed {
			all[i] = cards.OpsAccount{ID: l.Account, Name: l.Name, Subject: l.Subject, Person: l.Owner}
		}
		return cards.ListedAccounts(v, book, out.Text, all), true, nil
	case opsAsk:
		var ask cards.OpsAsk
		if err := json.Unmarshal(out.Body, &ask); err != nil {
			return cards.Message{}, false, err
		}
		return cards.AskOps(v, book, ask), true, nil
	case opsBook:
		var news cards.BookNews
		if err := json.Unmarshal(out.Body, &news); err != nil {
			return cards.Message{}, false, err
		}
		return cards.News(v, book.Team, news), true, nil
	}
	return cards.Plain(v.Say("ops.parked", words.Args{"key": cards.Escape(out.Text), "reason": cards.Escape(out.Why)})), true, nil
}

// forOps answers what CS Ops ask of the book.
type forOps struct{ bot *Bot }

// InUse implements slackapp.OpsReads.
func (o forOps) InUse(ctx context.Context) (cards.InUse, error) {
	b := o.bot
	book := b.worker.Present()
	in := cards.InUse{Hash: book.Hash, Dir: b.config.Book, Trouble: b.watch.trouble(), Uncalled: unconfigured(book, b.hooks)}
	d, err := b.records.Books.Get(ctx, book.Hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return in, err
	}
	in.Since = d.Value.Since
	if in.Storms, in.Paused, err = b.worker.Held(ctx); err != nil {
		return in, err
	}
	in.Older, err = b.older(ctx, book)
	return in, err
}

// older returns the open runs whose playbook has another text in a book than in the one that they began with.
func (b *Bot) older(ctx context.Context, book *playbooks.Book) ([]cards.OlderRuns, error) {
	by := map[string]*cards.OlderRuns{}
	for d, err := range b.records.Runs.All(ctx, store.Query{Field: "open"}) {
		if err != nil {
			return nil, err
		}
		r := &d.Value
		if r.Book == book.Hash || sameText(ctx, b.worker, r, book) {
			continue
		}
		of := by[r.Playbook]
		if of == nil {
			of = &cards.OlderRuns{Playbook: r.Playbook, Gone: book.Playbooks[r.Playbook] == nil}
			by[r.Playbook] = of
		}
		one := cards.OlderRun{ID: r.ID, Account: cards.OpsAccount{ID: r.Account, Subject: r.Subject, Person: r.Assignee}, Step: r.Step}
		one.Began, _ = b.worker.Book(ctx, r.Book) // without it the step is told by its id
		b.worker.View(r.Account, func(v *store.Account, _ *rules.History, _ *playbooks.Book) { one.Account.Name = v.Account.Name })
		_, one.Stays = r.MoveTo(book, playbooks.Event{At: b.clock.Now()})
		of.Runs = append(of.Runs, one)
	}
	var all []cards.OlderRuns
	for _, name := range slices.Sorted(maps.Keys(by)) {
		slices.SortFunc(by[name].Runs, func(x, y cards.OlderRun) int { return bytes.Compare([]byte(x.ID), []byte(y.ID)) })
		all = append(all, *by[name])
	}
	return all, nil
}

// sameText reports whether the playbook of a run reads in a book as in the one that the run began with.
func sameText(ctx context.Context, w *worker.Worker, r *store.Run, book *playbooks.Book) bool {
	began, err := w.Book(ctx, r.Book)
	if err != nil {
		return false // it cannot be played any more
	}
	was, is := began.Playbooks[r.Playbook], book.Playbooks[r.Playbook]
	return was != nil && is != nil && bytes.Equal(began.Files[was.File], book.Files[is.File])
}

// Open implements slackapp.OpsReads. What a draft plays in silence is not counted.
func (o forOps) Open(ctx context.Context, playbook string) (int, error) {
	n := 0
	for d, err := range o.bot.records.Runs.All(ctx, store.Query{Field: "open"}) {
		if err != nil {
			return 0, err
		}
		if r := &d.Value; r.Playbook == playbook && r.Open() && !r.Draft {
			n++
		}
	}
	return n, nil
}

// Standing implements slackapp.OpsReads.
func (o forOps) Standing(ctx context.Context, account, playbook, subject string) (until time.Time, open bool, err error) {
	s, err := o.bot.reads.look(ctx, account)
	if err != nil {
		return until, false, err
	}
	for _, key := range []string{"", playbook} {
		if at := s.doc.Snoozes[key].Until; at.After(until) {
			until = at
		}
	}
	runs, err := o.bot.records.Runs.Find(ctx, store.Query{Field: "open", Equal: account})
	for _, d := range runs {
		open = open || d.Value.Playbook == playbook && d.Value.Subject == subject
	}
	return until, open, err
}

// guard asks ops before a book starts more of a playbook than its limit at once: the playbook is held back in every
// partition. It returns what is to be asked once the book is switched to.
func (b *Bot) guard(ctx context.Context, from, book *playbooks.Book) ([]cards.OpsAsk, error) {
	if from == nil || !worker.MayStorm(from, book) {
		return nil, nil
	}
	plan, err := b.worker.Plan(ctx, book, b.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("what the book would start: %w", err)
	}
	var asks []cards.OpsAsk
	texts := cards.NewTexts()
	for _, p := range plan.Playbooks {
		if !p.Asks {
			continue
		}
		ask := cards.OpsAsk{Playbook: p.Playbook, Limit: p.Limit, People: map[string]int{}, Titles: map[string]string{}}
		for _, lang := range []string{"en", "ja"} {
			ask.Titles[lang] = cards.PlaybookTitle(texts.In(lang, nil), book, p.Playbook)
		}
		for _, a := range p.Starts {
			ask.Accounts = append(ask.Accounts, cards.OpsAccount{ID: a.Account, Name: a.Name, Subject: a.Subject, Person: a.Person})
			if a.Person != "" {
				ask.People[a.Person]++
			}
		}
		asks = append(asks, ask)
	}
	return asks, nil
}
