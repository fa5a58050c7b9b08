package backtest

import (
	"cmp"
	"time"

	"playcaller/rules"
)

// A Result is what came of one account. It holds all that a Report is made of, so that
// it can be kept and a back-test gone on with.
type Result struct {
	Account  string     `json:"account"`
	Name     string     `json:"name,omitempty"`
	Owner    string     `json:"owner,omitempty"` // on the last day
	Zone     string     `json:"zone,omitempty"`
	Days     int        `json:"days"` // played, since there was anything to play
	Episodes []Episode  `json:"episodes,omitempty"`
	Before   []Episode  `json:"before,omitempty"` // by Options.Against
	Counts   []Count    `json:"counts,omitempty"`
	Chance   []Episode  `json:"chance,omitempty"` // of its quiet copies; without times
	Quiet    int        `json:"quiet,omitempty"`  // days that its quiet copies were played
	End      End        `json:"end,omitzero"`
	Refused  []string   `json:"refused,omitempty"` // signals that were not taken in, and why; the first few
	Since    rules.Date `json:"since,omitzero"`    // the first day of its data

	old    bool // it was known before
	played [2]played
}

// The two sides of a back-test with a comparison.
const (
	after  = 0 // the book
	before = 1 // the one that it is compared with
)

// played says what of the crowd an account was played with, by one book.
type played struct {
	key  string   // of the part
	held []firing // what a storm limit held
}

// episodes returns those of one side.
func (r *Result) episodes(side int) *[]Episode {
	if side == before {
		return &r.Before
	}
	return &r.Episodes
}

// firings returns when the rule of a playbook fired, or would have but for its limit.
func (r *Result) firings(side int, playbook string) []crowded {
	var all []crowded
	for i := range *r.episodes(side) {
		if e := &(*r.episodes(side))[i]; e.Playbook == playbook && e.By == "" {
			all = append(all, crowded{firing: e.firing(), account: r.Account, over: e.Over})
		}
	}
	for _, f := range r.played[side].held {
		if f.playbook == playbook {
			all = append(all, crowded{firing: f, account: r.Account, attempt: true})
		}
	}
	return all
}

func (e *Episode) firing() firing { return firing{e.Playbook, e.Subject, e.Fired.UTC()} }

// A Count is how often a decision was made of an account and playbook, by its reason.
type Count struct {
	Playbook string `json:"playbook"`
	Reason   string `json:"reason"` // a rules.Reason, or "unknown"
	N        int    `json:"n"`
	Missing  string `json:"missing,omitempty"` // of the first unknown: what is missing
}

// An Episode is one firing of a playbook on an account.
type Episode struct {
	Account  string    `json:"account,omitempty"`
	Name     string    `json:"name,omitempty"` // of the account; set in a Report
	Playbook string    `json:"playbook"`
	Subject  string    `json:"subject,omitempty"` // contract id
	Severity string    `json:"severity,omitempty"`
	Fired    time.Time `json:"fired,omitzero"`
	Over     time.Time `json:"over,omitzero"` // when resolve held, or without one when no longer did, or it fired anew; zero where that was not by the last day. Of one that a play started: when its own play ended
	Person   string    `json:"person,omitempty"`
	Prompted time.Time `json:"prompted,omitzero"` // when the person is given it, in their working hours; zero: nobody is asked anything
	Asks     string    `json:"asks,omitempty"`    // what the prompt is: playbooks.NudgeQuestion, NudgeTask, …
	Joined   bool      `json:"joined,omitempty"`  // it waited behind another playbook's open question
	By       string    `json:"by,omitempty"`      // the run that started it; "" where its rule did
	Held     time.Time `json:"held,omitzero"`     // since then it was held by the playbook's storm limit, and fired when ops let it
	Grouped  time.Time `json:"grouped,omitzero"`  // when it became part of a message about several accounts, and nobody was asked about this one
	Message  int64     `json:"message,omitempty"` // the number of that message of the playbook's
	Late     bool      `json:"late,omitempty"`    // it was over the person's daily budget, and came on a later day
	Outcome  string    `json:"outcome,omitempty"` // of the run, nobody having answered
	Draft    bool      `json:"draft,omitempty"`   // its playbook is a draft: the prompt is what it would ask, and nobody is asked
	Values   []Value   `json:"values,omitempty"`  // what was seen when it fired
	Why      *Why      `json:"why,omitempty"`     // why the other version of the book did not fire then
	zone     *time.Location
	episode  int64
	run      string
}

// A Value is one clause of a condition with what it read.
type Value struct {
	Clause string      `json:"clause"`
	Truth  rules.Truth `json:"truth"`
	Read   string      `json:"read,omitempty"` // logins.drop("14d") = 0.52
}

// A Why says why a book did not fire when another did.
type Why struct {
	Kind   string  `json:"kind"` // see the constants
	Text   string  `json:"text"` // in a sentence
	Values []Value `json:"values,omitempty"`
}

// The kinds of reasons for which the other version of a book did not fire.
const (
	WhyAbsent     = "absent"     // it has no such playbook
	WhyFalse      = "false"      // a clause of its condition did not hold
	WhyUnknown    = "unknown"    // it could not be judged
	WhyAudience   = "audience"   // the account is outside its audience
	WhyPending    = "pending"    // its condition had not yet held for long enough
	WhySuppressed = "suppressed" // something held it back
	WhyRunning    = "running"    // it had fired before
)

// given reports whether the play asks somebody something, be it only once it is no draft.
func (e *Episode) given() bool { return !e.Prompted.IsZero() }

// prompt reports whether somebody was asked something because of the episode.
func (e *Episode) prompt() bool { return e.given() && !e.Draft }

// drafted reports whether somebody would be asked something because of the episode, once
// its playbook is no draft.
func (e *Episode) drafted() bool { return e.given() && e.Draft }

// days returns how long the condition held, in days, up to the given end where it
// still did. What becomes of the play has no part in it.
func (e *Episode) days(end time.Time) float64 {
	over := e.Over
	if over.IsZero() {
		over = end
	}
	return over.Sub(e.Fired).Hours() / 24
}

// name returns the account's name, or its id where it has none.
func (e *Episode) name() string { return cmp.Or(e.Name, e.Account) }

// location returns the account's zone.
func (e *Episode) location() *time.Location {
	if e.zone == nil {
		return time.UTC
	}
	return e.zone
}

// name gives every episode the name of its account.
func (r *Result) name() {
	for _, all := range [][]Episode{r.Episodes, r.Before} {
		for i := range all {
			all[i].Name = r.Name
		}
	}
}

// restore makes a result that was read from a file as it was before.
func (r *Result) restore() {
	zone := zoneOf(&rules.Account{TimeZone: r.Zone})
	for _, all := range [][]Episode{r.Episodes, r.Before} {
		for i := range all {
			all[i].zone = zone
		}
	}
	r.old = true
}
