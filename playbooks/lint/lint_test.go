package lint_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/lint"
	"playcaller/rules"
)

func TestTheStarterBookHasNoProblemsNotEvenHints(t *testing.T) {
	problems, err := lint.Dir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p.Long())
	}
}

// broken is a book with one problem of each level.
var broken = fstest.MapFS{
	"team.yaml": {Data: []byte("people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\n")},
	"play.yaml": {Data: []byte(strings.Join([]string{
		"playbook: play",
		"title: Play",
		"about: A play.",
		"severty: high",
		"group: 5",
		"steps:",
		"  - {id: do, task: Do it, due: 2wd, then: =resolved}",
		"  - {id: lost, wait: 3d}",
		"", // the file ends with a line end
	}, "\n"))},
}

func TestTheTextReportShowsPlaceLineCaretAndMend(t *testing.T) {
	problems, err := lint.Dir(broken)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := lint.NewReport(problems).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	want := `play.yaml:4:1: error: "severty" is no field of a playbook; did you mean "severity"?
    severty: high
    ^^^^^^^
    write: severity: high
play.yaml:7:5: hint: nobody answers do: after 12wd the play ends as unanswered; say it: otherwise: {after: 12wd, then: =unanswered}
      - {id: do, task: Do it, due: 2wd, then: =resolved}
        ^
1 error, 1 hint
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestTheJSONReportHasProblemsAndCounts(t *testing.T) {
	problems, err := lint.Dir(broken)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := lint.NewReport(problems).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Problems []map[string]any
		Errors   int
		Hints    int
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"file": "play.yaml", "line": 4.0, "column": 1.0, "level": "error", "message": `"severty" is no field of a playbook`,
		"suggestion": `did you mean "severity"?`, "fix": "severity: high"}
	if len(got.Problems) != 2 || got.Errors != 1 || got.Hints != 1 {
		t.Fatalf("the report is\n%s", out.String())
	}
	if diff := cmp.Diff(want, got.Problems[0]); diff != "" {
		t.Errorf("first problem (-want +got):\n%s", diff)
	}
}

func TestABookWithoutProblemsSaysSo(t *testing.T) {
	r := lint.NewReport(nil)
	if r.Failed() || r.Summary() != "no problems" {
		t.Errorf("failed %v, summary %q", r.Failed(), r.Summary())
	}
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil || !strings.Contains(out.String(), `"problems": []`) {
		t.Errorf("JSON is %s (%v), want an empty list of problems", out.String(), err)
	}
}

func TestLintFailsOnErrorsAlone(t *testing.T) {
	if !lint.NewReport([]playbooks.Problem{{Level: rules.Error}}).Failed() {
		t.Error("an error does not fail")
	}
	if lint.NewReport([]playbooks.Problem{{Level: playbooks.Hint}, {Level: "warning"}}).Failed() {
		t.Error("warnings and hints fail")
	}
}

// BenchmarkLintTheStarterBook should stay below 100 ms, the documents beside it
// included: an editor may call it at every save.
func BenchmarkLintTheStarterBook(b *testing.B) {
	for b.Loop() {
		if _, err := lint.Dir(os.DirFS("../library")); err != nil {
			b.Fatal(err)
		}
	}
}
