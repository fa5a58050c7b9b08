package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/playbooks"
	"playcaller/playbooks/schema"
)

// schemaDir is where a book keeps its schemas: hidden, so that they are no part of it.
const schemaDir = ".schema"

func schemaCommand() *cobra.Command {
	var book string
	var reference bool
	c := &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Write the JSON Schema of a book's files, for editors",
		Long: `Prints the JSON Schema of a kind of file: ` + strings.Join(schema.Kinds(), ", ") + ` (playbook where none is named).

With --book DIR it writes the schemas of all kinds into DIR/` + schemaDir + `, with the names that the book's own signals, stages,
milestones, playbooks and forms have, and says which line to write at the top of each file so that VS Code (with Red Hat's
YAML extension) and other editors complete and check while you type:

  # yaml-language-server: $schema=` + schemaDir + `/playbook.json`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) > 1:
				return usageError{errors.New("schema takes one kind of file: " + strings.Join(schema.Kinds(), ", "))}
			case len(args) == 1 && (book != "" || reference):
				return usageError{errors.New("schema writes one kind to the terminal, or all of them with --book: name one or the other")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case reference:
				_, err := fmt.Fprint(c.OutOrStdout(), schema.Reference())
				return err
			case book != "":
				return writeSchemas(c, book)
			}
			kind := "playbook"
			if len(args) == 1 {
				kind = args[0]
			}
			text, err := schema.JSON(kind, nil)
			if err != nil {
				return usageError{err}
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&book, "book", "", "write the schemas of all kinds beside the book in this folder")
	c.Flags().BoolVar(&reference, "reference", false, "write the reference of every field, step and function, as Markdown")
	c.MarkFlagsMutuallyExclusive("book", "reference")
	return c
}

// writeSchemas writes the schemas beside a book. A book with mistakes gets those
// without its own names: they help to mend it.
func writeSchemas(c *cobra.Command, dir string) error {
	files, err := app.BookFiles(dir)
	if err != nil {
		return err
	}
	book, _ := playbooks.Load(files)
	if book == nil {
		fmt.Fprintln(c.ErrOrStderr(), "the book has mistakes (see: playcaller lint "+dir+"), so its own names are not in the schemas")
	}
	if err := os.MkdirAll(filepath.Join(dir, schemaDir), 0o755); err != nil {
		return err
	}
	for _, kind := range schema.Kinds() {
		text, err := schema.JSON(kind, book)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, schemaDir, kind+".json"), text, 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "wrote %s\nat the top of a playbook write:\n%s\n", filepath.Join(dir, schemaDir), schemaLine("playbook"))
	fmt.Fprintf(c.OutOrStdout(), "and in the shared files the same with their own names: team.json, signals.json, …\n")
	return nil
}

// schemaLine is the comment by which editors find a file's schema.
func schemaLine(kind string) string {
	return "# yaml-language-server: $schema=" + schemaDir + "/" + kind + ".json"
}
