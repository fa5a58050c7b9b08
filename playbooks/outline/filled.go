package outline

import (
	"slices"
	"strings"

	"playcaller/rules"
)

// filled tells in a few words what an expression puts into a text.
func (o *outline) filled(text string) string {
	p, ok := rules.Phrased(text)
	if !ok {
		return oneLine(text)
	}
	var parts []string
	o.parts(p, &parts)
	if len(parts) == 0 {
		return "…"
	}
	return strings.Join(parts, " / ")
}

// parts collects what a text may show: of a choice both sides.
func (o *outline) parts(p rules.Phrase, to *[]string) {
	switch {
	case p.Op == "?:":
		o.parts(p.Of[1], to)
		o.parts(p.Of[2], to)
	case p.Op == "+" && len(p.Of) == 2 && p.Of[1].Op != "period":
		var all []string
		for _, one := range p.Of {
			o.parts(one, &all)
		}
		if len(all) > 0 {
			*to = append(*to, strings.Join(all, " "))
		}
	case p.Op == "percent" || p.Op == "number" && len(p.Of) == 1 || p.Op == "date":
		o.parts(p.Of[0], to)
	case p.Op == "text":
		if strings.Trim(p.Text, " ()") != "" {
			*to = append(*to, strings.TrimSpace(p.Text))
		}
	case p.Op == "??":
		o.parts(p.Of[0], to)
	default:
		told, ok := o.value(p)
		if p.Op == "name" {
			if let, isLet := o.lets[p.Name]; isLet && o.inPlace(p.Name, let) && let.Op == "??" {
				told, ok = o.value(let.Of[0])
			} else if isLet && !o.inPlace(p.Name, let) || !isLet && !strings.Contains(p.Name, ".") {
				told = strings.Trim(told, "“”「」")
			}
		}
		if ok && !slices.Contains(*to, told) {
			*to = append(*to, told)
		}
	}
}
