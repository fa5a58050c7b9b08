package sandbox

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object as it came; numbers in it are json.Number.
type object = map[string]any

// slackError is a refusal in Slack's words: a code, and what goes beside it.
type slackError struct {
	code  string
	extra object
}

func (e *slackError) Error() string { return e.code }

func slackErr(code string) error { return &slackError{code: code} }

// method is one Web API method. It is called with the workspace's lock held.
type method func(*Workspace, *call) (object, error)

// methods are the Web API methods that the workspace has; what each needs
// stands in limits.json.
func methods() map[string]method {
	return map[string]method{
		"api.test":                    (*Workspace).apiTest,
		"apps.connections.open":       (*Workspace).openConnection,
		"auth.test":                   (*Workspace).authTest,
		"bots.info":                   (*Workspace).botsInfo,
		"chat.delete":                 (*Workspace).chatDelete,
		"chat.deleteScheduledMessage": (*Workspace).chatDeleteScheduled,
		"chat.getPermalink":           (*Workspace).chatPermalink,
		"chat.postEphemeral":          (*Workspace).chatPostEphemeral,
		"chat.postMessage":            (*Workspace).chatPostMessage,
		"chat.scheduleMessage":        (*Workspace).chatSchedule,
		"chat.scheduledMessages.list": (*Workspace).chatScheduledList,
		"chat.update":                 (*Workspace).chatUpdate,
		"conversations.create":        (*Workspace).conversationsCreate,
		"conversations.history":       (*Workspace).conversationsHistory,
		"conversations.info":          (*Workspace).conversationsInfo,
		"conversations.invite":        (*Workspace).conversationsInvite,
		"conversations.join":          (*Workspace).conversationsJoin,
		"conversations.list":          (*Workspace).conversationsList,
		"conversations.mark":          (*Workspace).conversationsMark,
		"conversations.members":       (*Workspace).conversationsMembers,
		"conversations.open":          (*Workspace).conversationsOpen,
		"conversations.replies":       (*Workspace).conversationsReplies,
		"reactions.add":               (*Workspace).reactionsAdd,
		"reactions.remove":            (*Workspace).reactionsRemove,
		"team.info":                   (*Workspace).teamInfo,
		"users.info":                  (*Workspace).usersInfo,
		"users.list":                  (*Workspace).usersList,
		"users.lookupByEmail":         (*Workspace).usersLookupByEmail,
		"users.profile.get":           (*Workspace).usersProfileGet,
		"views.open":                  (*Workspace).viewsOpen,
		"views.publish":               (*Workspace).viewsPublish,
		"views.push":                  (*Workspace).viewsPush,
		"views.update":                (*Workspace).viewsUpdate,
	}
}

// serveAPI answers /api/METHOD: decode, authenticate, count against rates, meet faults,
// and only then do what is asked.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	do, known := methods()[name]
	if !known {
		writeJSON(rw, http.StatusOK, object{"ok": false, "error": "unknown_method", "req_method": name})
		return
	}
	w.mu.Lock()
	w.calls[name]++
	w.mu.Unlock()
	c, err := w.readCall(rw, r, name)
	if err != nil {
		w.answer(rw, nil, err)
		return
	}
	if err := w.authorize(c); err != nil {
		w.answer(rw, nil, err)
		return
	}
	if wait := w.rates.take(name, w.rateKey(c)); wait > 0 {
		w.tooMany(rw, wait)
		return
	}
	fault, faulty := w.faults.next(name)
	if faulty && (fault.Mode == faultRateLimit || fault.Mode == fault500) {
		w.refuseFaulty(rw, fault)
		return
	}
	answer, err := w.carryOut(do, c)
	if faulty && fault.Mode == faultLostReply {
		panic(http.ErrAbortHandler) // net/http's way to break the connection without an answer
	}
	if faulty && fault.Mode == faultSlow {
		select {
		case <-w.real.After(fault.delay(w.opts.Timing.Slow)):
		case <-r.Context().Done():
		case <-w.done.Done():
		}
	}
	w.answer(rw, answer, err)
}

// carryOut does what a call asks for. What could not be written down counts as
// not done.
func (w *Workspace) carryOut(do method, c *call) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answer, err := do(w, c)
	if w.unwritten != nil {
		err, w.unwritten = w.unwritten, nil
	}
	return answer, err
}

func (w *Workspace) refuseFaulty(rw http.ResponseWriter, f fault) {
	if f.Mode == faultRateLimit {
		w.tooMany(rw, max(1, f.RetryAfter))
		return
	}
	writeJSON(rw, http.StatusInternalServerError, object{"ok": false, "error": "internal_error"})
}

func (w *Workspace) tooMany(rw http.ResponseWriter, seconds int) {
	w.mu.Lock()
	w.rateLimited++
	w.mu.Unlock()
	w.watch.changed()
	rw.Header().Set("Retry-After", strconv.Itoa(seconds))
	writeJSON(rw, http.StatusTooManyRequests, object{"ok": false, "error": "ratelimited"})
}

// rateKey names the conversation that a call is counted for.
func (w *Workspace) rateKey(c *call) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch := w.findChannel(c.str("channel")); ch != nil {
		return ch.ID
	}
	if user := w.users[c.str("channel")]; user != nil {
		if im := w.findIM(user.ID); im != nil {
			return im.ID
		}
	}
	return c.str("channel")
}

// answer writes what a method returned, in Slack's manner: refusals are 200
// with ok false.
func (w *Workspace) answer(rw http.ResponseWriter, out object, err error) {
	if err == nil {
		full := object{"ok": true}
		for k, v := range out {
			full[k] = v
		}
		rw.Header().Set("X-OAuth-Scopes", strings.Join(w.scopes(), ","))
		writeJSON(rw, http.StatusOK, full)
		return
	}
	var refused *slackError
	if errors.As(err, &refused) {
		full := object{"ok": false, "error": refused.code}
		for k, v := range refused.extra {
			full[k] = v
		}
		writeJSON(rw, http.StatusOK, full)
		return
	}
	var status *statusError
	if errors.As(err, &status) {
		writeJSON(rw, status.status, failure(status.Error()))
		return
	}
	w.log.Error("a call failed", "error", err)
	writeJSON(rw, http.StatusInternalServerError, object{"ok": false, "error": "internal_error"})
}

// authorize checks the token and the scope that the method needs.
func (w *Workspace) authorize(c *call) error {
	need := w.limits.Methods[c.method]
	if need.Token == "none" {
		return nil
	}
	switch c.token {
	case "":
		return slackErr("not_authed")
	case BotToken:
		if need.Token == "app" {
			return slackErr("not_allowed_token_type")
		}
	case AppToken:
		if need.Token != "app" {
			return slackErr("not_allowed_token_type")
		}
		return nil
	default:
		return slackErr("invalid_auth")
	}
	if need.Scope != "" && len(w.opts.Scopes) > 0 && !slices.Contains(w.opts.Scopes, need.Scope) {
		return &slackError{"missing_scope", object{"needed": need.Scope, "provided": strings.Join(w.opts.Scopes, ",")}}
	}
	return nil
}

// scopes lists what the bot's token may do.
func (w *Workspace) scopes() []string {
	if len(w.opts.Scopes) > 0 {
		return w.opts.Scopes
	}
	all := []string{"chat:write.public", "commands", "groups:history", "groups:read", "im:history"}
	for _, s := range w.limits.Methods {
		if s.Scope != "" && s.Token == "" {
			all = append(all, s.Scope)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (w *Workspace) hasScope(scope string) bool {
	return len(w.opts.Scopes) == 0 || slices.Contains(w.opts.Scopes, scope)
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"ok":false,"error":"internal_error"}`)
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.WriteHeader(status)
	_, _ = rw.Write(append(data, '\n'))
}

// LocalOnly refuses requests that were not made to this machine, or by a page
// that did not come from it.
func LocalOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			writeJSON(rw, http.StatusForbidden, failure("the host "+strconv.Quote(r.Host)+" is not this machine; use 127.0.0.1 or localhost"))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !strings.HasPrefix(r.URL.Path, "/link/") {
			from, err := url.Parse(origin)
			if err != nil || !isLocal(from.Host) {
				writeJSON(rw, http.StatusForbidden, failure("the origin "+strconv.Quote(origin)+" is not this machine"))
				return
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// isLocal tells whether a Host header, with or without a port, names this machine.
func isLocal(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
