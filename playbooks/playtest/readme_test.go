package playtest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/playtest"
)

// The example of the starter book's README loads beside the book, passes, and has
// every answer walked.
func TestTheExampleOfTheReadmeIsTrue(t *testing.T) {
	readme, err := os.ReadFile("../library/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n# (\\S+\\.yaml)\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d examples, want a playbook and its tests", len(blocks))
	}
	for _, b := range blocks {
		files[b[1]] = []byte("# " + b[1] + "\n" + b[2])
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	r := playtest.Run(book, playtest.Options{Match: regexp.MustCompile("^failed-payments_test")})
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if failed, all := r.Failed(); failed > 0 || all != 7 || len(r.Problems) > 0 {
		t.Errorf("%d of %d tests failed:\n%s", failed, all, text.String())
	}
}

// Whoever writes `what:` finds every word for it in the README: those that the reader of
// test files takes.
func TestTheReadmeListsEveryKindOfMessage(t *testing.T) {
	readme, err := os.ReadFile("../library/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| `what` |")
	table, _, _ = strings.Cut(table, "\n\n")
	found := playtest.Check(small(t, "start: 2027-03-08 09:00\naccounts: {acme: {}}\ntests: [{name: x, expect: [{at: +1d, messages: [{what: xyzzyxyzzy}]}]}]\n"))
	if len(found) != 1 || !strings.HasPrefix(found[0].Suggestion, "known: ") {
		t.Fatalf("an unknown kind of message: %v", found)
	}
	for _, kind := range strings.Split(strings.TrimPrefix(found[0].Suggestion, "known: "), ", ") {
		if !strings.Contains(table, "`"+kind+"`") {
			t.Errorf("the README does not list what: %s", kind)
		}
	}
}

func TestTheReadmeListsEveryReasonOfASuppression(t *testing.T) {
	readme, err := os.ReadFile("../library/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(readme), "The reasons of `suppressed(…)`:")
	list, _, _ = strings.Cut(list, "\n\n")
	said := playtest.Check(small(t, "start: 2027-03-08 09:00\naccounts: {acme: {}}\ntests: [{name: x, expect: [{at: +1d, decision: suppressed(nothing)}]}]\n"))
	if !ok || len(said) != 1 {
		t.Fatalf("the README has a list: %t; the mistake is told %d times", ok, len(said))
	}
	_, reasons, _ := strings.Cut(said[0].Suggestion, "one of: ")
	for _, reason := range strings.Split(reasons, ", ") {
		if !strings.Contains(list, "`"+reason+"`") {
			t.Errorf("the README does not list %s", reason)
		}
	}
}
