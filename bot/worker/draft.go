package worker

import (
	"cmp"
	"slices"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/store"
)

// drafted writes down what a draft would have told, and lets it go on as if it had: nothing leaves, nothing of the account
// changes, and nobody's budget is touched.
func (o *owner) drafted(j *job, t *touched, v *store.Run, e playbooks.Effect) error {
	d := store.Drafted{Key: e.Key, At: t.c.at, Visit: e.Visit, What: string(e.Kind)}
	heard := playbooks.Event{Kind: playbooks.Delivered, At: t.c.at, Run: v.ID, Visit: e.Visit, Person: e.Person}
	switch e.Kind {
	case playbooks.Nudge:
		d.What, d.To = e.What, e.Person
	case playbooks.SayIt:
		d.To = o.sayTo(v, e)
	case playbooks.CallIt:
		d.To = e.System
		heard.Kind, heard.Person = playbooks.Called, ""
	case cardEffect:
		d.To = o.channelOf(v)
		if c := v.Current(); c != nil {
			d.Visit = c.N
		}
	default:
		return nil
	}
	if !slices.ContainsFunc(v.Drafted, func(o store.Drafted) bool { return o.Key == d.Key }) {
		v.Drafted = append(slices.Clone(v.Drafted), d)
	}
	if e.Kind == playbooks.CallIt || e.Kind == playbooks.Nudge && delivers(store.Line{What: e.What}) {
		return j.publish(inbox.AccountKey(v.Account), inbox.RunKind, t, "drafted/"+e.Key, heard)
	}
	return nil
}

// sayTo names the channel that the message of a say step goes to.
func (o *owner) sayTo(v *store.Run, e playbooks.Effect) string {
	channel := o.channelOf(v)
	if e.Channel != "" {
		channel = o.book.Team.Channel(e.Channel)
	}
	if channel == "dm" {
		channel = "dm:" + cmp.Or(e.Person, v.Assignee)
	}
	return channel
}
