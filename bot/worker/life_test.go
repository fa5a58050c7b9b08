package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
)

func TestASignalLeadsToAQuestionATaskAndAnOutcome(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	b.send(b.signal("acme", "score", 7))
	b.stands("acme")
	b.posted()

	b.send(b.signal("acme", "score", 1))
	b.stands("acme", "low-score at why")
	b.posted("#cs-alerts: card low-score", "#cs-alerts: log low-score: fired asked", "dm:tanaka: question low-score")
	r := b.run("acme", "low-score")
	if r.Current().Delivered.IsZero() || r.Card.TS == "" {
		t.Errorf("the question was posted, but was delivered %v and its card is at %+v", r.Current().Delivered, r.Card)
	}

	b.send(b.answer("acme", "low-score", "unhappy"))
	b.stands("acme", "low-score at call")
	b.to("2027-04-06 09:00")
	b.send(b.act("acme", "low-score", playbooks.Event{Kind: playbooks.Done, By: "tanaka"}))
	b.stands("acme", "low-score at settle")
	b.to("2027-04-13 08:59")
	b.stands("acme", "low-score at settle")
	b.to("2027-04-13 09:00")
	b.stands("acme", "low-score =not_recovered")
	if got, want := b.decisions("acme", "low-score"), []string{"unknown", "quiet", "fired"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	r = b.run("acme", "low-score")
	if got := b.slack.edits[r.ID+"/card"]; got != r.Version {
		t.Errorf("the card shows version %d of the run, which is at %d", got, r.Version)
	}
	if len(b.slack.doubled) > 0 {
		t.Errorf("posted twice: %v", b.slack.doubled)
	}
}

func TestAWaitEndsWhenItsConditionHolds(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.answer("acme", "low-score", "unhappy"))
	b.send(b.act("acme", "low-score", playbooks.Event{Kind: playbooks.Done, By: "tanaka"}))
	b.to("2027-04-07 10:00")
	b.send(b.signal("acme", "score", 6))
	b.stands("acme", "low-score =recovered")
}

func TestARuleThatEndsClosesTheQuestionAndSaysSo(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.read = len(b.slack.posts)
	b.to("2027-04-05 12:00")
	b.send(b.signal("acme", "score", 8))
	b.stands("acme", "low-score =resolved")
	b.posted("#cs-alerts: log low-score: resolved ended")
	r := b.run("acme", "low-score")
	if got := b.slack.edits[r.ID+"/card"]; got != r.Version {
		t.Errorf("the card shows version %d of the closed run, want %d", got, r.Version)
	}
}

func TestOneOpenQuestionForAnAccountAndPerson(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "tickets.yaml": tickets})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.read = len(b.slack.posts)
	b.send(b.signal("acme", "tickets", 9))
	b.stands("acme", "low-score at why", "tickets at why (held)")
	b.posted("#cs-alerts: log low-score: evidence")
	first, second := b.run("acme", "low-score"), b.run("acme", "tickets")
	if second.Held != first.ID || len(first.Evidence) != 1 || first.Evidence[0].Playbook != "tickets" {
		t.Errorf("the second is held by %q, and the first's evidence is %+v", second.Held, first.Evidence)
	}
	b.to("2027-04-05 12:00")
	b.posted()

	b.send(b.answer("acme", "low-score", "unhappy"))
	b.stands("acme", "low-score at call", "tickets at why")
	b.posted("#cs-alerts: log low-score: answered task", "#cs-alerts: card tickets", "#cs-alerts: log tickets: fired asked", "dm:tanaka: question tickets")
}

func TestAQuestionThatIsHeldAndNoLongerHoldsIsNeverAsked(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "tickets.yaml": tickets})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.signal("acme", "tickets", 9))
	b.read = len(b.slack.posts)
	b.to("2027-04-06 00:30") // a new day without tickets
	b.send(b.signal("acme", "tickets", 1))
	b.stands("acme", "low-score at why", "tickets =resolved")
	b.posted()
	b.to("2027-04-06 09:00")
	b.send(b.answer("acme", "low-score", "unhappy"))
	b.posted("#cs-alerts: log low-score: answered task")
}

func TestADeadlineOfForPassesWithoutAnEvent(t *testing.T) {
	b := newBench(t, map[string]string{"slow.yaml": slow})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.stands("acme")
	b.to("2027-04-08 09:59")
	b.stands("acme")
	b.to("2027-04-08 10:00")
	b.stands("acme", "slow at why")
	if got, want := b.decisions("acme", "slow"), []string{"unknown", "pending", "fired"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
}

func TestADayThatBeginsIsLookedAt(t *testing.T) {
	b := newBench(t, map[string]string{"silence.yaml": silence})
	b.send(b.acme(), b.signal("acme", "logins", 4))
	due, ok := b.worker.NextDue()
	if want := time.Date(2027, 4, 5, 15, 0, 0, 0, time.UTC); !ok || !due.Equal(want) {
		t.Errorf("next due %v %v, want midnight in Tokyo, %v", due, ok, want)
	}
	b.to("2027-04-09 23:59")
	b.stands("acme")
	b.to("2027-04-10 00:00")
	b.stands("acme", "silence at why")
}

func TestASnoozedRunAsksAgain(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "tickets.yaml": tickets})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.act("acme", "low-score", playbooks.Event{Kind: playbooks.SnoozedRun, By: "tanaka", Until: monday.AddDate(0, 0, 2)}))
	b.read = len(b.slack.posts)
	b.send(b.signal("acme", "tickets", 5)) // may ask meanwhile
	b.stands("acme", "low-score at why", "tickets at why")
	b.send(b.answer("acme", "tickets", "known"))
	b.read = len(b.slack.posts)
	b.to("2027-04-07 10:00")
	b.posted("#cs-alerts: log low-score: snooze_over", "dm:tanaka: snooze_over low-score")
}

func TestASnoozeOfAnAccountKeepsItsRulesQuietAndItsEndFires(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme())
	b.send(b.event(inbox.AccountKey("acme"), inbox.SnoozeKind, inbox.Snooze{Account: "acme", By: "tanaka", Until: monday.AddDate(0, 0, 1)}))
	b.send(b.signal("acme", "score", 1))
	b.stands("acme")
	b.to("2027-04-06 09:59")
	b.stands("acme")
	b.to("2027-04-06 10:00")
	b.stands("acme", "low-score at why")
	if got, want := b.decisions("acme", "low-score"), []string{"unknown", "suppressed snoozed", "fired"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
}

func TestAnAnswerThatSnoozesKeepsThePlaybookQuiet(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.act("acme", "low-score", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "season",
		Collected: map[string]any{"until": "2027-05-20"}}))
	b.to("2027-04-05 10:02")
	b.stands("acme", "low-score =not_a_problem")
	if got := b.known("acme").Snoozes["low-score"]; got.Until.IsZero() || got.By != "tanaka" {
		t.Errorf("the playbook is snoozed %+v", got)
	}
	b.to("2027-05-19 23:59")
	b.stands("acme", "low-score =not_a_problem")
}

func TestAReassignedQuestionGoesToTheOtherPerson(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.read = len(b.slack.posts)
	b.send(b.act("acme", "low-score", playbooks.Event{Kind: playbooks.Reassigned, By: "tanaka", Person: "yamada"}))
	b.posted("#cs-alerts: log low-score: reassigned", "dm:yamada: question low-score")
}

func TestAnAnswerStartsAnotherPlaybookOnce(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.answer("acme", "low-score", "other"))
	b.stands("acme", "low-score ending =passed_on") // the answer can be undone for a minute
	b.to("2027-04-05 10:01")
	b.stands("acme", "low-score =passed_on", "look at look")
	parent, child := b.run("acme", "low-score"), b.run("acme", "look")
	if child.StartedBy != parent.ID || child.Episode >= 0 {
		t.Errorf("the started run is by %q, episode %d; want %q and below 0", child.StartedBy, child.Episode, parent.ID)
	}
}

func TestAnAnswerSetsStageMilestoneAndAttribute(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.answer("acme", "low-score", "renew"))
	b.to("2027-04-05 10:01")
	a := b.known("acme").Account
	if a.Stage != "renewal" || a.Attributes["risk"] != "low" || a.Milestones["kickoff"].Reached.IsZero() {
		t.Errorf("stage %q, risk %v, kickoff %+v", a.Stage, a.Attributes["risk"], a.Milestones["kickoff"])
	}
	if want := monday.Add(time.Minute); !a.StageSince.Equal(want) {
		t.Errorf("in the stage since %v, want %v", a.StageSince, want)
	}
	if a.Milestones["kickoff"].By != "tanaka" {
		t.Errorf("the milestone was reached by %q, want tanaka", a.Milestones["kickoff"].By)
	}
}

func TestAnAccountMayComeAfterItsSignals(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.signal("acme", "score", 1))
	b.stands("acme")
	if b.known("acme").Known {
		t.Error("an account of which only signals came counts as known")
	}
	b.send(b.acme())
	b.stands("acme", "low-score at why")
}

func TestSignalsThatComeTwiceCountOnceAndLateOnesInTheirDay(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.send(b.acme())
	sig := rules.Signal{Account: "acme", Signal: "tickets", Value: 2, ID: "t1", At: monday}
	late := rules.Signal{Account: "acme", Signal: "tickets", Value: 7, ID: "t2", At: monday.AddDate(0, 0, -3)}
	b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{sig, sig, late}))
	b.restart()
	b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{sig, late}))
	b.to("2027-04-12 09:00") // almost a week later
	b.send(b.event(inbox.AccountKey("acme"), inbox.SignalsKind, []rules.Signal{sig}))
	if diff := cmp.Diff(map[string]float64{"2027-04-05": 2, "2027-04-02": 7}, b.days("acme", "tickets")); diff != "" {
		t.Errorf("tickets (-want +got):\n%s", diff)
	}
	b.stands("acme") // late data are judged as of now
	if got := b.worker.Counts().Duplicates.Load(); got != 3 {
		t.Errorf("%d duplicates counted since the restart, want 3", got)
	}
}

func TestASignalTheBookDoesNotKnowIsCountedAndHarmsNothing(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.send(b.acme(), b.signal("acme", "tikets", 3), b.signal("acme", "tickets", 3))
	if got := b.worker.Counts().Refused.Load(); got != 1 {
		t.Errorf("%d signals refused, want 1", got)
	}
	if got := b.days("acme", "tickets")["2027-04-05"]; got != 3 {
		t.Errorf("%g tickets, want 3", got)
	}
}

// A question that waited behind another one is put only where the rule would begin it still. Where it would not, the play
// closes with a note, no cooldown counts from it, and the next one's turn comes.
func TestWhatWaitedItsTurnIsAskedOnlyIfItStillHolds(t *testing.T) {
	easing := strings.Replace(tickets, "cooldown: 1d", "resolve: tickets.sum(\"7d\") == 0\ncooldown: 20d", 1)
	many := strings.NewReplacer("playbook: tickets", "playbook: many", "tickets.sum(\"1d\") >= 5", "tickets.sum(\"7d\") >= 7").Replace(tickets)
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "easing.yaml": easing, "many.yaml": many})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.signal("acme", "tickets", 5))
	b.to("2027-04-05 11:00")
	b.send(b.signal("acme", "tickets", 4))
	for _, waiting := range []string{"tickets", "many"} {
		if held := b.run("acme", waiting).Held; held == "" {
			t.Fatalf("%s asks at once", waiting)
		}
	}
	b.to("2027-04-06 09:00")
	b.send(b.signal("acme", "tickets", 2)) // fewer, and not over
	b.send(b.answer("acme", "low-score", "renew"))
	b.to("2027-04-06 09:05")
	b.stands("acme", "low-score =passed_on", "tickets =resolved", "many at why")
	run := b.run("acme", "tickets")
	if !run.Lapsed() || len(run.Log) < 2 || run.Log[len(run.Log)-2].What != "log.lapsed" {
		t.Errorf("it closed without saying why: %+v", run.Log)
	}
	if run := b.run("acme", "many"); run.Held != "" {
		t.Errorf("the one after it waits behind %q", run.Held)
	}
	b.send(b.answer("acme", "many", "known"))
	b.to("2027-04-06 09:10")
	b.send(b.signal("acme", "tickets", 8)) // as many as before, within the cooldown
	b.stands("acme", "low-score =passed_on", "tickets =resolved", "many =not_a_problem", "tickets at why")
}
