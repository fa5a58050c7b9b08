package rules

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// maxText is how long one expression may be, in bytes.
const maxText = 4000

// A checker checks one expression against the schema. It replaces what the
// expression reads by slots, so that what is left can be compiled by expr without
// knowing accounts and signals.
type checker struct {
	*Compiler
	src      Source
	text     string // src.Text with 60d written d60, which is a name and as long
	offsets  []int  // of the text's characters, in bytes
	tokens   []lexer.Token
	used     *uses
	template bool // percent(), number() and date() may be used
	problems []Problem
}

// duration finds lengths of time outside of strings.
var duration = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b[0-9]+(?:wd|[dwhm])\b`)

// durationName is a length of time as the checker meets it.
var durationName = regexp.MustCompile(`^(wd|[dwhm])([0-9]{1,5})$`)

// prepare turns lengths of time into names.
func prepare(text string) string {
	return duration.ReplaceAllStringFunc(text, func(s string) string {
		if s[0] == '"' || s[0] == '\'' {
			return s
		}
		unit := strings.TrimLeft(s, "0123456789")
		return unit + s[:len(s)-len(unit)]
	})
}

// grammar is what the parser knows: no builtins, which loop over data without bounds.
// Parsing only reads it.
var grammar = sync.OnceValue(func() *conf.Config {
	config := conf.CreateNew()
	for _, b := range builtin.Builtins {
		config.Disabled[b.Name] = true
	}
	config.DisableIfOperator = true
	config.MaxNodes = maxNodes
	return config
})

// parse reads an expression; nil means that it reported what is wrong.
func (c *Compiler) parse(s Source) (*checker, ast.Node) {
	k := &checker{Compiler: c, src: s, text: prepare(s.Text), used: &uses{}}
	for i := range k.text {
		k.offsets = append(k.offsets, i)
	}
	switch {
	case strings.TrimSpace(s.Text) == "":
		k.report(0, len(s.Text), "the expression is empty", "", "")
		return k, nil
	case len(s.Text) > maxText:
		k.report(0, 0, fmt.Sprintf("the expression is longer than %d characters", maxText), "name parts of it with let", "")
		return k, nil
	case !utf8.ValidString(s.Text):
		k.report(0, 0, "the expression is not valid UTF-8", "", "")
		return k, nil
	}
	tree, err := parser.ParseWithConfig(k.text, grammar())
	if err != nil {
		if !k.foreign() {
			k.reportSyntax(err)
		}
		return k, nil
	}
	k.tokens, err = lexer.Lex(file.NewSource(k.text))
	if err != nil {
		k.reportSyntax(err)
		return k, nil
	}
	return k, tree.Node
}

// reportSyntax turns a parser's error into a problem.
func (k *checker) reportSyntax(err error) {
	var e *file.Error
	if !errors.As(err, &e) {
		k.report(0, 0, err.Error(), "", "")
		return
	}
	from, length := k.place(e.Location)
	message, advice := e.Message, ""
	switch {
	case strings.Contains(message, "maximum allowed nodes"):
		message, advice = fmt.Sprintf("the expression has more than %d parts", maxNodes), "name parts of it with let"
	case strings.Contains(message, "EOF"):
		message, from, length = "the expression ends too early", len(strings.TrimRight(k.text, " \n\t")), 1
	case strings.HasPrefix(message, `unexpected token Operator("=")`):
		message, advice = "one = means nothing here", "compare with =="
		p := problemAt(k.src, from, length, "%s", message)
		p.Suggestion, p.Fix = advice, p.replaced("==")
		k.problems = append(k.problems, p)
		return
	case message == "literal not terminated":
		message, from, length = "a text is not closed by its quote", lastQuote(k.text), 1
	case strings.HasPrefix(message, "unrecognized character: U+0040"):
		message, advice = "@ means nothing here", "name people by their id in team.yaml, as in tanaka, or by their role, as in account.owner"
	case strings.HasPrefix(message, "unrecognized character: "):
		message = fmt.Sprintf("%q means nothing in an expression", strings.TrimSpace(k.src.Text[from:from+length]))
	case strings.HasPrefix(message, "unexpected token "):
		message = fmt.Sprintf("%q is not expected here", strings.TrimSpace(k.src.Text[from:from+length]))
	}
	k.report(from, length, message, advice, "")
}

// lastQuote returns where the text begins that is not closed.
func lastQuote(text string) int {
	open, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case quote != 0 && ch == '\\':
			i++
		case ch == quote:
			quote = 0
		case quote == 0 && (ch == '"' || ch == '\'' || ch == '`'):
			open, quote = i, ch
		}
	}
	return open
}

// place returns the bytes of a location in the text.
func (k *checker) place(l file.Location) (from, length int) {
	at := func(i int) int {
		if i < 0 {
			return 0
		}
		if i >= len(k.offsets) {
			return len(k.text)
		}
		return k.offsets[i]
	}
	from = at(l.From)
	return from, max(at(l.To)-from, 0)
}

// report adds an error. fix replaces the place in the corrected line.
func (k *checker) report(from, length int, message, advice, fix string) Type {
	p := problemAt(k.src, from, length, "%s", message)
	p.Suggestion = advice
	if fix != "" {
		p.Fix = strings.TrimSpace(p.replaced(fix))
	}
	k.problems = append(k.problems, p)
	return ""
}

// wrong reports an error at a node.
func (k *checker) wrong(n ast.Node, advice, format string, args ...any) Type {
	from, length := k.place(n.Location())
	return k.report(from, length, fmt.Sprintf(format, args...), advice, "")
}

// mostListed is how many names a mistake lists, at most: the fields of an account with a
// team's roles are some thirty.
const mostListed = 40

// unknown reports a name that is not known, with the nearest that is.
func (k *checker) unknown(at file.Location, what, name string, candidates []string) Type {
	if halfWidth(name) != name || slices.Contains([]string{"and", "or", "not"}, strings.ToLower(name)) {
		if k.foreign() {
			return ""
		}
	}
	from, length := k.place(at)
	near := Nearest(name, candidates)
	if near != "" {
		fix := near
		if from < len(k.text) && (k.text[from] == '"' || k.text[from] == '\'') {
			fix = string(k.text[from]) + near + string(k.text[from])
		}
		return k.report(from, length, fmt.Sprintf("there is no %s %q", what, name), fmt.Sprintf("did you mean %q?", near), fix)
	}
	if what == "signal or name" && k.compared(from, length) {
		length += len(wordRest.FindString(k.src.Text[from+length:]))
		text := k.src.Text[from : from+length]
		return k.report(from, length, fmt.Sprintf("there is no %s %q", what, name), "a fixed text stands in quotes", strconv.Quote(text))
	}
	slices.Sort(candidates)
	advice := ""
	if len(candidates) > 0 && len(candidates) <= mostListed {
		advice = "there are: " + strings.Join(candidates, ", ")
	}
	if what == "field of account" {
		advice = strings.TrimPrefix(advice+"; declare fields of your own under attributes in signals.yaml", "; ")
	}
	return k.report(from, length, fmt.Sprintf("there is no %s %q", what, name), advice, "")
}

// wordRest is what follows the first word of a text with hyphens in it: enterprise-plus.
var wordRest = regexp.MustCompile(`^(?:-\w+)+`)

// compared reports whether a word stands beside == or !=, as a text does.
func (k *checker) compared(from, length int) bool {
	before, after := strings.TrimRight(k.text[:from], " "), strings.TrimLeft(k.text[from+length:], " ")
	if strings.HasPrefix(after, ".") || strings.HasPrefix(after, "(") || strings.HasSuffix(before, "-") { // a field, a call, or a part of a word
		return false
	}
	return strings.HasSuffix(before, "==") || strings.HasSuffix(before, "!=") || strings.HasPrefix(after, "==") || strings.HasPrefix(after, "!=")
}
