package compare

import (
	"fmt"
	"time"

	"playcaller/rules"
)

// ours judges the world with package rules, on one goroutine.
type ours struct {
	world    *world
	set      *rules.Set
	facts    *rules.Facts
	accounts []rules.Account
	written  [][]byte // each account's series through yesterday
	history  []rules.History
}

func newOurs(w *world) (*ours, error) {
	o := &ours{world: w, accounts: make([]rules.Account, len(w.accounts)), history: make([]rules.History, len(w.accounts))}
	c, problems := rules.NewCompiler(rules.Schema{Signals: signals()})
	var all []*rules.Rule
	for i, r := range ruleSet() {
		when, wrong := c.Condition(rules.Source{Text: r.expr})
		problems = append(problems, wrong...)
		all = append(all, &rules.Rule{Playbook: fmt.Sprintf("%02d-%s", i, r.name), When: when}) // a Set sorts by name
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s", problems[0].Long())
	}
	o.set = rules.NewSet(c, all...)
	o.facts = o.set.Facts(nil, nil, o.at(0))
	seats := make([]float64, len(w.accounts))
	for i, a := range w.accounts {
		seats[i] = a.seats
		o.accounts[i] = rules.Account{ID: a.id, Seats: &seats[i]}
		var h rules.History
		for d := range days - 1 {
			if err := o.apply(&h, &a, d); err != nil {
				return nil, err
			}
		}
		data, err := h.MarshalBinary()
		if err != nil {
			return nil, err
		}
		o.written = append(o.written, data)
	}
	return o, nil
}

// at returns noon, so many days ago.
func (o *ours) at(ago int) time.Time {
	return (o.world.today - rules.Date(ago)).In(time.UTC).Add(12 * time.Hour)
}

// apply adds what a day brought.
func (o *ours) apply(h *rules.History, a *customer, d int) error {
	at := o.at(days - 1 - d)
	for k, def := range signals() {
		if v := a.series[k][d]; v != absent {
			if _, err := h.Apply(rules.Signal{Signal: def.Name, Value: v}, def, time.UTC, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// yesterday makes the accounts what they were yesterday, judged if remembered, with
// today's signals just in.
func (o *ours) yesterday(judged bool) error {
	for i := range o.history {
		h := &o.history[i]
		if err := h.UnmarshalBinary(o.written[i]); err != nil {
			return err
		}
		if judged {
			o.facts.Reset(&o.accounts[i], h, o.at(1))
			for _, r := range o.set.Rules {
				r.When.Truth(o.facts)
			}
		}
		if err := o.apply(h, &o.world.accounts[i], days-1); err != nil {
			return err
		}
	}
	return nil
}

// hold takes one login of today back from every account that has one, and judges it,
// so that signal can bring it.
func (o *ours) hold() error {
	def := signals()[0]
	for i := range o.history {
		v := o.world.accounts[i].series[0][days-1]
		if v < 1 {
			continue
		}
		if _, err := o.history[i].Apply(rules.Signal{Signal: def.Name, Value: v - 1, Mode: "set"}, def, time.UTC, o.at(0)); err != nil {
			return err
		}
	}
	_, err := o.judge(nil, nil)
	return err
}

// signal brings the last login of today to an account that has one.
func (o *ours) signal(account int) error {
	if o.world.accounts[account].series[0][days-1] < 1 {
		return nil
	}
	def := signals()[0]
	_, err := o.history[account].Apply(rules.Signal{Signal: def.Name, Value: 1}, def, time.UTC, o.at(0))
	return err
}

// judge returns for which accounts each rule holds. Where before is not nil it is called
// of each account before it is judged.
func (o *ours) judge(into answers, before func(account int) error) (answers, error) {
	if into == nil {
		into = make(answers, len(o.set.Rules))
	}
	for k := range into {
		into[k] = into[k][:0]
	}
	now := o.at(0)
	for i := range o.history {
		if before != nil {
			if err := before(i); err != nil {
				return nil, err
			}
		}
		o.facts.Reset(&o.accounts[i], &o.history[i], now)
		for k, r := range o.set.Rules {
			if r.When.Truth(o.facts) == rules.True {
				into[k] = append(into[k], i)
			}
		}
	}
	return into, nil
}
