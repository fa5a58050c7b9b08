package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// view is an open modal or a person's App Home.
type view struct {
	ID       string `json:"id"`
	User     string `json:"user"`
	Type     string `json:"type"` // modal or home
	Body     object `json:"body"` // what the app sent
	Hash     string `json:"hash"`
	root     *view
	previous *view
	inputs   values
}

// trigger is the right to open one view for a person within a few seconds.
type trigger struct {
	user    string
	expires time.Time // real time
	used    bool
	opened  string // the id of the view that was opened with it
}

// newTrigger makes a trigger_id for something that a person has just done.
func (w *Workspace) newTrigger(user string) string {
	id := fmt.Sprintf("%d.%s.%s", w.real.Now().UnixMilli(), strings.ToLower(rand.Text()[:8]), strings.ToLower(rand.Text()))
	w.triggers[id] = &trigger{user: user, expires: w.real.Now().Add(w.opts.Timing.Trigger)}
	return id
}

// useTrigger takes the trigger of a call, or says in Slack's words why it does not count.
func (w *Workspace) useTrigger(c *call) (*trigger, error) {
	id := c.str("trigger_id")
	if id == "" {
		id = c.str("interactivity_pointer")
	}
	t := w.triggers[id]
	switch {
	case id == "":
		return nil, invalidArguments("[ERROR] missing required field: trigger_id [json-pointer:/trigger_id]")
	case t == nil:
		return nil, slackErr("invalid_trigger_id")
	case t.used:
		return nil, slackErr("exchanged_trigger_id")
	case w.real.Now().After(t.expires):
		return nil, slackErr("expired_trigger_id")
	}
	return t, nil
}

// triggerMemory is how long an old trigger is told from one that never was.
const triggerMemory = 10 * time.Minute

// forgetExpired drops triggers and response addresses that are long over.
func (w *Workspace) forgetExpired() {
	now := w.real.Now()
	maps.DeleteFunc(w.triggers, func(_ string, t *trigger) bool { return now.Sub(t.expires) > triggerMemory })
	maps.DeleteFunc(w.responses, func(_ string, r *responseURL) bool { return now.Sub(r.expires) > triggerMemory })
}

func (w *Workspace) viewsOpen(c *call) (object, error) {
	t, err := w.useTrigger(c)
	if err != nil {
		return nil, err
	}
	body, err := w.readView(c, surfaceModal)
	if err != nil {
		return nil, err
	}
	if err := w.freeExternalID(body, ""); err != nil {
		return nil, err
	}
	t.used = true
	for len(w.stacks[t.user]) > 0 {
		w.pop(t.user)
	}
	v := w.push(t.user, body)
	t.opened = v.ID
	w.viewOpened(c.str("trigger_id"))
	return object{"view": w.showView(v)}, nil
}

func (w *Workspace) viewsPush(c *call) (object, error) {
	t, err := w.useTrigger(c)
	if err != nil {
		return nil, err
	}
	stack := w.stacks[t.user]
	if len(stack) == 0 {
		return nil, slackErr("not_found")
	}
	if len(stack) >= w.limits.Sizes.ViewStack {
		return nil, slackErr("push_limit_reached")
	}
	body, err := w.readView(c, surfaceModal)
	if err != nil {
		return nil, err
	}
	if err := w.freeExternalID(body, ""); err != nil {
		return nil, err
	}
	t.used = true
	v := w.push(t.user, body)
	t.opened = v.ID
	w.viewOpened(c.str("trigger_id"))
	return object{"view": w.showView(v)}, nil
}

// push opens a modal on top of those that a user has open.
func (w *Workspace) push(user string, body object) *view {
	v := &view{ID: newID("V"), User: user, Type: surfaceModal, Body: body, Hash: w.newHash(), inputs: values{}}
	v.root = v
	if stack := w.stacks[user]; len(stack) > 0 {
		v.previous = stack[len(stack)-1]
		v.root = v.previous.root
	}
	w.stacks[user] = append(w.stacks[user], v)
	w.views[v.ID] = v
	w.watch.changed()
	return v
}

// pop closes the topmost modal of a user.
func (w *Workspace) pop(user string) {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return
	}
	top := stack[len(stack)-1]
	delete(w.views, top.ID)
	w.stacks[user] = stack[:len(stack)-1]
	if len(stack) == 1 {
		delete(w.stacks, user)
	}
	w.watch.changed()
}

func (w *Workspace) viewsUpdate(c *call) (object, error) {
	v := w.views[c.str("view_id")]
	if external := c.str("external_id"); v == nil && external != "" {
		v = w.viewByExternalID(external)
	}
	if v == nil {
		return nil, slackErr("not_found")
	}
	if hash := c.str("hash"); hash != "" && hash != v.Hash {
		return nil, slackErr("hash_conflict")
	}
	body, err := w.readView(c, v.Type)
	if err != nil {
		return nil, err
	}
	if err := w.freeExternalID(body, v.ID); err != nil {
		return nil, err
	}
	w.replaceView(v, body)
	return object{"view": w.showView(v)}, nil
}

// replaceView gives a view new content. What people have put into elements that
// are still there stays, as it does in Slack.
func (w *Workspace) replaceView(v *view, body object) {
	v.Body, v.Hash = body, w.newHash()
	kept := values{}
	for _, p := range w.schema.parts(blocksOf(body)) {
		if value, ok := v.inputs[p.blockID()][p.actionID()]; ok && value["type"] == p.kind() {
			kept.set(p.blockID(), p.actionID(), value)
		}
	}
	v.inputs = kept
	if v.Type == surfaceHome {
		w.keepHome(v)
	}
	w.watch.changed()
}

func (w *Workspace) viewsPublish(c *call) (object, error) {
	user := w.users[c.str("user_id")]
	if user == nil || user.IsBot {
		return nil, slackErr("user_not_found")
	}
	v := w.homes[user.ID]
	if hash := c.str("hash"); hash != "" && v != nil && hash != v.Hash {
		return nil, slackErr("hash_conflict")
	}
	body, err := w.readView(c, surfaceHome)
	if err != nil {
		return nil, err
	}
	if v == nil {
		v = &view{ID: newID("V"), User: user.ID, Type: surfaceHome, inputs: values{}}
		v.root = v
		w.homes[user.ID], w.views[v.ID] = v, v
	}
	w.replaceView(v, body)
	return object{"view": w.showView(v)}, nil
}

func (w *Workspace) viewByExternalID(id string) *view {
	for _, v := range w.views {
		if text(v.Body["external_id"]) == id {
			return v
		}
	}
	return nil
}

func (w *Workspace) freeExternalID(body object, own string) error {
	id := text(body["external_id"])
	if v := w.viewByExternalID(id); id != "" && v != nil && v.ID != own {
		return slackErr("duplicate_external_id")
	}
	return nil
}

func (w *Workspace) newHash() string {
	return fmt.Sprintf("%d.%s", w.opts.Clock().Unix(), rand.Text()[:8])
}

// readView reads and checks the argument view of a call.
func (w *Workspace) readView(c *call, surface string) (object, error) {
	v, given, err := c.structured("view")
	if err != nil || !given {
		return nil, invalidArguments("[ERROR] missing required field: view [json-pointer:/view]")
	}
	body, ok := v.(object)
	if !ok {
		return nil, invalidArguments("[ERROR] must be an object [json-pointer:/view]")
	}
	if problems := w.checkView(body, surface); len(problems) > 0 {
		return nil, invalidArguments(problems...)
	}
	if data, err := json.Marshal(body); err != nil || len(data) > w.limits.Sizes.ViewBytes {
		return nil, slackErr("view_too_large")
	}
	w.nameParts(blocksOf(body))
	return body, nil
}

// checkView returns what Slack would refuse in a view.
func (w *Workspace) checkView(body object, surface string) []string {
	if kind := text(body["type"]); kind != surface {
		return []string{fmt.Sprintf("[ERROR] must be %s, not %q [json-pointer:/view/type]", surface, kind)}
	}
	problems := w.schema.checkObject(surface, "/view", surface, body)
	blocks, ok := body["blocks"].([]any)
	if !ok {
		return append(problems, "[ERROR] must be an array [json-pointer:/view/blocks]")
	}
	if n := w.limits.Sizes.ViewBlocks; len(blocks) > n {
		return append(problems, fmt.Sprintf("[ERROR] no more than %d items allowed [json-pointer:/view/blocks]", n))
	}
	problems = append(problems, w.schema.checkBlocks(surface, "/view/blocks", blocks)...)
	if surface == surfaceModal && body["submit"] == nil && slices.ContainsFunc(blocks, func(b any) bool {
		block, _ := b.(object)
		return block["type"] == "input"
	}) {
		problems = append(problems, "[ERROR] missing required field: submit, which a view with inputs needs [json-pointer:/view/submit]")
	}
	return problems
}

func blocksOf(body object) []any {
	blocks, _ := body["blocks"].([]any)
	return blocks
}

// showView gives a view as Slack's API and payloads show it.
func (w *Workspace) showView(v *view) object {
	out := object{
		"id": v.ID, "team_id": TeamID, "type": v.Type, "private_metadata": "", "callback_id": "", "external_id": "",
		"hash": v.Hash, "title": nil, "submit": nil, "close": nil, "clear_on_close": false, "notify_on_close": false,
		"root_view_id": v.ID, "previous_view_id": nil, "app_id": AppID, "bot_id": BotID, "app_installed_team_id": TeamID,
	}
	if v.root != nil {
		out["root_view_id"] = v.root.ID
	}
	if v.previous != nil {
		out["previous_view_id"] = v.previous.ID
	}
	for key, value := range v.Body {
		out[key] = value
	}
	out["state"] = object{"values": stateOf(w.schema.parts(blocksOf(v.Body)), v.inputs)}
	return out
}
