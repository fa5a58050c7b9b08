package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"playcaller/bot/sandbox"
)

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func TestThePostedMessageIsFoundByItsMetadata(t *testing.T) {
	s := open(t, sandbox.Options{})
	key := slack.SlackMetadata{EventType: "outbox", EventPayload: map[string]any{"key": "run-1/why"}}
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("Logins dropped", false), slack.MsgOptionMetadata(key))
	if err != nil {
		t.Fatal(err)
	}
	_, reply, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("more", false), slack.MsgOptionTS(ts), slack.MsgOptionMetadata(key))
	if err != nil {
		t.Fatal(err)
	}
	history, err := s.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0ALERTS", IncludeAllMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(history.Messages) != 1 || history.Messages[0].Timestamp != ts || history.Messages[0].ReplyCount != 1 {
		t.Fatalf("got %+v, want the one message with one reply", history.Messages)
	}
	if diff := cmp.Diff(key, history.Messages[0].Metadata); diff != "" {
		t.Error(diff)
	}
	thread, _, _, err := s.bot.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C0ALERTS", Timestamp: ts, IncludeAllMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(thread) != 2 || thread[1].Timestamp != reply || thread[1].Metadata.EventPayload["key"] != "run-1/why" {
		t.Errorf("got %+v, want the message and its reply with metadata", thread)
	}
}

func TestHistoryIsPagedWithoutGapsWhileItGrows(t *testing.T) {
	s := open(t, sandbox.Options{})
	post := func(text string) {
		if _, _, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText(text, false)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"1", "2", "3", "4", "5"} {
		post(text)
	}
	var got []string
	cursor := ""
	for {
		page, err := s.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0ALERTS", Limit: 2, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			got = append(got, m.Text)
		}
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" {
			break
		}
		post("later")
	}
	if diff := cmp.Diff([]string{"5", "4", "3", "2", "1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreChangedDeletedAndShownToOne(t *testing.T) {
	s := open(t, sandbox.Options{})
	button := slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "1", plain("Go")))
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("first", false), slack.MsgOptionBlocks(button))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.bot.UpdateMessage("C0ALERTS", ts, slack.MsgOptionText("second", false)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.bot.PostEphemeral("C0ALERTS", "U0TANAKA", slack.MsgOptionText("for you", false)); err != nil {
		t.Fatal(err)
	}
	im, _, _, err := s.bot.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U0TANAKA"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.bot.PostMessage(im.ID, slack.MsgOptionText("your turn", false)); err != nil {
		t.Fatal(err)
	}
	mine, theirs := s.state(t, "?user=tanaka"), s.state(t, "?user=miller")
	if diff := cmp.Diff([]string{"second", "for you"}, mine.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"second"}, theirs.texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"your turn"}, mine.texts(im.ID)); diff != "" {
		t.Error(diff)
	}
	if got := theirs.texts(im.ID); got != nil {
		t.Errorf("somebody else reads %v in a direct message", got)
	}
	first := mine.Channels[0].Messages[0]
	if first.Edited == nil || len(first.Blocks) != 1 {
		t.Errorf("got %+v, want the message marked as edited and its blocks kept", first)
	}
	if _, _, err := s.bot.DeleteMessage("C0ALERTS", ts); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.bot.UpdateMessage("C0ALERTS", ts, slack.MsgOptionText("third", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("got %v, want message_not_found", err)
	}
}

func TestPeopleAndChannelsAreRead(t *testing.T) {
	s := open(t, sandbox.Options{})
	ctx := context.Background()
	me, err := s.bot.AuthTest()
	if err != nil || me.UserID != "U0BOT" || me.BotID != sandbox.BotID {
		t.Fatalf("got %+v, %v", me, err)
	}
	user, err := s.bot.GetUserByEmail("TANAKA@example.com")
	if err != nil || user.ID != "U0TANAKA" || user.TZOffset != 9*3600 {
		t.Errorf("got %+v, %v", user, err)
	}
	users, err := s.bot.GetUsersContext(ctx, slack.GetUsersOptionLimit(2))
	if err != nil || len(users) != 3 || users[0].Locale != "ja-JP" {
		t.Errorf("got %+v, %v", users, err)
	}
	channels, _, err := s.bot.GetConversations(&slack.GetConversationsParameters{Types: []string{"public_channel", "private_channel"}})
	if err != nil || len(channels) != 2 {
		t.Errorf("got %d channels, %v; a private channel without the bot is not listed", len(channels), err)
	}
	if _, err := s.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0SALES"}); err == nil || err.Error() != "not_in_channel" {
		t.Errorf("got %v, want not_in_channel", err)
	}
	if _, _, _, err := s.bot.JoinConversation("C0SALES"); err != nil {
		t.Error(err)
	}
	if _, err := s.bot.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C0SALES"}); err != nil {
		t.Error(err)
	}
	if _, _, err := s.bot.PostMessage("C0SECRET", slack.MsgOptionText("x", false)); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("got %v, want channel_not_found", err)
	}
}

func TestAClickOpensAFormThatIsSent(t *testing.T) {
	s := open(t, sandbox.Options{})
	clicks, forms := make(chan slack.InteractionCallback, 5), make(chan slack.InteractionCallback, 5)
	opened := make(chan error, 5)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		in, ok := e.Data.(slack.InteractionCallback)
		switch {
		case !ok:
			_ = c.Ack(*e.Request)
		case in.Type == slack.InteractionTypeBlockActions:
			_ = c.Ack(*e.Request)
			_, err := s.bot.OpenView(in.TriggerID, form())
			opened <- err
			clicks <- in
		case in.Type == slack.InteractionTypeViewSubmission && in.View.State.Values["why"]["text"].Value == "no":
			_ = c.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"why": "Say more."}))
		default:
			_ = c.Ack(*e.Request)
			forms <- in
		}
	})
	buttons := slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "run-1", plain("Go")),
		slack.NewOverflowBlockElement("more", slack.NewOptionBlockObject("later", plain("Later"), nil)))
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("x", false), slack.MsgOptionBlocks(buttons))
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]any{"user": "tanaka", "channel": "C0ALERTS", "ts": ts, "action_id": "go"}
	if out := s.must(t, "click", at); out["ack_ms"].(float64) <= 0 {
		t.Errorf("got ack_ms %v, want the time that the acknowledgement took", out["ack_ms"])
	}
	in := receive(t, clicks, "the click")
	if err := receive(t, opened, "the view"); err != nil {
		t.Fatal(err)
	}
	if a := in.ActionCallback.BlockActions; len(a) != 1 || a[0].Value != "run-1" || a[0].BlockID != "b" || a[0].ActionTs == "" {
		t.Errorf("got actions %+v", a)
	}
	if in.User.ID != "U0TANAKA" || in.Channel.ID != "C0ALERTS" || in.Message.Timestamp != ts || in.Container.MessageTs != ts || in.ResponseURL == "" {
		t.Errorf("got %+v", in)
	}
	view := s.state(t, "").Views[0]
	_, out := s.script(t, "submit", map[string]any{"user": "tanaka", "view_id": view.ID, "values": map[string]any{}})
	if out["ok"] != false || out["errors"].(map[string]any)["why"] == nil {
		t.Errorf("an empty required input: got %v", out)
	}
	_, out = s.script(t, "submit", map[string]any{"user": "tanaka", "view_id": view.ID, "values": inputs("no")})
	if diff := cmp.Diff(map[string]any{"why": "Say more."}, out["errors"]); diff != "" {
		t.Error(diff)
	}
	s.must(t, "submit", map[string]any{"user": "tanaka", "view_id": view.ID, "values": inputs("because")})
	sent := receive(t, forms, "the form").View.State.Values
	if sent["why"]["text"].Value != "because" || sent["when"]["day"].SelectedDate != "2026-04-10" || sent["how"]["pick"].SelectedOption.Value != "b" {
		t.Errorf("got %+v, want what was put in and what stood there", sent)
	}
	if left := s.state(t, "").Views; len(left) != 0 {
		t.Errorf("got %v, want the view closed", left)
	}
}

func inputs(why string) map[string]any {
	return map[string]any{"why": map[string]any{"text": map[string]any{"value": why}}, "how": map[string]any{"pick": map[string]any{"selected_option": "b"}}}
}

func form() slack.ModalViewRequest {
	options := []*slack.OptionBlockObject{slack.NewOptionBlockObject("a", plain("A"), nil), slack.NewOptionBlockObject("b", plain("B"), nil)}
	day := slack.NewDatePickerBlockElement("day")
	day.InitialDate = "2026-04-10"
	return slack.ModalViewRequest{Type: slack.VTModal, Title: plain("Form"), Submit: plain("Send"), CallbackID: "form", NotifyOnClose: true,
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("why", plain("Why"), nil, slack.NewPlainTextInputBlockElement(nil, "text")),
			slack.NewInputBlock("when", plain("When"), nil, day),
			slack.NewInputBlock("how", plain("How"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "pick", options...)),
		}}}
}

func TestACommandIsAnsweredByAcknowledgementOrLater(t *testing.T) {
	s := open(t, sandbox.Options{})
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		in, ok := e.Data.(slack.SlashCommand)
		switch {
		case !ok:
			_ = c.Ack(*e.Request)
		case in.Text == "now":
			_ = c.Ack(*e.Request, map[string]any{"text": "at once"})
		case in.Text == "view":
			_ = c.Ack(*e.Request)
			_, _ = s.bot.OpenView(in.TriggerID, form())
		default:
			_ = c.Ack(*e.Request)
			_ = slack.PostWebhook(in.ResponseURL, &slack.WebhookMessage{Text: "a little later"})
		}
	})
	for _, c := range []struct{ text, want string }{{"now", "at once"}, {"late", "a little later"}} {
		out := s.must(t, "command", map[string]any{"user": "miller", "channel": "C0ALERTS", "command": "/cs", "text": c.text})
		if got := out["response"].(map[string]any)["text"]; got != c.want {
			t.Errorf("/cs %s: got %v, want %q", c.text, got, c.want)
		}
	}
	if out := s.must(t, "command", map[string]any{"user": "miller", "channel": "C0ALERTS", "command": "/cs view"}); out["view_id"] == nil {
		t.Errorf("got %v, want the id of the view that was opened", out)
	}
	if got := s.state(t, "?user=tanaka").texts("C0ALERTS"); got != nil {
		t.Errorf("somebody else reads %v", got)
	}
	if diff := cmp.Diff([]string{"at once", "a little later"}, s.state(t, "?user=miller").texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
}

func TestTheAppHearsWhatPeopleSay(t *testing.T) {
	s := open(t, sandbox.Options{})
	heard := make(chan any, 20)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		if in, ok := e.Data.(slackevents.EventsAPIEvent); ok {
			heard <- in.InnerEvent.Data
		}
	})
	s.must(t, "say", map[string]any{"user": "tanaka", "channel": "#cs-alerts", "text": "<@U0BOT> help"})
	if m, ok := receive(t, heard, "the message").(*slackevents.MessageEvent); !ok || m.Text != "<@U0BOT> help" || m.ChannelType != "channel" || m.User != "U0TANAKA" {
		t.Errorf("got %+v, want the message", m)
	}
	if m, ok := receive(t, heard, "the mention").(*slackevents.AppMentionEvent); !ok || m.User != "U0TANAKA" {
		t.Errorf("got %+v, want the mention", m)
	}
	s.must(t, "say", map[string]any{"user": "miller", "channel": "playcaller", "text": "hello"})
	if m, ok := receive(t, heard, "the direct message").(*slackevents.MessageEvent); !ok || m.ChannelType != "im" {
		t.Errorf("got %+v, want a direct message", m)
	}
	s.must(t, "say", map[string]any{"user": "miller", "channel": "sales", "text": "the bot is not here"})
	s.must(t, "home", map[string]any{"user": "miller"})
	if m, ok := receive(t, heard, "the home").(*slackevents.AppHomeOpenedEvent); !ok || m.User != "U0MILLER" || m.Tab != "home" {
		t.Errorf("got %+v, want the opened Home and nothing from a channel without the bot", m)
	}
	if _, err := s.bot.PublishView("U0MILLER", slack.HomeTabViewRequest{Type: slack.VTHomeTab,
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}, ""); err != nil {
		t.Fatal(err)
	}
	if home := s.state(t, "").Homes["U0MILLER"]; home["type"] != "home" {
		t.Errorf("got %v, want the published Home", home)
	}
}

func TestAResponseURLIsGoodForFiveAnswers(t *testing.T) {
	s := open(t, sandbox.Options{})
	urls := make(chan string, 1)
	s.connect(t, func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		if in, ok := e.Data.(slack.InteractionCallback); ok {
			urls <- in.ResponseURL
		}
	})
	_, ts, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("question", false),
		slack.MsgOptionBlocks(slack.NewActionBlock("b", slack.NewButtonBlockElement("go", "1", plain("Go")))))
	if err != nil {
		t.Fatal(err)
	}
	s.must(t, "click", map[string]any{"user": "tanaka", "channel": "C0ALERTS", "ts": ts, "action_id": "go"})
	url := receive(t, urls, "the click")
	for i, m := range []slack.WebhookMessage{{Text: "only you"}, {Text: "all", ResponseType: "in_channel"}, {Text: "instead", ReplaceOriginal: true},
		{Text: "four"}, {DeleteOriginal: true}} {
		if err := slack.PostWebhook(url, &m); err != nil {
			t.Fatalf("answer %d: %v", i+1, err)
		}
	}
	var status slack.StatusCodeError
	if err := slack.PostWebhook(url, &slack.WebhookMessage{Text: "six"}); !errors.As(err, &status) || status.Code != http.StatusNotFound {
		t.Errorf("a sixth answer: got %v, want 404", err)
	}
	if diff := cmp.Diff([]string{"all"}, s.state(t, "?user=miller").texts("C0ALERTS")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryBlockOfTheLibraryIsTaken(t *testing.T) {
	s := open(t, sandbox.Options{})
	rich := slack.NewRichTextBlock("rich", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("bold", &slack.RichTextSectionTextStyle{Bold: true}),
		slack.NewRichTextSectionUserElement("U0TANAKA", nil), slack.NewRichTextSectionLinkElement("https://example.com", "link", nil)))
	axis := slack.DataVisualizationAxisConfig{Categories: []string{"Mon", "Tue"}}
	points := []slack.DataVisualizationDataPoint{{Label: "Mon", Value: 3}, {Label: "Tue", Value: -1.5}}
	line := &slack.DataVisualizationLineChart{Type: slack.DataVisualizationChartLine, AxisConfig: axis,
		Series: []slack.DataVisualizationDataSeries{{Name: "actual", Data: points}, {Name: "expected", Data: points}}}
	table := slack.NewTableBlock("table")
	table.Rows = [][]slack.TableCell{{slack.TableRawTextCell{Type: slack.TableCellRawText, Text: "a"}, slack.TableRawNumberCell{Type: slack.TableCellRawNumber, Value: 4}}}
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain("Head")), slack.NewDividerBlock(),
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{plain("one"), plain("two")}, slack.NewAccessory(slack.NewDatePickerBlockElement("date"))),
		slack.NewContextBlock("ctx", slack.NewImageBlockElement("https://example.com/a.png", "a picture"), plain("text")),
		slack.NewImageBlock("https://example.com/a.png", "a picture", "img", plain("title")),
		slack.NewActionBlock("act", slack.NewTimePickerBlockElement("time"), slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plain("who"), "user"),
			slack.NewCheckboxGroupsBlockElement("check", slack.NewOptionBlockObject("1", plain("One"), plain("the first")))),
		rich, slack.NewMarkdownBlock("md", "# *hello*"), table,
		slack.NewDataVisualizationBlock("Logins", line),
		&slack.AlertBlock{Type: slack.MBTAlert, Text: plain("Careful"), Level: slack.AlertLevelWarning},
		&slack.CardBlock{Type: slack.MBTCard, Title: plain("Card"), Body: plain("body"),
			Actions: &slack.BlockElements{ElementSet: []slack.BlockElement{slack.NewButtonBlockElement("card", "1", plain("Open"))}}},
		&slack.PlanBlock{Type: slack.MBTPlan, Title: "Plan", Tasks: []slack.TaskCardBlock{{Type: slack.MBTTaskCard, TaskID: "1", Title: "Call", Status: slack.TaskCardStatusPending}}},
		slack.NewTaskCardBlock("2", "Write"),
		slack.NewContextActionsBlock("fb", slack.NewFeedbackButtonsBlockElement("feedback", slack.NewFeedbackButton(plain("Good"), "+"), slack.NewFeedbackButton(plain("Bad"), "-"))),
		&slack.ContainerBlock{Type: slack.MBTContainer, Title: plain("Box"), ChildBlocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}},
		slack.NewVideoBlock("https://example.com/v", "https://example.com/t.png", "a film", "vid", plain("Film")),
		slack.NewFileBlock("file", "external", "remote"),
		slack.NewInputBlock("in", plain("Say"), plain("hint"), slack.NewPlainTextInputBlockElement(plain("…"), "say")),
	}
	var refused slack.SlackErrorResponse
	if _, _, err := s.bot.PostMessage("C0ALERTS", slack.MsgOptionText("all", false), slack.MsgOptionBlocks(blocks...)); errors.As(err, &refused) {
		t.Fatalf("got %v: %s", err, strings.Join(refused.ResponseMetadata.Messages, "\n"))
	} else if err != nil {
		t.Fatal(err)
	}
}
