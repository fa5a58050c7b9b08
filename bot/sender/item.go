package sender

import (
	"time"

	"github.com/slack-go/slack"
)

// Kind says what is to be done with a message.
type Kind string

// The kinds of items.
const (
	Post   Kind = "post"   // a new message in a channel
	Thread Kind = "thread" // a new message in the thread of the post ThreadKey
	DM     Kind = "dm"     // a new message to one person
	Update Kind = "update" // the post of the same Key, drawn again
	Delete Kind = "delete" // the post of the same Key, taken away
)

// An Item is one thing to be done in one channel. Items are plain data: the
// worker keeps those that are not yet done in the channel's document and hands
// them in again after a restart.
type Item struct {
	// Key names the message. It is written into the message's metadata, so that
	// a message whose posting was left uncertain can be found again. An Update
	// or Delete carries the key of the post it means.
	Key string `json:"key"`

	Run string `json:"run,omitempty"` // written into the metadata beside the key

	// Version orders the states of one message: an item older than what was
	// sent or waits already is dropped. It is the run's version for cards.
	Version int64 `json:"version,omitempty"`

	Kind Kind `json:"kind"`

	// Channel is a channel id, "#name", or for a DM the id of a person or a DM
	// channel; Options.Places turns it into a channel id.
	Channel string `json:"channel"`

	// ThreadKey is the key of the post under which a Thread goes.
	ThreadKey string `json:"thread_key,omitempty"`

	// TS is the message's time stamp where it is known: of the post an Update or
	// Delete means, of the parent for a Thread. Empty means that the sender
	// remembers it, or looks it up by its key.
	TS string `json:"ts,omitempty"`

	Text   string       `json:"text"` // shown in notifications, and where blocks cannot be
	Blocks slack.Blocks `json:"blocks,omitzero"`

	// Uncertain marks an item that may have been posted before: by a process
	// that was killed, or an owner that lost its lease. It is looked for and
	// not posted again if it is there.
	Uncertain bool `json:"uncertain,omitempty"`

	// Since bounds the look: the item was not posted before it, in business
	// time. The zero time means that all of the channel's history is read.
	Since time.Time `json:"since,omitzero"`

	looked bool // history was read for it, or for the message it refers to
}

// posts reports whether the item makes a new message.
func (i *Item) posts() bool { return i.Kind == Post || i.Kind == Thread || i.Kind == DM }

// A Result says what became of an item. Each item has one, except those that a
// newer version of the same message overtook: only the newest is reported.
type Result struct {
	Queue   string // as given to Enqueue
	Key     string
	Run     string
	Version int64 // the state that the message now shows
	Kind    Kind
	Channel string // id of the channel it went to; "" if that could not be found
	TS      string // of the message; "" if Err is set

	// Err is set where the item was given up. Sending it again without a change
	// would fail again. Its text says what was wrong and what to do.
	Err error
}
