// Package cards draws what the bot shows in Slack: the card of a run and the
// lines of its thread, direct messages, forms, and the home tab. It is pure: it
// takes values and returns blocks that Slack accepts, whatever the values hold.
package cards

import (
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A Message is what is handed to the sender. Text stands in where blocks cannot
// be shown, as in notifications.
type Message struct {
	Text   string        `json:"text"`
	Blocks []slack.Block `json:"blocks"`
}

// A Scene is all that the drawing of a run may know.
type Scene struct {
	Run     *playbooks.Run
	Account *rules.Account
	Book    *playbooks.Book // the one the run began with
	Team    *playbooks.Team // today's

	// Began and Facts are the account as at the run's beginning, for the numbers
	// that made it start, and as it is now. Where they are nil, texts show "…"
	// for values, and there is no chart.
	Began *rules.Facts
	Facts *rules.Facts

	// Asked is the account as when the step that the card shows a chart of was put to
	// somebody, so that the chart shows what its text speaks of; nil where that is Facts.
	Asked *rules.Facts

	Also []*playbooks.Run // those in Run.Evidence, for their numbers; may be shorter

	Now     time.Time
	Voice   *Voice
	Private bool // drawn for the assignee alone
}

// playbook returns the run's playbook, or an empty one where the book no longer
// has it.
func (s *Scene) playbook() *playbooks.Playbook {
	if s.Book != nil {
		if p := s.Book.Playbooks[s.Run.Playbook]; p != nil {
			return p
		}
	}
	return &playbooks.Playbook{Name: s.Run.Playbook, Title: playbooks.Text{}}
}

// milestoneStep begins the ids of steps that a journey's milestones make.
const milestoneStep = "milestone."

// Step returns a step of a book's playbook as a variant has it, or nil.
func Step(b *playbooks.Book, p *playbooks.Playbook, variant, id string) *playbooks.Step {
	for i := range p.Variants {
		if p.Variants[i].Name != variant {
			continue
		}
		for _, step := range p.Variants[i].Steps {
			if step.ID == id {
				return step
			}
		}
	}
	for _, step := range p.Steps {
		if step.ID == id {
			return step
		}
	}
	if name, ok := strings.CutPrefix(id, milestoneStep); ok && b != nil {
		if m := b.Journey.Milestone(name); m != nil && m.Task != nil {
			return &playbooks.Step{ID: id, Kind: playbooks.TaskStep, Task: &playbooks.Task{Text: *m.Task}}
		}
	}
	return nil
}

// step returns the step of a visit, or nil.
func (s *Scene) step(v *playbooks.Visit) *playbooks.Step {
	if v == nil {
		return nil
	}
	return Step(s.Book, s.playbook(), s.Run.Variant, v.Step)
}

// titleOf returns the title of a run of this account, not escaped; where it is about one
// of several contracts, with which.
func (s *Scene) titleOf(r *playbooks.Run) string {
	title := s.title(r.Playbook)
	if r.Subject == "" || s.Account == nil || len(s.Account.Contracts) < 2 {
		return title
	}
	name, others := r.Subject, 0
	for _, c := range s.Account.Contracts {
		if c.ID == r.Subject && c.Product != "" {
			name = c.Product
		}
	}
	for _, c := range s.Account.Contracts {
		if c.Product == name {
			others++
		}
	}
	if others > 1 {
		name = r.Subject // several of one product
	}
	if s.Voice.Lang() == "ja" {
		return title + "(" + name + ")"
	}
	return title + " (" + name + ")"
}

// title returns a playbook's title, not escaped.
func (s *Scene) title(name string) string {
	if s.Book != nil {
		if p := s.Book.Playbooks[name]; p != nil && !p.Title.IsZero() {
			return s.plainText(p.Title, s.Began)
		}
	}
	return name
}

var expression = regexp.MustCompile(`\{\{.*?\}\}`)

// plainText renders a text of the book, not escaped.
func (s *Scene) plainText(t playbooks.Text, f *rules.Facts) string {
	return render(t, f, s.Voice.Lang())
}

// render renders a text of the book; values that cannot be had are "…".
func render(t playbooks.Text, f *rules.Facts, lang string) string {
	template := t.In(lang)
	switch {
	case template == nil:
		return ""
	case f == nil:
		return expression.ReplaceAllString(template.String(), ellipsis)
	}
	return template.Render(f, lang)
}

// text renders a text of the book for mrkdwn. What CS Ops wrote is escaped like
// what comes from data, because the values in it cannot be told apart.
func (s *Scene) text(t playbooks.Text) string { return Escape(s.plainText(t, s.Facts)) }

// customer returns the account's name with its title, escaped.
func (s *Scene) customer() string { return line(s.customerName()) }

// customerName returns the account's name with its title, not escaped.
func (s *Scene) customerName() string { return CustomerName(s.Voice, s.Account, s.Run.Account) }

// CustomerName returns an account's name with its title, or its id.
func CustomerName(v *Voice, a *rules.Account, id string) string {
	if a == nil || oneLine(a.Name) == "" {
		return v.Customer(id)
	}
	return v.Customer(Clip(oneLine(a.Name), 120))
}

// person returns a colleague's name, escaped.
func (s *Scene) person(id string) string { return line(PersonName(s.Voice, s.Team, id)) }

// PersonName returns a colleague's name with its title, or what is known of them.
func PersonName(v *Voice, t *playbooks.Team, id string) string {
	if p := t.Person(id); p != nil {
		if name := p.Name.In(v.Lang()); name != "" {
			return v.Person(name)
		}
	}
	return v.Person(Clip(oneLine(id), 80))
}

// State is where a run stands, as far as its card differs.
type State string

// The states of a card.
const (
	AskedState    State = "asked"
	TakenState    State = "taken"
	SnoozedState  State = "snoozed"
	TaskState     State = "task"
	WaitingState  State = "waiting"
	ApprovalState State = "approval"
	HandoffState  State = "handoff"
	EndingState   State = "ending"
	EndedState    State = "ended"
	HeldState     State = "held"
)

// StateOf returns where a run stands at a time.
func StateOf(r *playbooks.Run, now time.Time) State {
	visit := r.Current()
	switch {
	case !r.Open():
		return EndedState
	case r.Ending():
		return EndingState
	case visit == nil:
		return WaitingState
	case r.SnoozedUntil.After(now):
		return SnoozedState
	case visit.Kind == playbooks.HandoffStep:
		return HandoffState
	case visit.Approval == "asked":
		return ApprovalState
	case r.Held != "":
		return HeldState
	case visit.Kind == playbooks.TaskStep:
		return TaskState
	case visit.Kind == playbooks.AskStep && r.TakenBy != "":
		return TakenState
	case visit.Kind == playbooks.AskStep:
		return AskedState
	}
	return WaitingState
}
