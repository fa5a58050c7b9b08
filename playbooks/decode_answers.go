package playbooks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// collectTypes are the kinds of values that an answer may collect, and the type
// under which expressions see them.
var collectTypes = map[string]rules.Type{
	"date": rules.Day, "person": rules.Person, "amount": rules.Number, "reason": rules.Text, "text": rules.Text,
}

// collected returns what the answers of the playbook collect, by name, before any
// of them is read: expressions of earlier steps may speak of it too. What is wrong
// with it is reported when the answers are read.
func (p *draftPlaybook) collected() map[string]string {
	known := map[string]string{}
	for _, steps := range append(inside(p.nodes.variants, "steps"), p.nodes.steps) {
		list, ok := steps.(*ast.SequenceNode)
		if !ok {
			continue
		}
		for _, step := range list.Values {
			for _, collect := range inside(valueOf(step, "answers"), "collect") {
				eachEntry(collect, func(name string, v ast.Node) {
					kind, flat := scalar(v)
					if !flat {
						kind, _ = scalar(valueOf(v, "kind"))
					}
					if collectTypes[kind] != "" && known[name] == "" && identifier.MatchString(name) && !slices.Contains(taken, name) {
						known[name] = kind
					}
				})
			}
		}
	}
	return known
}

// inside returns the value of a field of every entry of a mapping.
func inside(n ast.Node, name string) []ast.Node {
	var values []ast.Node
	eachEntry(n, func(_ string, v ast.Node) {
		if value := valueOf(v, name); value != nil {
			values = append(values, value)
		}
	})
	return values
}

// valueOf returns the value of a field of a mapping, or nil.
func valueOf(n ast.Node, name string) ast.Node {
	var value ast.Node
	eachEntry(n, func(key string, v ast.Node) {
		if key == name {
			value = v
		}
	})
	return value
}

// eachEntry looks at a mapping's entries without reporting anything.
func eachEntry(n ast.Node, look func(key string, v ast.Node)) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return
	}
	for _, value := range m.Values {
		if key, ok := scalar(value.Key); ok {
			look(key, value.Value)
		}
	}
}

// answers reads the answers of a question, in the order written.
func (p *draftPlaybook) answers(n ast.Node) []Answer {
	var answers []Answer
	labels := map[string]string{} // language + label -> answer
	p.entries(n, "answers", func(id string, k, v ast.Node) {
		if !p.checkName(k, "an answer", id) {
			return
		}
		a := p.answer(id, v)
		for language, template := range a.Label.ByLanguage {
			key := language + ":" + template.String()
			if other := labels[key]; other != "" {
				p.fail(v, "label them so that one can tell them apart", "the answers %s and %s read alike: %q", other, id, template.String())
			}
			labels[key] = id
		}
		answers = append(answers, a)
	})
	if len(answers) > maxAnswers {
		p.fail(n, "group them; four to six are answered, more are put off", "%d answers are more than a Slack message takes (%d)", len(answers), maxAnswers)
	}
	return answers
}

// answer reads one answer. A plain string is its label.
func (p *draftPlaybook) answer(id string, n ast.Node) Answer {
	a := Answer{ID: id}
	if _, flat := scalar(n); flat {
		a.Label = p.text(p.c, n, "an answer's label", maxButton)
		return a
	}
	var snooze ast.Node
	p.object(n, "an answer",
		field{"label", required, func(n ast.Node) { a.Label = p.text(p.c, n, "an answer's label", maxButton) }},
		field{"collect", optional, func(n ast.Node) { a.Collect = p.collect(n) }},
		field{"snooze", optional, func(n ast.Node) { snooze = n }},
		field{"start", optional, func(n ast.Node) { a.Start = p.startRef(n) }},
		field{"set", optional, func(n ast.Node) { a.Set = p.assignments(n) }},
		field{"then", optional, func(n ast.Node) { a.Then = p.target(n) }},
	)
	if snooze != nil {
		a.Snooze = p.snooze(snooze, a.Collect)
	}
	return a
}

// collectNamed are the names of values for which the bot has words of its own
// (collect.NAME of the catalogues), so that they need no label.
var collectNamed = []string{"until", "reason"}

// collect reads what is asked together with an answer: name -> kind, or
// name -> {kind, label}.
func (p *draftPlaybook) collect(n ast.Node) []Collect {
	var all []Collect
	kinds := []string{"date", "person", "amount", "reason", "text"}
	p.entries(n, "collect", func(name string, k, v ast.Node) {
		if !p.identifierName(k, "a name", name) {
			return
		}
		free := p.checkFree(k, name)
		c := Collect{Name: name}
		if _, flat := scalar(v); flat || isNull(v) {
			c.Kind = p.oneOf(v, "kind of value", kinds...)
		} else {
			p.object(v, "what is collected",
				field{"kind", required, func(n ast.Node) { c.Kind = p.oneOf(n, "kind of value", kinds...) }},
				field{"label", optional, func(n ast.Node) { c.Label = p.label(n, "a label", maxLabel) }},
			)
		}
		if known := p.known[name]; known != "" && c.Kind != "" && known != c.Kind {
			p.fail(k, "use another name", "%s is collected as a %s elsewhere in this playbook, and here as a %s", name, known, c.Kind)
		}
		if free && c.Kind != "" && len(c.Label) == 0 && !slices.Contains(collectNamed, name) {
			p.hint(k, fmt.Sprintf("say what is asked for: {%s: {kind: %s, label: {en: …, ja: …}}}", name, c.Kind),
				"people are asked for %q", strings.ReplaceAll(name, "_", " "))
		}
		all = append(all, c)
	})
	if len(all) > maxCollect {
		p.fail(n, "ask for less; a task or a form takes more", "%d values are asked for with one answer, and at most %d are", len(all), maxCollect)
	}
	return all
}

// taken are the words that expressions know already.
var taken = []string{"account", "contract", "segment", "stage", "stage_days", "milestone", "days", "percent", "number", "date",
	"and", "or", "not", "in", "true", "false", "nil"}

// checkFree reports a collected value that expressions could not tell from
// something else.
func (p *draftPlaybook) checkFree(n ast.Node, name string) bool {
	signal := slices.ContainsFunc(p.book.Signals, func(s rules.SignalDef) bool { return s.Name == name })
	let := p.nodes.let != nil && valueOf(p.nodes.let, name) != nil
	if signal || let || slices.Contains(taken, name) {
		p.fail(n, "choose another name, for example "+name+"_given", "%q means something else in expressions", name)
		return false
	}
	return true
}

// snooze reads until when an answer snoozes: a date that it collects, or a length
// of time.
func (p *draftPlaybook) snooze(n ast.Node, collected []Collect) string {
	s, ok := p.str(n, "snooze")
	if !ok {
		return ""
	}
	var dates []string
	for _, c := range collected {
		if c.Name == s {
			if c.Kind != "date" && c.Kind != "" { // without a kind it is told where it is collected
				p.fail(n, "collect a date", "snooze needs a date, and %s is collected as a %s", s, c.Kind)
			}
			return s
		}
		if c.Kind == "date" {
			dates = append(dates, c.Name)
		}
	}
	if period, err := rules.ParsePeriod(s); err == nil && !period.IsZero() {
		return s
	}
	mend := "write a length of time (30d), or collect a date: collect: {" + s + ": date}"
	if near := nearPeriod(s); near != "" {
		mend = "write " + near
	} else if near := rules.Nearest(s, dates); near != "" {
		mend = meant(s, dates)
	} else if !identifier.MatchString(s) {
		mend = "write a length of time (30d), or the name of a date that the answer collects"
	}
	p.fail(n, mend, "snooze: %q is neither a length of time nor a date that this answer collects", s)
	return s
}

// checkAsk reports a question that cannot be answered.
func (p *draftPlaybook) checkAsk(s *draftStep) {
	if s.written["answers"] == nil {
		p.fail(s.written["ask"], "add `answers:` with a line for each", "the question %s has no answers", s.ID)
	} else if s.Ask != nil && len(s.Ask.Answers) == 0 && p.Name != "" {
		if m, ok := s.written["answers"].(*ast.MappingNode); ok && len(m.Values) == 0 {
			p.fail(s.written["answers"], "add a line for each: yes: {label: Yes, then: =resolved}", "the question %s has no answers", s.ID)
		}
	}
}

// wait reads a wait: a length of time, or a mapping of `for` and `until`.
func (p *draftPlaybook) wait(s *draftStep, n ast.Node) {
	if s.Wait == nil {
		s.Wait = &Wait{}
	}
	if _, flat := scalar(n); flat {
		s.Wait.For = p.period(n, "wait")
		return
	}
	p.object(n, "wait",
		field{"for", optional, func(n ast.Node) { s.Wait.For = p.period(n, "for") }},
		field{"until", optional, func(n ast.Node) { p.until(s, n) }},
	)
}

// until reads what a wait waits for: a condition, or a date.
func (p *draftPlaybook) until(s *draftStep, n ast.Node) {
	if s.Wait == nil {
		s.Wait = &Wait{}
	}
	if s.Wait.Until != nil || s.Wait.Date != nil {
		p.fail(n, "keep one of the two", "until is written twice")
		return
	}
	expr := p.expr(p.c, n, "until", rules.Bool, rules.Day)
	switch {
	case expr == nil:
		s.dateUntil = n // reported already; what it would have been is not known
	case expr.Type == rules.Day:
		s.Wait.Date, s.dateUntil = expr, n
	default:
		s.Wait.Until = p.condition(p.c, n, "until")
	}
}

// checkWait reports a wait without an end.
func (p *draftPlaybook) checkWait(s *draftStep) {
	at := s.written["wait"]
	switch {
	case at == nil:
		return // until without wait was reported as a step that does nothing
	case s.Wait.Until != nil && s.Wait.For.IsZero():
		p.fail(at, "add how long it waits at most: wait: {for: 30d, until: …}", "the wait %s has no end where its condition never comes true", s.ID)
	case s.Wait.For.IsZero() && s.dateUntil == nil && s.Wait.Until == nil:
		if _, flat := scalar(at); !flat {
			p.fail(at, "write wait: 14d, or wait: {until: contract.notice_by - 60d}", "the wait %s does not say for how long", s.ID)
		}
	case !s.Wait.For.IsZero() && s.Wait.Date != nil:
		p.fail(s.dateUntil, "keep one of the two", "the wait %s has both a length and a date", s.ID)
	}
}

// branches reads the alternatives of a branch: {if, then} entries, then one {else}.
func (p *draftPlaybook) branches(n ast.Node) []Branch {
	var all []Branch
	unclear := Target{Outcome: Unclear}
	var otherwise ast.Node
	conditions := 0
	for _, v := range p.list(n) {
		if valueOf(v, "if") != nil {
			conditions++
		}
		if otherwise != nil {
			p.fail(v, "put `else` last", "this entry comes after else and is never reached")
			continue
		}
		b, isElse := p.branchEntry(v)
		if isElse {
			otherwise = v
			if b.Unknown == nil {
				b.Unknown = &unclear
				p.hint(v, "say it: {else: …, unknown: =unclear}", "where data are missing, this branch ends as unclear")
			}
		}
		all = append(all, b)
	}
	if conditions == 0 {
		p.fail(n, "add {if: …, then: …}", "the branch has no condition")
	}
	if otherwise == nil {
		all = append(all, Branch{Then: unclear, Unknown: &unclear})
		p.hint(n, "say it: {else: =unclear, unknown: =unclear}", "where no condition holds, this branch ends as unclear")
	}
	return all
}

// branchEntry reads one alternative.
func (p *draftPlaybook) branchEntry(n ast.Node) (b Branch, isElse bool) {
	var condition, then, unknown ast.Node
	p.object(n, "a branch",
		field{"if", optional, func(n ast.Node) { condition = n; b.If = p.condition(p.c, n, "if") }},
		field{"then", optional, func(n ast.Node) { then = n; b.Then = p.target(n) }},
		field{"else", optional, func(n ast.Node) { isElse = true; b.Then = p.target(n) }},
		field{"unknown", optional, func(n ast.Node) { unknown = n; t := p.target(n); b.Unknown = &t }},
	)
	switch {
	case isElse && (condition != nil || then != nil):
		p.fail(n, "write two entries: {if: …, then: …} and {else: …}", "an entry of a branch has either if and then, or else")
	case !isElse && (condition == nil || then == nil):
		p.fail(n, "write {if: …, then: …} or {else: …, unknown: …}", "an entry of a branch needs if and then, or else")
	case !isElse && unknown != nil:
		p.fail(unknown, "move it to the entry with else", "unknown belongs to the else of a branch")
		b.Unknown = nil
	}
	return b, isElse
}

// startRef reads the name of a playbook to start; whether there is one is checked
// when all are read.
func (p *draftPlaybook) startRef(n ast.Node) string {
	s, ok := p.str(n, "start")
	if ok {
		p.starts[p.Name] = append(p.starts[p.Name], startRef{p.document, n, s})
	}
	return s
}
