package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder as seen from this package.
const root = ".."

// sources calls see with every Go file below a folder of the module that is not a test, by its path in the module.
func sources(t *testing.T, folder string, see func(path string, f *ast.File, set *token.FileSet)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil { // a nested module, for comparisons and tests: not part of the program
				return filepath.SkipDir
			}
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, path)
		seen++
		see(filepath.ToSlash(short), f, set)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Fatalf("there is no Go file in %s", folder)
	}
}

// imports returns the paths that a file imports.
func imports(t *testing.T, f *ast.File) []string {
	t.Helper()
	var all []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, path)
	}
	return all
}

// within reports whether a package is one of those, or below one.
func within(path string, of ...string) bool {
	return slices.ContainsFunc(of, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

func TestImportsPointOneWay(t *testing.T) {
	for folder, ours := range map[string][]string{
		"rules":       {"playcaller/rules"},
		"playbooks":   {"playcaller/rules", "playcaller/playbooks"},
		"store":       {"playcaller/rules", "playcaller/playbooks", "playcaller/store"},
		"bot/sandbox": {"playcaller/bot/sandbox"},
		"bot/stream":  {"playcaller/bot/stream"},
	} {
		sources(t, folder, func(path string, f *ast.File, _ *token.FileSet) {
			for _, i := range imports(t, f) {
				if within(i, "playcaller") && !within(i, ours...) {
					t.Errorf("%s imports %s; %s may import only %v of ours", path, i, folder, ours)
				}
			}
		})
	}
}

func TestThePurePackagesKnowNoClockNoNetworkAndNoDatabase(t *testing.T) {
	for _, folder := range []string{"rules", "playbooks"} {
		sources(t, folder, func(path string, f *ast.File, set *token.FileSet) {
			for _, i := range imports(t, f) {
				if i == "os" && f.Name.Name == "main" { // a command of the authors' own, such as rules/benchmark, has flags and files
					continue
				}
				if i != "net/url" && within(i, "net", "database", "os", "syscall", "log", "github.com/jonboulle/clockwork", "github.com/nats-io", "go.mongodb.org", "modernc.org") {
					t.Errorf("%s imports %s: time and data are passed in", path, i)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				of, ok := s.X.(*ast.Ident)
				if ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}, s.Sel.Name) {
					t.Errorf("%s: time.%s: time is passed in", set.Position(s.Pos()), s.Sel.Name)
				}
				return true
			})
		})
	}
}

func TestTheTopOfTheRepositoryHoldsWhatTheDesignNames(t *testing.T) {
	allowed := []string{"bot", "playbooks", "rules", "store", "go.mod", "go.sum", "Dockerfile", "README.md", "LICENSE"}
	for _, name := range atTheTop(t) {
		if !strings.HasPrefix(name, ".") && !slices.Contains(allowed, name) {
			t.Errorf("%s is at the top of the repository; there belong %v and dot-files", name, allowed)
		}
	}
}

// atTheTop returns what git keeps at the top of the repository: not a reader's own book beside it, nor what the
// program leaves there.
func atTheTop(t *testing.T) []string {
	t.Helper()
	list := exec.Command("git", "ls-files")
	list.Dir = root
	var names []string
	if files, err := list.Output(); err == nil && len(files) > 0 {
		for _, file := range strings.Fields(string(files)) {
			name, _, _ := strings.Cut(file, "/")
			names = append(names, name)
		}
	} else {
		t.Skip("git does not list this folder, so what belongs to the project cannot be told from what lies beside it")
	}
	slices.Sort(names)
	return slices.Compact(names)
}
