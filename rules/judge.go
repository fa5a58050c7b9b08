package rules

import "time"

// Judge says what becomes of a rule's state by the facts as they are now. changed
// reports whether the decision differs from the last recorded one in outcome,
// reason or episode; such a decision carries the clauses and values seen and should
// be kept. A run is to be started exactly where changed holds and the decision's
// outcome is Fired, which happens once per episode.
//
// A state moves inactive → pending → firing → resolved → cooling → inactive, through
// several phases at once where nothing holds it. It fires when the condition has
// been true for the rule's For, no run is open, and the cooldown since the last
// run's end is over. Unknown changes no phase, and time spent unknown does not count
// towards For.
func (r *Rule) Judge(s RuleState, f *Facts, c Circumstances) (RuleState, Decision, bool) {
	when := r.When.Truth(f)
	if outcome, rests := r.resting(&s, when); rests {
		return s, Decision{Account: f.account.ID, Playbook: r.Playbook, Subject: f.subject, At: f.now, Outcome: outcome, Episode: s.Episode, Since: s.Since}, false
	}
	j := &judgement{rule: r, facts: f, c: c, now: f.now, s: s, when: when}
	j.begin()
	j.watch()
	d := j.step()
	d.Account, d.Playbook, d.Subject, d.At = f.account.ID, r.Playbook, f.subject, f.now
	d.Episode, d.Since = j.s.Episode, j.s.Since
	changed := d.Outcome != j.s.Outcome || d.Reason != j.s.Reason || j.s.Episode != j.s.Recorded && d.Outcome != Quiet
	if changed {
		j.s.Outcome, j.s.Reason, j.s.Recorded = d.Outcome, d.Reason, j.s.Episode
		j.explain(&d)
	}
	return j.s, d, changed
}

// Rests reports whether Judge would leave the state and the last decision as they are,
// whatever the circumstances, and that decision's outcome, Quiet or Unknowable: nearly
// every judgement finds this.
func (r *Rule) Rests(s *RuleState, f *Facts) (Outcome, bool) { return r.resting(s, r.When.Truth(f)) }

// resting reports whether a state stays as it is while the condition does not hold, or
// goes on being unknown.
func (r *Rule) resting(s *RuleState, when Truth) (Outcome, bool) {
	still := s.Phase == Inactive && s.Reason == "" && s.Fingerprint == r.Fingerprint &&
		s.HeldSince.IsZero() && s.UnknownSince.IsZero() && s.Frozen == 0
	switch when {
	case False:
		return Quiet, still && s.Outcome == Quiet
	case Unknown:
		return Unknowable, still && s.Outcome == Unknowable && s.Episode == s.Recorded
	}
	return "", false
}

// A judgement is one call of Judge under way.
type judgement struct {
	rule  *Rule
	facts *Facts
	c     Circumstances
	now   time.Time
	s     RuleState
	when  Truth
}

// begin makes the state one of this rule.
func (j *judgement) begin() {
	if j.s.Fingerprint != j.rule.Fingerprint {
		j.s = RuleState{Episode: j.s.Episode, Fingerprint: j.rule.Fingerprint, Outcome: j.s.Outcome, Reason: j.s.Reason, Recorded: j.s.Recorded}
	}
	if j.s.Phase == "" {
		j.enter(Inactive)
	}
}

func (j *judgement) enter(p Phase) { j.s.Phase, j.s.Since = p, j.now }

func (j *judgement) add(from time.Time, p Period) time.Time {
	if j.c.Add != nil {
		return j.c.Add(from, p)
	}
	return p.AddCalendar(from, j.facts.zone)
}

// watch keeps how long When has been true. It goes on in every
// phase, so that what is still true when a suppression ends fires at once.
func (j *judgement) watch() {
	s := &j.s
	switch {
	case j.when == False:
		s.HeldSince, s.UnknownSince, s.Frozen = time.Time{}, time.Time{}, 0
	case j.when == Unknown:
		if !s.HeldSince.IsZero() && s.UnknownSince.IsZero() {
			s.UnknownSince = j.now
		}
	case s.HeldSince.IsZero():
		s.HeldSince = j.now
	case !s.UnknownSince.IsZero():
		s.Frozen += j.now.Sub(s.UnknownSince)
		s.UnknownSince = time.Time{}
	}
}

// step moves the state as far as it goes and says what it came to.
func (j *judgement) step() Decision {
	switch j.s.Phase {
	case Firing:
		if d, stays := j.firing(); stays {
			return d
		}
	case Resolved:
		j.leaveResolved()
	}
	if j.s.Phase == Cooling {
		if d, stays := j.cooling(); stays {
			return d
		}
	}
	if j.s.Phase == Resolved && j.when != True {
		return j.rest(Decision{Outcome: Resolves})
	}
	if j.s.Phase == Inactive || j.s.Phase == Resolved {
		if j.when != True {
			return j.rest(Decision{Outcome: Quiet})
		}
		j.newEpisode()
	}
	return j.pending()
}

// rest is a decision where nothing holds: unknown where that cannot be said.
func (j *judgement) rest(d Decision) Decision {
	if j.when == Unknown {
		return Decision{Outcome: Unknowable}
	}
	return d
}

// newEpisode begins to wait for the rule's For. What held when the playbook was
// switched on, and whoever is held out, gets an episode without a run.
func (j *judgement) newEpisode() {
	j.enter(Pending)
	j.s.Episode++
	j.s.Without = ""
	switch {
	case j.c.SwitchedOn && j.rule.Existing != "start":
		j.s.Without = AlreadyTrue
	case j.rule.HoldsOut(j.facts.account.ID, j.facts.subject):
		j.s.Without = HeldOut
	}
}

// pending waits for For to pass, and for whatever else keeps the rule from firing.
func (j *judgement) pending() Decision {
	if j.when == False {
		j.enter(Inactive)
		return Decision{Outcome: Quiet}
	}
	audience := True
	if j.rule.Audience != nil {
		audience = j.rule.Audience.Truth(j.facts)
	}
	if audience == False {
		return Decision{Outcome: Suppressed, Reason: OutsideAudience}
	}
	if j.when == Unknown || audience == Unknown {
		return Decision{Outcome: Unknowable}
	}
	if j.c.OutsidePilot && j.s.Without == "" {
		return Decision{Outcome: Suppressed, Reason: OutsidePilot}
	}
	if due := j.due(); j.now.Before(due) && j.s.Without != AlreadyTrue {
		return Decision{Outcome: Waits, Until: due, Then: j.held(due)}
	}
	if h := j.held(j.now); h != nil && j.s.Without != AlreadyTrue {
		return Decision{Outcome: Suppressed, Reason: h.Reason, Detail: h.Detail, Until: h.Until}
	}
	j.enter(Firing)
	if j.s.Without != "" {
		return Decision{Outcome: Suppressed, Reason: j.s.Without}
	}
	return Decision{Outcome: Fired}
}

// due returns when the condition will have been true for For.
func (j *judgement) due() time.Time {
	return j.add(j.s.HeldSince, j.rule.For).Add(j.s.Frozen)
}

// held says what keeps the rule from firing at a time, now or later, as far as that is
// known now; nil where nothing does. The reasons are asked from the one that lasts
// longest to the one that passes soonest, and of two dates the later one is told.
func (j *judgement) held(at time.Time) *Hold {
	because := func(reason Reason, until time.Time) *Hold {
		return &Hold{Reason: reason, Detail: DateOf(until.In(j.facts.zone)).String(), Until: until}
	}
	cooled := j.cooledAt()
	switch {
	case j.s.Without != "" && at.After(j.now): // is told once it is due
		return &Hold{Reason: j.s.Without}
	case j.c.OpenRun:
		return &Hold{Reason: AlreadyRunning}
	case j.c.Paused:
		return &Hold{Reason: Paused}
	case at.Before(j.c.SnoozedUntil) && !j.c.SnoozedUntil.Before(cooled):
		return because(Snoozed, j.c.SnoozedUntil)
	case at.Before(cooled):
		return because(CoolingDown, cooled)
	case j.c.Inhibitor != "":
		return &Hold{Reason: Inhibited, Detail: j.c.Inhibitor}
	case j.c.StormHeld && j.s.Without == "":
		return &Hold{Reason: OverStormLimit}
	}
	return nil
}

// cooledAt returns when the cooldown ends, or the zero time.
func (j *judgement) cooledAt() time.Time {
	if j.c.LastRunEnded.IsZero() || j.rule.Cooldown.IsZero() {
		return time.Time{}
	}
	return j.add(j.c.LastRunEnded, j.rule.Cooldown)
}

// firing stays until the condition is over or the run has ended.
func (j *judgement) firing() (Decision, bool) {
	over := -j.when
	if j.rule.Resolve != nil {
		over = j.rule.Resolve.Truth(j.facts)
	}
	switch {
	case over == True:
		j.enter(Resolved)
		if j.c.OpenRun {
			return Decision{Outcome: Resolves}, true
		}
		j.leaveResolved()
		if j.when == True { // resolve and when hold at once: it is over, and begins anew only after this
			return Decision{Outcome: Resolves}, true
		}
		return Decision{Outcome: Resolves, Until: j.until()}, true
	case j.s.Without == "" && !j.c.OpenRun && !j.c.LastRunEnded.Before(j.s.Since):
		j.enter(Cooling)
		return Decision{}, false
	case over == Unknown:
		return Decision{Outcome: Unknowable}, true
	case j.s.Without != "":
		return Decision{Outcome: Suppressed, Reason: j.s.Without}, true
	case j.s.Outcome == Fired:
		return Decision{Outcome: Fired}, true
	}
	return Decision{Outcome: Suppressed, Reason: AlreadyRunning}, true
}

// until is when a cooling state wants to be judged again.
func (j *judgement) until() time.Time {
	if j.s.Phase == Cooling {
		return j.cooledAt()
	}
	return time.Time{}
}

// leaveResolved moves on once no run is open any more.
func (j *judgement) leaveResolved() {
	switch {
	case j.c.OpenRun:
	case j.now.Before(j.cooledAt()):
		j.enter(Cooling)
	default:
		j.enter(Inactive)
	}
}

// cooling waits for the end of the cooldown; where the rule has none, for the
// condition to lapse.
func (j *judgement) cooling() (Decision, bool) {
	cooled := j.cooledAt()
	if !j.now.Before(cooled) && (!j.rule.Cooldown.IsZero() || j.s.HeldSince.IsZero()) {
		j.enter(Inactive)
		return Decision{}, false
	}
	if j.when != True {
		d := j.rest(Decision{Outcome: Quiet})
		d.Until = cooled
		return d, true
	}
	detail := ""
	if !cooled.IsZero() {
		detail = DateOf(cooled.In(j.facts.zone)).String()
	}
	return Decision{Outcome: Suppressed, Reason: CoolingDown, Detail: detail, Until: cooled}, true
}

// explain adds the clauses and what is missing to a decision that is kept.
func (j *judgement) explain(d *Decision) {
	conditions := []*Condition{j.rule.When}
	if j.s.Phase == Firing && d.Outcome == Unknowable || d.Outcome == Resolves {
		conditions = append(conditions, j.rule.Resolve)
	}
	if d.Outcome == Unknowable || d.Reason == OutsideAudience {
		conditions = append(conditions, j.rule.Audience)
	}
	for _, c := range conditions {
		if c == nil {
			continue
		}
		v := c.Eval(j.facts)
		d.Clauses = append(d.Clauses, v.Clauses...)
		if d.Outcome == Unknowable {
			d.Missing, d.Gaps = append(d.Missing, v.Missing...), append(d.Gaps, v.Gaps...)
		}
	}
}
