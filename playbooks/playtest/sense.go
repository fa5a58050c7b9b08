package playtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"playcaller/playbooks"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// A sense is what roles such as manager or owner meant at a time of a case: the same
// as in a playbook's `to:`, with covers and the account's roles as they were then.
type sense struct {
	team  *playbooks.Team
	roles []rules.Role // of the account
	of    string       // person id; manager is the manager of this person
	at    time.Time
}

// sense returns what roles mean now, seen from a person.
func (w *world) sense(a *replay.Account, of string) sense {
	return sense{team: w.Team, roles: slices.Clone(a.Data.Roles), of: of, at: w.Now}
}

// person returns whom a word of an expectation means: a person by their id, whoever has
// the role then, or "" where nobody has it.
func (s sense) person(word string) string {
	if slices.ContainsFunc(s.team.People, func(p playbooks.Person) bool { return p.ID == word }) {
		return word
	}
	account := &rules.Account{Roles: s.roles}
	if p := s.team.Resolve(word, account, s.of, s.team.Calendar(s.of).Day(s.at)); p != nil {
		return p.ID
	}
	return ""
}

// is reports whether a word means a person.
func (s sense) is(word, who string) bool { return word == who || who != "" && s.person(word) == who }

// meant explains those of some words that are roles: " (manager is yamada)"; "" where
// none is.
func (s sense) meant(words ...string) string {
	var all []string
	for _, word := range words {
		if who := s.person(word); word != "" && word != none && who != word && !strings.HasPrefix(word, "#") {
			all = append(all, fmt.Sprintf("%s is %s", word, orWord(who, "nobody")))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

// sense returns what roles mean in what is looked at, seen from the run's assignee.
func (v view) sense() sense {
	of := ""
	if v.run != nil {
		of = v.run.Assignee
	}
	return v.w.sense(v.a.Account, of)
}

// somebody reads a person's id, or a role as a playbook's `to:` has it.
func (r *reader) somebody(n ast.Node) string {
	s := r.text(n, "a person")
	if role := strings.TrimPrefix(s, "account."); slices.Contains(r.roles(), role) {
		return role
	}
	if known := append(r.people(), r.roles()...); s != "" && !slices.Contains(known, s) {
		r.fail(n, meant(s, known), "there is no person or role %q", s)
		return ""
	}
	return s
}

// roles returns the words for people that are no names, sorted: manager, the roles of
// accounts, and those of team.yaml.
func (r *reader) roles() []string {
	all := []string{"manager", "owner", "ae", "se", "onboarding", "partner_manager"}
	for role := range r.book.Team.Roles {
		all = append(all, role)
	}
	for i := range r.book.Team.People {
		all = append(all, r.book.Team.People[i].Roles...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
