package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/store"
)

// parked returns what was set aside: key, kind and the beginning of the error.
func (b *bench) parked() []string {
	b.t.Helper()
	docs, err := b.records.Parked.Find(context.Background(), store.Query{})
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, d := range docs {
		why, _, _ := strings.Cut(d.Value.Error, "\n")
		all = append(all, d.Value.Key+" "+d.Value.Kind+": "+why)
	}
	return all
}

func TestAnEventThatFailsThreeTimesIsSetAsideAndThePartitionGoesOn(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	b.send(b.event(inbox.AccountKey("acme"), "nonsense", 1), b.signal("acme", "score", 1))
	if diff := cmp.Diff([]string{`account:acme nonsense: an account knows no event of kind "nonsense"`}, b.parked()); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	b.stands("acme", "low-score at why")
	b.posted("#cs-ops: parked account:acme", "#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked", "dm:tanaka: question low-score")
	if got := b.worker.Counts().Parked.Load(); got != 1 {
		t.Errorf("%d events counted as set aside, want 1", got)
	}
}

func TestAPanicIsSetAsideAndWorksWhenItIsRetriedAfterTheRepair(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	b.halt()
	b.log = slog.New(panicking("asked to start"))
	b.start()
	b.send(b.acme(), b.event(inbox.AccountKey("acme"), inbox.StartKind, inbox.Start{Account: "acme", Playbook: "look", By: "tanaka"}))
	if diff := cmp.Diff([]string{"account:acme start: panic: asked to start an unknown playbook"}, b.parked()); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	b.send(b.signal("acme", "score", 1))
	b.stands("acme", "steady at why")

	b.halt()
	b.log = slog.New(slog.DiscardHandler)
	b.book = load(t, map[string]string{"steady.yaml": steady, "look.yaml": look})
	b.start()
	if err := b.worker.SwitchBook(context.Background(), b.book); err != nil {
		t.Fatal(err)
	}
	b.rest()
	docs, err := b.records.Parked.Find(context.Background(), store.Query{})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d events set aside, %v", len(docs), err)
	}
	p := docs[0].Value
	b.send(stream.Event{Key: p.Key, Kind: p.Kind, At: b.clock.Now(), Data: p.Data})
	b.stands("acme", "look at look", "steady at why")
}

// panicking is a log that breaks on messages that begin with it.
type panicking string

func (panicking) Enabled(context.Context, slog.Level) bool { return true }
func (p panicking) WithAttrs([]slog.Attr) slog.Handler     { return p }
func (p panicking) WithGroup(string) slog.Handler          { return p }
func (p panicking) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, string(p)) {
		panic(r.Message)
	}
	return nil
}

func TestAnEventWhoseOutcomeCannotBeWrittenIsSetAside(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.event("account:"+strings.Repeat("x", store.MaxKey+1), inbox.NoteKind, inbox.Note{By: "tanaka", Text: "hello"}))
	if got := b.parked(); len(got) != 1 {
		t.Errorf("set aside: %q, want one event", got)
	}
}

func TestAWriteBySomebodyElseStartsThePartitionAgainAndLosesNothing(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "tickets", 3))
	b.restart()
	b.rest()
	ctx := context.Background()
	d, err := b.records.Accounts.Get(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.records.Accounts.Replace(ctx, &d); err != nil { // as an owner would that has taken the partition over
		t.Fatal(err)
	}
	b.send(b.signal("acme", "tickets", 4), b.signal("acme", "score", 1))
	b.stands("acme", "low-score at why")
	if got := b.days("acme", "tickets")["2027-04-05"]; got != 7 {
		t.Errorf("%g tickets, want 7", got)
	}
	b.restart()
	b.rest()
	if got := b.days("acme", "tickets")["2027-04-05"]; got != 7 {
		t.Errorf("%g tickets after a restart, want 7", got)
	}
}

func TestAStoreThatFailsForAWhileHoldsWorkUpAndLosesNothing(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	b.disk.fail(0)
	b.publish(b.signal("acme", "score", 1))
	<-b.disk.gone()
	b.disk.mend()
	b.rest()
	b.stands("acme", "low-score at why")
	if got := b.parked(); len(got) > 0 {
		t.Errorf("set aside although only the store failed: %q", got)
	}
}

func TestACrashAfterAnyWriteLosesAndDoublesNothing(t *testing.T) {
	want, writes := lived(t, 1<<40)
	if writes < 20 {
		t.Fatalf("the story makes %d writes; that is too few to be one", writes)
	}
	for n := range writes {
		t.Run(fmt.Sprint("after write ", n), func(t *testing.T) {
			t.Parallel()
			got, _ := lived(t, n)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-undisturbed +killed):\n%s", diff)
			}
		})
	}
}

// lived leads two accounts through a story whose process is killed once, after n writes, and started again. It returns what
// came of it, and how many writes were made.
func lived(t *testing.T, n int) (came []string, writes int) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "tickets.yaml": tickets})
	b.disk.fail(n)
	b.survive(func() { b.publish(b.acme(), b.millers("quarry")) })
	b.survive(func() {
		b.publish(b.signal("acme", "score", 1), b.signal("acme", "tickets", 3), b.signal("quarry", "tickets", 6))
	})
	b.survive(func() { b.publish(b.signal("acme", "tickets", 4)) })
	b.survive(func() { b.publish(b.answer("acme", "low-score", "other")) })
	b.survive(func() { b.publish(b.answer("acme", "tickets", "new")) })
	b.pass("2027-04-05 10:05")
	b.survive(func() { b.publish(b.signal("quarry", "tickets", 2)) })
	b.pass("2027-04-05 22:30")
	writes = int(b.disk.writes.Load())
	b.disk.mend() // it may give out only now, by a write that nobody waits for
	b.rest()
	for _, account := range []string{"acme", "quarry"} {
		for _, r := range b.runs(account) {
			came = append(came, fmt.Sprint(account, " ", r.Playbook, " ", r.Step, " ", r.Outcome, " delivered ", len(r.Visits) > 0 && !r.Visits[0].Delivered.IsZero()))
			came = append(came, fmt.Sprint("log of ", r.Playbook, ": ", whats(r)))
		}
		came = append(came, fmt.Sprint(account, " tickets ", b.days(account, "tickets"), " score ", b.days(account, "score")))
		for _, p := range []string{"low-score", "tickets"} {
			// What is read again is read by lane, so that an account may be looked at once more; that changes no run.
			came = append(came, fmt.Sprint("decisions ", p, " ", slices.DeleteFunc(b.decisions(account, p), func(d string) bool {
				return d != "fired" && d != "resolved"
			})))
		}
	}
	came = append(came, b.slack.told()...)
	came = append(came, b.parked()...)
	if len(b.slack.doubled) > 0 {
		t.Errorf("posted twice: %v", b.slack.doubled)
	}
	b.halt()
	return came, writes
}

func whats(r store.Run) []string {
	var all []string
	for _, e := range r.Log {
		all = append(all, e.What)
	}
	return all
}
