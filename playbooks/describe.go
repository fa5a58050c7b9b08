package playbooks

import (
	_ "embed" // fields.yaml
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// A Thing describes one mapping of the format: a playbook, a step, a person, …
type Thing struct {
	Name   string // "a step"; a file of the book by its name: "team.yaml"
	About  string // a sentence or two
	Fields []ThingField
}

// A ThingField describes one field of a Thing. Fields stand in the order in which a
// file is best written.
type ThingField struct {
	Name    string
	Needed  bool
	Type    string // in the words of fields.yaml
	About   string // a sentence or two
	Example string // a value as it is written in a file; "" where the type says enough
}

//go:embed fields.yaml
var fieldsFile []byte

// Format returns the description of everything that the files of a book may say. It
// is read from fields.yaml, the one source of what decoding accepts, what lint names,
// the JSON Schema and the reference. It must not be changed.
func Format() []Thing { return format() }

var format = sync.OnceValue(func() []Thing {
	things, err := readFormat(fieldsFile)
	if err != nil {
		panic(fmt.Sprintf("the description of the format cannot be read: %v", err)) // it is a part of the program
	}
	return things
})

// ThingOf returns the description of a thing, or nil.
func ThingOf(name string) *Thing {
	things := format()
	for i := range things {
		if things[i].Name == name {
			return &things[i]
		}
	}
	return nil
}

// Field returns the description of a field, or nil.
func (t *Thing) Field(name string) *ThingField {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// readFormat reads a description. Maps are read as slices: their order is that of
// the reference.
func readFormat(src []byte) ([]Thing, error) {
	var file struct {
		Things yaml.MapSlice
	}
	if err := yaml.UnmarshalWithOptions(src, &file, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	var things []Thing
	for _, item := range file.Things {
		var body struct {
			About  string
			Fields yaml.MapSlice
		}
		if err := convert(item.Value, &body); err != nil {
			return nil, fmt.Errorf("%v: %w", item.Key, err)
		}
		t := Thing{Name: fmt.Sprint(item.Key), About: body.About}
		for _, item := range body.Fields {
			var field struct {
				Need                 bool
				Type, About, Example string
			}
			if err := convert(item.Value, &field); err != nil {
				return nil, fmt.Errorf("%s.%v: %w", t.Name, item.Key, err)
			}
			t.Fields = append(t.Fields, ThingField{fmt.Sprint(item.Key), field.Need, field.Type, field.About, field.Example})
		}
		things = append(things, t)
	}
	return things, nil
}

// convert decodes a part of the description again, strictly.
func convert(part, into any) error {
	text, err := yaml.Marshal(part)
	if err != nil {
		return err
	}
	return yaml.UnmarshalWithOptions(text, into, yaml.Strict(), yaml.UseOrderedMap())
}

// described compares what is decoded of a thing with its description: a field that
// only one of them knows is a mistake in this program, and refuses every book.
func (d *document) described(n ast.Node, what string, fields []field) {
	thing := ThingOf(what)
	if thing == nil {
		d.fail(n, "this is a mistake in the program: report it", "%s is not described in fields.yaml", what)
		return
	}
	for _, f := range fields {
		if t := thing.Field(f.name); t == nil || t.Needed != bool(f.need) {
			d.fail(n, "this is a mistake in the program: report it", "%s of %s is not described in fields.yaml as it is read", f.name, what)
		}
	}
	if len(fields) != len(thing.Fields) {
		d.fail(n, "this is a mistake in the program: report it", "fields.yaml describes fields of %s that are not read", what)
	}
}

// example writes a field with its example into a form, or returns "" where it has none.
func example(what, field, form string) string {
	if t := ThingOf(what); t != nil {
		if f := t.Field(field); f != nil && f.Example != "" {
			return fmt.Sprintf(form, field, f.Example)
		}
	}
	return ""
}
