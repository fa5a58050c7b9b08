package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

var noon = time.Date(2027, 4, 5, 12, 0, 0, 0, time.UTC)

// A door is an Intake whose stream only takes notes.
type door struct {
	t      testing.TB
	in     *Intake
	h      http.Handler
	events []stream.Event
	lanes  []stream.Lane
	fails  error // what publishing fails with
	reads  known
}

func newDoor(t testing.TB, tokens ...string) *door {
	t.Helper()
	files := map[string][]byte{
		"team.yaml":     []byte("people:\n  tanaka: {name: Tanaka, email: t@example.com, time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\nchannels: {alerts: \"#cs-alerts\"}\n"),
		"signals.yaml":  []byte("signals:\n  logins: {kind: count}\n  help_views: {kind: count, by: topic}\n  users: {kind: unique}\n  nps: {kind: gauge}\n"),
		"journey.yaml":  []byte("stages: {adoption: {title: Adoption}}\n"),
		"segments.yaml": []byte("segments:\n  touch: [{value: high}]\n"),
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the book does not load: %v", problems)
	}
	d := &door{t: t}
	d.in = New(Options{Book: func() *playbooks.Book { return book }, Reads: &d.reads, Clock: clockwork.NewFakeClockAt(noon), Tokens: tokens,
		Logger: slog.New(slog.DiscardHandler),
		Publish: func(_ context.Context, lane stream.Lane, events ...stream.Event) error {
			if d.fails != nil {
				return d.fails
			}
			d.events = append(d.events, events...)
			for range events {
				d.lanes = append(d.lanes, lane)
			}
			return nil
		}})
	d.h = d.in.Handler()
	return d
}

// do sends a request and returns the answer.
func (d *door) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	return w
}

// result posts a body and decodes what came of it, which must be 202.
func (d *door) result(path, body string) Result {
	d.t.Helper()
	w := d.do("POST", path, body)
	if w.Code != http.StatusAccepted {
		d.t.Fatalf("%s answered %d %s", path, w.Code, w.Body)
	}
	var res Result
	if err := json.Unmarshal(w.Body.Bytes(), &res); err != nil {
		d.t.Fatal(err)
	}
	return res
}

// signals returns the signals that were published.
func (d *door) signals() []rules.Signal {
	d.t.Helper()
	var all []rules.Signal
	for _, ev := range d.events {
		var some []rules.Signal
		if ev.Kind != inbox.SignalsKind {
			continue
		}
		if err := json.Unmarshal(ev.Data, &some); err != nil {
			d.t.Fatal(err)
		}
		for _, s := range some {
			if ev.Key != inbox.AccountKey(s.Account) {
				d.t.Errorf("a signal of %s has the key %s", s.Account, ev.Key)
			}
		}
		all = append(all, some...)
	}
	return all
}

const good = `{"account":"acme","signal":"logins","value":3}`

func TestSignalsComeInAsAnObjectAnArrayOrLines(t *testing.T) {
	for name, body := range map[string]string{
		"an object":             good,
		"an array":              "[" + good + "]",
		"a line":                good + "\n",
		"lines with empty ones": "\r\n" + good + "\r\n\r\n",
		"a byte order mark":     "\ufeff" + good,
		"spaces around":         " \t" + good + "\n ",
	} {
		d := newDoor(t)
		if res := d.result("/v1/signals", body); res.Accepted != 1 || len(res.Rejected) != 0 {
			t.Errorf("%s: %+v, want one accepted", name, res)
		}
		want := []rules.Signal{{Account: "acme", Signal: "logins", Value: 3, At: noon}}
		if diff := cmp.Diff(want, d.signals()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if len(d.lanes) != 1 || d.lanes[0] != stream.Bulk {
			t.Errorf("%s: published on %v, want bulk", name, d.lanes)
		}
	}
}

func TestABodyThatMakesNoSenseIsRefusedWhole(t *testing.T) {
	big := `[` + strings.Repeat(good+",", 20<<20/len(good)) + good + `]`
	for name, c := range map[string]struct {
		body string
		code int
		want string
	}{
		"nothing":                {"", 400, "the body is empty"},
		"spaces":                 {" \n\t ", 400, "the body is empty"},
		"a mark alone":           {"\ufeff", 400, "the body is empty"},
		"an object cut off":      {`{"account":"acme","sig`, 400, "cut off"},
		"an array cut off":       {"[" + good + `,{"account":`, 400, "cut off"},
		"NaN":                    {`{"account":"acme","signal":"logins","value":NaN}`, 400, "NaN"},
		"a number":               {"3", 400, "want a JSON object"},
		"a text":                 {`"logins"`, 400, "want a JSON object"},
		"null":                   {"null", 400, "want a JSON object"},
		"two objects in a line":  {good + good, 400, "not JSON"},
		"an array nested deeply": {strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000), 400, "nested deeper"},
		"a form":                 {"account=acme&signal=logins", 400, "want a JSON object"},
		"20 MB":                  {big, 413, "larger than 16 MB"},
	} {
		d := newDoor(t)
		w := d.do("POST", "/v1/signals", c.body)
		var said struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != c.code || !strings.Contains(said.Error, c.want) {
			t.Errorf("%s: answered %d %.200s, want %d with %q", name, w.Code, w.Body, c.code, c.want)
		}
		if len(d.events) > 0 {
			t.Errorf("%s: %d events were published", name, len(d.events))
		}
	}
}

func TestABadLineDoesNotSinkGoodOnes(t *testing.T) {
	bad := map[string]string{ // line -> why
		`{"account":"acme","signal":"login","value":3}`:                                          `unknown signal "login"; did you mean "logins"?`,
		`{"account":"acme","signal":"weather","value":3}`:                                        `unknown signal "weather"; check that signals.yaml declares it`,
		`{"account":"acme","signal":"logins"}`:                                                   `"value" is missing`,
		`{"account":"acme","signal":"logins","value":"3"}`:                                       `"value" is string, want a number`,
		`{"account":7,"signal":"logins","value":3}`:                                              `"account" is number, want a text`,
		`{"signal":"logins","value":3}`:                                                          `"account" is missing`,
		`{"account":"a|b","signal":"logins","value":3}`:                                          `"account" "a|b" has control characters or "|"`,
		`{"account":"acme","signal":"logins","valu":3}`:                                          `unknown field "valu"; did you mean "value"?`,
		`{"account":"acme","signal":"logins","value":1e300}`:                                     `"value" 1e+300 is beyond ±1e15`,
		`{"account":"acme","signal":"logins","value":1e999}`:                                     `"value" is number 1e999, want a number`,
		`{"account":"acme","signal":"logins","value":-1}`:                                        `signal logins: value -1 is negative; correct a day's count with "mode": "set"`,
		`{"account":"acme","signal":"logins","value":3,"at":"1970-01-01T00:00:00Z"}`:             "signal logins: happened on 1970-01-01, more than 400 days ago",
		`{"account":"acme","signal":"logins","value":3,"at":"2300-01-01"}`:                       "signal logins: happened at 2300-01-01T12:00:00Z, more than a day from now",
		`{"account":"acme","signal":"logins","value":3,"at":"soon"}`:                             `"at" "soon": want RFC 3339 such as 2026-04-01T09:30:00Z, or a day such as 2026-04-01`,
		`{"account":"acme","signal":"logins","value":3,"mode":"replace"}`:                        `signal logins: mode "replace": want "set", or none to add`,
		`{"account":"acme","signal":"logins","value":3,"by":"exports"}`:                          `signal logins: has "by" "exports", but no dimension is declared for it`,
		`{"account":"acme","signal":"users","value":1}`:                                          `signal users: has no "user"; a unique signal counts distinct users`,
		`{"account":"acme","signal":"logins","value":3,"id":"` + strings.Repeat("x", 201) + `"}`: `"id" and "user" have at most 200 bytes`,
		`[1]`:                `want a JSON object, not "[1]"`,
		`{"account":"acme",`: "not JSON: it is cut off after \"{\\\"account\\\":\\\"acme\\\",\"",
		`{"account":NaN}`:    "",
		`{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`: "nested deeper than 20 levels",
	}
	for line, why := range bad {
		d := newDoor(t)
		res := d.result("/v1/signals", good+"\n"+line+"\n\n"+good)
		if res.Accepted != 2 || len(res.Rejected) != 1 || res.Rejected[0].Line != 2 || why != "" && res.Rejected[0].Error != why {
			t.Errorf("%s: %+v, want line 2 refused with %q", line, res, why)
		}
		if len(d.signals()) != 2 {
			t.Errorf("%s: %d signals were published, want the two good ones", line, len(d.signals()))
		}
		if !json.Valid([]byte(line)) || strings.HasPrefix(why, "nested") { // an array with such a line is refused whole
			continue
		}
		if res := newDoor(t).result("/v1/signals", "["+good+","+line+"]"); res.Accepted != 1 || len(res.Rejected) != 1 || res.Rejected[0].Line != 2 {
			t.Errorf("%s in an array: %+v, want number 2 refused", line, res)
		}
	}
}

func TestAnIDSeenBeforeIsADuplicateOfItsAccountAlone(t *testing.T) {
	d := newDoor(t)
	one := `{"account":"acme","signal":"logins","value":3,"id":"x"}`
	other := `{"account":"bolt","signal":"logins","value":3,"id":"x"}`
	if res := d.result("/v1/signals", one+"\n"+one+"\n"+other); res.Accepted != 2 || res.Duplicate != 1 {
		t.Errorf("in one request: %+v, want 2 accepted and 1 duplicate", res)
	}
	if res := d.result("/v1/signals", one); res.Accepted != 0 || res.Duplicate != 1 {
		t.Errorf("in the next: %+v, want 1 duplicate", res)
	}
}

func TestWhatCouldNotBeMadeDurableIsNotRememberedAsSeen(t *testing.T) {
	one := `{"account":"acme","signal":"logins","value":3,"id":"x"}`
	for name, c := range map[string]struct {
		err   error
		code  int
		after string
	}{
		"full":              {&stream.PublishError{Err: stream.ErrFull}, 503, "5"},
		"unavailable":       {fmt.Errorf("disk: %w", stream.ErrUnavailable), 503, "2"},
		"store unavailable": {store.ErrUnavailable, 503, "2"},
		"too large":         {&stream.PublishError{Err: stream.ErrTooLarge}, 413, ""},
		"something else":    {errors.New("a bug"), 500, ""},
	} {
		d := newDoor(t)
		d.fails = c.err
		w := d.do("POST", "/v1/signals", one)
		if w.Code != c.code || w.Header().Get("Retry-After") != c.after {
			t.Errorf("%s: answered %d, Retry-After %q; want %d, %q", name, w.Code, w.Header().Get("Retry-After"), c.code, c.after)
		}
		d.fails = nil
		if res := d.result("/v1/signals", one); res.Accepted != 1 {
			t.Errorf("%s, then tried again: %+v, want it accepted", name, res)
		}
	}
}

func TestManySignalsOfOneAccountFitIntoTheStream(t *testing.T) {
	d := newDoor(t)
	var b strings.Builder
	for n := range 12_000 {
		fmt.Fprintf(&b, `{"account":"acme","signal":"logins","value":%d,"id":"%0200d"}`+"\n", n, n)
	}
	if res := d.result("/v1/signals", b.String()); res.Accepted != 12_000 {
		t.Errorf("%d accepted, want 12,000", res.Accepted)
	}
	for i, s := range d.signals() {
		if s.Value != float64(i) {
			t.Fatalf("signal %d has the value %g: the order was not kept", i, s.Value)
		}
	}
	for _, ev := range d.events {
		if len(ev.Data) > 4<<20 {
			t.Errorf("an event has %d bytes", len(ev.Data))
		}
	}
}

func TestAccountsComeInAndBadOnesSayWhy(t *testing.T) {
	for body, want := range map[string]string{
		`{"id":"acme","name":"Acme","owner":"tanaka","time_zone":"Asia/Tokyo","contracts":[{"id":"c","start":"2027-01-01"}]}`: "",
		`{"name":"Acme"}`:                                    `"id" is missing`,
		`{"id":"acme","sets":3}`:                             `unknown field "sets"; did you mean "seats"?`,
		`{"id":"acme","seats":"many"}`:                       `"seats" is string, want a number`,
		`{"id":"acme","seats":-1}`:                           `"seats" is negative`,
		`{"id":"acme","owner":3}`:                            `"owner": want the id or e-mail address of a person`,
		`{"id":"acme","roles":"x"}`:                          `"roles": want a list of {"role", "person", "from", "to"}`,
		`{"id":"acme","time_zone":"Tokyo"}`:                  `"time_zone" "Tokyo": want an IANA name such as Asia/Tokyo`,
		`{"id":"acme","time_zone":"Local"}`:                  `"time_zone" "Local": want an IANA name such as Asia/Tokyo`,
		`{"id":"acme","contracts":[{"start":"2027-01-01"}]}`: `"contracts": number 1 has no "id"`,
		`{"id":"acme","contracts":[{"id":"c"},{"id":"c"}]}`:  `"contracts": "c" comes twice`,
		`{"id":"acme","contracts":[{"id":"c","start":"2027-02-01","end":"2027-01-01"}]}`: `"contracts": "c" ends on 2027-01-01, before it starts on 2027-02-01`,
		`{"id":"acme","name":"` + strings.Repeat("x", 300<<10) + `"}`:                    "an account has at most 256 kB, this one has 300",
		`{"id":"` + strings.Repeat("x", 201) + `"}`:                                      `"id" has more than 200 bytes`,
	} {
		d := newDoor(t)
		res := d.result("/v1/accounts", body)
		switch {
		case want == "" && (res.Accepted != 1 || len(d.events) != 1):
			t.Errorf("%.80s: %+v, want it accepted", body, res)
		case want != "" && (len(res.Rejected) != 1 || res.Rejected[0].Error != want || len(d.events) > 0):
			t.Errorf("%.80s: %+v, want it refused with %q", body, res, want)
		}
	}
}

func TestAShortRoleBecomesARole(t *testing.T) {
	d := newDoor(t)
	d.result("/v1/accounts", `{"id":"acme","owner":"tanaka","roles":[{"role":"ae","person":"sato"}]}`)
	var a rules.Account
	if err := json.Unmarshal(d.events[0].Data, &a); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]rules.Role{{Role: "ae", Person: "sato"}, {Role: "owner", Person: "tanaka"}}, a.Roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestATokenLetsIn(t *testing.T) {
	d := newDoor(t, "one", "two")
	for header, want := range map[string]int{"": 401, "Bearer three": 401, "one": 401, "bearer one": 401, "Bearer ": 401, "Bearer one": 202, "Bearer two": 202} {
		if w := d.do("POST", "/v1/signals", good, "Authorization", header); w.Code != want {
			t.Errorf("with %q: %d, want %d", header, w.Code, want)
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		if w := d.do("GET", path, ""); w.Code != 200 {
			t.Errorf("%s without a token: %d, want 200", path, w.Code)
		}
	}
	if w := d.do("GET", "/v1/accounts/acme", ""); w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("a read without a token: %d", w.Code)
	}
}

func TestMetricsCountWhatCameIn(t *testing.T) {
	d := newDoor(t)
	d.result("/v1/signals", good+"\n"+`{"account":"acme","signal":"x","value":1}`)
	text, err := io.ReadAll(d.do("GET", "/metrics", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`playcaller_intake_signals_total{result="accepted"} 1`, `playcaller_intake_signals_total{result="rejected"} 1`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestNotReadySaysWhy(t *testing.T) {
	d := newDoor(t)
	d.in.o.Ready = func() error { return errors.New("the stream is gone") }
	if w := d.do("GET", "/readyz", ""); w.Code != 503 || !strings.Contains(w.Body.String(), "the stream is gone") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if w := d.do("GET", "/livez", ""); w.Code != 200 {
		t.Errorf("/livez answered %d", w.Code)
	}
}
