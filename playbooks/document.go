package playbooks

import (
	"bytes"
	"errors"
	"fmt"
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
