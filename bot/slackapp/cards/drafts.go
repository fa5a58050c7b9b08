package cards

import (
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// A Drafted is one thing that a draft would have told, posted or called.
type Drafted struct {
	Run   *playbooks.Run
	At    time.Time
	Visit int
	What  string // as in a nudge effect; card, say, webhook
	To    string // person id, "#channel", "dm:" and a person id, or the name of a system
}

// A DraftLine is a Drafted with what its drawing needs.
type DraftLine struct {
	Scene *Scene
	At    time.Time
	Visit int
	What  string
	To    string
}

// Drafts lists what drafts would have told, the newest first.
func Drafts(v *Voice, book *playbooks.Book, lines []DraftLine) Message {
	if len(lines) == 0 {
		for _, p := range book.Playbooks {
			if p.Draft {
				return Plain(v.Say("draft.none", nil))
			}
		}
		return Plain(v.Say("draft.no_drafts", nil))
	}
	var said []string
	for _, l := range lines {
		said = append(said, l.say())
	}
	head := v.Say("draft.head", nil)
	return Message{Text: fallback(head, strings.Join(said, "\n")), Blocks: Fit(append([]slack.Block{section(head)}, paragraphs(said)...))}
}

func (l *DraftLine) say() string {
	s := l.Scene
	what, to, text := l.parts()
	if text != "" {
		text = "> " + text
	}
	return strings.TrimSpace(s.Voice.Say("draft.line", words.Args{"at": s.Voice.When(l.At), "customer": s.customer(),
		"title": line(s.title(s.Run.Playbook)), "what": what, "to": to, "text": text}))
}

// parts are what it is, to whom, and what it says.
func (l *DraftLine) parts() (what, to, text string) {
	s := l.Scene
	what = l.What
	if id := "draft.what." + l.What; s.Voice.Has(id) {
		what = s.Voice.Say(id, nil)
	}
	to = line(l.To)
	if person, ok := strings.CutPrefix(l.To, "dm:"); ok || s.Team.Person(l.To) != nil {
		to = s.person(person)
	}
	if l.Visit < len(s.Run.Visits) {
		visit := &s.Run.Visits[l.Visit]
		text = s.visitText(visit)
		if step := s.step(visit); step != nil && step.Say != nil {
			text = s.inOneLine(s.text(step.Say.Text))
		}
	}
	return what, to, text
}
