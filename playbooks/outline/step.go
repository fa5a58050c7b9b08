package outline

import (
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// mostOfStep is how many characters of a step's text are enough to know the step by.
const mostOfStep = 60

// Step tells in a few words what a step of a playbook asks or says, by its text: “Call the
// sponsor at ‹account name›”. It is "" for one without a text (a wait, a branch) and for
// one that the playbook does not have.
func Step(book *playbooks.Book, p *playbooks.Playbook, v *words.Voice, id string) string {
	if p == nil {
		return ""
	}
	o := of(book, p, v)
	for _, s := range o.steps() {
		if s.ID != id {
			continue
		}
		text := []rune(strings.TrimSpace(o.stepText(s)))
		if len(text) > mostOfStep {
			text = append(text[:mostOfStep-1], '…')
		}
		return string(text)
	}
	return ""
}
