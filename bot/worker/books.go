package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"playcaller/playbooks"
	"playcaller/store"
)

// books gives the book of a hash: runs are played by the one that they began with, for as long as they last.
type books struct {
	records store.Records
	present atomic.Pointer[playbooks.Book] // judged by
	loads   singleflight.Group             // by hash

	mu     sync.Mutex
	loaded map[string]*playbooks.Book
	asked  map[string]int64 // by hash: when it was last asked for, in calls
	calls  int64
	size   int             // of the files of those loaded, in bytes
	room   int             // for them
	kept   map[string]bool // hashes known to be in the store
}

// loadedFiles bounds the books at hand by the size of their files, in bytes: compiled, a book takes five times that. The
// starter book has 213 kB of files, takes 1.0 MB and is read in 40 ms, so there is room for 120 versions of it: an author saves
// many times a day, and runs are played by the version they began with for months. One more takes the place of the one that
// was not asked for longest; it is read from the store again when it is.
const loadedFiles = 25 << 20

// hold keeps a book at hand. b.mu is held.
func (b *books) hold(book *playbooks.Book) {
	if b.loaded[book.Hash] == nil {
		b.size += sizeOf(book)
	}
	b.loaded[book.Hash] = book
	b.use(book.Hash)
	pinned := map[string]bool{book.Hash: true}
	if present := b.present.Load(); present != nil {
		pinned[present.Hash] = true
	}
	for b.size > b.room {
		oldest := ""
		for hash := range b.loaded {
			if b.kept[hash] && !pinned[hash] && (oldest == "" || b.asked[hash] < b.asked[oldest]) {
				oldest = hash
			}
		}
		if oldest == "" {
			return
		}
		b.size -= sizeOf(b.loaded[oldest])
		delete(b.loaded, oldest)
		delete(b.asked, oldest)
	}
}

// sizeOf returns the size of a book's files in bytes.
func sizeOf(book *playbooks.Book) (size int) {
	for _, content := range book.Files {
		size += len(content)
	}
	return size
}

func (b *books) use(hash string) {
	b.calls++
	b.asked[hash] = b.calls
}

// errBook says that a book cannot be had any more, however often it is asked for.
var errBook = errors.New("the book cannot be used any more")

func newBooks(r store.Records, first *playbooks.Book) *books {
	b := &books{records: r, loaded: map[string]*playbooks.Book{}, asked: map[string]int64{}, kept: map[string]bool{}, room: loadedFiles}
	if first != nil {
		b.present.Store(first)
		b.hold(first)
	}
	return b
}

// get returns the book, loaded from the store where it is not at hand. However many ask for it meanwhile it is loaded once, and
// others can be had.
func (b *books) get(ctx context.Context, hash string) (*playbooks.Book, error) {
	for {
		if book := b.atHand(hash); book != nil {
			return book, nil
		}
		book, err, shared := b.loads.Do(hash, func() (any, error) { return b.load(ctx, hash) })
		if err == nil {
			return book.(*playbooks.Book), nil
		}
		if ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded); !shared || !ended || ctx.Err() != nil {
			return nil, err
		}
		// Whoever it was loaded for does not want it any more.
	}
}

// load reads a book from the store and holds it.
func (b *books) load(ctx context.Context, hash string) (*playbooks.Book, error) {
	if book := b.atHand(hash); book != nil { // loaded since it was asked for
		return book, nil
	}
	d, err := b.records.Books.Get(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %.12s is not in the store", errBook, hash)
	}
	if err != nil {
		return nil, err
	}
	book, problems := playbooks.Load(d.Value.Files)
	if book == nil {
		return nil, fmt.Errorf("%w: %.12s is refused by this program: %v", errBook, hash, problems)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if first := b.loaded[hash]; first != nil { // it was switched to meanwhile
		return first, nil
	}
	b.kept[hash] = true
	b.hold(book)
	return book, nil
}

// atHand returns a book that is loaded; nil where it is not.
func (b *books) atHand(hash string) *playbooks.Book {
	b.mu.Lock()
	defer b.mu.Unlock()
	book := b.loaded[hash]
	if book != nil {
		b.use(hash)
	}
	return book
}

// keep writes a book to the store, once.
func (b *books) keep(ctx context.Context, book *playbooks.Book, at time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold(book)
	if b.kept[book.Hash] {
		return nil
	}
	err := b.records.Books.Insert(ctx, &store.Doc[store.Book]{Key: book.Hash, Value: store.Book{Hash: book.Hash, Files: book.Files, At: at}})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	b.kept[book.Hash] = true
	return nil
}

// switchTo writes down that accounts are judged by a book from a time on, in the place of the one whose hash is given. Where
// that was written before, and ops were not told of it yet or the other book was not switched to since, the switch is still the
// same one, which a stop left unfinished.
func (b *books) switchTo(ctx context.Context, book *playbooks.Book, from string, at time.Time) error {
	if err := b.keep(ctx, book, at); err != nil {
		return err
	}
	for {
		d, err := b.records.Books.Get(ctx, book.Hash)
		if err != nil {
			return err
		}
		if from == "" || d.Value.From == from && !d.Value.Told && !d.Value.Since.IsZero() {
			return nil
		}
		if d.Value.From == from && !d.Value.Since.IsZero() {
			before, err := b.records.Books.Get(ctx, from)
			if err == nil && before.Value.Since.Before(d.Value.Since) {
				return nil
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		d.Value.Since, d.Value.From, d.Value.Told = at, from, false
		if err = b.records.Books.Replace(ctx, &d); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}
