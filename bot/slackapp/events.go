package slackapp

import (
	"time"

	"playcaller/rules"
)

// The kinds of events that the app publishes. The key of each says who owns the
// change; Data is the JSON of the type named.
const (
	// RunKind is a playbooks.Event for the run that it names, keyed
	// "account:ID".
	RunKind = "run"
	// StartKind is a Start, keyed "account:ID".
	StartKind = "start"
	// NoteKind is a Note, keyed "account:ID".
	NoteKind = "note"
	// SnoozeKind is a Snooze of a playbook on an account or of the account,
	// keyed "account:ID".
	SnoozeKind = "snooze"
	// AwayKind is an Away, keyed "person:ID".
	AwayKind = "away"
	// OpsKind is an Ops, keyed "playbook:NAME", or "ops" where it means all.
	OpsKind = "ops"
)

// A Start asks for a run that a person begins, such as a handoff.
type Start struct {
	Account  string         `json:"account"`
	Playbook string         `json:"playbook"`
	By       string         `json:"by"`             // person id
	Form     string         `json:"form,omitempty"` // handoff: kind of the form
	Fields   map[string]any `json:"fields,omitempty"`
	Draft    bool           `json:"draft,omitempty"` // handoff: saved, not yet sent
	ID       string         `json:"id"`              // of the request; a repetition means the same run
}

// A Note is a contact with an account that a person wrote down.
type Note struct {
	Account string `json:"account"`
	By      string `json:"by"`
	Text    string `json:"text"`
}

// A Snooze says "not now" of a playbook on an account, or of the account where
// Playbook is empty.
type Snooze struct {
	Account  string    `json:"account"`
	Playbook string    `json:"playbook,omitempty"`
	By       string    `json:"by"`
	Until    time.Time `json:"until"`
}

// An Away says that a person is away up to and including a day, and who covers.
type Away struct {
	Person string     `json:"person"`
	Until  rules.Date `json:"until"` // zero means back now
	Cover  string     `json:"cover,omitempty"`
	By     string     `json:"by"`
}

// An Ops pauses or resumes a playbook, or all of them, or stops runs.
type Ops struct {
	What     OpsAction `json:"what"`
	Playbook string    `json:"playbook,omitempty"`
	Run      string    `json:"run,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	By       string    `json:"by"`
}

// OpsAction is what ops ask for.
type OpsAction string

// The actions of ops.
const (
	Pause  OpsAction = "pause"
	Resume OpsAction = "resume"
	Stop   OpsAction = "stop" // one run, or every open run of a playbook
)
