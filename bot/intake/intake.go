// Package intake is the HTTP side: signals and accounts come in, what is known is read, and the program's health and
// metrics are shown. What comes in is answered once it is durable in the stream.
package intake

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"

	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// MaxBody is how many bytes a request may have.
const MaxBody = 16 << 20

// Options configures New. Publish, Book and Reads are required.
type Options struct {
	// Publish makes events durable; it returns once they are.
	Publish func(ctx context.Context, lane stream.Lane, events ...stream.Event) error
	// PublishTo is Publish to one partition, whatever the events' keys.
	PublishTo func(ctx context.Context, partition int, lane stream.Lane, events ...stream.Event) error
	// Book returns the book that signals are checked against.
	Book  func() *playbooks.Book
	Reads Reads
	// Explain says in words why a playbook does or does not start for an account, at a time; the present for the zero time.
	Explain func(ctx context.Context, account, playbook, lang string, at time.Time) (string, error)
	Parked  *store.Docs[store.Parked]
	// Plan says what switching to a book would do, as something to be written as JSON, or what is wrong with the book; and
	// what it would have meant for people in so many weeks, none where 0.
	Plan func(ctx context.Context, files map[string][]byte, weeks int) (plan any, problems []playbooks.Problem, err error)
	// Detail says what does not keep the program from its work and ought to be known, or ""; it may be nil.
	Detail func() string
	// Ready returns nil while the program can do its work, and what is wrong otherwise.
	Ready func() error
	// Tokens are the bearer tokens that are let in; none means everybody.
	Tokens   []string
	Clock    clockwork.Clock // business time; real where nil
	Registry *prometheus.Registry
	Logger   *slog.Logger
}

// Reads is what can be asked. A thing that is not there is store.ErrNotFound.
type Reads interface {
	Account(ctx context.Context, id string) (store.Account, error)
	Accounts(ctx context.Context, after string, limit int) ([]store.Account, error) // those behind an id, in the order of ids
	Series(ctx context.Context, account, signal, by string, from, to rules.Date) ([]rules.DayValue, error)
	Decisions(ctx context.Context, account, playbook string, limit int) ([]store.Decision, error)
	Runs(ctx context.Context, account string, limit int) ([]store.Run, error)
	Run(ctx context.Context, id string) (store.Run, error)
}

// Intake answers HTTP requests.
type Intake struct {
	o      Options
	tokens [][sha256.Size]byte
	seen   *recent
	counts *counts
}

// New returns an Intake.
func New(o Options) *Intake {
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	in := &Intake{o: o, seen: newRecent(recentIDs), counts: newCounts(o.Registry)}
	for _, t := range o.Tokens {
		in.tokens = append(in.tokens, sha256.Sum256([]byte(t)))
	}
	return in
}

// Handler returns the routes of the API, of health and of metrics.
func (in *Intake) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /v1/signals":                         in.signals,
		"POST /v1/accounts":                        in.accounts,
		"GET /v1/accounts":                         in.listing,
		"GET /v1/accounts/{id}":                    in.account,
		"GET /v1/accounts/{id}/series/{signal}":    in.series,
		"GET /v1/accounts/{id}/decisions":          in.decisions,
		"GET /v1/accounts/{id}/explain/{playbook}": in.explain,
		"POST /v1/plan":                            in.plan,
		"GET /v1/parked":                           in.parked,
		"POST /v1/parked/{id}/retry":               in.retry,
		"DELETE /v1/parked/{id}":                   in.drop,
		"GET /v1/runs":                             in.runs,
		"GET /v1/runs/{id...}":                     in.run,
		"/v1/":                                     in.unknown,
	} {
		mux.Handle(pattern, in.admit(h))
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", in.ready)
	mux.Handle("GET /metrics", in.metrics())
	return mux
}

// admit lets requests with a known bearer token through.
func (in *Intake) admit(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(in.tokens) > 0 && !in.known(r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "want the header Authorization: Bearer TOKEN, with a token of PLAYCALLER_API_TOKENS")
			return
		}
		h(w, r)
	})
}

// known compares in a time that tells nothing about the tokens.
func (in *Intake) known(header string) bool {
	token, ok := strings.CutPrefix(header, "Bearer ")
	sum := sha256.Sum256([]byte(token))
	found := 0
	for _, t := range in.tokens {
		found |= subtle.ConstantTimeCompare(sum[:], t[:])
	}
	return ok && found == 1
}

func (in *Intake) unknown(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+"; there are POST /v1/signals and /v1/accounts, "+
		"GET /v1/accounts, /v1/accounts/{id}, /v1/accounts/{id}/series/{signal}, /v1/accounts/{id}/decisions, /v1/runs?account= and /v1/runs/{id}")
}

func (in *Intake) ready(w http.ResponseWriter, _ *http.Request) {
	if in.o.Ready != nil {
		if err := in.o.Ready(); err != nil {
			say(w, http.StatusServiceUnavailable, err.Error()+"\n")
			return
		}
	}
	text := "ok\n"
	if in.o.Detail != nil {
		if detail := in.o.Detail(); detail != "" {
			text += detail + "\n"
		}
	}
	say(w, http.StatusOK, text)
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader has gone away: nobody to tell
}

// refuse writes {"error": …}.
func refuse(w http.ResponseWriter, status int, what string) {
	answer(w, status, map[string]string{"error": what})
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // as in answer
}

// busy says in a word why something has to wait; the log has the rest.
func busy(err error) string {
	switch {
	case errors.Is(err, stream.ErrFull):
		return "the event stream is full, or its disk"
	case errors.Is(err, store.ErrUnavailable):
		return "the store cannot be reached or written"
	}
	return "the event stream cannot be reached or written"
}

// fail answers a failure that is not the caller's.
func (in *Intake) fail(w http.ResponseWriter, r *http.Request, err error) {
	var late *http.MaxBytesError
	switch {
	case errors.As(err, &late):
		refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than 16 MB; send it in parts")
	case errors.Is(err, store.ErrNotFound):
		refuse(w, http.StatusNotFound, r.URL.Path+": nothing is known of it")
	case errors.Is(err, stream.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "one account has more in this body than the bot takes at once; send it in parts")
	case errors.Is(err, context.Canceled):
		return
	default:
		after, again := stream.RetryAfter(err)
		if errors.Is(err, store.ErrUnavailable) {
			after, again = 2*time.Second, true
		}
		if again {
			w.Header().Set("Retry-After", strconv.Itoa(int(after.Seconds())))
			in.o.Logger.Warn("request put off", "path", r.URL.Path, "error", err)
			refuse(w, http.StatusServiceUnavailable, "this cannot be taken in right now: "+busy(err)+"; nothing of it is lost if you send it again")
			return
		}
		in.o.Logger.Error("request failed", "path", r.URL.Path, "error", err)
		refuse(w, http.StatusInternalServerError, "something went wrong here; the log of the bot says what")
	}
}
