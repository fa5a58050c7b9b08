package playbooks

import (
	"slices"
	"time"

	"playcaller/rules"
)

// joinsFor is how long a message about many accounts is open for more: what fires on
// the same day is the same trouble.
const joinsFor = 24 * time.Hour

// A Gathering holds back the plays of a playbook with a group, until it is known
// whether they are many. It is a value of the playbook, over all accounts.
type Gathering struct {
	Waiting []Firing   `json:"waiting,omitempty"` // in the order in which they came
	Due     time.Time  `json:"due,omitzero"`      // when those that wait begin, if too few have come by then
	Message *GroupTold `json:"message,omitempty"` // the latest
	Told    int64      `json:"told,omitempty"`    // messages so far; names the next
}

// A Firing is one play that the rules ask for.
type Firing struct {
	Account string    `json:"account"`
	Subject string    `json:"subject,omitempty"`
	Episode int64     `json:"episode"`
	At      time.Time `json:"at"`
}

// A GroupTold is one message about many accounts.
type GroupTold struct {
	N       int64     `json:"n"` // from 1
	At      time.Time `json:"at"`
	Until   time.Time `json:"until"` // what fires before then joins it
	Members []Firing  `json:"members"`
}

// A Release says what becomes of firings: plays that begin now, and those that are
// told of in the message instead.
type Release struct {
	Begin, Grouped []Firing
}

// Add takes one more firing in. A repetition of one that is known changes nothing.
func (g *Gathering) Add(of Group, f Firing) Release {
	same := func(o Firing) bool { return o.Account == f.Account && o.Subject == f.Subject && o.Episode == f.Episode }
	m := g.Message
	switch {
	case slices.ContainsFunc(g.Waiting, same) || m != nil && slices.ContainsFunc(m.Members, same):
		return Release{}
	case of.Of == 0: // the book has changed its mind
		return Release{Begin: append(g.let(), f)}
	case m != nil && f.At.Before(m.Until):
		next := *m
		next.Members = append(slices.Clone(m.Members), f)
		g.Message = &next
		return Release{Grouped: []Firing{f}}
	}
	if len(g.Waiting) == 0 {
		g.Due = f.At.Add(time.Duration(of.Within.Minutes)*time.Minute + time.Duration(of.Within.Days)*24*time.Hour)
	}
	g.Waiting = append(slices.Clone(g.Waiting), f)
	if g.accounts() < of.Of {
		return Release{}
	}
	g.Told++
	g.Message = &GroupTold{N: g.Told, At: f.At, Until: g.Waiting[0].At.Add(joinsFor), Members: g.let()}
	return Release{Grouped: slices.Clone(g.Message.Members)}
}

// Tick lets plays begin that have waited long enough.
func (g *Gathering) Tick(now time.Time) Release {
	if g.Due.IsZero() || now.Before(g.Due) {
		return Release{}
	}
	return Release{Begin: g.let()}
}

// let empties what waits, and returns it.
func (g *Gathering) let() []Firing {
	waiting := g.Waiting
	g.Waiting, g.Due = nil, time.Time{}
	return waiting
}

// accounts counts the accounts that wait; two contracts of one are one.
func (g *Gathering) accounts() int {
	seen := map[string]bool{}
	for _, f := range g.Waiting {
		seen[f.Account] = true
	}
	return len(seen)
}

// Accounts returns the accounts that a message is about, in the order in which they
// came.
func (m *GroupTold) Accounts() []string {
	var all []string
	for _, f := range m.Members {
		if !slices.Contains(all, f.Account) {
			all = append(all, f.Account)
		}
	}
	return all
}

// GroupChannel returns where the message about many accounts goes: "#name". It is
// for people who look at all of them, so where the plays go to persons it goes to
// ops.
func (p *Playbook) GroupChannel(t *Team) string {
	switch channel := t.Channel(firstOf(p.Group.Channel, p.Channel)); channel {
	case "dm", "", "ops":
		return t.OpsPlace()
	default:
		return channel
	}
}

// OpsPlace returns where the bot speaks with CS Ops: "#name", or where team.yaml
// names no channel for ops "dm:person" for whoever plays the role, else for the
// default owner.
func (t *Team) OpsPlace() string {
	if channel := t.Channels["ops"]; channel != "" {
		return channel
	}
	for _, role := range []string{"ops", "cs_ops"} {
		if p := t.Resolve(role, nil, "", 0); p != nil {
			return "dm:" + p.ID
		}
	}
	if p := t.Person(t.DefaultOwner); p != nil {
		return "dm:" + p.ID
	}
	return t.Channel("ops")
}

// OutsidePilot reports whether the playbook is tried with some people first and the
// account's owner is none of them. An account without an owner is the default
// owner's.
func (p *Playbook) OutsidePilot(t *Team, account *rules.Account, today rules.Date) bool {
	if len(p.Pilot) == 0 {
		return false
	}
	owner := t.DefaultOwner
	if who := t.Person(rolePlayer(account, "owner", today)); who != nil {
		owner = who.ID
	}
	return !slices.Contains(p.Pilot, owner)
}

// Systems returns the names of the systems that the playbook's webhooks call, in the
// order of its steps.
func (p *Playbook) Systems() []string {
	var names []string
	p.eachStep(func(s *Step) {
		if s.Webhook != nil && !slices.Contains(names, s.Webhook.Name) {
			names = append(names, s.Webhook.Name)
		}
	})
	return names
}
