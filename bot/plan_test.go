package main

import (
	"strings"
	"testing"

	"playcaller/bot/app"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/playbooks/library"
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

// What a play does is told by its step's text and by people's names; ids follow.
func TestAPlanTellsStepsByTheirTextsAndPeopleByTheirNames(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	of := func(step string) []worker.PlannedAccount {
		return []worker.PlannedAccount{{Account: "acme", Name: "Acme KK", Step: step}}
	}
	var b strings.Builder
	if err := writePlan(&b, book, app.PlanAnswer{Plan: worker.Plan{Accounts: 4, Playbooks: []worker.PlannedPlaybook{
		{Playbook: "gone", Keeps: []worker.PlannedAccount{{Account: "acme", Step: "call", Stays: playbooks.StaysGone}}},
		{Playbook: "login-drop", Starts: []worker.PlannedAccount{{Account: "acme", Person: "tanaka"}, {Account: "beta", Person: "nobody-we-know"}}, Resolves: of("settle"), Ends: of("call"), Keeps: of("call")},
	}}}, 10); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    acme · Tanaka\n", "    beta · nobody-we-know\n", "    Acme KK (acme) · at settle\n", "  ends as a draft: 1\n    Acme KK (acme) · at “Call the sponsor at ‹account name›” (call)\n",
		"    Acme KK (acme) · at “Call the sponsor at ‹account name›” (call)\n", "    acme · at call, cannot be moved: the playbook is gone\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, b.String())
		}
	}
}
