package outline

import (
	"slices"
	"strings"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// clause tells one condition that is no and, or or not of others; ok is false where
// there are no words for it.
func (o *outline) clause(text string) (told string, ok bool) {
	p, ok := rules.Phrased(text)
	if !ok {
		return "", false
	}
	return o.yes(p, false)
}

// yes tells a yes or no; within says whether it stands inside another.
func (o *outline) yes(p rules.Phrase, within bool) (told string, ok bool) {
	switch p.Op {
	case "and", "or":
		var all []string
		for _, one := range p.Of {
			part, ok := o.yes(one, true)
			if !ok {
				return "", false
			}
			all = append(all, part)
		}
		told = strings.Join(all, o.voice.Say("flow.if."+p.Op, nil))
		if within {
			told = o.voice.Say("flow.if.brackets", words.Args{"part": told})
		}
		return told, true
	case "not":
		return o.not(p.Of[0])
	case "yes":
		return o.voice.Say(map[bool]string{true: "flow.always", false: "flow.never"}[p.Number == 1], nil), true
	case "==", "!=", "<", "<=", ">", ">=":
		return o.comparison(p)
	case "in":
		var all []string
		for _, one := range p.Of[1].Of {
			v, ok := o.value(o.titled(p.Of[0], one))
			if !ok {
				return "", false
			}
			all = append(all, v)
		}
		v, ok := o.value(p.Of[0])
		return o.voice.Say("flow.compare.is", words.Args{"value": v, "with": strings.Join(all, o.voice.Say("flow.if.or", nil))}), ok
	case "contains", "startsWith", "endsWith":
		v, ok := o.value(p.Of[0])
		with, also := o.value(p.Of[1])
		return o.voice.Say("flow.compare."+p.Op, words.Args{"value": v, "with": with}), ok && also
	case "milestone", "name":
		return o.isSo(p, "")
	case "??": // what stands for the unknown is told where it is not "no"
		told, ok = o.yes(p.Of[0], within)
		if other := p.Of[1]; ok && (other.Op != "yes" || other.Number == 1) {
			return o.or(told, other)
		}
		return told, ok
	case "?:":
		return o.value(p)
	}
	return "", false
}

// not tells that something is not so.
func (o *outline) not(p rules.Phrase) (string, bool) {
	if p.Op == "milestone" || p.Op == "name" {
		return o.isSo(p, ".not")
	}
	if opposite := opposites[p.Op]; opposite != "" {
		p.Op = opposite
		return o.comparison(p)
	}
	part, ok := o.yes(p, true)
	return o.voice.Say("flow.if.not", words.Args{"part": part}), ok
}

// opposites are what a comparison is where it is not so.
var opposites = map[string]string{"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}

// isSo tells a name or milestone that is a yes or no; suffix is ".not" where it is not.
func (o *outline) isSo(p rules.Phrase, suffix string) (string, bool) {
	if p.Op == "milestone" && p.Ask == "reached" {
		return o.voice.Say("flow.reached"+suffix, words.Args{"milestone": o.milestone(p.Name)}), true
	}
	if id := "flow.value." + p.Name + suffix; o.voice.Has(id) {
		return o.voice.Say(id, nil), true
	}
	v, ok := o.value(p)
	return o.voice.Say("flow.true"+suffix, words.Args{"value": v}), ok
}

// comparisons are the names by which the catalogue has operators.
var comparisons = map[string]string{"==": "is", "!=": "not", "<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}

// turned is a comparison with its sides exchanged.
var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

// comparison tells that something is more, less or the same as something else.
func (o *outline) comparison(p rules.Phrase) (string, bool) {
	left, right, op := p.Of[0], p.Of[1], p.Op
	if left.Op == "number" && right.Op != "number" {
		left, right, op = right, left, turned[op]
	}
	compare := comparisons[op]
	of := o.inner(left)
	if of.Op == "feature" && right.Op == "number" {
		id := "flow.compare." + of.Ask + "." + compare
		if right.Number == 0 && o.voice.Has(id+".zero") {
			id += ".zero"
		}
		if o.voice.Has(id) {
			args := o.feature(of)
			args["with"] = o.amount(of, right.Number)
			return o.voice.Say(id, args), true
		}
	}
	v, ok := o.value(left)
	if right.Op == "text" && right.Text == "" {
		return o.voice.Say("flow.compare.empty."+compare, words.Args{"value": v}), ok
	}
	with, also := o.value(right)
	switch {
	case right.Op == "number":
		with, also = o.amount(left, right.Number), true
	case right.Op == "text" && of.Op == "name" && of.Name == "stage":
		with = o.stage(right.Text)
	case right.Op == "text":
		with, also = o.value(o.titled(left, right))
	}
	return o.voice.Say("flow.compare."+compare, words.Args{"value": v, "with": with}), ok && also
}

// titled is a text with which a value is compared, by what people call it.
func (o *outline) titled(of, with rules.Phrase) rules.Phrase {
	if with.Op == "text" {
		with.Text = o.entitled(of, with.Text)
	}
	return with
}

// inner is what a phrase is about where it is but a let, or has a value for when it is
// not known.
func (o *outline) inner(p rules.Phrase) rules.Phrase {
	switch p.Op {
	case "??":
		return o.inner(p.Of[0])
	case "name":
		if let, ok := o.lets[p.Name]; ok && o.short(let) {
			return o.inner(let)
		}
	}
	return p
}

// amount writes a number in the terms of what it is compared with: shares in per cent.
func (o *outline) amount(of rules.Phrase, v float64) string {
	if o.isShare(of) {
		return o.voice.Percent(v)
	}
	return o.voice.Number(v)
}

// isShare reports whether a value is a share of something.
func (o *outline) isShare(p rules.Phrase) bool {
	switch p.Op {
	case "??":
		return o.isShare(p.Of[0])
	case "/":
		return !o.fixed(p.Of[1]) || o.isShare(p.Of[0])
	case "name":
		let, ok := o.lets[p.Name]
		return ok && o.isShare(let)
	case "feature":
		return slices.Contains([]string{"drop", "trend", "shift"}, p.Ask)
	case "peers":
		of, ok := rules.Phrased(p.Text)
		return p.Ask == "share" || ok && p.Ask != "count" && o.isShare(of)
	}
	return false
}

// value tells what an expression comes to; ok is false where there are no words for it.
func (o *outline) value(p rules.Phrase) (told string, ok bool) {
	switch p.Op {
	case "number": // or the function that writes one
		if len(p.Of) == 1 {
			return o.value(p.Of[0])
		}
		return o.voice.Number(p.Number), true
	case "text":
		return o.voice.Say("flow.text", words.Args{"text": p.Text}), true
	case "period":
		return o.voice.Period(p.Period), true
	case "name":
		return o.name(p.Name)
	case "feature":
		id := "flow.value." + p.Ask
		return o.voice.Say(id, o.feature(p)), o.voice.Has(id)
	case "milestone":
		id := "flow.milestone." + p.Ask
		return o.voice.Say(id, words.Args{"milestone": o.milestone(p.Name)}), o.voice.Has(id)
	case "peers":
		of, ok := rules.Phrased(p.Text)
		if !ok {
			return "", false
		}
		told, ok = o.value(of)
		id := "flow.peers." + p.Ask
		return o.voice.Say(id, words.Args{"of": told}), ok && o.voice.Has(id)
	case "percent", "date", "days":
		return o.value(p.Of[0])
	case "?:":
		return o.choice(p)
	case "??":
		if told, ok = o.value(p.Of[0]); !ok {
			return "", false
		}
		return o.or(told, p.Of[1])
	case "+", "-", "*", "/":
		return o.sum(p)
	}
	if decides(p) {
		return o.yes(p, true)
	}
	return "", false
}

// or tells what stands for a value that is not known.
func (o *outline) or(told string, other rules.Phrase) (string, bool) {
	if other.Op == "text" && (other.Text == "" || other.Text == "unknown") || other.Op == "number" && other.Number == 0 {
		return told, true // goes without saying
	}
	with, ok := o.value(other)
	return o.voice.Say("flow.or_else", words.Args{"value": told, "else": with}), ok
}

// choice tells a value that depends on a condition.
func (o *outline) choice(p rules.Phrase) (string, bool) {
	cond, ok := o.yes(p.Of[0], true)
	a, also := o.value(p.Of[1])
	b, too := o.value(p.Of[2])
	return o.voice.Say("flow.choice", words.Args{"if": cond, "then": a, "else": b}), ok && also && too
}

// sum tells what is worked out of two values: days before and after dates, the time
// between two dates, and numbers.
func (o *outline) sum(p rules.Phrase) (string, bool) {
	if len(p.Of) == 1 { // -x
		v, ok := o.value(p.Of[0])
		return "−" + v, ok
	}
	a, ok := o.operand(p.Of[0])
	b, also := o.operand(p.Of[1])
	id := map[string]string{"+": "flow.sum.plus", "-": "flow.sum.less", "*": "flow.sum.times", "/": "flow.sum.share"}[p.Op]
	switch {
	case p.Op == "/" && o.fixed(p.Of[1]):
		id = "flow.sum.divided"
	case p.Of[1].Op == "period" && p.Op == "+":
		id = "flow.sum.after"
	case p.Of[1].Op == "period" && p.Op == "-":
		id = "flow.sum.before"
	case p.Op == "-" && isDay(p.Of[0]):
		id = "flow.sum.since"
	case p.Op == "-" && isDay(p.Of[1]):
		id = "flow.sum.until"
	}
	return o.voice.Say(id, words.Args{"a": a, "b": b}), ok && also
}

// operand tells one side of what is worked out, in brackets where it is worked out itself.
func (o *outline) operand(p rules.Phrase) (string, bool) {
	told, ok := o.value(p)
	if len(p.Of) == 2 && strings.Contains("+-*/", p.Op) {
		told = o.voice.Say("flow.if.brackets", words.Args{"part": told})
	}
	return told, ok
}

// fixed reports whether a phrase is one number whatever the account.
func (o *outline) fixed(p rules.Phrase) bool {
	p = o.inner(p)
	return p.Op == "number" && len(p.Of) == 0
}

// isDay reports whether a phrase is today.
func isDay(p rules.Phrase) bool { return p.Op == "name" && p.Name == "account.day" }
