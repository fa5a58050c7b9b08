package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
)

// Result is the answer to what came in.
type Result struct {
	Accepted  int        `json:"accepted"`
	Duplicate int        `json:"duplicate"` // those recognised here by their id; the worker recognises the rest
	Rejected  []Rejected `json:"rejected"`
}

// signals takes signals in: POST /v1/signals.
func (in *Intake) signals(w http.ResponseWriter, r *http.Request) {
	all, err := lines(w, r)
	if err != nil {
		in.bad(w, r, err)
		return
	}
	now := in.o.Clock.Now()
	res := Result{Rejected: []Rejected{}}
	b := newBatch(in, now)
	for _, l := range all {
		if err := b.add(l); err != nil {
			res.Rejected = append(res.Rejected, Rejected{l.number, err.Error()})
		}
	}
	events, err := b.events()
	if err == nil && len(events) > 0 {
		err = in.o.Publish(r.Context(), stream.Bulk, events...)
	}
	if err != nil {
		in.fail(w, r, err)
		return
	}
	in.seen.add(b.ids)
	res.Accepted, res.Duplicate = b.accepted, b.duplicate
	in.counts.signals.WithLabelValues("accepted").Add(float64(res.Accepted))
	in.counts.signals.WithLabelValues("duplicate").Add(float64(res.Duplicate))
	in.counts.signals.WithLabelValues("rejected").Add(float64(len(res.Rejected)))
	answer(w, http.StatusAccepted, res)
}

// bad answers a body that cannot be used.
func (in *Intake) bad(w http.ResponseWriter, r *http.Request, err error) {
	var b badBody
	if errors.As(err, &b) {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	in.fail(w, r, err)
}

// batch gathers the signals of one request by account, in the order in which they came.
type batch struct {
	in        *Intake
	book      *playbooks.Book
	now       time.Time
	defs      map[string]*rules.SignalDef
	order     []string
	by        map[string][]rules.Signal
	ids       []string
	here      map[string]bool // ids of this request
	accepted  int
	duplicate int
}

func newBatch(in *Intake, now time.Time) *batch {
	b := &batch{in: in, book: in.o.Book(), now: now, defs: map[string]*rules.SignalDef{}, by: map[string][]rules.Signal{}, here: map[string]bool{}}
	for i := range b.book.Signals {
		b.defs[b.book.Signals[i].Name] = &b.book.Signals[i]
	}
	return b
}

// wire is a signal as it is sent; a value must be there, and zero is one.
type wire struct {
	Account string   `json:"account"`
	Signal  string   `json:"signal"`
	Value   *float64 `json:"value"`
	ID      string   `json:"id"`
	By      string   `json:"by"`
	User    string   `json:"user"`
	At      string   `json:"at"`
	Mode    string   `json:"mode"`
}

// add takes one line, or says what is wrong with it.
func (b *batch) add(l line) error {
	if l.err != nil {
		return l.err
	}
	var s wire
	d := json.NewDecoder(bytes.NewReader(l.text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fieldError(err, "account", "signal", "value", "id", "by", "user", "at", "mode")
	}
	sig := rules.Signal{Account: s.Account, Signal: s.Signal, ID: s.ID, By: s.By, User: s.User, Mode: s.Mode}
	if err := b.check(s, &sig); err != nil {
		return err
	}
	if s.ID != "" {
		id := s.Account + "\x00" + s.ID
		if b.here[id] || b.in.seen.has(id) {
			b.duplicate++
			return nil
		}
		b.here[id] = true
		b.ids = append(b.ids, id)
	}
	if _, ok := b.by[s.Account]; !ok {
		b.order = append(b.order, s.Account)
	}
	b.by[s.Account] = append(b.by[s.Account], sig)
	b.accepted++
	return nil
}

// check says what is wrong with a signal, and fills in its value and time.
func (b *batch) check(s wire, sig *rules.Signal) error {
	if err := checkID("account", s.Account); err != nil {
		return err
	}
	def := b.defs[s.Signal]
	if def == nil {
		names := make([]string, 0, len(b.defs))
		for n := range b.defs {
			names = append(names, n)
		}
		return unknownName("signal", s.Signal, names, "signals.yaml declares it")
	}
	sig.At = b.now
	if s.At != "" {
		at, err := parseTime(s.At)
		if err != nil {
			return err
		}
		sig.At = at
	}
	switch {
	case s.Value != nil:
		sig.Value = *s.Value
	case def.Kind == rules.Unique && s.User != "":
		sig.Value = 1
	default:
		return fmt.Errorf(`"value" is missing`)
	}
	if len(s.ID) > 200 || len(s.User) > 200 {
		return fmt.Errorf(`"id" and "user" have at most 200 bytes`)
	}
	if math.Abs(sig.Value) > 1e15 {
		return fmt.Errorf(`"value" %g is beyond ±1e15`, sig.Value)
	}
	return rules.CheckSignal(*sig, *def, b.now)
}

// inEvent is how many signals of one account go into one event, so that it fits into a message of the stream.
const inEvent = 5000

// events makes an event for each account, or several where it has very many signals.
func (b *batch) events() ([]stream.Event, error) {
	events := make([]stream.Event, 0, len(b.order))
	for _, account := range b.order {
		for signals := range slices.Chunk(b.by[account], inEvent) {
			ev, err := inbox.Event(inbox.AccountKey(account), inbox.SignalsKind, b.now, signals)
			if err != nil {
				return nil, err
			}
			events = append(events, ev)
		}
	}
	return events, nil
}

// checkID says what is wrong with an id that people and systems type.
func checkID(field, id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%q is missing", field)
	case len(id) > 200:
		return fmt.Errorf("%q has more than 200 bytes", field)
	case strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '|' }):
		return fmt.Errorf(`%q %q has control characters or "|"`, field, id)
	}
	return nil
}

// parseTime reads RFC 3339, or a day, which means its noon in UTC.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Add(12 * time.Hour), nil
	}
	return time.Time{}, fmt.Errorf(`"at" %q: want RFC 3339 such as 2026-04-01T09:30:00Z, or a day such as 2026-04-01`, s)
}

// fieldError words what the JSON decoder says for whoever wrote the JSON.
func fieldError(err error, fields ...string) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%q is %s, want %s", wrong.Field, wrong.Value, kindOf(wrong.Type.String()))
	}
	if name, ok := strings.CutPrefix(err.Error(), `json: unknown field "`); ok {
		return unknownName("field", strings.TrimSuffix(name, `"`), fields, "")
	}
	return err
}

func kindOf(goType string) string {
	switch {
	case strings.Contains(goType, "float"), strings.Contains(goType, "int"):
		return "a number"
	case strings.Contains(goType, "bool"):
		return "true or false"
	case strings.HasPrefix(goType, "["):
		return "a list"
	case strings.Contains(goType, "string"):
		return "a text"
	}
	return "an object"
}

// unknownName says that a name is not known, and which one was perhaps meant.
func unknownName(what, name string, known []string, where string) error {
	text := fmt.Sprintf("unknown %s %q", what, name)
	if near := rules.Nearest(name, known); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	} else if where != "" {
		text += "; check that " + where
	}
	return errors.New(text)
}
