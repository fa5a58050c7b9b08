package format_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/format"
	"playcaller/playbooks/library"
)

func TestFieldsCommentsAndIndentation(t *testing.T) {
	src := `
# A playbook about quiet accounts.

title: Quiet
playbook: quiet   # its name
about: |
    First line.


      indented.
steps:
    # The question comes first.
    -   answers:
            # no more
            yes: {then: =resolved, label: Yes}
            no:
               then: call
               label: No
        ask: Why?
        id: why
    - {id: call,
       task: Call them}


    # trailing about the list
when: logins.sum("7d") == 0
outcomes:
  good: {good: true}
# the end
`
	want := `# A playbook about quiet accounts.

playbook: quiet   # its name
title: Quiet
about: |
    First line.


      indented.
when: logins.sum("7d") == 0
steps:
  # The question comes first.
  - id: why
    ask: Why?
    answers:
      # no more
      yes: {then: =resolved, label: Yes}
      no:
        label: No
        then: call
  - {id: call,
     task: Call them}

  # trailing about the list
outcomes:
  good: {good: true}
# the end
`
	got, err := format.File("quiet.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("formatted (-want +got):\n%s", diff)
	}
}

func TestWhatIsFormattedStaysAndSaysTheSame(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"../testdata/base", "../testdata"} {
		names, err := filepath.Glob(dir + "/*.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if files[name], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, src := range files {
		once, err := format.File(filepath.Base(name), src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		twice, err := format.File(filepath.Base(name), once)
		if err != nil {
			t.Errorf("%s, again: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(once), string(twice)); diff != "" {
			t.Errorf("%s is not stable (-once +twice):\n%s", name, diff)
		}
	}
}

func TestTheStarterBookIsFormatted(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range files {
		got, err := format.File(name, src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(string(src), string(got)); diff != "" {
			t.Errorf("%s is not formatted; run playcaller fmt playbooks/library (-is +should be):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoYAMLIsRefused(t *testing.T) {
	for _, src := range []string{"", "a: [", "a: 1\n---\nb: 2\n", "\t- a"} {
		if _, err := format.File("x.yaml", []byte(src)); !errors.Is(err, format.ErrNotYAML) {
			t.Errorf("%q: %v", src, err)
		}
	}
}

func FuzzFormattingChangesNothing(f *testing.F) {
	for _, s := range []string{"a: 1\n", "b: [1,\n 2]\na:\n- x\n-  y: 1\n   z: 2\n", "- a\n# c\n-\n  b: 1\n", "a: >\n  x\n\n  y\nb: |-\n  z\n", "? a\n: b\n", "a: &x 1\nb: *x\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		once, err := format.File("x.yaml", []byte(src))
		if err != nil {
			return // refused, and so left as it is
		}
		if !strings.HasSuffix(string(once), "\n") {
			t.Errorf("%q ends without a line end", once)
		}
	})
}

// A segment's values are put in order whether it has a title or is but a list.
func TestFieldsOfWhatMayBeWrittenInTwoWays(t *testing.T) {
	src := `segments:
  touch:
    values:
      - if: account.seats > 50
        value: high
      - value: tech
    title: Touch
  size:
    - if: account.seats > 50
      value: large
    - value: small
`
	want := `segments:
  touch:
    title: Touch
    values:
      - value: high
        if: account.seats > 50
      - value: tech
  size:
    - value: large
      if: account.seats > 50
    - value: small
`
	got, err := format.File("segments.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
