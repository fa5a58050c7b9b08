package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"playcaller/store"
	"playcaller/store/storetest"
)

func TestABackupIsAStoreAsItWasAtOneMoment(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "x.db"))
	pair := func(n int64) []store.Record {
		return []store.Record{record("a", n, fmt.Sprint(n)), record("b", n, fmt.Sprint(n))}
	}
	g, ctx := errgroup.WithContext(t.Context())
	begun, stop := make(chan struct{}), make(chan struct{})
	g.Go(func() error {
		for n := int64(0); ; n++ {
			if conflicts, err := s.BulkReplace(ctx, "plain", pair(n)); err != nil || len(conflicts) > 0 {
				return fmt.Errorf("round %d: conflicts %v, error %v", n, conflicts, err)
			}
			if n == 10 {
				close(begun)
			}
			select {
			case <-stop:
				return nil
			default:
			}
		}
	})
	<-begun
	to := filepath.Join(dir, "backups", "1.db")
	err := s.Backup(t.Context(), to)
	close(stop)
	if err := errors.Join(err, g.Wait()); err != nil {
		t.Fatal(err)
	}
	copied := open(t, to)
	rs, err := copied.Find(t.Context(), "plain", store.Query{})
	if err != nil || len(rs) != 2 {
		t.Fatalf("got %d records, error %v", len(rs), err)
	}
	if string(rs[0].Body) != string(rs[1].Body) || rs[0].Version < 11 {
		t.Errorf("the copy is not of one moment: %s and %s, version %d", rs[0].Body, rs[1].Body, rs[0].Version)
	}
	if err := copied.Replace(t.Context(), "plain", rs[0]); err != nil {
		t.Errorf("the copy cannot be written: %v", err)
	}
}

func TestABackupOverwritesNothingAndLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "x.db"))
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"a file":              there,
		"the store itself":    s.path,
		"a folder":            dir,
		"below a file":        filepath.Join(there, "x.db"),
		"with a NUL in it":    filepath.Join(dir, "a\x00b"),
		"a name far too long": filepath.Join(dir, strings.Repeat("x", 300)),
	} {
		if err := s.Backup(t.Context(), to); err == nil {
			t.Errorf("a backup to %s succeeded", name)
		}
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "mine" {
		t.Errorf("the file that was there holds %q, error %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.partial"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestABackupMayFollowOneThatWasCutOff(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "x.db"))
	insert(t, s, record("a", 0, "{}"))
	to := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(to+".partial", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	copied, err := Open(t.Context(), to, storetest.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if _, err := copied.Get(t.Context(), "plain", "a"); err != nil {
		t.Error(err)
	}
}
