// Package format writes a book's file the way the starter book is written: fields in
// the order of the reference, two spaces a level, comments with what they are about.
//
// It moves and indents lines and changes nothing within them, so that a text, a quote
// or a { } written on one line stays as its author wrote it.
package format

import (
	"bytes"
	"cmp"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"playcaller/playbooks"
)

// ErrNotYAML says that the file cannot be read; lint says where.
var ErrNotYAML = errors.New("the file is not YAML: lint says where")

// errChanged says that formatting would have changed what the file says. Then the file
// is left as it is.
var errChanged = errors.New("the file cannot be put in order without changing what it says; it is left as it is")

// File returns a book's file in canonical form. name says which kind of file it is.
func File(name string, src []byte) ([]byte, error) {
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	tree, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil || len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, ErrNotYAML
	}
	f := &file{lines: strings.Split(strings.TrimRight(string(src), " \n")+"\n", "\n")}
	f.lines = f.lines[:len(f.lines)-1]
	var thing *playbooks.Thing
	if !strings.HasSuffix(name, "_test.yaml") {
		if thing = playbooks.ThingOf(name); thing == nil {
			thing = playbooks.ThingOf("a playbook")
		}
	}
	// What stands above the first field is about the file.
	head := firstLine(tree.Docs[0].Body)
	out := f.comments(0, head, 0)
	out = append(out, f.value(tree.Docs[0].Body, kind{thing: thing}, head, len(f.lines), 0)...)
	formatted := []byte(strings.Join(squeezed(out), "\n") + "\n")
	if !same(src, formatted) {
		return nil, errChanged
	}
	return formatted, nil
}

// same reports whether two files say the same, in fields and in comments.
func same(a, b []byte) bool {
	var x, y any
	if yaml.Unmarshal(a, &x) != nil || yaml.Unmarshal(b, &y) != nil || !reflect.DeepEqual(x, y) {
		return false
	}
	return slices.Equal(words(a), words(b))
}

// words returns everything that a file has besides space, whatever the order.
func words(src []byte) []string {
	all := strings.Fields(string(src))
	slices.Sort(all)
	return all
}

// A file is put in order by the places of its nodes.
type file struct{ lines []string }

// A kind says what a value is, as far as that decides the order of its fields.
type kind struct {
	thing *playbooks.Thing // of a mapping, or of a list's entries
	each  *playbooks.Thing // of a mapping's values
	lists *playbooks.Thing // of the entries of lists that a mapping has for values
}

// kindOf reads a type of the format's description.
func kindOf(typ string) kind {
	var k kind
	for one := range strings.SplitSeq(typ, " | ") {
		name := strings.TrimPrefix(one, "list of ")
		if thing, ok := strings.CutPrefix(name, "thing "); ok {
			k.thing = cmp.Or(k.thing, playbooks.ThingOf(thing))
		}
		if thing, ok := strings.CutPrefix(one, "map of thing "); ok {
			k.each = cmp.Or(k.each, playbooks.ThingOf(thing))
		}
		if thing, ok := strings.CutPrefix(one, "map of list of thing "); ok {
			k.lists = cmp.Or(k.lists, playbooks.ThingOf(thing))
		}
	}
	return k
}

// value returns lines [from, to), which hold a value and the comments about it, with
// the value's own lines indented by indent.
func (f *file) value(n ast.Node, k kind, from, to, indent int) []string {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return f.mapping(v.Values, k, from, to, indent)
		}
	case *ast.MappingValueNode:
		return f.mapping([]*ast.MappingValueNode{v}, k, from, to, indent)
	case *ast.SequenceNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return f.sequence(v, k, from, to, indent)
		}
	}
	return f.shifted(from, to, indent)
}

// An entry is a field or a list's element: the lines of comments above it, and its own.
type entry struct {
	name  string
	lines []string
}

// mapping puts a mapping's fields in order.
func (f *file) mapping(values []*ast.MappingValueNode, k kind, from, to, indent int) []string {
	starts := make([]int, len(values))
	column := 0
	for i, v := range values {
		p := v.Key.GetToken().Position
		starts[i], column = p.Line-1, p.Column-1
	}
	bounds := f.bounds(starts, from, to, column)
	entries := make([]entry, len(values))
	for i, v := range values {
		name := v.Key.GetToken().Value
		of := kind{}
		switch {
		case k.lists != nil && isList(v.Value):
			of = kind{thing: k.lists}
		case k.each != nil:
			of = kind{thing: k.each}
		case k.thing != nil:
			if field := k.thing.Field(name); field != nil {
				of = kindOf(field.Type)
			}
		}
		lines := f.comments(bounds[i], starts[i], indent)
		first, rest := f.lines[starts[i]], starts[i]+1
		lines = append(lines, spaces(indent)+strings.TrimLeft(first, " "))
		if p := v.Value.GetToken().Position; below(v.Value) && p != nil && firstLine(v.Value) > starts[i] {
			lines = append(lines, f.value(v.Value, of, rest, bounds[i+1], indent+2)...)
		} else {
			lines = append(lines, f.moved(rest, bounds[i+1], indent-column)...)
		}
		entries[i] = entry{name, lines}
	}
	if k.thing != nil {
		slices.SortStableFunc(entries, func(a, b entry) int { return place(k.thing, a.name) - place(k.thing, b.name) })
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.lines...)
	}
	return out
}

// place returns where a field stands in the reference; an unknown one comes last.
func place(t *playbooks.Thing, name string) int {
	for i, f := range t.Fields {
		if f.Name == name {
			return i
		}
	}
	return len(t.Fields)
}

// sequence indents a list's elements and puts the fields of each in order.
func (f *file) sequence(v *ast.SequenceNode, k kind, from, to, indent int) []string {
	starts := make([]int, len(v.Values))
	column := v.Start.Position.Column - 1
	for i, one := range v.Values {
		starts[i] = f.dash(firstLine(one), column)
	}
	bounds := f.bounds(starts, from, to, column)
	var out []string
	for i, one := range v.Values {
		out = append(out, f.comments(bounds[i], starts[i], indent)...)
		line := f.lines[starts[i]]
		after := strings.TrimLeft(line[column+1:], " ")
		if !below(one) || firstLine(one) != starts[i] {
			out = append(out, spaces(indent)+"- "+after)
			out = append(out, f.moved(starts[i]+1, bounds[i+1], indent-column)...)
			continue
		}
		// The first field stands behind the dash: without it the element is a block as any other.
		inner := len(line) - len(after)
		f.lines[starts[i]] = spaces(inner) + after
		lines := f.value(one, k, starts[i], bounds[i+1], indent+2)
		f.lines[starts[i]] = line
		first := slices.IndexFunc(lines, func(s string) bool { return isContent(s) })
		lines[first] = spaces(indent) + "- " + strings.TrimLeft(lines[first], " ")
		out = append(out, lines...)
	}
	return out
}

// dash returns the line at or above the given one in which the list's dash stands.
func (f *file) dash(line, column int) int {
	for i := line; i >= 0; i-- {
		if s := f.lines[i]; len(s) > column && s[column] == '-' && strings.TrimLeft(s[:column], " ") == "" {
			return i
		}
	}
	return line
}

// below reports whether a value is a block, whose lines have an order of their own.
func below(n ast.Node) bool {
	switch v := n.(type) {
	case *ast.MappingNode:
		return !v.IsFlowStyle && len(v.Values) > 0
	case *ast.MappingValueNode:
		return true
	case *ast.SequenceNode:
		return !v.IsFlowStyle && len(v.Values) > 0
	}
	return false
}

// isList reports whether a value is a list.
func isList(n ast.Node) bool {
	_, list := n.(*ast.SequenceNode)
	return list
}

// firstLine returns the index of the line in which a node begins.
func firstLine(n ast.Node) int {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return firstLine(v.Values[0])
		}
	case *ast.MappingValueNode:
		return v.Key.GetToken().Position.Line - 1
	case *ast.SequenceNode:
		return v.Start.Position.Line - 1
	}
	return n.GetToken().Position.Line - 1
}

// bounds returns where each entry's lines begin, with the comments above it, and where
// the last one's end.
func (f *file) bounds(starts []int, from, to, column int) []int {
	bounds := make([]int, 0, len(starts)+1)
	previous := from
	for i, start := range starts {
		at := start
		for at > previous && (isBlank(f.lines[at-1]) || isComment(f.lines[at-1]) && (i == 0 || indentOf(f.lines[at-1]) <= column)) {
			at--
		}
		if i == 0 {
			at = from
		}
		bounds = append(bounds, at)
		previous = start + 1
	}
	return append(bounds, to)
}

// comments returns the lines above an entry.
func (f *file) comments(from, to, indent int) []string {
	var out []string
	for _, line := range f.lines[from:to] {
		if isBlank(line) {
			out = append(out, "")
			continue
		}
		out = append(out, spaces(indent)+strings.TrimSpace(line))
	}
	return out
}

// shifted moves lines so that the first with content is indented by indent.
func (f *file) shifted(from, to, indent int) []string {
	for _, line := range f.lines[from:to] {
		if isContent(line) {
			return f.moved(from, to, indent-indentOf(line))
		}
	}
	return f.moved(from, to, 0)
}

// moved indents lines by so many columns more, or fewer.
func (f *file) moved(from, to, by int) []string {
	var out []string
	for _, line := range f.lines[from:to] {
		switch {
		case isBlank(line):
			line = ""
		case by > 0:
			line = spaces(by) + line
		case by < 0:
			line = line[min(-by, indentOf(line)):]
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// blockText is a line whose value is a text of several lines below it.
var blockText = regexp.MustCompile(`: *[|>][0-9+-]*( +#.*)?$`)

// squeezed leaves at most one empty line between others, and none at the beginning
// and the end. Within a text of several lines they are part of it.
func squeezed(lines []string) []string {
	var out []string
	within := -1 // the indentation of the field whose text this is
	for _, line := range lines {
		line = strings.TrimRight(line, " ")
		if line != "" && indentOf(line) <= within {
			within = -1
		}
		if line == "" && within < 0 && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		if within < 0 && blockText.MatchString(line) {
			within = indentOf(line)
		}
		out = append(out, line)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

func spaces(n int) string        { return strings.Repeat(" ", n) }
func indentOf(line string) int   { return len(line) - len(strings.TrimLeft(line, " ")) }
func isBlank(line string) bool   { return strings.TrimSpace(line) == "" }
func isComment(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "#") }
func isContent(line string) bool { return !isBlank(line) && !isComment(line) }
