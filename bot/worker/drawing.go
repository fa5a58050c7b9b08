package worker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/sender"
	"playcaller/bot/stream"
	"playcaller/store"
)

// drawing makes messages of what is handed over and gives them to the sender, in order within a channel. It never holds up
// the owner: names and channels may have to be asked of Slack, and what is drawn reads accounts that the owner holds. A
// channel that cannot be drawn holds up no other.
type drawing struct {
	w       *Worker
	ctx     context.Context // of the tenure
	publish func(ctx context.Context, lane stream.Lane, events ...stream.Event) error
	retries chan struct{} // calls of other systems that are repeated just now

	mu      sync.Mutex
	waiting map[string][]store.Outgoing // by channel; an entry means that a goroutine draws it
	done    sync.WaitGroup
}

func newDrawing(ctx context.Context, w *Worker) *drawing {
	return &drawing{w: w, ctx: ctx, publish: w.o.Stream.Publish, retries: make(chan struct{}, retriesAtOnce), waiting: map[string][]store.Outgoing{}}
}

// add hands over messages of one channel.
func (d *drawing) add(channel string, out []store.Outgoing) {
	d.w.drawing.Add(int64(len(out)))
	d.mu.Lock()
	defer d.mu.Unlock()
	_, busy := d.waiting[channel]
	d.waiting[channel] = append(d.waiting[channel], out...)
	if !busy {
		d.done.Go(func() { d.work(channel) })
	}
}

// work draws what waits in one channel until nothing does, or the tenure ends.
func (d *drawing) work(channel string) {
	for {
		d.mu.Lock()
		queue := d.waiting[channel]
		if len(queue) == 0 || d.ctx.Err() != nil {
			delete(d.waiting, channel)
			d.mu.Unlock()
			d.w.drawing.Add(-int64(len(queue)))
			return
		}
		d.waiting[channel] = queue[1:]
		d.mu.Unlock()
		if strings.HasPrefix(channel, hookPrefix) {
			d.call(channel, queue[0])
		} else {
			d.draw(channel, queue[0])
		}
		d.w.drawing.Add(-1)
	}
}

// wait returns when no goroutine draws any more; the tenure must have ended.
func (d *drawing) wait() { d.done.Wait() }

// errNothing is why a message is not sent that has nothing to show any more.
var errNothing = errors.New("there is nothing to show any more")

// hopeless reports whether drawing again would fail again.
func hopeless(err error) bool {
	return errors.Is(err, sender.ErrNoPlace) || errors.Is(err, store.ErrNotFound) || errors.Is(err, errBook) || errors.Is(err, errNothing)
}

// draw draws one message, and tries again while the store or Slack cannot be asked.
func (d *drawing) draw(channel string, out store.Outgoing) {
	queue := inbox.ChannelKey(channel)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 30*time.Second) {
		item, ok, err := d.w.o.Draw(d.ctx, channel, out)
		if err == nil && ok {
			d.w.o.Sender.Enqueue(queue, item)
			return
		}
		if err == nil {
			err = errNothing
		}
		if hopeless(err) {
			err = d.w.Report(d.ctx, sender.Result{Queue: queue, Key: out.Key, Run: out.Run, Version: out.Version, Err: err})
			if err == nil {
				return
			}
		}
		if d.ctx.Err() != nil {
			return
		}
		d.w.o.Logger.Warn("a message cannot be drawn yet", "channel", channel, "run", out.Run, "error", err)
		select {
		case <-time.After(wait):
		case <-d.ctx.Done():
			return
		}
	}
}
