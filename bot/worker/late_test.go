package worker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/rules"
	"playcaller/store"
)

const fewLogins = `
playbook: few
title: Few logins
about: Fewer than ten logins in a week.
when: logins.sum("7d") < 10 and logins.sum("1d") >= 1
resolve: score.last() > 5
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

// past is a value of so many days ago that arrives now.
func (b *bench) past(account, signal string, days int, value float64) rules.Signal {
	return rules.Signal{Account: account, Signal: signal, Value: value, At: b.clock.Now().Add(-time.Duration(days) * 24 * time.Hour)}
}

func TestLateDataDecideNothingAnewAndAreNoted(t *testing.T) {
	for _, tc := range []struct {
		name  string
		value float64
		want  string
	}{
		{"with them it would not have begun", 5, "log.late_false 3 days of logins"},
		{"with them it would have begun, too", 1, "log.late_true 3 days of logins"},
	} {
		b := newBench(t, map[string]string{"few.yaml": fewLogins})
		b.send(b.acme(), b.signal("acme", "logins", 1))
		b.stands("acme", "few at look")
		b.to("2027-04-06 10:00")
		b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{
			b.past("acme", "logins", 3, tc.value), b.past("acme", "logins", 4, tc.value), b.past("acme", "logins", 5, tc.value)}))
		b.restart()
		b.rest()
		var notes []string
		for _, e := range b.run("acme", "few").Log {
			if strings.HasPrefix(e.What, "log.late") {
				notes = append(notes, fmt.Sprintf("%s %v days of %v", e.What, e.Args["count"], e.Args["signals"]))
			}
		}
		if !slices.Equal(notes, []string{tc.want}) {
			t.Errorf("%s: the timeline says %v", tc.name, notes)
		}
		b.stands("acme", "few at look")
		if said := strings.Join(b.slack.after(0), "; "); !strings.Contains(said, strings.TrimPrefix(strings.Fields(tc.want)[0], "log.")) {
			t.Errorf("%s: the thread is told %s", tc.name, said)
		}
		docs, err := b.records.Decisions.Find(context.Background(), store.Query{Field: "rule", From: "acme|few|", To: "acme|few}"})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(docs, func(d store.Doc[store.Decision]) bool { return d.Value.Late != nil })
		if i < 0 || len(docs[i].Value.Late.Days) != 3 {
			t.Errorf("%s: the decisions do not tell of it: %v", tc.name, docs)
		}
		entries := len(b.run("acme", "few").Log)
		b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{b.past("acme", "logins", 0, 1)})) // of today: not late
		if n := len(b.run("acme", "few").Log); n != entries {
			t.Errorf("%s: what is of today is called late", tc.name)
		}
	}
}

func TestLateDataAreNotedOnceAlthoughTheProcessWasKilled(t *testing.T) {
	for writes := range 6 { // whichever write is the last
		b := newBench(t, map[string]string{"few.yaml": fewLogins})
		b.send(b.acme(), b.signal("acme", "logins", 1))
		b.to("2027-04-06 10:00")
		b.restart()
		b.rest()
		late := b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{b.past("acme", "logins", 3, 5)})
		b.disk.fail(writes)
		b.survive(func() { b.publish(late) })
		b.disk.mend()
		b.rest()
		notes := 0
		for _, e := range b.run("acme", "few").Log {
			if strings.HasPrefix(e.What, "log.late") {
				notes++
			}
		}
		if notes != 1 {
			t.Errorf("killed after %d writes: the timeline says it %d times", writes, notes)
		}
	}
}
