package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/playbooks"
	"playcaller/playbooks/lint"
	"playcaller/playbooks/playtest"
)

func testCommand() *cobra.Command {
	var match, junit string
	var coverage bool
	var least float64
	c := &cobra.Command{
		Use:   "test DIR…",
		Short: "Play a book's tests",
		Long: `Plays the tests of each folder's book: NAME_test.yaml beside NAME.yaml says what happens to accounts and what must come
of it. A failure shows expected and got side by side, and all that happened. With --run the coverage is that of the playbooks
whose tests were chosen.
Exit code 1 if a test fails, --run chooses none, a book or a test file has a mistake, or too little is covered.`,
		Example: `  playcaller test ./book --run 'login-drop.*seasonal'
  playcaller test ./book --coverage --min-coverage 100 --junit results.xml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, dirs []string) error {
			o := playtest.Options{Coverage: coverage || c.Flags().Changed("min-coverage")}
			if match != "" {
				expr, err := regexp.Compile(match)
				if err != nil {
					return usageError{fmt.Errorf("--run: %w", err)}
				}
				o.Match = expr
			}
			results, ok, err := testBooks(c, dirs, o, coverage, least)
			if err != nil {
				return err
			}
			if junit != "" {
				if err := writeJUnit(junit, results); err != nil {
					return err
				}
			}
			if !ok {
				return errFailed
			}
			return nil
		},
	}
	c.Flags().StringVar(&match, "run", "", `play only tests whose "FILE: NAME" matches this regular expression`)
	c.Flags().StringVar(&junit, "junit", "", "write the results to this file as JUnit XML")
	c.Flags().BoolVar(&coverage, "coverage", false, "show which places of each playbook no test walked")
	c.Flags().Float64Var(&least, "min-coverage", 0, "fail where less than this percentage of the places was walked: of the book, or with --run of the playbooks chosen")
	return c
}

// testBooks plays the tests of each folder's book and prints how they went; ok is false where anything is wrong.
func testBooks(c *cobra.Command, dirs []string, o playtest.Options, coverage bool, least float64) (results []*playtest.Result, ok bool, err error) {
	out := c.OutOrStdout()
	ok = true
	for _, dir := range dirs {
		files, err := app.BookFiles(dir)
		if err != nil {
			return nil, false, err
		}
		book, problems := playbooks.Load(files)
		if book == nil {
			if err := lint.NewReport(problems).WriteText(out); err != nil {
				return nil, false, err
			}
			ok = false
			continue
		}
		r := playtest.Run(book, o)
		inDir(r, dir)
		results = append(results, r)
		ok = ok && r.OK()
		if err := r.WriteText(out); err != nil {
			return nil, false, err
		}
		if coverage && r.Coverage != nil {
			if err := r.Coverage.WriteText(out); err != nil {
				return nil, false, err
			}
		}
		ok = covered(out, r, dir, o, least) && ok
		fmt.Fprintln(out, r.Summary())
	}
	if ok && o.Match != nil && !anyPlayed(results) {
		fmt.Fprintf(out, "FAIL  no test is called so: --run %s is matched with \"FILE: NAME\", as in \"login-drop_test.yaml: nobody answers\"\n", o.Match)
		ok = false
	}
	return results, ok, nil
}

// anyPlayed reports whether there was any test.
func anyPlayed(results []*playtest.Result) bool {
	return slices.ContainsFunc(results, func(r *playtest.Result) bool {
		return slices.ContainsFunc(r.Files, func(f playtest.FileResult) bool { return len(f.Cases) > 0 })
	})
}

// covered reports whether enough was walked, and says why not, or why that was not measured.
func covered(out io.Writer, r *playtest.Result, dir string, o playtest.Options, least float64) bool {
	switch {
	case !o.Coverage:
	case len(r.Problems) > 0:
		fmt.Fprintln(out, "Coverage was not measured because of the mistakes above: put them right first.")
	case r.Coverage == nil:
		fmt.Fprintln(out, `Coverage was not measured: --run chose no test; it is matched with "FILE: NAME".`)
		return least <= 0
	case r.Coverage.Percent() < least:
		of := "its places"
		if o.Match != nil {
			of = "the places of the playbooks chosen by --run"
		}
		fmt.Fprintf(out, "FAIL  %s: %.1f %% of %s were walked, and --min-coverage asks for %g %%\n", dir, r.Coverage.Percent(), of, least)
		return false
	}
	return true
}

// inDir names files as the reader of the output can open them.
func inDir(r *playtest.Result, dir string) {
	for i := range r.Problems {
		r.Problems[i].File = filepath.Join(dir, r.Problems[i].File)
	}
	for i := range r.Files {
		f := &r.Files[i]
		f.File = filepath.Join(dir, f.File)
		for k := range f.Cases {
			f.Cases[k].File = f.File
		}
	}
	if r.Coverage == nil {
		return
	}
	for _, p := range r.Coverage.Playbooks {
		for i := range p.Places {
			p.Places[i].File = filepath.Join(dir, p.Places[i].File)
		}
	}
}

func writeJUnit(name string, results []*playtest.Result) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	if err := playtest.WriteJUnit(f, results...); err != nil {
		f.Close()
		return fmt.Errorf("--junit: %w", err)
	}
	return f.Close()
}
