package playbooks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/rules"
)

// team is the starter book's.
func team(t *testing.T) *playbooks.Team {
	t.Helper()
	return loaded(t, starter(t)).Team
}

func date(t *testing.T, s string) rules.Date {
	t.Helper()
	d, err := rules.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAPersonIsReadWithDefaults(t *testing.T) {
	p := team(t).Person("tanaka")
	if p == nil {
		t.Fatal("tanaka is not there")
	}
	if p.Name.In("ja") != "田中" || p.Name.In("en") != "Tanaka" || p.Name.In("de") != "Tanaka" {
		t.Errorf("names are %v", p.Name)
	}
	if p.Location.String() != "Asia/Tokyo" || p.Country != "JP" || p.Language != "ja" || p.Manager != "yamada" {
		t.Errorf("tanaka is %+v", p)
	}
	if diff := cmp.Diff(playbooks.Hours{From: 540, To: 1080}, p.Hours); diff != "" {
		t.Errorf("hours (-want +got):\n%s", diff)
	}
	want := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	if diff := cmp.Diff(want, p.Days); diff != "" || p.Budget < 1 {
		t.Errorf("days (-want +got):\n%s; budget %d", diff, p.Budget)
	}
	if h := team(t).Person("davis").Hours; h != (playbooks.Hours{From: 510, To: 1050}) {
		t.Errorf("davis works %+v, want 8:30 to 17:30", h)
	}
}

func TestPeopleAreFoundByIDAndAddress(t *testing.T) {
	team := team(t)
	for who, want := range map[string]string{"tanaka": "tanaka", "Tanaka@Example.com": "tanaka", "nobody": "", "": ""} {
		got := ""
		if p := team.Person(who); p != nil {
			got = p.ID
		}
		if got != want {
			t.Errorf("Person(%q) is %q, want %q", who, got, want)
		}
	}
	if m := team.Manager("tanaka"); m == nil || m.ID != "yamada" {
		t.Errorf("tanaka's manager is %v, want yamada", m)
	}
	if m := team.Manager("yamada"); m != nil {
		t.Errorf("yamada's manager is %v, want none", m)
	}
}

func TestWordsOfAPlaybookMeanPeople(t *testing.T) {
	account := &rules.Account{ID: "acme", Roles: []rules.Role{
		{Role: "owner", Person: "miller", To: date(t, "2027-01-31")},
		{Role: "owner", Person: "tanaka@example.com", From: date(t, "2027-02-01")},
		{Role: "ae", Person: "left-the-company"},
	}}
	for _, c := range []struct{ word, of, day, want string }{
		{"owner", "", "2027-01-15", "miller"},
		{"account.owner", "", "2027-02-15", "tanaka"},
		{"manager", "tanaka", "2027-02-15", "yamada"},
		{"manager", "yamada", "2027-02-15", ""},
		{"onboarding", "", "2027-02-15", "suzuki"}, // the team's role, as the account names nobody
		{"ae", "", "2027-02-15", "sato"},           // the account names somebody unknown
		{"head_of_cs", "", "2027-02-15", "yamada"}, // by what people can do
		{"jones", "", "2027-02-15", "jones"},
		{"stranger", "", "2027-02-15", ""},
	} {
		got := ""
		if p := team(t).Resolve(c.word, account, c.of, date(t, c.day)); p != nil {
			got = p.ID
		}
		if got != c.want {
			t.Errorf("%s of %q on %s is %q, want %q", c.word, c.of, c.day, got, c.want)
		}
	}
}

func TestWhoIsAwayIsCovered(t *testing.T) {
	day := date(t, "2027-03-03")
	whole := team(t)
	away := func(cover string) playbooks.Away {
		return playbooks.Away{From: date(t, "2027-03-01"), Until: date(t, "2027-03-05"), Cover: cover}
	}
	covered := whole.WithAway("tanaka", away("suzuki"))
	if p := covered.Present("tanaka", day); p.ID != "suzuki" {
		t.Errorf("for tanaka stands %s, want suzuki", p.ID)
	}
	if p := covered.Present("tanaka", date(t, "2027-03-06")); p.ID != "tanaka" {
		t.Errorf("after the absence stands %s, want tanaka", p.ID)
	}
	if p := covered.WithAway("suzuki", away("jones")).Present("tanaka", day); p.ID != "jones" {
		t.Errorf("for the cover stands %s, want jones", p.ID)
	}
	if p := covered.WithAway("suzuki", away("tanaka")).Present("tanaka", day); p.ID != "yamada" {
		t.Errorf("where each covers the other stands %s, want the default owner", p.ID)
	}
	if p := covered.Present("somebody who left", day); p.ID != "yamada" {
		t.Errorf("for somebody unknown stands %s, want the default owner", p.ID)
	}
	if p := whole.Present("tanaka", day); p.ID != "tanaka" {
		t.Errorf("the team itself was changed: for tanaka stands %s", p.ID)
	}
}
