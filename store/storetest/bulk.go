package storetest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"playcaller/store"
)

func bulk() []test {
	return []test{
		{name: "a bulk of nothing does nothing", run: bulkNothing},
		{name: "a bulk inserts, replaces and reports what conflicts", run: bulkMixed},
		{name: "a bulk of only conflicts changes nothing", run: bulkConflicts},
		{name: "a bulk of 600 records is written whole", run: bulkMany},
		{name: "any order of writes leaves what a map would", run: anyOrder},
	}
}

func bulkNothing(t *testing.T, b backend) {
	conflicts, err := b.BulkReplace(t.Context(), "things", nil)
	if err != nil || len(conflicts) > 0 {
		t.Errorf("got conflicts %v, error %v", conflicts, err)
	}
}

func bulkMixed(t *testing.T, b backend) {
	insert(t, b, "things", thing("good", "red", 1, `{"n":1}`), thing("stale", "red", 1, `{"n":1}`), thing("there", "red", 1, `{"n":1}`))
	if err := b.Replace(t.Context(), "things", at(thing("stale", "red", 1, `{"n":2}`), 1)); err != nil {
		t.Fatal(err)
	}
	conflicts, err := b.BulkReplace(t.Context(), "things", []store.Record{
		at(thing("stale", "blue", 9, `{"n":9}`), 1),
		thing("new", "blue", 9, `{"n":9}`),
		at(thing("gone", "blue", 9, `{"n":9}`), 1),
		at(thing("good", "blue", 9, `{"n":9}`), 1),
		thing("there", "blue", 9, `{"n":9}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(conflicts)
	same(t, "conflicts", conflicts, []string{"gone", "stale", "there"})
	same(t, "records", find(t, b, "things", store.Query{}), []store.Record{
		at(thing("good", "blue", 9, `{"n":9}`), 2),
		at(thing("new", "blue", 9, `{"n":9}`), 1),
		at(thing("stale", "red", 1, `{"n":2}`), 2),
		at(thing("there", "red", 1, `{"n":1}`), 1),
	})
	same(t, "keys by field", keys(find(t, b, "things", store.Query{Field: "colour", Equal: "blue"})), []string{"good", "new"})
}

func bulkConflicts(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, `{"n":1}`), thing("b", "red", 1, `{"n":1}`))
	conflicts, err := b.BulkReplace(t.Context(), "things", []store.Record{
		at(thing("a", "blue", 9, `{"n":9}`), 2), thing("b", "blue", 9, `{"n":9}`), at(thing("c", "blue", 9, "{}"), 7),
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(conflicts)
	same(t, "conflicts", conflicts, []string{"a", "b", "c"})
	same(t, "records", find(t, b, "things", store.Query{}),
		[]store.Record{at(thing("a", "red", 1, `{"n":1}`), 1), at(thing("b", "red", 1, `{"n":1}`), 1)})
}

// bulkMany writes more than one transaction or request holds; every tenth
// record of the second round is stale.
func bulkMany(t *testing.T, b backend) {
	const n = 600
	round := func(version int64, body string) []store.Record {
		rs := make([]store.Record, n)
		for i := range rs {
			rs[i] = at(thing(fmt.Sprintf("k%05d", i), "red", int64(i), body), version)
		}
		return rs
	}
	conflicts, err := b.BulkReplace(t.Context(), "things", round(0, `{"round":1}`))
	if err != nil || len(conflicts) > 0 {
		t.Fatalf("first round: conflicts %v, error %v", conflicts, err)
	}
	second := round(1, `{"round":2}`)
	var want []string
	for i := 0; i < n; i += 10 {
		second[i].Version = 5
		want = append(want, second[i].Key)
	}
	conflicts, err = b.BulkReplace(t.Context(), "things", second)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(conflicts)
	same(t, "conflicts", conflicts, want)
	rs := find(t, b, "things", store.Query{})
	if len(rs) != n {
		t.Fatalf("got %d records, want %d", len(rs), n)
	}
	for i, r := range rs {
		version, body := int64(2), `{"round":2}`
		if i%10 == 0 {
			version, body = 1, `{"round":1}`
		}
		if r.Version != version || string(r.Body) != body {
			t.Fatalf("%s: got version %d and %s, want %d and %s", r.Key, r.Version, r.Body, version, body)
		}
	}
}

// anyOrder compares a random sequence of writes with the same on a map.
func anyOrder(t *testing.T, b backend) {
	ctx := t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		for _, r := range find(t, b, "things", store.Query{KeysOnly: true}) {
			if err := b.Delete(ctx, "things", r.Key, 0); err != nil {
				rt.Fatal(err)
			}
		}
		model := make(map[string]store.Record)
		record := func(rt *rapid.T, label string) store.Record {
			r := thing(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, label+" key"), rapid.SampledFrom([]string{"red", "blue"}).Draw(rt, "colour"),
				rapid.Int64Range(0, 3).Draw(rt, "weight"), fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 9).Draw(rt, "n")))
			return at(r, rapid.Int64Range(0, 4).Draw(rt, "version"))
		}
		put := func(r store.Record) bool {
			old, there := model[r.Key]
			if there != (r.Version > 0) || old.Version != r.Version {
				return false
			}
			model[r.Key] = at(r, r.Version+1)
			return true
		}
		check := func(rt *rapid.T, what string, err, unlike error, ok bool) {
			if ok && err != nil || !ok && !isErr(err, unlike) {
				rt.Fatalf("%s: error %v, though it should succeed: %v", what, err, ok)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"insert": func(rt *rapid.T) {
				r := at(record(rt, "insert"), 0)
				check(rt, "insert", b.Insert(ctx, "things", r), store.ErrExists, put(r))
			},
			"replace": func(rt *rapid.T) {
				r := record(rt, "replace")
				r.Version = max(r.Version, 1)
				check(rt, "replace", b.Replace(ctx, "things", r), store.ErrConflict, put(r))
			},
			"delete": func(rt *rapid.T) {
				r := record(rt, "delete")
				ok := r.Version == 0 || model[r.Key].Version == r.Version
				check(rt, "delete", b.Delete(ctx, "things", r.Key, r.Version), store.ErrConflict, ok)
				if ok {
					delete(model, r.Key)
				}
			},
			"bulk": func(rt *rapid.T) {
				rs := rapid.SliceOfNDistinct(rapid.Custom(func(rt *rapid.T) store.Record { return record(rt, "bulk") }),
					0, 4, func(r store.Record) string { return r.Key }).Draw(rt, "records")
				var want []string
				for _, r := range rs {
					if !put(r) {
						want = append(want, r.Key)
					}
				}
				got, err := b.BulkReplace(ctx, "things", rs)
				slices.Sort(got)
				slices.Sort(want)
				if err != nil || !slices.Equal(got, want) {
					rt.Fatalf("bulk: conflicts %v and error %v, want %v", got, err, want)
				}
			},
			"": func(rt *rapid.T) {
				var want []store.Record
				for _, r := range model {
					want = append(want, r)
				}
				slices.SortFunc(want, byField(""))
				same(rt, "records", find(t, b, "things", store.Query{}), want)
			},
		})
	})
}
