package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"playcaller/bot/stream"
	"playcaller/bot/worker"
	"playcaller/playbooks"
	"playcaller/rules"
	"playcaller/store"
	"playcaller/store/sqlite"
)

// What explanations, charts and cards show of an account knows of outages, as what decided did.
func TestFactsThatAreShownKnowOfOutages(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	clock := clockwork.NewFakeClockAt(now)
	log := slog.New(slog.DiscardHandler)
	book, problems := playbooks.Load(map[string][]byte{
		"team.yaml":    []byte("people:\n  tanaka: {name: Tanaka, email: tanaka@example.com, roles: [csm], time_zone: Asia/Tokyo, country: JP}\ndefault_owner: tanaka\nchannels: {alerts: \"#cs-alerts\", ops: \"#cs-ops\"}\n"),
		"signals.yaml": []byte("signals:\n  logins: {kind: count, title: Logins, fresh: 1d}\n"),
	})
	if book == nil {
		t.Fatal(problems)
	}
	s, err := stream.Open(ctx, stream.Options{Dir: t.TempDir(), Partitions: 1, Clock: clock, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	records := store.In(backend)
	var h rules.History
	def := rules.SignalDef{Name: "logins", Kind: rules.Count, Fresh: 24 * time.Hour}
	for d := 80; d >= 0; d-- {
		if d >= 2 && d <= 7 { // 13 to 18 November
			continue
		}
		at := now.AddDate(0, 0, -d)
		if _, err := h.Apply(rules.Signal{Account: "acme", Signal: "logins", Value: 20, At: at}, def, time.UTC, at); err != nil {
			t.Fatal(err)
		}
	}
	data, err := h.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	acme := store.Doc[store.Account]{Key: "acme", Value: store.Account{ID: "acme", Known: true, Account: rules.Account{ID: "acme"}, History: data}}
	noted := store.Doc[store.Checkpoint]{Key: store.CheckpointKey(7), Value: store.Checkpoint{Partition: 7, Feeds: map[string]time.Time{"logins": now},
		Outages: map[string][]rules.Outage{"logins": {{From: now.AddDate(0, 0, -8), To: now.AddDate(0, 0, -1)}}}}}
	if err := records.Accounts.Insert(ctx, &acme); err != nil {
		t.Fatal(err)
	}
	if err := records.Checkpoints.Insert(ctx, &noted); err != nil {
		t.Fatal(err)
	}
	w := worker.New(worker.Options{Stream: s, Records: records, Book: book, Clock: clock, Logger: log})
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(2 * time.Minute); w.Feed("logins").IsZero(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the worker has not read its checkpoints")
		}
	}
	for w.Outages() == nil { // read right after
		<-tick.C
	}
	f, err := forSlack{&reads{records: records, worker: w, book: func() *playbooks.Book { return book }}}.Facts(ctx, "acme", "", now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Baseline("logins", "", rules.Period{Days: 7}, rules.Period{})
	if err != nil {
		t.Fatal(err)
	}
	silent := 0
	for _, out := range b.LeftOut {
		if out.Reason == rules.WithoutData {
			silent++
		}
	}
	if silent != 6 {
		t.Errorf("%d days of the chart are without data, want the 6 of the outage: %+v", silent, b.LeftOut)
	}
}

// What somebody is asked as the second person is among what waits for them, after an answer of the first too.
func TestWhatWaitsForSomebodyHasWhatTheyAreAskedBesideAnother(t *testing.T) {
	ctx := t.Context()
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	records := store.In(backend)
	question := playbooks.Visit{Kind: playbooks.AskStep, Assignee: "tanaka", By: "tanaka", Answer: "renew"}
	task := playbooks.Visit{N: 1, Kind: playbooks.TaskStep, Assignee: "tanaka"}
	both := question
	both.Others = map[string]playbooks.OtherAnswer{"sato": {Answer: "leave"}}
	for id, visits := range map[string][]playbooks.Visit{"open": {question, task}, "said": {both, task}} {
		doc := store.Doc[store.Run]{Key: id, Value: store.Run{Run: playbooks.Run{ID: id, Assignee: "tanaka", Also: "sato", Step: "call", Visits: visits}}}
		if err := records.Runs.Insert(ctx, &doc); err != nil {
			t.Fatal(err)
		}
	}
	for who, want := range map[string]int{"tanaka": 2, "sato": 1, "miller": 0} {
		runs, err := forSlack{&reads{records: records}}.OpenRuns(ctx, who)
		if err != nil || len(runs) != want {
			t.Errorf("%d plays wait for %s, %v; want %d", len(runs), who, err, want)
		}
	}
}
