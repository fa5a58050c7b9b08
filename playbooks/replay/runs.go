package replay

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A Run is a play of a replayed account.
type Run struct {
	playbooks.Run
	over    bool // it was told that its rule no longer holds
	posted  bool // its card is in the channel
	closed  bool // its end was noted
	effects []playbooks.Effect
	logged  int // entries of its log that the timeline has
}

// Start decides on a run that no rule asked for, and reports whether it will begin. It
// does so with the account's next Settle. Open runs are respected; snoozes, pauses and
// pilots are too, but not by a form, which a person sends with its fields, and pilots
// not by a person either, who knows what they do.
func (w *World) Start(a *Account, playbook, subject, by string, fields map[string]any) bool {
	for _, r := range a.Open() {
		if r.Playbook == playbook && r.Subject == subject {
			return false
		}
	}
	if fields == nil && (a.Snoozed(playbook).After(w.Now) || w.Paused[""] || w.Paused[playbook] || w.outsidePilot(a, playbook, by)) {
		return false
	}
	a.begun++
	a.intents = append(a.intents, intent{playbook: playbook, subject: subject, by: by, episode: -a.begun, fields: fields})
	return true
}

// outsidePilot reports whether a playbook is not yet for the account, where no person asks for it.
func (w *World) outsidePilot(a *Account, playbook, by string) bool {
	p := w.Book.Playbooks[playbook]
	return p != nil && w.Team.Person(by) == nil && p.OutsidePilot(w.Team, &a.Data, rules.DateOf(w.Now.In(a.Zone)))
}

// begin starts an intended run.
func (w *World) begin(a *Account, in intent) {
	p := w.Book.Playbooks[in.playbook]
	if p == nil {
		return
	}
	r := &Run{Run: p.NewRun(w.Book.Hash, a.ID, in.subject, in.episode)}
	r.StartedBy, r.Fired, r.Draft = in.by, in.fired, w.silent(in.playbook)
	a.Facts.ForContract(in.subject)
	r.At = playbooks.Snap(a.Facts)
	a.Runs = append(a.Runs, r)
	e := playbooks.Event{Kind: playbooks.Begin, At: w.Now, Run: r.ID, Fields: in.fields}
	if in.by != "rule" {
		e.By = in.by
	}
	w.advance(a, r, e)
	if v := r.Current(); in.fields != nil && v != nil {
		e.Kind, e.Visit = playbooks.Submitted, v.N
		w.advance(a, r, e)
	}
	if w.Hooks.Begun != nil {
		w.Hooks.Begun(a, r)
	}
}

// goOn lets the account's runs go on.
func (w *World) goOn(a *Account, c Change) {
	for _, e := range c.Events {
		if r := a.byID(e.Run); r != nil {
			w.advance(a, r, e)
		}
	}
	for _, r := range a.Open() {
		w.follow(a, c, r)
	}
	w.arrange(a)
	for _, r := range a.Runs {
		if !r.Open() && !r.closed {
			r.closed = true
			key := RuleKey(r.Playbook, r.Subject)
			if s := w.Standing(a, r.Playbook, r.Subject); r.Lapsed() && s != nil {
				s.State = s.State.Withdrawn(r.Episode)
			} else if r.Ended.After(a.ended[key]) {
				a.ended[key] = r.Ended
			}
			if w.Hooks.Ended != nil {
				w.Hooks.Ended(a, r)
			}
		}
		w.show(a, r)
		w.carry(a, r)
	}
}

// follow tells an open run what it did not hear yet: that its rule no longer holds,
// that a time fell due, that the facts are others.
func (w *World) follow(a *Account, c Change, r *Run) {
	if r.Episode > 0 && !r.over {
		s := w.Standing(a, r.Playbook, r.Subject)
		if s == nil || s.State.Phase != rules.Firing || s.State.Episode != r.Episode {
			r.over = true
			w.advance(a, r, playbooks.Event{Kind: playbooks.RuleEnded, At: w.Now, Run: r.ID})
		}
	}
	for range 100 {
		if due := r.Due(); !r.Open() || due.IsZero() || due.After(w.Now) {
			break
		}
		before := r.Version
		w.advance(a, r, playbooks.Event{Kind: playbooks.Tick, At: w.Now, Run: r.ID})
		if r.Version == before {
			break
		}
	}
	if r.Open() && (len(c.Signals) > 0 || c.All) {
		w.advance(a, r, playbooks.Event{Kind: playbooks.Facts, At: w.Now, Run: r.ID})
	}
}

// Env is what a run of an account may know now.
func (w *World) Env(a *Account, r *Run) playbooks.Env {
	a.own.Reset(&a.Data, &a.History, w.Now)
	w.SetFeeds(a.own)
	w.peersOf(a, a.own)
	a.own.ForContract(r.Subject)
	return playbooks.Env{Book: w.Book, Team: w.Team, Facts: a.own, Load: w.load(r)}
}

// advance plays one event of a run.
func (w *World) advance(a *Account, r *Run, e playbooks.Event) {
	env := w.Env(a, r)
	p := w.Book.Playbooks[r.Playbook]
	next, effects := p.Advance(r.Run, e, env)
	if w.Hooks.Advanced != nil {
		w.Hooks.Advanced(a, p, &r.Run, &next, e, env.Facts)
	}
	if next.Version == r.Version && len(effects) == 0 {
		return
	}
	r.Run = next
	r.effects = append(r.effects, effects...)
	if w.Hooks.Happened == nil {
		return
	}
	for ; r.logged < len(r.Log); r.logged++ {
		w.Happened(a.ID, "%s: %s", r.Playbook, entry(r.Log[r.logged]))
	}
}

// entry writes a line of a run's log.
func entry(e playbooks.Entry) string {
	text := strings.ReplaceAll(strings.TrimPrefix(e.What, "log."), "_", " ")
	if e.Step != "" {
		text += " at " + e.Step
	}
	for _, name := range slices.Sorted(maps.Keys(e.Args)) {
		text += fmt.Sprintf(", %s %s", name, Written(e.Args[name]))
	}
	if e.By != "" {
		text += ", by " + e.By
	}
	return text
}

// arrange keeps one open question per account and person: the run that asked first
// goes on, the others are held back and shown as evidence on its card.
func (w *World) arrange(a *Account) {
	asking := map[string][]*Run{}
	for _, r := range a.Open() {
		if w.asks(r) {
			who := r.Current().Assignee
			asking[who] = append(asking[who], r)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(asking)) {
		w.queueUp(a, asking[who])
	}
}

// asks reports whether a run has a question that somebody could answer now.
func (w *World) asks(r *Run) bool {
	c := r.Current()
	return r.Open() && c != nil && !r.Draft && c.Kind == playbooks.AskStep && c.Answer == "" && c.Left.IsZero() && !r.SnoozedUntil.After(w.Now)
}

// queueUp lets one of the runs that ask a person go on.
func (w *World) queueUp(a *Account, asking []*Run) {
	slices.SortStableFunc(asking, func(x, y *Run) int {
		p, q := x.Current(), y.Current()
		if c := p.Entered.Compare(q.Entered); c != 0 || p.Delivered.IsZero() == q.Delivered.IsZero() {
			return c
		}
		if q.Delivered.IsZero() { // what the person has goes before what they have not
			return -1
		}
		return 1
	})
	first := slices.IndexFunc(asking, func(r *Run) bool { return r.Held == "" })
	for first < 0 && len(asking) > 0 {
		w.advance(a, asking[0], playbooks.Event{Kind: playbooks.Released, At: w.Now, Run: asking[0].ID})
		if first = 0; !w.asks(asking[0]) { // it was needless, so it is the next one's turn
			first, asking = -1, asking[1:]
		}
	}
	for i, r := range asking {
		c := r.Current()
		if i == first || r.Held == asking[first].ID || c == nil || r.Held == "" && !c.Delivered.IsZero() {
			continue
		}
		w.advance(a, r, playbooks.Event{Kind: playbooks.HeldBack, At: w.Now, Run: r.ID, Other: asking[first].ID})
		r.effects = slices.DeleteFunc(r.effects, func(e playbooks.Effect) bool { return e.Kind == playbooks.Nudge })
		w.advance(a, asking[first], playbooks.Event{Kind: playbooks.Joined, At: w.Now, Run: asking[first].ID, Other: r.ID, Playbook: r.Playbook})
	}
}

// show posts a run's card once it has one.
func (w *World) show(a *Account, r *Run) {
	if r.posted || r.Held != "" || !r.Open() {
		return
	}
	r.posted = true
	if r.Draft {
		if w.Hooks.Drafted != nil {
			w.Hooks.Drafted(a, r, w.channelOf(r), "card", r.Step)
		}
		return
	}
	w.post(a, r, w.channelOf(r), "card", r.Step)
}

func (w *World) post(a *Account, r *Run, to, what, step string) {
	if w.Hooks.Posted != nil {
		w.Hooks.Posted(a, r, to, what, step)
	}
}

// channelOf names the channel, or the person, where a run's card stands.
func (w *World) channelOf(r *Run) string {
	if r.Channel == "dm" || r.Channel == "" {
		return r.Assignee
	}
	return w.Book.Team.Channel(r.Channel)
}

// carry does what a run asks for.
func (w *World) carry(a *Account, r *Run) {
	for _, e := range r.effects {
		w.Later(func() { w.carryOut(a, r, e) })
	}
	r.effects = nil
}

func (w *World) carryOut(a *Account, r *Run, e playbooks.Effect) {
	if r.Draft {
		w.drafted(a, r, e)
		return
	}
	switch e.Kind {
	case playbooks.StartIt:
		if w.Start(a, e.Playbook, r.Subject, r.ID, nil) {
			w.Settle(a, Change{})
		}
	case playbooks.Snooze:
		of := ""
		if e.Scope == "playbook" {
			of = r.Playbook
		}
		a.Snoozes[of] = e.Until
		w.Settle(a, Change{All: true})
	case playbooks.SetIt:
		if err := SetField(&a.Data, e.Field, e.Value, e.Person, w.Now); err != nil {
			w.Happened(a.ID, "%s: %v", r.Playbook, err)
			return
		}
		w.Settle(a, Change{All: true})
	case playbooks.PassOn:
		w.passOn(a, r, e)
	case playbooks.Nudge:
		if w.Hooks.Nudged != nil {
			w.Hooks.Nudged(a, r, e)
		}
	case playbooks.SayIt:
		w.post(a, r, w.sayTo(r, e), "say", e.Step)
	case playbooks.CallIt:
		w.call(a, r, e)
	}
}

// sayTo names the channel, or the person, that a message goes to.
func (w *World) sayTo(r *Run, e playbooks.Effect) string {
	channel := w.channelOf(r)
	if e.Channel != "" {
		channel = w.Book.Team.Channel(e.Channel)
	}
	if channel == "dm" {
		channel = cmp.Or(e.Person, r.Assignee)
	}
	return channel
}

// Written writes a value of an event, a field or a feature for people, lists and objects as YAML has them in one line.
func Written(v any) string {
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
			parts = append(parts, k+": "+Written(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice {
		var parts []string
		for i := range list.Len() {
			parts = append(parts, Written(list.Index(i).Interface()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}
