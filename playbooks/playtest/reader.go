package playtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"playcaller/playbooks"
	"playcaller/rules"
)

// maxProblems bounds what one test file reports: after so many, the rest is noise.
const maxProblems = 100

// A reader reads one test file and collects every mistake in it.
type reader struct {
	book     *playbooks.Book
	file     string
	lines    []string
	problems []playbooks.Problem
}

// parse returns the file's root node, or nil. A file that is no YAML at all has been
// reported by playbooks.Load already, which parses every file of a book.
func (r *reader) parse(src []byte) (root ast.Node) {
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	r.lines = strings.Split(string(src), "\n")
	defer func() {
		if p := recover(); p != nil {
			root = nil
			r.failAt(1, 1, 1, "write it like the tests of the starter book", "this is not YAML: %v", p)
		}
	}()
	tree, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, _, _ := strings.Cut(err.Error(), "\n")
		r.failAt(1, 1, 1, "write it like the tests of the starter book", "this is not YAML: %s", message)
		return nil
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		r.failAt(1, 1, 1, "write accounts: and tests:, or remove the file", "the test file is empty")
		return nil
	}
	return tree.Docs[0].Body
}

// fail reports a mistake at a node; mend says what to do.
func (r *reader) fail(n ast.Node, mend, format string, args ...any) {
	line, column := placeOf(n)
	width := 1
	if s, ok := n.(ast.ScalarNode); ok && s.GetToken() != nil {
		width = len([]rune(strings.TrimSpace(s.GetToken().Value)))
	}
	r.failAt(line, column, width, mend, format, args...)
}

func (r *reader) failAt(line, column, width int, mend, format string, args ...any) {
	if len(r.problems) >= maxProblems {
		return
	}
	p := playbooks.Problem{File: r.file, Line: line, Column: column, Level: rules.Error, Message: fmt.Sprintf(format, args...), Suggestion: mend}
	p.Source = rules.Source{File: r.file, Line: line, Column: 1}
	if line >= 1 && line <= len(r.lines) {
		text := []rune(r.lines[line-1])
		from := min(max(column-1, 0), len(text))
		to := min(from+max(width, 1), len(text))
		p.Source.Text = r.lines[line-1]
		p.Offset, p.Length = len(string(text[:from])), len(string(text[from:to]))
	}
	r.problems = append(r.problems, p)
}

// placeOf returns where a node begins, from 1.
func placeOf(n ast.Node) (line, column int) {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return placeOf(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return placeOf(v.Key)
	case *ast.SequenceNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return placeOf(v.Values[0])
		}
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	at := n.GetToken().Position
	return max(at.Line, 1), max(at.Column, 1)
}

// A field is one key that a mapping may have.
type field struct {
	name string
	read func(n ast.Node)
}

// fields reads a mapping with known keys and returns the nodes of those it has; what
// names the thing in messages.
func (r *reader) fields(n ast.Node, what string, known ...field) map[string]ast.Node {
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.name
	}
	seen := map[string]ast.Node{}
	r.entries(n, what, func(key string, k, v ast.Node) {
		i := slices.Index(names, key)
		switch {
		case i < 0:
			r.fail(k, meant(key, names), "%s has no field %q", what, key)
		case isNull(v):
			r.fail(k, "give it a value, or remove the line", "%s of %s has no value", key, what)
		default:
			seen[key] = k
			known[i].read(v)
		}
	})
	return seen
}

// entries calls read with every entry of a mapping; keys that come twice are reported.
func (r *reader) entries(n ast.Node, what string, read func(key string, k, v ast.Node)) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.fail(n, "write fields, as in `name: value`", "%s is written as fields", what)
		return
	}
	seen := map[string]bool{}
	for _, v := range values {
		key, ok := scalar(v.Key)
		switch {
		case !ok:
			r.fail(v.Key, "name the field in a word", "a field of %s has no name", what)
		case seen[key]:
			r.fail(v.Key, "keep one of them", "%s of %s comes twice", key, what)
		default:
			seen[key] = true
			read(key, v.Key, v.Value)
		}
	}
}

// list returns the entries of a list; a single thing is a list of one.
func (r *reader) list(n ast.Node) []ast.Node {
	if s, ok := n.(*ast.SequenceNode); ok {
		return s.Values
	}
	return []ast.Node{n}
}

// text returns a scalar's text.
func (r *reader) text(n ast.Node, what string) string {
	s, ok := scalar(n)
	if !ok {
		r.fail(n, "write it in one line", "%s is a text", what)
	}
	return s
}

// oneOf reads a name that must be known.
func (r *reader) oneOf(n ast.Node, what string, known []string) string {
	s := r.text(n, what)
	if s != "" && !slices.Contains(known, s) {
		r.fail(n, meant(s, known), "there is no %s %q", what, s)
		return ""
	}
	return s
}

// value returns what a node holds, as JSON would.
func (r *reader) value(n ast.Node) any {
	var v any
	if err := yaml.NodeToValue(n, &v); err != nil {
		r.fail(n, "write a text, a number, true or false, a list or fields", "this value cannot be read")
		return nil
	}
	return plainValue(v)
}

// plainValue turns whole numbers into float64, as JSON does.
func plainValue(v any) any {
	switch v := v.(type) {
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = plainValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainValue(v[k])
		}
	}
	return v
}

// scalar returns a scalar's text as written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return strings.TrimRight(v.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func isNull(n ast.Node) bool {
	if n == nil {
		return true
	}
	_, null := n.(*ast.NullNode)
	return null
}

// meantWithin is meant for a word such as suppressed(outside): what is in brackets may be a
// part of the right one, and only what has brackets after the same word can be meant.
func meantWithin(outer, inner string, known []string) string {
	var all, containing []string
	for _, k := range known {
		if of, reason, ok := strings.Cut(strings.TrimSuffix(k, ")"), "("); ok && of == outer {
			all = append(all, reason)
			if len(inner) >= 3 && strings.Contains(reason, inner) {
				containing = append(containing, fmt.Sprintf("%q", k))
			}
		}
	}
	if len(all) == 0 {
		return meant(outer, known)
	}
	if len(containing) > 0 {
		return "did you mean " + strings.Join(containing, " or ") + "?"
	}
	if near := rules.Nearest(inner, all); near != "" {
		return fmt.Sprintf("did you mean %q?", outer+"("+near+")")
	}
	slices.Sort(all)
	return fmt.Sprintf("write %s(…) with one of: %s", outer, strings.Join(all, ", "))
}

// meant names the nearest known word, or what there is to choose from.
func meant(word string, known []string) string {
	if outer, inner, ok := strings.Cut(strings.TrimSuffix(word, ")"), "("); ok { // suppressed(outside)
		return meantWithin(outer, inner, known)
	}
	if near := rules.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	all := slices.Clone(known)
	slices.Sort(all)
	if len(all) > 25 {
		all = append(all[:25], "…")
	}
	return "known: " + strings.Join(all, ", ")
}
