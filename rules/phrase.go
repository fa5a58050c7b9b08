package rules

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// A Phrase is an expression taken apart by what was written, for telling it in words.
type Phrase struct {
	// Op says what it is. Of values: "number", "text", "yes" (true or false), "period",
	// "name" (a let, something collected, or a field such as account.seats), "feature",
	// "milestone", "peers", "list". Of what is made of others: "and", "or", "not",
	// "== != < <= > >= in", "+ - * /", "??", "?:" and the names of functions.
	Op string
	Of []Phrase // what it is made of; the conditions and values of "?:" in the order written

	Name   string  // of a name; of a milestone; of a feature's signal
	Ask    string  // what is asked of a feature's signal, a milestone or peers: "drop", "date", "p90"
	By     string  // the value of a feature's dimension; what top() goes by
	Text   string  // of a text; of peers their expression
	Number float64 // of a number; 1 of true
	Period Period  // of a period; the window of a feature
}

// Phrased takes an expression apart; ok is false where it cannot be read.
func Phrased(text string) (p Phrase, ok bool) {
	tree, err := parser.ParseWithConfig(prepare(text), grammar())
	if err != nil {
		return Phrase{}, false
	}
	return phraseOf(tree.Node)
}

func phraseOf(node ast.Node) (Phrase, bool) {
	if v, ok := numberOf(node); ok {
		return Phrase{Op: "number", Number: v}, true
	}
	switch n := node.(type) {
	case *ast.StringNode:
		return Phrase{Op: "text", Text: n.Value}, true
	case *ast.BoolNode:
		p := Phrase{Op: "yes"}
		if n.Value {
			p.Number = 1
		}
		return p, true
	case *ast.UnaryNode:
		return made(n.Operator, n.Node)
	case *ast.BinaryNode:
		return made(n.Operator, n.Left, n.Right)
	case *ast.ConditionalNode:
		return made("?:", n.Cond, n.Exp1, n.Exp2)
	case *ast.ArrayNode:
		return made("list", n.Nodes...)
	case *ast.IdentifierNode:
		if m := durationName.FindStringSubmatch(n.Value); m != nil {
			period, err := ParsePeriod(m[2] + m[1])
			return Phrase{Op: "period", Period: period}, err == nil
		}
		return Phrase{Op: "name", Name: n.Value}, true
	case *ast.MemberNode:
		return memberPhrase(n)
	case *ast.CallNode:
		return callPhrase(n)
	}
	return Phrase{}, false
}

var logicWords = map[string]string{"&&": "and", "||": "or", "!": "not"}

// made is a phrase made of others.
func made(op string, of ...ast.Node) (Phrase, bool) {
	if word := logicWords[op]; word != "" {
		op = word
	}
	p := Phrase{Op: op}
	for _, node := range of {
		one, ok := phraseOf(node)
		if !ok {
			return Phrase{}, false
		}
		if one.Op == op && (op == "and" || op == "or") {
			p.Of = append(p.Of, one.Of...)
			continue
		}
		p.Of = append(p.Of, one)
	}
	return p, true
}

// memberPhrase reads account.seats, milestone("kickoff").date and peers("…").p90.
func memberPhrase(n *ast.MemberNode) (Phrase, bool) {
	name, ok := property(n)
	if !ok {
		return Phrase{}, false
	}
	switch of := n.Node.(type) {
	case *ast.IdentifierNode:
		return Phrase{Op: "name", Name: of.Value + "." + name}, true
	case *ast.MemberNode: // account.attributes.NAME
		inner, ok := property(of)
		return Phrase{Op: "name", Name: "account." + name}, ok && inner == "attributes" && isName(of.Node, "account")
	case *ast.CallNode:
		what, ok := of.Callee.(*ast.IdentifierNode)
		if !ok || len(of.Arguments) == 0 {
			return Phrase{}, false
		}
		s, ok := of.Arguments[0].(*ast.StringNode)
		switch {
		case ok && what.Value == "milestone":
			return Phrase{Op: "milestone", Name: s.Value, Ask: name}, true
		case ok && what.Value == "peers":
			return Phrase{Op: "peers", Text: s.Value, Ask: name}, true
		}
	}
	return Phrase{}, false
}

// callPhrase reads logins.drop("14d"), help_views.by("exports").spike("1d"), and
// functions such as percent(…).
func callPhrase(n *ast.CallNode) (Phrase, bool) {
	if f, ok := n.Callee.(*ast.IdentifierNode); ok {
		return made(f.Value, n.Arguments...)
	}
	member, ok := n.Callee.(*ast.MemberNode)
	if !ok {
		return Phrase{}, false
	}
	p := Phrase{Op: "feature"}
	if p.Ask, ok = property(member); !ok {
		return Phrase{}, false
	}
	signal := member.Node
	if call, isCall := signal.(*ast.CallNode); isCall { // by("VALUE")
		by, isMember := call.Callee.(*ast.MemberNode)
		if !isMember || len(call.Arguments) != 1 {
			return Phrase{}, false
		}
		value, isText := call.Arguments[0].(*ast.StringNode)
		if !isText {
			return Phrase{}, false
		}
		p.By, signal = value.Value, by.Node
	}
	id, ok := signal.(*ast.IdentifierNode)
	if !ok {
		return Phrase{}, false
	}
	p.Name = id.Value
	for _, arg := range n.Arguments {
		s, isText := arg.(*ast.StringNode)
		if !isText {
			continue // options
		}
		if period, err := ParsePeriod(s.Value); err == nil {
			p.Period = period
		} else {
			p.By = strings.TrimSpace(s.Value)
		}
	}
	return p, true
}
