package history

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks/backtest"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

func day(t *testing.T, s string) rules.Date {
	t.Helper()
	d, err := rules.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatBecameOfAnAccountIsReadFromItsContracts(t *testing.T) {
	today := day(t, "2026-11-01")
	yes := true
	for name, c := range map[string]struct {
		account rules.Account
		want    backtest.End
	}{
		"no contract":           {rules.Account{}, backtest.End{}},
		"runs on":               {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today + 90}}}, backtest.End{}},
		"no end":                {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 90}, {ID: "b"}}}, backtest.End{}},
		"followed by another":   {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 90}, {ID: "b", End: today + 200}}}, backtest.End{Kind: backtest.Renewed, On: today - 90}},
		"signed":                {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 90, Signed: true}}}, backtest.End{Kind: backtest.Renewed, On: today - 90}},
		"renews by itself":      {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 90, AutoRenew: &yes}}}, backtest.End{Kind: backtest.Renewed, On: today - 90}},
		"nothing followed":      {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 90}}}, backtest.End{Kind: backtest.Churned, On: today - 90}},
		"too early to tell":     {rules.Account{Contracts: []rules.Contract{{ID: "a", End: today - 9}}}, backtest.End{}},
		"came to stage churned": {rules.Account{Stage: "churned", StageSince: (today - 5).In(time.UTC), Contracts: []rules.Contract{{ID: "a", End: today + 90}}}, backtest.End{Kind: backtest.Churned, On: today - 5}},
	} {
		if got := EndOf(&c.account, today); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// A bot's store gives its known accounts, again and again.
func TestAStoreIsReadAccountByAccount(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	backend, err := sqlite.Open(ctx, filepath.Join(dir, "playcaller.db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defs := []rules.SignalDef{{Name: "logins", Kind: rules.Count}, {Name: "users", Kind: rules.Unique}}
	first := day(t, "2026-03-02")
	for _, id := range []string{"acme", "bolt", "stranger"} {
		var h rules.History
		for d := first; d < first+10; d++ {
			at := backtest.Noon(d, time.UTC)
			for i, s := range []rules.Signal{{Signal: "logins", Value: 3}, {Signal: "users", Value: 1, User: "u"}, {Signal: "older", Value: 1}} {
				s.At = at
				if _, err := h.Apply(s, append(defs, rules.SignalDef{Name: "older", Kind: rules.Count})[i], time.UTC, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		data, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		doc := store.Doc[store.Account]{Key: id, Value: store.Account{ID: id, Known: id != "stranger", Account: rules.Account{ID: id}, History: data}}
		if err := store.In(backend).Accounts.Insert(ctx, &doc); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := Store(ctx, dir, defs, first+60, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if h.Accounts != 2 || h.First != first || h.Last != first+9 {
		t.Errorf("%+v", h)
	}
	notes := strings.Join(h.Notes, "\n")
	for _, want := range []string{"of users the store tells how many there were each day", `signal "older" is not declared`} {
		if !strings.Contains(notes, want) {
			t.Errorf("it does not say %s: %s", want, notes)
		}
	}
	for range 2 {
		var ids []string
		for in, err := range h.All {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, in.Account.ID)
			if len(in.Signals) != 30 {
				t.Errorf("%s has %d signals, want 30", in.Account.ID, len(in.Signals))
			}
		}
		if strings.Join(ids, " ") != "acme bolt" {
			t.Error(ids)
		}
	}
	if _, err := Store(ctx, t.TempDir(), defs, first, nil); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Error(err)
	}
}
