package cards_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
	"playcaller/rules"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares v, as JSON, with the file of that name in testdata.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got); run the test with -update if it is meant\n%s", path, diff)
	}
}

func form() map[string]any {
	return map[string]any{
		"account_id": "acme", "ae": "sato", "accepter": "suzuki", "tier": "high_touch", "amount": 1_200_000.0,
		"start": "2027-04-01", "seats": 40.0, "why_bought": "less <b>paper</b>", "promises": []any{"SSO by June", "20 % off"},
	}
}

// states are runs in every state that a card can show.
func states(t testing.TB, book *playbooks.Book, account *rules.Account) map[string]*playbooks.Run {
	f := book.Rules.Facts(account, cardstest.History(t, book), cardstest.Now)
	play := func(events ...playbooks.Event) *playbooks.Run {
		return cardstest.Run(t, book, account, f, "login-drop", events...)
	}
	hand := func(events ...playbooks.Event) *playbooks.Run {
		return cardstest.Run(t, book, account, f, "handoff", events...)
	}
	answered := playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "unhappy"}
	later := cardstest.Now.Add(2 * time.Minute)
	sent := playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: form()}
	asked := playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Marked: []string{"promises"}, Text: "Is SSO part of <the> contract?"}
	return map[string]*playbooks.Run{
		"asked":   play(),
		"taken":   play(playbooks.Event{Kind: playbooks.Taken, By: "tanaka"}),
		"snoozed": play(playbooks.Event{Kind: playbooks.SnoozedRun, By: "tanaka", Until: cardstest.Now.AddDate(0, 0, 7)}),
		"task":    play(answered, playbooks.Event{Kind: playbooks.Checked, By: "tanaka", Items: []int{1}}),
		"ending":  play(playbooks.Event{Kind: playbooks.Dismissed, By: "tanaka", Reason: "known"}),
		"ended": play(playbooks.Event{Kind: playbooks.Dismissed, By: "tanaka", Reason: "known"},
			playbooks.Event{Kind: playbooks.Tick, At: later}),
		"waiting":  play(answered, playbooks.Event{Kind: playbooks.Done, By: "tanaka"}),
		"evidence": play(playbooks.Event{Kind: playbooks.Joined, Playbook: "help-spike", Other: "r2"}),

		"handoff_sent":     hand(sent),
		"handoff_asked":    hand(sent, asked),
		"handoff_accepted": hand(sent, playbooks.Event{Kind: playbooks.Accepted, By: "suzuki"}),
	}
}

func TestCardsLookLikeTheirGoldenFiles(t *testing.T) {
	book := cardstest.Book(t)
	for _, lang := range []string{"en", "ja"} {
		name := map[string]string{"en": "Acme KK", "ja": "サンプル商事"}[lang]
		account := cardstest.Account(name)
		for state, run := range states(t, book, account) {
			t.Run(lang+" "+state, func(t *testing.T) {
				golden(t, lang+"_"+state, cards.Card(cardstest.Scene(t, book, account, run, lang)))
			})
		}
	}
}

func TestTheThreadIsTheRunsLog(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	run := states(t, book, account)["waiting"]
	m, ok := cards.Log(cardstest.Scene(t, book, account, run, "en"), 0, len(run.Log))
	if !ok {
		t.Fatal("nothing was said of a run that has a log")
	}
	golden(t, "en_log", m)
	if _, ok := cards.Log(cardstest.Scene(t, book, account, run, "en"), len(run.Log), len(run.Log)); ok {
		t.Error("something was said although the log has not grown")
	}
}

func TestSeveralNudgesAreOneMessage(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("サンプル商事")
	s := states(t, book, account)
	nudge := func(state, what string) cards.Nudge {
		scene := cardstest.Scene(t, book, account, s[state], "ja")
		return cards.Nudge{Scene: scene, Link: "https://acme.slack.com/archives/C1/p1",
			Effect: playbooks.Effect{Kind: playbooks.Nudge, What: what, Person: "tanaka", Visit: s[state].Current().N}}
	}
	v := cardstest.Scene(t, book, account, s["asked"], "ja").Voice
	golden(t, "ja_nudges", cards.Nudges(v, []cards.Nudge{nudge("task", "reminder"), nudge("task", "overdue"), nudge("asked", "escalation")}))
	golden(t, "ja_nudge_question", cards.Nudges(v, []cards.Nudge{nudge("asked", "question")}))
	golden(t, "ja_nudge_handoff", cards.Nudges(v, []cards.Nudge{nudge("handoff_sent", "handoff")}))
	golden(t, "ja_nudge_asked_back", cards.Nudges(v, []cards.Nudge{nudge("handoff_asked", "asked_back")}))
}

func TestListsShowWhatWaits(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("サンプル商事")
	var todos []cards.Todo
	s := states(t, book, account)
	for _, state := range []string{"asked", "task", "waiting", "handoff_sent", "ended"} {
		todos = append(todos, cards.Todo{Scene: cardstest.Scene(t, book, account, s[state], "ja")})
	}
	v := todos[0].Scene.Voice
	golden(t, "ja_home", cards.Home(v, todos, nil))
	m, ok := cards.Digest(v, todos, map[string]any{"date": v.Day(cardstest.Now)})
	if !ok || !strings.Contains(m.Text, "おはようございます。11月24日(火)の対応一覧です。") {
		t.Errorf("the digest begins with %q", m.Text)
	}
	if _, ok := cards.Digest(v, todos[2:3], nil); ok {
		t.Error("a digest was made although nothing waits for anybody")
	}
}

func TestFormsLookLikeTheirGoldenFiles(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	s := states(t, book, account)
	asked, task, sent := cardstest.Scene(t, book, account, s["asked"], "en"), cardstest.Scene(t, book, account, s["task"], "en"), cardstest.Scene(t, book, account, s["handoff_sent"], "en")
	user := func(person string) string { return "U0" + strings.ToUpper(person) }
	for name, view := range map[string]slack.ModalViewRequest{
		"answer":   cards.AnswerForm(asked, s["asked"].Current(), asked.AnswerOf(cards.Ref{Visit: s["asked"].Current().N, Answer: "seasonal"})),
		"snooze":   cards.SnoozeForm(asked, s["asked"].Current()),
		"dismiss":  cards.DismissForm(asked, s["asked"].Current()),
		"move":     cards.MoveForm(task, s["task"].Current()),
		"details":  cards.DetailsForm(asked),
		"ask_back": cards.AskBackForm(sent, s["handoff_sent"].Current()),
		"accept":   cards.AcceptForm(sent, s["handoff_sent"].Current(), user),
		"read":     cards.ReadForm(sent),
		"handoff": cards.HandoffForm(cards.FormScene{Form: book.Forms["new"], Account: account, Values: form(), Voice: asked.Voice, User: user,
			Ref: cards.Ref{Account: "acme", Form: "new"}}),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "en_form_"+name, view)
			if len(view.Blocks.BlockSet) > 100 || utf8.RuneCountInString(view.Title.Text) > 24 {
				t.Errorf("%d blocks under the title %q: Slack refuses that", len(view.Blocks.BlockSet), view.Title.Text)
			}
		})
	}
}

func TestWithoutChartsAWorkspaceGetsASparkline(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	m := cards.Card(cardstest.Scene(t, book, account, states(t, book, account)["asked"], "en"))
	charts := 0
	for _, b := range m.Blocks {
		if b.BlockType() == slack.MBTDataVisualization {
			charts++
		}
	}
	if charts != 1 {
		t.Fatalf("the card has %d charts, want one", charts)
	}
	for _, b := range cards.WithoutCharts(m.Blocks) {
		if b.BlockType() == slack.MBTDataVisualization {
			t.Error("a chart is left")
		}
	}
	if got, want := cards.Sparkline([]float64{0, 1, 2, 7}), "▁▂▃█"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextsFromDataDoNothingInSlack(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a mention of everybody", "<!channel>", "&lt;!channel&gt;"},
		{"a link", "<https://evil.example|CRM>", "&lt;https://evil.example|CRM&gt;"},
		{"an entity", "A&amp;B", "A&amp;amp;B"},
		{"bold", "*bold*", "\u200b*\u200bbold\u200b*\u200b"},
		{"an underscore within a word", "acme_prod", "acme_prod"},
		{"a quote", "> said", "\u200b&gt; said"},
		{"turned round text", "a\u202eb", "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := cards.Escape(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzEveryNameGivesBlocksThatSlackTakes(f *testing.F) {
	for _, name := range []string{"Acme KK", "<!channel>", "", "サンプル商事", strings.Repeat("長い名前", 2000), "a\x00b\xff", "&amp;*_~`>\n\n", "{{ account.id }}"} {
		f.Add(name)
	}
	book := cardstest.Book(f)
	runs := states(f, book, cardstest.Account("Acme KK"))
	f.Fuzz(func(t *testing.T, name string) {
		account := cardstest.Account(name)
		for state, r := range runs {
			run := *r
			if run.Handoff != nil {
				h := *run.Handoff
				h.Fields = map[string]any{"why_bought": name, "promises": []string{name, name}, "champion": name}
				h.Questions = []playbooks.Question{{Text: name, By: "suzuki"}}
				run.Handoff = &h
			}
			m := cards.Card(cardstest.Scene(t, book, account, &run, "ja"))
			if wrong := faults(m); wrong != "" {
				t.Errorf("%s: %s", state, wrong)
			}
		}
	})
}

// faults says what Slack would refuse in a message, or would act on.
func faults(m cards.Message) string {
	b, err := json.Marshal(slack.Blocks{BlockSet: m.Blocks})
	switch {
	case err != nil:
		return err.Error()
	case len(m.Blocks) > 50:
		return fmt.Sprint(len(m.Blocks), " blocks")
	case utf8.RuneCount(b) > 13_200:
		return fmt.Sprint(utf8.RuneCount(b), " characters")
	case strings.Contains(m.Text, "<!") || strings.Contains(string(b), `\u003c!`):
		return "somebody is pinged"
	}
	ids := map[string]bool{}
	for _, block := range m.Blocks {
		switch x := block.(type) {
		case *slack.SectionBlock:
			if x.Text != nil && (x.Text.Text == "" || utf8.RuneCountInString(x.Text.Text) > 3000 || !utf8.ValidString(x.Text.Text)) {
				return "a section's text"
			}
			for _, field := range x.Fields {
				if field.Text == "" || utf8.RuneCountInString(field.Text) > 2000 {
					return "a field's text"
				}
			}
		case *slack.ActionBlock:
			if ids[x.BlockID] || len(x.BlockID) > 255 || len(x.Elements.ElementSet) > 25 {
				return "the actions " + x.BlockID
			}
			ids[x.BlockID] = true
		case *slack.DataVisualizationBlock:
			if err := x.Validate(); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

func TestMenusHaveNoMoreEntriesThanSlackTakes(t *testing.T) {
	book := cardstest.Book(t)
	account := cardstest.Account("Acme KK")
	menus := 0
	for state, run := range states(t, book, account) {
		for _, block := range cards.Card(cardstest.Scene(t, book, account, run, "en")).Blocks {
			row, ok := block.(*slack.ActionBlock)
			if !ok {
				continue
			}
			for _, e := range row.Elements.ElementSet {
				if menu, ok := e.(*slack.OverflowBlockElement); ok {
					menus++
					if len(menu.Options) > 5 {
						t.Errorf("%s: a menu has %d entries, Slack takes 5", state, len(menu.Options))
					}
				}
			}
		}
	}
	if menus == 0 {
		t.Error("no card has a menu")
	}
}

// After a snooze the same question is put with the numbers of that day.
func TestAQuestionAskedAgainShowsItsNumbersOnce(t *testing.T) {
	book := cardstest.Book(t)
	account := cardstest.Account("Acme KK")
	run := states(t, book, account)["asked"]
	again := run.Visits[0]
	again.N, again.Said = 1, map[string][]string{"en": slices.Clone(again.Said["en"])}
	for i := range again.Said["en"] {
		again.Said["en"][i] = fmt.Sprint("again", i)
	}
	first := run.Visits[0].Said["en"][0]
	run.Visits = append(run.Visits, again)
	text := sections(cards.Card(cardstest.Scene(t, book, account, run, "en")))
	if got := strings.Count(text, "again0"); got != 1 {
		t.Errorf("the numbers of today stand there %d times, want once:\n%s", got, text)
	}
	if strings.Contains(text, first+" logins") {
		t.Errorf("the numbers of the first time are still there:\n%s", text)
	}
}

// sections joins the texts of a message's sections.
func sections(m cards.Message) string {
	var all []string
	for _, b := range m.Blocks {
		if s, ok := b.(*slack.SectionBlock); ok && s.Text != nil {
			all = append(all, s.Text.Text)
		}
	}
	return strings.Join(all, "\n")
}

func TestTheSecondOfTwoPeopleIsAskedUntilTheyAnswer(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	run := states(t, book, account)["waiting"]
	run.Also = "sato"
	text := func() string { return sections(cards.Card(cardstest.Scene(t, book, account, run, "en"))) }
	if got := text(); !strings.Contains(got, "And <@") && !strings.Contains(got, "And Sato: Do you know why?") {
		t.Errorf("the second person is not asked:\n%s", got)
	}
	run.Visits[0].Others = map[string]playbooks.OtherAnswer{"sato": {Answer: "seasonal"}}
	if got := text(); strings.Contains(got, "And ") {
		t.Errorf("the second person is asked again:\n%s", got)
	}
}

func TestWhatCameLatelyIsNotToldAsSilence(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	run := states(t, book, account)["evidence"]
	scene := cardstest.Scene(t, book, account, run, "en")
	for source, told := range map[string]bool{"help_views.days_since() <= 14": false, "help_views.days_since() >= 2": true} {
		feature, _, _ := strings.Cut(source, " ")
		scene.Also = []*playbooks.Run{{ID: "r2", Fired: []rules.ClauseValue{{Source: source, Truth: rules.True, Values: map[string]any{feature: 2.0}}}}}
		encoded, err := json.Marshal(cards.Card(scene).Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(encoded), "for 2 days"); got != told {
			t.Errorf("%s: told as days without it: %v, want %v\n%s", source, got, told, encoded)
		}
	}
}

// A question that is put on another day than its play began says when that was.
func TestAQuestionOfAnotherDaySaysWhenItsPlayBegan(t *testing.T) {
	book, account := cardstest.Book(t), cardstest.Account("Acme KK")
	run := states(t, book, account)["asked"]
	s := cardstest.Scene(t, book, account, run, "en")
	card := func() string {
		text, err := json.Marshal(cards.Card(s))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if got := card(); strings.Contains(got, "began on") {
		t.Errorf("the card of a question of the same day says when it began: %s", got)
	}
	run.Began = run.Visits[0].Delivered.AddDate(0, 0, -3)
	if got, want := card(), "began on "+s.Voice.Day(run.Began); !strings.Contains(got, want) {
		t.Errorf("%q is not on the card: %s", want, got)
	}
}
