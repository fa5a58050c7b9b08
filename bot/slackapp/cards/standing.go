package cards

import (
	"html"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Standing says in one plain sentence what the rules decided, for places that are not Slack.
func Standing(v *Voice, book *playbooks.Book, d rules.Decision) string {
	return html.UnescapeString(decision(v, book, d))
}
