package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// check returns the type of a node and replaces what it reads by slots. "" means
// that a problem was reported.
func (k *checker) check(node *ast.Node) Type {
	switch n := (*node).(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return Number
	case *ast.StringNode:
		return Text
	case *ast.BoolNode:
		return Bool
	case *ast.UnaryNode:
		return k.unary(n)
	case *ast.BinaryNode:
		return k.binary(node, n)
	case *ast.ConditionalNode:
		return k.conditional(n)
	case *ast.IdentifierNode, *ast.MemberNode, *ast.CallNode:
		return k.read(node)
	case *ast.NilNode:
		return k.wrong(n, "an unknown value makes a condition unknown by itself; x ?? 0 gives it a value", "nil is not used here")
	case *ast.BuiltinNode:
		return k.wrong(n, "features such as logins.sum(\"7d\") do what loops would", "%s() is not available", n.Name)
	case *ast.ArrayNode:
		return k.wrong(n, `use it as in account.plan in ["pro", "team"]`, "a list may only stand after in")
	case *ast.VariableDeclaratorNode:
		return k.wrong(n, "write it under let: in the playbook", "let is not available inside an expression")
	}
	return k.wrong(*node, "", "this is not available in expressions")
}

func (k *checker) unary(n *ast.UnaryNode) Type {
	typ := k.check(&n.Node)
	switch {
	case typ == "":
		return ""
	case (n.Operator == "not" || n.Operator == "!") && typ == Bool:
		return Bool
	case (n.Operator == "-" || n.Operator == "+") && typ == Number:
		return Number
	}
	return k.wrong(n, "", "%s cannot be used with a %s", n.Operator, typ)
}

func (k *checker) conditional(n *ast.ConditionalNode) Type {
	cond, a, b := k.check(&n.Cond), k.check(&n.Exp1), k.check(&n.Exp2)
	switch {
	case cond == "" || a == "" || b == "":
		return ""
	case cond != Bool:
		return k.wrong(n.Cond, "", "what stands before ? must be a yes or no, and is a %s", cond)
	case !alike(a, b):
		return k.wrong(n.Exp2, "", "one side of : is a %s and the other a %s", a, b)
	}
	return a
}

func isText(t Type) bool { return t == Text || t == Person }

func alike(a, b Type) bool { return a == b || isText(a) && isText(b) }

func (k *checker) binary(node *ast.Node, n *ast.BinaryNode) Type {
	switch op := n.Operator; op {
	case "and", "&&", "or", "||":
		return k.logic(n)
	case "==", "!=", "<", "<=", ">", ">=":
		return k.comparison(n)
	case "+", "-", "*", "/":
		return k.arithmetic(node, n)
	case "in":
		return k.membership(n)
	case "contains", "startsWith", "endsWith":
		a, b := k.check(&n.Left), k.check(&n.Right)
		if a != "" && b != "" && !(isText(a) && isText(b)) {
			return k.wrong(n, "", "%s needs two texts, not a %s and a %s", op, a, b)
		}
		if a == "" || b == "" {
			return ""
		}
		return Bool
	case "??":
		return k.fallback(node, n)
	case "=":
		return k.wrong(n, "compare with ==", "one = means nothing here")
	}
	return k.wrong(n, "", "the operator %s is not available", n.Operator)
}

func (k *checker) logic(n *ast.BinaryNode) Type {
	a, b := k.check(&n.Left), k.check(&n.Right)
	for i, typ := range []Type{a, b} {
		if typ != "" && typ != Bool {
			return k.wrong([]ast.Node{n.Left, n.Right}[i], "", "%s joins conditions, and this is a %s", n.Operator, typ)
		}
	}
	if a == "" || b == "" {
		return ""
	}
	return Bool
}

func (k *checker) comparison(n *ast.BinaryNode) Type {
	a, b := k.check(&n.Left), k.check(&n.Right)
	if a == "" || b == "" {
		return ""
	}
	if a == Day && b == Text {
		b = k.dateLiteral(&n.Right)
	} else if b == Day && a == Text {
		a = k.dateLiteral(&n.Left)
	}
	if a == "" || b == "" {
		return ""
	}
	ordered := n.Operator != "==" && n.Operator != "!="
	switch {
	case a == Number && b == Text && quotedNumber(n.Right) != "":
		from, length := k.place(n.Right.Location())
		return k.report(from, length, "a number cannot be compared with a text", "write the number without quotes", quotedNumber(n.Right))
	case a == Day && b != Day || b == Day && a != Day:
		return k.wrong(n, `write a day in quotes, as in account.day > "2027-04-01"`, "a %s cannot be compared with a %s", a, b)
	case !alike(a, b):
		return k.wrong(n, "", "a %s cannot be compared with a %s", a, b)
	case ordered && a != Number && a != Day:
		return k.wrong(n, "compare with == or !=", "a %s is neither more nor less than another", a)
	}
	if !k.knownValue(n.Left, n.Right) || !k.knownValue(n.Right, n.Left) {
		return ""
	}
	return Bool
}

// quotedNumber returns the number that a text literal holds, or "".
func quotedNumber(node ast.Node) string {
	s, ok := node.(*ast.StringNode)
	if !ok {
		return ""
	}
	text := strings.TrimSpace(s.Value)
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return ""
	}
	return text
}

// dateLiteral turns "2027-04-01" into a day.
func (k *checker) dateLiteral(node *ast.Node) Type {
	s, ok := (*node).(*ast.StringNode)
	if !ok {
		return k.wrong(*node, `write a day in quotes, as in account.day > "2027-04-01"`, "a date cannot be compared with a text")
	}
	d, err := ParseDate(s.Value)
	if err != nil {
		return k.wrong(s, "", "%v", err)
	}
	ast.Patch(node, &ast.IntegerNode{Value: int(d)})
	return Day
}

// knownValue checks a text that is compared with something whose values are known.
func (k *checker) knownValue(of, literal ast.Node) bool {
	i, isSlot := slotOfNode(of)
	s, isText := literal.(*ast.StringNode)
	if !isSlot || !isText || k.slots[i].values == nil || slices.Contains(k.slots[i].values, s.Value) {
		return true
	}
	var named []string
	for _, v := range k.slots[i].values {
		if v != "" {
			named = append(named, v)
		}
	}
	k.unknown(s.Location(), "value of "+k.slots[i].text, s.Value, named)
	return false
}

func (k *checker) membership(n *ast.BinaryNode) Type {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return k.wrong(n, `use it as in account.plan in ["pro", "team"]`, "in needs a list in [ ]")
	}
	typ := k.check(&n.Left)
	for i := range list.Nodes {
		switch list.Nodes[i].(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode:
		default:
			return k.wrong(list.Nodes[i], "", "a list holds texts or numbers only")
		}
		if one := k.check(&list.Nodes[i]); typ != "" && !alike(typ, one) {
			return k.wrong(list.Nodes[i], "", "a %s is never in a list with a %s", typ, one)
		}
		if !k.knownValue(n.Left, list.Nodes[i]) {
			return ""
		}
		if v, isNumber := numberOf(list.Nodes[i]); isNumber { // slots are never whole numbers to expr
			ast.Patch(&list.Nodes[i], &ast.FloatNode{Value: v})
		}
	}
	if typ == "" {
		return ""
	}
	return Bool
}

// fallback checks x ?? y: y where x is unknown, and unknown where both are. It becomes
// a slot of its own, which asks for y only then.
func (k *checker) fallback(node *ast.Node, n *ast.BinaryNode) Type {
	outer := k.used
	k.used = &uses{}
	a, b := k.check(&n.Left), k.check(&n.Right)
	k.used = outer
	if a == "" || b == "" {
		return ""
	}
	first, plain := slotOfNode(n.Left)
	if !plain {
		return k.wrong(n, "name it with let", "what stands before ?? must be one feature, field or let")
	}
	if !alike(a, b) {
		return k.wrong(n, "", "a %s cannot stand for a %s", b, a)
	}
	second, plain := slotOfNode(n.Right)
	if !plain {
		var err error
		if second, err = k.inner(n.Right, b); err != nil {
			return k.wrong(n, "", "%v", err)
		}
	}
	key := k.slots[first].text + " ?? " + k.slots[second].text
	return k.use(node, k.slotOf(key, func() slot {
		return slot{text: key, typ: a, reads: []int{first, second}, passes: true}
	}))
}

// arithmetic checks + - * /: numbers, texts joined by +, dates and days.
func (k *checker) arithmetic(node *ast.Node, n *ast.BinaryNode) Type {
	if period, ok := k.periodNode(n.Right); ok && period.WorkingDays > 0 && (n.Operator == "+" || n.Operator == "-") {
		return k.workingDays(node, n, period.WorkingDays)
	}
	a, b := k.check(&n.Left), k.check(&n.Right)
	switch {
	case a == "" || b == "":
		return ""
	case n.Operator == "+" && isText(a) && isText(b):
		return Text
	case a == Number && b == Number:
		if n.Operator == "/" {
			return k.divisor(&n.Right)
		}
		return Number
	case a == Day && b == Number && (n.Operator == "+" || n.Operator == "-"):
		return Day
	case a == Number && b == Day && n.Operator == "+":
		return Day
	case a == Day && b == Day && n.Operator == "-":
		return Number
	}
	return k.wrong(n, "", "a %s and a %s cannot be joined by %s", a, b, n.Operator)
}

// divisor makes a division by zero unknown, not infinite.
func (k *checker) divisor(node *ast.Node) Type {
	if v, ok := numberOf(*node); ok {
		if v == 0 {
			return k.wrong(*node, "", "division by zero")
		}
		return Number
	}
	if i, ok := slotOfNode(*node); ok {
		k.used.add(i, true)
		return Number
	}
	i, err := k.inner(*node, Number)
	if err != nil {
		return k.wrong(*node, "", "%v", err)
	}
	k.used.add(i, true)
	ast.Patch(node, &ast.IdentifierNode{Value: slotName(i)})
	return Number
}

// inner makes a checked part of the expression a slot of its own.
func (k *checker) inner(node ast.Node, typ Type) (int, error) {
	used := usesOf(node)
	p, err := assemble(node, typ, used, k.slots)
	if err != nil {
		return 0, err
	}
	return k.addSlot(slot{text: k.checkedText(node), typ: typ, reads: used.slots, get: p.eval}), nil
}

// slotNames finds slots in the text of a checked tree.
var slotNames = regexp.MustCompile(`\bv[0-9]+\b`)

// checkedText returns a checked part of an expression with its slots' own names.
func (k *checker) checkedText(node ast.Node) string {
	return slotNames.ReplaceAllStringFunc(node.String(), func(name string) string {
		if i, ok := slotOfNode(&ast.IdentifierNode{Value: name}); ok && i < len(k.slots) {
			return k.slots[i].text
		}
		return name
	})
}

// usesOf collects the slots of a checked tree.
func usesOf(node ast.Node) *uses {
	found := &slotFinder{uses: &uses{}}
	ast.Walk(&node, found)
	return found.uses
}

type slotFinder struct{ uses *uses }

// Visit implements ast.Visitor.
func (s *slotFinder) Visit(node *ast.Node) {
	if i, ok := slotOfNode(*node); ok {
		s.uses.add(i, false)
	}
}

// workingDays checks DATE ± 5wd.
func (k *checker) workingDays(node *ast.Node, n *ast.BinaryNode, days int) Type {
	if typ := k.check(&n.Left); typ != Day {
		if typ == "" {
			return ""
		}
		return k.wrong(n, "", "working days can be added to a date, not to a %s", typ)
	}
	date, err := k.inner(n.Left, Day)
	if err != nil {
		return k.wrong(n, "", "%v", err)
	}
	if n.Operator == "-" {
		days = -days
	}
	i := k.addSlot(slot{text: k.checkedText(n.Left) + fmt.Sprintf(" %s %dwd", n.Operator, max(days, -days)), typ: Day, reads: []int{date}, get: func(f *Facts) result {
		r := *f.slot(date)
		if r.gap.known() {
			r.number = float64(f.addWorkingDays(Date(r.number), days))
		}
		return r
	}})
	k.used.add(i, false)
	ast.Patch(node, &ast.IdentifierNode{Value: slotName(i)})
	return Day
}

// periodNode reads a length of time that prepare turned into a name.
func (k *checker) periodNode(node ast.Node) (Period, bool) {
	id, ok := node.(*ast.IdentifierNode)
	if !ok || !k.isDuration(id) {
		return Period{}, false
	}
	m := durationName.FindStringSubmatch(id.Value)
	p, err := ParsePeriod(m[2] + m[1])
	return p, err == nil
}

// isDuration reports whether a name was a length of time as written, such as 60d,
// and not a name such as d60.
func (k *checker) isDuration(id *ast.IdentifierNode) bool {
	from, length := k.place(id.Location())
	return from+length <= len(k.src.Text) && k.src.Text[from:from+length] != id.Value && durationName.MatchString(id.Value)
}
