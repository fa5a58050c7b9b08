package cards_test

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"playcaller/bot/slackapp/cards"
	"playcaller/bot/slackapp/cards/cardstest"
	"playcaller/playbooks"
	"playcaller/rules"
)

// errorBook is the cards' book with errors by the hour and three playbooks about them.
func errorBook(t *testing.T) *playbooks.Book {
	t.Helper()
	dir, err := fs.Sub(os.DirFS("cardstest"), "book")
	if err != nil {
		t.Fatal(err)
	}
	files, err := playbooks.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files = maps.Clone(files)
	files["signals.yaml"] = []byte(strings.Replace(string(files["signals.yaml"]), "signals:\n",
		"signals:\n  errors: {kind: count, hourly: true, title: {en: Errors, ja: エラー数}}\n", 1))
	for name, when := range map[string]string{"burst": `errors.spike("3h") >= 3`, "hush": `errors.drop("6h") >= 0.5`, "flood": `errors.spike("1d") >= 3`} {
		files[name+".yaml"] = []byte("playbook: " + name + "\ntitle: {en: Errors, ja: エラー}\nabout: Errors by the hour.\nstage: adoption\nwhen: " + when +
			"\nassign: account.owner\nchannel: \"#cs-alerts\"\nsteps:\n  - id: look\n    task: {en: Look at it, ja: 確認する}\n    due: 1wd\n")
	}
	book, found := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the book does not load: %v", found)
	}
	return book
}

// What a window of hours came to is told beside what the same hours of that weekday bring.
func TestWindowsOfHoursAreTold(t *testing.T) {
	book, account := errorBook(t), cardstest.Account("Acme KK")
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 11, 17, 0, 0, 0, 0, tokyo) // a Tuesday
	for _, tc := range []struct {
		playbook string
		hour     int
		today    float64 // each hour
		en, ja   string
		why      []string
	}{
		{"burst", 15, 40, "120 errors in 3 hours, usually 13 at this time of a Tuesday (9.5 times as many).", "直近3時間のエラー数は120で、火曜日のこの時間帯の通常(約13)の9.5倍です。",
			[]string{"errors in 3 hours: 9.5 times the usual (asked for: at least 3)", "120 from Tue 17 Nov, 13:00 to Tue 17 Nov, 16:00, usually 13 at these hours; between 0 and", "Left out: Mon 12 Oct (holiday: Sports Day)"}},
		{"hush", 17, 0, "0 errors in 6 hours, usually 23 at this time of a Tuesday (100 % fewer).", "直近6時間のエラー数は0で、火曜日のこの時間帯の通常(約23)より100%少ない状態です。",
			[]string{"errors in 6 hours: 100 % below usual (asked for: at least 50 %)"}},
		{"flood", 11, 40, "480 errors today so far, usually 12 by this time (", "本日のエラー数は現時点で480で、この時刻までの通常(約12)の", nil},
	} {
		var h rules.History
		def := *book.Signal("errors")
		now := midnight.Add(time.Duration(tc.hour)*time.Hour + 35*time.Minute)
		for at := midnight.AddDate(0, 0, -56); at.Before(now); at = at.Add(time.Hour) {
			v := tc.today
			if at.Before(midnight) {
				if v = 1; at.Hour() >= 9 && at.Hour() < 19 {
					v = 4
				} else if at.Hour() < 9 {
					v = 0
				}
			}
			if v > 0 {
				if _, err := h.Apply(rules.Signal{Signal: "errors", Value: v, At: at.Add(20 * time.Minute)}, def, tokyo, at.Add(20*time.Minute)); err != nil {
					t.Fatal(err)
				}
			}
		}
		facts := book.Rules.Facts(account, &h, now)
		facts.SetFeed(func(string) time.Time { return now })
		run := cardstest.Run(t, book, account, facts, tc.playbook)
		if run.Fired[0].Truth != rules.True {
			t.Fatalf("%s: %s is %s: %v", tc.playbook, run.Fired[0].Source, run.Fired[0].Truth, run.Fired[0].Values)
		}
		for lang, want := range map[string]string{"en": tc.en, "ja": tc.ja} {
			scene := cardstest.Scene(t, book, account, run, lang)
			scene.Began, scene.Facts, scene.Now = facts, facts, now
			if text := sections(cards.Card(scene)); !strings.Contains(text, want) {
				t.Errorf("%s in %s says\n%s\nwant %s", tc.playbook, lang, text, want)
			}
		}
		why := cards.WhyLines(cards.WhyScene{Account: account, Book: book, Playbook: tc.playbook, Facts: facts, Voice: cards.NewTexts().In("en", tokyo),
			Decisions: []rules.Decision{{Playbook: tc.playbook, At: now, Outcome: rules.Fired, Clauses: run.Fired}}})
		for _, want := range tc.why {
			if text := strings.Join(why, "\n"); !strings.Contains(text, want) {
				t.Errorf("%s is explained by\n%s\nwant %s", tc.playbook, text, want)
			}
		}
	}
}
