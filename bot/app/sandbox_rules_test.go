package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"playcaller/bot/app"
)

func TestAnOpenPlayIsShownAsPlayingWhateverItsRuleSaysNow(t *testing.T) {
	s := newShelf(t)
	used := strings.NewReplacer(`logins.sum("300d") >= 1000000`, `logins.sum("300d") >= 1`, "severity: low", "severity: low\nexisting: start").Replace(visit)
	s.save("visit.yaml", used)
	l := beginWith(t, t.TempDir(), s.dir)
	l.turn("72h")
	acme := func() app.PanelStanding {
		t.Helper()
		var panel app.RulesPanel
		if err := json.Unmarshal([]byte(l.get("/sandbox/rules?lang=en")), &panel); err != nil {
			t.Fatal(err)
		}
		for _, a := range panel.Accounts {
			if a.ID == "acme-kk" {
				return a.Rules["visit"]
			}
		}
		t.Fatal("the panel does not have acme-kk")
		return app.PanelStanding{}
	}
	if got := acme(); got.Standing != "playing" {
		t.Fatalf("before the change it stands %+v, want playing", got)
	}
	for _, c := range []struct{ what, old, now, says string }{
		{"a rule that holds, and not for long enough", "when: logins.sum(\"300d\") >= 1\n", "for: 10d\nwhen: logins.sum(\"300d\") >= 2\n", "not for long enough"},
		{"a rule that does not hold", ">= 1\n", ">= 1000000\n", "does not hold"},
		{"a rule for other accounts", "when:", "audience: account.seats > 1000000\nwhen:", "not meant for accounts like this one"},
	} {
		changed := strings.Replace(used, c.old, c.now, 1)
		if changed == used {
			t.Fatalf("%s: the playbook has no %q", c.what, c.old)
		}
		s.save("visit.yaml", changed)
		l.until("it is told of "+c.what, func() bool { return strings.Contains(acme().Text, c.says) })
		if got := acme(); got.Standing != "playing" || !strings.HasPrefix(got.Text, "A play is open since") {
			t.Errorf("with %s it stands %+v, want playing, and since when", c.what, got)
		}
	}
}
