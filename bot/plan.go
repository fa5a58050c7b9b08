package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

// named is how many accounts the text of a plan names of each kind, unless all are asked for.
const named = 10

func planCommand(getenv func(string) string) *cobra.Command {
	var a api
	var data string
	var asJSON, all bool
	var weeks int
	c := &cobra.Command{
		Use:   "plan DIR",
		Short: "What switching to a book would do to the accounts as they stand",
		Long: `Judges every account by the book in DIR, as the bot would at this moment, and changes nothing. It says what would start,
what would only be listed, what would wait, whose open plays would be over and which keep the version they began with;
and how much of it is whose work, this week. With --weeks it also plays both books over the history of the accounts, and
says how many prompts a week more or fewer that is for whom.

It asks a running bot (--to), or reads what a bot that is not running has left (--data; MONGODB_URI is heeded).`,
		Example: `  playcaller plan ./my-playbooks
  playcaller plan ./my-playbooks --to https://playcaller.example.com --all
  playcaller plan ./my-playbooks --weeks 8
  playcaller plan ./my-playbooks --data /var/lib/playcaller --json`,
		Args: exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if data != "" && c.Flags().Changed("to") {
				return usageError{errors.New("--to asks a running bot and --data reads what one has left; give one of them")}
			}
			book, err := app.ReadBook(args[0])
			if err != nil {
				return err
			}
			if weeks < 0 || weeks > 52 {
				return usageError{fmt.Errorf("--weeks %d: want a number from 0 to 52", weeks)}
			}
			var plan app.PlanAnswer
			if data != "" {
				var config app.Config
				config.Data, config.Store.MongoURI = data, getenv("MONGODB_URI")
				plan, err = app.PlanStored(c.Context(), config, book, weeks)
			} else {
				err = a.plan(c.Context(), book, weeks, &plan)
			}
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(plan)
			}
			most := named
			if all {
				most = plan.Accounts
			}
			return writePlan(c.OutOrStdout(), book, plan, most)
		},
	}
	a.flags(c, getenv)
	c.Flags().StringVar(&data, "data", "", "folder of a bot that is not running")
	c.Flags().IntVar(&weeks, "weeks", 0, "play both books over so many weeks of history, at most 52")
	c.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	c.Flags().BoolVar(&all, "all", false, fmt.Sprintf("name every account, not the first %d", named))
	return c
}

// plan asks a running bot.
func (a *api) plan(ctx context.Context, book *playbooks.Book, weeks int, plan *app.PlanAnswer) error {
	files := map[string]string{}
	for name, text := range book.Files {
		files[name] = string(text)
	}
	body, err := json.Marshal(map[string]any{"files": files, "weeks": weeks})
	if err != nil {
		return err
	}
	return a.send(ctx, http.MethodPost, "/v1/plan", bytes.NewReader(body), plan)
}

// writePlan writes a plan to switch to a book for people: a summary, then playbooks with their accounts, then people.
func writePlan(w io.Writer, book *playbooks.Book, p app.PlanAnswer, most int) error {
	var b strings.Builder
	voice := words.New().For(words.English)
	if p.From == p.To {
		fmt.Fprintf(&b, "This is the book in use, %.12s.\n", p.To)
	}
	fmt.Fprintf(&b, "%s\n", summary(p.Plan))
	for _, of := range p.Playbooks {
		fmt.Fprintf(&b, "\n%s%s\n", of.Playbook, inBrackets(of.Change))
		if of.Asks {
			fmt.Fprintf(&b, "  more at once than its limit of %d: ops are asked before any of it starts\n", of.Limit)
		}
		for _, k := range kinds(book, &of, voice) {
			writeAccounts(&b, k, most)
		}
		if len(kinds(book, &of, voice)) == 0 {
			b.WriteString("  nothing for any account as they stand\n")
		}
	}
	if len(p.People) > 0 {
		b.WriteString("\nThis week it would ask\n")
	}
	for _, who := range p.People {
		var by []string
		for _, work := range who.By {
			by = append(by, fmt.Sprintf("%s %d", work.Playbook, work.Count))
		}
		fmt.Fprintf(&b, "  %s %d more%s: %s\n", cmp.Or(who.Name, who.Person), who.Week, budgetText(who), strings.Join(by, ", "))
	}
	writePrompts(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

// writePrompts writes how many prompts a week more or fewer the book would have been in the last weeks.
func writePrompts(b *strings.Builder, p app.PlanAnswer) {
	if p.Weeks == 0 {
		return
	}
	fmt.Fprintf(b, "\nIn the last %d weeks it would have been\n", p.Weeks)
	same := true
	drafts := ""
	for _, who := range p.Prompts {
		name := cmp.Or(who.Names["en"], who.Person)
		if change := who.After - who.Before; math.Round(change*10) != 0 {
			same = false
			fmt.Fprintf(b, "  %+.1f prompts a week for %s (%.1f instead of %.1f)\n", change, name, who.After, who.Before)
		}
		if who.Drafts >= 0.05 {
			drafts += fmt.Sprintf("  %+.1f prompts a week for %s once what is a draft is none\n", who.Drafts, name)
		}
	}
	if same {
		b.WriteString("  as many prompts a week for everybody\n")
	}
	b.WriteString(drafts)
}

// summary says in one line what a switch would do.
func summary(p worker.Plan) string {
	var parts []string
	add := func(of func(worker.PlannedPlaybook) int, say func(n int) string) {
		n := 0
		var by []worker.Work
		for _, playbook := range p.Playbooks {
			if k := of(playbook); k > 0 {
				n += k
				by = append(by, worker.Work{Playbook: playbook.Playbook, Count: k})
			}
		}
		if n == 0 {
			return
		}
		slices.SortStableFunc(by, func(a, b worker.Work) int { return b.Count - a.Count })
		var names []string
		for _, work := range by {
			names = append(names, fmt.Sprintf("%s %d", work.Playbook, work.Count))
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", say(n), strings.Join(names, ", ")))
	}
	add(func(p worker.PlannedPlaybook) int { return len(p.Starts) }, func(n int) string { return "starts " + plays(n) })
	add(func(p worker.PlannedPlaybook) int { return len(p.Listed) }, func(n int) string { return fmt.Sprintf("only lists %d that hold already", n) })
	add(func(p worker.PlannedPlaybook) int { return len(p.Waits) }, func(n int) string { return fmt.Sprintf("%d %s to wait", n, verb(n, "begin")) })
	add(func(p worker.PlannedPlaybook) int { return len(p.Lapses) }, func(n int) string { return fmt.Sprintf("%d %s to wait", n, verb(n, "cease")) })
	add(func(p worker.PlannedPlaybook) int { return len(p.Resolves) }, func(n int) string { return fmt.Sprintf("resolves %d", n) })
	add(func(p worker.PlannedPlaybook) int { return len(p.Ends) }, func(n int) string {
		return fmt.Sprintf("ends %d %s of drafts", n, map[bool]string{true: "silent play", false: "silent plays"}[n == 1])
	})
	add(func(p worker.PlannedPlaybook) int { return len(p.Keeps) }, func(n int) string { return fmt.Sprintf("%d %s the old version", n, verb(n, "keep")) })
	if len(parts) == 0 {
		return fmt.Sprintf("Nothing happens for the %d accounts as they stand.", p.Accounts)
	}
	text := strings.Join(parts, ", ")
	return strings.ToUpper(text[:1]) + text[1:] + fmt.Sprintf(", of %d accounts.", p.Accounts)
}

func plays(n int) string {
	if n == 1 {
		return "1 play"
	}
	return fmt.Sprintf("%d plays", n)
}

// verb writes what so many do.
func verb(n int, does string) string {
	if n == 1 {
		return does + "s"
	}
	return does
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func budgetText(p worker.PlannedPerson) string {
	text := fmt.Sprintf(" (budget %d/day", p.Budget)
	if p.High > 0 {
		text += fmt.Sprintf("; %d of high severity are not held back by it", p.High)
	}
	return text + ")"
}

// A planKind is one thing that a playbook would do, and for which accounts.
type planKind struct {
	what string
	of   []worker.PlannedAccount
	say  func(worker.PlannedAccount) string
}

// kinds are what a playbook would do, those for no account left out.
func kinds(book *playbooks.Book, p *worker.PlannedPlaybook, v *words.Voice) []planKind {
	whose := func(a worker.PlannedAccount) string { return nameOf(book, a.Person) }
	at := func(a worker.PlannedAccount) string {
		if told := outline.Step(book, book.Playbooks[p.Playbook], v, a.Step); told != "" {
			return fmt.Sprintf("at “%s” (%s)", told, a.Step)
		}
		return "at " + a.Step
	}
	all := []planKind{
		{"starts", p.Starts, whose},
		{"only lists, because the rule held before it was switched on", p.Listed, whose},
		{"would wait", p.Waits, func(a worker.PlannedAccount) string {
			at := a.Until.Format("2 Jan 15:04 MST")
			if a.Then != nil {
				return "until " + at + ", and even then would not start: " + v.Hold(*a.Then, words.Names{})
			}
			return strings.TrimSpace(nameOf(book, a.Person) + " from " + at)
		}},
		{"would cease to wait", p.Lapses, func(worker.PlannedAccount) string { return "" }},
		{"would start, and is kept from it", p.Held, func(a worker.PlannedAccount) string {
			return v.Hold(rules.Hold{Reason: a.Reason, Detail: a.Detail, Until: a.Until}, words.Names{})
		}},
		{"could not be told any more", p.Unknown, func(worker.PlannedAccount) string { return "" }},
		{"resolves", p.Resolves, at},
		{"ends as a draft", p.Ends, at},
		{"keeps the old version", p.Keeps, func(a worker.PlannedAccount) string {
			text := at(a)
			if why := stays[a.Stays]; why != "" {
				text += ", cannot be moved: " + why
			}
			return text
		}},
	}
	return slices.DeleteFunc(all, func(k planKind) bool { return len(k.of) == 0 })
}

// nameOf is what people call somebody of the book's team; their id where the book does not know them.
func nameOf(book *playbooks.Book, id string) string {
	if p := book.Team.Person(id); p != nil {
		return cmp.Or(p.Name.In(words.English), id)
	}
	return id
}

// stays are the reasons for which a run cannot go over to the new version.
var stays = map[playbooks.Stay]string{
	playbooks.StaysGone: "the playbook is gone", playbooks.StaysStep: "the step is gone",
	playbooks.StaysVariant: "its variant is gone", playbooks.StaysUndo: "its last answer can still be taken back",
}

func writeAccounts(b *strings.Builder, k planKind, most int) {
	fmt.Fprintf(b, "  %s: %d\n", k.what, len(k.of))
	for _, a := range k.of[:min(len(k.of), most)] {
		line := a.Account
		if a.Name != "" {
			line = a.Name + " (" + a.Account + ")"
		}
		if a.Subject != "" {
			line += ", contract " + a.Subject
		}
		if said := k.say(a); said != "" {
			line += " · " + said
		}
		fmt.Fprintf(b, "    %s\n", line)
	}
	if more := len(k.of) - most; more > 0 {
		fmt.Fprintf(b, "    and %d more (--all names them)\n", more)
	}
}
