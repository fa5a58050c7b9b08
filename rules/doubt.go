package rules

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A span is the least and the greatest that a number can be.
type span struct{ low, high float64 }

// anything is the span of a number of which nothing is known.
func anything() span { return span{math.Inf(-1), math.Inf(1)} }

// spanOf says between which bounds a slot's value lies, whatever the account.
func (s *slot) spanOf() span {
	at := func(low float64) span { return span{low, math.Inf(1)} }
	if s.feature == nil {
		switch s.text {
		case "account.seats", "account.arr", "account.size", "contract.seats", "stage_days":
			return at(0)
		}
		return anything()
	}
	switch op := s.feature.op; {
	case op == opDrop:
		return span{0, 1}
	case op == opSpike:
		return at(1)
	case (op == opTrend || op == opShift) && s.feature.kind != Gauge:
		return at(-1)
	case op == opTrend || op == opShift: // of a gauge, which may be below zero
		return anything()
	case op == opDistinct || op == opDaysSince || op == opShiftDays:
		return at(0)
	case s.feature.kind != Gauge && s.typ == Number:
		return at(0)
	}
	return anything()
}

// Doubts returns warnings about a condition that says the same of every account: a
// clause that can never be false, or never true, or clauses that exclude each other.
// Whether a value is known is not asked: an unknown clause is no answer. What reads
// more than comparisons of one value with fixed ones is not judged.
func (c *Condition) Doubts() []Problem {
	var found []Problem
	for i := range c.clauses {
		cl := &c.clauses[i]
		if cl.tree == nil {
			continue
		}
		if truth := c.same(&junction{op: 'c', clause: i}); truth != Unknown {
			found = append(found, c.doubtful(cl, truth))
		}
	}
	if len(found) > 0 || len(c.clauses) < 2 {
		return found
	}
	if truth := c.same(c.root); truth != Unknown {
		p := problemAt(c.Source, 0, len(c.Source.Text), "this is %s: its parts %s", alwaysOrNever(truth), map[Truth]string{
			True: "leave nothing out", False: "exclude each other"}[truth])
		p.Level, p.Suggestion = Warning, "look at the numbers, and at and/or"
		found = append(found, p)
	}
	return found
}

func alwaysOrNever(t Truth) string {
	if t == True {
		return "always true"
	}
	return "never true"
}

// Overlaps reports whether both conditions hold at once for some values of what they
// read. It is asked only where both compare the same few values with fixed ones, and is
// false otherwise.
func (c *Condition) Overlaps(other *Condition) bool {
	both := &Condition{core: c.core, clauses: slices.Concat(c.clauses, other.clauses)}
	read := func(j *junction) (*choices, bool) {
		found := &choices{condition: both, numbers: map[int][]float64{}, texts: map[int][]string{}, opaque: map[string]bool{}}
		found.gather(j)
		return found, len(found.opaque) == 0
	}
	right := other.root.moved(len(c.clauses))
	a, known := read(c.root)
	b, known2 := read(right)
	if c.core != other.core || !known || !known2 || !sameKeys(a.numbers, b.numbers) || !sameKeys(a.texts, b.texts) {
		return false
	}
	return both.same(&junction{op: '&', left: c.root, right: right}) != False
}

// moved returns the junction with its clauses' places so much higher.
func (j *junction) moved(by int) *junction {
	if j == nil {
		return nil
	}
	return &junction{op: j.op, clause: j.clause + by, left: j.left.moved(by), right: j.right.moved(by)}
}

func sameKeys[V any](a, b map[int]V) bool {
	for k := range a {
		if _, both := b[k]; !both {
			return false
		}
	}
	return len(a) == len(b)
}

// doubtful makes the warning about one clause.
func (c *Condition) doubtful(cl *clause, truth Truth) Problem {
	p := problemAt(c.Source, cl.from, cl.length, "%s is %s", cl.text, alwaysOrNever(truth))
	p.Level = Warning
	p.Suggestion = "compare with a number that it can be above and below of"
	i, number, literal := c.comparedWith(cl.tree)
	if i < 0 {
		return p
	}
	s, name := c.core.slots[i].spanOf(), c.core.slots[i].text
	switch {
	case s.low == 0 && s.high == 1:
		p.Suggestion = fmt.Sprintf("%s is a share, from 0 to 1", name)
		if number > 1 && number <= 100 && literal != nil {
			share := strconv.FormatFloat(number/100, 'g', -1, 64)
			p.Suggestion += fmt.Sprintf(": %s %% is written %s", strconv.FormatFloat(number, 'g', -1, 64), share)
			if at := cl.within(literal); at >= 0 {
				whole := p
				whole.Offset, whole.Length = at, len(literal.written)
				p.Fix = whole.replaced(share)
			}
		}
	case c.core.slots[i].feature != nil && c.core.slots[i].feature.op == opSpike:
		p.Suggestion = fmt.Sprintf("%s says how many times the usual came, and is 1 where nothing is unusual", name)
	case !math.IsInf(s.low, 0):
		p.Suggestion = fmt.Sprintf("%s is never below %g", name, s.low)
	}
	return p
}

// A literalNumber is a number as it was written in a clause.
type literalNumber struct {
	written string
	offset  int // in the source's text
}

// within returns where the literal stands in the source, or -1.
func (cl *clause) within(l *literalNumber) int {
	if l.offset < cl.from || l.offset+len(l.written) > cl.from+cl.length+len(l.written) {
		return -1
	}
	return l.offset
}

// comparedWith returns the slot and the number that a clause compares, and -1 where
// it is another kind of clause.
func (c *Condition) comparedWith(tree ast.Node) (slot int, number float64, literal *literalNumber) {
	b, ok := tree.(*ast.BinaryNode)
	if !ok {
		return -1, 0, nil
	}
	for _, side := range [2][2]ast.Node{{b.Left, b.Right}, {b.Right, b.Left}} {
		i, isSlot := slotOfNode(side[0])
		v, isNumber := numberOf(side[1])
		if !isSlot || !isNumber {
			continue
		}
		from := side[1].Location().From
		text := []rune(c.Source.Text)
		if from < 0 || from >= len(text) {
			return i, v, nil
		}
		to := from
		for to < len(text) && strings.ContainsRune("0123456789.eE_", text[to]) {
			to++
		}
		return i, v, &literalNumber{string(text[from:to]), len(string(text[:from]))}
	}
	return -1, 0, nil
}

// mostWorlds bounds how many combinations of values are tried of one condition.
const mostWorlds = 20_000

// A world gives each slot one of the values that make a difference: numbers,
// texts, or yes and no as 1 and 0. What is not looked into is yes or no by its text.
type world struct {
	numbers map[int]float64
	texts   map[int]string
	opaque  map[string]bool
}

// same returns what a junction says in every world, or Unknown where it depends.
func (c *Condition) same(root *junction) Truth {
	choices := &choices{condition: c, numbers: map[int][]float64{}, texts: map[int][]string{}, opaque: map[string]bool{}}
	choices.gather(root)
	worlds := 1
	var order []func(*world, int)
	var sizes []int
	add := func(n int, set func(*world, int)) {
		worlds *= n
		sizes, order = append(sizes, n), append(order, set)
	}
	for i, values := range choices.numbers {
		values := around(values, c.core.slots[i].spanOf())
		add(len(values), func(w *world, k int) { w.numbers[i] = values[k] })
	}
	for i, values := range choices.texts {
		add(len(values), func(w *world, k int) { w.texts[i] = values[k] })
	}
	for text := range choices.opaque {
		add(2, func(w *world, k int) { w.opaque[text] = k == 1 })
	}
	if worlds <= 0 || worlds > mostWorlds {
		return Unknown
	}
	w := &world{map[int]float64{}, map[int]string{}, map[string]bool{}}
	first := Unknown
	for n := range worlds {
		for i, set := range order {
			set(w, n%sizes[i])
			n /= sizes[i]
		}
		truth := False
		if c.holds(root, w) {
			truth = True
		}
		switch {
		case first == Unknown:
			first = truth
		case first != truth:
			return Unknown
		}
	}
	return first
}

// around returns values on, between and beyond the thresholds that the span allows.
func around(thresholds []float64, s span) []float64 {
	slices.Sort(thresholds)
	thresholds = slices.Compact(thresholds)
	candidates := []float64{thresholds[0] - 1, thresholds[len(thresholds)-1] + 1}
	if !math.IsInf(s.low, 0) {
		candidates = append(candidates, s.low)
	}
	if !math.IsInf(s.high, 0) {
		candidates = append(candidates, s.high)
	}
	for i, t := range thresholds {
		candidates = append(candidates, t)
		if i > 0 {
			candidates = append(candidates, (t+thresholds[i-1])/2)
		}
		candidates = append(candidates, (math.Max(s.low, t-2)+t)/2, (math.Min(s.high, t+2)+t)/2)
	}
	return slices.DeleteFunc(candidates, func(x float64) bool { return x < s.low || x > s.high })
}

// choices are the values that make a difference to a condition.
type choices struct {
	condition *Condition
	numbers   map[int][]float64
	texts     map[int][]string
	opaque    map[string]bool
}

func (c *choices) gather(j *junction) {
	if j.op != 'c' {
		c.gather(j.left)
		if j.right != nil {
			c.gather(j.right)
		}
		return
	}
	cl := &c.condition.clauses[j.clause]
	core := c.condition.core
	switch k := cl.kindOf(core); k {
	case comparesNumber:
		i, v, _ := cl.numbers(core)
		c.numbers[i] = append(c.numbers[i], v)
	case comparesText:
		i, words := cl.words()
		if c.texts[i] == nil {
			c.texts[i] = []string{"\x00"} // none of those that are named
			if known := core.slots[i].values; len(known) > 0 {
				c.texts[i] = slices.Clone(known)
			}
		}
		for _, word := range words {
			if !slices.Contains(c.texts[i], word) {
				c.texts[i] = append(c.texts[i], word)
			}
		}
	case neither:
		c.opaque[cl.text] = true
	}
}

type clauseKind byte

const (
	neither clauseKind = iota
	comparesNumber
	comparesText
	constantClause
)

func (cl *clause) kindOf(core *core) clauseKind {
	if cl.tree == nil {
		return constantClause
	}
	if _, _, ok := cl.numbers(core); ok {
		return comparesNumber
	}
	if i, words := cl.words(); i >= 0 && len(words) > 0 {
		return comparesText
	}
	return neither
}

// numbers takes a comparison of one slot with a number.
func (cl *clause) numbers(core *core) (slot int, number float64, ok bool) {
	b, isBinary := cl.tree.(*ast.BinaryNode)
	if !isBinary || !isComparison(b.Operator) {
		return 0, 0, false
	}
	for _, side := range [2][2]ast.Node{{b.Left, b.Right}, {b.Right, b.Left}} {
		i, isSlot := slotOfNode(side[0])
		v, isNumber := numberOf(side[1])
		if isSlot && isNumber && core.slots[i].typ == Number {
			return i, v, true
		}
	}
	return 0, 0, false
}

// words takes a comparison of one slot with texts; -1 where it is none.
func (cl *clause) words() (slot int, words []string) {
	b, ok := cl.tree.(*ast.BinaryNode)
	if !ok {
		return -1, nil
	}
	i, isSlot := slotOfNode(b.Left)
	if !isSlot {
		return -1, nil
	}
	switch right := b.Right.(type) {
	case *ast.StringNode:
		if b.Operator == "==" || b.Operator == "!=" {
			return i, []string{right.Value}
		}
	case *ast.ArrayNode:
		for _, n := range right.Nodes {
			s, isText := n.(*ast.StringNode)
			if !isText {
				return -1, nil
			}
			words = append(words, s.Value)
		}
		return i, words
	}
	return -1, nil
}

// holds judges a junction in a world.
func (c *Condition) holds(j *junction, w *world) bool {
	switch j.op {
	case '!':
		return !c.holds(j.left, w)
	case '&':
		return c.holds(j.left, w) && c.holds(j.right, w)
	case '|':
		return c.holds(j.left, w) || c.holds(j.right, w)
	}
	cl := &c.clauses[j.clause]
	switch cl.kindOf(c.core) {
	case constantClause:
		return cl.fixed == True
	case comparesNumber:
		i, v, _ := cl.numbers(c.core)
		b := cl.tree.(*ast.BinaryNode)
		if _, left := slotOfNode(b.Left); left {
			return compares(b.Operator, w.numbers[i], v)
		}
		return compares(b.Operator, v, w.numbers[i])
	case comparesText:
		i, words := cl.words()
		return slices.Contains(words, w.texts[i]) != (cl.tree.(*ast.BinaryNode).Operator == "!=")
	}
	return w.opaque[cl.text]
}

func compares(op string, a, b float64) bool {
	switch op {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// Daily reports whether the condition reads nothing but features of completed days,
// which change once a day.
func (c *Condition) Daily() bool {
	read := false
	for _, i := range c.slots() {
		f := c.core.slots[i].feature
		if f == nil || f.hours > 0 {
			return false
		}
		switch f.op {
		case opMean, opTrend, opExpected, opDrop:
			read = true
		default:
			return false
		}
	}
	return read
}
