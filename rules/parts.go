package rules

// A Part is a condition taken apart, for telling it in words: parts joined by "and",
// "or" or "not", or one clause.
type Part struct {
	Op    string // "and", "or", "not"; "" for a clause
	Parts []Part

	Text string // the clause as it was written; Phrased takes it apart
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
	return Part{Text: c.clauses[j.clause].text}
}
