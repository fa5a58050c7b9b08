package playbooks

import (
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// stepKinds are the fields that say what a step does.
var stepKinds = []string{"ask", "task", "say", "wait", "branch", "handoff", "set", "start", "webhook"}

// belongs says which kinds of steps a field has a meaning for; a field that is not
// here has one for every kind.
var belongs = map[string][]string{
	"answers":   {"ask"},
	"due":       {"task"},
	"checklist": {"task"},
	"attach":    {"task"},
	"approve":   {"task"},
	"until":     {"wait"},
	"channel":   {"say"},
	"body":      {"webhook"},
	"declined":  {"handoff"},
	"withdrawn": {"handoff"},
	"show":      {"ask", "task", "say"},
	"to":        {"ask", "task", "say", "handoff"},
	"repeat":    {"ask", "task"},
	"remind":    {"ask", "task", "handoff"},
	"escalate":  {"ask", "task", "handoff"},
	"otherwise": {"ask", "task", "handoff", "webhook"},
	"quiet":     {"set"},
}

// A draftStep is a step while it is read.
type draftStep struct {
	*Step
	node       ast.Node
	written    map[string]ast.Node
	hasRemind  bool
	noEscalate bool
	dateUntil  ast.Node
}

// readSteps reads a list of steps. Ids are unique among them; in a variant they
// must be those of steps that they replace.
func (p *draftPlaybook) readSteps(n ast.Node, variant string) []*Step {
	if n == nil {
		return nil
	}
	if _, ok := p.plain(n).(*ast.SequenceNode); !ok {
		p.fail(n, "write each step as `- id: …`", "steps must be a list, and this is %s", kindOf(n))
		return nil
	}
	var steps []*Step
	entries := p.list(n)
	if len(entries) == 0 {
		p.fail(n, "add a step: `- {id: ask, ask: …}`", "there are no steps")
	}
	if len(entries) > maxSteps {
		p.fail(n, "split the playbook and let one start the other", "%d steps are more than anybody follows; at most %d are read", len(entries), maxSteps)
		return nil
	}
	for _, v := range entries {
		s := p.readStep(v)
		if s == nil {
			continue
		}
		if other := stepOf(steps, s.ID); other != nil && s.ID != "" {
			p.fail(v, "give each step its own id", "two steps are called %q; the first is in line %d", s.ID, other.Pos.Line)
			continue
		}
		if variant != "" && s.ID != "" && stepOf(p.Steps, s.ID) == nil {
			p.fail(v, meant(s.ID, stepIDs(p.Steps)), "the variant %s replaces a step %q that the playbook does not have", variant, s.ID)
			continue
		}
		steps = append(steps, s)
	}
	return steps
}

// stepOf finds a step by id, or returns nil.
func stepOf(steps []*Step, id string) *Step {
	for _, s := range steps {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func stepIDs(steps []*Step) []string {
	ids := make([]string, len(steps))
	for i, s := range steps {
		ids[i] = s.ID
	}
	return ids
}

// readStep reads one step.
func (p *draftPlaybook) readStep(n ast.Node) *Step {
	s := &draftStep{Step: &Step{Pos: p.pos(n)}, node: n, written: map[string]ast.Node{}}
	if !p.object(n, "a step", p.stepFields(s)...) {
		return nil
	}
	p.settleKind(s)
	switch s.Kind {
	case AskStep:
		p.checkAsk(s)
	case WaitStep:
		p.checkWait(s)
	}
	p.settleSilence(s)
	return s.Step
}

// stepFields are the fields of a step.
func (p *draftPlaybook) stepFields(s *draftStep) []field {
	note := func(name string, read func(ast.Node)) field {
		return field{name, optional, func(n ast.Node) { s.written[name] = n; read(n) }}
	}
	return []field{
		{"id", required, func(n ast.Node) { s.ID = p.name(n, "a step's id") }},
		note("ask", func(n ast.Node) { p.ask(s).Text = p.text(p.c, n, "a question", maxText) }),
		note("answers", func(n ast.Node) { p.ask(s).Answers = p.answers(n) }),
		note("task", func(n ast.Node) { p.task(s).Text = p.text(p.c, n, "a task", maxTaskText) }),
		note("due", func(n ast.Node) { p.task(s).Due = p.period(n, "due") }),
		note("checklist", func(n ast.Node) { p.task(s).Checklist = p.checklist(n) }),
		note("say", func(n ast.Node) { p.say(s).Text = p.text(p.c, n, "a message", maxText) }),
		note("channel", func(n ast.Node) { p.say(s).Channel = p.channel(n) }),
		note("wait", func(n ast.Node) { p.wait(s, n) }),
		note("until", func(n ast.Node) { p.until(s, n) }),
		note("branch", func(n ast.Node) { s.Branch = p.branches(n) }),
		note("handoff", func(n ast.Node) { s.Handoff = p.formKind(n) }),
		note("declined", func(n ast.Node) { s.Declined = p.target(n) }),
		note("withdrawn", func(n ast.Node) { s.Withdrawn = p.target(n) }),
		note("set", func(n ast.Node) { s.Set = p.assignments(n) }),
		note("quiet", func(n ast.Node) { s.Quiet = p.flag(n, "quiet") }),
		note("start", func(n ast.Node) { s.Start = p.startRef(n) }),
		note("webhook", func(n ast.Node) { p.webhook(s).Name = p.system(n) }),
		note("body", func(n ast.Node) { p.webhook(s).Body = p.body(n) }),
		note("to", func(n ast.Node) { s.To = p.person(p.c, n, "to") }),
		note("show", func(n ast.Node) { s.Show = p.signalName(n) }),
		note("attach", func(n ast.Node) { s.Attach = p.attach(n) }),
		note("approve", func(n ast.Node) { s.Approve = p.approve(n) }),
		note("repeat", func(n ast.Node) { s.Repeat = p.repeat(n) }),
		note("remind", func(n ast.Node) { s.hasRemind = true; s.Remind = p.periods(n, "a reminder") }),
		note("escalate", func(n ast.Node) { p.escalate(s, n) }),
		note("otherwise", func(n ast.Node) { s.Otherwise = p.otherwise(n) }),
		note("then", func(n ast.Node) { s.Then = p.target(n) }),
	}
}

func (p *draftPlaybook) ask(s *draftStep) *Ask {
	if s.Ask == nil {
		s.Ask = &Ask{}
	}
	return s.Ask
}

func (p *draftPlaybook) task(s *draftStep) *Task {
	if s.Task == nil {
		s.Task = &Task{}
	}
	return s.Task
}

func (p *draftPlaybook) say(s *draftStep) *Say {
	if s.Say == nil {
		s.Say = &Say{}
	}
	return s.Say
}

func (p *draftPlaybook) webhook(s *draftStep) *Webhook {
	if s.Webhook == nil {
		s.Webhook = &Webhook{}
	}
	return s.Webhook
}

// settleKind finds what a step does and reports fields that belong to another kind.
func (p *draftPlaybook) settleKind(s *draftStep) {
	var kinds []string
	for _, kind := range stepKinds {
		if s.written[kind] != nil {
			kinds = append(kinds, kind)
		}
	}
	switch {
	case len(kinds) == 0:
		p.fail(s.node, "give it one of: "+strings.Join(stepKinds, ", "), "the step %s does nothing", s.ID)
	case len(kinds) > 1:
		p.fail(s.written[kinds[1]], "make it two steps", "the step %s is both %s and %s", s.ID, kinds[0], kinds[1])
	}
	if len(kinds) == 0 {
		return
	}
	s.Kind = StepKind(kinds[0])
	for name, n := range s.written {
		if of, bound := belongs[name]; bound && !slices.Contains(of, kinds[0]) {
			p.fail(n, "remove it, or make the step "+strings.Join(of, " or "), "%s means nothing for a step that is %s", name, kinds[0])
		}
	}
	for kind, clear := range map[StepKind]func(){AskStep: func() { s.Ask = nil }, TaskStep: func() { s.Task = nil }, SayStep: func() { s.Say = nil },
		WaitStep: func() { s.Wait = nil }, WebhookStep: func() { s.Webhook = nil }} {
		if kind != s.Kind {
			clear()
		}
	}
}

// checklist reads the items of a task.
func (p *draftPlaybook) checklist(n ast.Node) []Text {
	var items []Text
	entries := p.list(n)
	if len(entries) > maxChecklist {
		p.fail(n, "split the task", "a checklist of %d items is more than Slack's %d checkboxes", len(entries), maxChecklist)
	}
	for _, v := range entries {
		items = append(items, p.text(p.c, v, "a checklist's item", maxItem))
	}
	return items
}

// formKind reads the kind of a handoff form.
func (p *draftPlaybook) formKind(n ast.Node) string {
	s, ok := p.str(n, "handoff")
	if !ok || p.book.Forms[s] != nil {
		return s
	}
	var kinds []string
	for kind := range p.book.Forms {
		kinds = append(kinds, kind)
	}
	p.fail(n, meant(s, kinds), "%s has no form of the kind %q", HandoffFile, s)
	return s
}

// signalName reads the name of a signal of signals.yaml.
func (p *draftPlaybook) signalName(n ast.Node) string {
	s, ok := p.str(n, "show")
	if !ok {
		return ""
	}
	var names []string
	for _, signal := range p.book.Signals {
		names = append(names, signal.Name)
	}
	if !slices.Contains(names, s) {
		p.fail(n, meant(s, names), "%q is no signal of %s", s, SignalsFile)
	}
	return s
}

// contractSets are the fields of a contract that a play may set; those counted from
// them (notice_in, end_in) follow, and the id is the contract's name.
var contractSets = map[string]rules.Type{
	"product": rules.Text, "partner": rules.Text, "seats": rules.Number, "amount": rules.Number,
	"start": rules.Day, "end": rules.Day, "notice_by": rules.Day, "signed": rules.Bool, "auto_renew": rules.Bool,
}

// assignments reads what is set: stage, milestone.NAME, contract.NAME or
// attributes.NAME. A value is a word, a number, true or false; {{ … }} computes it.
func (p *draftPlaybook) assignments(n ast.Node) []Assignment {
	var all []Assignment
	p.entries(n, "set", func(name string, k, v ast.Node) {
		head, rest, _ := strings.Cut(name, ".")
		switch {
		case name == "stage":
			if s := p.stageName(v); s != "" {
				all = append(all, Assignment{name, p.literal(p.c, v, s)})
			}
		case head == "milestone" && slices.Contains(p.schema.Milestones, rest):
			all = append(all, Assignment{name, p.setValue(v, rules.Bool, rules.Day)})
		case head == "milestone":
			p.fail(k, meant(rest, p.schema.Milestones), "%q is no milestone of %s", rest, JourneyFile)
		case head == "contract" && contractSets[rest] != "":
			all = append(all, Assignment{name, p.setValue(v, contractSets[rest])})
		case head == "contract":
			names := slices.Sorted(maps.Keys(contractSets))
			p.fail(k, orElse(meant(rest, names), "set one of: "+strings.Join(names, ", ")), "%q is no field of a contract that can be set", rest)
		case head == "attributes" && p.schema.Attributes[rest] != "":
			all = append(all, Assignment{name, p.setValue(v, p.schema.Attributes[rest])})
		case head == "attributes":
			var names []string
			for attribute := range p.schema.Attributes {
				names = append(names, attribute)
			}
			p.fail(k, orElse(meant(rest, names), "declare it under attributes in "+SignalsFile), "%q is no attribute of accounts", rest)
		default:
			p.fail(k, "set stage, milestone.NAME, contract.NAME or attributes.NAME", "%q cannot be set", name)
		}
	})
	return all
}

// setValue compiles the value of an assignment: {{ … }} is an expression, all else
// stands for itself.
func (p *draftPlaybook) setValue(n ast.Node, want ...rules.Type) *rules.Expr {
	s, ok := p.str(n, "a value")
	if !ok {
		return nil
	}
	if inner, open := strings.CutPrefix(s, "{{"); open && strings.HasSuffix(inner, "}}") {
		source := p.source(n, s)
		source.Column += 2
		expr, found := p.c.Expr(rules.Source{File: source.File, Line: source.Line, Column: source.Column, Text: strings.TrimSuffix(inner, "}}")}, want...)
		for i := range found {
			found[i].Offset += 2
		}
		p.adopt(n, s, found)
		return expr
	}
	if slices.Contains(want, rules.Text) {
		return p.literal(p.c, n, s)
	}
	return p.expr(p.c, n, "a value", want...)
}
