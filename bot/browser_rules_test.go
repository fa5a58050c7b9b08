package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"playcaller/playbooks/library"
)

// CS Ops sees where every account stands with every rule and why, saves a file, and sees at once what that changed.
func TestBrowserRulesPanelFollowsTheBook(t *testing.T) {
	findChromium(t) // before the book is copied
	book := t.TempDir()
	if err := os.CopyFS(book, library.FS); err != nil {
		t.Fatal(err)
	}
	v := visitBook(t, book, "miller", "cs-alerts", 1280, 900)
	v.click("[data-testid=rules-open]")
	playing := "[data-testid=rules-table] [data-account=old-mill-foods][data-playbook=login-drop]"
	v.see(playing+"[data-standing=playing]", "▶")
	v.holds(`((box) => box.scrollWidth <= box.clientWidth)(document.querySelector("[data-testid=rules-table]"))`) // every playbook is in view
	v.shot("table")

	v.click(playing)
	v.see("[data-testid=rules-detail]", "Old Mill Foods", "below usual")
	v.see("[data-testid=rules-outline]", "Starts when", "They are unhappy")
	v.shot("why")

	save := func(from, to string) {
		t.Helper()
		file := filepath.Join(book, "login-drop.yaml")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), from, to, 1)
		if changed == string(text) {
			t.Fatalf("login-drop.yaml has no %q", from)
		}
		if err := os.WriteFile(file, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save("severity: high", "severity: hgh")
	v.see("[data-testid=rules-news]", "1 mistake", "login-drop.yaml:", "severity")
	v.shot("mistake")
	v.see(playing+"[data-standing=playing]", "▶") // the last good book goes on
	save("severity: hgh", "severity: medium")
	v.see("[data-testid=rules-news]", "Changed: login-drop.")
	v.see("[data-testid=rules-outline]", "Logins dropped · medium")
	v.shot("changed")

	v.press(kb.Escape)
	v.gone("[data-testid=rules]")
	v.holds(`document.activeElement.matches("[data-testid=rules-open]")`)
}

// Whoever opens a channel for the first time is at the newest message; later, where they left off, below the line that
// says what is new.
func TestBrowserChannelsOpenAtTheNewestOrWhereOneLeftOff(t *testing.T) {
	v := visitBook(t, "", "miller", "cs-alerts", 1280, 700)
	const scroller = `document.querySelector("[data-testid=messages]")`
	bottom := scroller + `.scrollHeight - ` + scroller + `.scrollTop - ` + scroller + `.clientHeight < 60`
	v.holds(scroller + `.scrollHeight > 2 * ` + scroller + `.clientHeight`)
	v.holds(bottom)
	v.shot("newest")
	v.open("cs-ops")
	for range 3 {
		v.turn("clock-week")
	}
	v.open("cs-alerts")
	v.see("[data-testid=messages] .day-divider.new")
	v.holds(`(([line, frame]) => line.top >= frame.top && line.bottom <= frame.bottom)([".day-divider.new", "[data-testid=messages]"].map((css) => document.querySelector(css).getBoundingClientRect()))`)
	v.shot("left-off")
}
