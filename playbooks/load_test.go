package playbooks_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
	"playcaller/rules"
)

// starter returns the starter book's files, which tests change.
func starter(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheDesignsSamplePlaybookLoads(t *testing.T) {
	files := starter(t)
	sample, err := os.ReadFile("testdata/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files["login-drop.yaml"] = sample
	files["champion-left.yaml"] = []byte("playbook: champion-left\ntitle: Champion left\nabout: The champion left.\nsteps:\n  - {id: a, task: Find the successor, due: 2wd, otherwise: {after: 10wd, then: =unanswered}}\n")
	book, problems := playbooks.Load(files)
	for _, p := range problems {
		t.Log(p.Long())
	}
	if book == nil {
		t.Fatal("the book is refused")
	}
}

func TestAHoldoutIsANumberFromNothingToHalf(t *testing.T) {
	files := starter(t)
	for holdout, fine := range map[string]bool{"0%": true, "50%": true, "50.1%": false, "-1%": false, "NaN%": false, "Inf%": false} {
		files["held.yaml"] = []byte("playbook: held\ntitle: Held\nabout: Some are held out.\nseverity: low\nwhen: account.seats > 5\nholdout: " + holdout +
			"\nsteps:\n  - {id: a, task: Call, due: 2wd, otherwise: {after: 10wd, then: =unanswered}}\n")
		if book, problems := playbooks.Load(files); (book != nil) != fine {
			t.Errorf("holdout %s: loads %t, want %t: %v", holdout, book != nil, fine, problems)
		}
	}
}

// loaded loads files that must be fine.
func loaded(t testing.TB, files map[string][]byte) *playbooks.Book {
	t.Helper()
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the book is refused:\n%s", errorsOf(problems))
	}
	return book
}

// withFormat returns the base book with a playbook that uses every field that the
// engine carries out.
func withFormat(t testing.TB) *playbooks.Book {
	t.Helper()
	files := base(t)
	content, err := os.ReadFile("testdata/format.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files["format.yaml"] = content
	return loaded(t, files)
}

func TestEveryFieldOfTheFormatIsRead(t *testing.T) {
	book := withFormat(t)
	p := book.Playbooks["format"]
	yes := true
	for what, c := range map[string]struct{ got, want any }{
		"severity":      {p.Severity, playbooks.Low},
		"subject":       {p.ForEach, "contract"},
		"on_resolve":    {p.OnResolve, playbooks.ContinueOnResolve},
		"existing":      {p.Existing, playbooks.StartExisting},
		"limit":         {p.Limit, playbooks.Limit{N: 50, Per: 24 * time.Hour}},
		"channel":       {p.Channel, "alerts"},
		"assign":        {p.Assign.String(), "account.onboarding ?? account.owner"},
		"also":          {p.Also.String(), "account.ae"},
		"goal":          {p.Goal.Milestone, "kickoff"},
		"metric":        {p.Goal.Metric.String(), `logins.mean("28d")`},
		"for":           {p.Rule.For, rules.Period{Minutes: 12 * 60}},
		"cooldown":      {p.Rule.Cooldown, rules.Period{Days: 14}},
		"holdout":       {p.Rule.Holdout, 0.025},
		"inhibited_by":  {p.Rule.InhibitedBy, []string{"quiet"}},
		"rule's way":    {p.Rule.Existing, "start"},
		"audience":      {p.Rule.Audience.String(), `(account.seats >= 5) and ((segment.touch == "high") or (segment.touch == "tech"))`},
		"group":         {[]any{p.Group.Of, p.Group.Within, p.Group.Channel, p.Group.Say.In("ja").String()}, []any{6, rules.Period{Minutes: 120}, "#cs-alerts", "弊社側の要因でしょうか。"}},
		"pilot":         {p.Pilot, []string{"tanaka"}},
		"deadline":      {p.Deadline.String(), "contract.end"},
		"stop":          {p.StopWhen[0].Then, playbooks.Target{Outcome: "renewed"}},
		"variant":       {p.Variants[0].Entry, "forecast"},
		"variant steps": {p.Variants[1].Steps[0].Kind, playbooks.TaskStep},
		"outcome":       {p.Outcomes["grown"].Good, &yes},
		"bare outcome":  {p.Outcomes["renewed"].Good, (*bool)(nil)},
		"title":         {p.Title.In("ja").String(), "全項目"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if p.Rule.Fingerprint == "" {
		t.Error("the rule is not sealed")
	}
	if book.Rules.Rule("format") != p.Rule {
		t.Error("the rule is not in the book's set")
	}
}

func TestEveryKindOfStepIsRead(t *testing.T) {
	p := withFormat(t).Playbooks["format"]
	step := map[string]*playbooks.Step{}
	var order []string
	for _, s := range p.Steps {
		step[s.ID] = s
		order = append(order, s.ID+" "+string(s.Kind))
	}
	want := []string{"forecast ask", "tell say", "proposal task", "until_notice wait", "until_said wait", "hold wait", "other start", "mark set", "mail task", "mail_again task", "pass webhook", "hand handoff", "end branch"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	ask, task, hold, hand := step["forecast"], step["proposal"], step["hold"], step["hand"]
	grow, later, plain := ask.Ask.Answers[0], ask.Ask.Answers[1], ask.Ask.Answers[2]
	day := func(n int) rules.Period { return rules.Period{WorkingDays: n} }
	var sent []string
	for _, b := range step["pass"].Webhook.Body {
		if sent = append(sent, b.Name); (b.Value == nil) == (b.Text == nil) {
			t.Errorf("%s is sent as neither or both of a value and a text", b.Name)
		}
	}
	for what, c := range map[string]struct{ got, want any }{
		"answers in order": {[]string{grow.ID, later.ID, plain.ID}, []string{"grow", "later", "plain"}},
		"collect": {grow.Collect, []playbooks.Collect{
			{Name: "amount", Kind: "amount", Label: playbooks.Label{"en": "By how much?", "ja": "増額見込み"}},
			{Name: "who", Kind: "person"}, {Name: "why", Kind: "reason"}, {Name: "note", Kind: "text"}}},
		"set":             {[]string{grow.Set[0].Field, grow.Set[1].Field, grow.Set[2].Value.Source.Text}, []string{"stage", "milestone.kickoff", " account.plan "}},
		"snooze":          {later.Snooze, "30d"},
		"answer's start":  {plain.Start, "quiet"},
		"answer's target": {plain.Then, playbooks.Target{Step: "proposal"}},
		"reminders":       {ask.Remind, []rules.Period{day(1), day(3)}},
		"repetition":      {ask.Repeat, &playbooks.Repeat{Every: day(5), Last: day(5), LastEvery: day(1)}},
		"escalation":      {ask.Escalate, &playbooks.Escalate{After: day(4), To: "account.ae"}},
		"no reminders":    {len(task.Remind), 0},
		"no escalation":   {task.Escalate, (*playbooks.Escalate)(nil)},
		"approval":        {task.Approve, &playbooks.Approve{By: "manager", Within: day(2), Denied: playbooks.Target{Step: "forecast"}}},
		"due":             {task.Task.Due, day(2)},
		"checklist":       {len(task.Task.Checklist), 2},
		"literal text":    {task.Task.Text.In("en").String(), "Write the proposal for {{ account.name }}\nby {{ date(contract.notice_by) }}."},
		"wait and until":  {hold.Wait.For.String() + " " + hold.Wait.Until.String(), `3d logins.sum("1d") > 0`},
		"wait for a date": {step["until_notice"].Wait.Date.String(), "contract.notice_by - 60d"},
		"collected date":  {step["until_said"].Wait.Date.String(), "when_on + 2wd"},
		"declined":        {hand.Declined, playbooks.Target{Step: "mark"}},
		"unknown":         {*step["end"].Branch[2].Unknown, playbooks.Target{Step: "hold"}},
		"prepared text":   {step["mail"].Attach.Text.In("ja").String() + " by " + step["mail"].Attach.By.String(), `{{ account.name }}様 by "yamada"`},
		"text alone":      {step["mail_again"].Attach.Text.In("ja").String(), "お客様各位"},
		"called system":   {step["pass"].Webhook.Name, "crm"},
		"what it is sent": {sent, []string{"risk", "seats", "note", "urgent", "level"}},
		"message":         {step["tell"].Say.Channel, "dm"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestSilenceAlwaysEnds holds for every step that asks somebody, whatever the file
// leaves out.
func TestSilenceAlwaysEnds(t *testing.T) {
	files := base(t)
	files["short.yaml"] = []byte("playbook: short\ntitle: Short\nabout: Short.\nseverity: high\nsteps:\n" +
		"  - {id: a, ask: Why?, answers: {x: X}}\n  - {id: b, task: Do it, due: 3d}\n  - {id: c, branch: [{if: account.seats > 1, then: a}]}\n")
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(errorsOf(problems))
	}
	steps := book.Playbooks["short"].Steps
	unanswered := playbooks.Target{Outcome: "unanswered"}
	if diff := cmp.Diff(&playbooks.Otherwise{After: rules.Period{WorkingDays: 10}, Then: unanswered}, steps[0].Otherwise); diff != "" {
		t.Errorf("of a question (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&playbooks.Otherwise{After: rules.Period{Days: 3, WorkingDays: 10}, Then: unanswered}, steps[1].Otherwise); diff != "" {
		t.Errorf("of a task, after its due date (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&playbooks.Escalate{After: rules.Period{WorkingDays: 2}, To: "manager"}, steps[0].Escalate); diff != "" {
		t.Errorf("the team's escalation (-want +got):\n%s", diff)
	}
	last := steps[2].Branch[len(steps[2].Branch)-1]
	if last.If != nil || last.Then.Outcome != "unclear" || last.Unknown == nil || last.Unknown.Outcome != "unclear" {
		t.Errorf("the branch ends with %+v, want an else and an unknown that are unclear", last)
	}
	hints := 0
	for _, p := range problems {
		if p.File == "short.yaml" && p.Level == playbooks.Hint && strings.Contains(p.Suggestion, "say it") {
			hints++
		}
	}
	if hints != 3 {
		t.Errorf("%d defaults are shown as hints, want 3:\n%s", hints, errorsOf(problems))
	}
}

func TestWhatIsNoBookIsRefused(t *testing.T) {
	many := map[string][]byte{}
	for i := range playbooks.MaxFiles + 1 {
		many[fmt.Sprintf("p%d.yaml", i)] = []byte("playbook: a\n")
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"no files":           {nil, "the book is empty"},
		"too many files":     {many, "at most 500 are read"},
		"a file of 300 KB":   {map[string][]byte{"a.yaml": bytes.Repeat([]byte("# filler\n"), 35000)}, "at most 256 KB are read"},
		"another ending":     {map[string][]byte{"a.yml": []byte("playbook: a\n")}, "end in .yaml; rename it to a.yaml"},
		"no UTF-8":           {map[string][]byte{"a.yaml": {'a', ':', ' ', 0xff}}, "not UTF-8"},
		"NUL bytes":          {map[string][]byte{"a.yaml": {'a', ':', ' ', 0}}, "NUL"},
		"an empty playbook":  {map[string][]byte{"a.yaml": []byte("# nothing\n")}, "the file is empty"},
		"deep brackets":      {map[string][]byte{"a.yaml": bytes.Repeat([]byte("["), 100000)}, "more than 40 levels"},
		"deep dashes":        {map[string][]byte{"a.yaml": bytes.Repeat([]byte("- "), 100000)}, "more than 40 levels"},
		"deep indentation":   {map[string][]byte{"a.yaml": append(bytes.Repeat([]byte(" "), 5000), "a: 1"...)}, "indented by 5000"},
		"growing by aliases": {map[string][]byte{"a.yaml": []byte("a: &a [x, x]\nb: &b [*a, *a]\nplaybook: *b\n")}, "aliases (*name) are not used"},
	} {
		t.Run(name, func(t *testing.T) {
			book, problems := playbooks.Load(c.files)
			if book != nil {
				t.Error("the book is loaded")
			}
			if got := errorsOf(problems); !strings.Contains(got, c.want) {
				t.Errorf("problems are\n%swant one with %q", got, c.want)
			}
		})
	}
}

// TestOneMistakeKeepsTheWholeBookFromBeingLoaded holds for every file of the base.
func TestOneMistakeKeepsTheWholeBookFromBeingLoaded(t *testing.T) {
	for name := range base(t) {
		files := base(t)
		files[name] = append([]byte("nonsense: 1\n"), files[name]...)
		if book, _ := playbooks.Load(files); book != nil {
			t.Errorf("with a mistake in %s the book is loaded", name)
		}
	}
}

func TestProblemsComeInTheSameOrderEveryTime(t *testing.T) {
	files := base(t)
	for name := range files {
		files[name] = bytes.ReplaceAll(files[name], []byte("a"), []byte("e"))
	}
	_, first := playbooks.Load(files)
	if len(first) < 10 {
		t.Fatalf("only %d problems to order", len(first))
	}
	for range 20 {
		_, again := playbooks.Load(files)
		if diff := cmp.Diff(errorsOf(first), errorsOf(again)); diff != "" {
			t.Fatalf("problems differ between two loads:\n%s", diff)
		}
	}
}

func TestABookIsKnownByWhatItDoes(t *testing.T) {
	files := base(t)
	hash := playbooks.Hash(files)
	if got := loaded(t, files).Hash; got != hash || len(got) != 64 {
		t.Errorf("the book's hash is %q, want %q", got, hash)
	}
	files["quiet_test.yaml"] = []byte("tests: []\n")
	if playbooks.Hash(files) != hash {
		t.Error("a test changes the hash")
	}
	files["play.yaml"] = append(files["play.yaml"], '\n')
	if playbooks.Hash(files) == hash {
		t.Error("another byte does not change the hash")
	}
	moved := map[string][]byte{"ab.yaml": []byte("c")}
	if playbooks.Hash(moved) == playbooks.Hash(map[string][]byte{"a.yaml": []byte("bc")}) {
		t.Error("names and contents run together")
	}
}

func TestWindowsLineEndsAndAByteOrderMarkAreRead(t *testing.T) {
	files := base(t)
	files["play.yaml"] = append([]byte("\ufeff"), bytes.ReplaceAll(files["play.yaml"], []byte("\n"), []byte("\r\n"))...)
	loaded(t, files)
}

// FuzzLoad checks that no bytes make the loader panic, and that whatever it refuses
// has a reason with a place in the file.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/format.yaml", "testdata/sample.yaml", "testdata/base/play.yaml"} {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("play.yaml", content)
	}
	for name, content := range base(f) {
		f.Add(name, content)
	}
	f.Add("play.yaml", []byte("{if: \"a\\\n  b\", 'c''d': |\n x\n}"))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		files := base(t)
		files[name] = content
		book, problems := playbooks.Load(files)
		if (book == nil) != playbooks.Broken(problems) {
			t.Fatalf("a book is returned: %v, and the problems are\n%s", book != nil, errorsOf(problems))
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("a problem without a place: %+v", p)
			}
			_ = p.Long()
		}
	})
}

func BenchmarkLoadTheStarterBook(b *testing.B) {
	files := starter(b)
	for b.Loop() {
		if book, problems := playbooks.Load(files); book == nil {
			b.Fatal(errorsOf(problems))
		}
	}
}

func TestABookInsideABookIsToldOnce(t *testing.T) {
	files := starter(t)
	for name, src := range starter(t) {
		files["library/"+name] = src
	}
	_, problems := playbooks.Load(files)
	if len(problems) != 1 || problems[0].File != "library/handoff.yaml" || !strings.Contains(problems[0].Message, "library/ is a book of its own inside this one") {
		t.Errorf("a book copied into another: %v", problems)
	}
}
