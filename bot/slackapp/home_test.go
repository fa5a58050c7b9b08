package slackapp_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
)

// home returns what a person's home tab shows, once it does or does not show a text.
func (b *bench) home(person, text string, shown bool) (viewID, view string) {
	b.t.Helper()
	what := "a home of " + person + " with " + text
	if !shown {
		what = "a home of " + person + " without " + text
	}
	view = eventually(b.t, what, func() (string, bool) {
		homes, _ := b.state()["homes"].(map[string]any)
		home, _ := homes[user(person)].(map[string]any)
		if home == nil {
			return "", false
		}
		viewID, _ = home["id"].(string)
		var written strings.Builder
		encoder := json.NewEncoder(&written)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(home); err != nil {
			b.t.Fatal(err)
		}
		return written.String(), strings.Contains(written.String(), text) == shown
	})
	return viewID, view
}

// happens advances a run as the worker does.
func (b *bench) happens(run *playbooks.Run, e playbooks.Event) *playbooks.Run {
	b.t.Helper()
	f, _ := b.Facts(b.t.Context(), "", "", b.clock.Now())
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.runs[run.ID]
	e.Run, e.At = now.ID, b.clock.Now()
	if v := now.Current(); v != nil && e.Visit == 0 {
		e.Visit = v.N
	}
	p := b.book.Playbooks[now.Playbook]
	env := playbooks.Env{Book: b.book, Team: b.book.Team, Facts: f}
	if err := p.Check(*now, e, env); err != nil {
		b.t.Fatal(err)
	}
	next, _ := p.Advance(*now, e, env)
	b.runs[run.ID] = &next
	return &next
}

// given makes the English speaker the one whose turn it is.
func (b *bench) given(person string) (*playbooks.Run, string) {
	b.t.Helper()
	if person == "tanaka" {
		return b.play("login-drop")
	}
	return b.play("login-drop", playbooks.Event{Kind: playbooks.Reassigned, By: "tanaka", Person: person})
}

func TestAnOpenHomeFollowsWhatIsPressedOnIt(t *testing.T) {
	for _, c := range []struct{ person, question, none string }{
		{"tanaka", "背景をご存じでしたら教えてください", "いま対応が必要なものはありません"},
		{"miller", "Do you know why?", "Nothing waits for you"},
	} {
		t.Run(c.person, func(t *testing.T) {
			b := open(t, "Acme KK")
			run, _ := b.given(c.person)
			b.call("home", map[string]any{"user": user(c.person)})
			id, _ := b.home(c.person, c.question, true)
			got := b.call("click", map[string]any{"user": user(c.person), "view_id": id, "action_id": "answer:unhappy"})
			if got["ok"] != true {
				t.Fatalf("the click was answered with %v", got)
			}
			b.happens(run, b.happened())
			b.home(c.person, c.question, false)
			b.home(c.person, `"done"`, true)
			b.happens(run, playbooks.Event{Kind: playbooks.Done, By: c.person})
			b.home(c.person, c.none, true)
		})
	}
}

func TestAnOpenHomeFollowsWhatOthersDo(t *testing.T) {
	b := open(t, "Acme KK")
	b.call("home", map[string]any{"user": user("miller")})
	b.home("miller", "home", true)
	run, _ := b.given("tanaka")
	b.happens(run, playbooks.Event{Kind: playbooks.Reassigned, By: "tanaka", Person: "miller"})
	b.home("miller", "answer:unhappy", true)
	b.happens(run, playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
	b.home("miller", "answer:unhappy", false)
}

func TestWhoPressesAgainIsToldWhatTheyDidThemselves(t *testing.T) {
	for _, c := range []struct{ name, person, first, again, want string }{
		{"an answer", "miller", "miller", "answer:unhappy", "You answered this on Mon 23 Nov: They are unhappy. Nothing changed."},
		{"an answer, in Japanese", "tanaka", "tanaka", "answer:unhappy", "11月24日(火)にご回答いただいています:ご不満の可能性。変更はありません。"},
		{"somebody else's answer", "miller", "tanaka", "answer:unhappy", "Tanaka was here first, on Mon 23 Nov: They are unhappy. Nothing changed."},
		{"somebody else's answer, in Japanese", "tanaka", "miller", "answer:unhappy", "11月24日(火)にミラーさんが回答しています:ご不満の可能性。変更はありません。"},
		{"a task", "miller", "miller", "done", "You finished this on Mon 23 Nov. Nothing changed."},
		{"a task, in Japanese", "tanaka", "tanaka", "done", "11月24日(火)に完了済みです。変更はありません。"},
		{"somebody else's task", "miller", "tanaka", "done", "Tanaka finished this on Mon 23 Nov. Nothing changed."},
		{"somebody else's task, in Japanese", "tanaka", "miller", "done", "11月24日(火)にミラーさんが完了しています。変更はありません。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, "Acme KK")
			var before []playbooks.Event
			end := playbooks.Event{Kind: playbooks.Answered, By: c.first, Answer: "unhappy"}
			if c.again == "done" {
				before = append(before, playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"})
				end = playbooks.Event{Kind: playbooks.Done, By: c.first}
			}
			run, ts := b.play("login-drop", before...)
			b.happens(run, end)
			b.clock.Advance(2 * 24 * time.Hour) // the message is two days older by now
			b.call("click", map[string]any{"user": user(c.person), "channel": "C0ALERTS", "ts": ts, "action_id": c.again})
			if got := b.told(c.person); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
			b.none()
		})
	}
}
