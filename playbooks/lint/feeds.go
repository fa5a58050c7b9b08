package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Undelivered warns of rules that read a signal which no feed delivers: heard are the
// signals that have come, as a file or a running bot shows. Such a rule stays unknown,
// and neither starts nor ends anything. A book with mistakes has no such warnings.
func Undelivered(files map[string][]byte, heard []string) []playbooks.Problem {
	book, _ := playbooks.Load(files)
	if book == nil {
		return nil
	}
	var problems []playbooks.Problem
	for _, name := range slices.Sorted(maps.Keys(book.Playbooks)) {
		p := book.Playbooks[name]
		if p.Rule == nil {
			continue
		}
		for _, c := range []*rules.Condition{p.Rule.When, p.Rule.Resolve} {
			if c == nil {
				continue
			}
			for _, signal := range c.Signals() {
				if !slices.Contains(heard, signal) {
					problems = append(problems, undelivered(c.Source, signal, heard))
				}
			}
		}
	}
	return problems
}

// undelivered is the warning about one signal of a condition. Where the condition
// reads it by a let it stands at the condition's beginning.
func undelivered(s rules.Source, signal string, heard []string) playbooks.Problem {
	at := max(strings.Index(s.Text, signal+"."), 0)
	p := playbooks.Problem{Source: s, File: s.File, Level: rules.Warning, Offset: at, Length: len(signal),
		Message:    fmt.Sprintf("no feed delivers %s, so this stays unknown", signal),
		Suggestion: "send it, or take it out"}
	if !strings.HasPrefix(s.Text[at:], signal) {
		p.Length = len(s.Text)
	}
	if near := rules.Nearest(signal, heard); near != "" {
		p.Suggestion = fmt.Sprintf("%s is delivered: is that the one? Otherwise send it, or take it out", near)
	}
	p.Line, p.Column = s.At(at)
	return p
}
