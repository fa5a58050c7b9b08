package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/store"
)

// A BookError says why a book was refused; Problems has every mistake.
type BookError struct {
	Dir      string
	Problems []playbooks.Problem
}

func (e *BookError) Error() string {
	text := fmt.Sprintf("the book %s cannot be used:", e.Dir)
	for _, p := range e.Problems {
		text += "\n" + p.Long()
	}
	return text
}

// Folder opens the folder of a book; the error says what stands there in its place.
func Folder(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("book: there is no folder %s; name the one that the playbook files are in, as in: playbooks/library", dir)
	case err != nil:
		return nil, fmt.Errorf("book: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("book: %s is a file; want the folder that it is in", dir)
	}
	return os.DirFS(dir), nil
}

// BookFiles reads the files of a book's folder, by path.
func BookFiles(dir string) (map[string][]byte, error) {
	folder, err := Folder(dir)
	if err != nil {
		return nil, err
	}
	return playbooks.ReadDir(folder)
}

// ReadBook loads the book of a folder, or the starter library where dir is empty.
func ReadBook(dir string) (*playbooks.Book, error) {
	var from fs.FS = library.FS
	name := "(the starter library)"
	if dir != "" {
		folder, err := Folder(dir)
		if err != nil {
			return nil, err
		}
		from, name = folder, dir
	}
	files, err := playbooks.ReadDir(from)
	if err != nil {
		return nil, err
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		return nil, &BookError{name, problems}
	}
	if len(book.Playbooks) == 0 {
		return nil, errors.New("book: " + name + " has no playbook; a playbook is a .yaml file that begins with playbook: NAME")
	}
	return book, nil
}

// take begins with the book of the folder, or where that was refused with the last good one, of which ops are told.
func (b *Bot) take(ctx context.Context, book *playbooks.Book, refused error) error {
	if refused == nil {
		b.book, b.readAtStart = book, book.Hash
		return nil
	}
	good, err := b.lastGood(ctx)
	if err != nil {
		return errors.Join(refused, err)
	}
	if good == nil {
		return refused
	}
	b.book = good
	b.log.Error("the book is refused; the last good one goes on", "book", good.Hash[:12], "error", refused)
	b.watch.refuse(cards.BookFallback, refused)
	b.watch.since = time.Now().Add(-patience) // it is not being written to, as far as anybody knows
	return nil
}

// lastGood returns the book that accounts were judged by before the start; nil where there is none.
func (b *Bot) lastGood(ctx context.Context) (*playbooks.Book, error) {
	var last store.Book
	for d, err := range b.records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			return nil, err
		}
		if d.Value.Book == last.Hash {
			continue
		}
		of, err := b.records.Books.Get(ctx, d.Value.Book)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if last.Hash == "" || of.Value.Since.After(last.Since) {
			last = of.Value
		}
	}
	if last.Hash == "" { // nothing has come in yet; a book was kept nevertheless
		for d, err := range b.records.Books.All(ctx, store.Query{}) {
			if err != nil {
				return nil, err
			}
			if last.Hash == "" || used(&d.Value).After(used(&last)) {
				last = d.Value
			}
		}
	}
	if last.Hash == "" {
		return nil, nil
	}
	book, problems := playbooks.Load(last.Files)
	if book == nil {
		return nil, fmt.Errorf("the last good book, %.12s, cannot be used by this version of the program: %v", last.Hash, problems)
	}
	return book, nil
}

// used returns since when a book was last in use, as far as it is known.
func used(b *store.Book) time.Time {
	if b.Since.After(b.At) {
		return b.Since
	}
	return b.At
}

// detail says on /readyz what does not keep the bot from its work, and ought to be known.
func (b *Bot) detail() string {
	bad := b.watch.trouble()
	if bad == nil {
		return ""
	}
	return fmt.Sprintf("the book in %s is refused, %.12s goes on; playcaller lint %s says why", bad.Dir, b.worker.Present().Hash, bad.Dir)
}
