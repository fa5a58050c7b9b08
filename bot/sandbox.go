package main

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
)

func sandboxCommand(stderr io.Writer, getenv func(string) string) *cobra.Command {
	var o app.SandboxOptions
	var verbose bool
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the bot on a Slack workspace of its own, with sample accounts; needs nothing",
		Long: `Starts a Slack workspace on this machine, the bot on it, and twelve sample accounts whose logins, users and
help page views are real daily series. Open the page it names: answer a question as a CSM, turn the clock,
hand a deal over as sales. Nothing leaves this machine.

Calls that webhook steps make come here too, whichever system they are for; the page shows them under Webhooks.

The book is watched: save a file, and its effect shows within a second. A book with mistakes changes nothing and is told
to ops in Slack.

What happens is kept in the data directory, and the sandbox goes on from there when it is started again;
delete the directory to begin anew. With MONGODB_URI set, the bot keeps its documents there.`,
		Example: `  playcaller sandbox
  playcaller sandbox --book ./my-playbooks
  playcaller sandbox --workspace-only      # a workspace to point "serve", or any Slack client, at`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			o.Out = c.OutOrStdout()
			o.MongoURI, o.NATSURL = getenv("MONGODB_URI"), getenv("NATS_URL")
			o.Log = logger(stderr, verbose)
			reload := make(chan struct{}, 1)
			o.Reload = reload
			ctx, stop := context.WithCancel(c.Context())
			heard := make(chan error, 1)
			go func() {
				heard <- onHangUp(ctx, func() {
					select {
					case reload <- struct{}{}:
					default: // it is about to
					}
				})
			}()
			err := app.RunSandbox(ctx, o)
			stop()
			return errors.Join(err, <-heard)
		},
	}
	c.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:8080", "address of the page; loopback only")
	c.Flags().StringVar(&o.Book, "book", "", "folder of playbook files (default: the starter library)")
	c.Flags().StringVar(&o.Data, "data", "data/sandbox", "folder that keeps what happens")
	c.Flags().BoolVar(&o.WorkspaceOnly, "workspace-only", false, "run the workspace without the bot")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "log what the bot does")
	return c
}

// logger writes for people: warnings, or everything.
func logger(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}
