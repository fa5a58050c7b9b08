package rules

import "github.com/expr-lang/expr/ast"

// A Part is a condition taken apart, for telling it in words: parts joined by "and",
// "or" or "not", or one clause.
type Part struct {
	Op    string // "and", "or", "not"; "" for a clause
	Parts []Part

	Text string // the clause as it was written

	// What the clause compares, where it compares one value with fixed ones.
	Signal  string   // of a feature, with Feature, By and Days
	Feature string   // "drop"
	By      string   // the value of the dimension
	Days    int      // the window; 0 where it has none
	Hours   int      // or of hours
	Name    string   // of anything else: "account.seats", "contract.signed"
	Compare string   // == != < <= > >= in; "" for a yes or no
	Number  *float64 // what it is compared with
	Words   []string // or the texts
}

// Parts takes the condition apart. Clauses joined by the same word stand side by side.
func (c *Condition) Parts() Part { return c.part(c.root) }

func (c *Condition) part(j *junction) Part {
	switch j.op {
	case '!':
		return Part{Op: "not", Parts: []Part{c.part(j.left)}}
	case '&', '|':
		op := "and"
		if j.op == '|' {
			op = "or"
		}
		p := Part{Op: op}
		for _, side := range []*junction{j.left, j.right} {
			one := c.part(side)
			if one.Op == op {
				p.Parts = append(p.Parts, one.Parts...)
			} else {
				p.Parts = append(p.Parts, one)
			}
		}
		return p
	}
	return c.clausePart(&c.clauses[j.clause])
}

// turned is a comparison with its sides exchanged.
var turned = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

func (c *Condition) clausePart(cl *clause) Part {
	p := Part{Text: cl.text}
	if cl.tree == nil {
		return p
	}
	if i, ok := slotOfNode(cl.tree); ok {
		c.named(&p, i)
		return p
	}
	b, ok := cl.tree.(*ast.BinaryNode)
	if !ok {
		return p
	}
	if i, v, ok := cl.numbers(c.core); ok {
		p.Compare, p.Number = b.Operator, &v
		if _, left := slotOfNode(b.Left); !left {
			p.Compare = turned[b.Operator]
		}
		c.named(&p, i)
		return p
	}
	if i, words := cl.words(); i >= 0 {
		p.Compare, p.Words = b.Operator, words
		c.named(&p, i)
	}
	return p
}

// named says what a slot is.
func (c *Condition) named(p *Part, i int) {
	s := &c.core.slots[i]
	if f := s.feature; f != nil {
		p.Signal, p.Feature, p.By, p.Days, p.Hours = f.signal, string(f.op), f.by, f.window, f.hours
		return
	}
	p.Name = s.text
}
