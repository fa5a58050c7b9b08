package worker_test

import (
	"context"
	"fmt"
	"testing"

	"playcaller/bot/inbox"
	"playcaller/rules"
	"playcaller/store"
)

const belowPeers = `
playbook: below-peers
title: Below its peers
about: Fewer logins than others have.
when: 'logins.sum("7d") < peers("logins.sum(''7d'')", {segment: "all"}).p10'
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

func TestAccountsAreJudgedByPeersOfAllPartitions(t *testing.T) {
	b := newBench(t, map[string]string{"below.yaml": belowPeers})
	partitions := map[int]bool{}
	for i := range 16 {
		id := fmt.Sprintf("a%d", i)
		b.owned(id, "tanaka")
		b.publish(b.signal(id, "logins", float64(5+i)))
		partitions[b.stream.PartitionOf(inbox.AccountKey(id))] = true
	}
	b.owned("low", "tanaka")
	b.send(b.signal("low", "logins", 1))
	if len(partitions) < 2 {
		t.Fatal("all accounts are in one partition")
	}
	b.stands("low")
	b.to("2027-04-06 23:00")
	for i := range 16 { // so that something is written
		b.publish(b.signal(fmt.Sprintf("a%d", i), "logins", 1))
	}
	b.to("2027-04-07 01:00")
	b.stands("low", "below-peers at look")
	b.stands("a9")

	b.to("2027-04-07 12:00")
	for i := range 16 {
		b.publish(b.signal(fmt.Sprintf("a%d", i), "logins", 1))
	}
	b.send(b.signal("low", "logins", 1))
	b.restart() // all that changed is written
	total := 0
	for d, err := range b.records.Spreads.All(context.Background(), store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range d.Value.Features {
			total += f.Spread.Count()
			t.Logf("partition %d at %s: %d", d.Value.Partition, d.Value.At, f.Spread.Count())
		}
	}
	if total != 17 {
		t.Errorf("%d accounts are in what partitions have written, want 17", total)
	}
	group := rules.PeerGroup{PeerFeature: rules.PeerFeature{Feature: `logins.sum("7d")`}}
	known := func() int {
		d := b.worker.Peers("low")(group)
		if d == nil {
			return 0
		}
		return d.Count()
	}
	b.rest()
	if n := known(); n != 16 {
		t.Errorf("after a restart low has %d peers, want 16", n)
	}
}
