package storetest

import (
	"maps"
	"testing"

	"playcaller/store"
)

func lasting() []test {
	reopen := func(o Options) bool { return o.Reopen != nil }
	return []test{
		{name: "what was written is there after reopening", needs: reopen, run: reopened},
		{name: "while writes are impossible they are unavailable and reads go on", needs: func(o Options) bool { return o.BreakWrites != nil }, run: brokenWrites},
		{name: "while the store cannot be reached everything is unavailable", needs: func(o Options) bool { return o.BreakAll != nil }, run: brokenAll},
	}
}

func reopened(t *testing.T, b backend) {
	ctx := t.Context()
	insert(t, b, "things", thing("a", "red", 1, `{"n":1}`), thing("b", "red", 1, `{"n":1}`), thing("c", "red", 1, `{"n":1}`))
	if err := b.Replace(ctx, "things", at(thing("a", "blue", 2, `{"n":2}`), 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.BulkReplace(ctx, "things", []store.Record{at(thing("b", "blue", 3, `{"n":3}`), 1), thing("d", "blue", 4, `{"n":4}`)}); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(ctx, "things", "c", 1); err != nil {
		t.Fatal(err)
	}
	again := b.options.Reopen(t, b.Backend)
	want := []store.Record{at(thing("a", "blue", 2, `{"n":2}`), 2), at(thing("b", "blue", 3, `{"n":3}`), 2), at(thing("d", "blue", 4, `{"n":4}`), 1)}
	same(t, "records", find(t, again, "things", store.Query{}), want)
	same(t, "records by field", find(t, again, "things", store.Query{Field: "weight"}), want)
	wantErr(t, "insert of what is there", again.Insert(ctx, "things", thing("a", "red", 1, "{}")), store.ErrExists)
	wantErr(t, "replace of an old version", again.Replace(ctx, "things", at(thing("a", "red", 1, "{}"), 1)), store.ErrConflict)
	wantErr(t, "replace", again.Replace(ctx, "things", at(thing("a", "red", 1, "{}"), 2)), nil)
}

func brokenWrites(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	b.options.BreakWrites(t, b.Backend)
	wantErrs(t, writing(t.Context(), b), store.ErrUnavailable)
	same(t, "records", find(t, b, "things", store.Query{}), []store.Record{at(thing("a", "red", 1, "{}"), 1)})
}

func brokenAll(t *testing.T, b backend) {
	insert(t, b, "things", thing("a", "red", 1, "{}"))
	b.options.BreakAll(t, b.Backend)
	calls := writing(t.Context(), b)
	maps.Copy(calls, reading(t.Context(), b))
	wantErrs(t, calls, store.ErrUnavailable)
}
