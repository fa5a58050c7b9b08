package intake

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
)

// known is what there is to read: the account acme.
type known struct{ from, to rules.Date }

func (k *known) Account(_ context.Context, id string) (store.Account, error) {
	if id != "acme" {
		return store.Account{}, store.ErrNotFound
	}
	return store.Account{ID: "acme", Known: true, Account: rules.Account{ID: "acme", Name: "Acme"}}, nil
}

func (k *known) Accounts(_ context.Context, after string, limit int) ([]store.Account, error) {
	var h rules.History
	def := rules.SignalDef{Name: "help", Kind: rules.Count, Dimension: "topic"}
	for _, s := range []rules.Signal{{Value: 2, By: "exports", At: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}, {Value: 3, At: time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)}} {
		s.Signal = def.Name
		if _, err := h.Apply(s, def, time.UTC, s.At); err != nil {
			return nil, err
		}
	}
	history, err := h.MarshalBinary()
	all := []store.Account{{ID: "acme", Known: true, Account: rules.Account{ID: "acme", Name: "Acme"}, History: history},
		{ID: "bolt", Known: true, Account: rules.Account{ID: "bolt"}}, {ID: "cold"}}
	for len(all) > 0 && all[0].ID <= after {
		all = all[1:]
	}
	return all[:min(limit, len(all))], err
}

// Pages follow each other by the id of the last account; series are there where they are asked for.
func TestAccountsAreListedPageByPage(t *testing.T) {
	d := newDoor(t)
	for path, want := range map[string]string{
		"/v1/accounts?limit=2":            `acme, bolt; next bolt`,
		"/v1/accounts?limit=2&after=bolt": `cold; next `,
		"/v1/accounts?limit=3":            `acme, bolt, cold; next cold`,
		"/v1/accounts?after=cold":         `; next `,
	} {
		w := d.do("GET", path, "")
		var page AccountsView
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, a := range page.Accounts {
			ids = append(ids, a.ID)
		}
		if got := strings.Join(ids, ", ") + "; next " + page.Next; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	got := d.do("GET", "/v1/accounts?limit=1&series=all", "").Body.String()
	want := `"series":[{"signal":"help","first":"2026-01-01","values":[2,null,3]},{"signal":"help","by":"exports","first":"2026-01-01","values":[2]}]`
	if !strings.Contains(got, want) {
		t.Errorf("answered %s, want %s in it", got, want)
	}
}

func (k *known) Series(_ context.Context, account, _, _ string, from, to rules.Date) ([]rules.DayValue, error) {
	k.from, k.to = from, to
	if account != "acme" {
		return nil, store.ErrNotFound
	}
	return []rules.DayValue{{Date: rules.NewDate(2026, 1, 1), Value: 4}, {Date: rules.NewDate(2026, 1, 3), Value: 0}}, nil
}

func (k *known) Decisions(_ context.Context, account, playbook string, limit int) ([]store.Decision, error) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	all := []store.Decision{{Decision: rules.Decision{Account: account, Playbook: "quiet", At: at.Add(time.Hour), Outcome: rules.Fired}, Seq: "2"},
		{Decision: rules.Decision{Account: account, Playbook: "quiet", At: at, Outcome: rules.Quiet}, Seq: "1"}}
	return all[:min(limit, len(all))], nil
}

func (k *known) Runs(context.Context, string, int) ([]store.Run, error) { return nil, nil }

func (k *known) Run(_ context.Context, id string) (store.Run, error) {
	if id != "r1" {
		return store.Run{}, store.ErrNotFound
	}
	return store.Run{Run: playbooks.Run{ID: "r1", Account: "acme", Playbook: "quiet"}}, nil
}

func TestASeriesHasTheShapeThatScriptsRelyOn(t *testing.T) {
	d := newDoor(t)
	w := d.do("GET", "/v1/accounts/acme/series/logins?from=2026-01-01&to=2026-02-01", "")
	want := `{"account":"acme","days":[{"date":"2026-01-01","value":4},{"date":"2026-01-03","value":0}],"signal":"logins"}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
		t.Errorf("answered %d %s, want %s", w.Code, got, want)
	}
	if d.reads.from != rules.NewDate(2026, 1, 1) || d.reads.to != rules.NewDate(2026, 2, 1) {
		t.Errorf("asked from %s to %s", d.reads.from, d.reads.to)
	}
}

func TestReadsThatCannotBeAnsweredSayWhy(t *testing.T) {
	for path, c := range map[string]struct {
		code int
		want string
	}{
		"/v1/accounts?series=logins":                  {400, `series "logins": want "all"`},
		"/v1/accounts?limit=5000":                     {400, "want a number from 1 to 1000"},
		"/v1/accounts/nobody":                         {404, "nothing is known"},
		"/v1/accounts/acme/series/login":              {404, `unknown signal "login"; did you mean "logins"?`},
		"/v1/accounts/nobody/series/logins":           {404, "nothing is known"},
		"/v1/accounts/acme/series/logins?from=monday": {400, "from: "},
		"/v1/accounts/acme/decisions?limit=0":         {400, "want a number from 1 to 1000"},
		"/v1/accounts/acme/explain/quiet":             {404, `unknown playbook "quiet"`},
		"/v1/accounts/acme/explain/quiet?lang=fr":     {400, `lang "fr": want en or ja`},
		"/v1/accounts/acme/explain/quiet?lang=":       {400, `lang "": want en or ja`},
		"/v1/runs":                                    {400, "want /v1/runs?account=ID"},
		"/v1/runs/r2":                                 {404, "nothing is known"},
		"/v1/signal":                                  {404, "there are POST /v1/signals"},
	} {
		w := newDoor(t).do("GET", path, "")
		var said struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != c.code || !strings.Contains(said.Error, c.want) {
			t.Errorf("%s answered %d %s, want %d with %q", path, w.Code, w.Body, c.code, c.want)
		}
	}
}

func TestDecisionsAndRunsAreLists(t *testing.T) {
	d := newDoor(t)
	var got struct{ Decisions []map[string]any }
	if err := json.Unmarshal(d.do("GET", "/v1/accounts/acme/decisions?playbook=quiet", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var outcomes []any
	for _, d := range got.Decisions {
		outcomes = append(outcomes, d["outcome"])
	}
	if diff := cmp.Diff([]any{"fired", "quiet"}, outcomes); diff != "" {
		t.Errorf("decisions, the newest first (-want +got):\n%s", diff)
	}
	if got := strings.TrimSpace(d.do("GET", "/v1/runs?account=acme", "").Body.String()); got != `{"runs":[]}` {
		t.Errorf("no runs are %s", got)
	}
	if w := d.do("GET", "/v1/runs/r1", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"id":"r1"`) {
		t.Errorf("a run is answered %d %s", w.Code, w.Body)
	}
	if w := d.do("GET", "/v1/accounts/acme", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"known":true`) {
		t.Errorf("an account is answered %d %s", w.Code, w.Body)
	}
}
