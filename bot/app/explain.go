package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks/words"
	"playcaller/rules"
	"playcaller/store"
)

// present is how near to now a time counts as the present.
const present = time.Minute

// explain says in words why a playbook does or does not start for an account, with the sentences of /cs why. For a time that
// is over it goes by what was recorded then, as far as that was.
func (b *Bot) explain(ctx context.Context, account, playbook, lang string, at time.Time) (string, error) {
	now := b.clock.Now()
	if at.IsZero() || at.Sub(now).Abs() < present {
		at = now
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
	e := &explanation{bot: b, at: at, now: now, scene: cards.WhyScene{Account: facts.Account(), Book: b.worker.Present(), Playbook: playbook,
		Facts: facts, Voice: cards.NewTexts().In(lang, zone), At: at}}
	if err := e.read(ctx); err != nil {
		return "", err
	}
	if len(decisions) == 0 {
		decisions = []rules.Decision{{}}
	}
	var lines []string
	for i, d := range decisions {
		if len(decisions) > 1 {
			lines = append(lines, "["+d.Subject+"]")
		}
		lines = append(lines, e.of(ctx, d, i == len(decisions)-1)...)
	}
	return strings.Join(lines, "\n"), nil
}

// An explanation is one being made.
type explanation struct {
	bot     *Bot
	at, now time.Time
	scene   cards.WhyScene
	runs    []store.Run      // of the playbook and account
	records []store.Decision // likewise, newest first
}

// mostRecords bounds how far back decisions are looked through; a rule decides a few times a month.
const mostRecords = 1000

// read reads what was recorded.
func (e *explanation) read(ctx context.Context) error {
	docs, err := e.bot.records.Runs.Find(ctx, store.Query{Field: "account", Equal: e.scene.Account.ID})
	if err != nil {
		return err
	}
	e.runs = slices.DeleteFunc(values(docs), func(r store.Run) bool { return r.Playbook != e.scene.Playbook })
	slices.SortFunc(e.runs, func(a, b store.Run) int {
		return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.ID, b.ID))
	})
	if e.past() {
		e.records, err = e.bot.reads.decisions(ctx, e.scene.Account.ID, e.scene.Playbook, mostRecords)
	}
	return err
}

func (e *explanation) past() bool { return e.at.Before(e.now) }

// of explains where one subject stands or stood. last is whether the notes follow.
func (e *explanation) of(ctx context.Context, d rules.Decision, last bool) []string {
	w := e.scene
	w.Facts.ForContract(d.Subject)
	w.Plays, w.Drafted = e.plays(ctx, d.Subject)
	if d.Outcome != "" {
		w.Decisions = []rules.Decision{d}
	}
	if !e.past() {
		if last && e.at.After(e.now) {
			w.Notes = []string{w.Voice.Say("why.at.future", nil)}
		}
		return cards.WhyLines(w)
	}
	if last {
		w.Notes = []string{w.Voice.Say("why.at.past", nil)}
	}
	if d.Outcome == "" { // nothing but people and other playbooks start it
		return cards.WhyLines(w)
	}
	args := words.Args{"at": w.Voice.Moment(e.at)}
	i := slices.IndexFunc(e.records, func(r store.Decision) bool { return r.Subject == d.Subject && !r.At.After(e.at) })
	if i >= 0 {
		then := e.records[i].Decision
		args["at"] = w.Voice.Moment(then.At)
		w.Say = func(said string) string {
			args["said"] = said
			return w.Voice.Say("why.at.recorded", args)
		}
		then.Clauses = d.Clauses
		w.Decisions = []rules.Decision{then}
		return cards.WhyLines(w)
	}
	holds := w.Book.Playbooks[w.Playbook].Rule.When.Truth(w.Facts)
	args["said"] = w.Voice.Say("why.at."+holds.String(), nil)
	w.Say = func(string) string { return w.Voice.Say("why.at.unrecorded", args) }
	w.Decisions[0].Outcome = map[rules.Truth]rules.Outcome{rules.False: rules.Quiet, rules.Unknown: rules.Unknowable}[holds] // for what it needs
	return cards.WhyLines(w)
}

// plays returns the plays of a subject that are or were open, and what drafts would have told by then.
func (e *explanation) plays(ctx context.Context, subject string) (open []*cards.Scene, drafted []cards.DraftLine) {
	for i := range e.runs {
		r := &e.runs[i]
		if r.Subject != subject {
			continue
		}
		book, err := e.bot.worker.Book(ctx, r.Book)
		if err != nil { // one that is not kept any more
			book = e.scene.Book
		}
		s := &cards.Scene{Run: &r.Run, Account: e.scene.Account, Book: book, Team: e.bot.worker.Team(e.scene.Book), Now: e.at, Voice: e.scene.Voice}
		for _, d := range slices.Backward(r.Drafted) {
			if !d.At.After(e.at) && len(drafted) < 5 {
				drafted = append(drafted, cards.DraftLine{Scene: s, At: d.At, Visit: d.Visit, What: d.What, To: d.To})
			}
		}
		then, ok := &r.Run, r.Open()
		if e.past() {
			then, ok = cards.AsAt(&r.Run, e.at)
		}
		if ok {
			one := *s
			one.Run = then
			open = append(open, &one)
		}
	}
	return open, drafted
}

// meant returns the id of the account that somebody named by its id, its name or a part of it.
func (b *Bot) meant(ctx context.Context, account string) (string, error) {
	_, err := b.reads.look(ctx, account)
	if !errors.Is(err, store.ErrNotFound) {
		return account, err
	}
	found, err := forSlack{b.reads}.FindAccounts(ctx, account, "", 10)
	if err != nil {
		return account, err
	}
	var names []string
	for _, a := range found {
		if len(found) == 1 || strings.EqualFold(a.Name, account) {
			return a.ID, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", cmp.Or(a.Name, a.ID), a.ID))
	}
	if len(names) > 0 {
		return account, notFound(fmt.Sprintf("several accounts match %q: %s; give the id of one", account, strings.Join(names, ", ")))
	}
	return account, notFound(fmt.Sprintf("no account is called %q; give its id, its name or a part of it", account))
}

// notFound says what is not there and what to do. It is store.ErrNotFound.
type notFound string

func (n notFound) Error() string { return string(n) }

// Is implements errors.Is.
func (n notFound) Is(target error) bool { return target == store.ErrNotFound }
