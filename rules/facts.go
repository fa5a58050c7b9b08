package rules

import "time"

// Facts is what expressions read: one account, its series, a contract where the
// subject is one, and a time. Each feature is computed at most once between two
// calls of Reset. Facts is meant to be reused by one goroutine for account after
// account; it is not safe for several at once.
type Facts struct{}

// NewFacts returns the facts of one account for everything that c, or a compiler
// made by c.With, compiled. history may be nil.
func NewFacts(c *Compiler, account *Account, history *History, now time.Time) *Facts {
	f := &Facts{}
	f.Reset(account, history, now)
	return f
}

// Reset makes f the facts of another account or another time. The subject and
// the values given by Set are forgotten; what SetFeed gave is kept.
func (f *Facts) Reset(account *Account, history *History, now time.Time) {}

// ForContract makes the contract of that id the one that "contract" reads; with
// "" it is the account's current one: of those still running, the one that ends
// first.
func (f *Facts) ForContract(id string) {}

// Set gives a value (float64, int, string, bool, Date or time.Time) that the
// compiler was told of by With.
func (f *Facts) Set(name string, value any) {}

// SetFeed tells when anything of a signal last arrived for any account. Silence of
// one account up to then is real: its days without data are zero. Without it (nil)
// only the account's own arrivals show that its feed is alive.
func (f *Facts) SetFeed(last func(signal string) time.Time) {}

// Account returns the account, Now the time, Today the account's local day.
func (f *Facts) Account() *Account { return nil }
func (f *Facts) Now() time.Time    { return time.Time{} }
func (f *Facts) Today() Date       { return 0 }

// Segments returns the account's value of every segment; an unknown one is absent.
func (f *Facts) Segments() map[string]string { return nil }

// Contract returns the contract that expressions read, or nil.
func (f *Facts) Contract() *Contract { return nil }

// Chart returns at most n days of a signal up to today (n <= 20 suits Slack),
// oldest first, with what was expected of each.
func (f *Facts) Chart(signal string, n int) []ChartPoint { return nil }

// A ChartPoint is one day of a chart. Values that are not known are NaN.
type ChartPoint struct {
	Date                        Date
	Actual, Expected, Low, High float64
}

// Baseline explains what the days of a window are compared with.
func (f *Facts) Baseline(signal, by string, window, vs Period) (Baseline, error) {
	return Baseline{}, nil
}

// A Baseline says what was expected of a window of days, and from which days that
// was learnt.
type Baseline struct {
	Signal   string        `json:"signal"`
	From     Date          `json:"from"` // the window, both included
	To       Date          `json:"to"`
	Expected float64       `json:"expected"` // over the window's compared days
	Actual   float64       `json:"actual"`   // over the same days
	Low      float64       `json:"low"`      // within [Low, High] the difference is within chance
	High     float64       `json:"high"`
	Days     []BaselineDay `json:"days"`
	LeftOut  []LeftOut     `json:"left_out,omitempty"`
	Missing  string        `json:"missing,omitempty"` // why nothing can be said; "" otherwise
}

// A BaselineDay is one day of a Baseline's window.
type BaselineDay struct {
	Date     Date    `json:"date"`
	Actual   float64 `json:"actual"`
	Expected float64 `json:"expected"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Used     []Date  `json:"used"` // the days it was learnt from
}

// LeftOut is a day that was not compared or not learnt from, and why.
type LeftOut struct {
	Date Date   `json:"date"`
	Why  string `json:"why"` // "holiday: 元日", "closed", "no data"
}
