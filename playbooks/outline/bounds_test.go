package outline_test

import (
	"os"
	"strings"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
)

func TestABoundOfAPlaybookIsToldInPlainWords(t *testing.T) {
	files, err := playbooks.ReadDir(os.DirFS("../testdata/base"))
	if err != nil {
		t.Fatal(err)
	}
	files["handoff.yaml"] = []byte(`forms:
  new:
    title: {en: New customer, ja: 新規契約}
    from: ae
    to: onboarding
    channel: "#cs-alerts"
    fill: {within: 1wd}
    sections:
      - title: {en: Contract, ja: 契約}
        fields:
          - {id: tier, label: {en: How we look after them, ja: 担当体制}, kind: choice, need: win, choices: {high_touch: {en: In person, ja: 専任}, tech: {en: By mail, ja: メール}}}
          - {id: goals, label: {en: Their goals, ja: 導入目的}, need: win, if: form.tier == "high_touch"}
          - {id: partner, label: {en: Their partner, ja: パートナー}, need: win, if: account.seats >= 50}
`)
	files["bounds.yaml"] = []byte(`playbook: bounds
title: Bounds
about: What bounds a playbook.
let:
  usual: {title: {en: the usual on a day, ja: 1日の通常の値}, is: 'logins.expected("7d") / 7'}
when: usual >= 2
limit: 20/h
holdout: 2.5%
group: 6
channel: "#cs-alerts"
steps:
  - id: why
    ask: Who does it?
    answers:
      somebody: {label: Somebody, collect: {who: {kind: person, label: {en: Who?, ja: どなた?}}}, then: look}
    otherwise: {after: 5wd, then: =unanswered}
  - {id: look, task: Look, to: who, otherwise: {after: 5wd, then: give}}
  - {id: give, handoff: new, declined: why, otherwise: {after: 20wd, then: =unanswered}}
`)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	for lang, wants := range map[string][]string{
		words.English: {
			"“the usual on a day” is at least 2\n", "“the usual on a day”: the usual number of “Logins” in 7 days divided by 7\n",
			"  where it holds already when the playbook is switched on: ops gets the list, and decides\n",
			"  more than 20 starts in 1 hour wait until ops says so\n", "  2.5 % of the accounts are left alone, to compare with\n",
			"  each play waits 1 hour for others: from 6 accounts on, one message in #cs-alerts takes the place of as many plays\n",
			"  for: “Who”\n", "  if it is declined: goes to step 1\n",
			"  its form asks for “Their goals” only if “How we look after them” is “In person”, or where that cannot be told\n",
			"  its form asks for “Their partner” only if the number of seats is at least 50, or where that cannot be told\n",
		},
		words.Japanese: {
			"「1日の通常の値」が2以上\n", "÷7\n", "一覧を運用担当に渡し、判断を仰ぎます\n", "1時間に20件を超えて始まる場合は保留し", "お客様の2.5%は、比較のため対象から除きます\n",
			"6件以上になった場合は", "担当:「どなた」\n", "辞退された場合:1番へ進みます\n",
			"フォームの「導入目的」は、次の場合にだけ伺います(判断できない場合も伺います):「担当体制」が「専任」\n",
		},
	} {
		told := outline.Text(outline.Of(book, book.Playbooks["bounds"], words.New().For(lang)))
		for _, want := range wants {
			if !strings.Contains(told, want) {
				t.Errorf("%q is not told:\n%s", want, told)
			}
		}
	}
}
