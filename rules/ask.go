package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// formOf returns how a feature is asked for.
func formOf(name string) (featureForm, bool) {
	for _, form := range featureForms() {
		if string(form.op) == name {
			return form, true
		}
	}
	return featureForm{}, false
}

// exampleFor returns a feature that suits a signal.
func exampleFor(def SignalDef) string {
	switch def.Kind {
	case Gauge:
		return def.Name + ".last()"
	case Unique:
		return def.Name + `.distinct("28d")`
	}
	return def.Name + `.sum("7d")`
}

// featuresFor lists the features that suit a kind.
func featuresFor(kind Kind) []string {
	var names []string
	for _, form := range featureForms() {
		if slices.Contains(form.kinds, kind) {
			names = append(names, string(form.op))
		}
	}
	return names
}

func (k *checker) featureWithoutCall(n *ast.MemberNode, def SignalDef, name string) Type {
	form, known := formOf(name)
	if !known {
		return k.unknown(n.Property.Location(), "feature", name, featuresFor(def.Kind))
	}
	from, length := k.place(n.Property.Location())
	return k.report(from, length, fmt.Sprintf("%s.%s needs brackets", def.Name, name), "", form.example)
}

// feature checks SIGNAL.FEATURE(…) and SIGNAL.by("VALUE").FEATURE(…).
func (k *checker) feature(node *ast.Node, n *ast.CallNode, callee *ast.MemberNode) Type {
	name, ok := property(callee)
	if !ok {
		return k.wrong(callee, "", "a feature must be named")
	}
	def, by, ok := k.signalOf(callee.Node)
	if !ok {
		return ""
	}
	form, known := formOf(name)
	switch {
	case !known:
		return k.unknown(callee.Property.Location(), "feature", name, featuresFor(def.Kind))
	case form.op == opBy:
		return k.wrong(callee.Property, `ask a feature of it, such as `+def.Name+`.by("VALUE").sum("7d")`, "by() alone is not a number")
	case !slices.Contains(form.kinds, def.Kind):
		return k.unsuited(callee, def, form)
	case form.op == opTop && (def.Dimension == "" || by != ""):
		return k.wrong(callee.Property, "declare its dimension in signals.yaml", "top() names a value of a dimension, and %s has none here", def.Name)
	}
	ft := newFeature(form.op, def)
	ft.by = by
	if !k.arguments(n, callee, form, ft) {
		return ""
	}
	typ := Number
	if form.op == opTop {
		typ = Text
	}
	key := ft.String()
	return k.use(node, k.slotOf(key, func() slot { return slot{text: key, typ: typ, feature: ft} }))
}

// unsuited reports a feature that a signal of that kind does not have.
func (k *checker) unsuited(callee *ast.MemberNode, def SignalDef, form featureForm) Type {
	advice := fmt.Sprintf("a %s signal has: %s", def.Kind, strings.Join(featuresFor(def.Kind), ", "))
	return k.wrong(callee.Property, advice, "%s() does not suit %s, which is a %s", form.op, def.Name, def.Kind)
}

// signalOf returns the signal that a feature is asked of, and the value of its
// dimension.
func (k *checker) signalOf(node ast.Node) (def SignalDef, by string, ok bool) {
	if call, isCall := node.(*ast.CallNode); isCall {
		return k.signalBy(call)
	}
	id, isID := node.(*ast.IdentifierNode)
	if !isID {
		k.wrong(node, "", "features are asked of a signal")
		return def, "", false
	}
	def, ok = k.signals[id.Value]
	if !ok {
		candidates := slices.Collect(maps.Keys(k.signals))
		k.unknown(id.Location(), "signal", id.Value, candidates)
	}
	return def, "", ok
}

func (k *checker) signalBy(call *ast.CallNode) (def SignalDef, by string, ok bool) {
	member, isMember := call.Callee.(*ast.MemberNode)
	if !isMember {
		k.wrong(call, "", "features are asked of a signal")
		return def, "", false
	}
	if name, _ := property(member); name != string(opBy) {
		k.wrong(member.Property, `only by("VALUE") may be followed by a feature`, "nothing can be asked of %s()", name)
		return def, "", false
	}
	def, by, ok = k.signalOf(member.Node)
	if !ok {
		return def, "", false
	}
	if def.Dimension == "" || by != "" {
		k.wrong(member.Property, "declare its dimension in signals.yaml", "%s has no dimension to choose by", def.Name)
		return def, "", false
	}
	if len(call.Arguments) == 1 {
		if s, isText := call.Arguments[0].(*ast.StringNode); isText && s.Value != "" {
			return def, s.Value, true
		}
	}
	k.wrong(member.Property, "", `by() takes one %s in quotes`, def.Dimension)
	return def, "", false
}

// arguments reads a feature's window and options.
func (k *checker) arguments(n *ast.CallNode, callee *ast.MemberNode, form featureForm, ft *feature) bool {
	args := n.Arguments
	if form.op == opTop {
		if len(args) == 0 {
			k.wrong(callee.Property, "", `top() takes a feature and a window, as in %s.%s`, ft.signal, form.example)
			return false
		}
		of, ok := args[0].(*ast.StringNode)
		if !ok || !slices.Contains([]string{"sum", "max", "drop", "spike"}, of.Value) {
			k.wrong(args[0], "", `top() is by "sum", "max", "drop" or "spike"`)
			return false
		}
		ft.of = featureOp(of.Value)
		if inner, _ := formOf(of.Value); !slices.Contains(inner.kinds, ft.kind) {
			k.wrong(args[0], "", "%s() does not suit a %s", of.Value, ft.kind)
			return false
		}
		args = args[1:]
	}
	if form.window {
		if len(args) == 0 {
			from, length := k.place(callee.Property.Location())
			k.report(from, length+2, fmt.Sprintf("%s() needs a window of days", form.op), "", form.example)
			return false
		}
		if !k.window(args[0], ft) {
			return false
		}
		args = args[1:]
	}
	if (form.vs || form.alarms) && len(args) > 0 {
		if !k.options(args[0], form, ft) {
			return false
		}
		args = args[1:]
	}
	if len(args) > 0 {
		k.wrong(args[0], "", "%s() takes no more here; write %s.%s", form.op, ft.signal, form.example)
		return false
	}
	return true
}

// window reads "7d" or "8w".
func (k *checker) window(arg ast.Node, ft *feature) bool {
	s, ok := arg.(*ast.StringNode)
	if !ok {
		if p, isPeriod := k.periodNode(arg); isPeriod && (p.Days > 0 || p.Minutes > 0) {
			from, length := k.place(arg.Location())
			k.report(from, length, "a window stands in quotes", "", fmt.Sprintf("%q", p))
			return false
		}
		if v, isNumber := numberOf(arg); isNumber {
			from, length := k.place(arg.Location())
			k.report(from, length, "a window says its unit", "", fmt.Sprintf(`"%gd"`, v))
			return false
		}
		k.wrong(arg, "", `a window is a text such as "7d" or "8w"`)
		return false
	}
	p, err := ParsePeriod(s.Value)
	if err == nil && p.Minutes > 0 {
		return k.hourWindow(arg, p, ft)
	}
	switch {
	case err != nil || p.WorkingDays > 0:
		fix := ""
		if p.WorkingDays > 0 {
			fix = fmt.Sprintf(`"%dd"`, p.WorkingDays)
		} else if allDigits(s.Value) {
			fix = `"` + s.Value + `d"`
		}
		from, length := k.place(arg.Location())
		k.report(from, length, fmt.Sprintf(`window %q: want whole days or weeks, such as "7d" or "8w"`, s.Value), "", fix)
		return false
	case p.Days < 1 || p.Days > KeepDays:
		k.wrong(arg, "", "window %q: want 1 to %d days", s.Value, KeepDays)
		return false
	}
	ft.window = p.Days
	return k.reach(arg, ft)
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// reach checks that what a feature looks back on is kept.
func (k *checker) reach(arg ast.Node, ft *feature) bool {
	if ft.hours > 0 {
		if weeks := KeepHourly/hoursOfWeek - 1; ft.weeks > weeks {
			k.wrong(arg, fmt.Sprintf(`write {vs: "%dw"} or less`, weeks), "the hours of %d weeks are kept", weeks+1)
			return false
		}
		return true
	}
	keep, days := KeepDays, ft.window
	if ft.by != "" || ft.op == opTop {
		keep = KeepByDays
	}
	switch ft.op {
	case opExpected, opDrop, opSpike, opShift, opShiftDays:
		days += 7 * ft.looksBack()
	}
	if ft.of == opDrop || ft.of == opSpike {
		days += 7 * ft.looksBack()
	}
	if days > keep {
		k.wrong(arg, "", "this looks back %d days, and %d are kept", days, keep)
		return false
	}
	return true
}

// looksBack returns how many weeks before its window a feature looks at.
func (ft *feature) looksBack() int {
	if ft.weeks > 0 {
		return ft.weeks
	}
	return levelWeeks
}

// options reads {vs: "8w", alarms: "1/year"}.
func (k *checker) options(arg ast.Node, form featureForm, ft *feature) bool {
	var names []string
	example := `{alarms: "1/year"}`
	if form.vs {
		names, example = append(names, "vs"), `{vs: "8w"}`
	}
	if form.alarms {
		names = append(names, "alarms")
	}
	m, ok := arg.(*ast.MapNode)
	if !ok {
		k.wrong(arg, "", "options are written as %s", example)
		return false
	}
	for _, one := range m.Pairs {
		pair := one.(*ast.PairNode)
		key, _ := pair.Key.(*ast.StringNode)
		if key == nil || !slices.Contains(names, key.Value) {
			name := ""
			if key != nil {
				name = key.Value
			}
			k.unknown(pair.Key.Location(), "option", name, names)
			return false
		}
		s, isText := pair.Value.(*ast.StringNode)
		switch {
		case key.Value == "vs" && !k.versus(pair.Value, s, isText, ft):
			return false
		case key.Value == "alarms" && !k.alarms(pair.Value, s, isText, ft):
			return false
		}
	}
	return k.reach(arg, ft)
}

// versus reads "8w".
func (k *checker) versus(value ast.Node, s *ast.StringNode, isText bool, ft *feature) bool {
	if !isText {
		k.wrong(value, "", `vs is a text such as "8w"`)
		return false
	}
	p, err := ParsePeriod(s.Value)
	if err != nil || p.Days%7 != 0 || p.Days < 7*leastWeeks || p.Days > 7*26 {
		k.wrong(value, "", "vs %q: want %d to 26 whole weeks, such as \"8w\"", s.Value, leastWeeks)
		return false
	}
	ft.weeks = p.Days / 7
	return true
}

// alarms reads "1/year".
func (k *checker) alarms(value ast.Node, s *ast.StringNode, isText bool, ft *feature) bool {
	from, length := k.place(value.Location())
	if !isText {
		k.report(from, length, "alarms is a text: how many alarms chance may bring", "", `"1/year"`)
		return false
	}
	perYear, err := parseAlarms(s.Value)
	if err != nil {
		fix := ""
		if near := Nearest(s.Value, []string{"1/week", "1/month", "1/quarter", "1/year"}); near != "" && !alarmForm.MatchString(s.Value) {
			fix = fmt.Sprintf("%q", near)
		}
		k.report(from, length, err.Error(), "", fix)
		return false
	}
	ft.alarms, ft.asked = perYear, s.Value
	return true
}
