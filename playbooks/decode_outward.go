package playbooks

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// group reads how many accounts at once become one message: a number, or a mapping
// that says more.
func (p *draftPlaybook) group(n ast.Node) Group {
	g := Group{Within: defaultGathering}
	count := func(n ast.Node) { g.Of = p.count(n, "number of accounts", 2, 1000) }
	if _, flat := scalar(n); flat {
		count(n)
		return g
	}
	p.object(n, "group",
		field{"of", required, count},
		field{"within", optional, func(n ast.Node) {
			if g.Within = p.period(n, "within"); g.Within.WorkingDays != 0 || roughly(g.Within) > roughly(Delay{Days: 1}) {
				p.fail(n, "write 15m, 2h or 1d; the plays wait for so long", "within: plays are not held back for %s", g.Within)
			}
		}},
		field{"channel", optional, func(n ast.Node) { g.Channel = p.channel(n) }},
		field{"say", optional, func(n ast.Node) { g.Say = p.text(p.c, n, "a message", maxGroupText) }},
	)
	return g
}

// system reads the name of another system. Its address is part of the configuration,
// because addresses of webhooks are secrets and a book is read by many.
func (p *draftPlaybook) system(n ast.Node) string {
	s, ok := p.str(n, "webhook")
	switch {
	case !ok:
	case strings.Contains(s, "://"):
		p.fail(n, "write a name, webhook: crm, and its address into the configuration: webhooks: {crm: {url: …, secret_file: …}}",
			"an address does not belong into a book: it may hold a secret")
	case !nameForm.MatchString(s):
		p.fail(n, "write a name: webhook: crm", "%q is no name of another system", s)
	}
	return s
}

// reservedBody are the names that a webhook's own envelope has.
var reservedBody = []string{"id", "account", "playbook", "run", "step", "at"}

// body reads what a webhook is sent beside the account and the run: NAME: value. A
// value is a word, a number, true or false; {{ … }} alone computes it, and within a
// text it is written as English has it.
func (p *draftPlaybook) body(n ast.Node) []BodyField {
	var all []BodyField
	p.entries(n, "body", func(name string, k, v ast.Node) {
		if !p.identifierName(k, "a name", name) {
			return
		}
		if slices.Contains(reservedBody, name) {
			p.fail(k, "leave it out, or choose another name", "%s is sent with every call", name)
			return
		}
		text, ok := p.str(v, "a value")
		if !ok {
			return
		}
		f := BodyField{Name: name}
		switch inner, open := strings.CutPrefix(text, "{{"); {
		case open && strings.HasSuffix(inner, "}}") && !strings.Contains(inner, "{{"):
			f.Value = p.setValue(v, rules.Number, rules.Text, rules.Bool, rules.Day, rules.Person)
		case strings.Contains(text, "{{"):
			template, found := p.c.Template(p.source(v, text))
			p.adopt(v, text, found)
			f.Text = template
		case isLiteral(v):
			f.Value = p.expr(p.c, v, "a value", rules.Number, rules.Bool)
		default:
			f.Value = p.literal(p.c, v, text)
		}
		all = append(all, f)
	})
	return all
}

// isLiteral reports whether a scalar is a number, or true or false, as YAML has it.
func isLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return true
	}
	return false
}

// attach reads a text for the customer - a string, one for each language, or either
// under text - and who sends it.
func (p *draftPlaybook) attach(n ast.Node) *Attach {
	a := &Attach{}
	if valueOf(n, "text") == nil && valueOf(n, "by") == nil {
		a.Text = p.text(p.c, n, "a prepared text", maxText)
		return a
	}
	p.object(n, "attach",
		field{"text", required, func(n ast.Node) { a.Text = p.text(p.c, n, "a prepared text", maxText) }},
		field{"by", optional, func(n ast.Node) { a.By = p.person(p.c, n, "by") }},
	)
	return a
}
