package rules

import "testing"

func TestWhatIsUnknownIsTakenFromTheOther(t *testing.T) {
	c := testCompiler(t)
	seats := 40.0
	for _, test := range []struct {
		name, text string
		account    Account
		want       Truth
	}{
		{"the first where both are known", `(account.ae ?? account.owner) == "sato"`, Account{Roles: []Role{{Role: "ae", Person: "sato"}, {Role: "owner", Person: "tanaka"}}}, True},
		{"the first where the other is not", `(account.ae ?? account.owner) == "sato"`, Account{Roles: []Role{{Role: "ae", Person: "sato"}}}, True},
		{"the other where the first is not", `(account.ae ?? account.owner) == "tanaka"`, Account{Roles: []Role{{Role: "owner", Person: "tanaka"}}}, True},
		{"nothing where neither is", `(account.ae ?? account.owner) == "tanaka"`, Account{}, Unknown},
		{"a literal", `(account.size ?? 0) < 5`, Account{}, True},
		{"a calculation", `(account.size ?? (account.seats / 2)) == 20`, Account{Seats: &seats}, True},
		{"a chain", `(account.se ?? (account.ae ?? account.owner)) == "tanaka"`, Account{Roles: []Role{{Role: "owner", Person: "tanaka"}}}, True},
	} {
		t.Run(test.name, func(t *testing.T) {
			cond := condition(t, c, test.text)
			if got := cond.Truth(NewFacts(c, &test.account, nil, utc("2026-11-20T12:00"))); got != test.want {
				t.Errorf("%s is %v, want %v", test.text, got, test.want)
			}
		})
	}
}
