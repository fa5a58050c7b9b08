package playbooks_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
)

// Whom an answer names may get the next step, by the name under which they are collected.
func TestWhoeverAnAnswerCollectsGetsAStep(t *testing.T) {
	load := func(to string) string {
		files := base(t)
		play := strings.Replace(string(files["play.yaml"]), "collect: {until: date}", "collect: {until: date, who: person, note: text}", 1)
		files["play.yaml"] = []byte(strings.Replace(play, "    due: 1wd\n", "    due: 1wd\n    to: "+to+"\n", 1))
		_, problems := playbooks.Load(files)
		return errorsOf(problems)
	}
	if got := load("who"); strings.Contains(got, "error") {
		t.Error(got)
	}
	for to, want := range map[string]string{
		"whoever": `to: nobody is called "whoever"`,
		"note":    `to: nobody is called "note"`, // a text that anybody may type is nobody
		"stage":   `to: nobody is called "stage"`,
	} {
		if got := load(to); !strings.Contains(got, want) {
			t.Errorf("to: %s: %s\nwant %s", to, got, want)
		}
	}
}
