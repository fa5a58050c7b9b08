package template_test

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/lint"
	"playcaller/playbooks/playtest"
	"playcaller/playbooks/template"
	"playcaller/rules"
)

func starter(t *testing.T) (*playbooks.Book, map[string][]byte) {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book, files
}

func TestEveryNewPlaybookLoadsWithoutAHintAndPassesItsTestsWhole(t *testing.T) {
	book, files := starter(t)
	for _, k := range template.Kinds() {
		numbers := map[string][]float64{"drop": {0.1, 0.4, 0.9}, "silence": {2, 14, 60}, "count": {1, 3, 365}, "above": {-5, 10.5, 1000000}, "below": {-5, 6, 1000000}, "notice": {1, 90, 365}, "hand": {0}}[k.Name]
		for i, number := range numbers {
			channel := []string{"dm", "#cs-alerts"}[i%2]
			t.Run(k.Name, func(t *testing.T) {
				c := template.Choices{Name: "brand-new", Kind: k.Name, Number: number, Title: `Say "hello": now`, TitleJa: "確認", Severity: playbooks.High, Channel: channel}
				if k.Signals != nil {
					c.Signal = "logins"
					if i > 0 && slices.Contains(k.Signals, rules.Unique) {
						c.Signal = "users"
					} else if slices.Contains(k.Signals, rules.Gauge) {
						c.Signal = "seats_used"
					}
				}
				made, err := c.Files(book)
				if err != nil {
					t.Fatal(err)
				}
				all := maps.Clone(files)
				maps.Copy(all, made)
				for _, p := range lint.Lint(all) {
					t.Error(p.Long())
				}
				with, problems := playbooks.Load(all)
				if with == nil {
					t.Fatal(problems)
				}
				result := playtest.Run(with, playtest.Options{Match: regexp.MustCompile("^brand-new")})
				for _, f := range result.Files {
					for _, one := range f.Cases {
						for _, failure := range one.Failures {
							t.Errorf("%v: %s: %+v\n%s\n%s", number, one.Name, failure, all["brand-new.yaml"], all[f.File])
						}
					}
				}
			})
		}
	}
}

// Of high severity a new playbook escalates to the manager: a test can walk that only where the owner has one, and the starter
// book's default owner is the head of the team.
func TestTheOwnerOfANewPlaybooksTestsHasAManager(t *testing.T) {
	book, files := starter(t)
	c := template.Choices{Name: "brand-new", Kind: "count", Signal: "payments_failed", Number: 3, Title: "Payments fail", TitleJa: "確認", Severity: playbooks.High, Channel: "dm"}
	made, err := c.Files(book)
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(files)
	maps.Copy(all, made)
	all["brand-new_test.yaml"] = append(made["brand-new_test.yaml"], `
  - name: the manager is asked for help
    account: acme
    expect: [{at: +4d 09:00, escalated: manager}]
`...)
	with, problems := playbooks.Load(all)
	if with == nil {
		t.Fatal(problems)
	}
	result := playtest.Run(with, playtest.Options{Match: regexp.MustCompile("^brand-new")})
	if !result.OK() {
		t.Errorf("%s\n%s", result.Summary(), all["brand-new_test.yaml"])
	}
	for i := range book.Team.People {
		book.Team.People[i].Manager = ""
	}
	if made, err = c.Files(book); err != nil || !strings.Contains(string(made["brand-new_test.yaml"]), "person: "+book.Team.DefaultOwner) {
		t.Errorf("where nobody has a manager: %v\n%s", err, made["brand-new_test.yaml"])
	}
}

func TestANewPlaybookSpeaksOfTheSignalAsPeopleDo(t *testing.T) {
	book, _ := starter(t)
	c := template.Choices{Name: "brand-new", Kind: "count", Signal: "payments_failed", Number: 3, Title: "Payments fail", TitleJa: "確認", Severity: playbooks.High, Channel: "dm"}
	made, err := c.Files(book)
	if err != nil {
		t.Fatal(err)
	}
	text := string(made["brand-new.yaml"])
	for _, want := range []string{
		"}} failed payments in four weeks. Do you know why?",
		"At least 3 failed payments in four weeks: asks the owner",
		"直近4週間の決済の失敗が3件以上のとき",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the file does not say %q:\n%s", want, text)
		}
	}
	c.Signal = "users"
	if made, err = c.Files(book); err != nil {
		t.Fatal(err)
	}
	text = string(made["brand-new.yaml"])
	for _, want := range []string{`when: users.distinct("28d") >= 3`, "}} different active users in four weeks. Do you know why?", "名になりました", "Each user is counted once"} {
		if !strings.Contains(text, want) {
			t.Errorf("of a unique signal the file does not say %q:\n%s", want, text)
		}
	}
	if got := template.Fitting(book, template.Kinds()[0]); !slices.Contains(got, "users") {
		t.Errorf("drop can read %v; users is not among them", got)
	}
}

// Every kind of signal has a playbook to begin with, and what does not fit says which do.
func TestASignalThatAKindCannotReadIsToldWhichDo(t *testing.T) {
	book, _ := starter(t)
	for _, signal := range book.Signals {
		if !slices.ContainsFunc(template.Kinds(), func(k template.Kind) bool { return k.CheckSignal(book, signal.Name) == nil && k.Signals != nil }) {
			t.Errorf("nothing reads %s, a %s", signal.Name, signal.Kind)
		}
	}
	for _, test := range []struct{ kind, signal, want string }{
		{"count", "seats_used", "seats_used is a gauge, whose last value holds until the next, so count cannot read it, and above and below can; count reads: logins, users, "},
		{"above", "users", "users is a unique signal, which counts distinct users, so above cannot read it, and drop and silence and count can; above reads: "},
		{"count", "loggins", `"loggins" is none of: logins, `},
	} {
		k := template.Kinds()[slices.IndexFunc(template.Kinds(), func(k template.Kind) bool { return k.Name == test.kind })]
		if err := k.CheckSignal(book, test.signal); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s of %s: got %v, want %s…", test.kind, test.signal, err, test.want)
		}
	}
}

func TestANumberThatNothingCanBeComparedWithIsRefused(t *testing.T) {
	for _, k := range template.Kinds() {
		if k.Question == "" {
			continue
		}
		for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
			if k.CheckNumber(number) == nil {
				t.Errorf("%s takes %v", k.Name, number)
			}
		}
	}
}
