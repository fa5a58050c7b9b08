package history

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"playcaller/bot/intake"
	"playcaller/bot/sheet"
	"playcaller/playbooks/backtest"
	"playcaller/playbooks/replay"
	"playcaller/rules"
)

// Files of CSV that are not sorted by account are first dealt out to so many files on disk, of about so many bytes each.
const (
	maxBuckets  = 256
	bucketBytes = 16 << 20
)

// spreadsheets are a file of accounts and one of signals.
type spreadsheets struct {
	accounts, signals string // paths
	declared          []rules.SignalDef
	today             rules.Date
	known             map[string]*backtest.Input
	zones             map[string]*time.Location // by account
	h                 *History
	notes             notes
	sum               hash.Hash
	progress          Progress
}

// CSV reads accounts and signals from files in the forms that import takes. Of accounts there may be a column churned_on,
// the day on which a customer left, and renewed_on; where there is either, an account without is a customer still.
//
// Signals are streamed. Where the rows of each account stand together ("sort -t, -k1,1") nothing is kept of them; else they
// are first dealt out to temporary files, which Close removes.
func CSV(ctx context.Context, accounts, signals string, declared []rules.SignalDef, today rules.Date, progress Progress) (*History, error) {
	s := &spreadsheets{accounts: accounts, signals: signals, declared: declared, today: today, known: map[string]*backtest.Input{},
		zones: map[string]*time.Location{}, h: &History{Heard: map[string]backtest.Days{}}, sum: sha256.New(), progress: progress}
	if err := s.readAccounts(); err != nil {
		return nil, fmt.Errorf("%s: %w", accounts, err)
	}
	grouped, err := s.scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", signals, err)
	}
	s.h.Accounts, s.h.Notes, s.h.Key = len(s.known), append(s.h.Notes, s.notes.list()...), hex.EncodeToString(s.sum.Sum(nil))
	files := []string{signals}
	if !grouped {
		if files, err = s.deal(ctx); err != nil {
			s.h.Close()
			return nil, fmt.Errorf("%s: sort it by account, or make room: %w", signals, err)
		}
	}
	s.h.All = func(yield func(backtest.Input, error) bool) {
		if err := s.all(files, grouped, yield); err != nil && !errors.Is(err, errStopped) {
			yield(backtest.Input{}, fmt.Errorf("%s: %w", signals, err))
		}
	}
	return s.h, nil
}

var errStopped = errors.New("stopped")

// readAccounts reads every account. Several rows of one add to it: each may name another contract.
func (s *spreadsheets) readAccounts() error {
	f, err := os.Open(s.accounts)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer f.Close()
	table, err := sheet.Open(io.TeeReader(bufio.NewReader(f), s.sum))
	if err != nil {
		return err
	}
	if err := table.Only(sheet.AccountColumns(), "contract_"); err != nil {
		return err
	}
	if err := table.Needs("id"); err != nil {
		return err
	}
	told := slices.Contains(table.Columns, "churned_on") || slices.Contains(table.Columns, "renewed_on")
	objects, ends := map[string]map[string]any{}, map[string]backtest.End{}
	var order []string
	lines := map[string]int{}
	for {
		cells, line, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *sheet.RowError
		if errors.As(err, &wrong) {
			s.notes.add("%s:%d: %v", s.accounts, wrong.Line, wrong.Err)
			continue
		}
		if err != nil {
			return err
		}
		named := table.Named(cells)
		end, err := endOfRow(named)
		if err != nil {
			s.notes.add("%s:%d: %v", s.accounts, line, err)
			continue
		}
		object, err := sheet.Account(named)
		if err != nil {
			s.notes.add("%s:%d: %v", s.accounts, line, err)
			continue
		}
		id, _ := object["id"].(string)
		if id == "" {
			s.notes.add("%s:%d: it has no id", s.accounts, line)
			continue
		}
		if have := objects[id]; have != nil {
			for field, v := range object {
				if more, ok := v.([]any); ok && field == "contracts" {
					old, _ := have[field].([]any)
					v = append(old, more...)
				}
				have[field] = v
			}
		} else {
			objects[id], lines[id] = object, line
			order = append(order, id)
		}
		if end.Kind != "" {
			ends[id] = end
		}
	}
	for _, id := range order {
		text, err := json.Marshal(objects[id])
		if err != nil {
			return err
		}
		a, err := intake.ReadAccount(text)
		if err != nil {
			s.notes.add("%s:%d: %v", s.accounts, lines[id], err)
			continue
		}
		in := &backtest.Input{Account: a, End: ends[id]}
		if !told {
			in.End = EndOf(&a, s.today)
		}
		s.known[id], s.zones[id] = in, replay.ZoneOf(&a)
	}
	s.h.Ends = "the contracts"
	if told {
		s.h.Ends = "the columns churned_on and renewed_on"
	}
	if len(s.known) == 0 {
		return fmt.Errorf("no account could be read%s", first(s.notes.list()))
	}
	return nil
}

func first(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return ": " + notes[0]
}

// endOfRow takes the columns that tell of an account's end out of a row.
func endOfRow(cells map[string]string) (backtest.End, error) {
	end := backtest.End{}
	for _, c := range []struct{ column, kind string }{{"renewed_on", backtest.Renewed}, {"churned_on", backtest.Churned}} {
		text, ok := cells[c.column]
		delete(cells, c.column)
		if !ok {
			continue
		}
		d, err := rules.ParseDate(sheet.Day(text))
		if err != nil {
			return end, fmt.Errorf("%s: %w", c.column, err)
		}
		end = backtest.End{Kind: c.kind, On: d}
	}
	return end, nil
}

// scan goes over the signals once: what is wrong, on which days anything came, and whether each account's rows stand
// together.
func (s *spreadsheets) scan(ctx context.Context) (grouped bool, err error) {
	f, err := os.Open(s.signals)
	if err != nil {
		return false, errors.Unwrap(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	counted := &counter{r: io.TeeReader(f, s.sum)}
	table, err := sheet.Open(bufio.NewReaderSize(counted, 1<<20))
	if err != nil {
		return false, err
	}
	if err := table.Only(sheet.SignalColumns(), ""); err != nil {
		return false, err
	}
	if err := table.Needs("account", "signal", "value"); err != nil {
		return false, err
	}
	rows := newRows(s, table)
	grouped = true
	var saw struct {
		signal string
		at     time.Time
	}
	seen, strangers, strange, last, good := map[string]bool{}, map[string]int{}, map[string]int{}, "", 0
	for n := 0; ; n++ {
		if n%10_000 == 0 {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			if s.progress != nil {
				s.progress(counted.n, info.Size())
			}
		}
		sig, line, err := rows.next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			s.h.Notes = append(s.h.Notes, undeclared(strange, s.declared)...)
			if n := len(strangers); n > 0 {
				s.h.Notes = append(s.h.Notes, fmt.Sprintf("%d accounts of %s are not in %s, such as %s; their rows are left out", n, s.signals, s.accounts, least(strangers)))
			}
			if good == 0 {
				return false, fmt.Errorf("no signal of it can be used%s", first(append(s.h.Notes, s.notes.list()...)))
			}
			return grouped, nil
		case isWrong(err):
			s.notes.add("%s:%d: %v", s.signals, line, errors.Unwrap(err))
			continue
		case errors.Is(err, errStranger):
			strangers[strings.Clone(sig.Account)]++
			continue
		case errors.Is(err, errUndeclared):
			strange[strings.Clone(sig.Signal)]++
			continue
		default:
			return false, err
		}
		def := rows.defs[sig.Signal]
		if err := rules.CheckSignal(sig, *def, sig.At); err != nil {
			s.notes.add("%s:%d: %v", s.signals, line, err)
			continue
		}
		good++
		if sig.Signal != saw.signal || !sig.At.Equal(saw.at) { // rows of one day and signal mostly stand together
			saw.signal, saw.at = sig.Signal, sig.At
			s.h.saw(sig.Signal, rules.DateOf(sig.At.In(rows.zone)))
		}
		if sig.Account != last {
			last = sig.Account
			grouped = grouped && !seen[last]
			seen[last] = true
		}
	}
}

func least(m map[string]int) string {
	best := ""
	for k := range m {
		if best == "" || k < best {
			best = k
		}
	}
	return best
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// errStranger is a row of an account that is not known, errUndeclared one of a signal that is not declared.
var (
	errStranger   = errors.New("the account is not known")
	errUndeclared = errors.New("the signal is not declared")
)

// rows reads signals fast: what comes row after row - account, signal, day - is looked up once.
type rows struct {
	s     *spreadsheets
	table *sheet.Sheet
	defs  map[string]*rules.SignalDef
	words map[string]string                                              // values of dimensions and users, each kept once
	at    struct{ account, signal, value, date, at, by, user, mode int } // columns; -1 where there is none

	account string
	zone    *time.Location
	dayText string
	day     time.Time
}

func newRows(s *spreadsheets, table *sheet.Sheet) *rows {
	r := &rows{s: s, table: table, defs: map[string]*rules.SignalDef{}, words: map[string]string{}}
	for name, at := range map[string]*int{"account": &r.at.account, "signal": &r.at.signal, "value": &r.at.value, "date": &r.at.date,
		"at": &r.at.at, "by": &r.at.by, "user": &r.at.user, "mode": &r.at.mode} {
		*at = slices.Index(table.Columns, name)
	}
	for i := range s.declared {
		r.defs[s.declared[i].Name] = &s.declared[i]
	}
	return r
}

// cell returns the cell of a column, "" where there is none.
func cell(cells []string, at int) string {
	if at < 0 || at >= len(cells) {
		return ""
	}
	return strings.TrimSpace(cells[at])
}

func (r *rows) next() (sig rules.Signal, line int, err error) {
	cells, line, err := r.table.Next()
	if err != nil {
		return sig, line, err
	}
	wrong := func(err error) (rules.Signal, int, error) { return sig, line, &sheet.RowError{Line: line, Err: err} }
	if account := cell(cells, r.at.account); account != r.account || r.zone == nil {
		zone := r.s.zones[account]
		switch {
		case account == "":
			return wrong(errors.New("it has no account"))
		case zone == nil:
			sig.Account = account
			return sig, line, errStranger
		}
		r.account, r.zone, r.dayText = strings.Clone(account), zone, ""
	}
	def := r.defs[cell(cells, r.at.signal)]
	if def == nil {
		sig.Signal = cell(cells, r.at.signal)
		return sig, line, errUndeclared
	}
	sig.Account, sig.Signal, sig.Mode = r.account, def.Name, "set"
	if sig.Value, err = sheet.Number(cell(cells, r.at.value)); err != nil {
		return wrong(fmt.Errorf("value %w", err))
	}
	text := cell(cells, r.at.date)
	if text == "" {
		text = cell(cells, r.at.at)
	}
	if text == "" {
		return wrong(errors.New("it has no date"))
	}
	if text != r.dayText {
		if r.day, err = when(text, r.zone); err != nil {
			return wrong(err)
		}
		if day := rules.DateOf(r.day.In(r.zone)); day > r.s.today+1 { // the days of a back-test end with the last that is read
			return wrong(fmt.Errorf("%s is more than a day from now", day))
		}
		r.dayText = strings.Clone(text)
	}
	sig.At, sig.By, sig.User = r.day, r.word(cell(cells, r.at.by)), r.word(cell(cells, r.at.user))
	switch mode := cell(cells, r.at.mode); {
	case mode == "add", mode == "" && sig.User != "": // distinct users are counted one by one
		sig.Mode = ""
	case mode != "" && mode != "set":
		return wrong(fmt.Errorf(`mode %q: want "set" or "add"`, mode))
	}
	return sig, line, nil
}

// word keeps a text once, however often it comes.
func (r *rows) word(text string) string {
	if text == "" {
		return ""
	}
	if have, ok := r.words[text]; ok {
		return have
	}
	if len(r.words) > 100_000 {
		clear(r.words)
	}
	text = strings.Clone(text)
	r.words[text] = text
	return text
}

// deal deals the rows out to files by account, so that each can be read whole.
func (s *spreadsheets) deal(ctx context.Context) ([]string, error) {
	info, err := os.Stat(s.signals)
	if err != nil {
		return nil, err
	}
	n := int(min(maxBuckets, info.Size()/bucketBytes+1))
	dir, err := os.MkdirTemp("", "playcaller-backtest-")
	if err != nil {
		return nil, err
	}
	s.h.close = func() { os.RemoveAll(dir) }
	f, err := os.Open(s.signals)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := sheet.Open(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return nil, err
	}
	var names []string
	var files []*os.File
	var writers []*csv.Writer
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("%03d.csv", i))
		f, err := os.Create(name)
		if err != nil {
			return nil, err
		}
		names, files, writers = append(names, name), append(files, f), append(writers, csv.NewWriter(f))
		if err := writers[i].Write(table.Columns); err != nil {
			return nil, err
		}
	}
	account := slices.Index(table.Columns, "account")
	for row := 0; ; row++ {
		if row%10_000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cells, _, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *sheet.RowError
		if errors.As(err, &wrong) || err == nil && account >= len(cells) { // told of by scan
			continue
		}
		if err != nil {
			return nil, err
		}
		h := fnv.New32a()
		h.Write([]byte(strings.TrimSpace(cells[account])))
		if err := writers[h.Sum32()%uint32(n)].Write(cells); err != nil {
			return nil, err
		}
	}
	for _, w := range writers {
		w.Flush()
		if err := w.Error(); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// all yields every account with its signals, those without any at the end.
func (s *spreadsheets) all(files []string, grouped bool, yield func(backtest.Input, error) bool) error {
	done := map[string]bool{}
	hand := func(account string, signals []rules.Signal) bool {
		done[account] = true
		in := *s.known[account]
		in.Signals = signals
		return yield(in, nil)
	}
	for _, name := range files {
		if err := s.play(name, grouped, hand); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.known)) {
		if !done[id] && !hand(id, nil) {
			return errStopped
		}
	}
	return nil
}

// isWrong reports whether an error is of a row that cannot be read.
func isWrong(err error) bool {
	var wrong *sheet.RowError
	return errors.As(err, &wrong)
}

// play hands on the accounts of one file: as they come where it is sorted, else all of them at its end.
func (s *spreadsheets) play(name string, grouped bool, hand func(string, []rules.Signal) bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	table, err := sheet.Open(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	rows := newRows(s, table)
	account, most := "", 0
	var signals []rules.Signal
	apart := map[string][]rules.Signal{}
	for {
		sig, _, err := rows.next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if account != "" && !hand(account, signals) {
				return errStopped
			}
			for _, id := range slices.Sorted(maps.Keys(apart)) {
				if !hand(id, apart[id]) {
					return errStopped
				}
			}
			return nil
		case isWrong(err), errors.Is(err, errStranger), errors.Is(err, errUndeclared):
			continue // told of by scan
		default:
			return err
		}
		if !grouped {
			apart[sig.Account] = append(apart[sig.Account], sig)
			continue
		}
		if sig.Account != account {
			if account != "" && !hand(account, signals) {
				return errStopped
			}
			account, most = sig.Account, max(most, len(signals))
			signals = make([]rules.Signal, 0, most)
		}
		signals = append(signals, sig)
	}
}
