package rules

import "time"

// A Rule decides when a playbook starts.
type Rule struct {
	Playbook    string
	ForEach     string     // "" or "contract"
	Audience    *Condition // nil: everybody
	When        *Condition
	For         Period
	Resolve     *Condition // nil: when When no longer holds
	Cooldown    Period
	InhibitedBy []string
	Holdout     float64 // share of accounts held out, 0 to 1
	High        bool    // high severity: never held out
	Existing    string  // "list", "start" or "ignore": what to do with what holds already when it is switched on
	Fingerprint string  // of When, For and Resolve; a change of it resets the state
}

// Seal sets the rule's Fingerprint from its parts. Call it once it is complete.
func (r *Rule) Seal() {}

// RuleState is where one account (and subject) stands with one rule. The zero
// RuleState is the beginning.
type RuleState struct {
	Phase        Phase     `json:"phase,omitempty"`
	Since        time.Time `json:"since,omitzero"`
	Episode      int64     `json:"episode,omitempty"` // of the last time the rule began to hold; never resets
	Fingerprint  string    `json:"fingerprint,omitempty"`
	HeldOut      bool      `json:"held_out,omitempty"`      // fixed when the episode begins
	FiredEpisode int64     `json:"fired_episode,omitempty"` // the last one that fired
	Outcome      Outcome   `json:"outcome,omitempty"`       // last recorded
	Reason       Reason    `json:"reason,omitempty"`
}

// Circumstances is what a judgement must know besides the facts.
type Circumstances struct {
	OpenRun      bool      // a run of this playbook, account and subject is open
	LastRunEnded time.Time // zero: none ended yet
	SnoozedUntil time.Time // of the playbook on the account, or of the account
	Inhibitor    string    // a playbook of InhibitedBy with an open run or firing rule, or ""
	Paused       bool
	StormHeld    bool
	SwitchedOn   bool // first judgement since the playbook was switched on
	// Add adds a period in the calendar that applies; nil means the account's zone
	// with Monday to Friday as working days.
	Add func(from time.Time, p Period) time.Time
}

// Judge says what becomes of a rule's state by the facts. changed reports whether
// the decision differs from the last one recorded in outcome, reason or episode.
func (r *Rule) Judge(s RuleState, f *Facts, c Circumstances) (RuleState, Decision, bool) {
	return s, Decision{}, false
}

// A Set is every rule of a book, compiled together.
type Set struct {
	Compiler *Compiler
	Rules    []*Rule // sorted by playbook
}

// NewSet collects rules that c (or compilers made by c.With) compiled.
func NewSet(c *Compiler, rules ...*Rule) *Set { return &Set{Compiler: c, Rules: rules} }

// Rule returns the rule of a playbook, or nil.
func (s *Set) Rule(playbook string) *Rule { return nil }

// Touched returns the rules that data of a signal can change.
func (s *Set) Touched(signal string) []*Rule { return nil }

// Facts returns facts for the set's rules; see NewFacts.
func (s *Set) Facts(account *Account, history *History, now time.Time) *Facts {
	return NewFacts(s.Compiler, account, history, now)
}
