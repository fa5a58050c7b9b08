package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"playcaller/playbooks/library"
)

// CS Ops let the calls of another system fail, start a play that calls it, and see what was sent and how it was answered.
func TestBrowserWebhooksArePlayedWith(t *testing.T) {
	findChromium(t) // before the book is copied
	book := t.TempDir()
	if err := os.CopyFS(book, library.FS); err != nil {
		t.Fatal(err)
	}
	const tell = `playbook: tell-crm
title: {en: Told the CRM, ja: CRMへの連携}
about: {en: The CRM hears of it., ja: CRMに連携します。}
steps:
  - {id: tell, webhook: crm, body: {risk: high, seats: "{{ account.seats }}"}, otherwise: {after: 1wd, then: =unclear}, then: =passed_on}
`
	if err := os.WriteFile(filepath.Join(book, "tell-crm.yaml"), []byte(tell), 0o600); err != nil {
		t.Fatal(err)
	}
	v := visitBook(t, book, "ops", "cs-ops", 1280, 900)
	v.tabTo("[data-testid=webhooks-open]")
	v.press(kb.Enter)
	v.see("[data-testid=webhooks-calls]", "No call has come yet.")
	v.holds(`[...document.querySelectorAll("[data-testid=webhooks-system] option")].some((o) => o.value === "crm")`)
	v.fill("[data-testid=webhooks-times]", "1")
	v.click("[data-testid=webhooks-fail]", "Switch on")
	v.see("[data-testid=webhooks-left]", "all systems: a failure (500), 1 more")
	v.shot("fault")
	v.press(kb.Escape)
	v.gone("[data-testid=webhooks]")
	v.holds(`document.activeElement.matches("[data-testid=webhooks-open]")`)

	v.command("/cs ops start tell-crm acme-kk")
	v.see("[data-testid=webhooks-open]", "Webhooks", "2") // it was called again
	v.click("[data-testid=webhooks-open]")
	v.see("[data-webhook='1']", "crm", "acme-kk", "Failed (500)", "risk: high, seats: 80")
	v.see("[data-webhook='2'] [data-status='200']", "Taken")
	v.gone("[data-testid=webhooks-left] li")
	v.click("[data-webhook='2'] summary")
	v.see("[data-webhook='2']", `"step": "tell"`, "Idempotency-Key: ")
	v.shot("calls")

	v.click("[data-testid=rules-open]") // one panel at a time
	v.gone("[data-testid=webhooks]")
	v.see("[data-testid=rules]")
	v.click("[data-testid=webhooks-open]")
	v.gone("[data-testid=rules]")
	v.become("tanaka")
	v.see("[data-testid=webhooks]", "外部システムの呼び出し", "受付済み")
	v.shot("japanese")
}
