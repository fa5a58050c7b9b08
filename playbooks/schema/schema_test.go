package schema_test

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/playbooks/schema"
)

var update = flag.Bool("update", false, "write the reference to playbooks/library/REFERENCE.md")

// compiled returns a kind's schema as an editor's validator has it.
func compiled(t *testing.T, kind string, book *playbooks.Book) *jsonschema.Schema {
	t.Helper()
	text, err := schema.JSON(kind, book)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(kind+".json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(kind + ".json")
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return s
}

// valid reports what a schema says of a YAML file.
func valid(t *testing.T, s *jsonschema.Schema, src []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(src, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestTheSchemasAcceptWhatTheLoaderAccepts(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	all, err := os.ReadFile("../testdata/format.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range files {
		kind := schema.KindOf(name)
		if kind == "" {
			continue
		}
		for _, b := range []*playbooks.Book{nil, book} {
			if err := valid(t, compiled(t, kind, b), src); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := valid(t, compiled(t, "playbook", nil), all); err != nil {
		t.Errorf("format.yaml: %v", err)
	}
}

func TestTheSchemasRefuseMistakes(t *testing.T) {
	s := compiled(t, "playbook", nil)
	for name, src := range map[string]string{
		"an unknown field":        "playbook: p\ntitle: P\nabout: P\nsevrity: low\nsteps: []\n",
		"a missing field":         "playbook: p\nabout: P\nsteps: []\n",
		"a value not in the list": "playbook: p\ntitle: P\nabout: P\nseverity: urgent\nsteps: []\n",
		"a period in words":       "playbook: p\ntitle: P\nabout: P\nfor: three days\nsteps: []\n",
		"a step's unknown field":  "playbook: p\ntitle: P\nabout: P\nsteps: [{id: a, aks: Why?}]\n",
		"an unknown language":     "playbook: p\ntitle: {de: P}\nabout: P\nsteps: []\n",
	} {
		if valid(t, s, []byte(src)) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestABooksOwnNamesAreCompleted(t *testing.T) {
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, _ := playbooks.Load(files)
	s := compiled(t, "playbook", book)
	const play = "playbook: p\ntitle: P\nabout: P\nsteps: [{id: a, ask: Why?, show: SIGNAL}]\n"
	if err := valid(t, s, []byte(strings.ReplaceAll(play, "SIGNAL", "logins"))); err != nil {
		t.Error(err)
	}
	if valid(t, s, []byte(strings.ReplaceAll(play, "SIGNAL", "lgoins"))) == nil {
		t.Error("a signal that the book does not have is accepted")
	}
}

func TestEveryExampleOfAFieldIsYAML(t *testing.T) {
	for _, thing := range playbooks.Format() {
		for _, f := range thing.Fields {
			var v map[string]any
			if err := yaml.Unmarshal([]byte(f.Name+": "+f.Example), &v); err != nil {
				t.Errorf("%s of %s: %v", f.Name, thing.Name, err)
			}
		}
	}
}

func TestTheReferenceIsWhatTheProgramGoesBy(t *testing.T) {
	const file = "../library/REFERENCE.md"
	got := schema.Reference()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the reference has changed; run with -update (-want +got):\n%s", diff)
	}
	for _, thing := range playbooks.Format() {
		if len(thing.Fields) > 0 && !slices.Contains(strings.Split(got, "\n"), thing.About) {
			t.Errorf("the reference has no %s", thing.Name)
		}
	}
}
