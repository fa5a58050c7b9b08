package intake

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"playcaller/bot/stream"
	"playcaller/store"
	"playcaller/store/sqlite"
)

func TestWhatWasSetAsideIsListedRetriedAndDropped(t *testing.T) {
	ctx := context.Background()
	backend, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "db"), store.Collections())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	}()
	d := newDoor(t)
	d.in.o.Parked = store.In(backend).Parked
	var to []int
	d.in.o.PublishTo = func(ctx context.Context, partition int, lane stream.Lane, events ...stream.Event) error {
		to = append(to, partition)
		return d.in.o.Publish(ctx, lane, events...)
	}
	for _, id := range []string{"003-bulk-1", "007-now-2"} {
		_, lane, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(id, "-1"), "-2"), "-")
		p := store.Parked{ID: id, Partition: int(id[2] - '0'), Lane: lane, Key: "account:acme", Kind: "note", Data: []byte(`{"text":"x"}`), Error: "a bug"}
		if err := d.in.o.Parked.Insert(ctx, &store.Doc[store.Parked]{Key: id, Value: p}); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.do("GET", "/v1/parked", "").Body.String(); !strings.Contains(got, "003-bulk-1") || !strings.Contains(got, "a bug") {
		t.Errorf("the list is %s", got)
	}
	d.fails = stream.ErrUnavailable
	if w := d.do("POST", "/v1/parked/003-bulk-1/retry", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a retry while the stream is gone is answered %d", w.Code)
	}
	d.fails, to = nil, nil
	if w := d.do("POST", "/v1/parked/003-bulk-1/retry", ""); w.Code != http.StatusOK {
		t.Errorf("a retry is answered %d %s", w.Code, w.Body)
	}
	if len(d.events) != 1 || d.events[0].Kind != "note" || string(d.events[0].Data) != `{"text":"x"}` || d.lanes[0] != stream.Bulk || to[0] != 3 {
		t.Errorf("published %+v on %v to %v", d.events, d.lanes, to)
	}
	for path, want := range map[string]int{"/v1/parked/007-now-2": 200, "/v1/parked/003-bulk-1": 404} {
		if w := d.do("DELETE", path, ""); w.Code != want {
			t.Errorf("dropping %s is answered %d, want %d", path, w.Code, want)
		}
	}
	if w := d.do("POST", "/v1/parked/007-now-2/retry", ""); w.Code != 404 || len(d.events) != 1 {
		t.Errorf("what was dropped is retried: %d, %d events", w.Code, len(d.events))
	}
}
