package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// explained asks why a playbook does or does not start for an account.
func (l *live) explained(account, playbook, at string) string {
	l.t.Helper()
	res, err := http.Get(l.url + "/v1/accounts/" + account + "/explain/" + playbook + "?" + url.Values{"at": {at}}.Encode())
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	var said struct{ Text string }
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		l.t.Fatal(err)
	}
	return said.Text
}

func TestExplainTellsOfOpenPlaysDraftsAndThePast(t *testing.T) {
	s := newShelf(t)
	used := strings.NewReplacer(`logins.sum("300d") >= 1000000`, `logins.sum("300d") >= 1`, "severity: low", "severity: low\nexisting: start")
	s.save("visit.yaml", used.Replace(visit))
	s.save("shadow.yaml", strings.NewReplacer("playbook: visit", "playbook: shadow\ndraft: true").Replace(used.Replace(visit)))
	l := beginWith(t, t.TempDir(), s.dir)
	l.turn("72h")
	now := l.state().Now
	for _, c := range []struct {
		what, playbook, at string
		want               []string
	}{
		{"an open play", "visit", "", []string{"A play is open since", "It is Tanaka's turn, since", "overdue since", ": Call Acme KK", "the play goes on without it on", "Values at"}},
		{"a draft", "shadow", "", []string{"The playbook is a draft", "nobody is told anything", "A silent play is open", "It would have told:", "→ #cs-alerts (card): Call Acme KK", "→ Tanaka (task)"}},
		{"the past", "visit", now.Add(-80 * time.Hour).Format(time.RFC3339), []string{"as recorded then: It started on", "A play is open since", "It is Tanaka's turn", "are as recorded at that time"}},
		{"a past of which nothing is recorded", "visit", now.AddDate(0, 0, -40).Format(time.DateOnly), []string{"Nothing was recorded of this playbook and account before", "its rule held"}},
		{"the future", "visit", now.AddDate(0, 0, 30).Format(time.DateOnly), []string{"No data on logins since", "This looks ahead"}},
	} {
		said := l.explained("acme-kk", c.playbook, c.at)
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not said of %s at %q:\n%s", c.what, want, c.playbook, c.at, said)
			}
		}
		if c.at != "" && strings.Contains(said, "If nothing is done") && c.what != "the future" {
			t.Errorf("%s: it is said what comes next as of today:\n%s", c.what, said)
		}
	}
	long := now.AddDate(0, 0, -40)
	said := l.explained("acme-kk", "visit", long.Format(time.DateOnly))
	if strings.Contains(said, "A play is open") {
		t.Errorf("a play of today is told of the past:\n%s", said)
	}
	if want := regexp.MustCompile(`before \w+ \d+ \w+ ` + fmt.Sprint(long.Year()) + `, \d\d:\d\d JST\.`); !want.MatchString(said) {
		t.Errorf("the past is told without its year and zone (%s):\n%s", want, said)
	}
	if said := l.command("ops", "/cs", "why acme-kk shadow"); !strings.Contains(said, "The playbook is a draft") || !strings.Contains(said, "Call Acme KK") {
		t.Errorf("/cs why of a draft: %s", said)
	}
	if said := l.command("tanaka", "/cs", "why acme-kk visit"); !strings.Contains(said, "A play is open since") || !strings.Contains(said, "It is Tanaka's turn") {
		t.Errorf("/cs why of an open play: %s", said)
	}
}
