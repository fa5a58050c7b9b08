// Package lint shows the authors of a book what is wrong with it: every mistake at
// once, with its place, the line, a caret below it, and how to mend it.
package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
	"playcaller/rules"
)

// Lint returns every problem of a book, sorted by file, line and column: errors and
// what is not yet available, which keep it from being loaded, warnings and hints. The
// tests beside its playbooks are read too, once the book itself has no mistake.
func Lint(files map[string][]byte) []playbooks.Problem {
	book, problems := playbooks.Load(files)
	if book != nil {
		problems = append(problems, playtest.Check(book)...)
	}
	return problems
}

// Dir lints the book in a folder, and the YAML in the Markdown documents there. The
// error says why it could not be read.
func Dir(dir fs.FS) ([]playbooks.Problem, error) {
	files, err := playbooks.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	own := make(chan []playbooks.Problem, 1)
	go func() { own <- Lint(files) }() // beside the documents, each of which has a book of its own
	documents, err := markdownOf(dir, files)
	problems := <-own
	if err != nil {
		return nil, err
	}
	return append(problems, documents...), nil
}

// A Report is what `lint --json` prints.
type Report struct {
	Problems []playbooks.Problem `json:"problems"` // never null
	Errors   int                 `json:"errors"`
	Warnings int                 `json:"warnings"`
	Hints    int                 `json:"hints"`
}

// NewReport counts problems by level.
func NewReport(problems []playbooks.Problem) Report {
	r := Report{Problems: problems}
	if problems == nil {
		r.Problems = []playbooks.Problem{}
	}
	for _, p := range problems {
		switch p.Level {
		case rules.Error:
			r.Errors++
		case rules.Warning:
			r.Warnings++
		case playbooks.Hint:
			r.Hints++
		}
	}
	return r
}

// Failed reports whether the book would be refused: `lint` then exits with 1.
func (r Report) Failed() bool { return r.Errors > 0 }

// WriteJSON writes the report as one indented JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteText writes each problem as FILE:LINE:COL: level: what, with the line and a
// caret, and a summary at the end.
func (r Report) WriteText(w io.Writer) error {
	for _, p := range r.Problems {
		if _, err := fmt.Fprintln(w, p.Long()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if _, err := fmt.Fprintln(w, r.Summary()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteGitHub writes each problem as a workflow command, which GitHub shows beside the
// line in a pull request:
// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#setting-an-error-message
func (r Report) WriteGitHub(w io.Writer) error {
	for _, p := range r.Problems {
		level := map[rules.Level]string{rules.Error: "error", rules.Warning: "warning", playbooks.Hint: "notice"}[p.Level]
		text := p.Message
		if p.Suggestion != "" {
			text += "; " + p.Suggestion
		}
		if p.Fix != "" {
			text += "\nwrite: " + p.Fix
		}
		end := p.Column + max(len([]rune(p.Source.Text[min(p.Offset, len(p.Source.Text)):min(p.Offset+p.Length, len(p.Source.Text))])), 1)
		if _, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,endColumn=%d,title=%s::%s\n", level, property(p.File), p.Line, p.Column, end,
			"Playcaller "+string(p.Level), message(text)); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

// message escapes a workflow command's text, property one of its values.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(message(s))
}

// Summary says in one line how the book fares: "2 errors, 1 hint", or "no problems".
func (r Report) Summary() string {
	text := ""
	for _, c := range []struct {
		n         int
		one, many string
	}{
		{r.Errors, "error", "errors"}, {r.Warnings, "warning", "warnings"}, {r.Hints, "hint", "hints"},
	} {
		switch {
		case c.n == 0:
			continue
		case text != "":
			text += ", "
		}
		if c.n == 1 {
			text += "1 " + c.one
		} else {
			text += fmt.Sprintf("%d %s", c.n, c.many)
		}
	}
	if text == "" {
		return "no problems"
	}
	return text
}
