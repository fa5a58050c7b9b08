package rules

import "time"

// A Phase is where an account stands with one rule.
type Phase string

// The phases, in the order in which an episode lives through them.
const (
	Inactive Phase = "inactive"
	Pending  Phase = "pending" // true, but not yet for the rule's `for`
	Firing   Phase = "firing"
	Resolved Phase = "resolved"
	Cooling  Phase = "cooling" // resolved or ended, and the cooldown is not over
)

// An Outcome is what a decision says.
type Outcome string

// The outcomes of a decision.
const (
	Quiet      Outcome = "quiet" // the condition does not hold
	Waits      Outcome = "pending"
	Fired      Outcome = "fired"
	Resolves   Outcome = "resolved"
	Suppressed Outcome = "suppressed"
	Unknowable Outcome = "unknown"
)

// A Reason says why a decision suppressed what would have fired.
type Reason string

// The reasons for suppression.
const (
	Snoozed         Reason = "snoozed"
	CoolingDown     Reason = "cooling_down"
	Inhibited       Reason = "inhibited"
	OutsideAudience Reason = "outside_audience"
	HeldOut         Reason = "held_out"
	AlreadyRunning  Reason = "already_running"
	OverStormLimit  Reason = "storm_limit"
	Paused          Reason = "paused"
	OutsidePilot    Reason = "outside_pilot" // the playbook is tried with some people first, and the account's owner is none of them
	Grouped         Reason = "grouped"       // so many accounts at once that they became one message instead of a play each
	Gathering       Reason = "gathering"     // pending: it waits for whether as many accounts fire as become one message
	AlreadyTrue     Reason = "already_true"  // was true when the playbook was switched on, and existing is not start
)

// A Decision is what the rules said of one account, playbook and subject at one
// time, with the values seen.
type Decision struct {
	Account  string        `json:"account"`
	Playbook string        `json:"playbook"`
	Subject  string        `json:"subject,omitempty"` // contract id where the playbook is for_each: contract
	At       time.Time     `json:"at"`
	Outcome  Outcome       `json:"outcome"`
	Reason   Reason        `json:"reason,omitempty"`
	Detail   string        `json:"detail,omitempty"` // e.g. the inhibiting playbook, or the date a snooze ends
	Episode  int64         `json:"episode,omitempty"`
	Since    time.Time     `json:"since,omitzero"` // of the phase
	Until    time.Time     `json:"until,omitzero"` // when a pending has held for long enough or a cooldown ends, if nothing changes
	Then     *Hold         `json:"then,omitempty"` // of a pending: what keeps it from firing at Until; nil where nothing does
	Clauses  []ClauseValue `json:"clauses,omitempty"`
	Missing  []string      `json:"missing,omitempty"` // what makes it unknown, e.g. "logins: no data since 2026-11-03"
	Gaps     []Gap         `json:"gaps,omitempty"`    // the same, for every language
}

// A Hold is what keeps a rule from firing that is due.
type Hold struct {
	Reason Reason    `json:"reason"`
	Detail string    `json:"detail,omitempty"` // as of a Decision
	Until  time.Time `json:"until,omitzero"`   // when it ends, where that is known
}

// A ClauseValue is one clause of a condition as it was judged.
type ClauseValue struct {
	Source string         `json:"source"` // as written
	Truth  Truth          `json:"truth"`
	Values map[string]any `json:"values,omitempty"` // feature or field, as written -> value; nil where unknown
}

// A Truth is a value of Kleene's three-valued logic.
type Truth int8

// The truth values.
const (
	Unknown Truth = 0
	True    Truth = 1
	False   Truth = -1
)

// String returns "true", "false" or "unknown".
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}
