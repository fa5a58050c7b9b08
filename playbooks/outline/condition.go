package outline

import (
	"strings"

	"playcaller/playbooks/words"
	"playcaller/rules"
)

// condition tells a condition in words. What has no words is shown as it was written.
func (o *outline) condition(c *rules.Condition) string { return o.part(c.Parts(), false) }

// part tells one part; within says whether it stands inside another.
func (o *outline) part(p rules.Part, within bool) string {
	switch p.Op {
	case "not":
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
	if text := o.clause(p); text != "" {
		return text
	}
	return oneLine(p.Text)
}

// clause tells one comparison, or returns "".
func (o *outline) clause(p rules.Part) string {
	subject, number := "", ""
	switch {
	case p.Signal != "":
		id := "flow.value." + p.Feature
		if !o.voice.Has(id) {
			return ""
		}
		subject = o.voice.Say(id, words.Args{"signal": o.signal(p), "for": rules.Period{Days: p.Days, Minutes: 60 * p.Hours}})
		if p.Number != nil {
			number = o.number64(p.Feature, *p.Number)
		}
	case o.voice.Has("flow.value." + p.Name):
		subject = o.voice.Say("flow.value."+p.Name, nil)
		if p.Number != nil {
			number = o.voice.Number(*p.Number)
		}
	case strings.HasPrefix(p.Name, "segment."), strings.HasPrefix(p.Name, "account."):
		_, subject, _ = strings.Cut(p.Name, ".")
		subject = strings.ReplaceAll(subject, "_", " ")
		if p.Number != nil {
			number = o.voice.Number(*p.Number)
		}
	default:
		return ""
	}
	switch {
	case p.Compare == "":
		return subject
	case p.Number != nil:
		return o.voice.Say("flow.compare."+comparisons[p.Compare], words.Args{"value": subject, "with": number})
	case p.Compare == "!=":
		return o.voice.Say("flow.compare.not", words.Args{"value": subject, "with": strings.Join(p.Words, ", ")})
	case len(p.Words) > 0 && p.Compare != "":
		return o.voice.Say("flow.compare.is", words.Args{"value": subject, "with": strings.Join(p.Words, o.voice.Say("flow.if.or", nil))})
	}
	return ""
}

// comparisons are the names by which the catalogue has operators.
var comparisons = map[string]string{"==": "is", "!=": "not", "<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}

// number64 writes a number in the terms of a feature: shares in per cent.
func (o *outline) number64(feature string, v float64) string {
	switch feature {
	case "drop", "trend", "shift":
		return o.voice.Percent(v)
	}
	return o.voice.Number(v)
}

// signal returns a signal's title, and which value of its dimension is meant.
func (o *outline) signal(p rules.Part) string {
	title := p.Signal
	if def := o.book.Signal(p.Signal); def != nil {
		if t := def.Title[o.voice.Lang()]; t != "" {
			title = t
		}
	}
	if o.voice.Lang() == words.English {
		title = strings.ToLower(title[:1]) + title[1:]
	}
	if p.By != "" {
		return o.voice.Say("flow.signal.by", words.Args{"signal": title, "by": p.By})
	}
	return title
}
