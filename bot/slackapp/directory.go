package slackapp

import (
	"context"
	"log/slog"

	"github.com/slack-go/slack"
)

// Directory knows who and where things are in Slack: the people of the team by
// their e-mail address, and channels by name. It remembers what Slack said and
// asks again for what it does not know.
type Directory struct{}

// NewDirectory returns a Directory over the client. Team returns today's people.
func NewDirectory(api *slack.Client, people func(ctx context.Context) ([]Person, error), log *slog.Logger) *Directory {
	return nil
}

// A Person is a member of the team as team.yaml has them.
type Person struct {
	ID       string
	Name     string
	Email    string
	Language string // chosen; Slack's locale decides where empty
}

// UserOf returns the Slack user id of a person, or "" if Slack has nobody with
// the person's e-mail address.
func (d *Directory) UserOf(ctx context.Context, person string) (string, error) { return "", nil }

// PersonOf returns the person behind a Slack user id, or "".
func (d *Directory) PersonOf(ctx context.Context, user string) (string, error) { return "", nil }

// Language returns "ja" or "en" for a person.
func (d *Directory) Language(ctx context.Context, person string) string { return "" }

// ChannelID returns the id of "#name", or of an id itself. It satisfies
// sender.Places together with DirectID.
func (d *Directory) ChannelID(ctx context.Context, name string) (string, error) { return "", nil }

// DirectID returns the id of the DM channel with a person.
func (d *Directory) DirectID(ctx context.Context, person string) (string, error) { return "", nil }

// Join makes the bot a member of the public channel with that id.
func (d *Directory) Join(ctx context.Context, channel string) error { return nil }
