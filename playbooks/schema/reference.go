package schema

import (
	"fmt"
	"strings"

	"playcaller/playbooks"
	"playcaller/rules"
)

// Reference returns the reference of the format as Markdown: every field of every file,
// every kind of step, and everything that an expression may read.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Reference

Every field, step and function of a book. It is written by ` + "`playcaller schema --reference`" + ` from what the program
itself goes by, so it is never behind. ` + "`README.md`" + ` beside it is where to begin.

A **text** is a string or ` + "`{en: …, ja: …}`" + `. A **period** is a number and a unit: ` + "`30m` `2h` `3d`" + ` (calendar days),
` + "`2wd`" + ` (working days of the person concerned), ` + "`8w`" + `. A **target** is the id of a step, or ` + "`=outcome`" + `. A **condition** is
an expression that is true, false or unknown. Fields with * are needed. Where a list is wanted, one value stands for a list of one.
`)
	for _, file := range []struct{ title, thing string }{
		{"A playbook: `NAME.yaml`", "a playbook"}, {"`signals.yaml`", "signals.yaml"}, {"`team.yaml`", "team.yaml"},
		{"`segments.yaml`", "segments.yaml"}, {"`journey.yaml`", "journey.yaml"}, {"`handoff.yaml`", "handoff.yaml"},
	} {
		fmt.Fprintf(&b, "\n## %s\n", file.title)
		for i, name := range things(file.thing) {
			t := playbooks.ThingOf(name)
			if i > 0 {
				fmt.Fprintf(&b, "\n### %s\n", strings.ToUpper(name[:1])+name[1:])
			}
			fmt.Fprintf(&b, "\n%s\n\n| field | value | |\n|---|---|---|\n", t.About)
			for _, f := range t.Fields {
				star := ""
				if f.Needed {
					star = "\\*"
				}
				about := f.About
				if f.Example != "" {
					about += " `" + f.Name + ": " + f.Example + "`"
				}
				fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", f.Name, star, cell(f.Type), cell(about))
			}
		}
	}
	b.WriteString("\n## Expressions\n\nWhat an expression may read. `account`, `contract`, `segment`, `stage` and `milestone` are of the account that is judged;\na feature belongs to a signal of `signals.yaml`. Comparisons: `== != < <= > >= in contains startsWith endsWith`; joined by `and or not`; `+ - * /`;\n`x ?? y` is y where x is unknown, and `a ? x : y` is x where a is true and y where it is false. A fixed text stands in quotes, a fixed day too: `account.day > \"2027-04-01\"`.\nAn expression with a colon and a space in it, as in `{alarms: \"1/year\"}`, stands in single quotes, for YAML: `when: 'logins.drop(\"7d\", {alarms: \"1/year\"}) > 0'`.\n")
	for _, part := range rules.Reference() {
		fmt.Fprintf(&b, "\n### %s\n\n| | |\n|---|---|\n", part.Title)
		for _, e := range part.Entries {
			about := e.About
			if e.For != "" {
				about += " Of: " + e.For + "."
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", cell(e.Example), cell(about))
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// things returns a thing and those that its fields name, in the order of the format.
func things(first string) []string {
	needs := map[string]bool{first: true}
	todo := []string{first}
	for len(todo) > 0 {
		t := playbooks.ThingOf(todo[0])
		todo = todo[1:]
		for _, f := range t.Fields {
			for one := range strings.SplitSeq(f.Type, " | ") {
				if _, name, ok := strings.Cut(one, "thing "); ok && !needs[name] {
					needs[name] = true
					todo = append(todo, name)
				}
			}
		}
	}
	var names []string
	for _, t := range playbooks.Format() {
		if needs[t.Name] {
			names = append(names, t.Name)
		}
	}
	return names
}
