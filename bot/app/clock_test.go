package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"playcaller/bot/app"
)

func openClock(t *testing.T, path string, back time.Duration) *app.Clock {
	t.Helper()
	c, err := app.OpenClock(path, back)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestATurnedClockStaysTurned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "clock.json")
	c := openClock(t, path, 48*time.Hour)
	if ago := time.Since(c.Now()); ago < 47*time.Hour || ago > 49*time.Hour {
		t.Errorf("a new clock is %v behind, want two days", ago)
	}
	later := c.Now().Add(100 * time.Hour)
	if err := c.Set(later); err != nil {
		t.Fatal(err)
	}
	again := openClock(t, path, 7*24*time.Hour)
	if got := again.Now(); got.Before(later) || got.After(later.Add(time.Minute)) {
		t.Errorf("opened again the clock says %v, want a little after %v", got, later)
	}
	if !again.Start().Equal(c.Start()) {
		t.Errorf("the first start is %v, then %v", c.Start(), again.Start())
	}
	if again.Since(later) < 0 {
		t.Error("less than no time has passed")
	}
}

func TestAClockIsNotTurnedBack(t *testing.T) {
	c := openClock(t, filepath.Join(t.TempDir(), "clock.json"), 0)
	now := c.Now()
	if err := c.Set(now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if c.Now().Before(now) {
		t.Error("the clock went back")
	}
}

func TestAMachineWhoseClockWasPutBackDoesNotTurnBusinessTimeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	last := time.Now().Add(300 * time.Hour).UTC()
	text := `{"offset":0,"last":"` + last.Format(time.RFC3339Nano) + `","start":"2027-01-01T00:00:00Z"}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openClock(t, path, 0).Now(); got.Before(last) {
		t.Errorf("the clock says %v, which is before %v", got, last)
	}
}

func TestADamagedClockIsAnErrorThatSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	for _, text := range []string{"", "{", `{"offset":"a day"}`, "\x00\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := app.OpenClock(path, 0); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "delete the data directory") {
			t.Errorf("a clock of %q is opened with %v", text, err)
		}
	}
}
