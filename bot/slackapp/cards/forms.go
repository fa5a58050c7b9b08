package cards

import (
	"strings"
	"unicode"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// The callback ids of views, which say what a submission is.
const (
	AnswerView   = "answer"
	SnoozeView   = "snooze"
	DismissView  = "dismiss"
	ReassignView = "reassign"
	MoveView     = "move"
	RefuseView   = "refuse"
	DetailsView  = "details"
	TextView     = "text"
	PickView     = "handoff_pick"
	HandoffView  = "handoff"
	AskBackView  = "handoff_ask"
	AcceptView   = "handoff_accept"
	DeclineView  = "handoff_decline"
	WithdrawView = "handoff_withdraw"
	ReplyView    = "handoff_reply"
	ReadView     = "handoff_read"
)

// Block ids of inputs; each holds one element, whose action id is the same: both
// must be unique within a view.
const (
	CollectBlock = "collect:" // and the name of what is collected
	FieldBlock   = "field:"   // and the id of the form's field
	ChoiceBlock  = "choice"
	DateBlock    = "date"
	TextBlock    = "text"
	PersonBlock  = "person"
	FieldsBlock  = "fields"
	AccountBlock = "account"
	KindBlock    = "kind"
	MoreBlock    = "more_accounts"
	DraftBlock   = "draft"
)

// The choices of a snooze.
const (
	Tomorrow = "tomorrow"
	NextWeek = "next_week"
	InAMonth = "month"
	OnADate  = "date"
)

// DismissReasons are why something was no problem; the last asks for a word.
var DismissReasons = []string{"seasonal", "known", "wrong_data", "other"}

// modal makes a view that asks for something. Without blocks to submit it only
// shows them.
func modal(v *Voice, callback, title, submit string, ref Ref, blocks ...slack.Block) slack.ModalViewRequest {
	view := slack.ModalViewRequest{
		Type:            slack.VTModal,
		CallbackID:      callback,
		Title:           plain(title, maxTitle),
		Close:           plain(v.Say("modal.close", nil), maxTitle),
		PrivateMetadata: ref.String(),
		Blocks:          slack.Blocks{BlockSet: blocks[:min(len(blocks), maxViewBlocks)]},
	}
	if submit != "" {
		view.Submit = plain(submit, maxTitle)
		view.Close = plain(v.Say("modal.cancel", nil), maxTitle)
	}
	return view
}

func input(block, label, hint string, element slack.BlockElement, optional bool) *slack.InputBlock {
	var h *slack.TextBlockObject
	if strings.TrimSpace(hint) != "" {
		h = plain(hint, maxLabel)
	}
	name(element, block)
	b := slack.NewInputBlock(block, plain(label, maxLabel), h, element)
	b.Optional = optional
	return b
}

// name gives an element its action id.
func name(element slack.BlockElement, id string) {
	switch e := element.(type) {
	case *slack.PlainTextInputBlockElement:
		e.ActionID = id
	case *slack.NumberInputBlockElement:
		e.ActionID = id
	case *slack.DatePickerBlockElement:
		e.ActionID = id
	case *slack.SelectBlockElement:
		e.ActionID = id
	case *slack.MultiSelectBlockElement:
		e.ActionID = id
	case *slack.RadioButtonsBlockElement:
		e.ActionID = id
	case *slack.CheckboxGroupsBlockElement:
		e.ActionID = id
	}
}

func textInput(multiline bool, limit int, value string) *slack.PlainTextInputBlockElement {
	e := slack.NewPlainTextInputBlockElement(nil, "")
	e.Multiline, e.MaxLength = multiline, min(limit, 3000)
	e.InitialValue = clean(clipBare(value, e.MaxLength))
	return e
}

// clipBare cuts without a mark, for values that people go on editing.
func clipBare(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func radios(v *Voice, prefix string, values ...string) *slack.RadioButtonsBlockElement {
	var options []*slack.OptionBlockObject
	for _, value := range values {
		options = append(options, option(value, v.Say(prefix+value, nil)))
	}
	return slack.NewRadioButtonsBlockElement("", options...)
}

func usersSelect(user string) *slack.SelectBlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, nil, "")
	e.InitialUser = user
	return e
}

func datePicker(day string) *slack.DatePickerBlockElement {
	e := slack.NewDatePickerBlockElement("")
	e.InitialDate = day
	return e
}

// AnswerForm asks for what an answer collects.
func AnswerForm(s *Scene, visit *playbooks.Visit, a *playbooks.Answer) slack.ModalViewRequest {
	ref := s.ref(visit)
	ref.Answer = a.ID
	label := s.plainText(a.Label, s.Facts)
	blocks := []slack.Block{section(s.headline() + "\n" + line(label))}
	for _, c := range a.Collect {
		var e slack.BlockElement
		switch c.Kind {
		case "date":
			e = datePicker("")
		case "person":
			e = usersSelect("")
		case "amount":
			e = slack.NewNumberInputBlockElement(nil, "", true)
		case "reason":
			e = textInput(false, 300, "")
		default:
			e = textInput(true, 2000, "")
		}
		blocks = append(blocks, input(CollectBlock+c.Name, s.collectLabel(c), "", e, false))
	}
	return modal(s.Voice, AnswerView, label, s.Voice.Say("modal.answer", nil), ref, blocks...)
}

// collectLabel names a value that an answer collects: by its label, or else by its
// name as people write it ("kickoff_on" is "Kickoff on").
func (s *Scene) collectLabel(c playbooks.Collect) string {
	if label := c.Label.In(s.Voice.Lang()); label != "" {
		return label
	}
	if id := "collect." + c.Name; s.Voice.Has(id) {
		return s.Voice.Say(id, nil)
	}
	name := []rune(strings.ReplaceAll(c.Name, "_", " "))
	name[0] = unicode.ToUpper(name[0])
	return s.Voice.Say("collect.kind."+c.Kind, words.Args{"name": string(name)})
}

// collected writes what was given with an answer, in brackets; "" for nothing.
func (s *Scene) collected(a *playbooks.Answer, values map[string]any) string {
	if a == nil {
		return ""
	}
	var said []string
	for _, c := range a.Collect {
		field := &playbooks.Field{Kind: playbooks.FieldKind(c.Kind)} // those of forms are written alike
		if value := s.Value(field, values[c.Name]); value != "" {
			said = append(said, Clip(oneLine(value), 200))
		}
	}
	if len(said) == 0 {
		return ""
	}
	if s.Voice.Lang() == "ja" {
		return "(" + strings.Join(said, "、") + ")"
	}
	return " (" + strings.Join(said, ", ") + ")"
}

// SnoozeForm asks until when.
func SnoozeForm(s *Scene, visit *playbooks.Visit) slack.ModalViewRequest {
	choices := radios(s.Voice, "snooze.", Tomorrow, NextWeek, InAMonth, OnADate)
	choices.InitialOption = choices.Options[0]
	return modal(s.Voice, SnoozeView, s.Voice.Say("modal.snooze", nil), s.Voice.Say("modal.save", nil), s.ref(visit),
		section(s.headline()),
		input(ChoiceBlock, s.Voice.Say("snooze.until", nil), "", choices, false),
		input(DateBlock, s.Voice.Say("snooze.pick", nil), "", datePicker(""), true))
}

// DismissForm asks why it is not a problem.
func DismissForm(s *Scene, visit *playbooks.Visit) slack.ModalViewRequest {
	return modal(s.Voice, DismissView, s.Voice.Say("modal.dismiss", nil), s.Voice.Say("modal.save", nil), s.ref(visit),
		section(s.headline()),
		input(ChoiceBlock, s.Voice.Say("dismiss.why", nil), "", radios(s.Voice, "dismiss.", DismissReasons...), false),
		input(TextBlock, s.Voice.Say("dismiss.word", nil), "", textInput(false, 200, ""), true))
}

// ReassignForm asks who takes over.
func ReassignForm(s *Scene, visit *playbooks.Visit) slack.ModalViewRequest {
	return modal(s.Voice, ReassignView, s.Voice.Say("modal.reassign", nil), s.Voice.Say("modal.save", nil), s.ref(visit),
		section(s.headline()),
		input(PersonBlock, s.Voice.Say("reassign.to", nil), "", usersSelect(""), false))
}

// MoveForm asks for another due date: a day of whoever has the task.
func MoveForm(s *Scene, visit *playbooks.Visit) slack.ModalViewRequest {
	day := ""
	if !visit.Due.IsZero() {
		day = s.Team.Calendar(visit.Assignee).Day(visit.Due).String()
	}
	return modal(s.Voice, MoveView, s.Voice.Say("modal.move", nil), s.Voice.Say("modal.save", nil), s.ref(visit),
		section(s.headline()),
		input(DateBlock, s.Voice.Say("move.to", nil), "", datePicker(day), false),
		input(TextBlock, s.Voice.Say("move.why", nil), "", textInput(false, 200, ""), true))
}

// ReasonForm asks for a few words: why something is refused, declined or
// withdrawn, or an answer to what was asked back.
func ReasonForm(s *Scene, visit *playbooks.Visit, callback string, required bool) slack.ModalViewRequest {
	blocks := []slack.Block{section(s.headline())}
	if callback == ReplyView && s.Run.Handoff != nil {
		for _, i := range s.Run.Handoff.Open() {
			q := s.Run.Handoff.Questions[i]
			blocks = append(blocks, section(s.Voice.Say("handoff.question", words.Args{
				"person": s.person(q.By), "question": Clip(Escape(q.Text), 2500)})))
		}
	}
	blocks = append(blocks, input(TextBlock, s.Voice.Say(callback+".text", nil), "", textInput(true, 2000, ""), !required))
	return modal(s.Voice, callback, s.Voice.Say("modal."+callback, nil), s.Voice.Say("modal.send", nil), s.ref(visit), blocks...)
}

// AskBackForm asks which fields a question is about, and for the question.
func AskBackForm(s *Scene, visit *playbooks.Visit) slack.ModalViewRequest {
	blocks := []slack.Block{section(s.headline())}
	var options []*slack.OptionBlockObject
	for _, f := range s.asked().Fields() {
		if len(options) < maxOptions && len(f.ID) <= 75 {
			options = append(options, option(f.ID, f.Label.In(s.Voice.Lang())))
		}
	}
	if len(options) > 0 {
		marks := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, nil, "", options...)
		blocks = append(blocks, input(FieldsBlock, s.Voice.Say("ask_back.fields", nil), "", marks, true))
	}
	blocks = append(blocks, input(TextBlock, s.Voice.Say("ask_back.question", nil), "", textInput(true, 1000, ""), false))
	return modal(s.Voice, AskBackView, s.Voice.Say("modal.ask_back", nil), s.Voice.Say("modal.send", nil), s.ref(visit), blocks...)
}

// AcceptForm asks what stays open when a handoff is accepted: one thing a line,
// with one owner and one date for all of them. user turns a person into a Slack
// user id.
func AcceptForm(s *Scene, visit *playbooks.Visit, user func(string) string) slack.ModalViewRequest {
	owner := ""
	if h := s.Run.Handoff; h != nil && user != nil {
		owner = user(h.Sales)
	}
	return modal(s.Voice, AcceptView, s.Voice.Say("modal.accept", nil), s.Voice.Say("button.accept", nil), s.ref(visit),
		section(s.headline()),
		input(TextBlock, s.Voice.Say("accept.items", nil), s.Voice.Say("accept.hint", nil), textInput(true, 2000, ""), false),
		input(PersonBlock, s.Voice.Say("accept.owner", nil), "", usersSelect(owner), false),
		input(DateBlock, s.Voice.Say("accept.due", nil), "", datePicker(""), true))
}

// form returns the form of the run's handoff; never nil.
func (s *Scene) form() *playbooks.Form {
	if s.Book != nil && s.Run.Handoff != nil {
		if f := s.Book.Forms[s.Run.Handoff.Kind]; f != nil {
			return f
		}
	}
	return &playbooks.Form{}
}

// asked returns the form of the run's handoff with the fields that are asked; never nil.
func (s *Scene) asked() *playbooks.Form {
	if s.Run.Handoff == nil {
		return s.form()
	}
	return s.form().Without(s.Run.Handoff.Hidden)
}

// Notice shows a text, in the place of a form.
func Notice(v *Voice, text string) slack.ModalViewRequest {
	return modal(v, DetailsView, v.Say("modal.notice", nil), "", Ref{}, section(text))
}

// AnswerOf returns the answer that a click means, or nil.
func (s *Scene) AnswerOf(ref Ref) *playbooks.Answer {
	if ref.Visit < 0 || ref.Visit >= len(s.Run.Visits) {
		return nil
	}
	step := s.step(&s.Run.Visits[ref.Visit])
	if step == nil || step.Ask == nil {
		return nil
	}
	return step.Ask.Answer(ref.Answer)
}

// RefusalArgs writes the arguments of a refusal for people.
func (s *Scene) RefusalArgs(r *playbooks.Refusal) words.Args {
	args := words.Args{}
	var step *playbooks.Step
	if id, ok := r.Args["step"].(string); ok {
		step = Step(s.Book, s.playbook(), s.Run.Variant, id)
	} else {
		step = s.step(s.Run.Current())
	}
	for name, value := range r.Args {
		args[name] = s.arg(step, name, value)
	}
	return args
}
