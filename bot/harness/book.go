package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"playcaller/bot/sandbox"
)

//go:embed book
var bookFiles embed.FS

// boss is whom nobody else's work belongs to, and CS Ops.
const boss = "boss"

// people returns the names of those who own accounts and answer.
func people(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("p%02d", i+1)
	}
	return all
}

// writeBook writes the harness's playbooks, and a team of the people, into a folder.
func writeBook(dir string, people []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := fs.ReadDir(bookFiles, "book")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := "book/" + e.Name()
		if filepath.Ext(name) == ".tmpl" {
			continue
		}
		text, err := bookFiles.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o600); err != nil {
			return err
		}
	}
	team, err := template.ParseFS(bookFiles, "book/team.yaml.tmpl")
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "team.yaml"))
	if err != nil {
		return err
	}
	defer f.Close()
	return team.Execute(f, people)
}

// members are the people of the book as Slack has them.
func members(people []string) []sandbox.User {
	var all []sandbox.User
	for _, p := range append(people[:len(people):len(people)], boss) {
		all = append(all, sandbox.User{Name: p, RealName: p, Email: p + "@example.com", TZ: "UTC", Locale: "en-US"})
	}
	return all
}

// channels are those that the book names.
func channels(people []string) []sandbox.Channel {
	var all []sandbox.Channel
	for _, name := range []string{"crowd", "ops", "log"} {
		all = append(all, sandbox.Channel{Name: name, Members: append(people[:len(people):len(people)], boss)})
	}
	return all
}
