package cards_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
)

// forecasting is a book in which two people are asked what they expect.
func forecasting(t *testing.T) *playbooks.Book {
	t.Helper()
	files := map[string][]byte{}
	for name, content := range cardstest.Book(t).Files {
		if !strings.HasSuffix(name, "_test.yaml") {
			files[name] = content
		}
	}
	files["forecast.yaml"] = []byte(`
playbook: forecast
title: {en: A forecast, ja: 見込み}
about: {en: A forecast., ja: 見込み。}
assign: account.owner
also: account.ae
steps:
  - id: forecast
    ask: {en: What do you expect?, ja: 見込みを教えてください。}
    answers:
      renew: {label: {en: They renew, ja: 更新見込み}, then: call}
      shrink:
        label: {en: They shrink, ja: 減額見込み}
        collect: {less: {kind: amount, label: {en: By how much a year?, ja: いくら減りますか}}, decided_on: date, why: reason}
        then: call
  - {id: call, task: {en: Call them, ja: 電話する}, then: mark}
  - {id: mark, set: {stage: renewal, milestone.kickoff: true, contract.signed: true, contract.end: "{{ contract.end }}", attributes.risk: price, attributes.mood: sad}}
`)
	files["signals.yaml"] = bytes.Replace(files["signals.yaml"], []byte("\nattributes:\n"), []byte("\nattributes:\n  mood: {title: {en: how they feel, ja: ご様子}, kind: text}\n"), 1)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatal(problems)
	}
	return book
}

func drawn(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAFormAsksByTheLabelOrElseByTheNameAsPeopleWriteIt(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, nil, cardstest.Now)
	run := cardstest.Run(t, book, account, f, "forecast")
	for lang, want := range map[string][]string{
		"en": {`"text":"By how much a year?"`, `"text":"Date (Decided on)"`, `"text":"Reason (Why)"`},
		"ja": {`"text":"いくら減りますか"`, `"text":"日付(Decided on)"`},
	} {
		s := cardstest.Scene(t, book, account, run, lang)
		got := drawn(t, cards.AnswerForm(s, run.Current(), s.AnswerOf(cards.Ref{Answer: "shrink"})))
		for _, label := range want {
			if !strings.Contains(got, label) {
				t.Errorf("%s: the form has no %s:\n%s", lang, label, got)
			}
		}
	}
}

// TestADifferenceIsToldWithWhatBothGave holds for the thread, where the two are compared.
func TestADifferenceIsToldWithWhatBothGave(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, nil, cardstest.Now)
	run := cardstest.Run(t, book, account, f, "forecast", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "shrink",
		Collected: map[string]any{"less": 200000.0, "decided_on": "2027-01-15", "why": "fewer people"}})
	second := playbooks.Event{Kind: playbooks.Answered, At: cardstest.Now.Add(2 * time.Minute), By: "sato", Run: run.ID, Answer: "renew"}
	both, _ := book.Playbooks["forecast"].Advance(*run, second, playbooks.Env{Book: book, Team: book.Team, Facts: f})
	log, _ := cards.Log(cardstest.Scene(t, book, account, &both, "en"), 0, len(both.Log))
	if want := "Sato answered They renew; Tanaka had answered They shrink (JPY 200,000, Fri 15 Jan 2027, fewer people)."; !strings.Contains(log.Text, want) {
		t.Errorf("the thread does not say %q:\n%s", want, log.Text)
	}
}

// TestWhatAPlaySetsIsToldInWords holds for what people know by another name than the book.
func TestWhatAPlaySetsIsToldInWords(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, nil, cardstest.Now)
	run := cardstest.Run(t, book, account, f, "forecast", playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "renew"},
		playbooks.Event{Kind: playbooks.Done, By: "tanaka"})
	for lang, want := range map[string][]string{
		"en": {"Set contract signed to Yes.", "Set the contract's end to Sat 6 Feb", "Set risk to price.", "Set how they feel to sad.", "Set Kickoff to Yes."},
		"ja": {"契約の締結を「はい」に設定しました。", "契約の終了日を「2月6日(土)」に", "ご様子を「sad」に"},
	} {
		log, _ := cards.Log(cardstest.Scene(t, book, account, run, lang), 0, len(run.Log))
		for _, text := range want {
			if !strings.Contains(log.Text, text) {
				t.Errorf("%s: the thread does not say %q:\n%s", lang, text, log.Text)
			}
		}
	}
}

// TestWhatWasGivenWithAnAnswerIsShown holds for the one who answered first and for the
// other, on the card and in its thread.
func TestWhatWasGivenWithAnAnswerIsShown(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	f := book.Rules.Facts(account, nil, cardstest.Now)
	given := func(less float64, why string) map[string]any {
		return map[string]any{"less": less, "decided_on": "2027-01-15", "why": why}
	}
	run := cardstest.Run(t, book, account, f, "forecast",
		playbooks.Event{Kind: playbooks.Answered, By: "tanaka", Answer: "shrink", Collected: given(200000, "fewer people")})
	p, env := book.Playbooks["forecast"], playbooks.Env{Book: book, Team: book.Team, Facts: f}
	second := playbooks.Event{Kind: playbooks.Answered, At: cardstest.Now.Add(2 * time.Minute), By: "sato", Run: run.ID, Answer: "shrink", Collected: given(500000, "<price>")}
	if err := p.Check(*run, second, env); err != nil {
		t.Fatal(err)
	}
	both, _ := p.Advance(*run, second, env)
	for lang, want := range map[string][]string{
		"en": {"They shrink (JPY 200,000, Fri 15 Jan 2027, fewer people)", "They shrink (JPY 500,000, Fri 15 Jan 2027, &lt;price&gt;)"},
		"ja": {"減額見込み(200,000", "減額見込み(500,000"},
	} {
		s := cardstest.Scene(t, book, account, &both, lang)
		log, _ := cards.Log(s, 0, len(both.Log))
		for _, text := range want {
			for where, got := range map[string]string{"card": strings.ReplaceAll(drawn(t, cards.Card(s).Blocks), `\u0026`, "&"), "thread": log.Text} {
				if !strings.Contains(got, text) {
					t.Errorf("%s: the %s does not say %q:\n%s", lang, where, text, got)
				}
			}
		}
	}
}

// TestAReasonIsReadAsACallsOnlyWhereACallFailed holds for people's words that begin like one.
func TestAReasonIsReadAsACallsOnlyWhereACallFailed(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	run := cardstest.Run(t, book, account, book.Rules.Facts(account, nil, cardstest.Now), "forecast")
	from := len(run.Log)
	run.Log = append(run.Log,
		playbooks.Entry{What: "log.refused", By: "yamada", Args: map[string]any{"reason": "status meeting comes first"}},
		playbooks.Entry{What: "log.call_failed", Args: map[string]any{"system": "crm", "reason": cards.CallStatus + "404"}})
	log, _ := cards.Log(cardstest.Scene(t, book, account, run, "en"), from, len(run.Log))
	if !strings.Contains(log.Text, "status meeting comes first") || !strings.Contains(log.Text, "answered 404") {
		t.Errorf("the reasons are told as:\n%s", log.Text)
	}
}

// TestAnApprovalThatNobodyCouldGiveNamesNobody holds for a team in which nobody is left to ask.
func TestAnApprovalThatNobodyCouldGiveNamesNobody(t *testing.T) {
	book, account := forecasting(t), cardstest.Account("Acme KK")
	run := cardstest.Run(t, book, account, book.Rules.Facts(account, nil, cardstest.Now), "forecast")
	for lang, want := range map[string]string{"en": ": nobody could be asked to approve it.", "ja": "。承認を依頼できる方がいないため、承認待ちを終了しました。"} {
		scene := cardstest.Scene(t, book, account, run, lang)
		m := cards.Nudges(scene.Voice, []cards.Nudge{{Scene: scene, Effect: playbooks.Effect{Kind: playbooks.Nudge, Person: "tanaka",
			What: playbooks.NudgeNotApproved, Args: map[string]any{"approver": ""}}}})
		if !strings.Contains(m.Text, want) {
			t.Errorf("%s: %s", lang, m.Text)
		}
	}
}
