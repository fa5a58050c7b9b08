package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
)

const (
	// maxGroup is the greatest number of rows of one write, and of writes that
	// share a transaction.
	maxGroup = 512

	// maxGroupBytes is about how many bytes of bodies go into one transaction.
	// At the 100 MB/s of a modest disk it keeps others waiting for 20 ms.
	maxGroupBytes = 2 << 20
)

// write is what one call wants written. Its rows are written or missed each on
// its own, or the whole write fails.
type write struct {
	table  *table
	rows   []row
	missed []int // the rows whose version was not there

	state atomic.Int32
	done  chan error
}

// The states of a write. Whoever moves it on from waiting decides: the writer,
// which then carries it out, or the caller, whose context has ended.
const (
	waiting = iota
	taken
	givenUp
)

// writer carries out all writes on one connection. Those that have come in
// while a transaction was under way share the next one.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	inserts  map[*table]*sql.Stmt
	replaces map[*table]*sql.Stmt
	failed   func(what string, err error) error

	queue   chan *write
	stopped chan struct{}
}

// newWriter starts the writer; it owns conn and db from then on.
func newWriter(ctx context.Context, db *sql.DB, conn *sql.Conn, tables map[string]*table, failed func(string, error) error) (*writer, error) {
	w := &writer{
		db: db, conn: conn, failed: failed,
		inserts:  make(map[*table]*sql.Stmt),
		replaces: make(map[*table]*sql.Stmt),
		queue:    make(chan *write, maxGroup),
		stopped:  make(chan struct{}),
	}
	for _, t := range tables {
		var err error
		if w.inserts[t], err = conn.PrepareContext(ctx, t.insertSQL); err != nil {
			return nil, err
		}
		if w.replaces[t], err = conn.PrepareContext(ctx, t.replaceSQL); err != nil {
			return nil, err
		}
	}
	go w.run()
	return w, nil
}

// do has the write carried out and waits until it is on the disk. If the
// context ends before the writer has taken it up, it is not carried out;
// afterwards its outcome is waited for.
func (w *writer) do(ctx context.Context, x *write) error {
	x.done = make(chan error, 1)
	select {
	case w.queue <- x:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-x.done:
		return err
	case <-ctx.Done():
		if x.state.CompareAndSwap(waiting, givenUp) {
			return ctx.Err()
		}
		return <-x.done
	}
}

// close waits for the writes in the queue and closes the connection. SQLite
// really closes it, and moves the WAL into the file, once all its statements
// are closed.
func (w *writer) close() error {
	close(w.queue)
	<-w.stopped
	var errs []error
	for _, statements := range []map[*table]*sql.Stmt{w.inserts, w.replaces} {
		for _, stmt := range statements {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}

func (w *writer) run() {
	defer close(w.stopped)
	var group []*write
	for x := range w.queue {
		group, size := append(group[:0], x), x.bytes()
		for more := true; more && len(group) < maxGroup && size < maxGroupBytes; {
			select {
			case y, ok := <-w.queue:
				if ok {
					group = append(group, y)
					size += y.bytes()
				}
				more = ok
			default:
				more = false
			}
		}
		w.commit(group)
	}
}

// bytes is about what the write adds to the file.
func (x *write) bytes() int {
	n := 0
	for _, r := range x.rows {
		n += 100
		for _, a := range r.args {
			if body, ok := a.([]byte); ok {
				n += len(body)
			}
		}
	}
	return n
}

// commit carries out the writes in one transaction and answers their callers.
// An error of SQLite is of the file or the disk, not of a row, and meets all.
func (w *writer) commit(group []*write) {
	kept := group[:0]
	for _, x := range group {
		if x.state.CompareAndSwap(waiting, taken) {
			kept = append(kept, x)
		}
	}
	if len(kept) == 0 {
		return
	}
	err := w.transact(kept)
	if err != nil {
		err = w.failed("write", err)
	}
	for _, x := range kept {
		x.done <- err
	}
}

func (w *writer) transact(group []*write) error {
	ctx := context.Background() // callers wait for what has been taken up
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := w.apply(ctx, group)
	if err == nil {
		_, err = w.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// SQLite may have rolled back by itself; then this fails, rightly.
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
	}
	return err
}

func (w *writer) apply(ctx context.Context, group []*write) error {
	for _, x := range group {
		for i, r := range x.rows {
			n, err := w.applyRow(ctx, x.table, r)
			if err != nil {
				return err
			}
			if n == 0 {
				x.missed = append(x.missed, i)
			}
		}
	}
	return nil
}

// applyRow returns the number of rows written, 0 or 1.
func (w *writer) applyRow(ctx context.Context, t *table, r row) (int64, error) {
	var done sql.Result
	var err error
	switch {
	case r.remove:
		done, err = w.conn.ExecContext(ctx, "DELETE FROM c_"+t.name+" WHERE key = ? AND (v = ? OR ? = 0)", r.key, r.version, r.version)
	case r.version == 0:
		done, err = w.inserts[t].ExecContext(ctx, r.args...)
	default:
		done, err = w.replaces[t].ExecContext(ctx, r.args...)
	}
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
