package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"playcaller/bot/app"
)

func serveCommand(stderr io.Writer, getenv func(string) string) *cobra.Command {
	var file, book, data, addr string
	var acceptLoss bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the bot on Slack",
		Long: `Runs the bot on a Slack workspace. Make a Slack app of the manifest (playcaller manifest), install it, and set:

  SLACK_BOT_TOKEN        xoxb-…, of the app's OAuth page
  SLACK_APP_TOKEN        xapp-…, with connections:write: Socket Mode, nothing to expose
  SLACK_SIGNING_SECRET   instead of it, for delivery by HTTP to /slack/events, /slack/actions and /slack/commands
  PLAYCALLER_API_TOKENS  tokens for POST /v1/signals, separated by commas
  MONGODB_URI            optional: documents go to MongoDB instead of SQLite
  NATS_URL               optional: events go to a NATS cluster instead of the server inside

Webhook steps of playbooks call other systems by name. Their addresses and secrets stand in the configuration file alone:

  webhooks: {crm: {url: https://…, secret_file: /run/secrets/crm}}     # or url_file, secret

A call is a POST of JSON with the account, the playbook, the run, the step and the step's data; Idempotency-Key is the same
for every attempt, and Playcaller-Signature is t=SECONDS,v1=HEX, the HMAC-SHA256 over SECONDS, a dot and the body.

Each of the variables is also read from the file that the name with _FILE holds. Flags go before the environment, that before the file.

The book is watched: a good one is taken over whole as soon as it is saved (or upon SIGHUP), plays under way keep the
version they began with; a book with mistakes changes nothing, and ops are told once. Where the book has mistakes at the
start, the last good one goes on and /readyz says so; where there was none, serve ends with the mistakes.`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := app.ReadConfig(file, getenv)
			if err != nil {
				return err
			}
			for flag, into := range map[string]*string{"book": &config.Book, "data": &config.Data, "addr": &config.Addr} {
				if f := c.Flags().Lookup(flag); f.Changed {
					*into = f.Value.String()
				}
			}
			config.AcceptLoss, config.LastGood = acceptLoss, true
			if err := config.CheckServe(); err != nil {
				return err
			}
			log := slog.New(slog.NewJSONHandler(stderr, nil))
			return serve(c.Context(), config, log, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML file (or PLAYCALLER_CONFIG)")
	c.Flags().StringVar(&book, "book", "", "folder of playbook files (default: the starter library)")
	c.Flags().StringVar(&data, "data", "data", "folder for the embedded store and stream")
	c.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "address for HTTP")
	c.Flags().BoolVar(&acceptLoss, "accept-loss", false, "go on with an event stream that lacks what was not worked yet, as after losing its directory")
	return c
}

// serve runs the bot and its HTTP side until ctx ends.
func serve(ctx context.Context, config app.Config, log *slog.Logger, stdout io.Writer) (err error) {
	listener, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w; choose another address with --addr", err)
	}
	defer listener.Close()
	bot, err := app.Open(ctx, config, clockwork.NewRealClock(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bot.Close()) }()
	server := &http.Server{Handler: bot.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(end)
	})
	g.Go(func() error { return bot.Run(ctx) })
	g.Go(func() error { return onHangUp(ctx, bot.Reload) })
	fmt.Fprintf(stdout, "playcaller listens at http://%s\n", listener.Addr())
	return g.Wait()
}

// onHangUp calls do whenever the process is sent SIGHUP, until ctx ends.
func onHangUp(ctx context.Context, do func()) error {
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	defer signal.Stop(hups)
	for {
		select {
		case <-hups:
			do()
		case <-ctx.Done():
			return nil
		}
	}
}
