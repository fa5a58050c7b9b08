package playbooks

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// languages are those that the bot speaks.
var languages = []string{"en", "ja"}

// source registers a scalar as a text for the compiler, so that what it finds there
// can be placed in the file.
func (d *document) source(n ast.Node, text string) rules.Source {
	at := d.pos(n)
	d.nodes[place{at.File, at.Line, at.Column}] = written{d, n, text}
	return rules.Source{File: at.File, Line: at.Line, Column: at.Column, Text: text}
}

// words finds the names in an expression.
var words = regexp.MustCompile(`[a-z][a-z0-9_]*`)

// mentionsBroken reports whether a text uses a let that is reported already.
func (d *document) mentionsBroken(text string) bool {
	return len(d.broken) > 0 && slices.ContainsFunc(words.FindAllString(text, -1), func(word string) bool {
		return slices.Contains(d.broken, word)
	})
}

// condition compiles an expression that is true, false or unknown.
func (d *document) condition(c *rules.Compiler, n ast.Node, what string) *rules.Condition {
	text, ok := d.str(n, what)
	if !ok || d.mentionsBroken(text) {
		return nil
	}
	condition, found := c.Condition(d.source(n, text))
	d.adopt(n, text, found)
	if condition != nil {
		d.adopt(n, text, condition.Doubts())
	}
	return condition
}

// expr compiles an expression with a value of one of the wanted types.
func (d *document) expr(c *rules.Compiler, n ast.Node, what string, want ...rules.Type) *rules.Expr {
	text, ok := d.str(n, what)
	if !ok || d.mentionsBroken(text) {
		return nil
	}
	expr, found := c.Expr(d.source(n, text), want...)
	d.adopt(n, text, found)
	return expr
}

// literal compiles a fixed value as an expression.
func (d *document) literal(c *rules.Compiler, n ast.Node, text string) *rules.Expr {
	at := d.pos(n)
	expr, found := c.Expr(rules.Source{File: at.File, Line: at.Line, Column: at.Column, Text: strconv.Quote(text)})
	d.adopt(n, text, found)
	return expr
}

// person compiles what names a person: an expression (account.owner), or one of
// the words that the team resolves (manager, a role, a person's id).
func (d *document) person(c *rules.Compiler, n ast.Node, what string) *rules.Expr {
	text, ok := d.str(n, what)
	if !ok {
		return nil
	}
	if slices.Contains(d.book.Team.words(), text) || nameForm.MatchString(text) && d.nobody() {
		return d.literal(c, n, text)
	}
	if nameForm.MatchString(text) && !isPerson(c, text) {
		d.fail(n, meant(text, d.book.Team.words()), "%s: nobody is called %q", what, text)
		return nil
	}
	return d.expr(c, n, what, rules.Person, rules.Text)
}

// isPerson reports whether a name is a person's in expressions: somebody whom an answer collected, or a let.
func isPerson(c *rules.Compiler, name string) bool {
	expr, _ := c.Expr(rules.Source{Text: name})
	return expr != nil && expr.Type == rules.Person
}

// word reads what the team resolves when the time comes: manager, a role, a person.
func (d *document) word(n ast.Node, what string) string {
	s, ok := d.str(n, what)
	if !ok {
		return ""
	}
	known := d.book.Team.words()
	if !slices.Contains(known, strings.TrimPrefix(s, "account.")) && !d.nobody() {
		d.fail(n, meant(s, known), "%s: nobody is called %q", what, s)
	}
	return s
}

// nobody reports whether the book has no people with whom names could be compared.
// That is said once, of the team, and not once more for each name.
func (d *document) nobody() bool { return len(d.book.Team.People) == 0 }

// text reads what people are told: a string for every language, or one for each.
func (d *document) text(c *rules.Compiler, n ast.Node, what string, most int) Text {
	t := Text{ByLanguage: map[string]*rules.Template{}, Pos: d.pos(n)}
	if _, plain := scalar(n); plain && len(d.book.Team.languages()) > 1 {
		d.hint(n, "write {en: …, ja: …}", "%s is the same in every language", what)
	}
	d.eachLanguage(n, what, most, func(language string, v ast.Node, s string) {
		if d.mentionsBroken(s) {
			return
		}
		template, found := c.Template(d.source(v, s))
		d.adopt(v, s, found)
		if template != nil {
			t.ByLanguage[language] = template
		}
		if m := oneBrace.FindStringSubmatch(s); m != nil {
			d.warn(v, "write {{ "+m[1]+" }}", "{%s} has one brace, so people read it as it stands", m[1])
		}
	})
	return t
}

// oneBrace is a value in a text that was meant and is not worked out.
var oneBrace = regexp.MustCompile(`(?:^|[^{])\{ *((?:account|contract|segment|milestone)[.(][^{}]*?) *\}(?:[^}]|$)`)

// label reads a text without expressions.
func (d *document) label(n ast.Node, what string, most int) Label {
	l := Label{}
	d.eachLanguage(n, what, most, func(language string, v ast.Node, s string) {
		if strings.Contains(s, "{{") {
			d.fail(v, "write plain words", "%s cannot hold {{ … }}: it is the same for every account", what)
		}
		l[language] = s
	})
	return l
}

// eachLanguage reads a string, or a mapping of languages to strings.
func (d *document) eachLanguage(n ast.Node, what string, most int, read func(language string, v ast.Node, s string)) {
	n = d.plain(n)
	if n == nil {
		return
	}
	if _, plain := scalar(n); plain {
		if s, ok := d.str(n, what); ok {
			d.fits(n, what, s, most)
			read("", n, s)
		}
		return
	}
	seen := map[string]bool{}
	ok := d.entries(n, what, func(key string, k, v ast.Node) {
		if m, flow := n.(*ast.MappingNode); flow && m.IsFlowStyle && isNull(v) {
			d.fail(k, "inside { } a comma ends a text: put the whole text in quotes", "%q is no language of %s", key, what)
			return
		}
		if !slices.Contains(languages, key) {
			mend := "the bot speaks: " + strings.Join(languages, ", ")
			if len(key) > 2 {
				mend += `; a text with ": " in it needs quotes`
			}
			d.fail(k, mend, "%q is no language of %s", key, what)
			return
		}
		seen[key] = true
		if s, ok := d.str(v, what+" in "+key); ok {
			d.fits(v, what, s, most)
			read(key, v, s)
		}
	})
	if !ok {
		return
	}
	for _, language := range d.book.Team.languages() {
		if !seen[language] {
			d.warn(n, "add `"+language+": …`: somebody in team.yaml reads it", "%s is not translated into %s", what, languageName(language))
		}
	}
}

// fits reports a text that Slack would not take.
func (d *document) fits(n ast.Node, what, s string, most int) {
	if length := utf8.RuneCountInString(s); length > most {
		d.fail(n, "shorten it to "+strconv.Itoa(most)+" characters; what is long belongs into a thread or a document", "%s has %d characters, more than a Slack message takes there", what, length)
	}
}

// languageName returns a language's name in English.
func languageName(language string) string {
	switch language {
	case "en":
		return "English"
	case "ja":
		return "Japanese"
	}
	return language
}
