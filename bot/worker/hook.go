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

// hookPrefix begins the names of the channels in which calls of other systems wait.
const hookPrefix = "hook:"

func hookChannel(system string) string { return hookPrefix + system }

// The waits between attempts to call another system, in real time: each is four times the one before.
const (
	firstCallWait = time.Second
	lastCallWait  = 15 * time.Minute
)

// retriesAtOnce is how many calls that were not taken the first time are under way to other systems at once.
const retriesAtOnce = 4

// call calls another system once, in order with the others of its channel. A call that is not taken for now is repeated beside
// those behind it, which need not wait for it.
func (d *drawing) call(channel string, out store.Outgoing) {
	if out.Effect == nil {
		out.Effect = &playbooks.Effect{}
	}
	result, settled := d.attempt(channel, out)
	if settled && d.reported(channel, out, result) || d.ctx.Err() != nil {
		return
	}
	d.done.Go(func() { d.callAgain(channel, out, result, settled) })
}

// callAgain calls another system until it has taken the call, refuses it, or the run has given it up, and until that is
// written down: what became of a call is not asked again. A wait between two attempts is no work: business time may go on
// meanwhile.
func (d *drawing) callAgain(channel string, out store.Outgoing, result error, settled bool) {
	for wait := firstCallWait; ; wait = min(4*wait, lastCallWait) {
		again := wait
		if !settled {
			left := out.Effect.Until.Sub(d.w.o.Clock.Now())
			again = max(min(wait, left), firstCallWait/10)
		}
		select {
		case <-time.After(again):
		case <-d.ctx.Done():
			return
		}
		d.w.drawing.Add(1)
		if !settled {
			select {
			case d.retries <- struct{}{}:
				result, settled = d.attempt(channel, out)
				<-d.retries
			case <-d.ctx.Done():
			}
		}
		told := settled && d.ctx.Err() == nil && d.reported(channel, out, result)
		d.w.drawing.Add(-1)
		if told || d.ctx.Err() != nil {
			return
		}
	}
}

// attempt calls another system once, and reports whether what came of it is for good.
func (d *drawing) attempt(channel string, out store.Outgoing) (result error, settled bool) {
	if !d.w.o.Clock.Now().Before(out.Effect.Until) {
		return errGivenUp, true
	}
	system := strings.TrimPrefix(channel, hookPrefix)
	if result = d.w.o.Call(d.ctx, system, out); result == nil || errors.Is(result, ErrRefused) {
		return result, true
	}
	if d.ctx.Err() == nil {
		d.w.o.Logger.Warn("another system could not be called; it is tried again", "system", system, "run", out.Run, "error", result)
	}
	return result, false
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
		err = d.publish(d.ctx, stream.Now, ev)
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
