package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/store"
	"playcaller/store/storetest"
)

func record(key string, version int64, body string) store.Record {
	return store.Record{Key: key, Version: version, Schema: 1, Body: []byte(body)}
}

func insert(t testing.TB, s *Store, rs ...store.Record) {
	t.Helper()
	for _, r := range rs {
		if err := s.Insert(t.Context(), "plain", r); err != nil {
			t.Fatal(err)
		}
	}
}

// wantText checks that an error is of a kind and says what to do.
func wantText(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want one that is %q", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
}

// foreign opens the file without this package's checks.
func foreign(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestFoldersAreMadeAndPathsMayBeOdd(t *testing.T) {
	for _, name := range []string{"a/b/c.db", "with space.db", "per%20cent.db", "question?mark=1&_pragma=x.db", "hash#1.db", "顧客.db", "file:x.db"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := Open(t.Context(), path, storetest.Collections())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		insert(t, s, record("a", 0, "{}"))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the file is elsewhere: %v", err)
		}
		if _, err := os.Stat(path + "-wal"); err == nil {
			t.Errorf("%s: the WAL is left behind after closing", name)
		}
	}
}

func TestFilesThatAreNotOursAreRefusedAndLeftAlone(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		kind error
		text string
	}{
		{"a text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("account,plan\nacme,pro\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, store.ErrUnavailable, "not a SQLite database; name another file"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}, store.ErrUnavailable, "cannot be opened"},
		{"another program's database", func(t *testing.T, path string) {
			run(t, foreign(t, path), "CREATE TABLE songs (title)")
		}, errForeign, "belongs to another program; name another file"},
		{"another program's empty database", func(t *testing.T, path string) {
			run(t, foreign(t, path), "PRAGMA application_id = 7; CREATE TABLE x (y); DROP TABLE x")
		}, errForeign, "belongs to another program"},
		{"a newer program's store", func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			run(t, foreign(t, path), "PRAGMA user_version = 2")
		}, store.ErrNewer, "has form 2, this program knows up to 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			c.make(t, path)
			before, _ := os.ReadFile(path) // a folder has no content to compare
			_, err := Open(t.Context(), path, storetest.Collections())
			wantText(t, err, c.kind, c.text, path)
			after, _ := os.ReadFile(path)
			if c.name == "a text" && string(before) != string(after) {
				t.Error("the file has been changed")
			}
		})
	}
}

func TestAFullDiskIsUnavailableUntilThereIsRoom(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	insert(t, s, record("a", 0, `{"n":1}`))
	var pages, most int
	if err := s.writes.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		if err := s.writes.conn.QueryRowContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)).Scan(&most); err != nil {
			t.Fatal(err)
		}
	}
	limit(pages)
	big := record("b", 0, strings.Repeat("x", 100_000))
	wantText(t, s.Insert(t.Context(), "plain", big), store.ErrUnavailable, "the disk is full; free some space", s.path)
	_, err := s.BulkReplace(t.Context(), "plain", []store.Record{record("a", 1, `{"n":2}`), big})
	wantText(t, err, store.ErrUnavailable, "the disk is full")
	if r, err := s.Get(t.Context(), "plain", "a"); err != nil || string(r.Body) != `{"n":1}` {
		t.Errorf("while the disk is full: got %s, error %v", r.Body, err)
	}
	limit(pages + 1000)
	if conflicts, err := s.BulkReplace(t.Context(), "plain", []store.Record{record("a", 1, `{"n":2}`), big}); err != nil || len(conflicts) > 0 {
		t.Errorf("after room was made: conflicts %v, error %v", conflicts, err)
	}
}

func TestAReadOnlyFileSaysSo(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("nothing is read-only for root")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, storetest.Collections())
	wantText(t, err, store.ErrUnavailable, "read-only")
}

func TestAnIndexThatIsAddedLaterFindsWhatIsWrittenFromThenOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	with := func(indexes ...string) *Store {
		s, err := Open(t.Context(), path, []store.Collection{{Name: "plain", Indexes: indexes}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := with()
	insert(t, s, record("old", 0, "{}"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = with("size")
	defer s.Close()
	r := record("new", 0, "{}")
	r.Fields = map[string]any{"size": int64(1)}
	insert(t, s, r)
	rs, err := s.Find(t.Context(), "plain", store.Query{Field: "size"})
	r.Version = 1
	if diff := cmp.Diff([]store.Record{r}, rs); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

// TestEveryQueryUsesAnIndex reads SQLite's plans: none may sort or scan a table
// for a field.
func TestEveryQueryUsesAnIndex(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "x.db"))
	at := &store.Position{Value: int64(1), Key: "k"}
	for _, q := range []store.Query{
		{Field: "due", Equal: int64(1)},
		{Field: "due", Equal: int64(1), After: at, Desc: true, Limit: 5},
		{Field: "due", From: int64(1)},
		{Field: "due", To: int64(1), Desc: true},
		{Field: "due", From: int64(1), To: int64(9), After: at, Limit: 3},
		{Field: "due", From: "a", To: "b", KeysOnly: true},
		{Field: "due", Desc: true, Limit: 1},
		{Field: "due", After: at},
		{Limit: 10, After: &store.Position{Key: "k"}},
		{Equal: "k"},
	} {
		text, args := s.tables["things"].findSQL(q)
		rows, err := s.reads.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var a, b, c int
			var plan string
			if err := rows.Scan(&a, &b, &c, &plan); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(plan, "USING INDEX") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s\n  %s", text, plan)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// locked keeps the file locked, as another process may, until released.
func locked(t *testing.T, path string) (release func()) {
	t.Helper()
	conn, err := foreign(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	do := func(text string) {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	do("BEGIN IMMEDIATE")
	return func() {
		do("ROLLBACK")
		conn.Close()
	}
}

// patience is how long a test waits for what must come. It is long because machines that run tests are slow.
const patience = 2 * time.Minute

// patient has the store wait as long for a file that the test has locked.
func patient(t *testing.T, s *Store) *Store {
	t.Helper()
	if _, err := s.writes.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA busy_timeout = %d", patience.Milliseconds())); err != nil {
		t.Fatal(err)
	}
	return s
}

// waitFor lets others run until the condition holds.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it has not come to what the test waits for")
		}
	}
}

// occupy has the writer take up a write of its own, so that all others wait in
// the queue while the file is locked.
func occupy(t *testing.T, s *Store, all *sync.WaitGroup) {
	t.Helper()
	table := s.tables["plain"]
	first := &write{table: table, rows: []row{table.row(record("first", 0, "{}"))}}
	all.Go(func() {
		if err := s.writes.do(t.Context(), first); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, func() bool { return first.state.Load() == taken })
}

func TestWaitingWritesShareATransaction(t *testing.T) {
	s := patient(t, open(t, filepath.Join(t.TempDir(), "x.db")))
	release := locked(t, s.path)
	const writes = 100
	var all sync.WaitGroup
	occupy(t, s, &all)
	for i := range writes {
		all.Go(func() {
			if err := s.Insert(t.Context(), "plain", record(fmt.Sprint(i), 0, "{}")); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, func() bool { return len(s.writes.queue) == writes })
	release()
	all.Wait()
	var busy, pages, moved int
	if err := s.reads.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &moved); err != nil {
		t.Fatal(err)
	}
	if pages < 2 || pages > writes {
		t.Errorf("the WAL holds %d pages after %d writes; each alone writes at least 2, all together a few", pages, writes)
	}
}

func TestAWriteWhoseContextEndsInTheQueueIsNotCarriedOut(t *testing.T) {
	s := patient(t, open(t, filepath.Join(t.TempDir(), "x.db")))
	release := locked(t, s.path)
	var all sync.WaitGroup
	occupy(t, s, &all)
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error)
	go func() { given <- s.Insert(ctx, "plain", record("second", 0, "{}")) }()
	waitFor(t, func() bool { return len(s.writes.queue) == 1 })
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	release()
	all.Wait()
	insert(t, s, record("third", 0, "{}"))
	rs, err := s.Find(t.Context(), "plain", store.Query{})
	if err != nil || len(rs) != 2 {
		t.Errorf("got %d records, error %v, want first and third", len(rs), err)
	}
}
