package playtest_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// The tests of testdata/hours say when windows of hours fire, and from which notation.
func TestHoursArePlayed(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("testdata/hours"))
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	r := playtest.Run(book, playtest.Options{})
	if !r.OK() {
		var b strings.Builder
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
	if _, all := r.Failed(); all != 6 {
		t.Errorf("%d tests were played, want 6", all)
	}
}

func TestADayIsWrittenFromMidnightOn(t *testing.T) {
	none := math.NaN()
	for text, want := range map[string]playtest.Part{
		"0x9 5x8 0x7 x 3": {Hours: append(append(make([]float64, 9), 5, 5, 5, 5, 5, 5, 5, 5), make([]float64, 7)...), Days: 3},
		"1x23 _":          {Hours: append([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, none), Days: 1},
	} {
		p, err := playtest.ParseHours(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, p, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if p, err := playtest.ParseHours("0x9 40"); err != nil || len(p.Hours) != 24 || p.Hours[9] != 40 || !math.IsNaN(p.Hours[10]) {
		t.Errorf("a day that is not over is %v, %v", p, err)
	}
	for _, bad := range []string{"", "1x25", "1x23 x 2", "1x24 x 0", "1x24 x 9999", "a", "1y24"} {
		if _, err := playtest.ParseHours(bad); err == nil || err.Suggestion == "" {
			t.Errorf("%q is read as a day, or nothing is said of how to mend it: %v", bad, err)
		}
	}
}

func TestHoursThatCannotBeReadSayWhere(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("testdata/hours"))
	if err != nil {
		t.Fatal(err)
	}
	for series, want := range map[string]string{
		"errors: {hours: 1x25}":                                `a day has 24 hours, and here are 25 values; write them from midnight on: 0x9 5x8 0x7 x 3`,
		"errors: {hours: 1x9 6x9 1x6 x 0}":                     `0 days are too few or too many`,
		"errors: {week: 1 1 1 1 1 0 0 x 3, hours: 0x24}":       `beside a week, hours say in which proportion a day's value comes`,
		"errors: {week: 1 1 1 1 1 0 0 x 3, hours: 1x9 _ 1x14}": `the hour from 9:00 has none`,
		"errors: {week: 1 1 1 x 3, hours: 1x24}":               `a week has 7 days`,
		"users: {hours: 1x24}":                                 `users is a unique, and only counts are written by the hour; write a value for each day`,
	} {
		files["burst_test.yaml"] = []byte("start: 2027-03-09 09:00\naccounts: {acme: {series: {" + series + "}}}\ntests: [{name: x, expect: [{at: +1d, run: none}]}]\n")
		book, problems := playbooks.Load(files)
		if book == nil {
			t.Fatal(problems)
		}
		var all []string
		for _, p := range playtest.Check(book) {
			all = append(all, p.Error())
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, want) {
			t.Errorf("%s:\n%s\nwant one with: %s", series, got, want)
		}
	}
}
