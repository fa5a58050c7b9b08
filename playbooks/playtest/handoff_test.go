package playtest_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/playtest"
)

// ofPartner returns what is wrong with a test file of the starter book's handoff by a
// partner, and the starter book itself.
func ofPartner(t *testing.T, tests string) string {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	files["handoff-partner_test.yaml"] = []byte("start: 2027-03-15 10:00\naccounts: {umi: {name: Umi}}\n" + tests)
	var all []string
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	for _, p := range playtest.Check(book) {
		all = append(all, p.Error())
	}
	return strings.Join(all, "\n")
}

func TestAFieldThatAHandoffDoesNotAskForIsFound(t *testing.T) {
	for name, c := range map[string]struct{ test, want string }{
		"filled in": {"tests: [{name: x, do: [{at: +0d 10:00, start: handoff-partner, fields: {patner: Kita}}], expect: [{at: +1d, run: open}]}]\n",
			`the handoff of handoff-partner asks for no "patner"; did you mean "partner"?`},
		"missing":   {"tests: [{name: x, expect: [{at: +1d, missing: [chanpion]}]}]\n", `there is no field of the handoff "chanpion"; did you mean "champion"?`},
		"not asked": {"tests: [{name: x, expect: [{at: +1d, not_asked: [chanpion]}]}]\n", `there is no field of the handoff "chanpion"; did you mean "champion"?`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ofPartner(t, c.test); !strings.Contains(got, c.want) {
				t.Errorf("problems:\n%s\nwant one with: %s", got, c.want)
			}
		})
	}
}

func TestCoverageNamesTheConditionsOfAFormsFields(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	found := map[string]bool{}
	for _, p := range playtest.NewCoverage(book).Playbooks {
		if p.Name != "handoff-partner" {
			continue
		}
		for _, place := range p.Places {
			if place.File == "handoff.yaml" {
				found[place.What] = place.Line > 0 && strings.Contains(place.Reach, "fields: {…}")
			}
		}
	}
	for _, want := range []string{`field billing_contact of form: form.who_is_invoiced == "customer", true`,
		`field billing_contact of form: form.who_is_invoiced == "customer", false`, "field champion of form: form.contact_end_user, true"} {
		if !found[want] {
			t.Errorf("no place %q, with how to walk it, among %v", want, found)
		}
	}
}
