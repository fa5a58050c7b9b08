package playbooks

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// A field describes one field of a mapping: its name, whether it must be there,
// and how its value is read.
type field struct {
	name string
	need need
	read func(ast.Node)
}

// need says whether a field must be there.
type need bool

const (
	required need = true
	optional need = false
)

// object reads a mapping with known fields. Unknown, repeated, empty and missing
// ones are reported; what names the thing ("a step") in messages. It reports
// whether n is a mapping at all.
func (d *document) object(n ast.Node, what string, fields ...field) bool {
	d.described(n, what, fields)
	seen := map[string]ast.Node{}
	misspelt := map[string]bool{} // fields whose names were written with a mistake, which is told
	ok := d.entries(n, what, func(key string, k, v ast.Node) {
		f := fieldNamed(fields, key)
		if f == nil {
			misspelt[d.unknownField(n, k, v, what, key, fields)] = true
			return
		}
		seen[key] = k
		if isNull(v) {
			d.fail(k, "give it a value"+example(what, key, ", as in %s: %s")+", or remove the line", "%s of %s has no value", key, what)
			return
		}
		f.read(v)
	})
	if !ok {
		return false
	}
	for _, f := range fields {
		if f.need == required && seen[f.name] == nil && !misspelt[f.name] {
			d.fail(n, "add "+cmp.Or(example(what, f.name, "%s: %s"), f.name+": …"), "%s has no %s", what, f.name)
		}
	}
	return true
}

// fieldNamed finds a field, or returns nil.
func fieldNamed(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// unknownField reports a field that a thing does not have, and returns the one that was perhaps meant; in { } it is often
// the rest of an expression that a comma cut in two.
func (d *document) unknownField(n, k, v ast.Node, what, key string, fields []field) string {
	if m, ok := n.(*ast.MappingNode); ok && m.IsFlowStyle && isNull(v) {
		d.fail(k, `inside { } a comma ends a value: put an expression or text that has one in quotes`, "%q is no field of %s", key, what)
		return ""
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	near := rules.Nearest(key, names)
	if near == "" {
		for _, other := range []string{"a playbook", "a step", "an answer"} {
			if t := ThingOf(other); other != what && t != nil && t.Field(key) != nil && (what == "a playbook" || what == "a step" || what == "an answer") {
				d.fail(k, fmt.Sprintf("%s has one; move it there", other), "%q is no field of %s", key, what)
				return ""
			}
		}
	}
	d.fail(k, meant(key, names), "%q is no field of %s", key, what)
	return near
}

// entries reads a mapping whose keys are names, in the order written.
func (d *document) entries(n ast.Node, what string, read func(key string, k, v ast.Node)) bool {
	n = d.plain(n)
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case nil:
		return false
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.fail(n, "write `field: value` lines below it, or { field: value }", "%s must be a mapping, and this is %s", what, kindOf(n))
		return false
	}
	seen := map[string]ast.Node{}
	for _, value := range values {
		if _, merge := value.Key.(*ast.MergeKeyNode); merge {
			d.fail(value.Key, "write the fields out", "merging with << is not used in a book")
			continue
		}
		key, ok := scalar(value.Key)
		if !ok {
			d.fail(value.Key, "use a name", "a field's name is missing")
			continue
		}
		if first := seen[key]; first != nil {
			d.fail(value.Key, "keep one of the two", "%q is written twice; the first is in line %d", key, d.pos(first).Line)
			continue
		}
		seen[key] = value.Key
		read(key, value.Key, value.Value)
	}
	return true
}

// list reads a sequence; a single value stands for a list of one.
func (d *document) list(n ast.Node) []ast.Node {
	n = d.plain(n)
	switch s := n.(type) {
	case nil:
		return nil
	case *ast.SequenceNode:
		var values []ast.Node
		for _, v := range s.Values {
			if isNull(v) {
				d.fail(v, "give it a value, or remove it", "this entry of the list is empty")
				continue
			}
			values = append(values, v)
		}
		return values
	}
	return []ast.Node{n}
}

// plain refuses anchors, aliases and tags, which a book does not use: they let a
// small file grow without bound and say types that the format knows already.
func (d *document) plain(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.AnchorNode:
		d.fail(n, "write the value out where it is needed", "anchors (&name) are not used in a book")
		return nil
	case *ast.AliasNode:
		d.fail(n, "write the value out", "aliases (*name) are not used in a book; a text that begins with * needs quotes")
		return nil
	case *ast.TagNode:
		d.fail(n, "remove the tag; a text that begins with ! needs quotes", "tags (%s) are not used in a book", v.Start.Value)
		return nil
	}
	return n
}

// str reads any scalar as the text it was written as.
func (d *document) str(n ast.Node, what string) (string, bool) {
	n = d.plain(n)
	if n == nil {
		return "", false
	}
	s, ok := scalar(n)
	if !ok {
		d.fail(n, "write one value", "%s must be a text, and this is %s", what, kindOf(n))
		return "", false
	}
	if strings.TrimSpace(s) == "" {
		d.fail(n, "write something, or remove the line", "%s is empty", what)
		return "", false
	}
	return s, true
}

// nameForm is what ids look like: they are written in expressions, file names and
// commands, so they are kept plain.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)

// name reads an id.
func (d *document) name(n ast.Node, what string) string {
	s, ok := d.str(n, what)
	if !ok {
		return ""
	}
	d.checkName(n, what, s)
	return s
}

// checkName reports an id that is not written as ids are.
func (d *document) checkName(n ast.Node, what, s string) bool {
	const most = 40
	switch {
	case !nameForm.MatchString(s):
		mend := "use small letters, digits, - and _ between them, beginning with a letter"
		if better := asName(s); better != "" {
			mend += ": " + better
		}
		d.fail(n, mend, "%q cannot be %s", s, what)
		return false
	case len(s) > most:
		d.fail(n, "shorten it", "%s has %d characters, and at most %d are allowed", what, len(s), most)
		return false
	}
	return true
}

// notInNames is what an id cannot hold.
var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// asName turns what was written into an id, or "" where nothing is left of it.
func asName(s string) string {
	better := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(s), "-"), "-0123456789")
	if !nameForm.MatchString(better) {
		return ""
	}
	return better
}

// oneOf reads one of a few words; it returns "" for any other, after reporting it.
func (d *document) oneOf(n ast.Node, what string, words ...string) string {
	s, ok := d.str(n, what)
	if !ok {
		return ""
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	mend := "choose from: " + strings.Join(words, ", ")
	if near := rules.Nearest(s, words); near != "" {
		mend = meant(s, words)
	}
	d.fail(n, mend, "%q is no %s", s, what)
	return ""
}

// flag reads yes or no.
func (d *document) flag(n ast.Node, what string) bool {
	n = d.plain(n)
	switch v := n.(type) {
	case nil:
		return false
	case *ast.BoolNode:
		return v.Value
	}
	s, _ := scalar(n)
	mend := "write true or false"
	switch strings.ToLower(s) {
	case "yes", "on", "y":
		mend = "write true"
	case "no", "off", "n":
		mend = "write false"
	}
	d.fail(n, mend, "%s must be true or false, and this is %s", what, kindOf(n))
	return false
}

// count reads a whole number between two bounds.
func (d *document) count(n ast.Node, what string, least, most int) int {
	s, ok := d.str(n, what)
	if !ok {
		return least
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < least || v > most {
		d.fail(n, "write a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most), "%q is no %s", s, what)
		return least
	}
	return v
}

// period reads a length of time; zero is refused, because nothing that the format
// asks for may take no time.
func (d *document) period(n ast.Node, what string) Delay {
	s, ok := d.str(n, what)
	if !ok {
		return Delay{}
	}
	p, err := rules.ParsePeriod(s)
	switch {
	case err != nil:
		mend := "write a number and a unit: 30m, 2h, 3d (calendar days), 2wd (working days), 8w"
		if near := nearPeriod(s); near != "" {
			mend = "write " + near
		} else if strings.ContainsAny(s, "、，") {
			mend = "the comma is full-width; write a half-width comma and a space before what follows"
		}
		d.fail(n, mend, "%s: %q is no length of time", what, s)
	case p.IsZero():
		d.fail(n, "write at least 1m, or leave the field out", "%s lasts no time", what)
	}
	return p
}

// periodWords are lengths of time as people write them.
var periodWords = regexp.MustCompile(`(?i)^\s*(\d{1,4})\s*(?:(m|h|d|wd|w)|(minute|min|hour|working day|business day|bd|day|week|month)s?|(分|時間|営業日|日|週間?|か月|ヶ月))?\s*$`)

// periodUnits are the units for them.
var periodUnits = map[string]string{"minute": "m", "min": "m", "hour": "h", "working day": "wd", "business day": "wd", "bd": "wd", "week": "w",
	"分": "m", "時間": "h", "営業日": "wd", "週": "w", "週間": "w"}

// nearPeriod guesses what a length in other words was to be: "3 days" is 3d, and so are "３日" and "3 d".
func nearPeriod(s string) string {
	m := periodWords.FindStringSubmatch(narrow(s))
	if m == nil {
		return ""
	}
	word := strings.ToLower(m[2] + m[3] + m[4])
	switch word {
	case "m", "h", "d", "wd", "w":
		return m[1] + word
	case "month", "か月", "ヶ月":
		n, _ := strconv.Atoi(m[1])
		return strconv.Itoa(n*30) + "d"
	}
	return m[1] + cmp.Or(periodUnits[word], "d")
}

// narrow turns the full-width forms of ASCII, as a Japanese keyboard writes them, into ASCII.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}

// duration reads a length of time without working days.
func (d *document) duration(n ast.Node, what string) time.Duration {
	p := d.period(n, what)
	if p.WorkingDays != 0 {
		d.fail(n, "write calendar days: 3d", "%s cannot be in working days: a feed has no calendar", what)
		return 0
	}
	return time.Duration(p.Minutes)*time.Minute + time.Duration(p.Days)*24*time.Hour
}

// day reads a date.
func (d *document) day(n ast.Node, what string) rules.Date {
	s, ok := d.str(n, what)
	if !ok {
		return 0
	}
	v, err := rules.ParseDate(s)
	if err != nil {
		d.fail(n, "write YYYY-MM-DD, for example 2026-12-29", "%q is no date for %s", s, what)
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
	case *ast.IntegerNode:
		return v.Token.Value, true
	case *ast.FloatNode:
		return v.Token.Value, true
	case *ast.BoolNode:
		return v.Token.Value, true
	case *ast.InfinityNode:
		return v.Token.Value, true
	case *ast.NanNode:
		return v.Token.Value, true
	}
	return "", false
}

// isNull reports whether there is no value.
func isNull(n ast.Node) bool {
	if n == nil {
		return true
	}
	_, null := n.(*ast.NullNode)
	return null
}

// isMapping reports whether a value has fields.
func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

// fieldOf returns the value of a mapping's field, or nil.
func fieldOf(n ast.Node, name string) ast.Node {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	}
	for _, v := range values {
		if key, _ := scalar(v.Key); key == name {
			return v.Value
		}
	}
	return nil
}

// kindOf says in plain words what a node is.
func kindOf(n ast.Node) string {
	switch v := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode, nil:
		return "empty"
	case *ast.IntegerNode, *ast.FloatNode:
		return "the number " + v.GetToken().Value
	case *ast.BoolNode:
		return v.Token.Value
	case *ast.StringNode:
		return "the text " + strconv.Quote(clip(v.Value, 30))
	case *ast.LiteralNode:
		return "a text"
	}
	return "something else"
}

// clip shortens a text to at most n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
