package template_test

import (
	"maps"
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
		numbers := map[string][]float64{"drop": {0.1, 0.4, 0.9}, "silence": {2, 14, 60}, "count": {1, 3, 365}, "notice": {1, 90, 365}, "hand": {0}}[k.Name]
		for i, number := range numbers {
			channel := []string{"dm", "#cs-alerts"}[i%2]
			t.Run(k.Name, func(t *testing.T) {
				c := template.Choices{Name: "brand-new", Kind: k.Name, Number: number, Title: `Say "hello": now`, TitleJa: "確認", Severity: playbooks.High, Channel: channel}
				if k.Signals != nil {
					c.Signal = "logins"
					if i > 0 && slices.Contains(k.Signals, rules.Unique) {
						c.Signal = "users"
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
	if got := template.Fitting(book, template.Kinds()[0]); !slices.Contains(got, "users") {
		t.Errorf("drop can read %v; users is not among them", got)
	}
}
