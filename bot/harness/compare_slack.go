package main

import (
	"regexp"
	"slices"
	"strings"

	"playcaller/playbooks"
)

// outboxKeys returns where each outbox key stands in the workspace.
func outboxKeys(s State) map[string][]Message {
	all := map[string][]Message{}
	for _, ch := range s.Channels {
		for _, m := range ch.Messages {
			if key := m.Metadata.Payload.Key; key != "" {
				all[key] = append(all[key], m)
			}
		}
	}
	return all
}

// comparePosts looks for messages that were posted twice, cards without a run, and runs without a card or with an old one.
func comparePosts(f *Found, say func(string, ...any)) {
	keys := outboxKeys(f.State)
	said := map[string]int{}
	for key, messages := range keys {
		m := messages[0]
		if len(messages) > 1 {
			say("posted %d times: %s: %.60q", len(messages), key, m.Text)
		}
		run := m.Metadata.Payload.Run
		if _, ok := f.Runs[run]; run != "" && !ok {
			say("a message without a run: %s: %.60q", key, m.Text)
		}
		if m.ThreadTS == "" && !strings.HasSuffix(key, "/card") && run != "" {
			said[run]++
		}
	}
	for _, r := range f.Runs {
		card := keys[r.ID+"/card"]
		switch {
		case r.Shown == 0 && len(card) > 0:
			say("run %s (%s, %s) has a card that nobody asked for", r.ID, r.Account, r.Playbook)
		case r.Shown == 0:
		case len(card) == 0:
			say("run %s (%s, %s) has no card", r.ID, r.Account, r.Playbook)
		case card[0].Metadata.Payload.Version < r.Shown:
			say("run %s (%s, %s) shows version %d of %d", r.ID, r.Account, r.Playbook, card[0].Metadata.Payload.Version, r.Shown)
		case r.Card.TS != card[0].TS:
			say("run %s (%s, %s) believes its card to be at %q, it is at %s", r.ID, r.Account, r.Playbook, r.Card.TS, card[0].TS)
		}
		if r.Shown > 0 && len(keys[r.ID+"/log/0"]) == 0 && r.Told > 0 {
			say("run %s (%s, %s) has no log in its thread", r.ID, r.Account, r.Playbook)
		}
		want := 0
		if r.Playbook == "pinged" && r.Outcome == "called" && !r.Open() {
			want = 1
		}
		if said[r.ID] != want {
			say("run %s (%s, %s) said %d things, want %d", r.ID, r.Account, r.Playbook, said[r.ID], want)
		}
	}
}

// nudge finds the run and visit that a direct message tells somebody of, in the ids of its blocks.
var nudge = regexp.MustCompile(`"block_id":"nudge\d+:(\d+):(r[0-9a-f]+)"`)

// compareTold looks for people who were told of one step twice, and for steps that nobody was told of.
func compareTold(f *Found, say func(string, ...any)) {
	told := map[[2]string]int{}
	for _, ch := range f.State.Channels {
		for _, m := range ch.Messages {
			if !strings.HasPrefix(m.Metadata.Payload.Key, "person/") {
				continue
			}
			for _, found := range nudge.FindAllSubmatch(m.Blocks, -1) {
				told[[2]string{string(found[2]), string(found[1])}]++
			}
		}
	}
	for step, n := range told {
		if n > 1 {
			say("somebody was told %d times of visit %s of run %s", n, step[1], step[0])
		}
	}
	for _, r := range f.Runs {
		if v := r.Current(); r.Open() && r.Held == "" && v != nil && v.Delivered.IsZero() {
			say("run %s (%s, %s): nobody was told of %q", r.ID, r.Account, r.Playbook, v.Step)
		}
	}
}

// compareClicks looks for answers that had no effect, or more than one.
func compareClicks(l *Ledger, f *Found, say func(string, ...any)) {
	for _, r := range f.Runs {
		answers, logged := 0, 0
		for _, v := range r.Visits {
			if v.Answer != "" && v.By != "" {
				answers++
			}
		}
		for _, e := range r.Log {
			if e.What == "log.answered" || e.What == "log.done" {
				logged++
			}
		}
		if answers != logged {
			say("run %s (%s, %s) has %d answers and %d lines that say so", r.ID, r.Account, r.Playbook, answers, logged)
		}
	}
	clicks := l.Clicks()
	for len(clicks) > 0 {
		n := slices.IndexFunc(clicks, func(c Click) bool { return c.Run != clicks[0].Run || c.Visit != clicks[0].Visit })
		if n < 0 {
			n = len(clicks)
		}
		compareTurn(f, clicks[:n], say)
		clicks = clicks[n:]
	}
}

// compareTurn compares the clicks on one step of a run with what became of it.
func compareTurn(f *Found, clicks []Click, say func(string, ...any)) {
	c := clicks[0]
	acked := slices.ContainsFunc(clicks, func(c Click) bool { return c.Acked })
	r, ok := f.Runs[c.Run]
	if !ok || c.Visit >= len(r.Visits) {
		say("somebody clicked on visit %d of run %s, which is not there", c.Visit, c.Run)
		return
	}
	v := r.Visits[c.Visit]
	closed := r.Outcome == playbooks.ResolvedOut // before anybody had answered
	switch {
	case v.Answer == "" && acked && !closed:
		say("run %s (%s, %s): %s clicked %q on visit %d, which was acknowledged and had no effect", r.ID, r.Account, r.Playbook, c.By, c.Answer, c.Visit)
	case v.By != "" && !slices.ContainsFunc(clicks, func(c Click) bool { return c.Answer == v.Answer && c.By == v.By }):
		say("run %s (%s, %s): visit %d has the answer %q by %s, which nobody gave", r.ID, r.Account, r.Playbook, c.Visit, v.Answer, v.By)
	}
}
