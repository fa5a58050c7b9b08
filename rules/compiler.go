package rules

// A Type is the type of an expression's value.
type Type string

// The types. A Person is a Text that names a person: an id in team.yaml or an
// e-mail address. Days are a Number. Any accepts all.
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
type Compiler struct{}

// NewCompiler checks a schema and its segments' conditions.
func NewCompiler(schema Schema) (*Compiler, []Problem) { return &Compiler{}, nil }

// With returns a compiler that also knows the given names: lets, in order, each
// of which may use those before it, and values, which are given at evaluation by
// Facts.Set (what an answer collected, for example) and are unknown until then.
func (c *Compiler) With(lets []Let, values map[string]Type) (*Compiler, []Problem) { return c, nil }

// Condition compiles a condition, or returns nil and what is wrong with it.
func (c *Compiler) Condition(s Source) (*Condition, []Problem) { return &Condition{}, nil }

// Expr compiles an expression of one of the wanted types (any type where none is
// given), or returns nil and what is wrong with it.
func (c *Compiler) Expr(s Source, want ...Type) (*Expr, []Problem) { return &Expr{}, nil }

// Template compiles a text with expressions in {{ … }}, or returns nil and what
// is wrong with it.
func (c *Compiler) Template(s Source) (*Template, []Problem) { return &Template{}, nil }

// A Condition is a compiled expression that is true, false or unknown.
type Condition struct {
	Source Source
}

// A Verdict is what a condition said of one account at one time.
type Verdict struct {
	Truth   Truth
	Clauses []ClauseValue // every clause, in the order written
	Missing []string      // what makes it unknown; nil unless Truth is Unknown
}

// Eval judges the condition, with every clause's values.
func (c *Condition) Eval(f *Facts) Verdict { return Verdict{} }

// Truth judges the condition and returns nothing but the result, faster than Eval.
func (c *Condition) Truth(f *Facts) Truth { return Unknown }

// String returns the condition as written.
func (c *Condition) String() string { return c.Source.Text }

// Signals returns the names of the signals the condition reads, sorted.
func (c *Condition) Signals() []string { return nil }

// An Expr is a compiled expression with a value.
type Expr struct {
	Source Source
	Type   Type
}

// Eval returns the expression's value - a float64, string, bool or Date - or nil
// and what is missing.
func (e *Expr) Eval(f *Facts) (value any, missing []string) { return nil, nil }

// Number returns the value of a Number; ok is false where it is unknown.
func (e *Expr) Number(f *Facts) (v float64, ok bool) { return 0, false }

// Text returns the value of a Text or Person; ok is false where it is unknown.
func (e *Expr) Text(f *Facts) (v string, ok bool) { return "", false }

// Date returns the value of a Day; ok is false where it is unknown.
func (e *Expr) Date(f *Facts) (v Date, ok bool) { return 0, false }

// String returns the expression as written.
func (e *Expr) String() string { return e.Source.Text }

// A Template is a compiled text with expressions.
type Template struct {
	Source Source
}

// Render fills the expressions in. Numbers, dates and percentages are written in
// the given language ("en", "ja"); an unknown value is written as "–". The result
// is plain text: what comes from data is not escaped for Slack.
func (t *Template) Render(f *Facts, lang string) string { return t.Source.Text }

// String returns the text as written.
func (t *Template) String() string { return t.Source.Text }
