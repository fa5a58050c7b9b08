package sandbox

import (
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

func TestPostingIsOneASecondPerChannelAfterAShortBurst(t *testing.T) {
	l, err := loadLimits()
	if err != nil {
		t.Fatal(err)
	}
	clock := clockwork.NewFakeClock()
	r := newRates(clock, l, 1)
	for i := range 4 {
		if wait := r.take("chat.postMessage", "C1"); wait != 0 {
			t.Fatalf("post %d of a burst: wait %d s", i+1, wait)
		}
	}
	if wait := r.take("chat.postMessage", "C1"); wait != 1 {
		t.Errorf("the fifth at once: got %d s, want 1", wait)
	}
	if wait := r.take("chat.postMessage", "C2"); wait != 0 {
		t.Errorf("another channel: got %d s, want 0", wait)
	}
	clock.Advance(time.Second)
	if wait := r.take("chat.postMessage", "C1"); wait != 0 {
		t.Errorf("a second later: got %d s, want 0", wait)
	}
}

func TestMethodsHaveTheirTierPerMinute(t *testing.T) {
	l, err := loadLimits()
	if err != nil {
		t.Fatal(err)
	}
	for method, perMinute := range map[string]int{"conversations.list": 20, "chat.update": 50, "views.open": 100} {
		clock := clockwork.NewFakeClock()
		r := newRates(clock, l, 1)
		n := 0
		for r.take(method, "C1") == 0 {
			n++
		}
		if n != perMinute {
			t.Errorf("%s: %d at once, want %d", method, n, perMinute)
		}
		wait := r.take(method, "C1")
		clock.Advance(time.Duration(wait) * time.Second)
		if again := r.take(method, "C1"); again != 0 {
			t.Errorf("%s: after the %d s asked for, still wait %d s", method, wait, again)
		}
	}
}
