// Package history reads what a back-test is played over: accounts and their signals from CSV files, from a bot's store, or
// the sandbox's sample accounts. Signals are streamed, account by account; accounts are kept in memory.
package history

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"playcaller/bot/sheet"
	"playcaller/playbooks/backtest"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// A History is accounts with their signals, ready to be played.
type History struct {
	Accounts    int
	First, Last rules.Date               // of the data; zero where there are none
	Heard       map[string]backtest.Days // on which days anything of a signal came
	Key         string                   // another one where the data are others
	Notes       []string                 // what was left out, and why
	Ends        string                   // where the accounts' ends are known from; "" where they are not

	All iter.Seq2[backtest.Input, error]

	close func()
}

// Close removes what the history keeps on disk.
func (h *History) Close() {
	if h.close != nil {
		h.close()
	}
}

// Progress is told how far reading has come; total is 0 where that is not known.
type Progress func(done, total int64)

// saw notes a day with data of a signal.
func (h *History) saw(signal string, day rules.Date) {
	days := h.Heard[signal]
	days.Add(day)
	h.Heard[signal] = days
	if h.First == 0 || day < h.First {
		h.First = day
	}
	h.Last = max(h.Last, day)
}

// maxNotes is how many rows that are left out are told of one by one.
const maxNotes = 20

// notes collects what is left out: the first few one by one, the others by number.
type notes struct {
	all  []string
	more int
}

func (n *notes) add(format string, args ...any) {
	if len(n.all) < maxNotes {
		n.all = append(n.all, fmt.Sprintf(format, args...))
		return
	}
	n.more++
}

func (n *notes) list() []string {
	if n.more == 0 {
		return n.all
	}
	return append(slices.Clone(n.all), fmt.Sprintf("… and %d rows more", n.more))
}

// undeclared says which signals the book does not declare, and what was perhaps meant.
func undeclared(counts map[string]int, declared []rules.SignalDef) []string {
	var names []string
	for _, def := range declared {
		names = append(names, def.Name)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		text := fmt.Sprintf("signal %q is not declared in the book's signals.yaml; %d rows of it are left out", name, counts[name])
		if near := rules.Nearest(name, names); near != "" {
			text = fmt.Sprintf("signal %q is not declared in the book's signals.yaml; did you mean %q? %d rows of it are left out", name, near, counts[name])
		}
		all = append(all, text)
	}
	return all
}

// renewal is how many days after the end of a contract its follow-up may begin.
const renewal = 45

// EndOf says what became of an account by what is known of it today: it churned when it came to that stage; and of the
// contract that ends last before today, renewed where it is signed or renews by itself, churned where nothing follows.
func EndOf(a *rules.Account, today rules.Date) backtest.End {
	if a.Stage == "churned" && !a.StageSince.IsZero() {
		return backtest.End{Kind: backtest.Churned, On: rules.DateOf(a.StageSince.In(replay.ZoneOf(a)))}
	}
	var last, before *rules.Contract
	for i := range a.Contracts {
		c := &a.Contracts[i]
		switch {
		case c.End == 0:
			return backtest.End{}
		case last == nil || c.End > last.End:
			last, before = c, last
		case before == nil || c.End > before.End:
			before = c
		}
	}
	switch {
	case last == nil:
		return backtest.End{}
	case last.End > today && before != nil && before.End <= today:
		return backtest.End{Kind: backtest.Renewed, On: before.End}
	case last.End > today:
		return backtest.End{}
	case last.Signed || last.AutoRenew != nil && *last.AutoRenew:
		return backtest.End{Kind: backtest.Renewed, On: last.End}
	case last.End+renewal < today:
		return backtest.End{Kind: backtest.Churned, On: last.End}
	}
	return backtest.End{}
}

// byID orders accounts.
func byID(a, b *backtest.Input) int { return cmp.Compare(a.Account.ID, b.Account.ID) }

// when returns the time that a date or a time of a spreadsheet means: of a day, its noon.
func when(text string, zone *time.Location) (time.Time, error) {
	text = sheet.Day(text)
	if len(text) == len(time.DateOnly) {
		d, err := rules.ParseDate(text)
		if err != nil {
			return time.Time{}, err
		}
		return backtest.Noon(d, zone), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q: want a day such as 2026-04-01, or a time such as 2026-04-01T09:30:00Z", text)
	}
	return t, nil
}
