package worker

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"playcaller/playbooks"
)

// Whoever works a partition asks meanwhile which others are worked here, and tenures begin and end.
func TestAskingWhatIsDueNextHoldsNobodyUp(t *testing.T) {
	o := &owner{}
	w := &Worker{owners: map[int]*owner{0: o}}
	o.mu.Lock() // as while a message is worked
	asked := make(chan struct{})
	go func() {
		w.NextDue()
		close(asked)
	}()
	stacks := make([]byte, 1<<20)
	for late := time.Now().Add(2 * time.Minute); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*owner).nextDue"); {
		if time.Now().After(late) {
			t.Fatal("nobody asks the owner")
		}
		runtime.Gosched()
	}
	if w.mu.TryLock() {
		w.mu.Unlock()
	} else {
		t.Error("no tenure can begin or end while NextDue waits for a partition")
	}
	o.mu.Unlock()
	<-asked
}

func TestAPanicWhilePlanningIsAnError(t *testing.T) {
	p := &planning{book: &playbooks.Book{Hash: "another"}}
	if err := p.vetted(context.Background(), &owner{}); err == nil || !strings.Contains(err.Error(), "another: panic: ") { // an owner without a book
		t.Errorf("got %v", err)
	}
}
