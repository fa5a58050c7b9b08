package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// customers makes so many accounts of tanaka's with a low score.
func (b *bench) customers(n int) {
	b.t.Helper()
	for i := range n {
		id := fmt.Sprint("customer-", i)
		b.send(b.account(id, `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal(id, "score", 1))
	}
}

func (b *bench) plan(files map[string]string) worker.Plan {
	b.t.Helper()
	p, err := b.worker.Plan(context.Background(), load(b.t, files), b.clock.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// told has what ops were told, in the order of the messages.
func (b *bench) toldOps() []string {
	b.t.Helper()
	var all []string
	for _, p := range b.slack.after(0) {
		if said, ok := strings.CutPrefix(p, "#cs-ops: "); ok {
			all = append(all, said)
		}
	}
	return all
}

func TestRunsAreMovedWhereTheirStepIsStillThereAndSayWhoDidIt(t *testing.T) {
	old := map[string]string{"low-score.yaml": lowScore, "look.yaml": look}
	b := newBench(t, old)
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.send(b.account("bolt", `{"name":"Bolt","time_zone":"Asia/Tokyo","roles":[{"role":"owner","person":"yamada"}]}`), b.signal("bolt", "score", 1))
	b.send(b.act("bolt", "low-score", playbooks.Event{Kind: playbooks.Answered, By: "yamada", Answer: "unhappy"}))
	b.to("2027-04-05 10:05") // the answer cannot be taken back any more
	b.stands("acme", "low-score at why")
	b.stands("bolt", "low-score at call")
	changed := strings.NewReplacer("{id: call, task:", "{id: phone, task:", "then: call}", "then: phone}",
		"when: score.last() <= 2", "when: score.last() <= 1").Replace(lowScore)
	b.judgeBy(map[string]string{"low-score.yaml": changed, "look.yaml": look})
	b.ops(inbox.Ops{What: inbox.Move, Playbook: "low-score", By: "yamada"})
	if r := b.run("acme", "low-score"); r.Book != b.book.Hash || r.Step != "why" {
		t.Errorf("the run whose step is there has book %.8s, at %s; want %.8s, at why", r.Book, r.Step, b.book.Hash)
	} else if last := r.Log[len(r.Log)-1]; last.What != "log.moved_over" || last.By != "yamada" {
		t.Errorf("its last line is %+v", last)
	}
	if r := b.run("bolt", "low-score"); r.Book == b.book.Hash || r.Step != "call" {
		t.Errorf("the run whose step is gone has book %.8s, at %s; want the old one", r.Book, r.Step)
	}
	b.restart()
	b.send(b.answer("acme", "low-score", "unhappy")) // leads to the step as the new version names it
	b.to("2027-04-05 10:10")
	b.stands("acme", "low-score at phone")
}

func TestAMovedRunEndsByTheNewRule(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	b.judgeBy(map[string]string{"low-score.yaml": strings.Replace(lowScore, "resolve: score.last() > 5", "resolve: score.last() > 3", 1), "look.yaml": look})
	b.ops(inbox.Ops{What: inbox.Move, Playbook: "low-score", By: "yamada"})
	b.stands("acme", "low-score at why") // the rule holds: it is the same episode
	b.send(b.signal("acme", "score", 4))
	b.stands("acme", "low-score =resolved")
	b.send(b.signal("acme", "score", 1))
	b.stands("acme", "low-score =resolved") // it rests
	if got := b.known("acme").States["low-score"].Phase; got != rules.Cooling {
		t.Errorf("the rule is %s, want it to rest after the run that was moved", got)
	}
}

func TestWhatIsOnlyListedIsToldOnceAndStartedForAll(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(3)
	b.judgeBy(map[string]string{"tickets.yaml": tickets, "steady.yaml": steady})
	for range 2 { // the second time finds it told
		if err := b.worker.TellListed(context.Background()); err != nil {
			t.Fatal(err)
		}
		b.rest()
	}
	if got, want := b.toldOps(), []string{"listed steady"}; !cmp.Equal(got, want) {
		t.Errorf("ops were told %q, want %q", got, want)
	}
	listed, err := b.worker.Listed(context.Background(), "steady")
	if err != nil || len(listed) != 3 || listed[0].Account != "customer-0" || listed[0].Owner != "tanaka" {
		t.Errorf("listed are %+v, %v; want the three accounts with their owner", listed, err)
	}
	b.restart()
	b.ops(inbox.Ops{What: inbox.Begin, Playbook: "steady", By: "yamada"})
	for i := range 3 {
		b.stands(fmt.Sprint("customer-", i), "steady at why")
	}
	if r := b.run("customer-0", "steady"); r.StartedBy != "yamada" {
		t.Errorf("the run was started by %q, want yamada", r.StartedBy)
	}
	if listed, err = b.worker.Listed(context.Background(), "steady"); err != nil || len(listed) != 0 {
		t.Errorf("after all were started %d are listed, %v", len(listed), err)
	}
	b.ops(inbox.Ops{What: inbox.Begin, Playbook: "steady", By: "yamada"})
	if n := len(b.runs("customer-0")); n != 1 {
		t.Errorf("starting them again made %d runs", n)
	}
}

func TestWhatHeldAlreadyIsToldAfterAStopInBetween(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(1)
	b.judgeBy(map[string]string{"tickets.yaml": tickets, "steady.yaml": steady})
	b.restart()
	if !b.worker.Untold() {
		t.Fatal("after the restart nothing is to be told")
	}
	if err := b.worker.TellListed(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.rest()
	if got, want := b.toldOps(), []string{"listed steady"}; !cmp.Equal(got, want) || b.worker.Untold() {
		t.Errorf("ops were told %q, want %q; untold: %v", got, want, b.worker.Untold())
	}
}

func TestWhatAStormHoldsBackIsOnlyListedWhereOpsSaySo(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(3)
	b.ops(inbox.Ops{What: inbox.Storm, Playbook: "steady"})
	b.judgeBy(map[string]string{"tickets.yaml": tickets, "steady.yaml": steady + "existing: start\nlimit: 2/h\n"})
	b.stands("customer-0")
	if got := b.toldOps(); len(got) > 0 {
		t.Errorf("ops were told %q of a storm that they were asked of before", got)
	}
	b.ops(inbox.Ops{What: inbox.List, Playbook: "steady", By: "yamada"})
	if got, want := b.decisions("customer-0", "steady"), []string{"suppressed storm_limit", "suppressed already_true"}; !cmp.Equal(got, want) {
		t.Errorf("decisions %q, want %q", got, want)
	}
	b.send(b.account("late", `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal("late", "score", 1))
	b.stands("late", "steady at why") // the storm is over
	b.stands("customer-0")
}

func TestAPlanSaysWhatTheSwitchThenDoes(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.customers(3)
	b.send(b.account("miller-1", `{"name":"Quarry","roles":[{"role":"owner","person":"miller"}]}`), b.signal("miller-1", "score", 3))
	b.send(b.account("miller-2", `{"roles":[{"role":"owner","person":"miller"}]}`), b.signal("miller-2", "score", 3), b.signal("miller-2", "tickets", 9))
	next := map[string]string{
		"low-score.yaml": strings.Replace(lowScore, "when: score.last() <= 2", "when: score.last() <= 3", 1), "look.yaml": look,
		"tickets.yaml": tickets, "slow.yaml": strings.Replace(slow, "score.last() <= 2", "score.last() <= 3", 1) + "existing: start\n",
	}
	before := b.known("customer-0").States
	p := b.plan(next)
	if diff := cmp.Diff(before, b.known("customer-0").States); diff != "" {
		t.Errorf("planning changed an account:\n%s", diff)
	}
	type line struct{ playbook, what, accounts string }
	var got []line
	for _, of := range p.Playbooks {
		for what, list := range map[string][]worker.PlannedAccount{"starts": of.Starts, "listed": of.Listed, "waits": of.Waits, "keeps": of.Keeps,
			"held": of.Held, "resolves": of.Resolves, "lapses": of.Lapses} {
			var ids []string
			for _, a := range list {
				ids = append(ids, a.Account+"/"+a.Person)
			}
			if len(ids) > 0 {
				got = append(got, line{of.Playbook, what, strings.Join(ids, " ")})
			}
		}
	}
	slices.SortFunc(got, func(x, y line) int { return strings.Compare(x.playbook+x.what, y.playbook+y.what) })
	want := []line{
		{"low-score", "keeps", "customer-0/tanaka customer-1/tanaka customer-2/tanaka"},
		{"low-score", "starts", "miller-1/miller miller-2/miller"},
		{"slow", "waits", "customer-0/tanaka customer-1/tanaka customer-2/tanaka miller-1/miller miller-2/miller"},
		{"tickets", "listed", "miller-2/miller"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	var people []string
	for _, one := range p.People {
		people = append(people, fmt.Sprintf("%s now %d week %d budget %d", one.Person, one.Now, one.Week, one.Budget))
	}
	if diff := cmp.Diff([]string{"miller now 2 week 4 budget 2", "tanaka now 0 week 3 budget 8"}, people); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}

	b.judgeBy(next)
	b.stands("miller-1", "low-score at why")
	b.stands("miller-2", "low-score at why")
	b.stands("customer-0", "low-score at why")
	b.to("2027-04-08 10:30")
	if got := len(b.runs("customer-0")); got != 2 {
		t.Errorf("three days later customer-0 has %d runs, want that of slow too", got)
	}
}

func TestAPlanPromisesNoStartOfWhatWillBeHeldBack(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(1)
	b.ops(inbox.Ops{What: inbox.Pause, Playbook: "slow"})
	p := b.plan(map[string]string{"tickets.yaml": tickets, "slow.yaml": slow + "existing: start\n"})
	i := slices.IndexFunc(p.Playbooks, func(p worker.PlannedPlaybook) bool { return p.Playbook == "slow" })
	if i < 0 || len(p.Playbooks[i].Waits) != 1 || p.Playbooks[i].Waits[0].Then == nil || p.Playbooks[i].Waits[0].Then.Reason != rules.Paused {
		t.Errorf("the plan is %+v, want customer-0 to wait for what is paused", p.Playbooks)
	}
	if len(p.People) > 0 && p.People[0].Week > 0 {
		t.Errorf("it is counted as work of this week: %+v", p.People)
	}
}

func TestAPlanAsksBeforeALimitIsPassed(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(3)
	next := map[string]string{"tickets.yaml": tickets, "steady.yaml": steady + "existing: start\nlimit: 2/h\n"}
	for range 2 { // also where the playbook is held back already, as after a stop between the question and the switch
		p := b.plan(next)
		if i := slices.IndexFunc(p.Playbooks, func(p worker.PlannedPlaybook) bool { return p.Playbook == "steady" }); i < 0 || !p.Playbooks[i].Asks || len(p.Playbooks[i].Starts) != 3 {
			t.Errorf("the plan is %+v, want steady to ask for its three accounts", p.Playbooks)
		}
		b.ops(inbox.Ops{What: inbox.Storm, Playbook: "steady"})
	}
}

func TestAPlanReadsPartitionsThatAreNotWorkedHereFromTheStore(t *testing.T) {
	b := newBench(t, map[string]string{"tickets.yaml": tickets})
	b.customers(3)
	next := map[string]string{"tickets.yaml": tickets, "steady.yaml": steady + "existing: start\n"}
	want := b.plan(next)
	b.halt()
	b.start()
	b.rest()
	idle := worker.New(worker.Options{Records: b.records, Book: b.book, Clock: b.clock})
	got, err := idle.Plan(context.Background(), load(t, next), b.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(asJSON(t, want), asJSON(t, got)); diff != "" || got.Accounts != 3 {
		t.Errorf("the plan of what is stored differs (-live +stored):\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOnlyAccountsForWhichABookSaysSomethingElseAreTouched(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "slow.yaml": slow})
	b.send(b.acme(), b.signal("acme", "score", 9))
	b.send(b.account("bolt", `{"roles":[{"role":"owner","person":"tanaka"}]}`), b.signal("bolt", "score", 3))
	version := func(id string) int64 {
		b.restart() // everything is written
		d, err := b.records.Accounts.Get(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		return d.Version
	}
	acme, bolt := version("acme"), version("bolt")
	b.judgeBy(map[string]string{"low-score.yaml": lowScore, "look.yaml": look, "slow.yaml": strings.Replace(slow, "score.last() <= 2", "score.last() <= 3", 1)})
	if got := b.known("bolt").States["slow"].Phase; got != rules.Pending {
		t.Errorf("slow is %s for the account for which it now holds, want pending", got)
	}
	if got := b.known("bolt").States["low-score"].Fingerprint; got != b.book.Rules.Rule("low-score").Fingerprint {
		t.Errorf("the state of a rule that did not change has fingerprint %s", got)
	}
	if got := version("acme"); got != acme {
		t.Errorf("an account for which nothing is another was written: version %d, was %d", got, acme)
	}
	if got := version("bolt"); got == bolt {
		t.Error("the account for which a rule now holds was not written")
	}
}

func TestOpsAreReachedWhereverTeamYAMLSays(t *testing.T) {
	for _, c := range []struct{ name, team, want string }{
		{"a channel", shared["team.yaml"], "#cs-ops: listed steady"},
		{"a role", strings.NewReplacer(`, ops: "#cs-ops"`, "", "default_owner: yamada", "default_owner: yamada\nroles: {ops: miller}").Replace(shared["team.yaml"]), "dm:miller: listed steady"},
		{"nobody for it", strings.Replace(shared["team.yaml"], `, ops: "#cs-ops"`, "", 1), "dm:yamada: listed steady"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, map[string]string{"look.yaml": look, "team.yaml": c.team})
			if err := b.worker.Tell(context.Background(), store.Outgoing{Key: "ops/try", Kind: worker.OpsListed, Text: "steady"}); err != nil {
				t.Fatal(err)
			}
			b.rest()
			b.posted(c.want)
		})
	}
}

func TestARunOutlivesManyVersionsOfItsBook(t *testing.T) {
	b := newBench(t, map[string]string{"low-score.yaml": lowScore, "look.yaml": look})
	b.send(b.acme(), b.signal("acme", "score", 1))
	began := b.run("acme", "low-score").Book
	for n := range 20 { // more than are kept at hand
		b.judgeBy(map[string]string{"low-score.yaml": strings.Replace(lowScore, "title: Low score", fmt.Sprintf("title: Low score %d", n), 1), "look.yaml": look})
	}
	b.send(b.answer("acme", "low-score", "unhappy"))
	b.stands("acme", "low-score at call")
	if r := b.run("acme", "low-score"); r.Book != began {
		t.Errorf("the run has book %.8s, want the one it began with, %.8s", r.Book, began)
	}
	b.ops(inbox.Ops{What: inbox.Stop, Playbook: "low-score", By: "yamada", Reason: "enough"})
	b.stands("acme", "low-score =stopped")
}
