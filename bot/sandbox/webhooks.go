package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// WebhookSecret is the secret with which calls of other systems are signed where they come to the sandbox.
const WebhookSecret = "whsec-sandbox"

// webhookFault begins the method of a fault that a webhook meets; the system's name follows, or "*".
const webhookFault = "webhook:"

// faultRefused is a mode of webhooks alone: the other system will never take the call.
const faultRefused = "400"

// maxWebhooks is how many calls are kept, and maxSystem how long a system's name may be.
const (
	maxWebhooks = 500
	maxSystem   = 80
)

// webhook is one call of another system that came to the workspace in that system's place.
type webhook struct {
	N      int64           `json:"n"`      // from 1
	At     string          `json:"at"`     // business time
	System string          `json:"system"` // the name that the caller has for it
	Key    string          `json:"key"`    // header Idempotency-Key: the same however often a call is made
	Again  bool            `json:"again"`  // a call with the same key was taken before; a good receiver does nothing then
	Signed string          `json:"signed"` // valid, invalid (not by WebhookSecret over this body), or none
	Mode   string          `json:"fault,omitempty"`
	Status int             `json:"status"` // of the answer; 0 where the connection broke before it
	Body   json.RawMessage `json:"body"`   // null where it is not JSON
}

// takeWebhook serves POST /sandbox/webhooks/SYSTEM: it takes what a bot sends to another system, whichever that is. The
// answer is 200 unless a fault was asked for.
func (w *Workspace) takeWebhook(rw http.ResponseWriter, r *http.Request) {
	system := r.PathValue("system")
	body, err := readBody(rw, r, w.limits.Sizes.BodyBytes)
	if err == nil && len(system) > maxSystem {
		err = refuse(http.StatusBadRequest, "a system's name has at most %d bytes, this one has %d", maxSystem, len(system))
	}
	if err != nil {
		writeJSON(rw, statusOf(err), failure(err.Error()))
		return
	}
	call := webhook{System: system, Key: r.Header.Get("Idempotency-Key"), Signed: signedBy(r.Header.Get("Playcaller-Signature"), body),
		Status: http.StatusOK, Body: body}
	if !json.Valid(body) {
		call.Status, call.Body = http.StatusBadRequest, json.RawMessage("null")
	}
	f, faulty := w.faults.next(webhookFault + system)
	if faulty {
		call.Mode = f.Mode
		call.Status = map[string]int{faultRateLimit: http.StatusTooManyRequests, fault500: http.StatusInternalServerError,
			faultRefused: http.StatusBadRequest, faultLostReply: 0, faultSlow: call.Status}[f.Mode]
	}
	if !w.keepWebhook(call) {
		writeJSON(rw, http.StatusInternalServerError, failure("the workspace's file cannot be written, so the call is not taken"))
		return
	}
	switch call.Mode {
	case faultLostReply:
		panic(http.ErrAbortHandler) // net/http's way to break the connection without an answer
	case faultSlow:
		select {
		case <-w.real.After(f.delay(w.opts.Timing.Slow)):
		case <-r.Context().Done():
		case <-w.done.Done():
		}
	}
	writeJSON(rw, call.Status, object{"ok": call.Status == http.StatusOK})
}

// keepWebhook writes a call down. It is false when that failed: then the call was not taken.
func (w *Workspace) keepWebhook(call webhook) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	call.N, call.At = 1, w.opts.Clock().UTC().Format(time.RFC3339)
	if last := len(w.webhooks); last > 0 {
		call.N = w.webhooks[last-1].N + 1
	}
	call.Again = call.Key != "" && slices.ContainsFunc(w.webhooks, func(o webhook) bool {
		return o.System == call.System && o.Key == call.Key && (o.Status == http.StatusOK || o.Status == 0)
	})
	if !w.keep(putWebhook, call) {
		w.unwritten = nil // told here; not the business of whoever calls the API next
		return false
	}
	w.addWebhook(call)
	w.watch.changed()
	return true
}

func (w *Workspace) addWebhook(call webhook) {
	w.webhooks = append(w.webhooks, call)
	if more := len(w.webhooks) - maxWebhooks; more > 0 {
		w.webhooks = slices.Delete(w.webhooks, 0, more)
	}
}

// signedBy tells whether a header "t=SECONDS,v1=HEX" is the HMAC-SHA256 of the seconds, a dot and the body.
func signedBy(header string, body []byte) string {
	if header == "" {
		return "none"
	}
	at, sum, _ := strings.Cut(strings.TrimPrefix(header, "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(WebhookSecret))
	mac.Write([]byte(at + "." + string(body)))
	if got, err := hex.DecodeString(sum); err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return "invalid"
	}
	return "valid"
}

// serveWebhooks serves GET /sandbox/webhooks: the calls that came, the oldest first, the systems that the bot may call, and
// the faults that are left for them.
func (w *Workspace) serveWebhooks(rw http.ResponseWriter, _ *http.Request) {
	out := object{"ok": true, "systems": []string{}, "left": []fault{}}
	if w.opts.Systems != nil {
		out["systems"] = append([]string{}, w.opts.Systems()...)
	}
	var left []fault
	for _, f := range w.faults.left() {
		if strings.HasPrefix(f.Method, webhookFault) {
			left = append(left, f)
		}
	}
	out["left"] = append([]fault{}, left...)
	w.mu.Lock()
	out["calls"] = append([]webhook{}, w.webhooks...)
	w.mu.Unlock()
	writeJSON(rw, http.StatusOK, out)
}
