package playtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// begin starts an intended run.
func (w *world) begin(a *account, in intent) {
	p := w.book.Playbooks[in.playbook]
	if p == nil {
		return
	}
	r := &run{Run: p.NewRun(w.book.Hash, a.id, in.subject, in.episode)}
	r.StartedBy, r.Fired = in.by, in.fired
	a.facts.ForContract(in.subject)
	r.At = playbooks.Snap(a.facts)
	a.runs = append(a.runs, r)
	e := playbooks.Event{Kind: playbooks.Begin, At: w.now, Run: r.ID, Fields: in.fields}
	if in.by != "rule" {
		e.By = in.by
	}
	w.advance(a, r, e)
	if v := r.Current(); in.fields != nil && v != nil {
		e.Kind, e.Visit = playbooks.Submitted, v.N
		w.advance(a, r, e)
	}
}

// follow tells an open run what it did not hear yet: that its rule no longer holds,
// that a time fell due, that the facts are others.
func (w *world) follow(a *account, c change, r *run) {
	state := a.states[ruleKey(r.Playbook, r.Subject)]
	if r.Episode > 0 && !r.over && (state.Phase != rules.Firing || state.Episode != r.Episode) {
		r.over = true
		w.advance(a, r, playbooks.Event{Kind: playbooks.RuleEnded, At: w.now, Run: r.ID})
	}
	for range 100 {
		if due := r.Due(); !r.Open() || due.IsZero() || due.After(w.now) {
			break
		}
		before := r.Version
		w.advance(a, r, playbooks.Event{Kind: playbooks.Tick, At: w.now, Run: r.ID})
		if r.Version == before {
			break
		}
	}
	if r.Open() && (len(c.signals) > 0 || c.all) {
		w.advance(a, r, playbooks.Event{Kind: playbooks.Facts, At: w.now, Run: r.ID})
	}
}

// env is what a run may know now.
func (w *world) env(a *account, r *run) playbooks.Env {
	a.own.Reset(&a.data, &a.history, w.now)
	a.own.SetFeed(w.feed)
	a.own.ForContract(r.Subject)
	return playbooks.Env{Book: w.book, Team: w.team, Facts: a.own}
}

// advance plays one event of a run.
func (w *world) advance(a *account, r *run, e playbooks.Event) {
	env := w.env(a, r)
	p := w.book.Playbooks[r.Playbook]
	next, effects := p.Advance(r.Run, e, env)
	if w.coverage != nil {
		p.Prepare(&next, env.Facts)
		w.coverage.advanced(w.book, p, &r.Run, &next, e, env.Facts)
	}
	if next.Version == r.Version && len(effects) == 0 {
		return
	}
	r.Run = next
	r.effects = append(r.effects, effects...)
	for ; r.logged < len(r.Log); r.logged++ {
		w.happened(a.id, "%s: %s", r.Playbook, entry(r.Log[r.logged]))
	}
}

// entry writes a line of a run's log.
func entry(e playbooks.Entry) string {
	text := strings.ReplaceAll(strings.TrimPrefix(e.What, "log."), "_", " ")
	if e.Step != "" {
		text += " at " + e.Step
	}
	for _, name := range slices.Sorted(maps.Keys(e.Args)) {
		text += fmt.Sprintf(", %s %s", name, written(e.Args[name]))
	}
	return text + prefixed(", by ", e.By)
}

// arrange keeps one open question per account and person: the run that asked first
// goes on, the others are held back and shown as evidence on its card.
func (w *world) arrange(a *account) {
	asking := map[string][]*run{}
	for _, r := range a.open() {
		c := r.Current()
		if c != nil && c.Kind == playbooks.AskStep && c.Answer == "" && c.Left.IsZero() && !r.SnoozedUntil.After(w.now) {
			asking[c.Assignee] = append(asking[c.Assignee], r)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(asking)) {
		w.queueUp(a, asking[who])
	}
}

// queueUp lets one of the runs that ask a person go on.
func (w *world) queueUp(a *account, asking []*run) {
	slices.SortStableFunc(asking, func(x, y *run) int {
		p, q := x.Current(), y.Current()
		if c := p.Entered.Compare(q.Entered); c != 0 || p.Delivered.IsZero() == q.Delivered.IsZero() {
			return c
		}
		if q.Delivered.IsZero() { // what the person has goes before what they have not
			return -1
		}
		return 1
	})
	first := slices.IndexFunc(asking, func(r *run) bool { return r.Held == "" })
	if first < 0 {
		first = 0
		w.advance(a, asking[0], playbooks.Event{Kind: playbooks.Released, At: w.now, Run: asking[0].ID})
	}
	for i, r := range asking {
		c := r.Current()
		if i == first || r.Held == asking[first].ID || c == nil || r.Held == "" && !c.Delivered.IsZero() {
			continue
		}
		w.advance(a, r, playbooks.Event{Kind: playbooks.HeldBack, At: w.now, Run: r.ID, Other: asking[first].ID})
		r.effects = slices.DeleteFunc(r.effects, func(e playbooks.Effect) bool { return e.Kind == playbooks.Nudge })
		w.advance(a, asking[first], playbooks.Event{Kind: playbooks.Joined, At: w.now, Run: asking[first].ID, Other: r.ID, Playbook: r.Playbook})
	}
}

// show posts a run's card once it has one.
func (w *world) show(a *account, r *run) {
	if r.posted || r.Draft || r.Held != "" || !r.Open() {
		return
	}
	r.posted = true
	w.post(a, r, w.channelOf(r), "card", r.Step)
}

// channelOf names the channel, or the person, where a run's card stands.
func (w *world) channelOf(r *run) string {
	if r.Channel == "dm" || r.Channel == "" {
		return r.Assignee
	}
	return w.book.Team.Channel(r.Channel)
}

// carry does what a run asks for.
func (w *world) carry(a *account, r *run) {
	for _, e := range r.effects {
		w.later(func() { w.carryOut(a, r, e) })
	}
	r.effects = nil
}

func (w *world) carryOut(a *account, r *run, e playbooks.Effect) {
	switch e.Kind {
	case playbooks.StartIt:
		if w.start(a, e.Playbook, r.Subject, r.ID, nil) {
			w.settle(a, change{})
		}
	case playbooks.Snooze:
		of := ""
		if e.Scope == "playbook" {
			of = r.Playbook
		}
		a.snoozes[of] = e.Until
		w.settle(a, change{all: true})
	case playbooks.SetIt:
		if err := setField(&a.data, e.Field, e.Value, e.Person, w.now); err != nil {
			w.happened(a.id, "%s: %v", r.Playbook, err)
			return
		}
		w.settle(a, change{all: true})
	case playbooks.Nudge:
		if !r.Draft {
			w.nudge(a, r, e)
		}
	case playbooks.SayIt:
		channel := w.channelOf(r)
		if e.Channel != "" {
			channel = w.book.Team.Channel(e.Channel)
		}
		if channel == "dm" {
			channel = r.Assignee
		}
		if !r.Draft {
			w.post(a, r, channel, "say", e.Step)
		}
	}
}

// visit returns the number of the visit that a click means: the current one, or the
// latest to a step.
func (r *run) visit(step string) int {
	for i := len(r.Visits) - 1; i >= 0; i-- {
		if step == "" || r.Visits[i].Step == step {
			return i
		}
	}
	return -1 // no visit has that number
}

// turn returns who does a thing where the case does not say: whose turn it is.
func (r *run) turn(e playbooks.Event) string {
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

// written writes a value for people.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return "unknown"
	case float64:
		return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", v), "0"), ".")
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+": "+written(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}
