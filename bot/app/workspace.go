package app

import (
	"errors"
	"path/filepath"
	"strings"

	"playcaller/bot/sandbox"
	"playcaller/playbooks"
)

func (s *Sandbox) openWorkspace(book *playbooks.Book) (err error) {
	if len(book.Team.People) == 0 {
		return errors.New("the book has no people, so nobody would be in the workspace; copy playbooks/library/team.yaml into it, or write one like it")
	}
	o := sandbox.Options{TeamName: "Playcaller Sandbox", Users: members(book.Team), Channels: channels(book), Commands: commands(),
		Clock: s.clock.Now, State: filepath.Join(s.o.Data, "workspace.jsonl"), Logger: s.o.Log}
	if s.bot != nil {
		o.Advance, o.NextDue, o.RateFactor = s.Advance, s.nextDue, faster
	}
	s.workspace, err = sandbox.New(o)
	return err
}

// members are the people of the team as Slack would have them.
func members(team *playbooks.Team) []sandbox.User {
	var all []sandbox.User
	for _, p := range team.People {
		u := sandbox.User{Name: p.ID, RealName: p.Name.In(p.Language), Email: p.Email, TZ: p.Location.String(), Locale: "en-US", Title: titleOf(p.Roles)}
		if p.Language == "ja" {
			u.Locale = "ja-JP"
		}
		all = append(all, u)
	}
	return all
}

// titleOf says what a person does by their first role.
func titleOf(roles []string) string {
	if len(roles) == 0 {
		return ""
	}
	switch roles[0] {
	case "csm":
		return "CSM"
	case "cs_ops", "ops":
		return "CS Ops"
	}
	title := strings.ReplaceAll(roles[len(roles)-1], "_", " ")
	title = strings.ToUpper(title[:1]) + title[1:]
	return strings.ReplaceAll(title, " cs", " CS")
}

// channels are those that the book names, those of team.yaml first, with everybody in them.
func channels(book *playbooks.Book) []sandbox.Channel {
	topics := map[string]string{"alerts": "What playbooks ask", "onboarding": "Handoffs and kickoffs", "ops": "The bot speaks with CS Ops here",
		"product": "Wishes and defects"}
	var everybody []string
	for _, p := range book.Team.People {
		everybody = append(everybody, p.ID)
	}
	var all []sandbox.Channel
	known := map[string]bool{}
	add := func(channel, topic string) {
		name, ok := strings.CutPrefix(book.Team.Channel(channel), "#")
		if !ok || known[name] {
			return
		}
		known[name] = true
		all = append(all, sandbox.Channel{Name: name, Topic: topic, Members: everybody})
	}
	for _, topic := range sortedKeys(book.Team.Channels) {
		add(topic, topics[topic])
	}
	for _, name := range sortedKeys(book.Playbooks) {
		p := book.Playbooks[name]
		add(p.Channel, "")
		for _, step := range p.Steps {
			if step.Say != nil {
				add(step.Say.Channel, "")
			}
		}
	}
	for _, kind := range sortedKeys(book.Forms) {
		add(book.Forms[kind].Channel, "")
	}
	return all
}

func commands() []sandbox.Command {
	return []sandbox.Command{
		{Name: "/cs", Usage: "account NAME | tasks | why ACCOUNT [PLAYBOOK] | help", Description: "Look an account up, see your tasks, ask why"},
		{Name: "/handoff", Usage: "[ACCOUNT]", Description: "Hand a won deal over to onboarding"},
	}
}
