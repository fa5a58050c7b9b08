package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The modes of a fault: what the next calls of a method meet.
const (
	faultRateLimit = "429"        // refused with Retry-After
	fault500       = "500"        // refused with a server error
	faultLostReply = "lost_reply" // done, but the connection breaks before the answer
	faultSlow      = "slow"       // done, and answered late
)

// fault is one thing that the next Times calls of Method will meet. The method
// "*" stands for any, "webhook:SYSTEM" for the calls of another system, and
// "webhook:*" for those of all.
type fault struct {
	Method     string `json:"method"`
	Mode       string `json:"mode"`
	Times      int    `json:"times"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds, for 429; 1 when absent
	DelayMS    int    `json:"delay_ms,omitempty"`    // for slow; Timing.Slow when absent
}

// faults holds what is still to go wrong, in the order it was asked for.
type faults struct {
	mu   sync.Mutex
	list []fault
}

func (f *faults) add(x fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, x)
}

// clear forgets what is left for a method; for all of them where it is "".
func (f *faults) clear(method string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(x fault) bool { return method == "" || x.Method == method })
}

// meets tells whether a call of a method meets the fault.
func (x fault) meets(method string) bool {
	_, webhook := strings.CutPrefix(method, webhookFault)
	return x.Method == method || x.Method == "*" && !webhook || x.Method == webhookFault+"*" && webhook
}

// next takes the first fault that a call of method meets, if any.
func (f *faults) next(method string) (fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.list {
		if !x.meets(method) {
			continue
		}
		f.list[i].Times--
		if f.list[i].Times <= 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return x, true
	}
	return fault{}, false
}

func (f *faults) left() []fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// addFault serves POST /sandbox/faults. {"clear":true} forgets all that is left, or
// with a method what is left for that.
func (w *Workspace) addFault(_ *http.Request, body []byte) (object, error) {
	var in struct {
		fault
		Clear bool `json:"clear"`
	}
	in.Times = 1
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if in.Clear {
		w.faults.clear(in.Method)
		w.watch.changed()
		return object{"left": append([]fault{}, w.faults.left()...)}, nil
	}
	if err := w.checkFault(in.fault); err != nil {
		return nil, err
	}
	w.faults.add(in.fault)
	w.watch.changed()
	return object{"left": w.faults.left()}, nil
}

func (w *Workspace) checkFault(f fault) error {
	system, webhook := strings.CutPrefix(f.Method, webhookFault)
	if _, known := w.limits.Methods[f.Method]; !known && f.Method != "*" && (!webhook || system == "") {
		return refuse(http.StatusBadRequest, "method is %q; it must be a Web API method such as \"chat.postMessage\", \"*\", or \"webhook:SYSTEM\"", f.Method)
	}
	if err := w.checkSystem(system, webhook); err != nil {
		return err
	}
	modes := []string{faultRateLimit, fault500, faultLostReply, faultSlow}
	if webhook {
		modes = append(modes, faultRefused)
	}
	if !slices.Contains(modes, f.Mode) {
		return refuse(http.StatusBadRequest, "mode is %q; it must be one of %s", f.Mode, strings.Join(modes, ", "))
	}
	if f.Times < 1 || f.Times > 1_000_000 {
		return refuse(http.StatusBadRequest, "times is %d; it must be between 1 and 1000000", f.Times)
	}
	if f.RetryAfter < 0 || f.DelayMS < 0 || f.DelayMS > 600_000 {
		return refuse(http.StatusBadRequest, "retry_after must not be negative, and delay_ms lie between 0 and 600000")
	}
	return nil
}

// checkSystem refuses a fault of another system that the bot never calls, where it is
// known which it does: nothing would ever meet it.
func (w *Workspace) checkSystem(system string, webhook bool) error {
	if !webhook || system == "*" || w.opts.Systems == nil {
		return nil
	}
	known := w.opts.Systems()
	switch {
	case slices.Contains(known, system):
		return nil
	case len(known) == 0:
		return refuse(http.StatusBadRequest, "method is %q, and the book calls no system: add a step with `webhook:` to a playbook first", webhookFault+system)
	}
	names := make([]string, len(known))
	for i, name := range known {
		names[i] = webhookFault + name
	}
	return refuse(http.StatusBadRequest, "method is %q, and no playbook calls a system of that name; it must be one of %s, or \"%s*\" for all", webhookFault+system, strings.Join(names, ", "), webhookFault)
}

// serveFaults serves GET /sandbox/faults: what is left to go wrong.
func (w *Workspace) serveFaults(rw http.ResponseWriter, _ *http.Request) {
	left := w.faults.left()
	writeJSON(rw, http.StatusOK, object{"ok": true, "left": append([]fault{}, left...)})
}

func (f fault) delay(normal time.Duration) time.Duration {
	if f.DelayMS > 0 {
		return time.Duration(f.DelayMS) * time.Millisecond
	}
	return normal
}

func (f fault) String() string { return fmt.Sprintf("%s %s ×%d", f.Method, f.Mode, f.Times) }
