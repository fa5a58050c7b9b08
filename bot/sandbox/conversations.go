package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// rooms takes over the channels of the options; members may be given by name.
func (w *Workspace) rooms() error {
	for i, given := range w.opts.Channels {
		given.Name = strings.TrimPrefix(given.Name, "#")
		if !channelName.MatchString(given.Name) {
			return fmt.Errorf("sandbox: channel %d: the name %q is not allowed; use at most 80 lower-case letters, digits, - and _", i+1, given.Name)
		}
		if given.ID == "" {
			given.ID = madeID("C", given.Name)
		}
		if w.channels[given.ID] != nil || w.findChannel(given.Name) != nil {
			return fmt.Errorf("sandbox: channel %s (%s) is there twice", given.Name, given.ID)
		}
		members := []string{}
		for _, name := range given.Members {
			u := w.findUser(name)
			if u == nil {
				return fmt.Errorf("sandbox: channel %s: there is no user %q", given.Name, name)
			}
			if !slices.Contains(members, u.ID) {
				members = append(members, u.ID)
			}
		}
		given.Members = members
		w.addChannel(&channel{Channel: given})
	}
	return nil
}

// channelName is what a channel may be called: lower case of any script, digits, - and _.
var channelName = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{Lm}\p{M}\p{N}_-]{1,80}$`)

func (w *Workspace) addChannel(ch *channel) {
	w.channels[ch.ID] = ch
	w.order = append(w.order, ch.ID)
}

// findChannel gives a channel by id or name, with or without #, or nil.
func (w *Workspace) findChannel(idOrName string) *channel {
	if ch := w.channels[idOrName]; ch != nil {
		return ch
	}
	name := strings.TrimPrefix(idOrName, "#")
	for _, id := range w.order {
		if ch := w.channels[id]; !ch.IsIM && ch.Name == name && name != "" {
			return ch
		}
	}
	return nil
}

func (w *Workspace) findIM(user string) *channel {
	return w.channels[madeID("D", user)]
}

// openIM gives the direct message between the bot and a user.
func (w *Workspace) openIM(user string) *channel {
	if im := w.findIM(user); im != nil {
		return im
	}
	im := &channel{Channel: Channel{ID: madeID("D", user), Name: w.users[user].Name, IsIM: true, User: user,
		Members: []string{user, w.bot.ID}, Created: w.opts.Clock().Unix()}}
	w.addChannel(im)
	w.keepChannel(im)
	w.watch.changed()
	return im
}

// showChannel gives a channel as Slack's API shows it.
func (w *Workspace) showChannel(ch *channel) object {
	if ch.IsIM {
		return object{"id": ch.ID, "created": ch.Created, "is_im": true, "is_org_shared": false, "user": ch.User,
			"is_user_deleted": false, "is_archived": false, "is_open": true, "priority": 0, "context_team_id": TeamID}
	}
	return object{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "is_channel": !ch.IsPrivate && !ch.IsMPIM,
		"is_group": ch.IsPrivate, "is_im": false, "is_mpim": ch.IsMPIM, "is_private": ch.IsPrivate || ch.IsMPIM,
		"created": ch.Created, "creator": ch.Creator, "is_archived": false, "is_general": ch.Name == "general",
		"is_shared": false, "is_ext_shared": false, "is_org_shared": false, "is_member": ch.has(w.bot.ID),
		"num_members": len(ch.Members), "context_team_id": TeamID, "unlinked": 0,
		"topic":   object{"value": ch.Topic, "creator": "", "last_set": 0},
		"purpose": object{"value": ch.Purpose, "creator": "", "last_set": 0},
	}
}

func (ch *channel) kind() string {
	switch {
	case ch.IsIM:
		return "im"
	case ch.IsMPIM:
		return "mpim"
	case ch.IsPrivate:
		return "private_channel"
	}
	return "public_channel"
}

// visible gives a conversation that the bot may know of.
func (w *Workspace) visible(id string) (*channel, error) {
	ch := w.findChannel(id)
	if ch == nil || ch.kind() != "public_channel" && !ch.has(w.bot.ID) {
		return nil, slackErr("channel_not_found")
	}
	return ch, nil
}

func (w *Workspace) conversationsList(c *call) (object, error) {
	kinds := strings.Split(c.str("types"), ",")
	if c.str("types") == "" {
		kinds = []string{"public_channel"}
	}
	for i, k := range kinds {
		kinds[i] = strings.TrimSpace(k)
		if !slices.Contains([]string{"public_channel", "private_channel", "im", "mpim"}, kinds[i]) {
			return nil, slackErr("invalid_types")
		}
	}
	var ids []string
	for _, id := range w.order {
		ch, err := w.visible(id)
		if err == nil && slices.Contains(kinds, ch.kind()) {
			ids = append(ids, id)
		}
	}
	ids, next, err := pageOfIDs(c, ids, 100)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, id := range ids {
		list = append(list, w.showChannel(w.channels[id]))
	}
	return object{"channels": list, "response_metadata": object{"next_cursor": next}}, nil
}

func (w *Workspace) conversationsInfo(c *call) (object, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	out := w.showChannel(ch)
	if c.flag("include_locale") {
		out["locale"] = "en-US"
	}
	if !c.flag("include_num_members") {
		delete(out, "num_members")
	}
	return object{"channel": out}, nil
}

func (w *Workspace) conversationsMembers(c *call) (object, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	ids, next, err := pageOfIDs(c, ch.Members, 100)
	if err != nil {
		return nil, err
	}
	return object{"members": ids, "response_metadata": object{"next_cursor": next}}, nil
}

func (w *Workspace) conversationsJoin(c *call) (object, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if ch.kind() != "public_channel" {
		return nil, slackErr("method_not_supported_for_channel_type")
	}
	out := object{}
	if ch.has(w.bot.ID) {
		out["warning"] = "already_in_channel"
		out["response_metadata"] = object{"warnings": []string{"already_in_channel"}}
	}
	w.joined(ch, w.bot.ID, "")
	out["channel"] = w.showChannel(ch)
	return out, nil
}

// joined makes a user a member of a channel and tells the app.
func (w *Workspace) joined(ch *channel, user, inviter string) {
	if ch.has(user) {
		return
	}
	ch.Members = append(slices.Clone(ch.Members), user)
	w.keepChannel(ch)
	event := object{"type": "member_joined_channel", "user": user, "channel": ch.ID, "channel_type": channelLetter(ch), "team": TeamID}
	if inviter != "" {
		event["inviter"] = inviter
	}
	if ch.has(w.bot.ID) {
		w.emit(event)
	}
	w.watch.changed()
}

func channelLetter(ch *channel) string {
	if ch.IsPrivate {
		return "G"
	}
	return "C"
}

func (w *Workspace) conversationsInvite(c *call) (object, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if !ch.has(w.bot.ID) {
		return nil, slackErr("not_in_channel")
	}
	ids := strings.Split(c.str("users"), ",")
	for _, id := range ids {
		switch {
		case w.users[id] == nil:
			return nil, slackErr("user_not_found")
		case id == w.bot.ID:
			return nil, slackErr("cant_invite_self")
		case ch.has(id):
			return nil, slackErr("already_in_channel")
		}
	}
	for _, id := range ids {
		w.joined(ch, id, w.bot.ID)
	}
	return object{"channel": w.showChannel(ch)}, nil
}

func (w *Workspace) conversationsCreate(c *call) (object, error) {
	name := c.str("name")
	switch {
	case name == "":
		return nil, slackErr("invalid_name_required")
	case !channelName.MatchString(name):
		return nil, slackErr("invalid_name_specials")
	case w.findChannel(name) != nil:
		return nil, slackErr("name_taken")
	}
	ch := &channel{Channel: Channel{ID: newID("C"), Name: name, IsPrivate: c.flag("is_private"),
		Members: []string{w.bot.ID}, Creator: w.bot.ID, Created: w.opts.Clock().Unix()}}
	w.addChannel(ch)
	w.keepChannel(ch)
	w.watch.changed()
	return object{"channel": w.showChannel(ch)}, nil
}

func (w *Workspace) conversationsOpen(c *call) (object, error) {
	if id := c.str("channel"); id != "" {
		ch, err := w.visible(id)
		if err != nil {
			return nil, err
		}
		return w.opened(c, ch, true), nil
	}
	ids := strings.Split(c.str("users"), ",")
	for i, id := range ids {
		ids[i] = strings.TrimSpace(id)
		u := w.users[ids[i]]
		if u == nil {
			return nil, slackErr("user_not_found")
		}
		if u.IsBot {
			return nil, slackErr("cannot_dm_bot")
		}
	}
	if len(ids) > 8 {
		return nil, slackErr("too_many_users")
	}
	if len(ids) == 1 {
		already := w.findIM(ids[0]) != nil
		return w.opened(c, w.openIM(ids[0]), already), nil
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	id := madeID("G", strings.Join(ids, ","))
	ch := w.channels[id]
	already := ch != nil
	if ch == nil {
		ch = &channel{Channel: Channel{ID: id, Name: "mpdm-" + strings.ToLower(strings.Join(ids, "--")), IsMPIM: true,
			Members: append(ids, w.bot.ID), Creator: w.bot.ID, Created: w.opts.Clock().Unix()}}
		w.addChannel(ch)
		w.keepChannel(ch)
		w.watch.changed()
	}
	return w.opened(c, ch, already), nil
}

func (w *Workspace) opened(c *call, ch *channel, already bool) object {
	out := object{"channel": object{"id": ch.ID}}
	if already {
		out["no_op"], out["already_open"] = true, true
	}
	if c.flag("return_im") {
		out["channel"] = w.showChannel(ch)
	}
	return out
}

func (w *Workspace) conversationsMark(c *call) (object, error) {
	ch, err := w.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	if micros(c.str("ts")) == 0 {
		return nil, slackErr("invalid_timestamp")
	}
	w.setRead(w.bot.ID, ch.ID, c.str("ts"))
	return nil, nil
}
