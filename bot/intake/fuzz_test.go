package intake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"playcaller/bot/inbox"
	"playcaller/rules"
)

var bodies = []string{"", "\ufeff", good, "[" + good + "]", good + "\n" + good, "[]", "[null]", "{}", `{"account":1}`, "null", `{"account":`,
	`[{"id":"a","owner":"b"}]`, `{"id":"a","roles":[{"role":"x","person":"y"}],"contracts":[{"id":"c","start":"2027-01-01"}]}`,
	`{"account":"acme","signal":"users","user":"u","id":"1"}`, strings.Repeat("[", 30), `{"a":"\\\"{"}` + "\n\n[", "{\"account\":\"\xff\",\"signal\":\"logins\",\"value\":1}",
	`{"account":"a","signal":"help_views","value":1e308,"by":"x","at":"2027-04-05","mode":"set"}`}

// FuzzSignals sends any body: it is refused whole, or every object of it is accepted, known already or rejected, and what is
// accepted is what was published.
func FuzzSignals(f *testing.F) {
	for _, b := range bodies {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := newDoor(t)
		w := d.do("POST", "/v1/signals", string(body))
		if w.Code == http.StatusBadRequest {
			if len(d.events) > 0 {
				t.Fatal("a body was refused, and something of it published")
			}
			return
		}
		var res Result
		if err := json.Unmarshal(w.Body.Bytes(), &res); err != nil || w.Code != http.StatusAccepted {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		if got, want := res.Accepted+res.Duplicate+len(res.Rejected), objects(t, body); got != want {
			t.Fatalf("%+v is %d of %d objects", res, got, want)
		}
		if got := len(d.signals()); got != res.Accepted {
			t.Fatalf("%d accepted, %d published", res.Accepted, got)
		}
	})
}

// FuzzAccounts is the same for accounts; what is published can be read as one.
func FuzzAccounts(f *testing.F) {
	for _, b := range bodies {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d := newDoor(t)
		w := d.do("POST", "/v1/accounts", string(body))
		if w.Code == http.StatusBadRequest {
			return
		}
		var res Result
		if err := json.Unmarshal(w.Body.Bytes(), &res); err != nil || w.Code != http.StatusAccepted {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
		if got, want := res.Accepted+len(res.Rejected), objects(t, body); got != want || res.Accepted != len(d.events) {
			t.Fatalf("%+v is %d of %d objects; %d published", res, got, want, len(d.events))
		}
		for _, ev := range d.events {
			var a rules.Account
			if err := json.Unmarshal(ev.Data, &a); err != nil || ev.Key != inbox.AccountKey(a.ID) {
				t.Fatalf("published for %s: %v %s", ev.Key, err, ev.Data)
			}
		}
	})
}

func objects(t *testing.T, body []byte) int {
	t.Helper()
	all, err := lines(httptest.NewRecorder(), httptest.NewRequest("POST", "/", bytes.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
