package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// BenchmarkReload is how long it takes, with 10,000 accounts of 400 days each in memory, from a saved file to every account
// being judged by the new book: reading and compiling the book, finding out whether ops must be asked first, and the switch
// in every partition. One threshold is another each time. A reload is to take less than 200 ms.
func BenchmarkReload(b *testing.B) {
	for _, c := range []struct {
		name string
		save func(files map[string][]byte, n int)
	}{
		{"a threshold", func(files map[string][]byte, n int) {
			files["login-drop.yaml"] = bytes.Replace(files["login-drop.yaml"], []byte(`logins.drop("14d") >= 0.3`), fmt.Appendf(nil, `logins.drop("14d") >= 0.3%d`, n), 1)
		}},
		{"a new playbook", func(files map[string][]byte, n int) {
			files["quiet.yaml"] = bytes.Replace([]byte(steady), []byte("playbook: steady"), fmt.Appendf(nil, "playbook: quiet-%d", n), 1)
			files["quiet.yaml"] = bytes.Replace(files["quiet.yaml"], []byte("when: score.last() <= 2"), []byte(`when: logins.sum("3d") == 0`), 1)
		}},
		{"a signal", func(files map[string][]byte, n int) {
			files["signals.yaml"] = bytes.Replace(files["signals.yaml"], []byte("\nsignals:\n"), fmt.Appendf(nil, "\nsignals:\n  more_%d: {kind: count}\n", n), 1)
		}},
	} {
		b.Run(c.name, func(b *testing.B) { reloads(b, c.save) })
	}
}

// reloads saves a changed file of the starter book again and again.
func reloads(b *testing.B, save func(files map[string][]byte, n int)) {
	const accounts = 10_000
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		b.Fatal(err)
	}
	w := loaded(b, files, accounts)
	ctx := context.Background()
	n := 0
	reload := func() {
		changed := maps.Clone(files)
		n++
		save(changed, n)
		book, problems := playbooks.Load(changed)
		if book == nil {
			b.Fatal(problems)
		}
		if book.Hash == w.Present().Hash {
			b.Fatal("the file is as it was")
		}
		if worker.MayStorm(w.Present(), book) {
			if p, err := w.Plan(ctx, book, w.Now()); err != nil || p.Accounts != accounts {
				b.Fatal(p.Accounts, err)
			}
		}
		if err := w.SwitchBook(ctx, book); err != nil {
			b.Fatal(err)
		}
		for waits := w.partitions; waits > 0; {
			if hash := <-w.switched; hash == book.Hash {
				waits--
			}
		}
		if settled, err := w.Settled(ctx); err != nil || !settled {
			b.Fatal(settled, err)
		}
	}
	rest := func() { // what changed is written in batches afterwards, beside other work
		if err := w.Rest(ctx); err != nil {
			b.Fatal(err)
		}
	}
	reload() // after the start nothing of today has been worked out yet, as it has after midnight
	rest()
	for b.Loop() {
		reload()
		b.StopTimer()
		rest()
		b.StartTimer()
	}
}

// timed is a worker and its clock.
type timed struct {
	*worker.Worker
	clock      clockwork.Clock
	partitions int
	switched   chan string // the book that a partition judges by from then on
}

func (t timed) Now() time.Time { return t.clock.Now() }

// loaded is a worker with so many accounts in memory, as an earlier one left them.
func loaded(b *testing.B, files map[string][]byte, accounts int) timed {
	b.Helper()
	ctx, dir, clock := context.Background(), b.TempDir(), clockwork.NewFakeClockAt(monday)
	book, problems := playbooks.Load(files)
	if book == nil {
		b.Fatal(problems)
	}
	backend, err := sqlite.Open(ctx, filepath.Join(dir, "db"), store.Collections())
	if err != nil {
		b.Fatal(err)
	}
	str, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(dir, "stream"), Clock: clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	records := store.In(backend)
	random := rand.New(rand.NewPCG(1, 2))
	var batch []*store.Doc[store.Account]
	for i := range accounts {
		id := fmt.Sprintf("customer-%05d", i)
		batch = append(batch, &store.Doc[store.Account]{Key: id, Value: usedDaily(b, book, random, str, id)})
		if len(batch) == 500 || i == accounts-1 {
			if _, err := records.Accounts.BulkReplace(ctx, batch); err != nil {
				b.Fatal(err)
			}
			batch = nil
		}
	}
	judged, _, stop := running(b, str, records, book, clock)
	clock.Advance(24 * time.Hour) // every rule is judged once
	judged.Poke()
	if err := judged.Rest(ctx); err != nil {
		b.Fatal(err)
	}
	stop() // and written
	w, switched, stop := running(b, str, records, book, clock)
	b.Cleanup(func() {
		stop()
		if err := errors.Join(str.Close(ctx), backend.Close()); err != nil {
			b.Error(err)
		}
	})
	return timed{w, clock, str.Partitions(), switched}
}

// running is a worker that has come to rest.
func running(b *testing.B, str *stream.Stream, records store.Records, book *playbooks.Book, clock clockwork.Clock) (w *worker.Worker, switched chan string, stop func()) {
	b.Helper()
	switched = make(chan string, 2*str.Partitions())
	quiet := slog.New(slog.DiscardHandler)
	slack := newSlack()
	w = worker.New(worker.Options{Stream: str, Records: records, Sender: slack, Book: book, Clock: clock, Logger: quiet, Draw: (&bench{slack: slack, records: records}).draw,
		Switched: func(_ int, book string) { switched <- book }})
	slack.serve(w)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	if err := w.Rest(ctx); err != nil {
		b.Fatal(err)
	}
	return w, switched, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

// usedDaily makes an account that somebody uses on working days, judged for the first time tomorrow.
func usedDaily(b *testing.B, book *playbooks.Book, random *rand.Rand, str *stream.Stream, id string) store.Account {
	b.Helper()
	a := store.Account{ID: id, Partition: str.PartitionOf("account:" + id), Known: true, At: monday, Due: monday.AddDate(0, 0, 1)}
	a.Account = rules.Account{ID: id, Name: strings.ToUpper(id), TimeZone: "Asia/Tokyo", Country: "JP", Stage: "adoption",
		Roles: []rules.Role{{Role: "owner", Person: "tanaka"}}}
	var h rules.History
	for day := 399; day >= 0; day-- {
		at := monday.AddDate(0, 0, -day)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		for _, signal := range []string{"logins", "help_views"} {
			s := rules.Signal{Account: id, Signal: signal, Value: float64(1 + random.IntN(9)), At: at}
			if _, err := h.Apply(s, *book.Signal(signal), time.UTC, at); err != nil {
				b.Fatal(err)
			}
		}
	}
	var err error
	if a.History, err = h.MarshalBinary(); err != nil {
		b.Fatal(err)
	}
	return a
}
