package sender

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Webhook is where another system takes what playbooks send it. Both are secrets.
type Webhook struct {
	URL    string
	Secret string // with which calls are signed; unsigned where empty
}

// Webhooks calls other systems by the names that playbooks have for them.
type Webhooks struct {
	by     map[string]Webhook
	others func(name string) Webhook // nil where only those of by can be called
	client *http.Client
	now    func() time.Time
}

// webhookTimeout bounds one call.
const webhookTimeout = 10 * time.Second

// A StatusError is an answer of another system that refuses a call for good.
type StatusError struct {
	System string
	Code   int
}

func (e *StatusError) Error() string { return fmt.Sprintf("webhook %s answered %d", e.System, e.Code) }

// ErrCallRefused says that a call will not be taken, however often it is made: nobody
// knows the system, or it answered so.
var ErrCallRefused = errors.New("the call is refused")

// ErrNotConfigured says that nobody knows the system.
var ErrNotConfigured = errors.New("not configured")

// NewWebhooks returns the systems of a configuration. It is an error where an address
// is none; the address itself is not in the error.
func NewWebhooks(by map[string]Webhook) (*Webhooks, error) {
	for name, hook := range by {
		if u, err := url.Parse(hook.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("webhook %s: the url is no address; write https://…", name)
		}
	}
	client := &http.Client{Timeout: webhookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Webhooks{by: by, client: client, now: time.Now}, nil
}

// Others makes every system that has no configuration of its own one that of gives, as
// the sandbox takes what is meant for any.
func (w *Webhooks) Others(of func(name string) Webhook) { w.others = of }

// Has reports whether a system is configured.
func (w *Webhooks) Has(name string) bool { return w.of(name).URL != "" }

func (w *Webhooks) of(name string) Webhook {
	hook, known := w.by[name]
	if !known && w.others != nil {
		return w.others(name)
	}
	return hook
}

// Call posts content as JSON to a system. The header Idempotency-Key holds the key, the
// same however often the call is made, and Playcaller-Signature "t=TIME,v1=SIGNATURE":
// the time in seconds, and the hex HMAC-SHA256 with the system's secret over the time, a
// dot and the body. An answer of the 200s takes the call. An error that is
// ErrCallRefused is for good: all other answers below 500 but 408, 425 and 429.
func (w *Webhooks) Call(ctx context.Context, name, key string, content any) error {
	hook := w.of(name)
	if hook.URL == "" {
		return fmt.Errorf("%w: %w: no webhook %q is configured", ErrCallRefused, ErrNotConfigured, name)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCallRefused, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: webhook %s: the url is no address", ErrCallRefused, name)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Playcaller")
	req.Header.Set("Idempotency-Key", key)
	if hook.Secret != "" {
		req.Header.Set("Playcaller-Signature", Sign(hook.Secret, w.now(), body))
	}
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook %s: %w", name, bare(err))
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	switch code := res.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return fmt.Errorf("webhook %s: answered %s", name, res.Status)
	default:
		return fmt.Errorf("%w: %w", ErrCallRefused, &StatusError{name, code})
	}
}

// Sign writes the signature of a body at a time, as the header Playcaller-Signature has
// it.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// bare takes the address out of an error of a request: it may hold a secret.
func bare(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
