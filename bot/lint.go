package main

import (
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
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, dirs []string) error {
			var all []playbooks.Problem
			for _, dir := range dirs {
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
