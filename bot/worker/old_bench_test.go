package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// BenchmarkOldRecords is what runs that ended, and decisions of years, cost: nothing is pruned, so neither a start nor an
// event may take longer the more of them there are. 1,000 accounts have none, or a hundred each; both took 0.1 s and 30 ms on
// two busy cores.
func BenchmarkOldRecords(b *testing.B) {
	for _, each := range []int{0, 100} {
		ctx, dir, clock := context.Background(), b.TempDir(), clockwork.NewFakeClockAt(monday)
		book := loadFor(b, map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
		backend, err := sqlite.Open(ctx, filepath.Join(dir, "db"), store.Collections())
		if err != nil {
			b.Fatal(err)
		}
		str, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(dir, "stream"), Clock: clock, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		records := store.In(backend)
		long(b, records, str, book, each)
		name := fmt.Sprintf("%d old runs", 1000*each)
		b.Run("start, "+name, func(b *testing.B) {
			for b.Loop() {
				_, _, stop := running(b, str, records, book, clock)
				b.StopTimer()
				stop()
				b.StartTimer()
			}
		})
		b.Run("a run begins and ends, "+name, func(b *testing.B) {
			w, _, stop := running(b, str, records, book, clock)
			defer stop()
			n := 0
			for b.Loop() {
				beginsAndEnds(b, w, str, clock, fmt.Sprintf("customer-%d", n%1000))
				n++
			}
		})
		if err := errors.Join(str.Close(ctx), backend.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// beginsAndEnds starts a play on an account, and stops it.
func beginsAndEnds(b *testing.B, w *worker.Worker, str *stream.Stream, clock clockwork.Clock, account string) {
	b.Helper()
	ctx := context.Background()
	start, err := inbox.Event(inbox.AccountKey(account), inbox.StartKind, clock.Now(), inbox.Start{Account: account, Playbook: "steady", By: "tanaka"})
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(str.Publish(ctx, stream.Now, start), w.Rest(ctx)); err != nil {
		b.Fatal(err)
	}
	id := ""
	w.View(account, func(v *store.Account, _ *rules.History, _ *playbooks.Book) {
		id = playbooks.RunID(account, "steady", "", -v.Starts)
	})
	stopped, err := inbox.Run(account, playbooks.Event{Kind: playbooks.StoppedRun, Run: id, By: "tanaka", At: clock.Now()})
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(str.Publish(ctx, stream.Now, stopped), w.Rest(ctx)); err != nil {
		b.Fatal(err)
	}
}

// long writes 1,000 accounts with so many ended runs and decisions each.
func long(b *testing.B, records store.Records, str *stream.Stream, book *playbooks.Book, each int) {
	b.Helper()
	ctx := context.Background()
	for i := range 1000 {
		id := fmt.Sprintf("customer-%d", i)
		a := store.Account{ID: id, Partition: str.PartitionOf(inbox.AccountKey(id)), Known: true, At: monday, Due: monday.AddDate(0, 0, 1),
			Account: rules.Account{ID: id, Name: id, Roles: []rules.Role{{Role: "owner", Person: "tanaka"}}}}
		if err := records.Accounts.Insert(ctx, &store.Doc[store.Account]{Key: id, Value: a}); err != nil {
			b.Fatal(err)
		}
		var runs []*store.Doc[store.Run]
		var decisions []*store.Doc[store.Decision]
		for n := range each {
			r := book.Playbooks["tickets"].NewRun(book.Hash, id, "", int64(n+1))
			r.Began = monday.AddDate(0, 0, -n-2)
			r.Ended, r.Outcome, r.Assignee = r.Began.Add(time.Hour), "not_a_problem", "tanaka"
			runs = append(runs, &store.Doc[store.Run]{Key: r.ID, Value: store.Run{Run: r}})
			d := store.Decision{Decision: rules.Decision{Account: id, Playbook: "tickets", At: r.Began, Outcome: rules.Fired, Episode: r.Episode}, Seq: fmt.Sprint(n)}
			decisions = append(decisions, &store.Doc[store.Decision]{Key: store.DecisionKey(d), Value: d})
		}
		if _, err := records.Runs.BulkReplace(ctx, runs); err != nil {
			b.Fatal(err)
		}
		if _, err := records.Decisions.BulkReplace(ctx, decisions); err != nil {
			b.Fatal(err)
		}
	}
}

func loadFor(b *testing.B, files map[string]string) *playbooks.Book {
	b.Helper()
	all := map[string][]byte{}
	for _, of := range []map[string]string{shared, files} {
		for name, text := range of {
			all[name] = []byte(text)
		}
	}
	book, problems := playbooks.Load(all)
	if book == nil {
		b.Fatal(problems)
	}
	return book
}
