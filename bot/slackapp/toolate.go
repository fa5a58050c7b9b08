package slackapp

import (
	"errors"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
)

// why says, in the person's language, why what they did changes nothing. Pressed in
// a message that is older than what came since, a button tells who did what when:
// oneself, or somebody else.
func (a *App) why(c *caller, s *cards.Scene, e playbooks.Event, err error) string {
	var r *playbooks.Refusal
	if !errors.As(err, &r) {
		return a.refusal(c, s, err)
	}
	switch r.Code {
	case playbooks.RefusedSamePerson:
		if r.Args["person"] == c.ID {
			return c.voice.Say("click.yours_already", nil)
		}
	case playbooks.RefusedEnded, playbooks.RefusedAnswered, playbooks.RefusedNotCurrent:
		if d := decided(s, e.Visit, c.ID, r); d != nil {
			return c.voice.Say(d.id("click.", c.ID), d.args(c, s))
		}
	}
	return a.refusal(c, s, err)
}

// A decision is what somebody made of a visit.
type decision struct {
	visit      *playbooks.Visit
	by, answer string
	at         time.Time
}

// decided returns what was made of a question or a task, by the reader where both
// who were asked have answered; nil where nobody did anything. What the refusal
// says of it counts where it says so; it may be nil.
func decided(s *cards.Scene, n int, reader string, r *playbooks.Refusal) *decision {
	if n < 0 || n >= len(s.Run.Visits) {
		return nil
	}
	v := &s.Run.Visits[n]
	if v.Undone || v.Kind != playbooks.AskStep && v.Kind != playbooks.TaskStep {
		return nil
	}
	d := &decision{visit: v, by: v.By, answer: v.Answer, at: v.Left}
	if r != nil && r.Code == playbooks.RefusedAnswered { // perhaps an approver's
		d.by, _ = r.Args["person"].(string)
		d.answer, _ = r.Args["answer"].(string)
	} else {
		switch v.Approval {
		case "asked":
			return nil
		case "refused":
			d.by, d.answer = v.Approver, v.Approval
		case "approved": // of what the other one did, the approver knows that they approved it
			if v.Approver != "" && (reader == v.Approver || v.Answer == v.Approval) {
				d.by, d.answer = v.Approver, v.Approval
			}
		}
	}
	if other, ok := v.Others[reader]; ok {
		d.by, d.answer, d.at = reader, other.Answer, other.At
	}
	if d.at.IsZero() { // it can still be taken back
		d.at = s.Now
	}
	if d.by == "" || d.answer == "" {
		return nil
	}
	return d
}

// id is the message id of the catalogue, for a reader.
func (d *decision) id(prefix, reader string) string {
	id := prefix + "answered"
	if d.answer == "done" {
		id = prefix + "done"
	}
	if d.by == reader {
		return id + "_yourself"
	}
	return id + "_on"
}

// args are what the message of the catalogue is filled with.
func (d *decision) args(c *caller, s *cards.Scene) map[string]any {
	args := s.RefusalArgs(&playbooks.Refusal{Args: map[string]any{"person": d.by, "answer": d.answer, "step": d.visit.Step}})
	args["day"] = c.voice.Day(d.at)
	return args
}
