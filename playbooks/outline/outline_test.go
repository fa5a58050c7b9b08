package outline_test

import (
	"flag"
	"maps"
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

// address finds what a text for customers links to.
var address = regexp.MustCompile(`https://[a-z./]+`)

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
				if code.MatchString(address.ReplaceAllString(l.Text, "")) || strings.Contains(l.Text, "flow.") || strings.Contains(l.Text, "–") && lang == "ja" || strings.Contains(l.Text, "?(") {
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

// identifier finds a name of a file among Japanese words. What stands in quotes is data (a plan, a
// value of a dimension) unless something without a title is called so, and a channel is called
// what it is called.
var identifier = regexp.MustCompile(`#[a-z-]+|「[^」]*」|[a-z]{2,}`)

// Names of a book's own - lets, segments, attributes, variants - are not shown to people who read
// Japanese: the starter book has titles for all that are told.
func TestTheStarterBookShowsNoIdentifiersInJapanese(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	named := map[string]bool{}
	for _, s := range book.Segments {
		named[s.Name] = len(s.Title) == 0
	}
	for _, a := range book.Attributes {
		named[a.Name] = len(a.Title) == 0
	}
	for _, p := range book.Playbooks {
		own := maps.Clone(named)
		for _, l := range p.Lets {
			own[l.Name] = len(l.Title) == 0
		}
		for _, v := range p.Variants {
			own[v.Name] = len(v.Title) == 0
		}
		for _, l := range outline.Of(book, p, words.New().For(words.Japanese)) {
			for _, found := range identifier.FindAllString(address.ReplaceAllString(l.Text, ""), -1) {
				quoted := strings.Trim(found, "「」")
				if strings.HasPrefix(found, "#") || quoted != found && !own[strings.ReplaceAll(quoted, " ", "_")] {
					continue
				}
				t.Errorf("%s: %q in %s", p.Name, found, l.Text)
			}
		}
	}
}
