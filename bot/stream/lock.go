package stream

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// LockDir makes the directory, if need be, and locks it for this process by way of DIR/lock. The system releases the
// lock when the process ends, however it ends. An error that is ErrLocked names the process that holds it. Release
// may be called more than once.
func LockDir(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	if err := lockFile(f); err != nil {
		holder, _ := os.ReadFile(path)
		return nil, errors.Join(lockError(dir, strings.TrimSpace(string(holder)), err), f.Close())
	}
	if err := writeHolder(f); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the data directory: %w", err), f.Close())
	}
	var once sync.Once
	return func() { once.Do(func() { _ = f.Close() }) }, nil // closing unlocks; the file stays, for removing it would race
}

// writeHolder leaves this process's number for whoever finds the directory locked.
func writeHolder(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

func lockError(dir, holder string, err error) error {
	if !errors.Is(err, errHeld) {
		return fmt.Errorf("locking the data directory %s: %w", dir, err)
	}
	who := "another process"
	if holder != "" {
		who = "process " + holder
	}
	return fmt.Errorf("%w: %s is used by %s; stop it, or choose another directory for this one", ErrLocked, dir, who)
}

// errHeld says that somebody else holds a file's lock.
var errHeld = errors.New("held by somebody else")
