package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// Found is what is there at the end, to be compared with the ledger.
type Found struct {
	Sums      map[series]float64
	Runs      map[string]store.Run
	Decisions []store.Decision
	Parked    []store.Parked
	State     State
}

// find reads everything.
func find(ctx context.Context, api *API, w *Workspace, l *Ledger) (*Found, error) {
	f := &Found{Sums: map[series]float64{}, Runs: map[string]store.Run{}}
	if err := api.Ready(ctx); err != nil {
		return nil, err
	}
	var err error
	if f.Parked, err = api.Parked(ctx); err != nil {
		return nil, err
	}
	all := l.Series()
	sums := make([]float64, len(all))
	accounts := l.Accounts()
	runs, decisions := make([][]store.Run, len(accounts)), make([][]store.Decision, len(accounts))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, s := range all {
		g.Go(func() (err error) { sums[i], err = api.Sum(gctx, s.account, s.signal); return err })
	}
	for i, a := range accounts {
		g.Go(func() (err error) { runs[i], err = api.Runs(gctx, a); return err })
		g.Go(func() (err error) { decisions[i], err = api.Decisions(gctx, a); return err })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, s := range all {
		f.Sums[s] = sums[i]
	}
	for i := range accounts {
		for _, r := range runs[i] {
			f.Runs[r.ID] = r
		}
		f.Decisions = append(f.Decisions, decisions[i]...)
	}
	f.State, err = w.State(ctx)
	return f, err
}

// compare returns everything that should not be.
func compare(l *Ledger, f *Found) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	compareSums(l, f, say)
	compareRuns(f, say)
	comparePosts(f, say)
	compareClicks(l, f, say)
	for _, p := range f.Parked {
		say("parked: %s for %s: %s", p.Kind, p.Key, p.Error)
	}
	return wrong
}

// compareSums looks for signals that were lost or counted twice.
func compareSums(l *Ledger, f *Found, say func(string, ...any)) {
	for _, s := range l.Series() {
		want, got := l.Amount(s), f.Sums[s]
		switch {
		case s.signal == "load": // a gauge keeps only its last value
		case got < want.sure-0.5:
			say("signals lost: %s of %s is %v, acknowledged were %v", s.signal, s.account, got, want.sure)
		case got > want.sure+want.maybe+0.5:
			say("signals doubled: %s of %s is %v, sent were %v", s.signal, s.account, got, want.sure+want.maybe)
		case math.Abs(got-math.Round(got)) > 1e-9:
			say("signals broken: %s of %s is %v", s.signal, s.account, got)
		}
	}
}

// compareRuns looks for decisions without a run, runs without a decision, and what runs start.
func compareRuns(f *Found, say func(string, ...any)) {
	type episode struct {
		account, playbook string
		n                 int64
	}
	fired, begun := map[episode]int{}, map[episode]int{}
	for _, d := range f.Decisions {
		if d.Outcome == rules.Fired {
			fired[episode{d.Account, d.Playbook, d.Episode}]++
		}
	}
	for _, r := range f.Runs {
		if r.StartedBy == "rule" {
			begun[episode{r.Account, r.Playbook, r.Episode}]++
		}
		if len(r.Effects) > 0 {
			say("run %s (%s, %s) has %d effects that were not carried out", r.ID, r.Account, r.Playbook, len(r.Effects))
		}
	}
	for e, n := range fired {
		if n != 1 || begun[e] != 1 {
			say("episode %d of %s for %s: fired %d times, %d runs", e.n, e.playbook, e.account, n, begun[e])
		}
	}
	for e, n := range begun {
		if fired[e] == 0 {
			say("episode %d of %s for %s: %d runs, and it never fired", e.n, e.playbook, e.account, n)
		}
	}
	compareStarted(f, say)
}

// compareStarted looks at the runs that an answer starts: one for each, unless one was open already.
func compareStarted(f *Found, say func(string, ...any)) {
	by := map[string]int{}
	for _, r := range f.Runs {
		if r.Playbook == "looked" {
			by[r.StartedBy]++
		}
	}
	for _, r := range f.Runs {
		if r.Playbook != "loaded" {
			continue
		}
		asked := !r.Open() && answerOf(&r) == "look"
		n := by[r.ID]
		if n > 1 || n == 1 && !asked {
			say("run %s (%s) answered %q started %d runs of looked", r.ID, r.Account, answerOf(&r), n)
		}
		if asked && n == 0 && !openAt(f, &r) {
			say("run %s (%s) answered look and started nothing", r.ID, r.Account)
		}
	}
}

// answerOf returns the answer that stands in a run, "" for none.
func answerOf(r *store.Run) string {
	for _, v := range r.Visits {
		if v.Kind == playbooks.AskStep && !v.Undone && v.Answer != "" {
			return v.Answer
		}
	}
	return ""
}

// openAt reports whether a run of looked was open for the account when the run ended.
func openAt(f *Found, ended *store.Run) bool {
	for _, r := range f.Runs {
		if r.Playbook == "looked" && r.Account == ended.Account && !r.Began.After(ended.Ended) && (r.Open() || !r.Ended.Before(ended.Ended)) {
			return true
		}
	}
	return false
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
