package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// Call calls another system for a webhook step. An error means that it did not take the call for now; one that is
// ErrRefused that it never will.
type Call func(ctx context.Context, system string, out store.Outgoing) error

// ErrRefused says that another system will not take a call, however often it is made.
var ErrRefused = errors.New("the call is refused")

// hookPrefix begins the names of the channels in which calls of other systems wait: they go out in order, like messages.
const hookPrefix = "hook:"

func hookChannel(system string) string { return hookPrefix + system }

// The waits between attempts to call another system, in real time: each is four times the one before.
const (
	firstCallWait = time.Second
	lastCallWait  = 15 * time.Minute
)

// call calls another system until it has taken the call, refuses it, or the run has given it up. A wait between two
// attempts is no work: business time may go on meanwhile.
func (d *drawing) call(channel string, out store.Outgoing) {
	system := strings.TrimPrefix(channel, hookPrefix)
	if out.Effect == nil {
		out.Effect = &playbooks.Effect{}
	}
	for wait := firstCallWait; ; wait = min(4*wait, lastCallWait) {
		err := errGivenUp
		if d.w.o.Clock.Now().Before(out.Effect.Until) {
			err = d.w.o.Call(d.ctx, system, out)
		}
		if d.ctx.Err() != nil {
			return
		}
		if err == nil || errors.Is(err, ErrRefused) || errors.Is(err, errGivenUp) {
			if d.reported(channel, out, err) {
				return
			}
		} else {
			d.w.o.Logger.Warn("another system could not be called; it is tried again", "system", system, "run", out.Run, "error", err, "wait", wait)
		}
		d.w.drawing.Add(-1)
		left := out.Effect.Until.Sub(d.w.o.Clock.Now())
		select {
		case <-time.After(max(min(wait, left), firstCallWait/10)):
		case <-d.ctx.Done():
		}
		d.w.drawing.Add(1)
		if d.ctx.Err() != nil {
			return
		}
	}
}

// errGivenUp says that a run does not wait for a call any more.
var errGivenUp = errors.New("the play has gone on without it")

// reported tells the channel what became of a call.
func (d *drawing) reported(channel string, out store.Outgoing, result error) bool {
	d.w.activity.Add(1)
	defer d.w.activity.Add(1)
	s := inbox.Sent{Key: out.Key}
	if result != nil {
		s.Error = result.Error()
	}
	ev, err := inbox.Event(inbox.ChannelKey(channel), inbox.SentKind, d.w.o.Clock.Now(), s)
	if err == nil {
		err = d.w.o.Stream.Publish(d.ctx, stream.Now, ev)
	}
	if err != nil {
		d.w.o.Logger.Warn("what became of a call could not be written down yet", "channel", channel, "run", out.Run, "error", err)
	}
	return err == nil
}

// answered tells a run what became of its call.
func (j *job) answered(t *touched, out store.Outgoing, s inbox.Sent) error {
	e := playbooks.Event{Kind: playbooks.Called, At: t.c.at, Run: out.Run, Visit: out.Visit}
	if s.Error != "" {
		e.Kind, e.Reason = playbooks.CallFailed, clip(s.Error, 300)
		j.o.w.counts.Undelivered.Add(1)
		j.o.w.o.Logger.Error("another system was not reached", "run", out.Run, "account", out.Account, "error", s.Error)
	}
	return j.publish(inbox.AccountKey(out.Account), inbox.RunKind, t, "called/"+out.Key, e)
}
