package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"playcaller/bot/sandbox"
	"playcaller/bot/sender"
	"playcaller/bot/slackapp/cards"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/store"
)

// WebhookConfig is another system that webhook steps of playbooks call by its name. Each secret can stand in a file of its
// own.
type WebhookConfig struct {
	URL        string `yaml:"url"`
	URLFile    string `yaml:"url_file"`
	Secret     string `yaml:"secret"` // signs what it is sent; see sender.Webhooks
	SecretFile string `yaml:"secret_file"`
}

// readWebhooks reads the secrets that stand in files of their own.
func (c *Config) readWebhooks() error {
	for _, name := range slices.Sorted(maps.Keys(c.Webhooks)) {
		hook := c.Webhooks[name]
		for _, one := range []struct {
			what, file string
			into       *string
		}{{"url_file", hook.URLFile, &hook.URL}, {"secret_file", hook.SecretFile, &hook.Secret}} {
			if one.file == "" {
				continue
			}
			if *one.into != "" {
				return fmt.Errorf("webhook %s: keep one of %s and %s", name, strings.TrimSuffix(one.what, "_file"), one.what)
			}
			text, err := os.ReadFile(one.file)
			if err != nil {
				return fmt.Errorf("webhook %s: %s: %w", name, one.what, err)
			}
			*one.into = strings.TrimSpace(string(text))
		}
		c.Webhooks[name] = hook
	}
	_, err := c.webhooks()
	return err
}

func (c *Config) webhooks() (*sender.Webhooks, error) {
	by := map[string]sender.Webhook{}
	for name, hook := range c.Webhooks {
		by[name] = sender.Webhook{URL: hook.URL, Secret: hook.Secret}
	}
	hooks, err := sender.NewWebhooks(by)
	if err == nil && c.CatchAll != "" {
		hooks.Others(func(name string) sender.Webhook {
			return sender.Webhook{URL: c.CatchAll + url.PathEscape(name), Secret: sandbox.WebhookSecret}
		})
	}
	return hooks, err
}

// called is what another system is sent: what the step says under data.
type called struct {
	ID       string         `json:"id"` // the same however often it is sent; also the header Idempotency-Key
	At       string         `json:"at"` // business time
	Account  string         `json:"account"`
	Playbook string         `json:"playbook"`
	Run      string         `json:"run"`
	Step     string         `json:"step"`
	Data     map[string]any `json:"data"`
}

// A refusedCall is why another system will not take a call, as cards.CallReason reads it.
type refusedCall string

func (r refusedCall) Error() string { return string(r) }

func (refusedCall) Unwrap() error { return worker.ErrRefused }

// caller implements worker.Call over the configured systems.
func caller(hooks *sender.Webhooks) worker.Call {
	return func(ctx context.Context, system string, out store.Outgoing) error {
		e := out.Effect
		err := hooks.Call(ctx, system, out.Key, called{ID: out.Key, At: out.At.UTC().Format("2006-01-02T15:04:05Z"), Account: out.Account,
			Playbook: e.Playbook, Run: out.Run, Step: e.Step, Data: e.Args})
		var answered *sender.StatusError
		switch {
		case errors.As(err, &answered):
			return refusedCall(fmt.Sprint(cards.CallStatus, answered.Code))
		case errors.Is(err, sender.ErrNotConfigured):
			return refusedCall(cards.CallUnconfigured)
		case errors.Is(err, sender.ErrCallRefused):
			return fmt.Errorf("%w: %s", worker.ErrRefused, strings.TrimPrefix(err.Error(), sender.ErrCallRefused.Error()+": "))
		}
		return err
	}
}

// systems returns the names of the systems that a book calls, sorted.
func systems(book *playbooks.Book) []string {
	var all []string
	for _, p := range book.Playbooks {
		all = append(all, p.Systems()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unconfigured returns the systems that a book calls and the configuration does not know, sorted.
func unconfigured(book *playbooks.Book, hooks *sender.Webhooks) []string {
	return slices.DeleteFunc(systems(book), hooks.Has)
}

// warnOfWebhooks logs which systems a book calls that cannot be called.
func (b *Bot) warnOfWebhooks(book *playbooks.Book) {
	if missing := unconfigured(book, b.hooks); len(missing) > 0 {
		b.log.Warn("the book calls systems that are not configured; see webhooks in the configuration", "webhooks", missing)
	}
}
