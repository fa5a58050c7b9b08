package worker_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// judgeBy switches to another book and comes to rest.
func (b *bench) judgeBy(files map[string]string) {
	b.t.Helper()
	b.book = load(b.t, files)
	if err := b.worker.SwitchBook(context.Background(), b.book); err != nil {
		b.t.Fatal(err)
	}
	b.rest()
}

func (b *bench) ops(ops inbox.Ops) {
	b.t.Helper()
	if err := b.worker.Ops(context.Background(), ops); err != nil {
		b.t.Fatal(err)
	}
	b.rest()
}

func TestRunsInFlightKeepTheBookTheyBeganWith(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	old := b.run("acme", "low-score").Book
	if n := b.switched.Load(); n != 0 {
		t.Errorf("%d partitions say that they judge by another book before any does", n)
	}
	changed := strings.Replace(lowScore, "unhappy: {label: They are unhappy, then: call}", "sad: {label: They are sad, then: call}", 1)
	b.judgeBy(map[string]string{"low-score.yaml": changed, "look.yaml": look})
	if n := b.switched.Load(); int(n) != b.stream.Partitions() {
		t.Errorf("%d partitions say that they judge by another book, want each once", n)
	}
	b.restart() // the new book is the one it starts with; the old one is in the store
	b.send(b.answer("acme", "low-score", "unhappy"))
	b.stands("acme", "low-score at call")
	b.send(b.account("bolt", `{"name":"Bolt","time_zone":"Asia/Tokyo","roles":[{"role":"owner","person":"tanaka"}]}`), b.signal("bolt", "score", 1))
	if r := b.run("bolt", "low-score"); r.Book == old || r.Book != b.book.Hash {
		t.Errorf("a run that began after the switch has book %.12s", r.Book)
	}
	if r := b.run("acme", "low-score"); r.Book != old {
		t.Errorf("the run in flight has book %.12s, want %.12s", r.Book, old)
	}
}

func TestARunEndsByTheRuleItBeganWithAndNotByAChangedThreshold(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 2))
	b.judgeBy(map[string]string{"low-score.yaml": strings.Replace(lowScore, "when: score.last() <= 2", "when: score.last() <= 1", 1), "look.yaml": look})
	b.stands("acme", "low-score at why") // the new rule does not hold; nothing has recovered
	b.send(b.signal("acme", "score", 3))
	b.stands("acme", "low-score at why")
	b.send(b.signal("acme", "score", 6))
	b.stands("acme", "low-score =resolved")
}

func TestAThresholdThatIsChangedAndChangedBackEndsNoRun(t *testing.T) {
	stricter := strings.Replace(lowScore, "when: score.last() <= 2", "when: score.last() <= 1", 1)
	for _, meanwhile := range []float64{2, 3} { // the rule holds; it does not, and has not recovered
		b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
		b.send(b.acme(), b.signal("acme", "score", 2))
		b.judgeBy(map[string]string{"low-score.yaml": stricter, "look.yaml": look})
		b.send(b.signal("acme", "score", meanwhile))
		b.judgeBy(map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
		b.stands("acme", "low-score at why")
		b.restart()
		b.send(b.signal("acme", "score", 3))
		b.stands("acme", "low-score at why")
		b.send(b.signal("acme", "score", 6))
		b.stands("acme", "low-score =resolved")
	}
}

func TestARuleThatIsChangedAndChangedBackRestsAfterTheRunThatItBegan(t *testing.T) {
	short := strings.NewReplacer("cooldown: 30d", "cooldown: 1d", "answers:\n", "answers:\n      fine: {label: Fine, then: =not_a_problem}\n").Replace(lowScore)
	stricter := strings.Replace(short, "when: score.last() <= 2", "when: score.last() <= 1", 1)
	for _, tc := range []struct {
		name   string
		during float64 // what the score is while the rule is another
	}{
		{"it holds all the time", 2},
		{"it holds again by the answer", 3},
		{"the other one held, too", 1},
	} {
		b := newBench(t, map[string]string{"low-score.yaml": short, "look.yaml": look})
		b.send(b.acme(), b.signal("acme", "score", 2))
		b.judgeBy(map[string]string{"low-score.yaml": stricter, "look.yaml": look})
		b.send(b.signal("acme", "score", tc.during))
		b.judgeBy(map[string]string{"low-score.yaml": short, "look.yaml": look})
		b.send(b.signal("acme", "score", 2))
		b.send(b.answer("acme", "low-score", "fine"))
		b.to("2027-04-05 10:05") // the answer cannot be taken back any more
		b.send(b.signal("acme", "score", 1))
		b.stands("acme", "low-score =not_a_problem")
		if got := b.decisions("acme", "low-score"); got[len(got)-1] != "suppressed cooling_down" {
			t.Errorf("%s: decided %q, want it to rest at last", tc.name, got)
		}
		b.restart()
		b.to("2027-04-06 09:55")
		b.stands("acme", "low-score =not_a_problem")
		b.to("2027-04-06 10:06")
		b.stands("acme", "low-score =not_a_problem", "low-score at why")
	}
}

// lapses is a context that is over once so many events have been published with it.
type lapses struct {
	context.Context
	left int
}

func (l *lapses) Done() <-chan struct{} {
	if _, file, _, _ := runtime.Caller(1); !strings.HasSuffix(file, "stream/publish.go") {
		return nil
	}
	if l.left--; l.left >= 0 {
		return nil
	}
	over := make(chan struct{})
	close(over)
	return over
}

func (l *lapses) Err() error {
	if l.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestASwitchThatDidNotReachEveryPartitionIsNotTakenForDone(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	before := b.book
	b.rest()
	another := load(t, map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
	if err := b.worker.SwitchBook(&lapses{context.Background(), 2}, another); err == nil {
		t.Fatal("there was no error")
	}
	b.rest()
	if b.worker.Present() != before {
		t.Error("the present book is the one that some partitions have not heard of")
	}
	for _, book := range []*playbooks.Book{another, before} {
		if err := b.worker.SwitchBook(context.Background(), book); err != nil {
			t.Fatal(err)
		}
		b.rest()
		if settled, err := b.worker.Settled(context.Background()); err != nil || !settled || b.worker.Present() != book {
			t.Errorf("settled %v, %v; want every partition to judge by the book that was switched to", settled, err)
		}
	}
}

func TestWhatHoldsWhenAPlaybookIsSwitchedOnIsListedAndStartsNothing(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	b.send(b.acme(), b.signal("acme", "tickets", 9))
	b.judgeBy(map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
	b.stands("acme")
	if got, want := b.decisions("acme", "tickets"), []string{"suppressed already_true"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	b.to("2027-04-06 09:00") // it ends, and begins anew
	b.send(b.signal("acme", "tickets", 9))
	b.stands("acme", "tickets at why")
}

func TestWhatHoldsWhenAPlaybookIsSwitchedOnStartsWhereItSaysSo(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	b.send(b.acme(), b.signal("acme", "tickets", 9))
	b.judgeBy(map[string]string{"steady.yaml": steady, "tickets.yaml": tickets + "existing: start\n"})
	b.stands("acme", "tickets at why")
}

func TestAPausedPlaybookStartsNothingUntilItIsResumed(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
	b.ops(inbox.Ops{What: inbox.Pause, Playbook: "steady", By: "ops"})
	b.restart()
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.stands("acme")
	if got, want := b.decisions("acme", "steady"), []string{"unknown", "suppressed paused"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	b.ops(inbox.Ops{What: inbox.Resume, Playbook: "steady", By: "ops"})
	b.stands("acme", "steady at why")
}

func TestEverythingCanBePaused(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
	b.ops(inbox.Ops{What: inbox.Pause, By: "ops"})
	b.send(b.acme(), b.signal("acme", "score", 1), b.signal("acme", "tickets", 9))
	b.stands("acme")
	b.ops(inbox.Ops{What: inbox.Resume, By: "ops"})
	if got := len(b.runs("acme")); got != 2 {
		t.Errorf("%d runs after everything was resumed, want 2", got)
	}
}

func TestOpsStopOneRunOrAllOfAPlaybook(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady, "tickets.yaml": tickets})
	for _, id := range []string{"a", "b", "c"} {
		b.send(b.account(id, `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal(id, "score", 1))
	}
	b.ops(inbox.Ops{What: inbox.Stop, Run: b.run("a", "steady").ID, By: "ops", Reason: "a test"})
	b.stands("a", "steady =stopped")
	b.stands("b", "steady at why")
	b.ops(inbox.Ops{What: inbox.Stop, Playbook: "steady", By: "ops"})
	b.stands("b", "steady =stopped")
	b.stands("c", "steady =stopped")
	b.ops(inbox.Ops{What: "sing", By: "ops"})
	if got := len(b.parked()); got != b.stream.Partitions() {
		t.Errorf("%d events set aside, want one in each partition", got)
	}
}

func TestMoreStartsThanTheLimitAreHeldBackAndOpsAskedOnce(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady + "limit: 2/h\n"})
	for n := range 6 {
		id := fmt.Sprint("customer-", n)
		b.send(b.account(id, `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal(id, "score", 1))
	}
	started := func() (n int) {
		for i := range 6 {
			n += len(b.runs(fmt.Sprint("customer-", i)))
		}
		return n
	}
	if got := started(); got != 2 {
		t.Errorf("%d runs started, want 2", got)
	}
	asked := 0
	for _, p := range b.slack.after(0) {
		if p == "#cs-ops: storm steady" {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("ops were asked %d times, want once", asked)
	}
	b.restart()
	b.to("2027-04-05 12:00")
	if got := started(); got != 2 {
		t.Errorf("%d runs started before ops said so, want 2", got)
	}
	b.ops(inbox.Ops{What: inbox.Resume, Playbook: "steady", By: "ops"})
	if got := started(); got != 6 {
		t.Errorf("%d runs started after ops said so, want 6", got)
	}
}

// That ops ended a storm is known after a restart: the same day is not limited any more, and the next storm is asked anew.
func TestAStormThatOpsEndedIsOverAfterARestartAndTheNextIsAskedAnew(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady + "limit: 2/d\n"})
	began := 0
	come := func(n int) (started int) {
		t.Helper()
		for range n {
			id := fmt.Sprint("customer-", began)
			began++
			b.send(b.account(id, `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal(id, "score", 1))
			started += len(b.runs(id))
		}
		return started
	}
	held := func() bool {
		t.Helper()
		storms, _, err := b.worker.Held(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return len(storms) > 0
	}
	if n := come(4); n != 2 || !held() {
		t.Fatalf("%d of 4 started, held back: %v; want 2, and it is", n, held())
	}
	b.ops(inbox.Ops{What: inbox.List, Playbook: "steady", By: "ops"})
	b.restart()
	b.rest()
	b.clock.Advance(time.Hour)
	if n := come(5); n != 5 || held() {
		t.Errorf("an hour after ops decided, and a restart, %d of 5 started, held back: %v; want all", n, held())
	}
	if got := b.toldOps(); len(got) != 1 {
		t.Errorf("ops were told %q, want the one storm", got)
	}
	b.restart()
	b.to("2027-04-06 12:00") // more than a day after they decided
	if n := come(5); n != 2 || !held() {
		t.Errorf("the day after, %d of 5 started, held back: %v; want 2, and it is", n, held())
	}
	if got, want := b.toldOps(), []string{"storm steady", "storm steady"}; !cmp.Equal(got, want) {
		t.Errorf("ops were told %q, want %q", got, want)
	}
}

// A kill after the account was written, and before the storm was told of, leaves nothing but the account.
func TestOpsAreAskedOfAStormAfterAKillBeforeTheyWere(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady + "limit: 2/h\n"})
	b.customers(5)
	b.halt()
	b.start() // for its store
	b.rest()
	b.stop()
	if err := <-b.stopped; err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for d, err := range b.records.Checkpoints.All(ctx, store.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		d.Value.Storms = nil
		if err := b.records.Checkpoints.Replace(ctx, &d); err != nil {
			t.Fatal(err)
		}
	}
	ops, err := b.records.Channels.Get(ctx, "#cs-ops")
	if err != nil {
		t.Fatal(err)
	}
	clear(ops.Value.Sent)
	if err := b.records.Channels.Replace(ctx, &ops); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.stream.Close(ctx), b.backend.Close()); err != nil {
		t.Fatal(err)
	}
	b.slack = newSlack()
	b.clock.Advance(2 * time.Hour) // the stream remembers a while that ops were told
	b.start()
	b.rest()
	if got, want := b.toldOps(), []string{"storm steady"}; !cmp.Equal(got, want) {
		t.Errorf("ops were told %q, want %q", got, want)
	}
	if storms, _, err := b.worker.Held(ctx); err != nil || !cmp.Equal(storms, []string{"steady"}) {
		t.Errorf("held back are %q, %v; want steady", storms, err)
	}
	b.restart()
	b.to("2027-04-05 14:00")
	if got := b.toldOps(); len(got) != 1 {
		t.Errorf("ops were told %q, want it once", got)
	}
	b.ops(inbox.Ops{What: inbox.Resume, Playbook: "steady", By: "ops"})
	b.restart()
	b.rest()
	if got := b.toldOps(); len(got) != 1 {
		t.Errorf("after they answered ops were told %q, want nothing more", got)
	}
}

func TestEveryStepOfTheStorySurvivesAStop(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.restart()
	b.send(b.answer("acme", "low-score", "other"))
	b.restart()
	b.to("2027-04-05 10:01")
	b.restart()
	b.stands("acme", "low-score =passed_on", "look at look")
	b.send(b.act("acme", "look", playbooks.Event{Kind: playbooks.Done, By: "tanaka"}))
	b.restart()
	b.to("2027-04-05 10:05")
	b.stands("acme", "low-score =passed_on", "look =looked")
	b.posted("#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked", "dm:tanaka: question low-score",
		"#cs-alerts: log low-score: answered started ended", "#cs-alerts: card look", "#cs-alerts: log look: begun_by_run task", "dm:tanaka: task look",
		"#cs-alerts: log look: done ended")
	if len(b.slack.doubled) > 0 {
		t.Errorf("posted twice: %v", b.slack.doubled)
	}
}

func TestExplainJudgesWithoutChangingAnything(t *testing.T) {
	b := newBench(t, map[string]string{"slow.yaml": slow})
	b.send(b.acme(), b.signal("acme", "score", 1))
	before := b.known("acme").States["slow"]
	d, err := b.worker.Explain("acme", "slow", monday.AddDate(0, 0, 4))
	if err != nil || len(d) != 1 || d[0].Outcome != "fired" || len(d[0].Clauses) == 0 {
		t.Errorf("explained as %+v, %v; want one decision that fires, with its clauses", d, err)
	}
	if diff := cmp.Diff(before, b.known("acme").States["slow"]); diff != "" {
		t.Errorf("explaining changed the state:\n%s", diff)
	}
	if _, err := b.worker.Explain("nobody", "slow", monday); !isNotFound(err) {
		t.Errorf("an unknown account is explained with %v", err)
	}
}

func isNotFound(err error) bool {
	return err != nil && strings.Contains(err.Error(), store.ErrNotFound.Error())
}

// A process that is killed may not have saved yet that a partition judges by the new book. When that is finished the switch
// keeps its time, by which what it meant is known to be its own; going back and forth is a new switch.
func TestASwitchThatIsFinishedAfterAStopKeepsItsTime(t *testing.T) {
	ctx := context.Background()
	first, second := map[string]string{"low-score.yaml": lowScore, "look.yaml": look}, map[string]string{"look.yaml": look}
	b := newBench(t, first)
	old := b.book.Hash
	b.send(b.acme())
	b.clock.Advance(time.Minute)
	b.judgeBy(second)
	if err := b.worker.TellListed(ctx); err != nil {
		t.Fatal(err)
	}
	written := func() store.Book {
		t.Helper()
		d, err := b.records.Books.Get(ctx, load(t, second).Hash)
		if err != nil {
			t.Fatal(err)
		}
		return d.Value
	}
	was := written()
	if !was.Told || was.From != old {
		t.Fatalf("after the switch it is written that ops were told: %v, from %.12s; want true, %.12s", was.Told, was.From, old)
	}

	b.halt()
	backend, err := sqlite.Open(ctx, filepath.Join(b.dir, "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	records := store.In(backend)
	cp, err := records.Checkpoints.Get(ctx, store.CheckpointKey(1))
	if err != nil {
		t.Fatal(err)
	}
	cp.Value.Book = old
	if err := errors.Join(records.Checkpoints.Replace(ctx, &cp), backend.Close()); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	b.start()
	b.rest()
	b.judgeBy(second)
	if got := written(); !got.Since.Equal(was.Since) || !got.Told {
		t.Errorf("the switch that was finished is of %v, told %v; want %v, true", got.Since, got.Told, was.Since)
	}
	if all, err := b.worker.Settled(ctx); err != nil || !all {
		t.Errorf("settled %v, %v; want every partition to judge by the book", all, err)
	}

	b.judgeBy(first)
	b.clock.Advance(time.Minute)
	b.judgeBy(second)
	if got := written(); !got.Since.Equal(b.clock.Now()) {
		t.Errorf("the switch after one back is of %v, want %v", got.Since, b.clock.Now())
	}
}
