package rules

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestEveryExampleOfTheReferenceCompiles(t *testing.T) {
	schema := testSchema()
	schema.Attributes["risk"] = Text
	c, problems := NewCompiler(schema)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, part := range Reference() {
		for _, e := range part.Entries {
			_, problems := c.Template(Source{Text: "{{ " + e.Example + " }}"})
			for _, p := range problems {
				t.Errorf("%s: %s", part.Title, p.Long())
			}
			if e.About == "" || strings.HasSuffix(e.About, "..") {
				t.Errorf("%s is explained as %q", e.Example, e.About)
			}
		}
	}
}

func TestTheReferenceHasEveryFieldAndFeature(t *testing.T) {
	var all strings.Builder
	for _, part := range Reference() {
		for _, e := range part.Entries {
			all.WriteString(e.Example + "\n" + e.About + "\n")
		}
	}
	c := testCompiler(t)
	var want []string
	for _, name := range slices.Sorted(maps.Keys(c.accountFields())) {
		if _, own := c.attributes[name]; !own && !slices.Contains(c.roles, name) {
			want = append(want, "account."+name+"\n")
		}
	}
	for name := range contractFields() {
		want = append(want, "contract."+name+"\n")
	}
	for name := range milestoneFields("kickoff") {
		want = append(want, ")."+name+"\n")
	}
	for _, form := range featureForms() {
		want = append(want, "."+string(form.op)+"(")
	}
	want = append(want, peerFieldNames...)
	want = append(want, c.roles...)
	for _, w := range want {
		if !strings.Contains(all.String(), w) {
			t.Errorf("the reference has no %s", strings.TrimSpace(w))
		}
	}
}
