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
	h := &History{Heard: map[string]backtest.Days{}, Ends: "the contracts", close: func() { _ = backend.Close() }} // nothing was written
	known := map[string]rules.SignalDef{}
	for _, def := range declared {
		known[def.Name] = def
	}
	sum, strange := sha256.New(), map[string]int{}
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
	err = each(func(in backtest.Input, version int64) bool {
		h.Accounts++
		fmt.Fprintf(sum, "%s %d\n", in.Account.ID, version)
		for i := range in.Signals {
			s := &in.Signals[i]
			if _, ok := known[s.Signal]; !ok {
				strange[s.Signal]++
				continue
			}
			h.saw(s.Signal, rules.DateOf(s.At))
		}
		if progress != nil {
			progress(int64(h.Accounts), 0)
		}
		return true
	})
	if err == nil && h.Accounts == 0 {
		err = fmt.Errorf("%s has no accounts", path)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	for _, def := range declared {
		if days := h.Heard[def.Name]; def.Kind == rules.Unique && len(days.Has) > 0 {
			h.Notes = append(h.Notes, fmt.Sprintf("of %s the store tells how many there were each day, not who: over longer windows they are taken to be those of the busiest day", def.Name))
		}
	}
	h.Notes, h.Key = append(h.Notes, undeclared(strange, declared)...), hex.EncodeToString(sum.Sum(nil))
	h.All = func(yield func(backtest.Input, error) bool) {
		stopped := false
		err := each(func(in backtest.Input, _ int64) bool {
			stopped = !yield(in, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(backtest.Input{}, err)
		}
	}
	return h, nil
}
