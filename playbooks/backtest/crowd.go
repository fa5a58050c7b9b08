package backtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
)

// opsLook is how long after they are asked ops say that a playbook which is over its
// limit goes on, where they work then; else they say it when they next work.
const opsLook = time.Hour

// A crowd is what accounts mean for each other's plays by one book: which of them
// become one message, and when a playbook's limit is reached. It is worked out from
// when the book fired on all of them, by the same code and in the same order of time
// as the live bot does it.
type crowd struct {
	storms   map[string][]storm // by playbook, in order of time
	messages map[string]int64   // by playbook: messages about several accounts
	parts    map[string]*part   // by account: those that it means anything for
}

// A storm is a time during which a playbook is over its limit: from the firing that
// was one too many, until ops say that it goes on.
type storm struct {
	from             time.Time
	account, subject string // of that firing; of those at the same instant it is the first that is held
	until            time.Time
}

// holds reports whether a firing is held.
func (s *storm) holds(at time.Time, account, subject string) bool {
	if at.Equal(s.from) {
		return cmp.Or(strings.Compare(account, s.account), strings.Compare(subject, s.subject)) >= 0
	}
	return at.After(s.from) && at.Before(s.until)
}

// A part is what the crowd means for one account.
type part struct {
	gathered map[firing]gathered
	held     map[firing]time.Time // until when
}

// key tells parts apart.
func (p *part) key() string {
	if p == nil {
		return ""
	}
	var all []string
	for f, g := range p.gathered {
		all = append(all, fmt.Sprint(f.playbook, "/", f.subject, f.at.UnixNano(), g.at.UnixNano(), g.message))
	}
	for f, until := range p.held {
		all = append(all, fmt.Sprint(f.playbook, "/", f.subject, f.at.UnixNano(), "-", until.UnixNano()))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// A firing is a time at which a rule asks for a play of an account, whether or not it
// is held.
type firing struct {
	playbook, subject string
	at                time.Time // in UTC
}

// gathered is what becomes of a play that waited for others.
type gathered struct {
	at      time.Time
	message int64 // the number of the message; 0 where it begins on its own
}

// A crowded firing is one with its account, and until when its condition holds.
type crowded struct {
	firing
	account string
	over    time.Time // zero where it still does
	attempt bool      // it was played as held: what becomes of it is played too
	again   bool      // it was held, and ops have let it go on
}

// newCrowd works out what accounts mean for each other.
func newCrowd(book *playbooks.Book, o *Options, results []*Result, side int) *crowd {
	c := &crowd{storms: map[string][]storm{}, messages: map[string]int64{}, parts: map[string]*part{}}
	for _, rule := range o.judged(book) {
		p := book.Playbooks[rule.Playbook]
		if p == nil || p.Limit.N == 0 && p.Group.Of == 0 {
			continue
		}
		var all []crowded
		for _, r := range results {
			all = append(all, r.firings(side, p.Name)...)
		}
		slices.SortFunc(all, crowded.compare)
		w := &crowding{crowd: c, book: book, p: p, waits: map[playbooks.Firing]crowded{}}
		w.pass(all)
	}
	return c
}

func (f crowded) compare(g crowded) int {
	return cmp.Or(f.at.Compare(g.at), strings.Compare(f.account, g.account), strings.Compare(f.subject, g.subject))
}

func (c *crowd) part(account string) *part {
	p := c.parts[account]
	if p == nil {
		p = &part{gathered: map[firing]gathered{}, held: map[firing]time.Time{}}
		c.parts[account] = p
	}
	return p
}

// crowding lets time pass over the firings of one playbook.
type crowding struct {
	*crowd
	book      *playbooks.Book
	p         *playbooks.Playbook
	gathering playbooks.Gathering
	waits     map[playbooks.Firing]crowded
	starts    []time.Time
	lifted    time.Time // ops said go on: not limited for one period from here
}

func (w *crowding) pass(all []crowded) {
	for len(all) > 0 {
		f := all[0]
		all = all[1:]
		if due := w.gathering.Due; !due.IsZero() && due.Before(f.at) {
			w.release(w.gathering.Tick(due), due)
		}
		if until := w.stormy(f); !until.IsZero() {
			w.part(f.account).held[f.firing] = until
			if !f.attempt && (f.over.IsZero() || f.over.After(until)) { // it begins then
				f.at, f.again = until, true
				i, _ := slices.BinarySearchFunc(all, f, crowded.compare)
				all = slices.Insert(all, i, f)
			}
			continue
		}
		if w.p.Group.Of == 0 {
			w.starts = append(w.starts, f.at)
			continue
		}
		one := playbooks.Firing{Account: f.account, Subject: f.subject, At: f.at, Episode: f.at.UnixNano()}
		w.waits[one] = f
		w.release(w.gathering.Add(w.p.Group, one), f.at)
	}
	if due := w.gathering.Due; !due.IsZero() {
		w.release(w.gathering.Tick(due), due)
	}
}

// stormy returns until when a firing is held; the zero time where it is not.
func (w *crowding) stormy(f crowded) time.Time {
	limit, storms := w.p.Limit, w.storms[w.p.Name]
	if limit.N == 0 || f.again {
		return time.Time{}
	}
	if n := len(storms); n > 0 {
		last := &storms[n-1]
		if last.holds(f.at, f.account, f.subject) {
			return last.until
		}
		if !f.at.Before(last.until) && w.lifted.Before(last.until) {
			w.starts, w.lifted = nil, last.until
		}
	}
	for len(w.starts) > 0 && !w.starts[0].After(f.at.Add(-limit.Per)) {
		w.starts = w.starts[1:]
	}
	if len(w.starts) < limit.N || f.at.Before(w.lifted.Add(limit.Per)) {
		return time.Time{}
	}
	until := opsCalendar(w.book).NextWorking(f.at.Add(opsLook)).UTC()
	w.storms[w.p.Name] = append(storms, storm{f.at, f.account, f.subject, until})
	return until
}

// opsCalendar is the calendar of whoever is CS Ops, else of the default owner.
func opsCalendar(book *playbooks.Book) playbooks.Calendar {
	for _, role := range []string{"ops", "cs_ops"} {
		if p := book.Team.Resolve(role, nil, "", 0); p != nil {
			return book.Team.Calendar(p.ID)
		}
	}
	return book.Team.Calendar(book.Team.DefaultOwner)
}

// release notes what becomes of plays that waited for each other.
func (w *crowding) release(r playbooks.Release, at time.Time) {
	for _, one := range r.Begin {
		w.starts = append(w.starts, at)
		if f := w.waits[one]; !at.Equal(alone(w.p, f.at)) {
			w.part(f.account).gathered[f.firing] = gathered{at: at}
		}
		delete(w.waits, one)
	}
	for _, one := range r.Grouped {
		f := w.waits[one]
		w.part(f.account).gathered[f.firing] = gathered{at, w.gathering.Message.N}
		delete(w.waits, one)
	}
	w.messages[w.p.Name] = max(w.messages[w.p.Name], w.gathering.Told)
}

// alone returns when a play begins that fires at a time and waits for others in vain.
func alone(p *playbooks.Playbook, at time.Time) time.Time {
	return at.Add(time.Duration(p.Group.Within.Minutes)*time.Minute + time.Duration(p.Group.Within.Days)*24*time.Hour)
}
