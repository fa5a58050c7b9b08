package playbooks

import (
	"time"

	"playcaller/rules"
)

// undoFor is how long the outward effects of an answer wait, so that it can be
// taken back.
const undoFor = time.Minute

// Advance returns the run after an event, and what the world must do because of
// it. It is pure: run and event stay as they are, the time is the event's, and the
// same arguments always give the same result. An event that no longer means
// anything - a click on a step that is over, a timer that was removed - gives
// back the run unchanged and no effects; Check tells a person why.
//
// The first event of a run is Begin, on a Run with the fields of NewRun. Facts
// are those of the run's account (and contract) at the event's time; where they
// are nil, every condition is unknown.
func (p *Playbook) Advance(run Run, ev Event, env Env) (Run, []Effect) {
	if p.Check(run, ev, env) != nil {
		return run, nil
	}
	next := run.clone()
	a := &advance{playbook: p, run: &next, event: ev, env: env}
	a.handle()
	if !a.changed {
		return run, nil
	}
	next.Version++
	return next, a.effects
}

// NewRun returns a run that awaits its Begin event. Severity comes from the
// playbook; the caller adds Subject's Snapshot, Fired and StartedBy.
func (p *Playbook) NewRun(book, account, subject string, episode int64, at time.Time) Run {
	return Run{
		ID:       RunID(account, p.Name, subject, episode),
		Account:  account,
		Playbook: p.Name,
		Subject:  subject,
		Episode:  episode,
		Book:     book,
		Severity: p.Severity,
		Draft:    p.Draft,
		Began:    at,
	}
}

// Snap returns the part of an account that reports need as at the time of the facts.
func Snap(f *rules.Facts) Snapshot {
	account := f.Account()
	if account == nil {
		return Snapshot{}
	}
	return Snapshot{
		Owner:    rolePlayer(account, "owner", f.Today()),
		Stage:    account.Stage,
		ARR:      account.ARR,
		Segments: f.Segments(),
	}
}
