package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"playcaller/rules"
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
		"README.md": {"above\n", "Made by `go run ./rules/benchmark --windows 2 --means 20 --seed 1 --only 'real/sudden-40|snowstorm'`:", "### One way for everything", "tuned by itself", "### As shipped", "| sudden drop, 40 % |", "\nbelow\n"},
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
		if strings.Contains(string(text), dir) {
			t.Errorf("%s names the folder that it was written to", name)
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

// A file of one's own is measured as the repository's series are.
func TestMoreSeriesCanBeDroppedIn(t *testing.T) {
	var text strings.Builder
	text.WriteString("series,date,value\n")
	for i := range 700 {
		fmt.Fprintf(&text, "ours,%s,%d\n", rules.NewDate(2023, 1, 1)+rules.Date(i), 900+100*(i%7))
	}
	path := filepath.Join(t.TempDir(), "ours.csv")
	for name, content := range map[string]string{path: text.String(),
		strings.TrimSuffix(path, ".csv") + ".yaml": "ours: {country: JP, events: [{from: 2024-11-01, to: 2024-11-05, expect: drop, what: outage}]}\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, progress bytes.Buffer
	if err := run([]string{"--series", path, "--windows", "8", "--means", "20", "--only", "real/sudden-40|outage"}, &out, &progress); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"outage, 2024-11-01", "  ours "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables have no %q:\n%s", want, out.String())
		}
	}
}

func TestWrongFlagsSayWhatToDo(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	twice := filepath.Join(t.TempDir(), "twice.csv")
	for path, text := range map[string]string{bad: "when,what\n", twice: "series,date,value\nwikipedia_views_r,2020-01-01,5\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
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
		{[]string{"--series", twice}, "there is a series wikipedia_views_r already"},
		{[]string{"--series", bad + "x"}, "no such file"},
		{[]string{"--means", "500000"}, "no series is large enough"},
		{[]string{"--windows", "2", "--means", "20", "--only", "real/sudden-40", "--markdown", bad}, beginTables},
	} {
		if err := run(tc.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: error %v, want one that says %q", tc.args, err, tc.want)
		}
	}
}
