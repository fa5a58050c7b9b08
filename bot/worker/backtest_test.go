package worker_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/stream"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
	"playcaller/store"
)

// abovePeers asks where an account has far more than others had, unless many have.
const abovePeers = `
playbook: above-peers
title: Above its peers
about: Far more logins than others have.
when: 'logins.sum("2d") > 3 * peers("logins.sum(''2d'')", {segment: "all"}).p90'
cooldown: 3d
group: {of: 4, within: 1h}
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 2wd, then: =unanswered}}
`

// notSince asks where nobody logs in any more.
const notSince = `
playbook: not-since
title: Nobody logs in
about: Nobody has logged in for three days.
when: logins.days_since() >= 3
for: 1d
cooldown: 5d
inhibited_by: [above-peers]
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: call, task: "Call {{ account.name }}", otherwise: {after: 3wd, then: =unanswered}}
`

// The worker itself, on its stream and store, fires when a back-test over the same days says that it would have, by the
// same peers, and tells of the same accounts together.
func TestABacktestFiresWhenTheWorkerDid(t *testing.T) {
	b := newBench(t, map[string]string{"above.yaml": abovePeers, "since.yaml": notSince})
	const accounts, days = 13, 17
	first := rules.NewDate(2027, time.April, 6) // the day after the bench begins
	logins := func(n, day int) float64 {
		switch {
		case day == 3 && n == 3, day == 11 && n < 4: // one alone; as many as the group wants at once
			return 60
		case day == 7 && n == 5: // more than usual, and no more than the others had the day before
			return 14
		case day == 6 || day == 5 && n > 9: // a busy day for everybody
			return 9
		case n == 8 && day > 1 && day < 7, n == 9 && day > 4, n == 3 && day > 4 && day < 11:
			return 0
		}
		return 5
	}
	inputs := make([]backtest.Input, accounts)
	for n := range inputs {
		id := fmt.Sprintf("a%02d", n)
		b.owned(id, "tanaka")
		inputs[n] = backtest.Input{Account: rules.Account{ID: id, Name: id, TimeZone: "Asia/Tokyo", Roles: []rules.Role{{Role: "owner", Person: "tanaka"}}}}
	}
	for day := -1; day < days; day++ {
		if day >= 0 {
			b.to((first + rules.Date(day)).String() + " 12:00")
		}
		var events []stream.Event
		for n := range inputs {
			if v := logins(n, day); v > 0 {
				events = append(events, b.signal(inputs[n].Account.ID, "logins", v))
				inputs[n].Signals = append(inputs[n].Signals, rules.Signal{Account: inputs[n].Account.ID, Signal: "logins", Value: v, At: b.clock.Now()})
			}
		}
		b.send(events...)
	}
	last := first + days - 1
	b.to(last.String() + " 23:59")
	zone := b.clock.Now().Location()
	if loc, err := time.LoadLocation("Asia/Tokyo"); err == nil {
		zone = loc
	}
	var fired, together []string
	for d, err := range b.records.Decisions.All(context.Background(), store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%s %s %s", d.Value.At.In(zone).Format(time.DateOnly), d.Value.Account, d.Value.Playbook)
		if d.Value.Outcome != rules.Fired {
			continue
		}
		fired = append(fired, text)
		if !slices.ContainsFunc(b.runs(d.Value.Account), func(r store.Run) bool { return r.Playbook == d.Value.Playbook && r.Episode == d.Value.Episode }) {
			together = append(together, text)
		}
	}
	heard := backtest.Days{}
	for d := first - 1; d <= last; d++ {
		heard.Add(d)
	}
	report, err := backtest.Run(context.Background(), b.book, func(yield func(backtest.Input, error) bool) {
		for _, in := range inputs {
			in.Signals = slices.Clone(in.Signals)
			if !yield(in, nil) {
				return
			}
		}
	}, backtest.Options{From: first, To: last, Chance: -1, Heard: map[string]backtest.Days{"logins": heard}})
	if err != nil {
		t.Fatal(err)
	}
	var would, wouldTogether []string
	for _, e := range report.Episodes {
		text := fmt.Sprintf("%s %s %s", e.Fired.In(zone).Format(time.DateOnly), e.Account, e.Playbook)
		would = append(would, text)
		if e.Message > 0 {
			wouldTogether = append(wouldTogether, text)
		}
	}
	for _, all := range [][]string{fired, together, would, wouldTogether} {
		slices.Sort(all)
	}
	if diff := cmp.Diff(fired, would); diff != "" {
		t.Error("fired, worker (-) and back-test (+):\n" + diff)
	}
	if diff := cmp.Diff(together, wouldTogether); diff != "" {
		t.Error("told of together, worker (-) and back-test (+):\n" + diff)
	}
	if len(fired) != 9 || len(together) != 4 {
		t.Errorf("too little happens to compare: %v; together %v", fired, together)
	}
}
