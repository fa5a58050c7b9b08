package sandbox_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/jonboulle/clockwork"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"playcaller/bot/sandbox"
)

// address asks for the address of a socket.
func (s *site) address(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+"/api/apps.connections.open", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+sandbox.AppToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	out := read(t, answer)
	if out["ok"] != true {
		t.Fatalf("got %v", out)
	}
	return out["url"].(string)
}

// dial opens a socket and reads its first message.
func (s *site) dial(t *testing.T) (*websocket.Conn, map[string]any) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(s.address(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, next(t, conn)
}

func next(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := conn.ReadJSON(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnAddressIsGoodForOneConnection(t *testing.T) {
	s := open(t, sandbox.Options{})
	address := s.address(t)
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if hello := next(t, conn); hello["type"] != "hello" || hello["num_connections"] != 1.0 {
		t.Errorf("got %v, want hello", hello)
	}
	if _, answer, err := websocket.DefaultDialer.Dial(address, nil); err == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("a second time: got %v", err)
	}
}

func TestTenConnectionsAreTheMost(t *testing.T) {
	s := open(t, sandbox.Options{})
	for i := range 10 {
		if _, first := s.dial(t); first["type"] != "hello" {
			t.Fatalf("connection %d: got %v", i+1, first)
		}
	}
	if _, first := s.dial(t); first["type"] != "disconnect" || first["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh: got %v", first)
	}
	if got := s.state(t, "").Connected; got != 10 {
		t.Errorf("got %d connected, want 10", got)
	}
}

func TestEachEventGoesToOneConnection(t *testing.T) {
	s := open(t, sandbox.Options{Timing: sandbox.Timing{CommandReply: time.Millisecond}})
	got := make(chan string, 10)
	for _, name := range []string{"first", "second"} {
		conn, _ := s.dial(t)
		go func() {
			for {
				var e struct {
					ID string `json:"envelope_id"`
				}
				if conn.ReadJSON(&e) != nil {
					return
				}
				got <- name
				_ = conn.WriteJSON(map[string]any{"envelope_id": e.ID})
			}
		}()
	}
	for range 2 {
		s.must(t, "command", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "command": "/cs", "text": "x"})
	}
	if a, b := receive(t, got, "a command"), receive(t, got, "a command"); a == b || len(got) != 0 {
		t.Errorf("got %s, %s and %d more; want one command each", a, b, len(got))
	}
}

func TestAnAcknowledgementOfTwentyKilobytesIsDropped(t *testing.T) {
	s := open(t, sandbox.Options{Timing: sandbox.Timing{Ack: 50 * time.Millisecond}})
	conn, _ := s.dial(t)
	sent := make(chan error, 1)
	go func() {
		var e map[string]any
		if err := conn.ReadJSON(&e); err != nil {
			sent <- err
			return
		}
		sent <- conn.WriteJSON(map[string]any{"envelope_id": e["envelope_id"], "payload": map[string]any{"text": strings.Repeat("x", 20*1024)}})
	}()
	status, out := s.script(t, "command", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "command": "/cs"})
	if err := receive(t, sent, "the acknowledgement"); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusGatewayTimeout {
		t.Errorf("got %d %v, want it to count as none", status, out)
	}
}

func TestTheAppConnectsAnewWhenItIsToldTo(t *testing.T) {
	s := open(t, sandbox.Options{})
	greeted := s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		if _, ok := e.Data.(slack.SlashCommand); ok {
			_ = c.Ack(*e.Request, map[string]any{"text": "here"})
		}
	})
	s.must(t, "disconnect", map[string]any{"reason": "refresh_requested"})
	receive(t, greeted, "the second greeting")
	out := s.must(t, "command", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "command": "/cs"})
	if out["response"].(map[string]any)["text"] != "here" {
		t.Errorf("got %v", out)
	}
}

func TestASocketIsPingedAndInTimeReplaced(t *testing.T) {
	clock := clockwork.NewFakeClock()
	s := open(t, sandbox.Options{Real: clock, Timing: sandbox.Timing{Ping: time.Second, Refresh: time.Minute, Warning: 20 * time.Second}})
	conn, _ := s.dial(t)
	pinged, came, ended := make(chan struct{}, 1000), make(chan map[string]any, 10), make(chan error, 1)
	conn.SetPingHandler(func(string) error {
		pinged <- struct{}{}
		return nil
	})
	go func() {
		for {
			var said map[string]any
			if err := conn.ReadJSON(&said); err != nil {
				ended <- err
				return
			}
			came <- said
		}
	}()
	clock.Advance(time.Second)
	receive(t, pinged, "a ping")
	for _, c := range []struct {
		after  time.Duration
		reason string
	}{{39 * time.Second, "warning"}, {20 * time.Second, "refresh_requested"}} {
		clock.Advance(c.after)
		if got := receive(t, came, c.reason); got["type"] != "disconnect" || got["reason"] != c.reason {
			t.Errorf("got %v, want %s", got, c.reason)
		}
	}
	if err := clock.BlockUntilContext(t.Context(), 3); err != nil { // the workspace's heartbeat, the pings, and the end
		t.Fatal(err)
	}
	clock.Advance(20 * time.Second)
	if err := receive(t, ended, "the end"); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("got %v, want the socket closed in the end", err)
	}
}

func TestListenersHearOfEveryChange(t *testing.T) {
	s := open(t, sandbox.Options{})
	answer, err := http.Get(s.url + "/sandbox/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := make(chan string, 100)
	go func() {
		for in := bufio.NewScanner(answer.Body); in.Scan(); {
			if in.Text() != "" {
				lines <- in.Text()
			}
		}
	}()
	var before, after int
	if _, err := fmt.Sscanf(receive(t, lines, "the first line"), `data: {"rev":%d}`, &before); err != nil {
		t.Fatal(err)
	}
	s.must(t, "say", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "text": "x"})
	if _, err := fmt.Sscanf(receive(t, lines, "a change"), `data: {"rev":%d}`, &after); err != nil || after <= before {
		t.Errorf("got %d after %d, %v", after, before, err)
	}
}
