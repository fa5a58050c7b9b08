// Package schema tells editors and readers what the files of a book may say: as JSON
// Schema, from which VS Code and others complete and check, and as a reference to read.
// Both are written from playbooks.Format, which decoding and lint go by too.
package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"playcaller/playbooks"
)

// Kinds returns the kinds of files that there is a schema for: "playbook", and the
// shared files by their names without .yaml.
func Kinds() []string {
	return []string{"playbook", "team", "signals", "segments", "journey", "handoff"}
}

// KindOf returns the kind of a book's file, or "" for one without a schema (a test).
func KindOf(file string) string {
	kind := strings.TrimSuffix(file, ".yaml")
	switch {
	case strings.HasSuffix(file, "_test.yaml"):
		return ""
	case slices.Contains(Kinds()[1:], kind):
		return kind
	}
	return "playbook"
}

// root returns the thing that a kind of file is.
func root(kind string) *playbooks.Thing {
	if kind == "playbook" {
		return playbooks.ThingOf("a playbook")
	}
	return playbooks.ThingOf(kind + ".yaml")
}

// JSON returns the JSON Schema (draft 7, which editors' YAML plug-ins read) of a kind of
// file, indented. book, where it is not nil, gives the names of its signals, people,
// stages and so on to complete. An unknown kind is an error.
func JSON(kind string, book *playbooks.Book) ([]byte, error) {
	thing := root(kind)
	if thing == nil || !slices.Contains(Kinds(), kind) {
		return nil, fmt.Errorf("there is no schema of %q; there are: %s", kind, strings.Join(Kinds(), ", "))
	}
	w := writer{names: namesOf(book), defs: map[string]any{}}
	schema := w.object(thing)
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	schema["title"] = "Playcaller: " + strings.TrimPrefix(thing.Name, "a ")
	if len(w.defs) > 0 {
		schema["definitions"] = w.defs
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	return append(text, '\n'), err
}

// namesOf returns what a book calls its own, by type of the format.
func namesOf(book *playbooks.Book) map[string][]string {
	names := map[string][]string{}
	if book == nil {
		return names
	}
	for _, s := range book.Signals {
		names["signal"] = append(names["signal"], s.Name)
	}
	names["playbook"] = slices.Sorted(maps.Keys(book.Playbooks))
	names["form"] = slices.Sorted(maps.Keys(book.Forms))
	if book.Journey != nil {
		for _, s := range book.Journey.Stages {
			names["stage"] = append(names["stage"], s.ID)
		}
		for _, m := range book.Journey.Milestones {
			names["milestone"] = append(names["milestone"], m.ID)
		}
	}
	return names
}

// A writer turns types of the format into JSON Schema, and things into definitions.
type writer struct {
	names map[string][]string
	defs  map[string]any
}

// object returns the schema of a mapping.
func (w *writer) object(t *playbooks.Thing) map[string]any {
	properties := map[string]any{}
	var needed []string
	for _, f := range t.Fields {
		schema := w.typ(f.Type)
		if _, refers := schema["$ref"]; refers { // beside a $ref nothing is read
			schema = map[string]any{"allOf": []any{schema}}
		}
		schema["description"] = f.About
		if f.Example != "" {
			schema["description"] = f.About + " Example: " + f.Name + ": " + f.Example
		}
		properties[f.Name] = schema
		if f.Needed {
			needed = append(needed, f.Name)
		}
	}
	o := map[string]any{"type": "object", "description": t.About, "properties": properties, "additionalProperties": false}
	if needed != nil {
		o["required"] = needed
	}
	return o
}

// typ returns the schema of a type of fields.yaml.
func (w *writer) typ(typ string) map[string]any {
	if alternatives := strings.Split(typ, " | "); len(alternatives) > 1 {
		if values, all := valuesOf(alternatives); all { // each value may be of any of the types
			return map[string]any{"type": "object", "additionalProperties": w.typ(strings.Join(values, " | "))}
		}
		var either []any
		for _, one := range alternatives {
			either = append(either, w.typ(one))
		}
		return map[string]any{"anyOf": either}
	}
	word, rest, _ := strings.Cut(typ, " ")
	switch word {
	case "thing":
		return w.thing(rest)
	case "list": // a single value stands for a list of one
		one := w.typ(strings.TrimPrefix(rest, "of "))
		return map[string]any{"anyOf": []any{map[string]any{"type": "array", "items": one}, one}}
	case "map":
		return map[string]any{"type": "object", "additionalProperties": w.typ(strings.TrimPrefix(rest, "of "))}
	case "one":
		return map[string]any{"enum": strings.Fields(strings.TrimPrefix(rest, "of "))}
	case "text":
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "string"},
			map[string]any{"type": "object", "properties": map[string]any{"en": map[string]any{"type": "string"}, "ja": map[string]any{"type": "string"}},
				"additionalProperties": false, "minProperties": 1},
		}}
	}
	return w.scalar(word)
}

// valuesOf returns the types of the values where all alternatives are maps.
func valuesOf(alternatives []string) (values []string, all bool) {
	for _, one := range alternatives {
		value, isMap := strings.CutPrefix(one, "map of ")
		if !isMap {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// scalars are the forms of what is written in one word or line.
var scalars = map[string]map[string]any{
	"condition":  {"type": []string{"string", "boolean"}},
	"expression": {"type": []string{"string", "number", "boolean"}},
	"period":     {"type": "string", "pattern": "^[0-9]+(m|h|d|wd|w)$"},
	"target":     {"type": "string", "pattern": "^=?[a-z0-9][a-z0-9_-]*$"},
	"name":       {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
	"flag":       {"type": "boolean"},
	"number":     {"type": "number"},
	"percent":    {"type": "string", "pattern": "^[0-9.]+%$"},
	"country":    {"type": "string", "pattern": "^[A-Z]{2}$"},
	"date":       {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
	"email":      {"type": "string", "format": "email"},
	"url":        {"type": "string", "format": "uri"},
	"word":       {"type": []string{"string", "number"}},
	"any":        {},
	"nothing":    {"type": "null"},
}

// scalar returns the schema of a value written in one word or line; names that the
// book knows are listed.
func (w *writer) scalar(word string) map[string]any {
	if names := w.names[word]; len(names) > 0 {
		return map[string]any{"enum": names}
	}
	if s, ok := scalars[word]; ok {
		return maps.Clone(s)
	}
	return map[string]any{"type": "string"}
}

// thing refers to a definition, which is made when it is first needed.
func (w *writer) thing(name string) map[string]any {
	id := strings.NewReplacer(" ", "_", "'", "").Replace(name)
	if _, made := w.defs[id]; !made {
		w.defs[id] = nil // ends the recursion of steps within variants
		w.defs[id] = w.object(playbooks.ThingOf(name))
	}
	return map[string]any{"$ref": "#/definitions/" + id}
}
