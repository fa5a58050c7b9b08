package playtest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// An Expectation is what must be so at a time.
type Expectation struct {
	At       time.Time
	Line     int
	Account  string
	Playbook string
	Subject  string
	checks   []check
}

// A check compares one thing with what is there.
type check struct {
	what, want string
	test       func(v view) (got string, ok bool)
}

// A view is what a check looks at: an account and the latest run of a playbook.
type view struct {
	w        *world
	a        *account
	run      *replay.Run // nil where there is none
	subject  string
	playbook *playbooks.Playbook
	since    time.Time // of the expectation before this one
	first    bool      // there is none before it
}

// decisions are the words that a decision may be expected by.
func decisions() []string {
	all := []string{string(rules.Quiet), string(rules.Waits), string(rules.Fired), string(rules.Resolves), string(rules.Unknowable), string(rules.Suppressed)}
	for _, reason := range []rules.Reason{rules.Snoozed, rules.CoolingDown, rules.Inhibited, rules.OutsideAudience, rules.HeldOut,
		rules.AlreadyRunning, rules.OverStormLimit, rules.Paused, rules.AlreadyTrue, rules.OutsidePilot, rules.Grouped} {
		all = append(all, fmt.Sprintf("%s(%s)", rules.Suppressed, reason))
	}
	return all
}

func (r *reader) readExpectation(f *File, c *Case, n ast.Node) {
	line, _ := placeOf(n)
	x := Expectation{Line: line, Account: c.Accounts[0], Playbook: f.Playbook.Name}
	var at ast.Node
	later := map[string]ast.Node{}
	keep := func(name string) field { return field{name, func(n ast.Node) { later[name] = n }} }
	r.fields(n, "an entry of expect",
		field{"at", func(n ast.Node) { at = n }},
		field{"account", func(n ast.Node) { x.Account = r.oneOf(n, "account", c.Accounts) }},
		field{"playbook", func(n ast.Node) { x.Playbook = r.oneOf(n, "playbook", r.playbookNames()) }},
		field{"contract", func(n ast.Node) { x.Subject = r.text(n, "a contract") }},
		keep("decision"), keep("run"), keep("step"), keep("assignee"), keep("due"), keep("outcome"), keep("ended"), keep("messages"),
		keep("tasks"), keep("escalated"), keep("account_has"), keep("values"), keep("handoff"), keep("evidence"), keep("held"),
		keep("snoozed_until"), keep("variant"), keep("drafts"), keep("missing"), keep("not_asked"),
	)
	p := r.book.Playbooks[x.Playbook]
	if at == nil || p == nil {
		if at == nil {
			r.fail(n, "add at: +3d 10:00", "an entry of expect has no time")
		}
		return
	}
	x.At = r.moment(at, c.Start, c.zone)
	if !x.At.IsZero() && x.At.Before(c.Start) {
		r.fail(at, "look later, or let the test start earlier", "this is before the test starts")
	}
	if len(later) == 0 {
		r.fail(n, "add decision, step, messages, outcome, …", "nothing is expected in this entry")
	}
	w := &wants{r: r, c: c, p: p, x: &x}
	for _, name := range slices.Sorted(maps.Keys(later)) {
		w.read(name, later[name])
	}
	c.Expect = append(c.Expect, x)
}

// wants reads the parts of one expectation.
type wants struct {
	r *reader
	c *Case
	p *playbooks.Playbook
	x *Expectation
}

// add adds a check that what is there, as a test would write it, is what is wanted.
func (w *wants) add(what, want string, got func(v view) string) {
	w.x.checks = append(w.x.checks, check{what, want, func(v view) (string, bool) {
		g := got(v)
		return g, g == want
	}})
}

const none = "none"

func (w *wants) read(name string, n ast.Node) {
	r := w.r
	switch name {
	case "decision":
		want := r.oneOf(n, "decision", decisions())
		w.x.checks = append(w.x.checks, check{"decision", want, func(v view) (string, bool) {
			got := outcomeOf(v.w.decision(v.a, v.playbook.Name, v.subject))
			return got, got == want || want == string(rules.Suppressed) && strings.HasPrefix(got, want+"(")
		}})
	case "run":
		w.add(name, r.oneOf(n, "state of a run", []string{"open", "ended", none}), view.state)
	case "step":
		w.add(name, r.oneOf(n, "step", append(stepIDs(w.p, r.book), none)), func(v view) string {
			if v.run == nil {
				return "no run"
			}
			return orWord(v.run.Step, none)
		})
	case "assignee":
		want := r.somebody(n)
		w.x.checks = append(w.x.checks, check{name, want, func(v view) (string, bool) {
			who := ""
			if c := v.visit(); c != nil {
				who = c.Assignee
			}
			return orWord(who, none) + v.sense().meant(want), v.sense().is(want, who)
		}})
	case "variant":
		w.add(name, r.text(n, "a variant"), func(v view) string {
			if v.run == nil {
				return "no run"
			}
			return orWord(v.run.Variant, none)
		})
	case "due":
		w.time(name, n, func(v view) time.Time {
			if c := v.visit(); c != nil {
				return c.Due
			}
			return time.Time{}
		})
	case "ended":
		w.time(name, n, func(v view) time.Time {
			if v.run != nil {
				return v.run.Ended
			}
			return time.Time{}
		})
	case "snoozed_until":
		w.time(name, n, func(v view) time.Time {
			until := v.a.Snoozed(v.playbook.Name)
			if v.run != nil && v.run.SnoozedUntil.After(until) {
				until = v.run.SnoozedUntil
			}
			return until
		})
	case "outcome":
		w.add(name, r.oneOf(n, "outcome", outcomes(w.p)), func(v view) string {
			if v.run == nil {
				return "no run"
			}
			return orWord(v.run.Outcome, none)
		})
	case "held":
		w.add(name, fmt.Sprint(r.yes(n)), func(v view) string { return fmt.Sprint(v.run != nil && v.run.Held != "") })
	case "handoff":
		states := []playbooks.HandoffState{playbooks.HandoffDraft, playbooks.HandoffSent, playbooks.HandoffAskedBack,
			playbooks.HandoffAccepted, playbooks.HandoffDeclined, playbooks.HandoffWithdrawn}
		words := make([]string, len(states))
		for i, s := range states {
			words[i] = string(s)
		}
		w.add(name, r.oneOf(n, "state of a handoff", words), func(v view) string {
			if v.run == nil || v.run.Handoff == nil {
				return none
			}
			return string(v.run.Handoff.State)
		})
	case "missing", "not_asked":
		want := w.names(n, "field of the handoff", formFields(r.book, w.p))
		w.add(name, joined(want), func(v view) string {
			if v.run == nil || v.run.Handoff == nil {
				return "no handoff"
			}
			if name == "missing" {
				return joined(slices.Clone(v.run.Handoff.Missing))
			}
			return joined(slices.Clone(v.run.Handoff.Hidden))
		})
	case "evidence":
		want := w.names(n, "playbook", r.playbookNames())
		w.add(name, joined(want), func(v view) string {
			var all []string
			if v.run != nil {
				for _, e := range v.run.Evidence {
					all = append(all, e.Playbook)
				}
			}
			return joined(all)
		})
	case "escalated":
		w.escalated(n)
	case "values":
		w.values("value", n, func(v view, key string) any {
			if v.run == nil {
				return nil
			}
			return v.run.Values[key]
		})
	case "account_has":
		w.values("account", n, func(v view, key string) any { return fieldOf(&v.a.Data, key) })
	case "tasks":
		w.tasks(n)
	case "messages":
		w.messages(name, n, view.told)
	case "drafts":
		w.messages(name, n, view.drafted)
	}
}

// names reads a list of known names; none means that there are none.
func (w *wants) names(n ast.Node, what string, known []string) []string {
	if s, _ := scalar(n); s == none {
		return nil
	}
	var all []string
	for _, n := range w.r.list(n) {
		all = append(all, w.r.oneOf(n, what, known))
	}
	return all
}

// formFields returns the ids of the fields of a playbook's handoffs.
func formFields(book *playbooks.Book, p *playbooks.Playbook) []string {
	var all []string
	for _, s := range stepsOf(p) {
		for _, f := range book.Forms[s.Handoff].Fields() {
			all = append(all, f.ID)
		}
	}
	return all
}

func joined(all []string) string {
	if len(all) == 0 {
		return none
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// time adds a check of a time; none means that there is none.
func (w *wants) time(what string, n ast.Node, got func(v view) time.Time) {
	s, _ := scalar(n)
	var want time.Time
	if s != none && s != "never" {
		want = w.r.moment(n, w.c.Start, w.c.zone)
	}
	start, zone := w.c.Start, w.c.zone
	w.x.checks = append(w.x.checks, check{what, shown(want, start, zone), func(v view) (string, bool) {
		g := got(v)
		return shown(g, start, zone), g.Equal(want)
	}})
}

// values adds a check for each named value; null means that it is not set.
func (w *wants) values(what string, n ast.Node, got func(v view, key string) any) {
	w.r.entries(n, what, func(key string, _, n ast.Node) {
		var want any
		if !isNull(n) {
			want = w.r.value(n)
		}
		w.x.checks = append(w.x.checks, check{what + " " + key, replay.Written(want), func(v view) (string, bool) {
			g := got(v, key)
			return replay.Written(g), reflect.DeepEqual(g, want) || replay.Written(g) == replay.Written(want)
		}})
	})
}

// tasks adds a check for each open task, and that there are no others.
func (w *wants) tasks(n ast.Node) {
	var want, people []string
	var lines []func(sense) string
	if s, _ := scalar(n); s != none {
		for _, n := range w.r.list(n) {
			var step, who string
			due := "never"
			w.r.fields(n, "a task",
				field{"step", func(n ast.Node) { step = w.r.oneOf(n, "step", stepIDs(w.p, w.r.book)) }},
				field{"assignee", func(n ast.Node) { who = w.r.somebody(n) }},
				field{"due", func(n ast.Node) { due = shown(w.r.moment(n, w.c.Start, w.c.zone), w.c.Start, w.c.zone) }},
			)
			want, people = append(want, taskLine(step, who, due)), append(people, who)
			lines = append(lines, func(s sense) string { return taskLine(step, s.person(who), due) })
		}
	}
	w.x.checks = append(w.x.checks, check{"tasks", strings.Join(orNone(want), "\n"), func(v view) (string, bool) {
		var all, meant []string
		for _, line := range lines {
			meant = append(meant, line(v.sense()))
		}
		for _, r := range v.a.Open() {
			c := r.Current()
			if c != nil && r.Playbook == v.playbook.Name && c.Kind == playbooks.TaskStep {
				all = append(all, taskLine(c.Step, c.Assignee, v.w.shown(c.Due)))
			}
		}
		return strings.Join(orNone(all), "\n") + v.sense().meant(people...), slices.Equal(all, meant)
	}})
}

func taskLine(step, who, due string) string {
	return fmt.Sprintf("%s for %s, due %s", step, orWord(who, none), due)
}

func orNone(all []string) []string {
	if len(all) == 0 {
		return []string{none}
	}
	return all
}

// stepIDs returns the ids of a playbook's steps, and of the milestones that may follow.
func stepIDs(p *playbooks.Playbook, book *playbooks.Book) []string {
	var ids []string
	for _, s := range stepsOf(p) {
		ids = append(ids, s.ID)
		if s.Kind == playbooks.HandoffStep && book.Journey != nil {
			for _, m := range book.Journey.Milestones {
				ids = append(ids, "milestone."+m.ID)
			}
		}
	}
	return ids
}

func outcomes(p *playbooks.Playbook) []string {
	all := []string{none, playbooks.NotAProblem, playbooks.PassedOn, playbooks.ResolvedOut, playbooks.Unanswered, playbooks.Unclear, playbooks.Stopped}
	return append(all, slices.Sorted(maps.Keys(p.Outcomes))...)
}

// fieldOf returns a field of an account as a playbook's set names it.
func fieldOf(a *rules.Account, field string) any {
	of, name, dotted := strings.Cut(field, ".")
	switch {
	case of == "milestone" && dotted:
		m, known := a.Milestones[name]
		switch {
		case !known:
			return nil
		case !m.Reached.IsZero():
			return true
		case m.Due != 0:
			return m.Due.String()
		}
		return false
	case of == "attributes" && dotted:
		return a.Attributes[name]
	case of == "contract" && strings.Contains(name, "."):
		at := strings.LastIndex(name, ".")
		for _, c := range a.Contracts {
			if c.ID == name[:at] {
				return jsonField(c, name[at+1:])
			}
		}
		return nil
	case of == "role" && dotted:
		for _, r := range a.Roles {
			if r.Role == name {
				return r.Person
			}
		}
		return nil
	}
	return jsonField(a, field)
}
