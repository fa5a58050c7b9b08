// Package ferrettest runs FerretDB v1, a server that speaks MongoDB's protocol
// and keeps its data in SQLite files, for tests and for trying things where no
// MongoDB is at hand. It is a module of its own, so that the program does not
// depend on FerretDB.
//
// FerretDB v1 does not make replacements atomic: two at once of one document
// may both succeed. With a single connection there are never two, so every URI
// from here says maxPoolSize=1; and only one process may use such a server. It
// also reads without indexes. It is not for production.
//
// The suite of package storetest over it:
//
//	cd store/mongo/ferrettest && go test ./...
//
// The sandbox with a FerretDB in place of SQLite, in two terminals:
//
//	cd store/mongo/ferrettest && go run ./cmd --addr 127.0.0.1:27018 --data /tmp/ferret
//	MONGODB_URI='mongodb://127.0.0.1:27018/playcaller?maxPoolSize=1' go run ./bot sandbox
package ferrettest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// Server is a FerretDB that listens on a TCP address of this machine.
type Server struct {
	uri    string
	cancel context.CancelFunc
	ended  chan error
}

// Start starts a server that listens on addr, such as 127.0.0.1:0, and keeps
// its data in the folder dir, which is made if it is missing.
func Start(addr, dir string, logger *slog.Logger) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start FerretDB in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start FerretDB in %s: %w", dir, err)
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: addr},
		Logger:    logger,
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir + "/",
	})
	if err != nil {
		return nil, fmt.Errorf("start FerretDB on %s: %w", addr, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{uri: f.MongoDBURI(), cancel: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- f.Run(ctx) }()
	return s, nil
}

// URI returns where the server is, with the given database.
func (s *Server) URI(database string) string {
	return s.uri + database + "?maxPoolSize=1"
}

// Stop closes all connections and waits until the server has ended. It may be
// called once.
func (s *Server) Stop() error {
	s.cancel()
	return <-s.ended
}
