package slackapp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/rules"
)

// problems are what is wrong with a form, by block id, as its reader reads it.
type problems map[string]string

// onSubmit works a form that was submitted: it is answered with what is wrong,
// field by field, or its event is published and the form closes.
func (a *App) onSubmit(ctx context.Context, d delivery) error {
	cb := d.interaction
	c, err := a.who(ctx, cb.User.ID)
	if err != nil {
		return err
	}
	if c.Person == nil {
		return a.refuseForm(d, c, c.stranger())
	}
	ref, err := cards.ParseRef(cb.View.PrivateMetadata)
	if err != nil {
		return a.refuseForm(d, c, c.voice.Say("click.old", nil))
	}
	switch cb.View.CallbackID {
	case cards.PickView:
		return a.picked(ctx, d, c, ref)
	case cards.HandoffView:
		return a.handoffSubmitted(ctx, d, c, ref)
	}
	_, s, err := a.run(ctx, c, ref.Run)
	if err != nil {
		return err
	}
	if s == nil {
		return a.refuseForm(d, c, c.voice.Say("click.gone", nil))
	}
	e := playbooks.Event{At: a.o.Clock.Now(), By: c.ID, Run: ref.Run, Visit: ref.Visit}
	wrong, err := a.fromForm(ctx, c, s, ref, &cb.View, &e)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		a.refused.Add(1)
		return d.ack(slack.NewErrorsViewSubmissionResponse(wrong))
	}
	return a.submitEvent(ctx, d, c, s, e)
}

// submitEvent checks and publishes the event of a form.
func (a *App) submitEvent(ctx context.Context, d delivery, c *caller, s *cards.Scene, e playbooks.Event) error {
	if refusal := check(c, s, e); refusal != nil {
		said := a.why(c, s, e, refusal)
		if block := blockOf(refusal, &d.interaction.View); block != "" {
			a.refused.Add(1)
			return d.ack(slack.NewErrorsViewSubmissionResponse(map[string]string{block: said}))
		}
		return a.refuseForm(d, c, said)
	}
	made, err := inbox.Run(s.Run.Account, e)
	if err := a.publish(ctx, "form/"+d.interaction.View.ID+"/"+d.interaction.View.Hash, made, err); err != nil {
		return errors.Join(err, a.refuseForm(d, c, c.voice.Say("command.failed", nil)))
	}
	return d.ack(nil)
}

// blockOf returns the input that a refusal is about, if the form has it.
func blockOf(refusal error, view *slack.View) string {
	var r *playbooks.Refusal
	if !errors.As(refusal, &r) {
		return ""
	}
	var block string
	switch r.Code {
	case playbooks.RefusedMissing, playbooks.RefusedValue:
		name, _ := r.Args["name"].(string)
		block = cards.CollectBlock + name
	case playbooks.RefusedPast, playbooks.RefusedFar:
		block = cards.DateBlock
		for _, b := range view.Blocks.BlockSet {
			if in, ok := b.(*slack.InputBlock); ok && strings.HasPrefix(in.BlockID, cards.CollectBlock) {
				if _, ok := in.Element.(*slack.DatePickerBlockElement); ok {
					block = in.BlockID
				}
			}
		}
	case playbooks.RefusedPerson, playbooks.RefusedSamePerson:
		block = cards.PersonBlock
	case playbooks.RefusedReason:
		block = cards.ChoiceBlock
	case playbooks.RefusedText:
		block = cards.TextBlock
	}
	for _, b := range view.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok && in.BlockID == block {
			return block
		}
	}
	return ""
}

// refuseForm replaces a form by the reason why it changes nothing.
func (a *App) refuseForm(d delivery, c *caller, text string) error {
	a.refused.Add(1)
	view := cards.Notice(c.voice, text)
	return d.ack(slack.NewUpdateViewSubmissionResponse(&view))
}

// given returns what was put into an input.
func given(view *slack.View, block string) slack.BlockAction {
	if view.State == nil {
		return slack.BlockAction{}
	}
	for _, value := range view.State.Values[block] {
		return value
	}
	return slack.BlockAction{}
}

// fromForm completes the event from what was filled in, and returns what is wrong
// with it.
func (a *App) fromForm(ctx context.Context, c *caller, s *cards.Scene, ref cards.Ref, view *slack.View, e *playbooks.Event) (problems, error) {
	e.Text = strings.TrimSpace(given(view, cards.TextBlock).Value)
	wrong := problems{}
	switch view.CallbackID {
	case cards.AnswerView:
		e.Kind, e.Answer = playbooks.Answered, ref.Answer
		return a.collected(ctx, c, s, ref, view, e)
	case cards.SnoozeView:
		e.Kind = playbooks.SnoozedRun
		until, block, id := snoozeUntil(c, e.At, view)
		if id != "" {
			wrong[block] = c.voice.Say(id, nil)
		}
		e.Until = until
	case cards.DismissView:
		e.Kind, e.Reason = playbooks.Dismissed, given(view, cards.ChoiceBlock).SelectedOption.Value
		if e.Reason == "other" && e.Text == "" {
			wrong[cards.TextBlock] = c.voice.Say("field.word", nil)
		}
	case cards.ReassignView:
		e.Kind = playbooks.Reassigned
		var err error
		if e.Person, err = a.personGiven(ctx, c, view, cards.PersonBlock, wrong); err != nil {
			return nil, err
		}
	case cards.MoveView:
		e.Kind, e.Reason, e.Text = playbooks.Moved, e.Text, ""
		day, err := rules.ParseDate(given(view, cards.DateBlock).SelectedDate)
		if err != nil {
			wrong[cards.DateBlock] = c.voice.Say("field.date", nil)
			break
		}
		_, e.Until = dayOf(c.team.Calendar(assigneeOf(s.Run, ref.Visit)), day)
	case cards.RefuseView:
		e.Kind, e.Reason = playbooks.Refused, e.Text
	case cards.AskBackView:
		e.Kind = playbooks.AskedBack
		for _, o := range given(view, cards.FieldsBlock).SelectedOptions {
			e.Marked = append(e.Marked, o.Value)
		}
	case cards.AcceptView:
		e.Kind = playbooks.Accepted
		return wrong, a.openItems(ctx, c, view, e, wrong)
	case cards.DeclineView:
		e.Kind, e.Reason = playbooks.Declined, e.Text
	case cards.WithdrawView:
		e.Kind, e.Reason = playbooks.Withdrawn, e.Text
	case cards.ReplyView:
		e.Kind = playbooks.Replied
	default:
		return nil, errors.New("a form of an unknown kind was submitted: " + view.CallbackID)
	}
	return wrong, nil
}

// assigneeOf returns who has a visit of a run.
func assigneeOf(r *playbooks.Run, visit int) string {
	if i := slices.IndexFunc(r.Visits, func(v playbooks.Visit) bool { return v.N == visit }); i >= 0 {
		return r.Visits[i].Assignee
	}
	return r.Assignee
}

// dayOf returns when a working day begins and ends by a person's calendar.
func dayOf(cal playbooks.Calendar, day rules.Date) (from, to time.Time) {
	from, to = cal.Open(day)
	if from.IsZero() || !to.After(from) {
		from = day.In(cal.Location())
		to = from.Add(18 * time.Hour)
	}
	return from, to
}

// snoozeUntil returns when a snooze ends, or the input that is wrong and the id
// of what to say.
func snoozeUntil(c *caller, now time.Time, view *slack.View) (until time.Time, block, id string) {
	cal := c.team.Calendar(c.ID)
	today := cal.Day(now)
	day := today
	switch given(view, cards.ChoiceBlock).SelectedOption.Value {
	case cards.Tomorrow:
		day = today + 1
	case cards.NextWeek:
		day = today + rules.Date((8-int(today.Weekday()))%7)
		if day == today {
			day += 7
		}
	case cards.InAMonth:
		day = today + 30
	case cards.OnADate:
		picked, err := rules.ParseDate(given(view, cards.DateBlock).SelectedDate)
		switch {
		case err != nil:
			return until, cards.DateBlock, "field.date"
		case picked <= today:
			return until, cards.DateBlock, "field.date_past"
		case picked > today+365:
			return until, cards.DateBlock, "field.date_far"
		}
		day = picked
	default:
		return until, cards.ChoiceBlock, "field.needed"
	}
	from, _ := dayOf(cal, day)
	return cal.NextWorking(from), "", ""
}

// personGiven returns the person chosen in an input, "" with a problem noted
// where they are not of the team.
func (a *App) personGiven(ctx context.Context, c *caller, view *slack.View, block string, wrong problems) (string, error) {
	user := given(view, block).SelectedUser
	if user == "" {
		wrong[block] = c.voice.Say("field.needed", nil)
		return "", nil
	}
	p, _, err := a.o.Directory.PersonOf(ctx, user)
	if err != nil {
		return "", err
	}
	if p == nil {
		wrong[block] = c.voice.Say("field.person", nil)
		return "", nil
	}
	return p.ID, nil
}

// collected reads the values that an answer asks for.
func (a *App) collected(ctx context.Context, c *caller, s *cards.Scene, ref cards.Ref, view *slack.View, e *playbooks.Event) (problems, error) {
	wrong := problems{}
	e.Text = ""
	answer := s.AnswerOf(ref)
	if answer == nil {
		return wrong, nil // Check says what is wrong
	}
	e.Collected = map[string]any{}
	for _, want := range answer.Collect {
		block := cards.CollectBlock + want.Name
		in := given(view, block)
		switch want.Kind {
		case "date":
			if in.SelectedDate == "" {
				wrong[block] = c.voice.Say("field.date", nil)
			}
			e.Collected[want.Name] = in.SelectedDate
		case "person":
			id, err := a.personGiven(ctx, c, view, block, wrong)
			if err != nil {
				return nil, err
			}
			e.Collected[want.Name] = id
		case "amount":
			n, err := parseNumber(in.Value)
			if err != nil {
				wrong[block] = c.voice.Say("field.number", nil)
			}
			e.Collected[want.Name] = n
		default:
			text := strings.TrimSpace(in.Value)
			if text == "" {
				wrong[block] = c.voice.Say("field.needed", nil)
			}
			e.Collected[want.Name] = text
		}
	}
	return wrong, nil
}

// openItems reads what stays open when a handoff is accepted.
func (a *App) openItems(ctx context.Context, c *caller, view *slack.View, e *playbooks.Event, wrong problems) error {
	owner, err := a.personGiven(ctx, c, view, cards.PersonBlock, wrong)
	if err != nil {
		return err
	}
	due := given(view, cards.DateBlock).SelectedDate
	for _, item := range lines(e.Text) {
		e.OpenItems = append(e.OpenItems, playbooks.OpenItem{Text: item, Owner: owner, Due: due})
	}
	if len(e.OpenItems) == 0 {
		wrong[cards.TextBlock] = c.voice.Say("field.needed", nil)
	}
	e.Text = ""
	return nil
}

// lines returns the lines of a text that hold something.
func lines(text string) []string {
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(l), "•")); l != "" {
			out = append(out, l)
		}
	}
	return slices.Clip(out)
}
