package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"playcaller/bot/sandbox"
)

func TestOptionsThatCannotBeUsedAreNamed(t *testing.T) {
	for _, c := range []struct {
		name    string
		options sandbox.Options
		says    string
	}{
		{"no clock", sandbox.Options{}, "Options.Clock"},
		{"a user without a name", sandbox.Options{Clock: time.Now, Users: []sandbox.User{{ID: "U1"}}}, "user 1 has no name"},
		{"the same user twice", sandbox.Options{Clock: time.Now, Users: []sandbox.User{{Name: "a"}, {Name: "a"}}}, "there twice"},
		{"a time zone that is none", sandbox.Options{Clock: time.Now, Users: []sandbox.User{{Name: "a", TZ: "Asia/Tokio"}}}, "Asia/Tokio"},
		{"two bots", sandbox.Options{Clock: time.Now, Users: []sandbox.User{{Name: "a", IsBot: true}, {Name: "b", IsBot: true}}}, "both bots"},
		{"a member who is nobody", sandbox.Options{Clock: time.Now, Channels: []sandbox.Channel{{Name: "x", Members: []string{"zoe"}}}}, `no user "zoe"`},
		{"a channel in capitals", sandbox.Options{Clock: time.Now, Channels: []sandbox.Channel{{Name: "CS"}}}, "lower-case"},
	} {
		if _, err := sandbox.New(c.options); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.says)
		}
	}
}

func TestChannelsAreMadeAndFilled(t *testing.T) {
	s := open(t, sandbox.Options{})
	ch, err := s.bot.CreateConversation(slack.CreateConversationParams{ChannelName: "導入-acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.bot.InviteUsersToConversation(ch.ID, "U0TANAKA", "U0MILLER"); err != nil {
		t.Fatal(err)
	}
	members, _, err := s.bot.GetUsersInConversation(&slack.GetUsersInConversationParameters{ChannelID: ch.ID})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"U0BOT", "U0TANAKA", "U0MILLER"}, members); diff != "" {
		t.Error(diff)
	}
	info, err := s.bot.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: ch.ID})
	if err != nil || info.Name != "導入-acme" || !info.IsMember {
		t.Errorf("got %+v, %v", info, err)
	}
	for _, c := range []struct {
		method string
		args   map[string]any
		want   string
	}{
		{"conversations.create", map[string]any{"name": "導入-acme"}, "name_taken"},
		{"conversations.create", map[string]any{"name": "Has Spaces"}, "invalid_name_specials"},
		{"conversations.invite", map[string]any{"channel": ch.ID, "users": "U0TANAKA"}, "already_in_channel"},
		{"conversations.invite", map[string]any{"channel": ch.ID, "users": "U0NONE"}, "user_not_found"},
		{"conversations.open", map[string]any{"users": "U0BOT"}, "cannot_dm_bot"},
		{"conversations.list", map[string]any{"types": "secret"}, "invalid_types"},
		{"conversations.list", map[string]any{"limit": 2000}, "invalid_limit"},
		{"conversations.history", map[string]any{"channel": ch.ID, "cursor": "???"}, "invalid_cursor"},
		{"conversations.replies", map[string]any{"channel": ch.ID, "ts": "1.000001"}, "thread_not_found"},
		{"chat.postEphemeral", map[string]any{"channel": "C0SALES", "user": "U0TANAKA", "text": "x"}, "user_not_in_channel"},
		{"users.info", map[string]any{"user": "U0NONE"}, "user_not_found"},
		{"users.lookupByEmail", map[string]any{"email": "no@example.com"}, "users_not_found"},
		{"views.publish", map[string]any{"user_id": "U0NONE"}, "user_not_found"},
	} {
		if out := s.method(t, c.method, c.args); out["ok"] != false || out["error"] != c.want {
			t.Errorf("%s %v: got %v, want %s", c.method, c.args, out, c.want)
		}
	}
	group, _, _, err := s.bot.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U0TANAKA", "U0MILLER"}})
	if err != nil {
		t.Fatal(err)
	}
	same, _, already, err := s.bot.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U0MILLER", "U0TANAKA"}})
	if err != nil || same.ID != group.ID || !already {
		t.Errorf("got %v, %v, %v; want the same group again", same, already, err)
	}
}

func TestReactionsAndPermalinks(t *testing.T) {
	s := open(t, sandbox.Options{})
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	at := slack.NewRefToMessage("C0ALERTS", ts)
	if err := s.bot.AddReaction("eyes", at); err != nil {
		t.Fatal(err)
	}
	if err := s.bot.AddReaction("eyes", at); err == nil || err.Error() != "already_reacted" {
		t.Errorf("got %v, want already_reacted", err)
	}
	if err := s.bot.RemoveReaction("eyes", at); err != nil {
		t.Error(err)
	}
	if err := s.bot.RemoveReaction("eyes", at); err == nil || err.Error() != "no_reaction" {
		t.Errorf("got %v, want no_reaction", err)
	}
	link, err := s.bot.GetPermalink(&slack.PermalinkParameters{Channel: "C0ALERTS", Ts: ts})
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, want := answer.Header.Get("Location"), "/#channel=C0ALERTS&thread="+ts; got != want {
		t.Errorf("the link leads to %q, want %q", got, want)
	}
}

func TestAnExternalSelectAsksTheAppForOptions(t *testing.T) {
	s := open(t, sandbox.Options{})
	chosen := make(chan slack.OptionBlockObject, 1)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		in, _ := e.Data.(slack.InteractionCallback)
		switch in.Type {
		case slack.InteractionTypeBlockSuggestion:
			_ = c.Ack(*e.Request, slack.OptionsResponse{Options: []*slack.OptionBlockObject{slack.NewOptionBlockObject("acme", plain("Acme "+in.Value), nil)}})
		case slack.InteractionTypeBlockActions:
			_ = c.Ack(*e.Request)
			chosen <- in.ActionCallback.BlockActions[0].SelectedOption
		default:
			_ = c.Ack(*e.Request)
		}
	})
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(slack.NewActionBlock("b",
		slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, plain("which"), "account"))))
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]any{"user": "tanaka", "channel": "C0ALERTS", "ts": ts, "action_id": "account", "value": "K"}
	if out := s.must(t, "options", at); len(out["options"].([]any)) != 1 {
		t.Errorf("got %v", out)
	}
	delete(at, "value")
	at["selected_option"] = "acme"
	s.must(t, "click", at)
	if got := receive(t, chosen, "the choice"); got.Value != "acme" || got.Text.Text != "Acme K" {
		t.Errorf("got %+v, want the option that the app offered", got)
	}
}

func TestAShortcutOnAMessageBringsTheMessage(t *testing.T) {
	s := open(t, sandbox.Options{})
	got := make(chan slack.InteractionCallback, 2)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		if in, ok := e.Data.(slack.InteractionCallback); ok {
			got <- in
		}
	})
	out := s.must(t, "say", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "text": "look"})
	s.must(t, "shortcut", map[string]any{"user": "miller", "callback_id": "note", "channel": "C0ALERTS", "ts": out["ts"]})
	if in := receive(t, got, "the shortcut"); in.Type != slack.InteractionTypeMessageAction || in.CallbackID != "note" || in.Message.Text != "look" {
		t.Errorf("got %+v", in)
	}
	s.must(t, "shortcut", map[string]any{"user": "miller", "callback_id": "new"})
	if in := receive(t, got, "the shortcut"); in.Type != slack.InteractionTypeShortcut || in.TriggerID == "" {
		t.Errorf("got %+v", in)
	}
}
