package replay

import (
	"maps"
	"slices"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// gather holds a play back until it is known whether it is one of many, and reports
// whether it does.
func (w *World) gather(a *Account, in intent) bool {
	p := w.Book.Playbooks[in.playbook]
	if p == nil || p.Group.Of == 0 || w.NoStorms || w.silent(p.Name) {
		return false
	}
	if w.Others != nil {
		in.until, in.grouped = w.Others.Gathered(a, in.playbook, in.subject)
		a.waiting = append(a.waiting, in)
		return true
	}
	if w.gatherings == nil {
		w.gatherings, w.byID = map[string]*playbooks.Gathering{}, map[string]*Account{}
	}
	g := w.gatherings[p.Name]
	if g == nil {
		g = &playbooks.Gathering{}
		w.gatherings[p.Name] = g
	}
	w.byID[a.ID] = a
	a.waiting = append(a.waiting, in)
	before := g.Message
	w.release(p, g.Add(p.Group, playbooks.Firing{Account: a.ID, Subject: in.subject, Episode: in.episode, At: w.Now}))
	if g.Message != before && w.Hooks.Grouped != nil {
		w.Hooks.Grouped(p, g.Message)
	}
	return true
}

// waited lets plays begin that have waited for accounts elsewhere, or makes them part of a message.
func (w *World) waited(a *Account, c *Change) {
	for _, in := range slices.Clone(a.waiting) {
		if in.until.IsZero() || in.until.After(w.Now) {
			continue
		}
		f := playbooks.Firing{Subject: in.subject, Episode: in.episode}
		if a.taken(in.playbook, f); !in.grouped {
			a.intents = append(a.intents, in)
			continue
		}
		if s := w.Standing(a, in.playbook, in.subject); s != nil {
			s.State = s.State.Regrouped(in.episode)
		}
		c.All = true
	}
}

// GatheringDue returns when plays that wait for others are to begin, or the zero time.
func (w *World) GatheringDue() time.Time {
	var due time.Time
	for _, g := range w.gatherings {
		if !g.Due.IsZero() && (due.IsZero() || g.Due.Before(due)) {
			due = g.Due
		}
	}
	return due
}

// Gathered lets plays begin that have waited long enough for others.
func (w *World) Gathered() {
	for _, name := range slices.Sorted(maps.Keys(w.gatherings)) {
		w.release(w.Book.Playbooks[name], w.gatherings[name].Tick(w.Now))
	}
}

// release lets plays begin, or makes them part of a message.
func (w *World) release(p *playbooks.Playbook, r playbooks.Release) {
	for _, f := range r.Begin {
		a := w.byID[f.Account]
		if in, ok := a.taken(p.Name, f); ok {
			a.intents = append(a.intents, in)
			w.starts[p.Name] = append(w.starts[p.Name], w.Now)
			w.Later(func() { w.Settle(a, Change{}) })
		}
	}
	for _, f := range r.Grouped {
		a := w.byID[f.Account]
		if _, ok := a.taken(p.Name, f); !ok {
			continue
		}
		if s := w.Standing(a, p.Name, f.Subject); s != nil {
			s.State = s.State.Regrouped(f.Episode)
		}
		w.Later(func() { w.Settle(a, Change{All: true}) })
	}
}

// taken takes a firing off what waits.
func (a *Account) taken(playbook string, f playbooks.Firing) (intent, bool) {
	i := slices.IndexFunc(a.waiting, func(in intent) bool {
		return in.playbook == playbook && in.subject == f.Subject && in.episode == f.Episode
	})
	if i < 0 {
		return intent{}, false
	}
	in := a.waiting[i]
	a.waiting = slices.Delete(slices.Clone(a.waiting), i, i+1)
	return in, true
}

// silent reports whether a playbook's plays are drafts here: recorded and not shown.
func (w *World) silent(playbook string) bool {
	p := w.Book.Playbooks[playbook]
	return p != nil && p.Draft && w.Silent != nil && w.Silent(playbook)
}

// drafted tells what a silent play would have told, and goes on as if it had.
func (w *World) drafted(a *Account, r *Run, e playbooks.Effect) {
	to, what := e.Person, e.What
	switch e.Kind {
	case playbooks.SayIt:
		to, what = w.sayTo(r, e), "say"
	case playbooks.CallIt:
		to, what = e.System, "webhook"
		w.answerCall(a, r, e, true)
	case playbooks.Nudge:
		if Delivers(e.What) {
			w.Later(func() {
				w.Settle(a, Change{Events: []playbooks.Event{{Kind: playbooks.Delivered, At: w.Now, Run: r.ID, Visit: e.Visit, Person: e.Person}}})
			})
		}
	default:
		return // a draft changes nothing and starts nothing
	}
	if w.Hooks.Drafted != nil {
		step := e.Step
		if e.Visit < len(r.Visits) && step == "" {
			step = r.Visits[e.Visit].Step
		}
		w.Hooks.Drafted(a, r, to, what, step)
	}
}

// Delivers reports whether telling a person something is the delivery of a step, from
// which its delays count.
func Delivers(what string) bool {
	switch what {
	case playbooks.NudgeQuestion, playbooks.NudgeTask, playbooks.NudgeHandoff, playbooks.NudgeApproval, playbooks.NudgeAskedBack,
		playbooks.NudgeSnoozeOver, playbooks.NudgeFill:
		return true
	}
	return false
}

// call calls another system, if there is one, and tells the run what became of it.
func (w *World) call(a *Account, r *Run, e playbooks.Effect) {
	taken := w.Hooks.Called == nil || w.Hooks.Called(a, r, e)
	w.answerCall(a, r, e, taken)
}

func (w *World) answerCall(a *Account, r *Run, e playbooks.Effect, taken bool) {
	if !taken {
		return // it is tried again until the run gives it up
	}
	w.Later(func() {
		w.Settle(a, Change{Events: []playbooks.Event{{Kind: playbooks.Called, At: w.Now, Run: r.ID, Visit: e.Visit}}})
	})
}

// peersOf tells an account's facts of its peers.
func (w *World) peersOf(a *Account, f *rules.Facts) {
	if w.Peers != nil {
		f.SetPeers(w.Peers(a))
	}
}
