package rules

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/vm"
)

// Facts is what expressions read: one account, its series, a contract where the
// subject is one, and a time. Each feature is computed at most once between two
// calls of Reset. Facts is meant to be reused by one goroutine for account after
// account; it is not safe for several at once.
type Facts struct {
	core    *core
	account *Account
	history *History
	now     time.Time
	today   Date
	subject string
	lang    string
	values  map[string]result
	feed    func(string) time.Time
	outages map[string][]Outage
	peers   func(PeerGroup) *Distribution

	cells   []factCell
	numbers []factNumber // of slots that are numbers or dates, which most that is read is
	signals []factSignal // by number
	turn    uint32
	out     []Span // scratch of tellOutages
	env     map[string]any
	vm      vm.VM

	zone     *time.Location
	zoneName string
	off      [2]*offYear // the ones asked for last, of an even year and an odd one
	offDays  func(Date) string
	pastOff  pastOff
	contract *Contract
	chosen   bool // contract has been looked for
	learner  learner
	weeks    weekSums     // scratch of bound
	hourly   *hourLearner // nil until one is asked of
}

type factCell struct {
	turn   uint32
	result result
}

// A factNumber is what a factCell comes to as a number, and where a feature's is found:
// small, so that those of a book lie close together.
type factNumber struct {
	value float64
	turn  uint32
	known bool

	completed bool     // of a feature, as in its slot
	window    windowOp // likewise
	signal    int32    // likewise; -1 where the slot is no feature
	cell      int32
	feature   *feature
}

// A factSignal is what the facts' account has of a signal.
type factSignal struct {
	turn   uint32
	series *series
	alive  Date
}

// NewFacts returns the facts of one account for everything that c, or a compiler
// made by c.With, compiled. history may be nil.
func NewFacts(c *Compiler, account *Account, history *History, now time.Time) *Facts {
	f := &Facts{core: c.core, zone: time.UTC}
	f.vm.MemoryBudget = memoryBudget
	f.offDays = f.whyOff
	f.learner.nextOff, f.learner.offBefore = f.nextOff, f.offBefore
	f.Reset(account, history, now)
	return f
}

// Reset makes f the facts of another account or another time. The subject and
// the values given by Set are forgotten; what SetFeed, SetOutages and SetPeers gave is kept. An account
// whose time zone is not known to this system is judged in UTC.
func (f *Facts) Reset(account *Account, history *History, now time.Time) {
	if account == nil {
		account = &Account{}
	}
	sameDay := now == f.now
	f.account, f.history, f.now, f.subject = account, history, now, ""
	if account.TimeZone != f.zoneName {
		f.zone, f.zoneName = f.core.location(account.TimeZone), account.TimeZone
		sameDay = false
	}
	if !sameDay {
		f.today = DateOf(now.In(f.zone))
	}
	if len(f.values) > 0 {
		clear(f.values)
	}
	f.invalidate()
	if history != nil {
		history.ready(f.core, calendarKey{account.Country, closedKey(account.Closed)})
	}
}

// invalidate forgets what was worked out.
func (f *Facts) invalidate() {
	f.turn++
	f.chosen = false
	f.learner.row = nil
	f.hourly.forget()
	f.room()
}

// room makes room for what was compiled since.
func (f *Facts) room() {
	if n := len(f.core.slots); len(f.cells) < n {
		f.cells = append(make([]factCell, 0, n), f.cells...)[:n]
		f.numbers = append(make([]factNumber, 0, n), f.numbers...)
		for _, sl := range f.core.slots[len(f.numbers):] {
			number := factNumber{signal: -1}
			if sl.feature != nil {
				number = factNumber{signal: int32(sl.signal), cell: int32(sl.cell), feature: sl.feature, window: sl.window, completed: sl.completed}
			}
			f.numbers = append(f.numbers, number)
		}
	}
	if n := len(f.core.cells); len(f.signals) < n {
		f.signals = append(make([]factSignal, 0, n), f.signals...)[:n]
	}
}

// location returns a time zone, read once for all Facts of a book; UTC for one that
// this system does not know.
func (c *core) location(name string) *time.Location {
	if known, ok := c.zones.Load(name); ok {
		return known.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	c.zones.Store(name, loc)
	return loc
}

// ForContract makes the contract of that id the one that "contract" reads; with
// "" it is the account's current one: of those still running, the one that ends
// first.
func (f *Facts) ForContract(id string) {
	if f.subject != id {
		f.subject = id
		f.invalidate()
	}
}

// Set gives a value (float64, int, string, bool, Date or time.Time) that the
// compiler was told of by With. A value of another type is unknown.
func (f *Facts) Set(name string, value any) {
	if f.values == nil {
		f.values = map[string]result{}
	}
	f.values[name] = f.resultOf(name, value)
	f.invalidate()
}

func (f *Facts) resultOf(name string, value any) result {
	switch v := value.(type) {
	case Date:
		if v != 0 {
			return result{number: float64(v)}
		}
	case time.Time:
		if !v.IsZero() {
			return result{number: float64(DateOf(v.In(f.zone)))}
		}
	case bool, int, float64, string:
		return unboxed(v)
	}
	return result{gap: gap{Code: NotKnown, Of: name}}
}

func (f *Facts) given(name string) result {
	if r, ok := f.values[name]; ok {
		return r
	}
	return result{gap: gap{Code: NotKnown, Of: name}}
}

// SetFeed tells when anything of a signal last arrived for any account. Silence of
// one account up to then is real: its days without data are zero. Without it (nil)
// only the account's own arrivals show that its feed is alive.
func (f *Facts) SetFeed(last func(signal string) time.Time) {
	f.feed = last
	f.invalidate()
}

// Account returns the account that the facts are about.
func (f *Facts) Account() *Account { return f.account }

// Now returns the time that the facts are of.
func (f *Facts) Now() time.Time { return f.now }

// Today returns the account's local day.
func (f *Facts) Today() Date { return f.today }

// Location returns the account's time zone.
func (f *Facts) Location() *time.Location { return f.zone }

// Segments returns the account's value of every segment; an unknown one is absent.
func (f *Facts) Segments() map[string]string {
	all := map[string]string{}
	for _, name := range f.core.order {
		if r := f.slot(f.core.segments[name]); r.gap.known() {
			all[name] = r.text
		}
	}
	return all
}

// slot returns a slot's value, worked out at most once.
func (f *Facts) slot(i int) *result {
	if i < len(f.cells) && f.cells[i].turn == f.turn {
		return &f.cells[i].result
	}
	return f.workOut(i)
}

// number returns the value of a slot that is a number or a date, and whether it is
// known.
func (f *Facts) number(i int) (v float64, known bool) {
	if i < len(f.numbers) {
		if n := &f.numbers[i]; n.turn == f.turn {
			return n.value, n.known
		}
	}
	return f.workOutNumber(i)
}

// workOutNumber is number for one that was not asked for before. What is remembered of a
// feature is not copied for it.
func (f *Facts) workOutNumber(i int) (v float64, known bool) {
	if i >= len(f.cells) { // compiled after the last Reset
		f.room()
	}
	n := &f.numbers[i]
	if n.signal < 0 {
		r := f.slot(i)
		v, known = r.number, r.gap.known()
		n = &f.numbers[i] // slot may have grown numbers
		if f.core.slots[i].fresh {
			return v, known
		}
	} else if cell := f.remembered(n); cell != nil {
		v, known = cell.number, cell.other == nil
	}
	n.value, n.known, n.turn = v, known, f.turn
	return v, known
}

func (f *Facts) workOut(i int) *result {
	if i >= len(f.cells) { // compiled after the last Reset
		f.room()
	}
	sl := &f.core.slots[i]
	if sl.feature != nil {
		f.feature(&f.numbers[i], &f.cells[i].result)
		f.cells[i].turn = f.turn
		return &f.cells[i].result
	}
	if sl.passes {
		if r := f.slot(sl.reads[0]); r.gap.known() || len(sl.reads) == 1 {
			return r
		}
		return f.slot(sl.reads[1])
	}
	r := sl.get(f)
	cell := &f.cells[i] // get may have grown cells
	cell.result = r
	if !sl.fresh {
		cell.turn = f.turn
	}
	return &cell.result
}

// boxed returns a slot's value as the vm takes it.
func (f *Facts) boxed(i int) any {
	r := f.slot(i)
	if !r.gap.known() {
		return nil
	}
	switch f.core.slots[i].typ {
	case Bool:
		return r.number != 0
	case Text, Person:
		return r.text
	}
	return r.number
}

// feature returns what a feature comes to.
func (f *Facts) feature(n *factNumber, into *result) {
	cell := f.remembered(n)
	switch {
	case cell == nil:
		*into = result{gap: gap{Code: NoData, Of: n.feature.signal}}
	case cell.other != nil:
		*into = *cell.other
	default:
		*into = result{number: cell.number}
	}
}

// remembered works a feature out, or takes it from what is remembered with the series
// while nothing it is computed from has changed; nil where the account has no series.
func (f *Facts) remembered(n *factNumber) *memoCell {
	signal := f.signal(n)
	s := signal.series
	if s == nil {
		return nil
	}
	cell, stamp := s.cell(int(n.cell), f.core.cells[n.signal]), s.stamp.number(n.completed)
	if cell.of == stamp {
		return cell
	}
	ft := n.feature
	if ft.hours > 0 {
		cell.keep(f.overHours(ft, s))
	} else if v, ok := ft.quickly(n.window, s, f.today, signal.alive, cell); ok {
		cell.number = v
		if cell.other != nil {
			cell.other = nil
		}
	} else {
		f.learner.part = f.partOfToday(ft, s)
		cell.keep(ft.compute(s, f.today, signal.alive, f.offDays, &f.learner, cell))
	}
	cell.of = stamp
	return cell
}

// signal returns what the account has of a feature's signal, looked up once.
func (f *Facts) signal(n *factNumber) *factSignal {
	signal := &f.signals[n.signal]
	if signal.turn != f.turn {
		f.lookUp(n.feature.signal, signal)
	}
	return signal
}

func (f *Facts) lookUp(name string, signal *factSignal) {
	*signal = factSignal{turn: f.turn}
	if f.history == nil {
		return
	}
	if signal.series = f.history.find(name); signal.series != nil {
		signal.alive = f.alive(name)
		f.tellOutages(name, signal.series)
		signal.series.ask(f.today, signal.alive)
		if signal.series.hourly != nil {
			f.askHour(name, signal.series)
		}
	}
}

// alive returns the local day through which the feed as a whole is known to have
// been alive, 0 where only the account itself tells.
func (f *Facts) alive(signal string) Date {
	if f.feed == nil {
		return 0
	}
	last := f.feed(signal)
	if last.IsZero() {
		return 0
	}
	return min(DateOf(last.In(f.zone)), f.today)
}

// whyOff says why a day is not like others for the account, or "".
func (f *Facts) whyOff(d Date) string {
	for _, span := range f.account.Closed {
		if span.From <= d && d <= span.To {
			return "closed"
		}
	}
	if country := f.account.Country; country != "" {
		return f.offYear(country, d).why(d)
	}
	return ""
}

// view returns how a signal's days are read today.
func (f *Facts) view(signal, by string) (*view, *series, error) {
	def, declared := f.core.signals[signal]
	if !declared {
		return nil, nil, fmt.Errorf("signal %s is not declared", signal)
	}
	var s *series
	if f.history != nil {
		s = f.history.find(signal)
	}
	if s != nil {
		f.tellOutages(signal, s)
	}
	if s == nil || s.total.len() == 0 {
		return nil, nil, fmt.Errorf("%s: no data yet", signal)
	}
	ft := newFeature(opDrop, def)
	return &view{row: s.look(by), first: s.total.from, last: min(s.untilDay, f.today), alive: f.alive(signal), fresh: ft.fresh, kind: s.kind, offDays: f.offDays, cover: &s.total, out: s.out}, s, nil
}
