package lint_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/lint"
)

func TestMistakesInTestFilesAreFound(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	files["login-drop_test.yaml"] = []byte("start: 2027-03-08\naccounts: {acme: {}}\ntests:\n  - name: x\n    expect: [{at: +1d, step: wy}]\n")
	found := lint.Lint(files)
	if len(found) != 1 || !strings.Contains(found[0].Error(), `login-drop_test.yaml:5:30: error: there is no step "wy"; did you mean "why"?`) {
		t.Errorf("problems: %v", found)
	}
}
