package playtest

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"playcaller/playbooks"
	"playcaller/rules"
)

// placesOf lists everything of a playbook that a test can walk, in the order of lines.
func placesOf(book *playbooks.Book, p *playbooks.Playbook) *PlaybookCoverage {
	l := &placing{p: p, book: book, facts: probe(book), lines: linesOf(book.Files[p.File])}
	if rule := p.Rule; rule != nil {
		l.condition("audience", "audience", rule.Audience)
		l.condition("when", "when", rule.When)
		l.condition("resolve", "resolve", rule.Resolve)
	}
	for i, b := range p.StopWhen {
		l.condition(fmt.Sprintf("stop_when.%d", i), "stop_when", b.If)
	}
	if len(p.StopWhen) > 0 {
		l.add("stop_when", l.line("stop_when"), "stop_when, followed")
	}
	for _, v := range p.Variants {
		l.condition("variant."+v.Name, "variant "+v.Name, v.If)
		l.add("variant."+v.Name, l.line("variants."+v.Name, "variants"), "variant %s", v.Name)
	}
	for _, s := range stepsOf(p) {
		l.step(s)
	}
	for name, def := range p.Outcomes {
		if def.Escalate != "" {
			l.add("outcome."+name+".escalate", l.line("outcomes."+name), "outcome %s told to %s", name, def.Escalate)
		}
	}
	pc := &PlaybookCoverage{Name: p.Name, Places: l.places, byID: map[string]int{}}
	sort.SliceStable(pc.Places, func(i, j int) bool {
		a, b := pc.Places[i], pc.Places[j]
		if own := a.File == p.File; own != (b.File == p.File) {
			return own
		}
		return a.Line < b.Line || a.Line == b.Line && a.ID < b.ID
	})
	for i := range pc.Places {
		pc.byID[pc.Places[i].ID] = i
		pc.Places[i].Reach = reach(book, p, &pc.Places[i])
	}
	return pc
}

// placing collects the places of one playbook.
type placing struct {
	p      *playbooks.Playbook
	book   *playbooks.Book
	facts  *rules.Facts
	lines  map[string]int // path of a key -> line
	places []Place
}

func (l *placing) add(id string, line int, what string, args ...any) {
	if slices.ContainsFunc(l.places, func(p Place) bool { return p.ID == id }) {
		return
	}
	l.places = append(l.places, Place{ID: id, File: l.p.File, Line: max(line, 1), What: fmt.Sprintf(what, args...)})
}

// line returns the line of the first of some paths that the file has.
func (l *placing) line(paths ...string) int {
	for _, p := range paths {
		if n := l.lines[p]; n > 0 {
			return n
		}
	}
	return 0
}

// condition adds a place for each clause being true, and one for its being false.
func (l *placing) condition(id, what string, c *rules.Condition) {
	if c == nil {
		return
	}
	for i, clause := range c.Eval(l.facts).Clauses {
		if clause.Source == "true" || clause.Source == "false" {
			continue
		}
		line := c.Source.Line
		if at := strings.Index(c.Source.Text, clause.Source); at >= 0 {
			line, _ = c.Source.At(at)
		}
		for _, truth := range []rules.Truth{rules.True, rules.False} {
			l.add(fmt.Sprintf("%s#%d/%s", id, i, truth), line, "%s: %s, %s", what, clause.Source, truth)
		}
	}
}

// step adds the places of a step.
func (l *placing) step(s *playbooks.Step) {
	of := "steps." + s.ID
	at := func(key string) int { return orLine(l.line(of+"."+key), s.Pos.Line) }
	switch s.Kind {
	case playbooks.AskStep:
		for _, a := range s.Ask.Answers {
			l.add(s.ID+".answers."+a.ID, at("answers."+a.ID), "answer %s of %s", a.ID, s.ID)
		}
	case playbooks.TaskStep:
		l.add(s.ID+".done", at("task"), "task %s, done", s.ID)
	case playbooks.HandoffStep:
		for _, way := range []string{"accepted", "declined", "withdrawn", "asked_back"} {
			l.add(s.ID+"."+way, at(way), "handoff %s, %s", s.ID, strings.ReplaceAll(way, "_", " "))
		}
		l.late(s)
		l.fields(s)
	case playbooks.WaitStep:
		l.wait(s, at)
	case playbooks.BranchStep:
		l.branches(s, at)
	default:
		l.add(s.ID, s.Pos.Line, "step %s", s.ID)
	}
	if s.Otherwise != nil {
		l.add(s.ID+".otherwise", at("otherwise"), "time-out of %s", s.ID)
	}
	if s.Escalate != nil && s.Kind != playbooks.HandoffStep {
		l.add(s.ID+".escalate", at("escalate"), "escalation of %s to %s", s.ID, s.Escalate.To)
	}
	if s.Approve != nil {
		l.add(s.ID+".approved", at("approve"), "%s approved", s.ID)
		l.add(s.ID+".refused", at("approve"), "%s refused", s.ID)
		l.add(s.ID+".approve.late", at("approve"), "time-out of the approval of %s", s.ID)
	}
}

// fields adds the conditions of the form's fields, which stand in the file of the forms.
func (l *placing) fields(s *playbooks.Step) {
	for _, f := range l.book.Forms[s.Handoff].Fields() {
		first := len(l.places)
		l.condition(s.ID+".form."+f.ID, "field "+f.ID+" of "+s.ID, f.If)
		for i := range l.places[first:] {
			l.places[first+i].File = f.If.Source.File
		}
	}
}

// late adds the escalations of a handoff's form.
func (l *placing) late(s *playbooks.Step) {
	form := l.book.Forms[s.Handoff]
	if form == nil {
		return
	}
	for _, turn := range []struct {
		name string
		late *playbooks.Escalate
	}{{"fill", form.Fill.Late}, {"accept", form.Accept.Late}} {
		if turn.late != nil {
			l.add(s.ID+"."+turn.name+".late", s.Pos.Line, "escalation of %s to %s, turn to %s", s.ID, turn.late.To, turn.name)
		}
	}
}

func (l *placing) wait(s *playbooks.Step, at func(string) int) {
	l.condition(s.ID+".until", "until of "+s.ID, s.Wait.Until)
	if s.Wait.Until != nil {
		l.add(s.ID+".met", at("until"), "wait %s, until met", s.ID)
	}
	l.add(s.ID+".waited", at("wait"), "wait %s, time over", s.ID)
}

func (l *placing) branches(s *playbooks.Step, at func(string) int) {
	unknowable := slices.ContainsFunc(s.Branch, func(b playbooks.Branch) bool {
		return b.If != nil && b.If.Truth(l.facts) == rules.Unknown
	})
	for i, b := range s.Branch {
		line := at(fmt.Sprintf("branch.%d", i))
		if b.If != nil {
			l.condition(fmt.Sprintf("%s.branch.%d", s.ID, i), "branch of "+s.ID, b.If)
			l.add(fmt.Sprintf("%s.branch.%d", s.ID, i), line, "branch of %s: %s", s.ID, b.If)
			continue
		}
		l.add(s.ID+".branch.else", line, "branch of %s: else", s.ID)
		if unknowable { // what is known even of an account of which nothing is known needs no test
			l.add(s.ID+".branch.unknown", line, "branch of %s: unknown", s.ID)
		}
	}
}

func orLine(line, otherwise int) int {
	if line > 0 {
		return line
	}
	return otherwise
}

// linesOf returns on which line each key of a playbook's file stands: by its path,
// where a step goes by its id and another entry of a list by its number.
func linesOf(src []byte) map[string]int {
	lines := map[string]int{}
	tree, err := parser.ParseBytes(src, 0)
	if err != nil || len(tree.Docs) == 0 {
		return lines
	}
	var walk func(path string, n ast.Node)
	walk = func(path string, n ast.Node) {
		switch v := n.(type) {
		case *ast.MappingNode:
			for _, e := range v.Values {
				walk(path, e)
			}
		case *ast.MappingValueNode:
			key := keyOf(v)
			lines[path+key], _ = placeOf(v.Key)
			walk(path+key+".", v.Value)
		case *ast.SequenceNode:
			for i, e := range v.Values {
				name := fmt.Sprint(i)
				if id := idOf(e); id != "" {
					name = id
				}
				lines[path+name], _ = placeOf(e)
				walk(path+name+".", e)
			}
		}
	}
	walk("", tree.Docs[0].Body)
	return lines
}

// idOf returns what a mapping says under id.
func idOf(n ast.Node) string {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			if keyOf(v) == "id" {
				id, _ := scalar(v.Value)
				return id
			}
		}
	}
	return ""
}
