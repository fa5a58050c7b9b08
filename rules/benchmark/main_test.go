package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A small run from the command line writes everything that it is asked for, twice
// the same.
func TestACommandLineWritesItsTablesAndFiles(t *testing.T) {
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("above\n"+beginTables+"\nold\n"+endTables+"\nbelow\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--windows", "2", "--means", "20", "--only", "real/sudden-40|snowstorm", "--csv", filepath.Join(dir, "r.csv"), "--json", filepath.Join(dir, "r.json"),
		"--svg", filepath.Join(dir, "r.svg"), "--html", filepath.Join(dir, "r.html"), "--markdown", readme}
	var first, second bytes.Buffer
	if err := run(args, &first, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run(args, &second, io.Discard); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || first.Len() == 0 {
		t.Error("the same command prints other tables the second time")
	}
	for name, wants := range map[string][]string{
		"r.csv":     {"material,event,series,mean,way", "real,sudden-40,,20,week/week,1,"},
		"r.svg":     {"<svg", "sudden-40, 20 a day: in 7 days", "</svg>"},
		"r.html":    {"<h2>In short</h2>", "<svg", "snowstorm"},
		"README.md": {"above\n", "go run ./rules/benchmark --windows 2", "### As shipped", "| sudden drop, 40 % |", "\nbelow\n"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
		if strings.Contains(string(text), "\nold\n") {
			t.Errorf("%s still has the old tables", name)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "r.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rep report
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	for _, r := range rep.Results {
		if r.Event == "sudden-40" && r.Series == "" && r.N != 2 {
			t.Errorf("%+v: measured on %d windows, want 2", r, r.N)
		}
	}
}

func TestWrongFlagsSayWhatToDo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("when,what\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--means", "many"}, "want counts a day"},
		{[]string{"--means", "0"}, "want counts a day"},
		{[]string{"--windows", "1"}, "want at least 2"},
		{[]string{"--only", "("}, "--only"},
		{[]string{"--only", "nothing-like-it"}, "nothing to measure"},
		{[]string{"all"}, `unexpected "all"`},
		{[]string{"--series", bad}, "want series,date,value"},
		{[]string{"--windows", "2", "--means", "20", "--only", "real/sudden-40", "--markdown", bad}, beginTables},
	} {
		if err := run(tc.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: error %v, want one that says %q", tc.args, err, tc.want)
		}
	}
}
