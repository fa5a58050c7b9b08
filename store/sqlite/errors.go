package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"playcaller/store"
)

var errForeign = errors.New("the file belongs to another program; name another file")

// advice says for SQLite's primary result codes what is the matter and what to
// do (https://www.sqlite.org/rescode.html).
var advice = map[int]string{
	lib.SQLITE_FULL:     "the disk is full; free some space, the store goes on by itself",
	lib.SQLITE_READONLY: "the file or its folder is read-only; make both writable for this user",
	lib.SQLITE_CANTOPEN: "the file cannot be opened; see that its folder exists and this user may write there",
	lib.SQLITE_PERM:     "this user may not open the file; change its permissions",
	lib.SQLITE_IOERR:    "the disk failed; look at the system's log, and see that the disk is not full",
	lib.SQLITE_BUSY:     "another process keeps the file locked; stop it",
	lib.SQLITE_LOCKED:   "another process keeps the file locked; stop it",
	lib.SQLITE_PROTOCOL: "another process keeps the file locked; stop it",
	lib.SQLITE_NOMEM:    "memory has run out",
	lib.SQLITE_CORRUPT:  "the file is damaged; restore it from a backup",
	lib.SQLITE_NOTADB:   "the file is not a SQLite database; name another file, or move this one away",
}

// failed says what was tried on which file, and turns an error of SQLite into
// [store.ErrUnavailable] with advice. Other errors keep their kind.
func (s *Store) failed(what string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%s store %s: %w", what, s.path, err)
	}
	code := e.Code() & 0xff
	if say, ok := advice[code]; ok {
		return fmt.Errorf("%s store %s: %w: %s (%w)", what, s.path, store.ErrUnavailable, say, err)
	}
	return fmt.Errorf("%s store %s: %w: %w", what, s.path, store.ErrUnavailable, err)
}
