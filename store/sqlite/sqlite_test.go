package sqlite

import (
	"path/filepath"
	"testing"

	"playcaller/store"
	"playcaller/store/storetest"
)

// open opens the file and closes it when the test ends.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, storetest.Collections())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestBackend(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) store.Backend { return open(t, filepath.Join(t.TempDir(), "playcaller.db")) },
		storetest.Options{
			Reopen: func(t *testing.T, b store.Backend) store.Backend {
				s := b.(*Store)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, s.path)
			},
			Second: func(t *testing.T, b store.Backend) store.Backend { return open(t, b.(*Store).path) },
			BreakWrites: func(t *testing.T, b store.Backend) {
				if _, err := b.(*Store).writes.conn.ExecContext(t.Context(), "PRAGMA query_only = 1"); err != nil {
					t.Fatal(err)
				}
			},
			BreakAll: func(t *testing.T, b store.Backend) {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
			},
		})
}
