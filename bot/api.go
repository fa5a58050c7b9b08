package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

// api is the HTTP side of a running bot, for commands that ask it.
type api struct {
	to, token string
	getenv    func(string) string
	flag      string // that names to; --to where empty
}

func (a *api) flags(c *cobra.Command, getenv func(string) string) {
	a.getenv = getenv
	c.PersistentFlags().StringVar(&a.to, "to", "http://127.0.0.1:8080", "address of the bot")
	c.PersistentFlags().StringVar(&a.token, "token", "", "API token (or PLAYCALLER_API_TOKENS)")
}

// call asks the bot and decodes its answer into v, which may be nil.
func (a *api) call(ctx context.Context, method, path string, v any) error {
	return a.send(ctx, method, path, nil, v)
}

// send is call with a body of JSON, which may be nil.
func (a *api) send(ctx context.Context, method, path string, content io.Reader, v any) error {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.to, "/")+path, content)
	if err != nil {
		return err
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token := a.token
	if token == "" {
		token, _, _ = strings.Cut(a.getenv("PLAYCALLER_API_TOKENS"), ",")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w; is the bot running there? choose another address with %s", err, cmp.Or(a.flag, "--to"))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		var said struct{ Error string }
		if json.Unmarshal(body, &said) == nil && said.Error != "" {
			return fmt.Errorf("%s", said.Error)
		}
		return fmt.Errorf("%s answered %s", path, res.Status)
	}
	if v == nil {
		return nil
	}
	return json.Unmarshal(body, v)
}
