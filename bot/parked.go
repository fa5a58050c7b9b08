package main

import (
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"playcaller/store"
)

func parkedCommand(getenv func(string) string) *cobra.Command {
	var a api
	c := &cobra.Command{
		Use:   "parked",
		Short: "See, retry or drop events that were set aside",
		Long: `An event that fails three times is set aside, so that the others go on. After the cause is mended, retry it; what is
of no use any more, drop. The commands speak with a running bot.`,
		Args: subcommand,
		RunE: help,
	}
	a.flags(c, getenv)
	c.AddCommand(
		&cobra.Command{Use: "list", Short: "List what was set aside, and why", Args: exactly(), RunE: func(c *cobra.Command, _ []string) error {
			var list struct{ Parked []store.Parked }
			if err := a.call(c.Context(), http.MethodGet, "/v1/parked", &list); err != nil {
				return err
			}
			if len(list.Parked) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "nothing is set aside")
				return nil
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tKEY\tKIND\tSINCE\tERROR")
			for _, p := range list.Parked {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.120s\n", p.ID, p.Key, p.Kind, p.ParkedAt.Format("2006-01-02 15:04"), p.Error)
			}
			return w.Flush()
		}},
		&cobra.Command{Use: "retry ID", Short: "Work an event again", Args: exactly("ID"), RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), http.MethodPost, "/v1/parked/"+url.PathEscape(args[0])+"/retry", nil)
		}},
		&cobra.Command{Use: "drop ID", Short: "Forget an event", Args: exactly("ID"), RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), http.MethodDelete, "/v1/parked/"+url.PathEscape(args[0]), nil)
		}},
	)
	return c
}
