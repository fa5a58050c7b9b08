package playbooks

import (
	"time"
)

// A Handoff is the document by which work on an account changes hands. It lives
// in the run of its handoff step.
type Handoff struct {
	Kind     string         `json:"kind"` // of form: new, expansion, …
	State    HandoffState   `json:"state"`
	Sales    string         `json:"sales"`              // who hands over, a person id
	Accepter string         `json:"accepter"`           // who takes over; "" while nobody is known
	Proposed bool           `json:"proposed,omitempty"` // the accepter is only proposed: no role of the account names one
	Turn     string         `json:"turn"`               // who has the ball; "" once decided
	Fields   map[string]any `json:"fields,omitempty"`
	Hidden   []string       `json:"hidden,omitempty"` // fields that are not asked; what they hold from before does not count

	Missing []string `json:"missing,omitempty"` // ★ fields without a value, then ☆ ones
	Stars   int      `json:"stars,omitempty"`   // how many of Missing are ★
	Score   float64  `json:"score"`             // 0 to 1: the filled share of ★ and ☆

	Version   int        `json:"version"` // of Fields: 1 when first sent
	Questions []Question `json:"questions,omitempty"`
	Rounds    int        `json:"rounds,omitempty"` // times asked back
	OpenItems []OpenItem `json:"open_items,omitempty"`
	Reason    string     `json:"reason,omitempty"`  // declined, withdrawn
	Outcome   string     `json:"outcome,omitempty"` // with which the run ends once the journey's milestones are played

	Sent    time.Time `json:"sent,omitzero"` // first
	Decided time.Time `json:"decided,omitzero"`
	// Whose turn it was for how long, in their working hours; what the weekly
	// report of time to accept is made of.
	TurnSince time.Time                `json:"turn_since,omitzero"`
	Worked    map[string]time.Duration `json:"worked,omitempty"` // by person, nanoseconds
}

// HandoffState is where a handoff stands.
type HandoffState string

// The states of a handoff.
const (
	HandoffDraft     HandoffState = "draft"      // sales fills it in
	HandoffSent      HandoffState = "sent"       // onboarding's turn
	HandoffAskedBack HandoffState = "asked_back" // sales' turn again
	HandoffAccepted  HandoffState = "accepted"
	HandoffDeclined  HandoffState = "declined"
	HandoffWithdrawn HandoffState = "withdrawn"
)

// A Question is something onboarding asked back.
type Question struct {
	Fields   []string  `json:"fields,omitempty"` // ids of the fields it is about
	Text     string    `json:"text"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Answer   string    `json:"answer,omitempty"`
	AnswerBy string    `json:"answer_by,omitempty"`
	Answered time.Time `json:"answered,omitzero"`
}

// An OpenItem is something left to be done when a handoff was accepted.
type OpenItem struct {
	Text  string `json:"text"`
	Owner string `json:"owner"`         // person id
	Due   string `json:"due,omitempty"` // YYYY-MM-DD
}

// Open returns the indices of the questions that wait for an answer.
func (h *Handoff) Open() []int {
	var open []int
	for i := range h.Questions {
		if h.Questions[i].Answered.IsZero() {
			open = append(open, i)
		}
	}
	return open
}
