package playbooks

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// formKinds are the kinds of handoffs.
var formKinds = []string{"new", "expansion", "onboarding_to_csm", "csm_to_csm", "partner", "tech_touch"}

// broughtBy are what a field may be filled in with that the bot itself keeps.
var broughtBy = []string{"plays", "snoozes", "contacts"}

// prefillTypes are the types that a field's value may be prefilled from.
var prefillTypes = map[FieldKind][]rules.Type{
	TextField: nil, LongTextField: nil, ListField: nil,
	DateField: {rules.Day}, PersonField: {rules.Person, rules.Text},
	NumberField: {rules.Number}, AmountField: {rules.Number},
	ChoiceField: {rules.Text}, ChoicesField: {rules.Text}, YesNoField: {rules.Bool},
}

// keptTypes are the types of what a field can be kept in once the form is accepted, where
// that is not what prefillTypes say already. A text that is prefilled from a number only
// shows it: kept in its place, "about 100" would leave every rule on that number unknown.
var keptTypes = map[FieldKind]rules.Type{TextField: rules.Text, LongTextField: rules.Text, ListField: rules.Text}

// readForms reads handoff.yaml: the forms by kind.
func (l *loading) readForms(d *document) {
	if d.root == nil {
		return
	}
	d.object(d.root, HandoffFile, field{"forms", required, func(n ast.Node) {
		d.entries(n, "forms", func(kind string, k, v ast.Node) {
			if !slices.Contains(formKinds, kind) {
				d.fail(k, meant(kind, formKinds), "%q is no kind of handoff", kind)
				return
			}
			l.book.Forms[kind] = d.form(kind, v)
		})
	}})
}

// form reads one form.
func (d *document) form(kind string, n ast.Node) *Form {
	f := &Form{Kind: kind, Channel: defaultChannel, Fill: Turn{Within: defaultFill}, Accept: Turn{Within: defaultAccept}}
	var receiver, shared ast.Node
	var later []fieldLater
	d.object(n, "a form",
		field{"title", required, func(n ast.Node) { f.Title = d.label(n, "a form's title", 24) }},
		field{"about", optional, func(n ast.Node) { f.About = d.label(n, "about", maxText) }},
		field{"from", required, func(n ast.Node) { f.From = d.word(n, "from") }},
		field{"to", required, func(n ast.Node) { f.To = d.word(n, "to") }},
		field{"role", optional, func(n ast.Node) { f.Role = d.accountRole(n) }},
		field{"receiver", optional, func(n ast.Node) { receiver = n }},
		field{"fallback", optional, func(n ast.Node) { f.Fallback = d.period(n, "fallback") }},
		field{"plays", optional, func(n ast.Node) { f.Plays = d.flag(n, "plays") }},
		field{"many", optional, func(n ast.Node) { f.Many = d.flag(n, "many") }},
		field{"channel", optional, func(n ast.Node) { f.Channel = d.channel(n) }},
		field{"fill", optional, func(n ast.Node) { f.Fill = d.turn(n, "fill", defaultFill) }},
		field{"accept", optional, func(n ast.Node) { f.Accept = d.turn(n, "accept", defaultAccept) }},
		field{"rounds", optional, func(n ast.Node) { f.Rounds = d.count(n, "number of questions back", 1, 10) }},
		field{"stage", optional, func(n ast.Node) { f.Stage = d.stageName(n) }},
		field{"journey", optional, func(n ast.Node) { f.Journey = d.flag(n, "journey") }},
		field{"sections", required, func(n ast.Node) { shared, later = d.sections(n, f) }},
	)
	f.Role = firstOf(f.Role, f.To)
	if receiver != nil {
		f.Receiver = d.personField(receiver, f)
	}
	d.fieldConditions(later, f)
	d.fieldOrder(later, f)
	if shared != nil && !f.Many {
		d.fail(shared, "remove it, or write many: true", "shared is for a form that takes several accounts, and %s takes one", kind)
	}
	if parts := len(f.Fields()) + len(f.Sections); parts > maxFormParts {
		d.fail(n, "move some into another kind of form", "the form %s has %d fields and sections, more than a Slack modal takes (%d)", kind, parts, maxFormParts)
	}
	return f
}

// accountRole reads the name of a role that accounts have.
func (d *document) accountRole(n ast.Node) string {
	role, ok := d.str(n, "role")
	if known := append(slices.Clone(accountRoles), d.book.Team.furtherRoles()...); ok && !slices.Contains(known, role) {
		d.fail(n, meant(role, known), "%q is no role of accounts", role)
	}
	return role
}

// personField reads the id of a field of the form that holds a person.
func (d *document) personField(n ast.Node, f *Form) string {
	id, ok := d.str(n, "receiver")
	if at := f.Field(id); ok && (at == nil || at.Kind != PersonField) {
		var people []string
		for _, field := range f.Fields() {
			if field.Kind == PersonField {
				people = append(people, field.ID)
			}
		}
		d.fail(n, orElse(meant(id, people), "name a field of kind: person"), "receiver: the form has no field %q that holds a person", id)
	}
	return id
}

// turn reads how long whoever has the ball may keep it.
func (d *document) turn(n ast.Node, what string, within Delay) Turn {
	t := Turn{Within: within}
	d.object(n, what,
		field{"within", required, func(n ast.Node) { t.Within = d.period(n, "within") }},
		field{"remind", optional, func(n ast.Node) { t.Remind = d.periods(n, "a reminder") }},
		field{"late", optional, func(n ast.Node) {
			t.Late = &Escalate{}
			d.object(n, "late",
				field{"after", required, func(n ast.Node) { t.Late.After = d.period(n, "after") }},
				field{"to", required, func(n ast.Node) { t.Late.To = d.word(n, "to") }},
			)
		}},
	)
	return t
}

// sections reads the parts of a form; a field's id is unique in the whole form. It returns
// where a field first says that it is shared, or nil, and what fields say of others.
func (d *document) sections(n ast.Node, f *Form) (shared ast.Node, later []fieldLater) {
	ids := map[string]Pos{}
	for _, v := range d.list(n) {
		var s Section
		d.object(v, "a section",
			field{"title", required, func(n ast.Node) { s.Title = d.label(n, "a section's title", maxLabel) }},
			field{"about", optional, func(n ast.Node) { s.About = d.label(n, "about", maxText) }},
			field{"fields", required, func(n ast.Node) {
				for _, v := range d.list(n) {
					field, at := d.formField(v, ids)
					s.Fields = append(s.Fields, field)
					if shared == nil {
						shared = at.shared
					}
					if at.condition != nil || at.notBefore != nil || at.notAfter != nil {
						later = append(later, fieldLater{field.ID, at})
					}
				}
			}},
		)
		f.Sections = append(f.Sections, s)
	}
	return shared, later
}

// fieldNodes are the parts of a field that are read once the whole form is known.
type fieldNodes struct{ shared, condition, notBefore, notAfter ast.Node }

// formField reads one field of a form, but for what it also returns the nodes of.
func (d *document) formField(n ast.Node, ids map[string]Pos) (Field, fieldNodes) {
	var later fieldNodes
	f := Field{Kind: TextField, Need: IsOptional}
	var prefill, brings, choices, parts, most, least, whole ast.Node
	keep := func(at *ast.Node) func(ast.Node) { return func(n ast.Node) { *at = n } }
	d.object(n, "a field",
		field{"id", required, func(n ast.Node) {
			if f.ID, _ = d.str(n, "a field's id"); f.ID != "" && d.identifierName(n, "a field's id", f.ID) {
				if first, twice := ids[f.ID]; twice {
					d.fail(n, "give each field its own id", "two fields are called %q; the first is in line %d", f.ID, first.Line)
				}
				ids[f.ID] = d.pos(n)
			}
		}},
		field{"label", required, func(n ast.Node) { f.Label = d.label(n, "a label", maxLabel) }},
		field{"hint", optional, func(n ast.Node) { f.Hint = d.label(n, "a hint", maxHint) }},
		field{"kind", optional, func(n ast.Node) {
			f.Kind = FieldKind(d.oneOf(n, "kind of field", "text", "long_text", "date", "person", "number", "amount", "choice", "choices", "yes_no", "list"))
		}},
		field{"need", optional, func(n ast.Node) {
			f.Need = Need(d.oneOf(n, "need", string(AtWin), string(ByKickoff), string(IsOptional)))
		}},
		field{"choices", optional, keep(&choices)},
		field{"parts", optional, keep(&parts)},
		field{"max", optional, keep(&most)},
		field{"min", optional, keep(&least)},
		field{"whole", optional, keep(&whole)},
		field{"not_before", optional, keep(&later.notBefore)},
		field{"not_after", optional, keep(&later.notAfter)},
		field{"prefill", optional, keep(&prefill)},
		field{"brings", optional, keep(&brings)},
		field{"shared", optional, func(n ast.Node) {
			if f.Shared = d.flag(n, "shared"); f.Shared {
				later.shared = n
			}
		}},
		field{"if", optional, keep(&later.condition)},
	)
	if brings != nil {
		if f.Brings = d.oneOf(brings, "what it brings", broughtBy...); f.Kind != ListField {
			d.fail(brings, "write kind: list, or remove it", "brings fills in a line for each, and the field %s is no list", f.ID)
		}
	}
	if prefill != nil {
		f.Prefill = d.expr(d.compiler, prefill, "prefill", prefillTypes[f.Kind]...)
	}
	if f.Prefill != nil {
		d.fieldKept(prefill, &f)
	}
	d.fieldChoices(n, choices, &f)
	d.fieldParts(parts, &f)
	d.fieldMax(most, &f)
	d.fieldNumber(least, whole, &f)
	if later.shared != nil && (prefill != nil || brings != nil) {
		d.fail(later.shared, "remove it", "the field %s is filled in from each account, so that it cannot be shared", f.ID)
	}
	return f, later
}

// A fieldLater is where a field says what hangs on the others of its form.
type fieldLater struct {
	field string
	fieldNodes
}

// recordName is what a condition of a field calls what is filled in before it.
const recordName = "form"

// recordTypes are the types that what is filled in has for conditions. Of a list, and of
// several choices, they read the entries in one text.
var recordTypes = map[FieldKind]rules.Type{
	TextField: rules.Text, LongTextField: rules.Text, ListField: rules.Text, ChoiceField: rules.Text, ChoicesField: rules.Text,
	DateField: rules.Day, PersonField: rules.Person, NumberField: rules.Number, AmountField: rules.Number, YesNoField: rules.Bool,
}

// fieldConditions reads when fields are asked. A condition may speak of the fields that
// stand before its own, so that none depends on itself and a form reads from the top.
func (d *document) fieldConditions(later []fieldLater, f *Form) {
	for _, c := range later {
		field := f.Field(c.field)
		if field == nil || c.condition == nil {
			continue // a field without an id is said already
		}
		if c.field == f.Receiver {
			d.fail(c.condition, "remove it", "the field %q says who takes over, so that it is always asked", c.field)
			continue
		}
		if text, ok := d.str(c.condition, "if"); ok && (text == "true" || text == "false") {
			d.fail(c.condition, "remove it, or compare something, as in form.tier == \"high_touch\"", "this is %s of every handoff", text)
			continue
		}
		field.If = d.condition(d.compiler.WithRecord(recordName, before(f, c.field)), c.condition, "if")
	}
}

// before returns the fields of a form as the condition of one of them may read them.
func before(f *Form, id string) []rules.RecordField {
	var fields []rules.RecordField
	not, mend := "", ""
	for _, at := range f.Fields() {
		field := rules.RecordField{Name: at.ID, Type: recordTypes[at.Kind], Not: not, Mend: mend}
		for _, c := range at.Choices {
			if at.Kind == ChoiceField {
				field.Values = append(field.Values, c.ID)
			}
		}
		if at.ID == id {
			field.Not, field.Mend = "is this field itself", "name a field above it"
			not, mend = "is asked only further below", "move that field above this one"
		}
		if field.Type != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

// fieldKept says where accepting keeps what is filled in: in the attribute, or the field of
// the contract, that the field is prefilled from, if that holds what the field asks for.
func (d *document) fieldKept(n ast.Node, f *Field) {
	from := f.Prefill.String()
	name, ofAccount := strings.CutPrefix(from, "account.")
	ofAccount = ofAccount && d.schema.Attributes[name] != ""
	if !ofAccount && !strings.HasPrefix(from, "contract.") {
		return
	}
	if want := keptTypes[f.Kind]; want != "" {
		if _, wrong := d.compiler.Expr(d.source(n, from), want); len(wrong) > 0 {
			f.Shows = true
			d.warn(n, "write the kind that it has, as in kind: number", "what is filled in is not kept: %s is no text, and the field %s is one", from, f.ID)
			return
		}
	}
	if ofAccount {
		f.Writes = "attributes." + name
	}
}

// fieldChoices reads what a choice field offers: id -> label.
func (d *document) fieldChoices(at, n ast.Node, f *Field) {
	wants := f.Kind == ChoiceField || f.Kind == ChoicesField
	switch {
	case n == nil && wants:
		d.fail(at, "add `choices: {yes: Yes, no: No}`", "the field %s offers nothing to choose from", f.ID)
		return
	case n == nil:
		return
	case !wants && f.Kind != "":
		d.fail(n, "remove it, or write kind: choice", "choices mean nothing for a field of the kind %s", f.Kind)
		return
	}
	d.entries(n, "choices", func(id string, k, v ast.Node) {
		if d.checkName(k, "a choice", id) {
			f.Choices = append(f.Choices, Choice{id, d.label(v, "a choice's label", maxButton)})
		}
	})
	most := maxChoices
	if f.Kind == ChoicesField {
		most = maxChecklist
	}
	if len(f.Choices) > most {
		d.fail(n, "offer fewer, or ask for a text", "%d choices are more than Slack takes there (%d)", len(f.Choices), most)
	}
}

// fieldParts reads what each line of a list holds.
func (d *document) fieldParts(n ast.Node, f *Field) {
	if n == nil {
		return
	}
	if f.Kind != ListField {
		d.fail(n, "remove it, or write kind: list", "parts mean nothing for a field of the kind %s", f.Kind)
		return
	}
	for _, v := range d.list(n) {
		f.Parts = append(f.Parts, d.label(v, "a part", maxButton))
	}
}

// fieldMax reads how much a field takes.
func (d *document) fieldMax(n ast.Node, f *Field) {
	if n == nil {
		return
	}
	limits := map[FieldKind]int{TextField: 300, LongTextField: 3000, ListField: 50}
	most, ok := limits[f.Kind]
	if !ok {
		d.fail(n, "remove it", "max means nothing for a field of the kind %s", f.Kind)
		return
	}
	f.Max = d.count(n, "number (at most "+strconv.Itoa(most)+")", 1, most)
}

// fieldNumber reads what a number must keep to.
func (d *document) fieldNumber(least, whole ast.Node, f *Field) {
	for _, n := range []ast.Node{least, whole} {
		if n != nil && recordTypes[f.Kind] != rules.Number {
			d.fail(n, "remove it, or write kind: number", "min and whole are for numbers, and the field %s is of the kind %s", f.ID, f.Kind)
			return
		}
	}
	if whole != nil {
		f.Whole = d.flag(whole, "whole")
	}
	if least == nil {
		return
	}
	if text, ok := d.str(least, "min"); ok {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			d.fail(least, "write a number, as in min: 1", "%q is no number", text)
			return
		}
		f.Min = &v
	}
}

// fieldOrder reads which dates of the form a date cannot be before or after.
func (d *document) fieldOrder(later []fieldLater, f *Form) {
	for _, c := range later {
		field := f.Field(c.field)
		if field == nil {
			continue // it has no id, which is said already
		}
		field.NotBefore = d.dateField(c.notBefore, "not_before", f, field)
		field.NotAfter = d.dateField(c.notAfter, "not_after", f, field)
	}
}

// dateField reads the id of another field of the form that holds a date.
func (d *document) dateField(n ast.Node, what string, f *Form, of *Field) string {
	if n == nil {
		return ""
	}
	if of.Kind != DateField {
		d.fail(n, "remove it, or write kind: date", "%s is for dates, and the field %s is of the kind %s", what, of.ID, of.Kind)
		return ""
	}
	id, ok := d.str(n, what)
	if at := f.Field(id); !ok || at != nil && at.Kind == DateField && at != of {
		return id
	}
	var dates []string
	for _, field := range f.Fields() {
		if field.Kind == DateField && field != of {
			dates = append(dates, field.ID)
		}
	}
	d.fail(n, orElse(meant(id, dates), "name another field of kind: date"), "%s: the form has no other field %q that holds a date", what, id)
	return ""
}
