package playbooks

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// syntaxError reports what the YAML parser did not understand, with the usual
// cause where one is known. A quote or bracket that was never closed makes the
// parser fail somewhere below; the place to look is where it was opened.
func (d *document) syntaxError(at *token.Token, message string) {
	pos := Pos{d.file, 1, 1}
	if at != nil && at.Position != nil {
		pos = d.tokenPos(at)
	}
	mend, fix := "compare the line and the one before it with a playbook that works", ""
	switch {
	case strings.Contains(message, "mapping value is not allowed"):
		fix = d.quotedValue(pos.Line)
		mend = `a text with ": " in it, or one that begins with { or [, needs quotes: "…", or '…' where it has " in it`
	case strings.Contains(message, "flow map"), strings.Contains(message, "flow mapping"):
		mend = "inside { } put an expression or text with a comma, a { or a [ in quotes: '…' where it has \" in it"
	case strings.Contains(message, "cannot start any token"):
		mend = `put the text in quotes: "…"`
	case strings.Contains(message, "reserved character"):
		mend = "remove it; a text that begins with it needs quotes, and people are named by their id in team.yaml"
	case strings.Contains(message, "must be specified"):
		mend = "a comma is missing before it, or the quote of the text before it"
	case strings.Contains(message, "non-map value"), strings.Contains(message, "unexpected key name"):
		mend = "a field is written `name: value`, and fields of one thing begin in the same column"
	}
	if strings.HasPrefix(message, "value is not allowed in this context") && pos.Line > 1 {
		mend = d.outOfLine(pos.Line)
	}
	if at, wide := d.wideColon(pos.Line); wide {
		d.failAt(at, "write a half-width colon and a space: name: value", "the colon is full-width, so this is no field")
		return
	}
	if at, wide := d.wideSpace(pos.Line); wide {
		d.failAt(at, "indent with two plain spaces a level", "a full-width space stands in the indentation")
		return
	}
	if at, sign := d.wideBracket(pos.Line); sign != "" {
		d.failAt(at, "write "+map[string]string{"｛": "{", "［": "["}[sign]+", and close it half-width too", "the bracket %s is full-width, so a text begins here", sign)
		return
	}
	if open, what := d.opened(pos.Line); what != 0 {
		d.failAt(open, "close it in the same line", "%c is opened here and never closed, so this is not YAML", what)
		return
	}
	d.failAt(pos, mend, "this is not YAML: %s", message)
	if fix != "" && len(d.problems) > 0 {
		d.problems[len(d.problems)-1].Fix = fix
	}
}

// plainField is a field of a line of its own with a value that has no quotes around it.
var plainField = regexp.MustCompile(`^( *(?:- +)?[a-z_]+: +)([^ "'{\[|>&*!#].*?)( +#.*)?$`)

// quotedValue returns a line with quotes around its value, in which a colon and a space made YAML see another field: those
// that the value does not use itself, as an expression does. It is "" where the value spans more than the line.
func (d *document) quotedValue(line int) string {
	m := plainField.FindStringSubmatch(d.lines[min(line, len(d.lines))-1])
	if m == nil || !strings.Contains(m[2], ": ") || strings.Count(m[2], `"`)%2 == 1 {
		return ""
	}
	value := `"` + m[2] + `"`
	if strings.ContainsAny(m[2], `"\`) {
		value = "'" + strings.ReplaceAll(m[2], "'", "''") + "'"
	}
	return strings.TrimSpace(m[1] + value + m[3])
}

// outOfLine says in which column a line begins and in which it should: an entry of a list as the one before it, another
// field as the line above.
func (d *document) outOfLine(line int) string {
	hyphen := func(i int) int {
		text := d.lines[i-1]
		if field := strings.TrimLeft(text, " "); strings.HasPrefix(field, "- ") {
			return len(text) - len(field) + 1
		}
		return 0
	}
	if here := hyphen(line); here > 0 {
		near := 0
		for i := line - 1; i > 0; i-- {
			if at := hyphen(i); at > 0 && at != here && (near == 0 || abs(at-here) < abs(near-here)) {
				near = at
			}
		}
		if near > 0 {
			return fmt.Sprintf("entries of one list begin in the same column: a hyphen above stands in column %d, this one in column %d", near, here)
		}
	}
	above := line - 1
	for above > 1 && strings.TrimSpace(d.lines[above-1]) == "" {
		above--
	}
	return fmt.Sprintf("fields of one thing begin in the same column: the line above begins in column %d, this one in column %d", d.begins(above), d.begins(line))
}

func abs(n int) int { return max(n, -n) }

// begins returns the column in which a line's field begins: behind the hyphen of an entry
// of a list.
func (d *document) begins(line int) int {
	text := d.lines[min(line, len(d.lines))-1]
	field := strings.TrimLeft(text, " ")
	for strings.HasPrefix(field, "- ") {
		field = strings.TrimLeft(field[1:], " ")
	}
	return len(text) - len(field) + 1
}

// wideField is a field whose colon was typed on a Japanese keyboard.
var wideField = regexp.MustCompile(`^ *(?:- +)?[A-Za-z0-9_-]+：`)

// wideColon looks for one, from the line on in which the parser gave up to the file's
// beginning.
func (d *document) wideColon(from int) (Pos, bool) {
	for i := min(from, len(d.lines)); i >= 1; i-- {
		if m := wideField.FindString(d.lines[i-1]); m != "" {
			return Pos{d.file, i, utf8.RuneCountInString(m)}, true
		}
	}
	return Pos{}, false
}

// wideSpace looks for a full-width space in the indentation of a line or of one beside it.
func (d *document) wideSpace(line int) (Pos, bool) {
	for i := max(line-1, 1); i <= min(line+1, len(d.lines)); i++ {
		if spaces := len(d.lines[i-1]) - len(strings.TrimLeft(d.lines[i-1], " ")); strings.HasPrefix(d.lines[i-1][spaces:], "　") {
			return Pos{d.file, i, spaces + 1}, true
		}
	}
	return Pos{}, false
}

// wideValue is a list or a mapping whose bracket was typed on a Japanese keyboard.
var wideValue = regexp.MustCompile(`^[^"']*?(?:: |- |, ?|\{ ?|\[ ?)([｛［])`)

// wideBracket looks for one in a line.
func (d *document) wideBracket(line int) (Pos, string) {
	text := d.lines[min(line, len(d.lines))-1]
	m := wideValue.FindStringSubmatchIndex(text)
	if m == nil {
		return Pos{}, ""
	}
	return Pos{d.file, line, utf8.RuneCountInString(text[:m[2]]) + 1}, text[m[2]:m[3]]
}

// opened looks for a quote that is not closed in its line, or else a bracket that
// is not closed before a line, and returns where it was opened; 0 where there is none.
func (d *document) opened(until int) (Pos, rune) {
	type opening struct {
		at   Pos
		what rune
	}
	var brackets []opening
	block := -1 // indentation of the field whose | or > text we are in
	for i := 0; i < min(until, len(d.lines)); i++ {
		line := []rune(d.lines[i])
		indent := len(d.lines[i]) - len(strings.TrimLeft(d.lines[i], " "))
		if block >= 0 && (indent > block || strings.TrimSpace(d.lines[i]) == "") {
			continue
		}
		block = -1
		last := ':' // the last character that was no space: a value begins after some
		for k := 0; k < len(line); k++ {
			c := line[k]
			begins := strings.ContainsRune(":,-[{", last)
			switch {
			case c == '#' && (k == 0 || line[k-1] == ' '):
				k = len(line)
				continue
			case (c == '"' || c == '\'') && begins:
				end := closing(line, k)
				if end < 0 {
					return Pos{d.file, i + 1, k + 1}, c
				}
				k = end
			case (c == '[' || c == '{') && begins:
				brackets = append(brackets, opening{Pos{d.file, i + 1, k + 1}, c})
			case (c == ']' || c == '}') && len(brackets) > 0:
				brackets = brackets[:len(brackets)-1]
			case (c == '|' || c == '>') && begins && k >= len(line)-2:
				block = indent
			}
			if c != ' ' {
				last = c
			}
		}
	}
	if len(brackets) == 0 {
		return Pos{}, 0
	}
	return brackets[len(brackets)-1].at, brackets[len(brackets)-1].what
}

// closing returns where the quote that opens at k is closed, or -1.
func closing(line []rune, k int) int {
	for i := k + 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && line[k] == '"':
			i++
		case line[i] == line[k] && line[k] == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case line[i] == line[k]:
			return i
		}
	}
	return -1
}
