package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"playcaller/store"
)

func queries() []test {
	return []test{
		{name: "a range holds its lower end and not its upper", run: ranges},
		{name: "the order is by value and then by key, both ways", run: orders},
		{name: "records without a value are not found by it", run: withoutValue},
		{name: "pages join without gap or repetition", run: pages},
		{name: "a page goes on where it ended though its last record has gone", run: pageAfterDelete},
		{name: "every query finds what a scan would", run: likeAScan},
	}
}

func find(t testing.TB, b store.Backend, collection string, q store.Query) []store.Record {
	t.Helper()
	rs, err := b.Find(t.Context(), collection, q)
	if err != nil {
		t.Fatalf("find %+v: %v", q, err)
	}
	return rs
}

func keys(rs []store.Record) []string {
	var ks []string
	for _, r := range rs {
		ks = append(ks, r.Key)
	}
	return ks
}

func isErr(err, target error) bool { return errors.Is(err, target) }

func ranges(t *testing.T, b backend) {
	for i := range 10 {
		insert(t, b, "things", thing(fmt.Sprintf("k%d", i), fmt.Sprintf("c%d", i), int64(i*10), "{}"))
	}
	for _, c := range []struct {
		name string
		q    store.Query
		want []string
	}{
		{"numbers, both ends", store.Query{Field: "weight", From: int64(20), To: int64(50)}, []string{"k2", "k3", "k4"}},
		{"numbers, lower end", store.Query{Field: "weight", From: int64(75)}, []string{"k8", "k9"}},
		{"numbers, upper end", store.Query{Field: "weight", To: int64(20)}, []string{"k0", "k1"}},
		{"numbers, nothing between", store.Query{Field: "weight", From: int64(21), To: int64(30)}, nil},
		{"numbers, ends the wrong way round", store.Query{Field: "weight", From: int64(50), To: int64(20)}, nil},
		{"numbers, last two", store.Query{Field: "weight", To: int64(90), Desc: true, Limit: 2}, []string{"k8", "k7"}},
		{"text, both ends", store.Query{Field: "colour", From: "c3", To: "c5"}, []string{"k3", "k4"}},
		{"text bounds among numbers", store.Query{Field: "weight", From: "0"}, nil},
		{"text upper bound among numbers", store.Query{Field: "weight", To: "9"}, nil},
		{"keys, both ends", store.Query{From: "k3", To: "k5"}, []string{"k3", "k4"}},
		{"keys, from the end", store.Query{Desc: true, Limit: 3}, []string{"k9", "k8", "k7"}},
		{"a single key", store.Query{Equal: "k5"}, []string{"k5"}},
	} {
		same(t, c.name, keys(find(t, b, "things", c.q)), c.want)
	}
}

func orders(t *testing.T, b backend) {
	insert(t, b, "things",
		thing("d", "red", 2, "{}"), thing("b", "red", 1, "{}"), thing("a", "red", 2, "{}"), thing("c", "red", 1, "{}"),
		thing("é", "red", 1, "{}"), thing("B", "red", 1, "{}"), thing("株", "red", 3, "{}"))
	up := []string{"B", "b", "c", "é", "a", "d", "株"}
	down := slices.Clone(up)
	slices.Reverse(down)
	same(t, "upwards", keys(find(t, b, "things", store.Query{Field: "weight"})), up)
	same(t, "downwards", keys(find(t, b, "things", store.Query{Field: "weight", Desc: true})), down)
	same(t, "equal values", keys(find(t, b, "things", store.Query{Field: "weight", Equal: int64(1)})), []string{"B", "b", "c", "é"})
	same(t, "equal values downwards", keys(find(t, b, "things", store.Query{Field: "weight", Equal: int64(1), Desc: true})), []string{"é", "c", "b", "B"})
}

func withoutValue(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"), store.Record{Key: "b", Schema: 1, Body: []byte("{}")},
		store.Record{Key: "c", Schema: 1, Fields: map[string]any{"due": int64(-3)}, Body: []byte("{}")})
	same(t, "by colour", keys(find(t, b, "things", store.Query{Field: "colour"})), []string{"a"})
	same(t, "by due", keys(find(t, b, "things", store.Query{Field: "due", To: int64(100)})), []string{"c"})
	same(t, "by due, downwards", keys(find(t, b, "things", store.Query{Field: "due", Desc: true})), []string{"c"})
	same(t, "by key", keys(find(t, b, "things", store.Query{})), []string{"a", "b", "c"})
}

func pages(t *testing.T, b backend) {
	const n = 57
	for i := range n {
		insert(t, b, "things", thing(fmt.Sprintf("k%02d", (i*23)%n), "red", int64(i%4), "{}"))
	}
	for _, c := range []struct {
		name string
		q    store.Query
	}{
		{"by key", store.Query{}},
		{"by key, downwards", store.Query{Desc: true}},
		{"by value", store.Query{Field: "weight"}},
		{"by value, downwards", store.Query{Field: "weight", Desc: true}},
		{"equal values", store.Query{Field: "colour", Equal: "red"}},
		{"equal values, downwards", store.Query{Field: "colour", Equal: "red", Desc: true}},
		{"a range", store.Query{Field: "weight", From: int64(1), To: int64(3)}},
		{"a range, downwards", store.Query{Field: "weight", From: int64(1), To: int64(3), Desc: true}},
	} {
		whole := keys(find(t, b, "things", c.q))
		if len(whole) < 20 {
			t.Fatalf("%s: only %d records to page through", c.name, len(whole))
		}
		for _, size := range []int{1, 7, len(whole), 100} {
			var joined []string
			q := c.q
			q.Limit = size
			for range n + 1 {
				page := find(t, b, "things", q)
				joined = append(joined, keys(page)...)
				if len(page) < size {
					break
				}
				q = q.Next(page[len(page)-1])
			}
			same(t, fmt.Sprintf("%s, pages of %d", c.name, size), joined, whole)
		}
	}
}

func pageAfterDelete(t *testing.T, b backend) {
	for i := range 6 {
		insert(t, b, "things", thing(fmt.Sprintf("k%d", i), "red", int64(i/3), "{}"))
	}
	q := store.Query{Field: "weight", Limit: 2}
	page := find(t, b, "things", q)
	if err := b.Delete(t.Context(), "things", page[1].Key, 0); err != nil {
		t.Fatal(err)
	}
	same(t, "second page", keys(find(t, b, "things", q.Next(page[1]))), []string{"k2", "k3"})
}

// compareValues orders values as backends must: nil, int64, string.
func compareValues(x, y any) int {
	rank := func(v any) int {
		switch v.(type) {
		case int64:
			return 1
		case string:
			return 2
		}
		return 0
	}
	if c := cmp.Compare(rank(x), rank(y)); c != 0 {
		return c
	}
	switch x := x.(type) {
	case int64:
		return cmp.Compare(x, y.(int64))
	case string:
		return cmp.Compare(x, y.(string))
	}
	return 0
}

func value(r store.Record, field string) any {
	if field == "" {
		return r.Key
	}
	return r.Fields[field]
}

func byField(field string) func(x, y store.Record) int {
	return func(x, y store.Record) int {
		return cmp.Or(compareValues(value(x, field), value(y, field)), cmp.Compare(x.Key, y.Key))
	}
}

func sameType(v, w any) bool { return fmt.Sprintf("%T", v) == fmt.Sprintf("%T", w) }

// scan answers a query by looking at every record.
func scan(all []store.Record, q store.Query) []store.Record {
	order := byField(q.Field)
	if q.Desc {
		order = func(x, y store.Record) int { return byField(q.Field)(y, x) }
	}
	var out []store.Record
	for _, r := range all {
		v := value(r, q.Field)
		after := q.After == nil || q.Field == "" && order(r, store.Record{Key: q.After.Key}) > 0 ||
			q.Field != "" && order(r, store.Record{Key: q.After.Key, Fields: map[string]any{q.Field: q.After.Value}}) > 0
		if v == nil || !after ||
			q.Equal != nil && v != q.Equal ||
			q.From != nil && (!sameType(v, q.From) || compareValues(v, q.From) < 0) ||
			q.To != nil && (!sameType(v, q.To) || compareValues(v, q.To) >= 0) {
			continue
		}
		if q.KeysOnly {
			r.Body = nil
		}
		out = append(out, r)
	}
	slices.SortFunc(out, order)
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

func likeAScan(t *testing.T, b backend) {
	values := []any{int64(-1), int64(0), int64(1), "", "0", "a", "é"}
	var all []store.Record
	for i := range 60 {
		r := store.Record{Key: fmt.Sprintf("k%02d", i), Version: 1, Schema: 1, Body: fmt.Appendf(nil, `{"i":%d}`, i), Fields: map[string]any{}}
		if i%8 < 7 {
			r.Fields["weight"] = values[i%8]
		}
		r.Fields["colour"] = values[3+i%4]
		all = append(all, r)
		insert(t, b, "things", r)
	}
	rapid.Check(t, func(rt *rapid.T) {
		q := store.Query{
			Field:    rapid.SampledFrom([]string{"", "weight", "colour", "due"}).Draw(rt, "field"),
			Desc:     rapid.Bool().Draw(rt, "desc"),
			Limit:    rapid.SampledFrom([]int{0, 1, 5, 100}).Draw(rt, "limit"),
			KeysOnly: rapid.Bool().Draw(rt, "keys only"),
		}
		bound := rapid.SampledFrom(append([]any{nil}, values...))
		if q.Field == "" {
			bound = rapid.SampledFrom([]any{nil, "", "k05", "k50", "z"})
		}
		if rapid.Bool().Draw(rt, "by equality") {
			q.Equal = bound.Draw(rt, "equal")
		} else {
			q.From, q.To = bound.Draw(rt, "from"), bound.Draw(rt, "to")
			if q.From != nil && q.To != nil && !sameType(q.From, q.To) {
				q.To = nil
			}
		}
		if rapid.Bool().Draw(rt, "a later page") {
			last := rapid.SampledFrom(all).Draw(rt, "last")
			if next := q.Next(last); q.Field == "" || next.After.Value != nil {
				q = next
			}
		}
		got, err := b.Find(t.Context(), "things", q)
		if err != nil {
			rt.Fatalf("%+v: %v", q, err)
		}
		same(rt, fmt.Sprintf("%+v after %v", q, q.After), got, scan(all, q))
	})
}
