package compare

import (
	"flag"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

var accounts = flag.Int("accounts", 10_000, "how many accounts the benchmark judges")

// A contest is the same world in all three.
type contest struct {
	ours     *ours
	database *database
	metrics  *metrics
}

func newContest(t testing.TB, accounts int) *contest {
	t.Helper()
	w := newWorld(accounts, 7)
	o, err := newOurs(w)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDatabase(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	m, err := newMetrics(w)
	if err != nil {
		t.Fatal(err)
	}
	return &contest{o, d, m}
}

// same fails the test unless all answer alike, and every rule holds of some accounts
// and not of others.
func (c *contest) same(t testing.TB) {
	t.Helper()
	want := c.get(t, "ours", func() (answers, error) { return c.ours.judge(nil, nil) })
	for i, r := range ruleSet() {
		if n := len(want[i]); n == 0 || n == len(c.ours.accounts) {
			t.Errorf("rule %s holds of %d of %d accounts, which compares nothing", r.name, n, len(c.ours.accounts))
		}
	}
	for name, ask := range map[string]func() (answers, error){
		"one statement": c.database.once, "a statement for each rule": c.database.perRule, "PromQL": c.metrics.answer,
	} {
		if why := want.differ(c.get(t, name, ask), ruleSet()); why != "" {
			t.Errorf("ours and %s: %s", name, why)
		}
	}
}

func (c *contest) get(t testing.TB, name string, ask func() (answers, error)) answers {
	t.Helper()
	a, err := ask()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return a
}

func TestAllAnswerTheSame(t *testing.T) {
	c := newContest(t, 400)
	for _, judged := range []bool{false, true} {
		if err := c.ours.yesterday(judged); err != nil {
			t.Fatal(err)
		}
		c.same(t)
	}
	before := c.get(t, "ours", func() (answers, error) { return c.ours.judge(nil, nil) })
	if err := c.ours.hold(); err != nil {
		t.Fatal(err)
	}
	after := c.get(t, "ours", func() (answers, error) { return c.ours.judge(nil, c.ours.signal) })
	if why := before.differ(after, ruleSet()); why != "" {
		t.Errorf("before a signal was taken back and after it came again: %s", why)
	}
}

func TestADifferenceIsSeen(t *testing.T) {
	a, b := answers{{1, 2}, {3}}, answers{{1, 2}, {4}}
	if a.differ(b, ruleSet()) == "" || a.differ(answers{{1, 2}, {}}, ruleSet()) == "" || (answers{{}, {3}}).differ(a, ruleSet()) == "" {
		t.Error("different answers pass for the same")
	}
	if why := a.differ(a, ruleSet()); why != "" {
		t.Error(why)
	}
}

// processorTime is what the process has used of the processors, so that the machine's
// other work does not count.
func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTheSameAnswers lets each answer in turn, in every iteration, and reports the
// median of the processor time that each took, and how many times as long as ours the
// others.
//
//	signal   a signal arrives for each account, which is then judged; its arrival is part of
//	         the time
//	day      the first judgement of a day, with yesterday's remembered
//	scratch  nothing is remembered: after loading
func BenchmarkTheSameAnswers(b *testing.B) {
	c := newContest(b, *accounts)
	if err := c.ours.yesterday(false); err != nil {
		b.Fatal(err)
	}
	c.same(b)
	took := map[string][]time.Duration{}
	timed := func(name string, what func() (answers, error)) {
		runtime.GC() // nobody pays for what another left behind
		start := processorTime(b)
		_, err := what()
		took[name] = append(took[name], processorTime(b)-start)
		if err != nil {
			b.Fatal(err)
		}
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	var room answers
	judge := func() (answers, error) {
		var err error
		room, err = c.ours.judge(room, nil)
		return room, err
	}
	for b.Loop() {
		must(c.ours.yesterday(false))
		timed("scratch", judge)
		must(c.ours.yesterday(true))
		timed("day", judge)
		must(c.ours.hold())
		timed("signal", func() (answers, error) {
			var err error
			room, err = c.ours.judge(room, c.ours.signal)
			return room, err
		})
		timed("once", c.database.once)
		timed("per-rule", c.database.perRule)
		timed("promql", c.metrics.answer)
	}
	median := func(name string) float64 {
		slices.Sort(took[name])
		return took[name][len(took[name])/2].Seconds() * 1000
	}
	b.ReportMetric(0, "ns/op")
	for name := range took {
		b.ReportMetric(median(name), name+"-ms")
	}
	for _, mine := range []string{"scratch", "day", "signal"} {
		for _, other := range []string{"once", "per-rule", "promql"} {
			b.ReportMetric(median(other)/median(mine), other+"/"+mine)
		}
	}
}
