package playbooks

import (
	"time"

	"playcaller/rules"
)

// A Run is one playbook played for one account (and one subject) for one episode
// of its rule being true. It is a value: Advance returns a changed copy.
type Run struct {
	ID       string `json:"id"` // RunID of the four fields below
	Account  string `json:"account"`
	Playbook string `json:"playbook"`
	Subject  string `json:"subject,omitempty"` // contract id
	Episode  int64  `json:"episode"`           // negative for runs started by people, hooks and other runs

	Book     string    `json:"book"` // hash of the book it began with
	Variant  string    `json:"variant,omitempty"`
	Severity Severity  `json:"severity"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended,omitzero"`
	Outcome  string    `json:"outcome,omitempty"` // set before Ended while the answer that led here can be undone
	Draft    bool      `json:"draft,omitempty"`

	StartedBy string              `json:"started_by,omitempty"` // "rule", a run id, or a person id
	Fired     []rules.ClauseValue `json:"fired,omitempty"`      // the rule's clauses as they stood at firing
	At        Snapshot            `json:"at"`                   // the account as it was at the beginning

	Assignee string `json:"assignee"` // whose play it is, a person id
	Also     string `json:"also,omitempty"`
	Channel  string `json:"channel"` // "#name" or "dm", as in the book

	Step    string  `json:"step,omitempty"` // where it is; "" once ended
	Visits  []Visit `json:"visits"`         // every step entered, in order; the last is the current one
	Timers  []Timer `json:"timers,omitempty"`
	Version int64   `json:"version"` // grows with every visible change

	Held     string     `json:"held,omitempty"`     // id of the run whose question this one waits behind
	Evidence []Evidence `json:"evidence,omitempty"` // what fired meanwhile and joined this card

	TakenBy      string         `json:"taken_by,omitempty"` // "already on it"
	SnoozedUntil time.Time      `json:"snoozed_until,omitzero"`
	Moot         bool           `json:"moot,omitempty"`   // the rule stopped holding after somebody had answered
	Values       map[string]any `json:"values,omitempty"` // collected with answers, by name
	Handoff      *Handoff       `json:"handoff,omitempty"`
	Undo         *Undo          `json:"undo,omitempty"`
	Sent         int64          `json:"sent,omitempty"` // effects so far, undone ones too: each gets its own key

	Log []Entry `json:"log,omitempty"` // the timeline, oldest first; shown in the thread
}

// RunID names a run; the same four things always make the same name, so that a
// run is started once however often it is asked for.
func RunID(account, playbook, subject string, episode int64) string {
	return runID(account, playbook, subject, episode)
}

// Open reports whether the run has not ended. For the minute in which the answer
// that ends a run can be undone, the run is still open, although its Outcome is
// known: see Ending.
func (r *Run) Open() bool { return r.Ended.IsZero() }

// Ending reports whether the run has come to its outcome but can still be brought
// back by Undo.
func (r *Run) Ending() bool { return r.Ended.IsZero() && r.Outcome != "" }

// Current returns the visit the run is at, or nil.
func (r *Run) Current() *Visit {
	if r.Step == "" || len(r.Visits) == 0 {
		return nil
	}
	return &r.Visits[len(r.Visits)-1]
}

// Second returns the latest question that a second person may still answer, and who
// that is: as long as nobody has answered it, the other of the two who are asked, and
// then whoever of them has not. It is nil where there is none. Whether the step asks
// somebody else altogether (`to`) the run does not know.
func (r *Run) Second() (v *Visit, person string) {
	if r.Also == "" || !r.Open() || r.Ending() {
		return nil, ""
	}
	for i := len(r.Visits) - 1; i >= 0; i-- {
		v := &r.Visits[i]
		if v.Kind != AskStep || v.Undone || v.By == "" && i < len(r.Visits)-1 {
			continue
		}
		other := r.Also
		if v.By == other {
			other = v.Assignee
		}
		if _, said := v.Others[other]; said || other == v.By || v.By == "" && (other == v.Assignee || r.Held != "") {
			return nil, ""
		}
		return v, other
	}
	return nil, ""
}

// Snapshot is the part of an account that reports need as at the time.
type Snapshot struct {
	Owner    string            `json:"owner,omitempty"`
	Stage    string            `json:"stage,omitempty"`
	ARR      *float64          `json:"arr,omitempty"`
	Segments map[string]string `json:"segments,omitempty"`
}

// A Visit is one time that a run was at one step. Visits are only ever added: what
// is undone stays, marked, and the step is entered anew, so that a number never
// means two things.
type Visit struct {
	N    int      `json:"n"` // index in Run.Visits, so that a click says which visit it means
	Step string   `json:"step"`
	Kind StepKind `json:"kind"`

	// Said has what the expressions of the step's text came to when it was put to the person, by language, so that a card
	// goes on to show the numbers that were asked about.
	Said map[string][]string `json:"said,omitempty"`

	// Attached is the text for the customer as it was prepared, by language.
	Attached map[string]string `json:"attached,omitempty"`

	Assignee  string    `json:"assignee,omitempty"` // whose turn it is
	Entered   time.Time `json:"entered"`
	Delivered time.Time `json:"delivered,omitzero"` // to the assignee; reminders and due dates count from here
	Due       time.Time `json:"due,omitzero"`
	FirstDue  time.Time `json:"first_due,omitzero"` // before it was moved
	Left      time.Time `json:"left,omitzero"`

	Answer    string                 `json:"answer,omitempty"` // answer id, "done", "timeout", "approved", …
	By        string                 `json:"by,omitempty"`
	Reason    string                 `json:"reason,omitempty"`
	Collected map[string]any         `json:"collected,omitempty"`
	Others    map[string]OtherAnswer `json:"others,omitempty"` // by person: a second answer, where `also` allows it

	Checked   []int     `json:"checked,omitempty"` // checklist items ticked
	Reminded  int       `json:"reminded,omitempty"`
	Escalated time.Time `json:"escalated,omitzero"`
	Approval  string    `json:"approval,omitempty"` // "", "asked", "approved", "refused"
	Approver  string    `json:"approver,omitempty"` // who is asked
	Undone    bool      `json:"undone,omitempty"`   // taken back: kept for the record, counts for nothing
}

// OtherAnswer is what the second person said.
type OtherAnswer struct {
	Answer    string         `json:"answer"`
	At        time.Time      `json:"at"`
	Reason    string         `json:"reason,omitempty"`
	Collected map[string]any `json:"collected,omitempty"` // as in a Visit; the run's Values are the first answer's
}

// A Timer is a time at which a run wants to be woken.
type Timer struct {
	At    time.Time `json:"at"`
	Kind  TimerKind `json:"kind"`
	Visit int       `json:"visit"`
	N     int       `json:"n,omitempty"` // which reminder
}

// TimerKind says what falls due.
type TimerKind string

// The kinds of timers.
const (
	RemindTimer    TimerKind = "remind"
	EscalateTimer  TimerKind = "escalate"
	OtherwiseTimer TimerKind = "otherwise"
	WaitTimer      TimerKind = "wait"
	SnoozeTimer    TimerKind = "snooze"
	OverdueTimer   TimerKind = "overdue"
	RepeatTimer    TimerKind = "repeat"
	ApproveTimer   TimerKind = "approve"
	UndoTimer      TimerKind = "undo"
	TakenTimer     TimerKind = "taken" // whoever was already on it is asked how it went
)

// Due returns the earliest time at which the run must be advanced with a Tick,
// or the zero time.
func (r *Run) Due() time.Time {
	var due time.Time
	for _, t := range r.Timers {
		if due.IsZero() || t.At.Before(due) {
			due = t.At
		}
	}
	return due
}

// Evidence is another playbook's firing that joined this run's open card.
type Evidence struct {
	Run      string    `json:"run"`
	Playbook string    `json:"playbook"`
	At       time.Time `json:"at"`
}

// Undo holds what an answer changed, for a minute.
type Undo struct {
	Until  time.Time `json:"until"`
	By     string    `json:"by"`
	Before []byte    `json:"before"` // the run before, as JSON
	Held   []Effect  `json:"held"`   // what waits for the minute to pass
}

// An Entry is one line of a run's timeline.
type Entry struct {
	At   time.Time      `json:"at"`
	What string         `json:"what"` // a message id of the words catalogue: "log.fired", "log.answered", …
	By   string         `json:"by,omitempty"`
	Step string         `json:"step,omitempty"`
	Args map[string]any `json:"args,omitempty"` // strings (dates as YYYY-MM-DD, times as RFC 3339), float64 and bool only
}

// Quiet reports whether the entry belongs to the record but is too small to be
// said in the thread.
func (e Entry) Quiet() bool {
	switch e.What {
	case "log.delivered", "log.checked", "log.reminded", "log.held", "log.released", "log.set_quietly", "log.quiet_unknown":
		return true
	}
	return false
}
