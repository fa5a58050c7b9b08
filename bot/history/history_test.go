package history

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/intake"
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

// A running bot's list, in pages, tells what its store tells.
func TestARunningBotTellsWhatItsStoreTells(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "playcaller.db")
	backend, err := sqlite.Open(ctx, path, store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	declared := []rules.SignalDef{{Name: "logins", Kind: rules.Count}, {Name: "help", Kind: rules.Count, Dimension: "topic"}, {Name: "errors", Kind: rules.Count, Hourly: true}}
	seats := 20.0
	all := map[string]store.Account{}
	var ids []string
	for n := range 2*pageAccounts + 1 {
		id := fmt.Sprintf("a%03d", n)
		var h rules.History
		for d := range 20 {
			at := backtest.Noon(day(t, "2026-01-05")+rules.Date(d), time.UTC)
			for _, s := range []rules.Signal{{Signal: "help", By: "exports", Value: 2}, {Signal: "help", Value: 4}, {Signal: "logins", Value: float64(d + n)}} {
				s.At = at
				def := declared[0]
				if s.Signal == "help" {
					def = declared[1]
				}
				if d%5 == 3 && s.By != "" {
					continue
				}
				if _, err := h.Apply(s, def, time.UTC, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		for hour := range 24 * 20 {
			at := day(t, "2026-01-05").In(time.UTC).Add(time.Duration(hour)*time.Hour + time.Minute)
			if _, err := h.Apply(rules.Signal{Signal: "errors", Value: float64(hour % 7), At: at}, declared[2], time.UTC, at); err != nil {
				t.Fatal(err)
			}
		}
		history, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		a := store.Account{ID: id, Known: n != 7, History: history, Account: rules.Account{ID: id, Name: "Account", Seats: &seats,
			Roles: []rules.Role{{Role: "owner", Person: "tanaka", From: day(t, "2026-01-01")}}, Milestones: map[string]rules.Milestone{"kickoff": {Due: day(t, "2026-02-01")}}}}
		all[id], ids = a, append(ids, id)
		doc := store.Doc[store.Account]{Key: id, Value: a}
		if err := store.In(backend).Accounts.Insert(ctx, &doc); err != nil {
			t.Fatal(err)
		}
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(intake.New(intake.Options{Tokens: []string{"t"}, Reads: listOnly{all: all, ids: ids}}).Handler())
	defer server.Close()
	pages := 0
	call := func(ctx context.Context, method, path string, v any) error {
		pages++
		req, err := http.NewRequestWithContext(ctx, method, server.URL+path, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer t")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return json.NewDecoder(res.Body).Decode(v)
	}
	today := day(t, "2026-02-01")
	asked, err := Bot(ctx, call, declared, today, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	read, err := Store(ctx, path, declared, today, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	inputs := func(h *History) (list []backtest.Input) {
		for in, err := range h.All {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, in)
		}
		return list
	}
	for range 2 { // a book that asks for peers goes over them twice
		if diff := cmp.Diff(inputs(read), inputs(asked)); diff != "" {
			t.Error(diff)
		}
	}
	if in := inputs(asked)[0]; !slices.ContainsFunc(in.Signals, func(s rules.Signal) bool { return s.Signal == "errors" && s.At.Hour() == 5 }) {
		t.Error("nothing is known by the hour")
	}
	if asked.Accounts != 2*pageAccounts || pages != 3 || asked.First != read.First || asked.Last != read.Last || asked.Key == "" {
		t.Errorf("%d accounts in %d pages, %s to %s; want %d in 3, %s to %s", asked.Accounts, pages, asked.First, asked.Last, 2*pageAccounts, read.First, read.Last)
	}
}

// listOnly answers the list of accounts alone.
type listOnly struct {
	intake.Reads
	all map[string]store.Account
	ids []string
}

func (l listOnly) Accounts(_ context.Context, after string, limit int) (page []store.Account, _ error) {
	for _, id := range l.ids {
		if id > after && len(page) < limit {
			page = append(page, l.all[id])
		}
	}
	return page, nil
}
