package app_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTheWholeFormatIsPlayedInTheWorkspace(t *testing.T) {
	w := startWalk(t)
	part := func(name string, play func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			whole := w.t
			w.t = t
			defer func() { w.t = whole }()
			play(t)
		})
	}

	part("an answer collects a date, a person, an amount, a reason and a text, and can be taken back", func(t *testing.T) {
		w.account("north", "given", nil)
		card := w.card("north", "状況を教えてください")
		w.press("tanaka", card, "answer:price")
		form, _ := w.view("tanaka")
		for _, want := range []string{"いつ決まりますか", "datepicker", "users_select", "number_input", "plain_text_input"} {
			if !strings.Contains(form, want) {
				t.Errorf("the form has no %s: %s", want, form)
			}
		}
		filled := map[string]any{"collect:decided": map[string]any{"selected_date": w.day(7)}, "collect:decider": map[string]any{"selected_user": w.userID("miller")},
			"collect:amount": map[string]any{"value": "1２000"}, "collect:why": map[string]any{"value": "予算"}, "collect:note": map[string]any{"value": "来期"}}
		if wrong := w.form("tanaka", filled); wrong["collect:amount"] == "" {
			t.Errorf("an amount in full-width digits is %v", wrong)
		}
		filled["collect:amount"] = map[string]any{"value": "12000"}
		if wrong := w.form("tanaka", filled); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		w.stands("north", "given at call")
		w.card("north", "価格", "12,000", "予算", "来期", "伺う", "元に戻す")
		w.press("tanaka", card, "undo")
		w.stands("north", "given at why")
		w.press("tanaka", card, "answer:price")
		if wrong := w.form("tanaka", filled); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		if n := strings.Count(w.get("/v1/accounts/north"), `"price":`); n != 0 {
			t.Errorf("the account was changed within the minute in which the answer can be taken back")
		}
		w.turn("2m")
		if known := w.get("/v1/accounts/north"); !strings.Contains(known, `"price":12000`) {
			t.Errorf("what was collected is not set: %s", known)
		}
		w.press("tanaka", card, "done")
		w.turn("2m")
		w.card("north", "結果", "連絡済み")
		w.stands("north", "given =called")
		w.turn("1d")
		w.stands("north", "given =called", "kept-back at look") // it waited for the other to end
	})

	part("an answer snoozes until a date that is not over", func(t *testing.T) {
		w.account("south", "given", map[string]any{"owner": "miller"})
		if reason := w.decided("south", "kept-back"); reason != "inhibited" {
			t.Errorf("kept-back was decided %s, want inhibited", reason)
		}
		w.press("miller", w.card("south", "What about south?"), "answer:seasonal")
		if wrong := w.form("miller", map[string]any{"collect:until": map[string]any{"selected_date": w.day(-3)}}); !strings.Contains(wrong["collect:until"], "over") && !strings.Contains(wrong["collect:until"], "past") {
			t.Errorf("a date that is over is answered %v", wrong)
		}
		if wrong := w.form("miller", map[string]any{"collect:until": map[string]any{"selected_date": w.day(20)}}); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		w.turn("19d")
		if plays := w.plays("south"); plays[0] != "given =not_a_problem" || slices.Contains(plays, "given at why") {
			t.Errorf("while it is snoozed the plays are %q", plays)
		}
		w.turn("2d")
		if plays := w.plays("south"); !slices.Contains(plays, "given at why") {
			t.Errorf("after the snooze the plays are %q", plays)
		}
	})

	part("two people answer at once, an old button and a stale form change nothing and say why", func(t *testing.T) {
		w.account("east", "given", nil)
		old := w.card("east", "状況を教えてください")
		w.press("tanaka", old, "answer:seasonal") // opens a form
		w.press("sato", old, "answer:fine")
		if said := w.form("tanaka", map[string]any{"collect:until": map[string]any{"selected_date": w.day(9)}}); !strings.Contains(said[""], "佐藤さんが回答しています:問題なし") {
			t.Errorf("the stale form is answered %v", said)
		}
		w.press("tanaka", w.last("@tanaka", "east", "answer:fine"), "answer:fine")
		if said := w.answeredTo("tanaka", "@tanaka"); !strings.Contains(said, "佐藤さんが回答しています:問題なし") {
			t.Errorf("the old button is answered %q", said)
		}
		w.press("tanaka", w.card("east"), "undo")
		if said := w.answeredTo("tanaka", "#cs-alerts"); said == "" {
			t.Error("somebody else's answer was taken back without a word")
		}
		w.turn("2m")
		if plays := w.plays("east"); plays[0] != "given =fine" {
			t.Errorf("the plays are %q", plays)
		}
	})

	part("silence is reminded of, helped with, and ends", func(t *testing.T) {
		w.account("west", "given", nil)
		w.turn("25h")
		w.last("@tanaka", "west", "未回答")
		w.turn("24h")
		w.press("yamada", w.last("@yamada", "west", "ご相談"), "reassign")
		if wrong := w.form("yamada", map[string]any{"person": map[string]any{"selected_user": w.userID("miller")}}); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		w.last("@miller", "west", "What about west?")
		w.turn("6d")
		if plays := w.plays("west"); plays[0] != "given =unanswered" {
			t.Errorf("the plays are %q", plays)
		}
	})

	contracts := func(signed bool) []map[string]any {
		return []map[string]any{{"id": "k1", "product": "Suite", "seats": 15, "start": w.day(-300), "end": w.day(20)},
			{"id": "k2", "product": "Add-on", "seats": 5, "start": w.day(-300), "end": w.day(50), "signed": signed}}
	}
	part("each contract is played, one question at a time, asked again until its deadline", func(t *testing.T) {
		first := contracts(false)
		w.account("harbor", "contracts", map[string]any{"contracts": first})
		w.stands("harbor", "contracts/k1 at signed", "contracts/k2 at signed")
		w.card("Suite", "あと20日", "あわせて発生:契約終了(Add-on)") // the one that ends first asks first
		first[1]["signed"] = true
		w.put(map[string]any{"id": "harbor", "contracts": first})
		w.stands("harbor", "contracts/k1 at signed", "contracts/k2 =renewed")
		w.last("@tanaka", "Suite", "75", "あと20日")
		w.turn("5d")
		w.last("@tanaka", "Suite", "あと15日") // with the number of then
		for days := 14; days > 4; days-- {
			w.turn("1d")
		}
		for days := 4; days > 1; days-- { // the last stretch: every day
			w.turn("1d")
			w.last("@tanaka", "Suite", fmt.Sprintf("あと%d日", days))
		}
		w.press("tanaka", w.card("Suite"), "answer:not_yet")
		w.turn("2m") // its wait is until a date that is over
		w.press("tanaka", w.card("Suiteの最終確認"), "answer:lost")
		w.turn("2m")
		w.stands("harbor", "contracts/k1 =lost", "contracts/k2 =renewed")
		w.last("@yamada", "harbor", "失注")
	})

	part("accounts of other sizes take other steps, or are none of its audience", func(t *testing.T) {
		w.account("big", "sizes", map[string]any{"seats": 150})
		w.account("small", "sizes", map[string]any{"seats": 5})
		w.account("middle", "sizes", map[string]any{"seats": 50})
		w.stands("big", "sizes at call")
		w.stands("small", "sizes at mail")
		w.card("small", "短いメールを送る")
		w.stands("middle")
		if reason := w.decided("middle", "sizes"); reason != "outside_audience" {
			t.Errorf("middle was decided %s", reason)
		}
	})

	part("many accounts at once are one message, and few are a play each", func(t *testing.T) {
		for _, id := range []string{"crowd-1", "crowd-2"} {
			w.account(id, "crowd", nil)
		}
		w.turn("1h")
		w.stands("crowd-1")
		if said := w.command("tanaka", "/cs", "why crowd-1 crowd"); !strings.Contains(said, "開始を待っています") || strings.Contains(said, "開始しました") {
			t.Errorf("why a play that waits for others does not begin is answered %q", said)
		}
		w.account("crowd-3", "crowd", map[string]any{"owner": "miller"})
		w.last("#product", "3社", "当社側の障害", "crowd-1", "crowd-2", "crowd-3")
		w.account("crowd-4", "crowd", nil)
		w.last("#product", "4社", "crowd-4")
		w.stands("crowd-4")
		w.turn("25h")
		w.account("crowd-5", "crowd", nil)
		w.turn("119m")
		w.stands("crowd-5")
		w.turn("2m")
		w.stands("crowd-5", "crowd at look")
	})

	part("a draft tells nobody but ops", func(t *testing.T) {
		w.account("hidden", "silent", nil)
		w.turn("5d")
		w.stands("hidden", "silent =resolved")
		for _, channel := range []string{"#cs-alerts", "#product", "@tanaka"} {
			w.none(channel, "hidden")
		}
		if calls := w.calls("hidden"); len(calls) > 0 {
			t.Errorf("a draft called %q", calls)
		}
		said := w.command("ops", "/cs", "ops draft silent")
		w.turn("1s") // what is too long to come with the acknowledgement comes after it
		said += w.answeredTo("ops", "@ops")
		for _, want := range []string{"question", "Tanaka", "Why, hidden?", "crm", "Nobody hears of hidden"} {
			if !strings.Contains(said, want) {
				t.Errorf("ops are not told %q: %s", want, said)
			}
		}
		if at, then := strings.Index(said, "Nobody hears of hidden"), strings.Index(said, "crm"); at > then {
			t.Errorf("the newest does not come first: %s", said)
		}
	})

	part("another system is called until it takes the call, and people step in where it never does", func(t *testing.T) {
		w.must("/sandbox/faults", map[string]any{"method": "webhook:crm", "mode": "500", "times": 1})
		w.account("told", "hooked", nil)
		w.until("the call is made again", func() bool { return len(w.calls("told")) == 2 })
		w.turn("1s")
		if got, want := w.calls("told"), []string{"crm 500 told is at risk", "crm 200 told is at risk"}; !slices.Equal(got, want) {
			t.Errorf("the calls are %q, want %q", got, want)
		}
		w.stands("told", "hooked =told")
		w.last("#product", "told様の件を登録しました")
		w.must("/sandbox/faults", map[string]any{"method": "webhook:crm", "mode": "400", "times": 1})
		w.account("untold", "hooked", nil)
		w.turn("1s")
		w.stands("untold", "hooked at by_hand")
		w.last("#cs-alerts", "crmへ連携できませんでした(応答コード:400)")
		w.none("#cs-alerts", "the call is refused")
	})

	part("a text for the customer is approved before it is sent", func(t *testing.T) {
		w.account("letter", "mail", nil)
		card := w.card("letter", "メールを送る")
		w.press("tanaka", card, "text")
		if form, id := w.view("tanaka"); !strings.Contains(form, "letter様、20席の") {
			t.Errorf("the text is %s", form)
		} else {
			w.must("/sandbox/close", map[string]any{"user": "tanaka", "view_id": id})
		}
		w.press("tanaka", card, "done")
		w.press("sato", card, "approve")
		if said := w.answeredTo("sato", "#cs-alerts"); !strings.Contains(said, "山田さん") {
			t.Errorf("who may not approve is answered %q", said)
		}
		w.turn("2m")
		ask := w.last("@yamada", "letter", "承認")
		w.press("yamada", ask, "approve")
		w.turn("2m")
		if said := w.pressLate("yamada", "@yamada", ask, "approve"); !strings.Contains(said, "ご回答いただいています:承認") {
			t.Errorf("the second click on the approval is answered %q", said)
		}
		w.press("tanaka", w.last("@tanaka", "letter", "送信しました"), "done")
		w.turn("2m")
		w.stands("letter", "mail =sent")

		w.account("refused", "mail", nil)
		w.press("tanaka", w.card("refused"), "done")
		w.turn("2m")
		w.press("yamada", w.last("@yamada", "refused", "承認"), "refuse")
		if wrong := w.form("yamada", map[string]any{"text": map[string]any{"value": "もっと短く"}}); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		w.turn("2m")
		w.stands("refused", "mail =stopped")
		w.last("@tanaka", "refused", "山田さんにより見送られました", "もっと短く")
		w.card("refused", "却下", "山田さん")
	})

	part("two people say what they expect, and the difference is shown", func(t *testing.T) {
		w.account("both", "forecast", nil)
		card := w.card("both")
		w.press("tanaka", card, "answer:renew")
		w.press("sato", w.last("@sato", "both", "更新されますか"), "answer:leave")
		if wrong := w.form("sato", map[string]any{"collect:why": map[string]any{"value": "予算 <!channel>"}}); len(wrong) > 0 {
			t.Fatalf("the form is refused: %v", wrong)
		}
		w.card("both", "更新見込み", "解約見込み", "田中さん", "佐藤さん")
		w.none("#cs-alerts", "<!channel>")
		w.stands("both", "forecast at settle")
		w.turn("21d")
		w.stands("both", "forecast =resolved")
	})

	part("a play waits for a day and a condition, branches, sets, starts another, and is stopped", func(t *testing.T) {
		w.account("slow", "path", map[string]any{"attributes": map[string]any{"follow_on": w.day(7)}})
		w.stands("slow", "path at until_day")
		w.turn("8d")
		w.stands("slow", "path at until_seats")
		w.card("slow", "待っている状態になるまで")
		w.put(map[string]any{"id": "slow", "seats": 600})
		w.stands("slow", "path =unclear") // nobody knows its price
		w.account("quick", "path", map[string]any{"seats": 900, "attributes": map[string]any{"follow_on": w.day(-7), "price": 200}})
		w.stands("quick", "follow at go", "path =resolved")
		if known := w.get("/v1/accounts/quick"); !strings.Contains(known, `"stage":"renewal"`) || !strings.Contains(known, `"risk":"price"`) {
			t.Errorf("what the play set is not known: %s", known)
		}
		w.account("halted", "path", map[string]any{"attributes": map[string]any{"follow_on": w.day(90)}})
		w.put(map[string]any{"id": "halted", "attributes": map[string]any{"walk": "path", "stopped": true}})
		w.stands("halted", "path =stopped_early")
	})

	part("some are held out, some outside the pilot, and more than the limit ask ops first", func(t *testing.T) {
		reasons := map[string]int{}
		for i := range 12 {
			id := fmt.Sprintf("half-%d", i)
			w.account(id, "compared", nil)
			reasons[w.decided(id, "compared")]++
		}
		if reasons["held_out"] == 0 || reasons["held_out"] == 12 || reasons["held_out"]+reasons["fired"] != 12 {
			t.Errorf("with a holdout of half of them the decisions are %v", reasons)
		}
		w.account("in-pilot", "tried", nil)
		w.account("not-in-pilot", "tried", map[string]any{"owner": "miller"})
		w.stands("in-pilot", "tried at go")
		w.stands("not-in-pilot")
		for i := range 4 {
			w.account(fmt.Sprintf("many-%d", i), "many", nil)
		}
		w.stands("many-1", "many at go")
		w.stands("many-2")
		storm := w.last("#cs-ops", "Play many", "limit of 2")
		w.press("miller", storm, "ops_start")
		w.stands("many-2")
		w.press("ops", storm, "ops_start")
		w.stands("many-3", "many at go")
	})

	part("a playbook that is switched on lists, starts or ignores what holds already", func(t *testing.T) {
		w.account("there", "existing", nil)
		text, err := os.ReadFile("testdata/format/tried.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, how := range []string{"list", "start", "ignore"} {
			playbook := strings.NewReplacer(`"tried"`, `"existing"`, "pilot: [tanaka]", "existing: "+how, "tried", "on-"+how).Replace(string(text))
			w.write("on-"+how+".yaml", playbook)
		}
		w.until("ops have the list", func() bool { return w.told("Its rule held already for") == 1 })
		w.until("what is to start has started", func() bool { return slices.Contains(w.plays("there"), "on-start at go") })
		w.stands("there", "on-start at go")
		w.press("ops", w.last("#cs-ops", "Its rule held already for"), "ops_begin")
		w.stands("there", "on-start at go", "on-list at go")
	})

	part("ops pause, start, stop and move plays", func(t *testing.T) {
		w.command("ops", "/cs", "ops pause path")
		w.account("paused", "path", map[string]any{"attributes": map[string]any{"follow_on": w.day(9)}})
		w.stands("paused")
		w.command("ops", "/cs", "ops resume path")
		w.turn("1s")
		w.stands("paused", "path at until_day")
		text, err := os.ReadFile("testdata/format/path.yaml")
		if err != nil {
			t.Fatal(err)
		}
		w.write("path.yaml", strings.Replace(string(text), "wait: 30d", "wait: 31d", 1))
		w.until("ops are told", func() bool { return w.told("changed: `path`") == 1 })
		w.command("ops", "/cs", "ops move path")
		w.turn("1s")
		w.last("#cs-alerts", "クラークさん", "移行しました")
		w.command("ops", "/cs", "ops stop path wrong data")
		w.turn("1s")
		w.stands("paused", "path =stopped")
		w.command("ops", "/cs", "ops start path paused")
		w.turn("1s")
		w.stands("paused", "path =stopped", "path at until_day")
	})

	posted := map[string]int{}
	for key, n := range w.state().keys() {
		if key != "" && n > 1 {
			posted[key] = n
		}
	}
	if len(posted) > 0 {
		t.Errorf("posted twice: %v", posted)
	}
}
