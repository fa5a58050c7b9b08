package cards

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// fieldLimit is how many characters a form's text may have where the field does
// not say.
const fieldLimit = 2000

// A FormScene is what the drawing of a handoff form may know.
type FormScene struct {
	Form    *playbooks.Form
	Hidden  []string // fields that are not asked
	Further []string // fields that are asked because of what was sent just now
	Account *rules.Account
	Values  map[string]any // by field, as in playbooks.Event.Fields
	Ref     Ref            // of the run that is filled in, or of the account alone
	Voice   *Voice
	User    func(person string) string // Slack user id, or ""

	Draft bool                       // the box that keeps a new handoff as a draft is ticked
	More  []*slack.OptionBlockObject // further accounts that are chosen
}

// A PickScene is what the choice of a handoff may know.
type PickScene struct {
	Kinds   []*playbooks.Form // that there are, in the order in which they are offered
	Kind    string            // the one that is most likely meant
	Account *rules.Account    // chosen already, or nil
	Voice   *Voice
}

// PickForm asks which account is handed over, and by which kind of handoff where there is
// more than one.
func PickForm(p PickScene) slack.ModalViewRequest {
	v := p.Voice
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain(v.Say("pick.placeholder", nil), maxPlaceholder), "")
	zero := 0
	menu.MinQueryLength = &zero
	if p.Account != nil && len(p.Account.ID) <= 150 {
		menu.InitialOption = option(p.Account.ID, CustomerName(v, p.Account, p.Account.ID))
	}
	blocks := []slack.Block{input(AccountBlock, v.Say("pick.account", nil), v.Say("pick.hint", nil), menu, false)}
	if len(p.Kinds) > 1 {
		kinds := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "")
		for _, form := range p.Kinds {
			o := option(form.Kind, form.Title.In(v.Lang()))
			if about := form.About.In(v.Lang()); about != "" {
				o.Description = plain(about, maxDescription)
			}
			kinds.Options = append(kinds.Options, o)
			if form.Kind == p.Kind {
				kinds.InitialOption = o
			}
		}
		blocks = append(blocks, input(KindBlock, v.Say("pick.kind", nil), v.Say("pick.kind_hint", nil), kinds, false))
	}
	return modal(v, PickView, v.Say("modal.handoff", nil), v.Say("modal.next", nil), Ref{Form: p.Kind}, blocks...)
}

// maxDescription is how many characters the line below an option may have.
const maxDescription = 75

// AccountOptions are the entries of the menu of PickForm.
func AccountOptions(v *Voice, accounts []*rules.Account) []*slack.OptionBlockObject {
	var options []*slack.OptionBlockObject
	for _, a := range accounts {
		if len(options) < maxOptions && len(a.ID) <= 150 {
			options = append(options, option(a.ID, CustomerName(v, a, a.ID)))
		}
	}
	return options
}

// HandoffForm draws a form to fill in. Nothing is required: what is missing is
// shown to the receiver first.
func HandoffForm(f FormScene) slack.ModalViewRequest {
	lang := f.Voice.Lang()
	blocks := []slack.Block{section(f.Voice.Say("handoff.form", words.Args{
		"customer": line(CustomerName(f.Voice, f.Account, f.Ref.Account)),
	}))}
	if len(f.Further) > 0 {
		blocks = append(blocks, section(f.Voice.Say("handoff.further", words.Args{"count": len(f.Further), "fields": f.labels(f.Further)})))
	}
	asked := f.Form.Without(f.Hidden)
	for i := range asked.Sections {
		part := &asked.Sections[i]
		if title := part.Title.In(lang); title != "" {
			blocks = append(blocks, slack.NewHeaderBlock(plain(title, maxPlaceholder)))
		}
		if about := part.About.In(lang); about != "" {
			blocks = append(blocks, context(Escape(about)))
		}
		for k := range part.Fields {
			blocks = append(blocks, f.field(&part.Fields[k]))
		}
	}
	if len(blocks) > maxViewBlocks-1 {
		blocks = inputsFirst(blocks)
	}
	if f.Ref.Run == "" {
		if f.Form.Many {
			blocks = append(blocks[:min(len(blocks), maxViewBlocks-2)], f.more())
		}
		blocks = append(blocks, f.draft())
	}
	view := modal(f.Voice, HandoffView, f.Voice.Say("modal.handoff", nil), f.Voice.Say("modal.send", nil), f.Ref, blocks...)
	return lighten(view)
}

// more lets further accounts be handed over by the same form.
func (f *FormScene) more() slack.Block {
	menu := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeExternal, plain(f.Voice.Say("pick.placeholder", nil), maxPlaceholder), "")
	zero, most := 0, mostMore
	menu.MinQueryLength, menu.MaxSelectedItems = &zero, &most
	menu.InitialOptions = f.More
	return input(MoreBlock, f.Voice.Say("pick.more", nil), f.Voice.Say("pick.more_hint", nil), menu, true)
}

// mostMore is how many further accounts one form may hand over.
const mostMore = 50

// draft lets a new handoff be kept without being sent.
func (f *FormScene) draft() slack.Block {
	later := slack.NewCheckboxGroupsBlockElement("", option(DraftBlock, f.Voice.Say("handoff.draft", nil)))
	if f.Draft {
		later.InitialOptions = later.Options
	}
	return input(DraftBlock, f.Voice.Say("handoff.draft_label", nil), "", later, true)
}

// inputsFirst drops titles so that a long form keeps as many fields as a view
// holds; what does not fit can be told in the thread.
func inputsFirst(blocks []slack.Block) []slack.Block {
	kept := blocks[:1:1]
	for _, b := range blocks[1:] {
		if _, ok := b.(*slack.InputBlock); ok {
			kept = append(kept, b)
		}
	}
	return kept[:min(len(kept), maxViewBlocks-1)]
}

// lighten takes hints, and then the longest values, out of a view that would be
// too heavy for Slack.
func lighten(view slack.ModalViewRequest) slack.ModalViewRequest {
	for limit := 1000; limit > 10; limit /= 2 {
		if b, err := json.Marshal(view); err != nil || len(b) <= maxView {
			break
		}
		for _, b := range view.Blocks.BlockSet {
			if in, ok := b.(*slack.InputBlock); ok {
				in.Hint = nil
				if e, ok := in.Element.(*slack.PlainTextInputBlockElement); ok {
					e.InitialValue = clipBare(e.InitialValue, limit)
				}
			}
		}
	}
	return view
}

// star marks by when a field is needed.
func star(n playbooks.Need) string {
	switch n {
	case playbooks.AtWin:
		return "★ "
	case playbooks.ByKickoff:
		return "☆ "
	}
	return ""
}

// field draws one field with its value.
func (f *FormScene) field(field *playbooks.Field) *slack.InputBlock {
	hint := field.Hint.In(f.Voice.Lang())
	if field.Kind == playbooks.ListField {
		hint = f.listHint(field, hint)
	}
	in := input(FieldBlock+field.ID, star(field.Need)+f.label(field), hint, f.element(field, f.Values[field.ID]), true)
	in.DispatchAction = f.Form.Decides(field.ID)
	return in
}

// label names a field.
func (f *FormScene) label(field *playbooks.Field) string {
	if label := field.Label.In(f.Voice.Lang()); label != "" {
		return label
	}
	return field.ID
}

// labels names fields of the form, escaped.
func (f *FormScene) labels(ids []string) []string {
	var labels []string
	for _, id := range ids {
		if field := f.Form.Field(id); field != nil {
			labels = append(labels, line(Clip(f.label(field), 60)))
		}
	}
	return labels
}

func (f *FormScene) listHint(field *playbooks.Field, hint string) string {
	if hint != "" {
		return hint // the author says how
	}
	var parts []string
	for _, p := range field.Parts {
		parts = append(parts, p.In(f.Voice.Lang()))
	}
	said := f.Voice.Say("handoff.one_a_line", nil)
	if len(parts) > 0 {
		said = f.Voice.Say("handoff.parts_a_line", words.Args{"parts": strings.Join(parts, " / ")})
	}
	return said
}

func (f *FormScene) element(field *playbooks.Field, value any) slack.BlockElement {
	limit := fieldLimit
	if field.Max > 0 && field.Kind != playbooks.ListField {
		limit = field.Max
	}
	written := textOf(value)
	switch field.Kind {
	case playbooks.DateField:
		if _, err := rules.ParseDate(written); err != nil {
			written = ""
		}
		return datePicker(written)
	case playbooks.PersonField:
		if f.User != nil && written != "" {
			return usersSelect(f.User(written))
		}
		return usersSelect("")
	case playbooks.NumberField, playbooks.AmountField:
		e := slack.NewNumberInputBlockElement(nil, "", true)
		if n, ok := number(value); ok {
			e.InitialValue = strconv.FormatFloat(n, 'f', -1, 64)
		}
		return e
	case playbooks.ChoiceField, playbooks.ChoicesField, playbooks.YesNoField:
		return f.menu(field, value)
	case playbooks.LongTextField, playbooks.ListField:
		return textInput(true, 3000, written)
	}
	return textInput(false, limit, written)
}

// menu draws a field that is chosen from a list.
func (f *FormScene) menu(field *playbooks.Field, value any) slack.BlockElement {
	var options []*slack.OptionBlockObject
	if field.Kind == playbooks.YesNoField {
		options = []*slack.OptionBlockObject{option("yes", f.Voice.Say("yes", nil)), option("no", f.Voice.Say("no", nil))}
		if b, ok := value.(bool); ok {
			value = map[bool]string{true: "yes", false: "no"}[b]
		}
	}
	for _, c := range field.Choices {
		if len(options) < maxOptions {
			label := c.Label.In(f.Voice.Lang())
			if label == "" {
				label = c.ID
			}
			options = append(options, option(c.ID, label))
		}
	}
	if len(options) == 0 {
		return textInput(false, fieldLimit, textOf(value))
	}
	chosen := map[string]bool{}
	for _, one := range listOf(value) {
		chosen[one] = true
	}
	var initial []*slack.OptionBlockObject
	for _, o := range options {
		if chosen[o.Value] {
			initial = append(initial, o)
		}
	}
	if field.Kind == playbooks.ChoicesField {
		e := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, nil, "", options...)
		e.InitialOptions = initial
		return e
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "", options...)
	if len(initial) > 0 {
		e.InitialOption = initial[0]
	}
	return e
}

// textOf writes a form value as text: the lines of a list, the digits of a number.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case rules.Date:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string, []any:
		return strings.Join(listOf(value), "\n")
	}
	return fmt.Sprint(value)
}

// listOf returns a form value as a list.
func listOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		out := make([]string, len(v))
		for i := range v {
			out[i] = fmt.Sprint(v[i])
		}
		return out
	}
	return nil
}
