package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// calling is a drawing that calls other systems, what it called and what it reported.
type calling struct {
	*drawing
	clock *clockwork.FakeClock
	stop  context.CancelFunc

	mu       sync.Mutex
	called   []string
	reported []string
	answer   func(key string, times int) error // what a system says to a call that comes for so many times
	lost     int                               // so many reports cannot be written
}

func newCalling(answer func(key string, times int) error) *calling {
	c := &calling{answer: answer, clock: clockwork.NewFakeClockAt(time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC))}
	times := map[string]int{}
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	w := &Worker{o: Options{Clock: c.clock, Logger: slog.New(slog.DiscardHandler), Call: func(_ context.Context, _ string, out store.Outgoing) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		times[out.Key]++
		c.called = append(c.called, out.Key)
		return c.answer(out.Key, times[out.Key])
	}}}
	c.drawing = newDrawing(ctx, w)
	c.publish = func(_ context.Context, _ stream.Lane, events ...stream.Event) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.lost--; c.lost >= 0 {
			return errors.New("the stream is full")
		}
		var s inbox.Sent
		if err := json.Unmarshal(events[0].Data, &s); err != nil {
			return err
		}
		c.reported = append(c.reported, fmt.Sprintf("%s %q", s.Key, s.Error))
		return nil
	}
	return c
}

// calls hands over calls that runs wait for during half an hour.
func (c *calling) calls(keys ...string) {
	var outs []store.Outgoing
	for _, key := range keys {
		outs = append(outs, store.Outgoing{Key: key, Kind: "webhook", Effect: &playbooks.Effect{Until: c.clock.Now().Add(30 * time.Minute)}})
	}
	c.add(hookChannel("crm"), outs)
}

func TestACallThatIsNotTakenDoesNotHoldUpThoseBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCalling(func(key string, _ int) error {
			if key == "poisoned" {
				return errors.New("500 Internal Server Error")
			}
			return nil
		})
		c.calls("first", "poisoned", "second", "third")
		synctest.Wait()
		if diff := cmp.Diff([]string{`first ""`, `second ""`, `third ""`}, c.reported); diff != "" {
			t.Errorf("before anything was tried again (-want +got):\n%s", diff)
		}
		if n := c.w.drawing.Load(); n != 0 {
			t.Errorf("the wait for the next attempt counts as %d calls under way", n)
		}
		time.Sleep(6 * time.Second)
		c.clock.Advance(time.Hour)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := c.reported[len(c.reported)-1]; got != `poisoned "the play has gone on without it"` {
			t.Errorf("at last %s was reported", got)
		}
		c.stop()
		c.wait()
	})
}

func TestWhatBecameOfACallIsNotAskedAgainWhereItCouldNotBeWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCalling(func(_ string, times int) error {
			if times > 1 {
				return fmt.Errorf("%w: 409 Conflict", ErrRefused)
			}
			return nil
		})
		c.lost = 3
		c.calls("once")
		synctest.Wait()
		c.clock.Advance(time.Hour) // the run has gone on by now
		time.Sleep(time.Hour)
		synctest.Wait()
		if diff := cmp.Diff([]string{`once ""`}, c.reported); diff != "" {
			t.Errorf("reported (-want +got):\n%s", diff)
		}
		if len(c.called) != 1 {
			t.Errorf("it was called %d times", len(c.called))
		}
		c.stop()
		c.wait()
	})
}
