package backtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
	"playcaller/playbooks/backtest"
)

// text writes a report as a terminal shows it.
func text(t testing.TB, r *backtest.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wantLines(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, line := range want {
		if !strings.Contains("\n"+text, "\n"+line) {
			t.Errorf("no line begins with %q in:\n%s", line, text)
		}
	}
}

func TestTheTextSaysWhomItWouldHaveAskedAboutWhichAccount(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-18"), Chance: -1}
	nobody := strings.Replace(quietLogins(4), "playbook: quiet", "playbook: told", 1)
	nobody = nobody[:strings.Index(nobody, "steps:")] + "steps:\n  - {id: tell, say: \"{{ account.name }}\", then: =told}\noutcomes: {told: {good: true}}\n"
	got := text(t, run(t, book(t, quietLogins(3), nobody), o,
		input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0"), input(t, "calm", "2026-03-02", "5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5")))
	wantLines(t, got,
		"FIRED       ACCOUNT  PLAYBOOK  HELD         ASKED\n"+
			"2026-03-07  ACME     quiet     10.4 d       Tanaka\n"+
			"2026-03-08  ACME     told      5 d          nobody\n",
		"2026-03-17  ACME     quiet     still holds  Tanaka\n",
		"quiet: cooling down 1 time")
	if strings.Contains(got, "1 times") {
		t.Error(got)
	}
}

func TestJapaneseNamesDoNotPushTheColumnsApart(t *testing.T) {
	acme, bolt := input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4"), input(t, "bolt", "2026-03-02", "5 5 5 0 0 0 4")
	acme.Account.Name, bolt.Account.Name = "サンプル商事", "Bolt (東京)"
	got := text(t, run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-08"), Chance: -1}, acme, bolt))
	wantLines(t, got,
		"FIRED       ACCOUNT       PLAYBOOK  HELD   ASKED\n"+
			"2026-03-07  サンプル商事  quiet     1.5 d  Tanaka\n"+
			"2026-03-07  Bolt (東京)   quiet     1.5 d  Tanaka\n")
}

// Thirty firings are listed, of more the newest ten of each playbook.
func TestOfManyFiringsTheNewestOfEachPlaybookAreListed(t *testing.T) {
	rare := strings.Replace(quietLogins(3), "playbook: quiet", "playbook: rare", 1)
	rare = strings.Replace(rare, "when:", "audience: account.name == \"A00\"\nwhen:", 1)
	b := book(t, quietLogins(3), rare)
	report := func(accounts int) *backtest.Report {
		var all []backtest.Input
		for n := range accounts {
			all = append(all, input(t, fmt.Sprintf("a%02d", n), "2026-03-02", "5 5 5 "+strings.Repeat("5 ", n/4)+"0 0 0 0"))
		}
		return run(t, b, backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-04-15"), Playbooks: []string{"quiet", "rare"}, Chance: -1}, all...)
	}
	for accounts, left := range map[int]bool{3: false, 32: true} {
		r := report(accounts)
		got := text(t, r)
		listed := strings.Count(got, "  quiet  ") + strings.Count(got, "  rare   ")
		switch note := strings.Contains(got, "These are the newest 10 of each playbook; --csv and --json have the"); {
		case note != left:
			t.Errorf("%d accounts, %d firings:\n%s", accounts, len(r.Episodes), got)
		case !left && listed != len(r.Episodes):
			t.Errorf("%d of %d firings are listed:\n%s", listed, len(r.Episodes), got)
		case left && strings.Count(got, "  quiet  ") != 10:
			t.Errorf("%d firings of quiet are listed:\n%s", strings.Count(got, "  quiet  "), got)
		case left && !strings.Contains(got, "  A00      rare  "):
			t.Errorf("rare is not listed:\n%s", got)
		}
	}
}

// Which part of the prompts chance brings is said only of enough of them.
func TestAShareOfPromptsIsSaidOfManyOnly(t *testing.T) {
	for accounts, share := range map[int]bool{19: false, 20: true} {
		var all []backtest.Input
		for n := range accounts {
			all = append(all, input(t, fmt.Sprintf("a%02d", n), "2026-03-02", "5 5 5 0 0 0 0 0 4 4 4 4 4 4"))
		}
		got := text(t, run(t, book(t, quietLogins(3)), backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: 5}, all...))
		wantLines(t, got, "For these accounts and days that is ")
		if strings.Contains(got, " % of all.") != share {
			t.Errorf("%d prompts:\n%s", accounts, got)
		}
	}
}

// Of one rule with the same condition a firing holds as long, whether its play is over at
// once or waits for long: here until somebody logs in five times.
func TestAFiringHoldsAsLongWhateverItsPlayDoes(t *testing.T) {
	resolved := strings.Replace(quietLogins(3), "cooldown: 5d", "resolve: logins.sum('1d') >= 5\ncooldown: 60d", 1)
	short := strings.Replace(strings.Replace(resolved, "due: 2wd", "due: 1h", 1), "after: 3wd", "after: 1h", 1)
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-21"), Chance: -1}
	for name, text := range map[string]string{"the play waits": resolved, "the play ends at once": short} {
		r := run(t, book(t, text), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 0 0 1 1 1 1 0 0 5 5 5 5 5 5"))
		if len(r.Episodes) == 0 {
			t.Fatal("it did not fire")
		}
		if e := r.Episodes[0]; e.Over.Format("01-02 15:04") != "03-16 12:00" || e.Outcome != "unanswered" {
			t.Errorf("%s: %v", name, told(r.Episodes))
		}
	}
}

// One prompt in half a year is less than 0.1 a week, and still one more.
func TestAChangeTooSmallForARateIsToldAllTheSame(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-08-30"), Chance: -1, Against: book(t, quietLogins(9))}
	days := "5 5 5 0 0 0 0 0 0 4" + strings.Repeat(" 4", 172)
	r := run(t, book(t, quietLogins(3)), o, input(t, "acme", "2026-03-02", days))
	for lang, want := range map[string]string{"en": "prompts change by less than 0.1 a week for anybody", "ja": "問いかけの件数の変わりは、一人あたり週0.1件に届きません"} {
		if got := r.Against.Headline(lang); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
	told := text(t, r)
	for _, want := range []string{"\nTanaka          0       <0.1   less than 0.1  0              1\n", "\n+ 2026-03-07  ACME  quiet"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in:\n%s", want, told)
		}
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), ">acme<") || !strings.Contains(page.String(), `<td class="w">ACME</td>`) {
		t.Error("the page names an account by its id")
	}
}

// A draft asks nobody: its prompts count only from when it is none.
func TestADraftCountsNoPromptsUntilItIsNone(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	draft, ready := book(t, quietLogins(3)+"draft: true\n"), book(t, quietLogins(3))
	none := book(t, quietLogins(30))
	for _, c := range []struct {
		what        string
		from, to    *playbooks.Book
		en, ja      string
		before, was int
	}{
		{"added as a draft", none, draft, "nobody gets more or fewer prompts; once drafts are none, +0.5 for Tanaka", "問いかけの件数に変わりはありません。下書きを本番にすると 田中さん 週+0.5件", 0, 0},
		{"no draft any more", draft, ready, "+0.5 prompts a week for Tanaka", "田中さん 週+0.5件", 0, 1},
	} {
		o.Against = c.from
		d := run(t, c.to, o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4")).Against
		if d.Headline("en") != c.en || d.Headline("ja") != c.ja || d.People[0].PromptsBefore != c.before || d.People[0].PromptsAfter != c.was {
			t.Errorf("%s: %q, %q, %+v", c.what, d.Headline("en"), d.Headline("ja"), d.People)
		}
	}
}

// What a draft would ask is counted apart: the rest is what disturbs people.
func TestADraftsPromptsAreCountedApart(t *testing.T) {
	o := backtest.Options{From: date(t, "2026-03-02"), To: date(t, "2026-03-15"), Chance: -1}
	r := run(t, book(t, quietLogins(3)+"draft: true\n"), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4"))
	l, p := r.Playbooks[0], r.People[0]
	if l.Fired != 1 || l.Prompts != 0 || l.PerWeek != 0 || l.Drafts != 1 {
		t.Errorf("the playbook's line is %+v", l)
	}
	if p.Prompts != 0 || p.PerWeek != 0 || p.Messages != 0 || p.Busiest.Prompts != 0 || p.Drafts != 1 {
		t.Errorf("the person's line is %+v", p)
	}
	for _, want := range []string{"ONCE NO DRAFT", "a draft, which asks nobody; once it is none it would ask 1 time"} {
		if got := text(t, r); !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	var rows, page strings.Builder
	if err := errors.Join(r.WriteCSV(&rows), r.WriteHTML(&page)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(rows.String()), "\n"); !strings.HasSuffix(lines[0], ",draft") || !strings.HasSuffix(lines[1], ",yes") {
		t.Errorf("the rows do not say which is a draft:\n%s", rows.String())
	}
	for _, want := range []string{"0 in all; 1 more once what is a draft is none", ">Once no draft<", "Drafts ask nobody"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	r = run(t, book(t, quietLogins(3)), o, input(t, "acme", "2026-03-02", "5 5 5 0 0 0 4 4 4 4 4 4 4 4"))
	if got := text(t, r); strings.Contains(got, "DRAFT") || r.Playbooks[0].Prompts != 1 || r.People[0].Prompts != 1 {
		t.Errorf("without drafts the report is\n%s", got)
	}
}

// Minutes are no part of a day that anybody reads.
func TestHowLongAFiringHeldIsWrittenInTheUnitThatSaysMost(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for held, want := range map[time.Duration]string{35 * time.Minute: "35 min", 90 * time.Minute: "1.5 h", 23 * time.Hour: "23 h", 36 * time.Hour: "1.5 d"} {
		r := &backtest.Report{Episodes: []backtest.Episode{{Account: "acme", Playbook: "quiet", Fired: start, Over: start.Add(held)}},
			Playbooks: []backtest.PlaybookLine{{Playbook: "quiet", Fired: 1, DaysHeld: held.Hours() / 24}}}
		if got := text(t, r); strings.Count(got, " "+want+" ") != 2 {
			t.Errorf("%v: want %q twice in\n%s", held, want, got)
		}
	}
}
