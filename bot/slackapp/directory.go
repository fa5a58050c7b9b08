package slackapp

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"playcaller/bot/sender"
	"playcaller/playbooks"
)

// askAgain is how long, in real time, the directory does not ask Slack again for
// what it did not find.
const askAgain = 30 * time.Second

// Directory knows who and where things are in Slack: the people of the team by
// their e-mail address, and channels by name. It remembers what Slack said and
// asks again for what it does not know. It is safe for concurrent use.
type Directory struct {
	api  *slack.Client
	team func(ctx context.Context) (*playbooks.Team, error)
	log  *slog.Logger

	asking sync.Mutex // held while Slack is asked, so that it is asked once

	mu       sync.RWMutex
	users    map[string]slack.User // by id
	byEmail  map[string]string     // lower-case address -> id
	channels map[string]string     // name without # -> id
	direct   map[string]string     // user id -> DM channel id
	asked    map[string]time.Time  // "users", "channels" -> when they were last read
	home     string                // address of the workspace, with a final slash
}

// NewDirectory returns a Directory over the client. team returns today's people.
func NewDirectory(api *slack.Client, team func(ctx context.Context) (*playbooks.Team, error), log *slog.Logger) *Directory {
	if log == nil {
		log = slog.Default()
	}
	return &Directory{
		api: api, team: team, log: log,
		users: map[string]slack.User{}, byEmail: map[string]string{},
		channels: map[string]string{}, direct: map[string]string{}, asked: map[string]time.Time{},
	}
}

// Load reads everybody and every channel, so that the first clicks need not wait
// for it.
func (d *Directory) Load(ctx context.Context) error {
	who, err := d.api.AuthTestContext(ctx)
	if err != nil {
		return fmt.Errorf("ask Slack who the bot is: %w", err)
	}
	d.mu.Lock()
	d.home = strings.TrimSuffix(who.URL, "/") + "/"
	d.mu.Unlock()
	if err := d.loadUsers(ctx); err != nil {
		return err
	}
	return d.loadChannels(ctx)
}

func (d *Directory) loadUsers(ctx context.Context) error {
	users, err := d.api.GetUsersContext(ctx, slack.GetUsersOptionLimit(200))
	if err != nil {
		return fmt.Errorf("read the workspace's users: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, u := range users {
		d.remember(u)
	}
	d.asked["users"] = time.Now()
	return nil
}

// remember notes one user. d.mu is held.
func (d *Directory) remember(u slack.User) {
	d.users[u.ID] = u
	if u.Profile.Email != "" && !u.Deleted && !u.IsBot {
		d.byEmail[strings.ToLower(u.Profile.Email)] = u.ID
	}
}

func (d *Directory) loadChannels(ctx context.Context) error {
	found := map[string]string{}
	p := &slack.GetConversationsParameters{
		ExcludeArchived: true, Limit: 200, Types: []string{"public_channel", "private_channel"},
	}
	for {
		channels, next, err := d.api.GetConversationsContext(ctx, p)
		if err != nil {
			return fmt.Errorf("read the workspace's channels: %w", err)
		}
		for _, c := range channels {
			found[c.Name] = c.ID
		}
		if next == "" {
			break
		}
		p.Cursor = next
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.channels = found
	d.asked["channels"] = time.Now()
	return nil
}

// refresh runs load unless the same was read a moment ago. It reports whether
// there may be news.
func (d *Directory) refresh(ctx context.Context, what string, load func(context.Context) error) (bool, error) {
	d.asking.Lock()
	defer d.asking.Unlock()
	d.mu.RLock()
	fresh := time.Since(d.asked[what]) < askAgain
	d.mu.RUnlock()
	if fresh {
		return true, nil // somebody else has just asked
	}
	return true, load(ctx)
}

// user returns what Slack knows of a user id; ok is false where it knows nobody.
func (d *Directory) user(ctx context.Context, id string) (u slack.User, ok bool, err error) {
	d.mu.RLock()
	u, ok = d.users[id]
	d.mu.RUnlock()
	if ok || id == "" {
		return u, ok, nil
	}
	d.asking.Lock()
	defer d.asking.Unlock()
	one, err := d.api.GetUserInfoContext(ctx, id)
	if err != nil {
		if err.Error() == "user_not_found" {
			return slack.User{}, false, nil
		}
		return slack.User{}, false, fmt.Errorf("ask Slack about the user %s: %w", id, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remember(*one)
	return *one, true, nil
}

// UserOf returns the Slack user id of a person, or "" if Slack has nobody with
// the person's e-mail address.
func (d *Directory) UserOf(ctx context.Context, person string) (string, error) {
	team, err := d.team(ctx)
	if err != nil {
		return "", err
	}
	email := person
	if p := team.Person(person); p != nil {
		if p.Slack != "" {
			return p.Slack, nil
		}
		email = p.Email
	}
	if email = strings.ToLower(email); !strings.Contains(email, "@") {
		return "", nil
	}
	if id := d.withEmail(email); id != "" {
		return id, nil
	}
	if _, err := d.refresh(ctx, "users", d.loadUsers); err != nil {
		return "", err
	}
	return d.withEmail(email), nil
}

func (d *Directory) withEmail(email string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byEmail[email]
}

// PersonOf returns the person behind a Slack user id, or nil if team.yaml does not
// have them. It also returns what Slack calls them: an e-mail address or a name.
func (d *Directory) PersonOf(ctx context.Context, user string) (p *playbooks.Person, known string, err error) {
	team, err := d.team(ctx)
	if err != nil {
		return nil, "", err
	}
	if p := team.Person(user); p != nil && p.Slack == user && user != "" {
		return p, p.Email, nil
	}
	u, ok, err := d.user(ctx, user)
	if err != nil || !ok {
		return nil, user, err
	}
	known = u.Profile.Email
	if known == "" {
		known = u.Name
	}
	if u.Profile.Email == "" {
		return nil, known, nil
	}
	return team.Person(u.Profile.Email), known, nil
}

// Named returns the person whom "@name", a name or a Slack handle means, or nil.
func (d *Directory) Named(ctx context.Context, name string) (*playbooks.Person, error) {
	team, err := d.team(ctx)
	if err != nil {
		return nil, err
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	if m := mention.FindStringSubmatch(name); m != nil {
		p, _, err := d.PersonOf(ctx, m[1])
		return p, err
	}
	if p := team.Person(name); p != nil {
		return p, nil
	}
	for i := range team.People {
		for _, written := range team.People[i].Name {
			if strings.EqualFold(written, name) {
				return &team.People[i], nil
			}
		}
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, u := range d.users {
		if strings.EqualFold(u.Name, name) || strings.EqualFold(u.Profile.DisplayName, name) {
			return team.Person(u.Profile.Email), nil
		}
	}
	return nil, nil
}

var mention = regexp.MustCompile(`^<@([A-Z0-9]+)(?:\|[^>]*)?>$`)

// Language returns "ja" or "en" for a person: that of their Slack locale, or of
// team.yaml where Slack does not say.
func (d *Directory) Language(ctx context.Context, person string) string {
	if user, err := d.UserOf(ctx, person); err == nil && user != "" {
		if lang := d.LanguageOf(ctx, user); lang != "" {
			return lang
		}
	}
	if team, err := d.team(ctx); err == nil {
		if p := team.Person(person); p != nil && p.Language != "" {
			return p.Language
		}
	}
	return "en"
}

// LanguageOf returns the language of a Slack user's locale, or "" if that is not
// known.
func (d *Directory) LanguageOf(ctx context.Context, user string) string {
	u, ok, err := d.user(ctx, user)
	if err != nil || !ok || u.Locale == "" {
		return ""
	}
	if strings.HasPrefix(strings.ToLower(u.Locale), "ja") {
		return "ja"
	}
	return "en"
}

var channelID = regexp.MustCompile(`^[CDG][A-Z0-9]{7,}$`)

// ChannelID returns the id of "#name", or of an id itself. It satisfies
// sender.Places together with DirectID and Join.
func (d *Directory) ChannelID(ctx context.Context, name string) (string, error) {
	if channelID.MatchString(name) {
		return name, nil
	}
	name = strings.TrimPrefix(name, "#")
	if id := d.channel(name); id != "" {
		return id, nil
	}
	if _, err := d.refresh(ctx, "channels", d.loadChannels); err != nil {
		return "", err
	}
	if id := d.channel(name); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("channel #%s: %w: create it, or invite the bot if it is private", name, sender.ErrNoPlace)
}

func (d *Directory) channel(name string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.channels[name]
}

// DirectID returns the id of the DM channel with a person.
func (d *Directory) DirectID(ctx context.Context, person string) (string, error) {
	if channelID.MatchString(person) {
		return person, nil
	}
	user, err := d.UserOf(ctx, person)
	if err != nil {
		return "", err
	}
	if user == "" {
		return "", fmt.Errorf("person %s: %w: correct the e-mail address in team.yaml", person, sender.ErrNoPlace)
	}
	d.mu.RLock()
	id := d.direct[user]
	d.mu.RUnlock()
	if id != "" {
		return id, nil
	}
	c, _, _, err := d.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
	if err != nil {
		return "", fmt.Errorf("open the direct message with %s: %w", person, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.direct[user] = c.ID
	return c.ID, nil
}

// Join makes the bot a member of the public channel with that id.
func (d *Directory) Join(ctx context.Context, channel string) error {
	if _, _, _, err := d.api.JoinConversationContext(ctx, channel); err != nil {
		return fmt.Errorf("join the channel %s: %w", channel, err)
	}
	d.log.Info("joined a channel", "channel", channel)
	return nil
}

// Permalink returns the address of a message, or "" before Load.
func (d *Directory) Permalink(channel, ts string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.home == "" || channel == "" || ts == "" {
		return ""
	}
	return d.home + "archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
}
