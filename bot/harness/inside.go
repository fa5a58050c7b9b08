package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/app"
	"playcaller/bot/sandbox"
)

// inside is a bot in the harness's own process, which can be profiled.
type inside struct {
	cancel context.CancelFunc
	done   chan error
	bot    *app.Bot
	server *http.Server
}

// openInside is openField with the bot in the harness's own process.
func openInside(ctx context.Context, dir string, accounts, n int, log io.Writer) (f *field, err error) {
	team := people(n)
	f = &field{dir: dir, log: log, ledger: newLedger(accounts, team)}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := writeBook(filepath.Join(dir, "book"), team); err != nil {
		return f, err
	}
	if f.workspace, err = openWorkspace(dir, team); err != nil {
		return f, err
	}
	var c app.Config
	c.Data, c.Book, c.APITokens = filepath.Join(dir, "data"), filepath.Join(dir, "book"), []string{token}
	c.Slack.BotToken, c.Slack.AppToken, c.Slack.APIURL = sandbox.BotToken, sandbox.AppToken, f.workspace.url+"/api/"
	in := &inside{done: make(chan error, 1)}
	if in.bot, err = app.Open(ctx, c, clockwork.NewRealClock(), slog.New(slog.DiscardHandler)); err != nil {
		return f, err
	}
	f.inside = in
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return f, err
	}
	in.server = &http.Server{Handler: in.bot.Handler(), ReadHeaderTimeout: time.Second}
	ctx, in.cancel = context.WithCancel(ctx)
	go func() { _ = in.server.Serve(listener) }() // ends with Close
	go func() { in.done <- in.bot.Run(ctx) }()
	f.api = newAPI(listener.Addr().String())
	if err := f.ready(ctx); err != nil {
		return f, err
	}
	return f, f.found(ctx)
}

func (in *inside) Close() error {
	var err error
	if in.cancel != nil {
		in.cancel()
		err = errors.Join(in.server.Close(), <-in.done)
	}
	return errors.Join(err, in.bot.Close())
}
