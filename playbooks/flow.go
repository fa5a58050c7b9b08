package playbooks

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// builtIn are the outcomes that need no declaring.
var builtIn = []string{NotAProblem, PassedOn, ResolvedOut, Unanswered, Unclear, Stopped}

// checkFlow checks where a playbook's steps lead: to steps and outcomes that
// exist, to every step from somewhere, and never round and round without anything
// that waits.
func (p *draftPlaybook) checkFlow() {
	ids := stepIDs(p.Steps)
	var outcomes []string
	for name := range p.Outcomes {
		outcomes = append(outcomes, name)
	}
	for _, g := range p.goes {
		p.checkTarget(g, ids, append(outcomes, builtIn...))
	}
	if p.counts[p.file] > 0 && slices.ContainsFunc(p.problems, func(q Problem) bool { return q.File == p.file && q.Level != Hint && q.Level != "warning" }) {
		return // reachability of a broken playbook says nothing
	}
	p.checkReached()
	p.checkCircles()
	for _, s := range p.Steps {
		if s.Then.Step != "" && s.Then.Step == s.ID && !s.passes() {
			p.report(s.Pos, 1, "warning", "let then lead to another step, or to an outcome", "the step %s leads to itself, so that nothing but its time-out ends it", s.ID)
		}
	}
	p.checkUsed(outcomes)
}

// checkTarget reports a step or outcome that does not exist.
func (p *draftPlaybook) checkTarget(g goesTo, steps, outcomes []string) {
	switch t := g.target; {
	case t.Outcome != "" && !slices.Contains(outcomes, t.Outcome):
		mend := meant(t.Outcome, outcomes)
		if !strings.HasPrefix(mend, "did") {
			mend = "declare it under outcomes: " + t.Outcome + ": {good: …}; known: " + several(outcomes)
		} else {
			mend = strings.Replace(mend, `"`, `"=`, 1)
		}
		p.fail(g.node, mend, "there is no outcome %q", t.Outcome)
	case t.Outcome == "" && t.Step == "":
		p.fail(g.node, "write =resolved, or the id of a step", "an outcome has no name")
	case t.Step != "" && !slices.Contains(steps, t.Step):
		mend := meant(t.Step, steps)
		if slices.Contains(outcomes, t.Step) {
			mend = "an outcome is written =" + t.Step
		}
		p.fail(g.node, mend, "there is no step %q", t.Step)
	}
}

// A way is the steps of a playbook as one kind of account meets them.
type way struct {
	variant string
	entry   string
	steps   []*Step
}

// ways returns the playbook as each variant has it; one where there are none.
func (p *Playbook) ways() []way {
	if len(p.Steps) == 0 {
		return nil
	}
	if len(p.Variants) == 0 {
		return []way{{"", p.Steps[0].ID, p.Steps}}
	}
	var ways []way
	for _, v := range p.Variants {
		w := way{v.Name, v.Entry, slices.Clone(p.Steps)}
		for i, s := range w.steps {
			if other := stepOf(v.Steps, s.ID); other != nil {
				w.steps[i] = other
			}
		}
		if w.entry == "" {
			w.entry = w.steps[0].ID
		}
		ways = append(ways, w)
	}
	return ways
}

// next returns the steps that may follow step i of a way.
func (w way) next(i int) []string {
	s := w.steps[i]
	var next []string
	follow := func(t Target) {
		switch {
		case t.Step != "":
			next = append(next, t.Step)
		case t.Outcome != "":
		case s.Then.Step != "":
			next = append(next, s.Then.Step)
		case s.Then.Outcome == "" && i+1 < len(w.steps):
			next = append(next, w.steps[i+1].ID)
		}
	}
	switch s.Kind {
	case AskStep:
		for _, a := range s.Ask.Answers {
			follow(a.Then)
		}
	case BranchStep:
		for _, b := range s.Branch {
			follow(b.Then)
			if b.Unknown != nil {
				follow(*b.Unknown)
			}
		}
	default:
		follow(Target{})
	}
	for _, t := range []Target{s.Declined, s.Withdrawn} {
		if t.Step != "" {
			next = append(next, t.Step)
		}
	}
	if s.Otherwise != nil && s.Otherwise.Then.Step != "" {
		next = append(next, s.Otherwise.Then.Step)
	}
	if s.Approve != nil && s.Approve.Denied.Step != "" {
		next = append(next, s.Approve.Denied.Step)
	}
	return next
}

// index returns the place of a step in the way, or -1.
func (w way) index(id string) int {
	return slices.IndexFunc(w.steps, func(s *Step) bool { return s.ID == id })
}

// checkReached reports steps that nothing leads to: of those that lead to each other, the ones where it begins.
func (p *draftPlaybook) checkReached() {
	reached := map[string]bool{}
	for _, w := range p.ways() {
		todo := []string{w.entry}
		seen := map[string]bool{}
		for len(todo) > 0 {
			id := todo[0]
			todo = todo[1:]
			i := w.index(id)
			if i < 0 || seen[id] {
				continue
			}
			seen[id], reached[id] = true, true
			todo = append(todo, w.next(i)...)
		}
	}
	after := map[string]bool{} // what only such a step leads to
	for _, w := range p.ways() {
		for i, s := range w.steps {
			for _, id := range w.next(i) {
				after[id] = after[id] || !reached[s.ID] && id != s.ID
			}
		}
	}
	begins := func(s *Step) bool { return !reached[s.ID] && !after[s.ID] }
	if !slices.ContainsFunc(p.Steps, begins) { // a circle begins nowhere
		begins = func(s *Step) bool { return !reached[s.ID] }
	}
	for _, s := range p.Steps {
		if begins(s) {
			p.report(s.Pos, 1, "warning", "let an answer or a `then` lead to it, or remove it", "nothing leads to the step %s", s.ID)
		}
	}
}

// passes reports whether a run goes through a step without waiting for anything.
func (s *Step) passes() bool {
	switch s.Kind {
	case SayStep, BranchStep, SetStep, StartStep, WebhookStep:
		return true
	}
	return false
}

// checkCircles reports steps that lead back to themselves without any step that
// waits for a person or for time: a run would never come to rest in them.
func (p *draftPlaybook) checkCircles() {
	reported := map[string]bool{}
	for _, w := range p.ways() {
		for i, s := range w.steps {
			if s.passes() && !reported[s.ID] && w.returns(i) {
				reported[s.ID] = true
				p.report(s.Pos, 1, "error", "put a wait, an ask or a task between", "the step %s leads back to itself without waiting for anything", s.ID)
				return
			}
		}
	}
}

// returns reports whether step i is reached again through passing steps alone.
func (w way) returns(i int) bool {
	todo, seen := w.next(i), map[string]bool{}
	for len(todo) > 0 {
		id := todo[0]
		todo = todo[1:]
		if id == w.steps[i].ID {
			return true
		}
		k := w.index(id)
		if k < 0 || seen[id] || !w.steps[k].passes() {
			continue
		}
		seen[id] = true
		todo = append(todo, w.next(k)...)
	}
	return false
}

// checkUsed reports declared outcomes that nothing leads to.
func (p *draftPlaybook) checkUsed(outcomes []string) {
	used := map[string]bool{}
	for _, g := range p.goes {
		used[g.target.Outcome] = true
	}
	if p.nodes.outcomes == nil {
		return
	}
	eachKey(p.nodes.outcomes, func(name string, k ast.Node) {
		if !used[name] && slices.Contains(outcomes, name) && !slices.Contains(builtIn, name) {
			p.warn(k, "let a `then` lead to it (="+name+"), or remove it", "nothing leads to the outcome %s", name)
		}
	})
}

// eachKey looks at a mapping's keys.
func eachKey(n ast.Node, look func(key string, k ast.Node)) {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			if key, ok := scalar(v.Key); ok {
				look(key, v.Key)
			}
		}
	}
}

// A startRef is one place where a playbook starts another.
type startRef struct {
	doc  *document
	node ast.Node
	name string
}

// fitTogether checks what the playbooks say of each other.
func (l *loading) fitTogether(playbooks []*draftPlaybook) {
	var names []string
	for _, p := range playbooks {
		if p.Name == "" {
			continue
		}
		if other := l.book.Playbooks[p.Name]; other != nil {
			p.fail(p.nodes.name, "rename one of the two: states and runs are kept by this name", "%s is a playbook already, in %s", p.Name, other.File)
			continue
		}
		l.book.Playbooks[p.Name] = p.Playbook
		names = append(names, p.Name)
	}
	for _, p := range playbooks {
		if n := p.nodes.inhibitedBy; n != nil {
			for _, v := range p.list(n) {
				s, _ := scalar(v)
				p.checkPlaybook(v, s, names)
				if s == p.Name {
					p.fail(v, "name another playbook", "a playbook cannot inhibit itself")
				}
			}
		}
		for _, ref := range l.starts[p.Name] {
			if ref.doc == p.document {
				p.checkPlaybook(ref.node, ref.name, names)
			}
		}
	}
	l.checkStartCircles(playbooks)
}

// checkPlaybook reports a playbook that the book does not have - unless a file could
// not be read, in which it may be.
func (d *document) checkPlaybook(n ast.Node, name string, names []string) {
	if name != "" && !slices.Contains(names, name) && len(d.unread) == 0 {
		d.fail(n, meant(name, names), "there is no playbook %q in this book", name)
	}
}

// checkStartCircles reports playbooks that start each other without end.
func (l *loading) checkStartCircles(playbooks []*draftPlaybook) {
	for _, p := range playbooks {
		for _, ref := range l.starts[p.Name] {
			if path := l.startPath(ref.name, p.Name, map[string]bool{}); path != nil && ref.doc == p.document {
				p.fail(ref.node, "end one of them instead, or let a `when` start it", "these playbooks start each other without end: %s", strings.Join(append([]string{p.Name}, path...), " → "))
			}
		}
	}
}

// startPath returns how one playbook comes to start another, or nil.
func (l *loading) startPath(from, to string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	if seen[from] {
		return nil
	}
	seen[from] = true
	for _, ref := range l.starts[from] {
		if path := l.startPath(ref.name, to, seen); path != nil {
			return append([]string{from}, path...)
		}
	}
	return nil
}
