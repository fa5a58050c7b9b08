package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/sender"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// keptSent is how many posts of a channel are remembered; an older one is found by its run, or in Slack by its key.
const keptSent = 2000

// channel is the outbox of a Slack channel in memory.
type channel struct {
	doc    store.Doc[store.Channel]
	dirty  bool
	handed map[string]int64 // key -> version of what was handed to the sender in this tenure
}

func (c *channel) isDirty() bool { return c.dirty }

// channel works the events of one channel: messages to be sent, and what became of them.
func (j *job) channel(ctx context.Context, name string, events []stream.Event) error {
	c, err := j.o.channel(ctx, name)
	if err != nil {
		return err
	}
	v := &c.doc.Value
	if j.has(v.Seq) {
		return nil
	}
	for _, ev := range events {
		switch ev.Kind {
		case inbox.SendKind:
			var out store.Outgoing
			if err := read(ev, &out); err != nil {
				return err
			}
			c.add(out, !j.o.current)
		case inbox.SentKind:
			var s inbox.Sent
			if err := read(ev, &s); err != nil {
				return err
			}
			if err := j.sent(c, ev, s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a channel knows no event of kind %q", ev.Kind)
		}
	}
	j.mark(&v.Seq)
	c.dirty = true
	j.o.dirty[c] = struct{}{}
	if !slices.Contains(j.toDraw, name) {
		j.toDraw = append(j.toDraw, name)
	}
	return nil
}

// add puts a message into the outbox, unless it is there, or was sent, in the same state or a newer one. Of a message's
// states only the newest waits.
func (c *channel) add(out store.Outgoing, uncertain bool) {
	v := &c.doc.Value
	out.Uncertain = uncertain
	if s, ok := v.Sent[out.Key]; ok && (!out.Edited() || s.Version >= out.Version) {
		return
	}
	for i, p := range v.Pending {
		if p.Key == out.Key {
			if out.Version > p.Version {
				out.Uncertain = p.Uncertain
				v.Pending[i] = out
			}
			return
		}
	}
	v.Pending = append(v.Pending, out)
}

// sent strikes a message out of the outbox, and tells those who wait for that: the run whose card has a place now, and the
// runs whose steps were delivered. A message that Slack will not take counts as delivered, so that time goes on.
func (j *job) sent(c *channel, ev stream.Event, s inbox.Sent) error {
	v := &c.doc.Value
	i := slices.IndexFunc(v.Pending, func(p store.Outgoing) bool { return p.Key == s.Key })
	if i < 0 {
		return nil
	}
	out := v.Pending[i]
	if out.Version <= s.Version { // a newer state of it still waits otherwise
		v.Pending = slices.Delete(v.Pending, i, i+1)
	}
	if v.Sent == nil {
		v.Sent = map[string]store.Sent{}
	}
	t := &touched{c: change{at: ev.At}}
	if out.Kind == "webhook" {
		v.Sent[s.Key] = store.Sent{At: ev.At}
		c.forget()
		return j.answered(t, out, s)
	}
	if s.Error == "" {
		_, known := v.Sent[s.Key]
		v.Sent[s.Key] = store.Sent{Post: s.Post, At: ev.At, Version: s.Version}
		c.forget()
		if out.Kind == "card" && !known {
			return j.publish(inbox.AccountKey(out.Account), inbox.PostedKind, t, "posted/"+s.Key, inbox.Posted{Run: out.Run, Post: s.Post})
		}
	} else if s.Error != errNothing.Error() {
		j.o.w.counts.Undelivered.Add(1)
		j.o.w.o.Logger.Error("Slack will not take a message", "channel", v.Name, "run", out.Run, "kind", out.Kind, "error", s.Error)
	}
	for _, l := range out.Lines {
		if !delivers(l) {
			continue
		}
		e := playbooks.Event{Kind: playbooks.Delivered, At: ev.At, Run: l.Run, Visit: l.Visit, Person: out.Person}
		if err := j.publish(inbox.AccountKey(l.Account), inbox.RunKind, t, "delivered/"+l.Key, e); err != nil {
			return err
		}
	}
	return nil
}

// forget drops the oldest posts when there are too many.
func (c *channel) forget() {
	sent := c.doc.Value.Sent
	if len(sent) <= keptSent+keptSent/10 {
		return
	}
	keys := make([]string, 0, len(sent))
	for k := range sent {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return sent[a].At.Compare(sent[b].At) })
	for _, k := range keys[:len(keys)-keptSent] {
		delete(sent, k)
	}
}

// handOver hands what waits in a channel to be drawn and sent. While old messages are read again nothing is: what they
// sent is found out by reading on. What may have been posted by a process that was killed waits until its last request
// must have arrived, so that a look at the channel's history finds it.
func (o *owner) handOver(name string) {
	c := o.channels[name]
	if !o.current || c == nil {
		return
	}
	var outs []store.Outgoing
	for _, out := range c.doc.Value.Pending {
		version, handed := c.handed[out.Key]
		if out.Uncertain && !handed && !o.settled() {
			break // what comes after it may be about it: a line in the thread of a card
		}
		if handed && version >= out.Version {
			continue
		}
		out.Handed = handed
		c.handed[out.Key] = out.Version
		out.Sent = c.doc.Value.Sent[out.Key].Post
		out.Parent = c.doc.Value.Sent[cardKey(out.Run)].Post
		outs = append(outs, out)
	}
	for key := range c.handed {
		if !slices.ContainsFunc(c.doc.Value.Pending, func(p store.Outgoing) bool { return p.Key == key }) {
			delete(c.handed, key)
		}
	}
	if len(outs) > 0 {
		o.drawing.add(name, outs)
	}
}

// settled reports whether every request of an earlier tenure must have arrived in Slack.
func (o *owner) settled() bool { return !time.Now().Before(o.began.Add(o.w.o.PostTimeout)) }

// unsettled reports whether a channel has messages that wait for that.
func (o *owner) unsettled() bool {
	for _, c := range o.channels {
		for _, out := range c.doc.Value.Pending {
			if _, handed := c.handed[out.Key]; out.Uncertain && !handed {
				return true
			}
		}
	}
	return false
}

// Report tells the channel's owner what became of a message; it is what sender.Options.Report is set to.
func (w *Worker) Report(ctx context.Context, r sender.Result) error {
	w.activity.Add(1)
	defer w.activity.Add(1)
	s := inbox.Sent{Key: r.Key, Version: r.Version, Post: store.Post{Channel: r.Channel, TS: r.TS}}
	id := fmt.Sprintf("sent/%s/%s/%d", r.Queue, r.Key, r.Version)
	if r.Err != nil {
		s.Error = r.Err.Error()
		id = ""
	}
	ev, err := inbox.Event(r.Queue, inbox.SentKind, w.o.Clock.Now(), s)
	if err != nil {
		return err
	}
	ev.ID = id
	return w.o.Stream.Publish(ctx, stream.Now, ev)
}

// channel returns the channel in memory, read from the store or made. What it has pending from before may have been sent.
func (o *owner) channel(ctx context.Context, name string) (*channel, error) {
	if c := o.channels[name]; c != nil {
		return c, nil
	}
	doc, err := o.w.o.Records.Channels.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		doc, err = store.Doc[store.Channel]{Key: name, Value: store.Channel{Name: name, Partition: o.n}}, nil
	}
	if err != nil {
		return nil, err
	}
	return o.keepChannel(doc), nil
}

func (o *owner) keepChannel(doc store.Doc[store.Channel]) *channel {
	c := &channel{doc: doc, handed: map[string]int64{}}
	for i := range doc.Value.Pending {
		doc.Value.Pending[i].Uncertain = true
	}
	o.channels[doc.Key] = c
	return c
}
