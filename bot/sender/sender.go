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
	"log/slog"

	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// Slack is the part of a Web API client that the sender uses; *slack.Client has
// it. Its own retries must be off.
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

// Sender sends items, one queue beside the other.
type Sender struct{ o Options }

// New returns a sender that begins to send when Run is called.
func New(o Options) *Sender { return nil }

// Run sends until ctx ends, and returns when the calls under way have.
func (s *Sender) Run(ctx context.Context) error { return nil }

// Enqueue adds items to a queue, in order. A queue is sent one item at a time;
// the worker has one for each key "channel:…" that it owns.
func (s *Sender) Enqueue(queue string, items ...Item) {}

// Drop forgets a queue whose partition is lost, and returns once nothing of it
// is being sent any more, or ctx has ended.
func (s *Sender) Drop(ctx context.Context, queue string) {}

// Pending counts the items not yet reported, over all queues.
func (s *Sender) Pending() int { return 0 }

// Idle returns when nothing is pending.
func (s *Sender) Idle(ctx context.Context) error { return nil }

// Settle reads the channel's history once, and for Thread items the replies to
// their parents, and returns the time stamps of those items that are there, by
// key.
func (s *Sender) Settle(ctx context.Context, channel string, items []Item) (map[string]string, error) {
	return nil, nil
}
