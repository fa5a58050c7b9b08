package sender

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// remembered is how many messages a queue knows the time stamps of. A worker
// puts the stamp into every item made after it was reported; only what is made
// before that needs the memory.
const remembered = 512

// A queue is what waits to be sent in one channel. Fields are guarded by
// Sender.mu, but for those that its goroutine alone uses.
type queue struct {
	s    *Sender
	name string
	wake chan struct{}
	done chan struct{}

	cancel  context.CancelFunc // nil until started
	dropped bool
	items   []*Item
	sending *Item // taken by the goroutine: its content must not change
	posts   map[string]post
	order   []string // keys of posts, oldest first

	// Of the goroutine alone.
	limiter *rate.Limiter
	channel map[string]string // Item.Channel and kind -> channel id
	joined  map[string]bool
	tries   int // failures in a row, for the back-off
}

// A post is a message that is known to be in Slack.
type post struct {
	channel string
	ts      string
	version int64
}

func newQueue(s *Sender, name string) *queue {
	return &queue{
		s: s, name: name,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
		posts:   map[string]post{},
		limiter: rate.NewLimiter(s.o.PerChannel, s.o.Burst),
		channel: map[string]string{}, joined: map[string]bool{},
	}
}

// nudge tells the goroutine that there is something to do.
func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// add puts an item behind the others, or into one of them: an edit of a message
// that still waits only changes what it will show. s.mu is held.
func (q *queue) add(item Item) {
	known, isKnown := q.posts[item.Key]
	if item.Kind == Update && isKnown && item.Version < known.version {
		return
	}
	for i := 0; i < len(q.items); i++ {
		waiting := q.items[i]
		if waiting.Key != item.Key {
			continue
		}
		switch {
		case item.posts() && waiting.posts():
			return // the same message asked for again
		case waiting.Kind == Delete:
			return
		case waiting == q.sending || waiting.Uncertain:
			// May be in Slack already as it is: what follows must be an edit.
		case item.Kind == Update && waiting.Version > item.Version:
			return
		case item.Kind == Update:
			waiting.Version, waiting.Text, waiting.Blocks = item.Version, item.Text, item.Blocks
			return
		case item.Kind == Delete && waiting.Kind == Update:
			q.items = append(q.items[:i], q.items[i+1:]...)
			q.s.finished(1)
			i--
		}
	}
	q.items = append(q.items, &item)
	q.s.pending++
}

// run sends until ctx ends.
func (q *queue) run(ctx context.Context) {
	for ctx.Err() == nil {
		item := q.head()
		if item == nil {
			select {
			case <-q.wake:
			case <-ctx.Done():
			}
			continue
		}
		if !q.settle(ctx) || !q.pace(ctx, item) {
			continue
		}
		if item = q.take(); item != nil {
			q.handle(ctx, item)
		}
	}
}

// head returns the first item without taking it, so that it can still change
// while the queue waits for its turn.
func (q *queue) head() *Item {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if len(q.items) == 0 {
		return nil
	}
	return q.items[0]
}

// take marks the first item as being sent.
func (q *queue) take() *Item {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if len(q.items) == 0 {
		return nil
	}
	q.sending = q.items[0]
	return q.sending
}

// release gives back an item that could not be sent yet.
func (q *queue) release(item *Item, uncertain bool) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	q.sending = nil
	if uncertain && item.posts() {
		item.Uncertain = true
	}
}

// pace waits until the channel may have another message, and the workspace
// another call.
func (q *queue) pace(ctx context.Context, item *Item) bool {
	if item.posts() {
		now := q.s.o.Pace.Now()
		if !q.s.wait(ctx, q.limiter.ReserveN(now, 1).DelayFrom(now)) {
			return false
		}
	}
	return q.s.admit(ctx, methodOf(item.Kind))
}

// handle sends one item and deals with what Slack says.
func (q *queue) handle(ctx context.Context, item *Item) {
	if item.posts() {
		if known, ok := q.known(item.Key); ok { // handed in twice
			q.finish(ctx, item, known.channel, known.ts, nil)
			return
		}
		if item.Since.IsZero() {
			item.Since = q.s.o.Clock.Now().Add(-clockMargin)
		}
	}
	channel, ts, err := q.send(ctx, item)
	v := judge(err)
	if ctx.Err() != nil && v.verdict != done {
		q.release(item, v.verdict == uncertain)
		return
	}
	switch v.verdict {
	case done:
		q.tries = 0
		q.finish(ctx, item, channel, ts, nil)
	case refused:
		q.tries = 0
		q.s.o.Logger.Error("message given up", "queue", q.name, "key", item.Key, "run", item.Run, "error", v.err)
		q.finish(ctx, item, channel, "", v.err)
	case retry:
		q.release(item, false)
	case limited:
		q.release(item, false)
		q.rateLimited(ctx, item, v)
	case uncertain, stalled:
		q.release(item, v.verdict == uncertain)
		q.backOff(ctx, item.Key, err)
	}
}

// rateLimited waits as long as Slack asked to, the whole workspace where the
// limit is the workspace's: edits are counted together, posts by channel.
func (q *queue) rateLimited(ctx context.Context, item *Item, v judgement) {
	d := v.after
	if d <= 0 {
		d = q.pause()
		q.tries++
	}
	q.s.o.Logger.Warn("Slack asks to wait", "queue", q.name, "key", item.Key, "for", d)
	if v.everywhere || !item.posts() {
		q.s.pauseAll(methodOf(item.Kind), d)
		return
	}
	q.s.wait(ctx, d)
}

// pause is how long to wait after the failures so far: 1 s, doubled up to a minute.
func (q *queue) pause() time.Duration {
	return min(time.Second<<min(q.tries, 6), time.Minute)
}

func (q *queue) backOff(ctx context.Context, key string, err error) {
	if ctx.Err() != nil {
		return
	}
	d := q.pause()
	q.tries++
	q.s.o.Logger.Warn("Slack did not answer as it should", "queue", q.name, "key", key, "again_in", d, "error", err)
	q.s.wait(ctx, d)
}

// known returns where a message is, if the queue knows.
func (q *queue) known(key string) (post, bool) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	p, ok := q.posts[key]
	return p, ok
}

// finish reports what became of an item and takes it off the queue.
func (q *queue) finish(ctx context.Context, item *Item, channel, ts string, err error) {
	r := Result{
		Queue: q.name, Key: item.Key, Run: item.Run, Version: item.Version,
		Kind: item.Kind, Channel: channel, TS: ts, Err: err,
	}
	if err == nil && item.Kind != Delete {
		q.remember(item.Key, post{channel: channel, ts: ts, version: item.Version})
	}
	for tries := 0; ; tries++ {
		failed := q.s.o.Report(ctx, r)
		if failed == nil || ctx.Err() != nil {
			break
		}
		q.s.o.Logger.Error("result of a message could not be reported", "queue", q.name, "key", item.Key, "error", failed)
		q.s.wait(ctx, min(time.Second<<min(tries, 6), time.Minute))
	}
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	q.sending = nil
	if q.dropped {
		return // Drop has counted them
	}
	for i, waiting := range q.items {
		if waiting == item {
			q.items = append(q.items[:i], q.items[i+1:]...)
			q.s.finished(1)
			break
		}
	}
}

// remember keeps where a message is, for the newest of them.
func (q *queue) remember(key string, p post) {
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	if _, ok := q.posts[key]; !ok {
		q.order = append(q.order, key)
	}
	q.posts[key] = p
	if len(q.order) > remembered {
		delete(q.posts, q.order[0])
		q.order = q.order[1:]
	}
}
