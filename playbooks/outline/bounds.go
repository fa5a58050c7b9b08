package outline

import (
	"cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// bounds say what keeps a rule from starting all that it asks for: what becomes of accounts for which it holds already,
// many at once, the storm limit, and those left alone for comparison.
func (o *outline) bounds() {
	p := o.playbook
	o.say(1, "flow.existing."+string(p.Existing), nil)
	if g := p.Group; g.Of > 0 {
		o.say(1, "flow.group", words.Args{"n": g.Of, "within": g.Within, "where": o.where(cmp.Or(g.Channel, p.Channel)), "text": o.text(g.Say)})
	}
	if l := p.Limit; l.N > 0 {
		o.say(1, "flow.limit", words.Args{"n": l.N, "per": playbooks.Delay{Minutes: int(l.Per.Minutes())}})
	}
	if p.Rule.Holdout > 0 {
		o.say(1, "flow.holdout", words.Args{"share": 100 * p.Rule.Holdout})
	}
}

// where is a channel as people call it.
func (o *outline) where(channel string) string {
	if channel == "dm" {
		return o.voice.Say("flow.dm", nil)
	}
	return channel
}

// repeats tells how often a step asks again, and how often before the deadline.
func (o *outline) repeats(r *playbooks.Repeat) {
	if r.LastEvery.IsZero() || o.playbook.Deadline == nil {
		o.say(1, "flow.repeat", words.Args{"every": r.Every})
		return
	}
	o.say(1, "flow.repeat.last", words.Args{"every": r.Every, "last": r.Last, "often": r.LastEvery, "date": o.day(o.playbook.Deadline)})
}

// day tells the day that an expression comes to; as it is written where there are no words for it.
func (o *outline) day(e *rules.Expr) string {
	if p, ok := rules.Phrased(e.String()); ok {
		if told, ok := o.value(p); ok {
			return told
		}
	}
	return oneLine(e.String())
}

// attached tells the text that is prepared for the customer, and who sends it.
func (o *outline) attached(a *playbooks.Attach) {
	person := ""
	if a.By != nil {
		person = o.who(a.By)
	}
	o.say(1, "flow.attached", words.Args{"text": o.text(a.Text), "person": person})
}

// handing tells which fields of a handoff's form are asked at times only, and where it goes when it is not accepted.
func (o *outline) handing(s *playbooks.Step) {
	if form := o.book.Forms[s.Handoff]; form != nil {
		alone := of(o.book, nil, o.voice) // a form knows nothing of the playbook's names
		alone.form = form
		for _, section := range form.Sections {
			for _, field := range section.Fields {
				if field.If != nil {
					o.say(1, "flow.form.if", words.Args{"name": cmp.Or(field.Label.In(o.voice.Lang()), spaced(field.ID)), "if": alone.condition(field.If)})
				}
			}
		}
	}
	for i, to := range []playbooks.Target{s.Declined, s.Withdrawn} {
		if to != (playbooks.Target{}) {
			o.say(1, []string{"flow.declined", "flow.withdrawn"}[i], words.Args{"goes": o.goes(to)})
		}
	}
}
