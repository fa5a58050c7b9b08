package worker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/rules"
	"playcaller/store"
)

const logsIn = `
playbook: silent-account
title: Nobody logs in
about: Nobody has logged in for two days.
when: logins.sum("2d") == 0
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

func TestAFeedThatStopsIsToldOnceAndIsNotFiftyDroppingAccounts(t *testing.T) {
	b := newBench(t, map[string]string{"logs-in.yaml": logsIn,
		"signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, fresh: 1d}", 1)})
	for i := range 5 {
		id := fmt.Sprintf("a%d", i)
		b.owned(id, "tanaka")
		b.send(b.signal(id, "logins", 3))
	}
	b.to("2027-04-06 09:00")
	b.posted()
	b.to("2027-04-06 10:30") // a day, and a minute
	b.posted("#cs-ops: feed_stopped logins")
	b.restart()
	b.to("2027-04-09 09:00")
	b.posted() // ops were told; what the feed would have told is not known
	for i := range 5 {
		b.stands(fmt.Sprintf("a%d", i))
	}
	b.send(b.signal("a0", "logins", 3))
	b.to("2027-04-09 11:00")
	b.posted("#cs-ops: feed_back logins")
	b.restart()
	b.send(b.signal("a0", "logins", 3))
	b.posted() // the days of the outage stay unknown
	for i := range 5 {
		b.stands(fmt.Sprintf("a%d", i))
	}
	if got := b.known("a1"); got.States[store.RuleKey("silent-account", "")].Outcome != "unknown" {
		t.Errorf("a1 is %s", got.States["silent-account"].Outcome)
	}
}

func TestWithoutAChannelForOpsWhoStandsInForThemIsTold(t *testing.T) {
	b := newBench(t, map[string]string{
		"team.yaml":    strings.Replace(shared["team.yaml"], `, ops: "#cs-ops"`, "", 1),
		"signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, fresh: 1d}", 1),
		"crowd.yaml":   strings.Replace(crowd, `within: 2h, channel: "#cs-alerts"`, "within: 2h, channel: dm", 1)})
	for _, id := range []string{"a", "b", "c"} {
		b.owned(id, "tanaka")
		b.send(b.signal(id, "logins", 3), b.signal(id, "score", 1))
	}
	b.posted("dm:yamada: group crowd: a b c")
	b.to("2027-04-06 10:30")
	b.posted("dm:yamada: feed_stopped logins")
}

// Of what is written when a feed is back, any part may be missing after a kill: the outage is known in the end.
func TestAnOutageIsKnownThoughTheProcessIsKilledWhenTheFeedIsBack(t *testing.T) {
	fresh := map[string]string{"logs-in.yaml": logsIn, "signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, fresh: 1d}", 1)}
	for writes := range 8 {
		b := newBench(t, fresh)
		b.owned("a0", "tanaka")
		b.owned("a1", "tanaka")
		b.send(b.signal("a0", "logins", 3), b.signal("a1", "logins", 3))
		b.to("2027-04-09 09:00") // nothing comes from Tuesday to Thursday
		b.disk.fail(writes)
		b.survive(func() { b.publish(b.signal("a0", "logins", 3)) })
		b.pass("2027-04-09 09:30")
		b.survive(func() { b.publish(b.signal("a1", "logins", 3)) })
		b.disk.mend()
		b.restart()
		b.rest()
		want := []rules.Outage{{From: monday, To: b.tokyo("2027-04-09 09:00").UTC()}}
		if diff := cmp.Diff(want, b.worker.Outages()["logins"]); diff != "" {
			t.Errorf("killed after %d writes (-want +got):\n%s", writes, diff)
		}
		for _, id := range []string{"a0", "a1"} {
			b.stands(id)
		}
		b.halt()
	}
}
