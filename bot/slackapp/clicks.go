package slackapp

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// onClick works a press of a button, or a choice in a menu of a message.
func (a *App) onClick(ctx context.Context, d delivery) error {
	cb := d.interaction
	if len(cb.ActionCallback.BlockActions) == 0 {
		return d.ack(nil)
	}
	action := cb.ActionCallback.BlockActions[0]
	if changesForm(cb, action) {
		return a.formChanged(ctx, d)
	}
	name, ref, err := meaning(action)
	if name == cards.OpenAction || name == action.BlockID {
		return d.ack(nil) // a link, or an input of a form that is submitted later
	}
	c, whoErr := a.who(ctx, cb.User.ID)
	if whoErr != nil {
		return whoErr
	}
	switch {
	case err != nil:
		return a.refuseClick(ctx, d, c, c.voice.Say("click.old", nil))
	case c.Person == nil:
		return a.refuseClick(ctx, d, c, c.stranger())
	case opsChoices[name].said != "":
		return a.opsClick(ctx, d, c, name, ref)
	case name == cards.HandoffAction:
		if err := d.ack(nil); err != nil {
			return err
		}
		pick, err := a.pickForm(ctx, c, nil)
		if err != nil {
			return errors.Join(err, a.tell(ctx, d.interaction, c, c.voice.Say("command.failed", nil)))
		}
		return a.open(ctx, cb, c, cards.PickForm(pick))
	}
	_, s, err := a.run(ctx, c, ref.Run)
	if err != nil {
		return err
	}
	if s == nil {
		return a.refuseClick(ctx, d, c, c.voice.Say("click.gone", nil))
	}
	defer a.tidyDirect(ctx, c, cb, ref.Run)
	return a.clicked(ctx, d, c, s, action, name, ref)
}

// meaning returns what an action means: for a menu, what was chosen in it.
func meaning(action *slack.BlockAction) (name string, ref cards.Ref, err error) {
	action.ActionID = cards.Action(action.ActionID)
	name = action.ActionID
	if action.Value != "" {
		ref, err = cards.ParseRef(action.Value)
		return name, ref, err
	}
	if name == cards.MoreAction {
		name = action.SelectedOption.Value
	}
	ref, ok := cards.ParseBlockID(action.BlockID)
	if !ok {
		return name, ref, errors.New("the block " + strconv.Quote(action.BlockID) + " names no run")
	}
	return name, ref, nil
}

// clicked works a click on a run that is there.
func (a *App) clicked(ctx context.Context, d delivery, c *caller, s *cards.Scene, action *slack.BlockAction, name string, ref cards.Ref) error {
	e := playbooks.Event{At: a.o.Clock.Now(), By: c.ID, Run: ref.Run, Visit: ref.Visit}
	switch {
	case strings.HasPrefix(name, cards.AnswerAction):
		e.Kind, e.Answer = playbooks.Answered, ref.Answer
	case strings.HasPrefix(name, cards.ChecksAction):
		e.Kind, e.Items = playbooks.Checked, ticked(s.Run, action)
	default:
		kind, ok := direct[name]
		if !ok {
			return a.ask(ctx, d, c, s, name, e)
		}
		e.Kind = kind
		if name == cards.SkipAction {
			e.Reason = "skipped"
		}
	}
	refusal := check(c, s, e)
	if e.Kind == playbooks.Answered && collects(s, ref) && onlyValues(refusal) {
		return a.ask(ctx, d, c, s, cards.AnswerView, e)
	}
	if refusal != nil {
		return a.refuseClick(ctx, d, c, a.why(c, s, e, refusal))
	}
	made, err := inbox.Run(s.Run.Account, e)
	if err := a.publish(ctx, "click/"+d.interaction.TriggerID, made, err); err != nil {
		return errors.Join(err, a.tell(ctx, d.interaction, c, c.voice.Say("command.failed", nil)))
	}
	return d.ack(nil)
}

// direct are the actions that need nothing more than the click.
var direct = map[string]playbooks.EventKind{
	cards.TakenAction:   playbooks.Taken,
	cards.DoneAction:    playbooks.Done,
	cards.UndoAction:    playbooks.Undone,
	cards.SkipAction:    playbooks.StoppedRun,
	cards.ApproveAction: playbooks.Approved,
	cards.AcceptAction:  playbooks.Accepted,
}

// ticked returns all the items of a checklist that are ticked now: those of the
// block that was clicked, and those of the others as they were.
func ticked(run *playbooks.Run, action *slack.BlockAction) []int {
	_, first, _ := strings.Cut(action.ActionID, ":")
	from, _ := strconv.Atoi(first)
	items := []int{}
	if visit := run.Current(); visit != nil {
		for _, i := range visit.Checked {
			if i < from || i >= from+10 {
				items = append(items, i)
			}
		}
	}
	for _, o := range action.SelectedOptions {
		if i, err := strconv.Atoi(o.Value); err == nil {
			items = append(items, i)
		}
	}
	slices.Sort(items)
	return items
}

// collects reports whether the answer asks for values.
func collects(s *cards.Scene, ref cards.Ref) bool {
	answer := s.AnswerOf(ref)
	return answer != nil && len(answer.Collect) > 0
}

// onlyValues reports whether a refusal says no more than that values are missing
// which a form will ask for.
func onlyValues(refusal error) bool {
	var r *playbooks.Refusal
	if refusal == nil {
		return true
	}
	if !errors.As(refusal, &r) {
		return false
	}
	switch r.Code {
	case playbooks.RefusedMissing, playbooks.RefusedValue, playbooks.RefusedPast, playbooks.RefusedFar,
		playbooks.RefusedPerson, playbooks.RefusedReason, playbooks.RefusedText:
		return true
	}
	return false
}

// forms says which event a form will make, so that it is not opened in vain.
var forms = map[string]playbooks.EventKind{
	cards.SnoozeAction:         playbooks.SnoozedRun,
	cards.DismissAction:        playbooks.Dismissed,
	cards.ReassignAction:       playbooks.Reassigned,
	cards.MoveAction:           playbooks.Moved,
	cards.RefuseAction:         playbooks.Refused,
	cards.AskBackAction:        playbooks.AskedBack,
	cards.AcceptView + "_open": playbooks.Accepted,
	cards.DeclineAction:        playbooks.Declined,
	cards.WithdrawAction:       playbooks.Withdrawn,
	cards.ReplyAction:          playbooks.Replied,
	cards.FillAction:           playbooks.Submitted,
	cards.AnswerView:           playbooks.Answered,
}

// ask opens the form of an action. The click changes nothing, so it is
// acknowledged first.
func (a *App) ask(ctx context.Context, d delivery, c *caller, s *cards.Scene, name string, e playbooks.Event) error {
	if kind, ok := forms[name]; ok {
		e.Kind = kind
		if refusal := check(c, s, e); !onlyValues(refusal) {
			return a.refuseClick(ctx, d, c, a.why(c, s, e, refusal))
		}
	}
	if err := d.ack(nil); err != nil {
		return err
	}
	view, err := a.form(ctx, c, s, name, e)
	if err != nil {
		return errors.Join(err, a.tell(ctx, d.interaction, c, c.voice.Say("command.failed", nil)))
	}
	return a.open(ctx, d.interaction, c, view)
}

// form draws the form of an action.
func (a *App) form(ctx context.Context, c *caller, s *cards.Scene, name string, e playbooks.Event) (slack.ModalViewRequest, error) {
	full, err := a.painter.scene(ctx, s.Run, c.ID)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	full.Voice = c.voice
	visit := s.Run.Current()
	if visit == nil {
		return cards.DetailsForm(full), nil
	}
	switch name {
	case cards.AnswerView:
		if e.Visit >= 0 && e.Visit < len(full.Run.Visits) {
			visit = &full.Run.Visits[e.Visit] // a second answer is to an earlier question
		}
		return cards.AnswerForm(full, visit, full.AnswerOf(cards.Ref{Run: s.Run.ID, Visit: e.Visit, Answer: e.Answer})), nil
	case cards.SnoozeAction:
		return cards.SnoozeForm(full, visit), nil
	case cards.DismissAction:
		return cards.DismissForm(full, visit), nil
	case cards.ReassignAction:
		return cards.ReassignForm(full, visit), nil
	case cards.MoveAction:
		return cards.MoveForm(full, visit), nil
	case cards.RefuseAction:
		return cards.ReasonForm(full, visit, cards.RefuseView, false), nil
	case cards.AskBackAction:
		return cards.AskBackForm(full, visit), nil
	case cards.AcceptView + "_open":
		return cards.AcceptForm(full, visit, a.userOf(ctx)), nil
	case cards.DeclineAction:
		return cards.ReasonForm(full, visit, cards.DeclineView, true), nil
	case cards.WithdrawAction:
		return cards.ReasonForm(full, visit, cards.WithdrawView, false), nil
	case cards.ReplyAction:
		return cards.ReasonForm(full, visit, cards.ReplyView, true), nil
	case cards.TextAction:
		if full.AttachedText() != "" {
			return cards.TextForm(full), nil
		}
	case cards.ReadAction:
		if s.Run.Handoff != nil {
			return cards.ReadForm(full), nil
		}
	case cards.FillAction:
		return a.fill(ctx, c, full, visit)
	}
	return cards.DetailsForm(full), nil
}

// refuseClick acknowledges a click that changes nothing and says why.
func (a *App) refuseClick(ctx context.Context, d delivery, c *caller, text string) error {
	if err := d.ack(nil); err != nil {
		return err
	}
	return a.tell(ctx, d.interaction, c, text)
}

// stranger says that team.yaml does not have the person.
func (c *caller) stranger() string {
	return c.voice.Say("command.stranger", map[string]any{"email": cards.Escape(c.known)})
}
