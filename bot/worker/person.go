package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// maxTold is how many lines a person's document remembers to have handed over. A run whose effects were published asks for
// them again after a crash unless it was written since, which takes seconds.
const maxTold = 200

// person is a person of the team in memory: what waits to be delivered to them.
type person struct {
	doc   store.Doc[store.Person]
	dirty bool
}

func (p *person) isDirty() bool { return p.dirty }

// person works the events of one person: things to be told, the beginning of a working day, being away.
func (j *job) person(ctx context.Context, id string, events []stream.Event) error {
	p, err := j.o.person(ctx, id)
	if err != nil {
		return err
	}
	v := &p.doc.Value
	if j.has(v.Seq) {
		return nil
	}
	t := &touched{}
	for _, ev := range events {
		t.c.at = ev.At
		switch ev.Kind {
		case inbox.NudgeKind:
			var l store.Line
			if err := read(ev, &l); err != nil {
				return err
			}
			if !slices.Contains(v.Told, l.Key) && !slices.ContainsFunc(v.Queue, func(q store.Line) bool { return q.Key == l.Key }) {
				v.Queue = append(v.Queue, l)
			}
		case inbox.WakeKind:
			delete(j.o.woken, ev.Key)
			j.o.due.set(ev.Key, v.Due)
		case inbox.AwayKind:
			var a inbox.Away
			if err := read(ev, &a); err != nil {
				return err
			}
			v.AwayUntil, v.Cover = a.Until, a.Cover
			v.AwayFrom = rules.DateOf(ev.At.In(j.o.team().Calendar(id).Location()))
			j.o.w.away.set(*v)
		default:
			return fmt.Errorf("a person knows no event of kind %q", ev.Kind)
		}
	}
	j.mark(&v.Seq)
	p.dirty = true
	j.o.dirty[p] = struct{}{}
	return j.tell(t, p)
}

// tell delivers what waits for a person, if they work now. What is new and over their daily budget waits for the next
// working day, and so does everything outside their hours; nothing is dropped.
func (j *job) tell(t *touched, p *person) error {
	v := &p.doc.Value
	v.Due = time.Time{}
	defer func() { j.o.due.set(inbox.PersonKey(v.ID), v.Due) }()
	if len(v.Queue) == 0 {
		return nil
	}
	team := j.o.team()
	calendar := team.Calendar(v.ID)
	if !calendar.Working(t.c.at) {
		v.Due, v.Digest = calendar.NextWorking(t.c.at), true
		if v.Due.After(t.c.at) {
			return nil
		}
	}
	if day := calendar.Day(t.c.at).String(); v.Day != day {
		v.Day, v.Given = day, 0
	}
	now, later := within(v.Queue, budget(team.Person(v.ID))-v.Given)
	for _, l := range now {
		if counts(l) {
			v.Given++
		}
	}
	v.Queue = later
	if len(later) > 0 {
		_, end := calendar.Open(calendar.Day(t.c.at))
		v.Due = calendar.NextWorking(end)
	}
	if len(now) == 0 {
		return nil
	}
	for _, l := range now {
		v.Told = append(v.Told, l.Key)
	}
	v.Told = slices.Clone(v.Told[max(0, len(v.Told)-maxTold):])
	v.Sent++
	key := fmt.Sprintf("person/%s/%d", v.ID, v.Sent)
	out := store.Outgoing{Key: key, Kind: "lines", Person: v.ID, Lines: now, Digest: v.Digest, At: t.c.at}
	v.Digest = len(later) > 0
	return j.publish(inbox.ChannelKey("dm:"+v.ID), inbox.SendKind, t, key, out)
}

// within divides what waits into what the budget allows and the rest. Reminders, escalations and answers to what the
// person asked are not held back, and high severity goes first.
func within(queue []store.Line, left int) (now, later []store.Line) {
	sorted := slices.Clone(queue)
	slices.SortStableFunc(sorted, func(a, b store.Line) int { return weight(b) - weight(a) })
	for _, l := range sorted {
		if counts(l) {
			if left <= 0 {
				later = append(later, l)
				continue
			}
			left--
		}
		now = append(now, l)
	}
	return now, later
}

// counts reports whether a line is one of the new things that a daily budget bounds.
func counts(l store.Line) bool { return l.What == "question" && l.Severity != string(playbooks.High) }

func weight(l store.Line) int {
	switch playbooks.Severity(l.Severity) {
	case playbooks.High:
		return 2
	case playbooks.Medium:
		return 1
	}
	return 0
}

// usualBudget is how many new questions a day somebody is given whom team.yaml does not say it of.
const usualBudget = 10

func budget(p *playbooks.Person) int {
	if p == nil || p.Budget == 0 {
		return usualBudget
	}
	return p.Budget
}

// delivers reports whether a line is the delivery of a step, from which its delays count.
func delivers(l store.Line) bool {
	switch l.What {
	case playbooks.NudgeQuestion, playbooks.NudgeTask, playbooks.NudgeApproval, playbooks.NudgeSnoozeOver,
		playbooks.NudgeHandoff, playbooks.NudgeFill, playbooks.NudgeAskedBack:
		return true
	}
	return false
}

// person returns the person in memory, read from the store or made.
func (o *owner) person(ctx context.Context, id string) (*person, error) {
	if p := o.people[id]; p != nil {
		return p, nil
	}
	doc, err := o.w.o.Records.People.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		doc, err = store.Doc[store.Person]{Key: id, Value: store.Person{ID: id, Partition: o.n}}, nil
	}
	if err != nil {
		return nil, err
	}
	p := &person{doc: doc}
	o.people[id] = p
	o.due.set(inbox.PersonKey(id), doc.Value.Due)
	return p, nil
}
