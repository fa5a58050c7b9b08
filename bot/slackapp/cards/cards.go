// Package cards draws what the bot shows in Slack: the card of a run and the
// lines of its thread, direct messages, forms, and the home tab. It is pure: it
// takes values and returns blocks that Slack accepts, whatever the values hold.
package cards

import (
	"time"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/rules"
)

// A Message is what is handed to the sender. Text stands in where blocks cannot
// be shown, as in notifications.
type Message struct {
	Text   string
	Blocks []slack.Block
}

// A Scene is all that the drawing of a run may know.
type Scene struct {
	Run     *playbooks.Run
	Account *rules.Account
	Book    *playbooks.Book // the one the run began with
	Team    *playbooks.Team // today's
	Facts   *rules.Facts    // nil where they cannot be had: texts then show "…" for values
	Chart   *Chart          // nil for none
	Others  map[string]*playbooks.Playbook

	Now  time.Time
	Lang string // "en" or "ja", the reader's

	// Mention turns a person id into "<@U…>", or a name where Slack does not
	// know the person. Nil means names.
	Mention func(person string) string
}
