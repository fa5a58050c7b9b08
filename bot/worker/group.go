package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/store"
)

// gathering is what a playbook with a group holds back, over all accounts, in memory. Its document is written before what
// it decided is published, and says what that was until it has been.
type gathering struct {
	doc store.Doc[store.Gathering]
}

// gathers reports whether an intended run must wait for it to be known whether it is one of many. Those of a draft disturb
// nobody, so they need not.
func (o *owner) gathers(in store.Intent) bool {
	p := o.book.Playbooks[in.Playbook]
	return p != nil && p.Group.Of > 0 && !p.Draft && in.By == "rule" && !in.Gathered
}

// startsAtOnce reports whether what a rule starts counts against its playbook's storm limit when it fires.
func (o *owner) startsAtOnce(playbook string) bool {
	p := o.book.Playbooks[playbook]
	return p != nil && !p.Draft && p.Group.Of == 0
}

// gather asks the playbook what is to become of an intended run.
func (o *owner) gather(j *job, t *touched, in store.Intent) error {
	v := &t.a.doc.Value
	if !slices.ContainsFunc(v.Waiting, in.Same) {
		v.Waiting = append(slices.Clone(v.Waiting), in)
	}
	f := playbooks.Firing{Account: t.a.doc.Key, Subject: in.Subject, Episode: in.Episode, At: in.At}
	id := "gather/" + playbooks.RunID(t.a.doc.Key, in.Playbook, in.Subject, in.Episode)
	return j.publish(inbox.PlaybookKey(in.Playbook), inbox.GatherKind, t, id, f)
}

// applyGathered lets a run begin that was held back, or its episode go on without one.
func (o *owner) applyGathered(a *account, c *change, g inbox.Gathered) {
	v := &a.doc.Value
	i := slices.IndexFunc(v.Waiting, func(in store.Intent) bool {
		return in.Playbook == g.Playbook && in.Subject == g.Firing.Subject && in.Episode == g.Firing.Episode
	})
	if i < 0 {
		return
	}
	in := v.Waiting[i]
	v.Waiting = slices.Delete(slices.Clone(v.Waiting), i, i+1)
	c.said = true
	if g.Grouped {
		key := store.RuleKey(in.Playbook, in.Subject)
		v.States = with(v.States, key, v.States[key].Regrouped(in.Episode))
		c.all = true
		return
	}
	if a.plays(in.Playbook, in.Subject) {
		return // somebody began it by hand meanwhile
	}
	if paused := o.cp.Value.Paused; paused[""] || paused[in.Playbook] || o.snoozed(a, in.Playbook).After(c.at) {
		key := store.RuleKey(in.Playbook, in.Subject)
		v.States = with(v.States, key, v.States[key].Withdrawn(in.Episode))
		c.all = true // which says why it does not begin now
		return
	}
	in.Gathered, in.At = true, c.at
	v.Intents = append(v.Intents, in)
	o.w.storms.note(in.Playbook, c.at)
}

// playbook works the events of one playbook: firings, and the time at which those that wait begin.
func (j *job) playbook(ctx context.Context, name string, events []stream.Event) error {
	g, err := j.o.gathering(ctx, name)
	if err != nil {
		return err
	}
	v := &g.doc.Value
	if j.has(v.Seq) {
		return nil
	}
	t := &touched{}
	for _, ev := range events {
		t.c.at = ev.At
		var r playbooks.Release
		switch ev.Kind {
		case inbox.GatherKind:
			var f playbooks.Firing
			if err := read(ev, &f); err != nil {
				return err
			}
			r = v.Add(j.o.groupOf(name), f)
		case inbox.WakeKind:
			var w inbox.Wake
			if err := read(ev, &w); err != nil {
				return err
			}
			delete(j.o.woken, ev.Key)
			if w.Due.Equal(v.Due) {
				r = v.Tick(w.Due)
			}
		default:
			return fmt.Errorf("a playbook knows no event of kind %q", ev.Kind)
		}
		v.Undone.Begin, v.Undone.Grouped = append(v.Undone.Begin, r.Begin...), append(v.Undone.Grouped, r.Grouped...)
	}
	j.o.due.set(inbox.PlaybookKey(name), v.Due)
	j.mark(&v.Seq)
	return j.release(t, g)
}

// release puts what becomes of firings on the list of what is published, after the document.
func (j *job) release(t *touched, g *gathering) error {
	v := &g.doc.Value
	tell := func(all []playbooks.Firing, grouped bool) error {
		for _, f := range all {
			id := fmt.Sprintf("gathered/%v/%s", grouped, playbooks.RunID(f.Account, v.Name, f.Subject, f.Episode))
			answer := inbox.Gathered{Playbook: v.Name, Firing: f, Grouped: grouped}
			if err := j.publish(inbox.AccountKey(f.Account), inbox.GatheredKind, t, id, answer); err != nil {
				return err
			}
		}
		return nil
	}
	if err := errors.Join(tell(v.Undone.Begin, false), tell(v.Undone.Grouped, true)); err != nil {
		return err
	}
	if p := j.o.book.Playbooks[v.Name]; len(v.Undone.Grouped) > 0 && v.Message != nil && p != nil {
		body, err := json.Marshal(v.Message)
		if err != nil {
			return err
		}
		out := store.Outgoing{Key: fmt.Sprintf("group/%s/%d", v.Name, v.Message.N), Kind: "group", Text: v.Name, Body: body,
			Version: int64(len(v.Message.Members)), At: v.Message.At}
		id := fmt.Sprintf("%s/%d", out.Key, out.Version)
		if err := j.publish(inbox.ChannelKey(p.GroupChannel(j.o.book.Team)), inbox.SendKind, t, id, out); err != nil {
			return err
		}
	}
	j.gatherings = append(j.gatherings, g)
	return nil
}

// writeGatherings writes what playbooks hold back; done says that what they decided has been published.
func (j *job) writeGatherings(ctx context.Context, done bool) error {
	var changed []*gathering
	for _, g := range j.gatherings {
		undone := len(g.doc.Value.Undone.Begin)+len(g.doc.Value.Undone.Grouped) > 0
		if done && !undone || slices.Contains(changed, g) {
			continue
		}
		if done {
			g.doc.Value.Undone = playbooks.Release{}
		}
		changed = append(changed, g)
	}
	return writeAll(ctx, j.o.w.o.Records.Gatherings, changed, func(g *gathering) *store.Doc[store.Gathering] { return &g.doc })
}

func (g *gathering) isDirty() bool { return false } // it is written at once

// groupOf returns the group of a playbook as the book has it now.
func (o *owner) groupOf(playbook string) playbooks.Group {
	if p := o.book.Playbooks[playbook]; p != nil {
		return p.Group
	}
	return playbooks.Group{}
}

// gathering returns what a playbook holds back, read from the store or made.
func (o *owner) gathering(ctx context.Context, name string) (*gathering, error) {
	if g := o.gatherings[name]; g != nil {
		return g, nil
	}
	doc, err := o.w.o.Records.Gatherings.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		doc, err = store.Doc[store.Gathering]{Key: name, Value: store.Gathering{Name: name, Partition: o.n}}, nil
	}
	if err != nil {
		return nil, err
	}
	return o.keepGathering(doc), nil
}

func (o *owner) keepGathering(doc store.Doc[store.Gathering]) *gathering {
	g := &gathering{doc: doc}
	if o.gatherings == nil {
		o.gatherings = map[string]*gathering{}
	}
	o.gatherings[doc.Key] = g
	o.due.set(inbox.PlaybookKey(doc.Key), doc.Value.Due)
	return g
}

// loadGatherings reads what the playbooks of the partition hold back.
func (o *owner) loadGatherings(ctx context.Context) error {
	for d, err := range o.w.o.Records.Gatherings.All(ctx, store.Query{Field: "part", Equal: int64(o.n)}) {
		if err != nil {
			return err
		}
		o.keepGathering(d)
	}
	return nil
}

// disown forgets the sequences of a stream that is another one now.
func (o *owner) disown(ctx context.Context) error {
	for _, g := range o.gatherings {
		g.doc.Value.Seq = store.Seq{}
		if err := o.w.o.Records.Gatherings.Replace(ctx, &g.doc); err != nil {
			return err
		}
	}
	return nil
}

// recoverGatherings publishes again what may not have been before a crash.
func (o *owner) recoverGatherings(j *job) error {
	for _, g := range o.gatherings {
		if u := g.doc.Value.Undone; len(u.Begin)+len(u.Grouped) == 0 {
			continue
		}
		if err := j.release(&touched{c: change{at: o.w.o.Clock.Now()}}, g); err != nil {
			return err
		}
	}
	return nil
}
