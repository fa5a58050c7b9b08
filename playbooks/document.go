package playbooks

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a book, so that a file put there by mistake is refused and not read.
const (
	MaxFileBytes = 256 << 10
	MaxBookBytes = 8 << 20
	MaxFiles     = 500
	maxNesting   = 40 // brackets or indentation levels; the deepest field of the format is at 8
)

// A document is one YAML file while it is decoded. It keeps the file's lines, so
// that every problem can name its place.
type document struct {
	*loading
	file  string
	src   []byte
	lines []string
	root  ast.Node // nil for an empty or broken file

	broken []string // lets with a mistake: what uses them is not compiled, as it would only repeat that
}

// open takes in a file's text. It reports what the parser is not to be asked about;
// ok is false then.
func (l *loading) open(file string, src []byte) (d *document, ok bool) {
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	d = &document{loading: l, file: file, src: src}
	if !d.readable(src) {
		return d, false
	}
	d.lines = strings.Split(string(src), "\n")
	l.sources[file] = d.lines
	return d, d.indentedWithSpaces() && d.shallow()
}

// A yamlTree is what the parser made of a file.
type yamlTree struct {
	file *ast.File
	err  error
}

// parseAll parses documents, as many at once as there are processors: half of the time
// that a book takes to load is the parser's.
func parseAll(docs []*document) []yamlTree {
	trees := make([]yamlTree, len(docs))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(docs), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(docs) {
					return
				}
				trees[i] = parseYAML(docs[i].src)
			}
		})
	}
	all.Wait()
	return trees
}

// parseYAML turns a panic of the YAML parser into an error: the bytes are not ours.
func parseYAML(src []byte) (tree yamlTree) {
	defer func() {
		if r := recover(); r != nil {
			tree = yamlTree{err: fmt.Errorf("the parser gave up: %v", r)}
		}
	}()
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	return yamlTree{file, err}
}

// grow takes over the nodes of the file. One that is not YAML is reported, stays
// without root and gives false.
func (d *document) grow(tree yamlTree) bool {
	var syntax interface {
		GetToken() *token.Token
		GetMessage() string
	}
	switch {
	case errors.As(tree.err, &syntax):
		d.syntaxError(syntax.GetToken(), syntax.GetMessage())
		return false
	case tree.err != nil:
		d.failAt(Pos{d.file, 1, 1}, "", "this is not YAML: %v", tree.err)
		return false
	case len(tree.file.Docs) > 1:
		at := Pos{d.file, 1, 1}
		if start := tree.file.Docs[1].Start; start != nil {
			at = d.tokenPos(start)
		}
		d.failAt(at, "put what follows into a file of its own", "a second document begins here, and a file holds one")
		return false
	case len(tree.file.Docs) == 1:
		d.root = tree.file.Docs[0].Body
	}
	return true
}

// readable refuses what is no text before anything looks at its lines.
func (d *document) readable(src []byte) bool {
	start := Pos{d.file, 1, 1}
	switch {
	case len(src) > MaxFileBytes:
		d.failAt(start, "a playbook is a few kilobytes; move what does not belong to the book out of its folder",
			"the file has %d KB, and at most %d KB are read", len(src)>>10, MaxFileBytes>>10)
	case !utf8.Valid(src):
		d.failAt(start, "save it as UTF-8", "the file is not UTF-8 text")
	case bytes.IndexByte(src, 0) >= 0:
		d.failAt(start, "save it as UTF-8", "the file holds NUL bytes, so it is not text")
	default:
		return true
	}
	return false
}

// indentedWithSpaces reports tabs in indentation, which YAML does not allow and
// editors do not show.
func (d *document) indentedWithSpaces() bool {
	clean := true
	for i, line := range d.lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if k := strings.IndexByte(indent, '\t'); k >= 0 && len(indent) < len(line) {
			d.failAt(Pos{d.file, i + 1, k + 1}, "indent with two spaces a level", "a tab stands in the indentation, which YAML does not allow")
			clean = false
		}
	}
	return clean
}

// shallow refuses nesting that no playbook has, before the parser recurses into it.
func (d *document) shallow() bool {
	depth := 0
	for i, line := range d.lines {
		dashes := 0
		for k := 0; k < len(line); k++ {
			switch line[k] {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			case '-':
				dashes++
			default:
				if line[k] != ' ' {
					dashes = -len(line)
				}
			}
			if depth > maxNesting || dashes > maxNesting {
				d.failAt(Pos{d.file, i + 1, utf8.RuneCountInString(line[:k]) + 1}, "a book needs eight levels at most",
					"more than %d levels are nested here", maxNesting)
				return false
			}
		}
		if indent := len(line) - len(strings.TrimLeft(line, " ")); indent > 8*maxNesting && indent < len(line) {
			d.failAt(Pos{d.file, i + 1, indent + 1}, "indent with two spaces a level", "this line is indented by %d spaces", indent)
			return false
		}
	}
	return true
}

// syntaxError reports what the YAML parser did not understand, with the usual
// cause where one is known. A quote or bracket that was never closed makes the
// parser fail somewhere below; the place to look is where it was opened.
func (d *document) syntaxError(at *token.Token, message string) {
	pos := Pos{d.file, 1, 1}
	if at != nil && at.Position != nil {
		pos = d.tokenPos(at)
	}
	mend := "compare the line and the one before it with a playbook that works"
	switch {
	case strings.Contains(message, "mapping value is not allowed"):
		mend = `a text with ": " in it, or one that begins with { or [, needs quotes: "…"`
	case strings.Contains(message, "flow map"), strings.Contains(message, "flow mapping"):
		mend = "inside { } put an expression or text with a comma, a { or a [ in quotes"
	case strings.Contains(message, "cannot start any token"):
		mend = `put the text in quotes: "…"`
	case strings.Contains(message, "non-map value"), strings.Contains(message, "unexpected key name"):
		mend = "a field is written `name: value`, and fields of one thing begin in the same column"
	}
	if strings.HasPrefix(message, "value is not allowed in this context") && pos.Line > 1 {
		mend = fmt.Sprintf("fields of one thing begin in the same column: the line above begins in column %d, this one in column %d", d.begins(pos.Line-1), d.begins(pos.Line))
	}
	if at, wide := d.wideColon(pos.Line); wide {
		d.failAt(at, "write a half-width colon and a space: name: value", "the colon is full-width, so this is no field")
		return
	}
	if open, what := d.opened(pos.Line); what != 0 {
		d.failAt(open, "close it in the same line", "%c is opened here and never closed, so this is not YAML", what)
		return
	}
	d.failAt(pos, mend, "this is not YAML: %s", message)
}

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

// tokenPos returns a token's place, kept inside the file.
func (d *document) tokenPos(t *token.Token) Pos {
	line := min(max(t.Position.Line, 1), max(len(d.lines), 1))
	return Pos{d.file, line, max(t.Position.Column, 1)}
}

// pos returns the place where a node begins.
func (d *document) pos(n ast.Node) Pos {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return d.pos(v.Values[0].Key)
		}
		return d.tokenPos(v.Start)
	case *ast.MappingValueNode:
		return d.pos(v.Key)
	case *ast.LiteralNode:
		return d.tokenPos(v.Start)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return Pos{d.file, 1, 1}
	}
	return d.tokenPos(n.GetToken())
}

// within returns the place of the character at an offset (in bytes) of a scalar's
// decoded text: it walks the file's characters and the text's together, passing
// over quotes, escapes and the indentation of folded lines.
func (d *document) within(n ast.Node, text string, offset int) Pos {
	at := d.pos(n)
	if at.Line > len(d.lines) {
		return at
	}
	c := cursor{lines: d.lines, line: at.Line - 1, column: at.Column - 1}
	if _, block := n.(*ast.LiteralNode); block {
		c.line, c.column = c.line+1, 0
	} else if r := c.rune(); r == '"' || r == '\'' {
		c.quote = r
		c.column++
	}
	for i, r := range text {
		c.seek(r)
		if i >= offset {
			break
		}
		c.step()
	}
	if c.line >= len(d.lines) {
		return at
	}
	return Pos{d.file, c.line + 1, c.column + 1}
}

// A cursor walks over the characters of a file.
type cursor struct {
	lines        []string
	line, column int // from 0; column in characters
	quote        rune
	cached       []rune
	cachedLine   int
}

// runes returns the characters of the current line.
func (c *cursor) runes() []rune {
	if c.line >= len(c.lines) {
		return nil
	}
	if c.cached == nil || c.cachedLine != c.line {
		c.cached, c.cachedLine = []rune(c.lines[c.line]), c.line
	}
	return c.cached
}

// rune returns the character under the cursor, '\n' at the end of a line.
func (c *cursor) rune() rune {
	if line := c.runes(); c.column < len(line) {
		return line[c.column]
	}
	return '\n'
}

// step moves one character on.
func (c *cursor) step() {
	if c.column < len(c.runes()) {
		c.column++
		return
	}
	c.line, c.column = c.line+1, 0
}

// seek moves to where the file writes r: over white space that YAML folded, over
// the backslash of an escape and the first of two single quotes.
func (c *cursor) seek(r rune) {
	if r == ' ' || r == '\n' || r == '\t' {
		return
	}
	for c.line < len(c.lines) {
		switch at := c.rune(); {
		case at == r && at == '\'' && c.quote == '\'':
			c.column++
			return
		case at == r && !(at == '\\' && c.quote == '"'):
			return
		case at == ' ' || at == '\n' || at == '\t' || at == '\\':
			c.step()
		default:
			return
		}
	}
}
