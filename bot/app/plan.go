package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/store"
	"playcaller/store/mongo"
	"playcaller/store/sqlite"
)

// plan says what switching to the book of those files would do to the accounts as they stand.
func (b *Bot) plan(ctx context.Context, files map[string][]byte, weeks int) (any, []playbooks.Problem, error) {
	book, problems := playbooks.Load(files)
	if book == nil {
		return nil, problems, nil
	}
	p, err := b.answer(ctx, b.worker, book, weeks, b.clock.Now())
	if err != nil {
		return nil, nil, err
	}
	return p, problems, nil
}

// PlanStored says what switching to a book would do to the accounts as a bot that is not running has left them in its data
// directory, or in MongoDB where the configuration names one. Nothing is written.
func PlanStored(ctx context.Context, c Config, book *playbooks.Book, weeks int) (plan PlanAnswer, err error) {
	if c.Store.MongoURI == "" && exists(filepath.Join(c.Data, "playcaller.db")) {
		release, err := stream.LockDir(c.Data)
		if err != nil {
			return plan, fmt.Errorf("%w; a bot that is running is asked with --to URL", err)
		}
		defer release()
	}
	backend, clock, err := openStored(ctx, c)
	if err != nil {
		return plan, err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	b := &Bot{records: store.In(backend)}
	present, err := b.lastGood(ctx)
	if err != nil {
		return plan, err
	}
	if present == nil {
		return plan, fmt.Errorf("there are no accounts in %s yet, so there is nothing to plan for; start the bot with it first", c.Data)
	}
	w := worker.New(worker.Options{Records: b.records, Book: present, Clock: clock})
	return b.answer(ctx, w, book, weeks, clock.Now())
}

// openStored opens the documents that a bot has left, and the time at which it stopped.
func openStored(ctx context.Context, c Config) (store.Backend, clockwork.Clock, error) {
	var clock clockwork.Clock = clockwork.NewRealClock()
	if c.Store.MongoURI != "" {
		backend, err := mongo.Open(ctx, c.Store.MongoURI, c.Store.Database, store.Collections())
		return backend, clock, err
	}
	file := filepath.Join(c.Data, "playcaller.db")
	if _, err := os.Stat(file); err != nil {
		return nil, nil, fmt.Errorf("there is no bot's data in %s: %w; name its folder with --data, or a running bot with --to", c.Data, err)
	}
	if turned := filepath.Join(c.Data, "clock.json"); exists(turned) { // a sandbox
		at, err := OpenClock(turned, 0)
		if err != nil {
			return nil, nil, err
		}
		clock = at
	}
	backend, err := sqlite.Open(ctx, file, store.Collections())
	return backend, clock, err
}

func exists(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}
