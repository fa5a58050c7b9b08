package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"text/tabwriter"
	"time"
)

// LoadOptions say what is measured.
type LoadOptions struct {
	Signals  int // a second, in the background
	Seconds  int // that each part takes, about
	Accounts int
	Bin      string // built where empty
	Profile  string // file for a CPU profile of intake; the bot runs inside the harness then
	Log      io.Writer
}

// The aims of the design, on two cores.
const (
	aimIntake  = 30_000
	aimClick   = 50 * time.Millisecond
	aimMessage = time.Second
)

// loadPeople is how many people own accounts: each has a channel of their own, which is paced.
const loadPeople = 60

// LoadReport is what was measured.
type LoadReport struct {
	Options  LoadOptions
	Signals  int           // of each intake
	Plain    Intake        // signals without ids
	WithIDs  Intake        // signals with ids
	Publish  time.Duration // the same bytes, published bare and synced
	Echo     time.Duration // the same bytes, read by an HTTP handler and dropped
	Messages []time.Duration
	Clicks   []time.Duration
}

// Intake is how long signals took to be durable, and to be in their series.
type Intake struct {
	Acknowledged, Applied time.Duration
}

// Load measures.
func Load(ctx context.Context, o LoadOptions) (report *LoadReport, err error) {
	dir, remove, err := workDir("")
	if err != nil {
		return nil, err
	}
	defer func() { remove(err != nil) }()
	var f *field
	if o.Profile == "" {
		f, err = openField(ctx, dir, o.Bin, "127.0.0.1:0", o.Accounts, loadPeople, o.Log)
	} else {
		f, err = openInside(ctx, dir, o.Accounts, loadPeople, o.Log)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	report = &LoadReport{Options: o}
	if err := report.intake(ctx, f, dir); err != nil {
		return nil, fmt.Errorf("intake: %w", err)
	}
	if o.Profile != "" {
		return report, nil
	}
	background, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.background(background, o.Signals) }()
	fmt.Fprintf(o.Log, "from signals to messages, while %d signals a second come in …\n", o.Signals)
	report.Messages, err = f.fire(ctx, time.Duration(o.Seconds)*time.Second)
	if err == nil {
		fmt.Fprintln(o.Log, "clicks …")
		report.Clicks, err = f.clickAll(ctx, time.Duration(o.Seconds)*time.Second)
	}
	stop()
	return report, errors.Join(err, <-done)
}

// intake measures how fast signals become durable and applied, and what bounds that on this machine.
func (r *LoadReport) intake(ctx context.Context, f *field, dir string) error {
	batches := max(20, r.Options.Seconds*aimIntake/batchSize/2)
	plain, withIDs := f.bodies(batches, false), f.bodies(batches, true)
	r.Signals = batches * batchSize
	var err error
	if r.Echo, err = rawEchoes(ctx, plain); err != nil {
		return err
	}
	if r.Publish, err = rawPublishes(ctx, dir, plain); err != nil {
		return err
	}
	if r.Options.Profile != "" {
		out, err := os.Create(r.Options.Profile)
		if err != nil {
			return err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintf(r.Options.Log, "intake of %d signals, twice …\n", r.Signals)
	if r.Plain, err = f.pour(ctx, plain); err != nil {
		return err
	}
	r.WithIDs, err = f.pour(ctx, withIDs)
	return err
}

// Print writes the figures beside their aims.
func (r *LoadReport) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	rate := func(d time.Duration) string { return fmt.Sprintf("%d signals/s", int(float64(r.Signals)/d.Seconds())) }
	fmt.Fprintf(t, "measured\tfigure\taim\n")
	fmt.Fprintf(t, "intake, durable and applied\t%s\t%d signals/s\n", rate(r.Plain.Applied), aimIntake)
	fmt.Fprintf(t, "  acknowledged\t%s\t\n", rate(r.Plain.Acknowledged))
	fmt.Fprintf(t, "  with ids, durable and applied\t%s\t%d signals/s\n", rate(r.WithIDs.Applied), aimIntake)
	fmt.Fprintf(t, "  a bare synced publish of the same bytes\t%s\t\n", rate(r.Publish))
	fmt.Fprintf(t, "  an HTTP handler that drops the same bytes\t%s\t\n", rate(r.Echo))
	fmt.Fprintf(t, "  intake : bare publish\t1 : %.1f\t\n", r.Plain.Applied.Seconds()/r.Publish.Seconds())
	if len(r.Clicks) > 0 {
		fmt.Fprintf(t, "click acknowledged, with %d signals/s\tp50 %s, p99 %s of %d\tp99 %s\n", r.Options.Signals,
			quantile(r.Clicks, 0.5), quantile(r.Clicks, 0.99), len(r.Clicks), aimClick)
		fmt.Fprintf(t, "from a signal to its message\tp50 %s, p99 %s of %d\t%s\n",
			quantile(r.Messages, 0.5), quantile(r.Messages, 0.99), len(r.Messages), aimMessage)
	}
	_ = t.Flush() // as with every print to a terminal
}

// quantile returns the smallest duration that so many of all do not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(100 * time.Microsecond)
}
