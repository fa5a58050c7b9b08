package backtest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks/backtest"
)

// crowdOf is a book of one playbook that asks a question after three days without a
// login, with more lines in it.
func crowdOf(more string) string {
	text := strings.Replace(quietLogins(3), "cooldown: 5d", "cooldown: 5d\n"+more, 1)
	return strings.Replace(text, `task: "Call {{ account.name }}", due: 2wd, otherwise: {after: 3wd, then: =unanswered}, then: =called`,
		`ask: "Why?", answers: {called: {label: Called, then: =called}, other: {label: Other, then: =called}}, otherwise: {after: 3wd, then: =unanswered}`, 1)
}

// silent are so many accounts whose last login is on Wednesday, so that the book fires
// at midnight of Saturday the 7th, and that are back from the n-th day on.
func silent(t testing.TB, n int, back string) []backtest.Input {
	return crowd(t, n, "5 5 5 0 0 0 "+back)
}

// asked writes who is asked about which account when, with what is told together.
func asked(r *backtest.Report) []string {
	var all []string
	for _, e := range r.Episodes {
		text := e.Account + " fired " + e.Fired.Format("01-02 15:04")
		switch {
		case e.Message > 0:
			text += fmt.Sprintf(", in message %d of %s", e.Message, e.Grouped.Format("01-02 15:04"))
		case !e.Prompted.IsZero():
			text += ", asked " + e.Prompted.Format("01-02 15:04")
		}
		if !e.Held.IsZero() {
			text += ", held since " + e.Held.Format("01-02 15:04")
		}
		if e.Late {
			text += ", late"
		}
		all = append(all, text)
	}
	return all
}

const twoWeeks = "4 4 4 4 4 4 4 4"

func TestManyAccountsAtOnceAreOneMessage(t *testing.T) {
	b := book(t, crowdOf("group: {of: 3, within: 2h}"))
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	r := run(t, b, o, silent(t, 4, "0 0 0 0 4 4 4 4")...)
	want := []string{"a00 fired 03-07 00:00, in message 1 of 03-07 00:00", "a01 fired 03-07 00:00, in message 1 of 03-07 00:00",
		"a02 fired 03-07 00:00, in message 1 of 03-07 00:00", "a03 fired 03-07 00:00, in message 1 of 03-07 00:00"}
	if diff := cmp.Diff(want, asked(r)); diff != "" {
		t.Error(diff)
	}
	if p := r.Playbooks[0]; p.Prompts != 0 || p.Grouped != 4 || p.Messages != 1 {
		t.Errorf("%+v", p)
	}
	r = run(t, b, o, silent(t, 2, "0 0 0 0 4 4 4 4")...)
	if got := asked(r); !slices.Equal(got, []string{"a00 fired 03-07 00:00, asked 03-09 09:00", "a01 fired 03-07 00:00, asked 03-10 09:00, late"}) {
		t.Error("two of three:", got)
	}
	if text := textOf(t, run(t, b, o, silent(t, 4, "0 0 0 0 4 4 4 4")...)); !strings.Contains(text, "quiet: 4 plays became part of 1 message about several accounts") ||
		!strings.Contains(text, "together with others, message 1") {
		t.Error(text)
	}
}

// A play that was told of with others has no run, so that no cooldown follows it: the
// next silence fires although the cooldown of a play would not be over.
func TestWhatFollowsATogetherToldPlayIsPlayed(t *testing.T) {
	b := book(t, strings.Replace(crowdOf("group: {of: 3, within: 2h}"), "cooldown: 5d", "cooldown: 30d", 1))
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-25"), Chance: -1}
	again := "4 4 4 0 0 0 0 0 0 4 4 4 4 4"
	all := silent(t, 3, twoWeeks)
	all[0] = silent(t, 1, again)[0]
	if got := asked(run(t, b, o, all...)); !slices.Contains(got, "a00 fired 03-13 00:00, asked 03-13 09:00") {
		t.Error("in a message the first time:", got)
	}
	if got := asked(run(t, b, o, all[0])); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "fired 03-13") }) {
		t.Error("asked about the first time:", got)
	}
}

// miller, who is in place of ops, looks on Monday at nine.
func TestWhatIsOverALimitWaitsUntilOpsLook(t *testing.T) {
	b := book(t, crowdOf("limit: 2/h"))
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	all := silent(t, 5, "0 0 0 0 4 4 4 4")
	all[3] = input(t, "a03", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4") // back on Sunday
	r := run(t, b, o, all...)
	want := []string{
		"a00 fired 03-07 00:00, asked 03-09 09:00",
		"a01 fired 03-07 00:00, asked 03-10 09:00, late", // her budget is one a day
		"a02 fired 03-09 09:00, asked 03-11 09:00, held since 03-07 00:00, late",
		"a04 fired 03-09 09:00, asked 03-12 09:00, held since 03-07 00:00, late",
	}
	if diff := cmp.Diff(want, asked(r)); diff != "" {
		t.Error(diff)
	}
	if p := r.Playbooks[0]; p.Storms != 1 || p.Held != 3 || p.Gone != 1 || p.Limit != "2/h" || p.Suppressed["over_storm_limit"] != 0 {
		t.Errorf("%+v", p)
	}
	if p := r.People[0]; p.Late != 3 || p.DaysOver != 3 || p.Messages != 4 || p.Prompts != 4 {
		t.Errorf("%+v", p)
	}
	text := textOf(t, r)
	if !strings.Contains(text, "quiet: over its limit of 2/h 1 time: ops are asked, and 3 plays wait until they look; by then 1 no longer held") {
		t.Error(text)
	}
}

// What a limit holds is the same however it is counted: with a comparison, on several
// workers, and gone on with.
func TestGroupsAndLimitsAreTheSameWithAComparisonAndSeveralWorkers(t *testing.T) {
	b := book(t, crowdOf("limit: 2/h"))
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1, Against: book(t, crowdOf("limit: 4/h"))}
	r := run(t, b, o, silent(t, 5, "0 0 0 0 4 4 4 4")...)
	if d := r.Against; d.Same != 3 || d.Moved != 2 || d.More+d.Fewer != 0 {
		t.Errorf("%+v", d)
	}
	kept := map[string]*backtest.Result{}
	o.Each = func(r *backtest.Result) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		kept[r.Account] = &backtest.Result{}
		return json.Unmarshal(text, kept[r.Account])
	}
	run(t, b, o, silent(t, 5, "0 0 0 0 4 4 4 4")...)
	o.Each, o.Done = nil, func(id string) *backtest.Result {
		if id != "a03" {
			return kept[id]
		}
		return nil
	}
	if again := run(t, b, o, silent(t, 5, "0 0 0 0 4 4 4 4")...); asJSON(t, again) != asJSON(t, r) {
		t.Error("gone on with, it says something else:", cmp.Diff(asJSON(t, r), asJSON(t, again)))
	}
	o.Workers, o.Done = 3, nil
	if again := run(t, b, o, silent(t, 5, "0 0 0 0 4 4 4 4")...); asJSON(t, again) != asJSON(t, r) {
		t.Error("three workers say something else")
	}
}

func textOf(t testing.TB, r *backtest.Report) string {
	t.Helper()
	var text strings.Builder
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
