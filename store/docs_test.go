package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"playcaller/store"
	"playcaller/store/sqlite"
)

// note is a document to test with.
type note struct {
	Text  string         `json:"text"`
	By    string         `json:"by,omitempty"`
	Size  int            `json:"size,omitempty"`
	Done  bool           `json:"done,omitempty"`
	Extra map[string]any `json:"extra,omitempty"`
}

func notes() store.Kind[note] {
	return store.Kind[note]{
		Name: "notes", Schema: 2, Indexes: []string{"by", "size", "done"},
		Fields: func(n note) map[string]any {
			f := map[string]any{"size": n.Size, "done": n.Done, "by": nil}
			if n.By != "" {
				f["by"] = n.By
			}
			return f
		},
	}
}

func openFile(t *testing.T, path string, collections ...store.Collection) store.Backend {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, collections)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func openNotes(t *testing.T) (store.Backend, *store.Docs[note]) {
	b := openFile(t, filepath.Join(t.TempDir(), "x.db"), notes().Collection())
	return b, notes().In(b)
}

type doc = store.Doc[note]

func put(t *testing.T, d *store.Docs[note], docs ...*doc) {
	t.Helper()
	for _, x := range docs {
		if err := d.Insert(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantErr(t *testing.T, err, kind error, texts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want one that is %q", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q: %v", text, err)
		}
	}
}

func TestVersionsRiseWithEveryWrite(t *testing.T) {
	_, d := openNotes(t)
	ctx := t.Context()
	x := &doc{Key: "a", Value: note{Text: "one"}}
	put(t, d, x)
	for _, text := range []string{"two", "three"} {
		x.Value.Text = text
		if err := d.Replace(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "version in hand", x.Version, int64(3))
	got, err := d.Get(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "document read", got, *x)

	stale := &doc{Key: "a", Version: 2, Value: note{Text: "late"}}
	wantErr(t, d.Replace(ctx, stale), store.ErrConflict, `replace notes "a"`)
	same(t, "version after a conflict", stale.Version, int64(2))
	wantErr(t, d.Insert(ctx, stale), store.ErrExists, `insert notes "a"`)
	wantErr(t, d.Delete(ctx, "a", 2), store.ErrConflict, `delete notes "a"`)
	if err := d.Delete(ctx, "a", 3); err != nil {
		t.Fatal(err)
	}
	_, err = d.Get(ctx, "a")
	wantErr(t, err, store.ErrNotFound, `read notes "a"`)
}

func TestABulkRaisesTheVersionsOfWhatItWrote(t *testing.T) {
	_, d := openNotes(t)
	a, b := &doc{Key: "a"}, &doc{Key: "b"}
	put(t, d, a, b)
	b.Version = 7
	c := &doc{Key: "c", Value: note{Text: "new"}}
	conflicts, err := d.BulkReplace(t.Context(), []*doc{a, b, c})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "conflicts", conflicts, []string{"b"})
	same(t, "versions in hand", []int64{a.Version, b.Version, c.Version}, []int64{2, 7, 1})
	if err := d.Replace(t.Context(), c); err != nil {
		t.Errorf("the version in hand is not the stored one: %v", err)
	}
	conflicts, err = d.BulkReplace(t.Context(), nil)
	if err != nil || len(conflicts) > 0 {
		t.Errorf("bulk of nothing: conflicts %v, error %v", conflicts, err)
	}
}

func TestDocumentsAreFoundByTheirFields(t *testing.T) {
	_, d := openNotes(t)
	put(t, d, &doc{Key: "a", Value: note{By: "tanaka", Size: 3, Done: true}}, &doc{Key: "b", Value: note{By: "smith", Size: 2}}, &doc{Key: "c", Value: note{Size: 1}})
	for _, c := range []struct {
		name string
		q    store.Query
		want []string
	}{
		{"by a string", store.Query{Field: "by", Equal: "tanaka"}, []string{"a"}},
		{"with any value, not nil", store.Query{Field: "by"}, []string{"b", "a"}},
		{"by an int", store.Query{Field: "size", From: int64(2)}, []string{"b", "a"}},
		{"by a bool", store.Query{Field: "done", Equal: int64(1)}, []string{"a"}},
		{"by a bool that is false", store.Query{Field: "done", Equal: int64(0)}, []string{"b", "c"}},
		{"keys only", store.Query{KeysOnly: true}, []string{"a", "b", "c"}},
	} {
		docs, err := d.Find(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, x := range docs {
			keys = append(keys, x.Key)
			if c.q.KeysOnly {
				same(t, "value of "+x.Key, x.Value, note{})
			}
		}
		same(t, c.name, keys, c.want)
	}
}

func TestAllGoesOverEveryPage(t *testing.T) {
	_, d := openNotes(t)
	var want []string
	for i := range 25 {
		key := fmt.Sprintf("k%02d", i)
		put(t, d, &doc{Key: key, Value: note{Size: i / 10}})
		want = append(want, key)
	}
	for _, size := range []int{0, 1, 5, 24, 25, 26} {
		var got []string
		for x, err := range d.All(t.Context(), store.Query{Field: "size", Limit: size}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, x.Key)
		}
		same(t, fmt.Sprintf("keys in pages of %d", size), got, want)
	}
	seen := 0
	for range d.All(t.Context(), store.Query{Limit: 5}) {
		if seen++; seen == 7 {
			break
		}
	}
	same(t, "documents before the break", seen, 7)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen = 0
	var last error
	for _, err := range d.All(ctx, store.Query{Limit: 5}) {
		if seen++; seen == 5 {
			cancel()
		}
		last = err
	}
	wantErr(t, last, context.Canceled)
	same(t, "turns until the context ended", seen, 6)
}

func TestANewerDocumentIsNotRead(t *testing.T) {
	b, d := openNotes(t)
	newer := store.Record{Key: "a", Schema: 3, Fields: map[string]any{"size": int64(1)}, Body: []byte(`{"text":"?"}`)}
	if err := b.Insert(t.Context(), "notes", newer); err != nil {
		t.Fatal(err)
	}
	_, err := d.Get(t.Context(), "a")
	wantErr(t, err, store.ErrNewer, `notes "a" has schema 3, this program knows up to 2`, "start the newer one")
	_, err = d.Find(t.Context(), store.Query{Field: "size"})
	wantErr(t, err, store.ErrNewer)
	_, err = d.Reindex(t.Context())
	wantErr(t, err, store.ErrNewer)
}

func TestAnOlderDocumentIsUpgradedWhenReadAndWrittenInTheNewForm(t *testing.T) {
	b, _ := openNotes(t)
	kind := notes()
	kind.Upgrade = func(schema int, body []byte) ([]byte, error) {
		var old struct{ Words []string }
		if err := json.Unmarshal(body, &old); err != nil {
			return nil, err
		}
		return json.Marshal(note{Text: strings.Join(old.Words, " "), Size: schema})
	}
	d := kind.In(b)
	for _, r := range []store.Record{
		{Key: "old", Schema: 1, Body: []byte(`{"words":["a","b"]}`)},
		{Key: "damaged", Schema: 1, Body: []byte(`{"words":7}`)},
	} {
		if err := b.Insert(t.Context(), "notes", r); err != nil {
			t.Fatal(err)
		}
	}
	x, err := d.Get(t.Context(), "old")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "document", x, doc{Key: "old", Version: 1, Value: note{Text: "a b", Size: 1}})
	if err := d.Replace(t.Context(), &x); err != nil {
		t.Fatal(err)
	}
	r, err := b.Get(t.Context(), "notes", "old")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "schema after writing", r.Schema, 2)
	_, err = d.Get(t.Context(), "damaged")
	if err == nil || !strings.Contains(err.Error(), `upgrade notes "damaged" from schema 1 to 2`) {
		t.Errorf("got error %v", err)
	}
}

func TestADamagedDocumentIsNamed(t *testing.T) {
	b, d := openNotes(t)
	for key, body := range map[string]string{"empty": "", "cut off": `{"text":"a`, "of another kind": `{"text":[1]}`, "doubled": `{}{}`} {
		if err := b.Insert(t.Context(), "notes", store.Record{Key: key, Schema: 2, Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		_, err := d.Get(t.Context(), key)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("decode notes %q", key)) || !strings.Contains(err.Error(), "restore it from a backup") {
			t.Errorf("%s: got error %v", key, err)
		}
	}
}

func TestWhatCannotBeStoredIsRefused(t *testing.T) {
	_, d := openNotes(t)
	err := d.Insert(t.Context(), &doc{Key: "a", Value: note{Extra: map[string]any{"f": func() {}}}})
	if err == nil || !strings.Contains(err.Error(), `encode notes "a"`) {
		t.Errorf("a function: got error %v", err)
	}
	wantErr(t, d.Insert(t.Context(), &doc{Value: note{}}), store.ErrInvalid, "the key is empty")
	kind := notes()
	kind.Fields = func(note) map[string]any { return map[string]any{"size": 1.5} }
	b, _ := openNotes(t)
	wantErr(t, kind.In(b).Insert(t.Context(), &doc{Key: "a"}), store.ErrInvalid, `field size of notes "a" is a float64`)
}

func TestReindexMakesOldDocumentsFoundByANewIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	kind := notes()
	kind.Indexes, kind.Fields = nil, nil
	b := openFile(t, path, kind.Collection())
	old := kind.In(b)
	for i := range 300 {
		put(t, old, &doc{Key: fmt.Sprintf("k%03d", i), Value: note{Size: i}})
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	d := notes().In(openFile(t, path, notes().Collection()))
	put(t, d, &doc{Key: "new", Value: note{Size: 1000}})
	for _, want := range []int{300, 0} {
		n, err := d.Reindex(t.Context())
		if err != nil || n != want {
			t.Fatalf("reindexed %d documents, error %v, want %d", n, err, want)
		}
	}
	docs, err := d.Find(t.Context(), store.Query{Field: "size", From: int64(298)})
	if err != nil || len(docs) != 3 {
		t.Fatalf("found %d documents, error %v, want 3", len(docs), err)
	}
	same(t, "a document that was reindexed", docs[0], doc{Key: "k298", Version: 2, Value: note{Size: 298}})
}

func TestNamesOfCollectionsAndIndexesAreChecked(t *testing.T) {
	for name, c := range map[string][]store.Collection{
		"empty":             {{Name: ""}},
		"capital":           {{Name: "Notes"}},
		"digit first":       {{Name: "1st"}},
		"SQL":               {{Name: "a; DROP TABLE b"}},
		"too long":          {{Name: strings.Repeat("a", 49)}},
		"twice":             {{Name: "a"}, {Name: "a"}},
		"index with a dot":  {{Name: "a", Indexes: []string{"b.c"}}},
		"index with dollar": {{Name: "a", Indexes: []string{"$set"}}},
		"index twice":       {{Name: "a", Indexes: []string{"b", "b"}}},
	} {
		if _, err := store.NewSchema(c); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if _, err := store.NewSchema([]store.Collection{{Name: "a_1", Indexes: []string{"b_2", "c"}}, {Name: "b"}}); err != nil {
		t.Error(err)
	}
}

// one is a backend that holds a single record.
type one struct {
	store.Backend
	record store.Record
}

func (o one) Get(context.Context, string, string) (store.Record, error) { return o.record, nil }

// FuzzGet decodes any body: it gives an error, or a document that is the same
// after being written and read once more.
func FuzzGet(f *testing.F) {
	f.Add(1, []byte(`{"text":"a","extra":{"x":[1,"é",null]}}`))
	f.Add(2, []byte(`{"text":"`))
	f.Add(2, []byte(`{"size":1e99}`))
	f.Add(9, []byte(`null`))
	f.Fuzz(func(t *testing.T, schema int, body []byte) {
		first, err := notes().In(one{record: store.Record{Key: "a", Schema: schema, Body: body}}).Get(t.Context(), "a")
		if err != nil {
			return
		}
		if schema > 2 {
			t.Fatal("a newer document was read")
		}
		again, err := json.Marshal(first.Value)
		if err != nil {
			t.Fatal(err)
		}
		second, err := notes().In(one{record: store.Record{Key: "a", Schema: 2, Body: again}}).Get(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "document read again", second, first)
	})
}
