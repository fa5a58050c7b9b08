package cards

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBothLanguagesHaveTheSameTexts(t *testing.T) {
	id := regexp.MustCompile(`(?m)^"?([a-z_.]+)"?:`)
	read := func(file string) []string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range id.FindAllStringSubmatch(string(b), -1) {
			if label := m[1]; len(label) < 11 || label[:11] != "card.label." { // Japanese marks more states
				ids = append(ids, label)
			}
		}
		slices.Sort(ids)
		return ids
	}
	if diff := cmp.Diff(read("en.yaml"), read("ja.yaml")); diff != "" {
		t.Errorf("(-en +ja)\n%s", diff)
	}
}
