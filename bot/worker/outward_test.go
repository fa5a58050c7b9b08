package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"playcaller/bot/inbox"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/store"
)

// hooks are other systems that take notes.
type hooks struct {
	mu    sync.Mutex
	calls []string
	fails []error // what the next calls meet, in order
	seen  func()  // what is looked at when a call comes; may be nil
	came  chan struct{}
}

// await waits until there have been so many calls, which may take the wait between two of them, and what came of them is
// worked.
func (b *bench) await(calls int) {
	b.t.Helper()
	for range calls {
		select {
		case <-b.hooks.came:
		case <-time.After(patience):
			b.t.Fatalf("the calls made are: %s", b.hooks.made())
		}
	}
	b.rest()
}

func (h *hooks) call(_ context.Context, system string, out store.Outgoing) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.came <- struct{}{} }()
	data, err := json.Marshal(out.Effect.Args)
	if err != nil {
		return err
	}
	h.calls = append(h.calls, system+" "+string(data))
	if h.seen != nil {
		h.seen()
	}
	if len(h.fails) == 0 {
		return nil
	}
	err, h.fails = h.fails[0], h.fails[1:]
	return err
}

func (h *hooks) made() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.calls, ", ")
}

const crowd = `
playbook: crowd
title: Score is low
about: The score is low, on many accounts perhaps.
when: score.last() <= 2
resolve: score.last() > 2
cooldown: 1d
group: {of: 3, within: 2h, channel: "#cs-alerts"}
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: look, task: "Look at {{ account.name }}", otherwise: {after: 5wd, then: =unanswered}}
`

func (b *bench) owned(id, by string) {
	b.t.Helper()
	b.send(b.account(id, fmt.Sprintf(`{"name":"%s","time_zone":"Asia/Tokyo","roles":[{"role":"owner","person":"%s"}]}`, id, by)))
}

func TestManyAccountsAtOnceAreOneMessage(t *testing.T) {
	b := newBench(t, map[string]string{"crowd.yaml": crowd})
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		b.owned(id, "tanaka")
	}
	b.send(b.signal("a", "score", 1))
	b.to("2027-04-05 11:00")
	b.send(b.signal("b", "score", 1))
	b.posted() // they wait for others
	b.restart()
	b.send(b.signal("c", "score", 2))
	b.posted("#cs-alerts: group crowd: a b c")
	for _, id := range []string{"a", "b", "c"} {
		b.stands(id)
		if got := b.decisions(id, "crowd"); !slices.Contains(got, "fired") || !slices.Contains(got, "suppressed grouped") {
			t.Errorf("%s was decided %v", id, got)
		}
	}
	b.send(b.signal("d", "score", 1))
	b.posted() // it joined the message
	if v := b.slack.edits["group/crowd/1"]; v != 4 {
		t.Errorf("the message was edited to version %d, want 4", v)
	}
	b.stands("d")
	b.restart()
	b.rest()
	b.posted()

	b.to("2027-04-06 12:00") // the day of that message is over
	b.send(b.signal("e", "score", 1))
	b.stands("e")
	b.to("2027-04-06 13:59")
	b.stands("e")
	b.restart()
	b.to("2027-04-06 14:00")
	b.stands("e", "crowd at look")
	b.posted("#cs-alerts: card crowd", "#cs-alerts: log crowd: fired task", "dm:tanaka: task crowd")
	if len(b.slack.doubled) > 0 {
		t.Errorf("posted twice: %v", b.slack.doubled)
	}
}

func TestAGroupThatIsTooSmallIsAPlayEach(t *testing.T) {
	b := newBench(t, map[string]string{"crowd.yaml": crowd})
	b.owned("a", "tanaka")
	b.owned("b", "tanaka")
	b.send(b.signal("a", "score", 1), b.signal("b", "score", 1))
	b.to("2027-04-05 11:59")
	b.stands("a")
	b.to("2027-04-05 12:00")
	b.stands("a", "crowd at look")
	b.stands("b", "crowd at look")
}

func TestWhatWaitedForOthersDoesNotBeginWhilePausedOrSnoozed(t *testing.T) {
	for _, tc := range []struct {
		reason     string
		keep, free func(b *bench)
		begins     string // it waits for others again
	}{
		{"paused",
			func(b *bench) { b.ops(inbox.Ops{What: inbox.Pause, Playbook: "crowd", By: "ops"}) },
			func(b *bench) { b.ops(inbox.Ops{What: inbox.Resume, Playbook: "crowd", By: "ops"}) }, "2027-04-06 11:00"},
		{"snoozed",
			func(b *bench) {
				b.send(b.event(inbox.AccountKey("a"), inbox.SnoozeKind, inbox.Snooze{Account: "a", Playbook: "crowd", By: "tanaka", Until: b.tokyo("2027-04-06 09:00")}))
			},
			func(*bench) {}, "2027-04-06 11:00"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			b := newBench(t, map[string]string{"crowd.yaml": crowd})
			b.owned("a", "tanaka")
			b.send(b.signal("a", "score", 1))
			b.to("2027-04-05 11:00")
			tc.keep(b)
			b.to("2027-04-05 12:30")
			b.stands("a")
			if got, want := b.decisions("a", "crowd"), "suppressed "+tc.reason; got[len(got)-1] != want {
				t.Errorf("decided %q, want %q at last", got, want)
			}
			b.restart()
			b.to("2027-04-06 09:00")
			tc.free(b)
			b.stands("a")
			b.to(tc.begins)
			b.stands("a", "crowd at look")
		})
	}
}

func TestOnlyAccountsOfThePilotGetThePlaybook(t *testing.T) {
	b := newBench(t, map[string]string{"tried.yaml": strings.Replace(lowScore, "severity:", "pilot: [tanaka]\nseverity:", 1), "look.yaml": look,
		"leads.yaml": "playbook: leads\ntitle: Leads\nabout: Leads to another.\nsteps:\n  - {id: on, start: low-score}\n"})
	b.owned("a", "tanaka")
	b.owned("b", "miller")
	b.send(b.signal("a", "score", 1), b.signal("b", "score", 1))
	b.stands("a", "low-score at why")
	b.stands("b")
	if got := b.decisions("b", "low-score"); !slices.Contains(got, "suppressed outside_pilot") {
		t.Errorf("b was decided %v", got)
	}
	b.send(b.event(inbox.AccountKey("b"), inbox.StartKind, inbox.Start{Account: "b", Playbook: "leads", By: "miller", ID: "1"}))
	b.stands("b", "leads =resolved") // another play does not lead outside either
	b.send(b.event(inbox.AccountKey("b"), inbox.StartKind, inbox.Start{Account: "b", Playbook: "low-score", By: "miller", ID: "2"}))
	b.stands("b", "leads =resolved", "low-score at why")
}

const silent = `
playbook: silent
title: A draft
about: A draft that asks, sets and starts.
severity: high
draft: true
when: score.last() <= 2
assign: account.owner
channel: "#cs-alerts"
steps:
  - id: why
    ask: "Why?"
    answers: {x: X}
    remind: [1wd]
    otherwise: {after: 2wd, then: mark}
  - {id: mark, set: {stage: renewal}}
  - {id: on, start: look}
  - {id: pass, webhook: crm, body: {score: "{{ score.last() }}"}, otherwise: {after: 1h, then: =unclear}, then: =unanswered}
`

func TestADraftDecidesAndTellsNobody(t *testing.T) {
	b := newBench(t, map[string]string{"silent.yaml": silent, "low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.stands("acme", "low-score at why", "silent at why") // neither holds the other back
	b.to("2027-04-07 18:00")
	for _, p := range b.slack.after(0) {
		if strings.Contains(p, "silent") {
			t.Errorf("posted: %s", p)
		}
	}
	if b.hooks.made() != "" || b.known("acme").Account.Stage != "adoption" {
		t.Errorf("a draft called %q, or set the stage to %s", b.hooks.made(), b.known("acme").Account.Stage)
	}
	r := b.run("acme", "silent")
	var told []string
	for _, d := range r.Drafted {
		told = append(told, d.What+" to "+d.To)
	}
	want := []string{"question to tanaka", "card to #cs-alerts", "reminder to tanaka", "escalation to yamada", "webhook to crm"}
	for _, w := range want {
		if !slices.Contains(told, w) {
			t.Errorf("a would-be message is missing: %s; there are %v", w, told)
		}
	}
	if r.Outcome != "unanswered" || slices.ContainsFunc(b.runs("acme"), func(r store.Run) bool { return r.Playbook == "look" }) {
		t.Errorf("the draft ended as %q, and started %v", r.Outcome, b.runs("acme"))
	}
	if docs, err := b.records.Runs.Find(context.Background(), store.Query{Field: "draft", From: "silent|", To: "silent}", Desc: true}); err != nil || len(docs) != 1 {
		t.Errorf("%d drafts are found by the playbook's name (%v)", len(docs), err)
	}
}

const calls = `
playbook: calls
title: Calls
about: Tells the CRM.
when: score.last() <= 2
channel: "#cs-alerts"
assign: account.owner
steps:
  - {id: tell, webhook: crm, body: {score: "{{ score.last() }}", name: "{{ account.name }}"}, otherwise: {after: 30m, then: =unclear}, then: =passed_on}
`

func TestAWebhookIsCalledUntilItIsTaken(t *testing.T) {
	b := newBench(t, map[string]string{"calls.yaml": calls})
	b.hooks.fails = []error{errors.New("not now")}
	b.hooks.seen = func() { b.stands("acme", "calls at tell") } // at each of the calls: the second comes by itself
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.await(2)
	b.stands("acme", "calls =passed_on")
	if got := b.hooks.made(); got != `crm {"name":"Acme KK","score":1}, crm {"name":"Acme KK","score":1}` {
		t.Errorf("called %s", got)
	}
}

func TestAWebhookThatIsRefusedOrNeverReachedGoesWhereTheStepSays(t *testing.T) {
	b := newBench(t, map[string]string{"calls.yaml": calls})
	b.hooks.fails = []error{fmt.Errorf("%w: 404 Not Found", worker.ErrRefused)}
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.await(1)
	b.stands("acme", "calls =unclear")
	log := b.run("acme", "calls").Log
	if i := slices.IndexFunc(log, func(e playbooks.Entry) bool { return e.What == "log.call_failed" }); i < 0 || !strings.Contains(fmt.Sprint(log[i].Args["reason"]), "404") {
		t.Errorf("the timeline does not say why: %v", log)
	}

	b = newBench(t, map[string]string{"calls.yaml": calls})
	for range 99 {
		b.hooks.fails = append(b.hooks.fails, errors.New("not now"))
	}
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.to("2027-04-05 10:29")
	b.stands("acme", "calls at tell")
	b.to("2027-04-05 10:30")
	b.stands("acme", "calls =unclear")
}

func TestACallThatWasUnderWayGoesOnAfterARestart(t *testing.T) {
	b := newBench(t, map[string]string{"calls.yaml": calls})
	b.hooks.fails = []error{errors.New("not now")}
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.await(1)
	b.restart()
	b.await(1)
	b.stands("acme", "calls =passed_on")
}
