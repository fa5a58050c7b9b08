package slackapp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
)

// direct posts the person's list of the day, of a run and another one like it, and
// returns where it is.
func (b *bench) direct(person string, run *playbooks.Run) (channel, ts string) {
	b.t.Helper()
	other := *run
	other.ID = "another"
	b.mu.Lock()
	b.runs[other.ID] = &other
	b.mu.Unlock()
	m, ok, err := b.painter.Digest(b.t.Context(), person, []*playbooks.Run{run, &other}, nil)
	if err != nil || !ok {
		b.t.Fatalf("there is no list for %s: %v", person, err)
	}
	im, _, _, err := b.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{user(person)}})
	if err != nil {
		b.t.Fatal(err)
	}
	_, ts, err = b.api.PostMessage(im.ID, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "playcaller_outbox", EventPayload: map[string]any{"key": "person/" + person + "/1"}}))
	if err != nil {
		b.t.Fatal(err)
	}
	return im.ID, ts
}

// message returns a message as the workspace shows it, once it has the text.
func (b *bench) message(channel, ts, text string) map[string]any {
	b.t.Helper()
	return eventually(b.t, "a direct message with "+text, func() (map[string]any, bool) {
		for _, c := range b.state()["channels"].([]any) {
			if c := c.(map[string]any); c["id"] == channel {
				for _, m := range c["messages"].([]any) {
					if m := m.(map[string]any); m["ts"] == ts {
						blocks, _ := json.Marshal(m["blocks"])
						return m, strings.Contains(string(blocks), text)
					}
				}
			}
		}
		return nil, false
	})
}

// rows returns the values of the buttons with the action, whatever number it has.
func rows(m map[string]any, action string) (values []string) {
	for _, block := range m["blocks"].([]any) {
		elements, _ := block.(map[string]any)["elements"].([]any)
		for _, e := range elements {
			if id, _ := e.(map[string]any)["action_id"].(string); strings.HasPrefix(id, action) {
				value, _ := e.(map[string]any)["value"].(string)
				values = append(values, value)
			}
		}
	}
	return values
}

func TestADirectMessageSaysWhatCameOfWhatIsPressedInIt(t *testing.T) {
	for _, c := range []struct{ person, want string }{
		{"miller", "You answered this on Mon 23 Nov: They are unhappy."},
		{"tanaka", "11月24日(火)にご回答いただいています:ご不満の可能性"},
	} {
		t.Run(c.person, func(t *testing.T) {
			b := open(t, "Acme KK")
			run, _ := b.given(c.person)
			channel, ts := b.direct(c.person, run)
			if got := b.call("click", map[string]any{"user": user(c.person), "channel": channel, "ts": ts, "action_id": "answer:unhappy"}); got["ok"] != true {
				t.Fatalf("the click was answered with %v", got)
			}
			b.happens(run, b.happened())
			m := b.message(channel, ts, c.want)
			if left := rows(m, "answer:unhappy"); len(left) != 1 || !strings.Contains(left[0], "another") {
				t.Errorf("the buttons left are of %v, want those of the other play alone", left)
			}
			if m["metadata"].(map[string]any)["event_payload"].(map[string]any)["key"] != "person/"+c.person+"/1" {
				t.Errorf("the message can no longer be found by its key: %v", m["metadata"])
			}
		})
	}
}

func TestWhatWasDoneElsewhereIsToldInADirectMessage(t *testing.T) {
	for _, c := range []struct{ person, by, told, left string }{
		{"miller", "miller", "You answered this on Mon 23 Nov: They are unhappy. Nothing changed.", "You answered this on Mon 23 Nov: They are unhappy."},
		{"miller", "tanaka", "Tanaka was here first, on Mon 23 Nov: They are unhappy. Nothing changed.", "Tanaka answered this on Mon 23 Nov: They are unhappy."},
		{"tanaka", "tanaka", "11月24日(火)にご回答いただいています:ご不満の可能性。変更はありません。", "11月24日(火)にご回答いただいています:ご不満の可能性"},
		{"tanaka", "miller", "11月24日(火)にミラーさんが回答しています:ご不満の可能性。変更はありません。", "11月24日(火)にミラーさんが回答しています:ご不満の可能性"},
	} {
		t.Run(c.person+", done by "+c.by, func(t *testing.T) {
			b := open(t, "Acme KK")
			run, _ := b.given(c.person)
			channel, ts := b.direct(c.person, run)
			b.happens(run, playbooks.Event{Kind: playbooks.Answered, By: c.by, Answer: "unhappy"})
			b.call("click", map[string]any{"user": user(c.person), "channel": channel, "ts": ts, "action_id": "answer:unhappy"})
			if got := b.told(c.person); got != c.told {
				t.Errorf("told %q, want %q", got, c.told)
			}
			m := b.message(channel, ts, c.left)
			if left := rows(m, "answer:unhappy"); len(left) != 1 {
				t.Errorf("the buttons left are of %v, want those of the other play alone", left)
			}
			b.none()
		})
	}
}

func TestACardIsLeftToWhoDrawsIt(t *testing.T) {
	b := open(t, "Acme KK")
	run, _ := b.given("miller")
	m, err := b.painter.Card(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	im, _, _, err := b.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{user("miller")}})
	if err != nil {
		t.Fatal(err)
	}
	_, ts, err := b.api.PostMessage(im.ID, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(onlyLists(m.Blocks)...),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "playcaller_outbox", EventPayload: map[string]any{"key": run.ID + "/card"}}))
	if err != nil {
		t.Fatal(err)
	}
	channel, list := b.direct("miller", run)
	b.happens(run, playbooks.Event{Kind: playbooks.Answered, By: "miller", Answer: "unhappy"})
	b.call("click", map[string]any{"user": user("miller"), "channel": im.ID, "ts": ts, "action_id": "answer:unhappy"})
	b.told("miller")
	b.call("click", map[string]any{"user": user("miller"), "channel": channel, "ts": list, "action_id": "answer:unhappy"})
	b.message(channel, list, "You answered this") // looked at after the card would have been
	if m := b.message(im.ID, ts, ""); m["edited"] != nil {
		t.Errorf("the card was edited: %v", m)
	}
}

// onlyLists leaves out what a list of the day has not.
func onlyLists(blocks []slack.Block) (left []slack.Block) {
	for _, b := range blocks {
		switch b.(type) {
		case *slack.SectionBlock, *slack.ActionBlock, *slack.ContextBlock:
			left = append(left, b)
		}
	}
	return left
}
