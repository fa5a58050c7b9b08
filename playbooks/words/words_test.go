package words_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// catalogue reads a language's file as id -> plural forms.
func catalogue(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile(lang + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(data, &raw); err != nil {
		t.Fatalf("%s.yaml: %v", lang, err)
	}
	all := map[string]map[string]string{}
	for id, value := range raw {
		forms := map[string]string{}
		switch v := value.(type) {
		case string:
			forms["other"] = v
		case map[string]any:
			for form, text := range v {
				forms[form] = fmt.Sprint(text)
			}
		default:
			t.Errorf("%s.yaml: %s is %T", lang, id, value)
		}
		all[id] = forms
	}
	return all
}

var placeholder = regexp.MustCompile(`\.([a-z_]+)`)
var action = regexp.MustCompile(`\{\{(.*?)\}\}`)

// placeholders returns the names of the values that a message's forms use.
func placeholders(forms map[string]string) []string {
	used := map[string]bool{}
	for _, text := range forms {
		for _, a := range action.FindAllStringSubmatch(text, -1) {
			for _, p := range placeholder.FindAllStringSubmatch(a[1], -1) {
				used[p[1]] = true
			}
		}
	}
	names := make([]string, 0, len(used))
	for name := range used {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestEveryMessageIsThereInBothLanguagesWithTheSamePlaceholders(t *testing.T) {
	en, ja := catalogue(t, "en"), catalogue(t, "ja")
	for id, forms := range en {
		if ja[id] == nil {
			t.Errorf("ja.yaml lacks %s", id)
			continue
		}
		if diff := cmp.Diff(placeholders(forms), placeholders(ja[id])); diff != "" {
			t.Errorf("%s: placeholders of en and ja differ:\n%s", id, diff)
		}
	}
	for id := range ja {
		if en[id] == nil {
			t.Errorf("en.yaml lacks %s", id)
		}
	}
}

func TestMessagesAreTemplatesWithTheFormsTheirLanguageNeeds(t *testing.T) {
	for _, lang := range []string{"en", "ja"} {
		for id, forms := range catalogue(t, lang) {
			for form, text := range forms {
				if _, err := template.New(id).Parse(text); err != nil {
					t.Errorf("%s.yaml: %s: %v", lang, id, err)
				}
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s.yaml: %s (%s) is empty", lang, id, form)
				}
			}
			if _, plural := forms["one"]; forms["other"] == "" || lang == "ja" && plural {
				t.Errorf("%s.yaml: %s has the forms %v", lang, id, forms)
			}
		}
	}
}

func TestNoMessageUsesAWordTheBotDoesNotSay(t *testing.T) {
	// "seen" because Slack has no read receipts, "lost" because it means churned.
	forbidden := map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(seen|lost|sorry|oops|great job|congratulations|inhibited|suppressed|episode|partition|failed to)\b|!`),
		"ja": regexp.MustCompile(`あなた|既読|失注|抑制|パーティション|差し戻|申し訳|おめでとう|!|!`),
	}
	for lang, words := range forbidden {
		for id, forms := range catalogue(t, lang) {
			for _, text := range forms {
				if found := words.FindString(text); found != "" {
					t.Errorf("%s.yaml: %s says %q: %s", lang, id, found, text)
				}
			}
		}
	}
}

// TestBoldStandsApart holds for what Slack draws in bold: beside a letter, as kana are, it
// shows the asterisks. A space that cannot be seen stands between the two.
func TestBoldStandsApart(t *testing.T) {
	bold := regexp.MustCompile(`\*[^*\n]+\*`)
	for _, lang := range []string{"en", "ja"} {
		for id, forms := range catalogue(t, lang) {
			for _, text := range forms {
				for _, at := range bold.FindAllStringIndex(text, -1) {
					before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
					after, _ := utf8.DecodeRuneInString(text[at[1]:])
					if wordRune(before) || wordRune(after) {
						t.Errorf("%s.yaml: %s: %s stands beside a letter; write \\u200b between the two", lang, id, text[at[0]:at[1]])
					}
				}
			}
		}
	}
}

// wordRune reports whether a character makes Slack read an asterisk beside it as one.
func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func TestButtonsAndModalTitlesFitSlack(t *testing.T) {
	limits := map[string]int{"button.": 75, "modal.": 24, "snooze.": 75, "dismiss.": 75}
	for _, lang := range []string{"en", "ja"} {
		for id, forms := range catalogue(t, lang) {
			for prefix, limit := range limits {
				for _, text := range forms {
					if n := utf8.RuneCountInString(text); strings.HasPrefix(id, prefix) && n > limit {
						t.Errorf("%s.yaml: %s has %d characters, Slack takes %d: %s", lang, id, n, limit, text)
					}
				}
			}
		}
	}
}

// idsInCode returns the ids that the package playbooks uses: of its log, and by
// the codes of its refusals and nudges.
func idsInCode(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source of package playbooks: %v", err)
	}
	patterns := map[*regexp.Regexp]string{
		regexp.MustCompile(`"(log\.[a-z_]+)"`):                "",
		regexp.MustCompile(`\bRefused\w+\s+= "([a-z_]+)"`):    "refusal.",
		regexp.MustCompile(`\bNudge[A-Z]\w+\s+= "([a-z_]+)"`): "nudge.",
		regexp.MustCompile(`HandoffState\s+= "([a-z_]+)"`):    "handoff.state.",
		regexp.MustCompile(`v\.Answer = "([a-z_]+)"`):         "answer.",
		regexp.MustCompile(`Severity = "([a-z]+)"`):           "severity.",
	}
	var ids []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for pattern, prefix := range patterns {
			for _, m := range pattern.FindAllStringSubmatch(string(src), -1) {
				ids = append(ids, prefix+m[1])
			}
		}
	}
	for _, o := range []string{playbooks.NotAProblem, playbooks.PassedOn, playbooks.ResolvedOut, playbooks.Unanswered, playbooks.Unclear, playbooks.Stopped} {
		ids = append(ids, "outcome."+o)
	}
	for _, reason := range playbooks.DismissReasons {
		ids = append(ids, "reason."+reason, "dismiss."+reason)
	}
	for _, reason := range []rules.Reason{rules.Snoozed, rules.CoolingDown, rules.Inhibited, rules.OutsideAudience, rules.HeldOut,
		rules.AlreadyRunning, rules.OverStormLimit, rules.Paused, rules.AlreadyTrue} {
		ids = append(ids, "decision."+string(reason))
	}
	for _, outcome := range []rules.Outcome{rules.Quiet, rules.Waits, rules.Fired, rules.Resolves, rules.Unknowable} {
		ids = append(ids, "decision."+string(outcome))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func TestEveryIdThatPlaybooksUseIsInTheCatalogue(t *testing.T) {
	v := words.New().For("en")
	ids := idsInCode(t)
	for _, id := range ids {
		if !v.Has(id) {
			t.Errorf("no message %s", id)
		}
	}
	if len(ids) < 100 {
		t.Errorf("found only %d ids in the code; the patterns of this test no longer fit it", len(ids))
	}
}

func TestEveryLogMessageIsUsed(t *testing.T) {
	used := idsInCode(t)
	for id := range catalogue(t, "en") {
		for _, group := range []string{"log.", "refusal."} {
			if strings.HasPrefix(id, group) && !slices.Contains(used, id) {
				t.Errorf("%s is said nowhere", id)
			}
		}
	}
}

func TestDatesNumbersAndNamesAreWrittenAsTheLanguageDoes(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	speaker := words.New()
	en, ja := speaker.For("en-US"), speaker.For("ja-JP").In(tokyo)
	day := rules.NewDate(2027, time.April, 1)
	at := time.Date(2027, time.March, 31, 15, 30, 0, 0, time.UTC)
	tests := []struct{ name, got, want string }{
		{"an English day", en.Date(day), "Thu 1 Apr"},
		{"a Japanese day", ja.Date(day), "4月1日(木)"},
		{"an English day with its year", en.LongDate(day), "Thu 1 Apr 2027"},
		{"a Japanese day with its year", ja.LongDate(day), "2027年4月1日(木)"},
		{"a time in the reader's zone", ja.When(at), "4月1日(木) 00:30"},
		{"a time in UTC", en.When(at), "Wed 31 Mar, 15:30"},
		{"a time in full, with the zone", ja.Moment(at), "2027年4月1日(木) 00:30 JST"},
		{"a time in full, in UTC", en.Moment(at), "Wed 31 Mar 2027, 15:30 UTC"},
		{"no time in full", en.Moment(time.Time{}), "–"},
		{"a moment's day in the reader's zone", ja.Day(at), "4月1日(木)"},
		{"an unknown day", en.Date(0), "–"},
		{"an unknown time", en.When(time.Time{}), "–"},
		{"thousands", en.Number(1234567), "1,234,567"},
		{"a small number", en.Number(4.25), "4.25"},
		{"a whole number", en.Number(4.0), "4"},
		{"a large fraction", en.Number(123.456), "123"},
		{"a negative number", en.Number(-1234.5), "-1,234"},
		{"what is almost zero", en.Number(-0.001), "0"},
		{"an English share", en.Percent(0.573), "57 %"},
		{"a Japanese share", ja.Percent(0.573), "57%"},
		{"yen in Japanese", ja.Money(1200000, "JPY"), "1,200,000円"},
		{"dollars in English", en.Money(12000, "USD"), "USD 12,000"},
		{"working days", en.Period(rules.Period{WorkingDays: 2}), "2 working days"},
		{"one working day", en.Period(rules.Period{WorkingDays: 1}), "1 working day"},
		{"営業日", ja.Period(rules.Period{WorkingDays: 2}), "2営業日"},
		{"hours", en.Period(rules.Period{Minutes: 120}), "2 hours"},
		{"weeks", en.Period(rules.Period{Days: 56}), "8 weeks"},
		{"two weeks stay days", en.Period(rules.Period{Days: 14}), "14 days"},
		{"an English list", en.List([]string{"a", "b", "c"}), "a, b and c"},
		{"a Japanese list", ja.List([]string{"a", "b"}), "a、b"},
		{"a colleague", ja.Person("田中"), "田中さん"},
		{"a colleague in English", en.Person("Tanaka"), "Tanaka"},
		{"a customer", ja.Customer("サンプル商事"), "サンプル商事様"},
		{"nobody", en.Person(""), "nobody yet"},
		{"a language the bot does not speak", speaker.For("fr-FR").Lang(), "en"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}

func TestTheTimelineNamesPeopleAnswersAndDates(t *testing.T) {
	names := words.Names{
		Person: func(id string) string { return map[string]string{"tanaka": "田中", "suzuki": "鈴木"}[id] },
		Answer: func(step, answer string) string {
			return map[string]string{"why/seasonal": "季節要因"}[step+"/"+answer]
		},
		Outcome: func(o string) string { return map[string]string{"recovered": "回復"}[o] },
		Field: func(id string) string {
			return map[string]string{"champion": "推進担当者", "why": "導入目的"}[id]
		},
	}
	ja, en := words.New().For("ja"), words.New().For("en")
	tests := []struct {
		name  string
		voice *words.Voice
		entry playbooks.Entry
		want  string
	}{
		{"an answer has its label", ja, playbooks.Entry{What: "log.answered", By: "tanaka", Step: "why", Args: words.Args{"answer": "seasonal"}}, "田中さんの回答:季節要因"},
		{"an outcome has its title", ja, playbooks.Entry{What: "log.ended", Args: words.Args{"outcome": "recovered"}}, "終了しました:回復"},
		{"an outcome no book declares is in the catalogue", en, playbooks.Entry{What: "log.ended", Args: words.Args{"outcome": "not_a_problem"}}, "Ended: not a problem."},
		{"an outcome nobody names keeps its id", en, playbooks.Entry{What: "log.ended", Args: words.Args{"outcome": "still_low"}}, "Ended: still low."},
		{"dates are written out", en, playbooks.Entry{What: "log.snoozed", By: "suzuki", Args: words.Args{"until": "2027-04-01"}}, "鈴木 put it off until Thu 1 Apr."},
		{"a reason has its word", en, playbooks.Entry{What: "log.dismissed", By: "suzuki", Args: words.Args{"reason": "known"}}, "鈴木: not a problem (already known)."},
		{"a reason may have a word besides", ja, playbooks.Entry{What: "log.dismissed", By: "suzuki", Args: words.Args{"reason": "other", "text": "決算期"}}, "鈴木さんの判断:対応不要(その他、決算期)"},
		{"one is not many", en, playbooks.Entry{What: "log.handoff_accepted", By: "suzuki", Args: words.Args{"count": 1.0}}, "鈴木 accepted, with 1 open item."},
		{"none is not told", en, playbooks.Entry{What: "log.handoff_accepted", By: "suzuki", Args: words.Args{"count": 0.0}}, "鈴木 accepted."},
		{"fields are called by their label", ja, playbooks.Entry{What: "log.handoff_asked", By: "suzuki", Args: words.Args{"person": "tanaka", "text": "確認です。", "fields": "champion, why"}},
			"鈴木さんから田中さんへの確認依頼:確認です。(推進担当者、導入目的)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.voice.Line(tt.entry, names); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestARefusalIsToldInThePersonsLanguage(t *testing.T) {
	names := words.Names{Person: func(id string) string { return "田中" }}
	refused := &playbooks.Refusal{Code: playbooks.RefusedAnswered, Args: map[string]any{"person": "tanaka", "answer": "done", "step": "call"}}
	if got, want := words.New().For("ja").Refusal(refused, names), "田中さんがすでに回答しています:完了。変更はありません。"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := words.New().For("en").Refusal(fmt.Errorf("a disk"), names), words.New().For("en").Say("error.again", nil); got != want {
		t.Errorf("an error of ours is told as %q, want %q", got, want)
	}
}

func TestADecisionIsASentence(t *testing.T) {
	at := time.Date(2027, time.March, 25, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		decision rules.Decision
		want     string
	}{
		{"nothing to do", rules.Decision{Outcome: rules.Quiet, At: at}, "Nothing to do; the rule does not hold."},
		{"on its way", rules.Decision{Outcome: rules.Waits, At: at, Since: at, Until: at.AddDate(0, 0, 3)},
			"The rule holds since Thu 25 Mar, but not for long enough yet. If nothing changes, it starts on Sun 28 Mar."},
		{"on its way, and kept from starting then", rules.Decision{Outcome: rules.Waits, At: at, Since: at, Until: at.AddDate(0, 0, 3),
			Then: &rules.Hold{Reason: rules.CoolingDown, Until: at.AddDate(0, 0, 9)}},
			"The rule holds since Thu 25 Mar, but not for long enough yet. It will have on Sun 28 Mar, and even then it does not start: it was played lately and rests until Sat 3 Apr."},
		{"on its way, and another goes first", rules.Decision{Outcome: rules.Waits, At: at, Since: at, Until: at.AddDate(0, 0, 3),
			Then: &rules.Hold{Reason: rules.Inhibited, Detail: "champion-left"}},
			"The rule holds since Thu 25 Mar, but not for long enough yet. It will have on Sun 28 Mar, and even then it does not start: Champion left goes first on this account."},
		{"another goes first", rules.Decision{Outcome: rules.Suppressed, Reason: rules.Inhibited, Detail: "champion-left", At: at},
			"The rule holds, but Champion left goes first on this account."},
		{"data are missing", rules.Decision{Outcome: rules.Unknowable, Missing: []string{"logins: no data since 2026-11-03"}, At: at},
			"It cannot be told. logins: no data since 2026-11-03"},
		{"data are missing, in words", rules.Decision{Outcome: rules.Unknowable, Missing: []string{"logins: no data since 2026-11-03", "account.size is not known"},
			Gaps: []rules.Gap{{Code: rules.NoDataSince, Of: "logins", On: rules.NewDate(2026, time.November, 3)}, {Code: rules.NotKnown, Of: "account.size"}}, At: at},
			"It cannot be told. No data on sign-ins since Tue 3 Nov. account.size is not known."},
	}
	names := words.Names{
		Playbook: func(string) string { return "Champion left" },
		Signal:   func(name string) string { return map[string]string{"logins": "sign-ins"}[name] },
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := words.New().For("en").Decision(tt.decision, names); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// Every gap that rules can have is said in both languages.
func TestEveryGapIsASentence(t *testing.T) {
	for code := rules.Known + 1; code <= rules.CannotBeReckoned; code++ {
		for _, lang := range []string{"en", "ja"} {
			said := words.New().For(lang).Gap(rules.Gap{Code: code, Of: "logins", On: rules.NewDate(2026, time.November, 3), Count: 2, Need: 10}, words.Names{})
			if said == "" || strings.Contains(said, "gap.") || strings.Contains(said, "{{") || strings.Contains(said, "<no value>") {
				t.Errorf("%s in %s is %q", code, lang, said)
			}
		}
	}
	if got, want := words.New().For("ja").Gap(rules.Gap{Code: rules.WeeksNeeded, Of: "ログイン数", Count: 2, Need: 3}, words.Names{}), "ログイン数のデータが2週間分しかありません(3週間分必要です)。"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAClauseShowsItsValues(t *testing.T) {
	clause := rules.ClauseValue{Source: `logins.drop("14d") >= 0.4`, Truth: rules.True, Values: map[string]any{`logins.drop("14d")`: 0.57}}
	if got, want := words.New().For("en").Clause(clause), `holds: logins.drop("14d") >= 0.4 (logins.drop("14d") is 0.57)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatIsMissingIsVisibleAndStopsNobody(t *testing.T) {
	v := words.New().For("en")
	if got := v.Say("no.such.id", nil); got != "no.such.id" {
		t.Errorf("an unknown id is said as %q", got)
	}
	if got, want := v.Say("log.waiting", nil), "Waiting until – at the latest."; got != want {
		t.Errorf("a missing value: got %q, want %q", got, want)
	}
}

func TestJapaneseCountsWeeksOnce(t *testing.T) {
	v := words.New().For("ja")
	for _, id := range v.IDs() {
		if said := v.Say(id, words.Args{"window": v.Period(rules.Period{Days: 28}), "count": 4}); strings.Contains(said, "間間") {
			t.Errorf("%s: %s", id, said)
		}
	}
	if got, want := v.Say("log.set", words.Args{"field": v.Say("attribute.usual_logins", nil), "value": "126"}), "通常のログイン数を「126」に設定しました。"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
