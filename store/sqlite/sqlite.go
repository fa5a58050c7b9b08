// Package sqlite keeps the store in one SQLite file: the default, with nothing
// to install.
//
// The file is in WAL mode with synchronous=FULL, so that a write is on the disk
// when its call returns. One connection writes; the writes of many goroutines
// that wait at the same moment share one transaction and one sync. A few other
// connections read, and never wait for the writer.
//
// A collection is a table:
//
//	key TEXT PRIMARY KEY, v INTEGER, s INTEGER, body BLOB, f_NAME…
//
// with one column and one index for each indexed field. Bodies are stored as
// they are: series are dense already, and compressing them with zstd slowed
// bulk writes to a third.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"playcaller/store"
)

const (
	// busyTimeout is how long to wait for another process that has the file
	// locked, such as somebody's sqlite3 shell.
	busyTimeout = 5 * time.Second

	// readers is the number of connections that read at the same time.
	readers = 4
)

// Store is a [store.Backend] in a SQLite file.
type Store struct {
	path   string
	schema store.Schema
	tables map[string]*table

	reads  *sql.DB
	writes *writer

	// open is held for reading by every call under way, so that Close waits
	// for them.
	open   sync.RWMutex
	closed bool
	found  sync.Map // SQL text of a query -> *sql.Stmt
}

// Open opens the file at path, making it and its folder if they are missing,
// and the tables and indexes of the collections. It returns [store.ErrNewer]
// for a file that a newer program has made, [store.ErrUnavailable] if the file
// cannot be opened or written, and says so if the file is not one of ours.
func Open(ctx context.Context, path string, collections []store.Collection) (*Store, error) {
	schema, err := store.NewSchema(collections)
	if err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("open store %s: %w: make its folder: %w", path, store.ErrUnavailable, err)
	}
	s := &Store{path: path, schema: schema, tables: make(map[string]*table, len(schema))}
	for name, c := range schema {
		s.tables[name] = newTable(c)
	}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// start connects, brings the file to the present form and starts the writer.
func (s *Store) start(ctx context.Context) error {
	db, err := sql.Open("sqlite", dsn(s.path, "journal_mode(WAL)", "synchronous(FULL)",
		"journal_size_limit(67108864)", "wal_autocheckpoint(2000)"))
	if err != nil {
		return s.failed("open", err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err == nil {
		err = prepareFile(ctx, conn, s.tables)
	}
	if err == nil {
		s.writes, err = newWriter(ctx, db, conn, s.tables, s.failed)
	}
	if err != nil {
		db.Close()
		return s.failed("open", err)
	}
	s.reads, err = sql.Open("sqlite", dsn(s.path, "query_only(1)"))
	if err == nil {
		s.reads.SetMaxOpenConns(readers)
		s.reads.SetMaxIdleConns(readers)
		for _, t := range s.tables {
			if t.get, err = s.reads.PrepareContext(ctx, t.selectSQL(false)+" WHERE key = ?"); err != nil {
				break
			}
		}
	}
	if err != nil {
		s.Close()
		return s.failed("open", err)
	}
	return nil
}

func dsn(path string, pragmas ...string) string {
	u := url.URL{Path: path}
	parts := []string{fmt.Sprintf("_pragma=busy_timeout(%d)", busyTimeout.Milliseconds())}
	for _, p := range pragmas {
		parts = append(parts, "_pragma="+p)
	}
	return "file:" + u.EscapedPath() + "?" + strings.Join(parts, "&")
}

// begin keeps the store open until the returned function is called.
func (s *Store) begin(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.open.RLock()
	if s.closed {
		s.open.RUnlock()
		return nil, fmt.Errorf("store %s: %w: it has been closed", s.path, store.ErrUnavailable)
	}
	return s.open.RUnlock, nil
}

// Get implements [store.Backend].
func (s *Store) Get(ctx context.Context, collection, key string) (store.Record, error) {
	if _, err := s.schema.Collection(collection); err != nil {
		return store.Record{}, err
	}
	end, err := s.begin(ctx)
	if err != nil {
		return store.Record{}, err
	}
	defer end()
	t := s.tables[collection]
	rs, err := s.read(ctx, t, t.get, []any{key}, false)
	if err != nil {
		return store.Record{}, s.failed("read", err)
	}
	if len(rs) == 0 {
		return store.Record{}, store.ErrNotFound
	}
	return rs[0], nil
}

// Find implements [store.Backend].
func (s *Store) Find(ctx context.Context, collection string, q store.Query) ([]store.Record, error) {
	if _, err := s.schema.Query(collection, q); err != nil {
		return nil, err
	}
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	t := s.tables[collection]
	text, args := t.findSQL(q)
	stmt, err := s.prepared(ctx, text)
	if err != nil {
		return nil, s.failed("read", err)
	}
	rs, err := s.read(ctx, t, stmt, args, q.KeysOnly)
	if err != nil {
		return nil, s.failed("read", err)
	}
	return rs, nil
}

// prepared keeps one statement for each form of query; the forms are few, since
// values are arguments.
func (s *Store) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.found.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.reads.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if first, raced := s.found.LoadOrStore(text, stmt); raced {
		stmt.Close()
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

func (s *Store) read(ctx context.Context, t *table, stmt *sql.Stmt, args []any, keysOnly bool) (rs []store.Record, err error) {
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // SQLite only says that it was interrupted
		}
	}()
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scan(t, rows, keysOnly)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, rows.Err()
}

func scan(t *table, rows *sql.Rows, keysOnly bool) (store.Record, error) {
	var r store.Record
	values := make([]any, len(t.indexes))
	into := []any{&r.Key, &r.Version, &r.Schema}
	if !keysOnly {
		into = append(into, &r.Body)
	}
	for i := range values {
		into = append(into, &values[i])
	}
	if err := rows.Scan(into...); err != nil {
		return r, err
	}
	for i, v := range values {
		if v == nil {
			continue
		}
		if r.Fields == nil {
			r.Fields = make(map[string]any, len(values))
		}
		r.Fields[t.indexes[i]] = v
	}
	return r, nil
}

// Insert implements [store.Backend].
func (s *Store) Insert(ctx context.Context, collection string, r store.Record) error {
	r.Version = 0
	conflicts, err := s.BulkReplace(ctx, collection, []store.Record{r})
	if err == nil && len(conflicts) > 0 {
		return store.ErrExists
	}
	return err
}

// Replace implements [store.Backend].
func (s *Store) Replace(ctx context.Context, collection string, r store.Record) error {
	if r.Version == 0 {
		return fmt.Errorf("%w: a record of version 0 has never been stored and cannot be replaced", store.ErrInvalid)
	}
	conflicts, err := s.BulkReplace(ctx, collection, []store.Record{r})
	if err == nil && len(conflicts) > 0 {
		return store.ErrConflict
	}
	return err
}

// BulkReplace implements [store.Backend]. Large calls are written as several
// transactions, so that small writes of others get their turn in between.
func (s *Store) BulkReplace(ctx context.Context, collection string, rs []store.Record) (conflicts []string, err error) {
	if _, err := s.schema.Records(collection, rs...); err != nil {
		return nil, err
	}
	end, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	t := s.tables[collection]
	for len(rs) > 0 {
		w := &write{table: t}
		n, size := 0, 0
		for n < len(rs) && n < maxGroup && size < maxGroupBytes {
			w.rows = append(w.rows, t.row(rs[n]))
			size += len(rs[n].Body)
			n++
		}
		if err := s.writes.do(ctx, w); err != nil {
			return nil, err
		}
		for _, i := range w.missed {
			conflicts = append(conflicts, rs[i].Key)
		}
		rs = rs[n:]
	}
	return conflicts, nil
}

// Delete implements [store.Backend].
func (s *Store) Delete(ctx context.Context, collection, key string, version int64) error {
	if _, err := s.schema.Collection(collection); err != nil {
		return err
	}
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	w := &write{table: s.tables[collection], rows: []row{{key: key, version: version, remove: true}}}
	if err := s.writes.do(ctx, w); err != nil {
		return err
	}
	if len(w.missed) > 0 && version != 0 {
		return store.ErrConflict
	}
	return nil
}

// Close implements [store.Backend]. It may be called again.
func (s *Store) Close() error {
	s.open.Lock()
	defer s.open.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var err error
	if s.reads != nil {
		err = s.reads.Close()
	}
	err = errors.Join(err, s.writes.close()) // last, since it moves the WAL into the file
	if err != nil {
		return s.failed("close", err)
	}
	return nil
}
