package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/sandbox"
)

type webhookCalls struct {
	Systems []string
	Left    []struct {
		Method, Mode string
		Times        int
	}
	Calls []struct {
		N           int
		At, System  string
		Key, Signed string
		Again       bool
		Fault       string
		Status      int
		Body        json.RawMessage
	}
}

// callSystem calls another system as a bot does; the answer is 0 where the connection broke.
func (s *site) callSystem(t *testing.T, system, key, signature, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.url+"/sandbox/webhooks/"+system, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", key)
	if signature != "" {
		req.Header.Set("Playcaller-Signature", signature)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// read decodes the answer to GET /sandbox/WHAT.
func (s *site) read(t *testing.T, what string, into any) {
	t.Helper()
	res, err := http.Get(s.url + "/sandbox/" + what)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestCallsOfOtherSystemsComeToTheWorkspace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "workspace.jsonl")
	s := open(t, sandbox.Options{State: file, Systems: func() []string { return []string{"crm"} }})
	mac := hmac.New(sha256.New, []byte(sandbox.WebhookSecret))
	mac.Write([]byte(`1800000000.{"account":"acme"}`))
	signature := "t=1800000000,v1=" + hex.EncodeToString(mac.Sum(nil))

	for _, c := range []struct{ method, mode string }{{"webhook:crm", "500"}, {"webhook:*", "lost_reply"}, {"webhook:crm", "400"}} {
		if code, answer := s.raw(t, "faults", []byte(`{"method":"`+c.method+`","mode":"`+c.mode+`","times":1}`)); code != http.StatusOK {
			t.Fatalf("the fault is refused: %v", answer)
		}
	}
	var got []int
	for _, c := range []struct{ system, key, signature, body string }{
		{"crm", "1", signature, `{"account":"acme"}`}, // 500
		{"crm", "1", signature, `{"account":"acme"}`}, // lost: taken
		{"crm", "1", signature, `{"account":"acme"}`}, // 400, although it has it
		{"crm", "1", signature, `{"account":"acme"}`}, // it has it already
		{"crm", "2", signature, `{"account":"bolt"}`}, // another body than the one that was signed
		{"chat", "1", "", `hello`},
	} {
		got = append(got, s.callSystem(t, c.system, c.key, c.signature, c.body))
	}
	if diff := cmp.Diff([]int{500, 0, 400, 200, 200, 400}, got); diff != "" {
		t.Errorf("the answers (-want +got):\n%s", diff)
	}

	want := []string{"crm 1 500 valid 500", "crm 1 0 valid lost_reply", "crm 1 400 valid 400 again", "crm 1 200 valid again", "crm 2 200 invalid", "chat 1 400 none null"}
	for range 2 { // and after a restart
		var all webhookCalls
		s.read(t, "webhooks", &all)
		var lines []string
		for i, c := range all.Calls {
			line := strings.Join([]string{c.System, c.Key, map[int]string{0: "0", 200: "200", 400: "400", 500: "500"}[c.Status], c.Signed}, " ")
			if c.Fault != "" {
				line += " " + c.Fault
			}
			if c.Again {
				line += " again"
			}
			if string(c.Body) == "null" {
				line += " null"
			}
			if c.N != i+1 || c.At == "" {
				t.Errorf("call %d is numbered %d, at %q", i, c.N, c.At)
			}
			lines = append(lines, line)
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("the calls (-want +got):\n%s", diff)
		}
		if len(all.Systems) != 1 || len(all.Left) != 0 {
			t.Errorf("systems %v, left %v", all.Systems, all.Left)
		}
		var state struct{ Webhooks int }
		if s.read(t, "state", &state); state.Webhooks != 6 {
			t.Errorf("the state counts %d calls", state.Webhooks)
		}
		s = open(t, sandbox.Options{State: file, Systems: func() []string { return []string{"crm"} }})
	}
}

func TestFaultsOfWebhooksAndOfSlackAreApart(t *testing.T) {
	s := open(t, sandbox.Options{})
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"method":"*","mode":"500","times":3}`, 200},
		{`{"method":"webhook:crm","mode":"slow","times":2,"delay_ms":1}`, 200},
		{`{"method":"webhook:*","mode":"429","times":1}`, 200},
		{`{"method":"webhook:","mode":"500"}`, 400},
		{`{"method":"chat.postMessage","mode":"400"}`, 400}, // no method of Slack's is refused so
	} {
		if code, answer := s.raw(t, "faults", []byte(c.body)); code != c.status {
			t.Errorf("%s: %d %v", c.body, code, answer)
		}
	}
	if code := s.callSystem(t, "crm", "1", "", `{}`); code != 200 { // slow
		t.Errorf("answered %d", code)
	}
	if code := s.callSystem(t, "chat", "1", "", `{}`); code != 429 {
		t.Errorf("answered %d", code)
	}
	if code := s.callSystem(t, "chat", "1", "", `{}`); code != 200 { // not one of Slack's faults
		t.Errorf("answered %d", code)
	}
	s.raw(t, "faults", []byte(`{"clear":true,"method":"webhook:crm"}`))
	var all webhookCalls
	s.read(t, "webhooks", &all)
	var left struct{ Left []any }
	if s.read(t, "faults", &left); len(all.Left) != 0 || len(left.Left) != 1 {
		t.Errorf("left are %v and %v", all.Left, left.Left)
	}
}

func TestAFaultOfASystemThatIsNeverCalledIsRefused(t *testing.T) {
	for _, tc := range []struct {
		systems []string
		method  string
		want    string // of the refusal; "" where it is taken
	}{
		{[]string{"billing", "crm"}, "webhook:crm", ""},
		{[]string{"billing", "crm"}, "webhook:*", ""},
		{[]string{"billing", "crm"}, "webhook:crmm", `method is "webhook:crmm", and no playbook calls a system of that name; it must be one of webhook:billing, webhook:crm, or "webhook:*" for all`},
		{[]string{}, "webhook:crm", "the book calls no system"},
		{nil, "webhook:anything", ""}, // a workspace alone does not know
	} {
		t.Run(fmt.Sprint(tc.systems, " ", tc.method), func(t *testing.T) {
			var o sandbox.Options
			if tc.systems != nil {
				o.Systems = func() []string { return tc.systems }
			}
			s := open(t, o)
			code, out := s.raw(t, "faults", []byte(`{"method":"`+tc.method+`","mode":"500","times":1}`))
			if got := fmt.Sprint(out); (code == http.StatusOK) != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("answered %d %v, want %q", code, out, tc.want)
			}
		})
	}
}
