package slackapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// onCommand answers a slash command, to the one who typed it alone.
func (a *App) onCommand(ctx context.Context, d delivery) error {
	c, err := a.who(ctx, d.command.UserID)
	if err != nil {
		return err
	}
	if d.command.Command == "/handoff" {
		return a.handoffCommand(ctx, d, c)
	}
	m, err := a.command(ctx, d.command, c)
	if err != nil {
		a.failed.Add(1)
		a.o.Logger.Error("a command could not be answered", "command", d.command.Command, "error", err)
		m = text(c.voice.Say("command.failed", nil))
	}
	return a.answerCommand(ctx, d, m)
}

func text(s string) cards.Message { return cards.Plain(s) }

// commandAnswer is what a command is acknowledged with. The client's own type of a
// message always carries metadata, which Slack refuses when they are empty.
type commandAnswer struct {
	ResponseType string       `json:"response_type"`
	Text         string       `json:"text"`
	Blocks       slack.Blocks `json:"blocks,omitzero"`
}

// answerCommand sends what is to be said with the acknowledgement, or after it
// where it is too long for one.
func (a *App) answerCommand(ctx context.Context, d delivery, m cards.Message) error {
	payload := commandAnswer{ResponseType: slack.ResponseTypeEphemeral, Text: m.Text, Blocks: slack.Blocks{BlockSet: m.Blocks}}
	if jsonSize(payload) < mostAck || d.command.ResponseURL == "" {
		return d.ack(payload)
	}
	if err := d.ack(nil); err != nil {
		return err
	}
	late := &slack.WebhookMessage{ResponseType: slack.ResponseTypeEphemeral, Text: m.Text, Blocks: &payload.Blocks}
	if err := slack.PostWebhookCustomHTTPContext(ctx, d.command.ResponseURL, a.o.HTTP, late); err != nil {
		return fmt.Errorf("answer a command: %w", err)
	}
	return nil
}

// subcommands in the order of the help text.
var subcommands = []string{"help", "account", "tasks", "why", "note", "away", "ops"}

// command answers /cs.
func (a *App) command(ctx context.Context, cmd *slack.SlashCommand, c *caller) (cards.Message, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(cmd.Text), " ")
	rest = strings.TrimSpace(rest)
	if word = strings.ToLower(word); word == "" || word == "help" {
		return text(c.voice.Say("command.help", nil)), nil
	}
	if c.Person == nil {
		return text(c.stranger()), nil
	}
	switch word {
	case "account":
		return a.accountCommand(ctx, c, rest)
	case "tasks":
		todos, err := a.todos(ctx, c)
		if err != nil {
			return cards.Message{}, err
		}
		return cards.Tasks(c.voice, todos, a.painter.today(c.voice)), nil
	case "why":
		return a.whyCommand(ctx, c, rest)
	case "note":
		return a.noteCommand(ctx, c, cmd, rest)
	case "away":
		return a.awayCommand(ctx, c, cmd, rest)
	case "ops":
		return a.opsCommand(ctx, c, cmd, rest)
	}
	found, err := a.o.Reads.FindAccounts(ctx, strings.TrimSpace(cmd.Text), c.ID, 1)
	if err != nil {
		return cards.Message{}, fmt.Errorf("look for accounts: %w", err)
	}
	if len(found) > 0 { // a name alone asks for the account
		return a.accountCommand(ctx, c, strings.TrimSpace(cmd.Text))
	}
	said := c.voice.Say("command.unknown", words.Args{"word": cards.Escape(cards.Clip(word, 40)), "nearest": nearest(word, subcommands)})
	return text(said + "\n" + c.voice.Say("command.help", nil)), nil
}

// find returns the one account that is meant, or what to say instead.
func (a *App) find(ctx context.Context, c *caller, name, word string) (account *rules.Account, said string, err error) {
	if name == "" {
		return nil, c.voice.Say("command.need_account", words.Args{"word": word}), nil
	}
	if account, err = a.o.Reads.Account(ctx, name); err != nil || account != nil {
		return account, "", err
	}
	found, err := a.o.Reads.FindAccounts(ctx, name, c.ID, 10)
	if err != nil {
		return nil, "", fmt.Errorf("look for accounts: %w", err)
	}
	if i := slices.IndexFunc(found, func(x *rules.Account) bool { return strings.EqualFold(x.Name, name) }); i >= 0 {
		return found[i], "", nil
	}
	switch len(found) {
	case 0:
		return nil, c.voice.Say("command.no_account", words.Args{"name": cards.Escape(cards.Clip(name, 100))}), nil
	case 1:
		return found[0], "", nil
	}
	var names []string
	for _, f := range found {
		names = append(names, cards.Escape(cards.CustomerName(c.voice, f, f.ID)))
	}
	return nil, c.voice.Say("command.which_account", words.Args{"names": c.voice.List(names)}), nil
}

func (a *App) accountCommand(ctx context.Context, c *caller, name string) (cards.Message, error) {
	account, said, err := a.find(ctx, c, name, "account")
	if err != nil || said != "" {
		return text(said), err
	}
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil {
		return cards.Message{}, err
	}
	runs, err := a.o.Reads.AccountRuns(ctx, account.ID)
	if err != nil {
		return cards.Message{}, err
	}
	view := cards.AccountView{Account: account, Team: c.team, Book: book, Voice: c.voice, Today: c.team.Calendar(c.ID).Day(a.o.Clock.Now())}
	for _, r := range runs[:min(len(runs), 15)] {
		_, s, err := a.run(ctx, c, r.ID)
		if err != nil {
			return cards.Message{}, err
		}
		if s != nil {
			view.Runs = append(view.Runs, s)
		}
	}
	return cards.Account(view), nil
}

// whyCommand tells why one playbook, or each of them, does or does not start.
func (a *App) whyCommand(ctx context.Context, c *caller, rest string) (cards.Message, error) {
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return cards.Message{}, fmt.Errorf("read the book: %w", err)
	}
	name, playbook := rest, ""
	if i := strings.LastIndexByte(rest, ' '); i >= 0 && book.Playbooks[rest[i+1:]] != nil {
		name, playbook = strings.TrimSpace(rest[:i]), rest[i+1:]
	}
	account, said, err := a.find(ctx, c, name, "why")
	if i := strings.LastIndexByte(rest, ' '); err == nil && account == nil && i >= 0 {
		// Perhaps the last word was meant as a playbook, and there is none of that name.
		if known, _, _ := a.find(ctx, c, strings.TrimSpace(rest[:i]), "why"); known != nil {
			said = c.voice.Say("command.no_playbook", words.Args{"name": cards.Escape(rest[i+1:]), "names": c.voice.List(names(book))})
		}
	}
	if err != nil || account == nil {
		return text(said), err
	}
	decisions, err := a.o.Reads.Decisions(ctx, account.ID, playbook)
	if err != nil {
		return cards.Message{}, fmt.Errorf("read the decisions: %w", err)
	}
	if playbook == "" {
		return cards.WhyAll(c.voice, cards.CustomerName(c.voice, account, account.ID), book, decisions), nil
	}
	why := cards.WhyScene{Account: account, Book: book, Playbook: playbook, Decisions: decisions, Voice: c.voice}
	if len(decisions) > 0 {
		why.At = a.o.Clock.Now()
		if why.Facts, err = a.o.Reads.Facts(ctx, account.ID, "", why.At); err != nil {
			return cards.Message{}, fmt.Errorf("read the account's data: %w", err)
		}
	}
	if err := a.plays(ctx, c, &why); err != nil {
		return cards.Message{}, err
	}
	return cards.Why(why), nil
}

// plays adds where the playbook's open plays stand, and what a draft would have told.
func (a *App) plays(ctx context.Context, c *caller, why *cards.WhyScene) error {
	if why.Book.Playbooks[why.Playbook].Draft {
		drafts, err := a.o.Ops.Drafts(ctx, why.Playbook, 20*mostDrafts)
		if err != nil {
			return fmt.Errorf("read the drafts: %w", err)
		}
		for _, d := range drafts {
			if d.Run.Account == why.Account.ID && len(why.Drafted) < mostDrafts/3 {
				s := &cards.Scene{Run: d.Run, Account: why.Account, Book: why.Book, Team: c.team, Now: a.o.Clock.Now(), Voice: c.voice}
				why.Drafted = append(why.Drafted, cards.DraftLine{Scene: s, At: d.At, Visit: d.Visit, What: d.What, To: d.To})
			}
		}
	}
	runs, err := a.o.Reads.AccountRuns(ctx, why.Account.ID)
	if err != nil {
		return fmt.Errorf("read the plays: %w", err)
	}
	for _, r := range runs {
		if r.Playbook != why.Playbook || !r.Open() {
			continue
		}
		_, s, err := a.run(ctx, c, r.ID)
		if err != nil {
			return err
		}
		if s != nil {
			s.Account = why.Account
			why.Plays = append(why.Plays, s)
		}
	}
	return nil
}

func names(book *playbooks.Book) []string {
	all := make([]string, 0, len(book.Playbooks))
	for name := range book.Playbooks {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// noteCommand writes a contact down: "Acme: met their new CTO", or the id or
// first word of an account and a text.
func (a *App) noteCommand(ctx context.Context, c *caller, cmd *slack.SlashCommand, rest string) (cards.Message, error) {
	name, note, ok := strings.Cut(rest, ":")
	if !ok {
		if name, note, ok = strings.Cut(rest, "\uff1a"); !ok { // a full-width colon
			name, note, _ = strings.Cut(rest, " ")
		}
	}
	if note = strings.TrimSpace(note); note == "" {
		return text(c.voice.Say("command.need_note", nil)), nil
	}
	account, said, err := a.find(ctx, c, strings.TrimSpace(name), "note")
	if err != nil || said != "" {
		return text(said), err
	}
	made, err := inbox.Event(inbox.AccountKey(account.ID), inbox.NoteKind, a.o.Clock.Now(),
		inbox.Note{Account: account.ID, By: c.ID, Text: unescape(note)})
	if err := a.publish(ctx, "command/"+cmd.TriggerID, made, err); err != nil {
		return cards.Message{}, err
	}
	customer := cards.Escape(cards.CustomerName(c.voice, account, account.ID))
	return text(c.voice.Say("command.noted", words.Args{"customer": customer})), nil
}

// awayCommand notes that somebody is away: "until 2026-12-31 cover @name", "back".
func (a *App) awayCommand(ctx context.Context, c *caller, cmd *slack.SlashCommand, rest string) (cards.Message, error) {
	away := inbox.Away{Person: c.ID, By: c.ID}
	said := c.voice.Say("command.back", nil)
	if fields := strings.Fields(rest); len(fields) != 1 || !slices.Contains(backWords, strings.ToLower(fields[0])) {
		var err error
		if said, err = a.readAway(ctx, c, fields, &away); err != nil || away.Until == 0 {
			return text(said), err
		}
	}
	made, err := inbox.Event(inbox.PersonKey(c.ID), inbox.AwayKind, a.o.Clock.Now(), away)
	if err := a.publish(ctx, "command/"+cmd.TriggerID, made, err); err != nil {
		return cards.Message{}, err
	}
	return text(said), nil
}

// backWords are what people write to say that they are back.
var backWords = []string{"back", "off", "end", "none", "戻り", "解除"}

// readAway reads "until DATE [cover WHO]"; Until stays zero where it is wrong.
func (a *App) readAway(ctx context.Context, c *caller, fields []string, away *inbox.Away) (said string, err error) {
	usage := c.voice.Say("command.away_usage", nil)
	if len(fields) > 0 && fields[0] == "until" {
		fields = fields[1:]
	}
	if len(fields) == 0 {
		return usage, nil
	}
	day, err := rules.ParseDate(fields[0])
	if err != nil {
		return usage, nil
	}
	if day < c.team.Calendar(c.ID).Day(a.o.Clock.Now()) {
		return c.voice.Say("field.date_past", nil), nil
	}
	who := strings.Join(fields[1:], " ")
	who = strings.TrimSpace(strings.TrimPrefix(who, "cover"))
	if who == "" {
		away.Until = day
		return c.voice.Say("command.away_nobody", words.Args{"until": day}), nil
	}
	cover, err := a.o.Directory.Named(ctx, who)
	if err != nil {
		return "", err
	}
	if cover == nil || cover.ID == c.ID {
		return c.voice.Say("field.person", nil), nil
	}
	away.Until, away.Cover = day, cover.ID
	return c.voice.Say("command.away", words.Args{"until": day, "cover": cards.Escape(cards.PersonName(c.voice, c.team, cover.ID))}), nil
}

// handoffCommand opens the handoff form, for the account named or one to be
// picked.
func (a *App) handoffCommand(ctx context.Context, d delivery, c *caller) error {
	if c.Person == nil {
		return a.answerCommand(ctx, d, text(c.stranger()))
	}
	pick, err := a.pickForm(ctx, c, nil)
	if name := strings.TrimSpace(d.command.Text); name != "" && err == nil {
		var said string
		if pick.Account, said, err = a.find(ctx, c, name, "account"); err == nil && said != "" {
			return a.answerCommand(ctx, d, text(said))
		}
	}
	view := cards.PickForm(pick)
	if err == nil && pick.Account != nil && len(pick.Kinds) < 2 {
		var said string
		if view, said, err = a.handoffForm(ctx, c, pick.Account, pick.Kind); err == nil && said != "" {
			return a.answerCommand(ctx, d, text(said))
		}
	}
	if err != nil {
		return errors.Join(err, a.answerCommand(ctx, d, text(c.voice.Say("command.failed", nil))))
	}
	if err := d.ack(nil); err != nil {
		return err
	}
	_, err = a.api.OpenViewContext(ctx, d.command.TriggerID, view)
	return a.opened(ctx, d.command.ResponseURL, c, err)
}

// nearest returns the candidate that takes the fewest changes to reach.
func nearest(word string, candidates []string) string {
	best, least := "", 1<<30
	for _, candidate := range candidates {
		if d := distance(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is the number of letters to add, remove or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= min(len(a), 64); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := before
			if a[i-1] != b[j-1] {
				change++
			}
			before = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
