package cards

import (
	"strings"

	"github.com/slack-go/slack"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// A GroupView is a message about many accounts for which a playbook's rule held at once.
type GroupView struct {
	Voice    *Voice
	Book     *playbooks.Book
	Team     *playbooks.Team
	Playbook string
	Told     *playbooks.GroupTold
	Accounts []*rules.Account // in the order of Told.Accounts(); nil for one that is gone
	First    *rules.Facts     // of the first account as it was then, for what the playbook says; may be nil
}

// mostGrouped bounds how many accounts a message lists.
const mostGrouped = 25

// Group draws the one message that takes the place of as many plays.
func Group(g GroupView) Message {
	v := g.Voice
	title := line(PlaybookTitle(v, g.Book, g.Playbook))
	ids := g.Told.Accounts()
	head := v.Say("group.head", words.Args{"count": len(ids), "title": title})
	what := v.Say("group.what", words.Args{"count": len(ids)})
	if p := g.Book.Playbooks[g.Playbook]; p != nil && !p.Group.Say.IsZero() {
		what = authored(render(p.Group.Say, g.First, v.Lang())) + "\n" + what
	}
	var lines []string
	for i, id := range ids[:min(len(ids), mostGrouped)] {
		var account *rules.Account
		if i < len(g.Accounts) {
			account = g.Accounts[i]
		}
		args := words.Args{"customer": line(CustomerName(v, account, id)), "person": ""}
		if account != nil {
			if owner := g.Team.Resolve("owner", account, "", rules.DateOf(g.Told.At)); owner != nil {
				args["person"] = line(PersonName(v, g.Team, owner.ID))
			}
		}
		lines = append(lines, v.Say("group.account", args))
	}
	if more := len(ids) - len(lines); more > 0 {
		lines = append(lines, v.Say("group.more", words.Args{"count": more}))
	}
	blocks := []slack.Block{section(head), section(what)}
	blocks = append(blocks, paragraphs(lines)...)
	blocks = append(blocks, context(v.Say("group.how", words.Args{"name": g.Playbook})))
	return Message{Text: fallback(head, what, strings.Join(lines, "\n")), Blocks: Fit(blocks)}
}
