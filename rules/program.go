package rules

import (
	"math"
	"slices"
	"strconv"
	"strings"

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
	nonzero []bool   // a divisor
	vm      *vm.Program
	quick   *comparisonOf // instead of vm, where the program is but one comparison
	sum     *sum          // instead of vm, where it works out a number or a date
	text    int           // a slot: what the program is where it is nothing of these
}

// A comparisonOf compares two numbers, or a text with a constant or another text, or
// takes a yes or no as it is. It means what the vm would make of it and takes a
// tenth of the time.
type comparisonOf struct {
	op          comparator // 0 for a slot that is a yes or no
	holdsOf     uint8      // outcomes of numbers for which it holds
	plain       bool       // left is a slot and right a literal, which most comparisons are
	bounded     bool       // and a bound of what the slot stands for may tell
	bound       int        // that slot
	left, right sum        // of numbers
	slot, other int        // of texts, or the yes or no; other is -1 where it is a constant
	text        bool
	word        string
}

// A comparator is one of == != < <= > >=, as one byte: = ! < l > g.
type comparator byte

func comparatorOf(op string) comparator {
	switch op {
	case "==":
		return '='
	case "<=":
		return 'l'
	case ">=":
		return 'g'
	}
	return comparator(op[0])
}

// outcomes are how two numbers may stand to each other, one bit each.
const (
	isLess = 1 << iota
	isEqual
	isGreater
	isNeither // one is no number
)

// outcomes returns those of which the comparator holds.
func (c comparator) outcomes() uint8 {
	switch c {
	case '=':
		return isEqual
	case '!':
		return isLess | isGreater | isNeither
	case '<':
		return isLess
	case 'l':
		return isLess | isEqual
	case '>':
		return isGreater
	}
	return isGreater | isEqual
}

func (c comparator) holds(a, b float64) bool { return c.outcomes()&outcome(a, b) != 0 }

func outcome(a, b float64) uint8 {
	switch {
	case a < b:
		return isLess
	case a > b:
		return isGreater
	case a == b:
		return isEqual
	}
	return isNeither
}

// A sum is a number worked out of slots and literals.
type sum struct {
	op          byte       // 's' a slot, 'n' a literal, 'm' a literal times a slot, '?' a choice, or + - * /
	nonzero     bool       // of a slot: a divisor, and with 0 nothing is known
	compare     comparator // of a choice: between left and right
	slot        int
	number      float64
	left, right *sum
	then, other *sum // of a choice
}

func (n *sum) eval(f *Facts) float64 {
	switch n.op {
	case 's':
		return f.slot(n.slot).number
	case 'n':
		return n.number
	case 'm':
		return n.number * f.slot(n.slot).number
	}
	a, b := n.left.eval(f), n.right.eval(f)
	switch n.op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	case '?':
		if n.compare.holds(a, b) {
			return n.then.eval(f)
		}
		return n.other.eval(f)
	}
	return a / b
}

// known is eval, and whether all that it reads is known.
func (n *sum) known(f *Facts) (v float64, ok bool) {
	switch n.op {
	case 's':
		v, ok = f.number(n.slot)
		return v, ok && !(n.nonzero && v == 0)
	case 'n':
		return n.number, true
	case 'm':
		v, ok = f.number(n.slot)
		return n.number * v, ok && !(n.nonzero && v == 0)
	}
	a, ok := n.left.known(f)
	if !ok {
		return 0, false
	}
	b, ok := n.right.known(f)
	switch n.op {
	case '+':
		return a + b, ok
	case '-':
		return a - b, ok
	case '*':
		return a * b, ok
	case '?':
		if !ok {
			return 0, false
		}
		then, ok1 := n.then.known(f)
		other, ok2 := n.other.known(f)
		if n.compare.holds(a, b) {
			return then, ok1 && ok2
		}
		return other, ok1 && ok2
	}
	return a / b, ok
}

// divides marks the slots that are divisors.
func (n *sum) divides(used *uses) {
	if n.op == 's' || n.op == 'm' {
		n.nonzero = used.nonzero[slices.Index(used.slots, n.slot)]
	}
	for _, part := range []*sum{n.left, n.right, n.then, n.other} {
		if part != nil {
			part.divides(used)
		}
	}
}

// sumOf takes a tree of numbers, dates, + - * / and choices by one comparison only.
func sumOf(node ast.Node, slots []slot) (sum, bool) {
	if i, ok := slotOfNode(node); ok {
		return sum{op: 's', slot: i}, slots[i].typ == Number || slots[i].typ == Day
	}
	if v, ok := numberOf(node); ok {
		return sum{op: 'n', number: v}, true
	}
	if c, ok := node.(*ast.ConditionalNode); ok {
		return choiceOf(c, slots)
	}
	b, ok := node.(*ast.BinaryNode)
	if !ok || len(b.Operator) != 1 || !strings.Contains("+-*/", b.Operator) {
		return sum{}, false
	}
	left, ok1 := sumOf(b.Left, slots)
	right, ok2 := sumOf(b.Right, slots)
	if left.op == 'n' && right.op == 's' && b.Operator == "*" {
		return sum{op: 'm', number: left.number, slot: right.slot}, ok2
	}
	return sum{op: b.Operator[0], left: &left, right: &right}, ok1 && ok2
}

// choiceOf takes LEFT < RIGHT ? THEN : OTHER, of numbers.
func choiceOf(c *ast.ConditionalNode, slots []slot) (sum, bool) {
	by, ok := c.Cond.(*ast.BinaryNode)
	if !ok || !isComparison(by.Operator) {
		return sum{}, false
	}
	n := sum{op: '?', compare: comparatorOf(by.Operator)}
	all := true
	take := func(node ast.Node) *sum {
		part, ok := sumOf(node, slots)
		all = all && ok
		return &part
	}
	n.left, n.right, n.then, n.other = take(by.Left), take(by.Right), take(c.Exp1), take(c.Exp2)
	return n, all
}

func slotName(i int) string { return "v" + strconv.Itoa(i) }

// assemble compiles a checked tree, whose leaves are literals and slots.
func assemble(node ast.Node, typ Type, used *uses, slots []slot) (*program, error) {
	p := &program{typ: typ, slots: used.slots, nonzero: used.nonzero}
	for _, i := range p.slots {
		p.names = append(p.names, slotName(i))
	}
	if p.quick = quickForm(node, used, slots); p.quick != nil {
		return p, nil
	}
	if n, ok := sumOf(node, slots); ok && typ != Bool {
		n.divides(used)
		p.sum = &n
		return p, nil
	}
	if isText(typ) {
		if i, ok := slotOfNode(node); ok {
			p.text = i
			return p, nil
		}
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
	if i, ok := slotOfNode(node); ok && slots[i].typ == Bool {
		return &comparisonOf{slot: i}
	}
	b, ok := node.(*ast.BinaryNode)
	if !ok || !isComparison(b.Operator) {
		return nil
	}
	q := &comparisonOf{op: comparatorOf(b.Operator)}
	left, ok1 := sumOf(b.Left, slots)
	right, ok2 := sumOf(b.Right, slots)
	if ok1 && ok2 {
		left.divides(used)
		right.divides(used)
		q.left, q.right, q.holdsOf = left, right, q.op.outcomes()
		q.plain = left.op == 's' && right.op == 'n'
		if q.plain && q.op != '=' && q.op != '!' && !left.nonzero {
			q.bound, q.bounded = boundedSlot(slots, left.slot)
		}
		return q
	}
	i, ok := slotOfNode(b.Left)
	if !ok || !isText(slots[i].typ) {
		return nil
	}
	q.text, q.slot, q.other = true, i, -1
	if other, ok := slotOfNode(b.Right); ok {
		q.other = other
		return q
	}
	if s, ok := b.Right.(*ast.StringNode); ok {
		q.word = s.Value
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

// truth runs a program that is a yes or no.
func (p *program) truth(f *Facts) Truth {
	if q := p.quick; q != nil && q.holdsOf != 0 {
		return q.truth(f)
	}
	if q := p.quick; q != nil && q.op == 0 {
		r := f.slot(q.slot)
		if !r.gap.known() {
			return Unknown
		}
		return truthOf(r.number != 0)
	}
	if _, ok := p.missing(f); !ok {
		return Unknown
	}
	if p.quick != nil {
		return truthOf(p.quick.holds(f))
	}
	r := p.run(f)
	if !r.gap.known() {
		return Unknown
	}
	return truthOf(r.number != 0)
}

// truth compares two numbers.
func (q *comparisonOf) truth(f *Facts) Truth {
	if q.bounded && f.below(q.bound, q.right.number) {
		return truthOf(q.holdsOf&isLess != 0)
	}
	a, known := q.left.number, q.left.op == 'n'
	if q.left.op == 's' && !q.left.nonzero {
		a, known = f.number(q.left.slot)
	} else if !known {
		a, known = q.left.known(f)
	}
	if !known {
		return Unknown
	}
	b := q.right.number
	if q.right.op != 'n' {
		if b, known = q.right.known(f); !known {
			return Unknown
		}
	}
	return truthOf(q.holdsOf&outcome(a, b) != 0)
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// missing returns what keeps the program from being run; ok is true where nothing does.
func (p *program) missing(f *Facts) (g gap, ok bool) {
	for i, sl := range p.slots {
		r := f.slot(sl)
		if !r.gap.known() {
			return r.gap, false
		}
		if p.nonzero[i] && r.number == 0 {
			return gap{Code: IsZero, Of: f.core.slots[sl].text}, false
		}
	}
	return gap{}, true
}

// eval runs the program. The result of a yes or no is the number 1 or 0, that of a
// date its Date as a number.
func (p *program) eval(f *Facts) result {
	if p.sum != nil {
		if v, ok := p.sum.known(f); ok {
			return unboxedNumber(v)
		}
	}
	if g, ok := p.missing(f); !ok {
		return result{gap: g}
	}
	if p.quick != nil {
		return truthResult(p.quick.holds(f))
	}
	return p.run(f)
}

// run runs what is not quick.
func (p *program) run(f *Facts) result {
	if p.sum != nil {
		return unboxedNumber(p.sum.eval(f))
	}
	if p.vm == nil {
		return result{text: f.slot(p.text).text}
	}
	if f.env == nil {
		f.env = map[string]any{}
	}
	for i, sl := range p.slots {
		f.env[p.names[i]] = f.boxed(sl)
	}
	out, err := f.vm.Run(p.vm, f.env)
	if err != nil {
		return result{gap: gap{Code: CannotBeReckoned, Of: err.Error()}}
	}
	return unboxed(out)
}

// holds compares values that are known.
func (q *comparisonOf) holds(f *Facts) bool {
	switch {
	case q.op == 0:
		return f.slot(q.slot).number != 0
	case q.text:
		word := q.word
		if q.other >= 0 {
			word = f.slot(q.other).text
		}
		return (f.slot(q.slot).text == word) == (q.op == '=')
	}
	return q.op.holds(q.left.eval(f), q.right.eval(f))
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
		return unboxedNumber(v)
	case nil:
		return result{gap: gap{Code: NotKnown}}
	}
	return result{gap: gap{Code: CannotBeReckoned}}
}

// alone returns the slot whose value the program has, where it does nothing else.
func (p *program) alone() (i int, is bool) {
	switch {
	case len(p.slots) != 1 || p.nonzero[0]:
		return 0, false
	case p.sum != nil:
		return p.sum.slot, p.sum.op == 's'
	}
	return p.text, p.quick == nil && p.vm == nil
}

func unboxedNumber(v float64) result {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return result{gap: gap{Code: CannotBeReckoned}}
	}
	return result{number: v}
}

// uses collects the slots that one program reads.
type uses struct {
	slots   []int
	nonzero []bool
}

// add notes a slot.
func (u *uses) add(i int, nonzero bool) {
	for k, have := range u.slots {
		if have == i {
			u.nonzero[k] = u.nonzero[k] || nonzero
			return
		}
	}
	u.slots = append(u.slots, i)
	u.nonzero = append(u.nonzero, nonzero)
}
