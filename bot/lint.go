package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/playbooks"
	"playcaller/playbooks/lint"
)

func lintCommand() *cobra.Command {
	var asJSON, forGitHub bool
	var signals string
	c := &cobra.Command{
		Use:   "lint DIR…",
		Short: "List every mistake in a book",
		Long: `Reads each folder as a book and lists everything that is wrong with it, as FILE:LINE:COL: level: what, with the
line and how to mend it. Levels: error and not yet available (the book would be refused), warning (it loads, and most
likely is not meant), hint (a default that a reader might not expect). Exit code 1 if any book would be refused.

The YAML in Markdown documents of the folder is read too: blocks fenced as yaml that begin a playbook, or whose first
line names a file of the book (# login-drop.yaml, # added to signals.yaml), are put into the book; any other block must
be YAML. A block fenced with a further word (yaml wrong) is left alone.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("lint wants a folder of playbook files, as in: playcaller lint ./my-playbooks")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, dirs []string) error {
			// A lint is over before collecting garbage pays: half of its time went there. The bound is for
			// many folders at once.
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(256 << 20))
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			var all []playbooks.Problem
			var heard []string
			if signals != "" {
				var err error
				if heard, err = signalsIn(signals); err != nil {
					return err
				}
			}
			for _, dir := range dirs {
				folder, err := app.Folder(dir)
				if err != nil {
					return err
				}
				problems, err := lint.Dir(folder)
				if err != nil {
					return err
				}
				if signals != "" {
					files, err := playbooks.ReadDir(folder)
					if err != nil {
						return err
					}
					problems = append(problems, lint.Undelivered(files, heard)...)
				}
				for _, p := range problems {
					p.File = filepath.Join(dir, p.File)
					all = append(all, p)
				}
			}
			report := lint.NewReport(all)
			write := report.WriteText
			switch {
			case asJSON:
				write = report.WriteJSON
			case forGitHub:
				write = report.WriteGitHub
			}
			if err := write(c.OutOrStdout()); err != nil {
				return err
			}
			if report.Failed() {
				return errFailed
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	c.Flags().BoolVar(&forGitHub, "github", false, "write GitHub's annotations, which stand beside the line in a pull request")
	c.Flags().StringVar(&signals, "signals", "", "a CSV file of signals, as for import: warn of rules that read what is not in it")
	c.MarkFlagsMutuallyExclusive("json", "github")
	return c
}

// signalsIn returns the names in the signal column of a CSV file.
func signalsIn(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the first line must name the columns: %w", file, err)
	}
	column := slices.IndexFunc(head, func(name string) bool {
		return strings.EqualFold(strings.Trim(name, " \ufeff"), "signal")
	})
	if column < 0 {
		return nil, fmt.Errorf("%s has no column signal; it has: %s", file, strings.Join(head, ", "))
	}
	seen := map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return slices.Sorted(maps.Keys(seen)), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if column < len(row) {
			seen[strings.TrimSpace(row[column])] = true
		}
	}
}
