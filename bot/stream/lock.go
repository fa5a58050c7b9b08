package stream

import "errors"

// LockDir makes the directory, if need be, and locks it for this process by an flock on DIR/lock. The kernel releases the lock when
// the process ends, however it ends. ErrLocked names the process that holds it.
func LockDir(dir string) (release func(), err error) { return nil, errors.ErrUnsupported }
