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
	o := sandbox.Options{TeamName: "Playcaller Sandbox", Users: members(book.Team), Channels: channels(book.Team), Commands: commands(),
		Clock: s.clock.Now, State: filepath.Join(s.o.Data, "workspace.jsonl"), Logger: s.o.Log, Timing: s.o.Timing}
	if s.bot != nil {
		o.Advance, o.NextDue, o.RateFactor = s.Advance, s.nextDue, faster
		o.Systems = func() []string { return systems(s.bot.worker.Present()) }
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

// channels are those that team.yaml names, with everybody in them.
func channels(team *playbooks.Team) []sandbox.Channel {
	topics := map[string]string{"alerts": "What playbooks ask", "onboarding": "Handoffs and kickoffs", "ops": "The bot speaks with CS Ops here",
		"product": "Wishes and defects"}
	var everybody []string
	for _, p := range team.People {
		everybody = append(everybody, p.ID)
	}
	var all []sandbox.Channel
	for _, topic := range sortedKeys(team.Channels) {
		all = append(all, sandbox.Channel{Name: strings.TrimPrefix(team.Channels[topic], "#"), Topic: topics[topic], Members: everybody})
	}
	return all
}

func commands() []sandbox.Command {
	return []sandbox.Command{
		{Name: "/cs", Usage: "account NAME | tasks | why ACCOUNT [PLAYBOOK] | help", Description: "Look an account up, see your tasks, ask why"},
		{Name: "/handoff", Usage: "[ACCOUNT]", Description: "Hand a won deal over to onboarding"},
	}
}
