// Package replay lets accounts live through time in memory: signals come in, rules
// judge, runs begin and advance - the same doings in the same order as the live bot's
// worker, with the time that the caller says. Tests of a book (playtest) and its
// back-tests are played by it.
//
// A World is what the accounts share; Settle looks at one account as of World.Now and
// lets happen what follows. What only a live bot could do - telling a person, posting
// in a channel - is handed to the World's Hooks.
//
// Like rules and playbooks the package is pure: no clock, no files, no network.
package replay

import (
	"fmt"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A World is what accounts that are replayed together share. It is not safe for
// several goroutines at once.
type World struct {
	Book   *playbooks.Book
	Team   *playbooks.Team // today's people: the book's, until somebody goes away
	Rules  []*rules.Rule   // those that are judged
	Now    time.Time
	Feed   func(signal string) time.Time // when anything of a signal last arrived for any account; nil where only the account tells
	Paused map[string]bool               // by playbook; "" is all of them
	Hooks  Hooks

	// Outages tells during which times nothing of a signal arrived for any account, as rules.FeedLog has them by now; the map
	// that it returns is never changed. Nil where only the account tells.
	Outages func() map[string][]rules.Outage

	// NoStorms leaves the storm limits and groups out.
	NoStorms bool

	// Others tells what accounts that are not in this World mean for storm limits and groups; nil where all are in it.
	Others Others

	// Silent says which drafts are played silently: what they would post and do is told to Hooks.Drafted alone. Where it is
	// nil, drafts are played as if they were none.
	Silent func(playbook string) bool

	// Peers tells how features are spread over an account's peers, the account not among them; nil where nothing is known.
	Peers func(a *Account) func(rules.PeerGroup) *rules.Distribution

	// Spread is told of an account whose own part of what its peers are asked for may be another one now; its Facts are set.
	// It may be nil.
	Spread func(a *Account)

	// Load counts the open plays by whose turn it is, but for one; asked where somebody is to be proposed for a handoff. It may
	// be nil.
	Load func(but *Run) map[string]int

	starts map[string][]time.Time
	stormy map[string]bool
	lifted map[string]time.Time // when ops said that a playbook goes on
	index  map[string]int       // of Rules, by playbook
	reads  [][]string           // by rule: the signals that it reads
	queue  []func()

	gatherings map[string]*playbooks.Gathering // by playbook
	byID       map[string]*Account             // those with plays that wait
}

// Others knows what becomes of plays because of accounts that are replayed elsewhere.
type Others interface {
	// Held reports whether too many accounts have started a playbook, and ops have not said yet that it goes on.
	Held(a *Account, playbook, subject string) bool

	// Gathered tells until when a play that a rule asks for now waits for others, and whether it then becomes part of a
	// message about many accounts instead of beginning.
	Gathered(a *Account, playbook, subject string) (until time.Time, grouped bool)
}

// Hooks are told what happens. Each may be nil.
type Hooks struct {
	Judging  func(a *Account, rule *rules.Rule, before rules.RuleState)                                                   // before a rule is judged; the account's Facts are set
	Decided  func(a *Account, key string, d rules.Decision)                                                               // a decision that differs from the last
	Advanced func(a *Account, p *playbooks.Playbook, before, after *playbooks.Run, e playbooks.Event, facts *rules.Facts) // after every event of a run, whether or not it changed
	Begun    func(a *Account, r *Run)
	Ended    func(a *Account, r *Run)
	Posted   func(a *Account, r *Run, to, what, step string)           // what is "card" or "say"; to a channel or a person
	Nudged   func(a *Account, r *Run, e playbooks.Effect)              // a person is to be told
	Drafted  func(a *Account, r *Run, to, what, step string)           // what a silent draft would have posted, called or told
	Called   func(a *Account, r *Run, e playbooks.Effect) (taken bool) // another system is called; nil takes every call
	Grouped  func(p *playbooks.Playbook, m *playbooks.GroupTold)       // a message about many accounts, or one more account in it
	Happened func(who, text string)                                    // a line of the timeline
}

// NewWorld returns a world of a book at a time; judged are the rules that start runs.
func NewWorld(book *playbooks.Book, judged []*rules.Rule, now time.Time) *World {
	w := &World{Book: book, Team: book.Team, Rules: judged, Now: now, Paused: map[string]bool{},
		starts: map[string][]time.Time{}, stormy: map[string]bool{}, lifted: map[string]time.Time{}, index: map[string]int{}}
	for i, r := range judged {
		w.index[r.Playbook] = i
		w.reads = append(w.reads, r.Signals())
	}
	return w
}

// SetFeeds lets facts know which feeds are alive, and which days are unknown because
// nothing came for any account.
func (w *World) SetFeeds(f *rules.Facts) {
	f.SetFeed(w.Feed)
	if w.Outages != nil {
		f.SetOutages(w.Outages())
	}
}

// Later asks for something to be done after what is under way.
func (w *World) Later(f func()) { w.queue = append(w.queue, f) }

// Drain does what was asked for, and what that asks for, in order. It does at most
// limit things, so that a book that goes round cannot go on for ever, and returns how
// many it did.
func (w *World) Drain(limit int) int {
	n := 0
	for len(w.queue) > 0 && n < limit {
		first := w.queue[0]
		w.queue = w.queue[1:]
		n++
		first()
	}
	return n
}

// Resume lets a paused or storm-held playbook go on. For one period of its storm limit it may then start as often as it wants.
func (w *World) Resume(playbook string) {
	delete(w.Paused, playbook)
	delete(w.stormy, playbook)
	delete(w.starts, playbook)
	w.lifted[playbook] = w.Now
}

// Happened tells the timeline.
func (w *World) Happened(who, format string, args ...any) {
	if w.Hooks.Happened != nil {
		w.Hooks.Happened(who, fmt.Sprintf(format, args...))
	}
}

// storm reports whether a playbook may not start now, because too many did.
func (w *World) storm(a *Account, playbook, subject string) bool {
	switch {
	case w.NoStorms:
		return false
	case w.Others != nil:
		return w.Others.Held(a, playbook, subject)
	}
	p := w.Book.Playbooks[playbook]
	if w.stormy[playbook] || p == nil || p.Limit.N == 0 {
		return w.stormy[playbook]
	}
	if w.Now.Before(w.lifted[playbook].Add(p.Limit.Per)) {
		return false
	}
	n := 0
	for _, at := range w.starts[playbook] {
		if at.After(w.Now.Add(-p.Limit.Per)) {
			n++
		}
	}
	return n >= p.Limit.N
}
