package slackapp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
	"playcaller/rules"
)

func typed(block, text string) map[string]any {
	return map[string]any{block: map[string]any{"type": "plain_text_input", "value": text}}
}

// partnerForm opens the form of a handoff by a partner.
func partnerForm(b *bench) (id string, view map[string]any) {
	b.t.Helper()
	b.call("command", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
	id, _ = b.view("sato")
	b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "partner", "パートナー経由")}})
	return eventuallyForm(b)
}

// formThat waits until the open form holds a text, or does not.
func formThat(b *bench, holds bool, text string) map[string]any {
	b.t.Helper()
	return eventually(b.t, "the form with or without "+text, func() (map[string]any, bool) {
		_, view := b.view("sato")
		return view, strings.Contains(written(b.t, view), text) == holds
	})
}

// TestAFieldAppearsAndGoesWithTheOneThatItHangsOn holds while the form is open, and what was
// typed stays, in fields that are not asked at the moment too.
func TestAFieldAppearsAndGoesWithTheOneThatItHangsOn(t *testing.T) {
	b := starter(t)
	id, view := partnerForm(b)
	const invoiced, billing = "field:who_is_invoiced", "field:billing_contact"
	if text := written(t, view); !strings.Contains(text, billing) { // nobody has said who is invoiced
		t.Fatalf("what is unknown is not asked: %s", text)
	}
	choose := func(value, text string, state map[string]any) {
		t.Helper()
		got := b.call("click", map[string]any{"user": user("sato"), "view_id": id, "action_id": invoiced, "block_id": invoiced,
			"selected_option": map[string]any{"value": value, "text": map[string]any{"type": "plain_text", "text": text}}, "state": state})
		if got["dispatched"] == false || got["error"] != nil {
			t.Fatalf("the choice was answered with %v", got)
		}
	}
	choose("partner", "パートナー", map[string]any{billing: typed(billing, "Ms. Ono"), "field:partner": typed("field:partner", "Kita")})
	if text := written(t, formThat(b, false, billing+`"`)); !strings.Contains(text, `"initial_value":"Kita"`) {
		t.Errorf("what was typed is lost: %s", text)
	}
	choose("customer", "最終顧客", nil)
	if text := written(t, formThat(b, true, billing+`"`)); !strings.Contains(text, `"initial_value":"Ms. Ono"`) {
		t.Errorf("what was typed into a field that comes back is lost: %s", text)
	}
	choose("partner", "パートナー", nil)
	formThat(b, false, billing+`"`)
	if got := b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{}}); got["ok"] != true {
		t.Fatalf("the form was answered with %v", got)
	}
	var start inbox.Start
	if err := json.Unmarshal(b.only().Data, &start); err != nil || start.Fields["who_is_invoiced"] != "partner" ||
		start.Fields["partner"] != "Kita" || start.Fields["billing_contact"] != "Ms. Ono" {
		t.Errorf("got %+v, %v", start, err)
	}
}

// TestWhatAFormWasNotYetAskedIsAskedOnceItIsSent holds where Slack has not told of the change:
// the form comes back once, with what is new.
func TestWhatAFormWasNotYetAskedIsAskedOnceItIsSent(t *testing.T) {
	b := starter(t)
	end := false
	b.account.Contracts[0].AutoRenew = &end
	b.call("command", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
	id, _ := b.view("sato")
	b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "new", "新規契約")}})
	id, view := eventuallyForm(b)
	if text := written(t, view); strings.Contains(text, "field:notice_by") {
		t.Fatalf("a contract that does not renew by itself has a day to give notice: %s", text)
	}
	send := func() map[string]any {
		return b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
			"field:auto_renew": chosen("field:auto_renew", "yes", "はい"), "field:why_bought": typed("field:why_bought", "Fewer spreadsheets")}})
	}
	send()
	text := written(t, formThat(b, true, `"field:notice_by"`))
	if !strings.Contains(text, "確認事項が1件追加されました(解約通知の期限)") || !strings.Contains(text, "Fewer spreadsheets") {
		t.Errorf("the form that comes back does not say why, or has lost what was typed: %s", text)
	}
	b.none()
	send()
	var start inbox.Start
	if err := json.Unmarshal(b.only().Data, &start); err != nil || start.Fields["auto_renew"] != true || start.Fields["why_bought"] != "Fewer spreadsheets" {
		t.Errorf("got %+v, %v", start, err)
	}
}

// TestAFieldThatIsEmptiedIsEmpty holds for a handoff that is under way.
func TestAFieldThatIsEmptiedIsEmpty(t *testing.T) {
	b := starter(t)
	run, ts := b.play("handoff")
	run.Handoff.Sales, run.Handoff.Turn, run.Visits[0].Assignee = "sato", "sato", "sato"
	if run.Handoff.Fields["account_id"] != "acme" {
		t.Fatalf("a handoff that nobody has seen yet knows %v", run.Handoff.Fields)
	}
	b.call("click", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "ts": ts, "action_id": "handoff_fill"})
	id, _ := eventuallyForm(b)
	if got := b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"field:account_id": map[string]any{"field:account_id": map[string]any{"type": "plain_text_input", "value": nil}}}}); got["ok"] != true {
		t.Fatalf("the form was answered with %v", got)
	}
	e := b.happened()
	if v, said := e.Fields["account_id"]; e.Kind != playbooks.Submitted || !said || v != nil || e.Fields["seats"] != 40.0 {
		t.Errorf("got %+v, want that account_id is empty now", e)
	}
}

// TestAContractThatEndsBeforeItStartsIsNotSent holds in the words of whoever fills it in.
func TestAContractThatEndsBeforeItStartsIsNotSent(t *testing.T) {
	b := starter(t)
	id, _ := partnerForm(b)
	day := func(block, date string) map[string]any {
		return map[string]any{block: map[string]any{"selected_date": date}}
	}
	got := b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"field:start": day("field:start", "2027-04-01"), "field:end": day("field:end", "2027-03-31"), "field:notice_by": day("field:notice_by", "2027-04-02")}})
	want := map[string]any{"field:end": "「利用開始日」(2027年4月1日(木))より前の日付になっています。ご確認ください。"}
	if diff := cmp.Diff(want, got["errors"]); diff != "" {
		t.Errorf("answered (-want +got):\n%s", diff)
	}
	b.none()
}

// TestWhatCannotBeIsNotSent holds for each field, in the words of whoever fills it in.
func TestWhatCannotBeIsNotSent(t *testing.T) {
	day := func(block, date string) map[string]any {
		return map[string]any{block: map[string]any{"selected_date": date}}
	}
	number := func(block, text string) map[string]any {
		return map[string]any{block: map[string]any{"type": "number_input", "value": text}}
	}
	for _, c := range []struct {
		who  string
		want map[string]any
	}{
		{"miller", map[string]any{
			"field:notice_by":    "This is after “End” (Fri 31 Mar 2028).",
			"field:go_live_wish": "This is before “Start” (Thu 1 Apr 2027).",
			"field:seats":        "Please give a whole number, 1 or more.",
			"field:term_months":  "Please give a whole number, 1 or more.",
			"field:amount":       "Please give 0 or more.",
		}},
		{"sato", map[string]any{
			"field:notice_by":    "「契約終了日」(2028年3月31日(金))より後の日付になっています。ご確認ください。",
			"field:go_live_wish": "「利用開始日」(2027年4月1日(木))より前の日付になっています。ご確認ください。",
			"field:seats":        "1以上の整数でご記入ください。",
			"field:term_months":  "1以上の整数でご記入ください。",
			"field:amount":       "0以上の数値をご記入ください。",
		}},
	} {
		t.Run(c.who, func(t *testing.T) {
			b := starter(t)
			b.call("command", map[string]any{"user": user(c.who), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
			id, _ := b.view(c.who)
			b.call("submit", map[string]any{"user": user(c.who), "view_id": id, "values": map[string]any{
				"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "new", "新規契約")}})
			eventually(t, "the form", func() (bool, bool) {
				_, view := b.view(c.who)
				return true, view["callback_id"] == "handoff"
			})
			got := b.call("submit", map[string]any{"user": user(c.who), "view_id": id, "values": map[string]any{
				"field:start": day("field:start", "2027-04-01"), "field:end": day("field:end", "2028-03-31"),
				"field:notice_by": day("field:notice_by", "2028-04-01"), "field:go_live_wish": day("field:go_live_wish", "2020-01-01"),
				"field:seats": number("field:seats", "-4"), "field:term_months": number("field:term_months", "12.5"),
				"field:amount": number("field:amount", "-1")}})
			if diff := cmp.Diff(c.want, got["errors"]); diff != "" {
				t.Errorf("answered (-want +got):\n%s", diff)
			}
			b.none()
		})
	}
}

// TestTwoPeopleDoNotHandTheSameOver holds when the second one opens the form, and for a form
// that they had open before.
func TestTwoPeopleDoNotHandTheSameOver(t *testing.T) {
	b := starter(t)
	id, _ := partnerForm(b)
	run, _ := b.play("handoff-partner")
	run.Handoff.Sales = "davis"
	const want = "すでに進めています"
	b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{}})
	if text := written(t, formThat(b, true, want)); !strings.Contains(text, "デイビスさん") {
		t.Errorf("it is not said who: %s", text)
	}
	b.none()
	b.call("close", map[string]any{"user": user("sato"), "view_id": id})
	b.call("command", map[string]any{"user": user("sato"), "channel": "C0ALERTS", "command": "/handoff", "text": ""})
	formThat(b, true, `"callback_id":"handoff_pick"`)
	id, _ = b.view("sato")
	b.call("submit", map[string]any{"user": user("sato"), "view_id": id, "values": map[string]any{
		"account": chosen("account", "acme", "Acme KK様"), "kind": chosen("kind", "partner", "パートナー経由")}})
	formThat(b, true, want)
	b.none()
}

// TestAQuestionAnsweredInTheFormHasNoEmptyAnswer holds for the card of a handoff.
func TestAQuestionAnsweredInTheFormHasNoEmptyAnswer(t *testing.T) {
	b := starter(t)
	run, _ := b.play("handoff-partner")
	run.Handoff.Questions = []playbooks.Question{{Text: "Who pays?", By: "suzuki", At: b.clock.Now(), AnswerBy: "sato", Answered: b.clock.Now()}}
	m, err := b.painter.Card(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m.Blocks)
	if err != nil || !strings.Contains(string(text), "佐藤さんが引き継ぎ書に回答を記入しました") {
		t.Errorf("the card says %s, %v", text, err)
	}
}

// TestAHandoffStartsWhenItsFormSaysOrAContractIsStillToBegin holds for a card: of a customer
// who has been one for long, no start is told that is over.
func TestAHandoffStartsWhenItsFormSaysOrAContractIsStillToBegin(t *testing.T) {
	for _, c := range []struct {
		kind, field string
		begins      int // days from now, of the account's contract
		starts      bool
	}{{"handoff-csm", "", -100, false}, {"handoff-csm", "", 10, true}, {"handoff-expansion", "from_day", -100, true}} {
		b := starter(t)
		b.account.Contracts[0].Start = rules.DateOf(b.clock.Now()) + rules.Date(c.begins)
		run, _ := b.play(c.kind)
		if c.field != "" {
			run.Handoff.Fields[c.field] = "2027-05-01"
		}
		m, err := b.painter.Card(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(m.Blocks); strings.Contains(string(text), "利用開始日は") != c.starts {
			t.Errorf("%s, of a contract that begins in %d days: %s", c.kind, c.begins, text)
		}
	}
}
