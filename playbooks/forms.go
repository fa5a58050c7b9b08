package playbooks

import (
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
	Prefill *rules.Expr
	Brings  string           // what the bot itself knows fills it in: plays, snoozes or contacts; "" nothing
	Shared  bool             // of a form that takes several accounts: the answer is about the handing over and counts for all
	Writes  string           // the account's field that accepting sets to the value: the attribute it is prefilled from
	Shows   bool             // it only shows what it is prefilled from, which is of another type: accepting keeps it nowhere else
	If      *rules.Condition // asked only where it holds; nil always
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
