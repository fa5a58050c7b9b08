package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A RecordField is one field of a record whose values are given at evaluation: of a
// form, for example, what was filled in.
type RecordField struct {
	Name   string
	Type   Type
	Values []string // the texts that it may have, where those are known
	Not    string   // why it cannot be read here; "" where it can
	Mend   string   // what to do about that
}

// A record is what a compiler knows of the fields of one record.
type record struct {
	names []string // those that can be read, in order
	not   map[string]RecordField
}

// WithRecord returns a compiler that also knows a record: its fields are read as
// NAME.FIELD. They are given at evaluation by Facts.Set("NAME.FIELD", …) and unknown
// until then. A bare FIELD is answered with the way to write it.
func (c *Compiler) WithRecord(name string, fields []RecordField) *Compiler {
	inner, _ := c.With(nil, nil)
	r := record{not: map[string]RecordField{}}
	for _, f := range fields {
		if f.Not != "" {
			r.not[f.Name] = f
			continue
		}
		r.names = append(r.names, f.Name)
		of := name + "." + f.Name
		inner.own[of] = c.slotOf("given "+of+" "+string(f.Type)+" "+strings.Join(f.Values, ","), func() slot {
			return slot{text: of, typ: f.Type, values: f.Values, record: true, get: func(facts *Facts) result { return facts.given(of) }}
		})
	}
	inner.records = map[string]record{name: r}
	return inner
}

// Given returns the fields of records that the condition reads, as NAME.FIELD, sorted.
func (c *Condition) Given() []string {
	found := map[string]bool{}
	var visit func([]int)
	visit = func(list []int) {
		for _, i := range list {
			if sl := &c.core.slots[i]; sl.record {
				found[sl.text] = true
			}
			visit(c.core.slots[i].reads)
		}
	}
	visit(c.slots())
	return slices.Sorted(maps.Keys(found))
}

// recordField reads a field of a record.
func (k *checker) recordField(node *ast.Node, n *ast.MemberNode, of, name string) Type {
	if i, known := k.own[of+"."+name]; known {
		return k.use(node, i)
	}
	r := k.records[of]
	if f, not := r.not[name]; not {
		return k.wrong(n.Property, f.Mend, "%s.%s %s", of, name, f.Not)
	}
	return k.unknown(n.Property.Location(), "field of "+of, name, slices.Clone(r.names))
}

// bareField answers the name of a record's field that stands without the record's.
func (k *checker) bareField(n *ast.IdentifierNode) (reported bool) {
	for of := range k.records {
		if _, known := k.own[of+"."+n.Value]; known {
			from, length := k.place(n.Location())
			fix := of + "." + n.Value
			k.report(from, length, fmt.Sprintf("there is no signal or name %q", n.Value), fmt.Sprintf("did you mean %q?", fix), fix)
			return true
		}
	}
	return false
}
