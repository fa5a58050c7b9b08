package sandbox

import (
	"encoding/json"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// values are what people have put into the elements of a message or view:
// block_id, action_id, and the element's part of a payload's state.
type values map[string]map[string]object

func (v values) set(block, action string, value object) {
	if v[block] == nil {
		v[block] = map[string]object{}
	}
	v[block][action] = value
}

// part is an interactive element with the block that it stands in.
type part struct {
	block   object
	element object
}

func (p part) blockID() string  { return text(p.block["block_id"]) }
func (p part) actionID() string { return text(p.element["action_id"]) }
func (p part) kind() string     { return text(p.element["type"]) }

// isInput tells whether the element stands in an input block, whose value waits
// for the form to be sent.
func (p part) isInput() bool { return p.block["type"] == "input" }

// parts lists every interactive element in blocks, however deep.
func (s *schema) parts(blocks []any) []part {
	var out []part
	var walk func(v any, block object)
	walk = func(v any, block object) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item, block)
			}
		case object:
			kind, _ := v["type"].(string)
			if form := s.Elements[kind]; form != nil && form.Interactive && v["action_id"] != nil {
				out = append(out, part{block, v})
				return
			}
			if v["block_id"] != nil && s.Blocks[kind] != nil {
				block = v
			}
			for _, item := range v {
				switch item.(type) {
				case []any, object:
					walk(item, block)
				}
			}
		}
	}
	for _, b := range blocks {
		walk(b, nil)
	}
	return out
}

// field gives the name under which a kind of element carries its value.
func field(kind string) string {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow":
		return "selected_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options"
	case "users_select":
		return "selected_user"
	case "multi_users_select":
		return "selected_users"
	case "conversations_select":
		return "selected_conversation"
	case "multi_conversations_select":
		return "selected_conversations"
	case "channels_select":
		return "selected_channel"
	case "multi_channels_select":
		return "selected_channels"
	case "datepicker":
		return "selected_date"
	case "timepicker":
		return "selected_time"
	case "datetimepicker":
		return "selected_date_time"
	case "rich_text_input":
		return "rich_text_value"
	case "file_input":
		return "files"
	}
	return "value"
}

// isButton tells whether an element acts when pressed and holds no value.
func isButton(kind string) bool {
	return kind == "button" || kind == "icon_button" || kind == "feedback_buttons" || kind == "overflow"
}

// initial gives an element's value before anybody has touched it, nil inside if none.
func initial(element object) object {
	kind := text(element["type"])
	name := field(kind)
	out := object{"type": kind}
	switch source := "initial_" + strings.TrimPrefix(name, "selected_"); {
	case element[source] != nil:
		out[name] = element[source]
	case name == "value" || name == "rich_text_value":
		out[name] = element["initial_value"]
	case strings.HasSuffix(name, "s"):
		out[name] = []any{}
	default:
		out[name] = nil
	}
	return out
}

// given reads a value for an element from what a script or the page sent. An
// option may be named by its value alone. suggested are the options last
// offered for an external select.
func (w *Workspace) given(element, in object, suggested []any) (object, error) {
	kind := text(element["type"])
	name := field(kind)
	v, ok := in[name]
	if !ok && in["value"] != nil {
		v = in["value"]
	}
	out := object{"type": kind}
	if v == nil || v == "" {
		return cleared(kind, name), nil
	}
	offered := optionsOf(element)
	if strings.Contains(kind, "external_select") {
		offered = optionsOf(object{"options": suggested, "option_groups": suggested})
	}
	switch name {
	case "selected_option":
		o, err := choose(offered, v, kind)
		if err != nil {
			return nil, err
		}
		out[name] = o
	case "selected_options":
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		chosen := []any{}
		for _, item := range list {
			o, err := choose(offered, item, kind)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, o)
		}
		out[name] = chosen
	default:
		clean, err := w.plain(kind, name, v)
		if err != nil {
			return nil, err
		}
		out[name] = clean
	}
	return out, nil
}

// cleared gives the value of an element that holds none.
func cleared(kind, name string) object {
	if strings.HasSuffix(name, "s") {
		return object{"type": kind, name: []any{}}
	}
	return object{"type": kind, name: nil}
}

// choose finds the option that was named among those offered. An external
// select may name one in full that is not remembered here.
func choose(offered []object, v any, kind string) (object, error) {
	want := text(v)
	o, isObject := v.(object)
	if isObject {
		want = text(o["value"])
	}
	for _, option := range offered {
		if text(option["value"]) == want {
			return option, nil
		}
	}
	if isObject && o["text"] != nil && strings.Contains(kind, "external_select") {
		return o, nil
	}
	known := make([]string, 0, len(offered))
	for _, option := range offered {
		known = append(known, strconv.Quote(text(option["value"])))
	}
	return nil, fmt.Errorf("%q is not an option of this %s; it offers %s", want, kind, strings.Join(known, ", "))
}

// plain checks a value that is not an option: who or where it names must exist,
// and dates and times must be ones.
func (w *Workspace) plain(kind, name string, v any) (any, error) {
	switch name {
	case "selected_user", "selected_conversation", "selected_channel":
		return w.named(name, text(v))
	case "selected_users", "selected_conversations", "selected_channels":
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		out := []any{}
		for _, item := range list {
			id, err := w.named(strings.TrimSuffix(name, "s"), text(item))
			if err != nil {
				return nil, err
			}
			out = append(out, id)
		}
		return out, nil
	case "selected_date":
		if _, err := time.Parse(time.DateOnly, text(v)); err != nil {
			return nil, fmt.Errorf("%q is not a date written as YYYY-MM-DD", text(v))
		}
	case "selected_time":
		if _, err := time.Parse("15:04", text(v)); err != nil {
			return nil, fmt.Errorf("%q is not a time written as HH:mm", text(v))
		}
	case "selected_date_time":
		n, err := strconv.ParseInt(text(v), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a time in Unix seconds", text(v))
		}
		return n, nil
	case "rich_text_value":
		if _, ok := v.(object); !ok {
			return nil, fmt.Errorf("a rich_text_input takes a rich_text block")
		}
		return v, nil
	case "files":
		return v, nil
	}
	switch v.(type) {
	case string, json.Number:
		return text(v), nil
	}
	return nil, fmt.Errorf("a %s takes a string", kind)
}

// named resolves a user or conversation by id or name.
func (w *Workspace) named(name, id string) (any, error) {
	if name == "selected_user" {
		if u := w.findUser(id); u != nil {
			return u.ID, nil
		}
		return nil, fmt.Errorf("there is no user %q", id)
	}
	if ch := w.findChannel(id); ch != nil {
		return ch.ID, nil
	}
	return nil, fmt.Errorf("there is no channel %q", id)
}

// isEmpty tells whether an element's value is no value.
func isEmpty(value object) bool {
	switch v := value[field(text(value["type"]))].(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// complain says what Slack's form would say about a value, "" if nothing.
func complain(p part, value object, in language) string {
	if isEmpty(value) {
		if p.block["optional"] == true {
			return ""
		}
		return in.say("required")
	}
	s := text(value["value"])
	n := utf8.RuneCountInString(s)
	low, high := integer(p.element["min_length"], 0), integer(p.element["max_length"], 3000)
	switch p.kind() {
	case "plain_text_input":
		if n < low {
			return in.say("short", low)
		}
		if n > high {
			return in.say("long", high)
		}
	case "email_text_input":
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
			return in.say("email")
		}
	case "url_text_input":
		if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" {
			return in.say("url")
		}
	case "number_input":
		return complainNumber(p.element, s, in)
	}
	if most := integer(p.element["max_selected_items"], 0); most > 0 {
		if list, _ := value[field(p.kind())].([]any); len(list) > most {
			return in.say("many", most)
		}
	}
	return ""
}

func complainNumber(element object, s string, in language) string {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return in.say("number")
	}
	if element["is_decimal_allowed"] != true && strings.ContainsAny(s, ".eE") {
		return in.say("whole")
	}
	if low, err := strconv.ParseFloat(text(element["min_value"]), 64); err == nil && n < low {
		return in.say("least", text(element["min_value"]))
	}
	if high, err := strconv.ParseFloat(text(element["max_value"]), 64); err == nil && n > high {
		return in.say("most", text(element["max_value"]))
	}
	return ""
}

func integer(v any, fallback int) int {
	n, err := strconv.Atoi(text(v))
	if err != nil {
		return fallback
	}
	return n
}

// stateOf gives the state.values of a payload: what was put in, and the initial
// values of everything else that holds one.
func stateOf(parts []part, put values) values {
	out := values{}
	for _, p := range parts {
		if isButton(p.kind()) {
			continue
		}
		value, ok := put[p.blockID()][p.actionID()]
		if !ok || value["type"] != p.kind() {
			value = initial(p.element)
		}
		out.set(p.blockID(), p.actionID(), value)
	}
	return out
}

// findPart gives the element with an action_id, and a block_id where one is
// given; when there is none, the error lists what there is.
func findPart(parts []part, blockID, actionID, where string) (part, error) {
	var known []string
	for _, p := range parts {
		if p.actionID() == actionID && (blockID == "" || p.blockID() == blockID) {
			return p, nil
		}
		known = append(known, p.actionID())
	}
	slices.Sort(known)
	there := "none"
	if len(known) > 0 {
		there = strings.Join(known, ", ")
	}
	name := actionID
	if blockID != "" {
		name += " in block " + blockID
	}
	return part{}, fmt.Errorf("%s has no action %s; its actions are: %s", where, name, there)
}
