package rules

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func testSchema() Schema {
	return Schema{
		Signals: []SignalDef{loginsDef, seatsDef, usersDef, helpDef, openDef},
		Segments: []Segment{{Name: "touch", Values: []SegmentValue{
			{"high", Source{Text: "account.arr >= 10_000_000"}},
			{"low", Source{Text: "account.arr >= 1_000_000 or account.plan == 'pro'"}},
			{"tech", Source{}},
		}}},
		Stages:     []string{"onboarding", "adoption", "renewal"},
		Milestones: []string{"kickoff", "go-live"},
		Attributes: map[string]Type{"risk": Bool, "tier": Text, "score": Number, "review": Day},
	}
}

func testCompiler(t testing.TB) *Compiler {
	t.Helper()
	c, problems := NewCompiler(testSchema())
	for _, p := range problems {
		t.Fatal(p.Long())
	}
	return c
}

// What a writer is told of mistakes, with place, caret and correction, stands in
// testdata/problems.golden.
func TestProblems(t *testing.T) {
	c := testCompiler(t)
	conditions := []string{
		`lgoins.drop("14d") >= 0.4`,
		`logins.dorp("14d") >= 0.4`,
		`logins.drop >= 0.4`,
		`logins.drop() >= 0.4`,
		`logins >= 4`,
		`logins.drop(14d) >= 0.4`,
		`logins.drop(14) >= 0.4`,
		`logins.drop("14") >= 0.4`,
		`logins.drop("2wd") >= 0.4`,
		`logins.drop("500d") >= 0.4`,
		`logins.drop("14d", {v: "8w"}) >= 0.4`,
		`logins.drop("14d", {vs: "1w"}) >= 0.4`,
		`logins.drop("14d", "8w") >= 0.4`,
		`logins.drop("14d", {alarm: "1/year"}) >= 0.4`,
		`logins.drop("14d", {alarms: "1/yaer"}) >= 0.4`,
		`logins.drop("14d", {alarms: 1}) >= 0.4`,
		`logins.drop("14d", {alarms: "90/week"}) >= 0.4`,
		`logins.expected("14d", {alarms: "1/year"}) >= 4`,
		`logins.shift() < -0.4`,
		`logins.sum("7d", {vs: "8w"}) > 1`,
		`logins.distinct("28d") > 4`,
		`seats_used.sum("7d") > 4`,
		`logins.by("exports").sum("7d") > 4`,
		`help_views.by("exports") > 4`,
		`help_views.top("mean", "7d") == "x"`,
		`account.seets >= 5`,
		`account.plan >= 5`,
		`account.seats == "many"`,
		`account.seats`,
		`account.seats = 5`,
		`account.risk and account.seats`,
		`acount.seats > 1`,
		`contract.notice > 1`,
		`segment.tuoch == "high"`,
		`segment.touch == "hgih"`,
		`segment.touch in ["high", "lwo"]`,
		`stage == "adoptoin"`,
		`milestone("kickof").reached`,
		`milestone("kickoff").done`,
		`milestone("kickoff")`,
		`now() > account.day`,
		`filter(logins, # > 1)`,
		`let x = 1; x > 0`,
		`account.seats / 0 > 1`,
		`account.day - 5wd`,
		`account.seats - 5wd > 1`,
		`contract.end > "2027-13-01"`,
		`account.plan matches "a.*"`,
		`nil == account.plan`,
		`logins.sum("7d") >`,
		`(logins.sum("7d") > 1`,
		`logins.sum("7d) > 1`,
		"",
		"account.seats >= 5 and\n  logins.dorp(\"14d\") > 0.4",
		`account.tier == "日本" and account.risc`,
		`percent(account.seats) == "5 %"`,
		`peers("logins.drop('14d')") > 0.2`,
		`peers("logins.drop('14d')").mean > 0.2`,
		`peers(logins.drop("14d")).median > 0.2`,
		`peers("lgoins.drop('14d')").median > 0.2`,
		`peers('logins.drop()').median > 0.2`,
		`peers("account.seats").median > 2`,
		`peers("logins.sum('7d')").share > 0.2`,
		`peers("logins.drop('14d')", {segment: "tuoch"}).median > 0.2`,
		`peers("logins.drop('14d')", "touch").median > 0.2`,
	}
	var b strings.Builder
	for _, text := range conditions {
		cond, problems := c.Condition(Source{File: "playbooks/login-drop.yaml", Line: 10, Column: 7, Indent: 6, Text: text})
		if cond != nil || len(problems) == 0 {
			t.Errorf("%q was accepted", text)
		}
		for _, p := range problems {
			fmt.Fprintln(&b, p.Long())
		}
		fmt.Fprintln(&b)
	}
	for _, text := range []string{
		`{{ acount.name }} logs in less`,
		`Hello {{ account.name`,
		`Hello }} there`,
		`{{ percent(logins.drop('14d')) }} and {{ date(account.seats) }}`,
		"ログイン数が{{ percent(logins.dorp('14d')) }}少なくなっています",
	} {
		_, problems := c.Template(Source{File: "playbooks/login-drop.yaml", Line: 20, Column: 11, Text: text})
		for _, p := range problems {
			fmt.Fprintln(&b, p.Long())
		}
		fmt.Fprintln(&b)
	}
	golden(t, "testdata/problems.golden", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}

// acme is an account in Tokyo with two contracts, on 2026-11-20.
func acme() *Account {
	seats, arr := 20.0, 12_000_000.0
	yes, no := true, false
	return &Account{
		ID: "acme", Name: "Acme KK", Plan: "pro", Seats: &seats, ARR: &arr, TimeZone: "Asia/Tokyo", Country: "JP",
		Stage: "adoption", StageSince: utc("2026-10-31T20:00"),
		Attributes: map[string]any{"risk": true, "tier": "gold", "score": 7.0, "review": "2026-12-24"},
		Roles: []Role{
			{Role: "owner", Person: "tanaka", From: day("2026-01-01")},
			{Role: "owner", Person: "before", To: day("2025-12-31")},
			{Role: "ae", Person: "sato@example.com"},
		},
		Contracts: []Contract{
			{ID: "old", Start: day("2025-01-01"), End: day("2026-01-01")},
			{ID: "late", Start: day("2026-01-01"), End: day("2027-06-30"), AutoRenew: &no},
			{ID: "soon", Start: day("2026-01-01"), End: day("2027-03-31"), AutoRenew: &yes, NoticeBy: day("2027-01-31"), Signed: true},
		},
		Milestones: map[string]Milestone{
			"kickoff": {Due: day("2026-11-10")},
			"go-live": {Due: day("2026-11-01"), Reached: utc("2026-11-05T16:00")},
		},
	}
}

func TestConditions(t *testing.T) {
	c := testCompiler(t)
	for _, tc := range []struct {
		text string
		want Truth
	}{
		{"account.seats >= 5", True},
		{"account.size >= 5", Unknown},
		{"account.size >= 5 and account.seats < 5", False},
		{"account.size >= 5 or account.seats > 5", True},
		{"not (account.size >= 5)", Unknown},
		{"not (account.size >= 5 and account.seats < 5)", True},
		{"account.size / account.seats > 1", Unknown},
		{"account.seats / (account.seats - 20) > 1", Unknown}, // nothing is divided by zero
		{"(account.size ?? 0) < 5", True},
		{`account.plan in ["pro", "team"]`, True},
		{`account.plan not in ["pro", "team"]`, False},
		{`account.seats in [10, 20]`, True},
		{`account.seats in [20]`, True},
		{`account.seats in [1.5, 20, 7]`, True},
		{`account.seats not in [21, 2]`, True},
		{`contract.signed == true`, True},
		{`account.name startsWith "Acme"`, True},
		{`segment.touch == "high"`, True},
		{`stage == "adoption" and stage_days == 19`, True}, // since 1 November in Tokyo
		{"account.risk and account.score == 7", True},
		{"account.attributes.risk", True},
		{`account.review > "2026-12-23"`, True},
		{`account.day == "2026-11-20"`, True},
		{`account.owner == "tanaka"`, True},
		{`account.partner_manager == "x"`, Unknown},
		{`contract.id == "soon" and contract.signed and contract.auto_renew`, True},
		{"contract.notice_in == 72 and contract.end_in == 131", True},
		{"contract.notice_by - 60d > account.day", True},
		{"contract.notice_by - days(73) > account.day", False},
		{"contract.notice_by - 2w == contract.notice_by - 14d", True},
		{`account.day + 1wd == "2026-11-24"`, True}, // Monday 23 November is a holiday in Japan
		{`account.day - 1wd == "2026-11-19"`, True},
		{`milestone("kickoff").reached`, False},
		{`milestone("kickoff").late_by == 10`, True},
		{`milestone("go-live").reached and milestone("go-live").late_by == 0`, True},
		{`milestone("go-live").date == "2026-11-06"`, True},
		{`(account.seats > 5 ? 1 : 2) == 1`, True},
		{"true", True},
		{"logins.sum(\"7d\") > 1 or true", True},
		{"1 + 2 * 3 == 7", True},
	} {
		cond, problems := c.Condition(Source{Text: tc.text})
		if len(problems) > 0 {
			t.Errorf("%s", problems[0].Long())
			continue
		}
		f := NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))
		v := cond.Eval(f)
		if v.Truth != tc.want {
			t.Errorf("%s is %s, want %s; clauses %v, missing %v", tc.text, v.Truth, tc.want, v.Clauses, v.Missing)
		}
		if (v.Truth == Unknown) != (len(v.Missing) > 0) {
			t.Errorf("%s is %s and misses %q", tc.text, v.Truth, v.Missing)
		}
	}
}

func TestClausesAreAsWritten(t *testing.T) {
	c := testCompiler(t)
	cond := condition(t, c, "not (contract.signed)  and ((account.seats + 1) / (account.score) > 2 or\n account.plan  not in ['x'] || logins.last() >= 2 ) && account.day - 60d < contract.end")
	var got []string
	for _, cl := range cond.Eval(NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))).Clauses {
		got = append(got, cl.Source)
	}
	want := []string{"contract.signed", "(account.seats + 1) / (account.score) > 2", "account.plan not in ['x']", "logins.last() >= 2", "account.day - 60d < contract.end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestForContract(t *testing.T) {
	c := testCompiler(t)
	e, problems := c.Expr(Source{Text: "contract.notice_by"}, Day)
	if len(problems) > 0 {
		t.Fatal(problems[0].Long())
	}
	f := NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))
	for _, tc := range []struct{ id, want string }{{"", "2027-01-31"}, {"late", "2027-06-30"}, {"soon", "2027-01-31"}} {
		f.ForContract(tc.id)
		if d, ok := e.Date(f); !ok || d.String() != tc.want {
			t.Errorf("contract %q: notice by %s, want %s", tc.id, d, tc.want)
		}
	}
	f.ForContract("gone")
	if d, ok := e.Date(f); ok {
		t.Errorf("a contract that there is not has notice by %s", d)
	}
}

func TestLetsAndValues(t *testing.T) {
	c := testCompiler(t)
	inner, problems := c.With([]Let{
		{"active", Source{Text: `users.distinct("28d") / account.seats`}},
		{"low", Source{Text: "active < 0.5 and account.size > 3"}},
	}, map[string]Type{"until": Day})
	if len(problems) > 0 {
		t.Fatal(problems[0].Long())
	}
	var h History
	for i := range 5 {
		apply(t, &h, usersDef, time.UTC, utc("2026-11-20T01:00"), Signal{User: fmt.Sprint(i)})
	}
	f := NewFacts(inner, acme(), &h, utc("2026-11-20T02:00"))
	if got := condition(t, inner, "active == 0.25").Truth(f); got != True {
		t.Errorf("active == 0.25 is %s", got)
	}
	low := condition(t, inner, "low")
	if v := low.Eval(f); v.Truth != Unknown || !cmp.Equal(v.Missing, []string{"account.size is not known"}) {
		t.Errorf("low is %s, missing %q", v.Truth, v.Missing)
	}
	if got := low.Signals(); !cmp.Equal(got, []string{"users"}) {
		t.Errorf("low reads %v, want users", got)
	}
	later := condition(t, inner, "until > account.day")
	if got := later.Truth(f); got != Unknown {
		t.Errorf("a value that was not given is %s", got)
	}
	f.Set("until", day("2026-12-01"))
	if got := later.Truth(f); got != True {
		t.Errorf("until 2026-12-01 > today is %s", got)
	}
	if _, problems := c.Condition(Source{Text: "active > 1"}); len(problems) == 0 {
		t.Error("a let is known outside of its playbook")
	}
}

func TestTemplates(t *testing.T) {
	c := testCompiler(t)
	for _, tc := range []struct{ text, en, ja string }{
		{"plain", "plain", "plain"},
		{"{{ account.name }}様", "Acme KK様", "Acme KK様"},
		{"{{ percent(0.573) }}", "57 %", "57%"},
		{"{{ account.arr }} / {{ number(1234.6) }} / {{ 2.346 }}", "12,000,000 / 1,235 / 2.3", "12,000,000 / 1,235 / 2.3"},
		{"{{ date(contract.notice_by) }}", "Sun 31 Jan 2027", "2027年1月31日(日)"},
		{"{{ account.day + 6d }}", "Thu 26 Nov", "11月26日(木)"},
		{"{{ contract.signed }}", "yes", "はい"},
		{"{{ account.size }} people", "– people", "– people"},
		{`{{ percent(logins.drop('14d', {vs: "8w"})) }}`, "–", "–"},
		{`{{ account.name + " " + percent(0.5) }}`, "Acme KK 50 %", "Acme KK 50%"},
	} {
		tm, problems := c.Template(Source{Text: tc.text})
		if len(problems) > 0 {
			t.Errorf("%s", problems[0].Long())
			continue
		}
		f := NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))
		if en, ja := tm.Render(f, "en"), tm.Render(f, "ja"); en != tc.en || ja != tc.ja {
			t.Errorf("%s renders as %q and %q, want %q and %q", tc.text, en, ja, tc.en, tc.ja)
		}
	}
	tm, _ := c.Template(Source{Text: "*{{ account.name }}*"})
	f := NewFacts(c, &Account{Name: "<!channel>"}, nil, utc("2026-11-20T02:00"))
	if got := tm.RenderWith(f, "en", strings.ToUpper); got != "*<!CHANNEL>*" {
		t.Errorf("RenderWith gives %q", got)
	}
}

func TestSegmentsOfAccount(t *testing.T) {
	c := testCompiler(t)
	a := acme()
	f := NewFacts(c, a, nil, utc("2026-11-20T02:00"))
	if diff := cmp.Diff(map[string]string{"touch": "high"}, f.Segments()); diff != "" {
		t.Error(diff)
	}
	a.ARR = nil
	f.Reset(a, nil, utc("2026-11-20T02:00"))
	if got := f.Segments(); len(got) != 0 {
		t.Errorf("without the ARR the segments are %v, want none known", got)
	}
}

// A lone comparison is not run by the vm; it must mean the same.
func TestQuickComparisonsMeanWhatTheVMDoes(t *testing.T) {
	c := testCompiler(t)
	f := NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))
	operands := []string{"19.5", "20", "-3", "account.seats", "account.seats - 1", "2 * account.score + 6", "account.arr / account.seats / 30000", "contract.notice_in"}
	for _, op := range []string{"==", "!=", "<", "<=", ">", ">="} {
		for _, left := range operands {
			for _, right := range operands {
				text := left + " " + op + " " + right
				quick := condition(t, c, text)
				slow := condition(t, c, "("+text+" ? 1 : 0) in [1]")
				if quick.clauses[0].program.quick == nil || slow.clauses[0].program.quick != nil {
					t.Fatalf("%s: the two are not compiled as they should be", text)
				}
				if quick.Truth(f) != slow.Truth(f) {
					t.Errorf("%s: %s quickly, %s by the vm", text, quick.Truth(f), slow.Truth(f))
				}
			}
		}
	}
	for _, text := range []string{`account.plan == "pro"`, `account.plan != "pro"`, `account.plan == account.tier`, `account.plan != account.tier`} {
		quick, slow := condition(t, c, text), condition(t, c, `(`+text+` ? "x" : "y") in ["x"]`)
		if quick.clauses[0].program.quick == nil || quick.Truth(f) != slow.Truth(f) {
			t.Errorf("%s: %s quickly, %s by the vm", text, quick.Truth(f), slow.Truth(f))
		}
	}
}

func TestParsePeriod(t *testing.T) {
	for text, want := range map[string]Period{
		"30m": {Minutes: 30}, "2h": {Minutes: 120}, "3d": {Days: 3}, "8w": {Days: 56}, "2wd": {WorkingDays: 2}, "0d": {},
	} {
		got, err := ParsePeriod(text)
		if err != nil || got != want {
			t.Errorf("%s is %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := ParsePeriod(got.String()); err != nil || again != got {
			t.Errorf("%s is written as %s, which is read as %+v", text, got, again)
		}
	}
	for _, text := range []string{"", "3", "d", "-3d", "3 d", "1.5d", "3y", "99999d", "9999999999999999d"} {
		if p, err := ParsePeriod(text); err == nil {
			t.Errorf("%q is read as %+v", text, p)
		}
	}
	berlin := zone(t, "Europe/Berlin")
	at := time.Date(2026, 3, 28, 10, 0, 0, 0, berlin) // Saturday before the clocks change
	if got := (Period{Days: 1}).AddCalendar(at, berlin); got.Hour() != 10 || got.Sub(at) != 23*time.Hour {
		t.Errorf("a day later it is %s", got)
	}
	if got := (Period{WorkingDays: 2}).AddCalendar(at, berlin); DateOf(got) != day("2026-03-31") {
		t.Errorf("two working days after a Saturday it is %s", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"logins", "help_views", "seats_used", "ae", "arr"}
	for name, want := range map[string]string{"lgoins": "logins", "Logins": "logins", "helpviews": "help_views", "seats": "", "nps": "", "ar": "arr", "log": "logins", "zzzzzzz": ""} {
		if got := Nearest(name, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, text := range []string{`logins.drop("14d", {vs: "8w"}) >= 0.4 and not (account.seats >= 5)`, "contract.notice_by - 60d", "((((", "a?.b", "\xff", `"{{" + '}}'`, "x|y", "account[1:2]", "::x()", "v1 > 2"} {
		f.Add(text)
	}
	c, problems := NewCompiler(testSchema())
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	facts := NewFacts(c, acme(), nil, utc("2026-11-20T02:00"))
	f.Fuzz(func(t *testing.T, text string) {
		src := Source{File: "f.yaml", Line: 1, Column: 1, Text: text}
		cond, problems := c.Condition(src)
		if (cond == nil) != (len(problems) > 0) {
			t.Fatalf("condition %v with problems %v", cond, problems)
		}
		if cond != nil {
			cond.Eval(facts)
		}
		for _, p := range problems {
			p.Long()
		}
		if tm, wrong := c.Template(src); tm != nil {
			tm.Render(facts, "ja")
		} else {
			for _, p := range wrong {
				p.Long()
			}
		}
	})
}
