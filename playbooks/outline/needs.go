package outline

import (
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// Needs says what would have to become true for a condition to hold, going by how its
// clauses were judged; "" where it holds. The condition is one of the playbook's.
func Needs(book *playbooks.Book, p *playbooks.Playbook, v *words.Voice, c *rules.Condition, judged []rules.ClauseValue) string {
	truth := map[string]rules.Truth{}
	for _, one := range judged {
		truth[one.Source] = one.Truth
	}
	o := of(book, p, v)
	text, _ := o.needs(c.Parts(), truth, false)
	return text
}

// needs returns what one part lacks, and whether the part holds.
func (o *outline) needs(p rules.Part, truth map[string]rules.Truth, within bool) (string, rules.Truth) {
	switch p.Op {
	case "":
		t := truth[p.Text]
		if t == rules.True {
			return "", t
		}
		return o.part(p, true), t
	case "not":
		_, t := o.needs(p.Parts[0], truth, true)
		if t == rules.False {
			return "", rules.True
		}
		return o.part(p, true), -t
	}
	whole, join := rules.True, "flow.if.and"
	if p.Op == "or" {
		whole, join = rules.False, "flow.if.or"
	}
	var lacks []string
	for _, one := range p.Parts {
		text, t := o.needs(one, truth, true)
		if p.Op == "and" {
			whole = min(whole, t)
		} else {
			whole = max(whole, t)
		}
		if text != "" {
			lacks = append(lacks, text)
		}
	}
	if whole == rules.True {
		return "", whole
	}
	text := strings.Join(lacks, o.voice.Say(join, nil))
	if within && len(lacks) > 1 {
		text = o.voice.Say("flow.if.brackets", words.Args{"part": text})
	}
	return text, whole
}
