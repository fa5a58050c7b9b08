package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/sender"
	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// nobody is a sender of messages that nobody gets.
type nobody struct{}

func (nobody) Enqueue(string, ...sender.Item) {}
func (nobody) Drop(context.Context, string)   {}
func (nobody) Pending() int                   { return 0 }

func save(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ends is a context that is over once so many events have been published with it.
type ends struct {
	context.Context
	end  context.CancelFunc
	left int
}

func (l *ends) Done() <-chan struct{} {
	if _, file, _, _ := runtime.Caller(1); strings.HasSuffix(file, "stream/publish.go") {
		if l.left--; l.left < 0 {
			l.end()
		}
	}
	return l.Context.Done()
}

// A folder that is put back after some partitions have heard of what was in it meanwhile is switched to again, although it
// is the book in use.
func TestAFolderThatIsPutBackAfterHalfASwitchIsSwitchedTo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	clock, log, dir := clockwork.NewFakeClock(), slog.New(slog.DiscardHandler), t.TempDir()
	const look = "playbook: look\ntitle: Look\nabout: Somebody looks.\nsteps:\n  - {id: look, task: Look, otherwise: {after: 5wd, then: =unanswered}}\n"
	save(t, dir, "team.yaml", "people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\n")
	save(t, dir, "look.yaml", look)
	book, err := ReadBook(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := stream.Open(ctx, stream.Options{Dir: t.TempDir(), Partitions: 4, Clock: clock, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	records := store.In(backend)
	w := worker.New(worker.Options{Stream: s, Records: records, Book: book, Clock: clock, Logger: log, Sender: nobody{}})
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	settled := func() bool {
		t.Helper()
		if err := w.Rest(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := w.Settled(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if !settled() {
		t.Fatal("the partitions do not judge by the first book")
	}
	b := &Bot{worker: w, records: records, clock: clock, log: log, watch: newWatch(dir)}
	save(t, dir, "look.yaml", strings.Replace(look, "title: Look", "title: Look twice", 1))
	half, end := context.WithCancel(ctx)
	defer end()
	if err := b.readAgain(&ends{half, end, 2}); err == nil || settled() {
		t.Fatalf("the switch was not left half done: %v", err)
	}
	save(t, dir, "look.yaml", look)
	if err := b.readAgain(ctx); err != nil {
		t.Fatal(err)
	}
	if !settled() || w.Present().Hash != book.Hash {
		t.Error("some partitions judge by the book that was there meanwhile")
	}
}
