package outline_test

import (
	"os"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

func TestWhatWouldHaveToBecomeTrue(t *testing.T) {
	const seats, drop, sum, plan = `account.seats >= 5`, `logins.drop("14d") >= 0.4`, `logins.sum("7d") == 0`, `account.plan == "pro"`
	for _, test := range []struct {
		when  string
		truth map[string]rules.Truth
		want  string
	}{
		{seats + " and " + drop, map[string]rules.Truth{seats: rules.True, drop: rules.False}, "“Logins” over 14 days is at least 40 % below the usual"},
		{seats + " and " + drop, map[string]rules.Truth{seats: rules.True, drop: rules.True}, ""},
		{seats + " and (" + drop + " or " + sum + ")", map[string]rules.Truth{seats: rules.False, drop: rules.False, sum: rules.Unknown},
			"the number of seats is at least 5 and (“Logins” over 14 days is at least 40 % below the usual or nothing of “Logins” has come in 7 days)"},
		{seats + " and (" + drop + " or " + sum + ")", map[string]rules.Truth{seats: rules.False, drop: rules.False, sum: rules.True}, "the number of seats is at least 5"},
		{"not (" + plan + ") and " + seats, map[string]rules.Truth{plan: rules.True, seats: rules.True}, "the plan is not “pro”"},
		{"not (" + plan + ") and " + seats, map[string]rules.Truth{plan: rules.False, seats: rules.False}, "the number of seats is at least 5"},
	} {
		t.Run(test.when, func(t *testing.T) {
			files, err := playbooks.ReadDir(os.DirFS("../testdata/base"))
			if err != nil {
				t.Fatal(err)
			}
			files["play.yaml"] = []byte("playbook: p\ntitle: P\nabout: P\nwhen: '" + test.when + "'\nsteps: [{id: hello, say: Hello}]\n")
			book, problems := playbooks.Load(files)
			if book == nil {
				t.Fatal(problems)
			}
			var judged []rules.ClauseValue
			for source, truth := range test.truth {
				judged = append(judged, rules.ClauseValue{Source: source, Truth: truth})
			}
			if got := outline.Needs(book, book.Playbooks["p"], words.New().For("en"), book.Playbooks["p"].Rule.When, judged); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
