package playtest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"playcaller/rules"
)

// WriteText writes mistakes, failures with their timelines, and a line for each file.
// Beside mistakes the files in which all is well are not listed.
func (r *Result) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, p := range r.Problems {
		fmt.Fprintln(b, p.Long())
	}
	for _, f := range r.Files {
		failed := 0
		for _, c := range f.Cases {
			if len(c.Failures) > 0 {
				failed++
				c.write(b)
			}
		}
		switch {
		case failed > 0:
			fmt.Fprintf(b, "FAIL  %s: %d of %s failed\n", f.File, failed, count(len(f.Cases), "test"))
		case len(r.Problems) == 0:
			fmt.Fprintf(b, "ok    %s: %s\n", f.File, count(len(f.Cases), "test"))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// write writes what is wrong in a case: expected and got side by side, and what
// happened.
func (c CaseResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "FAIL  %s:%d: %s\n", c.File, c.Line, c.Name)
	for _, f := range c.Failures {
		fmt.Fprintf(b, "\n  %s:%d: at %s, %s\n", c.File, f.Line, shown(f.At, c.Start, c.Zone), f.About)
		rows := [][3]string{{"", "expected", "got"}}
		for _, d := range f.Details {
			mark := "  "
			if !d.OK {
				mark = "✗ "
			}
			want, got := strings.Split(d.Expected, "\n"), strings.Split(d.Got, "\n")
			for i := range max(len(want), len(got)) {
				row := [3]string{"", at(want, i), at(got, i)}
				if i == 0 {
					row[0] = mark + d.What
				}
				rows = append(rows, row)
			}
		}
		table(b, rows)
	}
	fmt.Fprint(b, "\n  What happened:\n")
	for _, h := range c.Timeline {
		fmt.Fprintf(b, "    %s  %s: %s\n", shown(h.At, c.Start, c.Zone), h.Who, strings.ReplaceAll(h.Text, "\n", " / "))
	}
	b.WriteByte('\n')
}

func at(all []string, i int) string {
	if i < len(all) {
		return all[i]
	}
	return ""
}

// widest is how wide a column gets before what follows is no longer below each other.
const widest = 60

func table(b *strings.Builder, rows [][3]string) {
	var width [2]int
	for _, r := range rows {
		for i := range width {
			width[i] = max(width[i], min(utf8.RuneCountInString(r[i]), widest))
		}
	}
	pad := func(s string, n int) string { return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))) }
	for _, r := range rows {
		fmt.Fprintln(b, strings.TrimRight("    "+pad(r[0], width[0])+"  "+pad(r[1], width[1])+"  "+r[2], " "))
	}
}

// Summary says in one line how the tests went.
func (r *Result) Summary() string {
	failed, all := r.Failed()
	text := count(all, "test")
	switch {
	case failed > 0:
		text += fmt.Sprintf(", %d failed", failed)
	case all > 0:
		text += ", all passed"
	}
	if n := len(r.Problems); n > 0 {
		text += ", " + count(n, "mistake") + " in test files"
	}
	if r.LeftOut > 0 {
		text += ", " + count(r.LeftOut, "test file") + " without a chosen test left out"
	}
	return text
}

// WriteText writes the share of each playbook that was walked, and the places that
// were not, as FILE:LINE.
func (c *Coverage) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, p := range c.Playbooks {
		walked, all := p.Walked()
		fmt.Fprintf(b, "%5.1f %%  %s: %d of %d\n", percent(walked, all), p.Name, walked, all)
		for _, place := range p.Places {
			if !place.Walked {
				fmt.Fprintf(b, "         %s:%d: not walked: %s\n", place.File, place.Line, place.What)
				if place.Reach != "" {
					fmt.Fprintf(b, "             to walk it: %s\n", place.Reach)
				}
			}
		}
	}
	fmt.Fprintf(b, "%5.1f %%  altogether\n", c.Percent())
	_, err := io.WriteString(w, b.String())
	return err
}

// The JUnit form that build servers read: https://github.com/testmoapp/junitxml.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Error   *junitFailure `xml:"error,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the results of some books as JUnit XML; mistakes in test files are
// errors of a suite of their own.
func WriteJUnit(w io.Writer, results ...*Result) error {
	var all junitSuites
	for _, r := range results {
		for _, f := range r.Files {
			suite := junitSuite{Name: f.File, Tests: len(f.Cases)}
			for _, c := range f.Cases {
				one := junitCase{Name: c.Name, Class: strings.TrimSuffix(f.File, Suffix), File: f.File, Line: c.Line}
				if len(c.Failures) > 0 {
					text := &strings.Builder{}
					c.write(text)
					one.Failure = &junitFailure{Message: summary(c), Text: text.String()}
					suite.Failures++
				}
				suite.Cases = append(suite.Cases, one)
			}
			all.Suites = append(all.Suites, suite)
		}
		if len(r.Problems) > 0 {
			all.Suites = append(all.Suites, mistakes(r.Problems))
		}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// summary says in one line what a case got wrong first.
func summary(c CaseResult) string {
	for _, d := range c.Failures[0].Details {
		if !d.OK {
			return fmt.Sprintf("%s: expected %s, got %s", d.What, d.Expected, d.Got)
		}
	}
	return "failed"
}

func mistakes(problems []rules.Problem) junitSuite {
	s := junitSuite{Name: "test files", Tests: len(problems), Errors: len(problems)}
	for _, p := range problems {
		s.Cases = append(s.Cases, junitCase{Name: p.Error(), Class: "lint", File: p.File, Line: p.Line,
			Error: &junitFailure{Message: p.Message, Text: p.Long()}})
	}
	return s
}
