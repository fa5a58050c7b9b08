package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// senders is how many requests are under way at once while intake, or what bounds it, is measured.
const senders = 4

// each hands all bodies out to several senders at once.
func each(ctx context.Context, bodies [][]byte, send func(ctx context.Context, body []byte) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for n := range senders {
		g.Go(func() error {
			for i := n; i < len(bodies); i += senders {
				if err := send(ctx, bodies[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// rawPublishes measures bare synced JetStream publishes of the bodies, one message for each.
func rawPublishes(ctx context.Context, dir string, bodies [][]byte) (time.Duration, error) {
	ns, err := server.NewServer(&server.Options{ServerName: "raw", DontListen: true, NoSigs: true, JetStream: true, SyncAlways: true,
		StoreDir: filepath.Join(dir, "raw"), MaxPayload: 8 << 20, DisableJetStreamBanner: true})
	if err != nil {
		return 0, err
	}
	ns.Start()
	defer func() { ns.Shutdown(); ns.WaitForShutdown() }()
	if !ns.ReadyForConnections(10 * time.Second) {
		return 0, fmt.Errorf("the bare JetStream server did not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "raw", Subjects: []string{"raw"}}); err != nil {
		return 0, err
	}
	began := time.Now()
	err = each(ctx, bodies, func(ctx context.Context, body []byte) error {
		_, err := js.Publish(ctx, "raw", body)
		return err
	})
	return time.Since(began), err
}

// rawEchoes measures an HTTP handler that reads the bodies and does nothing with them.
func rawEchoes(ctx context.Context, bodies [][]byte) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the sender has gone away
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "{}") // as above
	})}
	go func() { _ = s.Serve(listener) }() // ends with Close
	defer s.Close()
	api := newAPI(listener.Addr().String())
	began := time.Now()
	err = each(ctx, bodies, func(ctx context.Context, body []byte) error {
		_, err := api.Post(ctx, "/", body)
		return err
	})
	return time.Since(began), err
}
