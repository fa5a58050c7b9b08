package outline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// condition tells a condition in words. What has no words is shown as it was written.
func (o *outline) condition(c *rules.Condition) string { return o.part(c.Parts(), false) }

// part tells one part; within says whether it stands inside another.
func (o *outline) part(p rules.Part, within bool) string {
	switch p.Op {
	case "not":
		if told, ok := o.clause("not (" + p.Parts[0].Text + ")"); ok && p.Parts[0].Op == "" {
			return told
		}
		return o.voice.Say("flow.if.not", words.Args{"part": o.part(p.Parts[0], true)})
	case "and", "or":
		var all []string
		for _, one := range p.Parts {
			all = append(all, o.part(one, true))
		}
		text := strings.Join(all, o.voice.Say("flow.if."+p.Op, nil))
		if within {
			return o.voice.Say("flow.if.brackets", words.Args{"part": text})
		}
		return text
	}
	if told, ok := o.clause(p.Text); ok {
		return told
	}
	return oneLine(p.Text)
}

// of returns an outline of a playbook's conditions; nil stands for none.
func of(book *playbooks.Book, p *playbooks.Playbook, v *words.Voice) *outline {
	o := &outline{book: book, playbook: p, voice: v, lets: map[string]rules.Phrase{}}
	if p == nil {
		return o
	}
	for _, let := range p.Lets {
		if one, ok := rules.Phrased(let.Expr.Text); ok {
			o.lets[let.Name] = one
		}
	}
	return o
}

// Clause tells a clause of a playbook's conditions in words, with the values that it was
// judged by: "“fewer users” is at least 40 % (now 12 %)"; ok is false where there are no
// words for it. means says what the names in it stand for, a sentence each.
func Clause(book *playbooks.Book, p *playbooks.Playbook, v *words.Voice, c rules.ClauseValue) (told string, means []string, ok bool) {
	o := of(book, p, v)
	if told, ok = o.clause(c.Source); !ok {
		return "", nil, false
	}
	var values []string
	for _, source := range slices.Sorted(maps.Keys(c.Values)) {
		phrase, known := rules.Phrased(source)
		name := source
		if known {
			if said, ok := o.value(phrase); ok {
				name = said
			}
		}
		value := o.written(phrase, c.Values[source])
		if len(c.Values) > 1 {
			value = o.voice.Say("flow.now.one", words.Args{"name": name, "value": value})
		}
		values = append(values, value)
	}
	if len(values) > 0 {
		told = v.Say("flow.now", words.Args{"clause": told, "values": strings.Join(values, v.Say("explain.separator", nil))})
	}
	return told, o.meanings(), true
}

// Negated reports whether a clause counts in what starts a rule by its opposite alone, as in
// not contract.signed.
func Negated(r *rules.Rule, source string) bool {
	plain, negated := false, false
	var look func(p rules.Part, not bool)
	look = func(p rules.Part, not bool) {
		switch {
		case p.Op == "" && p.Text == source:
			plain, negated = plain || !not, negated || not
		case p.Op == "not":
			not = !not
		}
		for _, one := range p.Parts {
			look(one, not)
		}
	}
	for _, c := range []*rules.Condition{r.Audience, r.When} {
		if c != nil {
			look(c.Parts(), false)
		}
	}
	return negated && !plain
}

// written writes a value as people read it.
func (o *outline) written(of rules.Phrase, value any) string {
	switch x := value.(type) {
	case nil:
		return o.voice.Say("details.unknown", nil)
	case bool:
		return o.voice.Say(map[bool]string{true: "yes", false: "no"}[x], nil)
	case rules.Date:
		return o.voice.LongDate(x)
	case float64:
		return o.amount(of, x)
	}
	if text, ok := value.(string); ok {
		return o.entitled(of, text)
	}
	return fmt.Sprint(value)
}

// meanings tell what the lets stand for that were named, and those that are named in
// telling that.
func (o *outline) meanings() []string {
	var all []string
	for i := 0; i < len(o.spoken); i++ { // grows meanwhile
		name := o.spoken[i]
		let := o.lets[name]
		told, ok := o.value(let)
		if decides(let) {
			told, ok = o.yes(let, false)
		}
		if !ok {
			for _, l := range o.playbook.Lets {
				if l.Name == name {
					told = oneLine(l.Expr.Text)
				}
			}
		}
		all = append(all, o.voice.Say("flow.means", words.Args{"name": o.letName(name), "means": told}))
	}
	return all
}
