// Command cmd runs a FerretDB until it is interrupted, and prints the
// MONGODB_URI to reach it with.
//
//	go run ./cmd [--addr 127.0.0.1:27018] [--data DIR]
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"playcaller/store/mongo"
	"playcaller/store/mongo/ferrettest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "127.0.0.1:27018", "address to listen on; port 0 takes any that is free")
	data := flag.String("data", "ferret-data", "folder to keep the data in")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unknown argument %q; see --help", flag.Arg(0))
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	server, err := ferrettest.Start(*addr, *data, logger)
	if err != nil {
		return err
	}
	fmt.Printf("FerretDB runs; stop it with Ctrl-C. Start Playcaller with:\nMONGODB_URI='%s'\n", server.URI(mongo.DefaultDatabase))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return server.Stop()
}
