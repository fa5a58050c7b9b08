package cards

import (
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// attached tells of the text for the customer that a task brings.
func (s *Scene) attached(visit *playbooks.Visit, step *playbooks.Step) []slack.Block {
	if step.Attach == nil {
		return nil
	}
	id := "card.attached"
	if s.approvesFirst(visit, step) {
		id = "card.attached_approval"
	}
	return []slack.Block{context(s.Voice.Say(id, nil))}
}

// approvesFirst reports whether the text of a task is to be approved before it is sent.
func (s *Scene) approvesFirst(visit *playbooks.Visit, step *playbooks.Step) bool {
	return step.Attach != nil && step.Approve != nil && visit.Approval == ""
}

// doneButtons are what finishes a task; of one with a text for the customer, that it
// was sent, or the question whether it may be.
func (s *Scene) doneButtons(visit *playbooks.Visit, step *playbooks.Step) []slack.BlockElement {
	id := "button.done"
	switch {
	case s.approvesFirst(visit, step):
		id = "button.ask_approval"
	case step.Attach != nil:
		id = "button.sent"
	}
	return append(s.showText(visit), primary(button(DoneAction, s.Voice.Say(id, nil), s.ref(visit))))
}

// showText is the button that shows the text for the customer, where there is one.
func (s *Scene) showText(visit *playbooks.Visit) []slack.BlockElement {
	if visit == nil || len(visit.Attached) == 0 {
		return nil
	}
	return []slack.BlockElement{button(TextAction, s.Voice.Say("button.show_text", nil), s.ref(visit))}
}

// AttachedText returns the text for the customer of the run's current visit, in the
// customer's language, else in that of whoever reads it; "" where there is none.
func (s *Scene) AttachedText() string {
	visit := s.Run.Current()
	if visit == nil {
		return ""
	}
	for _, lang := range []string{s.customerLanguage(), s.Voice.Lang(), "", "en"} {
		if text, ok := visit.Attached[lang]; ok {
			return text
		}
	}
	for _, text := range visit.Attached {
		return text // in the only language that it has
	}
	return ""
}

// customerLanguage is the language that the customer reads, or "" where it is not known.
func (s *Scene) customerLanguage() string {
	switch a := s.Account; {
	case a == nil:
	case a.Language != "":
		base, _, _ := strings.Cut(strings.ToLower(a.Language), "-")
		return base
	case a.Country == "JP":
		return words.Japanese
	}
	return ""
}

// TextForm shows the text for the customer so that it can be copied whole.
func TextForm(s *Scene) slack.ModalViewRequest {
	visit := s.Run.Current()
	note := "attached.note"
	if step := s.step(visit); step != nil && s.approvesFirst(visit, step) || visit != nil && visit.Approval == "asked" {
		note = "attached.note_approval"
	}
	text := slack.NewRichTextSectionTextElement(clean(s.AttachedText()), nil)
	return modal(s.Voice, TextView, s.Voice.Say("modal.attached", nil), "", s.ref(visit),
		section("*"+s.headline()+"*"),
		slack.NewRichTextBlock("text", &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{text}}),
		context(s.Voice.Say(note, nil)))
}
