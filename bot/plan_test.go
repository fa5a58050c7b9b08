package main

import (
	"strings"
	"testing"

	"playcaller/bot/app"
	"playcaller/bot/slackapp/cards"
)

// People are named, and what a draft would ask counts only from when it is none.
func TestAPlanNamesWhomItWouldAskMoreAndWhatDraftsWould(t *testing.T) {
	var b strings.Builder
	writePrompts(&b, app.PlanAnswer{Weeks: 8, Prompts: []cards.PromptChange{
		{Person: "miller", Names: map[string]string{"en": "Miller"}, Before: 0.3, After: 0.4},
		{Person: "tanaka", Names: map[string]string{"en": "Tanaka"}, Drafts: 0.25},
	}})
	want := "\nIn the last 8 weeks it would have been\n  +0.1 prompts a week for Miller (0.4 instead of 0.3)\n  +0.2 prompts a week for Tanaka once what is a draft is none\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
