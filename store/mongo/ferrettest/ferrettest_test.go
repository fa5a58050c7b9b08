package ferrettest

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"testing"

	"playcaller/store"
	"playcaller/store/mongo"
	"playcaller/store/storetest"
)

func start(t *testing.T, addr, dir string) *Server {
	t.Helper()
	s, err := Start(addr, dir, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, uri string) *mongo.Store {
	t.Helper()
	b, err := mongo.Open(t.Context(), uri+"&serverSelectionTimeoutMS=10000", "", storetest.Collections())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestBackend(t *testing.T) {
	dir := t.TempDir()
	server := start(t, "127.0.0.1:0", dir)
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	cases := 0
	storetest.Run(t,
		func(t *testing.T) store.Backend {
			cases++
			return open(t, server.URI(fmt.Sprintf("case%d", cases)))
		},
		storetest.Options{
			Reopen: func(t *testing.T, b store.Backend) store.Backend {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, server.URI(fmt.Sprintf("case%d", cases)))
			},
			BreakAll: func(t *testing.T, _ store.Backend) {
				u, err := url.Parse(server.URI(""))
				if err != nil {
					t.Fatal(err)
				}
				if err := server.Stop(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { server = start(t, u.Host, dir) })
			},
			Skip: map[string]string{
				"24 writers of one counter in two processes lose no update":        "FerretDB v1 is atomic on a single connection only",
				"of 200 jobs none is claimed twice by 24 writers in two processes": "FerretDB v1 is atomic on a single connection only",
				"while writes are impossible they are unavailable and reads go on": "a FerretDB cannot be made read-only while it runs",
			},
		})
}

// TestDataSurviveTheServer opens the data of a stopped server with a new one.
func TestDataSurviveTheServer(t *testing.T) {
	dir := t.TempDir()
	r := store.Record{Key: "a", Version: 1, Schema: 1, Body: []byte(`{}`)}
	for round := range 2 {
		server := start(t, "127.0.0.1:0", dir)
		b := open(t, server.URI("lasting"))
		if round == 0 {
			if err := b.Insert(t.Context(), "plain", r); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := b.Get(t.Context(), "plain", "a"); err != nil || string(got.Body) != "{}" {
			t.Errorf("round %d: got %v, error %v", round, got, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}
}
