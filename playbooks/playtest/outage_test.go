package playtest_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/playtest"
)

// The accounts of a case are all that there are: what none of them sent for long is an
// outage of the feed, and unknown after it is back too; what another one sent meanwhile
// shows that the feed was alive, and that the silence is real.
func TestASilenceOfAllAccountsOfACaseIsAnOutage(t *testing.T) {
	book, problems := playbooks.Load(map[string][]byte{
		"team.yaml":    []byte("people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: UTC, country: DE}\ndefault_owner: tanaka\n"),
		"signals.yaml": []byte("signals:\n  logins: {kind: count, title: Logins}\n"),
		"low.yaml": []byte(`
playbook: low
title: Low
about: Few logins.
when: logins.mean("14d") < 3
steps:
  - {id: look, task: Look, otherwise: {after: 5wd, then: =unanswered}}
`),
		"low_test.yaml": []byte(`
from: 2027-02-01
start: 2027-03-15 09:00
accounts:
  a: {name: Alpha, time_zone: UTC, series: {logins: 5x33 _x8 5x20}}
  b: {name: Beta, time_zone: UTC, series: {logins: 5x33 _x8 5x20}}
  c: {name: Gamma, time_zone: UTC, series: {logins: 5x60}}
tests:
  - name: the feed was dead
    accounts: [a, b]
    expect: [{at: +0d 13:00, account: a, run: none}, {at: +0d 13:00, account: b, run: none}]
  - name: the feed was alive
    accounts: [a, b, c]
    expect: [{at: +0d 13:00, account: a, run: open}, {at: +0d 13:00, account: b, run: open}, {at: +0d 13:00, account: c, run: none}]
`),
	})
	if book == nil {
		t.Fatal(problems)
	}
	r := playtest.Run(book, playtest.Options{})
	if _, all := r.Failed(); !r.OK() || all != 2 {
		var b strings.Builder
		if err := r.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
}
