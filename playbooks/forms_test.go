package playbooks_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
)

// ids returns the ids of fields.
func ids(fields []*playbooks.Field) []string {
	var ids []string
	for _, f := range fields {
		ids = append(ids, f.ID)
	}
	return ids
}

func TestTheFormOfANewCustomerAsksForEverything(t *testing.T) {
	form := loaded(t, starter(t)).Forms["new"]
	if form == nil {
		t.Fatal("there is no form for new customers")
	}
	win := []string{"account_id", "crm_id", "ae", "accepter", "implementer", "csm", "tier", "amount", "term_months", "start", "end",
		"auto_renew", "notice_by", "products", "seats", "why_bought", "champion", "promises", "risks", "go_live_wish"}
	if diff := cmp.Diff(win, ids(form.Missing(nil, playbooks.AtWin))); diff != "" {
		t.Errorf("needed at the win (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"use_cases", "sponsor"}, ids(form.Missing(nil, playbooks.ByKickoff))); diff != "" {
		t.Errorf("needed by kickoff (-want +got):\n%s", diff)
	}
	further := []string{"se", "further_contracts", "daily_contact", "billing_admin", "technical_evaluator", "language", "time_zone",
		"decision", "objections", "integrations", "documents", "next_meeting"}
	if diff := cmp.Diff(further, ids(form.Missing(nil, playbooks.IsOptional))); diff != "" {
		t.Errorf("further (-want +got):\n%s", diff)
	}
	if form.Rounds != 2 || !form.Journey || form.Stage != "onboarding" || form.From != "ae" || form.To != "onboarding" {
		t.Errorf("the form goes from %s to %s, stage %s, journey %v, %d rounds", form.From, form.To, form.Stage, form.Journey, form.Rounds)
	}
	if form.Fill.Late == nil || form.Fill.Late.After.String() != "2wd" || form.Accept.Within.String() != "1wd" {
		t.Errorf("turns are %+v and %+v", form.Fill, form.Accept)
	}
}

func TestAFormsScoreCountsWhatIsNeeded(t *testing.T) {
	form := &playbooks.Form{Sections: []playbooks.Section{{Fields: []playbooks.Field{
		{ID: "a", Need: playbooks.AtWin}, {ID: "b", Need: playbooks.AtWin}, {ID: "c", Need: playbooks.ByKickoff}, {ID: "d", Need: playbooks.ByKickoff},
		{ID: "e", Need: playbooks.IsOptional},
	}}}}
	for _, c := range []struct {
		name   string
		values map[string]any
		want   float64
	}{
		{"nothing", nil, 0},
		{"blanks are nothing", map[string]any{"a": "", "b": []string{}, "c": []any{}, "d": nil}, 0},
		{"no and zero are answers", map[string]any{"a": false, "b": 0.0}, 0.5},
		{"what is optional adds nothing", map[string]any{"a": "x", "e": "y"}, 0.25},
		{"everything", map[string]any{"a": "x", "b": "x", "c": "x", "d": []string{"x"}}, 1},
	} {
		if got := form.Score(c.values); got != c.want {
			t.Errorf("%s: the score is %v, want %v", c.name, got, c.want)
		}
	}
	if got := (&playbooks.Form{}).Score(nil); got != 1 {
		t.Errorf("a form that needs nothing scores %v, want 1", got)
	}
}

func TestTheJourneyOfTheStarterBook(t *testing.T) {
	journey := loaded(t, starter(t)).Journey
	var onboarding []string
	for _, m := range journey.Of("onboarding") {
		onboarding = append(onboarding, m.ID)
	}
	want := []string{"welcome", "kickoff", "technical-setup", "first-users", "first-value", "go-live"}
	if diff := cmp.Diff(want, onboarding); diff != "" {
		t.Errorf("milestones of onboarding (-want +got):\n%s", diff)
	}
	kickoff := journey.Milestone("kickoff")
	if kickoff.Due.From != "contract.start" || kickoff.Due.By.String() != "14d" || kickoff.Due.Back || kickoff.Task == nil {
		t.Errorf("the kickoff is %+v", kickoff)
	}
	if forecast := journey.Milestone("forecast"); !forecast.Due.Back || forecast.Due.From != "contract.notice_by" {
		t.Errorf("the forecast is due %+v, want before the notice", forecast.Due)
	}
	if journey.Stage("renewal") == nil || journey.Milestone("nothing") != nil {
		t.Error("stages or milestones are not found by id")
	}
}

// TestATextIsNotKeptInTheNumberThatItShows holds for attributes and for the contract: a
// rule on a number that became a text would be unknown from then on.
func TestATextIsNotKeptInTheNumberThatItShows(t *testing.T) {
	files := base(t)
	files["signals.yaml"] = bytes.Replace(files["signals.yaml"], []byte("attributes:\n"), []byte("attributes:\n  price: number\n"), 1)
	files["handoff.yaml"] = []byte(`forms:
  new:
    title: {en: New, ja: 新規}
    from: ae
    to: onboarding
    sections:
      - title: {en: Contract, ja: 契約}
        fields:
          - {id: words, label: {en: Price, ja: 価格}, prefill: account.price}
          - {id: price, label: {en: Price, ja: 価格}, kind: number, prefill: account.price}
          - {id: risk, label: {en: Risk, ja: リスク}, prefill: account.risk}
          - {id: amount, label: {en: Amount, ja: 金額}, prefill: contract.amount}
          - {id: seats, label: {en: Seats, ja: 席数}, kind: number, prefill: contract.seats}
          - {id: product, label: {en: Product, ja: 製品}, kind: list, prefill: contract.product}
`)
	book, problems := playbooks.Load(files)
	if book == nil {
		t.Fatalf("the book is refused:\n%s", errorsOf(problems))
	}
	for _, f := range book.Forms["new"].Fields() {
		writes := map[string]string{"price": "attributes.price", "risk": "attributes.risk"}[f.ID]
		if shows := f.ID == "words" || f.ID == "amount"; f.Writes != writes || f.Shows != shows {
			t.Errorf("%s is kept in %q, only shown: %v", f.ID, f.Writes, f.Shows)
		}
	}
	if len(problems) != 2 {
		t.Errorf("%d problems are said, want a warning for each text: %v", len(problems), problems)
	}
}

// TestWhatCannotBeIsAFault holds for the starter book's form of a new customer.
func TestWhatCannotBeIsAFault(t *testing.T) {
	form := loaded(t, starter(t)).Forms["new"]
	for name, c := range map[string]struct {
		values map[string]any
		want   map[string]string // the field that is wrong -> why
	}{
		"in order":                 {map[string]any{"start": "2027-04-01", "notice_by": "2027-12-31", "end": "2028-03-31", "go_live_wish": "2027-05-01"}, map[string]string{}},
		"on one day":               {map[string]any{"start": "2027-04-01", "notice_by": "2027-04-01", "end": "2027-04-01", "go_live_wish": "2027-04-01"}, map[string]string{}},
		"it ends before it starts": {map[string]any{"start": "2027-04-01", "end": "2027-03-31"}, map[string]string{"end": "before start"}},
		"notice before it starts":  {map[string]any{"start": "2027-04-01", "notice_by": "2027-03-31", "end": "2028-03-31"}, map[string]string{"notice_by": "before start"}},
		"notice after it ends":     {map[string]any{"notice_by": "2028-04-01", "end": "2028-03-31"}, map[string]string{"notice_by": "after end"}},
		"one mistake is said once": {map[string]any{"start": "2027-04-01", "notice_by": "2027-04-02", "end": "2027-03-31"}, map[string]string{"end": "before start"}},
		"live before it starts":    {map[string]any{"start": "2027-04-01", "go_live_wish": "2020-01-01"}, map[string]string{"go_live_wish": "before start"}},
		"little is known":          {map[string]any{"end": "2028-03-31", "start": "soon", "go_live_wish": "2020-01-01", "seats": "many"}, map[string]string{}},
		"fewer than no seats":      {map[string]any{"seats": -4.0}, map[string]string{"seats": "number"}},
		"no seats":                 {map[string]any{"seats": 0.0}, map[string]string{"seats": "number"}},
		"half a month":             {map[string]any{"term_months": 12.5, "seats": 1.0}, map[string]string{"term_months": "number"}},
		"nothing to pay":           {map[string]any{"amount": 0.0, "term_months": 12}, map[string]string{}},
		"less than nothing to pay": {map[string]any{"amount": -0.5}, map[string]string{"amount": "number"}},
	} {
		got := map[string]string{}
		for id, fault := range form.Faults(c.values) {
			switch {
			case fault.Of == nil:
				got[id] = "number"
			case fault.After:
				got[id] = "after " + fault.Of.ID
			default:
				got[id] = "before " + fault.Of.ID
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestAKindOfHandoffIsDescribedInAMenu holds for the starter book: Slack shows 75
// characters below an entry.
func TestAKindOfHandoffIsDescribedInAMenu(t *testing.T) {
	for kind, form := range loaded(t, starter(t)).Forms {
		for _, lang := range []string{"en", "ja"} {
			if n := utf8.RuneCountInString(form.About.In(lang)); n == 0 || n > 75 {
				t.Errorf("%s is described in %d characters of %s, want 1 to 75: %s", kind, n, lang, form.About.In(lang))
			}
		}
	}
}
