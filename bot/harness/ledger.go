package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// Ledger is what the harness did: it says what must be found at the end, and what may be.
type Ledger struct {
	mu       sync.Mutex
	owners   map[string]string // account -> person
	sums     map[series]*amount
	clicks   []Click
	posted   int // signals acknowledged
	unsure   int // signals of which it is not known whether they were taken
	repeated int // signals sent again
}

type series struct{ account, signal string }

// amount is what the values of a series must add up to: sure, and any part of maybe.
type amount struct{ sure, maybe float64 }

// Click is a press of a button.
type Click struct {
	Run    string
	Visit  int
	Answer string // "done" for a task
	By     string
	Acked  bool
}

func newLedger(accounts int, people []string) *Ledger {
	l := &Ledger{owners: map[string]string{}, sums: map[series]*amount{}}
	for i := range accounts {
		l.owners[accountID(i)] = people[i%len(people)]
	}
	return l
}

func accountID(i int) string { return fmt.Sprintf("a%04d", i) }

// Accounts returns the accounts in order.
func (l *Ledger) Accounts() []string {
	all := make([]string, 0, len(l.owners))
	for id := range l.owners {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// Acknowledged notes signals that the bot has said it took.
func (l *Ledger) Acknowledged(signals []Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range signals {
		l.sum(s).sure += s.Value
	}
	l.posted += len(signals)
}

// Unanswered notes signals that were sent and of which nothing was heard.
func (l *Ledger) Unanswered(signals []Signal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range signals {
		l.sum(s).maybe += s.Value
	}
	l.unsure += len(signals)
}

// Repeated notes that signals were sent again.
func (l *Ledger) Repeated(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.repeated += n
}

func (l *Ledger) sum(s Signal) *amount {
	of := series{s.Account, s.Signal}
	a := l.sums[of]
	if a == nil {
		a = &amount{}
		l.sums[of] = a
	}
	return a
}

// Clicked notes a click.
func (l *Ledger) Clicked(c Click) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clicks = append(l.clicks, c)
}

// Posted returns how many signals were acknowledged.
func (l *Ledger) Posted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.posted
}

// Clicks returns the clicks so far, by run and visit.
func (l *Ledger) Clicks() []Click {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.clicks)
	slices.SortStableFunc(all, func(a, b Click) int { return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Visit, b.Visit)) })
	return all
}

// Series returns the series to be compared, in order.
func (l *Ledger) Series() []series {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]series, 0, len(l.sums))
	for s := range l.sums {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.signal, b.signal))
	})
	return all
}

// Amount returns what a series must add up to.
func (l *Ledger) Amount(s series) amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.sums[s]
}
