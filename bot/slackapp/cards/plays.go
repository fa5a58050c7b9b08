package cards

import (
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// plays tells of the playbook's open plays where each stands: whose turn it is, since
// when, what falls due; and of a draft what it would have told.
func (w *WhyScene) plays() []string {
	var lines []string
	if p := w.Book.Playbooks[w.Playbook]; p != nil && p.Draft {
		lines = append(lines, w.Voice.Say("why.draft.note", nil))
	}
	for _, s := range w.Plays {
		id := "why.play"
		if s.Run.Draft {
			id = "why.play.draft"
		}
		lines = append(lines, s.Voice.Say(id, words.Args{"began": s.Voice.Day(s.Run.Began), "state": s.turn()}))
		if next := s.next(); next != "" {
			lines = append(lines, next)
		}
	}
	if len(w.Drafted) > 0 {
		lines = append(lines, w.Voice.Say("why.drafted", nil))
	}
	for _, d := range w.Drafted {
		what, to, text := d.parts()
		lines = append(lines, w.Voice.Say("why.drafted.one", words.Args{"at": w.Voice.When(d.At), "what": what, "to": to, "text": text}))
	}
	return lines
}

// turn says what the run is at and whose turn it is, since when and until when.
func (s *Scene) turn() string {
	visit, state := s.Run.Current(), StateOf(s.Run, s.Now)
	if visit == nil {
		return s.standing() + s.Voice.Say("why.stop", nil)
	}
	who, since := visit.Assignee, visit.Delivered
	switch state {
	case AskedState, TakenState, TaskState:
	case ApprovalState:
		who = visit.Approver
	case HandoffState:
		if s.Run.Handoff != nil {
			who = s.Run.Handoff.Turn
		}
	default:
		return sentence(s.standing(), s.Voice)
	}
	args := words.Args{"person": s.person(who), "text": s.visitText(visit), "since": "", "due": "", "overdue": ""}
	if !visit.Due.IsZero() {
		args[map[bool]string{true: "overdue", false: "due"}[visit.Due.Before(s.Now)]] = s.dueDay(visit)
	}
	if !since.IsZero() {
		args["since"] = s.Voice.When(since)
	}
	id := "why.turn"
	if since.IsZero() && state != ApprovalState && state != HandoffState && !s.Run.Draft {
		id, args["since"] = "why.turn.undelivered", s.Voice.When(visit.Entered)
	}
	return s.Voice.Say(id, args)
}

// sentence ends a text with a full stop, if it does not end with one.
func sentence(text string, v *Voice) string {
	if stop := v.Say("why.stop", nil); !strings.HasSuffix(text, stop) {
		return text + stop
	}
	return text
}

// next says what happens by itself if nobody does anything; "" where that is nothing.
func (s *Scene) next() string {
	var parts []string
	visit := s.Run.Current()
	if visit == nil || visit.Delivered.IsZero() || StateOf(s.Run, s.Now) == SnoozedState {
		return ""
	}
	timers := slices.Clone(s.Run.Timers)
	slices.SortStableFunc(timers, func(a, b playbooks.Timer) int { return a.At.Compare(b.At) })
	for _, t := range timers {
		if id := "why.next." + string(t.Kind); t.Visit == visit.N && s.Voice.Has(id) {
			parts = append(parts, s.Voice.Say(id, words.Args{"at": s.Voice.Day(t.At)}))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return s.Voice.Say("why.next", words.Args{"parts": strings.Join(slices.Compact(parts), s.Voice.Say("dm.separator", nil))})
}

// AsAt returns a run as its record shows it at a time: the step that it was at, and
// whether it was open. What it was waiting for then is not recorded. ok is false where
// it was not open.
func AsAt(r *playbooks.Run, at time.Time) (then *playbooks.Run, ok bool) {
	if r.Began.After(at) || !r.Ended.IsZero() && !r.Ended.After(at) {
		return nil, false
	}
	c := *r
	c.Timers, c.SnoozedUntil, c.Held, c.TakenBy, c.Undo = nil, time.Time{}, "", "", nil
	c.Ended, c.Outcome, c.Step = time.Time{}, "", ""
	i := slices.IndexFunc(r.Visits, func(v playbooks.Visit) bool { return v.Entered.After(at) })
	if i < 0 {
		i = len(r.Visits)
	}
	c.Visits = slices.Clone(r.Visits[:i])
	if i == 0 {
		return &c, true
	}
	v := &c.Visits[i-1]
	c.Step = v.Step
	if v.Left.After(at) {
		v.Left, v.Answer, v.By, v.Approval = time.Time{}, "", "", ""
	}
	if v.Delivered.After(at) {
		v.Delivered, v.Due = time.Time{}, time.Time{}
	}
	return &c, true
}
