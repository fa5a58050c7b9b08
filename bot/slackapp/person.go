package slackapp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/words"
)

// A caller is the person who did something in Slack.
type caller struct {
	*playbooks.Person // nil for somebody whom team.yaml does not have
	user              string
	known             string // what Slack calls them
	voice             *cards.Voice
	team              *playbooks.Team
}

// who finds out who did something.
func (a *App) who(ctx context.Context, user string) (*caller, error) {
	team, err := a.o.Reads.Team(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the team: %w", err)
	}
	p, known, err := a.o.Directory.PersonOf(ctx, user)
	if err != nil {
		return nil, err
	}
	c := &caller{Person: p, user: user, known: known, team: team}
	lang := a.o.Directory.LanguageOf(ctx, user)
	if lang == "" && p != nil {
		lang = p.Language
	}
	c.voice = a.painter.texts.In(lang, nil)
	if p != nil {
		c.voice = a.painter.texts.In(lang, p.Location)
	}
	return c, nil
}

// refusal says, in the person's language, why something changes nothing.
func (a *App) refusal(c *caller, s *cards.Scene, err error) string {
	var r *playbooks.Refusal
	if !errors.As(err, &r) {
		return c.voice.Say("command.failed", nil)
	}
	args := words.Args{}
	for name, value := range r.Args {
		args[name] = value
	}
	if s != nil {
		args = s.RefusalArgs(r)
	}
	id := "refusal." + r.Code
	if !c.voice.Has(id) {
		id = "click.old"
	}
	return c.voice.Say(id, args)
}

// tell answers one person alone, by the response address of what they did, or in
// a form where there is none.
func (a *App) tell(ctx context.Context, cb *slack.InteractionCallback, c *caller, text string) error {
	a.refused.Add(1)
	if cb.ResponseURL != "" {
		m := &slack.WebhookMessage{Text: text, ResponseType: slack.ResponseTypeEphemeral}
		if err := slack.PostWebhookCustomHTTPContext(ctx, cb.ResponseURL, a.o.HTTP, m); err != nil {
			return fmt.Errorf("answer a click: %w", err)
		}
		return nil
	}
	if cb.TriggerID == "" {
		return nil
	}
	return a.open(ctx, cb, c, cards.Notice(c.voice, text))
}

// open opens a view, on top of one that is open.
func (a *App) open(ctx context.Context, cb *slack.InteractionCallback, c *caller, view slack.ModalViewRequest) error {
	var err error
	if cb.View.ID != "" && cb.View.Type == slack.VTModal {
		_, err = a.api.PushViewContext(ctx, cb.TriggerID, view)
	} else {
		_, err = a.api.OpenViewContext(ctx, cb.TriggerID, view)
	}
	return a.opened(ctx, cb.ResponseURL, c, err)
}

// opened tells the person if a view could not be opened in time.
func (a *App) opened(ctx context.Context, responseURL string, c *caller, err error) error {
	if err == nil {
		return nil
	}
	if responseURL != "" {
		m := &slack.WebhookMessage{Text: c.voice.Say("command.expired", nil), ResponseType: slack.ResponseTypeEphemeral}
		if told := slack.PostWebhookCustomHTTPContext(ctx, responseURL, a.o.HTTP, m); told != nil {
			err = errors.Join(err, told)
		}
	}
	if strings.Contains(err.Error(), "expired_trigger_id") {
		a.refused.Add(1)
		return nil
	}
	return fmt.Errorf("open a view: %w", err)
}

// user returns the Slack user id of a person, or "" where there is none.
func (a *App) userOf(ctx context.Context) func(person string) string {
	return func(person string) string {
		user, err := a.o.Directory.UserOf(ctx, person)
		if err != nil {
			return ""
		}
		return user
	}
}

// run reads a run with its scene for a caller; run is nil where there is none.
func (a *App) run(ctx context.Context, c *caller, id string) (*playbooks.Run, *cards.Scene, error) {
	run, err := a.o.Reads.Run(ctx, id)
	if err != nil || run == nil {
		return nil, nil, err
	}
	book, err := a.o.Reads.Book(ctx, run.Book)
	if err != nil {
		return nil, nil, fmt.Errorf("read the book of run %s: %w", id, err)
	}
	return run, &cards.Scene{Run: run, Book: book, Team: c.team, Now: a.o.Clock.Now(), Voice: c.voice}, nil
}

// check asks the run's playbook whether an event would change anything.
func check(c *caller, s *cards.Scene, e playbooks.Event) error {
	if s.Book == nil || s.Book.Playbooks[s.Run.Playbook] == nil {
		return &playbooks.Refusal{Code: playbooks.RefusedNotCurrent}
	}
	return s.Book.Playbooks[s.Run.Playbook].Check(*s.Run, e, playbooks.Env{Book: s.Book, Team: c.team})
}
