package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// Every account comes once and in the order of ids, however long the pages are.
func TestAccountsAreListedInPagesByTheirIDs(t *testing.T) {
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	clock := clockwork.NewFakeClockAt(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	s, err := stream.Open(ctx, stream.Options{Dir: t.TempDir(), Partitions: 1, Clock: clock, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	records := store.In(backend)
	var want []string
	for n := range 7 {
		id := fmt.Sprintf("a%d", (n*3)%7)
		doc := store.Doc[store.Account]{Key: id, Value: store.Account{ID: id, Known: true, Account: rules.Account{ID: id}}}
		if err := records.Accounts.Insert(ctx, &doc); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	slices.Sort(want)
	r := forHTTP{&reads{records: records, worker: worker.New(worker.Options{Stream: s, Records: records, Clock: clock, Logger: log})}}
	for _, limit := range []int{1, 3, 7, 100} {
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			page, err := r.Accounts(ctx, after, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				got = append(got, a.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", limit, got, want)
		}
	}
}
