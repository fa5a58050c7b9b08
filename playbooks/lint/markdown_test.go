package lint_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/lint"
)

const page = `# Payments

Declare the signal:

` + "```yaml" + `
# added to signals.yaml
signals:
  payment_retries: {kind: count}
` + "```" + `

then write the playbook:

  ` + "```yaml" + `
  playbook: payments
  title: Payments fail
  about: Three payments failed in a month.
  when: payment_retrys.sum("28d") >= 3
  steps:
    - {id: call, task: Call them, due: 2wd, otherwise: {after: 5wd, then: =unanswered}}
  ` + "```" + `

and its test:

` + "```yaml" + `
# payments_test.yaml
start: 2027-03-15 09:00
accounts: {acme: {}}
tests:
  - {name: nothing, expect: [{at: +1d, playbok: payments}]}
` + "```" + `

A fragment, and one that is no YAML:

` + "```yaml" + `
remind: [1wd]
` + "```" + `

` + "```yaml" + `
remind: [1wd
` + "```" + `

` + "```yaml wrong" + `
remind: [1wd
` + "```" + `

` + "```sh" + `
playbook: [
` + "```" + `
`

func TestTheYAMLInMarkdownIsLinted(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	got := func(page string) (said []string) {
		for _, p := range lint.Markdown("docs/payments.md", []byte(page), files) {
			said = append(said, p.Error())
		}
		return said
	}
	want := []string{
		`docs/payments.md:17:9: error: there is no signal "payment_retrys"; did you mean "payment_retries"?`,
		`docs/payments.md:39:9: error: [ is opened here and never closed, so this is not YAML; close it in the same line`,
	}
	if diff := cmp.Diff(want, got(page)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	mended := strings.ReplaceAll(page, "payment_retrys", "payment_retries")
	want = []string{
		`docs/payments.md:29:40: error: an entry of expect has no field "playbok"; did you mean "playbook"?`,
		`docs/payments.md:29:30: error: nothing is expected in this entry; add decision, step, messages, outcome, …`,
		`docs/payments.md:39:9: error: [ is opened here and never closed, so this is not YAML; close it in the same line`,
	}
	if diff := cmp.Diff(want, got(mended)); diff != "" {
		t.Errorf("problems of the test (-want +got):\n%s", diff)
	}
}

func TestDocumentsBesideABookAreLintedWithIt(t *testing.T) {
	dir := fstest.MapFS{
		"team.yaml":      broken["team.yaml"],
		"docs/README.md": {Data: []byte("```yaml\nplaybook: p\ntitle: P\nabout: P.\nsevrity: low\nsteps: [{id: s, say: Hello}]\n```\n")},
		".git/x.md":      {Data: []byte("```yaml\n[\n```\n")},
	}
	problems, err := lint.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), `docs/README.md:5:1: error: "sevrity" is no field of a playbook`) {
		t.Errorf("problems: %v", problems)
	}
}

func TestTheReadmeOfTheProgramShowsBooksThatLoad(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range lint.Markdown("README.md", page, files) {
		t.Error(p.Long())
	}
}

func TestTheGitHubReportAnnotatesLines(t *testing.T) {
	problems, err := lint.Dir(broken)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := lint.NewReport(problems).WriteGitHub(&out); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	want := `::error file=play.yaml,line=4,col=1,endColumn=8,title=Playcaller error::"severty" is no field of a playbook; did you mean "severity"?%0Awrite: severity: high`
	if first != want {
		t.Errorf("first annotation\n%s\nwant\n%s", first, want)
	}
}
