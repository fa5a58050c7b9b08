package playbooks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"playcaller/rules"
)

// A Problem is a mistake in a book: where it is, what is wrong, and how to mend it.
type Problem = rules.Problem

// Hint is the level of a default that a reader of the file might not expect. Errors keep
// a book from being loaded; warnings and hints do not.
const Hint rules.Level = "hint"

// Broken reports whether problems keep a book from being loaded.
func Broken(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Level == rules.Error })
}

// fail reports a mistake at a node; mend says in one clause what to do.
func (d *document) fail(n ast.Node, mend, format string, args ...any) {
	d.report(d.pos(n), d.width(n), rules.Error, mend, format, args...)
}

// warn reports what loads but is most likely not meant.
func (d *document) warn(n ast.Node, mend, format string, args ...any) {
	d.report(d.pos(n), d.width(n), rules.Warning, mend, format, args...)
}

// hint points at a default that the file leaves unsaid.
func (d *document) hint(n ast.Node, mend, format string, args ...any) {
	d.report(d.pos(n), d.width(n), Hint, mend, format, args...)
}

// failAt reports a mistake at a place where there is no node.
func (d *document) failAt(at Pos, mend, format string, args ...any) {
	d.report(at, 1, rules.Error, mend, format, args...)
}

// width returns how many characters of its line a scalar covers, at least 1.
func (d *document) width(n ast.Node) int {
	if s, ok := n.(*ast.StringNode); ok && !strings.Contains(s.Value, "\n") {
		quotes := 0
		if t := s.Token.Type; t == token.DoubleQuoteType || t == token.SingleQuoteType {
			quotes = 2
		}
		return max(1, len([]rune(s.Value))+quotes)
	}
	if s, ok := n.(ast.ScalarNode); ok && s.GetToken() != nil {
		return max(1, len([]rune(s.GetToken().Value)))
	}
	return 1
}

// maxProblems bounds what one file can report: after so many, the rest is noise.
const maxProblems = 200

// report adds a problem whose Source is the line of the file, so that it prints
// with a caret below the right place.
func (l *loading) report(at Pos, width int, level rules.Level, mend, format string, args ...any) {
	if l.counts[at.File]++; l.counts[at.File] > maxProblems {
		return
	}
	p := Problem{File: at.File, Line: at.Line, Column: at.Column, Level: level, Message: fmt.Sprintf(format, args...), Suggestion: mend, Length: width}
	p = l.onLine(p)
	p.Fix = corrected(p)
	l.problems = append(l.problems, p)
}

var (
	suggested = regexp.MustCompile(`^did you mean "([^"]+)"\?`)
	oneWord   = regexp.MustCompile(`^["']?[=#]?[\pL\pN_-]+["']?$`)
)

// corrected returns the problem's line with the suggested name in the place of the
// wrong one, or "" where the name is only a part of what is underlined.
func corrected(p Problem) string {
	m := suggested.FindStringSubmatch(p.Suggestion)
	wrong := p.Source.Text[p.Offset : p.Offset+p.Length]
	if m == nil || !oneWord.MatchString(wrong) {
		return ""
	}
	right := m[1]
	if quote := wrong[0]; quote == '"' || quote == '\'' {
		right = string(quote) + right + string(quote)
	}
	return strings.TrimSpace(p.Source.Text[:p.Offset] + right + p.Source.Text[p.Offset+p.Length:])
}

// onLine gives a problem the file's line as its Source, and turns the width of the
// underlined part from characters to bytes.
func (l *loading) onLine(p Problem) Problem {
	p.Source = rules.Source{File: p.File, Line: p.Line, Column: 1}
	lines := l.sources[p.File]
	if p.Line < 1 || p.Line > len(lines) {
		p.Offset, p.Length = 0, 0
		return p
	}
	line := []rune(lines[p.Line-1])
	from := min(max(p.Column-1, 0), len(line))
	to := min(from+max(p.Length, 1), len(line))
	p.Source.Text = lines[p.Line-1]
	p.Offset = len(string(line[:from]))
	p.Length = len(string(line[from:to]))
	return p
}

// adopt takes over what the compiler found in an expression or text of node n,
// with the place in the file as YAML wrote it.
func (d *document) adopt(n ast.Node, text string, found []Problem) {
	for _, p := range found {
		if d.counts[d.file]++; d.counts[d.file] > maxProblems {
			return
		}
		at := d.within(n, text, p.Offset)
		inner, start := lineAt(text, p.Offset)
		underlined := []rune(text[min(p.Offset, len(text)):min(p.Offset+max(p.Length, 0), len(text))])
		p.File, p.Line, p.Column, p.Length = at.File, at.Line, at.Column, len(underlined)
		if p.Suggestion == "" && p.Fix == "" {
			p.Suggestion = mendExpression(p.Message)
		}
		fix := p.Fix
		p = d.onLine(p)
		if fix != "" && start >= 0 && strings.Contains(p.Source.Text, inner) {
			p.Fix = strings.TrimSpace(strings.Replace(p.Source.Text, inner, fix, 1))
		}
		d.problems = append(d.problems, p)
	}
}

// mendExpression says what to do about an expression where the compiler only says
// what is wrong.
func mendExpression(message string) string {
	switch {
	case strings.Contains(message, "name is taken"):
		return "choose another name"
	case strings.Contains(message, "not closed"):
		return "write {{ and }} around each expression"
	case strings.Contains(message, "ends too early"):
		return "finish it, as in logins.drop(\"14d\") >= 0.4"
	case strings.Contains(message, "is needed"):
		return "write an expression of that type; a fixed text needs quotes of its own"
	}
	return "compare it with the expressions of the starter book"
}

// lineAt returns the line of a text that holds the offset, and where it begins.
func lineAt(text string, offset int) (line string, start int) {
	offset = min(max(offset, 0), len(text))
	start = strings.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ = strings.Cut(text[start:], "\n")
	return line, start
}

// sorted returns the problems by file, line, column and text, without repetitions.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Level, b.Level), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool {
		return a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Level == b.Level && a.Message == b.Message
	})
}

// meant returns "did you mean X?" where one of the names is near, and otherwise
// what there is to choose from.
func meant(name string, names []string) string {
	if near := rules.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known: " + several(names)
}

// orElse adds another way to mend to what meant returned.
func orElse(meant, other string) string {
	if strings.HasSuffix(meant, "?") {
		return meant + " Or " + other
	}
	return meant + "; or " + other
}

// several lists names, sorted, and no more than a reader takes in.
func several(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	names = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(names))), func(name string) bool { return name == "" })
	const most = 15
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
