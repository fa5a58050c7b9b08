package playbooks_test

import (
	"strings"
	"testing"

	"playcaller/playbooks"
)

func TestAMistakeNamesWhatIsThere(t *testing.T) {
	const head = `playbook: wording
title: {en: Wording, ja: 確認}
about: {en: Wording., ja: 確認。}
severity: low
when: WHEN
assign: account.owner
steps:
`
	for name, c := range map[string]struct{ when, steps, want, not string }{
		"no kind of what is collected": {
			steps: "  - id: look\n    ask: {en: A, ja: A}\n    answers: {later: {label: {en: L, ja: 後}, collect: {until: }, snooze: until, then: =resolved}}\n",
			want:  "kind of value must be a text, and this is empty", not: "collected as a ;",
		},
		"a step without a name": {
			steps: "  - id:\n    task: {en: A, ja: A}\n  - id: zzz\n    task: {en: A, ja: A}\n    then: xqw\n",
			want:  "known: zzz", not: "known: ,",
		},
		"no hint about a step without a name": {
			steps: "  - id:\n    task: {en: A, ja: A}\n", want: "id of a step has no value", not: "nobody answers :",
		},
		"a line that begins too far to the left, below an entry of a list": {
			steps: "  - id: look\n   task: {en: A, ja: A}\n",
			want:  "the line above begins in column 5, this one in column 4", not: "begins in column 3",
		},
		"the owner by another word": {
			when:  `account.csm == "tanaka"`,
			steps: "  - id: zzz\n    task: {en: A, ja: A}\n", want: `there is no field of account "csm"; did you mean "owner"?`, not: "starter book",
		},
		"a field of account that there is not": {
			when:  `account.zzzzzz == "tanaka"`,
			steps: "  - id: zzz\n    task: {en: A, ja: A}\n", want: `there is no field of account "zzzzzz"; there are: ae, arr, `, not: "starter book",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := base(t)
			when := c.when
			if when == "" {
				when = "logins.sum(\"7d\") >= 3"
			}
			files["wording.yaml"] = []byte(strings.Replace(head, "WHEN", when, 1) + c.steps)
			_, problems := playbooks.Load(files)
			var all []string
			for _, p := range problems {
				all = append(all, p.Error())
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
				t.Errorf("problems:\n%s\nwant one with %q, none with %q", got, c.want, c.not)
			}
		})
	}
}
