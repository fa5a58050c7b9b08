package rules

import (
	"math"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Limits of one expression: nodes of its tree when compiled, and the vm's memory
// budget (in its own units, about one per element made) when run.
const (
	maxNodes     = 400
	memoryBudget = 10_000
)

// A program is a compiled expression over slots.
type program struct {
	typ     Type
	slots   []int
	names   []string // of the slots in the vm's environment
	soft    []bool   // an unknown value is passed on as nil, for ??
	nonzero []bool   // a divisor
	vm      *vm.Program
	quick   *comparisonOf // instead of vm, where the program is but one comparison
}

// A comparisonOf compares a slot with a constant or another slot, or takes a yes or
// no as it is. It means what the vm would make of it.
type comparisonOf struct {
	op          string // "" for a slot that is a yes or no
	left, right int    // slots; right is -1 where it is a constant
	text        bool
	number      float64
	word        string
}

func slotName(i int) string { return "v" + strconv.Itoa(i) }

// assemble compiles a checked tree, whose leaves are literals and slots.
func assemble(node ast.Node, typ Type, used *uses, slots []slot) (*program, error) {
	p := &program{typ: typ, slots: used.slots, soft: used.soft, nonzero: used.nonzero}
	for _, i := range p.slots {
		p.names = append(p.names, slotName(i))
	}
	if p.quick = quickForm(node, used, slots); p.quick != nil {
		return p, nil
	}
	compiled, err := expr.Compile(node.String(), expr.Env(map[string]any{}), expr.AllowUndefinedVariables(),
		expr.DisableAllBuiltins(), expr.MaxNodes(maxNodes))
	if err != nil {
		return nil, err
	}
	p.vm = compiled
	return p, nil
}

// quickForm recognises a lone comparison.
func quickForm(node ast.Node, used *uses, slots []slot) *comparisonOf {
	for i := range used.slots {
		if used.soft[i] || used.nonzero[i] {
			return nil
		}
	}
	if i, ok := slotOfNode(node); ok && slots[i].typ == Bool {
		return &comparisonOf{left: i, right: -1}
	}
	b, ok := node.(*ast.BinaryNode)
	if !ok || !isComparison(b.Operator) {
		return nil
	}
	left, ok := slotOfNode(b.Left)
	if !ok || slots[left].typ == Bool {
		return nil
	}
	q := &comparisonOf{op: b.Operator, left: left, right: -1, text: isText(slots[left].typ)}
	if right, ok := slotOfNode(b.Right); ok {
		q.right = right
		return q
	}
	if s, ok := b.Right.(*ast.StringNode); ok && q.text {
		q.word = s.Value
		return q
	}
	if n, ok := numberOf(b.Right); ok && !q.text {
		q.number = n
		return q
	}
	return nil
}

func isComparison(op string) bool {
	switch op {
	case "==", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}

// slotOfNode returns the slot that an identifier names after checking.
func slotOfNode(node ast.Node) (int, bool) {
	id, ok := node.(*ast.IdentifierNode)
	if !ok || len(id.Value) < 2 || id.Value[0] != 'v' {
		return 0, false
	}
	i, err := strconv.Atoi(id.Value[1:])
	return i, err == nil
}

// numberOf returns the value of a number literal.
func numberOf(node ast.Node) (float64, bool) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		v, ok := numberOf(n.Node)
		if ok && n.Operator == "-" {
			return -v, true
		}
		return v, ok && n.Operator == "+"
	}
	return 0, false
}

// eval runs the program. The result of a yes or no is the number 1 or 0, that of a
// date its Date as a number.
func (p *program) eval(f *Facts) result {
	for i, sl := range p.slots {
		r := f.slot(sl)
		if !r.gap.known() && !p.soft[i] {
			return result{gap: r.gap}
		}
		if p.nonzero[i] && r.gap.known() && r.number == 0 {
			return result{gap: gap{what: f.core.slots[sl].text + " is 0"}}
		}
	}
	if p.quick != nil {
		return p.quick.eval(f)
	}
	for i, sl := range p.slots {
		f.env[p.names[i]] = f.boxed(sl)
	}
	out, err := f.vm.Run(p.vm, f.env)
	if err != nil {
		return result{gap: gap{what: "cannot be computed: " + err.Error()}}
	}
	return unboxed(out)
}

func (q *comparisonOf) eval(f *Facts) result {
	left := f.slot(q.left)
	if q.op == "" {
		return result{number: left.number}
	}
	a, b, x, y := left.number, q.number, left.text, q.word
	if q.right >= 0 {
		right := f.slot(q.right)
		b, y = right.number, right.text
	}
	if q.text {
		return truthResult(q.op == "==" && x == y || q.op == "!=" && x != y)
	}
	switch q.op {
	case "==":
		return truthResult(a == b)
	case "!=":
		return truthResult(a != b)
	case "<":
		return truthResult(a < b)
	case "<=":
		return truthResult(a <= b)
	case ">":
		return truthResult(a > b)
	}
	return truthResult(a >= b)
}

func truthResult(b bool) result {
	if b {
		return result{number: 1}
	}
	return result{}
}

func unboxed(v any) result {
	switch v := v.(type) {
	case bool:
		return truthResult(v)
	case string:
		return result{text: v}
	case int:
		return result{number: float64(v)}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return result{gap: gap{what: "cannot be computed"}}
		}
		return result{number: v}
	case nil:
		return result{gap: gap{what: "is not known"}}
	}
	return result{gap: gap{what: "cannot be computed"}}
}

// uses collects the slots that one program reads.
type uses struct {
	slots         []int
	soft, nonzero []bool
}

// add notes a slot. What is read once in earnest is not soft.
func (u *uses) add(i int, soft, nonzero bool) {
	for k, have := range u.slots {
		if have == i {
			u.soft[k] = u.soft[k] && soft
			u.nonzero[k] = u.nonzero[k] || nonzero
			return
		}
	}
	u.slots = append(u.slots, i)
	u.soft = append(u.soft, soft)
	u.nonzero = append(u.nonzero, nonzero)
}
