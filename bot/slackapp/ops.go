package slackapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// OpsReads is what CS Ops must know of the book and of what is held back. It is answered from the store and the worker's
// memory, never from Slack.
type OpsReads interface {
	// InUse says which book is in use, and which open runs go on by an older version.
	InUse(ctx context.Context) (cards.InUse, error)
	// Open counts the open runs of a playbook.
	Open(ctx context.Context, playbook string) (int, error)
	// Drafts returns what drafts would have told, of one playbook or ("") of all of the book, the newest first.
	Drafts(ctx context.Context, playbook string, limit int) ([]cards.Drafted, error)
	// Standing says until when a playbook rests on an account (zero: it does not), and whether a run of it is open.
	Standing(ctx context.Context, account, playbook, subject string) (until time.Time, open bool, err error)
}

// isOps reports whether the caller may stop everything: by the role ops or cs_ops, or as the one whom team.yaml names for
// ops.
func (c *caller) isOps() bool {
	return slices.Contains(c.Roles, "ops") || slices.Contains(c.Roles, "cs_ops") || c.team.Roles["ops"] == c.ID
}

// opsCommand answers /cs ops.
func (a *App) opsCommand(ctx context.Context, c *caller, cmd *slack.SlashCommand, rest string) (cards.Message, error) {
	fields := strings.Fields(rest)
	usage := text(c.voice.Say("command.ops_usage", nil))
	if !c.isOps() {
		return text(c.voice.Say("command.not_ops", nil)), nil
	}
	if len(fields) == 0 {
		return usage, nil
	}
	word, fields := strings.ToLower(fields[0]), fields[1:]
	switch word {
	case "book":
		return a.bookCommand(ctx, c)
	case "start":
		return a.startCommand(ctx, c, cmd, fields)
	case "draft", "drafts":
		return a.draftCommand(ctx, c, fields)
	}
	order := inbox.Ops{What: inbox.OpsAction(word), By: c.ID}
	switch order.What {
	case inbox.Pause, inbox.Resume:
	case inbox.Stop, inbox.Move, inbox.List:
		if len(fields) == 0 {
			return usage, nil
		}
	default:
		return usage, nil
	}
	target := ""
	if len(fields) > 0 {
		target, order.Reason = fields[0], strings.Join(fields[1:], " ")
	}
	said, err := a.aim(ctx, c, target, &order)
	if err != nil || said != "" {
		return text(said), err
	}
	return a.order(ctx, c, cmd, order, target)
}

// order publishes an order, and says what becomes of it.
func (a *App) order(ctx context.Context, c *caller, cmd *slack.SlashCommand, order inbox.Ops, target string) (cards.Message, error) {
	on := cards.Escape(target)
	if target == "" {
		on = c.voice.Say("command.all", nil)
	}
	args := words.Args{"name": on, "on": ""}
	if target != "" {
		args["name"], args["on"] = "`"+on+"`", on
	}
	var said cards.Message
	switch {
	case order.What == inbox.Pause:
		said = text(c.voice.Say("command.ops.pause.done", args))
	case order.What == inbox.Resume:
		said = text(c.voice.Say("command.ops.resume.done", args))
	case order.Run != "":
		said = text(c.voice.Say("command.ops.stop.done", args))
	case order.What == inbox.Stop:
		n, err := a.o.Ops.Open(ctx, order.Playbook)
		if err != nil {
			return cards.Message{}, err
		}
		args["count"] = n
		if said = text(c.voice.Say("command.ops.stopping", args)); n == 0 {
			said = text(c.voice.Say("command.ops.none_open", args))
		}
	}
	if order.What == inbox.Move || order.What == inbox.List {
		in, err := a.o.Ops.InUse(ctx)
		if err != nil {
			return cards.Message{}, err
		}
		if order.What == inbox.List {
			if said = text(c.voice.Say("command.ops.listed_only", words.Args{"name": on})); !slices.Contains(in.Storms, target) {
				return text(c.voice.Say("command.ops.not_held", words.Args{"name": on})), nil
			}
		} else {
			older := cards.OlderRuns{Playbook: target}
			if i := slices.IndexFunc(in.Older, func(o cards.OlderRuns) bool { return o.Playbook == target }); i >= 0 {
				older = in.Older[i]
			}
			if said = cards.Moving(c.voice, older); older.Movable() == 0 {
				return said, nil
			}
		}
	}
	made, err := inbox.Event(inbox.Everywhere, inbox.OpsKind, a.o.Clock.Now(), order)
	return said, a.publish(ctx, "command/"+cmd.TriggerID, made, err)
}

// aim finds what an order is about: all, a playbook, or a run to stop. It returns what to say where there is no such thing.
func (a *App) aim(ctx context.Context, c *caller, target string, order *inbox.Ops) (said string, err error) {
	if target == "" {
		return "", nil
	}
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return "", fmt.Errorf("read the book: %w", err)
	}
	if book.Playbooks[target] != nil {
		order.Playbook = target
		return "", nil
	}
	if order.What == inbox.Stop || order.What == inbox.Move { // runs may be left of a playbook that is gone
		in, err := a.o.Ops.InUse(ctx)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(in.Older, func(o cards.OlderRuns) bool { return o.Playbook == target }) {
			order.Playbook = target
			return "", nil
		}
	}
	if order.What == inbox.Stop {
		run, err := a.o.Reads.Run(ctx, target)
		if err != nil {
			return "", err
		}
		if run != nil {
			order.Run = target
			return "", nil
		}
	}
	return c.noPlaybook(target, book), nil
}

func (c *caller) noPlaybook(name string, book *playbooks.Book) string {
	return c.voice.Say("command.no_playbook", words.Args{"name": cards.Escape(cards.Clip(name, 80)), "names": c.voice.List(names(book))})
}

// bookCommand tells which book is in use.
func (a *App) bookCommand(ctx context.Context, c *caller) (cards.Message, error) {
	in, err := a.o.Ops.InUse(ctx)
	if err != nil {
		return cards.Message{}, err
	}
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return cards.Message{}, fmt.Errorf("read the book: %w", err)
	}
	return cards.BookInUse(c.voice, book, in), nil
}

// startCommand starts a playbook for one account: "PLAYBOOK ACCOUNT", and the contract where it is played for one.
func (a *App) startCommand(ctx context.Context, c *caller, cmd *slack.SlashCommand, fields []string) (cards.Message, error) {
	if len(fields) < 2 {
		return text(c.voice.Say("command.ops.start_usage", nil)), nil
	}
	book, err := a.o.Reads.Book(ctx, "")
	if err != nil || book == nil {
		return cards.Message{}, fmt.Errorf("read the book: %w", err)
	}
	p := book.Playbooks[fields[0]]
	if p == nil {
		return text(c.noPlaybook(fields[0], book)), nil
	}
	account, said, err := a.find(ctx, c, strings.Join(fields[1:], " "), "account")
	subject := ""
	if p.ForEach == "contract" && len(fields) > 2 && err == nil && account == nil { // perhaps the last word is the contract
		if known, _, found := a.find(ctx, c, strings.Join(fields[1:len(fields)-1], " "), "account"); found == nil && known != nil {
			account, said, subject = known, "", fields[len(fields)-1]
		}
	}
	if err != nil || account == nil {
		return text(said), err
	}
	name, customer := "`"+p.Name+"`", cards.Escape(cards.CustomerName(c.voice, account, account.ID))
	if p.ForEach == "contract" {
		contracts := contractsOf(account, rules.DateOf(a.o.Clock.Now()))
		if subject == "" && len(contracts) == 1 {
			subject = contracts[0]
		}
		if !slices.Contains(contracts, subject) {
			return text(c.voice.Say("command.ops.start_which", words.Args{"name": p.Name, "account": cards.Escape(account.ID), "names": c.voice.List(contracts)})), nil
		}
	}
	until, open, err := a.o.Ops.Standing(ctx, account.ID, p.Name, subject)
	switch {
	case err != nil:
		return cards.Message{}, err
	case open:
		return text(c.voice.Say("command.ops.start_running", words.Args{"name": name, "customer": customer})), nil
	case until.After(a.o.Clock.Now()):
		return text(c.voice.Say("command.ops.start_snoozed", words.Args{"name": name, "customer": customer, "until": until})), nil
	}
	made, err := inbox.Event(inbox.AccountKey(account.ID), inbox.StartKind, a.o.Clock.Now(),
		inbox.Start{Account: account.ID, Playbook: p.Name, Subject: subject, By: c.ID, ID: "command/" + cmd.TriggerID})
	if err := a.publish(ctx, "command/"+cmd.TriggerID, made, err); err != nil {
		return cards.Message{}, err
	}
	return text(c.voice.Say("command.ops.starting", words.Args{"name": name, "customer": customer})), nil
}

// contractsOf returns the ids of an account's contracts that have not ended.
func contractsOf(account *rules.Account, today rules.Date) []string {
	var ids []string
	for _, k := range account.Contracts {
		if k.End == 0 || k.End >= today {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// opsChoices are what the buttons under messages to CS Ops ask for, and what is said then. To keep something back asks for
// nothing: it is held back already.
var opsChoices = map[string]struct {
	what inbox.OpsAction
	said string
}{
	cards.OpsStartAction: {inbox.Resume, "ops.choice.start"},
	cards.OpsListAction:  {inbox.List, "ops.choice.list"},
	cards.OpsKeepAction:  {"", "ops.choice.keep"},
	cards.OpsBeginAction: {inbox.Begin, "ops.choice.start"},
}

// opsClick does what CS Ops chose under a message, and takes the buttons away.
func (a *App) opsClick(ctx context.Context, d delivery, c *caller, name string, ref cards.Ref) error {
	choice := opsChoices[name]
	if !c.isOps() {
		return a.refuseClick(ctx, d, c, c.voice.Say("command.not_ops", nil))
	}
	if choice.what != "" {
		order := inbox.Ops{What: choice.what, Playbook: ref.Purpose, By: c.ID}
		made, err := inbox.Event(inbox.Everywhere, inbox.OpsKind, a.o.Clock.Now(), order)
		if err := a.publish(ctx, "click/"+d.interaction.TriggerID, made, err); err != nil {
			return errors.Join(err, a.tell(ctx, d.interaction, c, c.voice.Say("command.failed", nil)))
		}
	}
	if err := d.ack(nil); err != nil {
		return err
	}
	said := c.voice.Say(choice.said, words.Args{"person": cards.Escape(cards.PersonName(c.voice, c.team, c.ID)), "name": cards.Escape(ref.Purpose)})
	m := cards.OpsChosen(&d.interaction.Message, said)
	late := &slack.WebhookMessage{ReplaceOriginal: true, Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}}
	if err := slack.PostWebhookCustomHTTPContext(ctx, d.interaction.ResponseURL, a.o.HTTP, late); err != nil {
		return fmt.Errorf("take the buttons of a message to ops away: %w", err)
	}
	return nil
}
