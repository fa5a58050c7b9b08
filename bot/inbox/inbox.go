// Package inbox says what may happen: the kinds of events in the stream, what each carries, and whose key it has. Intake
// and Slack write them, the worker reads them; the stream itself does not look inside.
package inbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// The kinds of events of an account, keyed by AccountKey.
const (
	SignalsKind = "signals" // []rules.Signal, all of one account
	AccountKind = "account" // an AccountChange
	RunKind     = "run"     // a playbooks.Event for the run that it names
	PostedKind  = "posted"  // a Posted: the run's card has a place
	StartKind   = "start"   // a Start
	SnoozeKind  = "snooze"  // a Snooze
	NoteKind    = "note"    // a Note
	SetKind     = "set"     // a Set
	WakeKind    = "wake"    // a Wake; for people too
)

// The kinds of events of a person, keyed by PersonKey.
const (
	NudgeKind = "nudge" // a store.Line
	AwayKind  = "away"  // an Away
)

// The kinds of events of a channel, keyed by ChannelKey.
const (
	SendKind = "send" // a store.Outgoing
	SentKind = "sent" // a Sent
)

// The kinds of events that every partition gets.
const (
	BookKind = "book" // a Book: judge by it from here on
	OpsKind  = "ops"  // an Ops
)

// AccountKey is the key of an account.
func AccountKey(id string) string { return "account:" + id }

// PersonKey is the key of a person of the team.
func PersonKey(id string) string { return "person:" + id }

// ChannelKey is the key of a channel: "#name", or "dm:" and a person id.
func ChannelKey(name string) string { return "channel:" + name }

// Everywhere is the key of what concerns a whole partition.
const Everywhere = "partition"

// Split returns what a key is of ("account", "person", "channel") and its name.
func Split(key string) (of, name string) {
	of, name, _ = strings.Cut(key, ":")
	return of, name
}

// AccountChange is what is newly known of an account: a JSON object with the fields of rules.Account. Fields that are
// absent stay as they are, those that are null are forgotten.
type AccountChange = json.RawMessage

// Posted says where a run's card is.
type Posted struct {
	Run  string     `json:"run"`
	Post store.Post `json:"post"`
}

// Start asks for a run that no rule starts.
type Start struct {
	Account  string         `json:"account"`
	Playbook string         `json:"playbook"`
	Subject  string         `json:"subject,omitempty"`
	By       string         `json:"by"`             // person id, or the id of the run that asks
	Form     string         `json:"form,omitempty"` // handoff: kind of the form
	Fields   map[string]any `json:"fields,omitempty"`
	Draft    bool           `json:"draft,omitempty"` // handoff: saved, not yet sent
	ID       string         `json:"id"`              // of the request; a repetition means the same run
}

// Snooze says "not now" of a playbook on an account, or of the account where Playbook is empty. A zero Until ends it.
type Snooze struct {
	Account  string    `json:"account"`
	Playbook string    `json:"playbook,omitempty"`
	By       string    `json:"by"`
	Until    time.Time `json:"until"`
}

// Note is a contact with an account that a person wrote down.
type Note struct {
	Account string `json:"account"`
	By      string `json:"by"`
	Text    string `json:"text"`
}

// Set changes one field of an account: "stage", "milestone.ID", "attributes.NAME".
type Set struct {
	Field string `json:"field"`
	Value any    `json:"value"`
	By    string `json:"by"`
}

// Wake says that a time has come. It is ignored if the key's due time is another by now.
type Wake struct {
	Due time.Time `json:"due"`
}

// Away says that a person is away up to and including a day, and who covers.
type Away struct {
	Person string     `json:"person"`
	Until  rules.Date `json:"until"` // zero means back now
	Cover  string     `json:"cover,omitempty"`
	By     string     `json:"by"`
}

// Sent says what became of an Outgoing.
type Sent struct {
	Key     string     `json:"key"`
	Version int64      `json:"version,omitempty"`
	Post    store.Post `json:"post"`
	Error   string     `json:"error,omitempty"` // why it was given up
}

// Book switches a partition to another book.
type Book struct {
	Hash string `json:"hash"`
}

// Ops pauses or resumes a playbook, or all of them, stops or moves runs, or decides on what is held back.
type Ops struct {
	What     OpsAction `json:"what"`
	Playbook string    `json:"playbook,omitempty"`
	Run      string    `json:"run,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	By       string    `json:"by"`
}

// OpsAction is what ops ask for.
type OpsAction string

// The actions of ops.
const (
	Pause  OpsAction = "pause"
	Resume OpsAction = "resume"
	Storm  OpsAction = "storm" // hold a playbook back until ops resume it: the worker asks that itself
	Stop   OpsAction = "stop"  // one run, or every open run of a playbook
	Move   OpsAction = "move"  // every open run of a playbook to the present book, where its step is still there
	List   OpsAction = "list"  // what a storm holds back is counted as true already: it starts nothing, and the storm is over
	Begin  OpsAction = "start" // what was true already when the playbook was switched on
)

// Event makes the event of a kind for a key; content is written as JSON.
func Event(key, kind string, at time.Time, content any) (stream.Event, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return stream.Event{}, fmt.Errorf("event %s for %s: %w", kind, key, err)
	}
	return stream.Event{Key: key, Kind: kind, At: at, Data: data}, nil
}

// Run makes the event by which something happens to a run of the account.
func Run(account string, e playbooks.Event) (stream.Event, error) {
	return Event(AccountKey(account), RunKind, e.At, e)
}
