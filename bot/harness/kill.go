package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// KillOptions say how the bot is broken.
type KillOptions struct {
	Kills    int
	Seed     uint64
	Load     int // signals a second
	Accounts int
	People   int
	Stops    float64       // share of the kills that are interrupts, which the bot may answer by ending in order
	Silent   bool          // nobody answers: nothing waits for the minute in which an answer can be undone
	Settle   time.Duration // longest wait at the end in which nothing happens; defaultSettle where 0
	Bin      string        // built where empty
	Addr     string        // of the bot; a free port where empty
	Dir      string        // temporary where empty
	Log      io.Writer
}

// defaultSettle is how long nothing may happen at the end while something is missing: answers can be undone for a minute.
const defaultSettle = 90 * time.Second

// How long the bot lives: sometimes it dies while it starts, mostly some time after it was ready, so that it comes as far on
// a slow machine as on a fast one.
const (
	diesYoung   = 0.3
	youth       = 500 * time.Millisecond
	lives       = 2 * time.Second
	livesLong   = 0.08
	longer      = 11 * time.Second // past the time after which the bot looks for what the one before it may have posted
	troubleEach = 700 * time.Millisecond
)

// field is everything that a harness runs.
type field struct {
	workspace *Workspace
	program   *Program // nil where the bot runs inside
	inside    *inside
	api       *API
	ledger    *Ledger
	dir       string
	log       io.Writer
}

// openField starts a workspace and the bot on it, and makes the accounts.
func openField(ctx context.Context, dir, bin, addr string, accounts, n int, log io.Writer, env ...string) (f *field, err error) {
	f = &field{dir: dir, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	team := people(n)
	f.ledger = newLedger(accounts, team)
	if err := writeBook(filepath.Join(dir, "book"), team); err != nil {
		return f, err
	}
	if bin, err = build(ctx, bin, dir); err != nil {
		return f, err
	}
	if f.workspace, err = openWorkspace(dir, team); err != nil {
		return f, err
	}
	if f.program, err = newProgram(bin, dir, addr, f.workspace.url, env...); err != nil {
		return f, err
	}
	f.api = newAPI(f.program.addr)
	if err := f.program.Start(); err != nil {
		return f, err
	}
	if err := f.ready(ctx); err != nil {
		return f, err
	}
	return f, f.found(ctx)
}

// Close ends everything.
func (f *field) Close() error {
	var err error
	if f.program != nil {
		f.program.Close()
	}
	if f.inside != nil {
		err = f.inside.Close()
	}
	if f.workspace != nil {
		err = errors.Join(err, f.workspace.Close())
	}
	return err
}

func (f *field) ready(ctx context.Context) error {
	return until(ctx, 2*time.Minute, "readiness of the bot", func() error {
		if f.program != nil && f.program.Failed() != nil {
			return f.program.Failed()
		}
		return f.api.Ready(ctx)
	})
}

// found makes the accounts.
func (f *field) found(ctx context.Context) error {
	var all []map[string]any
	for _, id := range f.ledger.Accounts() {
		all = append(all, map[string]any{"id": id, "name": id, "owner": f.ledger.owners[id], "time_zone": "UTC"})
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	taken, err := f.api.Post(ctx, "/v1/accounts", body)
	if err == nil && len(taken.Rejected) > 0 {
		err = fmt.Errorf("accounts were refused: %s", taken.Rejected[0].Error)
	}
	return err
}

// workDir returns the folder to work in, and what removes it again unless it is to be kept.
func workDir(dir string) (string, func(keep bool), error) {
	if dir != "" {
		return dir, func(bool) {}, os.MkdirAll(dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "playcaller-harness-")
	return dir, func(keep bool) {
		if !keep {
			_ = os.RemoveAll(dir) // temporary files that stay do no harm
		}
	}, err
}

// Kill kills the bot under load as often as it is told, and compares what came of it.
func Kill(ctx context.Context, o KillOptions) (report *Report, err error) {
	dir, remove, err := workDir(o.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { remove(err != nil || len(report.Wrong) > 0) }()
	began := time.Now()
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	f, err := openField(ctx, dir, o.Bin, o.Addr, o.Accounts, o.People, o.Log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	report = &Report{Options: o, Dir: dir}
	if err := f.storm(ctx, o); err != nil {
		return report, err
	}
	report.Storm = time.Since(began)
	fmt.Fprintf(o.Log, "%d kills in %s; %d signals acknowledged; waiting for quiet …\n", o.Kills, report.Storm.Round(time.Second), f.ledger.Posted())
	settle := o.Settle
	if settle == 0 {
		settle = defaultSettle
	}
	found, wrong, err := f.quiet(ctx, settle)
	if err != nil {
		return report, err
	}
	report.fill(f, found)
	report.Wrong, report.Took = wrong, time.Since(began)
	return report, f.program.Stop()
}

// storm drives the load, the people and the trouble until the bot has been killed often enough.
func (f *field) storm(ctx context.Context, o KillOptions) error {
	g, last := errgroup.WithContext(ctx)
	storm, end := context.WithCancel(last)
	defer end()
	for _, p := range newPosters(f.api, f.ledger, o.Seed, o.Load) {
		g.Go(func() error { return p.run(storm, last) })
	}
	if !o.Silent {
		g.Go(func() error { return newClicker(f.workspace, f.ledger, o.Seed).run(storm) })
	}
	g.Go(func() error { return f.trouble(storm, rand.New(rand.NewPCG(o.Seed, 1<<33))) })
	g.Go(func() error {
		defer end()
		return f.kills(last, o, rand.New(rand.NewPCG(o.Seed, 1<<34)))
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return f.workspace.ClearFaults(ctx)
}

// kills kills the bot at random moments and starts it again at once.
func (f *field) kills(ctx context.Context, o KillOptions, r *rand.Rand) error {
	for n := range o.Kills {
		life := time.Duration(r.Float64() * float64(lives))
		if r.Float64() < livesLong {
			life += longer
		}
		young := r.Float64() < diesYoung
		if young {
			life = time.Duration(r.Float64() * float64(youth))
		} else if err := f.ready(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(life):
		case <-ctx.Done():
			return ctx.Err()
		}
		end := f.program.Kill
		if r.Float64() < o.Stops && !young { // before it listens for interrupts it has no order to end in
			end = f.program.Stop
		}
		if err := end(); err != nil {
			return err
		}
		if err := f.program.Start(); err != nil {
			return err
		}
		if (n+1)%10 == 0 {
			fmt.Fprintf(o.Log, "killed %d times; %d signals acknowledged, %d clicks\n", n+1, f.ledger.Posted(), len(f.ledger.Clicks()))
		}
	}
	return f.ready(ctx)
}

// trouble makes Slack fail now and then.
func (f *field) trouble(ctx context.Context, r *rand.Rand) error {
	tick := time.NewTicker(troubleEach)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		method := []string{"chat.postMessage", "chat.postMessage", "chat.update"}[r.IntN(3)]
		mode := []string{"lost_reply", "lost_reply", "500", "429", "slow"}[r.IntN(5)]
		if err := f.workspace.Fault(ctx, method, mode, 1+r.IntN(2)); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// quiet waits until nothing is wrong any more and nothing changes, and returns what is there then; or what is still wrong
// when nothing has happened for a time.
func (f *field) quiet(ctx context.Context, settle time.Duration) (*Found, []string, error) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	before, since := "", time.Now()
	for {
		if err := f.program.Failed(); err != nil {
			return nil, nil, err
		}
		found, err := find(ctx, f.api, f.workspace, f.ledger)
		over := time.Since(since) > settle
		if err != nil && (ctx.Err() != nil || over) {
			return nil, nil, err
		}
		if err == nil {
			wrong, now := compare(f.ledger, found), found.fingerprint()
			if over || len(wrong) == 0 && now == before && !found.ending() {
				return found, wrong, nil
			}
			if now != before {
				before, since = now, time.Now()
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}
