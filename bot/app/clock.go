package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// Clock is business time that can be turned: real time and an offset, which is kept in a file so that a restart never goes
// back. Its timers and sleeps are those of real time; whoever waits for business time looks at Now.
type Clock struct {
	clockwork.Clock
	path string

	mu    sync.Mutex
	state clockState
}

type clockState struct {
	Offset time.Duration `json:"offset"` // nanoseconds
	Last   time.Time     `json:"last"`   // business time was at least this
	Start  time.Time     `json:"start"`  // real time of the first start
}

// OpenClock reads the clock's file, or begins one that stands `back` behind real time.
func OpenClock(path string, back time.Duration) (*Clock, error) {
	c := &Clock{Clock: clockwork.NewRealClock(), path: path}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		now := time.Now()
		c.state = clockState{Offset: -back, Last: now.Add(-back), Start: now}
		return c, c.save()
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(data, &c.state); err != nil {
		return nil, fmt.Errorf("%s: %w; delete the data directory to begin anew", path, err)
	}
	if now := time.Now().Add(c.state.Offset); now.Before(c.state.Last) { // the machine's clock was put back
		c.state.Offset += c.state.Last.Sub(now)
	}
	return c, nil
}

// Now returns the business time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.state.Offset).Round(0).UTC()
}

// Since returns the business time that passed since t.
func (c *Clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Start returns the real time of the first start.
func (c *Clock) Start() time.Time { return c.state.Start }

// Set turns the clock to a later time; an earlier one changes nothing.
func (c *Clock) Set(to time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset := time.Until(to); offset > c.state.Offset {
		c.state.Offset = offset
		c.state.Last = to
		return c.save()
	}
	return nil
}

// save replaces the file whole, so that a crash leaves the old or the new one.
func (c *Clock) save() error {
	data, err := json.Marshal(c.state)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".clock-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error at hand says more
	}
	return err
}
