package worker_test

import (
	"slices"
	"strings"
	"testing"

	"playcaller/bot/inbox"
	"playcaller/bot/worker"
	"playcaller/playbooks"
)

// TestADraftThatIsNoneAnyMoreBeginsAnew holds for its silent play, which ends as one, and for what is true already, which
// is treated as of a playbook that is new.
func TestADraftThatIsNoneAnyMoreBeginsAnew(t *testing.T) {
	for _, tc := range []struct {
		name, existing string
		want           []string // how the account stands right after the switch
	}{
		{"what is true already is listed", "", []string{"silent =stopped"}},
		{"or started", "existing: start\n", []string{"silent =stopped", "silent at why"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, map[string]string{"silent.yaml": silent, "look.yaml": look})
			b.owned("calm", "tanaka")
			b.send(b.acme(), b.signal("acme", "score", 1), b.signal("calm", "score", 9))
			b.stands("acme", "silent at why")

			files := map[string]string{"silent.yaml": strings.Replace(silent, "draft: true\n", tc.existing, 1), "look.yaml": look}
			plan := b.plan(files)
			i := slices.IndexFunc(plan.Playbooks, func(p worker.PlannedPlaybook) bool { return p.Playbook == "silent" })
			if i < 0 {
				t.Fatalf("the plan says nothing of it: %+v", plan)
			}
			if p := plan.Playbooks[i]; len(p.Ends) != 1 || len(p.Keeps) != 0 || len(p.Listed)+len(p.Starts) != 1 || (len(p.Starts) == 1) != (tc.existing != "") {
				t.Errorf("the plan says %+v", p)
			}
			b.judgeBy(files)
			b.stands("acme", tc.want...)
			b.stands("calm")
			if tc.existing == "" {
				b.send(b.event(inbox.AccountKey("acme"), inbox.StartKind, inbox.Start{Account: "acme", Playbook: "silent", By: "tanaka", ID: "1"}))
				b.stands("acme", "silent =stopped", "silent at why")
			}
			for _, r := range b.runs("acme") {
				if r.Open() == r.Draft {
					t.Errorf("the play %s is open %v and a draft %v", r.ID, r.Open(), r.Draft)
				}
				if last := r.Log[len(r.Log)-1]; r.Draft && (r.Outcome != playbooks.Stopped || !slices.ContainsFunc(r.Log, func(e playbooks.Entry) bool { return e.Args["reason"] == playbooks.NoDraft })) {
					t.Errorf("the silent play does not say why it ended: %+v", last)
				}
			}
			b.send(b.signal("calm", "score", 1)) // what becomes true from now on is played
			b.stands("calm", "silent at why")
		})
	}
}

// TestADraftThatIsNoneAnyMoreHidesNoOtherChangeOfTheBook holds for milestones that are reached by a journey that came with it.
func TestADraftThatIsNoneAnyMoreHidesNoOtherChangeOfTheBook(t *testing.T) {
	b := newBench(t, map[string]string{"silent.yaml": silent, "look.yaml": look})
	b.owned("calm", "tanaka")
	b.send(b.acme(), b.signal("acme", "score", 1), b.signal("calm", "score", 1))
	b.stands("acme", "silent at why")
	b.judgeBy(map[string]string{
		"look.yaml":    look,
		"silent.yaml":  strings.Replace(silent, "draft: true\n", "", 1),
		"journey.yaml": strings.Replace(shared["journey.yaml"], "title: Kickoff,", "title: Kickoff, reached: score.last() == 1,", 1),
	})
	b.stands("acme", "silent =stopped")
	for _, account := range []string{"acme", "calm"} {
		if m := b.known(account).Account.Milestones["kickoff"]; m.Reached.IsZero() {
			t.Errorf("%s has not reached its kickoff: %+v", account, m)
		}
	}
}
