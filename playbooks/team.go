package playbooks

import (
	"slices"
	"strings"
	"time"

	"playcaller/rules"
)

// A Team is what team.yaml says of the people who play: who they are, when they
// work, whom they ask for help, and where the bot speaks.
type Team struct {
	People       []Person
	Closures     []Closure
	DefaultOwner string            // person id: takes what belongs to nobody
	Roles        map[string]string // role -> person id: who plays it for an account that names nobody
	Channels     map[string]string // topic -> "#name"
	Reminders    map[Severity][]Delay
	Escalations  map[Severity]*Escalate // nil where silence is only listed
}

// A Person is one of the people the bot speaks with. Slack users are found by
// e-mail address.
type Person struct {
	ID       string
	Name     Label
	Reading  string // how a Japanese name is read, in kana; for sorting
	Email    string
	Slack    string         // Slack user id; "" where the address is enough
	Manager  string         // person id, or ""
	Roles    []string       // what the person can do: csm, sales, onboarding, ops, manager, …
	Location *time.Location // never nil after loading
	Country  string         // ISO 3166-1 alpha-2: decides the holidays
	Language string         // "en" or "ja"; Slack's locale goes before it
	Hours    Hours
	Days     []time.Weekday // days worked, Monday to Friday where team.yaml is silent
	Budget   int            // new questions and tasks a day; more wait for the digest
	Away     []Away
}

// Hours are the working hours of a day, in minutes since midnight.
type Hours struct {
	From, To int
}

// Away is a time during which somebody else stands in.
type Away struct {
	From, Until rules.Date // both included
	Cover       string     // person id, or "" for the default owner
}

// A Closure is a time during which the company is closed, or its offices in one
// country.
type Closure struct {
	Name     Label
	From, To rules.Date // both included
	Country  string     // "" everywhere
}

// Person returns the person of that id, e-mail address or Slack id, or nil.
func (t *Team) Person(who string) *Person {
	if t == nil || who == "" {
		return nil
	}
	for i := range t.People {
		p := &t.People[i]
		if p.ID == who || p.Slack == who && who != "" || strings.EqualFold(p.Email, who) {
			return p
		}
	}
	return nil
}

// Manager returns whom a person asks for help, or nil.
func (t *Team) Manager(of string) *Person {
	p := t.Person(of)
	if p == nil {
		return nil
	}
	return t.Person(p.Manager)
}

// FallbackRole is the account's role of whoever handed it over, for as long as the form
// says: who answers for a new owner who is away.
const FallbackRole = "fallback"

// Present returns who answers for a person on a day: the person, or while they
// are away their cover, or the cover's cover; the default owner where nobody is
// left or nobody is known by that name. It is nil only for a team without people.
func (t *Team) Present(who string, day rules.Date) *Person {
	p := t.Person(who)
	for range len(t.People) {
		if p == nil {
			break
		}
		away := p.AwayOn(day)
		if away == nil {
			return p
		}
		p = t.Person(away.Cover)
	}
	if p := t.Person(t.DefaultOwner); p != nil {
		return p
	}
	if len(t.People) > 0 {
		return &t.People[0]
	}
	return nil
}

// Resolve finds who is meant by a word of a playbook file. The word may be
// "manager" (the manager of the person `of`), "owner" or "account.owner" and the
// account's other roles, a role of team.yaml, or a person. Whoever is away is
// replaced by their cover. It returns nil where the word means nobody.
func (t *Team) Resolve(word string, account *rules.Account, of string, day rules.Date) *Person {
	word = strings.TrimPrefix(word, "account.")
	if word == "manager" {
		if m := t.Manager(of); m != nil {
			return t.Present(m.ID, day)
		}
		return nil
	}
	if account != nil {
		if p := t.Person(rolePlayer(account, word, day)); p != nil {
			return t.standIn(p, account, day)
		}
	}
	if id := t.Roles[word]; id != "" {
		return t.Present(id, day)
	}
	if p := t.Person(word); p != nil {
		return t.standIn(p, account, day)
	}
	for i := range t.People {
		if slices.Contains(t.People[i].Roles, word) {
			return t.Present(t.People[i].ID, day)
		}
	}
	return nil
}

// standIn returns who answers for a person of an account: for an owner who is away and
// named no cover, whoever had the account before, while they stand in.
func (t *Team) standIn(p *Person, account *rules.Account, day rules.Date) *Person {
	if away := p.AwayOn(day); away != nil && away.Cover == "" && account != nil && rolePlayer(account, "owner", day) == p.ID {
		if former := t.Person(rolePlayer(account, FallbackRole, day)); former != nil && former.AwayOn(day) == nil {
			return former
		}
	}
	return t.Present(p.ID, day)
}

// rolePlayer returns who plays a role for an account on a day: the entry that
// began last among those that cover the day.
func rolePlayer(account *rules.Account, role string, day rules.Date) string {
	var best *rules.Role
	for i := range account.Roles {
		r := &account.Roles[i]
		if r.Role != role || r.From > day && r.From != 0 || r.To != 0 && r.To < day {
			continue
		}
		if best == nil || r.From >= best.From {
			best = r
		}
	}
	if best == nil {
		return ""
	}
	return best.Person
}

// WithAway returns the team with one more absence, as people announce them in
// Slack; the team itself stays as it is.
func (t *Team) WithAway(who string, away Away) *Team {
	changed := *t
	changed.People = slices.Clone(t.People)
	for i := range changed.People {
		if changed.People[i].ID == who {
			changed.People[i].Away = append(slices.Clone(changed.People[i].Away), away)
		}
	}
	return &changed
}

// Channel returns the channel of a topic, or what was given where it names a
// channel already ("#name", "dm") or a topic that team.yaml does not know.
func (t *Team) Channel(topic string) string {
	if t != nil && t.Channels[topic] != "" {
		return t.Channels[topic]
	}
	return topic
}

// AwayOn returns the absence that covers a day, or nil.
func (p *Person) AwayOn(day rules.Date) *Away {
	for i := range p.Away {
		if a := &p.Away[i]; a.From <= day && day <= a.Until {
			return a
		}
	}
	return nil
}
