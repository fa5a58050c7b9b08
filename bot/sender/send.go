package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// MetadataType is the event_type of the metadata that carries an outbox key; its
// payload has the fields key, run and version.
const MetadataType = "playcaller_outbox"

// clockMargin is how far Slack's clock may be behind ours when history is read
// from the time of a posting on.
const clockMargin = 10 * time.Minute

// A method is a Web API method with limits of its own.
type method string

const (
	postMethod   method = "chat.postMessage"
	updateMethod method = "chat.update"
	deleteMethod method = "chat.delete"
)

func methodOf(k Kind) method {
	switch k {
	case Update:
		return updateMethod
	case Delete:
		return deleteMethod
	}
	return postMethod
}

// send makes the one call that the item asks for. It returns the id of the
// channel and the message's time stamp.
func (q *queue) send(ctx context.Context, item *Item) (channel, ts string, err error) {
	if item.Kind == Update || item.Kind == Delete {
		return q.change(ctx, item)
	}
	if channel, err = q.place(ctx, item); err != nil {
		return "", "", err
	}
	options := q.content(item)
	if item.Kind == Thread {
		parent := item.TS
		if known, ok := q.known(item.ThreadKey); parent == "" && ok {
			parent = known.ts
		}
		if parent == "" {
			return channel, "", fmt.Errorf("the message %q, under whose thread this belongs: %w", item.ThreadKey, errNoMessage)
		}
		options = append(options, slack.MsgOptionTS(parent))
	}
	if _, ts, err = q.s.o.Slack.PostMessageContext(ctx, channel, options...); err == nil {
		return channel, ts, nil
	}
	return channel, "", q.mend(ctx, item, channel, err)
}

// change edits or deletes a message.
func (q *queue) change(ctx context.Context, item *Item) (channel, ts string, err error) {
	known, ok := q.known(item.Key)
	channel, ts = known.channel, known.ts
	if !ok {
		if channel, err = q.place(ctx, item); err != nil {
			return "", "", err
		}
		ts = item.TS
	}
	if ts == "" {
		return channel, "", fmt.Errorf("the message %q: %w", item.Key, errNoMessage)
	}
	if item.Kind == Delete {
		_, _, err = q.s.o.Slack.DeleteMessageContext(ctx, channel, ts)
		if code(err) == "message_not_found" {
			err = nil
		}
	} else {
		_, _, _, err = q.s.o.Slack.UpdateMessageContext(ctx, channel, ts, q.content(item)...)
	}
	if err != nil {
		return channel, ts, q.mend(ctx, item, channel, err)
	}
	return channel, ts, nil
}

// content gives the message's text, blocks and metadata as options of a call.
func (q *queue) content(item *Item) []slack.MsgOption {
	blocks := item.Blocks.BlockSet
	q.s.mu.Lock()
	plain := q.s.noCharts
	q.s.mu.Unlock()
	if plain && q.s.o.WithoutCharts != nil {
		blocks = q.s.o.WithoutCharts(blocks)
	}
	return []slack.MsgOption{
		slack.MsgOptionText(item.Text, false),
		slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType:    MetadataType,
			EventPayload: map[string]any{"key": item.Key, "run": item.Run, "version": item.Version},
		}),
	}
}

// mend removes the causes of failure that the sender can do something about, and
// returns errAgain if the call is worth making again.
func (q *queue) mend(ctx context.Context, item *Item, channel string, err error) error {
	switch code(err) {
	case "not_in_channel", "channel_not_found":
		if q.joined[channel] {
			return err
		}
		q.joined[channel] = true
		if joinErr := q.s.o.Places.Join(ctx, channel); joinErr != nil {
			if judge(joinErr).verdict != refused {
				q.joined[channel] = false
				return joinErr
			}
			return err
		}
		return errAgain
	case "invalid_blocks", "invalid_blocks_format":
		q.s.mu.Lock()
		defer q.s.mu.Unlock()
		if q.s.noCharts || q.s.o.WithoutCharts == nil || !slices.ContainsFunc(item.Blocks.BlockSet, isChart) {
			return err
		}
		q.s.noCharts = true
		q.s.o.Logger.Warn("this workspace refuses chart blocks; charts are sent as text from now on", "error", err)
		return errAgain
	}
	return err
}

func isChart(b slack.Block) bool { return b.BlockType() == slack.MBTDataVisualization }

// place returns the id of the channel that the item goes to.
func (q *queue) place(ctx context.Context, item *Item) (string, error) {
	find, as := q.s.o.Places.ChannelID, "channel "
	if item.Kind == DM {
		find, as = q.s.o.Places.DirectID, "person "
	}
	if id, ok := q.channel[as+item.Channel]; ok {
		return id, nil
	}
	id, err := find(ctx, item.Channel)
	if err != nil {
		return "", placeError{err}
	}
	if item.Kind != DM {
		q.join(ctx, id)
	}
	q.channel[as+item.Channel] = id
	return id, nil
}

// join makes the bot a member before it posts to a channel, since only members
// can look whether a message is there. Where that fails, as it does for private
// channels, posting shows whether it matters.
func (q *queue) join(ctx context.Context, channel string) {
	if err := q.s.o.Places.Join(ctx, channel); err != nil {
		q.s.o.Logger.Debug("could not join a channel", "channel", channel, "error", err)
		return
	}
	q.joined[channel] = true
}

// A placeError is a failure before anything was sent.
type placeError struct{ error }

func (e placeError) Unwrap() error { return e.error }

// Errors within the sender.
var (
	errAgain     = errors.New("try again at once")
	errNoMessage = errors.New("not found in Slack")
)

// A verdict is what an error means for an item.
type verdict int

const (
	done      verdict = iota
	retry             // the cause is removed
	limited           // not done; Slack said when to come back
	stalled           // not done, for a reason that will pass or that ops must remove
	uncertain         // may have been done
	refused           // would fail again
)

// A judgement is a verdict and what goes with it.
type judgement struct {
	verdict
	after      time.Duration // limited: how long to wait; 0 if Slack did not say
	everywhere bool          // limited: the whole workspace
	err        error         // refused: with what to do
}

// judge says what an error of a call means.
func judge(err error) judgement {
	var limit *slack.RateLimitedError
	var status slack.StatusCodeError
	var inPlace placeError
	switch {
	case err == nil:
		return judgement{verdict: done}
	case errors.Is(err, errAgain):
		return judgement{verdict: retry}
	case errors.As(err, &limit):
		return judgement{verdict: limited, after: limit.RetryAfter}
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return judgement{verdict: limited, everywhere: true}
	case errors.Is(err, ErrNoPlace), errors.Is(err, errNoMessage):
		return judgement{verdict: refused, err: err}
	}
	v := judgeCode(code(err))
	if v.verdict == refused {
		v.err = fmt.Errorf("refused by Slack (%s): %s: %w%s", code(err), advice(code(err)), err, details(err))
	}
	if v.verdict == uncertain && errors.As(err, &inPlace) {
		v.verdict = stalled
	}
	return v
}

// judgeCode says what an error code of Slack's means; "" is an error that Slack
// did not answer with: a broken connection, a time-out, a server error.
func judgeCode(c string) judgement {
	switch c {
	case "", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "http_request_failed":
		return judgement{verdict: uncertain}
	case "ratelimited", "rate_limited":
		return judgement{verdict: limited}
	case "message_limit_exceeded":
		return judgement{verdict: limited, everywhere: true}
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
		"no_permission", "ekm_access_denied", "org_login_required", "team_access_not_granted", "accesslimited":
		return judgement{verdict: stalled}
	}
	return judgement{verdict: refused}
}

// code returns Slack's error code, or "".
func code(err error) string {
	var refusal slack.SlackErrorResponse
	if errors.As(err, &refusal) {
		return refusal.Err
	}
	return ""
}

// details returns what Slack says besides the code, such as which block is wrong.
func details(err error) string {
	var refusal slack.SlackErrorResponse
	if !errors.As(err, &refusal) || len(refusal.ResponseMetadata.Messages) == 0 {
		return ""
	}
	return ": " + strings.Join(refusal.ResponseMetadata.Messages, "; ")
}

// advice says what to do about a refusal.
func advice(code string) string {
	switch code {
	case "channel_not_found", "not_in_channel":
		return "invite the bot to the channel, or correct its name in the playbook"
	case "is_archived":
		return "the channel is archived; name another one in the playbook, or restore it"
	case "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel":
		return "the channel's posting rules keep the bot out; allow it, or name another channel"
	case "msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "too_many_attachments":
		return "shorten the step's text"
	case "message_not_found", "cant_update_message", "edit_window_closed", "cant_delete_message":
		return "the message was deleted, or belongs to somebody else"
	case "user_not_found", "user_disabled", "cannot_dm_bot", "messages_tab_disabled":
		return "correct the person's e-mail address in team.yaml, or switch the app's messages tab on"
	}
	return "see the error code in Slack's documentation of the method"
}
