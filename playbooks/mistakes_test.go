package playbooks_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"playcaller/playbooks"
)

var update = flag.Bool("update", false, "write what is found to testdata/mistakes.golden")

// base returns a small book without problems.
func base(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := playbooks.ReadDir(os.DirFS("testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheBaseOfTheMistakesHasNoProblems(t *testing.T) {
	book, problems := playbooks.Load(base(t))
	for _, p := range problems {
		t.Error(p.Long())
	}
	if book == nil {
		t.Error("the book is refused")
	}
}

// TestEveryMistakeIsFoundInItsPlace loads the base with one mistake each. The first
// line of a file of testdata/mistakes says where it must be found; what is said of it
// stands in testdata/mistakes.golden.
func TestEveryMistakeIsFoundInItsPlace(t *testing.T) {
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 60 {
		t.Fatalf("%d mistakes are tried, want at least 60", len(names))
	}
	var golden strings.Builder
	for _, name := range names {
		title := strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".txtar"), "-", " ")
		t.Run(title, func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := base(t)
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			_, problems := playbooks.Load(files)
			fmt.Fprintf(&golden, "## %s\n", title)
			for _, p := range problems {
				fmt.Fprintln(&golden, p.Long())
			}
			at := strings.TrimPrefix(strings.TrimSpace(string(archive.Comment)), "at ")
			found := slices.IndexFunc(problems, func(p playbooks.Problem) bool {
				return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) == at
			})
			if found < 0 {
				t.Fatalf("nothing is found at %s, but:\n%s", at, errorsOf(problems))
			}
			if p := problems[found]; p.Suggestion == "" && p.Fix == "" {
				t.Errorf("%s does not say how to mend it", p.Error())
			}
		})
	}
	if *update {
		if err := os.WriteFile("testdata/mistakes.golden", []byte(golden.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/mistakes.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), golden.String()); diff != "" && !t.Failed() {
		t.Errorf("what is said of the mistakes has changed (-want +got); look at it, then run with -update:\n%s", diff)
	}
}

// errorsOf lists problems, one a line.
func errorsOf(problems []playbooks.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p.Error())
	}
	return b.String()
}
