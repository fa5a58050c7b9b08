package playbooks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/rules"
)

// A play is a run of the starter book that a test leads through its steps. The
// account belongs to tanaka in Tokyo, whose manager is yamada; sales is sato, with
// the manager davis.
type play struct {
	t       *testing.T
	p       *playbooks.Playbook
	env     playbooks.Env
	account *rules.Account
	run     playbooks.Run
	now     time.Time
	sent    []string // effects, as "kind what person" or the like
}

// begin starts a run of a playbook on Monday 5 April 2027, 10:00 in Tokyo.
func begin(t *testing.T, playbook string, ev playbooks.Event) *play {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the starter book does not load: %v", problems)
	}
	account := &rules.Account{ID: "sample", Name: "Sample", TimeZone: "Asia/Tokyo", Stage: "contract",
		Roles:     []rules.Role{{Role: "owner", Person: "tanaka"}, {Role: "ae", Person: "sato"}},
		Contracts: []rules.Contract{{ID: "c1", Start: rules.NewDate(2027, 4, 1), End: rules.NewDate(2028, 3, 31)}}}
	s := &play{t: t, p: book.Playbooks[playbook], account: account,
		now: time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)}
	s.env = playbooks.Env{Book: book, Team: book.Team}
	s.run = s.p.NewRun(book.Hash, account.ID, "", 1)
	s.run.StartedBy = "rule"
	ev.Kind = playbooks.Begin
	s.do(ev)
	return s
}

// do plays an event now, at the visit the run is at.
func (s *play) do(ev playbooks.Event) *play {
	s.t.Helper()
	if ev.Visit = len(s.run.Visits) - 1; ev.Visit < 0 {
		ev.Visit = 0
	}
	ev.At, ev.Run = s.now, s.run.ID
	s.env.Facts = s.env.Book.Rules.Facts(s.account, nil, s.now)
	if err := s.p.Check(s.run, ev, s.env); err != nil {
		s.t.Fatalf("%s at %s: %v", ev.Kind, s.now, err)
	}
	next, effects := s.p.Advance(s.run, ev, s.env)
	s.run = next
	for _, e := range effects {
		if !strings.HasPrefix(e.Field, "attributes.usual_") { // which login-drop notes before it asks
			s.sent = append(s.sent, told(e))
		}
	}
	return s
}

// told writes an effect in short.
func told(e playbooks.Effect) string {
	switch e.Kind {
	case playbooks.SetIt:
		return fmt.Sprintf("set %s %v", e.Field, e.Value)
	case playbooks.Nudge:
		return fmt.Sprintf("%s %s", e.What, e.Person)
	case playbooks.Snooze:
		return fmt.Sprintf("snooze %s %s", e.Scope, e.Until.Format(time.RFC3339))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Playbook, e.Step))
}

// to lets time pass until then, timers falling due one by one.
func (s *play) to(at string) *play {
	s.t.Helper()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		s.t.Fatal(err)
	}
	until, err := time.ParseInLocation("2006-01-02 15:04", at, tokyo)
	if err != nil {
		s.t.Fatal(err)
	}
	for due := s.run.Due(); !due.IsZero() && !due.After(until); due = s.run.Due() {
		s.now = due
		s.do(playbooks.Event{Kind: playbooks.Tick})
	}
	s.now = until
	return s
}

// expect compares what was sent since the last time.
func (s *play) expect(want ...string) *play {
	s.t.Helper()
	if diff := cmp.Diff(want, s.sent); diff != "" && len(want)+len(s.sent) > 0 {
		s.t.Errorf("sent (-want +got):\n%s", diff)
	}
	s.sent = nil
	return s
}

// stands compares where the run is: its step, or its outcome.
func (s *play) stands(want string) *play {
	s.t.Helper()
	got := s.run.Step
	switch {
	case !s.run.Open():
		got = "=" + s.run.Outcome
	case s.run.Ending():
		got = "ending =" + s.run.Outcome
	}
	if got != want {
		s.t.Errorf("the run is at %s, want %s", got, want)
	}
	return s
}

// refused plays an event that must change nothing, and compares why.
func (s *play) refused(ev playbooks.Event, code string) *play {
	s.t.Helper()
	if ev.Visit == 0 && s.run.Current() != nil {
		ev.Visit = s.run.Current().N
	}
	ev.At = s.now
	var r *playbooks.Refusal
	if err := s.p.Check(s.run, ev, s.env); !errors.As(err, &r) || r.Code != code {
		s.t.Errorf("%s %s is refused with %v, want %s", ev.Kind, ev.Answer, err, code)
	}
	if next, effects := s.p.Advance(s.run, ev, s.env); next.Version != s.run.Version || len(effects) > 0 {
		s.t.Errorf("%s changed the run although it was refused", ev.Kind)
	}
	return s
}

func (s *play) logged(want ...string) {
	s.t.Helper()
	for _, what := range want {
		if !slices.ContainsFunc(s.run.Log, func(e playbooks.Entry) bool { return e.What == what }) {
			s.t.Errorf("the timeline lacks %s: %v", what, s.run.Log)
		}
	}
}

func answer(by, id string) playbooks.Event {
	return playbooks.Event{Kind: playbooks.Answered, By: by, Answer: id}
}

func by(kind playbooks.EventKind, person string) playbooks.Event {
	return playbooks.Event{Kind: kind, By: person}
}

var delivered = playbooks.Event{Kind: playbooks.Delivered}

func TestSilenceIsRemindedOfThenTheManagerIsAskedThenItEnds(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).expect("question tanaka").stands("why")
	s.to("2027-04-05 15:00").do(delivered).expect()
	s.to("2027-04-06 14:59").expect()
	s.to("2027-04-06 15:00").expect("reminder tanaka")
	s.to("2027-04-07 15:00").expect("escalation yamada")
	s.to("2027-04-12 15:00").expect().stands("=unanswered")
	s.logged("log.reminded", "log.escalated", "log.unanswered", "log.ended")
}

func TestAManagerWhoGivesMoreTimePutsTheQuestionOff(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).to("2027-04-07 10:00").expect("question tanaka", "reminder tanaka", "escalation yamada")
	s.do(playbooks.Event{Kind: playbooks.Moved, By: "yamada", Until: s.now.AddDate(0, 0, 5)})
	s.to("2027-04-12 09:59").expect()
	s.to("2027-04-12 10:00").expect("reminder tanaka")
	s.to("2027-04-14 10:00").expect("escalation yamada")
	s.to("2027-04-19 10:00").expect().stands("=unanswered")
}

func TestNobodyIsRemindedOfWhatTheyWereNotGiven(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).expect("question tanaka")
	s.to("2027-04-20 18:00").expect().stands("why")
	s.to("2027-05-31 18:00").expect().stands("=unanswered") // fifteen working days, Golden Week among them
}

func TestAnAnswerLeadsToATaskThenAWaitThenAnOutcome(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).expect("question tanaka")
	s.do(answer("tanaka", "unhappy")).stands("call").expect()
	if v := s.run.Current(); v.Delivered.IsZero() || v.Due.IsZero() {
		t.Errorf("the task is in front of who answered, but %+v", v)
	}
	s.to("2027-04-05 10:01").expect()
	s.to("2027-04-06 09:30").do(playbooks.Event{Kind: playbooks.Checked, By: "tanaka", Items: []int{2, 0, 9}})
	if diff := cmp.Diff([]int{0, 2}, s.run.Current().Checked); diff != "" {
		t.Error(diff)
	}
	s.do(by(playbooks.Done, "tanaka")).stands("settle")
	s.to("2027-04-12 09:30").stands("settle").expect()
	s.to("2027-04-19 09:30").stands("settle_more").expect() // of an enterprise account the manager would have been asked between
	s.to("2027-04-20 09:30").stands("=unclear")             // no logins are known
}

func TestATaskThatIsOverdueIsRemindedOfAndTheManagerIsAskedAfterItsDate(t *testing.T) {
	s := begin(t, "champion-left", playbooks.Event{}).do(delivered).do(answer("tanaka", "nobody")).stands("sponsor")
	s.to("2027-04-08 09:59").expect("question tanaka")
	s.to("2027-04-08 17:59").expect() // three working days: the whole of the Thursday is theirs
	s.to("2027-04-08 18:00").expect("overdue tanaka")
	s.do(playbooks.Event{Kind: playbooks.Moved, By: "tanaka", Until: s.now.AddDate(0, 0, 4)})
	s.to("2027-04-12 18:00").expect("overdue tanaka")
	if v := s.run.Current(); !v.FirstDue.Before(v.Due) {
		t.Errorf("the first due date %v is not kept beside %v", v.FirstDue, v.Due)
	}
	s.to("2027-04-15 09:00").expect("escalation yamada") // two working days after it
}

func TestATaskPassedOnIsDueUntilTheEndOfTheDayOfWhoeverHasItNow(t *testing.T) {
	s := begin(t, "champion-left", playbooks.Event{}).do(delivered).do(answer("tanaka", "nobody")).stands("sponsor")
	due := func(want string) {
		t.Helper()
		if got := s.run.Current().Due.In(time.FixedZone("JST", 9*3600)).Format("2006-01-02 15:04"); got != want {
			t.Errorf("due %s, want %s", got, want)
		}
	}
	due("2027-04-08 18:00")
	s.do(playbooks.Event{Kind: playbooks.Reassigned, By: "yamada", Person: "miller"}).do(delivered)
	due("2027-04-09 07:00") // six in the evening of the 8th in New York
	s.do(playbooks.Event{Kind: playbooks.Reassigned, By: "yamada", Person: "tanaka"}).do(delivered)
	due("2027-04-09 18:00")
}

func TestAnAnswerCanBeTakenBackForAMinute(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered)
	s.do(playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "seasonal", Collected: map[string]any{"until": "2027-06-01"}})
	s.stands("ending =not_a_problem").expect("question tanaka")
	s.now = s.now.Add(30 * time.Second)
	s.refused(by(playbooks.Undone, "sato"), playbooks.RefusedUndoOther)
	s.do(by(playbooks.Undone, "tanaka")).stands("why").expect()
	s.refused(playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Visit: 1, Answer: "unhappy"}, playbooks.RefusedNotCurrent)
	s.do(playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "seasonal", Collected: map[string]any{"until": "2027-06-01"}})
	s.now = s.now.Add(2 * time.Minute)
	s.refused(by(playbooks.Undone, "tanaka"), playbooks.RefusedUndoOver)
	s.do(playbooks.Event{Kind: playbooks.Tick}).stands("=not_a_problem").expect("snooze playbook 2027-05-31T15:00:00Z")
}

func TestWhatDoesNotCountSaysWhy(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered)
	s.refused(answer("tanaka", "holidays"), playbooks.RefusedAnswer)
	s.refused(answer("tanaka", "seasonal"), playbooks.RefusedMissing)
	late := answer("tanaka", "seasonal")
	late.Collected = map[string]any{"until": "soon"}
	s.refused(late, playbooks.RefusedValue)
	late.Collected = map[string]any{"until": "2027-04-01"}
	s.refused(late, playbooks.RefusedPast)
	late.Collected = map[string]any{"until": "2029-04-01"}
	s.refused(late, playbooks.RefusedFar)
	s.refused(by(playbooks.Done, "tanaka"), playbooks.RefusedWrongStep)
	s.refused(by(playbooks.Dismissed, "tanaka"), playbooks.RefusedReason)
	s.refused(playbooks.Event{Kind: playbooks.Dismissed, By: "tanaka", Reason: "other"}, playbooks.RefusedText)
	s.refused(playbooks.Event{Kind: playbooks.Reassigned, By: "tanaka", Person: "nobody"}, playbooks.RefusedPerson)
	s.refused(playbooks.Event{Kind: playbooks.Reassigned, By: "yamada", Person: "tanaka"}, playbooks.RefusedSamePerson)
	s.refused(playbooks.Event{Kind: playbooks.SnoozedRun, By: "tanaka", Until: s.now}, playbooks.RefusedPast)
	s.refused(by(playbooks.Noted, "tanaka"), playbooks.RefusedText)
	s.refused(by(playbooks.Accepted, "suzuki"), playbooks.RefusedWrongStep)
	s.do(answer("miller", "unhappy"))
	s.refused(playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Visit: 1, Answer: "unknown"}, playbooks.RefusedAnswered)
	s.do(playbooks.Event{Kind: playbooks.StoppedRun, By: "ops", Reason: "test"}).stands("=stopped")
	s.refused(by(playbooks.Done, "tanaka"), playbooks.RefusedEnded)
}

func TestWhoIsOnItIsAskedHowItWentAndNotReminded(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).expect("question tanaka")
	s.do(by(playbooks.Taken, "tanaka"))
	s.to("2027-04-07 09:59").expect()
	s.to("2027-04-07 10:00").expect("outcome tanaka")
	s.to("2027-04-13 10:00").expect().stands("why")
	s.to("2027-04-14 10:00").stands("=unanswered")
}

func TestASnoozeAsksAgainWhenItIsOver(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).expect("question tanaka")
	s.do(playbooks.Event{Kind: playbooks.SnoozedRun, By: "tanaka", Until: time.Date(2027, 4, 16, 15, 0, 0, 0, time.UTC)}) // Saturday in Tokyo
	s.to("2027-04-19 08:59").expect().stands("why")
	s.to("2027-04-19 09:00").expect("snooze_over tanaka")
	s.do(delivered).to("2027-04-20 09:00").expect("reminder tanaka")
}

func TestARuleThatEndsClosesAPlayOnlyUntilSomebodyAnswered(t *testing.T) {
	begin(t, "login-drop", playbooks.Event{}).do(delivered).do(playbooks.Event{Kind: playbooks.RuleEnded}).stands("=resolved")
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).do(answer("tanaka", "unhappy"))
	s.do(playbooks.Event{Kind: playbooks.RuleEnded}).stands("call")
	if !s.run.Moot {
		t.Error("the run does not say that its rule no longer holds")
	}
	s.do(by(playbooks.Undone, "tanaka")).stands("=resolved") // nobody has answered any more
}

func TestAHeldRunAsksNothingUntilItIsReleased(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{Other: "r1"}).expect().stands("")
	s.to("2027-04-20 10:00").expect()
	s.do(playbooks.Event{Kind: playbooks.Released}).expect("question tanaka").stands("why")
	s.do(playbooks.Event{Kind: playbooks.HeldBack, Other: "r2"}).to("2027-06-01 10:00").expect().stands("why")
	s.do(playbooks.Event{Kind: playbooks.RuleEnded}).expect().stands("=resolved")
}

func TestAnotherPersonGetsTheQuestionAnew(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{}).do(delivered).expect("question tanaka")
	s.do(playbooks.Event{Kind: playbooks.Reassigned, By: "tanaka", Person: "miller"}).expect("question miller")
	if s.run.Assignee != "miller" || s.run.Current().Delivered != (time.Time{}) {
		t.Errorf("the play is with %s, delivered %v", s.run.Assignee, s.run.Current().Delivered)
	}
	s.to("2027-04-07 10:00").expect()
}

func TestSomebodyAwayIsStoodInFor(t *testing.T) {
	s := begin(t, "login-drop", playbooks.Event{})
	team := s.env.Team.WithAway("tanaka", playbooks.Away{From: rules.NewDate(2027, 4, 5), Until: rules.NewDate(2027, 4, 9), Cover: "miller"})
	s.env.Team = team
	next, effects := s.p.Advance(s.p.NewRun("h", "sample", "", 2), playbooks.Event{Kind: playbooks.Begin, At: s.now}, s.env)
	if last := len(effects) - 1; next.Assignee != "miller" || last < 0 || effects[last].Person != "miller" {
		t.Errorf("assigned to %s, sent %v; want miller", next.Assignee, effects)
	}
}

func TestAHandoffIsAskedBackAndAcceptedAndItsMilestonesArePlayed(t *testing.T) {
	fields := map[string]any{"start": "2027-05-10", "accepter": "jones", "csm": "miller", "champion": "Mori"}
	s := begin(t, "handoff", playbooks.Event{By: "sato", Fields: fields}).stands("form").expect()
	if h := s.run.Handoff; h.State != playbooks.HandoffDraft || h.Turn != "sato" || h.Stars == 0 || h.Score <= 0 || h.Score >= 1 {
		t.Fatalf("the draft is %+v", h)
	}
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "sato"}).expect("handoff jones").do(delivered)
	s.refused(by(playbooks.Replied, "sato"), playbooks.RefusedText)
	s.do(playbooks.Event{Kind: playbooks.AskedBack, By: "jones", Text: "SSO?", Marked: []string{"seats"}}).expect("asked_back sato")
	s.to("2027-04-06 11:00").do(playbooks.Event{Kind: playbooks.Replied, By: "sato", Text: "Yes", Fields: map[string]any{"seats": 40.0}})
	s.expect("handoff jones")
	s.do(playbooks.Event{Kind: playbooks.AskedBack, By: "jones", Text: "Who?"}).expect("asked_back sato", "call davis", "call yamada")
	s.do(playbooks.Event{Kind: playbooks.Replied, By: "sato", Text: "Mori"}).expect("handoff jones")
	s.do(playbooks.Event{Kind: playbooks.Accepted, By: "jones", OpenItems: []playbooks.OpenItem{{Text: "SSO", Owner: "sato"}}})
	s.stands("welcome").expect("set role.onboarding jones", "set role.owner miller", "set attributes.champion Mori", "set contract.c1 map[seats:40 start:2027-05-10]",
		"set stage onboarding", "set milestone.welcome 2027-05-12", "set milestone.kickoff 2027-05-24", "set milestone.technical-setup 2027-05-31",
		"set milestone.first-users 2027-06-07", "set milestone.first-value 2027-06-24", "set milestone.go-live 2027-07-09", "accepted sato")
	s.account.Roles = append(s.account.Roles, rules.Role{Role: "onboarding", Person: "jones"})
	s.do(by(playbooks.Done, "jones")).stands("milestone.kickoff")
	if due := s.run.Current().Due; due.In(s.env.Team.Person("jones").Location).Format(time.DateOnly) != "2027-05-24" {
		t.Errorf("the kickoff is due %v", due)
	}
	s.do(by(playbooks.Done, "jones")).stands("milestone.technical-setup")
	s.account.Milestones = map[string]rules.Milestone{"technical-setup": {Reached: s.now}}
	s.do(playbooks.Event{Kind: playbooks.Facts}).stands("milestone.go-live")
	s.sent = nil
	s.do(by(playbooks.Done, "jones")).stands("ending =handed_over").to("2027-04-07 18:00").stands("=handed_over")
	if !slices.Contains(s.sent, "set milestone.go-live true") {
		t.Errorf("the milestone is not marked: %v", s.sent)
	}
}

func TestAHandoffThatNobodyLooksAtIsRemindedOfAndItsManagerAsked(t *testing.T) {
	s := begin(t, "handoff", playbooks.Event{}).expect("fill sato").do(delivered)
	s.to("2027-04-06 10:00").expect("reminder sato")
	s.to("2027-04-07 22:00").expect("escalation davis")
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"start": "2027-05-10"}}).expect("handoff suzuki").do(delivered)
	s.to("2027-04-09 09:00").expect("reminder suzuki")
	s.do(playbooks.Event{Kind: playbooks.Reassigned, By: "suzuki", Person: "jones"}).expect("handoff jones")
	s.do(playbooks.Event{Kind: playbooks.Declined, By: "jones", Text: "no contract"}).stands("=declined").expect("declined sato", "told yamada")
}

func TestABegunHandoffCanBeWithdrawn(t *testing.T) {
	s := begin(t, "handoff", playbooks.Event{By: "sato", Fields: map[string]any{}})
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "sato"}).sent = nil
	s.do(playbooks.Event{Kind: playbooks.Withdrawn, By: "sato", Text: "the deal fell through"}).stands("=withdrawn").expect("withdrawn suzuki")
}

// TestAManagerHandsAnAccountOver passes on what the one before had, and lets them stand in,
// whoever opened the form.
func TestAManagerHandsAnAccountOver(t *testing.T) {
	fields := map[string]any{"new_owner": "miller", "promises": []any{"none"}}
	s := begin(t, "handoff-csm", playbooks.Event{By: "yamada", Fields: fields})
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "yamada"}).sent = nil
	ev := playbooks.Event{Kind: playbooks.Accepted, By: "miller", At: s.now, Run: s.run.ID, Visit: len(s.run.Visits) - 1}
	_, effects := s.p.Advance(s.run, ev, s.env)
	var from, fallback any
	for _, e := range effects {
		switch {
		case e.Kind == playbooks.PassOn:
			from = e.Args["from"]
		case e.Field == "role."+playbooks.FallbackRole:
			fallback = e.Value.(map[string]any)["person"]
		}
	}
	if from != "tanaka" || fallback != "tanaka" {
		t.Errorf("what is open of %v goes on and %v stands in, want tanaka's and tanaka", from, fallback)
	}
}
