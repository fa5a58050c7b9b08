package playbooks

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// identifier is what a name must look like to be written in an expression.
var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// identifierName reports a name that an expression could not speak of.
func (d *document) identifierName(n ast.Node, what, s string) bool {
	if strings.Contains(s, "-") && identifier.MatchString(strings.ReplaceAll(s, "-", "_")) {
		d.fail(n, "write "+strings.ReplaceAll(s, "-", "_")+": in an expression a - subtracts", "%q cannot be %s", s, what)
		return false
	}
	return d.checkName(n, what, s)
}

// readSignals reads signals.yaml: the signals, and the further fields of accounts
// that expressions may use.
func (l *loading) readSignals(d *document) {
	if d.root == nil {
		return
	}
	d.object(d.root, SignalsFile,
		field{"signals", required, func(n ast.Node) {
			d.entries(n, "signals", func(name string, k, v ast.Node) {
				if d.identifierName(k, "a signal's name", name) {
					l.book.Signals = append(l.book.Signals, d.signal(name, v))
				}
			})
		}},
		field{"attributes", optional, func(n ast.Node) { l.book.Attributes = d.attributes(n) }},
	)
	l.schema.Signals = l.book.Signals
	l.schema.Attributes = map[string]rules.Type{}
	for _, a := range l.book.Attributes {
		l.schema.Attributes[a.Name] = a.Type
	}
}

// signal reads one signal.
func (d *document) signal(name string, n ast.Node) rules.SignalDef {
	s := rules.SignalDef{Name: name, Kind: rules.Count} // where the kind is missing, that alone is reported
	var hourly ast.Node
	d.object(n, "a signal",
		field{"kind", required, func(n ast.Node) { s.Kind = d.signalKind(n) }},
		field{"title", optional, func(n ast.Node) { s.Title = d.label(n, "a signal's title", 20) }},
		field{"about", optional, func(n ast.Node) { d.label(n, "about", maxText) }},
		field{"unit", optional, func(n ast.Node) { s.Unit, _ = d.str(n, "a unit") }},
		field{"by", optional, func(n ast.Node) {
			if s.Dimension, _ = d.str(n, "a dimension"); s.Dimension != "" {
				d.identifierName(n, "a dimension", s.Dimension)
			}
		}},
		field{"hourly", optional, func(n ast.Node) {
			s.Hourly = d.flag(n, "hourly")
			hourly = n
		}},
		field{"fresh", optional, func(n ast.Node) {
			s.Fresh = d.duration(n, "fresh")
			if s.Fresh != 0 && s.Fresh < time.Hour {
				d.fail(n, "write at least 1h; 48h is the default", "a feed that had to bring something so often would be stale all the time")
			}
		}},
	)
	if s.Hourly && s.Kind != rules.Count {
		d.fail(hourly, "leave it out", "only a count can be hourly, and %s is a %s", name, s.Kind)
		s.Hourly = false
	}
	return s
}

// signalKind reads a kind; for a misspelt one it returns what was meant, so that
// expressions are not blamed for it.
func (d *document) signalKind(n ast.Node) rules.Kind {
	kinds := []string{"count", "gauge", "unique"}
	if kind := d.oneOf(n, "kind of signal", kinds...); kind != "" {
		return rules.Kind(kind)
	}
	written, _ := scalar(n)
	if near := rules.Nearest(written, kinds); near != "" {
		return rules.Kind(near)
	}
	return rules.Count
}

// attributes reads the further fields of accounts: each a type, or one with a title.
func (d *document) attributes(n ast.Node) []Attribute {
	types := map[string]rules.Type{"number": rules.Number, "text": rules.Text, "yes_no": rules.Bool, "date": rules.Day}
	var attributes []Attribute
	d.entries(n, "attributes", func(name string, k, v ast.Node) {
		a := Attribute{Name: name}
		kind := func(n ast.Node) { a.Type = types[d.oneOf(n, "type of attribute", "number", "text", "yes_no", "date")] }
		if !d.identifierName(k, "an attribute's name", name) {
			return
		}
		if isMapping(v) {
			d.object(v, "an attribute",
				field{"title", optional, func(n ast.Node) { a.Title = d.label(n, "an attribute's title", maxTitle) }},
				field{"kind", required, kind},
			)
		} else {
			kind(v)
		}
		attributes = append(attributes, a)
	})
	return attributes
}

// readSegments reads segments.yaml: for each segment its values, from the first to
// the last, the first whose condition holds being the account's.
func (l *loading) readSegments(d *document) {
	if d.root == nil {
		return
	}
	d.object(d.root, SegmentsFile, field{"segments", required, func(n ast.Node) {
		d.entries(n, "segments", func(name string, k, v ast.Node) {
			if !d.identifierName(k, "a segment's name", name) {
				return
			}
			segment := Segment{Segment: rules.Segment{Name: name, Source: d.source(k, name)}, Titles: map[string]Label{}}
			if _, one := scalar(fieldOf(v, "value")); isMapping(v) && !one { // one value stands for a list of one
				d.object(v, "a segment",
					field{"title", optional, func(n ast.Node) { segment.Title = d.label(n, "a segment's title", maxTitle) }},
					field{"values", required, func(n ast.Node) { segment.Values = d.segmentValues(n, segment.Titles) }},
				)
			} else {
				segment.Values = d.segmentValues(v, segment.Titles)
			}
			l.book.Segments = append(l.book.Segments, segment)
			l.schema.Segments = append(l.schema.Segments, segment.Segment)
		})
	}})
}

// segmentValues reads the values of one segment. Values after one without a
// condition would never be reached. titles takes what people call them.
func (d *document) segmentValues(n ast.Node, titles map[string]Label) []rules.SegmentValue {
	var values []rules.SegmentValue
	for _, v := range d.list(n) {
		var value rules.SegmentValue
		var title Label
		if len(values) > 0 && values[len(values)-1].If.Text == "" {
			d.fail(v, "put the value without `if` last", "the value before this one has no `if`, so this one is never reached")
		}
		d.object(v, "a segment's value",
			field{"value", required, func(n ast.Node) {
				value.Value, _ = d.str(n, "a value")
				if slices.ContainsFunc(values, func(o rules.SegmentValue) bool { return o.Value == value.Value }) {
					d.fail(n, "join the two with `or`", "the value %q stands here twice", value.Value)
				}
			}},
			field{"title", optional, func(n ast.Node) { title = d.label(n, "a title of a segment's value", maxTitle) }},
			field{"about", optional, func(n ast.Node) { d.label(n, "about", maxText) }},
			field{"if", optional, func(n ast.Node) {
				if text, ok := d.str(n, "a condition"); ok {
					value.If = d.source(n, text)
				}
			}},
		)
		if len(title) > 0 {
			titles[value.Value] = title
		}
		values = append(values, value)
	}
	return values
}

// A draftMilestone is a milestone whose expressions wait for the compiler.
type draftMilestone struct {
	def                     MilestoneDef
	reached, task, due, who ast.Node
}

// readJourney reads the names of journey.yaml, so that expressions may speak of
// them; finishJourney reads the rest.
func (l *loading) readJourney(d *document) []draftMilestone {
	journey := &Journey{}
	l.book.Journey = journey
	if d.root == nil {
		return nil
	}
	var milestones []draftMilestone
	d.object(d.root, JourneyFile,
		field{"stages", required, func(n ast.Node) {
			d.entries(n, "stages", func(id string, k, v ast.Node) {
				if d.checkName(k, "a stage", id) {
					journey.Stages = append(journey.Stages, d.stage(id, v))
				}
			})
		}},
		field{"milestones", optional, func(n ast.Node) {
			d.entries(n, "milestones", func(id string, k, v ast.Node) {
				if d.checkName(k, "a milestone", id) {
					milestones = append(milestones, d.milestone(id, v))
				}
			})
		}},
	)
	for _, s := range journey.Stages {
		l.schema.Stages = append(l.schema.Stages, s.ID)
	}
	for _, m := range milestones {
		l.schema.Milestones = append(l.schema.Milestones, m.def.ID)
	}
	return milestones
}

// stage reads one stage.
func (d *document) stage(id string, n ast.Node) Stage {
	s := Stage{ID: id}
	d.object(n, "a stage",
		field{"title", required, func(n ast.Node) { s.Title = d.label(n, "a stage's title", maxButton) }},
		field{"about", optional, func(n ast.Node) { s.About = d.label(n, "about", maxText) }},
	)
	return s
}

// milestone reads one milestone, leaving expressions for later.
func (d *document) milestone(id string, n ast.Node) draftMilestone {
	m := draftMilestone{def: MilestoneDef{ID: id}}
	keep := func(at *ast.Node) func(ast.Node) { return func(n ast.Node) { *at = n } }
	d.object(n, "a milestone",
		field{"title", required, func(n ast.Node) { m.def.Title = d.label(n, "a milestone's title", maxButton) }},
		field{"about", optional, func(n ast.Node) { m.def.About = d.label(n, "about", maxText) }},
		field{"stage", required, func(n ast.Node) { m.def.Stage = d.stageName(n) }},
		field{"due", optional, keep(&m.due)},
		field{"task", optional, keep(&m.task)},
		field{"owner", optional, keep(&m.who)},
		field{"reached", optional, keep(&m.reached)},
	)
	return m
}

// stageName reads the id of a stage of journey.yaml.
func (d *document) stageName(n ast.Node) string {
	s, ok := d.str(n, "a stage")
	if ok && d.book.Journey.Stage(s) == nil {
		var ids []string
		for _, stage := range d.book.Journey.Stages {
			ids = append(ids, stage.ID)
		}
		d.fail(n, meant(s, ids), "%q is no stage of %s", s, JourneyFile)
	}
	return s
}

// finishJourney reads what needs the compiler.
func (l *loading) finishJourney(d *document, milestones []draftMilestone) {
	for _, m := range milestones {
		def := m.def
		if m.due != nil {
			def.Due = d.offset(m.due)
		}
		if m.who != nil {
			def.Owner = d.word(m.who, "owner of a milestone")
		}
		if m.task != nil {
			task := d.text(l.compiler, m.task, "a milestone's task", maxTaskText)
			def.Task = &task
			if m.due == nil {
				d.fail(m.task, "add `due: contract.start + 14d`", "a milestone with a task needs a date")
			}
		}
		if m.reached != nil {
			def.Reached = d.condition(l.compiler, m.reached, "reached")
		}
		l.book.Journey.Milestones = append(l.book.Journey.Milestones, def)
	}
}

var offsetForm = regexp.MustCompile(`^([a-z_.]+)(?:\s*([+-])\s*([0-9]+[a-z]+))?$`)

// offsetBases are the dates that a milestone may be counted from.
var offsetBases = []string{"contract.start", "contract.end", "contract.notice_by"}

// offset reads a date counted from one of the contract's: contract.start + 14d.
func (d *document) offset(n ast.Node) Offset {
	s, ok := d.str(n, "due")
	if !ok {
		return Offset{}
	}
	m := offsetForm.FindStringSubmatch(s)
	if m == nil {
		d.fail(n, "write contract.start + 14d, with d for calendar days and wd for working days", "%q is no date of a milestone", s)
		return Offset{}
	}
	if !slices.Contains(offsetBases, m[1]) {
		d.fail(n, meant(m[1], offsetBases), "%q is no date of a contract", m[1])
	}
	o := Offset{From: m[1], Back: m[2] == "-"}
	if m[3] != "" {
		by, err := rules.ParsePeriod(m[3])
		if err != nil || by.Minutes != 0 {
			d.fail(n, "write days: 14d, 10wd or 2w", "%q is no number of days", m[3])
		}
		o.By = by
	}
	return o
}
