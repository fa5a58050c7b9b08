package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// The folder of the book is looked at every lookEvery; what changed is read once it has been still from one look to the next,
// so that a folder which is half saved is not taken. Ops are told of mistakes once they have stood for patience: somebody
// may be saving two files that belong together. Both are real time.
const (
	lookEvery = 300 * time.Millisecond
	patience  = 2 * time.Second
)

// mostProblems is how many mistakes ops are told; lint lists the others.
const mostProblems = 3

// watch knows what has become of the book's folder since it was last read.
type watch struct {
	dir    string
	again  chan struct{} // read it now, whatever the files' dates say
	looked map[string]stamp
	read   map[string]stamp // the folder as it was last read
	partly bool             // some partitions may have heard of a book that is not the present one
	owed   bool             // ops may not have been told yet that the present book was switched to

	mu    sync.Mutex
	bad   *cards.BookNews // what is wrong with the folder as it was last read; nil where nothing is
	all   []playbooks.Problem
	since time.Time // real time since when it is bad
	told  bool      // ops know
	last  *BookChange
}

// A stamp tells whether a file was written to.
type stamp struct {
	size     int64
	modified time.Time
}

func newWatch(dir string) *watch { return &watch{dir: dir, again: make(chan struct{}, 1), owed: true} }

// stamps returns the book's files as the folder has them; no files where it cannot be read.
func (w *watch) stamps() map[string]stamp {
	all := map[string]stamp{}
	_ = fs.WalkDir(os.DirFS(w.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return nil // what cannot be looked at now is looked at again soon
		case entry.IsDir() && strings.HasPrefix(base, ".") && base != ".":
			return fs.SkipDir
		case entry.IsDir() || strings.HasPrefix(base, ".") || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml"):
			return nil
		}
		if info, err := entry.Info(); err == nil {
			all[name] = stamp{info.Size(), info.ModTime().Round(0)}
		}
		return nil
	})
	return all
}

// still reports whether the folder is another than the one that was read, and has not changed since the last look.
func (w *watch) still() bool {
	before := w.looked
	w.looked = w.stamps()
	return maps.Equal(before, w.looked) && !maps.Equal(w.looked, w.read)
}

// trouble returns what is wrong with the folder, or nil.
func (w *watch) trouble() *cards.BookNews {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}

// refuse notes that the folder cannot be used.
func (w *watch) refuse(state cards.BookState, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bad == nil {
		w.since, w.told = time.Now(), false
	}
	news := &cards.BookNews{State: state, Dir: w.dir, Reason: err.Error()}
	w.all = nil
	var refused *BookError
	if errors.As(err, &refused) {
		for _, p := range refused.Problems {
			if p.Level != rules.Error {
				continue
			}
			w.all = append(w.all, p)
			if news.Errors++; len(news.Problems) < mostProblems {
				news.Problems = append(news.Problems, p.Long())
			}
		}
		news.Reason = ""
	} else {
		news.State = cards.BookUnread
	}
	w.bad = news
}

// mend notes that the folder is good, and returns whether ops had been told that it was not.
func (w *watch) mend() (told bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	told = w.bad != nil && w.told
	w.bad, w.all, w.told = nil, nil, false
	return told
}

// Reload makes the bot read its book again soon, as after SIGHUP.
func (b *Bot) Reload() {
	select {
	case b.watch.again <- struct{}{}:
	default: // it is about to
	}
}

// watchBook follows the book's folder until ctx ends.
func (b *Bot) watchBook(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	w := b.watch
	if w.dir != "" {
		w.read = w.stamps()
		w.looked = w.read
		if !b.fresh() { // saved between the start and now
			w.read = nil
		}
	}
	for {
		asked := false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-w.again:
			if asked = w.dir != ""; !asked {
				b.log.Info("the starter library is a part of the program and cannot change")
			}
		}
		if asked || w.dir != "" && w.still() {
			w.read = w.stamps()
			if err := b.readAgain(ctx); err != nil && ctx.Err() == nil {
				b.log.Error("the book could not be switched to; it is tried again", "error", err)
				w.read = nil
			}
		}
		if err := b.tellOfBook(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("ops could not be told of the book yet", "error", err)
		}
	}
}

// fresh reports whether the folder holds the book that was read at the start.
func (b *Bot) fresh() bool {
	files, err := playbooks.ReadDir(os.DirFS(b.watch.dir))
	return err == nil && (playbooks.Hash(files) == b.readAtStart || b.watch.trouble() != nil)
}

// readAgain reads the folder, and switches to the book in it where it is a good one and another. A bad one changes nothing.
func (b *Bot) readAgain(ctx context.Context) error {
	book, err := ReadBook(b.watch.dir)
	if err != nil {
		b.watch.refuse(cards.BookRefused, err)
		b.log.Warn("the book is refused and the one before it goes on", "error", err)
		return nil
	}
	present := b.worker.Present()
	if book.Hash == present.Hash {
		if b.watch.partly { // the folder is back at the book before
			if err := b.worker.SwitchBook(ctx, book); err != nil {
				return err
			}
			b.watch.partly = false
		}
		if b.watch.mend() {
			return b.tellOps(ctx, newsKey(book.Hash, b.clock.Now()), opsBook, cards.BookNews{State: cards.BookSame, Dir: b.watch.dir})
		}
		return nil
	}
	began := time.Now()
	b.watch.partly = true
	if err := b.adopt(ctx, present, book); err != nil {
		return err
	}
	b.watch.partly, b.watch.owed = false, true
	state := cards.BookChanged
	if b.watch.mend() {
		state = cards.BookMended
	}
	b.log.Info("a new book is in use", "book", book.Hash[:12], "took", time.Since(began).Round(time.Millisecond))
	return b.announce(ctx, state, present, book)
}

// adopt switches to a book, and asks ops first of what would be too much at once. They are asked before the switch: once it is
// made, nobody finds out after a stop that a playbook is held back and ops were never asked. Stopped before it, or tried again,
// the same question has the same key, so that it is posted once.
func (b *Bot) adopt(ctx context.Context, from, book *playbooks.Book) error {
	asks, err := b.guard(ctx, from, book)
	if err != nil {
		return err
	}
	for _, ask := range asks {
		if err := b.worker.Ops(ctx, inbox.Ops{What: inbox.Storm, Playbook: ask.Playbook}); err != nil {
			return err
		}
	}
	if len(asks) > 0 {
		d, err := b.records.Books.Get(ctx, from.Hash)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, ask := range asks {
			key := fmt.Sprintf("%s/%.12s/ask/%s", newsKey(book.Hash, d.Value.Since), from.Hash, ask.Playbook)
			if err := b.tellOps(ctx, key, opsAsk, ask); err != nil {
				return err
			}
		}
	}
	return b.worker.SwitchBook(ctx, book)
}

// newsKey names a message about a book. The same book may be news again later.
func newsKey(hash string, at time.Time) string {
	return fmt.Sprintf("ops/book/%.12s/%d", hash, at.UnixNano())
}

// A BookChange is what became of accounts' rules, and of people's work, by the last switch.
type BookChange struct {
	At      time.Time            `json:"at"` // business time
	From    string               `json:"from"`
	Changed map[string]string    `json:"playbooks_changed"` // by name: new, changed or removed
	Shared  bool                 `json:"shared"`            // signals, segments, journey, forms or the team are others
	Weeks   int                  `json:"weeks"`             // of history that Prompts were counted over; 0 while they are not
	Prompts []cards.PromptChange `json:"prompts"`           // a week, by person
}

// announce tells ops of a new book, and in the sandbox also what it means for people's work. What a process has kept of a
// switch that it was not done with stands: it may have told ops and been stopped before it knew, and the same message is not posted twice.
func (b *Bot) announce(ctx context.Context, state cards.BookState, from, book *playbooks.Book) error {
	d, err := b.records.Books.Get(ctx, book.Hash)
	if err != nil {
		return err
	}
	known, err := (&watch{}).lastChange(d.Value)
	if err != nil {
		return err
	}
	by, shared := worker.Changes(from, book)
	news := cards.BookNews{State: state, Dir: b.watch.dir, Shared: shared, Uncalled: unconfigured(book, b.hooks)}
	b.warnOfWebhooks(book)
	for _, name := range slices.Sorted(maps.Keys(by)) {
		switch by[name] {
		case "new":
			news.New = append(news.New, name)
		case "changed":
			if from.Playbooks[name].Draft && !book.Playbooks[name].Draft {
				news.Real = append(news.Real, name)
			}
			news.Changed = append(news.Changed, name)
		default:
			news.Removed = append(news.Removed, name)
		}
	}
	older, err := b.older(ctx, book)
	if err != nil {
		return err
	}
	for _, o := range older {
		news.Keeps += len(o.Runs)
	}
	change := BookChange{At: b.clock.Now(), From: from.Hash, Changed: by, Shared: shared, Prompts: []cards.PromptChange{}}
	if known != nil && !d.Value.Announced && known.From == from.Hash {
		change.At, change.Weeks, change.Prompts = known.At, known.Weeks, known.Prompts
	}
	if err := b.keep(ctx, book.Hash, change, false); err != nil {
		return err
	}
	if b.config.Foresee && change.Weeks == 0 {
		soon, cancel := context.WithTimeout(ctx, foreseenTime)
		prompts, err := forecast(soon, b.worker, from, book, foreseen, b.clock.Now())
		cancel()
		if err != nil {
			b.log.Warn("the book could not be played over history", "error", err)
		} else {
			change.Weeks, change.Prompts = foreseen, prompts
			if err := b.keep(ctx, book.Hash, change, false); err != nil {
				return err
			}
		}
	}
	news.Weeks, news.Prompts = change.Weeks, change.Prompts
	if err := b.tellOps(ctx, newsKey(book.Hash, change.At), opsBook, news); err != nil {
		return err
	}
	b.watch.owed = false
	return b.keep(ctx, book.Hash, change, true)
}

// tellOfSwitch tells ops of the switch to the present book if they were not: the process was stopped in between, or they could not
// be told. What the switch found is told after it, so who was told of that knows.
func (b *Bot) tellOfSwitch(ctx context.Context) error {
	present := b.worker.Present()
	d, err := b.records.Books.Get(ctx, present.Hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	last, err := (&watch{}).lastChange(d.Value)
	if err != nil {
		return err
	}
	if d.Value.From == "" || d.Value.Told || d.Value.Announced && last != nil {
		b.watch.owed = false
		return nil
	}
	from, err := b.worker.Book(ctx, d.Value.From)
	if err != nil {
		b.log.Warn("the book before cannot be compared with", "error", err)
		b.watch.owed = false
		return nil
	}
	return b.announce(ctx, cards.BookChanged, from, present)
}

// keep keeps what a switch meant, and whether ops were told of it, with the book that was switched to, so that it is known after
// a restart too.
func (b *Bot) keep(ctx context.Context, hash string, c BookChange, announced bool) error {
	b.watch.mu.Lock()
	b.watch.last = &c
	b.watch.mu.Unlock()
	kept, err := json.Marshal(c)
	if err != nil {
		return err
	}
	for {
		d, err := b.records.Books.Get(ctx, hash)
		if err != nil {
			return err
		}
		d.Value.Change, d.Value.Announced = kept, announced
		if err := b.records.Books.Replace(ctx, &d); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// lastChange is what the switch to a book meant; nil where there was none.
func (w *watch) lastChange(book store.Book) (*BookChange, error) {
	if w.last != nil || len(book.Change) == 0 {
		return w.last, nil
	}
	c := &BookChange{}
	if err := json.Unmarshal(book.Change, c); err != nil {
		return nil, fmt.Errorf("what the switch to book %.12s meant: %w", book.Hash, err)
	}
	if c.At.Before(book.Since) { // of a switch to the same book before
		return nil, nil
	}
	return c, nil
}

// tellOfBook tells ops what they must know and were not told yet: that a book was switched to, for which accounts its new
// playbooks held already, and that the folder has mistakes.
func (b *Bot) tellOfBook(ctx context.Context) error {
	if b.watch.owed {
		if err := b.tellOfSwitch(ctx); err != nil {
			return err
		}
	}
	if b.worker.Untold() {
		if err := b.worker.TellListed(ctx); err != nil {
			return err
		}
	}
	w := b.watch
	w.mu.Lock()
	news, due := w.bad, w.bad != nil && !w.told && time.Since(w.since) >= patience
	w.mu.Unlock()
	if !due {
		return nil
	}
	if err := b.tellOps(ctx, newsKey(b.worker.Present().Hash, b.clock.Now()), opsBook, *news); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = true
	return nil
}

// BookStatus is what GET /sandbox/book answers.
type BookStatus struct {
	Hash   string              `json:"hash"`
	Since  time.Time           `json:"since,omitzero"` // business time
	Dir    string              `json:"dir,omitempty"`  // "" for the starter library
	Errors []playbooks.Problem `json:"errors"`         // of the folder as it is now; the book in use goes on meanwhile
	Reason string              `json:"reason,omitempty"`
	Last   *BookChange         `json:"last_change"`
}

// BookStatus says which book is in use, what is wrong with the folder, and what the last change meant.
func (b *Bot) BookStatus(ctx context.Context) (BookStatus, error) {
	book := b.worker.Present()
	s := BookStatus{Hash: book.Hash, Dir: b.watch.dir, Errors: []playbooks.Problem{}}
	d, err := b.records.Books.Get(ctx, book.Hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return s, err
	}
	s.Since = d.Value.Since
	w := b.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Errors = append(s.Errors, w.all...)
	if s.Last, err = w.lastChange(d.Value); err != nil {
		return s, err
	}
	if w.bad != nil {
		s.Reason = w.bad.Reason
	}
	return s, nil
}
