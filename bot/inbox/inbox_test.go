package inbox_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"playcaller/bot/inbox"
	"playcaller/playbooks"
)

func TestAKeyIsSplitIntoWhatItWasMadeOf(t *testing.T) {
	for key, want := range map[string][2]string{
		inbox.AccountKey("acme"):       {"account", "acme"},
		inbox.AccountKey("a:b"):        {"account", "a:b"},
		inbox.PersonKey("tanaka"):      {"person", "tanaka"},
		inbox.ChannelKey("#cs-alerts"): {"channel", "#cs-alerts"},
		inbox.ChannelKey("dm:tanaka"):  {"channel", "dm:tanaka"},
		inbox.Everywhere:               {"partition", ""},
	} {
		of, name := inbox.Split(key)
		if got := [2]string{of, name}; got != want {
			t.Errorf("%s is split into %q, want %q", key, got, want)
		}
	}
}

func TestAnEventCarriesItsContent(t *testing.T) {
	at := time.Date(2027, 4, 5, 1, 0, 0, 0, time.UTC)
	want := playbooks.Event{Kind: playbooks.Answered, At: at, By: "tanaka", Run: "r1", Visit: 2, Answer: "why"}
	ev, err := inbox.Run("acme", want)
	if err != nil {
		t.Fatal(err)
	}
	var got playbooks.Event
	if err := json.Unmarshal(ev.Data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || ev.Key != "account:acme" || ev.Kind != inbox.RunKind || !ev.At.Equal(at) {
		t.Errorf("event %s %s at %v (-want +got):\n%s", ev.Key, ev.Kind, ev.At, diff)
	}
	if _, err := inbox.Event("account:acme", inbox.SetKind, at, inbox.Set{Field: "x", Value: math.NaN()}); err == nil {
		t.Error("a value that JSON cannot carry is taken")
	}
}
