package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/stream"
	"playcaller/playbooks"
	"playcaller/rules"
)

// steady asks while the score is low, at medium severity.
var steady = strings.Replace(strings.Replace(slow, "for: 3d\n", "", 1), "playbook: slow", "playbook: steady", 1)

// millers is an account of miller's in New York, where it is Sunday evening at the beginning of these tests.
func (b *bench) millers(id string) stream.Event {
	return b.account(id, `{"name":"Customer","time_zone":"America/New_York","roles":[{"role":"owner","person":"miller"}]}`)
}

func TestNobodyIsToldAnythingOutsideTheirHours(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.millers("quarry"), b.signal("quarry", "score", 1))
	b.stands("quarry", "low-score at why")
	b.posted("#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked")
	b.to("2027-04-05 21:59") // 8:59 in New York
	b.posted()
	if r := b.run("quarry", "low-score"); !r.Current().Delivered.IsZero() {
		t.Errorf("delivered at %v", r.Current().Delivered)
	}
	b.to("2027-04-05 22:00")
	b.posted("dm:miller: morning: question low-score")
	r := b.run("quarry", "low-score")
	if want := time.Date(2027, 4, 5, 13, 0, 0, 0, time.UTC); !r.Current().Delivered.Equal(want) {
		t.Errorf("delivered at %v, want %v", r.Current().Delivered, want)
	}
	b.to("2027-04-06 21:59")
	b.posted()
	b.to("2027-04-06 22:00") // a working day after the delivery
	b.posted("dm:miller: reminder low-score")
}

func TestNewQuestionsOverTheBudgetWaitForTheNextMorningAndNoneIsLost(t *testing.T) {
	b := newBench(t, map[string]string{"steady.yaml": steady})
	for n := range 5 {
		id := fmt.Sprint("customer-", n)
		b.send(b.millers(id), b.signal(id, "score", 1))
	}
	b.read = len(b.slack.posts)
	b.to("2027-04-05 22:00")
	b.posted("dm:miller: morning: question steady, question steady")
	b.to("2027-04-06 21:59")
	b.posted()
	b.to("2027-04-06 22:00")
	b.posted("dm:miller: morning: question steady, question steady")
	b.to("2027-04-07 22:00")
	b.posted("dm:miller: morning: question steady")
	for n := range 5 {
		if r := b.run(fmt.Sprint("customer-", n), "steady"); r.Current().Delivered.IsZero() {
			t.Errorf("the question about customer-%d was not delivered", n)
		}
	}
}

func TestHighSeverityIsNotHeldBackByTheBudget(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	for n := range 4 {
		id := fmt.Sprint("customer-", n)
		b.send(b.millers(id), b.signal(id, "score", 1))
	}
	b.read = len(b.slack.posts)
	b.to("2027-04-05 22:00")
	b.posted("dm:miller: morning: question low-score, question low-score, question low-score, question low-score")
}

func TestTheSameLineIsToldOnce(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.read = len(b.slack.posts)
	r := b.run("acme", "low-score")
	b.restart() // forgets the stream's own memory of ids of what is purged
	line := map[string]any{"key": firstNudge(t, b), "account": "acme", "run": r.ID, "what": "question"}
	b.send(b.event(inbox.PersonKey("tanaka"), inbox.NudgeKind, line))
	b.posted()
}

// firstNudge returns the key of the first line that Slack was sent.
func firstNudge(t *testing.T, b *bench) string {
	t.Helper()
	if len(b.slack.lines) == 0 {
		t.Fatal("no line was sent")
	}
	return b.slack.lines[0]
}

func TestWhoIsAwayIsStoodInForUntilTheyAreBack(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.event(inbox.PersonKey("tanaka"), inbox.AwayKind, inbox.Away{Person: "tanaka", Until: rules.NewDate(2027, 4, 7), Cover: "yamada", By: "tanaka"}))
	b.restart() // who is away is remembered
	b.send(b.acme(), b.signal("acme", "score", 1))
	if r := b.run("acme", "low-score"); r.Assignee != "yamada" {
		t.Errorf("asked %s, want yamada, who covers", r.Assignee)
	}
	b.to("2027-04-08 10:00")
	b.send(b.account("bolt", `{"name":"Bolt","time_zone":"Asia/Tokyo","roles":[{"role":"owner","person":"tanaka"}]}`), b.signal("bolt", "score", 1))
	if r := b.run("bolt", "low-score"); r.Assignee != "tanaka" {
		t.Errorf("asked %s, want tanaka, who is back", r.Assignee)
	}
}

func TestAMessageThatSlackRefusesIsGivenUpAndTimeGoesOn(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.slack.refuses = "question low-score"
	b.send(b.acme(), b.signal("acme", "score", 1))
	if got := b.worker.Counts().Undelivered.Load(); got != 1 {
		t.Errorf("%d messages undelivered, want 1", got)
	}
	b.to("2027-04-06 10:00")
	b.posted("#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked", "dm:tanaka: reminder low-score")
}

func TestWhatCannotBeSentWaitsAndIsSentOnceSlackIsBack(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.slack.away = true
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.posted()
	b.restart() // what was handed to Slack before may have been posted: it is asked for, not posted blindly
	b.rest()
	b.slack.back()
	b.rest()
	b.posted("#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked", "dm:tanaka: question low-score")
	if len(b.slack.doubled) > 0 {
		t.Errorf("posted twice: %v", b.slack.doubled)
	}
}

func TestAClickOnARunThatHasEndedChangesNothing(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	late := b.answer("acme", "low-score", "unhappy")
	b.send(b.signal("acme", "score", 8))
	b.send(late)
	b.stands("acme", "low-score =resolved")
	second := b.act("acme", "low-score", playbooks.Event{Kind: playbooks.Answered, By: "miller", Answer: "other"})
	b.send(second)
	b.stands("acme", "low-score =resolved")
}

func TestAMessageGoesToTheOneItNames(t *testing.T) {
	b := newBench(t, map[string]string{"told.yaml": `
playbook: told
title: The manager is told
about: The score is low, and the manager is told of it.
when: score.last() <= 2
assign: account.owner
channel: dm
steps:
  - {id: tell, say: "The score of {{ account.name }} is low", to: manager, channel: dm, then: =passed_on}
`})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.rest()
	b.posted("dm:yamada: say told tell")
}

func TestAContactThatSomebodyWritesDownIsSeenByRules(t *testing.T) {
	files := map[string]string{"signals.yaml": shared["signals.yaml"], "quiet.yaml": `
playbook: quiet
title: No contact
about: Nobody has spoken with them for five days.
when: contacts.days_since() >= 5
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: hello, task: "Say hello to {{ account.name }}", due: 2wd, otherwise: {after: 10wd, then: =unanswered}}
`}
	files["signals.yaml"] = strings.Replace(files["signals.yaml"], "signals:\n", "signals:\n  contacts: {kind: count, by: kind}\n", 1)
	b := newBench(t, files)
	b.send(b.acme(), b.signal("acme", "contacts", 1))
	b.to("2027-04-08 10:00")
	b.send(b.event("account:acme", inbox.NoteKind, inbox.Note{By: "tanaka", Text: "met their CTO"}))
	b.to("2027-04-12 10:00")
	b.stands("acme")
	b.to("2027-04-13 10:00")
	b.stands("acme", "quiet at hello")
}
