package worker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// noteLate remembers that data of a day arrived after the day was over.
func (c *change) noteLate(ch rules.Change) {
	if !ch.Late {
		return
	}
	if c.late == nil {
		c.late = map[string]map[rules.Date]bool{}
	}
	if c.late[ch.Signal] == nil {
		c.late[ch.Signal] = map[rules.Date]bool{}
	}
	c.late[ch.Signal][ch.Day] = true
}

// late notes what late data mean for a run that its rule began: what was decided stands, and the timeline says whether it
// would have been decided so with them. It is said once for what comes in at once.
func (o *owner) late(ctx context.Context, j *job, t *touched, r *run) error {
	v := &r.doc.Value
	if j.has(v.Seq) && r.job != j {
		return nil // it was said before a crash
	}
	if len(t.c.late) == 0 || v.Episode <= 0 || v.Began.IsZero() || v.Began.Equal(t.c.at) {
		return nil
	}
	book, err := o.w.books.get(ctx, v.Book)
	if errors.Is(err, errBook) {
		return nil
	}
	if err != nil {
		return err
	}
	p := book.Playbooks[v.Playbook]
	if p == nil || p.Rule == nil {
		return nil
	}
	days, signals := map[rules.Date]bool{}, []string{}
	before := rules.DateOf(v.Began.In(t.a.location()))
	for _, signal := range p.Rule.Signals() {
		for day := range t.c.late[signal] {
			if day > before {
				continue // it was not late then
			}
			if days[day] = true; !slices.Contains(signals, signal) {
				signals = append(signals, signal)
			}
		}
	}
	if len(days) == 0 {
		return nil
	}
	truth, err := o.then(t.a, book, p, v)
	if err != nil {
		return err
	}
	t.c.lateFor = append(t.c.lateFor, lateNote{v.Playbook, v.Subject, store.Late{Signals: signals, Days: slices.Sorted(maps.Keys(days)), Run: v.ID, Holds: truth.String()}})
	return o.advance(ctx, j, t, r, playbooks.Event{Kind: playbooks.LateData, At: t.c.at, Run: v.ID, Reason: truth.String(),
		Text: strings.Join(signals, ", "), Items: make([]int, len(days))})
}

// then judges a run's rule as of its beginning, by the data that are there now. It works on a copy: what was worked out for
// the present day stays.
func (o *owner) then(a *account, book *playbooks.Book, p *playbooks.Playbook, v *store.Run) (rules.Truth, error) {
	data, err := a.history.MarshalBinary()
	if err != nil {
		return rules.Unknown, err
	}
	var history rules.History
	if err := history.UnmarshalBinary(data); err != nil {
		return rules.Unknown, err
	}
	f := book.Rules.Facts(&a.doc.Value.Account, &history, v.Began)
	o.prepare(f, a.doc.Key)
	f.ForContract(v.Subject)
	return p.Rule.When.Truth(f), nil
}

// lateNote is what late data mean for one playbook of an account.
type lateNote struct {
	playbook, subject string
	late              store.Late
}

// lateDecisions returns the notes for the account's list of decisions: where it stands now, and what came late.
func (t *touched) lateDecisions(at string) []store.Decision {
	var all []store.Decision
	for _, n := range t.c.lateFor {
		s := t.a.doc.Value.States[store.RuleKey(n.playbook, n.subject)]
		all = append(all, store.Decision{Decision: rules.Decision{Account: t.a.doc.Key, Playbook: n.playbook, Subject: n.subject, At: t.c.at,
			Outcome: s.Outcome, Reason: s.Reason, Episode: s.Episode, Since: s.Since}, Seq: at + "-late", Late: &n.late})
	}
	return all
}
