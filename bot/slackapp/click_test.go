package slackapp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
)

func TestAnAnswerIsPublishedAndAcknowledged(t *testing.T) {
	b := open(t, "Acme KK")
	run, ts := b.play("login-drop")
	got := b.call("click", map[string]any{"user": user("tanaka"), "channel": "C0ALERTS", "ts": ts, "action_id": "answer:unhappy"})
	if got["ok"] != true {
		t.Fatalf("the click was answered with %v", got)
	}
	e := b.happened()
	if e.Kind != playbooks.Answered || e.Answer != "unhappy" || e.By != "tanaka" || e.Run != run.ID || e.Visit != run.Current().N {
		t.Errorf("got %+v", e)
	}
}

func TestEveryDirectClickMakesItsEvent(t *testing.T) {
	answered := playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"}
	sent := playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}}
	for _, c := range []struct {
		name, playbook, person, action string
		before                         []playbooks.Event
		more                           map[string]any
		want                           playbooks.EventKind
	}{
		{"already on it", "login-drop", "tanaka", "taken", nil, nil, playbooks.Taken},
		{"done", "login-drop", "tanaka", "done", []playbooks.Event{answered}, nil, playbooks.Done},
		{"undo", "login-drop", "tanaka", "undo", []playbooks.Event{{Kind: playbooks.Dismissed, By: "tanaka", Reason: "known"}}, nil, playbooks.Undone},
		{"a tick in the checklist", "login-drop", "tanaka", "checks:0", []playbooks.Event{answered},
			map[string]any{"selected_options": []any{map[string]any{"value": "1"}}}, playbooks.Checked},
		{"accept", "handoff", "suzuki", "handoff_accept", []playbooks.Event{sent}, nil, playbooks.Accepted},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			_, ts := b.play(c.playbook, c.before...)
			body := map[string]any{"user": user(c.person), "channel": "C0ALERTS", "ts": ts, "action_id": c.action}
			for name, value := range c.more {
				body[name] = value
			}
			if got := b.call("click", body); got["ok"] != true {
				t.Fatalf("the click was answered with %v", got)
			}
			e := b.happened()
			if e.Kind != c.want || e.By != c.person {
				t.Errorf("got %+v, want %s", e, c.want)
			}
			if c.want == playbooks.Checked && (len(e.Items) != 1 || e.Items[0] != 1) {
				t.Errorf("got the items %v, want the second", e.Items)
			}
		})
	}
}

func TestFormsMakeTheirEvents(t *testing.T) {
	answered := playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"}
	sent := playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"account_id": "acme"}}
	asked := playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Text: "SSO?"}
	option := func(v string) map[string]any { return map[string]any{"value": v} }
	for _, c := range []struct {
		name, playbook, person, action, chosen string
		before                                 []playbooks.Event
		values                                 map[string]any
		want                                   playbooks.EventKind
		check                                  func(playbooks.Event) bool
	}{
		{"an answer with a date", "login-drop", "tanaka", "answer:seasonal", "", nil,
			map[string]any{"collect:until": map[string]any{"selected_date": "2027-01-15"}}, playbooks.Answered,
			func(e playbooks.Event) bool { return e.Collected["until"] == "2027-01-15" }},
		{"snoozed till tomorrow", "login-drop", "tanaka", "more", "snooze", nil,
			map[string]any{"choice": map[string]any{"selected_option": option("tomorrow")}}, playbooks.SnoozedRun,
			func(e playbooks.Event) bool { return e.Until.Equal(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)) }},
		{"snoozed till a date", "login-drop", "tanaka", "more", "snooze", nil,
			map[string]any{"choice": map[string]any{"selected_option": option("date")}, "date": map[string]any{"selected_date": "2026-12-07"}}, playbooks.SnoozedRun,
			func(e playbooks.Event) bool { return e.Until.Equal(time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC)) }},
		{"not a problem", "login-drop", "tanaka", "more", "dismiss", nil,
			map[string]any{"choice": map[string]any{"selected_option": option("other")}, "text": map[string]any{"value": "moved"}}, playbooks.Dismissed,
			func(e playbooks.Event) bool { return e.Reason == "other" && e.Text == "moved" }},
		{"reassigned", "login-drop", "tanaka", "more", "reassign", nil,
			map[string]any{"person": map[string]any{"selected_user": user("miller")}}, playbooks.Reassigned,
			func(e playbooks.Event) bool { return e.Person == "miller" }},
		{"another due date", "login-drop", "tanaka", "more", "move", []playbooks.Event{answered},
			map[string]any{"date": map[string]any{"selected_date": "2026-12-01"}}, playbooks.Moved,
			func(e playbooks.Event) bool { return e.Until.Equal(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)) }},
		{"asked back", "handoff", "suzuki", "handoff_ask", "", []playbooks.Event{sent},
			map[string]any{"fields": map[string]any{"selected_options": []any{option("promises")}}, "text": map[string]any{"value": "SSO?"}}, playbooks.AskedBack,
			func(e playbooks.Event) bool { return e.Text == "SSO?" && len(e.Marked) == 1 }},
		{"a reply", "handoff", "sato", "handoff_reply", "", []playbooks.Event{sent, asked},
			map[string]any{"text": map[string]any{"value": "Yes."}}, playbooks.Replied,
			func(e playbooks.Event) bool { return e.Text == "Yes." }},
		{"accepted with open items", "handoff", "suzuki", "more", "handoff_accept_open", []playbooks.Event{sent},
			map[string]any{"text": map[string]any{"value": "SSO\nSLA"}, "person": map[string]any{"selected_user": user("sato")}}, playbooks.Accepted,
			func(e playbooks.Event) bool { return len(e.OpenItems) == 2 && e.OpenItems[1].Owner == "sato" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			_, ts := b.play(c.playbook, c.before...)
			body := map[string]any{"user": user(c.person), "channel": "C0ALERTS", "ts": ts, "action_id": c.action}
			if c.chosen != "" {
				body["selected_option"] = option(c.chosen)
			}
			if got := b.call("click", body); got["ok"] != true {
				t.Fatalf("the click was answered with %v", got)
			}
			id, _ := b.view(c.person)
			b.none()
			values := map[string]any{}
			for block, value := range c.values {
				values[block] = map[string]any{block: value}
			}
			if got := b.call("submit", map[string]any{"user": user(c.person), "view_id": id, "values": values}); got["ok"] != true {
				t.Fatalf("the form was answered with %v", got)
			}
			if e := b.happened(); e.Kind != c.want || !c.check(e) {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestAWrongFormIsAnsweredAtItsField(t *testing.T) {
	b := open(t, "Acme KK")
	_, ts := b.play("login-drop")
	click := func(chosen string) string {
		b.call("click", map[string]any{"user": user("tanaka"), "channel": "C0ALERTS", "ts": ts, "action_id": "more", "selected_option": map[string]any{"value": chosen}})
		id, _ := b.view("tanaka")
		return id
	}
	submit := func(id string, values map[string]any) map[string]any {
		wrapped := map[string]any{}
		for block, value := range values {
			wrapped[block] = map[string]any{block: value}
		}
		got := b.call("submit", map[string]any{"user": user("tanaka"), "view_id": id, "values": wrapped})
		errs, _ := got["errors"].(map[string]any)
		return errs
	}
	id := click("snooze")
	option := map[string]any{"selected_option": map[string]any{"value": "date"}}
	if got := submit(id, map[string]any{"choice": option, "date": map[string]any{"selected_date": "2026-11-01"}}); got["date"] != "今日より後の日付をお選びください。" {
		t.Errorf("a date that is over: got %v", got)
	}
	if got := submit(id, map[string]any{"choice": option, "date": map[string]any{"selected_date": "2028-11-01"}}); got["date"] != "1年以内の日付をお選びください。" {
		t.Errorf("a date far away: got %v", got)
	}
	b.none()
}

func TestAClickThatComesTooLateIsAnsweredAndChangesNothing(t *testing.T) {
	b := open(t, "Acme KK")
	run, ts := b.play("login-drop")
	f, _ := b.Facts(t.Context(), "", "", b.clock.Now())
	p := b.book.Playbooks["login-drop"]
	next, _ := p.Advance(*run, playbooks.Event{Kind: playbooks.Answered, Answer: "unhappy", By: "tanaka", Run: run.ID, Visit: run.Current().N, At: b.clock.Now()},
		playbooks.Env{Book: b.book, Team: b.book.Team, Facts: f})
	b.mu.Lock()
	b.runs[run.ID] = &next
	b.mu.Unlock()
	b.call("click", map[string]any{"user": user("miller"), "channel": "C0ALERTS", "ts": ts, "action_id": "answer:unknown"})
	if got := b.told("miller"); !strings.Contains(got, "Tanaka") || !strings.Contains(got, "They are unhappy") {
		t.Errorf("told %q, want who was faster and with what", got)
	}
	b.none()
}

func TestAStrangersClickChangesNothing(t *testing.T) {
	b := open(t, "Acme KK")
	_, ts := b.play("login-drop")
	b.call("click", map[string]any{"user": "U0STRANGER", "channel": "C0ALERTS", "ts": ts, "action_id": "answer:unknown"})
	if got := b.told("stranger"); !strings.Contains(got, "stranger@example.com") {
		t.Errorf("told %q", got)
	}
	b.none()
}

func TestAClickThatCannotBeWrittenDownIsNotAcknowledged(t *testing.T) {
	b := openFor(t, "Acme KK", time.Second)
	_, ts := b.play("login-drop")
	b.mu.Lock()
	b.fail = errors.New("the stream is full")
	b.mu.Unlock()
	type answer struct{ text string }
	done := make(chan map[string]any, 1)
	go func() {
		done <- b.call("click", map[string]any{"user": user("miller"), "channel": "C0ALERTS", "ts": ts, "action_id": "answer:unknown"})
	}()
	if got := (answer{b.told("miller")}); !strings.Contains(got.text, "nothing was changed") {
		t.Errorf("told %q", got.text)
	}
	if got := <-done; got["ok"] == true {
		t.Errorf("the click was acknowledged: %v", got)
	}
}

func TestAnAccountNamedLikeAMentionPingsNobody(t *testing.T) {
	b := open(t, "<!channel> *x* <https://evil.example|y>")
	_, ts := b.play("login-drop")
	for _, c := range b.state()["channels"].([]any) {
		messages, _ := c.(map[string]any)["messages"].([]any)
		for _, m := range messages {
			if m := m.(map[string]any); m["ts"] == ts && strings.Contains(m["text"].(string), "<!channel>") {
				t.Errorf("the text %q pings everybody", m["text"])
			}
		}
	}
}
