package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Rule decides when a playbook starts.
type Rule struct {
	Playbook    string
	ForEach     string     // "" or "contract"
	Audience    *Condition // nil: everybody
	When        *Condition
	For         Period
	Resolve     *Condition // nil: when When no longer holds
	Cooldown    Period     // since the last run's end; where zero, When must lapse before the rule fires again
	InhibitedBy []string
	Holdout     float64 // share of accounts held out, 0 to 1
	High        bool    // high severity: never held out
	Existing    string  // "list" (also ""), "start" or "ignore": what becomes of what holds already when it is switched on
	Fingerprint string  // of ForEach, When, For and Resolve; a change of it resets the state. Seal sets it
}

// Seal sets the rule's Fingerprint from its parts. Call it once they are complete.
func (r *Rule) Seal() {
	parts := []string{r.ForEach, words(r.When), r.For.String(), words(r.Resolve)}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	r.Fingerprint = hex.EncodeToString(sum[:8])
}

// words returns a condition's text without the spacing that does not matter.
func words(c *Condition) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Source.Text), " ")
}

// Signals returns the names of the signals that the rule reads, sorted.
func (r *Rule) Signals() []string {
	var all []string
	for _, c := range []*Condition{r.Audience, r.When, r.Resolve} {
		if c != nil {
			all = append(all, c.Signals()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// HoldsOut reports whether an account belongs to the share that the rule holds out.
// It goes by a hash of the names, so it is the same at any time and on any machine.
func (r *Rule) HoldsOut(account, subject string) bool {
	if r.High || r.Holdout <= 0 {
		return false
	}
	share := float64(hashOf("holdout\x00"+r.Playbook+"\x00"+account+"\x00"+subject)>>11) / (1 << 53)
	return share < r.Holdout
}

// RuleState is where one account (and subject) stands with one rule. The zero
// RuleState is the beginning. It is kept by the playbook's name.
type RuleState struct {
	Phase       Phase     `json:"phase,omitempty"`
	Since       time.Time `json:"since,omitzero"`        // of the phase
	Episode     int64     `json:"episode,omitempty"`     // number of the last episode begun; never resets
	Fingerprint string    `json:"fingerprint,omitempty"` // of the rule that the state belongs to

	HeldSince    time.Time     `json:"held_since,omitzero"`    // When has been true since then
	UnknownSince time.Time     `json:"unknown_since,omitzero"` // while When is unknown, and HeldSince runs
	Frozen       time.Duration `json:"frozen,omitempty"`       // how long When was unknown since HeldSince
	Without      Reason        `json:"without,omitempty"`      // this episode has no run: held_out or already_true, fixed when it begins; or grouped
	Outcome      Outcome       `json:"outcome,omitempty"`      // of the last decision recorded
	Reason       Reason        `json:"reason,omitempty"`       // likewise
	Recorded     int64         `json:"recorded,omitempty"`     // its episode
}

// A Set is every rule of a book, compiled together.
type Set struct {
	Compiler *Compiler
	Rules    []*Rule // sorted by playbook

	byName   map[string]*Rule
	bySignal map[string][]*Rule
}

// NewSet collects rules that c (or compilers made by c.With) compiled. The rules are
// sealed.
func NewSet(c *Compiler, rules ...*Rule) *Set {
	s := &Set{Compiler: c, Rules: slices.Clone(rules), byName: map[string]*Rule{}, bySignal: map[string][]*Rule{}}
	slices.SortFunc(s.Rules, func(a, b *Rule) int { return strings.Compare(a.Playbook, b.Playbook) })
	for _, r := range s.Rules {
		r.Seal()
		s.byName[r.Playbook] = r
		for _, signal := range r.Signals() {
			s.bySignal[signal] = append(s.bySignal[signal], r)
		}
	}
	return s
}

// Rule returns the rule of a playbook, or nil.
func (s *Set) Rule(playbook string) *Rule { return s.byName[playbook] }

// Touched returns the rules that data of a signal can change, sorted by playbook.
func (s *Set) Touched(signal string) []*Rule { return s.bySignal[signal] }

// Facts returns facts for the set's rules; see NewFacts.
func (s *Set) Facts(account *Account, history *History, now time.Time) *Facts {
	return NewFacts(s.Compiler, account, history, now)
}

// Circumstances is what a judgement must know besides the facts.
type Circumstances struct {
	OpenRun      bool      // a run of this playbook, account and subject is open or about to begin
	LastRunEnded time.Time // zero: none ended yet
	SnoozedUntil time.Time // of the playbook on the account, or of the account
	Inhibitor    string    // a playbook of InhibitedBy that is at work on the account, or ""
	Paused       bool
	StormHeld    bool // the playbook is over its storm limit, and ops has not said go
	SwitchedOn   bool // first judgement since the playbook was switched on
	OutsidePilot bool // the playbook is piloted, and the account's owner is not among those who try it
	// Add adds a period in the calendar that applies; nil means the account's zone
	// with Monday to Friday as working days.
	Add func(from time.Time, p Period) time.Time
}

// Regrouped returns the state of an account whose episode became part of a message
// about many: the episode goes on without a run. It is the state itself where that
// episode is over.
func (s RuleState) Regrouped(episode int64) RuleState {
	if s.Phase == Firing && s.Episode == episode {
		s.Without = Grouped
	}
	return s
}

// Withdrawn returns the state of an account whose episode began no run after all, so
// that the rule is judged anew: what holds for long enough already fires as another
// episode once nothing keeps it from that. It is the state itself where that episode
// is over.
func (s RuleState) Withdrawn(episode int64) RuleState {
	if s.Phase == Firing && s.Episode == episode {
		s.Phase = Inactive
	}
	return s
}

// String describes a state for logs.
func (s RuleState) String() string {
	return fmt.Sprintf("%s since %s, episode %d", s.Phase, s.Since.UTC().Format(time.RFC3339), s.Episode)
}
