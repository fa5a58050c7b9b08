package worker_test

import (
	"fmt"
	"slices"
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

// Until a silence of the whole feed is longer than it may be, its days count as zero: a rule that looks back further than that
// asks nobody meanwhile, and once the feed is back the days are unknown. One account that stops while others go on is asked
// about.
func TestADeadFeedAsksAboutNobodyBeforeItIsRecognisedNorAfterItIsBack(t *testing.T) {
	drop := strings.NewReplacer("silent-account", "drop", `logins.sum("2d") == 0`, `logins.drop("7d") >= 0.35`).Replace(logsIn)
	b := newBench(t, map[string]string{"drop.yaml": drop,
		"signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, fresh: 3d}", 1)})
	const accounts = 6
	id := func(i int) string { return fmt.Sprintf("a%d", i) }
	for i := range accounts {
		b.owned(id(i), "tanaka")
	}
	for d := range 47 {
		at := monday.AddDate(0, 0, d)
		b.to(at.Format("2006-01-02 ") + "12:00")
		if w := at.Weekday(); w == 0 || w == 6 || d > 29 && d < 35 { // nothing from Wednesday to Sunday
			continue
		}
		for i := range accounts {
			if i > 0 || d < 22 {
				b.publish(b.signal(id(i), "logins", 10))
			}
		}
		b.rest()
		if d == 29 {
			b.stands("a0", "drop at look")
		}
	}
	for i := 1; i < accounts; i++ {
		b.stands(id(i))
		if got := b.decisions(id(i), "drop"); !slices.Contains(got, "unknown") {
			t.Errorf("%s was decided on as %q, want it to have been unknown", id(i), got)
		}
	}
	if got := b.toldOps(); !slices.Equal(got, []string{"feed_stopped logins", "feed_back logins"}) {
		t.Errorf("ops were told %q", got)
	}
}
