package sqlite

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	"playcaller/store"
)

// account returns a body like an account's: some fields, and 400 days of eight
// signals in a binary form. It is about 12 kB.
func account(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	var series []byte
	for range 8 {
		mean := r.Float64() * 200
		for day := range 400 {
			v := max(0, mean+r.NormFloat64()*mean/4)
			if day%7 > 4 {
				v /= 10
			}
			series = binary.AppendUvarint(series, uint64(day%2))
			series = binary.AppendUvarint(series, uint64(v))
		}
	}
	body, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("acct-%06d", n), "name": "アクメ株式会社", "plan": "pro", "seats": n % 500, "arr": n * 37,
		"roles":   []map[string]string{{"role": "owner", "person": "tanaka", "from": "2026-01-05"}, {"role": "ae", "person": "smith", "from": "2025-11-01"}},
		"history": base64.StdEncoding.EncodeToString(series),
		"states":  map[string]any{"login-drop": map[string]any{"state": "inactive", "episode": 3}, "help-spike": map[string]any{"state": "firing", "episode": 1}},
	})
	if err != nil {
		panic(err) // a map of plain values always encodes
	}
	return body
}

func small(key string) store.Record {
	return store.Record{Key: key, Schema: 1, Body: []byte(`{"account":"acme","step":"why","state":"open","due":"2026-12-01T09:00:00Z"}`),
		Fields: map[string]any{"colour": "acme", "due": int64(1_800_000_000)}}
}

// BenchmarkReplace replaces small records, each in a durable write of its own:
// one writer, and 32 that share syncs.
func BenchmarkReplace(b *testing.B) {
	for _, writers := range []int{1, 32} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "x.db"))
			var next atomic.Int32
			b.SetParallelism(writers) // times GOMAXPROCS
			work := func(more func() bool) {
				r := small(fmt.Sprintf("k%d", next.Add(1)))
				for more() {
					if conflicts, err := s.BulkReplace(b.Context(), "things", []store.Record{r}); err != nil || len(conflicts) > 0 {
						b.Error(conflicts, err)
						return
					}
					r.Version++
				}
			}
			b.ResetTimer()
			if writers == 1 {
				work(b.Loop)
				return
			}
			b.RunParallel(func(p *testing.PB) { work(p.Next) })
		})
	}
}

// BenchmarkBulkReplace replaces 200 accounts in one call.
func BenchmarkBulkReplace(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "x.db"))
	rs := make([]store.Record, 200)
	size := 0
	for i := range rs {
		rs[i] = store.Record{Key: fmt.Sprintf("acct-%06d", i), Schema: 1, Body: account(i)}
		size += len(rs[i].Body)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if conflicts, err := s.BulkReplace(b.Context(), "plain", rs); err != nil || len(conflicts) > 0 {
			b.Fatal(conflicts, err)
		}
		for i := range rs {
			rs[i].Version++
		}
	}
	b.ReportMetric(float64(b.N*len(rs))/b.Elapsed().Seconds(), "accounts/s")
}

// BenchmarkGet reads an account by its key, among 2,000.
func BenchmarkGet(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "x.db"))
	rs := make([]store.Record, 2000)
	for i := range rs {
		rs[i] = store.Record{Key: fmt.Sprintf("acct-%06d", i), Schema: 1, Body: account(i)}
	}
	if _, err := s.BulkReplace(b.Context(), "plain", rs); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(rs[0].Body)))
	i := 0
	for b.Loop() {
		i = (i*7 + 1) % len(rs)
		if _, err := s.Get(b.Context(), "plain", rs[i].Key); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind reads the 20 records that fall due next, among 20,000.
func BenchmarkFind(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "x.db"))
	rs := make([]store.Record, 20_000)
	for i := range rs {
		rs[i] = small(fmt.Sprintf("k%05d", i))
		rs[i].Fields["due"] = int64(i * 7919 % 100_000)
	}
	if _, err := s.BulkReplace(b.Context(), "things", rs); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		found, err := s.Find(b.Context(), "things", store.Query{Field: "due", From: int64(50_000), Limit: 20})
		if err != nil || len(found) != 20 {
			b.Fatal(len(found), err)
		}
	}
}
