package backtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
	"playcaller/rules"
)

// shared are the files that the tests' books have besides their playbooks.
func shared() map[string]string {
	return map[string]string{
		"team.yaml": `
people:
  tanaka: {name: {en: Tanaka, ja: 田中}, email: tanaka@example.com, time_zone: UTC, country: DE, hours: 9:00-18:00, budget: 1}
  miller: {name: Miller, email: miller@example.com, time_zone: UTC, country: DE}
default_owner: miller
channels: {alerts: "#cs-alerts"}
`,
		"signals.yaml": `
signals:
  logins: {kind: count, title: Logins}
  seats_used: {kind: gauge, title: Seats}
`,
	}
}

// quietLogins is a playbook that fires after some days without a login.
func quietLogins(days int) string {
	return fmt.Sprintf(`
playbook: quiet
title: Nobody logs in
about: Nobody has logged in for a while.
severity: low
when: logins.days_since() >= %d
cooldown: 5d
assign: account.owner
channel: "#cs-alerts"
steps:
  - {id: call, task: "Call {{ account.name }}", due: 2wd, otherwise: {after: 3wd, then: =unanswered}, then: =called}
outcomes: {called: {good: true}}
`, days)
}

func book(t testing.TB, playbook ...string) *playbooks.Book {
	t.Helper()
	return bookOf(t, shared(), playbook...)
}

func bookOf(t testing.TB, more map[string]string, playbook ...string) *playbooks.Book {
	t.Helper()
	files := map[string][]byte{}
	for name, text := range more {
		files[name] = []byte(text)
	}
	for i, text := range playbook {
		files[fmt.Sprintf("p%d.yaml", i)] = []byte(text)
	}
	b, problems := playbooks.Load(files)
	if b == nil {
		t.Fatal(problems)
	}
	return b
}

func date(t testing.TB, s string) rules.Date {
	t.Helper()
	d, err := rules.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// input is an account of tanaka's with so many logins on each day from the first on;
// "_" is a day without data.
func input(t testing.TB, id, from, days string) backtest.Input {
	t.Helper()
	in := backtest.Input{Account: rules.Account{ID: id, Name: strings.ToUpper(id), Roles: []rules.Role{{Role: "owner", Person: "tanaka"}}}}
	first := date(t, from)
	for i, word := range strings.Fields(days) {
		if word == "_" {
			continue
		}
		var n float64
		if _, err := fmt.Sscan(word, &n); err != nil {
			t.Fatal(err)
		}
		in.Signals = append(in.Signals, rules.Signal{Account: id, Signal: "logins", Value: n, At: backtest.Noon(first+rules.Date(i), time.UTC), Mode: "set"})
	}
	return in
}

func from(all ...backtest.Input) iter.Seq2[backtest.Input, error] {
	return func(yield func(backtest.Input, error) bool) {
		for _, in := range all {
			in.Signals = slices.Clone(in.Signals)
			if !yield(in, nil) {
				return
			}
		}
	}
}

func run(t testing.TB, b *playbooks.Book, o backtest.Options, all ...backtest.Input) *backtest.Report {
	t.Helper()
	r, err := backtest.Run(context.Background(), b, from(all...), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told writes episodes as a test reads them: account playbook fired–over prompted.
func told(episodes []backtest.Episode) []string {
	var all []string
	for _, e := range episodes {
		over := "still"
		if !e.Over.IsZero() {
			over = e.Over.Format("01-02 15:04")
		}
		all = append(all, fmt.Sprintf("%s %s %s to %s, %s at %s, %s", e.Account, e.Playbook, e.Fired.Format("01-02 15:04"), over,
			e.Person, e.Prompted.Format("01-02 15:04"), e.Outcome))
	}
	return all
}

// 2026-03-02 is a Monday. The last login of acme is on Wednesday the 4th, so that at
// midnight of Saturday the 7th it is three days ago; tanaka is given the task on Monday
// at nine. Nobody does it: after three working days from then it ends. On Thursday the
// 12th at noon somebody logs in.
func TestAnEpisodeBeginsEndsAndIsAskedAboutWhenTheLiveBotWould(t *testing.T) {
	r := run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1},
		input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 4 4 4 4"))
	want := []string{"acme quiet 03-07 00:00 to 03-12 12:00, tanaka at 03-09 09:00, unanswered"}
	if diff := cmp.Diff(want, told(r.Episodes)); diff != "" {
		t.Error(diff)
	}
	if got := r.Episodes[0].Values[0].Read; got != "logins.days_since() = 3" {
		t.Errorf("it read %q", got)
	}
	l := r.Playbooks[0]
	if l.Fired != 1 || l.Prompts != 1 || l.Accounts != 1 || l.DaysHeld != 5.5 || l.StillHolds != 0 || l.PerWeek != 0.5 {
		t.Errorf("%+v", l)
	}
}

func TestWhatHoldsOnTheFirstDayIsListedAndNotAsked(t *testing.T) {
	r := run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-09"), To: date(t, "2026-03-15"), Chance: -1},
		input(t, "acme", "2026-03-01", "5 0 0 0 0 0 0 0 0 0 0 0 0 0 0"))
	if l := r.Playbooks[0]; l.Already != 1 || l.Fired != 0 {
		t.Errorf("%+v", l)
	}
}

// The run ends on Thursday the 12th at nine, three working days after its delivery;
// five days later, on Tuesday the 17th at nine, the condition still holds.
func TestWhatStillHoldsFiresAgainAfterTheCooldown(t *testing.T) {
	r := run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-18"), Chance: -1},
		input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0"))
	want := []string{
		"acme quiet 03-07 00:00 to 03-17 09:00, tanaka at 03-09 09:00, unanswered",
		"acme quiet 03-17 09:00 to still, tanaka at 03-17 09:00, ",
	}
	if diff := cmp.Diff(want, told(r.Episodes)); diff != "" {
		t.Error(diff)
	}
	if l := r.Playbooks[0]; l.Suppressed[string(rules.CoolingDown)] != 1 || l.StillHolds != 1 {
		t.Errorf("%+v", l)
	}
}

func TestPeopleAreCountedByWeekAndAgainstTheirDailyBudget(t *testing.T) {
	days := "5 5 5 0 0 0 0 0 0 0 4 4 4 4"
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	r := run(t, book(t, crowdOf("")), o, input(t, "acme", "2026-03-02", days), input(t, "bolt", "2026-03-02", days), input(t, "calm", "2026-03-02", "5 5 5 5 5 5 5 5 5 5 5 5 5 5"))
	p := r.People[0]
	if p.Person != "tanaka" || p.Accounts != 3 || p.Prompts != 2 || p.PerWeek != 1 || p.Budget != 1 || p.DaysOver != 1 || p.Late != 1 || p.Messages != 2 {
		t.Errorf("%+v", p)
	}
	want := []backtest.Week{{date(t, "2026-03-02"), 0}, {date(t, "2026-03-09"), 2}}
	if diff := cmp.Diff(want, p.Weeks); diff != "" {
		t.Error(diff)
	}
}

func TestTwoBooksDifferInWhatFiresAndSayWhy(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1, Against: book(t, quietLogins(5))}
	r := run(t, book(t, quietLogins(3)), o,
		input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4"), // three days, never five
		input(t, "bolt", "2026-03-02", "5 5 5 0 0 0 0 0 4 4 4 4 4 4")) // five days: two days later
	d := r.Against
	if d.More != 1 || d.Fewer != 0 || d.Moved != 1 || d.Same != 0 {
		t.Errorf("%+v", d)
	}
	c := d.Changes[0]
	if c.Kind != backtest.More || c.Episode.Account != "acme" || c.Episode.Why.Kind != backtest.WhyFalse ||
		c.Episode.Why.Text != "logins.days_since() >= 5 does not hold: logins.days_since() = 3" {
		t.Errorf("%+v %+v", c, c.Episode.Why)
	}
	if got := d.Headline("en"); got != "+0.5 prompts a week for Tanaka" {
		t.Error(got)
	}
	if got := d.Headline("ja"); got != "田中さん 週+0.5件" {
		t.Error(got)
	}

	o.Against = book(t, quietLogins(3))
	r = run(t, book(t, quietLogins(5)), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4"))
	if d := r.Against; d.Fewer != 1 || d.More != 0 || d.Changes[0].Episode.Why.Kind != backtest.WhyFalse || d.Headline("en") != "−0.5 prompts a week for Tanaka" {
		t.Errorf("%+v", d)
	}
}

// One and an eighth, and one and a quarter, are told as 1.1 and 1.3: then the change is
// 0.2 wherever it is told, though it is an eighth.
func TestPromptsAWeekAreToldAlikeEverywhere(t *testing.T) {
	p := backtest.PersonChange{Person: "tanaka", Names: map[string]string{"en": "Tanaka", "ja": "田中"}, Before: 1.125, After: 1.25}
	if was, is, change := p.Told(); was != 1.1 || is != 1.3 || change != 0.2 {
		t.Error(was, is, change)
	}
	d := backtest.Difference{People: []backtest.PersonChange{p, {Person: "miller", Before: 0.06, After: 0.12}}}
	if got := d.Headline("en"); got != "+0.2 prompts a week for Tanaka" {
		t.Error(got)
	}
	if got := d.Headline("ja"); got != "田中さん 週+0.2件" {
		t.Error(got)
	}
}

func TestAWhySaysWhatHeldTheOtherBookBack(t *testing.T) {
	acme := input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 4 4 4 4")
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	plain := quietLogins(3)
	for name, c := range map[string]struct{ other, kind, text string }{
		"no such playbook":   {strings.Replace(plain, "playbook: quiet", "playbook: calm", 1), backtest.WhyAbsent, "there is no playbook quiet"},
		"for":                {strings.Replace(plain, "cooldown:", "for: 2d\ncooldown:", 1), backtest.WhyPending, "its condition holds since 2026-03-07, and must for 2d"},
		"audience":           {strings.Replace(plain, "when:", "audience: account.name == \"BOLT\"\nwhen:", 1), backtest.WhyAudience, `outside the audience: account.name == "BOLT" does not hold: account.name = ACME`},
		"audience unknown":   {strings.Replace(plain, "when:", "audience: account.seats >= 5\nwhen:", 1), backtest.WhyUnknown, "the audience cannot be told: account.seats is not known"},
		"one of two clauses": {strings.Replace(plain, "logins.days_since() >= 3", "logins.days_since() >= 3 and account.name == \"BOLT\"", 1), backtest.WhyFalse, `account.name == "BOLT" does not hold: account.name = ACME`},
		"condition unknown":  {strings.Replace(plain, ">= 3", ">= 3 and seats_used.last() > 3", 1), backtest.WhyUnknown, "seats_used: no data yet"},
	} {
		o.Against = book(t, c.other)
		r := run(t, book(t, plain), o, acme)
		i := slices.IndexFunc(r.Against.Changes, func(c backtest.Change) bool { return c.Kind != backtest.Fewer })
		why := r.Against.Changes[i].Episode.Why
		if why == nil || why.Kind != c.kind || why.Text != c.text {
			t.Errorf("%s: got %+v, want %s: %s", name, why, c.kind, c.text)
		}
	}
}

// What holds in neither book is no reason for the difference; and what is held back says
// until when.
func TestAWhyNamesWhatDiffers(t *testing.T) {
	or := func(days int) string {
		return strings.Replace(quietLogins(days), fmt.Sprintf("logins.days_since() >= %d", days), fmt.Sprintf(`logins.sum("1d") > 99 or logins.days_since() >= %d`, days), 1)
	}
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-18"), Chance: -1, Against: book(t, or(5))}
	r := run(t, book(t, or(3)), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4 4 4 4"))
	if got := r.Against.Changes[0].Episode.Why.Text; got != "logins.days_since() >= 5 does not hold: logins.days_since() = 3" {
		t.Error(got)
	}
	o.Against = book(t, strings.Replace(quietLogins(3), "cooldown: 5d", "cooldown: 20d", 1))
	r = run(t, book(t, quietLogins(3)), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0"))
	if got := r.Against.Changes[0].Episode.Why; got.Kind != backtest.WhySuppressed || got.Text != "cooling down until 2026-04-01" {
		t.Error(got)
	}
}

// What a stopped feed would have told is unknown; but where the feed brings other
// accounts' data, silence is silence.
func TestSilenceIsZeroOnlyWhereTheFeedWasAlive(t *testing.T) {
	low := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `logins.mean("7d") < 2`, 1)
	o := backtest.Options{From: date(t, "2026-03-09"), To: date(t, "2026-03-22"), Chance: -1}
	acme := input(t, "acme", "2026-03-02", "5 5 5 5 5 5 5 5 5 _ _ _ _ _ _ _ _ _ _ _ _")
	if r := run(t, book(t, low), o, acme); len(r.Episodes) != 0 || r.Playbooks[0].Unknown == 0 || !strings.Contains(r.Playbooks[0].Missing, "no data since 2026-03-10") {
		t.Errorf("%+v %v", r.Playbooks[0], told(r.Episodes))
	}
	var days backtest.Days
	for d := date(t, "2026-03-02"); d <= o.To; d++ {
		days.Add(d)
	}
	o.Heard = map[string]backtest.Days{"logins": days}
	if r := run(t, book(t, low), o, acme); len(r.Episodes) != 1 {
		t.Errorf("%+v %v", r.Playbooks[0], told(r.Episodes))
	}
}

func TestMilestonesAndStagesComeWhenTheyCame(t *testing.T) {
	text := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `stage == "adoption" and not milestone("kickoff").reached`, 1)
	files := shared()
	files["journey.yaml"] = "stages:\n  adoption: {title: Adoption}\nmilestones:\n  kickoff: {title: Kickoff, stage: adoption}\n"
	b := bookOf(t, files, text)
	in := input(t, "acme", "2026-03-02", "5 5 5 5 5")
	in.Account.Stage, in.Account.StageSince = "adoption", date(t, "2026-03-05").In(time.UTC)
	in.Account.Milestones = map[string]rules.Milestone{"kickoff": {Reached: date(t, "2026-03-10").In(time.UTC)}}
	r := run(t, b, backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}, in)
	if got := told(r.Episodes); len(got) != 1 || !strings.HasPrefix(got[0], "acme quiet 03-05 00:00 to 03-10 00:00") {
		t.Error(got)
	}
}

// The same seed gives the same report, with one worker or three, and when half of it
// was known before.
func TestAReportDependsOnNothingButBookInputsAndSeed(t *testing.T) {
	drop := strings.Replace(quietLogins(3), "logins.days_since() >= 3", `logins.drop("7d") >= 0.2`, 1)
	b := book(t, drop, strings.Replace(quietLogins(2), "playbook: quiet", "playbook: silent", 1))
	var all []backtest.Input
	for n := range 12 {
		all = append(all, input(t, fmt.Sprintf("a%02d", n), "2026-01-01", strings.Repeat(fmt.Sprintf("%d 9 %d 7 8 0 0 ", n+3, n), 16)))
	}
	all[3].End = backtest.End{Kind: backtest.Churned, On: date(t, "2026-04-10")}
	o := backtest.Options{From: date(t, "2026-03-01"), To: date(t, "2026-04-15"), Seed: 7, Accounts: 12, Chance: 24, Workers: 1}
	kept := map[string]*backtest.Result{}
	o.Each = func(r *backtest.Result) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		again := &backtest.Result{}
		kept[r.Account] = again
		return json.Unmarshal(text, again)
	}
	first := asJSON(t, run(t, b, o, all...))
	o.Each, o.Workers = nil, 3
	if got := asJSON(t, run(t, b, o, all...)); got != first {
		t.Error("three workers: ", cmp.Diff(first, got))
	}
	o.Done = func(id string) *backtest.Result {
		if id < "a06" {
			return kept[id]
		}
		return nil
	}
	if got := asJSON(t, run(t, b, o, all...)); got != first {
		t.Error("half of it known: ", cmp.Diff(first, got))
	}
	o.Done, o.Seed = nil, 8
	if got := asJSON(t, run(t, b, o, all...)); got == first {
		t.Error("another seed gave the same report")
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOptionsThatCannotBePlayedSayWhy(t *testing.T) {
	b := book(t, quietLogins(3))
	day := date(t, "2026-03-02")
	for want, o := range map[string]backtest.Options{
		"want the first and the last day":                {To: day},
		"the last day comes before the first":            {From: day, To: day - 1},
		"at most three years":                            {From: day, To: day + 2000},
		`there is no playbook "quit"; did you mean "qui`: {From: day, To: day, Playbooks: []string{"quit"}},
	} {
		if _, err := backtest.Run(context.Background(), b, from(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What was played before the caller gave up is reported.
func TestABacktestThatIsEndedEarlyReportsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1, Workers: 1}
	o.Each = func(*backtest.Result) error { cancel(); return nil }
	inputs := func(yield func(backtest.Input, error) bool) {
		for n := 0; yield(input(t, fmt.Sprint("a", n), "2026-03-02", "5 5 0 0 0 0 0"), nil); n++ {
		}
	}
	r, err := backtest.Run(ctx, book(t, quietLogins(3)), inputs, o)
	if err == nil || r == nil || r.Accounts == 0 {
		t.Fatal(r, err)
	}
}

// An account in memory gives the days that it was made of: whole and split ones.
func TestAHistoryInMemoryIsPlayedAsItCame(t *testing.T) {
	def := rules.SignalDef{Name: "help", Kind: rules.Count, Dimension: "topic"}
	logins := rules.SignalDef{Name: "logins", Kind: rules.Count}
	first, h, again := date(t, "2026-01-05"), rules.History{}, rules.History{}
	for d := first; d < first+200; d++ {
		at := backtest.Noon(d, time.UTC)
		for _, s := range []rules.Signal{{Signal: "help", By: "exports", Value: 2}, {Signal: "help", By: "imports", Value: 1}, {Signal: "help", Value: 4}, {Signal: "logins", Value: 5}} {
			s.At = at
			of := def
			if s.Signal == "logins" {
				of = logins
			}
			if _, err := h.Apply(s, of, time.UTC, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	in := backtest.FromHistory(rules.Account{ID: "acme"}, &h)
	slices.SortStableFunc(in.Signals, func(a, b rules.Signal) int { return a.At.Compare(b.At) })
	for _, s := range in.Signals {
		of := def
		if s.Signal == "logins" {
			of = logins
		}
		if _, err := again.Apply(s, of, time.UTC, s.At); err != nil {
			t.Fatal(err)
		}
	}
	for _, of := range [][2]string{{"help", ""}, {"help", "exports"}, {"help", "imports"}, {"logins", ""}} {
		want, got := h.Days(of[0], of[1], first, first+200), again.Days(of[0], of[1], first, first+200)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%v: %s", of, diff)
		}
	}
}
