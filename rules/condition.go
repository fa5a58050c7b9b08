package rules

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/lexer"
)

// A Condition is a compiled expression that is true, false or unknown: its clauses
// are joined by and, or and not in Kleene's logic, and a clause that reads anything
// unknown is unknown.
type Condition struct {
	Source Source

	core    *core
	clauses []clause
	root    *junction
}

type clause struct {
	text    string
	program *program
	fixed   Truth // of true and false, which have no program

	tree         ast.Node // as checked: its leaves are literals and slots; nil of true and false
	from, length int      // in the source's text, in bytes
}

// A junction joins clauses.
type junction struct {
	op          byte // 'c' a clause, '&', '|', '!'
	clause      int
	left, right *junction
}

// Condition compiles a condition, or returns nil and what is wrong with it.
func (c *Compiler) Condition(s Source) (*Condition, []Problem) {
	k, node := c.parse(s)
	if node == nil || len(k.problems) > 0 {
		return nil, k.problems
	}
	cond := &Condition{Source: s, core: c.core}
	cond.root = k.split(cond, node)
	if len(k.problems) > 0 {
		return nil, k.problems
	}
	return cond, nil
}

// split takes a condition apart at and, or and not.
func (k *checker) split(cond *Condition, node ast.Node) *junction {
	switch n := node.(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return &junction{op: '&', left: k.split(cond, n.Left), right: k.split(cond, n.Right)}
		case "or", "||":
			return &junction{op: '|', left: k.split(cond, n.Left), right: k.split(cond, n.Right)}
		}
	case *ast.UnaryNode:
		if (n.Operator == "not" || n.Operator == "!") && !k.negatedOperator(n) {
			return &junction{op: '!', left: k.split(cond, n.Node)}
		}
	}
	return k.leaf(cond, node)
}

// negatedOperator reports whether a not belongs to an operator, as in "not in".
func (k *checker) negatedOperator(n *ast.UnaryNode) bool {
	b, ok := n.Node.(*ast.BinaryNode)
	if !ok {
		return false
	}
	switch b.Operator {
	case "in", "contains", "startsWith", "endsWith", "matches":
		first, _ := k.extent(b.Left)
		return n.Location().From > first
	}
	return false
}

// leaf compiles one clause.
func (k *checker) leaf(cond *Condition, node ast.Node) *junction {
	text := k.textOf(node)
	first, last := k.extent(node)
	first, last = k.placeOf(first), k.placeOf(last)
	j := &junction{op: 'c', clause: len(cond.clauses)}
	if b, ok := node.(*ast.BoolNode); ok {
		fixed := False
		if b.Value {
			fixed = True
		}
		cond.clauses = append(cond.clauses, clause{text: text, fixed: fixed})
		return j
	}
	k.used = &uses{}
	before := len(k.problems)
	from, length := k.place(node.Location())
	typ := k.check(&node)
	if len(k.problems) > before {
		return j
	}
	if typ != Bool {
		k.report(from, length, "a condition is a yes or no, and this is a "+string(typ), "compare it, as in "+text+exampleComparison(typ), "")
		return j
	}
	p, err := assemble(node, Bool, k.used, k.slots)
	if err != nil {
		k.report(from, length, "cannot be compiled: "+firstLine(err), "", "")
		return j
	}
	cond.clauses = append(cond.clauses, clause{text: text, program: p, tree: node, from: first, length: last - first})
	return j
}

func exampleComparison(typ Type) string {
	switch typ {
	case Number:
		return " > 0"
	case Day:
		return " < account.day"
	}
	return ` == "…"`
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// extent returns the first and the last character that a node's tokens cover.
func (k *checker) extent(node ast.Node) (first, last int) {
	e := &extent{first: 1 << 30}
	ast.Walk(&node, e)
	return e.first, e.last
}

type extent struct{ first, last int }

// Visit implements ast.Visitor.
func (e *extent) Visit(node *ast.Node) {
	l := (*node).Location()
	if l.To > l.From {
		e.first, e.last = min(e.first, l.From), max(e.last, l.To)
	}
}

// textOf returns a part of an expression as it was written: from its first token to
// its last, and on to the brackets that close it. It is for parts that have not
// been checked yet.
func (k *checker) textOf(node ast.Node) string {
	first, last := k.extent(node)
	end, depth, unopened := first, 0, 0
	for _, t := range k.tokens {
		if t.From < first || t.Kind == lexer.EOF {
			continue
		}
		opens := t.Kind == lexer.Bracket && strings.Contains("([{", t.Value)
		closes := t.Kind == lexer.Bracket && !opens
		if t.From >= last && depth == 0 && !(opens && t.From == end) {
			break
		}
		switch {
		case opens:
			depth++
		case closes && depth == 0:
			unopened++ // the part begins with brackets of its own
		case closes:
			depth--
		}
		end = t.To
	}
	for i := len(k.tokens) - 1; i >= 0 && unopened > 0; i-- {
		if t := k.tokens[i]; t.To <= first && t.Value == "(" {
			first = t.From
			unopened--
		}
	}
	from, to := k.placeOf(first), k.placeOf(end)
	if from >= to {
		return strings.TrimSpace(k.src.Text)
	}
	return strings.Join(strings.Fields(k.src.Text[from:to]), " ")
}

// placeOf returns the byte of a character.
func (k *checker) placeOf(i int) int {
	if i >= len(k.offsets) {
		return len(k.text)
	}
	return k.offsets[max(i, 0)]
}

// A Verdict is what a condition said of one account at one time.
type Verdict struct {
	Truth   Truth
	Clauses []ClauseValue // every clause, in the order written
	Missing []string      // what makes it unknown; nil unless Truth is Unknown
	Gaps    []Gap         // the same, for every language
}

// Eval judges the condition, with every clause's values.
func (c *Condition) Eval(f *Facts) Verdict {
	v := Verdict{Truth: c.Truth(f)}
	seen := map[string]bool{}
	for i := range c.clauses {
		cl := &c.clauses[i]
		truth, why := cl.truth(f)
		value := ClauseValue{Source: cl.text, Truth: truth}
		if cl.program != nil {
			value.Values = f.valuesOf(cl.program.slots)
		}
		v.Clauses = append(v.Clauses, value)
		if text := why.String(); v.Truth == Unknown && truth == Unknown && !seen[text] {
			seen[text] = true
			v.Missing = append(v.Missing, text)
			v.Gaps = append(v.Gaps, why)
		}
	}
	return v
}

// Truth judges the condition and returns nothing but the result, faster than Eval.
func (c *Condition) Truth(f *Facts) Truth { return c.judge(c.root, f) }

func (c *Condition) judge(j *junction, f *Facts) Truth {
	switch j.op {
	case '!':
		return -c.judge(j.left, f)
	case '&':
		left := c.judge(j.left, f)
		if left == False {
			return False
		}
		return minTruth(left, c.judge(j.right, f))
	case '|':
		left := c.judge(j.left, f)
		if left == True {
			return True
		}
		return -minTruth(-left, -c.judge(j.right, f))
	}
	cl := &c.clauses[j.clause]
	if cl.program == nil {
		return cl.fixed
	}
	return cl.program.truth(f)
}

// minTruth is Kleene's and: false before unknown before true.
func minTruth(a, b Truth) Truth { return min(a, b) }

func (cl *clause) truth(f *Facts) (Truth, gap) {
	if cl.program == nil {
		return cl.fixed, gap{}
	}
	r := cl.program.eval(f)
	switch {
	case !r.gap.known():
		return Unknown, r.gap
	case r.number != 0:
		return True, gap{}
	}
	return False, gap{}
}

// asResult is the condition as a let's value.
func (c *Condition) asResult(f *Facts) result {
	switch c.Truth(f) {
	case True:
		return result{number: 1}
	case False:
		return result{}
	}
	if v := c.Eval(f); len(v.Gaps) > 0 {
		return result{gap: v.Gaps[0]}
	}
	return result{gap: gap{Code: NotKnown, Of: c.Source.Text}}
}

// valuesOf returns slots' values by what was written; nil where unknown.
func (f *Facts) valuesOf(slots []int) map[string]any {
	if len(slots) == 0 {
		return nil
	}
	values := make(map[string]any, len(slots))
	for _, i := range slots {
		values[f.core.slots[i].text] = f.shown(i)
	}
	return values
}

// shown returns a slot's value as the caller knows it: a date is a Date.
func (f *Facts) shown(i int) any {
	v := f.boxed(i)
	if n, ok := v.(float64); ok && f.core.slots[i].typ == Day {
		return Date(n)
	}
	return v
}

// String returns the condition as written.
func (c *Condition) String() string { return c.Source.Text }

// Signals returns the names of the signals the condition reads, sorted.
func (c *Condition) Signals() []string { return c.core.signalsOf(c.slots()) }

// slots returns all slots that the clauses read.
func (c *Condition) slots() []int {
	var all []int
	for _, cl := range c.clauses {
		if cl.program != nil {
			all = append(all, cl.program.slots...)
		}
	}
	return all
}
