package outline

import (
	"strings"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// who says who a person expression means: a role, a person, or as it is written.
func (o *outline) who(e *rules.Expr) string {
	if e == nil {
		return o.voice.Say("role.owner", nil)
	}
	if p, ok := rules.Phrased(e.String()); ok {
		if told, ok := o.person(p); ok {
			return told
		}
	}
	return o.named(strings.Trim(strings.TrimPrefix(oneLine(e.String()), "account."), `"`))
}

// person tells an expression that names somebody.
func (o *outline) person(p rules.Phrase) (string, bool) {
	switch p.Op {
	case "text":
		return o.named(p.Text), true
	case "name":
		if role, ok := strings.CutPrefix(p.Name, "account."); ok {
			return o.named(role), true
		}
		if let, ok := o.lets[p.Name]; ok {
			return o.person(let)
		}
		if asked := o.asked(p.Name); asked != "" {
			return o.voice.Say("flow.let", words.Args{"name": asked}), true
		}
	case "??":
		a, ok := o.person(p.Of[0])
		b, also := o.person(p.Of[1])
		return o.voice.Say("flow.who.else", words.Args{"a": a, "b": b}), ok && also
	case "?:":
		cond, ok := o.yes(p.Of[0], true)
		a, also := o.person(p.Of[1])
		if p.Of[2].Op == "text" && p.Of[2].Text == "" {
			return o.voice.Say("flow.who.if", words.Args{"a": a, "if": cond}), ok && also
		}
		b, too := o.person(p.Of[2])
		return o.voice.Say("flow.who.either", words.Args{"a": a, "b": b, "if": cond}), ok && also && too
	}
	return "", false
}

// named returns a role or a person by what people call them.
func (o *outline) named(name string) string {
	name = strings.TrimPrefix(name, "account.")
	if id := "role." + name; o.voice.Has(id) {
		return o.voice.Say(id, nil)
	}
	if o.book.Team != nil {
		if p := o.book.Team.Person(name); p != nil && p.ID == name {
			return o.voice.Person(p.Name.In(o.voice.Lang()))
		}
	}
	return spaced(name)
}

func (o *outline) people(ids []string) string {
	var all []string
	for _, id := range ids {
		all = append(all, o.named(id))
	}
	return o.voice.List(all)
}
