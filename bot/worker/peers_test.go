package worker_test

import (
	"context"
	"fmt"
	"strings"
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

// A book that asks something new of peers is switched to in one partition after the other; the first must not compare its
// accounts with its own alone.
func TestNobodyIsComparedWithSomePartitionsAloneWhileABookIsSwitchedTo(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before map[string]string
	}{
		{"asks of peers for the first time", map[string]string{"steady.yaml": steady}},
		{"asks otherwise", map[string]string{"below.yaml": strings.ReplaceAll(belowPeers, "7d", "6d")}},
		{"divides accounts otherwise", map[string]string{"below.yaml": belowPeers, "segments.yaml": "segments:\n  touch: [{value: high, if: account.seats >= 60}, {value: tech}]\n"}},
		{"declares the signal otherwise", map[string]string{"below.yaml": belowPeers, "signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, unit: x}", 1)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, tc.before)
			const accounts = 60
			level := func(i int) float64 { // every partition has another, and a least account far below its others
				id := fmt.Sprintf("a%d", i)
				return float64(1000*(1+b.stream.PartitionOf(inbox.AccountKey(id))) + 10*i)
			}
			for i := range accounts {
				id := fmt.Sprintf("a%d", i)
				b.publish(b.account(id, `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal(id, "logins", level(i)))
			}
			b.rest()
			b.judgeBy(map[string]string{"below.yaml": belowPeers + "existing: start\n"})
			for i := range accounts {
				below := 0
				for k := range accounts {
					if level(k) < level(i) {
						below++
					}
				}
				id := fmt.Sprintf("a%d", i)
				if runs := b.runs(id); len(runs) > 0 && below > accounts/5 {
					t.Errorf("%s in partition %d is asked about, though %d of %d accounts have less", id, b.stream.PartitionOf(inbox.AccountKey(id)), below, accounts)
				} else if below < accounts/12 && len(runs) == 0 {
					t.Errorf("%s is not asked about, though only %d have less", id, below)
				}
			}
		})
	}
}

// What was worked out for books that were left again goes once a partition judges by another.
func TestNothingIsKeptOfBooksThatWereNeverSwitchedTo(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	b.owned("acme", "tanaka")
	b.rest()
	for n := range b.stream.Partitions() {
		for _, terms := range []string{"000000000000", "ffffffffffff"} {
			d := store.Doc[store.Spread]{Key: store.CheckpointKey(n) + "/" + terms, Value: store.Spread{Partition: n, Terms: terms, At: b.clock.Now()}}
			if err := b.records.Spreads.Insert(context.Background(), &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.judgeBy(map[string]string{"below.yaml": belowPeers})
	b.restart() // all that changed is written
	docs, err := b.records.Spreads.Find(context.Background(), store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, d := range docs {
		keys = append(keys, d.Key)
	}
	if got, want := strings.Join(keys, " "), "p000 p001 p002 p003"; got != want {
		t.Errorf("spreads are kept as %s, want %s", got, want)
	}
}
