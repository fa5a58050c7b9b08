package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup writes a copy of the store, as it is at this moment, to a new file
// while reads and writes go on. The copy holds no free pages and is itself a
// store that [Open] opens. It is complete and on the disk, or not there at all.
// An existing file is not overwritten.
func (s *Store) Backup(ctx context.Context, to string) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up to %s: something is there already; name another file", to)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("back up to %s: %w", to, err)
	}
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up to %s: %w", to, err)
	}
	if err := s.copyTo(ctx, partial); err != nil {
		return errors.Join(s.failed("back up", err), remove(partial))
	}
	if err := publish(partial, to); err != nil {
		return errors.Join(fmt.Errorf("back up to %s: %w", to, err), remove(partial))
	}
	return nil
}

// copyTo copies by a connection of its own, for it holds one for long.
func (s *Store) copyTo(ctx context.Context, to string) error {
	db, err := sql.Open("sqlite", dsn(s.path))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// publish gives the finished file its name; all of it is on the disk then.
func publish(partial, to string) error {
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
