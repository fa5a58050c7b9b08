package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Surfaces on which blocks stand.
const (
	surfaceMessage = "message"
	surfaceModal   = "modal"
	surfaceHome    = "home"
)

// maxNesting bounds how deep blocks, lists and rich text may contain each other.
const maxNesting = 16

// checker walks over blocks and collects everything that Slack would refuse,
// each with a JSON pointer to the place.
type checker struct {
	schema   *schema
	surface  string
	problems []string
	blockIDs map[string]bool
	actions  map[string]bool
}

// checkBlocks returns what is wrong with a list of blocks under the pointer
// root, such as "/blocks"; nothing means that Slack would take them.
func (s *schema) checkBlocks(surface, root string, blocks []any) []string {
	c := &checker{schema: s, surface: surface, blockIDs: map[string]bool{}, actions: map[string]bool{}}
	for i, b := range blocks {
		c.block(fmt.Sprintf("%s/%d", root, i), b, nil, 0)
	}
	return c.problems
}

// checkObject returns what is wrong with one object of a known name.
func (s *schema) checkObject(surface, root, name string, v any) []string {
	c := &checker{schema: s, surface: surface, blockIDs: map[string]bool{}, actions: map[string]bool{}}
	c.value(root, v, &rule{Is: "object", Name: name}, 0)
	return c.problems
}

func (c *checker) fail(at, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf("[ERROR] "+format, args...)+" [json-pointer:"+at+"]")
}

// block checks one block of any of the allowed types; none allowed means all.
func (c *checker) block(at string, v any, allowed []string, depth int) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	kind, _ := fields["type"].(string)
	form := c.schema.Blocks[kind]
	switch {
	case kind == "":
		c.fail(at, "missing required field: type")
		return
	case form == nil || len(allowed) > 0 && !slices.Contains(allowed, kind):
		c.fail(at+"/type", "unsupported type: %s", kind)
		return
	case len(form.Surfaces) > 0 && !slices.Contains(form.Surfaces, c.surface):
		c.fail(at+"/type", "unsupported type: %s is not available in a %s", kind, c.surface)
		return
	}
	if id, _ := fields["block_id"].(string); id != "" {
		if c.blockIDs[id] {
			c.fail(at+"/block_id", "`block_id` %q already exists; it must be unique", id)
		}
		c.blockIDs[id] = true
	}
	c.fields(at, fields, form, depth)
	c.blockSense(at, kind, fields)
}

// fields checks an object's fields against its form.
func (c *checker) fields(at string, fields object, form *shape, depth int) {
	if depth > maxNesting {
		c.fail(at, "nested too deeply")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		want := form.Fields[name]
		if want == nil {
			if name != "type" {
				c.fail(at, "invalid additional property: %s", name)
			}
			continue
		}
		if fields[name] == nil && !want.Required {
			continue
		}
		c.value(at+"/"+name, fields[name], want, depth+1)
	}
	for _, name := range slices.Sorted(maps.Keys(form.Fields)) {
		if form.Fields[name].Required && fields[name] == nil {
			c.fail(at, "missing required field: %s", name)
		}
	}
	if len(form.AnyOf) > 0 && !slices.ContainsFunc(form.AnyOf, func(n string) bool { return fields[n] != nil }) {
		c.fail(at, "must have at least one of: %s", strings.Join(form.AnyOf, ", "))
	}
}

// value checks one value against one rule.
func (c *checker) value(at string, v any, want *rule, depth int) {
	if depth > maxNesting {
		c.fail(at, "nested too deeply")
		return
	}
	switch want.Is {
	case "any":
	case "string", "url", "date", "time":
		c.stringValue(at, v, want)
	case "bool":
		if _, ok := v.(bool); !ok {
			c.fail(at, "must be a boolean")
		}
	case "integer", "number":
		c.numberValue(at, v, want)
	case "text":
		c.textValue(at, v, want)
	case "list":
		c.listValue(at, v, want, depth)
	case "element":
		c.element(at, v, want.In, depth)
	case "block":
		c.block(at, v, want.In, depth)
	case "context":
		c.contextValue(at, v, depth)
	case "rich":
		c.richValue(at, v, want.In, depth)
	case "cell":
		c.cellValue(at, v, want.In, depth)
	case "chart":
		c.chartValue(at, v, depth)
	case "object":
		fields, ok := v.(object)
		if !ok {
			c.fail(at, "must be an object")
			return
		}
		c.fields(at, fields, c.schema.Objects[want.Name], depth)
		if want.Name == "modal" || want.Name == "home" {
			return
		}
	}
}

func (c *checker) stringValue(at string, v any, want *rule) {
	s, ok := v.(string)
	if !ok {
		c.fail(at, "must be a string")
		return
	}
	if len(want.In) > 0 && !slices.Contains(want.In, s) {
		c.fail(at, "must be one of: %s", strings.Join(want.In, ", "))
		return
	}
	c.length(at, s, want)
	switch want.Is {
	case "url":
		if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
			c.fail(at, "must be a valid URL")
		}
	case "date":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			c.fail(at, "must be a date written as YYYY-MM-DD")
		}
	case "time":
		if _, err := time.Parse("15:04", s); err != nil {
			c.fail(at, "must be a time written as HH:mm")
		}
	}
}

func (c *checker) length(at, s string, want *rule) {
	n := utf8.RuneCountInString(s)
	if want.Max != nil && n > *want.Max {
		c.fail(at, "must be less than %d characters", *want.Max+1)
	}
	if want.Min != nil && n < *want.Min {
		c.fail(at, "must be more than %d characters", *want.Min-1)
	}
}

func (c *checker) numberValue(at string, v any, want *rule) {
	n, ok := v.(json.Number)
	if !ok {
		c.fail(at, "must be a number")
		return
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		c.fail(at, "must be a number")
		return
	}
	if want.Is == "integer" && f != math.Trunc(f) {
		c.fail(at, "must be an integer")
	}
	if want.Min != nil && f < float64(*want.Min) {
		c.fail(at, "must be greater than or equal to %d", *want.Min)
	}
	if want.Max != nil && f > float64(*want.Max) {
		c.fail(at, "must be less than or equal to %d", *want.Max)
	}
}

// textValue checks a text composition object.
func (c *checker) textValue(at string, v any, want *rule) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be a text object")
		return
	}
	kind, _ := fields["type"].(string)
	extra, known := c.schema.Text[kind]
	if !known || len(want.In) > 0 && !slices.Contains(want.In, kind) {
		allowed := want.In
		if len(allowed) == 0 {
			allowed = []string{"plain_text", "mrkdwn"}
		}
		c.fail(at+"/type", "must be one of: %s", strings.Join(allowed, ", "))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch r := extra[name]; {
		case name == "type" || name == "text":
		case r == nil:
			c.fail(at, "invalid additional property: %s", name)
		default:
			c.value(at+"/"+name, fields[name], r, 0)
		}
	}
	s, ok := fields["text"].(string)
	if !ok {
		c.fail(at, "missing required field: text")
		return
	}
	c.length(at+"/text", s, want)
}

func (c *checker) listValue(at string, v any, want *rule, depth int) {
	items, ok := v.([]any)
	if !ok {
		c.fail(at, "must be an array")
		return
	}
	if want.Max != nil && len(items) > *want.Max {
		c.fail(at, "no more than %d items allowed", *want.Max)
	}
	if want.Min != nil && len(items) < *want.Min {
		c.fail(at, "no less than %d items allowed", *want.Min)
	}
	for i, item := range items {
		c.value(fmt.Sprintf("%s/%d", at, i), item, want.Of, depth+1)
	}
}

// element checks one element and that its action_id is its own.
func (c *checker) element(at string, v any, allowed []string, depth int) {
	fields, ok := v.(object)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	kind, _ := fields["type"].(string)
	form := c.schema.Elements[kind]
	if form == nil || !slices.Contains(allowed, kind) {
		c.fail(at+"/type", "unsupported type: %s", kind)
		return
	}
	c.fields(at, fields, form, depth)
	if id, _ := fields["action_id"].(string); id != "" {
		if c.actions[id] {
			c.fail(at+"/action_id", "`action_id` %q already exists; it must be unique", id)
		}
		c.actions[id] = true
	}
	c.elementSense(at, kind, fields)
}
