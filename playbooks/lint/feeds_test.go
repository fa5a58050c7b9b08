package lint_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/lint"
)

func TestRulesThatReadWhatNobodySendsAreFound(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	files["quiet.yaml"] = []byte("playbook: quiet\ntitle: Q\nabout: Q\nlet: {many: help_views.sum(\"7d\")}\nwhen: login.sum(\"7d\") == 0 and many > 3\nsteps: [{id: hello, say: Hello}]\n")
	files["signals.yaml"] = []byte(strings.Replace(string(files["signals.yaml"]), "signals:\n", "signals:\n  login: {kind: count}\n", 1))
	var said []string
	for _, p := range lint.Undelivered(files, []string{"logins"}) {
		if p.File == "quiet.yaml" {
			said = append(said, p.Long())
		}
	}
	want := []string{
		"quiet.yaml:5:7: warning: no feed delivers help_views, so this stays unknown; send it, or take it out\n    login.sum(\"7d\") == 0 and many > 3\n    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
		"quiet.yaml:5:7: warning: no feed delivers login, so this stays unknown; logins is delivered: is that the one? Otherwise send it, or take it out\n    login.sum(\"7d\") == 0 and many > 3\n    ^^^^^",
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	if all := lint.Undelivered(files, []string{"logins", "login", "help_views"}); len(all) > 0 && all[0].File == "quiet.yaml" {
		t.Errorf("delivered signals are missed: %v", all)
	}
}
