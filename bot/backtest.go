package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/bot/history"
	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/playbooks/lint"
	"playcaller/rules"
)

// backtesting is one call of backtest: its flags, and what comes of them.
type backtesting struct {
	from, to, accounts, signals, data, config, against, resume string
	csv, json, html                                            string
	sample                                                     bool
	playbooks                                                  []string
	maxFalse, maxPrompts                                       float64
	chance, within, workers                                    int
	seed                                                       uint64

	bot      api // where a running one is asked
	getenv   func(string) string
	out, err io.Writer
	today    rules.Date
}

func backtestCommand(getenv func(string) string) *cobra.Command {
	b := &backtesting{getenv: getenv, bot: api{getenv: getenv, flag: "--bot"}}
	c := &cobra.Command{
		Use:   "backtest DIR",
		Short: "When a book would have fired in the past, and how much work that is for whom",
		Long: `Plays a book over history: when each playbook would have fired, on which accounts and for how long; how many prompts that
is for each person and week, beside their daily budget; and how many of them chance alone would have brought, which is
played on quiet copies of the accounts, with their own weekly rhythm and spread and neither trend nor incident.

The history is one of
  --accounts FILE --signals FILE   spreadsheets in the forms that import takes. Accounts may have the columns churned_on
                                   and renewed_on; then it is also said how often the book was right. Rows of signals that
                                   are sorted by account are streamed; others are first dealt out to temporary files.
  --data DIR                       what a bot keeps in its data folder; it may be running
  --bot URL                        what a running bot knows, asked over HTTP with the token of --token or PLAYCALLER_API_TOKENS
  --config FILE                    what the bot of a configuration file keeps: in its MongoDB, or its data folder
  --sample                         the sandbox's sample accounts, as they would stand on the last day

--against compares with another version of the book: a folder, or a commit, branch or tag of the git repository that DIR
is in. Every difference is listed with the reason why the other version did not fire.

Accounts are each other's peers; those that fire at once become a group's message, what is over a playbook's limit waits until
ops would have looked, and questions over a person's daily budget come a day later.

Nobody answers in a back-test: a prompt is the first question or task that a play puts to a person, and a play that nobody
answers ends as its playbook says. With --resume FILE every account that is played is kept in FILE, and a back-test that was
ended goes on where it was. Exit code 1 if --max-false or --max-prompts is passed, or the back-test was ended early.`,
		Example: `  playcaller backtest ./book --sample
  playcaller backtest ./book --accounts accounts.csv --signals signals.csv --from 2026-01-01 --to 2026-06-30 --html report.html
  playcaller backtest ./book --data data/sandbox --against main --max-false 1
  playcaller backtest ./book --bot https://playcaller.example.com --html report.html`,
		Args: exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			b.out, b.err = c.OutOrStdout(), c.ErrOrStderr()
			b.today = rules.DateOf(time.Now().UTC())
			return b.run(c.Context(), args[0], c.Flags().Changed)
		},
	}
	f := c.Flags()
	f.StringVar(&b.from, "from", "", "first day, as 2026-01-01 (default: a year before the last)")
	f.StringVar(&b.to, "to", "", "last day (default: the last with data)")
	f.StringSliceVar(&b.playbooks, "playbook", nil, "only this playbook; may be given more than once")
	f.StringVar(&b.accounts, "accounts", "", "CSV file of accounts")
	f.StringVar(&b.signals, "signals", "", "CSV file of signals")
	f.StringVar(&b.data, "data", "", "data folder of a bot")
	f.StringVar(&b.bot.to, "bot", "", "address of a running bot")
	f.StringVar(&b.bot.token, "token", "", "API token for --bot (or PLAYCALLER_API_TOKENS)")
	f.StringVar(&b.config, "config", "", "configuration file of a bot, as serve has it")
	f.BoolVar(&b.sample, "sample", false, "the sandbox's sample accounts")
	f.StringVar(&b.against, "against", "", "another version of the book: a folder, or a commit, branch or tag")
	f.Float64Var(&b.maxFalse, "max-false", 0, "fail where chance alone brings a person with 60 accounts more prompts a week")
	f.Float64Var(&b.maxPrompts, "max-prompts", 0, "fail where anybody gets more prompts a week, on average")
	f.IntVar(&b.chance, "chance", 0, "how many quiet accounts are played (default 300; -1: none)")
	f.IntVar(&b.within, "within", 90, "days before an account churned within which a firing is right")
	f.Uint64Var(&b.seed, "seed", 1, "of what is drawn at random")
	f.IntVar(&b.workers, "workers", 0, "accounts played at once (default: one for each processor)")
	f.StringVar(&b.csv, "csv", "", "write every firing to this file, as CSV")
	f.StringVar(&b.json, "json", "", "write the whole report to this file, as JSON")
	f.StringVar(&b.html, "html", "", "write a page with charts to this file")
	f.StringVar(&b.resume, "resume", "", "keep what is played in this file, and go on with it")
	return c
}

func (b *backtesting) run(ctx context.Context, dir string, given func(flag string) bool) error {
	if err := b.check(); err != nil {
		return err
	}
	book, err := b.book(dir)
	if err != nil {
		return err
	}
	o := backtest.Options{Playbooks: b.playbooks, Chance: b.chance, Within: b.within, Seed: b.seed, Workers: b.workers}
	if b.against != "" {
		if o.Against, err = b.other(ctx, dir); err != nil {
			return err
		}
	}
	if o.From, err = b.day("from", b.from); err != nil {
		return err
	}
	if o.To, err = b.day("to", b.to); err != nil {
		return err
	}
	bar := newProgress(b.err)
	h, err := b.history(ctx, book, &o, bar)
	bar.end()
	if err != nil {
		return err
	}
	defer h.Close()
	for _, note := range h.Notes {
		fmt.Fprintln(b.err, note)
	}
	if err := b.span(&o, h); err != nil {
		return err
	}
	if err := o.Validate(book); err != nil {
		return err
	}
	o.Heard, o.Accounts = h.Heard, h.Accounts
	report, ended, err := b.play(ctx, book, &o, h, bar)
	if err != nil {
		return err
	}
	return b.tell(report, ended, given)
}

// check refuses flags that contradict each other.
func (b *backtesting) check() error {
	sources := 0
	for _, given := range []bool{b.accounts != "" || b.signals != "", b.data != "", b.bot.to != "", b.config != "", b.sample} {
		if given {
			sources++
		}
	}
	switch {
	case sources == 0:
		return usageError{errors.New("backtest wants a history: --accounts FILE --signals FILE, --data DIR, --bot URL, --config FILE, or --sample")}
	case sources > 1:
		return usageError{errors.New("choose one history: --accounts with --signals, --data, --bot, --config, or --sample")}
	case (b.accounts == "") != (b.signals == ""):
		return usageError{errors.New("--accounts and --signals go together")}
	case b.within < 1:
		return usageError{fmt.Errorf("--within %d: want at least one day", b.within)}
	case b.maxFalse < 0 || b.maxPrompts < 0:
		return usageError{errors.New("--max-false and --max-prompts want numbers that are not negative")}
	}
	return nil
}

// day reads a flag's day; 0 where it was not given.
func (b *backtesting) day(flag, text string) (rules.Date, error) {
	if text == "" {
		return 0, nil
	}
	d, err := rules.ParseDate(text)
	if err != nil {
		return 0, usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	return d, nil
}

// history opens what the book is played over.
func (b *backtesting) history(ctx context.Context, book *playbooks.Book, o *backtest.Options, bar *progress) (*history.History, error) {
	read := bar.reading("read")
	switch {
	case b.sample:
		today := b.today
		if o.To != 0 {
			today = o.To
		}
		return history.Sample(today)
	case b.bot.to != "":
		return history.Bot(ctx, b.bot.call, book.Signals, b.today, read)
	case b.config != "":
		config, err := app.ReadConfig(b.config, b.getenv)
		if err != nil {
			return nil, err
		}
		if uri := config.Store.MongoURI; uri != "" {
			return history.Mongo(ctx, uri, config.Store.Database, book.Signals, b.today, read)
		}
		return history.Store(ctx, config.Data, book.Signals, b.today, read)
	case b.data != "":
		return history.Store(ctx, b.data, book.Signals, b.today, read)
	}
	return history.CSV(ctx, b.accounts, b.signals, book.Signals, b.today, read)
}

// span sets the days that were not given, and refuses a time without data.
func (b *backtesting) span(o *backtest.Options, h *history.History) error {
	if h.First == 0 {
		return errors.New("the history has no data of any signal of the book")
	}
	if o.To == 0 {
		o.To = h.Last
	}
	if o.From == 0 {
		o.From = max(o.To-364, min(h.First, o.To))
	}
	if o.From <= o.To && (o.To < h.First || o.From > h.Last) {
		return fmt.Errorf("there are no data from %s to %s: they begin on %s and end on %s", o.From, o.To, h.First, h.Last)
	}
	if o.From < h.First+42 {
		fmt.Fprintf(b.err, "the data begin on %s: what a rule compares with what is usual is unknown for the weeks after\n", h.First)
	}
	return nil
}

// book loads a folder's book; what is wrong with it is shown as lint shows it.
func (b *backtesting) book(dir string) (*playbooks.Book, error) {
	files, err := app.BookFiles(dir)
	if err != nil {
		return nil, err
	}
	return b.load(files, dir)
}

func (b *backtesting) load(files map[string][]byte, where string) (*playbooks.Book, error) {
	book, problems := playbooks.Load(files)
	if book != nil {
		return book, nil
	}
	for i := range problems {
		problems[i].File = filepath.Join(where, problems[i].File)
	}
	if err := lint.NewReport(problems).WriteText(b.err); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the book %s has mistakes", where)
}

// play plays the book, keeping what was played where it is to be gone on with. ended is why it was ended early.
func (b *backtesting) play(ctx context.Context, book *playbooks.Book, o *backtest.Options, h *history.History, bar *progress) (report *backtest.Report, ended, err error) {
	if b.resume != "" {
		k, err := openKept(b.resume, keyOf(book, o, h))
		if err != nil {
			return nil, nil, fmt.Errorf("--resume: %w", err)
		}
		defer k.close()
		if len(k.known) > 0 {
			fmt.Fprintf(b.err, "%s has %d of %d accounts already\n", b.resume, len(k.known), h.Accounts)
		}
		o.Done, o.Each = k.result, k.keep
	}
	compared := bar.reading("compare with peers")
	peers := 0
	o.Surveyed = func() {
		peers++
		if compared(int64(peers), int64(h.Accounts)); peers == h.Accounts {
			bar.end()
		}
	}
	played := bar.reading("play")
	count := 0
	o.Count = func() {
		count++
		played(int64(count), int64(h.Accounts))
	}
	report, err = backtest.Run(ctx, book, h.All, *o)
	bar.end()
	if err != nil && report == nil {
		return nil, nil, err
	}
	report.Partial = err != nil
	return report, err, nil
}

// tell writes the report, and judges it.
func (b *backtesting) tell(r *backtest.Report, ended error, given func(flag string) bool) error {
	for _, f := range []struct {
		flag, name string
		write      func(io.Writer) error
	}{{"csv", b.csv, r.WriteCSV}, {"json", b.json, r.WriteJSON}, {"html", b.html, r.WriteHTML}} {
		if f.name == "" {
			continue
		}
		if err := writeFile(f.name, f.write); err != nil {
			return fmt.Errorf("--%s: %w", f.flag, err)
		}
	}
	if err := r.WriteText(b.out); err != nil {
		return err
	}
	failed := ended != nil
	if ended != nil && b.resume == "" {
		fmt.Fprintf(b.err, "ended after %d accounts; with --resume FILE it could go on from there\n", r.Accounts)
	} else if ended != nil {
		fmt.Fprintf(b.err, "ended after %d accounts; the same command goes on from there\n", r.Accounts)
	}
	if given("max-false") {
		switch {
		case r.Chance == nil:
			return usageError{errors.New("--max-false needs quiet accounts; leave out --chance -1")}
		case r.Chance.Promise.PerWeek > b.maxFalse:
			fmt.Fprintf(b.out, "FAIL  chance alone brings a person with %d accounts %.2f prompts a week, and --max-false allows %g\n",
				backtest.PromisedAccounts, r.Chance.Promise.PerWeek, b.maxFalse)
			failed = true
		}
	}
	if given("max-prompts") {
		for _, p := range r.People {
			if p.PerWeek > b.maxPrompts {
				fmt.Fprintf(b.out, "FAIL  %s gets %.2f prompts a week, and --max-prompts allows %g\n", p.Name, p.PerWeek, b.maxPrompts)
				failed = true
			}
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// keyOf is another one wherever the results would be others.
func keyOf(book *playbooks.Book, o *backtest.Options, h *history.History) string {
	against := ""
	if o.Against != nil {
		against = o.Against.Hash
	}
	some := slices.Clone(o.Playbooks)
	slices.Sort(some)
	text, err := json.Marshal([]any{3, book.Hash, against, o.From, o.To, strings.Join(some, " "), o.Chance, o.Accounts, o.Seed, h.Key})
	if err != nil { // strings and numbers only
		panic(err)
	}
	return string(text)
}
