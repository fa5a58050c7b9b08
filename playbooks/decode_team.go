package playbooks

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/rules"
)

// accountRoles are the roles that every account has.
var accountRoles = []string{"owner", "ae", "se", "onboarding", "partner_manager", FallbackRole}

// readTeam reads team.yaml into the book.
func (l *loading) readTeam(d *document, exists bool) {
	team := &Team{Roles: map[string]string{}, Channels: map[string]string{}, Reminders: defaultReminders(), Escalations: defaultEscalations()}
	l.book.Team = &Team{} // names of people are not asked for in every language
	defer func() { l.book.Team = team }()
	if !exists {
		l.report(Pos{TeamFile, 1, 1}, 1, rules.Warning, "add "+TeamFile+" with people and a default owner", "the book has no %s, so nobody is there to ask", TeamFile)
		return
	}
	if d.root == nil {
		return
	}
	var names references
	d.object(d.root, TeamFile,
		field{"people", required, func(n ast.Node) { d.people(n, team, &names) }},
		field{"default_owner", required, func(n ast.Node) { team.DefaultOwner = names.add(d, n, "the default owner") }},
		field{"roles", optional, func(n ast.Node) { d.teamRoles(n, team, &names) }},
		field{"channels", optional, func(n ast.Node) { d.channels(n, team) }},
		field{"closures", optional, func(n ast.Node) { d.closures(n, team) }},
		field{"reminders", optional, func(n ast.Node) { d.reminders(n, team) }},
		field{"escalations", optional, func(n ast.Node) { d.escalations(n, team) }},
	)
	names.check(d, team)
	d.checkEscalations(team)
	d.checkManagers(team)
}

// references are names of people that are looked up once all people are known.
type references []reference

type reference struct {
	node ast.Node
	name string
	what string
}

// add remembers a name of a person.
func (r *references) add(d *document, n ast.Node, what string) string {
	s, ok := d.str(n, what)
	if ok {
		*r = append(*r, reference{n, s, what})
	}
	return s
}

// check reports names that nobody has.
func (r references) check(d *document, team *Team) {
	for _, ref := range r {
		if p := team.Person(ref.name); p == nil || p.ID != ref.name {
			d.fail(ref.node, meant(ref.name, team.ids()), "%s: nobody in people is called %q", ref.what, ref.name)
		}
	}
}

// people reads the people, by id, in the order written.
func (d *document) people(n ast.Node, team *Team, names *references) {
	at := map[string]string{} // e-mail -> id
	d.entries(n, "people", func(id string, k, v ast.Node) {
		if !d.checkName(k, "a person's id", id) {
			return
		}
		p := d.onePerson(id, v, names)
		if other := at[strings.ToLower(p.Email)]; other != "" && p.Email != "" {
			d.fail(k, "give each their own address", "%s and %s have one e-mail address", other, id)
		}
		at[strings.ToLower(p.Email)] = id
		team.People = append(team.People, p)
	})
	if len(team.People) == 0 {
		d.fail(n, "write `id: {name: …, email: …}` lines below it", "people is empty")
	}
}

// onePerson reads one person.
func (d *document) onePerson(id string, n ast.Node, names *references) Person {
	p := Person{ID: id, Location: time.UTC, Language: defaultLanguage, Hours: defaultHours, Days: defaultDays, Budget: defaultBudget}
	d.object(n, "a person",
		field{"name", required, func(n ast.Node) { p.Name = d.label(n, "a name", maxTitle) }},
		field{"reading", optional, func(n ast.Node) { p.Reading, _ = d.str(n, "a reading") }},
		field{"email", required, func(n ast.Node) { p.Email = d.email(n) }},
		field{"slack", optional, func(n ast.Node) {
			p.Slack = d.matching(n, "Slack user id", slackUser, "copy it from the person's Slack profile, for example U012AB3CD")
		}},
		field{"manager", optional, func(n ast.Node) { p.Manager = names.add(d, n, "the manager of "+id) }},
		field{"roles", optional, func(n ast.Node) { p.Roles = d.names(n, "role") }},
		field{"time_zone", required, func(n ast.Node) { p.Location = d.location(n) }},
		field{"country", required, func(n ast.Node) { p.Country = d.country(n) }},
		field{"language", optional, func(n ast.Node) { p.Language = d.oneOf(n, "language", languages...) }},
		field{"hours", optional, func(n ast.Node) { p.Hours = d.hours(n) }},
		field{"days", optional, func(n ast.Node) { p.Days = d.weekdays(n) }},
		field{"budget", optional, func(n ast.Node) { p.Budget = d.count(n, "daily budget", 1, 100) }},
		field{"away", optional, func(n ast.Node) { p.Away = d.away(n, id, names) }},
	)
	return p
}

var (
	slackUser   = regexp.MustCompile(`^[UW][A-Z0-9]{5,}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
	emailForm   = regexp.MustCompile(`^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$`)
	hoursForm   = regexp.MustCompile(`^(\d{1,2}):?(\d{2})?\s*[-–]\s*(\d{1,2}):?(\d{2})?$`)
	channelForm = regexp.MustCompile(`^#[\p{Ll}\p{Lo}\p{N}_-]{1,80}$`)
)

// matching reads a text of a form.
func (d *document) matching(n ast.Node, what string, form *regexp.Regexp, mend string) string {
	s, ok := d.str(n, what)
	if ok && !form.MatchString(s) {
		d.fail(n, mend, "%q is no %s", s, what)
	}
	return s
}

// email reads an address.
func (d *document) email(n ast.Node) string {
	return d.matching(n, "e-mail address", emailForm, "write the address the person has in Slack: name@example.com")
}

// country reads a country's code.
func (d *document) country(n ast.Node) string {
	return d.matching(n, "country", countryForm, "write the two capital letters of ISO 3166-1: JP, US, DE")
}

// location reads a time zone.
func (d *document) location(n ast.Node) *time.Location {
	s, ok := d.str(n, "time zone")
	if !ok {
		return time.UTC
	}
	loc, err := time.LoadLocation(s)
	if err != nil || s == "Local" {
		d.fail(n, "write an IANA name: Asia/Tokyo, America/New_York, UTC", "%q is no time zone", s)
		return time.UTC
	}
	return loc
}

// teamRoles reads who plays a role for accounts that name nobody.
func (d *document) teamRoles(n ast.Node, team *Team, names *references) {
	d.entries(n, "roles", func(role string, k, v ast.Node) {
		if d.checkRole(k, role) {
			team.Roles[role] = names.add(d, v, "the role "+role)
		}
	})
}

// checkRole reports a name that a role cannot have: roles are read in expressions
// as account.NAME, and "manager" is relative to a person.
func (d *document) checkRole(n ast.Node, role string) bool {
	if role == "manager" {
		d.fail(n, "give each person their `manager`", "manager is no role of the whole team")
		return false
	}
	return d.checkName(n, "a role", role)
}

// names reads a list of ids.
func (d *document) names(n ast.Node, what string) []string {
	var all []string
	for _, v := range d.list(n) {
		name := d.name(v, what)
		if slices.Contains(all, name) {
			d.fail(v, "keep one of the two", "%s %q stands here twice", what, name)
			continue
		}
		all = append(all, name)
	}
	return all
}

// channels reads the channels by topic.
func (d *document) channels(n ast.Node, team *Team) {
	d.entries(n, "channels", func(topic string, k, v ast.Node) {
		if d.checkName(k, "a topic", topic) {
			team.Channels[topic] = d.matching(v, "channel", channelForm, "write it as Slack shows it, in small letters and in quotes: \"#cs-alerts\"")
		}
	})
}

// reminders reads the default reminders by severity.
func (d *document) reminders(n ast.Node, team *Team) {
	d.entries(n, "reminders", func(key string, k, v ast.Node) {
		if severity := d.severityKey(k, key); severity != "" {
			team.Reminders[severity] = d.periods(v, "a reminder")
		}
	})
}

// escalations reads the default escalations by severity; `never` switches one off.
func (d *document) escalations(n ast.Node, team *Team) {
	d.entries(n, "escalations", func(key string, k, v ast.Node) {
		severity := d.severityKey(k, key)
		if severity == "" {
			return
		}
		if s, flat := scalar(v); flat && s == "never" {
			delete(team.Escalations, severity)
			return
		}
		e := &Escalate{}
		d.object(v, "an escalation",
			field{"after", required, func(n ast.Node) { e.After = d.period(n, "after") }},
			field{"to", required, func(n ast.Node) { e.To, _ = d.str(n, "to") }},
		)
		team.Escalations[severity] = e
	})
}

// checkEscalations reports default escalations to nobody.
func (d *document) checkEscalations(team *Team) {
	for _, severity := range slices.Sorted(maps.Keys(team.Escalations)) {
		if e := team.Escalations[severity]; e.To != "" && !slices.Contains(team.words(), e.To) {
			d.fail(d.root, meant(e.To, team.words()), "escalations of %s severity go to %q, and nobody is called that", severity, e.To)
		}
	}
}

func (d *document) severityKey(k ast.Node, key string) Severity {
	switch s := Severity(key); s {
	case Low, Medium, High:
		return s
	}
	d.fail(k, meant(key, []string{"low", "medium", "high"}), "%q is no severity", key)
	return ""
}

// checkManagers reports people who manage each other in a circle.
func (d *document) checkManagers(team *Team) {
	for i := range team.People {
		p := &team.People[i]
		above := p.Manager
		for range len(team.People) {
			if above == p.ID {
				d.fail(d.root, "let the topmost have no manager", "%s is, by way of managers, their own manager", p.ID)
				return
			}
			if m := team.Person(above); m != nil {
				above = m.Manager
			}
		}
	}
}

// ids returns the ids of all people.
func (t *Team) ids() []string {
	ids := make([]string, len(t.People))
	for i := range t.People {
		ids[i] = t.People[i].ID
	}
	return ids
}

// words returns everything that Resolve understands without knowing an account.
func (t *Team) words() []string {
	words := append([]string{"manager"}, accountRoles...)
	words = append(words, slices.Sorted(maps.Keys(t.Roles))...)
	for i := range t.People {
		words = append(words, t.People[i].ID)
		words = append(words, t.People[i].Roles...)
	}
	return words
}

// furtherRoles returns the roles of team.yaml that are not of every account, as
// they may be written in an expression.
func (t *Team) furtherRoles() []string {
	further := []string{FallbackRole}
	for _, role := range slices.Sorted(maps.Keys(t.Roles)) {
		if !slices.Contains(accountRoles, role) && !strings.Contains(role, "-") {
			further = append(further, role)
		}
	}
	return further
}

// languages returns those that people of the team read, English first.
func (t *Team) languages() []string {
	var read []string
	for _, language := range languages {
		if slices.ContainsFunc(t.People, func(p Person) bool { return p.Language == language }) {
			read = append(read, language)
		}
	}
	return read
}
