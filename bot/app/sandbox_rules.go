package app

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"playcaller/bot/intake"
	"playcaller/bot/slackapp/cards"
	"playcaller/playbooks"
	"playcaller/playbooks/outline"
	"playcaller/playbooks/words"
	"playcaller/rules"
	"playcaller/store"
)

// RulesPanel is the answer to GET /sandbox/rules: the book's playbooks, and where each account stands with each rule.
type RulesPanel struct {
	Book      BookStatus      `json:"book"`
	Playbooks []PanelPlaybook `json:"playbooks"` // by name
	Accounts  []PanelAccount  `json:"accounts"`  // by name
}

// PanelPlaybook is one playbook of the book in use.
type PanelPlaybook struct {
	Name     string         `json:"name"`
	Title    string         `json:"title"`
	Severity string         `json:"severity"`
	Rule     bool           `json:"rule"` // whether a rule starts it
	Draft    bool           `json:"draft,omitempty"`
	Outline  []outline.Line `json:"outline"`
}

// PanelAccount is an account, with its standing by playbook.
type PanelAccount struct {
	ID    string                   `json:"id"`
	Name  string                   `json:"name"`
	Rules map[string]PanelStanding `json:"rules"`
}

// PanelStanding is where an account stands with a rule. With several contracts it is the standing that matters most.
type PanelStanding struct {
	Standing string `json:"standing"` // playing, pending, suppressed, unknown, quiet or outside
	Text     string `json:"text"`     // one sentence
	Subject  string `json:"subject,omitempty"`
}

// standings from the one that matters most.
var standings = []string{"playing", "pending", "suppressed", "unknown", "quiet", "outside"}

// rules serves GET /sandbox/rules?lang=en: a RulesPanel.
func (s *Sandbox) rules(w http.ResponseWriter, r *http.Request) {
	lang, err := intake.Language(r.URL.Query())
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // the reader has gone away: nobody to tell
		return
	}
	panel, err := s.bot.rulesPanel(r.Context(), lang)
	var answer any = panel
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer) // likewise
}

func (b *Bot) rulesPanel(ctx context.Context, lang string) (RulesPanel, error) {
	panel := RulesPanel{Playbooks: []PanelPlaybook{}, Accounts: []PanelAccount{}}
	var err error
	if panel.Book, err = b.BookStatus(ctx); err != nil {
		return panel, err
	}
	book, texts := b.worker.Present(), cards.NewTexts()
	voice := texts.In(lang, nil)
	for _, name := range slices.Sorted(maps.Keys(book.Playbooks)) {
		p := book.Playbooks[name]
		lines := outline.Of(book, p, voice.Voice)
		panel.Playbooks = append(panel.Playbooks, PanelPlaybook{Name: name, Title: cards.PlaybookTitle(voice, book, name), Severity: string(p.Severity),
			Rule: p.Rule != nil, Draft: p.Draft, Outline: lines})
	}
	for d, err := range b.records.Accounts.All(ctx, store.Query{}) {
		if err != nil {
			return panel, err
		}
		if !d.Value.Known {
			continue
		}
		a := PanelAccount{ID: d.Value.Account.ID, Name: cmp.Or(d.Value.Account.Name, d.Value.Account.ID), Rules: map[string]PanelStanding{}}
		runs, err := b.records.Runs.Find(ctx, store.Query{Field: "account", Equal: a.ID})
		if err != nil {
			return panel, err
		}
		for name, p := range book.Playbooks {
			if standing, ok := b.standing(a.ID, p, openRuns(runs, name), voice); ok {
				a.Rules[name] = standing
			}
		}
		panel.Accounts = append(panel.Accounts, a)
	}
	slices.SortFunc(panel.Accounts, func(a, b PanelAccount) int { return strings.Compare(a.Name, b.Name) })
	return panel, nil
}

// openRuns are a playbook's open runs by their subjects, drafts' too, whichever version of it they follow.
func openRuns(runs []store.Doc[store.Run], playbook string) map[string]*store.Run {
	open := map[string]*store.Run{}
	for i := range runs {
		if r := &runs[i].Value; r.Playbook == playbook && r.Open() {
			open[r.Subject] = r
		}
	}
	return open
}

// standing is where an account stands with a playbook's rule now; false where no rule starts the playbook. What is open
// is being played whatever the rule says: it may have changed since, or be over.
func (b *Bot) standing(account string, p *playbooks.Playbook, open map[string]*store.Run, v *cards.Voice) (PanelStanding, bool) {
	if p.Rule == nil {
		return PanelStanding{}, false
	}
	decisions, err := b.worker.Explain(account, p.Name, b.clock.Now())
	if err != nil || len(decisions) == 0 {
		return PanelStanding{}, false
	}
	best := PanelStanding{Standing: standings[len(standings)-1]}
	for i, d := range decisions {
		s := PanelStanding{Standing: standingOf(d), Text: cards.Standing(v, b.worker.Present(), d), Subject: d.Subject}
		if r := open[d.Subject]; r != nil && s.Standing != "playing" {
			s.Standing, s.Text = "playing", openSince(v, r, s.Text)
		}
		if i == 0 || slices.Index(standings, s.Standing) < slices.Index(standings, best.Standing) {
			best = s
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(open)) { // one that the rule does not judge, such as a contract that is gone
		if best.Standing != "playing" {
			best = PanelStanding{Standing: "playing", Text: openSince(v, open[subject], ""), Subject: subject}
		}
	}
	return best, true
}

// openSince says since when a run is open, and what its rule says now.
func openSince(v *cards.Voice, r *store.Run, rule string) string {
	id := "why.play"
	if r.Draft {
		id = "why.play.draft"
	}
	return strings.TrimSpace(v.Say(id, words.Args{"began": v.Day(r.Began), "state": rule}))
}

func standingOf(d rules.Decision) string {
	switch {
	case d.Outcome == rules.Fired, d.Reason == rules.AlreadyRunning:
		return "playing"
	case d.Outcome == rules.Waits:
		return "pending"
	case d.Outcome == rules.Unknowable:
		return "unknown"
	case d.Reason == rules.OutsideAudience:
		return "outside"
	case d.Outcome == rules.Suppressed:
		return "suppressed"
	}
	return "quiet"
}
