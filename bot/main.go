// Playcaller is a Slack bot that runs customer-success playbooks.
//
//	go run ./bot sandbox
//
// starts it with a Slack workspace on this machine, and twelve sample accounts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // accounts and people have time zones, also where the machine has no list of them

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv))
}

// errFailed ends the program with exit code 1 after a command has said why itself.
var errFailed = errors.New("failed")

// run is the program: it returns the exit code. 2 means that the command line was not understood.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, getenv func(string) string) int {
	root := command(stdout, stderr, getenv)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFailed):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "playcaller: %v\n", err)
		return 2
	}
	fmt.Fprintf(stderr, "playcaller: %v\n", err)
	return 1
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// command is the root of all commands.
func command(stdout, stderr io.Writer, getenv func(string) string) *cobra.Command {
	root := &cobra.Command{
		Use:   "playcaller",
		Short: "A Slack bot that runs customer-success playbooks",
		Long: `Playcaller is a Slack bot that runs customer-success playbooks: account signals come in, rules decide
which accounts need attention, and playbooks post the next step into Slack and follow it through.

Begin with:  playcaller sandbox`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          subcommand,
		RunE:          help,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
	})
	root.AddCommand(sandboxCommand(stderr, getenv), serveCommand(stderr, getenv), lintCommand(), testCommand(), fmtCommand(), schemaCommand(), newCommand(), explainCommand(getenv), importCommand(getenv),
		backtestCommand(getenv), planCommand(getenv), parkedCommand(getenv), healthCommand(getenv), manifestCommand(), versionCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// help is what a command does that only has commands below it.
func help(c *cobra.Command, _ []string) error { return c.Help() }

// subcommand refuses the name of a command that there is not, and says which was perhaps meant.
func subcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	hint := fmt.Sprintf("see: %s --help", c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return usageError{fmt.Errorf("there is no command %q; %s", c.CommandPath()+" "+args[0], hint)}
}

// exactly wants so many arguments, and names them when they are not there.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		if len(names) == 0 {
			return usageError{fmt.Errorf("%q is not wanted here; see: %s --help", args[0], c.CommandPath())}
		}
		return usageError{fmt.Errorf("want: %s %s; see: %s --help", c.CommandPath(), strings.Join(names, " "), c.CommandPath())}
	}
}
