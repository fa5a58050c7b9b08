package app_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"playcaller/bot/app"
	"playcaller/bot/sandbox"
)

// tells is a playbook that calls another system.
const tells = `
playbook: tells
title: Tells the CRM
about: Writes to the CRM that somebody looked.
stage: adoption
severity: low
steps:
  - {id: tell, webhook: crm, body: {seats: "{{ account.seats }}", note: "{{ account.name }} was looked at"}, otherwise: {after: 1wd, then: =lost}, then: =told}
outcomes: {told: {title: Told, good: true}, lost: {title: Lost}}
`

func TestOpsAreToldWhichSystemsOfANewBookAreNotConfigured(t *testing.T) {
	s := newShelf(t)
	workspace := begin(t, t.TempDir(), true)
	c := app.Config{Data: t.TempDir(), Book: s.dir}
	c.Slack.BotToken, c.Slack.AppToken, c.Slack.APIURL = sandbox.BotToken, sandbox.AppToken, workspace.url+"/api/"
	c.Webhooks = map[string]app.WebhookConfig{"chat": {URL: "https://chat.example.com/in"}}
	b, err := opened(t, c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	workspace.until("the bot is there", func() bool { return b.Ready() == nil })
	s.save("tells.yaml", tells)
	s.save("chats.yaml", strings.ReplaceAll(strings.Replace(tells, "webhook: crm", "webhook: chat", 1), "tells", "chats"))
	workspace.until("ops are told", func() bool {
		return workspace.told("Playbooks call the system `crm`, which is not configured here") == 1
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if n := workspace.told("`chat`,"); n > 0 {
		t.Errorf("a system that is configured is told: %q", workspace.ops())
	}
}

func TestTheSandboxTakesWhatPlaybooksSendToOtherSystems(t *testing.T) {
	s := newShelf(t)
	s.save("tells.yaml", tells)
	l := beginWith(t, t.TempDir(), s.dir)
	l.post("/sandbox/faults", `{"method":"webhook:crm","mode":"lost_reply","times":1}`, nil)
	l.command("ops", "/cs", "ops start tells acme-kk")
	type called struct {
		System, Signed string
		Again          bool
		Status         int
		Body           struct {
			Account, Playbook, Step string
			Data                    map[string]any
		}
	}
	var got struct {
		Systems []string
		Calls   []called
	}
	l.until("the call is made until it is answered", func() bool {
		got.Calls = nil
		if err := json.Unmarshal([]byte(l.get("/sandbox/webhooks")), &got); err != nil {
			t.Fatal(err)
		}
		return len(got.Calls) == 2
	})
	if len(got.Systems) != 1 || got.Systems[0] != "crm" {
		t.Errorf("the book calls %v", got.Systems)
	}
	for i, c := range got.Calls {
		if c.System != "crm" || c.Signed != "valid" || c.Again != (i == 1) || c.Status != []int{0, 200}[i] {
			t.Errorf("call %d is %+v", i+1, c)
		}
		if b := c.Body; b.Account != "acme-kk" || b.Playbook != "tells" || b.Step != "tell" || b.Data["seats"] != 80.0 || b.Data["note"] != "Acme KK was looked at" {
			t.Errorf("call %d says %+v", i+1, b)
		}
	}
	l.until("the play has ended", func() bool { return strings.Contains(l.get("/v1/runs?account=acme-kk"), `"told"`) })
	if n := l.told("not configured"); n > 0 {
		t.Errorf("ops were told of what the sandbox takes: %q", l.ops())
	}
}

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
