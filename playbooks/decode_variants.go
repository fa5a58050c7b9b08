package playbooks

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// audience compiles the audience, narrowed to the accounts for which there is a
// variant: an account that matches none is outside.
func (p *draftPlaybook) audience() *rules.Condition {
	var audience *rules.Condition
	if n := p.nodes.audience; n != nil {
		if audience = p.condition(p.c, n, "audience"); audience == nil {
			return nil
		}
	}
	var either []string
	for _, v := range p.Variants {
		if v.If == nil {
			return audience
		}
		either = append(either, "("+v.If.String()+")")
	}
	if len(either) == 0 {
		return audience
	}
	text := strings.Join(either, " or ")
	if audience != nil {
		text = "(" + audience.String() + ") and (" + text + ")"
	}
	at := p.pos(p.nodes.variants)
	narrowed, found := p.c.Condition(rules.Source{File: at.File, Line: at.Line, Column: at.Column, Text: text})
	p.adopt(p.nodes.variants, text, found)
	return narrowed
}

// readVariants reads the variants, in the order in which they are tried.
func (p *draftPlaybook) readVariants(n ast.Node) {
	if n == nil {
		return
	}
	p.entries(n, "variants", func(name string, k, v ast.Node) {
		if !p.checkName(k, "a variant", name) {
			return
		}
		variant := Variant{Name: name}
		var steps, entry ast.Node
		p.object(v, "a variant",
			field{"title", optional, func(n ast.Node) { variant.Title = p.label(n, "a variant's title", maxTitle) }},
			field{"if", optional, func(n ast.Node) { variant.If = p.condition(p.c, n, "if") }},
			field{"entry", optional, func(n ast.Node) { entry = n; variant.Entry, _ = p.str(n, "entry") }},
			field{"steps", optional, func(n ast.Node) { steps = n }},
		)
		if entry != nil {
			p.goes = append(p.goes, goesTo{entry, Target{Step: variant.Entry}})
		}
		if steps == nil && entry == nil {
			p.fail(k, "give it an `entry` step or `steps` of its own", "the variant %s changes nothing", name)
		}
		if last := len(p.Variants) - 1; last >= 0 && p.Variants[last].If == nil {
			p.fail(k, "put the variant without `if` last", "the variant before %s has no `if`, so it is never reached", name)
		}
		if steps != nil {
			variant.Steps = p.readSteps(steps, name)
		}
		p.Variants = append(p.Variants, variant)
	})
}

// readStops reads stop_when: one {if, then} or a list of them.
func (p *draftPlaybook) readStops() {
	if p.nodes.stopWhen == nil {
		return
	}
	for _, v := range p.list(p.nodes.stopWhen) {
		var b Branch
		p.object(v, "stop_when",
			field{"if", required, func(n ast.Node) { b.If = p.condition(p.c, n, "if") }},
			field{"then", required, func(n ast.Node) {
				if b.Then = p.target(n); b.Then.Step != "" {
					p.fail(n, "write an outcome: =renewed", "stop_when ends the play, so it leads to an outcome, not to a step")
				}
			}},
		)
		p.Playbook.StopWhen = append(p.Playbook.StopWhen, b)
	}
}

// checkDeadline reports a deadline that no step looks at.
func (p *draftPlaybook) checkDeadline() {
	repeats := func(s *Step) bool { return s.Repeat != nil }
	if p.nodes.deadline == nil || slices.ContainsFunc(p.Steps, repeats) {
		return
	}
	for _, v := range p.Variants {
		if slices.ContainsFunc(v.Steps, repeats) {
			return
		}
	}
	p.warn(p.nodes.deadline, "add repeat: {every: 5wd, last: {5wd: 1wd}} to a step, or remove it", "no step of the playbook looks at its deadline")
}

// target reads where a run goes: =outcome, or a step's id.
func (p *draftPlaybook) target(n ast.Node) Target {
	s, ok := p.str(n, "then")
	if !ok {
		return Target{}
	}
	var t Target
	if outcome, ends := strings.CutPrefix(s, "="); ends {
		t.Outcome = strings.TrimSpace(outcome)
	} else {
		t.Step = s
	}
	p.goes = append(p.goes, goesTo{n, t})
	return t
}
