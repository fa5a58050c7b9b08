package outline_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// told is a playbook by a condition, with names of its own.
func told(t *testing.T, when, lets string) (*playbooks.Book, *playbooks.Playbook) {
	t.Helper()
	files, err := playbooks.ReadDir(os.DirFS("../testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	files["play.yaml"] = []byte("playbook: p\ntitle: P\nabout: P\n" + lets + "when: '" + when + "'\nsteps: [{id: hello, say: Hello}]\n")
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book, book.Playbooks["p"]
}

func TestConditionsAreToldInWords(t *testing.T) {
	for _, test := range []struct{ when, en, ja string }{
		{`logins.drop("14d") >= 0.4`, "“Logins” over 14 days is at least 40 % below the usual", "14日のログイン数が通常より40%以上少ない"},
		{`0.4 <= logins.drop("14d")`, "“Logins” over 14 days is at least 40 % below the usual", "14日のログイン数が通常より40%以上少ない"},
		{`not (logins.sum("7d") > 0)`, "the number of “Logins” in 7 days is at most 0", "ログイン数の合計(7日)が0以下"},
		{`logins.sum("7d") == 0`, "nothing of “Logins” has come in 7 days", "7日のログイン数がない"},
		{`logins.days_since() >= 30`, "nothing of “Logins” has come for at least 30 days", "ログイン数のない状態が30日以上"},
		{`(logins.sum("7d") ?? 5) < 3`, "the number of “Logins” in 7 days (5 where that is not known) is below 3", "ログイン数の合計(7日)(不明な場合は5)が3未満"},
		{`account.day - contract.start >= 30`, "the number of days since the start of the contract is at least 30", "契約の開始日からの日数が30以上"},
		{`contract.start + 30d <= account.day`, "30 days after the start of the contract is at most today", "契約の開始日の30日後が今日以下"},
		{`account.plan in ["pro", "team"]`, "the plan is “pro” or “team”", "プランが「pro」 または 「team」"},
		{`not contract.signed`, "the next contract is not signed", "次の契約が未締結"},
		{`logins.sum("7d") / account.seats < 0.5`, "the number of “Logins” in 7 days as a share of the number of seats is below 50 %", "席数に対するログイン数の合計(7日)の割合が50%未満"},
	} {
		t.Run(test.when, func(t *testing.T) {
			book, p := told(t, test.when, "")
			for lang, want := range map[string]string{"en": test.en, "ja": test.ja} {
				got, means, ok := outline.Clause(book, p, words.New().For(lang), rules.ClauseValue{Source: test.when})
				if !ok || got != want || len(means) > 0 {
					t.Errorf("%s: got  %s (%v)\nwant %s", lang, got, means, want)
				}
			}
		})
	}
}

// A name of the playbook's own is told in place where it is short, and by its name with
// what it means where it is not.
func TestNamesOfAPlaybooksOwnAreTold(t *testing.T) {
	const lets = `let:
  fewer_people: logins.drop("14d") ?? 0
  busy_seats: logins.sum("7d") / account.seats
  idle_or_empty: 'busy_seats < 0.2 or account.seats == 0'
`
	book, p := told(t, `fewer_people >= 0.4 and idle_or_empty`, lets)
	text := outline.Text(outline.Of(book, p, words.New().For("en")))
	for _, want := range []string{
		"  “Logins” over 14 days is at least 40 % below the usual and “idle or empty” holds\n",
		"What the names mean\n  “idle or empty”: “busy seats” is below 20 % or the number of seats is 0\n",
		"  “busy seats”: the number of “Logins” in 7 days as a share of the number of seats\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not told:\n%s", want, text)
		}
	}
	got, means, ok := outline.Clause(book, p, words.New().For("en"), rules.ClauseValue{Source: "busy_seats < 0.2", Values: map[string]any{"busy_seats": 0.125}})
	if want := "“busy seats” is below 20 % (now: 13 %)"; !ok || got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff([]string{"“busy seats”: the number of “Logins” in 7 days as a share of the number of seats"}, means); diff != "" {
		t.Errorf("what it means (-want +got):\n%s", diff)
	}
}

func TestAClauseThatCountsByItsOpposite(t *testing.T) {
	_, p := told(t, `not contract.signed and not (account.seats >= 5 or account.plan == "pro") and not not contract.auto_renew`, "resolve: contract.signed\n")
	for source, want := range map[string]bool{"contract.signed": true, "account.seats >= 5": true, "contract.auto_renew": false, "account.arr > 0": false} {
		if got := outline.Negated(p.Rule, source); got != want {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
}

func TestWhatHasATitleIsToldByIt(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("../testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	files["segments.yaml"] = []byte(`segments:
  touch:
    title: {en: touch, ja: 担当体制}
    values:
      - {value: high, title: {en: high-touch, ja: ハイタッチ}, if: account.seats >= 50}
      - value: tech
  size: [{value: small}]
`)
	files["signals.yaml"] = []byte(`signals:
  logins: {kind: count, title: {en: Logins, ja: ログイン数}}
attributes:
  mood: {title: {en: how they feel, ja: ご様子}, kind: text}
  risk: text
`)
	files["play.yaml"] = []byte(`playbook: p
title: P
about: P
let:
  busy:
    title: {en: a busy week, ja: 利用の多い週}
    is: logins.sum("7d") > 100
  touched: {title: {en: how we look after them, ja: 担当の仕方}, is: segment.touch ?? "unknown"}
  plain: logins.sum("7d") > 10 and logins.sum("1d") > 1
variants:
  big: {title: {en: Large ones, ja: 大口}, if: account.seats > 100, entry: hello}
  rest: {entry: hello}
when: busy
steps: [{id: hello, set: {attributes.mood: high, attributes.risk: low}}]
`)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	p := book.Playbooks["p"]
	for _, test := range []struct{ clause, en, ja string }{
		{`busy`, "“a busy week” holds", "「利用の多い週」に該当"},
		{`plain`, "“plain” holds", "「plain」に該当"},
		{`segment.touch == "high"`, "“touch” is “high-touch”", "「担当体制」が「ハイタッチ」"},
		{`segment.touch != "tech"`, "“touch” is not “tech”", "「担当体制」が「tech」以外"},
		{`segment.touch in ["high", "tech"]`, "“touch” is “high-touch” or “tech”", "「担当体制」が「ハイタッチ」 または 「tech」"},
		{`touched == "high"`, "“how we look after them” is “high-touch”", "「担当の仕方」が「ハイタッチ」"},
		{`segment.size == "small"`, "“size” is “small”", "項目「size」が「small」"},
		{`account.mood == "sad"`, "how they feel is “sad”", "ご様子が「sad」"},
	} {
		for lang, want := range map[string]string{"en": test.en, "ja": test.ja} {
			if got, _, ok := outline.Clause(book, p, words.New().For(lang), rules.ClauseValue{Source: test.clause}); !ok || got != want {
				t.Errorf("%s: got  %s\nwant %s", test.clause, got, want)
			}
		}
	}
	got, _, _ := outline.Clause(book, p, words.New().For("ja"), rules.ClauseValue{Source: `segment.touch == "tech"`, Values: map[string]any{"segment.touch": "high"}})
	if !strings.Contains(got, "ハイタッチ") {
		t.Errorf("the value is not told by its title: %s", got)
	}
	all := outline.Text(outline.Of(book, p, words.New().For("ja")))
	for _, want := range []string{"「利用の多い週」:ログイン数の合計(7日)が100より大きい", "大口", "ご様子、解約リスク"} {
		if !strings.Contains(all, want) {
			t.Errorf("the outline lacks %s:\n%s", want, all)
		}
	}
}
