package words

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Names are how the things that a run knows by id are called. A nil function
// leaves the id as it is; a person's title is added by the voice.
type Names struct {
	Person    func(id string) string
	Playbook  func(name string) string
	Answer    func(step, answer string) string // the label of an answer, or ""
	Outcome   func(outcome string) string      // the title of a declared outcome, or ""
	Field     func(id string) string           // the label of a handoff's field
	Milestone func(id string) string
	Signal    func(name string) string // its title, in the middle of a sentence
	Draft     func(name string) bool   // whether a playbook decides silently
}

// call names an id, or leaves it.
func call(name func(string) string, id string) string {
	if name == nil {
		return id
	}
	if called := name(id); called != "" {
		return called
	}
	return id
}

// Line returns a line of a run's timeline.
func (v *Voice) Line(e playbooks.Entry, names Names) string {
	args := Args{}
	for key, value := range e.Args {
		args[key] = v.named(key, value, e.Step, names)
	}
	if e.By != "" {
		args["by"] = v.Person(call(names.Person, e.By))
	}
	return v.Say(e.What, args)
}

// named returns an argument of a log entry or a refusal as people call it.
func (v *Voice) named(key string, value any, step string, names Names) any {
	id, ok := value.(string)
	if !ok {
		return value
	}
	switch key {
	case "person", "assignee":
		return v.Person(call(names.Person, id))
	case "playbook":
		return call(names.Playbook, id)
	case "answer", "first":
		return v.Answer(step, id, names)
	case "outcome":
		return v.Outcome(id, names)
	case "milestone":
		return call(names.Milestone, id)
	case "reason":
		return v.word("reason.", id)
	case "role":
		return v.word("role.", id)
	case "kind":
		return v.word("kind.", id)
	case "state":
		return v.word("handoff.state.", id)
	case "fields":
		ids := strings.Split(id, ", ")
		for i := range ids {
			ids[i] = call(names.Field, ids[i])
		}
		return v.List(ids)
	}
	return id
}

// word returns the catalogue's word for an id, or the id.
func (v *Voice) word(group, id string) string {
	if v.Has(group + id) {
		return v.Say(group+id, nil)
	}
	return id
}

// Answer returns how an answer of a step is called: "Seasonal", "done".
func (v *Voice) Answer(step, answer string, names Names) string {
	if names.Answer != nil {
		if label := names.Answer(step, answer); label != "" {
			return label
		}
	}
	return v.word("answer.", answer)
}

// Outcome returns how an outcome is called; one that neither the book nor the
// catalogue names is its id with spaces.
func (v *Voice) Outcome(outcome string, names Names) string {
	if names.Outcome != nil {
		if title := names.Outcome(outcome); title != "" {
			return title
		}
	}
	if said := v.word("outcome.", outcome); said != outcome {
		return said
	}
	return strings.ReplaceAll(outcome, "_", " ")
}

// Refusal tells a person why what they did changed nothing. An error that is no
// *playbooks.Refusal is told as something to try again.
func (v *Voice) Refusal(err error, names Names) string {
	var r *playbooks.Refusal
	if !errors.As(err, &r) {
		return v.Say("error.again", nil)
	}
	step, _ := r.Args["step"].(string)
	args := Args{}
	for key, value := range r.Args {
		args[key] = v.named(key, value, step, names)
	}
	return v.Say("refusal."+r.Code, args)
}

// Decision says in a sentence what the rules decided and why.
func (v *Voice) Decision(d rules.Decision, names Names) string {
	args := Args{"at": v.Day(d.At), "since": v.Day(d.Since), "detail": d.Detail, "until": "", "missing": ""}
	if !d.Until.IsZero() {
		args["until"] = v.Day(d.Until)
	}
	if d.Since.IsZero() {
		args["since"] = v.Day(d.At)
	}
	id := "decision." + string(d.Outcome)
	switch d.Outcome {
	case rules.Waits:
		if d.Reason == rules.Gathering {
			id, args["until"] = "decision.gathering", v.When(d.Until)
		} else if d.Then != nil {
			id, args["then"] = "decision.pending.held", v.Hold(*d.Then, names)
		}
	case rules.Suppressed:
		id = "decision." + string(d.Reason)
		if d.Reason == rules.Inhibited {
			args["detail"] = call(names.Playbook, d.Detail)
		}
	case rules.Unknowable:
		if len(d.Missing) == 0 {
			id = "decision.unknown_bare"
		}
		args["missing"] = v.missing(d, names)
	}
	if silent := id + ".draft"; names.Draft != nil && names.Draft(d.Playbook) && v.Has(silent) {
		id = silent
	}
	return v.Say(id, args)
}

// Hold says what will keep from starting what has held for long enough: "it was put
// off until Mon 30 Nov".
func (v *Voice) Hold(h rules.Hold, names Names) string {
	args := Args{"until": "", "detail": h.Detail}
	if !h.Until.IsZero() {
		args["until"] = v.Day(h.Until)
	}
	if h.Reason == rules.Inhibited {
		args["detail"] = call(names.Playbook, h.Detail)
	}
	return v.Say("hold."+string(h.Reason), args)
}

// missing says what a decision lacks. One recorded before gaps were has its English
// text alone.
func (v *Voice) missing(d rules.Decision, names Names) string {
	if len(d.Gaps) == 0 {
		return strings.Join(d.Missing, "; ")
	}
	said := make([]string, 0, len(d.Gaps))
	for _, g := range d.Gaps {
		said = append(said, v.Gap(g, names))
	}
	if v.lang == Japanese {
		return strings.Join(said, "") // sentences that end in 。 need no space
	}
	return strings.Join(said, " ")
}

// Gap says in a sentence why something is not known.
func (v *Voice) Gap(g rules.Gap, names Names) string {
	on := ""
	if g.On != 0 {
		on = v.Date(g.On)
	}
	return v.Say("gap."+g.Code.String(), Args{"of": call(names.Signal, g.Of), "on": on, "count": int(g.Count), "need": int(g.Need)})
}

// Clause says how a clause of a rule was judged, and the values it was judged by:
// "holds: logins.drop("14d") >= 0.4 (logins.drop("14d") is 0.57)".
func (v *Voice) Clause(c rules.ClauseValue) string {
	said := v.Say("clause."+c.Truth.String(), Args{"source": c.Source})
	names := make([]string, 0, len(c.Values))
	for name := range c.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	values := make([]string, 0, len(names))
	for _, name := range names {
		value := c.Values[name]
		if value == nil {
			values = append(values, v.Say("clause.no_value", Args{"name": name}))
			continue
		}
		values = append(values, v.Say("clause.value", Args{"name": name, "value": fmt.Sprint(v.write(value))}))
	}
	if len(values) == 0 {
		return said
	}
	if v.lang == Japanese {
		return said + "(" + strings.Join(values, "、") + ")"
	}
	return said + " (" + strings.Join(values, "; ") + ")"
}
