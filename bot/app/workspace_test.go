package app_test

import (
	"context"
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

func TestTheWorkspaceHasTheChannelsThatPlaybooksName(t *testing.T) {
	book := copyLibrary(t, func(_, text string) string {
		return strings.ReplaceAll(text, `channel: "#cs-alerts"`, `channel: "#health"`)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- app.RunSandbox(ctx, app.SandboxOptions{Addr: "127.0.0.1:0", Data: t.TempDir(), Book: book, WorkspaceOnly: true,
			Log: slog.New(slog.DiscardHandler), Out: io.Discard, Ready: func(url string) { ready <- url }})
	}()
	select {
	case url := <-ready:
		var names []string
		for _, c := range (&live{t: t, url: url}).state().Channels {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); !strings.Contains(got, "health") || !strings.Contains(got, "onboarding") {
			t.Errorf("channels %q, want health and onboarding among them", got)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	case err := <-ended:
		t.Fatal(err)
	}
	cancel()
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
