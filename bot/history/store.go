package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"playcaller/playbooks/backtest"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/mongo"
	"playcaller/store/sqlite"
)

// Store reads the accounts of a bot's data folder, or of the SQLite file in it; the bot may be running. Of distinct users
// the store tells how many there were each day, so that over longer windows they are at least those of the busiest day.
func Store(ctx context.Context, path string, declared []rules.SignalDef, today rules.Date, progress Progress) (*History, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, "playcaller.db")
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; want the folder that the bot was started with as --data", err)
	}
	backend, err := sqlite.Open(ctx, path, store.Collections())
	if err != nil {
		return nil, err
	}
	return stored(ctx, backend, path, declared, today, progress)
}

// Mongo reads the accounts that a bot keeps in MongoDB, in the database of the URI where none is named; what Store says
// holds for it too.
func Mongo(ctx context.Context, uri, database string, declared []rules.SignalDef, today rules.Date, progress Progress) (*History, error) {
	backend, err := mongo.Open(ctx, uri, database, store.Collections())
	if err != nil {
		return nil, err
	}
	return stored(ctx, backend, "the database", declared, today, progress)
}

// stored reads the accounts of a store, and closes it with the History.
func stored(ctx context.Context, backend store.Backend, where string, declared []rules.SignalDef, today rules.Date, progress Progress) (*History, error) {
	c := &collected{h: &History{Ends: "the contracts", close: func() { _ = backend.Close() }}} // nothing was written
	sum := sha256.New()
	each := func(see func(backtest.Input, int64) bool) error {
		for doc, err := range store.In(backend).Accounts.All(ctx, store.Query{}) {
			if err != nil {
				return err
			}
			if !doc.Value.Known {
				continue
			}
			var series rules.History
			if err := series.UnmarshalBinary(doc.Value.History); len(doc.Value.History) > 0 && err != nil {
				return fmt.Errorf("account %s: %w", doc.Value.ID, err)
			}
			in := backtest.FromHistory(doc.Value.Account, &series)
			in.End = EndOf(&in.Account, today)
			if !see(in, doc.Version) {
				return nil
			}
		}
		return nil
	}
	err := each(func(in backtest.Input, version int64) bool {
		fmt.Fprintf(sum, "%s %d\n", in.Account.ID, version)
		c.see(in, declared)
		if progress != nil {
			progress(int64(c.h.Accounts), 0)
		}
		return true
	})
	if err == nil && c.h.Accounts == 0 {
		err = fmt.Errorf("%s has no accounts", where)
	}
	if err != nil {
		c.h.Close()
		return nil, err
	}
	c.h.Notes, c.h.Key = c.notes(declared), hex.EncodeToString(sum.Sum(nil))
	c.h.All = func(yield func(backtest.Input, error) bool) {
		stopped := false
		err := each(func(in backtest.Input, _ int64) bool {
			stopped = !yield(in, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(backtest.Input{}, err)
		}
	}
	return c.h, nil
}

// collected is what a look over all accounts of a bot finds.
type collected struct {
	h       *History
	strange map[string]int // rows of signals that the book does not declare
}

// see takes one account in.
func (c *collected) see(in backtest.Input, declared []rules.SignalDef) {
	if c.h.Heard == nil {
		c.h.Heard, c.strange = map[string]backtest.Days{}, map[string]int{}
	}
	c.h.Accounts++
	for i := range in.Signals {
		s := &in.Signals[i]
		if !declares(declared, s.Signal) {
			c.strange[s.Signal]++
			continue
		}
		c.h.saw(s.Signal, rules.DateOf(s.At))
	}
}

func declares(declared []rules.SignalDef, name string) bool {
	for i := range declared {
		if declared[i].Name == name {
			return true
		}
	}
	return false
}

// notes says what of it is not as it was, or is left out.
func (c *collected) notes(declared []rules.SignalDef) []string {
	var all []string
	for _, def := range declared {
		if days := c.h.Heard[def.Name]; def.Kind == rules.Unique && len(days.Has) > 0 {
			all = append(all, fmt.Sprintf("of %s the store tells how many there were each day, not who: over longer windows they are taken to be those of the busiest day", def.Name))
		}
	}
	return append(all, undeclared(c.strange, declared)...)
}
