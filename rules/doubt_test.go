package rules

import (
	"strings"
	"testing"
)

func TestAConditionThatSaysTheSameOfEveryAccountIsDoubted(t *testing.T) {
	c := testCompiler(t)
	for _, test := range []struct{ text, want string }{
		{`logins.drop("14d") >= 40`, `logins.drop("14d") >= 40 is never true; logins.drop("14d") is a share, from 0 to 1: 40 % is written 0.4 | logins.drop("14d") >= 0.4`},
		{`logins.drop("14d") <= 1`, `is always true`},
		{`logins.drop("14d") >= 4e1`, `| logins.drop("14d") >= 0.4`},
		{`logins.trend("28d") < -1`, `is never true`},
		{`seats_used.trend("28d") < -1`, ``}, // a gauge may fall below zero
		{`logins.shift("56d") < -1`, `is never true; logins.shift("56d") is never below -1`},
		{`seats_used.shift("56d") < -1`, ``},
		{`logins.shift_days("56d") < 0`, `is never true`},
		{`seats_used.shift_days("56d") < 0`, `is never true`},
		{`help_views.spike("1d") > 0.5`, `is always true; help_views.spike("1d") says how many times the usual came`},
		{`logins.sum("7d") >= 0`, `is always true; logins.sum("7d") is never below 0`},
		{`logins.sum("7d") < 0 or account.seats > 3`, `logins.sum("7d") < 0 is never true`},
		{`5 > logins.drop("7d")`, `is always true`},
		{`account.seats > 10 and account.seats < 5`, `never true: its parts exclude each other`},
		{`account.seats >= 10 or account.seats < 10`, `always true: its parts leave nothing out`},
		{`account.plan == "pro" and account.plan == "team"`, `exclude each other`},
		{`account.plan != "pro" or account.plan != "team"`, `leave nothing out`},
		{`account.plan in ["pro", "team"] and not (account.plan in ["team", "pro", "free"])`, `exclude each other`},
		{`contract.signed and not contract.signed`, `exclude each other`},
		{`logins.sum("7d") == 0 and (help_views.sum("7d") > 3 and help_views.sum("7d") < 3)`, `exclude each other`},

		{`logins.drop("14d") >= 0.4`, ``},
		{`logins.shift("56d") <= -0.3`, ``}, // a third less
		{`logins.shift("56d", {alarms: "1/year"}) <= -0.3 and logins.shift_days("56d") <= 21`, ``},
		{`logins.drop("14d") >= 0.4 and logins.drop("7d") < 0.15`, ``},
		{`account.seats > 10 and account.seats < 12`, ``},
		{`account.seats >= 10 or account.seats < 9`, ``},
		{`account.seats == 3 or account.seats != 4`, ``},
		{`logins.sum("7d") > 0`, ``},
		{`logins.sum("7d") <= 0`, ``},
		{`help_views.spike("1d") == 1`, ``},
		{`account.plan == "pro" or account.plan == "team"`, ``},
		{`account.seats - users.distinct("28d") > 0 and account.seats - users.distinct("28d") < 0`, ``}, // not looked into
		{`true`, ``},
	} {
		t.Run(test.text, func(t *testing.T) {
			doubts := condition(t, c, test.text).Doubts()
			got := ""
			for _, p := range doubts {
				if p.Level != Warning || p.Suggestion == "" {
					t.Errorf("level %s, suggestion %q", p.Level, p.Suggestion)
				}
				got += p.Message + "; " + p.Suggestion + " | " + p.Fix
			}
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("doubts: %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestConditionsThatHoldAtOnceAreFound(t *testing.T) {
	c := testCompiler(t)
	for _, test := range []struct {
		when, resolve string
		want          bool
	}{
		{`logins.sum("28d") >= 3`, `logins.sum("28d") < 5`, true},
		{`logins.sum("28d") >= 3`, `logins.sum("28d") < 3`, false},
		{`logins.sum("28d") >= 3`, `logins.sum("28d") < 2`, false},
		{`logins.sum("28d") >= 3`, `logins.sum("28d") <= 3`, true},
		{`logins.drop("14d") >= 0.4`, `logins.drop("7d") < 0.15`, false}, // of two windows nothing is said
		{`account.plan == "pro"`, `account.plan in ["pro", "team"]`, true},
		{`account.plan == "pro"`, `account.plan != "pro"`, false},
	} {
		if got := condition(t, c, test.when).Overlaps(condition(t, c, test.resolve)); got != test.want {
			t.Errorf("%s and %s overlap: %v, want %v", test.when, test.resolve, got, test.want)
		}
	}
}
