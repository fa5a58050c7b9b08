// Package playtest plays the tests that stand beside playbooks: NAME_test.yaml says
// what happens to accounts - signals, answers, clicks, at exact times - and what must
// come of it: whether the rule fires, who is told what, what falls due when, and how
// the run ends.
//
// A case is played by the same code as the live bot - rules judge, playbooks advance -
// in the same order of doings, in memory, with the time that the test says. Like rules
// and playbooks the package is pure: no clock, no files, no network.
//
//	result := playtest.Run(book, playtest.Options{Coverage: true})
//	result.WriteText(os.Stdout)
package playtest

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"playcaller/playbooks"
)

// Suffix is how the names of test files end.
const Suffix = "_test.yaml"

// Options choose what Run plays.
type Options struct {
	Match    *regexp.Regexp // only cases whose "FILE: NAME" it matches; nil for all
	Coverage bool           // note which places of the playbooks were walked
}

// A Result is what came of a book's tests.
type Result struct {
	Files    []FileResult
	LeftOut  int                 // test files of which Match chose no case; they are not among Files
	Problems []playbooks.Problem // mistakes in test files; a file with one is not played
	// Coverage is of all playbooks, or with Match of those that a chosen case tests. It is
	// nil unless asked for, and where it would mislead: there are Problems, or Match chose
	// no case.
	Coverage *Coverage
}

// A FileResult is what came of one test file.
type FileResult struct {
	File  string // path inside the book
	Cases []CaseResult
}

// A CaseResult is what came of one case.
type CaseResult struct {
	Name     string
	File     string
	Line     int // where the case begins
	Failures []Failure
	Timeline []Happening
	Zone     *time.Location // in which its times are shown
	Start    time.Time
}

// A Failure is one expectation that was not met.
type Failure struct {
	Line    int       // of the test file
	At      time.Time // business time at which it was looked at
	About   string    // account and playbook
	Details []Detail
}

// A Detail is one thing that was expected and what was there instead.
type Detail struct {
	What, Expected, Got string
	OK                  bool // it holds; shown beside what does not
}

// A Happening is one line of a case's timeline.
type Happening struct {
	At   time.Time
	Who  string // account id, or person
	Text string
}

// Failed returns how many cases failed, of how many.
func (r *Result) Failed() (failed, all int) {
	for _, f := range r.Files {
		for _, c := range f.Cases {
			all++
			if len(c.Failures) > 0 {
				failed++
			}
		}
	}
	return failed, all
}

// OK reports whether nothing is wrong: no mistakes in test files, no failed case.
func (r *Result) OK() bool {
	failed, _ := r.Failed()
	return failed == 0 && len(r.Problems) == 0
}

// Files returns the names of a book's test files, sorted.
func Files(book *playbooks.Book) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(book.Files)) {
		if strings.HasSuffix(name, Suffix) {
			names = append(names, name)
		}
	}
	return names
}

// Check returns the mistakes in a book's test files, without playing them.
func Check(book *playbooks.Book) []playbooks.Problem { return CheckFiles(book, Files(book)) }

// CheckFiles does so for some of the book's test files.
func CheckFiles(book *playbooks.Book, names []string) []playbooks.Problem {
	var problems []playbooks.Problem
	for _, name := range names {
		_, found := Read(book, name, book.Files[name])
		problems = append(problems, found...)
	}
	return problems
}

// Run plays the tests of a book, file by file.
func Run(book *playbooks.Book, o Options) *Result {
	r := &Result{}
	var coverage *Coverage
	if o.Coverage {
		coverage = NewCoverage(book)
	}
	chosen := map[string]bool{}
	for _, name := range Files(book) {
		file, found := Read(book, name, book.Files[name])
		r.Problems = append(r.Problems, found...)
		if file == nil {
			continue
		}
		fr := FileResult{File: name}
		for _, c := range file.Cases {
			if o.Match != nil && !o.Match.MatchString(name+": "+c.Name) {
				continue
			}
			fr.Cases = append(fr.Cases, play(book, file, c, coverage))
		}
		if o.Match != nil && len(fr.Cases) == 0 {
			r.LeftOut++
			continue
		}
		chosen[file.Playbook.Name] = true
		r.Files = append(r.Files, fr)
	}
	if o.Match != nil {
		coverage = coverage.only(chosen)
	}
	if len(r.Problems) == 0 {
		r.Coverage = coverage
	}
	return r
}

// playbookOf returns the playbook whose tests a file holds: that of the playbook file
// of the same name, or the playbook of that name.
func playbookOf(book *playbooks.Book, file string) *playbooks.Playbook {
	beside := strings.TrimSuffix(file, Suffix) + ".yaml"
	for _, p := range book.Playbooks {
		if p.File == beside {
			return p
		}
	}
	return book.Playbooks[strings.TrimSuffix(path.Base(file), Suffix)]
}
