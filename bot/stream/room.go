package stream

import (
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The embedded server does not outlive a write that finds the disk full: the lane's stream then takes nothing more
// until a restart. So publishing stops while there is still room, Bulk before Now, and goes on by itself when room
// has been made. What gets past that, such as an I/O error, is found by asking the server after its health.

// keepFree is what must be free on the disk for a lane to be written.
var keepFree = [lanes]uint64{Now: 16 << 20, Bulk: 64 << 20}

// room knows how much is free on the embedded server's disk, to within checkRoomEvery.
type room struct {
	dir  string
	free func(dir string) (uint64, error)

	mu      sync.Mutex
	left    uint64
	err     error
	checked time.Time
}

const checkRoomEvery = 50 * time.Millisecond

// check returns ErrFull when the lane may not be written for want of room. A disk that cannot be asked counts as roomy.
func (r *room) check(l Lane) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.checked) > checkRoomEvery {
		r.left, r.err = r.free(r.dir)
		r.checked = time.Now()
	}
	if r.err != nil || r.left >= keepFree[l] {
		return nil
	}
	return fmt.Errorf("%w: the disk of %s has %d MiB left, of which %d are kept free; make room there",
		ErrFull, r.dir, r.left>>20, keepFree[l]>>20)
}

// askAfter is how long an acknowledgement of the embedded server may take before it is asked whether the stream still
// works: it does not answer publications that it cannot store.
const askAfter = 500 * time.Millisecond

// broken returns why the embedded server no longer writes the stream, or any stream where none is named.
func (s *Stream) broken(stream string) error {
	if s.embedded == nil {
		return nil
	}
	health := s.embedded.Healthz(&server.HealthzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Stream: stream})
	if health.Status == "ok" {
		return nil
	}
	return fmt.Errorf("%w: %s; check the disk of %s, then restart", ErrUnavailable, health.Error, s.options.Dir)
}
