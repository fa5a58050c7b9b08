package rules

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// shippedRules are the conditions of five of the shipped playbooks.
func shippedRules() [][2]string {
	return [][2]string{
		{"login-drop", `logins.drop("14d") >= 0.4`},
		{"no-login-30d", `logins.days_since() >= 30`},
		{"help-spike", `help_views.spike("1d") >= 3 and help_views.sum("1d") >= 5`},
		{"low-activation", `users.distinct("28d") / account.seats < 0.5 and stage_days >= 30`},
		{"renewal", `contract.notice_in <= 90 and not contract.signed`},
	}
}

// windowRules are ten rules over plain windows, which a person could write by hand in
// Go (nativeRules), SQL or PromQL (the module rules/compare does).
func windowRules() [][2]string {
	return [][2]string{
		{"few", `logins.sum("7d") < 20`},
		{"fading", `logins.mean("14d") < 0.6 * logins.mean("56d")`},
		{"weaker", `logins.mean("7d") < 0.7 * logins.mean("21d")`},
		{"burst", `logins.max("28d") >= 60`},
		{"silent", `logins.days_since() >= 7`},
		{"lost", `help_views.sum("7d") >= 5 and help_views.sum("7d") > 10 * help_views.mean("28d")`},
		{"asking", `help_views.sum("28d") > 0.3 * logins.sum("28d")`},
		{"full", `seats_used.last() / account.seats > 0.95`},
		{"unused", `seats_used.mean("28d") / account.seats < 0.4`},
		{"shrinking", `seats_used.last() < 0.8 * seats_used.max("90d")`},
	}
}

// nativeRules are the windowRules by hand, over days as a []float64 each that ends
// with today. They count how many are true.
func nativeRules(logins, help, seatsUsed []float64, seats float64) int {
	sum := func(days []float64, from, to int) (sum float64) { // days ago, both included
		for _, v := range days[len(days)-1-from : len(days)-to] {
			sum += v
		}
		return sum
	}
	most := func(days []float64, n int) float64 { return slices.Max(days[len(days)-n:]) }
	last := seatsUsed[len(seatsUsed)-1]
	since := len(logins)
	for i := range logins {
		if logins[len(logins)-1-i] != 0 {
			since = i
			break
		}
	}
	n := 0
	for _, is := range [...]bool{
		sum(logins, 6, 0) < 20,
		sum(logins, 14, 1)/14 < 0.6*sum(logins, 56, 1)/56,
		sum(logins, 7, 1)/7 < 0.7*sum(logins, 21, 1)/21,
		most(logins, 28) >= 60,
		since >= 7,
		sum(help, 6, 0) >= 5 && sum(help, 6, 0) > 10*sum(help, 28, 1)/28,
		sum(help, 27, 0) > 0.3*sum(logins, 27, 0),
		last/seats > 0.95,
		sum(seatsUsed, 28, 1)/28/seats < 0.4,
		last < 0.8*most(seatsUsed, 90),
	} {
		if is {
			n++
		}
	}
	return n
}

// benchSet compiles rules, each with an audience, and fills an account of 100 days.
func benchSet(b testing.TB, texts [][2]string) (*Set, *History, time.Time) {
	c := testCompiler(b)
	var rules []*Rule
	for _, r := range texts {
		rules = append(rules, &Rule{Playbook: r[0], Audience: condition(b, c, "account.seats >= 5"), When: condition(b, c, r[1])})
	}
	h := &History{}
	now := utc("2026-11-20T12:00")
	for i := range 100 {
		benchDay(b, h, now.AddDate(0, 0, i-99))
	}
	return NewSet(c, rules...), h, now
}

// benchDay adds one day of an account's life.
func benchDay(b testing.TB, h *History, at time.Time) {
	i := int(DateOf(at))
	apply(b, h, loginsDef, time.UTC, at, Signal{Value: float64(20 + i%7)})
	apply(b, h, helpDef, time.UTC, at, Signal{Value: float64(i % 5), By: "exports"})
	apply(b, h, seatsDef, time.UTC, at, Signal{Value: float64(10 + i%3)})
	for u := range 10 {
		apply(b, h, usersDef, time.UTC, at, Signal{User: fmt.Sprint(u)})
	}
}

// bare is what rules cost in expr's vm when every number is known already.
type bare struct {
	vm       vm.VM
	env      map[string]any
	programs []*vm.Program
}

// newBare compiles rules with each feature and field replaced by a variable, and an
// audience before each.
func newBare(b testing.TB, set *Set, f *Facts) *bare {
	x := &bare{env: map[string]any{}}
	for _, r := range set.Rules {
		text := r.When.Source.Text
		slots := append(r.Audience.slots(), r.When.slots()...)
		slices.SortFunc(slots, func(i, j int) int { return len(set.Compiler.slots[j].text) - len(set.Compiler.slots[i].text) })
		for _, i := range slots {
			text = strings.ReplaceAll(text, set.Compiler.slots[i].text, slotName(i))
			x.env[slotName(i)] = f.boxed(i)
		}
		p, err := expr.Compile(slotName(r.Audience.slots()[0])+" >= 5 and "+text, expr.Env(x.env), expr.AsBool())
		if err != nil {
			b.Fatal(err)
		}
		x.programs = append(x.programs, p)
	}
	return x
}

func (x *bare) run(b *testing.B) {
	for _, p := range x.programs {
		if _, err := x.vm.Run(p, x.env); err != nil {
			b.Fatal(err)
		}
	}
}

// copies writes a History and reads it n times.
func copies(b testing.TB, h *History, n int) []History {
	data, err := h.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	all := make([]History, n)
	for i := range all {
		if err := all[i].UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
	}
	return all
}

// BenchmarkRules judges eight accounts by the five shipped rules, and by ten of plain
// windows. It reports how many times that takes of the bare vm on precomputed numbers
// (xbare), and of the windows written by hand in Go (xnative), medians of each:
//
//	event    each account has just had a signal of today
//	again    nothing is new (a wake, a second look)
//	day      the first evaluation of a day, with yesterday's remembered
//	24       a whole day of one evaluation an hour: the first, then 23 events
//	scratch  nothing is remembered: after loading
func BenchmarkRules(b *testing.B) {
	const accounts = 8
	for _, book := range []struct {
		name  string
		rules [][2]string
	}{{"shipped", shippedRules()}, {"windows", windowRules()}} {
		set, first, start := benchSet(b, book.rules)
		account := acme()
		account.TimeZone = "UTC"
		f := set.Facts(account, first, start)
		x := newBare(b, set, f)
		native := make([][]float64, 3)
		for i, signal := range []string{"logins", "help_views", "seats_used"} {
			for _, d := range first.Days(signal, "", 0, MaxDate) {
				native[i] = append(native[i], d.Value)
			}
		}
		for _, mode := range []string{"event", "again", "day", "24", "scratch"} {
			b.Run(book.name+"/"+mode, func(b *testing.B) {
				histories, now, days, hour := copies(b, first, accounts), start, 0, 0
				evaluate := func(h *History) {
					f.Reset(account, h, now)
					for _, r := range set.Rules {
						if r.Audience.Truth(f) != False {
							r.When.Truth(f)
						}
					}
				}
				prepare := func() {
					what := mode
					if mode == "24" {
						if what = "event"; hour%24 == 0 {
							what = "day"
						}
						hour++
					}
					switch what {
					case "event":
						for i := range histories {
							apply(b, &histories[i], loginsDef, time.UTC, now, Signal{Value: 1})
						}
					case "scratch":
						for i := range histories {
							histories[i].memo = memo{}
						}
					case "day":
						if now, days = now.AddDate(0, 0, 1), days+1; days > 200 {
							histories, now, days = copies(b, first, accounts), start, 0
						}
						for i := range histories {
							benchDay(b, &histories[i], now)
						}
					}
				}
				for i := range histories {
					evaluate(&histories[i])
				}
				var took [3][]time.Duration // by us, by the bare vm, by hand: eight accounts at a time
				rounds, trues := 1, 0
				if mode == "24" {
					rounds = 24
				}
				for b.Loop() {
					var sum [3]time.Duration
					for range rounds {
						prepare()
						t0 := time.Now()
						for i := range histories {
							evaluate(&histories[i])
						}
						t1 := time.Now()
						for range accounts {
							x.run(b)
						}
						t2 := time.Now()
						for range accounts {
							trues += nativeRules(native[0], native[1], native[2], 20)
						}
						sum = [3]time.Duration{sum[0] + t1.Sub(t0), sum[1] + t2.Sub(t1), sum[2] + time.Since(t2)}
					}
					for i := range took {
						took[i] = append(took[i], sum[i])
					}
				}
				var median [3]float64 // others' turns at the processor do not count
				for i := range took {
					slices.Sort(took[i])
					median[i] = float64(took[i][len(took[i])/2])
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median[0]/median[1], "xbare")
				b.ReportMetric(median[0]/float64(rounds*accounts*len(set.Rules)), "ns/rule")
				if book.name == "windows" {
					b.ReportMetric(median[0]/median[2], "xnative")
				}
				runtime.KeepAlive(trues)
			})
		}
	}
}

// BenchmarkThroughput judges 1,000 accounts on every core at once, and reports how
// many rules were judged in a second. In "event" a signal arrives at each account
// before its rules are judged, and its arrival is part of the time.
func BenchmarkThroughput(b *testing.B) {
	for _, book := range []struct {
		name  string
		rules [][2]string
	}{{"shipped", shippedRules()}, {"windows", windowRules()}} {
		for _, mode := range []string{"event", "day"} {
			b.Run(book.name+"/"+mode, func(b *testing.B) {
				set, first, start := benchSet(b, book.rules)
				account := acme()
				var evaluations, goroutines atomic.Int64
				shares := make([][]History, runtime.GOMAXPROCS(0))
				for i := range shares {
					shares[i] = copies(b, first, 1000)
					f := set.Facts(account, nil, start)
					for k := range shares[i] {
						f.Reset(account, &shares[i][k], start)
						for _, r := range set.Rules {
							r.When.Truth(f)
						}
					}
				}
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					histories := shares[goroutines.Add(1)-1]
					f := set.Facts(account, nil, start)
					n, i, now := 0, 0, start
					for pb.Next() {
						if i++; i == len(histories) {
							if i = 0; mode == "day" { // nothing comes on it, and two days of silence are zeros
								now = start.AddDate(0, 0, (daysBetween(start, now)+1)%3)
							}
						}
						h := &histories[i]
						if mode == "event" {
							apply(b, h, loginsDef, time.UTC, now, Signal{Value: 1})
						}
						f.Reset(account, h, now)
						for _, r := range set.Rules {
							if r.Audience.Truth(f) != False {
								r.When.Truth(f)
							}
							n++
						}
					}
					evaluations.Add(int64(n))
				})
				b.ReportMetric(float64(evaluations.Load())/b.Elapsed().Seconds(), "rules/s")
			})
		}
	}
}

// BenchmarkMemoryWaits judges the ten plain rules of an account for the first time of a
// day that brought something: of 30 accounts, whose memory the processor keeps at hand,
// and of 10,000, of which it does not. ns/few and ns/many are for an account, medians of
// 30; waits says how many times as long the many take.
func BenchmarkMemoryWaits(b *testing.B) {
	set, first, start := benchSet(b, windowRules())
	account := acme()
	account.TimeZone = "UTC"
	f := set.Facts(account, nil, start)
	few, many := copies(b, first, 30), copies(b, first, 10_000)
	judge := func(histories []History, now time.Time) float64 {
		begin := time.Now()
		for i := range histories {
			f.Reset(account, &histories[i], now)
			for _, r := range set.Rules {
				r.When.Truth(f)
			}
		}
		return float64(time.Since(begin)) / float64(len(histories))
	}
	live := func(histories []History, now time.Time) {
		for i := range histories {
			for _, s := range []struct {
				def   SignalDef
				value int
			}{{loginsDef, 20}, {helpDef, 3}, {seatsDef, 10}} {
				if _, err := histories[i].Apply(Signal{Signal: s.def.Name, Value: float64(s.value + int(now.Unix()/86400)%5)}, s.def, time.UTC, now); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	var short, long []float64
	judge(few, start)
	judge(many, start)
	now, then := start, start
	for b.Loop() {
		now = now.AddDate(0, 0, 1)
		live(many, now)
		for part := range slices.Chunk(many, len(few)) {
			long = append(long, judge(part, now))
		}
		for range 20 {
			then = then.AddDate(0, 0, 1)
			live(few, then)
			short = append(short, judge(few, then))
		}
	}
	slices.Sort(short)
	slices.Sort(long)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(short[len(short)/2], "ns/few")
	b.ReportMetric(long[len(long)/2], "ns/many")
	b.ReportMetric(long[len(long)/2]/short[len(short)/2], "waits")
}

// daysBetween counts days from one time to another.
func daysBetween(from, to time.Time) int { return int(DateOf(to) - DateOf(from)) }

// BenchmarkFacts makes new facts, which a worker does for every event.
func BenchmarkFacts(b *testing.B) {
	set, h, now := benchSet(b, append(windowRules(), shippedRules()...))
	account := acme()
	b.ReportAllocs()
	for b.Loop() {
		set.Facts(account, h, now)
	}
}

func BenchmarkApply(b *testing.B) {
	var h History
	now := utc("2026-11-20T12:00")
	s := Signal{Signal: "logins", Value: 1}
	for b.Loop() {
		if _, err := h.Apply(s, loginsDef, time.UTC, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistoryBinary(b *testing.B) {
	h := sampleHistory(b, 400)
	data, _ := h.MarshalBinary()
	b.Run("write", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			h.MarshalBinary()
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			var again History
			if err := again.UnmarshalBinary(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEvent is what one signal costs: its account is found among many, it is taken
// into its series, and the rules that read it are judged. Beside it stands what an
// event must at least touch - the account is found, and a word read of its series, its
// days, its features and its states: xtouch says how many times that an event takes.
// From a hundred thousand accounts on both are the time that memory takes to answer.
func BenchmarkEvent(b *testing.B) {
	for _, accounts := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("accounts=%d", accounts), func(b *testing.B) { benchEvent(b, accounts, 10, 2) })
	}
	for _, rules := range []int{10, 30, 100, 300} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) { benchEvent(b, 1_000, rules, 2) })
	}
	for _, concerned := range []int{2, 10, 50} {
		b.Run(fmt.Sprintf("concerned=%d", concerned), func(b *testing.B) { benchEvent(b, 1_000, 300, concerned) })
	}
}

// benchEvent judges a book of that many rules, of which every signal concerns the
// given number. Each account has four weeks of one signal, so that a million of them
// fit into memory, and the book has signals that the account has not.
func benchEvent(b *testing.B, accounts, rules, concerned int) {
	schema := testSchema()
	for i := 1; i < rules/concerned; i++ {
		schema.Signals = append(schema.Signals, SignalDef{Name: fmt.Sprint("other", i), Kind: Count})
	}
	c, problems := NewCompiler(schema)
	if len(problems) > 0 {
		b.Fatal(problems[0].Long())
	}
	var all []*Rule
	for i := range rules {
		signal := "logins"
		if n := i / concerned; n > 0 {
			signal = fmt.Sprint("other", n)
		}
		form := []string{`%s.sum("7d") < %d`, `%s.mean("14d") > %d`, `%s.days_since() >= %d`, `%s.trend("14d") * 10 > %d`, `%s.max("7d") > %d`}[i%5]
		all = append(all, &Rule{Playbook: fmt.Sprint("p", i), When: condition(b, c, fmt.Sprintf(form, signal, 10+i%7))})
	}
	set := NewSet(c, all...)
	touched := set.Touched("logins")
	now := utc("2026-11-20T12:00")
	first := &History{}
	for i := range 28 {
		apply(b, first, loginsDef, time.UTC, now.AddDate(0, 0, i-27), Signal{Value: float64(20 + i%7)})
	}
	type kept struct {
		account Account
		history History
		states  []RuleState
	}
	known := make(map[string]*kept, accounts)
	ids := make([]string, accounts)
	data, err := first.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	for i := range ids {
		ids[i] = fmt.Sprint("account-", i)
		k := &kept{account: Account{ID: ids[i]}, states: make([]RuleState, len(touched))}
		if err := k.history.UnmarshalBinary(data); err != nil {
			b.Fatal(err)
		}
		known[ids[i]] = k
	}
	f := set.Facts(nil, nil, now)
	next := uint32(1)
	event := func(id string) {
		k := known[id]
		if _, err := k.history.Apply(Signal{Signal: "logins", Value: 1}, loginsDef, time.UTC, now); err != nil {
			b.Fatal(err)
		}
		f.Reset(&k.account, &k.history, now)
		for i, r := range touched {
			k.states[i], _, _ = r.Judge(k.states[i], f, Circumstances{})
		}
	}
	for _, id := range ids {
		event(id)
	}
	touch := func(id string) int {
		k := known[id]
		s := k.history.series[0].series
		return len(k.account.ID) + int(s.total.values[0]) + int(s.cells[0].of) + len(k.states[0].Phase) + len(k.states[len(k.states)-1].Phase)
	}
	any := func() string {
		next = next*1664525 + 1013904223
		return ids[int(uint64(next)*uint64(accounts)>>32)]
	}
	const few = 100 // of each in turn, so that neither finds what the other has just read
	var took, touching time.Duration
	n, sum := 0, 0
	runtime.GC()
	for b.Loop() {
		if n++; n%few != 0 {
			continue
		}
		t0 := time.Now()
		for range few {
			event(any())
		}
		t1 := time.Now()
		for range few {
			sum += touch(any())
		}
		took, touching = took+t1.Sub(t0), touching+time.Since(t1)
	}
	if n >= few {
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(took.Nanoseconds())/float64(n/few*few), "ns/event")
		b.ReportMetric(float64(took)/float64(touching), "xtouch")
	}
	runtime.KeepAlive(sum)
	runtime.KeepAlive(known)
}

// lived is an account of 400 days with six signals: three counts, two gauges, and
// 200 distinct users.
func lived(t testing.TB) *History {
	h := &History{}
	for i := range KeepDays {
		at := utc("2026-11-20T08:00").AddDate(0, 0, i-KeepDays+1)
		apply(t, h, loginsDef, time.UTC, at, Signal{Value: math.Floor(200 * weekShape[DateOf(at).Weekday()])})
		apply(t, h, helpDef, time.UTC, at, Signal{Value: float64(i % 11)})
		apply(t, h, SignalDef{Name: "api_calls", Kind: Count}, time.UTC, at, Signal{Value: float64(1000 + i*37%5000)})
		apply(t, h, seatsDef, time.UTC, at, Signal{Value: float64(40 + i/20)})
		apply(t, h, SignalDef{Name: "health", Kind: Gauge}, time.UTC, at, Signal{Value: float64(i%100) / 100})
		for u := range 20 {
			apply(t, h, usersDef, time.UTC, at, Signal{User: fmt.Sprint("user-", (i*7+u*31)%200)})
		}
	}
	for hour := range KeepHours { // and two days of every hour
		at := utc("2026-11-20T08:00").Add(time.Duration(hour-KeepHours+1) * time.Hour)
		apply(t, h, loginsDef, time.UTC, at, Signal{Value: 3})
		apply(t, h, seatsDef, time.UTC, at, Signal{Value: 60})
	}
	return h
}

// bytesPerAccount measures the live heap of a lived account, as it is when read, and
// with what is remembered between evaluations of the ten windowRules and the shipped
// ones.
func bytesPerAccount(t testing.TB) (read, judged, encoded float64) {
	const accounts = 200
	h := lived(t)
	data, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	set, _, _ := benchSet(t, append(windowRules(), shippedRules()...))
	f := set.Facts(acme(), nil, utc("2026-11-20T12:00"))
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	histories := copies(t, h, accounts)
	read = (heap() - before) / accounts
	for i := range histories {
		f.Reset(acme(), &histories[i], utc("2026-11-20T12:00"))
		for _, r := range set.Rules {
			r.When.Truth(f)
		}
	}
	f.Reset(acme(), nil, utc("2026-11-20T12:00"))
	judged = (heap() - before) / accounts
	runtime.KeepAlive(histories)
	return read, judged, float64(len(data))
}

// BenchmarkMemory reports the bytes of one account: 400 days of six signals, 200
// distinct users among them.
func BenchmarkMemory(b *testing.B) {
	var read, judged, encoded float64
	for b.Loop() {
		read, judged, encoded = bytesPerAccount(b)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(read, "B/read")
	b.ReportMetric(judged, "B/judged")
	b.ReportMetric(encoded, "B/written")
}
