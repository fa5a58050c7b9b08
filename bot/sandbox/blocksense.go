package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What follows checks how the parts of a block go together, which a list of
// fields cannot say.

// blockSense checks one block as a whole.
func (c *checker) blockSense(at, kind string, fields object) {
	switch kind {
	case "table", "data_table":
		c.evenRows(at+"/rows", fields["rows"])
	case "container":
		if fields["default_collapsed"] == true && fields["is_collapsible"] != true {
			c.fail(at+"/default_collapsed", "requires is_collapsible")
		}
		if fields["has_header_divider"] == true && fields["is_collapsible"] == true {
			c.fail(at+"/has_header_divider", "is not available for a collapsible container")
		}
	case "input":
		if element, ok := fields["element"].(object); ok && element["type"] == "file_input" && c.surface != surfaceModal {
			c.fail(at+"/element", "file_input is only available in a modal")
		}
	}
}

// evenRows checks that all rows of a table have as many cells as the first.
func (c *checker) evenRows(at string, v any) {
	rows, _ := v.([]any)
	width := -1
	for i, r := range rows {
		cells, _ := r.([]any)
		if width < 0 {
			width = len(cells)
		}
		if len(cells) != width {
			c.fail(fmt.Sprintf("%s/%d", at, i), "must have %d cells like the first row", width)
		}
	}
}

// elementSense checks one element as a whole: what is chosen at first must be
// among what can be chosen, and options are told apart by their values.
func (c *checker) elementSense(at, kind string, fields object) {
	if fields["options"] != nil && fields["option_groups"] != nil {
		c.fail(at, "only one of options and option_groups is allowed")
	}
	offered := optionsOf(fields)
	if kind == "external_select" || kind == "multi_external_select" {
		return
	}
	if initial, ok := fields["initial_option"].(object); ok && !offers(offered, initial) {
		c.fail(at+"/initial_option", "must be one of the options")
	}
	chosen, _ := fields["initial_options"].([]any)
	for i, o := range chosen {
		if initial, ok := o.(object); ok && !offers(offered, initial) {
			c.fail(fmt.Sprintf("%s/initial_options/%d", at, i), "must be one of the options")
		}
	}
}

// offers tells whether an option is among those offered, text included, as
// Slack asks of what is chosen at first.
func offers(offered []object, o object) bool {
	label := func(o object) string { t, _ := o["text"].(object); return text(t["text"]) }
	return slices.ContainsFunc(offered, func(x object) bool {
		return text(x["value"]) == text(o["value"]) && label(x) == label(o)
	})
}

// optionsOf lists an element's options, those in groups included.
func optionsOf(element object) []object {
	var out []object
	add := func(v any) {
		items, _ := v.([]any)
		for _, item := range items {
			if o, ok := item.(object); ok {
				out = append(out, o)
			}
		}
	}
	add(element["options"])
	groups, _ := element["option_groups"].([]any)
	for _, g := range groups {
		if group, ok := g.(object); ok {
			add(group["options"])
		}
	}
	return out
}

// contextValue checks an item of a context block: an image or a text.
func (c *checker) contextValue(at string, v any, depth int) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	if fields["type"] == "image" {
		c.element(at, v, []string{"image"}, depth)
		return
	}
	one, most := 1, 3000
	c.textValue(at, v, &rule{Is: "text", Min: &one, Max: &most})
}

// richText lists what may stand inside each kind of rich text.
var richText = map[string][]string{
	"rich_text_list": {"rich_text_section"},
	"rich_text_section": {"text", "link", "user", "usergroup", "channel", "emoji", "date", "broadcast", "color", "team", "tag",
		"attachment_mention", "canvas", "file", "list_record", "message_mention", "work_object_mention", "workflow_mention"},
	"rich_text_quote":        {"text", "link", "user", "usergroup", "channel", "emoji", "date", "broadcast", "color", "team"},
	"rich_text_preformatted": {"text", "link"},
}

// richNeeds lists the field that each inline part of rich text must have.
var richNeeds = map[string]string{
	"text": "text", "link": "url", "user": "user_id", "usergroup": "usergroup_id", "channel": "channel_id",
	"emoji": "name", "date": "timestamp", "broadcast": "range", "color": "value", "team": "team_id",
}

// richValue checks rich text, from its sections down to the inline parts.
func (c *checker) richValue(at string, v any, allowed []string, depth int) {
	if depth > maxNesting {
		c.fail(at, "nested too deeply")
		return
	}
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	kind, _ := fields["type"].(string)
	if !slices.Contains(allowed, kind) {
		c.fail(at+"/type", "unsupported type: %s", kind)
		return
	}
	inside, nested := richText[kind]
	if !nested {
		if need := richNeeds[kind]; need != "" && fields[need] == nil {
			c.fail(at, "missing required field: %s", need)
		}
		if s, ok := fields["text"].(string); kind == "text" && (!ok || s == "") {
			c.fail(at+"/text", "must be more than 0 characters")
		}
		return
	}
	if kind == "rich_text_list" && fields["style"] != "bullet" && fields["style"] != "ordered" {
		c.fail(at+"/style", "must be one of: bullet, ordered")
	}
	items, ok := fields["elements"].([]any)
	if !ok {
		c.fail(at, "missing required field: elements")
		return
	}
	for i, item := range items {
		c.richValue(fmt.Sprintf("%s/elements/%d", at, i), item, inside, depth+1)
	}
}

// cellValue checks a cell of a table.
func (c *checker) cellValue(at string, v any, allowed []string, depth int) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	kind, _ := fields["type"].(string)
	if !slices.Contains(allowed, kind) {
		c.fail(at+"/type", "unsupported type: %s", kind)
		return
	}
	if kind == "rich_text" {
		c.fields(at, fields, c.schema.Blocks["rich_text"], depth)
		return
	}
	c.fields(at, fields, c.schema.Objects[kind], depth)
}

// chartValue checks a chart: its parts, and that each series has one point for
// each category.
func (c *checker) chartValue(at string, v any, depth int) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	if fields["type"] == "pie" {
		c.value(at, v, &rule{Is: "object", Name: "pie"}, depth)
		segments, _ := fields["segments"].([]any)
		for i, s := range segments {
			segment, _ := s.(object)
			n, _ := segment["value"].(json.Number)
			if f, err := n.Float64(); err == nil && f <= 0 {
				c.fail(fmt.Sprintf("%s/segments/%d/value", at, i), "must be greater than 0")
			}
		}
		return
	}
	before := len(c.problems)
	c.value(at, v, &rule{Is: "object", Name: "plot"}, depth)
	if len(c.problems) > before {
		return
	}
	axis := fields["axis_config"].(object)
	categories := labels(axis["categories"], "")
	if repeated(categories) {
		c.fail(at+"/axis_config/categories", "must be unique")
	}
	series := fields["series"].([]any)
	if repeated(labels(fields["series"], "name")) {
		c.fail(at+"/series", "names must be unique")
	}
	for i, s := range series {
		if !slices.Equal(sorted(labels(s.(object)["data"], "label")), sorted(categories)) {
			c.fail(fmt.Sprintf("%s/series/%d/data", at, i), "must have exactly one point for each category")
		}
	}
}

// labels lists the strings of a list, or the given field of its objects.
func labels(v any, field string) []string {
	items, _ := v.([]any)
	out := make([]string, 0, len(items))
	for _, item := range items {
		if o, ok := item.(object); ok {
			item = o[field]
		}
		out = append(out, text(item))
	}
	return out
}

func repeated(names []string) bool {
	return len(slices.Compact(sorted(names))) < len(names)
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
