package sandbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

// quiet makes a workspace in memory with two people, by whose real clock the
// test goes.
func quiet(t *testing.T, options Options) (*Workspace, *clockwork.FakeClock) {
	t.Helper()
	clock := clockwork.NewFakeClockAt(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
	options.Real, options.Clock = clock, clock.Now
	options.Users = []User{{ID: "U0A", Name: "anna"}, {ID: "U0B", Name: "ben"}, {ID: "U0BOT", Name: "bot", IsBot: true}}
	options.Channels = []Channel{{ID: "C0X", Name: "x", Members: []string{"anna", "ben", "bot"}}}
	w, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, clock
}

// do calls a method with arguments as JSON and gives the code of its refusal.
func do(t *testing.T, w *Workspace, name, args string) (object, string) {
	t.Helper()
	value, err := parseJSON([]byte(args))
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := methods()[name](w, &call{method: name, args: value.(object)})
	if err != nil {
		return nil, err.Error()
	}
	return out, ""
}

func aTrigger(w *Workspace, user string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newTrigger(user)
}

func modal(rest string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[{"type":"divider"}]` + rest + `}`
}

func TestATriggerOpensOneViewWithinThreeSeconds(t *testing.T) {
	w, clock := quiet(t, Options{})
	id := aTrigger(w, "U0A")
	open := fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, id, modal(""))
	if _, code := do(t, w, "views.open", `{"trigger_id":"1.2.3","view":`+modal("")+`}`); code != "invalid_trigger_id" {
		t.Errorf("one that never was: got %q", code)
	}
	clock.Advance(3 * time.Second)
	if _, code := do(t, w, "views.open", open); code != "" {
		t.Errorf("within 3 s: got %q", code)
	}
	if _, code := do(t, w, "views.open", open); code != "exchanged_trigger_id" {
		t.Errorf("a second time: got %q", code)
	}
	late := aTrigger(w, "U0A")
	clock.Advance(3*time.Second + time.Millisecond)
	if _, code := do(t, w, "views.open", fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, late, modal(""))); code != "expired_trigger_id" {
		t.Errorf("after 3 s: got %q", code)
	}
}

func TestAStackHoldsThreeViews(t *testing.T) {
	w, _ := quiet(t, Options{})
	for i, want := range []string{"", "", "", "push_limit_reached"} {
		method := "views.push"
		if i == 0 {
			method = "views.open"
		}
		if _, code := do(t, w, method, fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, aTrigger(w, "U0A"), modal(""))); code != want {
			t.Errorf("view %d: got %q, want %q", i+1, code, want)
		}
	}
	stack := w.stacks["U0A"]
	if stack[2].previous != stack[1] || stack[2].root != stack[0] {
		t.Error("the third view does not know the ones below it")
	}
}

func TestAnOldHashIsAConflictAndInputsStay(t *testing.T) {
	w, _ := quiet(t, Options{})
	form := `{"type":"modal","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"S"},"external_id":"e","blocks":[` +
		`{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}]}`
	out, code := do(t, w, "views.open", fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, aTrigger(w, "U0A"), form))
	if code != "" {
		t.Fatal(code)
	}
	opened := out["view"].(object)
	w.views[opened["id"].(string)].inputs.set("b", "a", object{"type": "plain_text_input", "value": "typed"})
	update := fmt.Sprintf(`{"external_id":"e","hash":%q,"view":%s}`, opened["hash"], form)
	out, code = do(t, w, "views.update", update)
	if code != "" {
		t.Fatal(code)
	}
	if got := out["view"].(object)["state"].(object)["values"].(values)["b"]["a"]["value"]; got != "typed" {
		t.Errorf("got %v, want what was typed to stay", got)
	}
	if _, code := do(t, w, "views.update", update); code != "hash_conflict" {
		t.Errorf("got %q, want hash_conflict", code)
	}
	if _, code := do(t, w, "views.open", fmt.Sprintf(`{"trigger_id":%q,"view":%s}`, aTrigger(w, "U0B"), form)); code != "duplicate_external_id" {
		t.Errorf("got %q, want duplicate_external_id", code)
	}
	if _, code := do(t, w, "views.update", `{"view_id":"V0","view":`+form+`}`); code != "not_found" {
		t.Errorf("got %q, want not_found", code)
	}
}

func TestViewsAreRefusedAsSlackDoes(t *testing.T) {
	long := strings.Repeat("x", 3001)
	for _, c := range []struct{ name, view, want string }{
		{"a title of 25", `{"type":"modal","title":{"type":"plain_text","text":"` + long[:25] + `"},"blocks":[]}`, "/view/title/text"},
		{"no title", `{"type":"modal","blocks":[]}`, "missing required field: title"},
		{"a submit of 25", modal(`,"submit":{"type":"plain_text","text":"` + long[:25] + `"}`), "/view/submit/text"},
		{"private_metadata of 3001", modal(`,"private_metadata":"` + long + `"`), "/view/private_metadata"},
		{"a callback_id of 256", modal(`,"callback_id":"` + long[:256] + `"`), "/view/callback_id"},
		{"a home in a modal's place", `{"type":"home","blocks":[]}`, "/view/type"},
		{"101 blocks", `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[` + times(101, func(int) string { return `{"type":"divider"}` }) + `]}`, "/view/blocks"},
		{"a message's block", `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[{"type":"markdown","text":"x"}]}`, "/view/blocks/0/type"},
		{"an input without submit", `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[{"type":"input","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input"}}]}`, "/view/submit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := quiet(t, Options{})
			value, err := parseJSON([]byte(c.view))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(w.checkView(value.(object), surfaceModal), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}

func TestMessagesAreRefusedAsSlackDoes(t *testing.T) {
	blocks := func(n, size int) string {
		return `"blocks":[` + times(n, func(int) string { return `{"type":"section","text":` + textJSON("mrkdwn", size) + `}` }) + `]`
	}
	for _, c := range []struct{ name, args, want string }{
		{"no text", `{"channel":"C0X"}`, "no_text"},
		{"only space", `{"channel":"C0X","text":"  "}`, "no_text"},
		{"no channel", `{"text":"x"}`, "channel_not_found"},
		{"a channel that is not there", `{"channel":"C0NONE","text":"x"}`, "channel_not_found"},
		{"40,000 characters", `{"channel":"C0X","text":"` + strings.Repeat("x", 40000) + `"}`, ""},
		{"40,001 characters", `{"channel":"C0X","text":"` + strings.Repeat("x", 40001) + `"}`, "msg_too_long"},
		{"50 blocks", `{"channel":"C0X",` + blocks(50, 10) + `}`, ""},
		{"51 blocks", `{"channel":"C0X",` + blocks(51, 10) + `}`, "invalid_blocks"},
		{"13,200 characters in blocks", `{"channel":"C0X",` + blocks(6, 2200) + `}`, ""},
		{"13,206 characters in blocks", `{"channel":"C0X",` + blocks(6, 2201) + `}`, "msg_blocks_too_long"},
		{"blocks that are no list", `{"channel":"C0X","blocks":{}}`, "invalid_blocks_format"},
		{"blocks that are no JSON", `{"channel":"C0X","blocks":"[{"}`, "invalid_blocks_format"},
		{"101 attachments", `{"channel":"C0X","attachments":[` + times(101, func(int) string { return `{"text":"x"}` }) + `]}`, "too_many_attachments"},
		{"metadata without a payload", `{"channel":"C0X","text":"x","metadata":{"event_type":"e"}}`, "invalid_metadata_schema"},
		{"metadata that is no object", `{"channel":"C0X","text":"x","metadata":"[]"}`, "invalid_metadata_format"},
		{"a thread that is not there", `{"channel":"C0X","text":"x","thread_ts":"1.000000"}`, "thread_not_found"},
		{"a channel by name", `{"channel":"#x","text":"x"}`, ""},
		{"a person", `{"channel":"U0A","text":"x"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := quiet(t, Options{})
			if _, code := do(t, w, "chat.postMessage", c.args); code != c.want {
				t.Errorf("got %q, want %q", code, c.want)
			}
		})
	}
}

func TestOnlyTheBotsOwnMessagesAreChanged(t *testing.T) {
	w, _ := quiet(t, Options{})
	out, err := w.say(nil, []byte(`{"user":"anna","channel":"x","text":"mine"}`))
	if err != nil {
		t.Fatal(err)
	}
	args := fmt.Sprintf(`{"channel":"C0X","ts":%q,"text":"yours"}`, out["ts"])
	if _, code := do(t, w, "chat.update", args); code != "cant_update_message" {
		t.Errorf("got %q", code)
	}
	if _, code := do(t, w, "chat.delete", args); code != "cant_delete_message" {
		t.Errorf("got %q", code)
	}
}

func TestAScheduledMessageIsPostedByBusinessTime(t *testing.T) {
	w, clock := quiet(t, Options{Advance: func(context.Context, time.Time) error { return nil }})
	at := clock.Now().Add(time.Hour).Unix()
	if _, code := do(t, w, "chat.scheduleMessage", fmt.Sprintf(`{"channel":"C0X","text":"later","post_at":%d}`, at)); code != "" {
		t.Fatal(code)
	}
	if _, code := do(t, w, "chat.scheduleMessage", `{"channel":"C0X","text":"x","post_at":1}`); code != "time_in_past" {
		t.Errorf("got %q", code)
	}
	history := func() int {
		out, code := do(t, w, "conversations.history", `{"channel":"C0X"}`)
		if code != "" {
			t.Fatal(code)
		}
		return len(out["messages"].([]object))
	}
	if n := history(); n != 0 {
		t.Errorf("before its time: got %d messages", n)
	}
	clock.Advance(time.Hour)
	if n := history(); n != 1 {
		t.Errorf("at its time: got %d messages, want 1", n)
	}
}
