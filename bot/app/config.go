package app

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"playcaller/bot/slackapp"
)

// Config is what a running bot needs to know. In a file it is YAML with these names; the environment goes before the file,
// and flags before both.
type Config struct {
	Data string `yaml:"data"` // folder for the embedded store and stream
	Book string `yaml:"book"` // folder of playbook files; the starter library where empty
	Addr string `yaml:"addr"` // for HTTP: host:port

	Slack struct {
		BotToken      string `yaml:"bot_token"`
		AppToken      string `yaml:"app_token"`      // Socket Mode
		SigningSecret string `yaml:"signing_secret"` // HTTP, where there is no AppToken
		APIURL        string `yaml:"api_url"`        // Slack's where empty

		Pace float64 `yaml:"-"` // times Slack's own pace of posting, for the sandbox; 1 where 0
	} `yaml:"slack"`
	Store struct {
		MongoURI string `yaml:"mongodb_uri"` // SQLite in Data where empty
		Database string `yaml:"database"`    // playcaller where empty and not in the URI
	} `yaml:"store"`
	Stream struct {
		URL string `yaml:"url"` // NATS servers; one inside this process where empty
	} `yaml:"stream"`
	APITokens []string `yaml:"api_tokens"`

	Webhooks map[string]WebhookConfig `yaml:"webhooks"` // by the name that playbooks have for them

	LastGood   bool   `yaml:"-"` // begin with the last good book where the folder's has mistakes
	Foresee    bool   `yaml:"-"` // play every changed book over history, and tell ops what it means for people
	CatchAll   string `yaml:"-"` // address under which every webhook without a configuration of its own is called, its name appended
	AcceptLoss bool   `yaml:"-"` // go on with a stream that lacks events; for one start, so only a flag
}

// secrets are the environment's names for what a Config holds; each is also read from the file that NAME_FILE names.
func (c *Config) secrets() map[string]*string {
	return map[string]*string{
		"SLACK_BOT_TOKEN": &c.Slack.BotToken, "SLACK_APP_TOKEN": &c.Slack.AppToken,
		"SLACK_SIGNING_SECRET": &c.Slack.SigningSecret, "SLACK_API_URL": &c.Slack.APIURL,
		"MONGODB_URI": &c.Store.MongoURI, "NATS_URL": &c.Stream.URL,
	}
}

// ReadConfig reads the file, if one is named, and lets the environment go before it.
func ReadConfig(file string, getenv func(string) string) (Config, error) {
	c := Config{Data: "data", Addr: "127.0.0.1:8080"}
	if file == "" {
		file = getenv("PLAYCALLER_CONFIG")
	}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		if err := yaml.UnmarshalWithOptions(text, &c, yaml.Strict()); err != nil {
			return c, fmt.Errorf("configuration %s:\n%s", file, yaml.FormatError(err, false, true))
		}
	}
	if err := c.readWebhooks(); err != nil {
		return c, fmt.Errorf("configuration: %w", err)
	}
	for name, into := range c.secrets() {
		v, err := env(getenv, name)
		if err != nil {
			return c, err
		}
		if v != "" {
			*into = v
		}
	}
	tokens, err := env(getenv, "PLAYCALLER_API_TOKENS")
	if err != nil {
		return c, err
	}
	if tokens != "" {
		c.APITokens = strings.FieldsFunc(tokens, func(r rune) bool { return r == ',' || r == '\n' || r == ' ' })
	}
	return c, nil
}

// env returns a variable, or what stands in the file that the variable with _FILE names.
func env(getenv func(string) string, name string) (string, error) {
	if v := getenv(name); v != "" {
		return v, nil
	}
	file := getenv(name + "_FILE")
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(text)), nil
}

// CheckServe says what `serve` still needs.
func (c *Config) CheckServe() error {
	var missing []error
	if c.Slack.BotToken == "" {
		missing = append(missing, errors.New("SLACK_BOT_TOKEN is not set: it is the xoxb-… token of the app's OAuth page"))
	}
	if c.Slack.AppToken == "" && c.Slack.SigningSecret == "" {
		missing = append(missing, errors.New("neither SLACK_APP_TOKEN (Socket Mode, xapp-…) nor SLACK_SIGNING_SECRET (HTTP) is set"))
	}
	if len(c.APITokens) == 0 {
		missing = append(missing, errors.New("PLAYCALLER_API_TOKENS is not set: signals come in with one of these tokens, separated by commas"))
	}
	return errors.Join(missing...)
}

// postTimeout is how long a post of a process that was killed may still be on its way to Slack: as long as a request may
// take. Where bot and workspace are one process, nothing is on its way when it starts.
func (c *Config) postTimeout() time.Duration {
	if c.Slack.Pace > 0 {
		return 0
	}
	return slackapp.CallTimeout
}
