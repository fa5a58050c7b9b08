package sandbox

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed blocks.json
var blocksJSON []byte

// schema describes every kind of block, element and object that Block Kit has,
// with its fields and sizes, as blocks.json lists them. The sizes are those of
// Slack's Block Kit reference.
type schema struct {
	Text     map[string]map[string]*rule `json:"text"`
	Blocks   map[string]*shape           `json:"blocks"`
	Elements map[string]*shape           `json:"elements"`
	Objects  map[string]*shape           `json:"objects"`
}

// shape is the form of one kind of object.
type shape struct {
	Fields      map[string]*rule `json:"fields"`
	AnyOf       []string         `json:"any_of"`      // at least one of these must be there
	Surfaces    []string         `json:"surfaces"`    // where a block may stand; empty means everywhere
	Interactive bool             `json:"interactive"` // has an action_id and sends actions
}

// rule is what one field must be.
type rule struct {
	Is       string   `json:"is"`   // string, url, date, time, bool, integer, number, text, list, element, block, context, rich, cell, chart, object or any
	In       []string `json:"in"`   // values of a string, kinds of a text, types of an element or block
	Of       *rule    `json:"of"`   // each item of a list
	Name     string   `json:"name"` // which object
	Required bool     `json:"required"`
	Min      *int     `json:"min"` // characters, items or value
	Max      *int     `json:"max"`
}

func loadSchema() (*schema, error) {
	var s schema
	if err := json.Unmarshal(blocksJSON, &s); err != nil {
		return nil, fmt.Errorf("sandbox: blocks.json: %w", err)
	}
	maxID, one := 255, 1
	id := &rule{Is: "string", Max: &maxID}
	for _, b := range s.Blocks {
		b.Fields["block_id"] = id
	}
	for _, e := range s.Elements {
		if e.Interactive {
			e.Fields["action_id"] = &rule{Is: "string", Min: &one, Max: &maxID}
			e.Fields["confirm"] = &rule{Is: "object", Name: "confirm"}
			e.Fields["focus_on_load"] = &rule{Is: "bool"}
		}
	}
	return &s, nil
}
