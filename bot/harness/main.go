// Harness shows that the program keeps its promises: it runs the real program against a Slack workspace on this machine,
// drives load on it, and measures or breaks it.
//
//	go run ./bot/harness kill     SIGKILL at random moments; nothing lost, nothing doubled, no orphan
//	go run ./bot/harness load     signals a second, clicks while they pour in, from a signal to its message
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errFailed ends the harness with exit code 1 after it has said why itself.
var errFailed = errors.New("failed")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "harness",
		Short:         "Break and measure the real program",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.AddCommand(killCommand(stdout, stderr), loadCommand(stdout, stderr), historyCommand(stdout))
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return 0
	case errors.Is(err, errFailed):
		return 1
	default:
		fmt.Fprintf(stderr, "harness: %v\n", err)
		return 1
	}
}

func killCommand(stdout, stderr io.Writer) *cobra.Command {
	o := KillOptions{Log: stderr}
	c := &cobra.Command{
		Use:   "kill",
		Short: "Kill the bot at random moments under load, and compare what came of it",
		Long: `Runs "playcaller serve" on a Slack workspace that loses replies, refuses and delays posts, sends it signals,
answers its questions, and kills it with SIGKILL at random moments, starting it again at once. At the end it
waits for quiet and compares: sums of signals, runs per episode, posts per key, answers per click.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := Kill(c.Context(), o)
			if err != nil {
				return err
			}
			report.Print(stdout)
			if len(report.Wrong) > 0 {
				return errFailed
			}
			return nil
		},
	}
	f := c.Flags()
	f.IntVarP(&o.Kills, "kills", "n", 50, "how often the bot is killed")
	f.Uint64Var(&o.Seed, "seed", 1, "of everything that is left to chance")
	f.IntVar(&o.Load, "load", 500, "signals a second")
	f.IntVar(&o.Accounts, "accounts", 240, "accounts that the signals are about")
	f.IntVar(&o.People, "people", 16, "people who answer")
	f.DurationVar(&o.Settle, "settle", defaultSettle, "longest wait at the end in which nothing happens")
	f.Float64Var(&o.Stops, "stops", 0.1, "share of the kills that are interrupts instead")
	f.BoolVar(&o.Silent, "silent", false, "nobody answers")
	f.StringVar(&o.Bin, "bin", "", "program to run (default: built from ./bot)")
	f.StringVar(&o.Addr, "addr", "127.0.0.1:0", "address of the bot")
	f.StringVar(&o.Dir, "dir", "", "folder for data and logs, kept (default: a temporary one, kept when something is wrong)")
	return c
}

func loadCommand(stdout, stderr io.Writer) *cobra.Command {
	o := LoadOptions{Log: stderr}
	c := &cobra.Command{
		Use:   "load",
		Short: "Measure intake, clicks under load, and the way from a signal to its message",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := Load(c.Context(), o)
			if err != nil {
				return err
			}
			report.Print(stdout)
			return nil
		},
	}
	f := c.Flags()
	f.IntVar(&o.Signals, "signals", 1000, "signals a second while clicks and messages are measured")
	f.IntVar(&o.Seconds, "seconds", 20, "how long each part takes, about")
	f.IntVar(&o.Accounts, "accounts", 500, "accounts that the signals are about")
	f.StringVar(&o.Bin, "bin", "", "program to run (default: built from ./bot)")
	f.StringVar(&o.Profile, "profile", "", "measure intake alone, with the bot inside the harness, and write a CPU profile to this file")
	return c
}
