package playtest_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small loads the small book of testdata with a test file of that content.
func small(t testing.TB, test string) *playbooks.Book {
	t.Helper()
	files, err := playbooks.ReadDir(os.DirFS("testdata/book"))
	if err != nil {
		t.Fatal(err)
	}
	files["quiet_test.yaml"] = []byte(test)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, name), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestAFailureShowsExpectedAndGotAndWhatHappened(t *testing.T) {
	r := playtest.Run(small(t, read(t, "quiet_test.yaml")), playtest.Options{})
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "failure.txt", b.String())
	if r.OK() {
		t.Error("a result with a failed test is OK")
	}
	if got, want := r.Summary(), "2 tests, 1 failed"; got != want {
		t.Errorf("summary = %q, want %q", got, want)
	}
}

func TestCoverageNamesThePlacesThatNoTestWalked(t *testing.T) {
	r := playtest.Run(small(t, read(t, "quiet_test.yaml")), playtest.Options{Coverage: true})
	var b strings.Builder
	if err := r.Coverage.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "coverage.txt", b.String())
}

func TestRunChoosesCasesByName(t *testing.T) {
	r := playtest.Run(small(t, read(t, "quiet_test.yaml")), playtest.Options{Match: regexp.MustCompile("how it is$")})
	if failed, all := r.Failed(); failed != 0 || all != 1 {
		t.Errorf("%d of %d cases failed, want 0 of 1", failed, all)
	}
}

func TestJUnitHoldsCasesFailuresAndMistakes(t *testing.T) {
	r := playtest.Run(small(t, read(t, "quiet_test.yaml")), playtest.Options{})
	broken := playtest.Run(small(t, "accounts: {a: {sets: 3}}\ntests: []\n"), playtest.Options{})
	var b bytes.Buffer
	if err := playtest.WriteJUnit(&b, r, broken); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 3 || got.Failures != 1 || got.Errors != 1 {
		t.Errorf("tests, failures, errors = %d, %d, %d; want 3, 1, 1", got.Tests, got.Failures, got.Errors)
	}
	f := got.Suites[0].Cases[1].Failure
	if want := "approved: expected taken, got refused: wrong_step"; f == nil || !strings.Contains(f.Message, "expected") {
		t.Errorf("failure = %v, want one like %q", f, want)
	}
}

// Each line of a test file that is wrong is reported, all at once, at its place.
func TestMistakesInATestFileAreReportedAtTheirPlaces(t *testing.T) {
	const head = "start: 2027-03-08 09:00\naccounts: {acme: {}}\n"
	for name, c := range map[string]struct{ test, want string }{
		"an unknown field":            {"start: 2027-03-08\nacounts: {}\n", `quiet_test.yaml:2:1: error: a test file has no field "acounts"; did you mean "accounts"?`},
		"an account's unknown field":  {"start: 2027-03-08\naccounts: {acme: {sets: 3}}\ntests: []\n", `2:19: error: an account has no field "sets"; did you mean "seats"?`},
		"a field of another type":     {"start: 2027-03-08\naccounts: {acme: {seats: many}}\ntests: []\n", `2:26: error: seats of acme:`},
		"an unknown time zone":        {"start: 2027-03-08\naccounts: {acme: {time_zone: Tokyo}}\ntests: []\n", `there is no time zone "Tokyo"`},
		"a person whom nobody knows":  {"start: 2027-03-08\naccounts: {acme: {roles: [{role: owner, person: tanka}]}}\ntests: []\n", `nobody in team.yaml is called "tanka"; did you mean "tanaka"?`},
		"an unknown signal":           {"start: 2027-03-08\naccounts: {acme: {series: {login: 3}}}\ntests: []\n", `2:28: error: there is no signal "login" in signals.yaml; did you mean "logins"?`},
		"a part that is no series":    {"start: 2027-03-08\naccounts: {acme: {series: {logins: 3x4 9y6}}}\ntests: []\n", `2:40: error: "9y6" is no part of a series`},
		"a week of six days":          {"start: 2027-03-08\naccounts: {acme: {series: {logins: {week: 1 2 3 4 5 6 x 3}}}}\ntests: []\n", `a week has 7 days, and here are 6 values`},
		"a split that is not":         {"start: 2027-03-08\naccounts: {acme: {series: {logins: {by: {a: 3}}}}}\ntests: []\n", `logins is not split by anything`},
		"too many users":              {"start: 2027-03-08\naccounts: {acme: {series: {users: 1000000000}}}\ntests: []\n", `users counts the users of a day, and these are not so many; write between 0 and 1000`},
		"a test without expectations": {head + "tests: [{name: x}]\n", `3:9: error: test "x" expects nothing`},
		"an unknown decision":         {head + "tests: [{name: x, expect: [{at: +1d, decision: fires}]}]\n", `there is no decision "fires"; did you mean "fired"?`},
		"a part of a reason":          {head + "tests: [{name: x, expect: [{at: +1d, decision: suppressed(audience)}]}]\n", `there is no decision "suppressed(audience)"; did you mean "suppressed(outside_audience)"?`},
		"a part of two reasons":       {head + "tests: [{name: x, expect: [{at: +1d, decision: suppressed(outside)}]}]\n", `did you mean "suppressed(outside_audience)" or "suppressed(outside_pilot)"?`},
		"a reason that there is not":  {head + "tests: [{name: x, expect: [{at: +1d, decision: suppressed(moonlight)}]}]\n", `write suppressed(…) with one of: already_running, already_true, cooling_down`},
		"accounts that are fields":    {head + "tests: [{name: x, accounts: {acme: {}}, expect: [{at: +1d, run: open}]}]\n", `the accounts of a test are a list of names; write accounts: [acme, beta]`},
		"an unknown step":             {head + "tests: [{name: x, expect: [{at: +1d, step: cal}]}]\n", `there is no step "cal"; did you mean "call"?`},
		"an unknown answer":           {head + "tests: [{name: x, do: [{at: +1d, answer: holiday}], expect: [{at: +1d, run: open}]}]\n", `there is no answer "holiday"; did you mean "holidays"?`},
		"an unknown outcome":          {head + "tests: [{name: x, expect: [{at: +1d, outcome: caled}]}]\n", `there is no outcome "caled"; did you mean "called"?`},
		"no time":                     {head + "tests: [{name: x, expect: [{at: soon, run: open}]}]\n", `"soon" is no time`},
		"working days":                {head + "tests: [{name: x, expect: [{at: +3wd, run: open}]}]\n", `counts working days`},
		"a time before the start":     {head + "tests: [{name: x, expect: [{at: 2027-03-01 09:00, run: open}]}]\n", `this is before the test starts`},
		"two doings in one":           {head + "tests: [{name: x, do: [{at: +1d, answer: trouble, click: done}], expect: [{at: +1d, run: open}]}]\n", `two things happen in this entry: answer and click`},
		"no doing":                    {head + "tests: [{name: x, do: [{at: +1d}], expect: [{at: +1d, run: open}]}]\n", `nothing happens in this entry`},
		"an unknown click":            {head + "tests: [{name: x, do: [{at: +1d, click: dome}], expect: [{at: +1d, run: open}]}]\n", `there is no click "dome"; did you mean "done"?`},
		"an unknown kind of message":  {head + "tests: [{name: x, expect: [{at: +1d, messages: [{what: questions}]}]}]\n", `there is no kind of message "questions"; did you mean "question"?`},
		"a role that nobody knows":    {head + "tests: [{name: x, expect: [{at: +1d, escalated: manger}]}]\n", `there is no person or role "manger"; did you mean "manager"?`},
		"two tests of one name":       {head + "tests: [{name: x, expect: [{at: +1d, run: open}]}, {name: x, expect: [{at: +1d, run: open}]}]\n", `two tests are called "x"`},
		"set of an unknown field":     {head + "tests: [{name: x, set: {sets: 3}, expect: [{at: +1d, run: open}]}]\n", `an account has no field "sets"`},
	} {
		t.Run(name, func(t *testing.T) {
			found := playtest.Check(small(t, c.test))
			var all []string
			for _, p := range found {
				all = append(all, p.Error())
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("problems:\n%s\nwant one with: %s", got, c.want)
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	found := playtest.Check(small(t, "start: 2027-03-08\naccounts: {acme: {sets: 3, time_zone: Tokyo, series: {logins: x}}}\ntests: [{name: a}]\n"))
	if len(found) != 4 {
		t.Errorf("%d problems, want 4: %v", len(found), found)
	}
}

// Whatever bytes a test file holds, reading it gives a file or says what is wrong, at a
// place in it.
func FuzzRead(f *testing.F) {
	book := small(f, "")
	f.Add(read(f, "quiet_test.yaml"))
	f.Add("start: 2027-03-08\naccounts: {a: {seats: 3, series: {logins: [week: 1 2 3 4 5 6 7 x 2, _x3]}}}\ntests: [{name: x, set: {milestone.a: true}, expect: [{at: +1d, run: open}]}]\n")
	f.Add("accounts: {a: &x {b: *x}}\ntests: !!binary x\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, found := playtest.Read(book, "quiet_test.yaml", []byte(text))
		if (file == nil) != (len(found) > 0) {
			t.Fatalf("file %v with problems %v", file, found)
		}
		for _, p := range found {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Long() == "" {
				t.Fatalf("a problem without place or message: %+v", p)
			}
		}
	})
}

func TestAStepThatAPersonHasInFrontOfThemIsNoMessage(t *testing.T) {
	test := strings.Split(read(t, "quiet_test.yaml"), "tests:")[0] + `tests:
  - name: trouble
    do: [{at: +1d 10:00, answer: trouble}]
    expect: [{at: +1d 10:05, messages: [{to: tanaka, what: task}]}]
`
	var b strings.Builder
	r := playtest.Run(small(t, test), playtest.Options{})
	for _, f := range r.Files {
		for _, c := range f.Cases {
			for _, failure := range c.Failures {
				for _, d := range failure.Details {
					b.WriteString(d.Got + "\n")
				}
			}
		}
	}
	if want := "tanaka did the step before and has call in front of them at once, so no message is sent: expect step: call"; !strings.Contains(b.String(), want) {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

func TestAFeedThatMayRestForLongIsStoppedOnlyAfterIt(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("testdata/book"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"3d": "ends in _x14, which is a feed that has stopped", "31d": "ends in _x32, which is a feed that has stopped; calls counts as stopped only after 31 days"} {
		files["signals.yaml"] = []byte("signals:\n  logins: {kind: count}\n  users: {kind: unique}\n  calls: {kind: count, fresh: " + name + "}\n")
		files["calls.yaml"] = []byte(`playbook: calls
title: {en: Calls, ja: 連絡}
about: {en: Calls., ja: 連絡。}
severity: low
when: logins.sum("7d") >= 3
assign: account.owner
steps:
  - id: look
    branch:
      - {if: calls.sum("28d") > 0, then: =resolved}
      - {else: =unclear, unknown: =unclear}
`)
		book, problems := playbooks.Load(files)
		if book == nil {
			t.Fatal(problems)
		}
		var said []string
		for _, p := range playtest.NewCoverage(book).Playbooks {
			for _, place := range p.Places {
				said = append(said, place.Reach)
			}
		}
		if got := strings.Join(said, "\n"); !strings.Contains(got, want) {
			t.Errorf("fresh: %s: got\n%s\nwant %s", name, got, want)
		}
	}
}
