package rules

import (
	"strings"
)

// An Expr is a compiled expression with a value.
type Expr struct {
	Source Source
	Type   Type

	core    *core
	program *program
}

// Expr compiles an expression of one of the wanted types (any type where none is
// given), or returns nil and what is wrong with it. Where Text is wanted a Person
// will do, and the other way round.
func (c *Compiler) Expr(s Source, want ...Type) (*Expr, []Problem) {
	return c.expr(s, false, want)
}

func (c *Compiler) expr(s Source, template bool, want []Type) (*Expr, []Problem) {
	k, node := c.parse(s)
	if node == nil || len(k.problems) > 0 {
		return nil, k.problems
	}
	k.template = template
	from, length := k.place(node.Location())
	typ := k.check(&node)
	if len(k.problems) > 0 {
		return nil, k.problems
	}
	if typ == "" { // a let with errors, which were reported where it stands
		return nil, []Problem{problemAt(s, from, length, "this reads a let that has errors")}
	}
	if !wanted(typ, want) {
		k.report(from, length, "this is a "+string(typ)+", and a "+join(want)+" is needed", "", "")
		return nil, k.problems
	}
	p, err := assemble(node, typ, k.used, k.slots)
	if err != nil {
		k.report(from, length, "cannot be compiled: "+firstLine(err), "", "")
		return nil, k.problems
	}
	return &Expr{Source: s, Type: typ, core: c.core, program: p}, nil
}

func wanted(typ Type, want []Type) bool {
	for _, w := range want {
		if alike(typ, w) {
			return true
		}
	}
	return len(want) == 0
}

func join(types []Type) string {
	var words []string
	for _, t := range types {
		words = append(words, string(t))
	}
	return strings.Join(words, " or ")
}

// Eval returns the expression's value - a float64, string, bool or Date - or nil
// and what is missing.
func (e *Expr) Eval(f *Facts) (value any, missing []string) {
	r := e.program.eval(f)
	if !r.gap.known() {
		return nil, []string{r.gap.String()}
	}
	switch e.Type {
	case Bool:
		return r.number != 0, nil
	case Day:
		return Date(r.number), nil
	case Text, Person:
		return r.text, nil
	}
	return r.number, nil
}

// Number returns the value of a Number; ok is false where it is unknown.
func (e *Expr) Number(f *Facts) (v float64, ok bool) {
	r := e.program.eval(f)
	return r.number, r.gap.known() && e.Type == Number
}

// Text returns the value of a Text or Person; ok is false where it is unknown.
func (e *Expr) Text(f *Facts) (v string, ok bool) {
	r := e.program.eval(f)
	return r.text, r.gap.known() && isText(e.Type)
}

// Date returns the value of a Day; ok is false where it is unknown.
func (e *Expr) Date(f *Facts) (v Date, ok bool) {
	r := e.program.eval(f)
	return Date(r.number), r.gap.known() && e.Type == Day
}

// String returns the expression as written.
func (e *Expr) String() string { return e.Source.Text }

// Signals returns the names of the signals the expression reads, sorted.
func (e *Expr) Signals() []string { return e.core.signalsOf(e.program.slots) }

// A Template is a compiled text with expressions.
type Template struct {
	Source Source
	parts  []part
}

// A part is plain text or an expression.
type part struct {
	plain string
	expr  *Expr
}

// Template compiles a text with expressions in {{ … }}, or returns nil and what
// is wrong with it.
func (c *Compiler) Template(s Source) (*Template, []Problem) {
	t := &Template{Source: s}
	var problems []Problem
	rest := 0
	for {
		open := strings.Index(s.Text[rest:], "{{")
		if open < 0 {
			break
		}
		open += rest
		closing := endOfExpression(s.Text, open+2)
		if closing < 0 {
			p := problemAt(s, open, 2, "{{ is not closed by }}")
			return nil, append(problems, p)
		}
		inner := Source{File: s.File, Text: s.Text[open+2 : closing], Indent: s.Indent}
		inner.Line, inner.Column = s.At(open + 2)
		e, wrong := c.expr(inner, true, nil)
		for _, p := range wrong {
			problems = append(problems, outside(p, s, open+2))
		}
		t.parts = append(t.parts, part{plain: s.Text[rest:open]}, part{expr: e})
		rest = closing + 2
	}
	if stray := strings.Index(s.Text[rest:], "}}"); stray >= 0 {
		problems = append(problems, problemAt(s, rest+stray, 2, "}} closes nothing"))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	t.parts = append(t.parts, part{plain: s.Text[rest:]})
	return t, nil
}

// outside moves a problem of an expression to the text that it stands in.
func outside(p Problem, s Source, offset int) Problem {
	line, _ := p.line()
	p.Source, p.Offset = s, p.Offset+offset
	whole, _ := p.line()
	if p.Fix != "" && line != "" {
		p.Fix = strings.Replace(whole, strings.TrimSpace(line), p.Fix, 1)
	}
	return p
}

// endOfExpression returns where the }} stands that closes an expression, or -1: not
// in a string, and not the braces of a map.
func endOfExpression(text string, from int) int {
	depth, quote := 0, byte(0)
	for i := from; i < len(text); i++ {
		switch ch := text[i]; {
		case quote != 0 && ch == '\\':
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'':
			quote = ch
		case ch == '{':
			depth++
		case ch == '}' && depth > 0:
			depth--
		case ch == '}' && strings.HasPrefix(text[i:], "}}"):
			return i
		}
	}
	return -1
}

// Render fills the expressions in. Numbers, dates and percentages are written in
// the given language ("en", "ja"); an unknown value is written as "–". The result
// is plain text: what comes from data is not escaped for Slack.
func (t *Template) Render(f *Facts, lang string) string {
	return t.RenderWith(f, lang, func(s string) string { return s })
}

// RenderWith is Render with what the expressions came to passed through escape, so
// that a name from the data cannot do what the author's own text may.
func (t *Template) RenderWith(f *Facts, lang string, escape func(string) string) string {
	text, _ := t.Fill(t.Written(f, lang), escape)
	return text
}

// Written returns what the expressions come to, in their order and as they are written in the given language, so that the
// text can be shown later with the values of now.
func (t *Template) Written(f *Facts, lang string) []string {
	f.speak(lang)
	var written []string
	for _, p := range t.parts {
		if p.expr == nil {
			continue
		}
		value, missing := p.expr.Eval(f)
		if missing != nil {
			written = append(written, unknownText)
		} else {
			written = append(written, f.write(value))
		}
	}
	return written
}

// unknownText stands for a value that is not known.
const unknownText = "–"

// Fill returns the text with what Written returned in place of its expressions, passed through escape; ok is false where
// there are not as many of them.
func (t *Template) Fill(written []string, escape func(string) string) (text string, ok bool) {
	var b strings.Builder
	n := 0
	for _, p := range t.parts {
		switch {
		case p.expr == nil:
			b.WriteString(p.plain)
		case n >= len(written):
			return "", false
		default:
			b.WriteString(escape(written[n]))
			n++
		}
	}
	return b.String(), n == len(written)
}

// String returns the text as written.
func (t *Template) String() string { return t.Source.Text }

// Plain reports whether the text has no expressions.
func (t *Template) Plain() bool { return len(t.parts) <= 1 }
