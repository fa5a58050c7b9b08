package rules

import "testing"

func TestWhatOtherLanguagesWriteIsPutRight(t *testing.T) {
	c := testCompiler(t)
	for _, test := range []struct{ text, fix string }{
		{`logins.drop("14d") => 0.4`, `logins.drop("14d") >= 0.4`},
		{`logins.drop("14d") =< 0.4`, `logins.drop("14d") <= 0.4`},
		{`logins.drop("14d") > = 0.4`, `logins.drop("14d") >= 0.4`},
		{`logins.drop("14d") >= 40%`, `logins.drop("14d") >= 0.4`},
		{`logins.drop("14d") >= 12.5 %`, `logins.drop("14d") >= 0.125`},
		{`account.seats > 5 AND account.seats < 9`, `account.seats > 5 and account.seats < 9`},
		{`NOT (account.seats > 5)`, `not (account.seats > 5)`},
		{`account.seats > 5 & account.seats < 9`, `account.seats > 5 and account.seats < 9`},
		{`account.seats > 5 | account.seats < 9`, `account.seats > 5 or account.seats < 9`},
		{`account.seats>5&account.seats<9`, `account.seats>5 and account.seats<9`},
		{`NOT(account.seats > 5)`, `not (account.seats > 5)`},
		{`account.seats <> 5`, `account.seats != 5`},
		{`account.seats ≥ 5`, `account.seats >= 5`},
		{`account.seats ＞ 5`, `account.seats > 5`},
		{`account.seats > ５０`, `account.seats > 50`},
		{`account.plan is "pro"`, `account.plan == "pro"`},
		{`account.plan == "A AND B" AND account.seats > 1`, `account.plan == "A AND B" and account.seats > 1`},
	} {
		t.Run(test.text, func(t *testing.T) {
			cond, problems := c.Condition(Source{Text: test.text})
			if cond != nil || len(problems) != 1 {
				t.Fatalf("condition %v, problems %v", cond, problems)
			}
			if p := problems[0]; p.Fix != test.fix || p.Suggestion == "" {
				t.Errorf("%s\nwant the line %s", p.Long(), test.fix)
			}
		})
	}
}
