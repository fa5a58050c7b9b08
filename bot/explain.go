package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"playcaller/bot/app"
	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
)

func explainCommand(getenv func(string) string) *cobra.Command {
	var a api
	var at, lang, book string
	c := &cobra.Command{
		Use:   "explain [ACCOUNT] PLAYBOOK",
		Short: "What a playbook does, and why it does or does not start for an account",
		Long: `Asks a running bot to judge a playbook's rule for an account, now or at another time: each clause of the condition
with its value and whether it held, where the account stands with the rule, what suppressed it, and of an open play whose
turn it is. A time that is over is explained by the decisions and plays recorded then. The account is named by its id, its
name or a part of it.

With --book and a playbook alone it tells what the playbook does, in plain sentences: what starts it, which steps it takes,
where each answer leads and how it can end.`,
		Example: `  playcaller explain acme-kk login-drop
  playcaller explain "Acme KK" login-drop --at 2026-11-03T09:00:00Z
  playcaller explain login-drop --book ./my-playbooks --lang ja`,
		Args: func(c *cobra.Command, args []string) error {
			if book != "" {
				return exactly("PLAYBOOK")(c, args)
			}
			if len(args) == 1 {
				return usageError{fmt.Errorf("want: playcaller explain ACCOUNT PLAYBOOK, which asks a running bot; or, for what a playbook does: playcaller explain %s --book DIR", args[0])}
			}
			return exactly("ACCOUNT", "PLAYBOOK")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if lang != words.English && lang != words.Japanese {
				return usageError{fmt.Errorf("--lang %q: want %s or %s", lang, words.English, words.Japanese)}
			}
			if book != "" {
				return tellPlaybook(c, book, args[0], lang)
			}
			q := url.Values{"lang": {lang}}
			if at != "" {
				_, err := time.Parse(time.RFC3339, at)
				if _, day := time.Parse(time.DateOnly, at); err != nil && day != nil {
					return usageError{fmt.Errorf("--at %q: want a time such as 2026-04-01T09:00:00Z, or a day such as 2026-04-01 (noon, UTC)", at)}
				}
				q.Set("at", at)
			}
			ask := func(account, playbook string) (string, error) {
				var said struct{ Text string }
				err := a.call(c.Context(), http.MethodGet, "/v1/accounts/"+url.PathEscape(account)+"/explain/"+url.PathEscape(playbook)+"?"+q.Encode(), &said)
				return said.Text, err
			}
			text, err := ask(args[0], args[1])
			if err != nil {
				if _, turned := ask(args[1], args[0]); turned == nil {
					return fmt.Errorf("%s is an account and %s a playbook; the account comes first: playcaller explain %[1]s %[2]s", args[1], args[0])
				}
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), text)
			return nil
		},
	}
	a.flags(c, getenv)
	c.Flags().StringVar(&at, "at", "", "a time, such as 2026-04-01T09:00:00Z, or a day (default: now)")
	c.Flags().StringVar(&lang, "lang", "en", "en or ja")
	c.Flags().StringVar(&book, "book", "", "tell what a playbook of the book in this folder does")
	return c
}

// tellPlaybook tells what a playbook does, in plain sentences.
func tellPlaybook(c *cobra.Command, dir, name, lang string) error {
	files, err := app.BookFiles(dir)
	if err != nil {
		return err
	}
	book, problems := playbooks.Load(files)
	if book == nil {
		return fmt.Errorf("the book in %s has %d problems; see: playcaller lint %s", dir, len(problems), dir)
	}
	p := book.Playbooks[name]
	if p == nil {
		names := slices.Sorted(maps.Keys(book.Playbooks))
		if near := rules.Nearest(name, names); near != "" {
			return fmt.Errorf("the book has no playbook %q; did you mean %q?", name, near)
		}
		return fmt.Errorf("the book has no playbook %q; it has: %s", name, strings.Join(names, ", "))
	}
	_, err = fmt.Fprint(c.OutOrStdout(), outline.Text(outline.Of(book, p, words.New().For(lang))))
	return err
}
