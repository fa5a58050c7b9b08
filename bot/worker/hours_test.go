package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/rules"
)

const hush = `
playbook: hush
title: Silence
about: Nothing for hours in which there usually is much.
when: logins.drop("6h") >= 0.8
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

// A silence of hours fires by itself, five minutes after an hour: nothing comes that could make it. That the feed is
// alive is known from another account.
func TestASilenceOfHoursFiresWhenAnHourIsOver(t *testing.T) {
	b := newBench(t, map[string]string{"hush.yaml": hush,
		"signals.yaml": strings.Replace(shared["signals.yaml"], "logins: {kind: count}", "logins: {kind: count, hourly: true}", 1)})
	b.send(b.acme(), b.account("beta", `{"name":"Beta","time_zone":"Asia/Tokyo"}`))
	now := b.clock.Now()
	var past []rules.Signal
	for at := now.AddDate(0, 0, -56); at.Before(now); at = at.Add(time.Hour) {
		if hour := (at.Hour() + 9) % 24; hour >= 9 && hour < 18 {
			past = append(past, rules.Signal{Account: "acme", Signal: "logins", Value: 24, At: at.Add(59 * time.Minute)})
		}
	}
	b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, past))
	if due, ok := b.worker.NextDue(); !ok || !due.Equal(now.Add(5*time.Minute)) {
		t.Errorf("at %s the account is looked at next at %s, %v, want five minutes past", now, due, ok)
	}
	for hour := 11; hour < 15; hour++ {
		b.to(fmt.Sprintf("2027-04-05 %d:02", hour))
		b.send(b.signal("beta", "logins", 1))
		b.stands("acme")
	}
	b.to("2027-04-05 15:02")
	b.send(b.signal("beta", "logins", 1))
	b.to("2027-04-05 15:04")
	b.stands("acme")
	b.to("2027-04-05 15:06")
	b.stands("acme", "hush at look")
}
