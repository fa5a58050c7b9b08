package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"playcaller/rules"
	"playcaller/store"
)

// Older programs take a partition's own silences for those of all, so they must not read what this one writes; what they have
// written is read.
func TestCheckpointsOfOlderProgramsAreReadAndTheirsDoNotReadOurs(t *testing.T) {
	b := openFile(t, filepath.Join(t.TempDir(), "x.db"), store.Collections()...)
	old := store.Record{Key: store.CheckpointKey(3), Schema: 1, Body: []byte(`{"partition":3,"incarnation":"i","now":7,"bulk":9,"book":"abc",
		"feeds":{"logins":"2027-04-09T09:00:00Z"},"outages":{"logins":[{"from":"2027-04-01T09:00:00Z","to":"2027-04-08T18:00:00Z"}]},"storms":{"drop":true}}`)}
	if err := b.Insert(t.Context(), "checkpoints", old); err != nil {
		t.Fatal(err)
	}
	checkpoints := store.In(b).Checkpoints
	cp, err := checkpoints.Get(t.Context(), old.Key)
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2027, 4, day, hour, 0, 0, 0, time.UTC) }
	same(t, "what an older program wrote", cp.Value, store.Checkpoint{Partition: 3, Incarnation: "i", Now: 7, Bulk: 9, Book: "abc",
		Feeds: map[string]time.Time{"logins": at(9, 9)}, Outages: map[string][]rules.Outage{"logins": {{From: at(1, 9), To: at(8, 18)}}},
		Storms: map[string]bool{"drop": true}})
	cp.Value.Lifted = map[string]time.Time{"drop": at(10, 9)}
	if err := checkpoints.Replace(t.Context(), &cp); err != nil {
		t.Fatal(err)
	}
	again, err := checkpoints.Get(t.Context(), old.Key)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what this program wrote", again.Value, cp.Value)
	older := store.Kind[store.Checkpoint]{Name: "checkpoints", Schema: 1}.In(b)
	_, err = older.Get(t.Context(), old.Key)
	wantErr(t, err, store.ErrNewer, "start the newer one")
}
