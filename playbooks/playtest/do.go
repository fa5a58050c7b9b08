package playtest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// A Doing is one thing that happens in a case.
type Doing struct {
	At       time.Time
	Line     int
	Kind     string // one of doings
	Account  string
	Playbook string
	Subject  string

	Event   playbooks.Event // answer, click, stop: At, Run, Visit and By are filled in when it happens
	Step    string          // answer, click: the visit of that step is meant, though the run may be elsewhere
	Refused string          // the code with which the click must be refused; "" where it must count
	Signal  rules.Signal
	Set     map[string]any
	Until   time.Time
	Person  string // away: who
	Cover   string
}

// doings are what can happen; each entry of do: has exactly one of them.
var doings = []string{"answer", "click", "signal", "set", "note", "start", "snooze", "stop", "pause", "resume", "away"}

// setsTheScene reports whether a doing at the very start of a case comes before the
// rules are judged for the first time.
func (d Doing) setsTheScene() bool {
	return slices.Contains([]string{"set", "snooze", "pause", "away"}, d.Kind)
}

// clicks are what people press, and the events those become.
func clicks() map[string]playbooks.EventKind {
	return map[string]playbooks.EventKind{
		"taken": playbooks.Taken, "done": playbooks.Done, "checked": playbooks.Checked, "snooze": playbooks.SnoozedRun,
		"dismiss": playbooks.Dismissed, "reassign": playbooks.Reassigned, "move": playbooks.Moved, "undo": playbooks.Undone,
		"approve": playbooks.Approved, "refuse": playbooks.Refused, "note": playbooks.Noted,
		"submit": playbooks.Submitted, "accept": playbooks.Accepted, "ask_back": playbooks.AskedBack, "reply": playbooks.Replied,
		"decline": playbooks.Declined, "withdraw": playbooks.Withdrawn,
	}
}

func (r *reader) readDoing(f *File, c *Case, n ast.Node) {
	line, _ := placeOf(n)
	d := Doing{Line: line, Account: c.Accounts[0], Playbook: f.Playbook.Name}
	e := &d.Event
	var at, until, answer, filled ast.Node
	is := func(kind string) { d.Kind = kind }
	seen := r.fields(n, "an entry of do",
		field{"at", func(n ast.Node) { at = n }},
		field{"account", func(n ast.Node) { d.Account = r.oneOf(n, "account", c.Accounts) }},
		field{"playbook", func(n ast.Node) { d.Playbook = r.oneOf(n, "playbook", r.playbookNames()) }},
		field{"contract", func(n ast.Node) { d.Subject = r.text(n, "a contract") }},
		field{"step", func(n ast.Node) { d.Step = r.text(n, "a step") }},
		field{"answer", func(n ast.Node) {
			is("answer")
			answer = n
			e.Kind = playbooks.Answered
			e.Answer = r.text(n, "an answer")
		}},
		field{"click", func(n ast.Node) {
			is("click")
			e.Kind = clicks()[r.oneOf(n, "click", slices.Collect(maps.Keys(clicks())))]
		}},
		field{"signal", func(n ast.Node) { is("signal"); d.Signal.Signal = r.oneOf(n, "signal", r.signals()) }},
		field{"set", func(n ast.Node) { is("set"); d.Set = r.changes(n) }},
		field{"note", func(n ast.Node) { is("note"); e.Text = r.text(n, "a note") }},
		field{"start", func(n ast.Node) { is("start"); d.Playbook = r.oneOf(n, "playbook", r.playbookNames()) }},
		field{"snooze", func(n ast.Node) {
			is("snooze")
			if s, _ := scalar(n); s == "account" {
				d.Playbook = ""
			} else {
				d.Playbook = r.oneOf(n, "playbook", append(r.playbookNames(), "account"))
			}
		}},
		field{"stop", func(n ast.Node) { is("stop"); e.Kind, e.Reason = playbooks.StoppedRun, r.text(n, "a reason") }},
		field{"pause", func(n ast.Node) { is("pause"); d.Playbook = r.paused(n) }},
		field{"resume", func(n ast.Node) { is("resume"); d.Playbook = r.paused(n) }},
		field{"away", func(n ast.Node) { is("away"); d.Person = r.person(n) }},
		field{"cover", func(n ast.Node) { d.Cover = r.person(n) }},
		field{"by", func(n ast.Node) { e.By = r.text(n, "by") }},
		field{"with", func(n ast.Node) { e.Collected = r.object(n) }},
		field{"fields", func(n ast.Node) { filled, e.Fields = n, r.object(n) }},
		field{"until", func(n ast.Node) { until = n }},
		field{"reason", func(n ast.Node) { e.Reason = r.text(n, "a reason") }},
		field{"text", func(n ast.Node) { e.Text = r.text(n, "a text") }},
		field{"person", func(n ast.Node) { e.Person = r.person(n) }},
		field{"items", func(n ast.Node) { e.Items = r.numbers(n) }},
		field{"marked", func(n ast.Node) {
			for _, n := range r.list(n) {
				e.Marked = append(e.Marked, r.text(n, "a field"))
			}
		}},
		field{"value", func(n ast.Node) {
			v, ok := r.value(n).(float64)
			if d.Signal.Value = v; !ok {
				r.fail(n, "write it like 3", "the value of a signal is a number")
			}
		}},
		field{"dated", func(n ast.Node) { d.Signal.At = r.moment(n, c.Start, c.zone) }},
		field{"user", func(n ast.Node) { d.Signal.User = r.text(n, "a user") }},
		field{"mode", func(n ast.Node) { d.Signal.Mode = r.oneOf(n, "mode", []string{"set"}) }},
		field{"refused", func(n ast.Node) { d.Refused = r.text(n, "a refusal") }},
	)
	r.oneThing(n, seen)
	if at == nil {
		r.fail(n, "add at: +3d 10:00", "an entry of do has no time")
		return
	}
	d.At = r.moment(at, c.Start, c.zone)
	if !d.At.IsZero() && d.At.Before(c.Start) {
		r.fail(at, "let it happen later, or the test start earlier", "this is before the test starts")
	}
	if until != nil {
		d.Until = r.moment(until, c.Start, c.zone)
		e.Until = d.Until
	}
	r.finishDoing(&d, answer, n, seen)
	if p := r.book.Playbooks[d.Playbook]; filled != nil && p != nil {
		known := formFields(r.book, p)
		r.entries(filled, "fields", func(id string, k, _ ast.Node) {
			if !slices.Contains(known, id) {
				r.fail(k, meant(id, known), "the handoff of %s asks for no %q", p.Name, id)
			}
		})
	}
	c.Do = append(c.Do, d)
}

// oneThing reports an entry in which nothing happens, or two things.
func (r *reader) oneThing(n ast.Node, seen map[string]ast.Node) {
	var found []string
	for _, kind := range doings {
		if seen[kind] != nil {
			found = append(found, kind)
		}
	}
	switch len(found) {
	case 0:
		r.fail(n, "add one of: "+strings.Join(doings, ", "), "nothing happens in this entry")
	case 1:
	default:
		r.fail(seen[found[1]], "write an entry for each", "two things happen in this entry: %s", strings.Join(found, " and "))
	}
}

// finishDoing checks what can only be said of the whole entry.
func (r *reader) finishDoing(d *Doing, answer, n ast.Node, seen map[string]ast.Node) {
	if d.Kind == "signal" {
		d.Signal.By, d.Event.By = d.Event.By, ""
		if d.Signal.Value == 0 && d.Signal.User != "" {
			d.Signal.Value = 1
		}
	} else if by := seen["by"]; by != nil && r.book.Team.Person(d.Event.By) == nil {
		r.fail(by, meant(d.Event.By, r.people()), "nobody in team.yaml is called %q", d.Event.By)
	}
	needs := map[string]string{"snooze": "until", "away": "until"}
	if need := needs[d.Kind]; need != "" && seen[need] == nil {
		r.fail(n, "add "+need+": +10d", "%s needs %s", d.Kind, need)
	}
	p := r.book.Playbooks[d.Playbook]
	if answer == nil || p == nil || d.Refused != "" {
		return
	}
	var known []string
	for _, s := range stepsOf(p) {
		if s.Ask == nil {
			continue
		}
		for _, a := range s.Ask.Answers {
			known = append(known, a.ID)
		}
	}
	r.oneOf(answer, "answer", known)
}

// stepsOf returns every step of a playbook, those of variants too.
func stepsOf(p *playbooks.Playbook) []*playbooks.Step {
	all := slices.Clone(p.Steps)
	for _, v := range p.Variants {
		all = append(all, v.Steps...)
	}
	return all
}

func (r *reader) person(n ast.Node) string { return r.oneOf(n, "person", r.people()) }

// paused reads which playbook ops pauses: its name, or all.
func (r *reader) paused(n ast.Node) string {
	if s := r.oneOf(n, "playbook", append(r.playbookNames(), "all")); s != "all" {
		return s
	}
	return ""
}

// object reads fields with values of any kind.
func (r *reader) object(n ast.Node) map[string]any {
	all := map[string]any{}
	r.entries(n, "this", func(key string, _, v ast.Node) { all[key] = r.value(v) })
	return all
}

// changes reads changes of an account: its fields, or stage, milestone.NAME,
// attributes.NAME, role.NAME and contract.ID as a playbook's set has them.
func (r *reader) changes(n ast.Node) map[string]any {
	all := map[string]any{}
	known := append(accountFields(), "milestone.NAME", "attributes.NAME", "role.NAME", "contract.ID")
	r.entries(n, "set", func(key string, k, v ast.Node) {
		of, _, dotted := strings.Cut(key, ".")
		if !slices.Contains(known, key) && !(dotted && slices.Contains([]string{"milestone", "attributes", "role", "contract"}, of)) {
			r.fail(k, meant(key, known), "an account has no field %q", key)
			return
		}
		all[key] = r.value(v)
		var a rules.Account
		if !dotted {
			if err := replay.ReadFields(&a, map[string]any{key: all[key]}); err != nil {
				r.fail(v, "write it as POST /v1/accounts takes it", "%s: %v", key, err)
			}
		} else if err := replay.SetField(&a, key, all[key], "", time.Unix(0, 0)); err != nil {
			r.fail(v, "true marks a milestone reached, a date dates it; a contract has fields", "%v", err)
		}
	})
	return all
}

// numbers reads a list of whole numbers from 0.
func (r *reader) numbers(n ast.Node) []int {
	all := []int{}
	for _, n := range r.list(n) {
		v, ok := r.value(n).(float64)
		if !ok || v < 0 || v != float64(int(v)) {
			r.fail(n, "write a list like [0, 2]; the first item is 0", "items are numbers")
			continue
		}
		all = append(all, int(v))
	}
	return all
}
