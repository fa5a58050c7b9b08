// Package sender is the outbox's other end: it posts, edits and deletes Slack
// messages, one at a time for each channel, at the pace that Slack allows.
//
// A message is posted once. Slack knows no idempotency key, so each message
// carries its outbox key in its metadata; where the answer to a posting never
// arrived, the channel's history is read for that key before anything is posted
// again, and while Slack cannot be asked, the channel waits. Edits are safe to
// repeat, and only the newest state of a message is sent.
//
// The sender keeps nothing on disk. Its caller keeps the items of a channel,
// hands them in with Enqueue, those of an earlier life as Uncertain, and strikes
// out what Options.Report says is done.
package sender

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// ErrNoPlace says that there is no such channel or person in Slack. Places wrap
// it; an item that meets it is given up.
var ErrNoPlace = errors.New("not found in Slack")

// Slack is the part of a Web API client that the sender uses; *slack.Client has
// it. Its own retries must be off, and its HTTP client needs a time-out.
type Slack interface {
	PostMessageContext(ctx context.Context, channel string, options ...slack.MsgOption) (string, string, error)
	UpdateMessageContext(ctx context.Context, channel, ts string, options ...slack.MsgOption) (string, string, string, error)
	DeleteMessageContext(ctx context.Context, channel, ts string) (string, string, error)
	GetConversationHistoryContext(ctx context.Context, params *slack.GetConversationHistoryParameters) (*slack.GetConversationHistoryResponse, error)
	GetConversationRepliesContext(ctx context.Context, params *slack.GetConversationRepliesParameters) ([]slack.Message, bool, string, error)
}

// Places finds the channel that an item means.
type Places interface {
	// ChannelID returns the id of "#name"; an id it returns as it is.
	ChannelID(ctx context.Context, name string) (string, error)
	// DirectID returns the id of the DM channel with a person.
	DirectID(ctx context.Context, person string) (string, error)
	// Join makes the bot a member of a channel.
	Join(ctx context.Context, channel string) error
}

// Options configures New. Slack, Places and Report are required.
type Options struct {
	Slack  Slack
	Places Places

	// Report hears what became of each item, one call at a time for each queue.
	// It is called again, after a pause, if it returns an error; the queue waits
	// meanwhile.
	Report func(ctx context.Context, r Result) error

	// WithoutCharts replaces chart blocks by text, for workspaces that refuse
	// them. Nil means that such a message is given up.
	WithoutCharts func(blocks []slack.Block) []slack.Block

	PerChannel rate.Limit // messages a second in one channel; 1 where 0
	Burst      int        // that may be sent at once in one channel; 3 where 0
	Overall    rate.Limit // calls a second over all channels; 20 where 0

	Clock  clockwork.Clock // business time, for Item.Since; real where nil
	Pace   clockwork.Clock // real time, for pacing and waiting; real where nil
	Logger *slog.Logger
}

// Sender sends items, one queue beside the other. Its methods may be called
// concurrently.
type Sender struct {
	o       Options
	overall *rate.Limiter
	work    sync.WaitGroup

	mu       sync.Mutex
	running  context.Context // nil before Run
	queues   map[string]*queue
	pending  int
	settled  chan struct{}        // closed, and made anew, when pending falls to 0
	paused   map[method]time.Time // pace time until which Slack asked for silence everywhere
	noCharts bool                 // this workspace refuses chart blocks
}

// New returns a sender that begins to send when Run is called.
func New(o Options) *Sender {
	if o.PerChannel == 0 {
		o.PerChannel = 1
	}
	if o.Burst == 0 {
		o.Burst = 3
	}
	if o.Overall == 0 {
		o.Overall = 20
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Pace == nil {
		o.Pace = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Sender{
		o:       o,
		overall: rate.NewLimiter(o.Overall, max(1, int(o.Overall))),
		queues:  map[string]*queue{},
		settled: make(chan struct{}),
		paused:  map[method]time.Time{},
	}
}

// Run sends until ctx ends, and returns when the calls under way have.
func (s *Sender) Run(ctx context.Context) error {
	s.mu.Lock()
	s.running = ctx
	for _, q := range s.queues {
		s.start(q)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.running = nil // no queue is started after this
	s.mu.Unlock()
	s.work.Wait()
	return ctx.Err()
}

// start runs the queue in a goroutine of its own. s.mu is held.
func (s *Sender) start(q *queue) {
	if s.running == nil || s.running.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.running)
	q.cancel = cancel
	s.work.Go(func() {
		defer close(q.done)
		defer cancel()
		q.run(ctx)
	})
}

// Enqueue adds items to a queue, in order. A queue is sent one item at a time;
// the worker has one for each key "channel:…" that it owns.
func (s *Sender) Enqueue(name string, items ...Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		q = newQueue(s, name)
		s.queues[name] = q
		s.start(q)
	}
	for _, item := range items {
		q.add(item)
	}
	q.nudge()
}

// Drop forgets a queue whose partition is lost, and returns once nothing of it
// is being sent any more, or ctx has ended.
func (s *Sender) Drop(ctx context.Context, name string) {
	s.mu.Lock()
	q := s.queues[name]
	if q == nil {
		s.mu.Unlock()
		return
	}
	delete(s.queues, name)
	s.finished(len(q.items))
	q.items = nil
	q.dropped = true
	cancel := q.cancel
	s.mu.Unlock()
	if cancel == nil { // never started
		return
	}
	cancel()
	select {
	case <-q.done:
	case <-ctx.Done():
	}
}

// Pending counts the items not yet reported, over all queues.
func (s *Sender) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}

// Idle returns when nothing is pending, or with the error of ctx.
func (s *Sender) Idle(ctx context.Context) error {
	for {
		s.mu.Lock()
		n, settled := s.pending, s.settled
		s.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finished takes n items off the count. s.mu is held.
func (s *Sender) finished(n int) {
	s.pending -= n
	if s.pending == 0 && n > 0 {
		close(s.settled)
		s.settled = make(chan struct{})
	}
}

// wait lets d of real time pass. It returns false if ctx ended before.
func (s *Sender) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := s.o.Pace.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.Chan():
		return true
	case <-ctx.Done():
		return false
	}
}

// pauseAll keeps every queue from calling m for d.
func (s *Sender) pauseAll(m method, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := s.o.Pace.Now().Add(d); until.After(s.paused[m]) {
		s.paused[m] = until
	}
}

// admit waits until m may be called: past any pause, and within the overall rate.
func (s *Sender) admit(ctx context.Context, m method) bool {
	for {
		s.mu.Lock()
		d := s.paused[m].Sub(s.o.Pace.Now())
		s.mu.Unlock()
		if d <= 0 {
			break
		}
		if !s.wait(ctx, d) {
			return false
		}
	}
	now := s.o.Pace.Now()
	return s.wait(ctx, s.overall.ReserveN(now, 1).DelayFrom(now))
}
