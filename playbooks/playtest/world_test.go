package playtest_test

import (
	"os"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// The tests of testdata/world say what the live bot does: one question per account and
// person, budgets, storms, snoozes, cover, undo, groups, pilots, drafts, webhooks, texts for customers, peers. They must all pass.
func TestTheWorldGoesOnAsTheLiveBotDoes(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("testdata/world"))
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	r := playtest.Run(book, playtest.Options{})
	if !r.OK() {
		var b strings.Builder
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
	if _, all := r.Failed(); all != 31 {
		t.Errorf("%d tests were played, want 31", all)
	}
}
