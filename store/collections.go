package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Seq is the last event of each lane of the stream that a document has taken in.
type Seq struct {
	Now  uint64 `json:"now,omitempty"`
	Bulk uint64 `json:"bulk,omitempty"`
}

// Account is all that is kept of one account: what the CRM said, its series, and where it stands with every rule.
type Account struct {
	ID        string        `json:"id"`
	Partition int           `json:"partition"`
	Known     bool          `json:"known"` // false while only signals have come
	Account   rules.Account `json:"account"`

	History []byte `json:"history,omitempty"` // rules.History in its binary form
	Seen    []byte `json:"seen,omitempty"`    // rules.Seen in its binary form

	States  map[string]rules.RuleState `json:"states,omitempty"`  // by RuleKey
	Untils  map[string]time.Time       `json:"untils,omitempty"`  // by RuleKey: when to judge again although nothing happens
	Ended   map[string]time.Time       `json:"ended,omitempty"`   // by RuleKey: when the last run ended
	Open    []string                   `json:"open,omitempty"`    // ids of the open runs
	Starts  int64                      `json:"starts,omitempty"`  // runs started other than by a rule, so far
	Started []string                   `json:"started,omitempty"` // ids of the last requests for such runs

	Snoozes  map[string]Snooze `json:"snoozes,omitempty"` // by playbook; "" is the whole account
	Intents  []Intent          `json:"intents,omitempty"` // decided, perhaps not yet done
	Waiting  []Intent          `json:"waiting,omitempty"` // decided, and held back until it is known whether they are many
	Contacts []Contact         `json:"contacts,omitempty"`

	At  time.Time `json:"at,omitzero"`  // business time of the latest event; the account is never judged as of before it
	Due time.Time `json:"due,omitzero"` // when it must be looked at again although nothing happens
	Seq Seq       `json:"seq"`
}

// RuleKey names what a rule state is kept for: a playbook, or a playbook and the contract it is judged for.
func RuleKey(playbook, subject string) string {
	if subject == "" {
		return playbook
	}
	return playbook + "|" + subject
}

// SplitRuleKey is the reverse of RuleKey.
func SplitRuleKey(key string) (playbook, subject string) {
	playbook, subject, _ = strings.Cut(key, "|")
	return playbook, subject
}

// Snooze is a "not now" on a playbook or an account.
type Snooze struct {
	Until time.Time `json:"until"`
	By    string    `json:"by,omitempty"`
}

// Intent is a run to be started, written down with the decision that asks for it.
type Intent struct {
	Playbook string              `json:"playbook"`
	Subject  string              `json:"subject,omitempty"`
	Episode  int64               `json:"episode"`
	At       time.Time           `json:"at"`
	By       string              `json:"by"` // "rule", a run id or a person id
	Fired    []rules.ClauseValue `json:"fired,omitempty"`
	Form     string              `json:"form,omitempty"`     // handoff: kind of the form
	Fields   map[string]any      `json:"fields,omitempty"`   // of the form
	Draft    bool                `json:"draft,omitempty"`    // handoff: saved, not yet sent
	Gathered bool                `json:"gathered,omitempty"` // it was held back, and is one of few
}

// Same reports whether two intents are of the same run.
func (i Intent) Same(o Intent) bool {
	return i.Playbook == o.Playbook && i.Subject == o.Subject && i.Episode == o.Episode
}

// Contact is one contact with the account that somebody wrote down.
type Contact struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

// Run is a run and what is still to be done because of it.
type Run struct {
	playbooks.Run
	Effects []playbooks.Effect `json:"effects,omitempty"` // saved with the change that asked for them; empty once carried out
	Over    bool               `json:"over,omitempty"`    // the rule has been found not to hold any more, and the run was told
	Shown   int64              `json:"shown,omitempty"`   // Version for which a card was last asked for
	Told    int                `json:"told,omitempty"`    // entries of the log that were handed to the thread
	Card    Post               `json:"card,omitzero"`
	Drafted []Drafted          `json:"drafted,omitempty"` // what the run, a draft, would have told
	Seq     Seq                `json:"seq"`
}

// Drafted is one thing that a draft would have told, posted or called.
type Drafted struct {
	Key   string    `json:"key"` // of the effect
	At    time.Time `json:"at"`
	Visit int       `json:"visit"`
	What  string    `json:"what"` // as in playbooks.Effect of a nudge; card, say, webhook
	To    string    `json:"to"`   // person id, "#channel", or the name of a system
}

// Gathering is what a playbook with a group holds back, over all accounts.
type Gathering struct {
	Name      string `json:"name"` // of the playbook
	Partition int    `json:"partition"`
	playbooks.Gathering
	Undone playbooks.Release `json:"undone,omitzero"` // decided, perhaps not yet published
	Seq    Seq               `json:"seq"`
}

// Spread is how features are spread over the accounts of one partition.
type Spread struct {
	Partition int                    `json:"partition"`
	At        time.Time              `json:"at"`
	Terms     string                 `json:"terms,omitempty"` // of the book by which they were worked out
	Features  []playbooks.PeerDigest `json:"features,omitempty"`
}

// Post is where a message is.
type Post struct {
	Channel string `json:"channel,omitempty"` // Slack's id
	TS      string `json:"ts,omitempty"`
}

// Decision is a recorded decision.
type Decision struct {
	rules.Decision
	Seq  string `json:"seq"`            // where in the stream it was made: makes the record's key, so that a replay writes it once
	Late *Late  `json:"late,omitempty"` // nothing was decided: data came late for what had been, and this is what they mean
}

// Late is what data that arrived after their day mean for a run that was begun without them.
type Late struct {
	Signals []string     `json:"signals"`
	Days    []rules.Date `json:"days"`
	Run     string       `json:"run"`
	Holds   string       `json:"holds"` // whether the run's rule would have held at its beginning: true, false or unknown
}

// Change is something that became known of an account otherwise than by a signal: the history of its owners, contracts,
// stages and fields.
type Change struct {
	Account string          `json:"account"`
	At      time.Time       `json:"at"`
	By      string          `json:"by,omitempty"`
	Change  json.RawMessage `json:"change"` // as it came: fields of the account, or one field and its value
}

// Person is what is kept of a person: what waits to be delivered to them.
type Person struct {
	ID        string `json:"id"`
	Partition int    `json:"partition"`
	Queue     []Line `json:"queue,omitempty"`
	Day       string `json:"day,omitempty"`    // the person's local date that Given counts for
	Given     int    `json:"given,omitempty"`  // new questions delivered on that day
	Sent      int64  `json:"sent,omitempty"`   // direct messages so far; names the next
	Digest    bool   `json:"digest,omitempty"` // what waits is for the morning

	Told []string `json:"told,omitempty"` // keys of the lines last handed over, so that none is twice

	AwayFrom  rules.Date `json:"away_from,omitzero"`
	AwayUntil rules.Date `json:"away_until,omitzero"`
	Cover     string     `json:"cover,omitempty"`

	Due time.Time `json:"due,omitzero"`
	Seq Seq       `json:"seq"`
}

// Line is one thing that a person is to be told.
type Line struct {
	Key     string         `json:"key"` // of the effect, so that it is queued once
	Account string         `json:"account"`
	Run     string         `json:"run"`
	Visit   int            `json:"visit"`
	What    string         `json:"what"` // as in playbooks.Effect
	At      time.Time      `json:"at"`
	Args    map[string]any `json:"args,omitempty"`

	Severity string `json:"severity,omitempty"`
}

// Channel is the outbox of one Slack channel.
type Channel struct {
	Name      string          `json:"name"` // "#cs-alerts", or "dm:" and a person
	Partition int             `json:"partition"`
	Pending   []Outgoing      `json:"pending,omitempty"`
	Sent      map[string]Sent `json:"sent,omitempty"` // by key of the post
	Seq       Seq             `json:"seq"`
}

// Outgoing is a message to be posted or edited. It names what to show; the text is made when it is sent.
type Outgoing struct {
	Key     string    `json:"key"`
	Kind    string    `json:"kind"` // card, log, say, lines, group, webhook, parked, storm, or one that the bot tells ops
	Account string    `json:"account,omitempty"`
	Run     string    `json:"run,omitempty"`
	Version int64     `json:"version,omitempty"`
	From    int       `json:"from,omitempty"` // log: first entry
	To      int       `json:"to,omitempty"`   // log: end, not included
	Visit   int       `json:"visit,omitempty"`
	Person  string    `json:"person,omitempty"` // reader of a direct message
	Digest  bool      `json:"digest,omitempty"`
	Lines   []Line    `json:"lines,omitempty"`
	Text    string    `json:"text,omitempty"`
	Why     string    `json:"why,omitempty"`   // parked
	Limit   int       `json:"limit,omitempty"` // storm: how many were to start at once at most
	At      time.Time `json:"at"`
	Began   time.Time `json:"began,omitzero"` // of the run: its card is not older

	Effect *playbooks.Effect `json:"effect,omitempty"` // say
	Body   json.RawMessage   `json:"body,omitempty"`   // what a message to ops holds; its drawer knows the form

	// Uncertain marks what may have been posted by a process that was killed.
	Uncertain bool `json:"uncertain,omitempty"`
	// Sent and Parent say, when it is handed to be drawn, where the message itself and the run's card are; Handed, that
	// the sender was given it before.
	Sent   Post `json:"-"`
	Parent Post `json:"-"`
	Handed bool `json:"-"`
}

// Edited reports whether the message is posted once and then edited, so that of its states the newest counts.
func (o Outgoing) Edited() bool { return o.Kind == "card" || o.Kind == "group" }

// Sent is where a post went.
type Sent struct {
	Post
	At      time.Time `json:"at"`
	Version int64     `json:"version,omitempty"`
}

// Book is the content of a book that some run may still be played from, and what is to be known of the last time that
// accounts began to be judged by it.
type Book struct {
	Hash  string            `json:"hash"`
	Files map[string][]byte `json:"files"`
	At    time.Time         `json:"at"` // when it was first kept

	Since time.Time `json:"since,omitzero"` // when it was last switched to; zero for one that was there from the beginning
	From  string    `json:"from,omitempty"` // hash of the book before it
	Told  bool      `json:"told,omitempty"` // ops were told of what that switch found

	Change    json.RawMessage `json:"change,omitempty"`    // what that switch meant for accounts and people, as the bot reports it
	Announced bool            `json:"announced,omitempty"` // ops were told of Change
}

// Checkpoint is how far a partition's owner has come.
type Checkpoint struct {
	Partition   int    `json:"partition"`
	Incarnation string `json:"incarnation"`
	Now         uint64 `json:"now"`
	Bulk        uint64 `json:"bulk"`
	Book        string `json:"book"` // hash of the book its accounts are judged by

	Feeds   map[string]time.Time      `json:"feeds,omitempty"`   // when anything of a signal last came in, for accounts of the partition
	Outages map[string][]rules.Outage `json:"outages,omitempty"` // times during which nothing of a signal came in for accounts of the partition, as far as nothing did for others
	Silent  map[string]time.Time      `json:"silent,omitempty"`  // signals of which ops were told that nothing comes in: since when

	Paused map[string]bool `json:"paused,omitempty"` // playbooks that ops paused; "" is all of them
	Storms map[string]bool `json:"storms,omitempty"` // playbooks held back until ops have looked

	Lifted map[string]time.Time `json:"lifted,omitempty"` // when ops last said of a playbook that it goes on: its limit counts again one period later
}

// Parked is an event that failed three times and was set aside.
type Parked struct {
	ID        string    `json:"id"`
	Partition int       `json:"partition"`
	Lane      string    `json:"lane"`
	Key       string    `json:"key"`
	Kind      string    `json:"kind"`
	At        time.Time `json:"at"`
	Data      []byte    `json:"data"`
	Error     string    `json:"error"`
	ParkedAt  time.Time `json:"parked_at"`
}

// Records are all the collections, typed.
type Records struct {
	Accounts    *Docs[Account]
	Runs        *Docs[Run]
	Decisions   *Docs[Decision]
	Changes     *Docs[Change]
	People      *Docs[Person]
	Channels    *Docs[Channel]
	Books       *Docs[Book]
	Checkpoints *Docs[Checkpoint]
	Parked      *Docs[Parked]
	Gatherings  *Docs[Gathering]
	Spreads     *Docs[Spread]
}

var (
	accounts = Kind[Account]{Name: "accounts", Schema: 1, Indexes: []string{"part"},
		Fields: func(a Account) map[string]any { return map[string]any{"part": a.Partition} }}
	runs = Kind[Run]{Name: "runs", Schema: 1, Indexes: []string{"account", "open", "turn", "second", "began", "draft"},
		Fields: func(r Run) map[string]any {
			f := map[string]any{"account": r.Account, "began": r.Began.UTC().UnixMilli()}
			if r.Open() {
				f["open"] = r.Account
			}
			if r.Open() && !r.Draft {
				f["turn"] = turn(r.Run)
				if _, second := r.Second(); second != "" {
					f["second"] = second
				}
			}
			if r.Draft {
				f["draft"] = r.Playbook + "|" + r.Began.UTC().Format("20060102T150405.000")
			}
			return f
		}}
	decisions = Kind[Decision]{Name: "decisions", Schema: 1, Indexes: []string{"account", "rule"},
		Fields: func(d Decision) map[string]any {
			at := d.At.UTC().Format("20060102T150405.000")
			return map[string]any{"account": d.Account + "|" + at, "rule": d.Account + "|" + d.Playbook + "|" + at}
		}}
	changes = Kind[Change]{Name: "changes", Schema: 1, Indexes: []string{"account"},
		Fields: func(c Change) map[string]any {
			return map[string]any{"account": c.Account + "|" + c.At.UTC().Format("20060102T150405.000")}
		}}
	people = Kind[Person]{Name: "people", Schema: 1, Indexes: []string{"part"},
		Fields: func(p Person) map[string]any { return map[string]any{"part": p.Partition} }}
	channels = Kind[Channel]{Name: "channels", Schema: 1, Indexes: []string{"part"},
		Fields: func(c Channel) map[string]any { return map[string]any{"part": c.Partition} }}
	books       = Kind[Book]{Name: "books", Schema: 1}
	checkpoints = Kind[Checkpoint]{Name: "checkpoints", Schema: 2} // in schema 1 Feeds and Outages were those of all partitions: what each of them says is true of the others
	parked      = Kind[Parked]{Name: "parked", Schema: 1}
	gatherings  = Kind[Gathering]{Name: "gatherings", Schema: 1, Indexes: []string{"part"},
		Fields: func(g Gathering) map[string]any { return map[string]any{"part": g.Partition} }}
	spreads = Kind[Spread]{Name: "spreads", Schema: 1}
)

// Collections are what a backend must be opened with.
func Collections() []Collection {
	return []Collection{accounts.Collection(), runs.Collection(), decisions.Collection(), changes.Collection(), people.Collection(),
		channels.Collection(), books.Collection(), checkpoints.Collection(), parked.Collection(),
		gatherings.Collection(), spreads.Collection()}
}

// In returns the typed collections of b.
func In(b Backend) Records {
	return Records{accounts.In(b), runs.In(b), decisions.In(b), changes.In(b), people.In(b), channels.In(b), books.In(b), checkpoints.In(b), parked.In(b),
		gatherings.In(b), spreads.In(b)}
}

// CheckpointKey names a partition's checkpoint.
func CheckpointKey(partition int) string { return fmt.Sprintf("p%03d", partition) }

// DecisionKey names a recorded decision.
func DecisionKey(d Decision) string {
	return d.Account + "|" + RuleKey(d.Playbook, d.Subject) + "|" + d.Seq
}

// turn returns the person whom an open run waits for: the approver, whoever has the ball of a handoff, the present step's
// assignee, else the run's.
func turn(r playbooks.Run) string {
	v := r.Current()
	switch {
	case v == nil:
		return r.Assignee
	case v.Approval == "asked" && v.Approver != "":
		return v.Approver
	case v.Kind == playbooks.HandoffStep && r.Handoff != nil && r.Handoff.Turn != "":
		return r.Handoff.Turn
	case v.Assignee != "":
		return v.Assignee
	}
	return r.Assignee
}
