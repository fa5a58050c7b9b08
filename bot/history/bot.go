package history

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"playcaller/bot/intake"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
)

// pageAccounts is how many accounts a bot is asked for at once.
const pageAccounts = 100

// A Caller asks a running bot something over HTTP, and reads its answer into v.
type Caller func(ctx context.Context, method, path string, v any) error

// Bot reads the accounts of a running bot, by its HTTP interface. They are kept in a temporary file, which Close removes,
// so that what is played stays the same while the bot goes on. Of distinct users it tells what Store tells.
func Bot(ctx context.Context, call Caller, declared []rules.SignalDef, today rules.Date, progress Progress) (*History, error) {
	f, err := os.CreateTemp("", "playcaller-backtest-*.jsonl")
	if err != nil {
		return nil, err
	}
	c := &collected{h: &History{Ends: "the contracts", close: func() {
		_ = f.Close() // it goes away
		_ = os.Remove(f.Name())
	}}}
	sum := sha256.New()
	w := bufio.NewWriterSize(f, 1<<20)
	err = fetch(ctx, call, func(a intake.ListedAccount) error {
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if _, err := io.MultiWriter(w, sum).Write(append(line, '\n')); err != nil {
			return err
		}
		c.see(listed(a, today), declared)
		if progress != nil {
			progress(int64(c.h.Accounts), 0)
		}
		return nil
	})
	if err == nil {
		err = w.Flush()
	}
	if err == nil && c.h.Accounts == 0 {
		err = errors.New("the bot has no accounts")
	}
	if err != nil {
		c.h.Close()
		return nil, err
	}
	c.h.Notes, c.h.Key = c.notes(declared), hex.EncodeToString(sum.Sum(nil))
	c.h.All = func(yield func(backtest.Input, error) bool) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			yield(backtest.Input{}, err)
			return
		}
		for d := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)); d.More(); {
			var a intake.ListedAccount
			err := d.Decode(&a)
			if !yield(listed(a, today), err) || err != nil {
				return
			}
		}
	}
	return c.h, nil
}

// fetch asks for page after page.
func fetch(ctx context.Context, call Caller, see func(intake.ListedAccount) error) error {
	for after := ""; ; {
		q := url.Values{"limit": {fmt.Sprint(pageAccounts)}, "series": {"all"}}
		if after != "" {
			q.Set("after", after)
		}
		var page intake.AccountsView
		if err := call(ctx, http.MethodGet, "/v1/accounts?"+q.Encode(), &page); err != nil {
			return err
		}
		for _, a := range page.Accounts {
			if !a.Known {
				continue
			}
			if err := see(a); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		if page.Next <= after {
			return fmt.Errorf("the bot's list of accounts goes round: behind %q comes %q", after, page.Next)
		}
		after = page.Next
	}
}

// listed makes an account of the list ready to be played.
func listed(a intake.ListedAccount, today rules.Date) backtest.Input {
	in := backtest.FromHistory(a.Account, listedSeries(a.Series))
	in.End = EndOf(&in.Account, today)
	return in
}

// listedSeries are an account's series as the list has them: the whole of a signal before its values.
type listedSeries []intake.SeriesView

// Signals implements backtest.Series.
func (l listedSeries) Signals() []string {
	var names []string
	for _, s := range l {
		if len(names) == 0 || names[len(names)-1] != s.Signal {
			names = append(names, s.Signal)
		}
	}
	return names
}

// By implements backtest.Series.
func (l listedSeries) By(signal string) []string {
	var by []string
	for _, s := range l {
		if s.Signal == signal && s.By != "" {
			by = append(by, s.By)
		}
	}
	return by
}

// Days implements backtest.Series.
func (l listedSeries) Days(signal, by string, from, to rules.Date) []rules.DayValue {
	var days []rules.DayValue
	for _, s := range l {
		if s.Signal != signal || s.By != by {
			continue
		}
		for i, v := range s.Values {
			if d := s.First + rules.Date(i); v != nil && d >= from && d <= to {
				days = append(days, rules.DayValue{Date: d, Value: *v})
			}
		}
	}
	return days
}

// Hours implements backtest.Hours.
func (l listedSeries) Hours(signal string, since time.Time) []rules.HourValue {
	var hours []rules.HourValue
	for _, s := range l {
		if s.Signal != signal || s.By != "" {
			continue
		}
		for _, v := range s.Hours {
			if !v.Hour.Before(since) {
				hours = append(hours, v)
			}
		}
	}
	return hours
}

// HoursSince implements backtest.Hours.
func (l listedSeries) HoursSince(signal string) time.Time {
	for _, s := range l {
		if s.Signal == signal && s.By == "" {
			return s.HoursSince
		}
	}
	return time.Time{}
}
