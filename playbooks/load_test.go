package playbooks_test

import (
	"os"
	"testing"

	"playcaller/playbooks"
	"playcaller/playbooks/library"
)

// starter returns the starter book's files, which tests change.
func starter(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := playbooks.ReadDir(library.FS)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheDesignsSamplePlaybookLoads(t *testing.T) {
	files := starter(t)
	sample, err := os.ReadFile("testdata/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files["login-drop.yaml"] = sample
	files["champion-left.yaml"] = []byte("playbook: champion-left\ntitle: Champion left\nabout: The champion left.\nsteps:\n  - {id: a, task: Find the successor, due: 2wd, otherwise: {after: 10wd, then: =unanswered}}\n")
	book, problems := playbooks.Load(files)
	for _, p := range problems {
		t.Log(p.Long())
	}
	if book == nil {
		t.Fatal("the book is refused")
	}
}
