package playtest_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// lateBook is the small book, whose call tells the manager of its outcome.
func lateBook(t *testing.T, expect string) *playbooks.Book {
	t.Helper()
	files := map[string][]byte{
		"quiet.yaml": []byte(strings.Replace(read(t, "book/quiet.yaml"), "called: {good: true}", "called: {good: true, escalate: manager}", 1)),
		"quiet_test.yaml": []byte(`from: 2027-03-01
start: 2027-03-08 09:00
accounts:
  acme: {time_zone: Asia/Tokyo, country: JP, roles: [{role: owner, person: tanaka}], series: {logins: 1x30}}
tests:
  - name: x
    do: [{at: +4d 10:00, answer: trouble}, {at: +4d 11:00, click: done}]
    expect:
` + expect),
	}
	for _, name := range []string{"signals.yaml", "team.yaml"} {
		files[name] = []byte(read(t, "book/"+name))
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

func TestExpectationsNamePeopleByRoleAsPlaybooksDo(t *testing.T) {
	for name, c := range map[string]struct{ expect, want string }{
		"the manager is asked for help": {"      - {at: +4d 09:00, escalated: manager, assignee: owner, messages: [{to: manager, what: escalation}, {to: owner, what: question}]}\n", ""},
		"a role of team.yaml":           {"      - {at: +4d 09:00, escalated: head}\n", ""},
		"a task's role":                 {"      - {at: +4d 10:30, tasks: [{step: call, assignee: account.owner, due: +7d 18:00}]}\n", ""},
		"the manager is told of an outcome": {"      - {at: +4d 09:00, escalated: manager, messages: [{to: manager, what: escalation}]}\n" +
			"      - {at: +4d 12:00, messages: [{to: manager, what: told}], escalated: none}\n", ""},
		"somebody else was asked":    {"      - {at: +4d 09:00, escalated: owner}\n", "yamada (owner is tanaka)"},
		"nobody has the role":        {"      - {at: +4d 09:00, assignee: ae}\n", "tanaka (ae is nobody)"},
		"somebody else has the task": {"      - {at: +4d 10:30, tasks: [{step: call, assignee: manager, due: +7d 18:00}]}\n", "call for tanaka, due +7d 18:00 (Mon 2027-03-15) (manager is yamada)"},
		"somebody else was told":     {"      - {at: +4d 12:00, messages: [{to: manager, what: question}]}\n", "(manager is yamada)"},
		"an outcome tells, and asks for no help": {"      - {at: +4d 10:30, run: open}\n      - {at: +4d 12:00, escalated: manager}\n",
			"none (manager is yamada); an outcome told yamada, which is a message with what: told"},
	} {
		t.Run(name, func(t *testing.T) {
			r := playtest.Run(lateBook(t, c.expect), playtest.Options{})
			var text strings.Builder
			if err := r.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if got := text.String(); r.OK() != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("want %q in:\n%s", c.want, got)
			}
		})
	}
}
