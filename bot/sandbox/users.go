package sandbox

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// people takes over the users of the options, and adds a bot user if there is none.
func (w *Workspace) people() error {
	for i, u := range w.opts.Users {
		if u.Name == "" {
			return fmt.Errorf("sandbox: user %d has no name", i+1)
		}
		if u.ID == "" {
			u.ID = madeID("U", u.Name)
		}
		if w.users[u.ID] != nil || w.findUser(u.Name) != nil {
			return fmt.Errorf("sandbox: user %s (%s) is there twice", u.Name, u.ID)
		}
		if err := w.addUser(u); err != nil {
			return err
		}
	}
	if w.bot == nil {
		return w.addUser(User{ID: "U0PLAYCALLER", Name: "playcaller", RealName: "Playcaller", IsBot: true})
	}
	return nil
}

func (w *Workspace) addUser(u User) error {
	if u.TZ == "" {
		u.TZ = "UTC"
	}
	if _, err := time.LoadLocation(u.TZ); err != nil {
		return fmt.Errorf("sandbox: user %s: tz %q is no time zone: %w", u.Name, u.TZ, err)
	}
	if u.Locale == "" {
		u.Locale = "en-US"
	}
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.IsBot {
		if w.bot != nil {
			return fmt.Errorf("sandbox: users %s and %s are both bots; a workspace has one", w.bot.Name, u.Name)
		}
		w.bot = &u
	}
	w.users[u.ID] = &u
	w.userOrder = append(w.userOrder, u.ID)
	return nil
}

// madeID makes an identifier that is always the same for the same name.
func madeID(prefix, name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("%s0%09X", prefix, h.Sum64()&0xFFFFFFFFF)
}

// findUser gives a user by id or name, with or without @, or nil.
func (w *Workspace) findUser(idOrName string) *User {
	if u := w.users[idOrName]; u != nil {
		return u
	}
	name := strings.TrimPrefix(idOrName, "@")
	for _, id := range w.userOrder {
		if w.users[id].Name == name && name != "" {
			return w.users[id]
		}
	}
	return nil
}

// offset gives the seconds east of UTC of a user's clock at the business time.
func (w *Workspace) offset(u *User) (int, string) {
	place, err := time.LoadLocation(u.TZ)
	if err != nil {
		place = time.UTC
	}
	name, seconds := w.opts.Clock().In(place).Zone()
	return seconds, name
}

// showUser gives a user as Slack's API shows it.
func (w *Workspace) showUser(u *User, withLocale bool) object {
	seconds, zone := w.offset(u)
	out := object{
		"id": u.ID, "team_id": TeamID, "name": u.Name, "real_name": u.RealName, "deleted": false, "color": "4bbe2e",
		"tz": u.TZ, "tz_label": zone, "tz_offset": seconds, "is_bot": u.IsBot, "is_app_user": false, "is_admin": false,
		"is_owner": false, "is_primary_owner": false, "is_restricted": false, "is_ultra_restricted": false,
		"is_email_confirmed": !u.IsBot, "updated": 0, "profile": w.showProfile(u),
	}
	if withLocale {
		out["locale"] = u.Locale
	}
	return out
}

func (w *Workspace) showProfile(u *User) object {
	first, last, _ := strings.Cut(u.RealName, " ")
	out := object{
		"title": u.Title, "real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
		"display_name_normalized": u.Name, "first_name": first, "last_name": last, "team": TeamID,
		"status_text": "", "status_emoji": "", "phone": "", "skype": "", "avatar_hash": "",
	}
	if w.hasScope("users:read.email") && !u.IsBot {
		out["email"] = u.Email
	}
	if u.IsBot {
		out["bot_id"], out["api_app_id"] = BotID, AppID
	}
	return out
}

func (w *Workspace) apiTest(c *call) (object, error) {
	if code := c.str("error"); code != "" {
		return nil, &slackError{code, object{"args": c.args}}
	}
	return object{"args": c.args}, nil
}

func (w *Workspace) authTest(c *call) (object, error) {
	return object{"url": w.home(c), "team": w.opts.TeamName, "user": w.bot.Name,
		"team_id": TeamID, "user_id": w.bot.ID, "bot_id": BotID, "is_enterprise_install": false}, nil
}

// home is the workspace's address, with which links to its messages begin. It leads to this machine's page where the caller's
// request says how that is reached.
func (w *Workspace) home(c *call) string {
	if c.host != "" {
		return "http://" + c.host + "/"
	}
	return "https://" + w.domain() + ".slack.com/"
}

func (w *Workspace) botsInfo(c *call) (object, error) {
	if id := c.str("bot"); id != "" && id != BotID {
		return nil, slackErr("bot_not_found")
	}
	return object{"bot": object{"id": BotID, "app_id": AppID, "user_id": w.bot.ID, "name": w.bot.Name,
		"deleted": false, "updated": 0, "icons": object{}}}, nil
}

func (w *Workspace) teamInfo(c *call) (object, error) {
	return object{"team": object{"id": TeamID, "name": w.opts.TeamName, "domain": w.domain(),
		"email_domain": "", "icon": object{"image_default": true}}}, nil
}

func (w *Workspace) usersList(c *call) (object, error) {
	ids, next, err := pageOfIDs(c, w.userOrder, 200)
	if err != nil {
		return nil, err
	}
	members := []object{}
	for _, id := range ids {
		members = append(members, w.showUser(w.users[id], c.flag("include_locale")))
	}
	return object{"members": members, "cache_ts": w.opts.Clock().Unix(), "response_metadata": object{"next_cursor": next}}, nil
}

func (w *Workspace) usersInfo(c *call) (object, error) {
	if list := c.str("users"); list != "" && c.str("user") == "" {
		users := []object{}
		for _, id := range strings.Split(list, ",") {
			u := w.users[id]
			if u == nil {
				return nil, slackErr("user_not_found")
			}
			users = append(users, w.showUser(u, c.flag("include_locale")))
		}
		return object{"users": users}, nil
	}
	u := w.users[c.str("user")]
	if u == nil {
		return nil, slackErr("user_not_found")
	}
	return object{"user": w.showUser(u, c.flag("include_locale"))}, nil
}

func (w *Workspace) usersLookupByEmail(c *call) (object, error) {
	for _, id := range w.userOrder {
		if u := w.users[id]; u.Email != "" && strings.EqualFold(u.Email, c.str("email")) {
			return object{"user": w.showUser(u, c.flag("include_locale"))}, nil
		}
	}
	return nil, slackErr("users_not_found")
}

func (w *Workspace) usersProfileGet(c *call) (object, error) {
	u := w.users[c.str("user")]
	if u == nil {
		return nil, slackErr("user_not_found")
	}
	return object{"profile": w.showProfile(u)}, nil
}

func (w *Workspace) reactionsAdd(c *call) (object, error) {
	ch, m, err := w.reactTo(c)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.str("name"), ":")
	next := *m
	next.Reactions = slices.Clone(m.Reactions)
	i := slices.IndexFunc(next.Reactions, func(r reaction) bool { return r.Name == name })
	if i < 0 {
		next.Reactions = append(next.Reactions, reaction{Name: name})
		i = len(next.Reactions) - 1
	}
	if slices.Contains(next.Reactions[i].Users, w.bot.ID) {
		return nil, slackErr("already_reacted")
	}
	next.Reactions[i].Users = append(slices.Clone(next.Reactions[i].Users), w.bot.ID)
	next.Reactions[i].Count = len(next.Reactions[i].Users)
	w.setReactions(ch, m, next)
	return nil, nil
}

func (w *Workspace) reactionsRemove(c *call) (object, error) {
	ch, m, err := w.reactTo(c)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.str("name"), ":")
	next := *m
	next.Reactions = nil
	found := false
	for _, r := range m.Reactions {
		if r.Name == name && slices.Contains(r.Users, w.bot.ID) {
			found = true
			r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(u string) bool { return u == w.bot.ID })
			r.Count = len(r.Users)
		}
		if r.Count > 0 {
			next.Reactions = append(next.Reactions, r)
		}
	}
	if !found {
		return nil, slackErr("no_reaction")
	}
	w.setReactions(ch, m, next)
	return nil, nil
}

func (w *Workspace) reactTo(c *call) (*channel, *message, error) {
	ch := w.findChannel(c.str("channel"))
	if ch == nil {
		return nil, nil, slackErr("channel_not_found")
	}
	m := ch.find(c.str("timestamp"))
	if m == nil {
		return nil, nil, slackErr("message_not_found")
	}
	if strings.Trim(c.str("name"), ":") == "" {
		return nil, nil, slackErr("invalid_name")
	}
	return ch, m, nil
}

func (w *Workspace) setReactions(_ *channel, m *message, next message) {
	next.state = nil
	*m = next
	w.keepMessage(m)
	w.watch.changed()
}
