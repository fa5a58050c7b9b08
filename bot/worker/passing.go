package worker

import (
	"context"
	"fmt"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/store"
)

// mostOpen bounds how many open plays of one person are counted: those who have as many or more count as having this many.
const mostOpen = 100

// openPlays counts, for a run that may have to propose somebody for a handoff, the open plays by whose turn it is, as the
// store has them: of those who can take it over, so that it takes a few small reads. It is nil for other runs.
func (o *owner) openPlays(ctx context.Context, p *playbooks.Playbook, run *playbooks.Run) (map[string]int, error) {
	if !p.Proposes(run) {
		return nil, nil
	}
	open := map[string]int{}
	for _, person := range p.Proposed(o.book, o.team()) {
		docs, err := o.w.o.Records.Runs.Find(ctx, store.Query{Field: "turn", Equal: person, Limit: mostOpen})
		if err != nil {
			return nil, fmt.Errorf("count the open plays of %s: %w", person, err)
		}
		open[person] = len(docs)
	}
	return open, nil
}

// passOn gives the account's other plays that wait for somebody to whoever took the account over.
func (o *owner) passOn(j *job, t *touched, v *store.Run, e playbooks.Effect) error {
	for _, r := range t.a.open() {
		ev, ok := e.Passed(&r.doc.Value.Run, v.ID, t.c.at)
		if !ok {
			continue
		}
		if err := j.publish(inbox.AccountKey(v.Account), inbox.RunKind, t, e.Key+"/"+ev.Run, ev); err != nil {
			return err
		}
	}
	return nil
}
