package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"playcaller/rules"
)

// mostWrong is how many differences are printed.
const mostWrong = 40

// Report is what a run of kills came to.
type Report struct {
	Options KillOptions
	Dir     string
	Storm   time.Duration // until the last kill
	Took    time.Duration

	Signals, Unsure, Repeated int
	Series                    int
	Fired, Runs, Ended        int
	Posts, Cards              int
	Clicks, Acked             int
	Limited                   int

	Wrong []string
}

// fill counts.
func (r *Report) fill(f *field, found *Found) {
	r.Signals, r.Unsure, r.Repeated, r.Series = f.ledger.posted, f.ledger.unsure, f.ledger.repeated, len(found.Sums)
	for _, d := range found.Decisions {
		if d.Outcome == rules.Fired {
			r.Fired++
		}
	}
	keys := outboxKeys(found.State)
	r.Runs, r.Posts, r.Limited = len(found.Runs), len(keys), found.State.Limited
	for _, run := range found.Runs {
		if !run.Open() {
			r.Ended++
		}
		if len(keys[run.ID+"/card"]) > 0 {
			r.Cards++
		}
	}
	for _, c := range f.ledger.Clicks() {
		r.Clicks++
		if c.Acked {
			r.Acked++
		}
	}
}

// Print writes the table, and what is wrong.
func (r *Report) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", what, fmt.Sprintf(format, args...))
	}
	row("kills", "%d, seed %d, in %s; quiet after %s", r.Options.Kills, r.Options.Seed, r.Storm.Round(time.Second), r.Took.Round(time.Second))
	row("signals", "%d acknowledged, %d unknown, %d sent again, in %d series", r.Signals, r.Unsure, r.Repeated, r.Series)
	row("runs", "%d, of them %d ended; %d decisions fired", r.Runs, r.Ended, r.Fired)
	row("messages", "%d, of them %d cards; Slack asked to wait %d times", r.Posts, r.Cards, r.Limited)
	row("clicks", "%d, of them %d acknowledged", r.Clicks, r.Acked)
	row("differences", "%d", len(r.Wrong))
	_ = t.Flush() // as with every print to a terminal
	slices.Sort(r.Wrong)
	for i, what := range r.Wrong {
		if i == mostWrong {
			fmt.Fprintf(w, "  … and %d more\n", len(r.Wrong)-mostWrong)
			break
		}
		fmt.Fprintln(w, "  "+what)
	}
	if len(r.Wrong) > 0 {
		fmt.Fprintf(w, "The bot's log and data are in %s\n", r.Dir)
	}
}

// fingerprint changes with everything that can still change.
func (f *Found) fingerprint() string {
	var versions int64
	for _, r := range f.Runs {
		versions += r.Version + int64(len(r.Log))
	}
	posts := 0
	for _, ch := range f.State.Channels {
		posts += len(ch.Messages)
	}
	return fmt.Sprint(len(f.Runs), versions, posts, f.State.Calls["chat.update"])
}

// ending reports whether an answer can still be undone: what it means has not happened yet.
func (f *Found) ending() bool {
	for _, r := range f.Runs {
		if r.Undo != nil {
			return true
		}
	}
	return false
}
