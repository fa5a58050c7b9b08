package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// HistoryOptions say how much is made up.
type HistoryOptions struct {
	Dir      string
	Accounts int
	Days     int
	Last     string // the last day
	Seed     uint64
	Owners   []string
}

func historyCommand(stdout io.Writer) *cobra.Command {
	o := HistoryOptions{}
	c := &cobra.Command{
		Use:   "history DIR",
		Short: "Make up accounts and their signals, to measure back-tests with",
		Long: `Writes accounts.csv and signals.csv, in the forms that import and backtest take: accounts of all sizes with weekly
rhythm, growth and spread - logins, core uses, help views by topic, distinct users, seats, NPS - one in ten of which fades
away from some day on and leaves a hundred days later. All of it is made up.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Dir = args[0]
			rows, err := History(o)
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "%d accounts, %d rows of signals in %s\n", o.Accounts, rows, o.Dir)
			return nil
		},
	}
	c.Flags().IntVar(&o.Accounts, "accounts", 10_000, "how many accounts")
	c.Flags().IntVar(&o.Days, "days", 455, "how many days: a year, and ninety days of warm-up")
	c.Flags().StringVar(&o.Last, "to", "2026-10-31", "the last day")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "of what is drawn at random")
	c.Flags().StringSliceVar(&o.Owners, "owner", []string{"tanaka", "miller"}, "who has the accounts")
	return c
}

// History writes made-up accounts and signals, and returns how many rows of signals there are.
func History(o HistoryOptions) (rows int, err error) {
	last, err := time.Parse(time.DateOnly, o.Last)
	if err != nil {
		return 0, fmt.Errorf("--to %q: want a day such as 2026-10-31", o.Last)
	}
	if o.Accounts < 1 || o.Days < 1 || len(o.Owners) == 0 {
		return 0, errors.New("want at least one account, one day and one owner")
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return 0, err
	}
	accounts, err := os.Create(filepath.Join(o.Dir, "accounts.csv"))
	if err != nil {
		return 0, err
	}
	defer accounts.Close()
	signals, err := os.Create(filepath.Join(o.Dir, "signals.csv"))
	if err != nil {
		return 0, err
	}
	defer signals.Close()
	w := &historyWriter{accounts: bufio.NewWriterSize(accounts, 1<<20), signals: bufio.NewWriterSize(signals, 1<<20)}
	fmt.Fprintln(w.accounts, "id,name,plan,seats,arr,owner,country,time_zone,stage,stage_since,contract_id,contract_start,contract_end,contract_auto_renew,churned_on")
	fmt.Fprintln(w.signals, "account,signal,date,value,by,user")
	for n := range o.Accounts {
		w.account(n, o, last)
	}
	for _, err := range []error{w.accounts.Flush(), w.signals.Flush(), accounts.Close(), signals.Close()} {
		if err != nil {
			return 0, err
		}
	}
	return w.rows, nil
}

type historyWriter struct {
	accounts, signals *bufio.Writer
	rows              int
}

// account writes one account and its days.
func (w *historyWriter) account(n int, o HistoryOptions, last time.Time) {
	r := rand.New(rand.NewPCG(o.Seed, uint64(n)))
	id := fmt.Sprintf("account-%05d", n)
	places := [][2]string{{"JP", "Asia/Tokyo"}, {"US", "America/New_York"}, {"DE", "Europe/Berlin"}}
	place := places[n%len(places)]
	seats := int(math.Exp(1.5 + r.Float64()*4)) // 4 to 240
	plan := []string{"starter", "team", "enterprise"}[min(2, seats/60)]
	start := last.AddDate(0, 0, -o.Days-r.IntN(300))
	fades := o.Days + 1
	churned := ""
	if r.IntN(10) == 0 {
		fades = o.Days/3 + r.IntN(o.Days*2/3)
		if left := last.AddDate(0, 0, fades+100-o.Days+1); !left.After(last) {
			churned = left.Format(time.DateOnly)
		}
	}
	fmt.Fprintf(w.accounts, "%s,Made-up account %d,%s,%d,%d,%s,%s,%s,adoption,%s,%s-1,%s,%s,true,%s\n", id, n, plan, seats, seats*400,
		o.Owners[n%len(o.Owners)], place[0], place[1], start.AddDate(0, 0, 60).Format(time.RFC3339), id,
		start.Format(time.DateOnly), start.AddDate(3, 0, 0).Format(time.DateOnly), churned)
	mean := float64(seats) * (0.2 + 0.6*r.Float64())
	growth := 0.6 + 0.8*r.Float64() // from the first day to the last
	for d := range o.Days {
		day := last.AddDate(0, 0, d-o.Days+1)
		date := day.Format(time.DateOnly)
		if date == churned {
			return
		}
		level := mean * (1 + (growth-1)*float64(d)/float64(o.Days))
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			level *= 0.08
		}
		if d > fades {
			level *= math.Max(0.05, 1-float64(d-fades)/40)
		}
		w.row(id, "logins", date, draw(r, level), "", "")
		w.row(id, "core_uses", date, draw(r, level*2), "", "")
		w.row(id, "help_views", date, draw(r, level/8), "exports", "")
		if r.IntN(4) == 0 {
			w.row(id, "help_views", date, draw(r, level/8), "imports", "")
		}
		for range min(3, int(level/2)) {
			w.row(id, "users", date, 1, "", "user-"+strconv.Itoa(r.IntN(min(seats, 40))))
		}
		if d%7 == 0 {
			w.row(id, "seats_used", date, min(seats, int(float64(seats)*(0.5+0.5*growth*float64(d)/float64(o.Days)))), "", "")
		}
		if r.IntN(180) == 0 {
			w.row(id, "nps", date, 4+r.IntN(7), "", "")
		}
	}
}

func (w *historyWriter) row(account, signal, date string, value int, by, user string) {
	w.rows++
	fmt.Fprintf(w.signals, "%s,%s,%s,%d,%s,%s\n", account, signal, date, value, by, user)
}

// draw returns a count with one and a half times the spread of a Poisson count.
func draw(r *rand.Rand, mean float64) int {
	return max(0, int(math.Round(mean+math.Sqrt(1.5*mean)*r.NormFloat64())))
}
