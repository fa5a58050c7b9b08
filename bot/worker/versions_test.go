package worker

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"playcaller/playbooks"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// counted counts how often a document is read.
type counted struct {
	store.Backend
	reads int
}

func (c *counted) Get(ctx context.Context, collection, key string) (store.Record, error) {
	c.reads++
	return c.Backend.Get(ctx, collection, key)
}

// version makes one of many versions of a small book.
func version(t testing.TB, n int) *playbooks.Book {
	t.Helper()
	book, problems := playbooks.Load(map[string][]byte{
		"team.yaml": []byte("people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\n"),
		"look.yaml": fmt.Appendf(nil, "playbook: look\ntitle: Look %d\nabout: Somebody looks.\nsteps:\n  - {id: look, task: Look}\n", n)})
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

// Runs of very many versions are played side by side without a book being read for each event of theirs.
func TestBooksStayAtHandWhileThereIsRoom(t *testing.T) {
	ctx := context.Background()
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	reads := &counted{Backend: backend}
	present := version(t, 0)
	b := newBooks(store.In(reads), present)
	const versions = 40
	var hashes []string
	for n := range versions {
		book := version(t, n)
		if err := b.keep(ctx, book, day(5, 1)); err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, book.Hash)
	}
	ask := func(rounds int) int {
		before := reads.reads
		for range rounds {
			for _, hash := range hashes {
				if book, err := b.get(ctx, hash); err != nil || book.Hash != hash {
					t.Fatal(book, err)
				}
			}
		}
		return reads.reads - before
	}
	if n := ask(3); n != 0 {
		t.Errorf("%d versions in turn are read %d times from the store, want never: there is room", versions, n)
	}
	b.room = b.size / 4
	if err := b.keep(ctx, version(t, versions), day(5, 1)); err != nil {
		t.Fatal(err)
	}
	if n := ask(1); n == 0 || b.size > b.room {
		t.Errorf("with room for %d bytes of files there are %d at hand, and %d were read", b.room, b.size, n)
	}
	for range 3 { // those that are asked for stay
		for _, hash := range hashes[:5] {
			if _, err := b.get(ctx, hash); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := reads.reads
	if _, err := b.get(ctx, hashes[3]); err != nil || reads.reads != before {
		t.Errorf("a book that was just asked for is read again, %v", err)
	}
	b.room = 1
	ask(1)
	if b.atHand(present.Hash) == nil {
		t.Error("the book that accounts are judged by is not at hand")
	}
	total := 0
	for _, book := range b.loaded {
		total += sizeOf(book)
	}
	if total != b.size {
		t.Errorf("%d bytes of files are counted, want %d", b.size, total)
	}
}
