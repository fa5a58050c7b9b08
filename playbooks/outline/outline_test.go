package outline_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
)

var update = flag.Bool("update", false, "write what is told to testdata")

// The outline of a playbook that uses the whole format, in both languages, stands in
// testdata.
func TestTheWholeFormatIsTold(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("../testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	if files["format.yaml"], err = os.ReadFile("../testdata/format.yaml"); err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	for _, lang := range []string{"en", "ja"} {
		file := "testdata/format." + lang + ".txt"
		got := outline.Text(outline.Of(book, book.Playbooks["format"], words.New().For(lang)))
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// code finds what only programmers read.
var code = regexp.MustCompile(`[a-z]\([")]|[a-z]_[a-z]|==|!=|[<>]=|\?\?|&&|[a-z]\.[a-z]|[0-9]w?d\b`)

func TestTheStarterBookIsToldWithoutGaps(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	for _, p := range book.Playbooks {
		for _, lang := range []string{"en", "ja"} {
			lines := outline.Of(book, p, words.New().For(lang))
			steps := 0
			for _, l := range lines {
				if code.MatchString(l.Text) || strings.Contains(l.Text, "flow.") || strings.Contains(l.Text, "–") && lang == "ja" || strings.Contains(l.Text, "?(") {
					t.Errorf("%s: %s", p.Name, l.Text)
				}
				if l.Step != "" {
					steps++
				}
			}
			if steps < len(p.Steps) {
				t.Errorf("%s tells %d of %d steps", p.Name, steps, len(p.Steps))
			}
		}
	}
}
