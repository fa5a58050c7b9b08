package slackapp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
)

// filling is a handoff form that somebody has open: of a new handoff, or of one under way.
type filling struct {
	form     *playbooks.Form
	book     string // hash of the book that it is of
	playbook string // that plays it, where it is new
	account  *rules.Account
	facts    *rules.Facts
	scene    *cards.Scene   // of the run; nil for a new handoff
	subject  string         // contract of the run
	held     map[string]any // what the run holds
}

// filling reads what a form is about; nil where its run or its form is gone.
func (a *App) filling(ctx context.Context, c *caller, ref cards.Ref) (*filling, error) {
	f := &filling{}
	if ref.Run != "" {
		_, s, err := a.run(ctx, c, ref.Run)
		if err != nil || s == nil || s.Book == nil {
			return nil, err
		}
		f.scene, f.subject, f.book, f.form = s, s.Run.Subject, s.Run.Book, s.Book.Forms[ref.Form]
		ref.Account = s.Run.Account
		if s.Run.Handoff != nil {
			f.held = s.Run.Handoff.Fields
		}
	} else {
		book, err := a.o.Reads.Book(ctx, "")
		if err != nil || book == nil {
			return nil, err
		}
		f.book, f.form, f.playbook = book.Hash, book.Forms[ref.Form], playbookFor(book, ref.Form)
	}
	if f.form == nil {
		return nil, nil
	}
	var err error
	if f.facts, err = a.o.Reads.Facts(ctx, ref.Account, f.book, a.o.Clock.Now()); err != nil {
		return nil, fmt.Errorf("read the account's data: %w", err)
	}
	if f.account, err = a.o.Reads.Account(ctx, ref.Account); err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	return f, nil
}

// all returns what the form holds with what was given just now: given comes before what
// was kept aside of fields that were not asked, and that before what the run holds.
func (f *filling) all(ref cards.Ref, given map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, f.held)
	maps.Copy(all, ref.Kept)
	maps.Copy(all, given)
	return all
}

// hidden returns the fields that are not asked, given all that the form holds.
func (f *filling) hidden(all map[string]any) []string {
	return f.form.Hidden(f.facts, f.subject, all)
}

// shown reports whether a view has the input of a field.
func shown(view *slack.View, field string) bool {
	return slices.ContainsFunc(view.Blocks.BlockSet, func(b slack.Block) bool {
		in, ok := b.(*slack.InputBlock)
		return ok && in.BlockID == cards.FieldBlock+field
	})
}

// redrawn draws the open form again, with what was typed, and keeps aside what was typed
// into fields that are not asked any more.
func (a *App) redrawn(ctx context.Context, c *caller, f *filling, ref cards.Ref, view *slack.View, all map[string]any, hidden []string) cards.FormScene {
	aside := map[string]any{}
	for _, id := range hidden {
		if v := all[id]; !playbooks.Blank(v) {
			aside[id] = v
		}
	}
	typed := maps.Clone(all)
	for _, field := range f.form.Fields() { // what cannot be read yet is given back as it was typed
		if in := given(view, cards.FieldBlock+field.ID); playbooks.Blank(typed[field.ID]) && in.Value != "" {
			typed[field.ID] = in.Value
		}
	}
	scene := cards.FormScene{Form: f.form, Hidden: hidden, Account: f.account, Values: typed, Voice: c.voice, User: a.userOf(ctx),
		Ref: ref.Keeping(aside), Draft: len(given(view, cards.DraftBlock).SelectedOptions) > 0}
	for _, o := range given(view, cards.MoreBlock).SelectedOptions {
		scene.More = append(scene.More, &o)
	}
	return scene
}

// formChanged works a change of a field on which others hang: those that are asked now
// appear, and those that are not asked any more go.
func (a *App) formChanged(ctx context.Context, d delivery) error {
	if err := d.ack(nil); err != nil {
		return err
	}
	view := &d.interaction.View
	c, err := a.who(ctx, d.interaction.User.ID)
	if err != nil || c.Person == nil {
		return err
	}
	ref, err := cards.ParseRef(view.PrivateMetadata)
	if err != nil {
		return nil //nolint:nilerr // sending the form says so
	}
	f, err := a.filling(ctx, c, ref)
	if err != nil || f == nil {
		return err
	}
	values, _, err := a.values(ctx, c, f.form, view)
	if err != nil {
		return err
	}
	all := f.all(ref, values)
	hidden := f.hidden(all)
	if !slices.ContainsFunc(f.form.Fields(), func(field *playbooks.Field) bool {
		return shown(view, field.ID) == slices.Contains(hidden, field.ID)
	}) {
		return nil
	}
	_, err = a.api.UpdateViewContext(ctx, cards.HandoffForm(a.redrawn(ctx, c, f, ref, view, all, hidden)), "", view.Hash, view.ID)
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) && (refused.Err == "hash_conflict" || refused.Err == "not_found") {
		return nil // a later change has redrawn it, or it is closed; sending it asks for what is left
	}
	if err != nil {
		return fmt.Errorf("show which fields are asked: %w", err)
	}
	return nil
}

// askFurther shows the form once more where what was sent asks for fields that it did not
// show. It reports whether it did.
func (a *App) askFurther(ctx context.Context, d delivery, c *caller, f *filling, ref cards.Ref, all map[string]any) (bool, error) {
	view := &d.interaction.View
	hidden := f.hidden(all)
	var further []string
	for _, field := range f.form.Without(hidden).Fields() {
		if field.If != nil && !shown(view, field.ID) {
			further = append(further, field.ID)
		}
	}
	if len(further) == 0 {
		return false, nil
	}
	scene := a.redrawn(ctx, c, f, ref, view, all, hidden)
	scene.Further = further
	return true, a.update(ctx, d, c, cards.HandoffForm(scene))
}

// update answers a form by another view in its place.
func (a *App) update(ctx context.Context, d delivery, c *caller, view slack.ModalViewRequest) error {
	if small(view) {
		return d.ack(slack.NewUpdateViewSubmissionResponse(&view))
	}
	if err := d.ack(slack.NewUpdateViewSubmissionResponse(waiting(c))); err != nil {
		return err
	}
	if _, err := a.api.UpdateViewContext(ctx, view, "", "", d.interaction.View.ID); err != nil {
		return fmt.Errorf("show the handoff form: %w", err)
	}
	return nil
}

// changesForm reports whether a click is a change of a field of an open handoff form.
func changesForm(cb *slack.InteractionCallback, action *slack.BlockAction) bool {
	return cb.View.CallbackID == cards.HandoffView && strings.HasPrefix(action.BlockID, cards.FieldBlock)
}
