package playbooks

import (
	"slices"
	"strconv"
	"strings"

	"playcaller/rules"
)

// A Form is the document of one kind of handoff, as handoff.yaml has it.
type Form struct {
	Kind    string // new, expansion, onboarding_to_csm, csm_to_csm, partner, tech_touch
	Title   Label
	About   Label
	From    string // role that fills it in: ae
	To      string // what whoever accepts it can do, a role of team.yaml: onboarding
	Role    string // the account's role that accepting gives them; To where the form does not say
	Channel string // where it is posted: "#name" or a topic of team.yaml

	Fill   Turn // sales' turn
	Accept Turn // onboarding's turn
	Rounds int  // questions back after which a call is proposed and both managers are told; 0 never

	Stage    string // where accepting moves the account; "" leaves it
	Journey  bool   // accepting starts the stage's milestones as dated tasks
	Receiver string // the person field that says who takes over; "" the one prefilled from Role
	Fallback Delay  // for how long whoever had the account stands in for an accepter who is away; zero not at all
	Plays    bool   // what is open of whoever had the account goes on with the accepter
	Many     bool   // several accounts may be handed over at once, each by a handoff of its own
	Sections []Section
}

// Shares reports whether what is filled in for one account counts for the further ones of
// a form that takes many: who takes over does, and what is about the handing over itself.
func (f *Form) Shares(field *Field) bool { return field.Shared || field.ID == f.Receiver }

// A Turn is how long whoever has the ball may keep it. Only their own time counts.
type Turn struct {
	Within Delay
	Remind []Delay
	Late   *Escalate // nil where nobody is asked for help
}

// A Section is a titled part of a form.
type Section struct {
	Title  Label
	About  Label
	Fields []Field
}

// A Field is one thing a form asks.
type Field struct {
	ID      string
	Label   Label
	Hint    Label
	Kind    FieldKind
	Need    Need
	Choices []Choice // for choice and choices
	Parts   []Label  // for list: what each line holds, in this order
	Max     int      // characters of a text, entries of a list; 0 is the field kind's own limit
	Bounds           // what a number or a date that is filled in must keep to
	Prefill *rules.Expr
	Brings  string           // what the bot itself knows fills it in: plays, snoozes or contacts; "" nothing
	Shared  bool             // of a form that takes several accounts: the answer is about the handing over and counts for all
	Writes  string           // the account's field that accepting sets to the value: the attribute it is prefilled from
	Shows   bool             // it only shows what it is prefilled from, which is of another type: accepting keeps it nowhere else
	If      *rules.Condition // asked only where it holds, or is unknown; nil always
}

// A Choice is one of the answers of a choice field.
type Choice struct {
	ID    string
	Label Label
}

// FieldKind says what a field holds.
type FieldKind string

// The kinds of fields, and the Go type of their values.
const (
	TextField     FieldKind = "text"      // string, one line
	LongTextField FieldKind = "long_text" // string
	DateField     FieldKind = "date"      // string, YYYY-MM-DD
	PersonField   FieldKind = "person"    // string, person id
	NumberField   FieldKind = "number"    // float64
	AmountField   FieldKind = "amount"    // float64, in the account's currency
	ChoiceField   FieldKind = "choice"    // string, choice id
	ChoicesField  FieldKind = "choices"   // []string, choice ids
	YesNoField    FieldKind = "yes_no"    // bool
	ListField     FieldKind = "list"      // []string, one entry a line
)

// Need says by when a field must be filled.
type Need string

// The needs: ★, ☆, and the rest.
const (
	AtWin      Need = "win"
	ByKickoff  Need = "kickoff"
	IsOptional Need = "optional"
)

// Fields returns all fields of the form, in order.
func (f *Form) Fields() []*Field {
	if f == nil {
		return nil
	}
	var fields []*Field
	for i := range f.Sections {
		for k := range f.Sections[i].Fields {
			fields = append(fields, &f.Sections[i].Fields[k])
		}
	}
	return fields
}

// Field returns the field of that id, or nil.
func (f *Form) Field(id string) *Field {
	for _, field := range f.Fields() {
		if field.ID == id {
			return field
		}
	}
	return nil
}

// Known returns what a form is prefilled with: the values of its fields' prefill for the
// account, for the contract that the handoff is about, as Event.Fields has them.
func (f *Form) Known(facts *rules.Facts, subject string) map[string]any {
	values := map[string]any{}
	if facts == nil {
		return values
	}
	f.about(facts, subject)
	for _, field := range f.Fields() {
		if field.Prefill == nil {
			continue
		}
		if v, _ := field.Prefill.Eval(facts); v != nil {
			values[field.ID] = field.filled(v)
		}
	}
	return values
}

// about makes the facts speak of the contract that a handoff is about: a deal that is won
// begins later, as a rule.
func (f *Form) about(facts *rules.Facts, subject string) {
	facts.ForContract(subject)
	if subject == "" {
		facts.ForContract(HandoffContract(facts))
	}
}

// filled turns the value of an expression into that of the field.
func (f *Field) filled(v any) any {
	switch x := v.(type) {
	case rules.Date:
		return x.String()
	case string:
		if f.Kind == ListField || f.Kind == ChoicesField {
			var all []string
			for line := range strings.SplitSeq(x, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					all = append(all, line)
				}
			}
			return all
		}
	case float64:
		if f.Kind != NumberField && f.Kind != AmountField {
			return strconv.FormatFloat(x, 'f', -1, 64)
		}
	}
	return v
}

// Hidden returns the fields that are not asked, in the form's order: those whose condition
// does not hold for the account and for what is filled in before them. What is unknown is
// asked, except where that hangs on a field which is not asked itself. The facts then speak
// of the contract that the handoff is about: that of the run's subject, or else the one
// that HandoffContract names. Without facts (nil) everything is asked.
func (f *Form) Hidden(facts *rules.Facts, subject string, values map[string]any) []string {
	var hidden []string
	f.Judge(facts, subject, values, func(field *Field, asked bool) {
		if !asked {
			hidden = append(hidden, field.ID)
		}
	})
	return hidden
}

// Judge tells of each field with a condition, in the form's order, whether it is asked.
// While it tells, the facts hold what the condition was judged by.
func (f *Form) Judge(facts *rules.Facts, subject string, values map[string]any, tell func(field *Field, asked bool)) {
	fields := f.Fields()
	if facts == nil || !slices.ContainsFunc(fields, func(field *Field) bool { return field.If != nil }) {
		return
	}
	f.about(facts, subject)
	for _, field := range fields {
		facts.Set(recordName+"."+field.ID, field.known(values[field.ID]))
	}
	hidden := map[string]bool{}
	for _, field := range fields {
		if field.If == nil {
			continue
		}
		truth := field.If.Truth(facts)
		asked := truth == rules.True || truth == rules.Unknown &&
			!slices.ContainsFunc(field.If.Given(), func(of string) bool { return hidden[of] })
		tell(field, asked)
		if !asked {
			hidden[recordName+"."+field.ID] = true
			facts.Set(recordName+"."+field.ID, nil)
		}
	}
}

// known returns what was filled in as conditions read it; nil where it is blank or not of
// the field's kind.
func (f *Field) known(value any) any {
	if Blank(value) {
		return nil
	}
	switch v := value.(type) {
	case []string:
		value = strings.Join(v, ", ")
	case []any:
		value = inOne(v)
	}
	switch v := plain(value).(type) {
	case float64:
		if recordTypes[f.Kind] == rules.Number {
			return v
		}
	case bool:
		if f.Kind == YesNoField {
			return v
		}
	case string:
		switch recordTypes[f.Kind] {
		case rules.Text, rules.Person:
			return v
		case rules.Day:
			if d, err := rules.ParseDate(v); err == nil {
				return d
			}
		}
	}
	return nil
}

// Decides reports whether what is filled in for a field decides whether others are asked.
func (f *Form) Decides(id string) bool {
	return slices.ContainsFunc(f.Fields(), func(field *Field) bool {
		return field.If != nil && slices.Contains(field.If.Given(), recordName+"."+id)
	})
}

// Without returns the form without some of its fields, and without the sections that have
// none left: the form as it is asked.
func (f *Form) Without(hidden []string) *Form {
	if f == nil || len(hidden) == 0 {
		return f
	}
	asked := *f
	asked.Sections = nil
	for _, s := range f.Sections {
		s.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(field Field) bool { return slices.Contains(hidden, field.ID) })
		if len(s.Fields) > 0 {
			asked.Sections = append(asked.Sections, s)
		}
	}
	return &asked
}

// Missing returns the fields of a need that have no value, in the form's order.
func (f *Form) Missing(values map[string]any, need Need) []*Field {
	var missing []*Field
	for _, field := range f.Fields() {
		if field.Need == need && Blank(values[field.ID]) {
			missing = append(missing, field)
		}
	}
	return missing
}

// Score returns how complete a form is, from 0 to 1: the filled share of what is
// needed at the win and by kickoff. A form that needs nothing is complete.
func (f *Form) Score(values map[string]any) float64 {
	needed, missing := 0, len(f.Missing(values, AtWin))+len(f.Missing(values, ByKickoff))
	for _, field := range f.Fields() {
		if field.Need != IsOptional {
			needed++
		}
	}
	if needed == 0 {
		return 1
	}
	return float64(needed-missing) / float64(needed)
}

// Blank reports whether a form value is as good as absent: nil, an empty string
// or an empty list. No and 0 are answers.
func Blank(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
