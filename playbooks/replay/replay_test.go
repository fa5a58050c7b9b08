package replay_test

import (
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

func world(t *testing.T) (*replay.World, *replay.Account) {
	t.Helper()
	book, problems := playbooks.Load(map[string][]byte{
		"team.yaml": []byte(`
people:
  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: UTC, country: DE}
  miller: {name: Miller, email: miller@example.com, time_zone: UTC, country: DE}
default_owner: miller
`),
		"signals.yaml": []byte("signals:\n  logins: {kind: count, title: Logins}\n"),
		"tried.yaml": []byte(`
playbook: tried
title: Tried
about: Few logins, for those who try it.
when: logins.mean("14d") < 3
pilot: [tanaka]
steps:
  - {id: look, task: Look, otherwise: {after: 5wd, then: =unanswered}}
`),
	})
	if book == nil {
		t.Fatal(problems)
	}
	w := replay.NewWorld(book, book.Rules.Rules, time.Date(2026, 3, 30, 9, 0, 0, 0, time.UTC))
	return w, w.NewAccount(rules.Account{ID: "acme", Roles: []rules.Role{{Role: "owner", Person: "tanaka"}}})
}

// A run that no rule asked for starts, or not, as the live worker has it.
func TestWhatIsAskedForStartsAsInTheLiveBot(t *testing.T) {
	form := map[string]any{"reason": "asked"}
	for _, c := range []struct {
		name, owner, by string
		fields          map[string]any
		paused, snoozed []string
		want            bool
	}{
		{name: "another play asks", owner: "tanaka", by: "run", want: true},
		{name: "the playbook is paused", owner: "tanaka", by: "tanaka", paused: []string{"tried"}},
		{name: "all are paused", owner: "tanaka", by: "tanaka", paused: []string{""}},
		{name: "another one is paused", owner: "tanaka", by: "tanaka", paused: []string{"other"}, want: true},
		{name: "a form goes past a pause", owner: "tanaka", by: "tanaka", fields: form, paused: []string{""}, want: true},
		{name: "it is snoozed", owner: "tanaka", by: "tanaka", snoozed: []string{"tried"}},
		{name: "a form goes past a snooze", owner: "tanaka", by: "tanaka", fields: form, snoozed: []string{""}, want: true},
		{name: "outside the pilot another play may not", owner: "miller", by: "run"},
		{name: "outside the pilot a person may", owner: "miller", by: "miller", want: true},
		{name: "outside the pilot a form may", owner: "miller", by: "hook", fields: form, want: true},
	} {
		w, a := world(t)
		a.Data.Roles[0].Person = c.owner
		for _, playbook := range c.paused {
			w.Paused[playbook] = true
		}
		for _, playbook := range c.snoozed {
			a.Snoozes[playbook] = w.Now.Add(time.Hour)
		}
		if got := w.Start(a, "tried", "", c.by, c.fields); got != c.want {
			t.Errorf("%s: started %t, want %t", c.name, got, c.want)
		}
	}
}

// Days on which nothing came for any account are unknown to rules and to runs.
func TestAnOutageIsUnknownToRulesAndRuns(t *testing.T) {
	w, a := world(t)
	at := func(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }
	def := *w.Book.Signal("logins")
	for day := 1; day < 30; day++ {
		if day <= 20 || day > 28 {
			if _, err := a.History.Apply(rules.Signal{Account: "acme", Signal: "logins", Value: 5, At: at(day)}, def, time.UTC, at(day)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Feed = func(string) time.Time { return at(29) }
	w.Outages = func() map[string][]rules.Outage {
		return map[string][]rules.Outage{"logins": {{From: at(20), To: at(29)}}}
	}
	w.Settle(a, replay.Change{All: true})
	if d := w.Standing(a, "tried", "").Decision; d.Outcome == rules.Fired || len(a.Runs) != 0 {
		t.Errorf("a dead feed is taken for a drop: %+v", d)
	}
	if !w.Start(a, "tried", "", "run", nil) {
		t.Fatal("not started")
	}
	w.Settle(a, replay.Change{})
	if truth := w.Rules[0].When.Truth(w.Env(a, a.Runs[0]).Facts); truth == rules.True {
		t.Error("a run takes a dead feed for a drop")
	}
	w, b := world(t)
	b.History = a.History
	w.Feed = func(string) time.Time { return at(29) }
	w.Settle(b, replay.Change{All: true})
	if len(b.Runs) != 1 {
		t.Errorf("without an outage the silence is real: %+v", w.Standing(b, "tried", "").Decision)
	}
}

func TestAValueIsWrittenForPeople(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{[]any{map[string]any{"name": "until", "kind": "date"}}, "[{kind: date, name: until}]"},
		{[]map[string]any{{"name": "until"}, {"name": "why"}}, "[{name: until}, {name: why}]"},
		{[]string{"a", "b"}, "[a, b]"},
		{[]any{}, "[]"},
		{map[string]any{"of": []any{0.5, nil}}, "{of: [0.5, unknown]}"},
	} {
		if got := replay.Written(c.value); got != c.want {
			t.Errorf("%#v is written %s, want %s", c.value, got, c.want)
		}
	}
}
