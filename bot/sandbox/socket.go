package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/jonboulle/clockwork"
)

// Why an app did not acknowledge what it was sent.
var (
	errNotConnected = errors.New("no app is connected to the workspace")
	errNoAck        = errors.New("the app did not acknowledge in time")
	errLinkBroke    = errors.New("the app's connection broke before it acknowledged")
	errClosing      = errors.New("the workspace is closing")
)

// Kinds of envelopes.
const (
	kindEvents      = "events_api"
	kindInteractive = "interactive"
	kindCommand     = "slash_commands"
)

// envelope is something for the app to acknowledge.
type envelope struct {
	kind    string
	payload json.RawMessage
	accepts bool   // the acknowledgement may carry an answer
	attempt int    // how many times it has been sent before
	reason  string // why it is sent again
}

// reply is what came of an envelope: the payload of its acknowledgement, or why
// there was none.
type reply struct {
	payload json.RawMessage
	err     error
}

// hub holds the app's sockets and what they have not yet acknowledged.
type hub struct {
	w *Workspace

	mu      sync.Mutex
	tickets map[string]time.Time // addresses given out and not yet used, with their end in real time
	sockets []*socket
	turn    int
	pending map[string]*pending
	closed  bool
	work    sync.WaitGroup
}

type pending struct {
	socket *socket
	done   func(reply)
	timer  clockwork.Timer
}

func newHub(w *Workspace) *hub {
	return &hub{w: w, tickets: map[string]time.Time{}, pending: map[string]*pending{}}
}

// ticketLife is how long an address from apps.connections.open can be dialled.
const ticketLife = 30 * time.Second

func (w *Workspace) openConnection(c *call) (object, error) {
	ticket := rand.Text()
	w.hub.mu.Lock()
	w.hub.tickets[ticket] = w.real.Now().Add(ticketLife)
	w.hub.mu.Unlock()
	return object{"url": "ws://" + c.host + "/link/?ticket=" + ticket + "&app_id=" + AppID}, nil
}

// redeem uses up a ticket; it is good for one connection.
func (h *hub) redeem(ticket string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	end, ok := h.tickets[ticket]
	delete(h.tickets, ticket)
	return ok && h.w.real.Now().Before(end)
}

// serveSocket upgrades a dialled address to a socket and reads acknowledgements
// from it until it ends.
func (w *Workspace) serveSocket(rw http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		writeJSON(rw, http.StatusBadRequest, failure("this address is for WebSocket connections"))
		return
	}
	if !w.hub.redeem(r.URL.Query().Get("ticket")) {
		writeJSON(rw, http.StatusForbidden, failure("this address has been used or has run out; ask apps.connections.open for a new one"))
		return
	}
	// The ticket proves the token, so the page that dialled does not matter.
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	s := &socket{conn: conn, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	if !w.hub.add(s) {
		return
	}
	defer w.hub.work.Done()
	defer w.hub.remove(s)
	conn.SetReadLimit(1 << 20)
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		w.hub.acknowledge(s, data)
	}
}

// add takes in a socket and greets it, or turns it away when there are too many.
// When it returns true, the caller owes one hub.work.Done.
func (h *hub) add(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.sockets) >= h.w.limits.Sizes.Connections {
		s.refuse("too_many_websockets")
		return false
	}
	h.sockets = append(h.sockets, s)
	h.work.Add(2)
	go func() {
		defer h.work.Done()
		s.write(h.w.real, h.w.opts.Timing)
	}()
	s.send(object{"type": "hello", "num_connections": len(h.sockets), "connection_info": object{"app_id": AppID},
		"debug_info": object{"host": "sandbox", "build_number": 1, "approximate_connection_time": int(h.w.opts.Timing.Refresh.Seconds())}})
	h.w.watch.changed()
	return true
}

// remove forgets a socket; what it had not acknowledged has failed.
func (h *hub) remove(s *socket) {
	s.end()
	h.mu.Lock()
	h.sockets = slices.DeleteFunc(h.sockets, func(x *socket) bool { return x == s })
	var lost []*pending
	for id, p := range h.pending {
		if p.socket == s {
			lost = append(lost, p)
			delete(h.pending, id)
		}
	}
	h.mu.Unlock()
	for _, p := range lost {
		p.timer.Stop()
		p.done(reply{err: errLinkBroke})
	}
	h.w.watch.changed()
}

// send gives an envelope to one of the sockets, in turn. done is called exactly
// once: with the acknowledgement, or with the reason why there was none.
func (h *hub) send(e envelope, done func(reply)) {
	id := strings.ToLower(rand.Text())
	h.mu.Lock()
	s := h.pick()
	if s == nil {
		h.mu.Unlock()
		done(reply{err: errNotConnected})
		return
	}
	body := object{"envelope_id": id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.accepts}
	if e.kind == kindEvents {
		body["retry_attempt"], body["retry_reason"] = e.attempt, e.reason
	}
	p := &pending{socket: s, done: done}
	h.pending[id] = p
	p.timer = h.w.real.AfterFunc(h.w.opts.Timing.Ack, func() { h.settle(id, reply{err: errNoAck}) })
	s.send(body)
	h.mu.Unlock()
}

// pick chooses the next socket; those told to go only when there is no other.
func (h *hub) pick() *socket {
	for range h.sockets {
		h.turn++
		if s := h.sockets[h.turn%len(h.sockets)]; !s.isLeaving() {
			return s
		}
	}
	if len(h.sockets) > 0 {
		return h.sockets[0]
	}
	return nil
}

// acknowledge reads one message of the app. Those of 20 KB and more are dropped,
// as Slack drops them without a word.
func (h *hub) acknowledge(s *socket, data []byte) {
	if len(data) >= h.w.limits.Sizes.AckBytes {
		h.w.log.Warn("an acknowledgement was dropped because it is too large", "bytes", len(data))
		return
	}
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(data, &ack); err != nil {
		h.w.log.Warn("an acknowledgement is not JSON", "error", err)
		return
	}
	h.settle(ack.EnvelopeID, reply{payload: ack.Payload})
}

func (h *hub) settle(id string, r reply) {
	h.mu.Lock()
	p := h.pending[id]
	delete(h.pending, id)
	h.mu.Unlock()
	if p != nil {
		p.timer.Stop()
		p.done(r)
	}
}

// connected counts the app's sockets.
func (h *hub) connected() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sockets)
}

// disconnect tells every socket to go, for one of Slack's reasons.
func (h *hub) disconnect(reason string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sockets {
		s.sayGoodbye(reason)
	}
	return len(h.sockets)
}

func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.sockets {
		s.end()
	}
	h.mu.Unlock()
	h.work.Wait()
}

// disconnect serves POST /sandbox/disconnect {"reason"}: Slack asks the app to
// reconnect.
func (w *Workspace) disconnect(_ *http.Request, body []byte) (object, error) {
	in := struct {
		Reason string `json:"reason"`
	}{"refresh_requested"}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	reasons := []string{"warning", "refresh_requested", "link_disabled", "too_many_websockets"}
	if !slices.Contains(reasons, in.Reason) {
		return nil, refuse(http.StatusBadRequest, "reason is %q; it must be one of %s", in.Reason, strings.Join(reasons, ", "))
	}
	return object{"sockets": w.hub.disconnect(in.Reason)}, nil
}

// socket is one connection of the app. One goroutine writes to it.
type socket struct {
	conn *websocket.Conn
	wake chan struct{} // something is in the queue
	gone chan struct{} // closed when the socket has ended

	mu      sync.Mutex
	queue   [][]byte
	leaving bool // told to go
	last    bool // to be closed when the app has had time to connect anew
	ended   bool
}

// send queues a message; it never waits.
func (s *socket) send(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.queue = append(s.queue, data)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *socket) isLeaving() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}

// sayGoodbye queues a disconnect message. After all but a warning the app is to
// close the socket; where it does not, the socket is closed after a while.
func (s *socket) sayGoodbye(reason string) {
	s.mu.Lock()
	s.leaving = true
	s.last = s.last || reason != "warning"
	s.mu.Unlock()
	s.send(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "sandbox"}})
}

// refuse turns a socket away at once.
func (s *socket) refuse(reason string) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_ = s.conn.WriteJSON(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "sandbox"}})
	s.end()
}

func (s *socket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.gone)
		_ = s.conn.Close()
	}
}

// writeTimeout is how long a write may hang before the socket is given up.
const writeTimeout = 10 * time.Second

// write sends what is queued, pings, and asks the app to reconnect when the
// socket has grown old, until the socket ends.
func (s *socket) write(clock clockwork.Clock, t Timing) {
	defer s.end()
	ping := clock.NewTicker(t.Ping)
	defer ping.Stop()
	warning, refresh := clock.NewTimer(max(0, t.Refresh-t.Warning)), clock.NewTimer(t.Refresh)
	defer warning.Stop()
	defer refresh.Stop()
	var over <-chan time.Time // when a socket that was told to go is closed
	for {
		select {
		case <-s.gone:
			return
		case <-s.wake:
			last, err := s.flush()
			if err != nil {
				return
			}
			if last && over == nil {
				over = clock.After(t.Warning)
			}
		case <-ping.Chan():
			if s.conn.WriteControl(websocket.PingMessage, []byte("sandbox"), time.Now().Add(writeTimeout)) != nil {
				return
			}
		case <-warning.Chan():
			s.sayGoodbye("warning")
		case <-refresh.Chan():
			s.sayGoodbye("refresh_requested")
		case <-over:
			bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			_ = s.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(writeTimeout))
			return
		}
	}
}

// flush writes the queue and tells whether the app was asked to go.
func (s *socket) flush() (last bool, err error) {
	s.mu.Lock()
	queue, last := s.queue, s.last
	s.queue = nil
	s.mu.Unlock()
	for _, data := range queue {
		_ = s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err := s.conn.WriteMessage(websocket.TextMessage, data); err != nil {
			return last, err
		}
	}
	return last, nil
}
