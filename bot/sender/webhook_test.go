package sender

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAWebhookIsSignedAndCarriesItsKey(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	hooks, err := NewWebhooks(map[string]Webhook{"crm": {URL: server.URL + "/in?token=hidden", Secret: "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	hooks.now = func() time.Time { return time.Unix(1_800_000_000, 0) }
	if err := hooks.Call(t.Context(), "crm", "run/0/webhook/1", map[string]any{"account": "acme"}); err != nil {
		t.Fatal(err)
	}
	if string(body) != `{"account":"acme"}` || got.Method != "POST" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s came with %q", got.Method, got.Header.Get("Content-Type"), body)
	}
	// printf '1800000000.{"account":"acme"}' | openssl dgst -sha256 -hmac secret
	const want = "t=1800000000,v1=d41a09a292182bd82a62b5af7a135b438bc01bf5c88d527ce1a4c9703d3c2316"
	if s := got.Header.Get("Playcaller-Signature"); s != want {
		t.Errorf("signed %s, want %s", s, want)
	}
	if k := got.Header.Get("Idempotency-Key"); k != "run/0/webhook/1" {
		t.Errorf("the key is %q", k)
	}
}

func TestWhatAnAnswerOfAWebhookMeans(t *testing.T) {
	for _, tc := range []struct {
		status  int
		refused bool
		taken   bool
	}{
		{200, false, true}, {204, false, true}, {302, true, false}, {400, true, false}, {404, true, false}, {410, true, false},
		{408, false, false}, {425, false, false}, {429, false, false}, {500, false, false}, {503, false, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(tc.status)
		}))
		hooks, err := NewWebhooks(map[string]Webhook{"crm": {URL: server.URL + "/?token=hidden"}})
		if err != nil {
			t.Fatal(err)
		}
		err = hooks.Call(t.Context(), "crm", "k", nil)
		if (err == nil) != tc.taken || errors.Is(err, ErrCallRefused) != tc.refused {
			t.Errorf("%d: %v", tc.status, err)
		}
		server.Close()
		if err := hooks.Call(t.Context(), "crm", "k", nil); err == nil || errors.Is(err, ErrCallRefused) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("nobody listens: %v", err)
		}
	}
}

func TestAWebhookThatIsNotConfiguredIsRefused(t *testing.T) {
	hooks, err := NewWebhooks(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := hooks.Call(t.Context(), "crm", "k", nil); !errors.Is(err, ErrCallRefused) || !strings.Contains(err.Error(), `"crm"`) {
		t.Errorf("got %v", err)
	}
	if _, err := NewWebhooks(map[string]Webhook{"crm": {URL: "example.com/secret"}}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an address without https is taken, or told: %v", err)
	}
}
