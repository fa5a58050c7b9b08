package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"playcaller/playbooks/format"
)

func fmtCommand() *cobra.Command {
	var check bool
	c := &cobra.Command{
		Use:   "fmt DIR|FILE…",
		Short: "Put a book's files in order",
		Long: `Writes the files of a book the way the starter book is written: fields in the order of the reference, two spaces a
level, comments kept with what they are about. Lines are moved and indented, never changed within. The names of the files
that were written are printed. A file that is not YAML, or that could not be put in order without changing what it says,
is left as it is and named.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("fmt wants a folder of playbook files, or files, as in: playcaller fmt ./my-playbooks")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			files, err := bookFiles(args)
			if err != nil {
				return err
			}
			failed := false
			for _, name := range files {
				changed, err := formatFile(name, check)
				switch {
				case err != nil:
					failed = true
					fmt.Fprintf(c.ErrOrStderr(), "%s: %v\n", name, err)
				case changed:
					failed = failed || check
					fmt.Fprintln(c.OutOrStdout(), name)
				}
			}
			if failed {
				return errFailed
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; name the files that are not in order, and exit with 1 if there are any")
	return c
}

// bookFiles returns the files named, and those of the folders named.
func bookFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, fmt.Errorf("book: %w", err)
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if hidden := strings.HasPrefix(entry.Name(), ".") && path != arg; hidden && entry.IsDir() {
				return filepath.SkipDir
			} else if !hidden && entry.Type().IsRegular() && filepath.Ext(path) == ".yaml" {
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("book: %w", err)
		}
	}
	return files, nil
}

// formatFile puts one file in order, whole or not at all, and reports whether it was not.
func formatFile(name string, check bool) (changed bool, err error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	formatted, err := format.File(filepath.Base(name), src)
	if err != nil || bytes.Equal(src, formatted) || check {
		return err == nil && !bytes.Equal(src, formatted), err
	}
	info, err := os.Stat(name)
	if err != nil {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".fmt-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name()) // gone after the rename
	_, err = temp.Write(formatted)
	if err := errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Close()); err != nil {
		return false, err
	}
	return true, os.Rename(temp.Name(), name)
}
