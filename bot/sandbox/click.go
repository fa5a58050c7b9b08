package sandbox

import (
	"fmt"
	"net/http"
	"slices"
)

// where names the message or view that a script acts on.
type where struct {
	User    string `json:"user"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	ViewID  string `json:"view_id"`
}

// surface is the message or view that somebody acts on.
type surface struct {
	user    *User
	channel *channel // of a message
	message *message
	view    *view
	blocks  []any
	inputs  values
	name    string // for errors
}

// clicked is the body of a click.
type clicked struct {
	where
	ActionID string            `json:"action_id"`
	BlockID  string            `json:"block_id"`
	State    map[string]object `json:"state"` // block_id, action_id, value of other elements, as the page has them
}

// click serves POST /sandbox/click: a person presses a button or chooses from a
// menu. It is answered when the app has acknowledged.
func (w *Workspace) click(r *http.Request, body []byte) (object, error) {
	var in clicked
	var raw object
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if err := decode(body, &raw); err != nil {
		return nil, err
	}
	payload, err := w.clickPayload(r.Host, in, raw)
	if err != nil {
		return nil, err
	}
	if payload == nil {
		return object{"ack_ms": 0, "dispatched": false}, nil
	}
	_, took, err := w.ask(r.Context(), kindInteractive, payload)
	if err != nil {
		return nil, fmt.Errorf("the click on %s failed: %w", in.ActionID, err)
	}
	return object{"ack_ms": took}, nil
}

// clickPayload makes the block_actions payload of a click, or none where an
// input only takes note of its value until the form is sent.
func (w *Workspace) clickPayload(host string, in clicked, raw object) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.surfaceOf(in.where)
	if err != nil {
		return nil, err
	}
	if in.ActionID == "" {
		return nil, refuse(http.StatusBadRequest, "action_id is missing: name the button or menu")
	}
	parts := w.schema.parts(s.blocks)
	p, err := pressed(parts, in, raw, s.name)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "%v", err)
	}
	if err := w.fill(s, parts, in.State); err != nil {
		return nil, err
	}
	action, err := w.action(s, p, raw)
	if err != nil {
		return nil, err
	}
	if p.isInput() && p.block["dispatch_action"] != true {
		return nil, nil
	}
	payload := w.interaction("block_actions", s.user)
	payload["trigger_id"] = w.newTrigger(s.user.ID)
	payload["actions"] = []object{action}
	w.addSurface(payload, host, s)
	return payload, nil
}

// surfaceOf finds the message or view that a person means and can see.
func (w *Workspace) surfaceOf(at where) (surface, error) {
	u, err := w.person(at.User)
	if err != nil {
		return surface{}, err
	}
	if at.ViewID != "" {
		v := w.views[at.ViewID]
		if v == nil || v.User != u.ID {
			return surface{}, refuse(http.StatusNotFound, "%s has no open view %s", u.Name, at.ViewID)
		}
		return surface{user: u, view: v, blocks: blocksOf(v.Body), inputs: v.inputs, name: "the view " + v.ID}, nil
	}
	ch, err := w.place(u, at.Channel)
	if err != nil {
		return surface{}, err
	}
	m := ch.find(at.TS)
	if m == nil || m.EphemeralTo != "" && m.EphemeralTo != u.ID {
		return surface{}, refuse(http.StatusNotFound, "there is no message %s in %s that %s can see", at.TS, ch.ID, u.Name)
	}
	key := inputsKey(m) + "|" + u.ID
	if w.inputs[key] == nil {
		w.inputs[key] = values{}
	}
	blocks := slices.Clone(m.Blocks)
	for _, a := range m.Attachments {
		if attachment, ok := a.(object); ok {
			blocks = append(blocks, blocksOf(attachment)...)
		}
	}
	return surface{user: u, channel: ch, message: m, blocks: blocks, inputs: w.inputs[key],
		name: "the message " + m.TS + " in " + ch.ID}, nil
}

func inputsKey(m *message) string { return m.Channel + "|" + m.TS }

// pressed finds the element that was clicked. Where several have the action_id,
// the value tells them apart.
func pressed(parts []part, in clicked, raw object, name string) (part, error) {
	p, err := findPart(parts, in.BlockID, in.ActionID, name)
	if err != nil {
		return p, err
	}
	value, given := raw["value"].(string)
	if !given || p.kind() != "button" && p.kind() != "icon_button" || text(p.element["value"]) == value {
		return p, nil
	}
	for _, other := range parts {
		if other.actionID() == in.ActionID && (in.BlockID == "" || other.blockID() == in.BlockID) && text(other.element["value"]) == value {
			return other, nil
		}
	}
	return p, fmt.Errorf("%s has no button %s with the value %q", name, in.ActionID, value)
}

// fill takes note of what a person has put into other elements.
func (w *Workspace) fill(s surface, parts []part, state map[string]object) error {
	for blockID, actions := range state {
		for actionID, v := range actions {
			p, err := findPart(parts, blockID, actionID, s.name)
			if err != nil {
				return refuse(http.StatusNotFound, "%v", err)
			}
			in, ok := v.(object)
			if !ok {
				in = object{"value": v}
			}
			if isButton(p.kind()) {
				continue
			}
			value, err := w.given(p.element, in, w.suggested[suggestKey(s.user.ID, actionID)])
			if err != nil {
				return refuse(http.StatusBadRequest, "%s: %v", actionID, err)
			}
			s.inputs.set(blockID, actionID, value)
		}
	}
	return nil
}

// copied lists the fields of an element that its action repeats.
var copied = []string{"text", "style", "url", "confirm", "placeholder", "initial_option", "initial_options", "initial_user",
	"initial_users", "initial_conversation", "initial_channel", "initial_date", "initial_time", "initial_date_time"}

// action makes the entry of a payload's actions, and takes note of a value.
func (w *Workspace) action(s surface, p part, raw object) (object, error) {
	out := object{"type": p.kind(), "action_id": p.actionID(), "block_id": p.blockID(), "action_ts": w.nextTS()}
	for _, key := range copied {
		if v, ok := p.element[key]; ok && (key != "url" || p.kind() != "button") {
			out[key] = v
		}
	}
	switch p.kind() {
	case "button", "icon_button":
		if v, ok := p.element["value"]; ok {
			out["value"] = v
		}
		return out, nil
	case "feedback_buttons":
		for _, side := range []string{"positive_button", "negative_button"} {
			if b, _ := p.element[side].(object); b != nil && (raw["value"] == nil || text(b["value"]) == text(raw["value"])) {
				out["value"], out["text"] = b["value"], b["text"]
				return out, nil
			}
		}
		return nil, refuse(http.StatusBadRequest, "%s has no button with the value %q", p.actionID(), text(raw["value"]))
	}
	value, err := w.given(p.element, raw, w.suggested[suggestKey(s.user.ID, p.actionID())])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%s: %v", p.actionID(), err)
	}
	if p.kind() == "overflow" && isEmpty(value) {
		return nil, refuse(http.StatusBadRequest, "%s is a menu; say which with selected_option", p.actionID())
	}
	name := field(p.kind())
	out[name] = value[name]
	if !isButton(p.kind()) {
		s.inputs.set(p.blockID(), p.actionID(), value)
	}
	return out, nil
}

// interaction begins the payload of something that a person did.
func (w *Workspace) interaction(kind string, u *User) object {
	return object{
		"type": kind, "token": "sandbox", "api_app_id": AppID, "enterprise": nil, "is_enterprise_install": false,
		"team": object{"id": TeamID, "domain": w.domain()},
		"user": object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": TeamID},
	}
}

// addSurface says in a payload where something was done, and with what state.
func (w *Workspace) addSurface(payload object, host string, s surface) {
	if s.view != nil {
		payload["view"] = w.showView(s.view)
		payload["container"] = object{"type": "view", "view_id": s.view.ID}
		return
	}
	container := object{"type": "message", "message_ts": s.message.TS, "channel_id": s.channel.ID,
		"is_ephemeral": s.message.EphemeralTo != ""}
	if s.message.ThreadTS != "" {
		container["thread_ts"] = s.message.ThreadTS
	}
	payload["container"] = container
	payload["channel"] = object{"id": s.channel.ID, "name": commandPlace(s.channel)}
	payload["message"] = w.show(s.channel, s.message, true)
	payload["state"] = object{"values": stateOf(w.schema.parts(s.blocks), s.inputs)}
	payload["response_url"] = w.newResponseURL(host, s.user.ID, s.channel.ID, s.message)
}

func suggestKey(user, actionID string) string { return user + "|" + actionID }

// options serves POST /sandbox/options {…,"action_id","block_id","value"}: what the
// app offers in an external select for what a person has typed so far.
func (w *Workspace) options(r *http.Request, body []byte) (object, error) {
	var in struct {
		clicked
		Value string `json:"value"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	payload, err := w.suggestionPayload(in.clicked, in.Value)
	if err != nil {
		return nil, err
	}
	ack, took, err := w.ask(r.Context(), kindInteractive, payload)
	if err != nil {
		return nil, fmt.Errorf("the options of %s failed: %w", in.ActionID, err)
	}
	value, err := parseJSON(ack)
	answer, ok := value.(object)
	if err != nil || !ok {
		return nil, refuse(http.StatusBadGateway, "the app's answer is not an object with options: %s", ack)
	}
	list, _ := answer["options"].([]any)
	if groups, ok := answer["option_groups"].([]any); ok {
		list = groups
	}
	if problems := w.checkSuggestions(answer); len(problems) > 0 {
		return nil, refuse(http.StatusBadGateway, "Slack would not show the app's options: %v", problems)
	}
	w.mu.Lock()
	if u := w.findUser(in.User); u != nil {
		w.suggested[suggestKey(u.ID, in.ActionID)] = list
	}
	w.mu.Unlock()
	return object{"ack_ms": took, "options": answer["options"], "option_groups": answer["option_groups"]}, nil
}

func (w *Workspace) checkSuggestions(answer object) []string {
	c := &checker{schema: w.schema, surface: surfaceModal, blockIDs: map[string]bool{}, actions: map[string]bool{}}
	form := w.schema.Elements["static_select"]
	for _, name := range []string{"options", "option_groups"} {
		list, given := answer[name]
		if items, _ := list.([]any); given && list != nil && len(items) > 0 {
			c.value("/"+name, list, form.Fields[name], 0)
		}
	}
	return c.problems
}

func (w *Workspace) suggestionPayload(in clicked, typed string) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.surfaceOf(in.where)
	if err != nil {
		return nil, err
	}
	p, err := findPart(w.schema.parts(s.blocks), in.BlockID, in.ActionID, s.name)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "%v", err)
	}
	if p.kind() != "external_select" && p.kind() != "multi_external_select" {
		return nil, refuse(http.StatusBadRequest, "%s is a %s; only external selects ask the app for options", in.ActionID, p.kind())
	}
	payload := w.interaction("block_suggestion", s.user)
	payload["action_id"], payload["block_id"], payload["value"] = p.actionID(), p.blockID(), typed
	w.addSurface(payload, "", s)
	delete(payload, "response_url")
	return payload, nil
}

// shortcut serves POST /sandbox/shortcut {"user","callback_id"} and, for one on a
// message, "channel" and "ts".
func (w *Workspace) shortcut(r *http.Request, body []byte) (object, error) {
	var in struct {
		where
		CallbackID string `json:"callback_id"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	payload, err := w.shortcutPayload(r.Host, in.where, in.CallbackID)
	if err != nil {
		return nil, err
	}
	_, took, err := w.ask(r.Context(), kindInteractive, payload)
	if err != nil {
		return nil, fmt.Errorf("the shortcut %s failed: %w", in.CallbackID, err)
	}
	return object{"ack_ms": took}, nil
}

func (w *Workspace) shortcutPayload(host string, at where, callbackID string) (object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if callbackID == "" {
		return nil, refuse(http.StatusBadRequest, "callback_id is missing: name the shortcut")
	}
	u, err := w.person(at.User)
	if err != nil {
		return nil, err
	}
	payload := w.interaction("shortcut", u)
	if at.TS != "" {
		s, err := w.surfaceOf(where{User: at.User, Channel: at.Channel, TS: at.TS})
		if err != nil {
			return nil, err
		}
		payload = w.interaction("message_action", u)
		w.addSurface(payload, host, s)
		payload["message_ts"] = s.message.TS
	}
	payload["callback_id"], payload["action_ts"], payload["trigger_id"] = callbackID, w.nextTS(), w.newTrigger(u.ID)
	return payload, nil
}
