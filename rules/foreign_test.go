package rules

import (
	"strings"
	"testing"
)

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
		{`account.seats ≧ 5 and account.seats ≦ 9`, `account.seats >= 5 and account.seats ≦ 9`},
		{`account.arr >= 1,000,000`, `account.arr >= 1000000`},
		{`account.arr >= 12,000 and account.seats > 5`, `account.arr >= 12000 and account.seats > 5`},
		{`account.arr >= 100万`, `account.arr >= 1000000`},
		{`account.arr >= 1億5000万`, `account.arr >= 150000000`},
		{`account.arr >= 1千万`, `account.arr >= 10000000`},
		{`account.arr >= 3万5千`, `account.arr >= 35000`},
		{`account.arr >= 2千5百万 or account.arr < 1万500`, `account.arr >= 25000000 or account.arr < 10500`},
		{`account.arr >= 1.1億`, `account.arr >= 110000000`},
		{`account.arr >= 1.5億`, `account.arr >= 150000000`},
		{`account.plan == enterprise`, `account.plan == "enterprise"`},
		{`pro != account.plan`, `"pro" != account.plan`},
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

// A text without quotes is put into them whole, or not at all.
func TestAWordWithHyphensIsQuotedWhole(t *testing.T) {
	c := testCompiler(t)
	for text, want := range map[string]string{
		`account.plan == enterprise-plus and account.seats > 4`: `account.plan == "enterprise-plus" and account.seats > 4`,
		`account.plan != pro-2027`:                              `account.plan != "pro-2027"`,
		`enterprise-plus == account.plan`:                       "",
		`account.plan == plans.pro`:                             "",
	} {
		_, problems := c.Condition(Source{Text: text})
		if len(problems) == 0 || problems[0].Fix != want || len(problems) > 1 && problems[1].Fix != "" {
			t.Errorf("%s: %+v, want the line %s", text, problems, want)
		}
	}
}

// Some mistakes have no line to put in their place, and say what to write instead.
func TestWhatCannotBePutRightSaysWhatToWrite(t *testing.T) {
	c := testCompiler(t)
	for _, test := range []struct{ text, want string }{
		{`account.owner == tanaka@example.com`, `@ means nothing here; name people by their id in team.yaml`},
		{`account.seats > 5 § 3`, `"§" means nothing in an expression`},
		{`account.day > 2027-04-01`, `a date cannot be compared with a number; write a day in quotes, as in account.day > "2027-04-01"`},
		{`account.colour == "gold"`, `declare fields of your own under attributes in signals.yaml`},
	} {
		t.Run(test.text, func(t *testing.T) {
			cond, problems := c.Condition(Source{Text: test.text})
			if cond != nil || len(problems) != 1 {
				t.Fatalf("condition %v, problems %v", cond, problems)
			}
			if got := problems[0].Message + "; " + problems[0].Suggestion; !strings.Contains(got, test.want) {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
	if cond, problems := c.Condition(Source{Text: `account.day > "2027-04-01"`}); cond == nil || len(problems) > 0 {
		t.Error(problems)
	}
}
