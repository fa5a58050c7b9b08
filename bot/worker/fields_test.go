package worker

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/rules"
)

func TestAChangeOfAnAccountTouchesOnlyWhatItNames(t *testing.T) {
	const before = `{"id":"acme","name":"Acme","plan":"business","seats":40,"attributes":{"risk":"low","tier":1},"external":{"crm":"7"},
		"roles":[{"role":"owner","person":"tanaka"},{"role":"ae","person":"sato"}],
		"contracts":[{"id":"c1","start":"2026-04-01","end":"2027-03-31"},{"id":"c2"}],"milestones":{"kickoff":{"due":"2026-04-15"}}}`
	for change, want := range map[string]string{
		`{"seats":50}`:     `{"seats":50}`,
		`{"plan":null}`:    `{"plan":null}`,
		`{}`:               `{}`,
		`{"stage":"live"}`: `{"stage":"live"}`,
		`{"roles":[{"role":"owner","person":"miller"}]}`: `{"roles":[{"role":"owner","person":"tanaka","to":"2027-04-04"},{"role":"ae","person":"sato"},{"role":"owner","person":"miller","from":"2027-04-05"}]}`,
		`{"contracts":[{"id":"c2","signed":true}]}`:      `{"contracts":[{"id":"c1","start":"2026-04-01","end":"2027-03-31"},{"id":"c2","signed":true}]}`,
		`{"attributes":{"risk":null,"size":"l"}}`:        `{"attributes":{"tier":1,"size":"l"}}`,
		`{"external":{"crm":"8"}}`:                       `{"external":{"crm":"8"}}`,
		`{"milestones":{"golive":{"due":"2026-05-01"}}}`: `{"milestones":{"kickoff":{"due":"2026-04-15"},"golive":{"due":"2026-05-01"}}}`,
	} {
		got, err := merge(account1(t, before), json.RawMessage(change), rules.NewDate(2027, 4, 5))
		if err != nil {
			t.Errorf("%s: %v", change, err)
			continue
		}
		var fields, changed map[string]any
		for text, into := range map[string]*map[string]any{before: &fields, want: &changed} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		for name, v := range changed {
			if fields[name] = v; v == nil {
				delete(fields, name)
			}
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(account1(t, string(text)), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", change, diff)
		}
	}
}

func account1(t *testing.T, text string) rules.Account {
	t.Helper()
	var a rules.Account
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAFieldIsSetAsAStepAsks(t *testing.T) {
	at := time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)
	a := rules.Account{ID: "acme", Stage: "adoption", Contracts: []rules.Contract{{ID: "c1", Start: rules.NewDate(2027, 4, 1)}}}
	for _, s := range []inbox.Set{
		{Field: "stage", Value: "renewal"}, {Field: "health", Value: "red"}, {Field: "attributes.risk", Value: 3.0},
		{Field: "milestone.kickoff", Value: "2027-04-15"}, {Field: "milestone.kickoff", Value: true, By: "tanaka"},
		{Field: "role.owner", Value: "miller"}, {Field: "role.fallback", Value: map[string]any{"person": "tanaka", "to": "2027-04-19"}}, {Field: "contract.c1", Value: map[string]any{"seats": 40.0, "start": "2027-05-01"}},
	} {
		if err := set(&a, s, at, time.UTC); err != nil {
			t.Errorf("%s: %v", s.Field, err)
		}
	}
	seats := 40.0
	want := rules.Account{ID: "acme", Stage: "renewal", StageSince: at, Health: "red", Attributes: map[string]any{"risk": 3.0},
		Milestones: map[string]rules.Milestone{"kickoff": {Due: rules.NewDate(2027, 4, 15), Reached: at, By: "tanaka"}},
		Roles:      []rules.Role{{Role: "owner", Person: "miller"}, {Role: "fallback", Person: "tanaka", To: rules.NewDate(2027, 4, 19)}},
		Contracts:  []rules.Contract{{ID: "c1", Seats: &seats, Start: rules.NewDate(2027, 5, 1)}}}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFieldThatCannotBeSetSaysWhy(t *testing.T) {
	for _, c := range []struct {
		s    inbox.Set
		want string
	}{
		{inbox.Set{Field: "stage", Value: 3.0}, "not the name of a stage"},
		{inbox.Set{Field: "milestone.kickoff", Value: "soon"}, "set milestone.kickoff"},
		{inbox.Set{Field: "milestone.kickoff", Value: 3.0}, "neither a day nor true or false"},
		{inbox.Set{Field: "contract.c1", Value: "x"}, "want the contract's fields"},
		{inbox.Set{Field: "colour", Value: "x"}, "want stage, health"},
	} {
		a := rules.Account{ID: "acme"}
		if err := set(&a, c.s, time.Time{}, time.UTC); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error with %q", c.s, err, c.want)
		}
		if diff := cmp.Diff(rules.Account{ID: "acme"}, a); diff != "" {
			t.Errorf("%+v changed the account:\n%s", c.s, diff)
		}
	}
}

func TestKeysComeInTheOrderOfTheirTimes(t *testing.T) {
	var q dueQueue
	at := func(h int) time.Time { return time.Date(2027, 4, 5, h, 0, 0, 0, time.UTC) }
	q.set("a", at(3))
	q.set("b", at(1))
	q.set("c", at(2))
	q.set("b", at(5)) // later after all
	q.set("c", time.Time{})
	q.set("d", at(4))
	q.set("d", at(4))
	var got []string
	for key, _, ok := q.peek(); ok; key, _, ok = q.peek() {
		got = append(got, key)
		q.pop()
	}
	if diff := cmp.Diff([]string{"a", "d", "b"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
