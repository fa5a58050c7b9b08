package playbooks_test

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
)

func TestReadDirTakesTheYAMLFilesAndNothingElse(t *testing.T) {
	dir := fstest.MapFS{
		"a.yaml":           {Data: []byte("a")},
		"more/b.yaml":      {Data: []byte("b")},
		"old.yml":          {Data: []byte("c")},
		"README.md":        {Data: []byte("d")},
		".hidden.yaml":     {Data: []byte("e")},
		".git/config.yaml": {Data: []byte("f")},
	}
	files, err := playbooks.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(files))
	if diff := cmp.Diff([]string{"a.yaml", "more/b.yaml", "old.yml"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// changing is a folder in which a file is written to each time one is read, for so
// many times.
type changing struct {
	fstest.MapFS
	times *int
}

func (c changing) ReadFile(name string) ([]byte, error) {
	content, err := c.MapFS.ReadFile(name)
	if *c.times > 0 && name == "a.yaml" {
		*c.times--
		f := c.MapFS["b.yaml"]
		c.MapFS["b.yaml"] = &fstest.MapFile{Data: append(slices.Clone(f.Data), '#'), ModTime: f.ModTime.Add(time.Second)}
	}
	return content, err
}

func TestABookThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	times := 2
	dir := changing{fstest.MapFS{"a.yaml": {Data: []byte("a")}, "b.yaml": {Data: []byte("b")}}, &times}
	files, err := playbooks.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(files["b.yaml"]); got != "b##" {
		t.Errorf("b.yaml is read as %q, want what it was at last: b##", got)
	}
}

func TestABookThatNeverComesToRestIsRefused(t *testing.T) {
	times := 1000
	dir := changing{fstest.MapFS{"a.yaml": {Data: []byte("a")}, "b.yaml": {Data: []byte("b")}}, &times}
	_, err := playbooks.ReadDir(dir)
	if err == nil || !strings.Contains(err.Error(), "changed while they were read") {
		t.Errorf("the error is %v, want one that says that the files changed", err)
	}
}

func TestAFolderThatIsNoBookIsRefusedBeforeItIsRead(t *testing.T) {
	huge := unread{fstest.MapFS{"dump.yaml": {Data: make([]byte, playbooks.MaxBookBytes+1)}}, t}
	if _, err := playbooks.ReadDir(huge); err == nil || !strings.Contains(err.Error(), "dump.yaml: a book has at most") {
		t.Errorf("the error is %v, want one that names dump.yaml and the limit", err)
	}
}

// unread is a folder of which no file may be read.
type unread struct {
	fstest.MapFS
	t *testing.T
}

func (u unread) ReadFile(name string) ([]byte, error) {
	u.t.Errorf("%s is read", name)
	return nil, fs.ErrPermission
}
