package playbooks

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// A draftPlaybook is a playbook while its file is read.
type draftPlaybook struct {
	*Playbook
	*document
	c     *rules.Compiler // knows the playbook's lets and what its answers collect
	nodes head
	goes  []goesTo // every target written, to be checked once all steps are known
	known map[string]string
}

// head holds the fields of a playbook file that need the compiler or each other.
type head struct {
	name, title, let, audience, when, period, resolve, onResolve, cooldown ast.Node
	inhibitedBy, holdout, existing, stopWhen, deadline, goal, group        ast.Node
	assign, also, steps, variants, outcomes                                ast.Node
}

// A goesTo is one place of a file that names a step or an outcome.
type goesTo struct {
	node   ast.Node
	target Target
}

// readPlaybook reads one playbook file.
func (l *loading) readPlaybook(d *document) *draftPlaybook {
	p := &draftPlaybook{document: d, c: l.compiler, Playbook: &Playbook{
		File: d.file, Severity: defaultSeverity, OnResolve: defaultOnResolve, Existing: defaultExisting,
		Channel: defaultChannel, Outcomes: map[string]OutcomeDef{},
	}}
	if d.root == nil {
		if len(d.lines) > 0 && l.counts[d.file] == 0 {
			d.failAt(Pos{d.file, 1, 1}, "write `playbook: name`, or remove the file", "the file is empty")
		}
		return p
	}
	if !d.object(d.root, "a playbook", p.fields()...) {
		return p
	}
	p.withNames()
	p.readHead()
	p.readOutcomes(p.nodes.outcomes)
	p.Steps = p.readSteps(p.nodes.steps, "")
	p.readVariants(p.nodes.variants)
	p.readRule()
	p.readStops()
	p.checkDeadline()
	p.checkFlow()
	return p
}

// fields are the fields of a playbook file.
func (p *draftPlaybook) fields() []field {
	keep := func(at *ast.Node) func(ast.Node) { return func(n ast.Node) { *at = n } }
	h := &p.nodes
	return []field{
		{"playbook", required, func(n ast.Node) { h.name, p.Name = n, p.name(n, "a playbook's name") }},
		{"title", required, keep(&h.title)},
		{"about", required, func(n ast.Node) { p.About = p.text(p.c, n, "about", maxText) }},
		{"stage", optional, func(n ast.Node) { p.Stage = p.stageName(n) }},
		{"goal", optional, keep(&h.goal)},
		{"severity", optional, func(n ast.Node) { p.readSeverity(n) }},
		{"draft", optional, func(n ast.Node) { p.Draft = p.flag(n, "draft") }},
		{"pilot", optional, func(n ast.Node) { p.Pilot = p.pilots(n) }},
		{"for_each", optional, func(n ast.Node) { p.ForEach = p.oneOf(n, "subject", "contract") }},
		{"let", optional, keep(&h.let)},
		{"audience", optional, keep(&h.audience)},
		{"when", optional, keep(&h.when)},
		{"for", optional, keep(&h.period)},
		{"resolve", optional, keep(&h.resolve)},
		{"on_resolve", optional, keep(&h.onResolve)},
		{"cooldown", optional, keep(&h.cooldown)},
		{"inhibited_by", optional, keep(&h.inhibitedBy)},
		{"limit", optional, func(n ast.Node) { p.Limit = p.limit(n) }},
		{"holdout", optional, keep(&h.holdout)},
		{"existing", optional, keep(&h.existing)},
		{"stop_when", optional, keep(&h.stopWhen)},
		{"deadline", optional, keep(&h.deadline)},
		{"group", optional, keep(&h.group)},
		{"assign", optional, keep(&h.assign)},
		{"also", optional, keep(&h.also)},
		{"channel", optional, func(n ast.Node) { p.Channel = p.channel(n) }},
		{"variants", optional, keep(&h.variants)},
		{"steps", required, keep(&h.steps)},
		{"outcomes", optional, keep(&h.outcomes)},
	}
}

// readSeverity reads the severity.
func (p *draftPlaybook) readSeverity(n ast.Node) {
	if s := Severity(p.oneOf(n, "severity", "low", "medium", "high")); s != "" {
		p.Severity = s
	}
}

// withNames gives the compiler the playbook's own names: its lets, and what its
// answers collect.
func (p *draftPlaybook) withNames() {
	p.known = p.collected()
	values := map[string]rules.Type{}
	for name, kind := range p.known {
		values[name] = collectTypes[kind]
	}
	p.readLets(p.nodes.let)
	lets := make([]rules.Let, len(p.Lets))
	for i := range p.Lets {
		lets[i] = p.Lets[i].Let
	}
	c, found := p.c.With(lets, values)
	p.adoptNames(lets, found)
	if c != nil {
		p.c = c
	}
}

// readLets reads the names for expressions: each an expression, or one with a title.
func (p *draftPlaybook) readLets(n ast.Node) {
	if n == nil {
		return
	}
	p.entries(n, "let", func(name string, k, v ast.Node) {
		var let Let
		is := v
		if isMapping(v) {
			is = nil
			p.object(v, "a let",
				field{"title", optional, func(n ast.Node) { let.Title = p.label(n, "a let's title", maxTitle) }},
				field{"is", required, func(n ast.Node) { is = n }},
			)
		}
		if is == nil {
			p.broken = append(p.broken, name)
			return
		}
		if text, ok := p.str(is, "let "+name); ok && p.identifierName(k, "a name", name) {
			let.Let = rules.Let{Name: name, Expr: p.source(is, text)}
			p.Lets = append(p.Lets, let)
		}
	})
}

// adoptNames takes over what is wrong with the playbook's names. What builds on a
// let with a mistake is left alone, as it would only repeat it.
func (p *draftPlaybook) adoptNames(lets []rules.Let, found []Problem) {
	for _, f := range found {
		i := slices.IndexFunc(lets, func(let rules.Let) bool {
			return f.Source.Line == let.Expr.Line && f.Source.Column == let.Expr.Column
		})
		switch {
		case i < 0: // of what the answers collect
			p.fail(p.root, "collect it under another name", "%s", f.Message)
		case !p.mentionsBroken(lets[i].Expr.Text):
			p.adoptAll([]Problem{f})
			p.broken = append(p.broken, lets[i].Name)
		}
	}
}

// readHead reads what may use the playbook's own names.
func (p *draftPlaybook) readHead() {
	h := p.nodes
	if h.title != nil {
		p.Title = p.text(p.c, h.title, "title", maxTitle)
	}
	if h.group != nil {
		p.Group = p.group(h.group)
	}
	if h.goal != nil {
		p.object(h.goal, "a goal",
			field{"milestone", optional, func(n ast.Node) { p.Goal.Milestone = p.milestoneName(n) }},
			field{"metric", optional, func(n ast.Node) { p.Goal.Metric = p.expr(p.c, n, "metric", rules.Number) }},
		)
	}
	if h.assign != nil {
		p.Assign = p.person(p.c, h.assign, "assign")
	} else if p.nodes.name != nil {
		assign, found := p.c.Expr(rules.Source{File: p.file, Line: 1, Column: 1, Text: defaultAssign})
		p.Assign = assign
		p.adopt(p.nodes.name, defaultAssign, found)
	}
	if h.also != nil {
		p.Also = p.person(p.c, h.also, "also")
	}
	if h.deadline != nil {
		p.Deadline = p.expr(p.c, h.deadline, "deadline", rules.Day)
	}
	if h.existing != nil {
		if e := Existing(p.oneOf(h.existing, "way with what is already true", "list", "start", "ignore")); e != "" {
			p.Existing = e
		}
	}
	if h.onResolve != nil {
		if r := OnResolve(p.oneOf(h.onResolve, "way when the rule ends", "close", "continue")); r != "" {
			p.OnResolve = r
		}
	}
}

// readRule reads when the playbook starts.
func (p *draftPlaybook) readRule() {
	h := p.nodes
	if h.when == nil {
		for name, n := range map[string]ast.Node{"for": h.period, "resolve": h.resolve, "on_resolve": h.onResolve, "cooldown": h.cooldown,
			"holdout": h.holdout, "existing": h.existing, "inhibited_by": h.inhibitedBy} {
			if n != nil {
				p.warn(n, "add `when: …`, or remove it", "%s means nothing without when", name)
			}
		}
		if h.audience != nil {
			p.condition(p.c, h.audience, "audience")
		}
		return
	}
	r := &rules.Rule{Playbook: p.Name, ForEach: p.ForEach, Cooldown: defaultCooldown, Holdout: defaultHoldout,
		High: p.Severity == High, Existing: string(p.Existing)}
	r.When = p.condition(p.c, h.when, "when")
	r.Audience = p.audience()
	if h.period != nil {
		r.For = p.period(h.period, "for")
	}
	if h.resolve != nil {
		r.Resolve = p.condition(p.c, h.resolve, "resolve")
		if r.Resolve != nil && r.When != nil && r.When.Overlaps(r.Resolve) {
			p.warn(h.resolve, "leave a gap between the two: when: … >= 3 goes with resolve: … < 2", "resolve can hold while when does, and would end what has just begun")
		}
	}
	if h.cooldown != nil {
		r.Cooldown = p.period(h.cooldown, "cooldown")
	}
	if h.inhibitedBy != nil {
		r.InhibitedBy = p.names(h.inhibitedBy, "playbook")
	}
	if h.holdout != nil {
		r.Holdout = p.share(h.holdout)
	}
	p.Rule = r
	p.checkRhythm(h.period)
	if r.When == nil {
		return
	}
	r.Seal()
	p.sealed = append(p.sealed, r)
}

// share reads a percentage.
func (p *draftPlaybook) share(n ast.Node) float64 {
	s, ok := p.str(n, "holdout")
	if !ok {
		return 0
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !strings.HasSuffix(s, "%") || !(v >= 0 && v <= 50) { // NaN is a number to ParseFloat
		mend := "write a percentage from 0% to 50%"
		switch {
		case err != nil || strings.HasSuffix(s, "%"):
		case v > 0 && v < 0.5:
			mend = "write " + strconv.FormatFloat(v*100, 'g', 6, 64) + "%"
		case v >= 1 && v <= 50:
			mend = "write " + s + "%"
		}
		p.fail(n, mend, "%q is no holdout", s)
		return 0
	}
	if v > 0 && p.Severity == High {
		p.fail(n, "write 0%, or lower the severity", "a playbook of high severity holds nobody out")
	}
	return v / 100
}

var limitForm = regexp.MustCompile(`^(\d{1,5})/(m|h|d)$`)

// limit reads a storm limit: 20/h.
func (p *draftPlaybook) limit(n ast.Node) Limit {
	s, ok := p.str(n, "limit")
	if !ok {
		return Limit{}
	}
	m := limitForm.FindStringSubmatch(s)
	if m == nil || strings.Trim(m[1], "0") == "" {
		p.fail(n, "write how many starts in which time: 20/h, 50/d", "%q is no limit", s)
		return Limit{}
	}
	count, _ := strconv.Atoi(m[1])
	return Limit{N: count, Per: map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]}
}

// pilots reads the people who alone get a piloted playbook.
func (p *draftPlaybook) pilots(n ast.Node) []string {
	var pilots []string
	for _, v := range p.list(n) {
		s, ok := p.str(v, "a pilot")
		if ok && !slices.Contains(p.book.Team.ids(), s) {
			p.fail(v, meant(s, p.book.Team.ids()), "nobody in %s is called %q", TeamFile, s)
		}
		pilots = append(pilots, s)
	}
	return pilots
}

// channel reads where to speak: "#name", a topic of team.yaml, or dm.
func (d *document) channel(n ast.Node) string {
	s, ok := d.str(n, "a channel")
	if !ok || s == "dm" {
		return s
	}
	team := d.book.Team
	known := []string{"dm"}
	for topic, channel := range team.Channels {
		if s == topic || s == channel {
			return s
		}
		known = append(known, channel)
	}
	if len(team.People) == 0 && channelForm.MatchString(s) {
		return s // there is no team.yaml to be compared with
	}
	if near := "#" + s; slices.Contains(known, near) {
		d.fail(n, `write "`+near+`"`, "%q is no channel of %s", s, TeamFile)
		return s
	}
	d.fail(n, orElse(meant(s, known), "add it to channels in "+TeamFile), "%q is no channel of %s", s, TeamFile)
	return s
}

// milestoneName reads the id of a milestone of journey.yaml.
func (d *document) milestoneName(n ast.Node) string {
	s, ok := d.str(n, "a milestone")
	if ok && !slices.Contains(d.schema.Milestones, s) {
		d.fail(n, meant(s, d.schema.Milestones), "%q is no milestone of %s", s, JourneyFile)
	}
	return s
}

// readOutcomes reads the endings that the playbook declares.
func (p *draftPlaybook) readOutcomes(n ast.Node) {
	if n == nil {
		return
	}
	p.entries(n, "outcomes", func(name string, k, v ast.Node) {
		if !p.checkName(k, "an outcome", name) {
			return
		}
		var o OutcomeDef
		if isNull(v) {
			p.Outcomes[name] = o
			return
		}
		p.object(v, "an outcome",
			field{"title", optional, func(n ast.Node) { o.Title = p.text(p.c, n, "an outcome's title", maxTitle) }},
			field{"good", optional, func(n ast.Node) { good := p.flag(n, "good"); o.Good = &good }},
			field{"escalate", optional, func(n ast.Node) { o.Escalate = p.word(n, "escalate") }},
		)
		p.Outcomes[name] = o
	})
}
