package backtest

import (
	"slices"
	"time"

	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// Held implements replay.Others: whether a playbook's limit holds the account's plays
// back now.
func (p *player) Held(_ *replay.Account, playbook, subject string) bool {
	return p.storm(playbook, subject) != nil
}

func (p *player) storm(playbook, subject string) *storm {
	if p.crowd == nil {
		return nil
	}
	for i := range p.crowd.storms[playbook] {
		if s := &p.crowd.storms[playbook][i]; s.holds(p.world.Now, p.account.ID, subject) {
			return s
		}
	}
	return nil
}

// Gathered implements replay.Others: what becomes of a play that waits for others.
// Where nothing is known of them it waits in vain.
func (p *player) Gathered(_ *replay.Account, playbook, subject string) (until time.Time, grouped bool) {
	until = alone(p.world.Book.Playbooks[playbook], p.world.Now)
	if p.crowd == nil || p.crowd.parts[p.account.ID] == nil {
		return until, false
	}
	g, known := p.crowd.parts[p.account.ID].gathered[firing{playbook, subject, p.world.Now.UTC()}]
	switch {
	case !known:
		return until, false
	case g.message > 0:
		if e := p.last(playbook, subject); e != nil {
			e.Grouped, e.Message = g.at, g.message
		}
	}
	return g.at, g.message > 0
}

// holds notes that a playbook's limit holds the account back, until ops let it go on.
func (p *player) holds(d rules.Decision) {
	p.held = append(p.held, firing{d.Playbook, d.Subject, p.world.Now.UTC()})
	if s := p.storm(d.Playbook, d.Subject); s != nil {
		p.looks = append(p.looks, s.until)
	}
}

// heldSince returns since when a firing that has come now was held; the zero time where
// it was not.
func (p *player) heldSince(d rules.Decision) time.Time {
	i := slices.IndexFunc(p.held, func(f firing) bool { return f.playbook == d.Playbook && f.subject == d.Subject })
	for k := i + 1; i >= 0 && k < len(p.held); k++ {
		if f := p.held[k]; f.playbook == d.Playbook && f.subject == d.Subject {
			i = k
		}
	}
	if i < 0 || p.crowd == nil {
		return time.Time{}
	}
	for _, s := range p.crowd.storms[d.Playbook] {
		if s.holds(p.held[i].at, p.account.ID, d.Subject) && s.until.Equal(p.world.Now) {
			return p.held[i].at
		}
	}
	return time.Time{}
}

// apply lets the episodes of a result be what the crowd makes of them, where they were
// played without knowing it: who is told of in a message about several accounts is not
// asked about, and what was held fires when ops let it, if it still holds then.
func (c *crowd) apply(r *Result, side int, next func(person string, at time.Time) time.Time) {
	p := c.parts[r.Account]
	if p == nil || r.played[side].key == p.key() {
		return
	}
	var kept []Episode
	for _, e := range *r.episodes(side) {
		if until, held := p.held[e.firing()]; held && e.By == "" {
			if !e.Over.IsZero() && !e.Over.After(until) {
				continue // ops are asked, and it is gone before they look
			}
			e.Held, e.Fired = e.Fired, until
			if e.given() && e.Prompted.Before(until) {
				e.Prompted = next(e.Person, until)
			}
		}
		if g := p.gathered[e.firing()]; g.message > 0 && e.By == "" {
			e.Grouped, e.Message, e.Person, e.Prompted, e.Asks, e.Outcome, e.Joined = g.at, g.message, "", time.Time{}, "", "", false
		}
		kept = append(kept, e)
	}
	*r.episodes(side) = kept
}
