package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"playcaller/store"
)

// writers is how many goroutines write at once.
const writers = 24

func concurrent() []test {
	second := func(o Options) bool { return o.Second != nil }
	return []test{
		{name: "24 writers of one counter lose no update", run: func(t *testing.T, b backend) {
			counter(t, func(int) store.Backend { return b.Backend })
		}},
		{name: "24 writers of one counter in two processes lose no update", needs: second, run: func(t *testing.T, b backend) {
			other := b.options.Second(t, b.Backend)
			counter(t, func(i int) store.Backend { return []store.Backend{b.Backend, other}[i%2] })
		}},
		{name: "of 200 jobs none is claimed twice by 24 writers", run: func(t *testing.T, b backend) {
			claim(t, func(int) store.Backend { return b.Backend })
		}},
		{name: "of 200 jobs none is claimed twice by 24 writers in two processes", needs: second, run: func(t *testing.T, b backend) {
			other := b.options.Second(t, b.Backend)
			claim(t, func(i int) store.Backend { return []store.Backend{b.Backend, other}[i%2] })
		}},
		{name: "of many inserts of one key one succeeds", run: oneInsert},
		{name: "bulks that overlap write each record once", run: overlappingBulks},
		{name: "readers meet only whole records while writers write", run: wholeRecords},
	}
}

// counter has every writer add 1 to one record 25 times, by reading and
// replacing until it succeeds.
func counter(t *testing.T, of func(writer int) store.Backend) {
	const each = 25
	insert(t, of(0), "plain", store.Record{Key: "n", Schema: 1, Body: []byte("0")})
	g, ctx := errgroup.WithContext(t.Context())
	for i := range writers {
		g.Go(func() error {
			for done := 0; done < each; {
				r, err := of(i).Get(ctx, "plain", "n")
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(r.Body))
				if err != nil {
					return err
				}
				r.Body = strconv.AppendInt(nil, int64(n+1), 10)
				switch err := of(i).Replace(ctx, "plain", r); {
				case err == nil:
					done++
				case !errors.Is(err, store.ErrConflict):
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	r := get(t, of(0), "plain", "n")
	if want := strconv.Itoa(writers * each); string(r.Body) != want || r.Version != writers*each+1 {
		t.Errorf("after %s increments the counter is %s in version %d", want, r.Body, r.Version)
	}
}

// claim has all writers look for free jobs and take them; every job must have
// exactly one taker who was told so.
func claim(t *testing.T, of func(writer int) store.Backend) {
	const jobs = 200
	var rs []store.Record
	for i := range jobs {
		rs = append(rs, store.Record{Key: fmt.Sprintf("job%03d", i), Schema: 1, Fields: map[string]any{"claimed": int64(0)}, Body: []byte(`{}`)})
	}
	if conflicts, err := of(0).BulkReplace(t.Context(), "jobs", rs); err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	takers := make(map[string]*atomic.Int32)
	for _, r := range rs {
		takers[r.Key] = new(atomic.Int32)
	}
	g, ctx := errgroup.WithContext(t.Context())
	for i := range writers {
		g.Go(func() error { return claimFree(ctx, of(i), i, takers) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for key, n := range takers {
		if n.Load() != 1 {
			t.Errorf("%s was claimed %d times", key, n.Load())
		}
	}
}

// claimFree takes jobs until none is free. A quarter of the writers begins at
// the first, a quarter at the last, the others behind the middle.
func claimFree(ctx context.Context, b store.Backend, writer int, takers map[string]*atomic.Int32) error {
	q := store.Query{Field: "claimed", Equal: int64(0), Limit: 5, Desc: writer%2 == 0}
	if writer%4 > 1 {
		q.After = &store.Position{Value: int64(0), Key: "job099"}
	}
	for {
		free, err := b.Find(ctx, "jobs", q)
		if err != nil || len(free) == 0 && q.After == nil {
			return err
		}
		if len(free) == 0 {
			q.After = nil
		}
		for _, r := range free {
			r.Fields = map[string]any{"claimed": int64(1)}
			r.Body = fmt.Appendf(nil, `{"by":%d}`, writer)
			switch err := b.Replace(ctx, "jobs", r); {
			case err == nil:
				takers[r.Key].Add(1)
			case !errors.Is(err, store.ErrConflict):
				return err
			}
		}
	}
}

func oneInsert(t *testing.T, b backend) {
	g, ctx := errgroup.WithContext(t.Context())
	var won atomic.Int32
	for i := range writers {
		g.Go(func() error {
			err := b.Insert(ctx, "plain", store.Record{Key: "k", Schema: 1, Body: fmt.Appendf(nil, `{"by":%d}`, i)})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrExists) {
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if won.Load() != 1 {
		t.Errorf("%d inserts succeeded, want 1", won.Load())
	}
}

// overlappingBulks has all writers replace the same 40 records in one bulk
// each; the writes of a record that were acknowledged are its one winner's.
func overlappingBulks(t *testing.T, b backend) {
	const n = 40
	round := func(version int64, by int) []store.Record {
		var rs []store.Record
		for i := range n {
			// Every writer begins elsewhere, so that several win something.
			rs = append(rs, store.Record{Key: fmt.Sprintf("k%02d", (i+by*7)%n), Version: version, Schema: 1, Body: fmt.Appendf(nil, `{"by":%d}`, by)})
		}
		return rs
	}
	if conflicts, err := b.BulkReplace(t.Context(), "plain", round(0, 0)); err != nil || len(conflicts) > 0 {
		t.Fatal(conflicts, err)
	}
	acknowledged := make([]map[string]bool, writers)
	g, ctx := errgroup.WithContext(t.Context())
	for i := range writers {
		g.Go(func() error {
			rs := round(1, i)
			conflicts, err := b.BulkReplace(ctx, "plain", rs)
			mine := make(map[string]bool)
			for _, r := range rs {
				mine[r.Key] = true
			}
			for _, key := range conflicts {
				delete(mine, key)
			}
			acknowledged[i] = mine
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, r := range find(t, b, "plain", store.Query{}) {
		if r.Version != 2 {
			t.Errorf("%s has version %d, want 2", r.Key, r.Version)
		}
		for i, mine := range acknowledged {
			if wrote := string(r.Body) == fmt.Sprintf(`{"by":%d}`, i); wrote != mine[r.Key] {
				t.Errorf("%s: writer %d wrote it: %v, but was told: %v", r.Key, i, wrote, mine[r.Key])
			}
		}
	}
}

// wholeRecords reads while the same records are written in bulk; body, field
// and version of a record always belong together.
func wholeRecords(t *testing.T, b backend) {
	record := func(key string, n int64) store.Record {
		return store.Record{Key: key, Version: n - 1, Schema: 1, Fields: map[string]any{"weight": n}, Body: fmt.Appendf(nil, `%2000d`, n)}
	}
	insert(t, b, "things", record("a", 1), record("b", 1))
	g, ctx := errgroup.WithContext(t.Context())
	var done atomic.Bool
	g.Go(func() error {
		defer done.Store(true)
		for n := int64(2); n <= 60; n++ {
			conflicts, err := b.BulkReplace(ctx, "things", []store.Record{record("a", n), record("b", n)})
			if err != nil || len(conflicts) > 0 {
				return fmt.Errorf("round %d: conflicts %v, error %v", n, conflicts, err)
			}
		}
		return nil
	})
	for range 4 {
		g.Go(func() error {
			for last := int64(0); !done.Load(); {
				rs, err := b.Find(ctx, "things", store.Query{Field: "weight", From: int64(0)})
				if err != nil {
					return err
				}
				one, err := b.Get(ctx, "things", "a")
				if err != nil {
					return err
				}
				for _, r := range append(rs, one) {
					if want := fmt.Sprintf(`%2000d`, r.Version); r.Fields["weight"] != r.Version || string(r.Body) != want {
						return fmt.Errorf("%s of version %d has fields %v and another body", r.Key, r.Version, r.Fields)
					}
				}
				if one.Version < last {
					return fmt.Errorf("version %d was read after %d", one.Version, last)
				}
				last = one.Version
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}
