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
	var asJSON, forGitHub bool
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
	c.MarkFlagsMutuallyExclusive("json", "github")
	return c
}
