package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"playcaller/store"
)

func primitives() []test {
	return []test{
		{name: "what was inserted is read back as version 1", run: readBack},
		{name: "a key that is not there is not found", run: notFound},
		{name: "inserting a key twice is refused and changes nothing", run: insertTwice},
		{name: "a replacement raises the version and changes everything", run: replace},
		{name: "a replacement of another version is a conflict and changes nothing", run: replaceStale},
		{name: "a replacement of what is gone is a conflict and brings nothing back", run: replaceGone},
		{name: "a delete goes by version, or without one", run: remove},
		{name: "collections do not see each other", run: separate},
		{name: "keys of all scripts are told apart", run: unicodeKeys},
		{name: "bodies come back byte for byte", run: bodies},
		{name: "fields keep their type and limits", run: fieldValues},
		{name: "what breaks the rules is refused as invalid", run: invalid},
		{name: "an ended context does nothing and says so", run: endedContext},
		{name: "after closing, everything is unavailable", run: afterClose},
	}
}

// thing is a record with all fields.
func thing(key, colour string, weight int64, body string) store.Record {
	return store.Record{
		Key: key, Schema: 1, Body: []byte(body),
		Fields: map[string]any{"colour": colour, "weight": weight},
	}
}

// at returns the record as having been read as version v.
func at(r store.Record, v int64) store.Record {
	r.Version = v
	return r
}

func insert(t testing.TB, b store.Backend, collection string, rs ...store.Record) {
	t.Helper()
	for _, r := range rs {
		if err := b.Insert(t.Context(), collection, r); err != nil {
			t.Fatalf("insert %q: %v", r.Key, err)
		}
	}
}

func get(t testing.TB, b store.Backend, collection, key string) store.Record {
	t.Helper()
	r, err := b.Get(t.Context(), collection, key)
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return r
}

// failer is a test, of package testing or of rapid.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// same compares records; empty and nil are the same.
func same(t failer, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func wantErr(t failer, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func readBack(t *testing.T, b backend) {
	r := thing("a", "red", 7, `{"n":1}`)
	r.Schema = 3
	insert(t, b, "things", at(r, 41))
	same(t, "record", get(t, b, "things", "a"), at(r, 1))
}

func notFound(t *testing.T, b backend) {
	_, err := b.Get(t.Context(), "things", "a")
	wantErr(t, "get from an empty collection", err, store.ErrNotFound)
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	_, err = b.Get(t.Context(), "things", "A")
	wantErr(t, "get of the key in capitals", err, store.ErrNotFound)
}

func insertTwice(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, `{"first":true}`))
	err := b.Insert(t.Context(), "things", thing("a", "blue", 2, `{"first":false}`))
	wantErr(t, "second insert", err, store.ErrExists)
	same(t, "record", get(t, b, "things", "a"), at(thing("a", "red", 1, `{"first":true}`), 1))
}

func replace(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, `{"n":1}`))
	r := store.Record{Key: "a", Version: 1, Schema: 2, Fields: map[string]any{"due": int64(5)}, Body: []byte(`{"n":2}`)}
	if err := b.Replace(t.Context(), "things", r); err != nil {
		t.Fatal(err)
	}
	same(t, "record", get(t, b, "things", "a"), at(r, 2))
	for _, q := range []store.Query{{Field: "colour", Equal: "red"}, {Field: "weight"}} {
		if rs := find(t, b, "things", q); len(rs) > 0 {
			t.Errorf("found by the value it no longer has: %v", rs)
		}
	}
	same(t, "keys by the new value", keys(find(t, b, "things", store.Query{Field: "due", Equal: int64(5)})), []string{"a"})
}

func replaceStale(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, `{"n":1}`))
	if err := b.Replace(t.Context(), "things", at(thing("a", "red", 1, `{"n":2}`), 1)); err != nil {
		t.Fatal(err)
	}
	for _, v := range []int64{1, 3, 99} {
		err := b.Replace(t.Context(), "things", at(thing("a", "blue", 9, `{"n":9}`), v))
		wantErr(t, fmt.Sprintf("replace of version %d where 2 is stored", v), err, store.ErrConflict)
	}
	same(t, "record", get(t, b, "things", "a"), at(thing("a", "red", 1, `{"n":2}`), 2))
}

func replaceGone(t *testing.T, b backend) {
	err := b.Replace(t.Context(), "things", at(thing("a", "red", 1, "{}"), 1))
	wantErr(t, "replace of a key never stored", err, store.ErrConflict)
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	if err := b.Delete(t.Context(), "things", "a", 1); err != nil {
		t.Fatal(err)
	}
	err = b.Replace(t.Context(), "things", at(thing("a", "red", 1, "{}"), 1))
	wantErr(t, "replace of a deleted key", err, store.ErrConflict)
	_, err = b.Get(t.Context(), "things", "a")
	wantErr(t, "get of a deleted key", err, store.ErrNotFound)
}

func remove(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"), thing("b", "red", 1, "{}"))
	ctx := t.Context()
	wantErr(t, "delete of another version", b.Delete(ctx, "things", "a", 2), store.ErrConflict)
	get(t, b, "things", "a")
	wantErr(t, "delete of the version", b.Delete(ctx, "things", "a", 1), nil)
	wantErr(t, "delete of a version that is gone", b.Delete(ctx, "things", "a", 1), store.ErrConflict)
	wantErr(t, "delete without version", b.Delete(ctx, "things", "b", 0), nil)
	wantErr(t, "delete without version of what is gone", b.Delete(ctx, "things", "b", 0), nil)
	same(t, "what is left", keys(find(t, b, "things", store.Query{})), []string{})
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	if v := get(t, b, "things", "a").Version; v != 1 {
		t.Errorf("version after delete and insert: got %d, want 1", v)
	}
}

func separate(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, `{"in":"things"}`))
	insert(t, b, "plain", store.Record{Key: "a", Schema: 1, Body: []byte(`{"in":"plain"}`)})
	if err := b.Delete(t.Context(), "things", "a", 0); err != nil {
		t.Fatal(err)
	}
	same(t, "record of the other collection", get(t, b, "plain", "a"),
		store.Record{Key: "a", Version: 1, Schema: 1, Body: []byte(`{"in":"plain"}`)})
}

func unicodeKeys(t *testing.T, b backend) {
	all := []string{
		"a", "A", "á", "a\u0301", "株式会社アクメ", "カ", "ｶ", "😀", "\u200b", " ", "  ", "a ", "%", "_", "'", `"`, `\`, "$set", "a.b",
		"a|b", "null", "0", "00", "-1", "<!channel>", "../../etc/passwd", "\ufffd", "\U0010ffff", strings.Repeat("é", store.MaxKey/2),
	}
	for i, key := range all {
		insert(t, b, "things", thing(key, key, int64(i), fmt.Sprintf(`{"i":%d}`, i)))
	}
	for i, key := range all {
		want := at(thing(key, key, int64(i), fmt.Sprintf(`{"i":%d}`, i)), 1)
		same(t, "record by key", get(t, b, "things", key), want)
		same(t, "records by field", find(t, b, "things", store.Query{Field: "colour", Equal: key}), []store.Record{want})
		wantErr(t, "replace", b.Replace(t.Context(), "things", want), nil)
	}
	if got := len(find(t, b, "things", store.Query{})); got != len(all) {
		t.Errorf("got %d records, want %d", got, len(all))
	}
}

func bodies(t *testing.T, b backend) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var series strings.Builder
	series.WriteString(`{"days":[0`)
	for range 100_000 {
		fmt.Fprintf(&series, ",%d", random.IntN(100))
	}
	series.WriteString("]}")
	for name, body := range map[string][]byte{
		"empty":         {},
		"one":           []byte("0"),
		"weird names":   []byte(`{"$set":{"a.b":1},"":2,"_id":3,"\u0000":4,"名":"前","$v":5}`),
		"not utf-8":     {0xff, 0xfe, 0, 1, '{'},
		"zstd's magic":  {0x28, 0xb5, 0x2f, 0xfd, 0, 0},
		"1 KiB - 1":     bytes.Repeat([]byte("x"), 1023),
		"1 KiB":         bytes.Repeat([]byte("x"), 1024),
		"noise":         noise,
		"long series":   []byte(series.String()),
		"4 MiB of text": bytes.Repeat([]byte(`{"k":"値"} `), 4<<20/12),
	} {
		t.Run(name, func(t *testing.T) {
			if b.options.Skip["bodies that are not JSON"] != "" && name == "not utf-8" {
				t.Skip(b.options.Skip["bodies that are not JSON"])
			}
			insert(t, b, "plain", store.Record{Key: name, Schema: 1, Body: body})
			if got := get(t, b, "plain", name).Body; !bytes.Equal(got, body) {
				t.Errorf("got %d bytes back, other than the %d stored", len(got), len(body))
			}
			rs := find(t, b, "plain", store.Query{Equal: name, KeysOnly: true})
			if len(rs) != 1 || len(rs[0].Body) > 0 {
				t.Errorf("keys only: got %d records, or a body", len(rs))
			}
		})
	}
}

func fieldValues(t *testing.T, b backend) {
	for i, v := range []any{"", "5", int64(5), int64(0), int64(math.MaxInt64), int64(math.MinInt64), int64(1<<53 + 1)} {
		r := store.Record{Key: fmt.Sprint(i), Schema: 1, Fields: map[string]any{"weight": v}, Body: []byte("{}")}
		insert(t, b, "things", r)
		same(t, "record by key", get(t, b, "things", r.Key), at(r, 1))
		same(t, "records by value", find(t, b, "things", store.Query{Field: "weight", Equal: v}), []store.Record{at(r, 1)})
	}
}

func invalid(t *testing.T, b backend) {
	ctx := t.Context()
	good := thing("k", "red", 1, "{}")
	change := func(f func(*store.Record)) store.Record {
		r := thing("k", "red", 1, "{}")
		f(&r)
		return r
	}
	for name, r := range map[string]store.Record{
		"empty key":         change(func(r *store.Record) { r.Key = "" }),
		"long key":          change(func(r *store.Record) { r.Key = strings.Repeat("k", store.MaxKey+1) }),
		"key not UTF-8":     change(func(r *store.Record) { r.Key = "a\xff" }),
		"key with NUL":      change(func(r *store.Record) { r.Key = "a\x00b" }),
		"no schema":         change(func(r *store.Record) { r.Schema = 0 }),
		"unknown field":     change(func(r *store.Record) { r.Fields["size"] = int64(1) }),
		"field of int":      change(func(r *store.Record) { r.Fields["weight"] = 1 }),
		"field of float":    change(func(r *store.Record) { r.Fields["weight"] = 1.5 }),
		"field not UTF-8":   change(func(r *store.Record) { r.Fields["colour"] = "\xff" }),
		"body of 15 MiB +1": change(func(r *store.Record) { r.Body = make([]byte, store.MaxBody+1) }),
	} {
		wantErr(t, "insert with "+name, b.Insert(ctx, "things", r), store.ErrInvalid)
		wantErr(t, "replace with "+name, b.Replace(ctx, "things", r), store.ErrInvalid)
		_, err := b.BulkReplace(ctx, "things", []store.Record{thing("other", "red", 1, "{}"), r})
		wantErr(t, "bulk with "+name, err, store.ErrInvalid)
	}
	wantErr(t, "insert into an undeclared collection", b.Insert(ctx, "nothing", good), store.ErrInvalid)
	wantErr(t, "replace of a negative version", b.Replace(ctx, "things", at(good, -1)), store.ErrInvalid)
	wantErr(t, "replace of version 0", b.Replace(ctx, "things", good), store.ErrInvalid)
	wantErr(t, "delete from an undeclared collection", b.Delete(ctx, "nothing", "k", 0), store.ErrInvalid)
	_, err := b.Get(ctx, "nothing", "k")
	wantErr(t, "get from an undeclared collection", err, store.ErrInvalid)
	_, err = b.BulkReplace(ctx, "things", []store.Record{good, good})
	wantErr(t, "bulk with one key twice", err, store.ErrInvalid)
	for name, q := range map[string]store.Query{
		"unknown field":             {Field: "size"},
		"equal and range":           {Field: "weight", Equal: int64(1), To: int64(2)},
		"bounds of two types":       {Field: "weight", From: int64(1), To: "2"},
		"bound of int":              {Field: "weight", From: 1},
		"number for a key":          {From: int64(1)},
		"negative limit":            {Limit: -1},
		"position without value":    {Field: "weight", After: &store.Position{Key: "a"}},
		"position with value":       {After: &store.Position{Key: "a", Value: "b"}},
		"injection by a field name": {Field: "weight; DROP TABLE c_things"},
	} {
		_, err := b.Find(ctx, "things", q)
		wantErr(t, "find with "+name, err, store.ErrInvalid)
	}
	same(t, "what has been stored", keys(find(t, b, "things", store.Query{})), []string{})
}

// reading and writing are calls of every method, by name, on a store that has
// version 1 of "a" among the things.
func reading(ctx context.Context, b store.Backend) map[string]func() error {
	return map[string]func() error{
		"get": func() error {
			_, err := b.Get(ctx, "things", "a")
			return err
		},
		"find": func() error {
			_, err := b.Find(ctx, "things", store.Query{Field: "colour", Equal: "red"})
			return err
		},
	}
}

func writing(ctx context.Context, b store.Backend) map[string]func() error {
	return map[string]func() error{
		"insert":  func() error { return b.Insert(ctx, "things", thing("b", "blue", 2, "{}")) },
		"replace": func() error { return b.Replace(ctx, "things", at(thing("a", "blue", 2, "{}"), 1)) },
		"delete":  func() error { return b.Delete(ctx, "things", "a", 1) },
		"bulk": func() error {
			_, err := b.BulkReplace(ctx, "things", []store.Record{at(thing("a", "blue", 2, "{}"), 1), thing("c", "blue", 2, "{}")})
			return err
		},
	}
}

// wantErrs makes the calls, all at once since a server that is away lets each
// wait, and compares their errors.
func wantErrs(t *testing.T, calls map[string]func() error, want error) {
	t.Helper()
	var all sync.WaitGroup
	defer all.Wait()
	for name, call := range calls {
		all.Go(func() { wantErr(t, name, call(), want) })
	}
}

func endedContext(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErrs(t, reading(ctx, b), context.Canceled)
	wantErrs(t, writing(ctx, b), context.Canceled)
	same(t, "records", find(t, b, "things", store.Query{}), []store.Record{at(thing("a", "red", 1, "{}"), 1)})
}

func afterClose(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	wantErrs(t, reading(t.Context(), b), store.ErrUnavailable)
	wantErrs(t, writing(t.Context(), b), store.ErrUnavailable)
	if err := b.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}
