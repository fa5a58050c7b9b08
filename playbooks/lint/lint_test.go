package lint

import (
	"testing"

	"playcaller/playbooks/library"
)

func TestTheStarterBookHasNoProblems(t *testing.T) {
	problems, err := Dir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p.Error())
	}
}
