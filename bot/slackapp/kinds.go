package slackapp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
)

// kindOrder is the order in which kinds of handoffs are offered.
var kindOrder = []string{newForm, "expansion", "tech_touch", "partner", "onboarding_to_csm", "csm_to_csm"}

// Kept is what the bot itself keeps of an account beside its runs.
type Kept struct {
	Snoozes  map[string]time.Time // until when, by playbook; "" is the whole account
	Contacts []Contact            // the oldest first
}

// A Contact is one contact with an account that somebody wrote down.
type Contact struct {
	At   time.Time
	By   string // person
	Text string
}

// kinds returns the kinds of handoffs that the book has a form and a playbook for, and
// the one that a person most likely means: what onboarding and CSMs hand over is another
// kind than what sales does.
func kinds(book *playbooks.Book, person *playbooks.Person) (all []*playbooks.Form, likely string) {
	for _, kind := range kindOrder {
		form := book.Forms[kind]
		if form == nil || playbookFor(book, kind) == "" {
			continue
		}
		all = append(all, form)
		own := form.From == form.Role && slices.Contains(person.Roles, form.To)
		if likely == "" || slices.Contains(person.Roles, form.From) || own {
			likely = kind
		}
	}
	return all, firstOf(likely, newForm)
}

// pickForm asks what is handed over; account is chosen already where it is not nil.
func (a *App) pickForm(ctx context.Context, c *caller, account *rules.Account) (cards.PickScene, error) {
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return cards.PickScene{}, errors.Join(err, errors.New("there is no book"))
	}
	all, likely := kinds(book, c.Person)
	return cards.PickScene{Kinds: all, Kind: likely, Account: account, Voice: c.voice}, nil
}

// filledIn returns what is known for the fields of a form: of the account, and of what the
// bot keeps of it.
func (a *App) filledIn(ctx context.Context, c *caller, form *playbooks.Form, facts *rules.Facts, account string) (map[string]any, error) {
	values := form.Known(facts, "")
	for _, f := range form.Fields() {
		if f.Brings == "" {
			continue
		}
		known, err := a.brought(ctx, c, f.Brings, account)
		if err != nil {
			return nil, err
		}
		if _, prefilled := values[f.ID]; len(known) > 0 && !prefilled {
			values[f.ID] = known
		}
	}
	return values, nil
}

// brought lists what the bot itself keeps of an account, a line for each.
func (a *App) brought(ctx context.Context, c *caller, what, account string) ([]string, error) {
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil {
		return nil, err
	}
	var known []string
	if what == "plays" {
		runs, err := a.o.Reads.AccountRuns(ctx, account)
		if err != nil {
			return nil, fmt.Errorf("read the plays of %s: %w", account, err)
		}
		for _, r := range runs {
			v := r.Current()
			if !r.Open() || r.Ending() || v == nil || r.Handoff != nil {
				continue
			}
			parts := []string{cards.PlaybookTitle(c.voice, book, r.Playbook), cards.PersonName(c.voice, c.team, v.Assignee)}
			if !v.Due.IsZero() {
				parts = append(parts, c.voice.Day(v.Due))
			}
			known = append(known, strings.Join(parts, " · "))
		}
		return known, nil
	}
	kept, err := a.o.Reads.Kept(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("read what is kept of %s: %w", account, err)
	}
	if what == "snoozes" {
		name := account
		if known, err := a.o.Reads.Account(ctx, account); err != nil {
			return nil, fmt.Errorf("read the account %s: %w", account, err)
		} else if known != nil {
			name = firstOf(known.Name, account)
		}
		for _, playbook := range slices.Sorted(maps.Keys(kept.Snoozes)) {
			if until := kept.Snoozes[playbook]; until.After(a.o.Clock.Now()) {
				title := name
				if playbook != "" {
					title = cards.PlaybookTitle(c.voice, book, playbook)
				}
				known = append(known, title+" · "+c.voice.Day(until))
			}
		}
		return known, nil
	}
	const latest = 5
	for _, at := range kept.Contacts[max(0, len(kept.Contacts)-latest):] {
		known = append(known, strings.Join([]string{c.voice.Day(at.At), cards.PersonName(c.voice, c.team, at.By), strings.Join(strings.Fields(at.Text), " ")}, " · "))
	}
	return known, nil
}

// handOverMore publishes a handoff for each further account of a form that takes many. Who
// takes over, and what is about the handing over itself, is as for the first account; all
// else is what is known of each account itself, or stays open.
func (a *App) handOverMore(ctx context.Context, c *caller, id string, f *filling, accounts []string, first inbox.Start) error {
	for _, account := range accounts {
		if account == first.Account {
			continue
		}
		facts, err := a.o.Reads.Facts(ctx, account, f.book, a.o.Clock.Now())
		if err != nil {
			return fmt.Errorf("read the account's data: %w", err)
		}
		own, err := a.filledIn(ctx, c, f.form, facts, account)
		if err != nil {
			return err
		}
		for _, field := range f.form.Fields() {
			if v, given := first.Fields[field.ID]; given && f.form.Shares(field) {
				own[field.ID] = v
			}
		}
		start := first
		start.Account, start.Fields, start.ID = account, own, id+"/"+account
		made, err := inbox.Event(inbox.AccountKey(account), inbox.StartKind, a.o.Clock.Now(), start)
		if err := a.publish(ctx, start.ID, made, err); err != nil {
			return err
		}
	}
	return nil
}
