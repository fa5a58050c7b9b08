package playbooks

import (
	"testing"
	"time"
)

// TestASecondPersonsQuestionIsOpenUntilTheyAnswerIt holds for ann, whose play it is, and
// ken, who is asked as well.
func TestASecondPersonsQuestionIsOpenUntilTheyAnswerIt(t *testing.T) {
	answered := func(by, answer string, visit int) Event {
		return Event{Kind: Answered, By: by, Answer: answer, Visit: visit}
	}
	for _, tc := range []struct {
		name   string
		events []Event
		visit  int
		want   string
	}{
		{"nobody has answered", nil, 0, "ken"},
		{"the first has", []Event{answered("ann", "yes", 0)}, 0, "ken"},
		{"the second has answered first", []Event{answered("ken", "yes", 0)}, 0, "ann"},
		{"both have", []Event{answered("ann", "yes", 0), answered("ken", "no", 0)}, 0, ""},
		{"a task later it is still open", []Event{answered("ann", "yes", 0), {Kind: Done, By: "ann", Visit: 1}}, 0, "ken"},
		{"the next question takes its place", []Event{answered("ann", "no", 0)}, 1, "ken"},
		{"it is taken back", []Event{answered("ann", "yes", 0), {Kind: Undone, By: "ann", Visit: 1}}, 2, "ken"},
		{"it waits behind another", []Event{{Kind: HeldBack, Other: "r1"}}, 0, ""},
		{"the play is over", []Event{{Kind: StoppedRun}}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			first := ask("first")
			first.Ask.Answers = []Answer{{ID: "yes", Then: Target{Step: "do"}}, {ID: "no", Then: Target{Step: "more"}}}
			p, env := small(t, first, &Step{ID: "do", Kind: TaskStep, Task: &Task{}, Then: Target{Step: "rest"}}, ask("more"),
				&Step{ID: "rest", Kind: WaitStep, Wait: &Wait{For: Delay{Days: 5}}})
			run := p.NewRun("h", "acme", "", 1)
			run.Assignee, run.Also = "ann", "ken"
			for i, ev := range append([]Event{{Kind: Begin}}, tc.events...) {
				ev.At = monday.Add(time.Duration(i) * time.Second)
				if err := p.Check(run, ev, env); err != nil {
					t.Fatalf("%s: %v", ev.Kind, err)
				}
				run, _ = p.Advance(run, ev, env)
			}
			v, who := run.Second()
			if who != tc.want || who != "" && v.N != tc.visit {
				t.Errorf("%q is still asked at %+v, want %q at visit %d", who, v, tc.want, tc.visit)
			}
		})
	}
}
