package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/app"
)

// write makes a file in the test's own folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// setting is an environment.
func setting(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

const configText = `
data: /srv/playcaller
addr: 0.0.0.0:80
slack: {bot_token: xoxb-file, app_token: xapp-file}
store: {mongodb_uri: "mongodb://file"}
api_tokens: [one, two]
`

func TestTheEnvironmentGoesBeforeTheFile(t *testing.T) {
	file := write(t, "config.yaml", configText)
	c, err := app.ReadConfig("", setting("PLAYCALLER_CONFIG", file, "SLACK_BOT_TOKEN", "xoxb-env", "PLAYCALLER_API_TOKENS", "three, four\nfive"))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Data, c.Addr, c.Slack.BotToken, c.Slack.AppToken, c.Store.MongoURI, c.APITokens}
	want := []any{"/srv/playcaller", "0.0.0.0:80", "xoxb-env", "xapp-file", "mongodb://file", []string{"three", "four", "five"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithoutAFileThereAreDefaults(t *testing.T) {
	c, err := app.ReadConfig("", setting())
	if err != nil || c.Data != "data" || c.Addr != "127.0.0.1:8080" {
		t.Errorf("data %q, address %q, %v", c.Data, c.Addr, err)
	}
}

func TestASecretIsReadFromTheFileThatIsNamed(t *testing.T) {
	token, tokens := write(t, "token", "xoxb-secret\n"), write(t, "tokens", "a\nb\n")
	c, err := app.ReadConfig("", setting("SLACK_BOT_TOKEN_FILE", token, "PLAYCALLER_API_TOKENS_FILE", tokens, "SLACK_APP_TOKEN", "x", "SLACK_APP_TOKEN_FILE", "/nowhere"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"xoxb-secret", "x", "a", "b"}, append([]string{c.Slack.BotToken, c.Slack.AppToken}, c.APITokens...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAConfigurationThatCannotBeReadSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  func(string) string
		want string
	}{
		"a file that is not there":     {"/nowhere/config.yaml", setting(), "/nowhere/config.yaml"},
		"a field that does not exist":  {write(t, "c.yaml", "slack: {token: x}\n"), setting(), "token"},
		"broken YAML":                  {write(t, "c.yaml", "slack: [\n"), setting(), "c.yaml"},
		"a secret's file that is gone": {"", setting("MONGODB_URI_FILE", "/nowhere/uri"), "MONGODB_URI_FILE"},
	} {
		if _, err := app.ReadConfig(c.file, c.env); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestServeSaysAllThatIsMissingAtOnce(t *testing.T) {
	var c app.Config
	err := c.CheckServe()
	for _, want := range []string{"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "PLAYCALLER_API_TOKENS"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	c.Slack.BotToken, c.Slack.SigningSecret, c.APITokens = "x", "y", []string{"z"}
	if err := c.CheckServe(); err != nil {
		t.Errorf("nothing is missing, but %v", err)
	}
}
