package playbooks_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/rules"
)

// conditional is the base book with a form whose fields hang on the account and on each other.
func conditional(t *testing.T) *playbooks.Book {
	t.Helper()
	files := base(t)
	files["signals.yaml"] = bytes.Replace(files["signals.yaml"], []byte("attributes:\n"), []byte("attributes:\n  region: text\n"), 1)
	files["handoff.yaml"] = []byte(`forms:
  new:
    title: {en: New, ja: 新規}
    from: ae
    to: onboarding
    sections:
      - title: {en: Contract, ja: 契約}
        fields:
          - {id: renews, label: {en: Renews, ja: 更新}, kind: yes_no, need: win, prefill: contract.auto_renew}
          - {id: notice_by, label: {en: Notice, ja: 期限}, kind: date, need: win, prefill: contract.notice_by, if: form.renews}
          - id: invoiced
            label: {en: Invoiced, ja: 請求先}
            kind: choice
            need: win
            choices: {partner: {en: Partner, ja: パートナー}, customer: {en: Customer, ja: お客様}}
          - {id: billing, label: {en: Billing, ja: 請求}, need: win, if: form.invoiced == "customer"}
          - {id: billing_mail, label: {en: Mail, ja: メール}, if: 'form.billing != "by post"'}
      - title: {en: Large ones, ja: 大口}
        fields:
          - {id: sponsor, label: {en: Sponsor, ja: 責任者}, need: kickoff, if: account.seats >= 50}
          - {id: law, label: {en: Law, ja: 法令}, need: kickoff, if: account.region == "EU"}
          - {id: terms, label: {en: Terms, ja: 条件}, kind: list, need: win}
          - {id: special, label: {en: Special, ja: 特記}, if: form.terms contains "special" and form.notice_by > contract.start}
`)
	files["signing.yaml"] = []byte("playbook: signing\ntitle: Signing\nabout: Signing.\nsteps:\n  - {id: form, handoff: new}\n")
	return loaded(t, files)
}

// small is an account about which little is known.
func small() *rules.Account {
	seats, renews := 10.0, true
	return &rules.Account{ID: "sample", Seats: &seats, TimeZone: "UTC", Contracts: []rules.Contract{
		{ID: "next", Start: rules.NewDate(2027, 9, 1), AutoRenew: &renews, NoticeBy: rules.NewDate(2028, 6, 30)}}}
}

var monday = time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)

func TestAFieldIsAskedWhereItsConditionHoldsOrIsUnknown(t *testing.T) {
	book := conditional(t)
	form := book.Forms["new"]
	large := 50.0
	for name, c := range map[string]struct {
		change func(*rules.Account)
		values map[string]any
		want   []string // not asked
	}{
		"little is known":             {values: nil, want: []string{"sponsor"}},
		"it does not renew by itself": {values: map[string]any{"renews": false}, want: []string{"notice_by", "sponsor", "special"}},
		"the partner is invoiced, and what hangs on the customer's bill goes too": {
			values: map[string]any{"invoiced": "partner", "billing": "kept from before"}, want: []string{"billing", "billing_mail", "sponsor"}},
		"the customer is":     {values: map[string]any{"invoiced": "customer", "billing": "by post"}, want: []string{"billing_mail", "sponsor"}},
		"a large account":     {change: func(a *rules.Account) { a.Seats = &large }},
		"seats are not known": {change: func(a *rules.Account) { a.Seats = nil }},
		"elsewhere":           {change: func(a *rules.Account) { a.Attributes = map[string]any{"region": "US"} }, want: []string{"sponsor", "law"}},
		"a list is read as one text, a date as a date": {
			values: map[string]any{"terms": []any{"a special price", "none"}, "notice_by": "2027-01-01"}, want: []string{"sponsor", "special"}},
		"what is not of its kind is unknown": {
			values: map[string]any{"renews": "no", "invoiced": 3.0, "notice_by": "soon"}, want: []string{"sponsor"}},
	} {
		t.Run(name, func(t *testing.T) {
			account := small()
			if c.change != nil {
				c.change(account)
			}
			facts := book.Rules.Facts(account, nil, monday)
			if diff := cmp.Diff(c.want, form.Hidden(facts, "", c.values)); diff != "" {
				t.Errorf("not asked (-want +got):\n%s", diff)
			}
			// What another form of the same account held is not remembered.
			form.Hidden(facts, "", map[string]any{"renews": false, "invoiced": "partner", "terms": []string{"none"}})
			if diff := cmp.Diff(c.want, form.Hidden(facts, "", c.values)); diff != "" {
				t.Errorf("not asked, once another handoff was looked at (-want +got):\n%s", diff)
			}
		})
	}
	if got := form.Hidden(nil, "", map[string]any{"renews": false}); got != nil {
		t.Errorf("without facts %v are not asked, want that all are", got)
	}
	for id, want := range map[string]bool{"renews": true, "invoiced": true, "billing": true, "terms": true, "sponsor": false, "nothing": false} {
		if form.Decides(id) != want {
			t.Errorf("%s decides whether others are asked: %v, want %v", id, !want, want)
		}
	}
}

func TestAFormWithoutWhatIsNotAsked(t *testing.T) {
	form := conditional(t).Forms["new"]
	asked := form.Without([]string{"notice_by", "billing", "sponsor", "law", "terms", "special"})
	if got := ids(asked.Fields()); !cmp.Equal(got, []string{"renews", "invoiced", "billing_mail"}) || len(asked.Sections) != 1 {
		t.Errorf("%v in %d sections are asked", got, len(asked.Sections))
	}
	if got := len(form.Fields()); got != 9 || len(form.Sections) != 2 {
		t.Errorf("the book's own form has %d fields left", got)
	}
	if got := asked.Score(map[string]any{"renews": true, "billing": "does not count"}); got != 0.5 {
		t.Errorf("the score is %v, want that of the two fields that are asked", got)
	}
}

// TestAHandoffCountsWhatIsAskedAlone plays a handoff: what is not asked is neither missing nor
// kept with the account, and comes back with what it held when it is asked again.
func TestAHandoffCountsWhatIsAskedAlone(t *testing.T) {
	book := conditional(t)
	account, p := small(), book.Playbooks["signing"]
	run := p.NewRun(book.Hash, account.ID, "", 1)
	var sent []playbooks.Effect
	do := func(ev playbooks.Event) *playbooks.Handoff {
		t.Helper()
		ev.At, ev.Run = monday, run.ID
		env := playbooks.Env{Book: book, Team: book.Team, Facts: book.Rules.Facts(account, nil, monday)}
		if err := p.Check(run, ev, env); err != nil {
			t.Fatal(err)
		}
		run, sent = p.Advance(run, ev, env)
		return run.Handoff
	}
	expect := func(when string, h *playbooks.Handoff, missing, hidden []string) {
		t.Helper()
		if diff := cmp.Diff([2][]string{missing, hidden}, [2][]string{h.Missing, h.Hidden}); diff != "" {
			t.Errorf("%s: missing, and not asked (-want +got):\n%s", when, diff)
		}
	}
	h := do(playbooks.Event{Kind: playbooks.Begin})
	expect("begun by nobody", h, []string{"invoiced", "billing", "terms", "law"}, []string{"sponsor"})
	if h.Fields["renews"] != true || h.Fields["notice_by"] != "2028-06-30" {
		t.Errorf("the draft knows %v, want what the contract says", h.Fields)
	}
	h = do(playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{
		"renews": false, "invoiced": "partner", "billing": "Accounts payable", "terms": []any{"none"}}})
	expect("sent", h, []string{"law"}, []string{"notice_by", "billing", "billing_mail", "sponsor", "special"})
	if h.Fields["notice_by"] != "2028-06-30" || h.Fields["billing"] != "Accounts payable" {
		t.Errorf("what is not asked has lost what it held: %v", h.Fields)
	}
	do(playbooks.Event{Kind: playbooks.AskedBack, By: "suzuki", Text: "Who is invoiced?"})
	h = do(playbooks.Event{Kind: playbooks.Replied, By: "sato", Text: "They are", Fields: map[string]any{"invoiced": "customer"}})
	expect("answered", h, []string{"law"}, []string{"notice_by", "sponsor", "special"})
	do(playbooks.Event{Kind: playbooks.Accepted, By: "suzuki"})
	for _, e := range sent {
		if fields, _ := e.Value.(map[string]any); e.Kind == playbooks.SetIt && fields["notice_by"] != nil {
			t.Errorf("accepting sets %s to %v, though the day to give notice was not asked", e.Field, fields)
		}
	}
}

// TestADealThatMovesIsSentAnew holds while the other side has the handoff: whoever sent it
// changes it, and it lies before the other side once more. Nobody else does.
func TestADealThatMovesIsSentAnew(t *testing.T) {
	s := begin(t, "handoff", playbooks.Event{By: "sato"})
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"start": "2027-05-01", "accepter": "suzuki"}})
	moved := playbooks.Event{Kind: playbooks.Submitted, By: "suzuki", At: s.now, Run: s.run.ID, Fields: map[string]any{"start": "2027-06-01"}}
	if err := s.p.Check(s.run, moved, s.env); err == nil {
		t.Error("whoever takes over changes what they were sent")
	}
	s.sent = nil
	s.do(playbooks.Event{Kind: playbooks.Submitted, By: "sato", Fields: map[string]any{"start": "2027-06-01"}})
	if h := s.run.Handoff; h.State != playbooks.HandoffSent || h.Version != 2 || h.Fields["start"] != "2027-06-01" || h.Turn != "suzuki" {
		t.Errorf("the handoff is %+v", h)
	}
	if diff := cmp.Diff([]string{"handoff suzuki"}, s.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}
