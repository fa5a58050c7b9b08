package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func encode(events ...Event) []byte {
	payload := []byte{codecVersion}
	for i := range events {
		payload = appendEvent(payload, &events[i])
	}
	return payload
}

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "account:acme", "channel:C0123", "signal", "日本", "\x00\xff"})
		one := rapid.Custom(func(t *rapid.T) Event {
			e := Event{Key: text.Draw(t, "key"), Kind: text.Draw(t, "kind"), ID: text.Draw(t, "id")}
			e.At = time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC()
			if data := rapid.SliceOf(rapid.Byte()).Draw(t, "data"); len(data) > 0 {
				e.Data = data
			}
			return e
		})
		events := rapid.SliceOf(one).Draw(t, "events")
		size := 1
		for i := range events {
			size += eventSize(&events[i])
		}
		payload := encode(events...)
		if len(payload) > size {
			t.Fatalf("%d bytes, at most %d were announced", len(payload), size)
		}
		got, err := decodeEvents(payload)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 && len(got) == 0 {
			return
		}
		if diff := cmp.Diff(events, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestABrokenMessageIsRefused(t *testing.T) {
	whole := encode(Event{Key: "a", Kind: "signal", At: businessTime, Data: []byte(`{"n":1}`)})
	for n := 2; n < len(whole); n++ {
		if _, err := decodeEvents(whole[:n]); !errors.Is(err, errTruncated) {
			t.Errorf("cut off at %d bytes of %d: %v", n, len(whole), err)
		}
	}
	for name, payload := range map[string][]byte{
		"nothing at all":        nil,
		"another version":       {9, 0, 0, 0, 0, 0, 0},
		"a length that is huge": {codecVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
		"JSON":                  []byte(`{"key":"a"}`),
	} {
		if _, err := decodeEvents(payload); err == nil {
			t.Errorf("%s was taken for a message", name)
		}
	}
}

func TestAForeignMessageIsPassedOnAsDamaged(t *testing.T) {
	s := open(t, Options{})
	l := s.partitions[0][Bulk]
	if _, err := s.js.Publish(within(t), l.subject, []byte("not ours")); err != nil {
		t.Fatal(err)
	}
	publish(t, s, 0, Bulk, event("a", 1))
	p := start(t, s, 0, 0, 0)
	m := next(t, p)
	if len(m.Events) != 1 || m.Events[0].Kind != Damaged {
		t.Fatalf("got %+v", m.Events)
	}
	var data struct {
		Error   string
		Payload []byte
	}
	if err := json.Unmarshal(m.Events[0].Data, &data); err != nil {
		t.Fatal(err)
	}
	if data.Error == "" || string(data.Payload) != "not ours" {
		t.Errorf("got %+v", data)
	}
	if got, want := said(next(t, p)), "bulk 2: 1"; got != want {
		t.Errorf("reading did not go on: got %s, want %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(Event{Key: "account:acme", Kind: "signal", At: businessTime, ID: "x", Data: []byte(`{"n":1}`)}))
	f.Add(encode(Event{Kind: "a"}, Event{Kind: "a"}))
	f.Add([]byte{codecVersion, 1, 'a'})
	f.Fuzz(func(t *testing.T, payload []byte) {
		events, err := decodeEvents(payload)
		if err != nil {
			return
		}
		again, err := decodeEvents(encode(events...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(events, again); diff != "" {
			t.Error(diff)
		}
		if len(events) == 0 && !bytes.Equal(payload, []byte{codecVersion}) {
			t.Errorf("no events in %x", payload)
		}
	})
}
