package playtest_test

import (
	"os"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/playtest"
)

// starter loads the starter book.
func starter(t testing.TB) *playbooks.Book {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

func TestTheStarterBookPassesItsTests(t *testing.T) {
	r := playtest.Run(starter(t), playtest.Options{Coverage: true})
	if !r.OK() {
		var b strings.Builder
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
	if failed, all := r.Failed(); all < 50 {
		t.Errorf("%d tests were played, %d failed; the starter book has more than 50", all, failed)
	}
	if testing.Verbose() {
		if err := r.Coverage.WriteText(os.Stdout); err != nil {
			t.Fatal(err)
		}
	}
}

// Every answer, time-out and escalation of the playbooks that have tests is walked by
// one of them.
func TestEveryAnswerTimeOutAndEscalationOfATestedPlaybookIsWalked(t *testing.T) {
	book := starter(t)
	r := playtest.Run(book, playtest.Options{Coverage: true})
	tested := map[string]bool{}
	for _, name := range playtest.Files(book) {
		tested[strings.TrimSuffix(name, playtest.Suffix)+".yaml"] = true
	}
	for _, p := range r.Coverage.Playbooks {
		for _, place := range p.Places {
			what := strings.Fields(place.What)[0]
			if !place.Walked && tested[place.File] && (what == "answer" || what == "time-out" || what == "escalation" || what == "handoff") {
				t.Errorf("%s:%d: no test walks: %s", place.File, place.Line, place.What)
			}
		}
	}
}

// A thousand cases take seconds: here all cases of the starter book are one operation.
func BenchmarkTheStarterBooksTests(b *testing.B) {
	book := starter(b)
	cases := 0
	for b.Loop() {
		r := playtest.Run(book, playtest.Options{})
		_, n := r.Failed()
		cases += n
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(cases), "ms/case")
}

// For every place that a test can walk it is said what to write to walk it.
func TestEveryPlaceSaysHowItIsWalked(t *testing.T) {
	for _, p := range playtest.NewCoverage(starter(t)).Playbooks {
		for _, place := range p.Places {
			if place.Reach == "" || strings.Contains(place.Reach, "%!") {
				t.Errorf("%s:%d: %s: %q", place.File, place.Line, place.What, place.Reach)
			}
		}
	}
}
