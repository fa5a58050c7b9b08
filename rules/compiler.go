package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"
)

// A Type is the type of an expression's value.
type Type string

// The types. A Person is text that names a person: an id in team.yaml or an
// e-mail address; it may stand wherever Text may. Lengths of time are Numbers of
// days.
const (
	Number Type = "number"
	Text   Type = "text"
	Bool   Type = "yes or no"
	Day    Type = "date"
	Person Type = "person"
)

// A Schema is what expressions may speak of besides the account's own fields.
type Schema struct {
	Signals    []SignalDef
	Segments   []Segment
	Stages     []string        // in order
	Milestones []string        // names of journey.yaml
	Attributes map[string]Type // further fields of account: Number, Text, Bool or Day
	Roles      []string        // roles besides owner, ae, se, onboarding, partner_manager
}

// A Segment names a way of sorting accounts: the value whose condition holds
// first. Where a condition before it is unknown, the segment is unknown; where
// none holds it is "".
type Segment struct {
	Name   string
	Values []SegmentValue
	Source Source // of the name
}

// A SegmentValue is one value of a segment. Without a condition (If.Text empty)
// it holds for every account that came so far.
type SegmentValue struct {
	Value string
	If    Source
}

// A Let names an expression, for the playbook that it stands in.
type Let struct {
	Name string
	Expr Source
}

// A Compiler turns the texts of one book into conditions, expressions and
// templates. It collects the features they ask for, so that each is computed once
// per evaluation. Compile everything first, then evaluate: a Compiler is not safe
// for use by several goroutines while it compiles, and is after that.
type Compiler struct {
	*core
	own     map[string]int    // slots of lets and values, by name
	records map[string]record // by name; see WithRecord
}

// A core is what all compilers of one book share.
type core struct {
	signals    map[string]SignalDef
	segments   map[string]int // slots
	order      []string       // of segments
	stages     []string
	milestones []string
	attributes map[string]Type
	roles      []string

	slots  []slot
	byText map[string]int

	numbers map[string]int // of signals, in the order in which features of them were compiled
	cells   []int          // by a signal's number: how many features are remembered with a series of it

	hourly []string // signals of which a feature changes as hours pass

	years sync.Map // countryYear -> *offYear
	zones sync.Map // name -> *time.Location
	peers []peerAsk
}

// A slot is one thing that expressions read: a feature, a field, a let. All
// expressions that read it share it.
type slot struct {
	text      string // as written
	typ       Type
	values    []string // the texts it may have, where those are known
	feature   *feature // or get
	get       func(*Facts) result
	signal    int      // number of the feature's signal
	cell      int      // number of the feature among those of its signal
	window    windowOp // how it is worked out from day to day
	reads     []int    // slots that get reads
	completed bool     // the feature reads completed days alone
	fresh     bool     // worked out each time: depends on the reader's language
	record    bool     // it is a field of a record, given by Facts.Set
	passes    bool     // instead of get: it has the value of the first slot of reads that is known
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// NewCompiler checks a schema and its segments' conditions.
func NewCompiler(schema Schema) (*Compiler, []Problem) {
	c := &Compiler{core: &core{
		signals: map[string]SignalDef{}, segments: map[string]int{}, byText: map[string]int{},
		stages: schema.Stages, milestones: schema.Milestones, attributes: schema.Attributes,
		roles: append([]string{"owner", "ae", "se", "onboarding", "partner_manager"}, schema.Roles...),
	}}
	var problems []Problem
	for _, def := range schema.Signals {
		if p := c.checkSignalDef(def); p != "" {
			problems = append(problems, problemAt(Source{}, 0, 0, "%s", p))
			continue
		}
		c.signals[def.Name] = def
	}
	for _, seg := range schema.Segments {
		problems = append(problems, c.addSegment(seg)...)
	}
	return c, problems
}

// checkSignalDef says what is wrong with a declaration, or "".
func (c *core) checkSignalDef(def SignalDef) string {
	switch {
	case !nameForm.MatchString(def.Name) || slices.Contains(rootNames(), def.Name):
		return fmt.Sprintf("signal %q: want a name of letters, digits and _ that is not one of %v", def.Name, rootNames())
	case !slices.Contains([]Kind{Count, Gauge, Unique}, def.Kind):
		return fmt.Sprintf("signal %s: kind %q: want count, gauge or unique", def.Name, def.Kind)
	case def.Kind == Unique && def.Dimension != "":
		return fmt.Sprintf("signal %s: a unique signal cannot be split by a dimension (%s)", def.Name, def.Dimension)
	case def.Hourly && def.Kind != Count:
		return fmt.Sprintf("signal %s: only a count can be hourly, and this is a %s", def.Name, def.Kind)
	case def.Fresh < 0:
		return fmt.Sprintf("signal %s: fresh is negative", def.Name)
	case c.signals[def.Name].Name != "":
		return fmt.Sprintf("signal %s is declared twice", def.Name)
	}
	return ""
}

// addSegment compiles a segment's conditions; they may use segments before it.
func (c *Compiler) addSegment(seg Segment) []Problem {
	if !nameForm.MatchString(seg.Name) {
		return []Problem{problemAt(seg.Source, 0, len(seg.Source.Text), "segment %q: want a name of letters, digits and _", seg.Name)}
	}
	if _, twice := c.segments[seg.Name]; twice {
		return []Problem{problemAt(seg.Source, 0, len(seg.Source.Text), "segment %s is declared twice", seg.Name)}
	}
	var problems []Problem
	var conditions []*Condition
	sl := slot{text: "segment." + seg.Name, typ: Text, values: []string{""}}
	for _, v := range seg.Values {
		sl.values = append(sl.values, v.Value)
		if v.If.Text == "" {
			conditions = append(conditions, nil)
			continue
		}
		cond, wrong := c.Condition(v.If)
		problems = append(problems, wrong...)
		conditions = append(conditions, cond)
		if cond != nil {
			sl.reads = append(sl.reads, cond.slots()...)
		}
	}
	if len(problems) == 0 {
		values := seg.Values
		sl.get = func(f *Facts) result { return chooseSegment(f, seg.Name, values, conditions) }
	} else {
		sl.get = func(*Facts) result { return result{gap: gap{Code: HasErrors, Of: "segment." + seg.Name}} }
	}
	c.segments[seg.Name] = c.addSlot(sl)
	c.order = append(c.order, seg.Name)
	return problems
}

func chooseSegment(f *Facts, name string, values []SegmentValue, conditions []*Condition) result {
	for i, cond := range conditions {
		if cond == nil {
			return result{text: values[i].Value}
		}
		switch cond.Truth(f) {
		case True:
			return result{text: values[i].Value}
		case Unknown:
			return result{gap: gap{Code: NotKnown, Of: "segment." + name}}
		}
	}
	return result{}
}

// With returns a compiler that also knows the given names: lets, in order, each
// of which may use those before it, and values, which are given at evaluation by
// Facts.Set (what an answer collected, for example) and are unknown until then.
func (c *Compiler) With(lets []Let, values map[string]Type) (*Compiler, []Problem) {
	inner := &Compiler{core: c.core, own: maps.Clone(c.own), records: c.records}
	if inner.own == nil {
		inner.own = map[string]int{}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		inner.own[name] = c.slotOf("given "+name+" "+string(values[name]), func() slot {
			return slot{text: name, typ: values[name], get: func(f *Facts) result { return f.given(name) }}
		})
	}
	var problems []Problem
	for _, let := range lets {
		if p := inner.checkLetName(let); p != nil {
			problems = append(problems, *p)
			continue
		}
		sl, wrong := inner.letSlot(let)
		problems = append(problems, wrong...)
		inner.own[let.Name] = c.addSlot(sl)
	}
	return inner, problems
}

func (c *Compiler) checkLetName(let Let) *Problem {
	var why string
	switch {
	case !nameForm.MatchString(let.Name):
		why = "want a name of letters, digits and _"
	case slices.Contains(rootNames(), let.Name) || c.signals[let.Name].Name != "":
		why = "the name is taken"
	case hasKey(c.own, let.Name):
		why = "the name is used twice"
	default:
		return nil
	}
	p := problemAt(let.Expr, 0, 0, "let %s: %s", let.Name, why)
	return &p
}

// letSlot compiles a let: a condition keeps its three values.
func (c *Compiler) letSlot(let Let) (slot, []Problem) {
	failed := slot{text: let.Name, typ: "", get: func(*Facts) result { return result{gap: gap{Code: HasErrors, Of: let.Name}} }}
	e, problems := c.Expr(let.Expr)
	if len(problems) > 0 {
		return failed, problems
	}
	if i, plain := e.program.alone(); plain && e.Type != Bool {
		return slot{text: let.Name, typ: e.Type, reads: []int{i}, passes: true}, nil
	}
	if e.Type != Bool {
		return slot{text: let.Name, typ: e.Type, reads: e.program.slots, get: e.program.eval}, nil
	}
	cond, problems := c.Condition(let.Expr)
	if len(problems) > 0 {
		return failed, problems
	}
	return slot{text: let.Name, typ: Bool, reads: cond.slots(), get: cond.asResult}, nil
}

// addSlot numbers a slot, and of a feature its signal and its cell in the memo.
func (c *core) addSlot(sl slot) int {
	if ft := sl.feature; ft != nil {
		n, known := c.numbers[ft.signal]
		if !known {
			if c.numbers == nil {
				c.numbers = map[string]int{}
			}
			n = len(c.cells)
			c.numbers[ft.signal] = n
			c.cells = append(c.cells, 0)
		}
		if c.byHour(ft) && !slices.Contains(c.hourly, ft.signal) {
			c.hourly = append(c.hourly, ft.signal)
		}
		sl.signal, sl.cell, sl.completed, sl.window = n, c.cells[n], ft.completed(), ft.windowOp()
		c.cells[n]++
	}
	c.slots = append(c.slots, sl)
	return len(c.slots) - 1
}

// slotOf returns the slot known by key, made where there is none.
func (c *core) slotOf(key string, make func() slot) int {
	if i, known := c.byText[key]; known {
		return i
	}
	i := c.addSlot(make())
	c.byText[key] = i
	return i
}

// signalsOf returns the signals that slots read, sorted.
func (c *core) signalsOf(slots []int) []string {
	found := map[string]bool{}
	var visit func([]int)
	visit = func(list []int) {
		for _, i := range list {
			if ft := c.slots[i].feature; ft != nil {
				found[ft.signal] = true
			}
			visit(c.slots[i].reads)
		}
	}
	visit(slots)
	return slices.Sorted(maps.Keys(found))
}

func hasKey[V any](m map[string]V, key string) bool {
	_, ok := m[key]
	return ok
}
