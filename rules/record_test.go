package rules

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// recorded is a compiler that knows what was filled into a form.
func recorded(t *testing.T) *Compiler {
	t.Helper()
	return testCompiler(t).WithRecord("form", []RecordField{
		{Name: "tier", Type: Text, Values: []string{"high", "low"}},
		{Name: "amount", Type: Number},
		{Name: "renews", Type: Bool},
		{Name: "start", Type: Day},
		{Name: "notice", Type: Day, Not: "is asked only further below", Mend: "move that field above this one"},
	})
}

func TestAConditionMayReadTheFieldsOfARecord(t *testing.T) {
	c := recorded(t)
	start, _ := ParseDate("2027-04-01")
	for _, test := range []struct {
		condition string
		set       map[string]any
		want      Truth
		given     string
	}{
		{`form.tier == "high"`, nil, Unknown, "form.tier"},
		{`form.tier == "high"`, map[string]any{"form.tier": "high"}, True, "form.tier"},
		{`form.tier == "high"`, map[string]any{"form.tier": "low"}, False, "form.tier"},
		{`(form.tier ?? "low") == "high"`, nil, False, "form.tier"},
		{`form.renews`, map[string]any{"form.renews": true}, True, "form.renews"},
		{`not form.renews and account.seats > 10`, map[string]any{"form.renews": false}, True, "form.renews"},
		{`form.amount / account.seats > 100`, map[string]any{"form.amount": 1.0}, False, "form.amount"},
		{`form.start > "2027-03-31" and form.tier in ["high"]`, map[string]any{"form.start": start, "form.tier": "high"}, True, "form.start,form.tier"},
		{`account.seats > 10`, nil, True, ""},
	} {
		cond, problems := c.Condition(Source{Text: test.condition})
		if len(problems) > 0 {
			t.Errorf("%s: %v", test.condition, problems)
			continue
		}
		f := NewFacts(c, acme(), nil, time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC))
		for name, value := range test.set {
			f.Set(name, value)
		}
		if got := cond.Truth(f); got != test.want {
			t.Errorf("%s with %v is %v, want %v", test.condition, test.set, got, test.want)
		}
		if got := strings.Join(cond.Given(), ","); got != test.given {
			t.Errorf("%s reads %q of the record, want %q", test.condition, got, test.given)
		}
	}
}

func TestWhatIsWrongWithAFieldOfARecordIsSaid(t *testing.T) {
	c := recorded(t)
	for _, test := range []struct{ condition, message, suggestion, fix string }{
		{`form.tire == "high"`, `there is no field of form "tire"`, `did you mean "tier"?`, `form.tier == "high"`},
		{`tier == "high"`, `there is no signal or name "tier"`, `did you mean "form.tier"?`, `form.tier == "high"`},
		{`form.tier == "hihg"`, `there is no value of form.tier "hihg"`, `did you mean "high"?`, `form.tier == "high"`},
		{`form.notice > account.day`, "form.notice is asked only further below", "move that field above this one", ""},
		{`form > 3`, "form is not a value", "name one of: tier, amount, renews, start", ""},
		{`form.amount == "high"`, "a number cannot be compared with a text", "", ""},
	} {
		_, problems := c.Condition(Source{Text: test.condition})
		if len(problems) != 1 || problems[0].Message != test.message || problems[0].Suggestion != test.suggestion || problems[0].Fix != test.fix {
			t.Errorf("%s:\n got %+v\nwant %q, %q, %q", test.condition, problems, test.message, test.suggestion, test.fix)
		}
	}
	if _, problems := testCompiler(t).Condition(Source{Text: `form.tier == "high"`}); len(problems) == 0 {
		t.Error("a compiler without the record reads it")
	}
}

func TestAConditionThatARecordMakesTrivialIsDoubted(t *testing.T) {
	c := recorded(t)
	for condition, doubted := range map[string]bool{
		`form.tier == "high" or form.tier == "low"`:  true,
		`form.tier == "high" and form.tier == "low"`: true,
		`form.tier == "high" or form.amount > 3`:     false,
	} {
		cond, problems := c.Condition(Source{Text: condition})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := slices.ContainsFunc(cond.Doubts(), func(p Problem) bool { return p.Level == Warning }); got != doubted {
			t.Errorf("%s is doubted: %v, want %v", condition, got, doubted)
		}
	}
}
