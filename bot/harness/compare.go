package main

import (
	"context"
	"fmt"
	"math"

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
	compareTold(f, say)
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
