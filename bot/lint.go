package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"playcaller/playbooks"
	"playcaller/playbooks/lint"
)

func lintCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "lint DIR…",
		Short: "List every mistake in a book",
		Long: `Reads each folder as a book and lists everything that is wrong with it, as FILE:LINE:COL: level: what, with the
line and how to mend it. Levels: error and unavailable (the book would be refused), warning, hint.
Exit code 1 if any book would be refused.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("lint wants a folder of playbook files, as in: playcaller lint ./my-playbooks")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, dirs []string) error {
			var all []playbooks.Problem
			for _, dir := range dirs {
				if info, err := os.Stat(dir); err != nil {
					return fmt.Errorf("book: %w", err)
				} else if !info.IsDir() {
					return fmt.Errorf("book: %s is a file; want the folder that it is in", dir)
				}
				problems, err := lint.Dir(os.DirFS(dir))
				if err != nil {
					return err
				}
				for _, p := range problems {
					p.File = filepath.Join(dir, p.File)
					all = append(all, p)
				}
			}
			report := lint.NewReport(all)
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
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
	return c
}
