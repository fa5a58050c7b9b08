package app_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"playcaller/bot/app"
	"playcaller/playbooks/library"
)

// copyLibrary writes the starter book into a folder, changed by edit.
func copyLibrary(t *testing.T, edit func(name, text string) string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := library.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := library.FS.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if text := edit(e.Name(), string(data)); text != "" {
			if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestASandboxWithoutPeopleIsRefused(t *testing.T) {
	book := copyLibrary(t, func(name, text string) string {
		if name == "team.yaml" {
			return ""
		}
		return text
	})
	err := app.RunSandbox(t.Context(), app.SandboxOptions{Addr: "127.0.0.1:0", Data: t.TempDir(), Book: book,
		Log: slog.New(slog.DiscardHandler), Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "no people") {
		t.Errorf("got %v, want an error that says that the book has no people", err)
	}
}
