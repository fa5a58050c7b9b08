package playtest_test

import (
	"maps"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// A rule may ask twice of one number: what is known of it is told once.
func TestADecisionTellsEachValueOnce(t *testing.T) {
	book := small(t, read(t, "quiet_test.yaml"))
	files := maps.Clone(book.Files)
	quiet := string(files["quiet.yaml"])
	changed := strings.Replace(quiet, "\nwhen: ", "\nwhen: logins.sum(\"7d\") < 11 and ", 1)
	if changed == quiet {
		t.Fatal("the small book's playbook has no `when` on a line of its own")
	}
	files["quiet.yaml"] = []byte(changed)
	again, problems := playbooks.Load(files)
	if again == nil {
		t.Fatal(problems)
	}
	var b strings.Builder
	if err := playtest.Run(again, playtest.Options{}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if want := `quiet fired [logins.sum("7d") = 6]`; !strings.Contains(b.String(), want) {
		t.Errorf("the timeline lacks %s:\n%s", want, b.String())
	}
}
