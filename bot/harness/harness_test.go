package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

func TestNothingIsLostOrDoubledThroughTwoKills(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs it for some seconds")
	}
	report, err := Kill(context.Background(), KillOptions{Kills: 2, Seed: 1, Load: 400, Accounts: 40, People: 8, Silent: true,
		Settle: 2 * time.Minute, Dir: t.TempDir(), Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	report.Print(&table)
	if len(report.Wrong) > 0 || report.Signals == 0 {
		t.Error(table.String())
	}
}

// sound is a ledger and what must be found for it.
func sound() (*Ledger, *Found) {
	l := newLedger(1, people(1))
	l.Acknowledged([]Signal{{Account: "a0000", Signal: "views", Value: 5}})
	l.Unanswered([]Signal{{Account: "a0000", Signal: "views", Value: 2}})
	l.Clicked(Click{Run: "r1", Visit: 0, Answer: "yes", By: "p01", Acked: true})
	var r store.Run
	r.ID, r.Account, r.Playbook, r.Episode, r.StartedBy, r.Shown, r.Version = "r1", "a0000", "pinged", 1, "rule", 2, 2
	r.Step, r.Card.TS = "call", "1.0"
	now := time.Unix(1, 0)
	r.Visits = []playbooks.Visit{{Step: "ask", Kind: playbooks.AskStep, Answer: "yes", By: "p01", Delivered: now, Left: now},
		{N: 1, Step: "call", Kind: playbooks.TaskStep, Delivered: now}}
	r.Log = []playbooks.Entry{{What: "log.answered"}}
	f := &Found{Sums: map[series]float64{{"a0000", "views"}: 7}, Runs: map[string]store.Run{"r1": r},
		Decisions: []store.Decision{{Decision: rules.Decision{Account: "a0000", Playbook: "pinged", Episode: 1, Outcome: rules.Fired}}}}
	f.State.Channels = []Channel{{Messages: []Message{message("1.0", "r1/card", "r1", 2)}}}
	return l, f
}

func message(ts, key, run string, version int64) Message {
	m := Message{TS: ts}
	m.Metadata.Payload.Key, m.Metadata.Payload.Run, m.Metadata.Payload.Version = key, run, version
	return m
}

func TestEveryDifferenceIsNoticed(t *testing.T) {
	change := func(f *Found, with func(r *store.Run)) {
		r := f.Runs["r1"]
		with(&r)
		f.Runs["r1"] = r
	}
	for name, test := range map[string]struct {
		do   func(l *Ledger, f *Found)
		want string // "" for no difference
	}{
		"nothing is wrong":                {func(*Ledger, *Found) {}, ""},
		"an unanswered signal is missing": {func(_ *Ledger, f *Found) { f.Sums[series{"a0000", "views"}] = 5 }, ""},
		"a signal is lost":                {func(_ *Ledger, f *Found) { f.Sums[series{"a0000", "views"}] = 4 }, "signals lost"},
		"a signal counts twice":           {func(_ *Ledger, f *Found) { f.Sums[series{"a0000", "views"}] = 12 }, "signals doubled"},
		"a decision has no run": {func(_ *Ledger, f *Found) {
			d := f.Decisions[0]
			d.Episode = 2
			f.Decisions = append(f.Decisions, d)
		}, "fired 1 times, 0 runs"},
		"a run has no decision": {func(_ *Ledger, f *Found) { f.Decisions = nil }, "it never fired"},
		"a card is posted twice": {func(_ *Ledger, f *Found) {
			f.State.Channels[0].Messages = append(f.State.Channels[0].Messages, message("2.0", "r1/card", "r1", 2))
		}, "posted 2 times"},
		"a card has no run": {func(_ *Ledger, f *Found) {
			f.State.Channels[0].Messages = append(f.State.Channels[0].Messages, message("2.0", "r9/card", "r9", 2))
		}, "a message without a run"},
		"a run has no card":        {func(_ *Ledger, f *Found) { f.State.Channels = nil }, "has no card"},
		"a card is out of date":    {func(_ *Ledger, f *Found) { f.State.Channels[0].Messages[0].Metadata.Payload.Version = 1 }, "shows version 1 of 2"},
		"a card is somewhere else": {func(_ *Ledger, f *Found) { f.State.Channels[0].Messages[0].TS = "3.0" }, "believes its card"},
		"an effect is left":        {func(_ *Ledger, f *Found) { change(f, func(r *store.Run) { r.Effects = make([]playbooks.Effect, 1) }) }, "not carried out"},
		"an answer is lost": {func(_ *Ledger, f *Found) {
			change(f, func(r *store.Run) { r.Visits[0].Answer, r.Visits[0].By, r.Log = "", "", nil })
		}, "had no effect"},
		"an answer counts twice":     {func(_ *Ledger, f *Found) { change(f, func(r *store.Run) { r.Log = append(r.Log, r.Log[0]) }) }, "2 lines that say so"},
		"an answer comes of nothing": {func(l *Ledger, _ *Found) { l.clicks[0].Answer = "no" }, "which nobody gave"},
		"nobody was told":            {func(_ *Ledger, f *Found) { change(f, func(r *store.Run) { r.Visits[1].Delivered = time.Time{} }) }, "nobody was told"},
		"somebody was told twice": {func(_ *Ledger, f *Found) {
			for _, key := range []string{"person/p01/1", "person/p01/2"} {
				m := message(key, key, "", 0)
				m.Blocks = []byte(`[{"block_id":"nudge0:1:r1"}]`)
				f.State.Channels[0].Messages = append(f.State.Channels[0].Messages, m)
			}
		}, "told 2 times of visit 1"},
		"an event is parked": {func(_ *Ledger, f *Found) { f.Parked = []store.Parked{{Key: "account:x", Error: "boom"}} }, "parked"},
	} {
		t.Run(name, func(t *testing.T) {
			l, f := sound()
			test.do(l, f)
			got := compare(l, f)
			if test.want == "" && len(got) > 0 {
				t.Errorf("differences: %q, want none", got)
			}
			if test.want != "" && !strings.Contains(strings.Join(got, "\n"), test.want) {
				t.Errorf("differences: %q, want one with %q", got, test.want)
			}
		})
	}
}
