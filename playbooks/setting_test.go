package playbooks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/rules"
)

// TestAPlaySetsTheContractThatItIsAbout holds for the contract of the run, for the
// account's current one where the run is of none, and changes nothing where there is no
// contract.
func TestAPlaySetsTheContractThatItIsAbout(t *testing.T) {
	files := base(t)
	files["signing.yaml"] = []byte("playbook: signing\ntitle: Signing\nabout: Signing.\n" +
		"steps:\n  - {id: sign, set: {contract.signed: true, contract.end: \"{{ contract.end + 30d }}\"}, then: =resolved}\n")
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(errorsOf(problems))
	}
	now := time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)
	two := []rules.Contract{{ID: "old", End: rules.NewDate(2027, 4, 30)}, {ID: "new", End: rules.NewDate(2028, 3, 31)}}
	for name, c := range map[string]struct {
		subject   string
		contracts []rules.Contract
		want      map[string]any // by the contract's field
	}{
		"its subject":                {"new", two, map[string]any{"contract.new": []any{true, "2028-04-30"}}},
		"the current one":            {"", two, map[string]any{"contract.old": []any{true, "2027-05-30"}}},
		"none that is there":         {"", nil, map[string]any{}},
		"one that has been deleted":  {"gone", two, map[string]any{}},
		"one whose end is not known": {"", []rules.Contract{{ID: "open"}}, map[string]any{"contract.open": []any{true}}},
	} {
		t.Run(name, func(t *testing.T) {
			account := &rules.Account{ID: "sample", TimeZone: "UTC", Contracts: c.contracts}
			p := book.Playbooks["signing"]
			_, effects := p.Advance(p.NewRun(book.Hash, "sample", c.subject, 1), playbooks.Event{Kind: playbooks.Begin, At: now},
				playbooks.Env{Book: book, Team: book.Team, Facts: book.Rules.Facts(account, nil, now)})
			got := map[string]any{}
			for _, e := range effects {
				fields, _ := e.Value.(map[string]any)
				for _, name := range []string{"signed", "end"} {
					if v, ok := fields[name]; ok && e.Kind == playbooks.SetIt {
						all, _ := got[e.Field].([]any)
						got[e.Field] = append(all, v)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("set (-want +got):\n%s", diff)
			}
		})
	}
}
