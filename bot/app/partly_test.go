package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jonboulle/clockwork"

	"playcaller/bot/inbox"
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

// ends is a context that is over once so many events have been published with it: when the next publication looks whether it
// is still wanted, before anything of it is on its way. One that is given up later may be durable.
type ends struct {
	context.Context
	end  context.CancelFunc
	left int
}

// Err is how context.Cause asks.
func (l *ends) Err() error {
	if _, file, _, _ := runtime.Caller(2); strings.HasSuffix(file, "stream/publish.go") {
		if l.left--; l.left < 0 {
			l.end()
		}
	}
	return l.Context.Err()
}

// A folder that is put back after some partitions have heard of what was in it meanwhile is switched to again, although it
// is the book in use.
func TestAFolderThatIsPutBackAfterHalfASwitchIsSwitchedTo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	clock, log, dir := clockwork.NewFakeClock(), slog.New(slog.DiscardHandler), t.TempDir()
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

// A shelved is a folder with a book, and the lives of a bot on it: each begins with what the one before has written.
type shelved struct {
	t         *testing.T
	dir, data string
	clock     *clockwork.FakeClock
	told      int // messages to ops about a new book
	asked     int // questions to ops whether so much is to be started
}

const look = "playbook: look\ntitle: Look\nabout: Somebody looks.\nsteps:\n  - {id: look, task: Look, otherwise: {after: 5wd, then: =unanswered}}\n"

func newShelved(t *testing.T) *shelved {
	t.Helper()
	s := &shelved{t: t, dir: t.TempDir(), data: t.TempDir(), clock: clockwork.NewFakeClock()}
	save(t, s.dir, "team.yaml", "people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\n")
	save(t, s.dir, "look.yaml", look)
	return s
}

// retitle saves another book.
func (s *shelved) retitle(title string) {
	s.t.Helper()
	save(s.t, s.dir, "look.yaml", strings.Replace(look, "title: Look", "title: "+title, 1))
}

// unheard makes what the partitions have written down that of the time before they heard of another book than this.
func (s *shelved) unheard(hash string) {
	t := s.t
	t.Helper()
	backend, err := sqlite.Open(t.Context(), filepath.Join(s.data, "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	records := store.In(backend)
	for d, err := range records.Checkpoints.All(t.Context(), store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		d.Value.Book = hash
		if err := records.Checkpoints.Replace(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
}

// life does something with a bot that begins with the folder's book, and stops it.
func (s *shelved) life(do func(ctx context.Context, b *Bot)) {
	t := s.t
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	hooks, err := sender.NewWebhooks(nil)
	if err != nil {
		t.Fatal(err)
	}
	book, err := ReadBook(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	events, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(s.data, "stream"), Partitions: 4, Clock: s.clock, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	backend, err := sqlite.Open(ctx, filepath.Join(s.data, "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	records := store.In(backend)
	w := worker.New(worker.Options{Stream: events, Records: records, Book: book, Clock: s.clock, Logger: log, Sender: nobody{},
		Draw: func(_ context.Context, _ string, out store.Outgoing) (sender.Item, bool, error) {
			switch out.Kind {
			case opsBook:
				s.told++
			case opsAsk:
				s.asked++
			}
			return sender.Item{}, false, nil
		}})
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	if err := w.Rest(ctx); err != nil {
		t.Fatal(err)
	}
	do(ctx, &Bot{worker: w, stream: events, records: records, clock: s.clock, log: log, watch: newWatch(s.dir), hooks: hooks, book: book})
	if err := w.Rest(ctx); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := events.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := backend.Close(); err != nil {
		t.Error(err)
	}
}

// A process that is stopped while its partitions switch tells ops of the switch once.
func TestASwitchThatWasToldIsFinishedAfterAStopWithoutTellingItAgain(t *testing.T) {
	s := newShelved(t)
	first, err := ReadBook(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.life(func(ctx context.Context, b *Bot) {
		s.retitle("Look twice")
		if err := b.readAgain(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if s.told != 1 {
		t.Fatalf("ops were told %d times, want once", s.told)
	}
	s.clock.Advance(time.Minute)
	s.life(func(ctx context.Context, b *Bot) { // one partition had not heard of it yet
		if err := b.worker.SwitchBook(ctx, first); err != nil {
			t.Fatal(err)
		}
		was, err := b.records.Books.Get(ctx, first.Hash)
		if err != nil {
			t.Fatal(err)
		}
		was.Value.Since, was.Value.From = time.Time{}, ""
		if err := b.records.Books.Replace(ctx, &was); err != nil {
			t.Fatal(err)
		}
	})
	s.life(func(ctx context.Context, b *Bot) {
		if err := b.switchBook(ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.worker.Rest(ctx); err != nil {
			t.Fatal(err)
		}
		if settled, err := b.worker.Settled(ctx); err != nil || !settled {
			t.Errorf("settled %v, %v; want every partition to judge by the book", settled, err)
		}
	})
	if s.told != 1 {
		t.Errorf("ops were told %d times, want once", s.told)
	}
	s.life(func(ctx context.Context, b *Bot) { // back to the first, while it runs, and to the second, while it does not
		s.retitle("Look")
		s.clock.Advance(time.Minute)
		if err := b.readAgain(ctx); err != nil {
			t.Fatal(err)
		}
	})
	s.retitle("Look twice")
	s.clock.Advance(time.Minute)
	s.life(func(ctx context.Context, b *Bot) {
		if err := b.switchBook(ctx); err != nil {
			t.Fatal(err)
		}
	})
	if s.told != 3 {
		t.Errorf("ops were told %d times of three switches", s.told)
	}
}

// A process that is stopped between a switch and the message about it tells ops after the next start, once, whether or not its
// partitions had all heard of the book.
func TestASwitchThatWasNotToldBeforeAStopIsToldAfterIt(t *testing.T) {
	for _, tc := range []struct {
		name string
		stop func(ctx context.Context, b *Bot) error
	}{
		{"once every partition has heard", func(ctx context.Context, b *Bot) error {
			book, err := ReadBook(b.watch.dir)
			if err != nil {
				return err
			}
			return b.adopt(ctx, b.worker.Present(), book)
		}},
		{"while the message is published", func(ctx context.Context, b *Bot) error {
			soon, end := context.WithCancel(ctx)
			defer end()
			if err := b.readAgain(&ends{soon, end, 4}); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("want the message not to be published, got %w", err)
			}
			return nil
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShelved(t)
			s.life(func(context.Context, *Bot) {})
			s.life(func(ctx context.Context, b *Bot) {
				s.retitle("Look twice")
				if err := tc.stop(ctx, b); err != nil {
					t.Fatal(err)
				}
			})
			if s.told != 0 {
				t.Fatalf("ops were told %d times before the stop", s.told)
			}
			for range 2 {
				s.clock.Advance(time.Minute)
				s.life(func(ctx context.Context, b *Bot) {
					if err := errors.Join(b.switchBook(ctx), b.tellOfBook(ctx)); err != nil {
						t.Fatal(err)
					}
				})
				if s.told != 1 {
					t.Errorf("after the stop ops were told %d times, want once", s.told)
				}
			}
		})
	}
}

// A process may be stopped after it told ops, and before it has written down that it did; and before the partitions have written
// down that they judge by the book.
func TestASwitchThatWasToldJustBeforeAStopIsNotToldAgain(t *testing.T) {
	for name, heard := range map[string]bool{"its partitions are known to judge by the book": true, "they are not": false} {
		t.Run(name, func(t *testing.T) {
			s := newShelved(t)
			var old string
			s.life(func(_ context.Context, b *Bot) { old = b.worker.Present().Hash })
			var before *BookChange
			s.life(func(ctx context.Context, b *Bot) {
				s.retitle("Look twice")
				if err := b.readAgain(ctx); err != nil {
					t.Fatal(err)
				}
				before = b.watch.last
				d, err := b.records.Books.Get(ctx, b.worker.Present().Hash)
				if err != nil {
					t.Fatal(err)
				}
				d.Value.Announced = false
				if err := b.records.Books.Replace(ctx, &d); err != nil {
					t.Fatal(err)
				}
			})
			if !heard {
				s.unheard(old)
			}
			s.clock.Advance(time.Minute)
			s.life(func(ctx context.Context, b *Bot) {
				if err := errors.Join(b.switchBook(ctx), b.tellOfBook(ctx)); err != nil {
					t.Fatal(err)
				}
				status, err := b.BookStatus(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, status.Last); diff != "" {
					t.Errorf("after the stop the switch is another (-before +after):\n%s", diff)
				}
			})
			if s.told != 1 {
				t.Errorf("ops were told %d times, want once", s.told)
			}
		})
	}
}

// Whenever a process is stopped while it switches to a book that would start too much, ops are asked once, and nothing starts.
func TestOpsAreAskedOfAStormWheneverTheSwitchIsStopped(t *testing.T) {
	const many = "playbook: many\ntitle: Many\nabout: Many at once.\nlimit: 1/h\nexisting: start\nwhen: account.seats >= 5\nsteps:\n" +
		"  - {id: look, task: Look, otherwise: {after: 5wd, then: =unanswered}}\n"
	for after := range 11 { // publications: a held playbook in each of four partitions, the question, and the switch in each
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			s := newShelved(t)
			s.life(func(ctx context.Context, b *Bot) {
				for _, id := range []string{"a", "b", "c"} {
					ev, err := inbox.Event(inbox.AccountKey(id), inbox.AccountKind, s.clock.Now(), json.RawMessage(`{"id":"`+id+`","name":"`+id+`","seats":9}`))
					if err != nil {
						t.Fatal(err)
					}
					if err := b.stream.Publish(ctx, stream.Now, ev); err != nil {
						t.Fatal(err)
					}
				}
			})
			s.life(func(ctx context.Context, b *Bot) {
				save(t, s.dir, "many.yaml", many)
				soon, end := context.WithCancel(ctx)
				defer end()
				book, err := ReadBook(s.dir)
				if err != nil {
					t.Fatal(err)
				}
				if err := b.adopt(&ends{soon, end, after}, b.worker.Present(), book); err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
			})
			s.clock.Advance(time.Second)
			s.life(func(ctx context.Context, b *Bot) {
				if err := b.switchBook(ctx); err != nil {
					t.Fatal(err)
				}
			})
			s.life(func(ctx context.Context, b *Bot) {
				if storms, _, err := b.worker.Held(ctx); err != nil || len(storms) != 1 {
					t.Errorf("held back: %v, %v; want the one playbook", storms, err)
				}
				if docs, err := b.records.Runs.Find(ctx, store.Query{Field: "account", Equal: "a"}); err != nil || len(docs) != 0 {
					t.Errorf("%d plays were started (%v)", len(docs), err)
				}
			})
			if s.asked != 1 {
				t.Errorf("ops were asked %d times, want once", s.asked)
			}
		})
	}
}
