package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthCommand is the image's health check, which has no curl.
func healthCommand(getenv func(string) string) *cobra.Command {
	var a api
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a running bot whether it is ready; exit code 1 if not",
		Args:  exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
			defer cancel()
			if err := a.call(ctx, http.MethodGet, "/readyz", nil); err != nil {
				return errors.Join(errors.New("not ready"), err)
			}
			return nil
		},
	}
	a.flags(c, getenv)
	return c
}
