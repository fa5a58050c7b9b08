package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// submit serves POST /sandbox/submit: a person sends a modal's form. What is
// missing or wrong is answered at once, without the app; what the app refuses is
// in errors as well.
func (w *Workspace) submit(r *http.Request, body []byte) (object, error) {
	var in struct {
		User   string            `json:"user"`
		ViewID string            `json:"view_id"`
		Values map[string]object `json:"values"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	v, payload, complaints, err := w.submission(where{User: in.User, ViewID: in.ViewID}, in.Values)
	if err != nil {
		return nil, err
	}
	if len(complaints) > 0 {
		return object{"ok": false, "errors": complaints}, nil
	}
	ack, took, err := w.ask(r.Context(), kindInteractive, payload)
	if err != nil {
		return nil, fmt.Errorf("sending the view %s failed: %w", v.ID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	complaints, err = w.obey(v, ack)
	if err != nil {
		return nil, err
	}
	return object{"ok": len(complaints) == 0, "errors": complaints, "ack_ms": took}, nil
}

// submission makes the view_submission payload, or says by block_id what is
// missing or wrong in the form.
func (w *Workspace) submission(at where, given map[string]object) (*view, object, map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.ViewID == "" {
		return nil, nil, nil, refuse(http.StatusBadRequest, "view_id is missing: name the open view")
	}
	s, err := w.surfaceOf(at)
	if err != nil {
		return nil, nil, nil, err
	}
	if s.view.Type != surfaceModal {
		return nil, nil, nil, refuse(http.StatusBadRequest, "%s is App Home, which is not sent", s.name)
	}
	if stack := w.stacks[s.user.ID]; stack[len(stack)-1] != s.view {
		return nil, nil, nil, refuse(http.StatusConflict, "%s is covered by another view", s.name)
	}
	if s.view.Body["submit"] == nil {
		return nil, nil, nil, refuse(http.StatusBadRequest, "%s has no submit button", s.name)
	}
	parts := w.schema.parts(s.blocks)
	if err := w.fill(s, parts, given); err != nil {
		return nil, nil, nil, err
	}
	state := stateOf(parts, s.inputs)
	complaints := map[string]string{}
	for _, p := range parts {
		if p.isInput() {
			if wrong := complain(p, state[p.blockID()][p.actionID()], languageOf(s.user.Locale)); wrong != "" {
				complaints[p.blockID()] = wrong
			}
		}
	}
	payload := w.interaction("view_submission", s.user)
	payload["trigger_id"], payload["view"], payload["response_urls"] = w.newTrigger(s.user.ID), w.showView(s.view), []any{}
	return s.view, payload, complaints, nil
}

// obey does what an acknowledgement's response_action says: without one the view
// closes. It returns the errors to show beside the inputs.
func (w *Workspace) obey(v *view, ack json.RawMessage) (map[string]string, error) {
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(ack) > 0 {
		if err := unmarshal(ack, &answer); err != nil {
			return nil, refuse(http.StatusBadGateway, "the app's acknowledgement is not a response_action: %v", err)
		}
	}
	none := map[string]string{}
	switch answer.Action {
	case "":
		if w.views[v.ID] == v {
			w.closeFrom(v)
		}
		return none, nil
	case "clear":
		for len(w.stacks[v.User]) > 0 {
			w.pop(v.User)
		}
		return none, nil
	case "errors":
		return w.refusal(v, answer.Errors)
	case "update", "push":
		return none, w.swap(v, answer.Action, answer.View)
	}
	return nil, refuse(http.StatusBadGateway, "the app answered with the response_action %q, which Slack does not have", answer.Action)
}

// closeFrom closes a view and those on top of it.
func (w *Workspace) closeFrom(v *view) {
	for slices.Contains(w.stacks[v.User], v) {
		w.pop(v.User)
	}
}

// refusal checks that each of the app's errors belongs to an input of the view.
func (w *Workspace) refusal(v *view, wrong map[string]string) (map[string]string, error) {
	if len(wrong) == 0 {
		return nil, refuse(http.StatusBadGateway, "the app answered with errors, but gave none")
	}
	for _, blockID := range slices.Sorted(maps.Keys(wrong)) {
		if !slices.ContainsFunc(blocksOf(v.Body), func(b any) bool {
			block, _ := b.(object)
			return block["type"] == "input" && block["block_id"] == blockID
		}) {
			return nil, refuse(http.StatusBadGateway, "the app gave an error for the block %q, which is no input of the view", blockID)
		}
	}
	return wrong, nil
}

// swap shows the view of an acknowledgement in place of the one that was sent,
// or on top of it.
func (w *Workspace) swap(v *view, action string, data json.RawMessage) error {
	c := &call{args: object{}}
	if value, err := parseJSON(data); err == nil {
		c.args["view"] = value
	}
	body, err := w.readView(c, surfaceModal)
	if err != nil {
		return refuse(http.StatusBadGateway, "Slack would not show the view in the app's answer: %s", explain(err))
	}
	if action == "update" {
		w.closeAbove(v)
		w.replaceView(v, body)
		return nil
	}
	if len(w.stacks[v.User]) >= w.limits.Sizes.ViewStack {
		return refuse(http.StatusBadGateway, "the app pushed a view onto %d open ones: push_limit_reached", w.limits.Sizes.ViewStack)
	}
	w.push(v.User, body)
	return nil
}

func (w *Workspace) closeAbove(v *view) {
	for {
		stack := w.stacks[v.User]
		if len(stack) == 0 || stack[len(stack)-1] == v || !slices.Contains(stack, v) {
			return
		}
		w.pop(v.User)
	}
}

// closeView serves POST /sandbox/close {"user","view_id","all"}: a person closes a
// modal, or all of them. The app hears of it where it asked to.
func (w *Workspace) closeView(r *http.Request, body []byte) (object, error) {
	var in struct {
		User   string `json:"user"`
		ViewID string `json:"view_id"`
		All    bool   `json:"all"`
	}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	payloads, err := w.closing(where{User: in.User, ViewID: in.ViewID}, in.All)
	if err != nil {
		return nil, err
	}
	var took float64
	for _, payload := range payloads {
		if _, took, err = w.ask(r.Context(), kindInteractive, payload); err != nil {
			return nil, fmt.Errorf("the view is closed, but the app was not told: %w", err)
		}
	}
	return object{"ack_ms": took}, nil
}

// closing closes a modal, those on top of it, and with all those below, and
// makes the view_closed payloads that the app asked for.
func (w *Workspace) closing(at where, all bool) ([]object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.ViewID == "" {
		return nil, refuse(http.StatusBadRequest, "view_id is missing: name the open view")
	}
	s, err := w.surfaceOf(at)
	if err != nil {
		return nil, err
	}
	if s.view.Type != surfaceModal {
		return nil, refuse(http.StatusBadRequest, "%s is App Home, which is not closed", s.name)
	}
	all = all || s.view.Body["clear_on_close"] == true
	var payloads []object
	for stack := w.stacks[s.user.ID]; len(stack) > 0 && (all || slices.Contains(stack, s.view)); stack = w.stacks[s.user.ID] {
		top := stack[len(stack)-1]
		if top.Body["notify_on_close"] == true {
			payload := w.interaction("view_closed", s.user)
			payload["view"], payload["is_cleared"] = w.showView(top), all
			payloads = append(payloads, payload)
		}
		w.pop(s.user.ID)
	}
	return payloads, nil
}
