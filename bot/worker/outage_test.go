package worker_test

import (
	"fmt"
	"strings"
	"testing"

	"playcaller/rules"
)

const belowAverage = `
playbook: below
title: Below the average
about: Fewer logins on an average day than others have.
when: 'logins.mean("4d") < peers("logins.mean(''4d'')", {segment: "all"}).p10'
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

// What a switch is planned by, and what accounts are compared with, knows of outages as what judges them does.
func TestPlansAndPeersKnowOfOutages(t *testing.T) {
	book := map[string]string{"below.yaml": belowAverage,
		"signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, fresh: 1d}", 1)}
	b := newBench(t, book)
	for i := range 5 {
		b.owned(fmt.Sprintf("a%d", i), "tanaka")
	}
	for _, at := range []string{"2027-04-05 10:30", "2027-04-10 09:00", "2027-04-11 09:00", "2027-04-12 09:00"} { // nothing from Tuesday to Friday
		b.to(at)
		for i := range 5 {
			b.publish(b.signal(fmt.Sprintf("a%d", i), "logins", 3))
		}
		b.rest()
	}
	b.restart()
	b.rest()
	d := b.worker.Peers("a0")(rules.PeerGroup{PeerFeature: rules.PeerFeature{Feature: `logins.mean("4d")`}})
	if d == nil {
		t.Fatal("a0 has no peers")
	}
	if p50 := d.Quantile(0.5); d.Count() != 4 || p50 < 2.9 || p50 > 3.1 {
		t.Errorf("half of %d peers have less than %g logins a day, want 4 and 3", d.Count(), p50)
	}
	book["quiet.yaml"] = strings.NewReplacer("silent-account", "quiet", `logins.sum("2d") == 0`, `logins.mean("4d") < 2`).Replace(logsIn)
	for _, p := range b.plan(book).Playbooks {
		if p.Playbook == "quiet" && len(p.Starts)+len(p.Listed) > 0 {
			t.Errorf("the plan takes an outage for dropping accounts: %+v", p)
		}
	}
	book["quiet.yaml"] = strings.Replace(book["quiet.yaml"], "< 2", "> 2", 1)
	told := 0
	for _, p := range b.plan(book).Playbooks {
		told += len(p.Starts) + len(p.Listed)
	}
	if told != 5 {
		t.Errorf("the plan tells of %d accounts with three logins a day, want 5", told)
	}
}
