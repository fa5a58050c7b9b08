package cards

import (
	"strconv"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// said returns the text of a visit's question or task as it was put to the person,
// for mrkdwn: with the numbers of then, which the visit keeps. What CS Ops wrote
// may be bold or a list; neither it nor the values can link or ping.
func (s *Scene) said(visit *playbooks.Visit, t playbooks.Text) string {
	template := t.In(s.Voice.Lang())
	if template == nil {
		return ""
	}
	var written []string
	if visit != nil {
		written = visit.Said[s.Voice.Lang()]
	}
	if filled, ok := fill(template, written); ok {
		return filled
	}
	facts := s.Facts
	if visit != nil && s.Began != nil && visit.Entered.Sub(s.Run.Began) < 24*time.Hour {
		facts = s.Began // the numbers that were asked about, not those of today
	}
	if facts == nil {
		return authored(expression.ReplaceAllString(template.String(), ellipsis))
	}
	filled, _ := fill(template, template.Written(facts, s.Voice.Lang()))
	return filled
}

// fill puts values into a template; only what they are is escaped wholly.
func fill(template *rules.Template, written []string) (text string, ok bool) {
	const open, end = "\ue000", "\ue001" // stand for a value while the text around them is escaped
	n := 0
	marked, ok := template.Fill(written, func(string) string {
		n++
		return open + strconv.Itoa(n-1) + end
	})
	if !ok {
		return "", false
	}
	text = authored(marked)
	for i, value := range written {
		text = strings.ReplaceAll(text, open+strconv.Itoa(i)+end, Escape(value))
	}
	return strings.TrimSpace(text), true
}

// authored makes a text that CS Ops wrote harmless and leaves its formatting.
func authored(text string) string {
	return strings.TrimSpace(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text))
}

// wording returns the text of a step that asks or sets a task.
func wording(step *playbooks.Step) playbooks.Text {
	switch {
	case step == nil:
	case step.Ask != nil:
		return step.Ask.Text
	case step.Task != nil:
		return step.Task.Text
	}
	return playbooks.Text{}
}

// visitText is what a visit asks, for mrkdwn and in one line.
func (s *Scene) visitText(visit *playbooks.Visit) string {
	return s.inOneLine(s.said(visit, wording(s.step(visit))))
}

// parts divides a question's text into what happened and what is asked, which is
// its last line.
func (s *Scene) parts(visit *playbooks.Visit, step *playbooks.Step) (what, question string) {
	said := s.said(visit, wording(step))
	i := strings.LastIndexByte(said, '\n')
	if i < 0 {
		return "", said
	}
	return strings.TrimSpace(said[:i]), strings.TrimSpace(said[i+1:])
}

// ofVisit is the part of a visit's text that asks, in one line.
func (s *Scene) ofVisit(visit *playbooks.Visit) (question string) {
	_, question = s.parts(visit, s.step(visit))
	return s.inOneLine(question)
}

// inOneLine joins the lines of a text, without a space after a full-width stop.
func (s *Scene) inOneLine(text string) string {
	return Clip(strings.ReplaceAll(oneLine(text), "。 ", "。"), 400)
}
