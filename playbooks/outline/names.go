package outline

import (
	"cmp"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// feature returns what a feature's words need.
func (o *outline) feature(p rules.Phrase) words.Args {
	def := o.book.Signal(p.Name)
	title, unit := p.Name, ""
	if def != nil {
		for _, lang := range []string{o.voice.Lang(), "", words.English} {
			if t := def.Title[lang]; t != "" {
				title = t
				break
			}
		}
		if unit = def.Unit; o.voice.Lang() != words.English || strings.Contains(strings.ToLower(title), strings.ToLower(unit)) || def.Kind != rules.Gauge {
			unit = "" // it is written in one language alone
		}
	}
	args := words.Args{"signal": title, "for": p.Period, "unit": unit}
	if p.Ask == "top" {
		args["by"] = def.Dimension
	} else if p.By != "" {
		args["signal"] = o.voice.Say("flow.signal.by", words.Args{"signal": title, "by": p.By})
	}
	return args
}

// name tells a let, what was collected, or a field.
func (o *outline) name(name string) (string, bool) {
	if let, ok := o.lets[name]; ok {
		if o.inPlace(name, let) {
			return o.value(let)
		}
		o.spokenOf(name)
		return o.voice.Say("flow.let", words.Args{"name": o.letName(name)}), true
	}
	if id := "flow.value." + name; o.voice.Has(id) {
		return o.voice.Say(id, nil), true
	}
	if asked := o.asked(name); asked != "" {
		return o.voice.Say("flow.let", words.Args{"name": asked}), true
	}
	of, field, ok := strings.Cut(name, ".")
	if title := o.fieldTitle(of, field); title != "" {
		if of == "segment" || of == "form" {
			title = o.voice.Say("flow.let", words.Args{"name": title})
		}
		return title, true
	}
	switch {
	case !ok:
		return o.voice.Say("flow.let", words.Args{"name": spaced(name)}), true
	case o.voice.Has("role." + field):
		return o.voice.Say("role."+field, nil), true
	case of == "account" && o.voice.Has("attribute."+field):
		return o.voice.Say("attribute."+field, nil), true
	case of == "account" || of == "segment" || of == "contract":
		return o.voice.Say("flow.field", words.Args{"name": spaced(field)}), true
	}
	return "", false
}

// letName is what people call a let.
func (o *outline) letName(name string) string {
	for _, l := range o.playbook.Lets {
		if l.Name == name {
			return cmp.Or(l.Title.In(o.voice.Lang()), spaced(name))
		}
	}
	return spaced(name)
}

// inPlace reports whether what a let stands for is told where it is named: it is short,
// and has no title of its own.
func (o *outline) inPlace(name string, let rules.Phrase) bool {
	titled := slices.ContainsFunc(o.playbook.Lets, func(l playbooks.Let) bool { return l.Name == name && len(l.Title) > 0 })
	return !titled && o.short(let)
}

// fieldTitle is what the book calls a segment or an attribute; "" where it does not say.
func (o *outline) fieldTitle(of, field string) string {
	switch of {
	case "segment":
		if s := o.book.Segment(field); s != nil {
			return s.Title.In(o.voice.Lang())
		}
	case "form":
		if f := o.form.Field(field); f != nil {
			return cmp.Or(f.Label.In(o.voice.Lang()), spaced(field))
		}
	case "account", "attributes":
		return o.book.AttributeTitle(field).In(o.voice.Lang())
	}
	return ""
}

// entitled is what people call one of the texts that a value may be: a stage, or a value
// of a segment; the text itself where there is no other name for it.
func (o *outline) entitled(of rules.Phrase, text string) string {
	of = o.inner(of)
	if of.Op != "name" {
		return text
	}
	if of.Name == "stage" || of.Name == "account.stage" {
		return o.stage(text)
	}
	if name, ok := strings.CutPrefix(of.Name, "form."); ok {
		return o.choiceOf(o.form.Field(name), text)
	}
	if name, ok := strings.CutPrefix(of.Name, "segment."); ok {
		if s := o.book.Segment(name); s != nil {
			return cmp.Or(s.Titles[text].In(o.voice.Lang()), text)
		}
	}
	return text
}

// choiceOf is what people call one of the answers that a form offers; the text itself where it offers none of it.
func (o *outline) choiceOf(f *playbooks.Field, text string) string {
	if f == nil {
		return text
	}
	for _, c := range f.Choices {
		if c.ID == text {
			return cmp.Or(c.Label.In(o.voice.Lang()), text)
		}
	}
	return text
}

// asked returns what a modal asks for under a name, or "".
func (o *outline) asked(name string) string {
	if o.playbook == nil {
		return ""
	}
	for _, s := range o.steps() {
		if s.Ask == nil {
			continue
		}
		for i := range s.Ask.Answers {
			for _, c := range s.Ask.Answers[i].Collect {
				if c.Name == name {
					return o.collected(c)
				}
			}
		}
	}
	return ""
}

// collected is what a value is called that is asked together with an answer.
func (o *outline) collected(c playbooks.Collect) string {
	label := c.Label.In(o.voice.Lang())
	switch {
	case label != "":
	case o.voice.Has("collect." + c.Name):
		label = o.voice.Say("collect."+c.Name, nil)
	default:
		label = spaced(c.Name)
	}
	return strings.TrimRight(label, "?？")
}

// decides reports whether a phrase is a condition by its form.
func decides(p rules.Phrase) bool {
	return slices.Contains([]string{"and", "or", "not", "==", "!=", "<", "<=", ">", ">=", "in", "yes"}, p.Op)
}

// short reports whether a let is told in place: one value, with what stands for it where
// it is not known, or the time between two dates.
func (o *outline) short(p rules.Phrase) bool {
	one := func(p rules.Phrase) bool {
		return p.Op == "feature" || p.Op == "milestone" || p.Op == "number" || p.Op == "name" && o.lets[p.Name].Op == ""
	}
	switch p.Op {
	case "??":
		return one(p.Of[0]) && (one(p.Of[1]) || p.Of[1].Op == "text")
	case "-":
		return len(p.Of) == 2 && one(p.Of[0]) && one(p.Of[1])
	}
	return one(p)
}

// spokenOf notes that a let was named, so that it is told what it means.
func (o *outline) spokenOf(name string) {
	if !slices.Contains(o.spoken, name) {
		o.spoken = append(o.spoken, name)
	}
}

func (o *outline) milestone(name string) string {
	if m := o.book.Journey.Milestone(name); m != nil {
		if title := m.Title.In(o.voice.Lang()); title != "" {
			return title
		}
	}
	return name
}

func (o *outline) stage(name string) string {
	if s := o.book.Journey.Stage(name); s != nil {
		if title := s.Title.In(o.voice.Lang()); title != "" {
			return title
		}
	}
	return name
}

// spaced writes an identifier as words.
func spaced(name string) string { return strings.NewReplacer("_", " ", "-", " ").Replace(name) }
