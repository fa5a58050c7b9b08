package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func explainCommand(getenv func(string) string) *cobra.Command {
	var a api
	var at, lang string
	c := &cobra.Command{
		Use:   "explain ACCOUNT PLAYBOOK",
		Short: "Why a playbook does or does not start for an account",
		Long: `Asks a running bot to judge a playbook's rule for an account, now or at another time: each clause of the condition
with its value and whether it held, where the account stands with the rule, and what suppressed it.`,
		Example: `  playcaller explain acme-kk login-drop
  playcaller explain acme-kk login-drop --at 2026-11-03T09:00:00Z`,
		Args: exactly("ACCOUNT", "PLAYBOOK"),
		RunE: func(c *cobra.Command, args []string) error {
			q := url.Values{"lang": {lang}}
			if at != "" {
				if _, err := time.Parse(time.RFC3339, at); err != nil {
					return usageError{fmt.Errorf("--at %q: want a time such as 2026-04-01T09:00:00Z", at)}
				}
				q.Set("at", at)
			}
			var said struct{ Text string }
			path := "/v1/accounts/" + url.PathEscape(args[0]) + "/explain/" + url.PathEscape(args[1]) + "?" + q.Encode()
			if err := a.call(c.Context(), http.MethodGet, path, &said); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), said.Text)
			return nil
		},
	}
	a.flags(c, getenv)
	c.Flags().StringVar(&at, "at", "", "a time, such as 2026-04-01T09:00:00Z (default: now)")
	c.Flags().StringVar(&lang, "lang", "en", "en or ja")
	return c
}
