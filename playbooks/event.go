package playbooks

import (
	"time"

	"playcaller/rules"
)

// An Event is one thing that happens to a run.
type Event struct {
	Kind  EventKind `json:"kind"`
	At    time.Time `json:"at"`           // business time
	By    string    `json:"by,omitempty"` // person id; "" for the clock, the rules and ops' systems
	Run   string    `json:"run,omitempty"`
	Visit int       `json:"visit,omitempty"` // which visit it means: a click on an older one is answered and changes nothing

	Answer    string         `json:"answer,omitempty"`
	Collected map[string]any `json:"collected,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	Person    string         `json:"person,omitempty"` // reassigned to
	From      string         `json:"from,omitempty"`   // handed on: whose it was
	Until     time.Time      `json:"until,omitzero"`
	Items     []int          `json:"items,omitempty"` // checklist items now ticked, all of them; replied: which questions, all open ones where nil
	Text      string         `json:"text,omitempty"`
	Playbook  string         `json:"playbook,omitempty"`   // evidence: what fired
	Other     string         `json:"other,omitempty"`      // evidence, held, released: the other run; begin: the run this one waits behind from the start
	Fields    map[string]any `json:"fields,omitempty"`     // handoff: form values by field
	Draft     bool           `json:"draft,omitempty"`      // handoff, submitted: the fields are saved, not yet sent
	Marked    []string       `json:"marked,omitempty"`     // handoff: fields asked about
	OpenItems []OpenItem     `json:"open_items,omitempty"` // handoff: accepted with these still open
}

// EventKind names what happens.
type EventKind string

// The kinds of events a run understands.
const (
	Begin      EventKind = "begin"      // the first event of every run
	Tick       EventKind = "tick"       // a timer fell due
	Facts      EventKind = "facts"      // the account's series or fields changed: waits, stop_when and branches look again
	RuleEnded  EventKind = "rule_ended" // the run's own rule stopped holding
	Delivered  EventKind = "delivered"  // the person whose turn it is was given the step
	Answered   EventKind = "answered"
	Taken      EventKind = "taken" // already on it
	Done       EventKind = "done"  // task finished
	Checked    EventKind = "checked"
	SnoozedRun EventKind = "snoozed"
	Dismissed  EventKind = "dismissed" // not a problem, with a reason
	Reassigned EventKind = "reassigned"
	Moved      EventKind = "moved" // due date
	Noted      EventKind = "noted"
	Approved   EventKind = "approved"
	Refused    EventKind = "refused"
	Undone     EventKind = "undone"
	StoppedRun EventKind = "stopped" // by ops, with a reason
	Joined     EventKind = "joined"  // another playbook's firing became evidence on this card
	HeldBack   EventKind = "held"    // this run waits behind another's question
	Released   EventKind = "released"
	HandedOn   EventKind = "handed_on" // the account is Person's now: what the run has of From goes on with them

	Submitted EventKind = "submitted" // handoff form saved and sent
	Accepted  EventKind = "accepted"
	AskedBack EventKind = "asked_back"
	Replied   EventKind = "replied" // sales answered what was asked back
	Declined  EventKind = "declined"
	Withdrawn EventKind = "withdrawn"

	Called     EventKind = "called"      // another system took what a webhook step sent
	LateData   EventKind = "late"        // data arrived after their day, and before the run began: so many Items, the signals in Text; Reason is whether its rule would have held
	CallFailed EventKind = "call_failed" // it will not take it, for the Reason; what only failed for now is tried again
)

// NoDraft is why a silent play is stopped whose playbook is no draft any more.
const NoDraft = "no draft"

// An Effect is something the world must do because a run advanced. Effects are
// data: they are saved with the run and carried out afterwards, so each has a Key
// by which a repetition is recognised.
type Effect struct {
	Key    string     `json:"key"` // run id + visit + kind + count
	Kind   EffectKind `json:"kind"`
	Person string     `json:"person,omitempty"` // who is told; set, snooze: who did it
	Visit  int        `json:"visit,omitempty"`
	What   string     `json:"what,omitempty"` // nudge: one of the Nudge… constants

	Playbook string         `json:"playbook,omitempty"`
	Scope    string         `json:"scope,omitempty"` // snooze: run, playbook or account
	Until    time.Time      `json:"until,omitzero"`
	Field    string         `json:"field,omitempty"`   // set: "stage", "milestone.NAME" (a day dates it, true means reached), "role.NAME" (a person, or person and to, the last day), "contract.ID" (its fields), "attributes.NAME"
	Value    any            `json:"value,omitempty"`   // string (dates as YYYY-MM-DD), float64, bool, or a map of such
	Channel  string         `json:"channel,omitempty"` // say
	Text     string         `json:"text,omitempty"`    // say: rendered where the reader's language does not matter
	Step     string         `json:"step,omitempty"`    // say, webhook: the step
	System   string         `json:"system,omitempty"`  // webhook: the name of what is called; Args is what it is sent, Until when it is given up
	Args     map[string]any `json:"args,omitempty"`
}

// EffectKind names what must be done.
type EffectKind string

// The kinds of effects. A changed Run.Version by itself means that the run's
// card must be drawn again, and a grown Run.Log that its thread must be told;
// there are no effects for those.
const (
	Nudge   EffectKind = "nudge"  // a DM line to the person whose turn it is
	SayIt   EffectKind = "say"    // a message of a say step
	StartIt EffectKind = "start"  // another playbook
	Snooze  EffectKind = "snooze" // the playbook on this account, or the account
	SetIt   EffectKind = "set"    // a field of the account, its stage, a milestone
	PassOn  EffectKind = "pass"   // the account's other open plays, from the person of Args["from"] to Person
	CallIt  EffectKind = "webhook"
)

// What a Nudge effect tells its reader; each is a message id "nudge.<what>" of the
// words catalogue.
const (
	NudgeQuestion   = "question"
	NudgeTask       = "task"
	NudgeReminder   = "reminder"
	NudgeOverdue    = "overdue"
	NudgeEscalation = "escalation" // to the manager: please help
	NudgeApproval   = "approval"
	NudgeTold       = "told"        // an outcome somebody wants to know; nothing to do
	NudgeOutcome    = "outcome"     // you were on it: how did it go?
	NudgeSnoozeOver = "snooze_over" // the question again, after a snooze
	NudgeHandoff    = "handoff"     // a handoff arrived, or came back answered
	NudgeFill       = "fill"        // sales: please fill the handoff in
	NudgeAskedBack  = "asked_back"  // sales: a question about the handoff
	NudgeCall       = "call"        // both managers: asked back again, a call of 15 minutes would help
	NudgeAccepted   = "accepted"    // sales: the handoff is accepted
	NudgeDeclined   = "declined"    // sales: the handoff is declined
	NudgeWithdrawn  = "withdrawn"   // onboarding: the handoff is withdrawn
)

// Env is what Advance may know of the world at the event's time.
type Env struct {
	Book  *Book // the one the run began with
	Team  *Team // today's people and calendars
	Facts *rules.Facts
	Load  map[string]int // open plays by person, where a handoff has nobody to go to; nil where not known
}
