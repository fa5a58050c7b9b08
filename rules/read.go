package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// read checks what an expression reads - a name, a field, a feature - and puts its
// slot in the node's place.
func (k *checker) read(node *ast.Node) Type {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		return k.name(node, n)
	case *ast.MemberNode:
		return k.member(node, n)
	case *ast.CallNode:
		return k.call(node, n)
	}
	return ""
}

// use puts a slot in a node's place.
func (k *checker) use(node *ast.Node, i int) Type {
	k.used.add(i, false)
	ast.Patch(node, &ast.IdentifierNode{Value: slotName(i)})
	return k.slots[i].typ
}

func (k *checker) name(node *ast.Node, n *ast.IdentifierNode) Type {
	if p, ok := k.periodNode(n); ok {
		return k.lengthOfTime(node, p)
	}
	if i, ok := k.own[n.Value]; ok {
		return k.use(node, i)
	}
	if def, ok := k.signals[n.Value]; ok {
		ex := exampleFor(def)
		from, length := k.place(n.Location())
		return k.report(from, length, n.Value+" is a signal, not a number", "ask one of its features", ex)
	}
	switch n.Value {
	case "stage":
		values := k.stages
		return k.use(node, k.slotOf("stage", func() slot {
			sl := slot{text: "stage", typ: Text, get: stageField}
			if len(values) > 0 {
				sl.values = append([]string{""}, values...)
			}
			return sl
		}))
	case "stage_days":
		return k.use(node, k.slotOf("stage_days", func() slot { return slot{text: "stage_days", typ: Number, get: stageDays} }))
	case "account", "contract":
		return k.wrong(n, "name one of its fields, such as "+n.Value+".seats", "%s is not a value", n.Value)
	case "segment":
		return k.wrong(n, "name one of: "+strings.Join(k.order, ", "), "segment is not a value")
	case "milestone":
		return k.wrong(n, `say milestone("kickoff").reached`, "milestone is not a value")
	}
	if r, known := k.records[n.Value]; known {
		return k.wrong(n, "name one of: "+strings.Join(r.names, ", "), "%s is not a value", n.Value)
	}
	if k.bareField(n) {
		return ""
	}
	return k.unknown(n.Location(), "signal or name", n.Value, k.names())
}

// names lists what an expression may begin with.
func (k *checker) names() []string {
	names := append(slices.Collect(maps.Keys(k.signals)), slices.Collect(maps.Keys(k.own))...)
	names = append(names, slices.Collect(maps.Keys(k.records))...)
	return append(names, "account", "contract", "segment", "stage", "stage_days", "milestone")
}

// lengthOfTime makes 60d the number 60.
func (k *checker) lengthOfTime(node *ast.Node, p Period) Type {
	switch {
	case p.WorkingDays != 0:
		return k.wrong(*node, "", "working days can only be added to a date or taken from one")
	case p.Minutes%(24*60) != 0:
		return k.wrong(*node, "give days: 1d, 2w", "expressions reckon in whole days")
	}
	ast.Patch(node, &ast.IntegerNode{Value: p.Days + p.Minutes/(24*60)})
	return Number
}

// property returns the name after a dot.
func property(n *ast.MemberNode) (string, bool) {
	s, ok := n.Property.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func (k *checker) member(node *ast.Node, n *ast.MemberNode) Type {
	name, ok := property(n)
	if !ok {
		return k.wrong(n, "", "a field must be named")
	}
	if inner, ok := n.Node.(*ast.MemberNode); ok { // account.attributes.NAME
		if p, _ := property(inner); p == "attributes" && isName(inner.Node, "account") {
			return k.attribute(node, n, name)
		}
	}
	if call, ok := n.Node.(*ast.CallNode); ok && isName(call.Callee, "milestone") {
		return k.milestone(node, n, call, name)
	}
	if call, ok := n.Node.(*ast.CallNode); ok && isName(call.Callee, "peers") {
		return k.askPeers(node, n, call, name)
	}
	id, ok := n.Node.(*ast.IdentifierNode)
	if !ok {
		return k.wrong(n, "", "nothing can be read of this by .%s", name)
	}
	switch id.Value {
	case "account":
		return k.field(node, n, "account", name, k.accountFields())
	case "contract":
		return k.field(node, n, "contract", name, contractFields())
	case "segment":
		i, known := k.segments[name]
		if !known {
			return k.unknown(n.Property.Location(), "segment", name, slices.Clone(k.order))
		}
		return k.use(node, i)
	}
	if hasKey(k.records, id.Value) {
		return k.recordField(node, n, id.Value, name)
	}
	if def, ok := k.signals[id.Value]; ok {
		return k.featureWithoutCall(n, def, name)
	}
	if hasKey(k.own, id.Value) {
		return k.wrong(n, "", "%s has no fields", id.Value)
	}
	return k.unknown(id.Location(), "signal or name", id.Value, k.names())
}

func isName(node ast.Node, name string) bool {
	id, ok := node.(*ast.IdentifierNode)
	return ok && id.Value == name
}

func (k *checker) field(node *ast.Node, n *ast.MemberNode, of, name string, fields map[string]field) Type {
	fd, known := fields[name]
	if !known && of == "account" && slices.Contains([]string{"csm", "am", "rep", "manager", "account_manager", "success_manager", "assignee"}, name) {
		from, length := k.place(n.Property.Location())
		return k.report(from, length, fmt.Sprintf("there is no field of account %q", name), `did you mean "owner"?`, "owner")
	}
	if !known {
		return k.unknown(n.Property.Location(), "field of "+of, name, slices.Collect(maps.Keys(fields)))
	}
	sl := slot{text: of + "." + name, typ: fd.typ, get: fd.get}
	if of == "account" && name == "stage" && len(k.stages) > 0 {
		sl.values = append([]string{""}, k.stages...)
	}
	return k.use(node, k.slotOf(sl.text, func() slot { return sl }))
}

func (k *checker) attribute(node *ast.Node, n *ast.MemberNode, name string) Type {
	typ, known := k.attributes[name]
	if !known {
		return k.unknown(n.Property.Location(), "attribute of account", name, slices.Collect(maps.Keys(k.attributes)))
	}
	key := "account.attributes." + name
	return k.use(node, k.slotOf(key, func() slot { return slot{text: key, typ: typ, get: attribute(name, typ)} }))
}

func (k *checker) milestone(node *ast.Node, n *ast.MemberNode, call *ast.CallNode, name string) Type {
	if len(call.Arguments) != 1 {
		return k.wrong(call.Callee, `say milestone("kickoff").`+name, "milestone() takes one name")
	}
	s, ok := call.Arguments[0].(*ast.StringNode)
	if !ok {
		return k.wrong(call.Arguments[0], "", "a milestone is named by a text in quotes")
	}
	if !slices.Contains(k.milestones, s.Value) {
		return k.unknown(s.Location(), "milestone", s.Value, slices.Clone(k.milestones))
	}
	fields := milestoneFields(s.Value)
	fd, known := fields[name]
	if !known {
		return k.unknown(n.Property.Location(), "field of milestone", name, slices.Collect(maps.Keys(fields)))
	}
	key := fmt.Sprintf("milestone(%q).%s", s.Value, name)
	return k.use(node, k.slotOf(key, func() slot { return slot{text: key, typ: fd.typ, get: fd.get} }))
}

func (k *checker) call(node *ast.Node, n *ast.CallNode) Type {
	switch callee := n.Callee.(type) {
	case *ast.MemberNode:
		return k.feature(node, n, callee)
	case *ast.IdentifierNode:
		return k.function(node, n, callee)
	}
	return k.wrong(n, "", "this cannot be called")
}

// function checks days(), milestone() and the words of templates.
func (k *checker) function(node *ast.Node, n *ast.CallNode, callee *ast.IdentifierNode) Type {
	switch name := callee.Value; name {
	case "milestone":
		return k.wrong(callee, "say which of .reached .due .late_by .date", "a milestone is not a value")
	case "peers":
		return k.wrong(callee, "say which of ."+strings.Join(peerFieldNames, " ."), "peers() alone is not a number")
	case "days":
		if len(n.Arguments) == 1 {
			if v, ok := n.Arguments[0].(*ast.IntegerNode); ok {
				ast.Patch(node, &ast.IntegerNode{Value: v.Value})
				return Number
			}
		}
		return k.wrong(callee, "", "days() takes a whole number, as in days(60)")
	case "percent", "number", "date":
		return k.format(node, n, callee, name)
	case "now", "today":
		from, length := k.place(callee.Location())
		return k.report(from, length+2, name+"() is not available: time is passed in", "the account's local day is account.day", "account.day")
	default:
		return k.unknown(callee.Location(), "function", name, []string{"days", "milestone", "peers", "percent", "number", "date"})
	}
}

// format checks percent(x), number(x) and date(d), which write a value in the
// reader's language.
func (k *checker) format(node *ast.Node, n *ast.CallNode, callee *ast.IdentifierNode, name string) Type {
	want, write := Number, writePercent
	switch name {
	case "number":
		write = writeNumber
	case "date":
		want, write = Day, nil
	}
	if !k.template {
		return k.wrong(callee, "compare the value itself", "%s() is for texts in {{ }}", name)
	}
	if len(n.Arguments) != 1 {
		return k.wrong(callee, "", "%s() takes one %s", name, want)
	}
	typ := k.check(&n.Arguments[0])
	if typ == "" {
		return ""
	}
	if typ != want {
		return k.wrong(n.Arguments[0], "", "%s() takes a %s, and this is a %s", name, want, typ)
	}
	arg, err := k.inner(n.Arguments[0], want)
	if err != nil {
		return k.wrong(callee, "", "%v", err)
	}
	return k.use(node, k.addSlot(slot{text: name + "(" + k.slots[arg].text + ")", typ: Text, fresh: true, reads: []int{arg}, get: func(f *Facts) result {
		r := *f.slot(arg)
		switch {
		case !r.gap.known():
		case write == nil:
			r = result{text: writeDate(Date(r.number), f.today, f.lang)}
		default:
			r = result{text: write(r.number, f.lang)}
		}
		return r
	}}))
}
