package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// What is drawn reads accounts that the owner holds, so a long outbox must not hold the owner up.
func TestABurstOfMessagesInOneChannelGetsThrough(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	const n = 3000
	var events []stream.Event
	for i := range n {
		events = append(events, b.event(inbox.ChannelKey("#cs-ops"), inbox.SendKind,
			store.Outgoing{Key: fmt.Sprint("burst/", i), Kind: "storm", Text: "acme"}))
	}
	b.send(events...)
	if got := len(b.slack.after(0)); got != n {
		t.Errorf("%d of %d messages were posted", got, n)
	}
}

// The signal is of another rule, and stamped after the deadline that it comes before.
func TestADeadlineIsMetAlthoughALaterEventCameFirst(t *testing.T) {
	b := newBench(t, map[string]string{"slow.yaml": slow, "tickets.yaml": tickets})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.to("2027-04-08 09:59")
	late := b.signal("acme", "tickets", 1)
	late.At = b.tokyo("2027-04-08 10:00").Add(time.Second)
	b.send(late)
	b.stands("acme", "slow at why")
}

// A wake is published because a time has come, and that stays so: set aside it must not come again with a new number.
func TestAWakeThatIsSetAsideIsNotPublishedAgain(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.halt()
	b.book = load(t, map[string]string{"slow.yaml": slow})
	b.log = slog.New(panicking("a run is ended because")) // which is what comes of a book that is gone
	b.start()
	b.rest()
	if err := b.records.Books.Delete(context.Background(), b.run("acme", "low-score").Book, 0); err != nil {
		t.Fatal(err)
	}
	b.halt()
	b.start()
	b.to("2027-04-06 00:00")
	want := []string{"account:acme wake: panic: a run is ended because it cannot be played any more"}
	if diff := cmp.Diff(want, b.parked()); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
}

func TestAChangedContractKeepsWhatIsNotNamed(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.account("acme", `{"contracts":[{"id":"c1","start":"2027-01-01","end":"2027-12-31","seats":10}]}`))
	b.send(b.account("acme", `{"contracts":[{"id":"c1","seats":20}]}`))
	got := b.known("acme").Account.Contracts
	seats := 20.0
	want := []rules.Contract{{ID: "c1", Start: rules.NewDate(2027, 1, 1), End: rules.NewDate(2027, 12, 31), Seats: &seats}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("contracts (-want +got):\n%s", diff)
	}
}

func TestANewOwnerFollowsTheOldOneAndBothAreKept(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.account("acme", `{"roles":[{"role":"owner","person":"tanaka","from":"2027-01-01"}]}`))
	b.send(b.account("acme", `{"roles":[{"role":"owner","person":"miller"}]}`))
	b.send(b.account("acme", `{"roles":[{"role":"owner","person":"miller"}]}`)) // said again: nothing new
	day := rules.NewDate(2027, 4, 5)
	want := []rules.Role{{Role: "owner", Person: "tanaka", From: rules.NewDate(2027, 1, 1), To: day - 1}, {Role: "owner", Person: "miller", From: day}}
	if diff := cmp.Diff(want, b.known("acme").Account.Roles); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestAStartThatIsAskedForTwiceMakesOneRun(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	start := b.event(inbox.AccountKey("acme"), inbox.StartKind, inbox.Start{Account: "acme", Playbook: "low-score", By: "yamada", ID: "one"})
	b.send(start, start)
	run := b.run("acme", "low-score")
	stopped := playbooks.Event{Kind: playbooks.StoppedRun, By: "yamada", Run: run.ID, Reason: "enough"}
	b.send(b.act("acme", "low-score", stopped))
	b.send(start)
	if runs := b.runs("acme"); len(runs) != 1 {
		t.Errorf("%d runs, want 1", len(runs))
	}
}

// The stream's directory is lost; what was worked is in the store, and goes on once the loss is accepted.
func TestALostStreamIsGoneOnWithoutWhereTheLossIsAccepted(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.stands("acme", "low-score at why")
	b.halt()
	if err := os.RemoveAll(filepath.Join(b.dir, "stream")); err != nil {
		t.Fatal(err)
	}
	b.acceptLoss = true
	b.start()
	b.rest()
	b.send(b.answer("acme", "low-score", "unhappy"))
	b.stands("acme", "low-score at call")
}
