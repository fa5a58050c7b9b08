package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// playTests runs the test command as a person would, and returns what it printed and the exit code.
func playTests(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, problems bytes.Buffer
	code := run(context.Background(), append([]string{"test"}, args...), &out, &problems, func(string) string { return "" })
	return out.String() + problems.String(), code
}

func TestTheTestCommandPlaysABook(t *testing.T) {
	results := filepath.Join(t.TempDir(), "results.xml")
	out, code := playTests(t, "../playbooks/library", "--coverage", "--min-coverage", "90", "--junit", results)
	if code != 0 || !strings.Contains(out, "all passed") || !strings.Contains(out, "altogether") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if xml, err := os.ReadFile(results); err != nil || !bytes.Contains(xml, []byte("<testsuite ")) {
		t.Errorf("the JUnit file: %v\n%s", err, xml)
	}
}

func TestTheTestCommandPlaysOnlyWhatRunMatches(t *testing.T) {
	out, code := playTests(t, "../playbooks/library", "--run", "login-drop.*seasonal")
	if code != 0 || !strings.Contains(out, "1 test, all passed") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if out, code := playTests(t, "../playbooks/library", "--run", "("); code != 2 || !strings.Contains(out, "--run") {
		t.Errorf("a bad expression: exit code %d:\n%s", code, out)
	}
}

func TestTheTestCommandFailsWhereTooLittleIsCovered(t *testing.T) {
	out, code := playTests(t, "../playbooks/library", "--run", "seasonal", "--min-coverage", "90")
	if code != 1 || !strings.Contains(out, "--min-coverage asks for 90 %") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestWithRunOnlyThePlaybooksOfChosenTestsAreListedAndMeasured(t *testing.T) {
	out, code := playTests(t, "../playbooks/library", "--run", "^login-drop_test", "--coverage", "--min-coverage", "100")
	if code != 0 || !strings.Contains(out, "100.0 %  altogether") || !strings.Contains(out, "test files without a chosen test left out") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if strings.Contains(out, "renewal") || strings.Contains(out, "0 tests") {
		t.Errorf("what was not chosen is listed:\n%s", out)
	}
	out, code = playTests(t, "../playbooks/library", "--run", "^logn-drop", "--coverage", "--min-coverage", "100")
	if code != 1 || !strings.Contains(out, "--run chose no test") {
		t.Errorf("where no test is chosen: exit code %d:\n%s", code, out)
	}
	out, code = playTests(t, "../playbooks/library", "--run", "^logn-drop")
	if code != 1 || !strings.Contains(out, `FAIL  no test is called so: --run ^logn-drop is matched with "FILE: NAME"`) {
		t.Errorf("where no test is chosen, and nothing measured: exit code %d:\n%s", code, out)
	}
}

func TestAMistakeInATestFileIsNotFollowedByCoverage(t *testing.T) {
	book := t.TempDir()
	if err := os.CopyFS(book, os.DirFS("../playbooks/library")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(book, "renewal_test.yaml"), []byte("accounts: {a: {}}\ntests: []\nx: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := playTests(t, book, "--coverage", "--min-coverage", "100")
	if code != 1 || !strings.Contains(out, `a test file has no field "x"`) || !strings.Contains(out, "Coverage was not measured because of the mistakes above") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if n := strings.Count(out, "\n"); n > 12 || strings.Contains(out, "not walked") || strings.Contains(out, "ok  ") {
		t.Errorf("%d lines stand around one mistake:\n%s", n, out)
	}
}

func TestTheTestCommandFailsOnAFailedTestAndOnAMistake(t *testing.T) {
	book := t.TempDir()
	if err := os.CopyFS(book, os.DirFS("../playbooks/playtest/testdata/book")); err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("../playbooks/playtest/testdata/quiet_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(book, "quiet_test.yaml")
	for content, want := range map[string]string{
		string(tests):                          "What happened:",
		"accounts: {a: {}}\ntests: []\nx: 1\n": file + `:3:1: error: a test file has no field "x"`,
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := playTests(t, book); code != 1 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want 1 and %q:\n%s", code, want, out)
		}
	}
}
