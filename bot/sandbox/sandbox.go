// Package sandbox is a Slack workspace on this machine: enough of Slack's Web
// API, Socket Mode, slash commands, modals and App Home for a real bot to run on
// it through any Slack client, with nothing but the API's address changed.
//
// It enforces Slack's sizes, error codes and rates, keeps what was posted in a
// file so that a restarted bot finds its messages, and shows the workspace as a
// page whose buttons work. Scripts use the same calls as the page, under
// /sandbox/. It imports none of the bot's own packages and no Slack library, so
// that it cannot share their mistakes.
package sandbox

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

//go:embed page
var pageFiles embed.FS

// Tokens that the workspace accepts, as a bearer header or as the form field
// token.
const (
	BotToken = "xoxb-sandbox"
	AppToken = "xapp-sandbox"
)

// Identifiers of the one team and the one app of the workspace.
const (
	TeamID = "T0SANDBOX"
	AppID  = "A0SANDBOX"
	BotID  = "B0SANDBOX"
)

// User is a member of the workspace. Times of day are shown to people in TZ.
type User struct {
	ID       string `json:"id"` // U…; made from Name when empty
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	Email    string `json:"email"`
	TZ       string `json:"tz"`        // IANA name, "UTC" when empty
	TZOffset int    `json:"tz_offset"` // seconds east of UTC now; computed from TZ
	Locale   string `json:"locale"`    // "en-US", "ja-JP"; "en-US" when empty
	Title    string `json:"title"`     // what the person does, such as "CSM"
	IsBot    bool   `json:"is_bot"`
}

// Channel is a conversation: a public or private channel, or a direct message.
type Channel struct {
	ID        string   `json:"id"`   // C…, D… or G…; made from Name when empty
	Name      string   `json:"name"` // without the leading #
	IsPrivate bool     `json:"is_private"`
	IsIM      bool     `json:"is_im"`
	IsMPIM    bool     `json:"is_mpim"`
	User      string   `json:"user,omitempty"` // the person on the other side of a direct message
	Members   []string `json:"members"`        // user ids; names are accepted in Options
	Topic     string   `json:"topic"`
	Purpose   string   `json:"purpose"`
	Creator   string   `json:"creator"`
	Created   int64    `json:"created"` // Unix seconds, business time
}

// Command is a slash command as the composer of the page offers it.
type Command struct {
	Name        string `json:"name"` // with the leading slash
	Usage       string `json:"usage"`
	Description string `json:"description"`
}

// Timing holds the real-time delays of the workspace. Zero fields mean Slack's
// own values.
type Timing struct {
	Ack          time.Duration   // how long an app has to acknowledge: 3 s
	Trigger      time.Duration   // how long a trigger_id lives: 3 s
	Retries      []time.Duration // waits before an event is sent again: 0, 1 min, 5 min
	Ping         time.Duration   // between pings to a socket: 5 s
	Refresh      time.Duration   // age at which a socket is told to reconnect: 2 h
	Warning      time.Duration   // how long before that it is warned: 10 s
	CommandReply time.Duration   // how long a command's caller waits for more than an empty acknowledgement: 2 s
	Slow         time.Duration   // how late an answer under the fault "slow" is: 5 s
	Heartbeat    time.Duration   // between looks at what falls due and comments to listeners: 1 s
}

// Options say what a workspace is made of. Only Clock is required.
type Options struct {
	TeamName string // "Sandbox" when empty
	Users    []User
	Channels []Channel
	Commands []Command // when given, others are refused as Slack refuses unknown commands

	// Clock gives the business time, which message timestamps follow.
	Clock func() time.Time
	// Advance turns business time to a later moment and returns when the bot has
	// come to rest there. Without it, turning the clock is refused.
	Advance func(ctx context.Context, to time.Time) error
	// NextDue gives the next business time at which something will happen.
	NextDue func(ctx context.Context) (time.Time, bool, error)

	// Systems gives the names of the other systems that the bot may call; nil where
	// that is not known. Whichever is called at /sandbox/webhooks/NAME is kept.
	Systems func() []string

	// State is the path of the file that keeps the workspace; "" keeps it in memory.
	State string

	// Scopes of the bot's token. Empty means every scope that a method asks for.
	Scopes []string
	// RateFactor multiplies every rate limit; 0 means 1.
	RateFactor float64

	// Events, interactions and commands are sent to these addresses as requests
	// signed with SigningSecret where they are set, over Socket Mode otherwise.
	EventsURL, InteractivityURL, CommandsURL string
	SigningSecret                            string

	// Real is the real clock, by which triggers, time-outs and rates go.
	Real   clockwork.Clock
	Timing Timing
	Logger *slog.Logger
}

// Workspace is a running Slack workspace. It is safe for concurrent use.
type Workspace struct {
	opts   Options
	limits *limits
	schema *schema
	real   clockwork.Clock
	log    *slog.Logger

	hub     *hub
	events  *eventQueue
	rates   *rates
	faults  *faults
	watch   *watchers
	turning sync.Mutex // held while the clock is being turned

	stop context.CancelFunc
	done context.Context
	work sync.WaitGroup

	mu          sync.Mutex // guards everything below
	bot         *User
	users       map[string]*User
	userOrder   []string
	channels    map[string]*channel
	order       []string
	views       map[string]*view
	stacks      map[string][]*view // open modals of a user, the topmost last
	homes       map[string]*view
	triggers    map[string]*trigger
	responses   map[string]*responseURL
	inputs      map[string]values // what people have chosen in a message and not yet sent
	waiters     []*waiter         // callers of commands that have not been answered
	suggested   map[string][]any  // options last offered for an external select
	scheduled   map[string]*scheduledMessage
	read        map[string]map[string]string // user, channel: ts of the last message read
	calls       map[string]int
	webhooks    []webhook // calls of other systems, the oldest first
	rateLimited int
	lastTS      int64 // microseconds of the newest timestamp given out
	journal     *journal
	unwritten   error // why the last change could not be written down
}

// New opens a workspace, reading back what Options.State holds. The error names
// the option or the line of the file that cannot be used.
func New(options Options) (*Workspace, error) {
	if options.Clock == nil {
		return nil, fmt.Errorf("sandbox: Options.Clock is missing: pass the business clock's Now")
	}
	sizes, err := loadLimits()
	if err != nil {
		return nil, err
	}
	blocks, err := loadSchema()
	if err != nil {
		return nil, err
	}
	options = withDefaults(options)
	ctx, cancel := context.WithCancel(context.Background())
	w := &Workspace{
		opts: options, limits: sizes, schema: blocks, real: options.Real, log: options.Logger,
		faults: &faults{}, watch: newWatchers(), rates: newRates(options.Real, sizes, options.RateFactor),
		done: ctx, stop: cancel,
		users: map[string]*User{}, channels: map[string]*channel{}, views: map[string]*view{},
		stacks: map[string][]*view{}, homes: map[string]*view{}, triggers: map[string]*trigger{},
		responses: map[string]*responseURL{}, inputs: map[string]values{}, suggested: map[string][]any{},
		scheduled: map[string]*scheduledMessage{}, read: map[string]map[string]string{}, calls: map[string]int{},
	}
	w.hub = newHub(w)
	w.events = newEventQueue(w)
	if err := w.people(); err != nil {
		cancel()
		return nil, err
	}
	if err := w.rooms(); err != nil {
		cancel()
		return nil, err
	}
	if options.State != "" {
		if err := w.openJournal(options.State); err != nil {
			cancel()
			return nil, err
		}
	}
	w.work.Go(w.keepTime)
	return w, nil
}

func withDefaults(o Options) Options {
	if o.TeamName == "" {
		o.TeamName = "Sandbox"
	}
	if o.Real == nil {
		o.Real = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.RateFactor <= 0 {
		o.RateFactor = 1
	}
	t := &o.Timing
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Ack, 3 * time.Second}, {&t.Trigger, 3 * time.Second}, {&t.Ping, 5 * time.Second},
		{&t.Refresh, 2 * time.Hour}, {&t.Warning, 10 * time.Second}, {&t.CommandReply, 2 * time.Second},
		{&t.Slow, 5 * time.Second}, {&t.Heartbeat, time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if t.Retries == nil {
		t.Retries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	return o
}

// keepTime posts scheduled messages when business time reaches them and forgets
// triggers and response addresses that have run out, until the workspace closes.
func (w *Workspace) keepTime() {
	ticker := w.real.NewTicker(w.opts.Timing.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-w.done.Done():
			return
		case <-ticker.Chan():
			w.mu.Lock()
			w.postDue()
			w.forgetExpired()
			w.mu.Unlock()
		}
	}
}

// Close ends every connection and waits for what is under way. The state file
// is complete when it returns.
func (w *Workspace) Close() error {
	w.stop()
	w.events.close()
	w.hub.close()
	w.watch.close()
	w.work.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.journal.close()
}

// Handler serves the Web API under /api/, Socket Mode, the script's calls under
// /sandbox/ and the page at /. Requests whose Host or Origin is not this machine
// are refused, so that no page on the internet can reach the workspace.
func (w *Workspace) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("/link/", w.serveSocket)
	mux.HandleFunc("POST /sandbox/response/{id}", w.serveResponseURL)
	mux.HandleFunc("GET /sandbox/state", w.serveState)
	mux.HandleFunc("GET /sandbox/events", w.serveEvents)
	mux.HandleFunc("GET /sandbox/faults", w.serveFaults)
	mux.HandleFunc("GET /sandbox/webhooks", w.serveWebhooks)
	mux.HandleFunc("POST /sandbox/webhooks/{system}", w.takeWebhook)
	for path, handle := range map[string]func(*http.Request, []byte) (object, error){
		"click": w.click, "submit": w.submit, "close": w.closeView, "command": w.command, "say": w.say,
		"home": w.openHome, "read": w.markRead, "clock": w.turnClock, "faults": w.addFault,
		"options": w.options, "shortcut": w.shortcut, "disconnect": w.disconnect,
	} {
		mux.HandleFunc("POST /sandbox/"+path, w.control(handle))
	}
	mux.HandleFunc("GET /archives/{channel}/{message}", serveArchive)
	mux.HandleFunc("/sandbox/", func(rw http.ResponseWriter, r *http.Request) {
		writeJSON(rw, http.StatusNotFound, failure("no such call: "+r.Method+" "+r.URL.Path))
	})
	page, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the folder is embedded above; only a broken build gets here
	}
	files := http.FileServerFS(page)
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(rw, r)
	})
	return LocalOnly(mux)
}

// domain is the team's name as it stands in addresses.
func (w *Workspace) domain() string {
	return strings.ToLower(strings.ReplaceAll(w.opts.TeamName, " ", "-"))
}
