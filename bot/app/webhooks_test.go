package app_test

import (
	"strings"
	"testing"

	"playcaller/bot/app"
)

func TestWebhooksAreConfiguredByNameAndTheirSecretsMayStandInFiles(t *testing.T) {
	secret := write(t, "crm-secret", "hush\n")
	file := write(t, "config.yaml", "webhooks:\n  crm: {url: \"https://crm.example.com/in\", secret_file: "+secret+"}\n  chat: {url_file: "+write(t, "chat-url", "https://chat.example.com/x\n")+"}\n")
	c, err := app.ReadConfig(file, setting())
	if err != nil {
		t.Fatal(err)
	}
	if crm := c.Webhooks["crm"]; crm.URL != "https://crm.example.com/in" || crm.Secret != "hush" {
		t.Errorf("crm is %+v", crm)
	}
	if chat := c.Webhooks["chat"]; chat.URL != "https://chat.example.com/x" || chat.Secret != "" {
		t.Errorf("chat is %+v", chat)
	}
}

func TestAWebhookThatCannotBeCalledIsAMistakeInTheConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"webhooks: {crm: {url: crm.example.com/hidden}}":                         "webhook crm: the url is no address; write https://",
		"webhooks: {crm: {secret: x}}":                                           "webhook crm: the url is no address",
		"webhooks: {crm: {url: \"https://a.example\", url_file: /nowhere}}":      "webhook crm: keep one of url and url_file",
		"webhooks: {crm: {url: \"https://a.example\", secret_file: /nowhere/x}}": "webhook crm: secret_file: open /nowhere/x",
		"webhooks: {crm: {adress: x}}":                                           "adress",
	} {
		_, err := app.ReadConfig(write(t, "config.yaml", text), setting())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
