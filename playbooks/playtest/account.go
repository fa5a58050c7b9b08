package playtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// An account is a customer while a case is played.
type account struct {
	*replay.Account
	arrivals []rules.Signal // still to come, by time
}

// hooks tell the world what its accounts do.
func (w *world) hooks() replay.Hooks {
	return replay.Hooks{
		Judging: func(a *replay.Account, rule *rules.Rule, before rules.RuleState) {
			w.coverage.judged(rule, before, a.Facts)
		},
		Decided: func(a *replay.Account, key string, d rules.Decision) {
			w.Happened(a.ID, "%s %s", key, decided(d, w.shown))
		},
		Advanced: func(_ *replay.Account, p *playbooks.Playbook, before, after *playbooks.Run, e playbooks.Event, facts *rules.Facts) {
			if w.coverage != nil {
				p.Prepare(after, facts)
				w.coverage.advanced(w.Book, p, before, after, e, facts)
			}
		},
		Posted: w.post,
		Nudged: w.nudge,
		Drafted: func(a *replay.Account, r *replay.Run, to, what, step string) {
			m := w.message(a, r, to, what, step)
			w.drafts = append(w.drafts, m)
			w.Happened(to, "draft: %s of %s, %s%s", what, a.ID, r.Playbook, prefixed(", step ", step))
		},
		Called:   w.called,
		Grouped:  w.grouped,
		Happened: func(who, text string) { w.timeline = append(w.timeline, Happening{At: w.Now, Who: who, Text: text}) },
	}
}

// decision returns the latest decision of an account and playbook.
func (w *world) decision(a *account, playbook, subject string) rules.Decision {
	if s := w.Standing(a.Account, playbook, subject); s != nil {
		return s.Decision
	}
	return rules.Decision{}
}

// decided writes a decision for the timeline.
func decided(d rules.Decision, shown func(time.Time) string) string {
	text := outcomeOf(d)
	if d.Detail != "" {
		text += " " + d.Detail
	}
	if !d.Until.IsZero() {
		text += " until " + shown(d.Until)
	}
	var parts []string
	for _, c := range d.Clauses {
		for _, name := range slices.Sorted(maps.Keys(c.Values)) {
			if part := fmt.Sprintf("%s = %s", name, replay.Written(c.Values[name])); !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	parts = append(parts, d.Missing...)
	if len(parts) > 0 {
		text += " [" + strings.Join(parts, ", ") + "]"
	}
	return text
}

// outcomeOf writes what a decision says as expectations have it: suppressed(snoozed).
func outcomeOf(d rules.Decision) string {
	if d.Outcome == "" {
		return "not judged"
	}
	if d.Reason != "" {
		return fmt.Sprintf("%s(%s)", d.Outcome, d.Reason)
	}
	return string(d.Outcome)
}

// latest returns the run of a playbook that a click means: the one begun last.
func latest(a *account, playbook, subject string) *replay.Run {
	for i := len(a.Runs) - 1; i >= 0; i-- {
		if r := a.Runs[i]; r.Playbook == playbook && (subject == "" || r.Subject == subject) {
			return r
		}
	}
	return nil
}

// visitOf returns the number of the visit that a click means: the current one, or the
// latest to a step.
func visitOf(r *replay.Run, step string) int {
	for i := len(r.Visits) - 1; i >= 0; i-- {
		if step == "" || r.Visits[i].Step == step {
			return i
		}
	}
	return -1 // no visit has that number
}

// turn returns who does a thing where the case does not say: whose turn it is.
func turn(r *replay.Run, e playbooks.Event) string {
	v := r.Current()
	switch {
	case e.Kind == playbooks.Undone && r.Undo != nil:
		return r.Undo.By
	case v == nil:
		return r.Assignee
	case e.Kind == playbooks.Approved || e.Kind == playbooks.Refused:
		return v.Approver
	}
	return orWord(v.Assignee, r.Assignee)
}
