package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"playcaller/bot/app"
)

// A walk plays the book of testdata/format, which uses the whole format, as people do: by clicks, forms and commands in the
// workspace. Business time alone passes.
type walk struct {
	*live
	book string
	said map[string]bool // messages seen by answeredTo
}

// found is a message of the workspace.
type found struct {
	channel, ts, key, text string
	only                   string // who alone sees it
}

// startWalk starts the sandbox on a copy of the book.
func startWalk(t *testing.T) *walk {
	t.Helper()
	w := &walk{book: t.TempDir(), said: map[string]bool{}}
	if err := os.CopyFS(w.book, os.DirFS("testdata/format")); err != nil {
		t.Fatal(err)
	}
	w.live = beginOn(t, app.SandboxOptions{Data: t.TempDir(), Book: w.book})
	return w
}

// account makes an account of Tanaka's, or as the fields say, and puts it on a walk: its first judgement knows both.
func (w *walk) account(id, walk string, more map[string]any) {
	w.t.Helper()
	fields := map[string]any{"id": id, "name": id, "time_zone": "Asia/Tokyo", "seats": 20, "stage": "adoption", "owner": "tanaka", "ae": "sato"}
	for name, value := range more {
		fields[name] = value
	}
	attributes, _ := fields["attributes"].(map[string]any)
	if attributes == nil {
		attributes = map[string]any{}
	}
	attributes["walk"] = walk
	fields["attributes"] = attributes
	w.put(fields)
}

// put sends an account's fields, and lets the bot come to rest.
func (w *walk) put(fields map[string]any) {
	w.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	var said struct{ Rejected []any }
	if code := w.post("/v1/accounts", string(body), &said); code != http.StatusAccepted || len(said.Rejected) > 0 {
		w.t.Fatalf("the account is refused: %d %v", code, said.Rejected)
	}
	w.turn("1s")
}

// messages returns all that stands in a channel, or as "@person" in the bot's direct messages with somebody, oldest first.
func (w *walk) messages(channel string) []found {
	w.t.Helper()
	var s struct {
		Users    []struct{ ID, Name string }
		Channels []struct {
			ID, Name string
			IsIM     bool `json:"is_im"`
			Members  []string
			Messages []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(w.get("/sandbox/state")), &s); err != nil {
		w.t.Fatal(err)
	}
	names := map[string]string{}
	for _, u := range s.Users {
		names[u.ID] = u.Name
	}
	var all []found
	for _, c := range s.Channels {
		name := "#" + c.Name
		if c.IsIM {
			name = "@" + names[slices.MaxFunc(c.Members, func(a, b string) int {
				return cmp.Compare(btoi(names[a] != "playcaller"), btoi(names[b] != "playcaller"))
			})]
		}
		for _, raw := range c.Messages {
			var m struct {
				TS          string
				EphemeralTo string `json:"ephemeral_to"`
				Metadata    struct {
					EventPayload struct{ Key string } `json:"event_payload"`
				}
			}
			if err := json.Unmarshal(raw, &m); err != nil {
				w.t.Fatal(err)
			}
			if name == channel {
				all = append(all, found{c.ID, m.TS, m.Metadata.EventPayload.Key, readable(raw), names[m.EphemeralTo]})
			}
		}
	}
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readable is the text of a message and of its blocks, as JSON without escapes.
func readable(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return string(raw)
	}
	return text.String()
}

// last returns the newest message of a channel that holds all the texts.
func (w *walk) last(channel string, texts ...string) found {
	w.t.Helper()
	all := w.messages(channel)
	for _, m := range slices.Backward(all) {
		if m.holds(texts...) {
			return m
		}
	}
	var seen []string
	for _, m := range all {
		seen = append(seen, m.text)
	}
	w.t.Fatalf("nothing in %s holds %q; there is:\n%s", channel, texts, strings.Join(seen, ""))
	return found{}
}

func (m found) holds(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(m.text, text) })
}

// card returns the card of the newest play that holds all the texts.
func (w *walk) card(texts ...string) found {
	w.t.Helper()
	all := w.messages("#cs-alerts")
	for _, m := range slices.Backward(all) {
		if strings.HasSuffix(m.key, "/card") && m.holds(texts...) {
			return m
		}
	}
	var seen []string
	for _, m := range all {
		seen = append(seen, m.text)
	}
	w.t.Fatalf("no card holds %q; there is:\n%s", texts, strings.Join(seen, ""))
	return found{}
}

// none fails where a channel has a message that holds all the texts.
func (w *walk) none(channel string, texts ...string) {
	w.t.Helper()
	for _, m := range w.messages(channel) {
		if m.holds(texts...) && m.only == "" {
			w.t.Errorf("%s has %s", channel, m.text)
		}
	}
}

// press clicks a button of a message, or chooses from its menu "more:reassign".
func (w *walk) press(person string, m found, action string) {
	w.t.Helper()
	action, choice, _ := strings.Cut(action, "=")
	click := map[string]any{"user": person, "channel": m.channel, "ts": m.ts, "action_id": action}
	if choice != "" {
		click["selected_option"] = map[string]string{"value": choice}
	}
	w.must("/sandbox/click", click)
	w.turn("1s")
}

// pressLate presses a button of a direct message that is out of date, and returns what the person reads: the answer to that,
// or what stands in the button's place, where it is gone already.
func (w *walk) pressLate(person, channel string, m found, action string) string {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"user": person, "channel": m.channel, "ts": m.ts, "action_id": action})
	if err != nil {
		w.t.Fatal(err)
	}
	var said struct{ OK bool }
	if w.post("/sandbox/click", string(text), &said); said.OK {
		w.turn("1s")
		return w.answeredTo(person, channel)
	}
	all := w.messages(channel)
	return all[slices.IndexFunc(all, func(now found) bool { return now.ts == m.ts })].text
}

func (w *walk) must(path string, body map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	var said struct {
		OK    bool
		Error string
	}
	if w.post(path, string(text), &said); !said.OK {
		w.t.Fatalf("%s %s: %s", path, text, said.Error)
	}
}

// form sends the form that a person has open, and returns what is wrong with it by block, or under "" what it now shows.
func (w *walk) form(person string, values map[string]any) map[string]string {
	w.t.Helper()
	view, id := w.view(person)
	if view == "" {
		w.t.Fatalf("%s has no form open", person)
	}
	filled := map[string]any{}
	for block, value := range values {
		filled[block] = map[string]any{block: value}
	}
	body, err := json.Marshal(map[string]any{"user": person, "view_id": id, "values": filled})
	if err != nil {
		w.t.Fatal(err)
	}
	var said struct {
		OK     bool
		Error  string
		Errors map[string]string
	}
	w.post("/sandbox/submit", string(body), &said)
	if said.Error != "" {
		w.t.Fatalf("the form is refused: %s", said.Error)
	}
	w.turn("1s")
	if len(said.Errors) == 0 {
		said.Errors = map[string]string{}
		if after, _ := w.view(person); after != "" {
			said.Errors[""] = after
			w.must("/sandbox/close", map[string]any{"user": person, "view_id": id, "all": true})
		}
	}
	return said.Errors
}

// view returns what stands in the topmost form that a person has open, and its id.
func (w *walk) view(person string) (text, id string) {
	w.t.Helper()
	var s struct {
		Views []struct {
			ID, Type string
			View     json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(w.get("/sandbox/state?user="+person)), &s); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range s.Views {
		if v.Type == "modal" {
			text, id = readable(v.View), v.ID
		}
	}
	return text, id
}

// answeredTo returns what the bot has answered a person alone since it was last asked.
func (w *walk) answeredTo(person, channel string) string {
	w.t.Helper()
	var said []string
	for _, m := range w.messages(channel) {
		if m.only == person && !w.said[m.ts] {
			w.said[m.ts] = true
			said = append(said, m.text)
		}
	}
	return strings.Join(said, "\n")
}

// plays returns an account's plays in the order in which they began: PLAYBOOK at STEP, or PLAYBOOK =OUTCOME.
func (w *walk) plays(account string) []string {
	w.t.Helper()
	var s struct {
		Runs []struct {
			Playbook, Subject, Step, Outcome string
			Began                            time.Time
		}
	}
	if err := json.Unmarshal([]byte(w.get("/v1/runs?account="+account)), &s); err != nil {
		w.t.Fatal(err)
	}
	slices.SortStableFunc(s.Runs, func(a, b struct {
		Playbook, Subject, Step, Outcome string
		Began                            time.Time
	}) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.Playbook+a.Subject, b.Playbook+b.Subject))
	})
	all := []string{}
	for _, r := range s.Runs {
		name := r.Playbook
		if r.Subject != "" {
			name += "/" + r.Subject
		}
		if r.Step != "" {
			all = append(all, name+" at "+r.Step)
		} else {
			all = append(all, name+" ="+r.Outcome)
		}
	}
	return all
}

// stands fails where an account's plays are others.
func (w *walk) stands(account string, want ...string) {
	w.t.Helper()
	if got := w.plays(account); !slices.Equal(got, want) {
		w.t.Errorf("%s has the plays %q, want %q", account, got, want)
	}
}

// day is the date in Tokyo so many days from now.
func (w *walk) day(days int) string {
	zone := time.FixedZone("JST", 9*60*60)
	return w.state().Now.In(zone).AddDate(0, 0, days).Format(time.DateOnly)
}

// decided returns the reason of the newest decision, or its state where it has none.
func (w *walk) decided(account, playbook string) string {
	w.t.Helper()
	var s struct {
		Decisions []struct{ State, Outcome, Reason string }
	}
	if err := json.Unmarshal([]byte(w.get("/v1/accounts/"+account+"/decisions?playbook="+playbook)), &s); err != nil || len(s.Decisions) == 0 {
		w.t.Fatalf("%s has no decisions on %s: %v", account, playbook, err)
	}
	d := s.Decisions[0]
	return cmp.Or(d.Reason, d.Outcome, d.State)
}

// calls returns the calls of other systems for an account, with their answers.
func (w *walk) calls(account string) []string {
	w.t.Helper()
	var s struct {
		Calls []struct {
			System string
			Status int
			Body   struct {
				Account string
				Data    map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(w.get("/sandbox/webhooks")), &s); err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, c := range s.Calls {
		if c.Body.Account == account {
			all = append(all, fmt.Sprint(c.System, " ", c.Status, " ", c.Body.Data["text"]))
		}
	}
	return all
}

func (w *walk) write(name, text string) { shelf{w.t, w.book}.save(filepath.Base(name), text) }

// userID returns the id of somebody in the workspace.
func (w *walk) userID(name string) string {
	w.t.Helper()
	var s struct{ Users []struct{ ID, Name string } }
	if err := json.Unmarshal([]byte(w.get("/sandbox/state?limit=1")), &s); err != nil {
		w.t.Fatal(err)
	}
	for _, u := range s.Users {
		if u.Name == name {
			return u.ID
		}
	}
	w.t.Fatalf("the workspace has no %s", name)
	return ""
}
